"""The stand-in for QuickBooks Online: what Payments may link, deposits, and credits that apply themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from quickbooks_hands import CLEARING, FUNDS, RECEIVABLES, Hands, form, pay_line, payment, shop
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.wire import Json


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeQuickBooks(shop()) as fake:
        yield Hands(fake)


def named(one: Json, **more: Any) -> Json:
    return {"Id": one["Id"], "SyncToken": one["SyncToken"], **more}


def test_a_payment_lowers_the_balance_and_is_named_by_the_invoice(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("100"))
    paid = hands.write("Payment", payment("60", pay_line("40", "Invoice", invoice)))
    assert (paid["TotalAmt"], paid["UnappliedAmt"]) == (60, 20)
    assert paid["DepositToAccountRef"]["name"] == FUNDS
    now = hands.again("Invoice", invoice)
    assert now["Balance"] == 60
    assert now["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
    assert now["SyncToken"] == "1"
    assert hands.company.open_balance("1") == 40


def test_a_link_may_leave_the_sync_token_alone(hands: Hands) -> None:
    hands.company.moods.linking_bumps_sync_token = False
    invoice, _ = hands.paid_invoice("5")
    assert hands.again("Invoice", invoice)["SyncToken"] == "0"


def test_more_than_is_open_is_6000(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("100"))
    memo = hands.write("CreditMemo", form("30"))
    assert hands.code("Payment", payment("200", pay_line("100.01", "Invoice", invoice))) == "6000"
    twice = [pay_line("60", "Invoice", invoice), pay_line("60", "Invoice", invoice)]
    assert hands.code("Payment", payment("200", *twice)) == "6000"
    credit = [pay_line("31", "Invoice", invoice), pay_line("31", "CreditMemo", memo)]
    assert hands.code("Payment", payment("0", *credit)) == "6000"
    assert hands.code("Payment", payment("0", pay_line("1", "Invoice", invoice))) == "6000"
    lines = [pay_line("40", "Invoice", invoice), pay_line("30", "CreditMemo", memo)]
    assert hands.code("Payment", payment("9.99", *lines)) == "6000"
    assert hands.write("Payment", payment("10", *lines))["UnappliedAmt"] == 0


def test_the_rest_of_credits_is_unapplied(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("20"))
    memo = hands.write("CreditMemo", form("30"))
    lines = [pay_line("20", "Invoice", invoice), pay_line("30", "CreditMemo", memo)]
    assert hands.write("Payment", payment("0", *lines))["UnappliedAmt"] == 10


@pytest.mark.parametrize("kind", ["Purchase", "RefundReceipt", "Nothing", "CreditMemo", "Check"])
def test_what_cannot_be_linked_is_620(hands: Hands, kind: str) -> None:
    expense = hands.pay_out("5")
    assert hands.code("Payment", payment("9", pay_line("5", kind, expense))) == "620"
    assert hands.code("Payment", payment("9", pay_line("5", "Invoice", {"Id": "999"}))) == "620"


def test_an_expense_that_is_not_on_receivables_cannot_be_linked(hands: Hands) -> None:
    line = {
        "Amount": 5,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": hands.account("Stripe Fees")},
    }
    fee = hands.write(
        "Purchase", {"PaymentType": "Cash", "AccountRef": hands.account(CLEARING), "Line": [line]}
    )
    assert hands.code("Payment", payment("5", pay_line("5", "Expense", fee))) == "620"


def test_a_check_is_linked_only_in_its_mood(hands: Hands) -> None:
    check = hands.pay_out("5", PaymentType="Check")
    memo = hands.write("CreditMemo", form("5"))
    body = payment("0", pay_line("5", "Check", check), pay_line("5", "CreditMemo", memo))
    assert hands.code("Payment", body) == "620"
    hands.company.moods.check_links = "accepted"
    hands.write("Payment", body)
    assert hands.company.open_balance("1") == 0


def test_a_journal_entry_on_receivables_can_be_linked(hands: Hands) -> None:
    def line(posting: str, account: str, **more: Any) -> Json:
        detail = {"PostingType": posting, "AccountRef": hands.account(account), **more}
        return {"Amount": 5, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    ada = {"Entity": {"Type": "Customer", "EntityRef": {"value": "1"}}}
    entry = {"Line": [line("Debit", CLEARING), line("Credit", RECEIVABLES, **ada)]}
    made = hands.write("JournalEntry", entry)
    invoice = hands.write("Invoice", form("5"))
    hands.write(
        "Payment", payment("0", pay_line("5", "Invoice", invoice), pay_line("5", "JournalEntry", made))
    )
    assert hands.again("Invoice", invoice)["Balance"] == 0
    assert hands.company.open_balance("1") == 0


def test_another_customers_invoice_is_6000(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("5", customer="2"))
    assert hands.code("Payment", payment("5", pay_line("5", "Invoice", invoice))) == "6000"


def test_lines_are_changed_all_or_none(hands: Hands) -> None:
    first, second = (hands.write("Invoice", form("10")) for _ in range(2))
    paid = hands.write(
        "Payment", payment("20", pay_line("10", "Invoice", first), pay_line("10", "Invoice", second))
    )
    paid = hands.write("Payment", named(paid, sparse=True, PrivateNote="x"))
    assert paid["UnappliedAmt"] == 0
    paid = hands.write("Payment", named(paid, sparse=True, Line=[pay_line("10", "Invoice", second)]))
    assert paid["UnappliedAmt"] == 10
    assert hands.again("Invoice", first)["Balance"] == 10
    full = hands.write("Payment", named(paid, **payment("20"), PrivateNote="y"))
    assert full["UnappliedAmt"] == 20
    assert hands.again("Invoice", second)["Balance"] == 10


def test_voiding_an_invoice_gives_the_money_back_to_its_payment(hands: Hands) -> None:
    invoice, paid = hands.paid_invoice("100")
    hands.write("Invoice", named(hands.again("Invoice", invoice)), operation="void")
    now = hands.again("Payment", paid)
    assert (now["UnappliedAmt"], now["Line"], now["SyncToken"]) == (100, [], "1")
    assert hands.again("Invoice", invoice)["LinkedTxn"] == []
    assert hands.totals() == {CLEARING: "100.00", RECEIVABLES: "-100.00"}


def test_voiding_or_deleting_a_payment_opens_the_invoice(hands: Hands) -> None:
    for how in ({"operation": "delete"}, {"operation": "update", "include": "void"}):
        invoice, paid = hands.paid_invoice("100")
        hands.write("Payment", named(paid, sparse=True), **how)
        assert hands.again("Invoice", invoice)["Balance"] == 100


def test_deleting_a_credit_memo_takes_back_what_it_paid(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("100"))
    memo = hands.write("CreditMemo", form("40"))
    lines = [pay_line("40", "Invoice", invoice), pay_line("40", "CreditMemo", memo)]
    link = hands.write("Payment", payment("0", *lines))
    memo = hands.again("CreditMemo", memo)
    hands.company.moods.delete_linked = "refused"
    assert hands.code("CreditMemo", named(memo), operation="delete") == "800"
    hands.company.moods.delete_linked = "unlinks"
    hands.write("CreditMemo", named(memo), operation="delete")
    assert hands.again("Payment", link)["Line"] == []
    assert hands.again("Invoice", invoice)["Balance"] == 100


def test_without_the_credit_the_money_pays_the_first_line_first(hands: Hands) -> None:
    first, second = (hands.write("Invoice", form("20")) for _ in range(2))
    memo = hands.write("CreditMemo", form("30"))
    lines = [pay_line("20", "Invoice", first), pay_line("20", "Invoice", second)]
    link = hands.write("Payment", payment("10", *lines, pay_line("30", "CreditMemo", memo)))
    hands.write("CreditMemo", named(hands.again("CreditMemo", memo)), operation="delete")
    assert [hands.again("Invoice", one)["Balance"] for one in (first, second)] == [10, 20]
    assert hands.again("Payment", link)["UnappliedAmt"] == 0


def test_what_is_linked_keeps_customer_and_amount(hands: Hands) -> None:
    invoice, _ = hands.paid_invoice("100")
    invoice = hands.again("Invoice", invoice)
    assert hands.code("Invoice", named(invoice, **form("99"))) == "6000"
    assert hands.code("Invoice", named(invoice, **form("100", customer="2"))) == "6000"
    assert hands.write("Invoice", named(invoice, **form("101")))["Balance"] == 1


def test_a_credit_memo_names_its_payments_only_in_its_mood(hands: Hands) -> None:
    hands.company.moods.credit_memo_shows_links = True
    memo = hands.write("CreditMemo", form("5"))
    expense = hands.pay_out("5")
    link = hands.write(
        "Payment", payment("0", pay_line("5", "Expense", expense), pay_line("5", "CreditMemo", memo))
    )
    assert hands.again("CreditMemo", memo)["LinkedTxn"] == [{"TxnId": link["Id"], "TxnType": "Payment"}]
    hands.company.moods.credit_memo_shows_links = False
    assert "LinkedTxn" not in hands.write("CreditMemo", form("5"))


# ---------------------------------------------------------------------------------------------- AutoApplyCredit


def test_a_credit_memo_may_apply_itself(hands: Hands) -> None:
    hands.company.set_preference("SalesFormsPrefs", AutoApplyCredit=True)
    older = hands.write("Invoice", form("30"))
    newer = hands.write("Invoice", form("30"))
    memo = hands.write("CreditMemo", form("40"))
    assert memo["RemainingCredit"] == 0
    assert [hands.again("Invoice", one)["Balance"] for one in (older, newer)] == [0, 20]
    assert len(hands.company.documents("Payment")) == 2
    own = payment("0", pay_line("20", "Invoice", newer), pay_line("20", "CreditMemo", memo))
    assert hands.code("Payment", own) == "6000"


def test_an_open_credit_may_apply_itself_to_a_new_invoice(hands: Hands) -> None:
    hands.company.set_preference("SalesFormsPrefs", AutoApplyCredit=True)
    memo = hands.write("CreditMemo", form("40"))
    assert hands.write("Invoice", form("30"))["Balance"] == 0
    assert hands.again("CreditMemo", memo)["RemainingCredit"] == 10


# ---------------------------------------------------------------------------------------------- deposits


def deposit(hands: Hands, *lines: Json) -> Json:
    return {"DepositToAccountRef": hands.account("Checking"), "TxnDate": "2026-03-09", "Line": list(lines)}


def from_funds(kind: str, one: Json) -> Json:
    return {"LinkedTxn": [{"TxnId": one["Id"], "TxnType": kind, "TxnLineId": "0"}]}


def test_a_payout_is_deposited_net_of_refund_and_fee(hands: Hands) -> None:
    paid = hands.write("Payment", payment("100"))
    sold = hands.write("SalesReceipt", form("50"))
    given = hands.write("RefundReceipt", form("20", DepositToAccountRef=hands.account(FUNDS)))
    fee = {
        "Amount": -3,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": hands.account("Stripe Fees")},
    }
    linked = [
        from_funds("Payment", paid),
        from_funds("SalesReceipt", sold),
        from_funds("RefundReceipt", given),
    ]
    made = hands.write("Deposit", deposit(hands, *linked, fee))
    assert made["TotalAmt"] == 127
    assert hands.company.balance_of(FUNDS) == 0
    assert hands.company.balance_of("Checking") == 127
    assert hands.company.balance_of("Stripe Fees") == 3
    shown = hands.again("Payment", paid)["LinkedTxn"]
    assert shown == [{"TxnId": made["Id"], "TxnType": "Deposit"}]


def test_what_is_deposited_cannot_be_voided_deleted_or_changed(hands: Hands) -> None:
    paid = hands.write("Payment", payment("100"))
    made = hands.write("Deposit", deposit(hands, from_funds("Payment", paid)))
    how = {"operation": "update", "include": "void"}
    assert hands.code("Payment", named(paid, sparse=True), **how) == "6540"
    assert hands.code("Payment", named(paid), operation="delete") == "6540"
    assert hands.code("Payment", named(paid, sparse=True, TotalAmt=90)) == "6540"
    noted = hands.write("Payment", named(paid, sparse=True, PrivateNote="x"))
    hands.company.moods.deposited = "all"
    assert hands.code("Payment", named(noted, sparse=True, PrivateNote="y")) == "6540"
    hands.write("Deposit", named(made), operation="delete")
    hands.write("Payment", named(noted, sparse=True), **how)
    assert hands.totals() == {}


def test_a_deposit_takes_only_what_lies_in_undeposited_funds(hands: Hands) -> None:
    _, paid = hands.paid_invoice("5")
    assert hands.code("Deposit", deposit(hands, from_funds("Payment", paid))) == "620"
    lone = hands.write("Payment", payment("5"))
    hands.write("Deposit", deposit(hands, from_funds("Payment", lone)))
    assert hands.code("Deposit", deposit(hands, from_funds("Payment", lone))) == "620"
    other = hands.write("Payment", payment("5"))
    without_line = {"LinkedTxn": [{"TxnId": other["Id"], "TxnType": "Payment"}]}
    assert hands.code("Deposit", deposit(hands, without_line)) == "2020"
