"""What keeps a refund out of a QuickBooks company, or half of it, and how it goes on once that is put right."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_desk import rule
from quickbooks_desk import ADA, Desk, desk, invoice, mapped, paid_invoice, pay, receipt
from quickbooks_hands import pay_line, payment
from vendors.quickbooks import Moods

MEMO = "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00"
CARD = "Purchase 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00"
LINK = "Payment 100-1 2026-03-05 Ada: nothing"
AFTER = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}


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


def test_a_company_that_applies_credits_by_itself(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.company.set_preference("SalesFormsPrefs", AutoApplyCredit=True)
        refunded(one)
        other = invoice(one, "200", "2026-03-03")
        one.sync(3, plan=False)
        assert one.written() == [MEMO]
        assert one.outcomes() == {"re_a": "held credit_used"}
        sentence = one.refunds()["re_a"]["sentence"]
        assert "100-1 has 0.00 of 33.00 USD left" in sentence
        assert f"Invoice {other['Id']} took the rest" in sentence
        one.sync(3, plan=False)
        assert one.written() == [MEMO]


def test_a_credit_that_somebody_used_before_its_cash_leg(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        refunded(one)
        one.sync()
        other = invoice(one, "200", "2026-03-03")
        (memo,) = one.company.documents("CreditMemo")
        lines = (pay_line("20.00", "Invoice", other), pay_line("20.00", "CreditMemo", memo))
        link = one.hands.write("Payment", payment("0", *lines, customer=ADA))
        one.set(refund_types={"credit_card_refund": True})
        one.resync("re_a", code=3)
        assert one.written() == [f"{MEMO}; Balance 13.00 left"]
        sentence = one.refunds()["re_a"]["sentence"]
        assert "13.00 of 33.00 USD left" in sentence
        assert f"Invoice {other['Id']}" in sentence
        token = {"Id": link["Id"], "SyncToken": link["SyncToken"]}
        one.hands.write("Payment", token, operation="delete")
        retry(one, "credit_used")
        assert one.written() == [MEMO, CARD, LINK]
        assert one.open() == "110.00"
        one.settle_down()


# ---------------------------------------------------------------------------------------------- voids


@pytest.mark.parametrize("applied", [True, False])
def test_a_payment_that_is_booked_while_the_void_is_on_its_way(tmp_path: Path, applied: bool) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 11000, "2026-03-05")
        booked: list[Any] = []

        def book(_: int, asked: Any) -> None:
            """The invoice is read by its id only right before it is voided."""
            if asked.method == "GET" and "/invoice/" in asked.path and not booked:
                booked.append(pay(one, sold if applied else None))

        one.fake.before_request = book
        one.sync(3, plan=False)
        one.fake.before_request = None
        assert len(booked) == 1
        assert one.outcomes() == {"re_a": "held void_guard"}
        assert one.by_hand()[0] == (
            "Invoice 100 2026-03-02 Ada: AR 110.00, TAX -10.00, REV -100.00"
            + ("" if applied else "; Balance 110.00 left")
        )


# ---------------------------------------------------------------------------------------------- closed periods


def test_a_closed_period_is_held_until_it_is_opened(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.company.set_preference("AccountingInfoPrefs", BookCloseDate="2026-03-31")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.written() == []
        one.company.set_preference("AccountingInfoPrefs", BookCloseDate="2026-03-01")
        one.sync()
        assert one.written() == [MEMO, CARD, LINK]
        one.settle_down()


def test_a_closed_period_and_the_first_open_day(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds={"period_closed": "first_open_day"}) as one:
        refunded(one)
        one.company.set_preference("AccountingInfoPrefs", BookCloseDate="2026-03-31")
        one.sync()
        assert one.written() == [line.replace("2026-03-05", "2026-04-01") for line in (MEMO, CARD, LINK)]
        assert all("(2026-03-05)" in row["PrivateNote"] for _, row in one.ours())
        one.settle_down()


@pytest.mark.parametrize("path", ["/creditmemo", "/purchase", "/payment"])
def test_a_period_that_the_company_closed_without_telling(tmp_path: Path, path: str) -> None:
    """Each run tries again."""
    written = {"/creditmemo": 0, "/purchase": 1, "/payment": 2}[path]
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.fake.inject("refused", path, code="6210")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert len(one.written()) == written
        one.sync(plan=False)
        assert one.written() == [MEMO, CARD, LINK]
        assert (one.totals(), one.open()) == (AFTER, "0")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- where the money lies


def test_a_payment_that_went_elsewhere(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        pay(one, invoice(one), into="Checking")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held clearing_differs"}
        assert "Checking" in one.refunds()["re_a"]["sentence"]
        assert one.written() == []
        one.set(clearing_check="trust")
        one.sync()
        assert one.written() == [MEMO, CARD, LINK]
        assert any("Checking" in warning for warning in one.refunds()["re_a"]["warnings"])
        one.settle_down()


def test_undeposited_funds_is_not_the_clearing_account(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receipt(one, into="Undeposited Funds")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held clearing_differs"}


@pytest.mark.parametrize("form", ["receipt", "invoice"])
def test_undeposited_funds_as_clearing_takes_refund_receipts(tmp_path: Path, form: str) -> None:
    mapping = mapped(accounts={"clearing": "Undeposited Funds"})
    off = {"credit_memo": False, "credit_card_refund": False, "refund_payout": False}
    with desk(tmp_path / "books", mapping=mapping, refund_types=off) as one:
        if form == "receipt":
            receipt(one, into="Undeposited Funds")
        else:
            pay(one, invoice(one), into="Undeposited Funds")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert one.written() == ["RefundReceipt 100-1 2026-03-05 Ada: UF -33.00, TAX 3.00, REV 30.00"]
        assert one.totals() == {"REV": "-70.00", "UF": "77.00", "TAX": "-7.00"}
        one.settle_down()


@pytest.mark.parametrize("locked", ["money", "all"])
def test_a_deposited_payment_that_is_to_be_taken_off_its_invoice(tmp_path: Path, locked: str) -> None:
    """Where the company locks all of it, it says so in its own words, and a person takes it out of the deposit."""
    company = {"moods": Moods(deposited=locked)}  # type: ignore[arg-type]
    rules = rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"])
    on = {"reopen_invoice": True}
    with desk(
        tmp_path / "books", rules=rules, company=company, clearing_check="trust", refund_types=on
    ) as one:
        paid = pay(one, invoice(one), into="Undeposited Funds")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        link = {"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}
        body = {
            "DepositToAccountRef": one.hands.account("Stripe Clearing"),
            "TxnDate": "2026-03-03",
            "Line": [{"Amount": Decimal("110.00"), "LinkedTxn": [link]}],
        }
        deposit = one.hands.write("Deposit", body)
        if locked == "all":
            one.sync(3, plan=False)
            assert one.outcomes() == {"re_a": "held rejected_by_ledger"}
            assert "6540" in one.refunds()["re_a"]["sentence"]
            token = {"Id": deposit["Id"], "SyncToken": deposit["SyncToken"]}
            one.hands.write("Deposit", token, operation="delete")
            retry(one, "rejected_by_ledger")
        else:
            one.sync()
        assert one.written() == ["Purchase 100 2026-03-05 Ada: AR 33.00, CLR -33.00"]
        assert one.by_hand()[0].endswith("; Balance 33.00 left")
        assert one.open() == "33.00"
        one.settle_down()
