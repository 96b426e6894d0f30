"""A state that is lost while `resync --replace` is half done: the refund lives, and is posted once more, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import quickbooks_desk
from netsuite_type_cases import REOPEN
from test_failed_while_replaced import opened, stopped

PLACES = [
    ("netsuite", "creditMemo", {}),
    ("netsuite", "customerPayment", {}),
    ("netsuite", "customerRefund", REOPEN),
    ("quickbooks", "/invoice", {}),
    ("quickbooks", "/creditmemo", {}),
]


@pytest.mark.parametrize(("kind", "path", "settings"), PLACES)
def test_it_is_held_and_posted_anew_by_a_person(
    tmp_path: Path, kind: str, path: str, settings: dict[str, object]
) -> None:
    with opened(kind, tmp_path, **settings) as one:
        stopped(one, kind, path, "refused")
        one.lose_state()
        one.wait(24)
        one.json(3, "sync")
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        refund = one.refunds()["re_a"]
        assert "its replacement was broken off before the state was lost" in refund["sentence"]
        assert refund["action"].startswith("post it anew: connector resync re_a") and refund[
            "action"
        ].endswith(" --replace")
        wrote = one.everything()
        one.json(3, "sync")
        assert one.everything() == wrote
        one.resync("re_a", "--replace")
        one.wait(24)
        one.json(0, "sync")
        assert one.outcomes()["re_a"].startswith("posted 100-")
        rest = -70 if settings == {} else -100
        assert Decimal(one.totals()["CLR"]) == 77
        assert Decimal(one.totals()["REV"]) == rest
        before, told = one.everything(), one.outcomes()
        one.lose_state()
        one.wait(24)
        one.json(0, "sync")
        assert (one.everything(), one.outcomes()) == (before, told)


def test_where_it_is_voided_it_is_posted_at_once(tmp_path: Path) -> None:
    """What was voided or deleted does not show that it had been there."""
    with opened("xero", tmp_path) as one:
        stopped(one, "xero", "/CreditNotes", "refused")
        one.lose_state()
        one.wait(24)
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.totals() == {"REV": "-70.00", "TAX": "-7.00", "CLR": "77.00"}


def test_nothing_is_written_to_what_was_broken_off(tmp_path: Path) -> None:
    """Its cash leg had never been written, and its memo is taken back."""
    with opened("quickbooks", tmp_path) as one:
        one.shop.refund("a", quickbooks_desk.paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        one.fake.inject("refused", "/purchase", method="POST", times=99, code="6000")
        one.command("sync")
        one.fake.faults.clear()
        for path in ("/creditmemo", "/payment"):
            one.fake.inject("refused", path, method="POST", times=99, code="6000")
        one.command("resync", "re_a", "--replace")
        one.fake.faults.clear()
        one.lose_state()
        one.wait(24)
        before = one.everything()
        one.command("sync")
        assert (one.outcomes(), one.everything()) == ({"re_a": "held ledger_cannot"}, before)
        assert one.refunds()["re_a"]["action"].endswith(" --replace")
        one.command("resync", "re_a", "--replace")
        one.wait(24)
        one.json(0, "sync")
        assert {name: one.totals()[name] for name in ("REV", "CLR")} == {"REV": "-70.00", "CLR": "77.00"}
