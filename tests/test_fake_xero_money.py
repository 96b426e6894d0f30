"""The stand-in for Xero: payments, allocations, currencies, bills, and the audit of the books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from vendors.xero import FakeXero, posting, write
from vendors.xero.ledger import Posting
from vendors.xero.refusals import NOT_AUTHORISED, ONLY_STATUS, TOO_MUCH
from vendors.xero.wire import Json
from xero_hands import (
    CLEARING,
    GAINS,
    RECEIVABLES,
    SALES,
    TAX,
    Hands,
    allocate,
    credit,
    delete,
    form,
    line,
    pay,
    shop,
    spend,
)


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


def sentence(answer: Any) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["Elements"][0]["ValidationErrors"][0]["Message"])


# ---------------------------------------------------------------------------------------------- payments


def test_a_refund_as_credit_note_and_payment(hands: Hands) -> None:
    taxed: Json = {"LineItems": [line("100", TaxType="OUTPUT")]}
    invoice = hands.write("Invoices", form(InvoiceNumber="100", **taxed))
    hands.write("Payments", pay("110", Invoice=invoice))
    assert hands.totals() == {SALES: "-100.00", TAX: "-10.00", CLEARING: "110.00"}
    note = hands.write("CreditNotes", credit(CreditNoteNumber="100", **taxed))
    assert (note["RemainingCredit"], note["Status"]) == (110, "AUTHORISED")
    hands.write("Payments", pay("110", CreditNote=note, Reference="re_1"))
    assert hands.totals() == {}
    again = hands.read("CreditNotes/100")
    assert (again["RemainingCredit"], again["Status"]) == (0, "PAID")
    assert [(one["Amount"], one["Reference"]) for one in again["Payments"]] == [(110, "re_1")]
    assert "FullyPaidOnDate" in again and "Status" not in again["Payments"][0]


def test_a_payment_of_a_credit_note_is_shown_under_two_names(hands: Hands) -> None:
    note = hands.write("CreditNotes", credit("5", CreditNoteNumber="100"))
    answered = hands.write("Payments", pay("2", CreditNote=note))
    assert answered["CreditNote"]["RemainingCredit"] == 3 and "Invoice" not in answered
    for read in (
        hands.read(f"Payments/{answered['PaymentID']}"),
        hands.rows("Payments")[0],
        delete(hands, answered),
    ):
        assert "CreditNote" not in read
        assert read["PaymentType"] == "ARCREDITPAYMENT"
        under = read["Invoice"]
        assert (under["Type"], under["InvoiceID"]) == ("ACCRECCREDIT", note["CreditNoteID"])
        assert under["InvoiceNumber"] == "100"


def test_a_deleted_payment_stays_readable_and_opens_what_it_paid(hands: Hands) -> None:
    invoice = hands.write("Invoices", form("5"))
    paid = hands.write("Payments", pay("5", Invoice=invoice))
    assert hands.read(f"Invoices/{invoice['InvoiceID']}")["Status"] == "PAID"
    assert delete(hands, paid)["Status"] == "DELETED"
    again = hands.read(f"Invoices/{invoice['InvoiceID']}")
    assert (again["Status"], again["AmountDue"], again["Payments"]) == ("AUTHORISED", 5, [])
    assert hands.read(f"Payments/{paid['PaymentID']}")["Status"] == "DELETED"
    assert [one["Status"] for one in hands.rows("Payments")] == ["DELETED"]
    assert hands.refusal(f"Payments/{paid['PaymentID']}", {"Status": "DELETED"}, "POST").startswith(
        "Payment has already"
    )


@pytest.mark.parametrize(
    "body", [{"Status": "DELETED", "Reference": "x"}, {"Amount": 3}, {"Status": "AUTHORISED"}]
)
def test_a_payment_takes_its_status_and_nothing_else(hands: Hands, body: Json) -> None:
    paid = hands.write("Payments", pay("5", Invoice=hands.write("Invoices", form("5"))))
    path = f"Payments/{paid['PaymentID']}"
    assert hands.refusal(path, {"Payments": [body]}, "POST") == ONLY_STATUS
    assert hands.refusal("Payments", {"PaymentID": paid["PaymentID"], **body}, "POST") == ONLY_STATUS
    assert hands.read(path)["Status"] == "AUTHORISED"


def test_a_reconciled_payment_stays(hands: Hands) -> None:
    invoice = hands.write("Invoices", form("5", "6"))
    first = hands.write("Payments", pay("5", Invoice=invoice, IsReconciled=True))
    second = hands.write("Payments", pay("6", Invoice=invoice))
    hands.organisation.set("Payments", second["PaymentID"], IsReconciled=True)
    for paid in (first, second):
        assert "reconciled" in hands.refusal(f"Payments/{paid['PaymentID']}", {"Status": "DELETED"}, "POST")
    hands.organisation.moods.reconciled_may_be_deleted = True
    assert delete(hands, second)["Status"] == "DELETED"


def test_a_payment_that_breaks_a_rule(hands: Hands) -> None:
    invoice = hands.write("Invoices", form("5"))
    draft = hands.write("CreditNotes", {**credit("5"), "Status": "DRAFT"})
    for body, words in (
        (pay("5.01", Invoice=invoice), TOO_MUCH),
        (pay("0", Invoice=invoice), "Payment amount must be greater than zero"),
        (pay("1.001", Invoice=invoice), "Payment amount must have two decimal places at most"),
        (pay("5", CreditNote=draft), NOT_AUTHORISED),
        (pay("5", Invoice=invoice, CreditNote=draft), "Payment is applied to more than one document."),
        (pay("5", Invoice=invoice, account="777"), "Account could not be found."),
        (
            pay("5", Invoice=invoice, account="200"),
            "The account must be a bank account or have payments enabled to it.",
        ),
        (pay("5", Invoice={"InvoiceNumber": "none"}), "Invoice could not be found"),
        (
            pay("5", Invoice=invoice, BankAmount=Decimal(4)),
            "The bank amount must be the amount of the payment.",
        ),
    ):
        assert hands.refusal("Payments", body) == words
    assert "applied to an invoice" in hands.refusal("Payments", pay("5"))
    hands.write("Payments", pay("5", Invoice=invoice, account="880"))
    assert hands.refusal("Payments", pay("5", Invoice=invoice)) == NOT_AUTHORISED
    hands.organisation.moods.payment_on_paid = "amount"
    assert hands.refusal("Payments", pay("5", Invoice=invoice)) == TOO_MUCH


def test_nothing_tells_two_equal_partial_refunds_apart(hands: Hands) -> None:
    note = hands.write("CreditNotes", credit("5"))
    for _ in range(2):
        hands.write("Payments", pay("2", CreditNote=note, Reference="re_1"))
    assert hands.organisation.balance_of(CLEARING) == -4
    for _ in range(2):
        hands.write("BankTransactions", spend("2", Reference="re_1"))
    assert hands.organisation.balance_of("090") == -8


# ---------------------------------------------------------------------------------------------- allocations


def test_a_credit_note_is_allocated_and_taken_back(hands: Hands) -> None:
    invoice, note = hands.write("Invoices", form("5")), hands.write("CreditNotes", credit("3"))
    told = allocate(hands, "CreditNotes", note, invoice, "3").json()["Allocations"][0]
    assert "AllocationID" not in told and told["CreditNote"]["CreditNoteID"] == note["CreditNoteID"]
    due = hands.read(f"Invoices/{invoice['InvoiceID']}")
    assert (due["AmountDue"], due["AmountCredited"], due["AmountPaid"]) == (2, 3, 0)
    assert due["CreditNotes"][0]["AppliedAmount"] == 3
    used = hands.read(f"CreditNotes/{note['CreditNoteID']}")
    assert (used["Status"], used["RemainingCredit"]) == ("PAID", 0)
    assert hands.totals() == {RECEIVABLES: "2.00", SALES: "-2.00"}
    path = f"CreditNotes/{note['CreditNoteID']}/Allocations/{used['Allocations'][0]['AllocationID']}"
    gone = hands.send("DELETE", path)
    assert gone.status_code == 200 and gone.json()["IsDeleted"] is True
    assert gone.json()["Invoice"] == [{"InvoiceID": invoice["InvoiceID"]}]
    assert hands.read(f"CreditNotes/{note['CreditNoteID']}")["RemainingCredit"] == 3
    assert hands.read(f"Invoices/{invoice['InvoiceID']}")["AmountDue"] == 5
    assert hands.send("DELETE", path).status_code == 404


def test_an_allocation_that_breaks_a_rule(hands: Hands) -> None:
    hands.organisation.currencies.append("EUR")
    note = hands.write("CreditNotes", credit("5"))
    paid = hands.write("Invoices", form("5"))
    hands.write("Payments", pay("5", Invoice=paid))
    for invoice, amount, words in (
        (paid, "1", "amount outstanding"),
        (hands.write("Invoices", form("5", contact="Bob O'Neil")), "1", "same contact"),
        (hands.write("Invoices", form("5", CurrencyCode="EUR")), "1", "same currency"),
        (hands.write("Invoices", form("4")), "5", "exceeds the amount outstanding"),
        (hands.write("Invoices", form("9")), "6", "exceeds the remaining credit"),
        (hands.write("Invoices", form("9")), "0", "greater than zero"),
        (hands.write("Invoices", {**form("9"), "Status": "DRAFT"}), "1", "Authorised"),
    ):
        assert words in sentence(allocate(hands, "CreditNotes", note, invoice, amount))
    draft = hands.write("CreditNotes", {**credit("5"), "Status": "DRAFT"})
    assert "Authorised" in sentence(allocate(hands, "CreditNotes", draft, paid, "1"))
    where = f"CreditNotes/{note['CreditNoteID']}/Allocations"
    assert (
        hands.put(where, {"Invoice": {"InvoiceID": paid["InvoiceID"]}, "Amount": Decimal(1)}).status_code
        == 400
    )
    hands.loud("Allocation.Date is required")


# ---------------------------------------------------------------------------------------------- currencies


@pytest.fixture
def abroad(hands: Hands) -> Hands:
    """With euro, at 0.90 for a dollar, and a clearing account in euro."""
    hands.organisation.currencies.append("EUR")
    hands.organisation.open_account("Stripe EUR", code="092", currency="EUR")
    return hands


def test_a_currency_has_to_be_subscribed(hands: Hands) -> None:
    assert (
        hands.refusal("Invoices", form("5", CurrencyCode="EUR"))
        == "Organisation is not subscribed to currency EUR"
    )


def test_gains_and_losses_are_posted_by_themselves(abroad: Hands) -> None:
    note = abroad.write("CreditNotes", credit("90", CurrencyCode="EUR", CurrencyRate=Decimal("0.9")))
    paid = abroad.write("Payments", pay("90", CreditNote=note, BankAmount=Decimal("102.50")))
    assert (paid["BankAmount"], paid["Amount"]) == (Decimal("102.50"), 90)
    assert str(paid["CurrencyRate"]) == "0.8780487805"
    assert abroad.totals() == {SALES: "100.00", CLEARING: "-102.50", GAINS: "2.50"}
    delete(abroad, paid)
    abroad.write("Payments", pay("90", CreditNote=note, account="092", CurrencyRate=Decimal("0.75")))
    assert abroad.totals() == {SALES: "100.00", "Stripe EUR": "-120.00", GAINS: "20.00"}
    assert abroad.organisation.own_balance_of("Stripe EUR") == -90


def test_without_a_rate_it_is_that_of_the_day(abroad: Hands) -> None:
    note = abroad.write("CreditNotes", credit("90", CurrencyCode="EUR"))
    assert note["CurrencyRate"] == Decimal("0.9")
    one_for_one = abroad.write("CreditNotes", credit("90", CurrencyCode="EUR", CurrencyRate=Decimal("1.0")))
    assert abroad.organisation.balance_of(RECEIVABLES) == -190
    assert one_for_one["CurrencyRate"] == 1


def test_a_document_paid_in_parts_leaves_no_cent_behind(abroad: Hands) -> None:
    invoice = abroad.write("Invoices", form("0.40", CurrencyCode="EUR", CurrencyRate=Decimal("0.7")))
    parts = [abroad.write("Payments", pay("0.10", Invoice=invoice, account="092")) for _ in range(4)]
    assert abroad.organisation.balance_of(RECEIVABLES) == 0
    # Ten cents are 0.14 or 0.15 in base currency: what the others took is counted anew.
    delete(abroad, parts[1])
    assert abroad.organisation.balance_of(RECEIVABLES) == Decimal("0.14")
    assert abroad.organisation.own_balance_of("092") == Decimal("0.30")


def test_the_bank_is_in_base_currency_or_in_the_documents(abroad: Hands) -> None:
    invoice = abroad.write("Invoices", form("5"))
    assert "must be in USD" in abroad.refusal("Payments", pay("5", Invoice=invoice, account="092"))
    made = abroad.write("BankTransactions", spend("90", bank="092"))
    assert (made["CurrencyCode"], made["CurrencyRate"]) == ("EUR", Decimal("0.9"))
    assert abroad.totals() == {RECEIVABLES: "5.00", SALES: "95.00", "Stripe EUR": "-100.00"}


# ---------------------------------------------------------------------------------------------- bills, and the audit


def test_bills_are_on_the_other_side(hands: Hands) -> None:
    lines = [line("20", AccountCode="404")]
    bill = hands.write("Invoices", form(kind="ACCPAY", InvoiceNumber="100", LineItems=lines))
    hands.write("Invoices", form(kind="ACCPAY", InvoiceNumber="100", LineItems=lines))
    hands.write("Invoices", form("5", InvoiceNumber="100"))
    assert hands.organisation.balance_of("Accounts Payable") == -40
    note = hands.write("CreditNotes", credit("5"))
    assert "same side" in sentence(allocate(hands, "CreditNotes", note, bill, "5"))
    hands.write("Payments", pay("20", Invoice=bill))
    assert hands.organisation.balance_of(CLEARING) == -20


def test_books_that_do_not_balance_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "parts", lambda *asked: [])
    with pytest.raises(AssertionError, match="does not balance"), FakeXero(shop()) as fake:
        assert Hands(fake).put("Invoices", form("5")).status_code == 500
        assert fake.organisation.documents("Invoices") == []


def test_receivables_that_are_not_what_is_open_are_noticed() -> None:
    organisation = shop()
    write(organisation, "Invoices", form("5"))
    organisation.ledger.post(
        ("Journal", "1"),
        "2026-03-05",
        [
            Posting(organisation.account("610")["AccountID"], Decimal(1)),
            Posting(organisation.account("200")["AccountID"], Decimal(-1)),
        ],
    )
    with pytest.raises(AssertionError, match="DEBTORS"):
        organisation.check()
