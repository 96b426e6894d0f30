"""Sales in QuickBooks Online: how the document of a charge is found, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from quickbooks_hands import CLEARING, INCOME, RECEIVABLES, form, pay_line, payment
from quickbooks_reading import INTO, KEYS, Reading, note, reading
from vendors.quickbooks import Moods
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.wire import Json

from connector.planning.model import Sale, SaleLine

NOON = 1772798400.0


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as found:
        yield found


def found(sale: Sale | None) -> Sale:
    assert sale is not None
    return sale


# ---------------------------------------------------------------------------------------------- how it is found


def test_an_invoice_by_its_number_with_its_payment(books: Reading) -> None:
    invoice, paid = books.paid_invoice("70", "40", DocNumber="100", BillEmail={"Address": "ada@x.test"})
    sale = found(books.sale())
    assert (sale.form, sale.ledger_id, sale.number, sale.currency) == ("invoice", invoice["Id"], "100", "usd")
    assert (sale.total_minor, sale.balance_minor, sale.void, sale.ours) == (11000, 0, False, False)
    assert (sale.customer, sale.customer_email, sale.refs) == ("Ada", "ada@x.test", (("customer", "1"),))
    line = SaleLine(
        "1", "Widget", 7000, 0, 7000, 0, INCOME, None, "Wid", "Widget", None, "TAX", False, (("item", "1"),)
    )
    assert sale.lines[0] == line
    (pays,) = sale.payments
    assert (pays.ledger_id, pays.amount_minor, pays.currency) == (paid["Id"], 11000, "usd")
    assert (pays.account, pays.credit_account, pays.applied, pays.charge_ids) == (
        CLEARING,
        RECEIVABLES,
        True,
        (),
    )


def test_a_receipt_is_its_own_payment(books: Reading) -> None:
    receipt = books.write(
        "SalesReceipt", form("110", DocNumber="100", DepositToAccountRef=INTO, PrivateNote="of ch_1")
    )
    sale = found(books.sale())
    assert (sale.form, sale.ledger_id, sale.balance_minor, sale.total_minor) == (
        "sales_receipt",
        receipt["Id"],
        0,
        11000,
    )
    (pays,) = sale.payments
    assert (pays.ledger_id, pays.account, pays.charge_ids) == (receipt["Id"], CLEARING, ("ch_1",))
    assert (pays.amount_minor, pays.applied) == (11000, True)


@pytest.mark.parametrize("asked", ["100", "1000", "100 ", "ab-1", "AB-1", "o'hara", "a\\b"])
def test_a_number_is_compared_exactly(books: Reading, asked: str) -> None:
    """QuickBooks itself takes AB-1 for ab-1; and 100 is the beginning of 1000."""
    books.company.moods.duplicates = "off"
    ids = {
        n: books.put("Invoice", form("5", DocNumber=n))["Id"]
        for n in ("100", "1000", "100 ", "ab-1", "o'hara", "a\\b")
    }
    ids["AB-1"] = books.put("SalesReceipt", form("5", DocNumber="AB-1"))["Id"]
    assert found(books.sale(asked)).ledger_id == ids[asked]
    assert books.sale(asked + "-1") is None


def test_an_invoice_comes_before_a_receipt_and_a_void_one_last(books: Reading) -> None:
    books.company.moods.duplicates = "off"
    receipt = books.write("SalesReceipt", form("5", DocNumber="100"))
    invoice = books.write("Invoice", form("5", DocNumber="100"))
    assert found(books.sale()).ledger_id == invoice["Id"]
    books.void(invoice)
    books.open()
    assert found(books.sale()).ledger_id == receipt["Id"]


def test_one_that_is_no_other_charges_comes_first(books: Reading) -> None:
    books.company.moods.duplicates = "off"
    other = books.write("Invoice", form("5", DocNumber="100", PrivateNote="ch_other"))
    own = books.write("Invoice", form("5", DocNumber="100"))
    assert found(books.sale()).ledger_id == own["Id"]
    assert found(books.sale(charge_id="ch_other")).ledger_id == other["Id"]


@pytest.mark.parametrize("stripe_id", ["ch_1", "pi_1", "in_1"])
@pytest.mark.parametrize("where", ["invoice", "receipt", "payment", "lone payment", "reference", "memo"])
def test_by_a_stripe_id(books: Reading, where: str, stripe_id: str) -> None:
    marked: Json = {"PrivateNote": f"Stripe {stripe_id}."}
    if where == "reference":
        marked = {"PaymentRefNum": stripe_id}
    elif where == "memo":
        marked = {"CustomerMemo": {"value": f"Thanks ({stripe_id})"}}
    books.write("Invoice", form("110", DocNumber="7", PrivateNote="ch_11 pi_11 in_11"))
    if where == "receipt" or where == "memo":
        wanted = books.write("SalesReceipt", form("110", DocNumber="8", **marked))
    elif where == "lone payment":
        wanted = books.write("Payment", payment("110", DepositToAccountRef=INTO, **marked))
    else:
        wanted = books.write("Invoice", form("110", DocNumber="8", **(marked if where == "invoice" else {})))
        more = marked if where in ("payment", "reference") else {}
        books.write("Payment", payment("110", pay_line("110", "Invoice", wanted), **more))
    sale = found(books.sale("999", stripe_ids=("ch_1", "pi_1", "in_1")))
    assert sale.ledger_id == wanted["Id"]
    forms = {"receipt": "sales_receipt", "memo": "sales_receipt", "lone payment": "payment"}
    assert sale.form == forms.get(where, "invoice")
    assert sale.number == ("999" if where == "lone payment" else "8")
    if where == "lone payment":
        assert (sale.total_minor, sale.lines, sale.payments[0].account) == (11000, (), CLEARING)


def test_the_charges_own_id_comes_before_that_of_its_invoice(books: Reading) -> None:
    books.write("Invoice", form("110", DocNumber="7", PrivateNote="in_1"))
    own = books.write("SalesReceipt", form("110", DocNumber="8", PrivateNote="ch_1"))
    assert found(books.sale(None, stripe_ids=("ch_1", "pi_1", "in_1"))).ledger_id == own["Id"]


def test_the_charges_own_id_among_several_of_one_number(books: Reading) -> None:
    books.company.moods.duplicates = "off"
    books.write("Invoice", form("110", DocNumber="100", PrivateNote="pi_1"))
    own = books.write("Invoice", form("110", DocNumber="100", PrivateNote="ch_1"))
    assert found(books.sale(stripe_ids=("ch_1", "pi_1"))).ledger_id == own["Id"]


def test_a_payment_of_two_invoices_stands_for_the_larger_part(books: Reading) -> None:
    small = books.write("Invoice", form("10", DocNumber="7"))
    large = books.write("Invoice", form("100", DocNumber="8"))
    lines = (pay_line("10", "Invoice", small), pay_line("100", "Invoice", large))
    books.write("Payment", payment("110", *lines, PrivateNote="ch_1"))
    assert found(books.sale(None)).ledger_id == large["Id"]


def test_a_void_payment_is_no_sale(books: Reading) -> None:
    paid = books.write("Payment", payment("110", PrivateNote="ch_1"))
    body = {"Id": paid["Id"], "SyncToken": paid["SyncToken"], "sparse": True}
    assert books.post("Payment", body, operation="update", include="void").status_code == 200
    assert books.sale(None) is None


@pytest.mark.parametrize(
    ("day", "kind", "there"),
    [
        ("2026-03-16", "Invoice", True),
        ("2026-03-17", "Invoice", False),
        ("2025-12-06", "Invoice", True),
        ("2025-12-05", "Invoice", False),
        ("2026-03-03", "SalesReceipt", True),
        ("2026-03-02", "SalesReceipt", False),
        ("2026-03-16", "Payment", True),
        ("2026-03-02", "Payment", False),
    ],
)
def test_the_days_around_the_charge_are_looked_at(books: Reading, day: str, kind: str, there: bool) -> None:
    body = payment("110", PrivateNote="ch_1") if kind == "Payment" else form("110", PrivateNote="ch_1")
    books.write(kind, {**body, "TxnDate": day})
    assert (books.sale(None) is not None) == there


@pytest.mark.parametrize("kind", ["Invoice", "SalesReceipt", "Payment"])
def test_one_that_a_person_named(books: Reading, kind: str) -> None:
    books.write("Invoice", form("9", DocNumber="100"))
    named = books.write(kind, payment("110") if kind == "Payment" else form("110", DocNumber="55"))
    assert found(books.sale(ledger_id=named["Id"])).ledger_id == named["Id"]
    books.carried.clear()
    assert books.sale(ledger_id="what? '") is None
    assert books.carried == []
    memo = books.write("CreditMemo", form("9", DocNumber="56"))
    assert books.sale(ledger_id=memo["Id"]) is None


def test_a_payment_that_a_person_named_stands_for_its_invoice(books: Reading) -> None:
    invoice, paid = books.paid_invoice("110", DocNumber="55")
    assert found(books.sale(ledger_id=paid["Id"])).ledger_id == invoice["Id"]


@pytest.mark.parametrize("kind", ["reversal of credit_memo", "reversal of refund_receipt", "reversal"])
def test_what_we_took_back_is_no_sale(books: Reading, kind: str) -> None:
    """They carry the charge's id as well."""
    marked = {"PrivateNote": note("a", kind, "re_1", "ch_1")}
    books.write("Invoice", form("110", DocNumber="100", **marked))
    books.write("SalesReceipt", form("110", **marked))
    books.write("Payment", payment("110", **marked))
    assert books.sale() is None


def test_what_has_lost_our_marks_is_told_by_its_ids(books: Reading) -> None:
    books.write("Invoice", form("110", DocNumber="100", PrivateNote=f"re_1 ch_1 {KEYS['a']}"))
    assert books.sale() is None
    sold = books.write("Invoice", form("110", DocNumber="101", PrivateNote=f"ch_1 {KEYS['b']}"))
    assert found(books.sale("101")).ledger_id == sold["Id"]


@pytest.mark.parametrize(
    ("address", "told"),
    [("ada@x.test", "ada@x.test"), ("ada@x.test, bob@x.test", None), ("a@x.test;b@x.test", None)],
)
def test_a_form_that_goes_to_several_addresses_tells_none(
    books: Reading, address: str, told: str | None
) -> None:
    books.write("Invoice", form("110", DocNumber="100", BillEmail={"Address": address}))
    assert found(books.sale()).customer_email == told


def test_a_stripe_customer_in_the_note(books: Reading) -> None:
    books.write("Invoice", form("110", DocNumber="100", PrivateNote="of cus_1A, paid"))
    assert found(books.sale()).customer_id == "cus_1A"


def test_our_own_sale_is_one(books: Reading) -> None:
    marked = {"PrivateNote": note("a", "invoice", "ch_1")}
    invoice = books.write("Invoice", form("110", DocNumber="100", **marked))
    assert found(books.sale()).ledger_id == invoice["Id"]


def test_a_query_that_lags_behind_finds_it_later() -> None:
    clock = Clock(NOON)
    with reading(clock=clock, moods=Moods(index_lag=60)) as books:
        books.write("Invoice", form("110", DocNumber="100"))
        assert books.sale() is None
        clock.advance(61)
        assert found(books.sale()).number == "100"
