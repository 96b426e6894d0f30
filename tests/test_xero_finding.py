"""Which document of Xero is the sale of a charge: by number, by Stripe id, by the word of a person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xero_hands import credit, form, line, pay, spend
from xero_reading import DAY, Reading, note, reading

from connector.ledgers.contract import Reference


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


# ---------------------------------------------------------------------------------------------- by number


def test_an_invoice_by_its_number(books: Reading) -> None:
    invoice = books.invoice()
    sale = books.the_sale()
    assert (sale.form, sale.ledger_id, sale.number) == ("invoice", invoice["InvoiceID"], "100")
    assert (sale.total_minor, sale.balance_minor, sale.currency) == (11000, 11000, "usd")
    assert (sale.customer, sale.customer_id) == ("Ada", "cus_ada")
    assert sale.refs == (("customer", invoice["Contact"]["ContactID"]),)
    assert not sale.ours and not sale.void


def test_a_number_is_compared_exactly(books: Reading) -> None:
    books.invoice(number="INV-É1")
    assert books.sale("INV-É1") is not None
    assert books.sale("inv-É1", day=None) is None
    assert books.sale("INV-E1", day=None) is None


def test_numbers_with_commas_and_quotation_marks(books: Reading) -> None:
    wanted = [books.invoice(number=number)["InvoiceID"] for number in ("1,5", "A&B #7", 'He said "7"')]
    numbers = ("1,5", "A&B #7", 'He said "7"', 'a,"b')
    asked = [Reference(f"ch_{n}", "usd", number, ()) for n, number in enumerate(numbers)]
    sales = books.sales(asked)
    assert [sale.ledger_id if sale else None for sale in sales.values()] == [*wanted, None]


def test_bills_and_drafts_are_no_sales(books: Reading) -> None:
    books.write("Invoices", form("110", kind="ACCPAY", InvoiceNumber="100"))
    books.write("Invoices", form("110", InvoiceNumber="101", Status="DRAFT"))
    books.write("Invoices", form("110", InvoiceNumber="102", Status="SUBMITTED", Reference="ch_3"))
    gone = books.write("Invoices", form("110", InvoiceNumber="103", Status="DRAFT", Reference="ch_4"))
    books.write(f"Invoices/{gone['InvoiceID']}", {"Status": "DELETED"}, "POST")
    books.write("CreditNotes", credit("110", CreditNoteNumber="104"))
    found = {
        n: books.sale(number, f"ch_{n}") for n, number in enumerate(("100", "101", "102", "103", "104"), 1)
    }
    assert set(found.values()) == {None}


def test_a_number_of_another_charge_gives_way_to_the_charge_s_own_id(books: Reading) -> None:
    books.invoice(Reference="ch_other")
    own = books.invoice(number="A-7", Reference="order 7, ch_1")
    assert books.the_sale("100").ledger_id == own["InvoiceID"]
    # Where nothing bears the charge's own id the number counts.
    assert books.the_sale("100", "ch_2").number == "100"


def test_a_certain_number_reads_only_the_days_of_what_others_may_have_taken_back(books: Reading) -> None:
    payment = books.paid(books.invoice())
    books.sale()
    since = "Date>=DateTime(2026,03,02)"
    assert books.carried == [
        '/Invoices?where=Type=="ACCREC"&InvoiceNumbers=100&page=1&pageSize=1000&order=InvoiceID',
        f'/CreditNotes?where=Type=="ACCRECCREDIT" AND {since}&page=1&pageSize=1000&order=CreditNoteID',
        f"/BankTransactions?where={since}&page=1&pageSize=1000&order=BankTransactionID",
        f'/Payments?where=PaymentID==guid("{payment["PaymentID"]}")&page=1&pageSize=1000&order=PaymentID',
    ]


# ---------------------------------------------------------------------------------------------- by Stripe id


@pytest.mark.parametrize("field", ["Reference", "Url", "InvoiceNumber"])
def test_an_invoice_by_the_id_of_its_charge(books: Reading, field: str) -> None:
    invoice = books.invoice(number=None, **{field: "https://x.test/ch_1" if field == "Url" else "ch_1"})
    assert books.the_sale(None).ledger_id == invoice["InvoiceID"]


@pytest.mark.parametrize("burnt", range(4))
def test_an_invoice_of_ours_and_not_its_copy(books: Reading, burnt: int) -> None:
    """A copy takes the Reference along, and has a number of its own."""
    marked = note("a", "invoice", "ch_1", number="100", sale="100")
    for _ in range(burnt):
        books.organisation.new_id()
    books.invoice(number="R7", Reference=marked, Date="2026-03-04")
    ours = books.invoice(number="100", Reference=marked)
    assert books.the_sale(None).ledger_id == ours["InvoiceID"]


def test_an_invoice_by_another_id_of_the_payment(books: Reading) -> None:
    invoice = books.invoice(Reference="pi_9")
    assert books.the_sale(None, stripe_ids=("pi_9",)).ledger_id == invoice["InvoiceID"]
    assert books.sale(None, stripe_ids=("pi_8",)) is None


def test_a_payment_stands_for_its_invoice(books: Reading) -> None:
    invoice = books.invoice()
    books.paid(invoice, Reference="Stripe ch_1")
    sale = books.the_sale(None)
    assert (sale.form, sale.ledger_id) == ("invoice", invoice["InvoiceID"])
    # One that was deleted does not, nor what pays a credit note out.
    other = books.invoice(number="101")
    books.take_out("Payments", books.paid(other, Reference="ch_2"))
    memo = books.write("CreditNotes", credit("110"))
    books.write("Payments", {**pay("110", CreditNote=memo), "Reference": "ch_3"})
    books.open()
    assert books.sale(None, "ch_2") is None
    assert books.sale(None, "ch_3") is None


def test_a_receipt_by_the_id_of_its_charge(books: Reading) -> None:
    receipt = books.received("110", Reference="order 7 ch_1")
    sale = books.the_sale("A-7")
    assert (sale.form, sale.ledger_id) == ("sales_receipt", receipt["BankTransactionID"])
    assert (sale.total_minor, sale.balance_minor, sale.number) == (11000, 0, "A-7")


def test_the_number_of_a_receipt(books: Reading) -> None:
    books.received("110", Reference=f"A-1 {note('a', 'sales_receipt', 'ch_1', number='A-1')}")
    plain = books.received("110", Reference="A-2", Date="2026-03-06")
    bare = books.received("110", Reference="ch_3")
    assert books.the_sale(None, "ch_1").number == "A-1"
    # One without a Stripe id is found by its whole Reference.
    assert books.the_sale("A-2", "ch_2").ledger_id == plain["BankTransactionID"]
    assert books.the_sale("A-2", "ch_2").number == "A-2"
    assert books.sale("A", "ch_4") is None
    assert books.the_sale(None, "ch_3").number == bare["Reference"]


def test_what_was_deleted_or_spent_is_no_receipt(books: Reading) -> None:
    books.take_out("BankTransactions", books.received("110", Reference="ch_1"))
    books.write("BankTransactions", spend("110", Reference="ch_2"))
    books.write("BankTransactions", spend("110", Reference="100"))
    assert [books.sale("100", charge) for charge in ("ch_1", "ch_2")] == [None, None]


def test_a_lone_overpayment_is_a_sale_by_itself(books: Reading) -> None:
    brought = books.overpaid(words="ch_1")
    sale = books.the_sale("A-7")
    assert (sale.form, sale.ledger_id, sale.number) == ("payment", brought["OverpaymentID"], "A-7")
    assert (sale.total_minor, sale.balance_minor, sale.lines) == (11000, 0, ())
    assert ("credit", "Overpayments") in sale.refs
    (payment,) = sale.payments
    assert (payment.ledger_id, payment.amount_minor) == (brought["OverpaymentID"], 11000)
    assert (payment.account, payment.credit_account, payment.applied) == (
        "Stripe Clearing",
        "Accounts Receivable",
        True,
    )


def test_a_voided_overpayment_is_no_sale(books: Reading) -> None:
    books.take_out("BankTransactions", books.overpaid(words="ch_1"))
    assert books.sale(None) is None


def test_what_we_made_of_a_payment_is_no_sale_by_itself(books: Reading) -> None:
    """Of an invoice that was opened again, and cannot be told any more."""
    books.overpaid(words=note("a", "application", "re_1", "ch_1"))
    assert books.sale(None) is None


def test_the_credit_of_a_prepayment_is_on_its_line(books: Reading) -> None:
    given = spend(kind="RECEIVE-PREPAYMENT", LineItems=[line("110", AccountCode="830", Description="ch_1")])
    brought = books.write("BankTransactions", given)
    sale = books.the_sale(None)
    assert (sale.form, sale.ledger_id) == ("payment", brought["PrepaymentID"])
    assert ("credit", "Prepayments") in sale.refs
    assert (sale.payments[0].account, sale.payments[0].credit_account) == (
        "Stripe Clearing",
        "Prepayments held",
    )


def test_an_allocated_overpayment_stands_for_its_invoice(books: Reading) -> None:
    invoice, small = books.invoice("100"), books.invoice("10", number="101")
    brought = books.overpaid(words="ch_1")
    books.allocate(brought, small, "10", "Overpayments")
    books.allocate(brought, invoice, "100", "Overpayments")
    sale = books.the_sale(None)
    assert (sale.form, sale.ledger_id, sale.balance_minor) == ("invoice", invoice["InvoiceID"], 0)
    (payment,) = sale.payments
    # The whole of it is what its charge was, also where it is applied in part.
    assert (payment.ledger_id, payment.amount_minor, payment.applied) == (
        brought["OverpaymentID"],
        11000,
        True,
    )
    assert (payment.account, payment.charge_ids) == ("Stripe Clearing", ("ch_1",))


def test_days_too_far_off_are_not_read(books: Reading) -> None:
    books.invoice(number="A-1", Reference="ch_1", Date="2025-12-05")
    early = books.invoice(number="A-2", Reference="ch_2", Date="2025-12-06")
    late = books.invoice(number="A-3", Reference="ch_3", Date="2026-03-16")
    books.invoice(number="A-4", Reference="ch_4", Date="2026-03-17")
    sales = books.sales([Reference(f"ch_{n}", "usd", None, (), day=DAY) for n in range(1, 5)])
    found = {charge_id: sale.ledger_id if sale else None for charge_id, sale in sales.items()}
    assert found == {"ch_1": None, "ch_2": early["InvoiceID"], "ch_3": late["InvoiceID"], "ch_4": None}


# ---------------------------------------------------------------------------------------------- which one


def test_one_that_stands_before_a_void_one(books: Reading) -> None:
    books.take_out("Invoices", books.invoice(number="A-1", Reference="ch_1"))
    stands = books.invoice(number="A-2", Reference="ch_1")
    assert books.the_sale("A-1").ledger_id == stands["InvoiceID"]
    books.take_out("Invoices", stands)
    books.open()
    assert books.the_sale("A-1").void


def test_an_invoice_before_a_receipt_before_a_credit(books: Reading) -> None:
    books.overpaid(words="ch_1")
    receipt = books.received("110", Reference="ch_1")
    assert books.the_sale(None).ledger_id == receipt["BankTransactionID"]
    invoice = books.invoice(Reference="ch_1")
    books.open()
    assert books.the_sale(None).ledger_id == invoice["InvoiceID"]


def test_ours_that_take_back_are_no_sales(books: Reading) -> None:
    books.invoice(number="100-R", Reference=note("a", "reversal of credit_memo", "re_1", "ch_1"))
    books.received("110", Reference=note("b", "reversal of refund_receipt", "re_1", "ch_1"))
    assert books.sale(None) is None
    ours = books.invoice(number="A-1", Reference=note("c", "invoice", "ch_1", number="A-1"))
    books.open()
    assert books.the_sale(None).ledger_id == ours["InvoiceID"]


# ---------------------------------------------------------------------------------------------- by a person's word


def test_by_the_id_that_a_person_named(books: Reading) -> None:
    invoice = books.invoice(number="A-1")
    payment = books.paid(invoice)
    receipt = books.received("110")
    over = books.overpaid()
    out = books.paid_out()
    bill = books.write("Invoices", form("5", kind="ACCPAY"))
    named = {
        out["PaymentID"]: None,
        books.paid(bill, "5")["PaymentID"]: None,
        bill["InvoiceID"]: None,
        invoice["InvoiceID"]: invoice["InvoiceID"],
        invoice["InvoiceID"].upper(): invoice["InvoiceID"],
        payment["PaymentID"]: invoice["InvoiceID"],
        receipt["BankTransactionID"]: receipt["BankTransactionID"],
        over["OverpaymentID"]: over["OverpaymentID"],
        "100": None,
        'guid("x")': None,
        invoice["Contact"]["ContactID"]: None,
    }
    asked = [Reference(f"re_{n}", "usd", "100", (), one) for n, one in enumerate(named)]
    sales = books.sales(asked)
    found = {reference.ledger_id: sales[reference.charge_id] for reference in asked}
    assert {name: sale.ledger_id if sale else None for name, sale in found.items()} == named
