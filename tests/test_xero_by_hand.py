"""Refunds that others booked in a Xero organisation, what persons decide, and switches that are turned later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from vendors.xero.wire import Json
from xero_desk import Desk, desk, paid_invoice
from xero_sold import credit_note, invoice, pay, pay_out, receive, spent

AFTER = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
HOLD = [{"name": "rest", "when": {}, "then": "hold"}]
NOTE = "CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00"
PAID = "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00"


def refunded(desk: Desk, amount: int = 3300) -> None:
    desk.shop.refund("a", paid_invoice(desk), amount, "2026-03-05")


def memo(desk: Desk, note: str = "for re_a", net: str = "30.00", tax: str = "3.00") -> Json:
    return credit_note(desk.hands, net=net, tax=tax, Reference=note)


def paid_memo(desk: Desk) -> tuple[str, ...]:
    """A credit note that somebody paid out; the refund's id stands on both."""
    made = memo(desk)
    paid = pay_out(desk.hands, made, "33.00", note="Stripe refund re_a")
    return made["CreditNoteID"], paid["PaymentID"]


def spent_memo(desk: Desk) -> tuple[str, ...]:
    return (spent(desk.hands, "re_a")["BankTransactionID"],)


# ---------------------------------------------------------------------------------------------- adopted

BOTH = {"a credit note with its payment": paid_memo, "money spent": spent_memo}


@pytest.mark.parametrize("booked", BOTH.values(), ids=list(BOTH))
@pytest.mark.parametrize("form", ["invoice", "receipt"])
def test_both_legs_are_there(tmp_path: Path, form: str, booked: Any) -> None:
    with desk(tmp_path / "books") as one:
        if form == "invoice":
            refunded(one)
        else:
            receive(one.hands)
            one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
            one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        ids = booked(one)
        one.sync()
        assert one.written() == []
        assert one.totals() == AFTER
        told = one.refunds()["re_a"]
        assert told["outcome"] == "adopted"
        assert all(i in told["sentence"] for i in ids)
        one.settle_down()


def test_the_next_refund_takes_what_the_adopted_one_left(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        paid_memo(one)
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.sync()
        assert one.outcomes()["re_a"].startswith("adopted")
        assert one.outcomes()["re_b"].startswith("posted")
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


def test_the_income_leg_alone_is_paid_out_after_a_person_says_so(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        memo(one)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        assert one.written() == []
        one.resolve("re_a", "--retry")
        one.sync()
        assert one.written() == [PAID]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        (by_hand,) = one.organisation.documents("CreditNotes")
        assert by_hand["RemainingCredit"] == 0
        one.settle_down()


def test_amounts_that_differ_are_held_until_a_person_takes_them(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        booked = memo(one, net="20.00", tax="2.00")
        pay_out(one.hands, booked, "22.00", note="re_a")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        one.resolve("re_a", "--adopt", booked["CreditNoteID"])
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


def test_a_document_that_a_person_names(tmp_path: Path) -> None:
    """It says nothing of Stripe; the id is the one that Xero has."""
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        booked = memo(one, note="by telephone")
        one.sync(3)
        one.resolve("re_a", "--adopt", booked["CreditNoteID"])
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


# ---------------------------------------------------------------------------------------------- persons


def test_a_refund_that_a_person_leaves_out(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        one.sync(3)
        one.resolve("re_a", "--skip")
        one.sync()
        assert one.outcomes()["re_a"].startswith("excluded")
        assert one.written() == []


@pytest.mark.parametrize("by", ["number", "id"])
def test_a_sale_that_a_person_names(tmp_path: Path, by: str) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one.hands, "777")
        pay(one.hands, sold, charge="")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held sale_not_found"}
        one.resolve("re_a", "--sale", "777" if by == "number" else sold["InvoiceID"])
        one.sync()
        assert one.written() == [line.replace(" 100 ", " 777 ") for line in (NOTE, PAID)]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        one.settle_down()


def test_a_type_that_a_person_names(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held rule_says_hold"}
        one.resolve("re_a", "--type", "refund_receipt")
        one.sync()
        assert one.written() == ["SPEND 100 2026-03-05 Ada: CLR -33.00, REV 30.00, TAX 3.00"]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- switches


def test_a_credit_note_whose_payment_was_off_is_paid_out_by_resync(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        refunded(one)
        one.sync()
        assert one.written() == [f"{NOTE}; RemainingCredit 33.00 left"]
        assert one.open() == "-33.00"
        assert any("credit_card_refund" in warning for warning in one.refunds()["re_a"]["warnings"])
        one.settle_down()
        one.set(refund_types={"credit_card_refund": True})
        one.sync()
        assert one.written() == [f"{NOTE}; RemainingCredit 33.00 left"]
        one.resync("re_a")
        assert one.written() == [NOTE, PAID]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        assert "nothing to do" in one.resync("re_a").out
        one.settle_down()


def test_what_is_switched_off_is_excluded_until_resync(tmp_path: Path) -> None:
    off = {"credit_memo": False, "refund_receipt": False}
    with desk(tmp_path / "books", refund_types=off) as one:
        refunded(one)
        one.sync()
        assert one.outcomes() == {"re_a": "excluded type_switched_off"}
        one.set(refund_types={"credit_memo": True})
        one.sync()
        assert one.written() == []
        one.resync("re_a")
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        one.settle_down()
