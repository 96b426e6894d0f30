"""Reopened invoices in Xero that stop between their writes: the payment is deleted, made again in two parts, paid back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from ledger_desk import rule
from vendors.xero.wire import Json
from xero_desk import Desk, desk, paid_invoice

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
# What is refused, after how many of its kind: the part that stays paid, the rest, what pays the rest back.
REFUSED = {"paid again": ("Payments", 0), "overpaid": ("BankTransactions", 0), "paid back": ("Payments", 1)}
REOPENED = {"AR": "33.00", "REV": "-100.00", "TAX": "-10.00", "CLR": "77.00"}

stops = pytest.mark.parametrize("stop", REFUSED)


def half_opened(one: Desk, stop: str) -> None:
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    path, skip = REFUSED[stop]
    one.fake.inject("element_refused", f"/{path}", method="PUT", skip=skip, times=99)
    one.shop.write()
    assert one.command("sync").code == 3
    assert one.outcomes() == {"re_a": "held rejected_by_ledger"}
    one.fake.faults.clear()


def try_again(one: Desk) -> None:
    for document in one.documents():
        if document["state"] == "rejected":
            one.resolve(document["document_key"], "--retry")


@stops
def test_a_refund_that_fails_between_its_writes_is_held(tmp_path: Path, stop: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one, stop)
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync(3, plan=False)
        assert one.outcomes()["re_a"].startswith("held")
        try_again(one)
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        assert "put the payment on the invoice again" in one.refunds()["re_a"]["action"]
        assert not any(document["kind"] == "reversal" for document in one.documents())
        one.resolve("re_a", "--skip")
        assert one.outcomes() == {"re_a": "excluded skipped_by_person"}


@stops
def test_what_is_half_done_is_not_replaced(tmp_path: Path, stop: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one, stop)
        said = one.command("resync", "re_a", "--replace")
        assert said.code == 3 and "not replaced: only its payment was taken off the invoice" in said.out
        try_again(one)
        one.sync(plan=False)
        assert (one.outcomes(), one.totals(), one.open()) == ({"re_a": "posted 100"}, REOPENED, "33.00")
        one.settle_down()


@stops
def test_what_is_half_done_and_skipped_is_brought_back_by_a_resync(tmp_path: Path, stop: str) -> None:
    """Where all of the payment is in the books; else it is held, and nothing is written."""
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one, stop)
        one.resolve("re_a", "--skip")
        assert "put it on again in the ledger" in one.refunds()["re_a"]["sentence"]
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "excluded skipped_by_person"}
        if stop == "paid back":
            one.resync("re_a")
            assert (one.outcomes(), one.totals(), one.open()) == ({"re_a": "posted 100"}, REOPENED, "33.00")
            one.settle_down()
        else:
            before = one.everything()
            one.resync("re_a", code=3)
            why = {"paid again": "payment_not_in_books", "overpaid": "sale_mismatch"}[stop]
            assert (one.outcomes(), one.everything()) == ({"re_a": f"held {why}"}, before)


@pytest.mark.parametrize("minor", [1100, 3300, 4400])
def test_a_deletion_whose_answer_was_lost_is_seen_beside_an_older_mirror(tmp_path: Path, minor: int) -> None:
    """What took an earlier refund back stands on the invoice too, and is not what came in the place of the payment."""
    with desk(tmp_path / "books", **REOPEN) as one:
        charge = paid_invoice(one)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        one.shop.refund("b", charge, minor, "2026-05-05")
        one.shop.write()
        one.fake.inject("lost_after", "/Payments", method="POST")
        one.command("sync")
        for _ in range(2):
            one.wait(24)
            one.command("sync")
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
        assert Decimal(one.totals()["CLR"]) * 100 == 11000 - minor


@pytest.mark.parametrize("fails", [False, True])
def test_a_replacement_whose_deletion_was_lost_loses_no_payment(tmp_path: Path, fails: bool) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.fake.inject("lost_after", "/Payments", method="POST")
        one.command("resync", "re_a", "--replace")
        if fails:
            one.shop.fail("re_a", "2026-04-20")
            one.shop.write()
        for _ in range(3):
            one.wait(24)
            one.command("sync")
        if fails:
            # It is opened half way again, for the replacement.
            assert one.outcomes() == {"re_a": "held ledger_cannot"}
            assert "put the payment on the invoice again" in one.refunds()["re_a"]["action"]
        else:
            assert one.outcomes() == {"re_a": "posted 100-1"}
            assert one.totals()["CLR"] == "77.00"
