"""What keeps a refund out of a Xero organisation, or half of it, and how it goes on once that is put right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ledger_desk import rule
from xero_desk import Desk, desk, paid_invoice
from xero_sold import BANK, allocate, invoice, overpaid, pay, receive, take_out

NOTE = "CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00"
PAID = "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00"
AFTER = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
REOPEN: Any = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}


def refunded(desk: Desk) -> None:
    desk.shop.refund("a", paid_invoice(desk), 3300, "2026-03-05")


def retry(desk: Desk, reason: str) -> None:
    """A person has the one document that is held for this reason tried again."""
    (held,) = [each for each in desk.held() if each["reason"] == reason]
    assert held["document_key"] in held["action"]
    desk.resolve(held["document_key"], "--retry")
    desk.wait(1)
    desk.sync(plan=False)


# ---------------------------------------------------------------------------------------------- the credit is used


def test_a_credit_that_somebody_used_before_it_was_paid_out(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        refunded(one)
        one.sync()
        other = invoice(one.hands, "200", "2026-03-03")
        (note,) = one.organisation.documents("CreditNotes")
        allocate(one.hands, note, other, "20.00")
        one.set(refund_types={"credit_card_refund": True})
        one.resync("re_a", code=3)
        assert one.written() == [f"{NOTE}; RemainingCredit 13.00 left"]
        sentence = one.refunds()["re_a"]["sentence"]
        assert "13.00 of 33.00 USD left" in sentence and "200" in sentence
        (mine,) = one.organisation.documents("Allocations")
        path = f"CreditNotes/{note['CreditNoteID']}/Allocations/{mine['AllocationID']}"
        assert one.hands.send("DELETE", path).status_code == 200
        retry(one, "credit_used")
        assert one.written() == [NOTE, PAID]
        assert one.open() == "110.00"
        one.settle_down()


# ---------------------------------------------------------------------------------------------- voids


@pytest.mark.parametrize(("applied", "method"), [(True, "GET"), (False, "GET"), (True, "POST")])
def test_a_payment_that_is_booked_while_the_void_is_on_its_way(
    tmp_path: Path, applied: bool, method: str
) -> None:
    """Invoices are asked for by their ids right before the first of them is voided; after that Xero itself refuses to void
    one that is paid, and it is read again."""
    with desk(tmp_path / "books") as one:
        sold = invoice(one.hands)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 11000, "2026-03-05")
        booked: list[Any] = []

        def book(_: int, asked: Any) -> None:
            names_it = sold["InvoiceID"] in (asked.parameters.get("IDs"), asked.path.rsplit("/", 1)[1])
            if asked.method == method and names_it and not booked:
                booked.append(None)
                booked.append(pay(one.hands, sold) if applied else overpaid(one.hands))

        one.fake.before_request = book
        one.sync(3, plan=False)
        one.fake.before_request = None
        assert len(booked) == 2
        assert one.outcomes() == {"re_a": "held void_guard"}
        assert "voided" not in one.by_hand()[0]


# ---------------------------------------------------------------------------------------------- lock dates


@pytest.mark.parametrize("lock", ["period_lock", "year_lock"])
def test_a_locked_period_is_held_until_it_is_opened(tmp_path: Path, lock: str) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        setattr(one.organisation, lock, "2026-03-31")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.written() == []
        setattr(one.organisation, lock, "2026-03-01")
        one.sync()
        assert one.written() == [NOTE, PAID]
        one.settle_down()


def test_a_locked_period_and_the_first_open_day(tmp_path: Path) -> None:
    """The true day stands in the description of the lines."""
    with desk(tmp_path / "books", refunds={"period_closed": "first_open_day"}) as one:
        refunded(one)
        one.organisation.period_lock = "2026-03-31"
        one.sync()
        assert one.written() == [line.replace("2026-03-05", "2026-04-01") for line in (NOTE, PAID)]
        one.settle_down()


def test_a_replacement_in_a_locked_period_is_not_made_and_says_why(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        one.organisation.period_lock = "2026-03-31"
        before = one.everything()
        said = one.resync("re_a", "--replace", code=3).out
        why = "2026-03-05 is closed until 2026-03-31; open the period or set refunds.period_closed: first_open_day"
        assert f"re_a in main: posted as 100; not replaced: {why}\n" in said
        assert "nothing to do" not in said
        assert (one.everything(), one.outcomes()) == (before, {"re_a": "posted 100"})
        assert why in one.resync("re_a", "--replace", "--json", code=3).err
        one.settle_down()
        one.set("refunds", period_closed="first_open_day")
        one.resync("re_a", "--replace")
        assert one.outcomes() == {"re_a": "posted 100-1"}


def test_a_period_that_is_locked_while_the_run_is_under_way(tmp_path: Path) -> None:
    """Each run tries again."""
    with desk(tmp_path / "books") as one:
        refunded(one)

        def lock(_: int, asked: Any) -> None:
            if asked.method == "PUT" and asked.path.endswith("/Payments"):
                one.organisation.period_lock = "2026-03-31"

        one.fake.before_request = lock
        one.sync(3, plan=False)
        one.fake.before_request = None
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.written() == [f"{NOTE}; RemainingCredit 33.00 left"]
        one.organisation.period_lock = None
        one.sync(plan=False)
        assert one.written() == [NOTE, PAID]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- where the money lies


@pytest.mark.parametrize("form", ["invoice", "receipt"])
def test_a_payment_that_went_elsewhere(tmp_path: Path, form: str) -> None:
    with desk(tmp_path / "books") as one:
        if form == "invoice":
            pay(one.hands, invoice(one.hands), into=BANK)
        else:
            receive(one.hands, into=BANK)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held clearing_differs"}
        assert "Business Bank" in one.refunds()["re_a"]["sentence"]
        assert one.written() == []
        one.set(clearing_check="trust")
        one.sync()
        assert one.totals()["CLR"] == "-33.00"
        assert any("Business Bank" in warning for warning in one.refunds()["re_a"]["warnings"])
        one.settle_down()


# ---------------------------------------------------------------------------------------------- opening again


def test_a_reconciled_payment_is_not_taken_off_its_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        refunded(one)
        (paid,) = one.organisation.documents("Payments")
        one.organisation.set("Payments", paid["PaymentID"], IsReconciled=True)
        one.sync(3, plan=False)
        told = one.refunds()["re_a"]
        assert (told["outcome"], told["reason"]) == ("held", "ledger_cannot")
        assert "reconciled" in told["sentence"]
        assert one.written() == []
        one.organisation.set("Payments", paid["PaymentID"], IsReconciled=False)
        retry(one, "ledger_cannot")
        assert one.open() == "33.00"
        assert one.totals()["CLR"] == "77.00"
        one.settle_down()


def test_a_payment_of_a_locked_period_is_not_taken_off_its_invoice(tmp_path: Path) -> None:
    """The refund is of an open day, and the payment is not."""
    with desk(tmp_path / "books", **REOPEN) as one:
        refunded(one)
        one.organisation.period_lock = "2026-03-02"
        one.sync(3, plan=False)
        told = one.refunds()["re_a"]
        assert (told["outcome"], told["reason"]) == ("held", "ledger_cannot")
        assert "locked until 2026-03-02" in told["sentence"]
        assert one.written() == []


def test_the_next_refund_of_an_invoice_that_was_opened_again(tmp_path: Path) -> None:
    """What stays paid and what went back are the one payment of the charge: the next refund finds the whole of it."""
    with desk(tmp_path / "books", **REOPEN) as one:
        refunded(one)
        one.sync()
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.shop.write()
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        assert (one.totals(), one.open()) == ({"AR": "110.00", "REV": "-100.00", "TAX": "-10.00"}, "110.00")
        assert one.by_hand()[0].endswith("; AmountDue 110.00 left")
        one.settle_down()


def test_an_invoice_that_was_opened_again_and_another_type_for_the_next_refund(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=REOPEN["rules"], refund_types=REOPEN["refund_types"]) as one:
        refunded(one)
        one.sync()
        path = one.books.folder / "mappings" / "refund_rules.yaml"
        both = ["credit_memo", "credit_card_refund"]
        path.write_text(json.dumps([{"name": "all", "when": {}, "then": both}]), encoding="utf-8")
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        assert one.totals() == {"AR": "33.00", "REV": "-30.00", "TAX": "-3.00"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- what stands no more


def test_a_credit_note_that_somebody_voided_before_it_was_paid_out(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        refunded(one)
        one.sync()
        (note,) = one.organisation.documents("CreditNotes")
        take_out(one.hands, "CreditNotes", note)
        one.set(refund_types={"credit_card_refund": True})
        one.resync("re_a", code=3)
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert one.written() == ["CreditNote 100 2026-03-05 Ada: nothing (voided)"]


def test_a_reconciled_payment_of_a_failed_refund_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        (ours,) = [row for kind, row in one.ours() if kind == "Payments"]
        one.organisation.set("Payments", ours["PaymentID"], IsReconciled=True)
        one.shop.fail("re_a", "2026-03-20")
        one.wait(24)
        one.sync(3, plan=False)
        assert "reconciled" in one.held()[0]["sentence"]
        one.organisation.set("Payments", ours["PaymentID"], IsReconciled=False)
        retry(one, "ledger_cannot")
        one.sync(plan=False)
        assert one.totals() == {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
        one.settle_down()
