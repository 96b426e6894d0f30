"""Documents in Xero: what each says, which leg it is, its debits and credits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from xero_hands import CLEARING, RECEIVABLES, SALES, TAX, credit, form, line, pay, spend
from xero_reading import FULL_TAX, KEYS, Reading, note, reading

from connector.ledgers.contract import Found
from connector.planning.mapping_model import AccountMap


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def moves(found: Found) -> list[tuple[str, int]]:
    return [(e.account, e.debit_minor - e.credit_minor) for e in found.entries]


def legs(found: Found) -> tuple[str | None, int, int, int]:
    return found.kind, found.amount_minor, found.income_minor, found.cash_minor


# ---------------------------------------------------------------------------------------------- what one says


def test_which_leg_a_document_of_others_is(books: Reading) -> None:
    marked = {"Reference": "Stripe re_1"}
    over = books.overpaid("110", "re_1")["OverpaymentID"]
    told: dict[str, tuple[str, int, int, int]] = {
        books.memo(**marked)["CreditNoteID"]: ("credit_memo", 11000, 11000, 0),
        books.paid_out(**marked)["PaymentID"]: ("refund_payout", 11000, 0, 11000),
        books.paid_out(account="091", **marked)["PaymentID"]: ("refund_payout", 11000, 0, 0),
        books.spent("200", "110", **marked)["BankTransactionID"]: ("refund_receipt", 11000, 11000, 11000),
        books.spent("200", "110", "091", **marked)["BankTransactionID"]: ("refund_receipt", 11000, 11000, 0),
        books.spent("404", "3", **marked)["BankTransactionID"]: ("refund_receipt", 300, 0, 300),
        books.spent("880", "5", **marked)["BankTransactionID"]: ("refund_receipt", 500, 0, 500),
        books.received("110", **marked)["BankTransactionID"]: ("sales_receipt", 11000, 0, 0),
        books.invoice(number="101", **marked)["InvoiceID"]: ("invoice", 11000, 0, 0),
        books.paid(books.invoice(number="102"), **marked)["PaymentID"]: ("payment", 11000, 0, 0),
        books.write("Payments", {**pay("110", Overpayment={"OverpaymentID": over}), **marked})["PaymentID"]: (
            "refund_payout",
            11000,
            0,
            11000,
        ),
        over: ("payment", 11000, 0, 0),
    }
    found = books.documents(*told)
    assert {ledger_id: legs(one) for ledger_id, one in found.items()} == told
    assert {one.refund_id for one in found.values()} == {"re_1"}
    assert {(one.document_key, one.voided) for one in found.values()} == {(None, False)}
    # Five lists until all were found, and bank transactions for the account of the overpayment.
    assert len(books.carried) == 6


def test_what_is_spent_on_where_the_mapping_gathers_refunds_is_income(books: Reading) -> None:
    row = books.spent("880", "5", Reference="re_1")
    books.open(refunds="Owner's Funds")
    assert legs(books.documents(row["BankTransactionID"])[row["BankTransactionID"]])[2] == 500


def test_what_ours_say_of_themselves(books: Reading) -> None:
    marked = note("a", "credit_card_refund", "re_1", "ch_1", number="100-1", sale="100")
    payment = books.paid_out(Reference=marked)
    (found,) = books.documents(payment["PaymentID"]).values()
    assert (found.document_key, found.kind, found.refund_id, found.charge_id) == (
        KEYS["a"],
        "credit_card_refund",
        "re_1",
        "ch_1",
    )
    # A payment has no number, and the marks tell that of its refund.
    assert (found.number, found.sale_number, found.customer) == ("100-1", "100", "Ada")
    assert (found.posting_date, found.currency) == (date(2026, 3, 6), "usd")
    fee = books.spent("404", "3.49", Reference=note("b", "fee", "ch_1"))
    (found,) = books.documents(fee["BankTransactionID"]).values()
    assert (found.kind, found.income_minor, found.cash_minor, found.number) == ("fee", 0, 349, None)


def test_numbers_are_those_of_the_object(books: Reading) -> None:
    one = books.memo(
        CreditNoteNumber="100-9", Reference=note("a", "credit_memo", "re_1", number="100", sale="100")
    )
    (found,) = books.documents(one["CreditNoteID"]).values()
    assert (found.number, found.sale_number) == ("100-9", "100")


@pytest.mark.parametrize("kind", ["Invoices", "CreditNotes", "SPEND", "RECEIVE"])
def test_entries_of_lines(books: Reading, kind: str) -> None:
    """Income, tax, then the side of the total; a sale moves them the other way."""
    given = {
        "LineAmountTypes": "Inclusive",
        "LineItems": [line("55", **FULL_TAX), line("55", AccountCode="260", **FULL_TAX)],
        "Reference": f"re_1 {KEYS['a']} [credit_memo; sale 100; lines 4 7-a]",
    }
    if kind in ("SPEND", "RECEIVE"):
        plural, body = "BankTransactions", {**spend(kind=kind), **given}
    else:
        plural, body = kind, {**form(kind="ACCREC" if kind == "Invoices" else "ACCRECCREDIT"), **given}
    row = books.write(plural, body)
    (found,) = books.documents(row[f"{plural[:-1]}ID"]).values()
    sign = 1 if kind in ("CreditNotes", "SPEND") else -1
    last = CLEARING if plural == "BankTransactions" else RECEIVABLES
    assert moves(found) == [
        (SALES, sign * 5000),
        ("Other Revenue", sign * 5000),
        (TAX, sign * 1000),
        (last, sign * -11000),
    ]
    assert found.line_ids == ("4", "7-a", None, None)


def test_exchange_stands_before_the_side_of_the_total(books: Reading) -> None:
    lines = [line("100"), line("5", AccountCode="499"), line("20", AccountCode="260")]
    marked = f"re_1 {KEYS['a']} [credit_memo; lines 1 2]"
    row = books.write("CreditNotes", {**credit(), "LineItems": lines, "Reference": marked})
    (found,) = books.documents(row["CreditNoteID"]).values()
    assert moves(found) == [
        (SALES, 10000),
        ("Other Revenue", 2000),
        ("Exchange Gain or Loss", 500),
        (RECEIVABLES, -12500),
    ]
    assert found.line_ids == ("1", "2", None, None)
    assert found.income_minor == 12000


def test_line_ids_only_where_the_marks_tell_them_all(books: Reading) -> None:
    row = books.memo(Reference=f"re_1 {KEYS['a']} [credit_memo; lines 1 2]")
    (found,) = books.documents(row["CreditNoteID"]).values()
    assert found.line_ids == (None, None)


def test_entries_of_payments_and_credits(books: Reading) -> None:
    payment = books.paid(books.invoice())
    out = books.paid_out()
    over = books.overpaid("30")
    found = books.documents(payment["PaymentID"], out["PaymentID"], over["OverpaymentID"])
    assert moves(found[payment["PaymentID"]]) == [(RECEIVABLES, -11000), (CLEARING, 11000)]
    assert moves(found[out["PaymentID"]]) == [(RECEIVABLES, 11000), (CLEARING, -11000)]
    assert moves(found[over["OverpaymentID"]]) == [(RECEIVABLES, -3000), (CLEARING, 3000)]


def test_what_is_foreign_is_worth_what_it_moves_in_the_books() -> None:
    with reading(currencies=("EUR",)) as books:
        given = credit("90", CurrencyCode="EUR", CurrencyRate=Decimal("0.9"), Reference="re_1")
        note_ = books.write("CreditNotes", given)
        paid = books.write("Payments", {**pay("90", CreditNote=note_), "BankAmount": Decimal("102.50")})
        found = books.documents(note_["CreditNoteID"], paid["PaymentID"])
        memo_, payout = found[note_["CreditNoteID"]], found[paid["PaymentID"]]
        assert (memo_.amount_minor, memo_.currency, payout.amount_minor, payout.currency) == (
            9000,
            "eur",
            9000,
            "eur",
        )
        assert moves(memo_) == [(SALES, 10000), (RECEIVABLES, -10000)]
        assert moves(payout) == [(RECEIVABLES, 10250), (CLEARING, -10250)]
        assert {e.currency for e in (*memo_.entries, *payout.entries)} == {"usd"}
        # Where Stripe keeps a balance in the currency, that is what counts.
        by_currency = AccountMap(by_currency={"eur": CLEARING, "usd": CLEARING})
        books.open(clearing_accounts=by_currency)
        assert moves(books.documents(paid["PaymentID"])[paid["PaymentID"]]) == [
            (RECEIVABLES, 9000),
            (CLEARING, -9000),
        ]
