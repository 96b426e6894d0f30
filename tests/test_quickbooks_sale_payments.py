"""What stands against a sale in QuickBooks Online: its payments, voids, and what others took back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from quickbooks_hands import CLEARING, FUNDS, form, item_line, pay_line, payment
from quickbooks_reading import DAY, INTO, KEYS, Reading, note, reading
from vendors.quickbooks.wire import Json

from connector.ledgers.quickbooks_sales import Around, SaleReader
from connector.planning.mapping_model import AccountMap
from connector.planning.model import Sale


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as found:
        yield found


def found(sale: Sale | None) -> Sale:
    assert sale is not None
    return sale


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
    books.void(again)
    assert found(books.sale()).ledger_id == invoice["Id"]


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
    # The invoice of Stripe's may be that of several charges.
    books.write("RefundReceipt", {**body, "PrivateNote": "of in_1", "DocNumber": "R-3"})
    books.run(books.ledger.find_refunds({"re_1": DAY}))
    (booked,) = found(books.sale(stripe_ids=("ch_1", "in_1"))).booked
    assert (booked.ledger_id, booked.kind, booked.amount_minor) == (theirs["Id"], "refund_receipt", 1500)


def test_our_payment_that_is_to_be_replaced_is_left_out(books: Reading) -> None:
    invoice = books.write("Invoice", form("110", DocNumber="100"))
    marked = {"PrivateNote": note("a", "reversal of reopen_invoice", "re_1", "ch_1")}
    books.write("Payment", payment("50", pay_line("50", "Invoice", invoice), **marked))
    assert found(books.sale()).balance_minor == 6000
    sale = found(books.sale(without=(KEYS["a"],)))
    assert (sale.balance_minor, sale.payments) == (11000, ())
