"""The stand-in for Xero: bank transactions, and the overpayments and prepayments that they make."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from vendors.xero import FakeXero
from vendors.xero.wire import Json
from xero_hands import (
    BANK,
    CLEARING,
    RECEIVABLES,
    SALES,
    TAX,
    Hands,
    allocate,
    delete,
    form,
    line,
    pay,
    shop,
    spend,
)

HELD = "Prepayments held"


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


# ---------------------------------------------------------------------------------------------- bank transactions


def test_money_spent_and_received(hands: Hands) -> None:
    hands.write(
        "BankTransactions",
        spend(LineItems=[line("110", TaxType="OUTPUT")], Reference="re_1", Url="https://x.test"),
    )
    assert hands.totals() == {SALES: "100.00", TAX: "10.00", CLEARING: "-110.00"}
    hands.write("BankTransactions", spend("30", kind="RECEIVE", bank="091"))
    assert hands.organisation.balance_of(BANK) == 30
    where = 'Type=="SPEND" AND Date==DateTime(2026,3,5) AND BankAccount.Code=="090"'
    assert [one["Reference"] for one in hands.rows("BankTransactions", where=where)] == ["re_1"]


def test_a_bank_transaction_is_deleted_unless_it_is_reconciled(hands: Hands) -> None:
    made = hands.write("BankTransactions", spend("5"))
    path = f"BankTransactions/{made['BankTransactionID']}"
    assert hands.write(path, {"Reference": "x"}, "POST")["Reference"] == "x"
    hands.organisation.set("BankTransactions", made["BankTransactionID"], IsReconciled=True)
    assert "reconciled" in hands.refusal(path, {"Status": "DELETED"}, "POST")
    hands.organisation.set("BankTransactions", made["BankTransactionID"], IsReconciled=False)
    body = {"BankTransactionID": made["BankTransactionID"], "Status": "DELETED"}
    assert hands.write("BankTransactions", body, "POST")["Status"] == "DELETED"
    assert hands.totals() == {}
    assert "valid status" in hands.refusal(path, body, "POST")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"BankAccount": {"Code": "200"}}, "Invalid Bank Account provided."),
        ({"Contact": {}}, "The Contact must contain at least 1 of the following elements"),
        ({"Type": "SPEND-TRANSFER"}, "cannot be created"),
        ({"Type": "RECEIVE-OVERPAYMENT", "Reference": "x"}, "Reference is only supported"),
        ({"LineItems": []}, "One or more line items"),
        ({"LineItems": [line("0")]}, "greater than zero"),
        ({"LineItems": [line("5"), line("-6")]}, "greater than zero"),
        ({"CurrencyCode": "EUR"}, "that of its bank account"),
        ({"Status": "DELETED"}, "cannot be created with the status"),
        ({"Type": "RECEIVE-OVERPAYMENT", "LineItems": [line("5")] * 2}, "exactly one line item"),
        ({"Type": "RECEIVE-OVERPAYMENT", "LineItems": [line("5")]}, "Account code '200' is not a valid code"),
        ({"Type": "RECEIVE-OVERPAYMENT", "LineItems": [line("5", AccountCode=None, TaxType="OUTPUT")]}, "cannot have tax"),
    ],
)  # fmt: skip
def test_a_bank_transaction_that_breaks_a_rule(hands: Hands, changed: Json, words: str) -> None:
    assert words in hands.refusal("BankTransactions", {**spend("5"), **changed})


# ---------------------------------------------------------------------------------------------- money paid ahead


def test_an_overpayment_is_allocated_and_paid_back(hands: Hands) -> None:
    body = spend(kind="RECEIVE-OVERPAYMENT", LineItems=[line("10", AccountCode="610")])
    made = hands.write("BankTransactions", body)
    assert hands.totals() == {RECEIVABLES: "-10.00", CLEARING: "10.00"}
    over = hands.read(f"Overpayments/{made['OverpaymentID']}")
    assert (over["Type"], over["RemainingCredit"], over["Total"]) == ("RECEIVE-OVERPAYMENT", 10, 10)
    invoice = hands.write("Invoices", form("4"))
    assert allocate(hands, "Overpayments", over, invoice, "4").status_code == 200
    assert hands.read(f"Invoices/{invoice['InvoiceID']}")["Overpayments"][0]["AppliedAmount"] == 4
    paid = hands.write("Payments", pay("6", Overpayment=over))
    assert (paid["PaymentType"], paid["Overpayment"]["Status"]) == ("AROVERPAYMENTPAYMENT", "PAID")
    assert hands.totals() == {SALES: "-4.00", CLEARING: "4.00"}
    path = f"BankTransactions/{made['BankTransactionID']}"
    body = {"BankTransactionID": made["BankTransactionID"], "Status": "DELETED"}
    assert "allocations or payments" in hands.refusal(path, body, "POST")


def test_deleting_the_money_takes_the_overpayment_away(hands: Hands) -> None:
    made = hands.write(
        "BankTransactions", spend(kind="RECEIVE-OVERPAYMENT", LineItems=[line("10", AccountCode=None)])
    )
    body = {"BankTransactionID": made["BankTransactionID"], "Status": "DELETED"}
    hands.write(f"BankTransactions/{made['BankTransactionID']}", body, "POST")
    assert hands.read(f"Overpayments/{made['OverpaymentID']}")["Status"] == "VOIDED"
    assert hands.rows("Overpayments", where='Status=="AUTHORISED"') == []
    assert hands.totals() == {}


def test_a_prepayment_paid_back_in_parts_leaves_no_cent_on_any_line(hands: Hands) -> None:
    lines = [line("0.10", AccountCode="830"), line("0.10")]
    made = hands.write("BankTransactions", spend(kind="RECEIVE-PREPAYMENT", LineItems=lines))
    for _ in range(4):
        hands.write("Payments", pay("0.05", Prepayment={"PrepaymentID": made["PrepaymentID"]}))
    assert hands.totals() == {}


def test_a_prepayment_lies_on_the_accounts_of_its_lines(hands: Hands) -> None:
    lines = [line("100", AccountCode="830"), line("11", TaxType="OUTPUT")]
    made = hands.write("BankTransactions", spend(kind="RECEIVE-PREPAYMENT", LineItems=lines))
    assert hands.totals() == {HELD: "-100.00", SALES: "-10.00", TAX: "-1.00", CLEARING: "111.00"}
    pre = hands.read(f"Prepayments/{made['PrepaymentID']}")
    invoice = hands.write("Invoices", form("33.33"))
    assert allocate(hands, "Prepayments", pre, invoice, "33.33").status_code == 200
    paid = hands.write("Payments", pay("77.67", Prepayment=pre))
    assert (paid["PaymentType"], paid["Prepayment"]["RemainingCredit"]) == ("ARPREPAYMENTPAYMENT", 0)
    assert hands.totals() == {SALES: "-33.33", CLEARING: "33.33"}
    delete(hands, paid)
    used = hands.read(f"Prepayments/{made['PrepaymentID']}")
    assert used["RemainingCredit"] == Decimal("77.67")
    hands.send(
        "DELETE", f"Prepayments/{made['PrepaymentID']}/Allocations/{used['Allocations'][0]['AllocationID']}"
    )
    assert hands.totals()[HELD] == "-100.00"
