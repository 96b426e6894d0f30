"""The stand-in for QuickBooks Online: what each type of refund does to its books, written by hand over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from quickbooks_hands import CLEARING, INCOME, RECEIVABLES, TAX, Hands, form, pay_line, payment, shop
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.wire import Json, decimal

TEN: Json = {"TxnTaxDetail": {"TotalTax": 10}}


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeQuickBooks(shop(sales_tax="by_code")) as fake:
        yield Hands(fake)


def settled(hands: Hands, memo: Json, customer: str = "1") -> None:
    """The memo is used up and the customer owes nothing."""
    again = hands.again("CreditMemo", memo)
    assert (again["RemainingCredit"], again["Balance"]) == (0, 0)
    assert hands.company.open_balance(customer) == 0
    assert hands.company.balance_of(RECEIVABLES) == 0


def test_sales_before_any_refund(hands: Hands) -> None:
    hands.paid_invoice("60", "40", **TEN)
    assert hands.totals() == {CLEARING: "110.00", INCOME: "-100.00", TAX: "-10.00"}


def test_credit_memo_alone_is_applied_to_the_open_invoice(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("100", **TEN))
    memo = hands.write("CreditMemo", form("40", TxnTaxDetail={"TotalTax": 4}))
    assert (memo["RemainingCredit"], memo["Balance"], memo["TotalAmt"]) == (44, 44, 44)
    assert hands.totals() == {RECEIVABLES: "66.00", INCOME: "-60.00", TAX: "-6.00"}
    hands.write(
        "Payment", payment("0", pay_line("44", "Invoice", invoice), pay_line("44", "CreditMemo", memo))
    )
    assert hands.totals() == {RECEIVABLES: "66.00", INCOME: "-60.00", TAX: "-6.00"}
    assert hands.again("CreditMemo", memo)["RemainingCredit"] == 0
    assert hands.again("Invoice", invoice)["Balance"] == 66
    assert hands.company.open_balance("1") == 66


def test_credit_memo_of_all_that_is_open_closes_the_invoice(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("100", **TEN))
    memo = hands.write("CreditMemo", form("100", **TEN))
    hands.write(
        "Payment", payment("0", pay_line("110", "Invoice", invoice), pay_line("110", "CreditMemo", memo))
    )
    assert hands.totals() == {}
    settled(hands, memo)
    assert hands.again("Invoice", invoice)["Balance"] == 0


@pytest.mark.parametrize("method", ["Visa", "Check"])
def test_credit_memo_and_cash_leg_on_a_paid_invoice(hands: Hands, method: str) -> None:
    """credit_card_refund and refund_payout write the same documents here."""
    hands.paid_invoice("100", **TEN)
    memo = hands.write("CreditMemo", form("100", **TEN))
    assert hands.company.open_balance("1") == -110
    found = hands.query(f"select * from PaymentMethod where Name = '{method}'")["PaymentMethod"][0]
    expense = hands.pay_out("110", PaymentMethodRef={"value": found["Id"]}, DocNumber="100-1")
    assert hands.company.balance_of(CLEARING) == 0
    hands.write(
        "Payment", payment("0", pay_line("110", "Expense", expense), pay_line("110", "CreditMemo", memo))
    )
    assert hands.totals() == {}
    settled(hands, memo)


def test_two_partial_refunds_of_one_invoice(hands: Hands) -> None:
    hands.paid_invoice("100", **TEN)
    for net, tax, whole in (("30", "3", "33"), ("20.50", "2.05", "22.55")):
        memo = hands.write("CreditMemo", form(net, TxnTaxDetail={"TotalTax": decimal(tax)}))
        expense = hands.pay_out(whole)
        hands.write(
            "Payment", payment("0", pay_line(whole, "Expense", expense), pay_line(whole, "CreditMemo", memo))
        )
        settled(hands, memo)
    assert hands.totals() == {CLEARING: "54.45", INCOME: "-49.50", TAX: "-4.95"}


def test_refund_payout_of_a_lone_payment(hands: Hands) -> None:
    lone = hands.write("Payment", payment("110", DepositToAccountRef=hands.account(CLEARING)))
    assert lone["UnappliedAmt"] == 110
    expense = hands.pay_out("40")
    linked = {**lone, "sparse": True, "Line": [*lone["Line"], pay_line("40", "Expense", expense)]}
    assert hands.write("Payment", linked)["UnappliedAmt"] == 70
    assert hands.totals() == {CLEARING: "70.00", RECEIVABLES: "-70.00"}
    assert hands.company.open_balance("1") == -70


def test_refund_payout_of_all_of_a_lone_payment(hands: Hands) -> None:
    lone = hands.write("Payment", payment("110", DepositToAccountRef=hands.account(CLEARING)))
    expense = hands.pay_out("110")
    hands.write("Payment", {**lone, "sparse": True, "Line": [pay_line("110", "Expense", expense)]})
    assert hands.totals() == {}
    assert hands.company.open_balance("1") == 0


def test_refund_receipt_of_a_sales_receipt(hands: Hands) -> None:
    into: Json = {"DepositToAccountRef": hands.account(CLEARING)}
    hands.write("SalesReceipt", form("100", **TEN, **into))
    refund = hands.write("RefundReceipt", form("100", **TEN, **into))
    assert (refund["TotalAmt"], refund["Balance"]) == (110, 0)
    assert hands.totals() == {}


def test_partial_refund_receipt_without_a_customer(hands: Hands) -> None:
    into: Json = {"DepositToAccountRef": hands.account(CLEARING)}
    hands.write("SalesReceipt", form("100", **TEN, **into))
    hands.write("RefundReceipt", form("10", customer=None, TxnTaxDetail={"TotalTax": 1}, **into))
    assert hands.totals() == {CLEARING: "99.00", INCOME: "-90.00", TAX: "-9.00"}


def test_void_of_an_invoice_that_was_never_paid(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("100", PrivateNote="re_1 ch_1", **TEN))
    named = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
    void = hands.write("Invoice", named, operation="void")
    assert (void["TotalAmt"], void["Balance"], void["Line"]) == (0, 0, [])
    assert void["PrivateNote"].startswith("Voided") and void["PrivateNote"].endswith("re_1 ch_1")
    assert hands.totals() == {}
    assert hands.company.trial_balance(until="2026-03-05") == {}


def test_reopen_invoice_takes_the_payment_off_and_refunds_it(hands: Hands) -> None:
    invoice, paid = hands.paid_invoice("100", **TEN)
    freed = hands.write("Payment", {**paid, "sparse": True, "Line": []})
    assert freed["UnappliedAmt"] == 110
    expense = hands.pay_out("110")
    hands.write("Payment", {**freed, "sparse": True, "Line": [pay_line("110", "Expense", expense)]})
    assert hands.again("Invoice", invoice)["Balance"] == 110
    assert hands.totals() == {RECEIVABLES: "110.00", INCOME: "-100.00", TAX: "-10.00"}
    assert hands.company.open_balance("1") == 110


def test_reopen_invoice_by_the_refunded_part_only(hands: Hands) -> None:
    invoice, paid = hands.paid_invoice("100", **TEN)
    expense = hands.pay_out("40")
    lines = [pay_line("70", "Invoice", invoice), pay_line("40", "Expense", expense)]
    again = hands.write("Payment", {**paid, "sparse": True, "Line": lines})
    assert (again["TotalAmt"], again["UnappliedAmt"]) == (110, 0)
    assert hands.again("Invoice", invoice)["Balance"] == 40
    assert hands.totals() == {CLEARING: "70.00", RECEIVABLES: "40.00", INCOME: "-100.00", TAX: "-10.00"}


def test_reversal_of_a_memo_with_its_cash_leg(hands: Hands) -> None:
    """The application goes first, then expense and memo: the books are as before the refund."""
    hands.paid_invoice("100", **TEN)
    memo = hands.write("CreditMemo", form("100", **TEN))
    expense = hands.pay_out("110")
    lines = (pay_line("110", "Expense", expense), pay_line("110", "CreditMemo", memo))
    link = hands.write("Payment", payment("0", *lines))
    for kind, one in (("Payment", link), ("Purchase", expense), ("CreditMemo", memo)):
        now = hands.again(kind, one)
        gone = hands.write(kind, {"Id": now["Id"], "SyncToken": now["SyncToken"]}, operation="delete")
        assert gone == {"status": "Deleted", "domain": "QBO", "Id": now["Id"]}
    assert hands.totals() == {CLEARING: "110.00", INCOME: "-100.00", TAX: "-10.00"}


def test_fees_are_an_expense_line_on_clearing(hands: Hands) -> None:
    hands.paid_invoice("100", **TEN)
    line = {
        "Amount": decimal("3.49"),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": hands.account("Stripe Fees")},
    }
    body = {"PaymentType": "Cash", "AccountRef": hands.account(CLEARING), "Line": [line]}
    assert hands.write("Purchase", body)["TotalAmt"] == decimal("3.49")
    assert hands.company.balance_of("Stripe Fees") == decimal("3.49")
    assert hands.company.balance_of(CLEARING) == decimal("106.51")
