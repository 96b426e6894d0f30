"""What stands against a sale in Xero: its payments, voids, what others took back, what is as if it did not stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from vendors.xero.wire import Json
from xero_hands import BANK, CLEARING, RECEIVABLES, credit, pay, spend
from xero_reading import KEYS, Reading, note, reading

from connector.planning.model import Sale, SalePayment


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def told(sale: Sale) -> list[tuple[str, int, tuple[str, ...], str, bool]]:
    return [(p.ledger_id, p.amount_minor, p.charge_ids, p.account, p.applied) for p in sale.payments]


# ---------------------------------------------------------------------------------------------- payments


def test_several_charges_pay_one_invoice(books: Reading) -> None:
    invoice = books.invoice("110")
    second = books.paid(invoice, "70", "091", Reference="pi_2", Date="2026-03-08")
    first = books.paid(invoice, "30", Reference="Stripe ch_1")
    sale = books.the_sale()
    assert told(sale) == [
        (first["PaymentID"], 3000, ("ch_1",), CLEARING, True),
        (second["PaymentID"], 7000, ("pi_2",), BANK, True),
    ]
    assert sale.payments[0] == SalePayment(
        ledger_id=first["PaymentID"],
        amount_minor=3000,
        currency="usd",
        posting_date=date(2026, 3, 6),
        charge_ids=("ch_1",),
        account=CLEARING,
        applied=True,
        credit_account=RECEIVABLES,
    )
    assert sale.balance_minor == 1000


def test_a_deleted_payment_does_not_count(books: Reading) -> None:
    invoice = books.invoice()
    books.take_out("Payments", books.paid(invoice, Reference="ch_1"))
    sale = books.the_sale()
    assert (sale.payments, sale.balance_minor) == ((), 11000)
    # Nor one that the invoice still shows.
    again = books.paid(invoice, Reference="ch_1")
    books.organisation.set("Payments", again["PaymentID"], Status="DELETED")
    books.open()
    assert books.the_sale().payments == ()
    books.organisation.set("Payments", again["PaymentID"], Status="AUTHORISED")


def test_an_open_invoice_gets_the_free_credits_of_its_contact(books: Reading) -> None:
    books.invoice()
    own = books.overpaid("110", "ch_1")
    free = books.overpaid("30", "a deposit", Date="2026-03-06")
    books.overpaid("30", "ch_2")
    books.overpaid("30", "of Bob", Contact={"Name": "Bob O'Neil"})
    books.overpaid("30", "too early", Date="2026-03-02")
    books.overpaid("30", note("a", "reversal of refund_payout", "re_2", "ch_2"))
    books.overpaid("30", note("c", "reversal of refund_payout", "re_5"))
    back = books.overpaid("30", note("b", "reversal of refund_payout", "re_1", "ch_1"), Date="2026-03-07")
    used = books.overpaid("10", "used")
    books.write("Payments", pay("10", Overpayment=used))
    line = {"Description": "to a supplier", "UnitAmount": Decimal(25)}
    books.write("BankTransactions", spend(kind="SPEND-OVERPAYMENT", LineItems=[line], Date="2026-03-06"))
    gone = books.overpaid("20", "gone, ch_1")
    books.organisation.set("Overpayments", gone["OverpaymentID"], Status="VOIDED", RemainingCredit=Decimal(0))
    sale = books.the_sale()
    assert told(sale) == [
        (own["OverpaymentID"], 11000, ("ch_1",), CLEARING, False),
        (free["OverpaymentID"], 3000, (), CLEARING, False),
        (back["OverpaymentID"], 3000, ("ch_1",), CLEARING, False),
    ]
    books.organisation.set(
        "Overpayments", gone["OverpaymentID"], Status="AUTHORISED", RemainingCredit=Decimal(20)
    )


def test_a_credit_that_is_used_in_part_is_one_payment(books: Reading) -> None:
    invoice = books.invoice()
    brought = books.overpaid("110", "a deposit")
    books.allocate(brought, invoice, "60", "Overpayments")
    sale = books.the_sale()
    assert told(sale) == [(brought["OverpaymentID"], 11000, (), CLEARING, True)]
    assert sale.balance_minor == 5000


def test_a_receipt_takes_nothing_back(books: Reading) -> None:
    books.received("110", Reference="ch_1")
    assert books.the_sale(None).booked == ()


def test_a_paid_invoice_asks_for_no_credits(books: Reading) -> None:
    books.paid(books.invoice())
    books.overpaid("110", "free")
    sale = books.the_sale()
    assert len(sale.payments) == 1
    assert not any("payments?where=Date" in target for target in books.carried)


def test_a_void_sets_its_payment_free(books: Reading) -> None:
    invoice = books.invoice()
    free = books.overpaid("110", "ch_1")
    books.take_out("Invoices", invoice)
    sale = books.the_sale()
    assert (sale.void, sale.total_minor, sale.balance_minor) == (True, 11000, 0)
    assert told(sale) == [(free["OverpaymentID"], 11000, ("ch_1",), CLEARING, False)]
    assert [(one.line_id, one.net_minor) for one in sale.lines] == [("1", 11000)]


# ---------------------------------------------------------------------------------------------- as if not there


def test_our_payment_that_is_not_to_count(books: Reading) -> None:
    invoice = books.invoice()
    books.paid(invoice, "70", Reference=note("a", "payment", "ch_1"))
    books.paid(invoice, "40", Reference="ch_2")
    sale = books.the_sale(without=(KEYS["a"],))
    assert ([p.amount_minor for p in sale.payments], sale.balance_minor) == ([4000], 7000)


def test_our_credit_note_that_is_not_to_count(books: Reading) -> None:
    invoice = books.invoice()
    memo = books.write("CreditNotes", credit("50", Reference=note("a", "credit_memo", "re_1", "ch_1")))
    books.allocate(memo, invoice, "50")
    assert books.the_sale().balance_minor == 6000
    books.open()
    sale = books.the_sale(without=(KEYS["a"],))
    assert (sale.balance_minor, sale.booked) == (11000, ())


def test_our_credit_that_is_not_to_count(books: Reading) -> None:
    books.invoice()
    back = books.overpaid("30", note("a", "reversal of refund_payout", "re_1", "ch_1"))
    assert [p.ledger_id for p in books.the_sale().payments] == [back["OverpaymentID"]]
    books.open()
    assert books.the_sale(without=(KEYS["a"],)).payments == ()


def test_the_invoice_that_came_back_is_the_sale(books: Reading) -> None:
    invoice = books.invoice()
    books.take_out("Invoices", invoice)
    back = books.invoice(number="100-R", Reference=note("a", "reversal of voided_invoice", "re_1", "ch_1"))
    books.paid(back, Reference=note("b", "reversal of void", "re_1", "ch_1"))
    sale = books.the_sale()
    assert (sale.ledger_id, sale.void, sale.number, sale.balance_minor) == (
        back["InvoiceID"],
        False,
        "100",
        0,
    )
    books.open()
    assert books.the_sale(without=(KEYS["a"],)).ledger_id == invoice["InvoiceID"]


def reopen(books: Reading, invoice: Json, stays: str | None, over: str) -> None:
    """What a reopened invoice is in Xero."""
    if stays is not None:
        books.paid(invoice, stays, Reference=note("a", "application", "re_1", "ch_1"))
    brought = books.overpaid(over, note("b", "application", "re_1", "ch_1"), Date="2026-03-06")
    books.write(
        "Payments",
        {**pay(over, Overpayment=brought), "Reference": note("c", "reopen_invoice", "re_1", "ch_1")},
    )


def test_a_payment_made_again_in_part_is_the_payment_that_it_was(books: Reading) -> None:
    invoice = books.invoice()
    books.take_out("Payments", books.paid(invoice, Reference="ch_1"))
    reopen(books, invoice, "70", "40")
    sale = books.the_sale()
    assert [(p.amount_minor, p.applied, p.account) for p in sale.payments] == [(11000, True, CLEARING)]
    assert sale.balance_minor == 4000
    books.open()
    before = books.the_sale(without=(KEYS["a"], KEYS["b"], KEYS["c"]))
    assert [(p.amount_minor, p.applied) for p in before.payments] == [(11000, True)]
    assert before.balance_minor == 0


def test_of_several_charges_only_one_was_made_again(books: Reading) -> None:
    """Nor is a free credit of the customer a part of it."""
    invoice = books.invoice("160")
    reopen(books, invoice, "70", "40")
    books.paid(invoice, "20", Reference="ch_2")
    free = books.overpaid("30", "a deposit")["OverpaymentID"]
    paid = {p.charge_ids: p.amount_minor for p in books.the_sale().payments if p.applied}
    assert paid == {("ch_1",): 11000, ("ch_2",): 2000}
    assert free in {p.ledger_id for p in books.the_sale().payments}
    books.open()
    paid = {p.charge_ids: p.amount_minor for p in books.the_sale("100", "ch_2").payments if p.applied}
    assert paid == {("ch_1",): 7000, ("ch_2",): 2000}


def test_a_payment_that_was_taken_off_wholly(books: Reading) -> None:
    invoice = books.invoice()
    books.take_out("Payments", books.paid(invoice, Reference="ch_1"))
    reopen(books, invoice, None, "110")
    sale = books.the_sale()
    assert [(p.amount_minor, p.applied, p.charge_ids) for p in sale.payments] == [(11000, False, ("ch_1",))]
    assert sale.balance_minor == 11000
    books.open()
    before = books.the_sale(without=(KEYS["b"], KEYS["c"]))
    assert [(p.amount_minor, p.applied) for p in before.payments] == [(11000, True)]
    assert before.balance_minor == 0
    # Without a number the payment that was deleted says which invoice it was.
    books.open()
    assert books.the_sale(None).ledger_id == invoice["InvoiceID"]


def test_a_payment_that_two_refunds_took_off_wholly_is_one(books: Reading) -> None:
    invoice = books.invoice()
    books.take_out("Payments", books.paid(invoice, Reference="ch_1"))
    books.overpaid("60", note("a", "application", "re_1", "ch_1"), Date="2026-03-06")
    books.overpaid("50", note("b", "application", "re_2", "ch_1"), Date="2026-03-06")
    assert [(p.amount_minor, p.applied) for p in books.the_sale().payments] == [(11000, False)]
    books.open()
    before = books.the_sale(without=(KEYS["a"],))
    assert [(p.amount_minor, p.applied) for p in before.payments] == [(11000, True)]
    assert before.balance_minor == 5000


# ---------------------------------------------------------------------------------------------- what others did


def test_what_others_took_back(books: Reading) -> None:
    invoice = books.invoice()
    applied = books.write("CreditNotes", credit("50", CreditNoteNumber="CN-1", Reference="re_9"))
    books.allocate(applied, invoice, "20")
    books.allocate(applied, books.invoice("30", number="101"), "30")
    ours = books.write("CreditNotes", credit("10", Reference=note("a", "credit_memo", "re_1", "ch_1")))
    books.allocate(ours, invoice, "10")
    named = books.write("CreditNotes", credit("5", CreditNoteNumber="CN-3", Reference="ch_1"))
    spent = books.write("BankTransactions", spend("7", Reference="ch_1"))
    by_number = books.write("CreditNotes", credit("3", CreditNoteNumber="CN-4", Reference="100"))
    books.write("CreditNotes", credit("3", contact="Bob O'Neil", Reference="100"))
    books.write("CreditNotes", credit("4", Reference="ch_2"))
    books.take_out("CreditNotes", books.write("CreditNotes", credit("4", Reference="ch_1")))
    booked = {one.ledger_id: one for one in books.the_sale().booked}
    assert {i: (one.kind, one.amount_minor, one.number, one.refund_id) for i, one in booked.items()} == {
        applied["CreditNoteID"]: ("credit_memo", 2000, "CN-1", "re_9"),
        named["CreditNoteID"]: ("credit_memo", 500, "CN-3", None),
        by_number["CreditNoteID"]: ("credit_memo", 300, "CN-4", None),
        spent["BankTransactionID"]: ("refund_receipt", 700, None, None),
    }


# ---------------------------------------------------------------------------------------------- currencies


def test_a_sale_in_another_currency() -> None:
    with reading(currencies=("EUR",)) as books:
        invoice = books.invoice("90", CurrencyCode="EUR", CurrencyRate=Decimal("0.9"))
        books.paid(invoice, "90", Reference="ch_1", BankAmount=Decimal("101"))
        sale = books.the_sale()
        assert (sale.currency, sale.total_minor, sale.balance_minor) == ("eur", 9000, 0)
        assert [(one.net_minor, one.home_net_minor) for one in sale.lines] == [(9000, 10000)]
        assert [(p.amount_minor, p.currency) for p in sale.payments] == [(9000, "eur")]
        assert dict(sale.refs)["rate"] == str(invoice["CurrencyRate"])
        assert Decimal(dict(sale.refs)["rate"]) == Decimal("0.9")


def test_a_credit_in_another_currency_is_none_of_the_sale_s() -> None:
    with reading(currencies=("EUR",)) as books:
        books.invoice("90", CurrencyCode="EUR")
        books.overpaid("90", "ch_1")
        assert books.the_sale().payments == ()


def test_a_sale_in_the_own_currency_has_no_rate(books: Reading) -> None:
    books.invoice()
    assert [name for name, _ in books.the_sale().refs] == ["customer"]
