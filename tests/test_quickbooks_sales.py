"""Sales in QuickBooks Online: how the document of a charge is found, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from quickbooks_hands import CLEARING, FUNDS, INCOME, RECEIVABLES, TAX, form, item_line, pay_line, payment
from quickbooks_reading import DAY, KEYS, Reading, note, reading
from vendors.quickbooks import Moods
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.wire import Json

from connector.ledgers.contract import Reference
from connector.ledgers.quickbooks_sales import Around, SaleReader
from connector.planning.mapping_model import AccountMap
from connector.planning.model import Sale, SaleLine

NOON = 1772798400.0
INTO = {"value": "2"}


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
    assert books.sale(ledger_id="what? '") is None
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


# ---------------------------------------------------------------------------------------------- how often is read


def references(count: int, **more: Any) -> list[Reference]:
    return [Reference(f"ch_{n}", "usd", f"A-{n}", (f"ch_{n}",), day=DAY, **more) for n in range(count)]


def test_a_thousand_sales_by_number_take_few_reads(books: Reading) -> None:
    for n in range(1000):
        if n % 2:
            books.put("SalesReceipt", form("5", DocNumber=f"A-{n}", DepositToAccountRef=INTO))
        else:
            invoice = books.put("Invoice", form("5", DocNumber=f"A-{n}"))
            books.put("Payment", payment("5", pay_line("5", "Invoice", invoice), DepositToAccountRef=INTO))
    sales = books.run(books.ledger.find_sales(references(1000)))
    # Of invoices, receipts and payments 200 at once.
    assert len(books.carried) == 5 + 3 + 3
    assert {charge_id: found(sale).number for charge_id, sale in sales.items()} == {
        f"ch_{n}": f"A-{n}" for n in range(1000)
    }
    assert all(found(sale).payments for sale in sales.values())


def test_more_than_a_page_by_stripe_id_and_each_day_once(books: Reading) -> None:
    for n in range(1100):
        books.put("SalesReceipt", form("5", PrivateNote=f"ch_{n}"))
    asked = references(1100)
    sales = books.run(books.ledger.find_sales(asked[:600]))
    assert all(found(sale).payments[0].charge_ids == (charge_id,) for charge_id, sale in sales.items())
    by_day = [text for text in books.carried if "TxnDate" in text]
    assert len([text for text in by_day if "FROM SalesReceipt" in text]) == 2
    assert len(by_day) == 4
    books.carried.clear()
    assert None not in books.run(books.ledger.find_sales(asked[600:])).values()
    assert [text for text in books.carried if "TxnDate" in text] == []
    # A day more is asked for alone.
    later = [Reference("ch_x", "usd", None, ("ch_x",), day=DAY.replace(day=7))]
    books.run(books.ledger.find_sales(later))
    assert "TxnDate >= '2026-03-17' AND TxnDate <= '2026-03-17'" in books.carried[-1]
    # The next survey begins anew.
    books.run(books.ledger.survey())
    books.carried.clear()
    books.run(books.ledger.find_sales(later))
    assert len([text for text in books.carried if "TxnDate" in text]) == 4


def test_payments_of_a_customer_are_read_once(books: Reading) -> None:
    books.write("Invoice", form("110", DocNumber="100"))
    books.write("Invoice", form("120", DocNumber="101"))
    for n in range(150):
        books.put("Payment", payment("1", PrivateNote=f"ch_{n}"))
    free = books.put("Payment", payment("110"))
    assert [p.ledger_id for p in found(books.sale(charge_id="ch_x")).payments] == [free["Id"]]
    books.carried.clear()
    assert [p.ledger_id for p in found(books.sale("101", charge_id="ch_y")).payments] == [free["Id"]]
    assert [text for text in books.carried if "FROM Payment" in text] == []
    assert books.sale("nothing", day=None) is None


# ---------------------------------------------------------------------------------------------- payments


def test_several_charges_pay_one_invoice(books: Reading) -> None:
    invoice = books.write("Invoice", form("110", DocNumber="100"))
    late = payment("70", pay_line("70", "Invoice", invoice), PrivateNote="pi_2", DepositToAccountRef=INTO)
    second = books.write("Payment", {**late, "TxnDate": "2026-03-08"})
    first = books.write("Payment", payment("50", pay_line("40", "Invoice", invoice), PaymentRefNum="ch_1"))
    sale = found(books.sale())
    told = [(p.ledger_id, p.amount_minor, p.charge_ids, p.account, p.applied) for p in sale.payments]
    # The whole of a payment is what its charge was, also where it is applied in part.
    assert told == [
        (first["Id"], 5000, ("ch_1",), FUNDS, True),
        (second["Id"], 7000, ("pi_2",), CLEARING, True),
    ]
    assert sale.balance_minor == 0


def test_undeposited_funds_are_the_clearing_account_where_they_are_mapped() -> None:
    """However a person has spelled it."""
    with reading({"clearing_accounts": AccountMap("undeposited FUNDS")}) as books:
        invoice = books.write("Invoice", form("110", DocNumber="100"))
        books.write("Payment", payment("110", pay_line("110", "Invoice", invoice)))
        sale = found(books.sale())
        assert sale.payments[0].account == "undeposited FUNDS"
        # What names no account went there too.
        row = {
            name: what
            for name, what in books.company.documents("Payment")[0].items()
            if name != "DepositToAccountRef"
        }
        reader = SaleReader(books.ledger.directory, books.ledger.mapping, books.ledger.window(), Around())
        assert reader.read_payment(row, True).account == "undeposited FUNDS"


def test_an_open_invoice_gets_the_free_payments_of_its_customer(books: Reading) -> None:
    invoice = books.write("Invoice", form("110", DocNumber="100"))
    own = books.write("Payment", payment("110", PrivateNote="ch_1"))
    free = books.write("Payment", payment("30"))
    elsewhere = books.write("Invoice", form("110", DocNumber="101"))
    books.write("Payment", payment("110", pay_line("110", "Invoice", elsewhere)))
    books.write("Payment", payment("30", PrivateNote="ch_2"))
    books.write("Payment", payment("30", customer="2"))
    books.write("Payment", {**payment("30"), "TxnDate": "2026-03-02"})
    books.write("Payment", payment("30", PrivateNote=note("a", "reversal of refund_payout", "re_2", "ch_2")))
    back = books.write(
        "Payment", payment("30", PrivateNote=note("b", "reversal of reopen_invoice", "re_1", "ch_1"))
    )
    sale = found(books.sale())
    assert [p.ledger_id for p in sale.payments] == [own["Id"], free["Id"], back["Id"]]
    assert not any(p.applied for p in sale.payments)
    assert sale.ledger_id == invoice["Id"] and sale.balance_minor == 11000
    without = found(books.sale(without=(KEYS["b"],)))
    assert [p.ledger_id for p in without.payments] == [own["Id"], free["Id"]]


def test_a_payment_that_an_expense_has_taken_is_still_the_charges(books: Reading) -> None:
    """So it is after the invoice was opened again."""
    books.write("Invoice", form("110", DocNumber="100"))
    spent = books.pay_out("110")
    own = books.write("Payment", payment("110", pay_line("110", "Expense", spent), PrivateNote="ch_1"))
    sale = found(books.sale())
    assert [(p.ledger_id, p.applied) for p in sale.payments] == [(own["Id"], False)]


def test_a_paid_invoice_asks_for_no_other_payments(books: Reading) -> None:
    books.paid_invoice("110", DocNumber="100")
    books.write("Payment", payment("110"))
    assert len(found(books.sale()).payments) == 1
    assert not any("CustomerRef" in text for text in books.carried)


# ---------------------------------------------------------------------------------------------- voids


def test_a_void_invoice_with_the_payment_that_it_set_free(books: Reading) -> None:
    invoice, paid = books.paid_invoice("110", DocNumber="100")
    assert not found(books.sale()).void
    books.void(invoice)
    books.open()
    sale = found(books.sale())
    assert (sale.void, sale.total_minor, sale.balance_minor, sale.lines) == (True, 0, 0, ())
    assert [(p.ledger_id, p.applied) for p in sale.payments] == [(paid["Id"], False)]


def test_a_word_makes_no_void_and_a_free_invoice_is_none(books: Reading) -> None:
    books.write("Invoice", form("110", DocNumber="100", PrivateNote="Voided - and written anew"))
    assert not found(books.sale()).void
    rebate = {
        "Amount": Decimal(5),
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False},
    }
    books.write("Invoice", {**form("5", DocNumber="101"), "Line": [item_line("5"), rebate]})
    assert not found(books.sale("101")).void


@pytest.mark.parametrize("part", ["void", "voided_invoice"])
def test_a_void_of_ours_that_was_taken_back(books: Reading, part: str) -> None:
    """The refund failed: the invoice stands again as another one, with the charge's payment on it."""
    invoice = books.write("Invoice", form("110", DocNumber="100"))
    books.void(invoice)
    marked = {"PrivateNote": note("a", f"reversal of {part}", "re_1", "ch_1"), "TxnDate": "2026-04-10"}
    again = books.write("Invoice", {**form("110", DocNumber="100-R"), **marked})
    marked["PrivateNote"] = note("b", "reversal of void", "re_1", "ch_1")
    paid = books.write(
        "Payment", {**payment("110", pay_line("110", "Invoice", again), DepositToAccountRef=INTO), **marked}
    )
    sale = found(books.sale())
    assert (sale.ledger_id, sale.number, sale.void, sale.total_minor) == (again["Id"], "100", False, 11000)
    assert [(p.ledger_id, p.charge_ids, p.applied) for p in sale.payments] == [(paid["Id"], ("ch_1",), True)]
    assert found(books.sale(charge_id="ch_2")).void
    assert found(books.sale(without=(KEYS["a"], KEYS["b"]))).ledger_id == invoice["Id"]


# ---------------------------------------------------------------------------------------------- taken back


def apply(books: Reading, invoice: Json, memo: Json, amount: str, **more: Any) -> Json:
    lines = (pay_line(amount, "Invoice", invoice), pay_line(amount, "CreditMemo", memo))
    return books.write("Payment", payment("0", *lines, **more))


def test_memos_of_others_that_are_applied(books: Reading) -> None:
    invoice = books.write("Invoice", form("110", DocNumber="100"))
    whole = books.write("CreditMemo", form("20", DocNumber="M-1", PrivateNote="goodwill re_9"))
    part = books.write("CreditMemo", form("50", DocNumber="M-2"))
    ours = books.write("CreditMemo", form("30", PrivateNote=note("a", "credit_memo", "re_1", "ch_1")))
    apply(books, invoice, whole, "20")
    apply(books, invoice, part, "15")
    apply(books, invoice, ours, "30", PrivateNote=note("b", "application", "re_1", "ch_1"))
    sale = found(books.sale())
    told = [(b.ledger_id, b.kind, b.amount_minor, b.number, b.refund_id) for b in sale.booked]
    assert told == [
        (whole["Id"], "credit_memo", 2000, "M-1", "re_9"),
        (part["Id"], "credit_memo", 1500, "M-2", None),
    ]
    assert sale.payments == ()
    assert sale.balance_minor == 4500
    for without in ((KEYS["a"],), (KEYS["b"],), (KEYS["a"], KEYS["b"])):
        assert found(books.sale(without=without)).balance_minor == 7500


def test_one_payment_that_applies_a_memo_to_two_invoices(books: Reading) -> None:
    invoices = [books.write("Invoice", form("40", DocNumber=number)) for number in ("100", "101")]
    memo = books.write("CreditMemo", form("50"))
    amounts = ("40", "10")
    lines = [pay_line(a, "Invoice", one) for a, one in zip(amounts, invoices, strict=True)]
    books.write("Payment", payment("0", *lines, pay_line("50", "CreditMemo", memo)))
    assert [b.amount_minor for b in found(books.sale("100")).booked] == [4000]
    assert [b.amount_minor for b in found(books.sale("101")).booked] == [1000]


def test_receipts_of_others_that_name_the_charge_where_their_days_were_read(books: Reading) -> None:
    books.paid_invoice("110", DocNumber="100")
    body = form("15", DocNumber="R-1", PrivateNote="for ch_1", DepositToAccountRef=INTO)
    theirs = books.write("RefundReceipt", body)
    ours = {"PrivateNote": note("a", "refund_receipt", "re_1", "ch_1"), "DocNumber": "R-2"}
    books.write("RefundReceipt", {**body, **ours})
    assert found(books.sale()).booked == ()
    books.run(books.ledger.find_refunds({"re_1": DAY}))
    (booked,) = found(books.sale()).booked
    assert (booked.ledger_id, booked.kind, booked.amount_minor) == (theirs["Id"], "refund_receipt", 1500)


def test_our_payment_that_is_to_be_replaced_is_left_out(books: Reading) -> None:
    invoice = books.write("Invoice", form("110", DocNumber="100"))
    marked = {"PrivateNote": note("a", "reversal of reopen_invoice", "re_1", "ch_1")}
    books.write("Payment", payment("50", pay_line("50", "Invoice", invoice), **marked))
    assert found(books.sale()).balance_minor == 6000
    sale = found(books.sale(without=(KEYS["a"],)))
    assert (sale.balance_minor, sale.payments) == (11000, ())
