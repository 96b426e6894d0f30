"""`resolve --skip` while `resync --replace` is half done: nothing is posted beside what stands, and what somebody took out
of the ledger keeps no replacement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from netsuite_desk import desk, paid_invoice
from test_failed_while_replaced import DESKS, opened, stopped
from test_quickbooks_by_other_hands import deleted
from vendors.netsuite import records

MIRRORS = [
    ("netsuite", "invoice"),
    ("netsuite", "customerPayment"),
    ("quickbooks", "/payment"),
    ("quickbooks", "/invoice"),
    ("xero", "/Payments"),
    ("xero", "/CreditNotes"),
]


@pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
@pytest.mark.parametrize(("kind", "path"), MIRRORS)
def test_what_is_in_doubt_is_looked_at_before_it_is_left_out(
    tmp_path: Path, kind: str, path: str, fault: str
) -> None:
    with opened(kind, tmp_path) as one:
        stopped(one, kind, path, fault)
        if one.outcomes()["re_a"].startswith("posted"):
            # It was looked at in the same run.
            return
        found = one.command("resolve", "re_a", "--ledger", "main", "--skip", "--reason", "looked at it")
        assert found.code == 2
        assert "it is not known yet what of that was written" in found.err
        one.wait(24)
        one.command("sync")
        one.wait(24)
        one.json(0, "sync")
        (outcome,) = one.outcomes().values()
        assert outcome.startswith("posted 100-")
        assert {name: one.totals()[name] for name in ("REV", "CLR")} == {"REV": "-70.00", "CLR": "77.00"}
        one.settle_down()


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("kind", ["netsuite", "quickbooks"])
def test_what_somebody_took_out_is_left_out_of_what_is_taken_back(
    tmp_path: Path, kind: str, by_key: bool
) -> None:
    with opened(kind, tmp_path) as one:
        one.shop.refund("a", DESKS[kind].paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        if kind == "netsuite":
            (paid,) = one.account.documents("customerRefund")
            records.delete(one.account, paid)
        else:
            deleted(one, "Purchase")
        one.command("resync", "re_a", "--replace")
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        held = next(d["document_key"] for d in one.held() if d["kind"] == "reversal")
        found = one.resolve(held if by_key else "re_a", "--skip")
        assert "the next sync posts the replacement" in found.out
        one.wait(24)
        one.json(0, "sync")
        assert one.outcomes()["re_a"].startswith("posted 100-")
        assert {name: one.totals()[name] for name in ("REV", "CLR")} == {"REV": "-70.00", "CLR": "77.00"}
        one.settle_down()


def test_a_replacement_whose_first_was_taken_out_whole_goes_on(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        for record in ("customerRefund", "creditMemo"):
            (ours,) = one.account.documents(record)
            records.delete(one.account, ours)
        one.command("resync", "re_a", "--replace")
        while one.outcomes() == {"re_a": "held ledger_cannot"}:
            one.resolve("re_a", "--skip")
            one.wait(24)
            one.command("sync")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.totals() == {"REV": "-70.00", "TAX": "-7.00", "CLR": "77.00"}
        assert not any("unapplied" in line or "open" in line for line in one.written())


def test_what_another_copy_of_the_state_left_out_is_not_posted_beside_what_stands(tmp_path: Path) -> None:
    """Here a replacement is half done by then, of which that copy knows nothing."""
    with opened("netsuite", tmp_path) as one:
        stopped(one, "netsuite", "invoice", "lost_before")
        word = {
            **{"decision_id": "0" * 32, "ledger": "main", "subject_id": "re_a", "document_key": None},
            **{
                "action": "skip",
                "value": None,
                "actor": "bo",
                "at": one.books.world.now(),
                "reason": "there",
            },
        }
        with (one.books.config.parent / "decisions.jsonl").open("a", encoding="utf-8") as words:
            words.write(json.dumps(word) + "\n")
        for _ in range(3):
            one.wait(24)
            one.command("sync")
            one.command("resync", "re_a")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.totals() == {"REV": "-70.00", "TAX": "-7.00", "CLR": "77.00"}
