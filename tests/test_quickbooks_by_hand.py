"""Refunds that others booked in a QuickBooks company, what persons decide, and switches that are turned later."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from quickbooks_desk import ADA, Desk, desk, invoice, paid_invoice, pay, receipt, taxed_form
from vendors.quickbooks.wire import Json

AFTER = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
HOLD = [{"name": "rest", "when": {}, "then": "hold"}]


def refunded(desk: Desk, amount: int = 3300) -> None:
    desk.shop.refund("a", paid_invoice(desk), amount, "2026-03-05")


def memo(desk: Desk, note: str = "for re_a", net: str = "30.00", tax: str = "3.00") -> Json:
    body = taxed_form("R1", "2026-03-05", net=net, tax=tax, PrivateNote=note)
    return desk.hands.write("CreditMemo", body)


def expense(desk: Desk, note: str = "for re_a", amount: str = "33.00") -> Json:
    return desk.hands.pay_out(amount, ADA, TxnDate="2026-03-05", PrivateNote=note)


def journal(desk: Desk) -> Json:
    """Both legs in one entry."""
    lines = [
        ("Sales of Product Income", "30.00", "Debit"),
        ("Sales Tax Payable", "3.00", "Debit"),
        ("Stripe Clearing", "33.00", "Credit"),
    ]
    body = {
        "TxnDate": "2026-03-05",
        "PrivateNote": "Stripe refund re_a",
        "Line": [
            {
                "Amount": Decimal(amount),
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": desk.hands.account(account)},
            }
            for account, amount, side in lines
        ],
    }
    return desk.hands.write("JournalEntry", body)


def receipt_back(desk: Desk) -> Json:
    body = taxed_form("R1", "2026-03-05", net="30.00", tax="3.00", PrivateNote="re_a")
    into = {"DepositToAccountRef": desk.hands.account("Stripe Clearing")}
    return desk.hands.write("RefundReceipt", {**body, **into})


# ---------------------------------------------------------------------------------------------- adopted

BOTH: dict[str, tuple[Any, ...]] = {
    "a memo and an expense": (memo, expense),
    "a refund receipt": (receipt_back,),
    "a journal entry": (journal,),
}


@pytest.mark.parametrize("booked", BOTH.values(), ids=list(BOTH))
@pytest.mark.parametrize("form", ["invoice", "receipt"])
def test_both_legs_are_there(tmp_path: Path, form: str, booked: tuple[Any, ...]) -> None:
    with desk(tmp_path / "books") as one:
        if form == "invoice":
            refunded(one)
        else:
            receipt(one)
            one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
            one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        ids = [book(one)["Id"] for book in booked]
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
        memo(one)
        expense(one)
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.sync()
        assert one.outcomes()["re_a"].startswith("adopted")
        assert one.outcomes()["re_b"].startswith("posted")
        assert (one.totals(), one.open()) == ({}, "0")
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
        assert one.written() == [
            "Purchase 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 100 2026-03-05 Ada: nothing",
        ]
        assert (one.totals(), one.open()) == (AFTER, "0")
        (by_hand,) = one.company.documents("CreditMemo")
        assert by_hand["RemainingCredit"] == 0
        one.settle_down()


def test_the_cash_leg_alone_gets_its_memo_after_a_person_says_so(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        expense(one)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        one.resolve("re_a", "--retry")
        one.sync()
        assert [line.split(";")[0] for line in one.written()] == [
            "CreditMemo 100 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "Payment 100 2026-03-05 Ada: nothing",
        ]
        assert (one.totals(), one.open()) == (AFTER, "0")
        (ours,) = one.company.documents("CreditMemo")
        assert ours["RemainingCredit"] == 0
        one.settle_down()


def test_amounts_that_differ_are_held_until_a_person_takes_them(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        booked = memo(one, net="20.00", tax="2.00")
        expense(one, amount="22.00")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        one.resolve("re_a", "--adopt", booked["Id"])
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


def test_a_document_that_a_person_names(tmp_path: Path) -> None:
    """It says nothing of Stripe; the id is the one that QuickBooks has."""
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        booked = memo(one, note="by telephone")
        one.sync(3)
        one.resolve("re_a", "--adopt", booked["Id"])
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


# ---------------------------------------------------------------------------------------------- persons


@pytest.mark.parametrize("by", ["number", "id"])
def test_a_sale_that_a_person_names(tmp_path: Path, by: str) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one, "777")
        pay(one, sold, charge="")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held sale_not_found"}
        one.resolve("re_a", "--sale", "777" if by == "number" else sold["Id"])
        one.sync()
        assert one.written() == [
            "CreditMemo 777-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "Purchase 777-1 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 777-1 2026-03-05 Ada: nothing",
        ]
        assert (one.totals(), one.open()) == (AFTER, "0")
        one.settle_down()


def test_a_type_that_a_person_names(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held rule_says_hold"}
        one.resolve("re_a", "--type", "refund_receipt")
        one.sync()
        assert one.written() == ["RefundReceipt 100-1 2026-03-05 Ada: CLR -33.00, TAX 3.00, REV 30.00"]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- switches


def test_a_memo_whose_cash_leg_was_off_is_paid_out_by_resync(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        refunded(one)
        one.sync()
        left = "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00; Balance 33.00 left"
        assert one.written() == [left]
        assert one.open() == "-33.00"
        assert any("credit_card_refund" in warning for warning in one.refunds()["re_a"]["warnings"])
        one.settle_down()
        one.set(refund_types={"credit_card_refund": True})
        one.sync()
        assert one.written() == [left]
        one.resync("re_a")
        assert one.written()[1:] == [
            "Purchase 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
        ]
        assert (one.totals(), one.open()) == (AFTER, "0")
        said = one.resync("re_a")
        assert "nothing to do" in said.out
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
        assert (one.totals(), one.open()) == (AFTER, "0")
        one.settle_down()
