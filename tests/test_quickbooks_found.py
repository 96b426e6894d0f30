"""Documents in QuickBooks Online: what each says, which leg it is, its debits and credits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from quickbooks_hands import CLEARING, INCOME, RECEIVABLES, TAX, form, item_line, pay_line, payment
from quickbooks_reading import INTO, KEYS, Reading, deposit, expense, journal, note, reading
from vendors.quickbooks.wire import Json

from connector.ledgers.contract import Found
from connector.ledgers.quickbooks_found import found
from connector.ledgers.quickbooks_movements import entries_of, movements
from connector.planning.mapping_model import AccountMap
from connector.planning.model import Entry

CHECKING = {"value": "1"}
DISCOUNTS = "Discounts given"


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def document(books: Reading, row: Json) -> Found:
    return books.run(books.ledger.find_documents([row["Id"]]))[row["Id"]]


def moves(found: Found) -> list[tuple[str, int]]:
    return [(e.account, e.debit_minor - e.credit_minor) for e in found.entries]


# ---------------------------------------------------------------------------------------------- what one says


def legs(found: Found) -> tuple[str | None, int, int, int]:
    return found.kind, found.amount_minor, found.income_minor, found.cash_minor


def test_which_leg_a_document_of_others_is(books: Reading) -> None:
    marked: Json = {"PrivateNote": "Stripe re_1"}
    memo = books.write("CreditMemo", form("110", **marked))
    receipt = books.write("RefundReceipt", form("110", DepositToAccountRef=INTO, **marked))
    elsewhere = books.write("RefundReceipt", form("110", DepositToAccountRef=CHECKING, **marked))
    told = {
        "memo": (memo, ("credit_memo", 11000, 11000, 0)),
        "receipt": (receipt, ("refund_receipt", 11000, 11000, 11000)),
        "out of another account": (elsewhere, ("refund_receipt", 11000, 11000, 0)),
        "invoice": (books.write("Invoice", form("110", **marked)), ("invoice", 11000, 0, 0)),
        "sold again": (
            books.write("SalesReceipt", form("110", DepositToAccountRef=INTO, **marked)),
            ("sales_receipt", 11000, 0, 0),
        ),
        "paid": (
            books.write("Payment", payment("110", DepositToAccountRef=INTO, **marked)),
            ("payment", 11000, 0, 0),
        ),
        "paid out": (books.pay_out("110", **marked), (None, 11000, 0, 11000)),
        "spent": (expense(books, (INCOME, "110"), **marked), (None, 11000, 11000, 11000)),
        "a fee": (expense(books, ("Stripe Fees", "3"), **marked), (None, 300, 0, 300)),
        "spent elsewhere": (
            expense(books, ("Discounts given", "110"), account=CHECKING, **marked),
            (None, 11000, 11000, 0),
        ),
        "journal": (
            journal(
                books, ("Debit", INCOME, "100"), ("Debit", TAX, "10"), ("Credit", CLEARING, "110"), **marked
            ),
            ("journal_entry", 11000, 10000, 11000),
        ),
        "from one income to another": (
            journal(books, ("Debit", INCOME, "9"), ("Credit", "Services", "9"), **marked),
            ("journal_entry", 900, 900, 0),
        ),
        "journal the other way": (
            journal(books, ("Debit", CLEARING, "110"), ("Credit", INCOME, "110"), **marked),
            ("journal_entry", 11000, 0, 0),
        ),
        "deposit out of clearing": (
            deposit(books, CHECKING, (CLEARING, "90"), **marked),
            (None, 9000, 0, 9000),
        ),
        "deposit less a refund": (
            deposit(books, CHECKING, (CLEARING, "90"), (INCOME, "-20"), **marked),
            (None, 7000, 2000, 9000),
        ),
    }
    found = books.run(books.ledger.find_documents([row["Id"] for row, _ in told.values()]))
    assert {name: legs(found[row["Id"]]) for name, (row, _) in told.items()} == {
        name: wanted for name, (_, wanted) in told.items()
    }
    assert {one.refund_id for one in found.values()} == {"re_1"}
    assert {one.document_key for one in found.values()} == {None}


def test_a_discount_lessens_what_a_memo_takes_of_income(books: Reading) -> None:
    off = {
        "Amount": Decimal(10),
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False},
    }
    memo = books.write("CreditMemo", {**form("1"), "Line": [item_line("100"), off]})
    assert legs(document(books, memo)) == ("credit_memo", 9000, 9000, 0)
    sale = books.write("Invoice", {**form("1"), "Line": [item_line("100"), off]})
    assert legs(document(books, sale)) == ("invoice", 9000, 0, 0)
    assert moves(document(books, sale)) == [(INCOME, -10000), (DISCOUNTS, 1000), (RECEIVABLES, 9000)]


def test_what_ours_say_of_themselves(books: Reading) -> None:
    marked = note("a", "credit_card_refund", "re_1", "ch_1", sale="100", number="100-1")
    found = document(books, books.pay_out("110", PrivateNote=marked))
    assert (found.document_key, found.kind, found.refund_id, found.charge_id) == (
        KEYS["a"],
        "credit_card_refund",
        "re_1",
        "ch_1",
    )
    # A purchase has no number here, and the note tells that of its refund.
    assert (found.number, found.sale_number, found.customer) == ("100-1", "100", "Ada")
    assert (found.posting_date, found.currency) == (date(2026, 3, 7), "usd")


def test_a_link_is_worth_what_it_links(books: Reading) -> None:
    memo = books.write("CreditMemo", form("110"))
    spent = books.pay_out("110")
    lines = (pay_line("110", "Expense", spent), pay_line("110", "CreditMemo", memo))
    link = books.write("Payment", payment("0", *lines, PrivateNote=note("a", "application", "re_1")))
    found = document(books, link)
    assert (found.kind, found.amount_minor, found.entries) == ("application", 11000, ())
    # The memo that is linked whole leaves the rest of it unapplied.
    lines = (
        pay_line("40", "Expense", books.pay_out("40")),
        pay_line("50", "CreditMemo", books.write("CreditMemo", form("50"))),
    )
    assert document(books, books.write("Payment", payment("0", *lines))).amount_minor == 5000


@pytest.mark.parametrize("kind", ["Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt"])
def test_entries_of_a_form(kind: str) -> None:
    """Income, tax, then the side of the total; a sale moves them the other way."""
    with reading(sales_tax="by_code") as books:
        money = {} if kind in ("Invoice", "CreditMemo") else {"DepositToAccountRef": INTO}
        tax = {"TxnTaxDetail": {"TotalTax": Decimal(10)}}
        marked = {"PrivateNote": f"Words [credit_memo; sale 100; lines 4 7-a] re_1 {KEYS['a']}"}
        row = books.write(
            kind, {**form("70"), "Line": [item_line("70"), item_line("30", "2")], **money, **tax, **marked}
        )
        found = document(books, row)
        sign = 1 if kind in ("CreditMemo", "RefundReceipt") else -1
        last = CLEARING if money else RECEIVABLES
        wanted = [(INCOME, 7000), ("Services", 3000), (TAX, 1000), (last, -11000)]
        assert moves(found) == [(account, sign * moved) for account, moved in wanted]
        assert found.line_ids == ("4", "7-a", None, None)
        assert {e.currency for e in found.entries} == {"usd"}


def test_entries_of_what_moves_money(books: Reading) -> None:
    assert moves(document(books, books.pay_out("110"))) == [(RECEIVABLES, 11000), (CLEARING, -11000)]
    spent = expense(books, ("Stripe Fees", "5"), (INCOME, "2"))
    assert moves(document(books, spent)) == [("Stripe Fees", 500), (INCOME, 200), (CLEARING, -700)]
    paid = books.write("Payment", payment("110", DepositToAccountRef=INTO))
    assert moves(document(books, paid)) == [(RECEIVABLES, -11000), (CLEARING, 11000)]
    lines = (("Credit", CLEARING, "5"), ("Credit", RECEIVABLES, "1"), ("Debit", "Exchange Gain or Loss", "6"))
    moved = document(books, journal(books, *lines))
    assert moves(moved) == [("Exchange Gain or Loss", 600), (RECEIVABLES, -100), (CLEARING, -500)]
    assert moved.customer == "Ada"
    given = document(books, deposit(books, INTO, ("Stripe Fees", "3")))
    assert moves(given) == [("Stripe Fees", -300), (CLEARING, 300)]


def test_exchange_stands_behind_the_tax_and_is_no_line_of_the_sale() -> None:
    with reading({"exchange_item": "Support"}, sales_tax="by_code") as books:
        tax = {"TxnTaxDetail": {"TotalTax": Decimal(10)}}
        marked = {"PrivateNote": f"Words [credit_memo; sale 100; lines 4] re_1 {KEYS['a']}"}
        lines = [item_line("5", "2"), item_line("100")]
        found = document(books, books.write("CreditMemo", {**form("1"), "Line": lines, **tax, **marked}))
        assert moves(found) == [(INCOME, 10000), (TAX, 1000), ("Services", 500), (RECEIVABLES, -11500)]
        assert found.line_ids == ("4", None, None, None)
        assert found.income_minor == 10000


def test_entries_of_a_foreign_memo_are_what_it_is_worth() -> None:
    with reading() as books:
        books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        books.write("Customer", {"DisplayName": "Eva", "CurrencyRef": {"value": "EUR"}})
        books.open()
        euro = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": Decimal("1.3333")}
        lines = [item_line("33.33"), item_line("33.33", "2"), item_line("33.34")]
        memo = books.write("CreditMemo", {**form("1", customer="3", **euro), "Line": lines})
        found = document(books, memo)
        assert (found.amount_minor, found.currency) == (10000, "eur")
        assert found.entries[-1] == Entry(RECEIVABLES, 0, 13333, "usd")
        assert sum(e.debit_minor for e in found.entries) == 13333
        books.open(clearing_accounts=AccountMap(by_currency={"eur": CLEARING}))
        assert document(books, memo).entries[-1] == Entry(RECEIVABLES, 0, 10000, "eur")


def test_a_purchase_out_of_clearing_is_worth_its_total_with_the_tax(books: Reading) -> None:
    line = {
        "Amount": Decimal(100),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": books.account(INCOME)},
    }
    row: Json = {
        "Id": "7",
        "TxnDate": "2026-03-07",
        "AccountRef": INTO,
        "TotalAmt": Decimal(120),
        "Line": [line],
    }
    directory, mapping = books.ledger.directory, books.ledger.mapping
    assert legs(found(row, "Purchase", directory, mapping)) == (None, 12000, 10000, 12000)
    moved = movements(row, "Purchase", directory, mapping)
    assert [(one.account, one.amount_minor) for one in moved] == [
        (INCOME, 10000),
        (TAX, 2000),
        (CLEARING, -12000),
    ]
    # What a vendor gives back goes the other way.
    assert legs(found({**row, "Credit": True}, "Purchase", directory, mapping)) == (None, 12000, 0, 0)


def test_a_deposit_out_of_undeposited_funds() -> None:
    with reading({"clearing_accounts": AccountMap("Undeposited Funds")}) as books:
        paid = books.write("Payment", payment("110"))
        link = {
            "LinkedTxn": [{"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
            "Amount": Decimal(110),
        }
        body = {"DepositToAccountRef": CHECKING, "TxnDate": "2026-03-07", "Line": [link]}
        one = document(books, books.write("Deposit", body))
        assert moves(one) == [("Undeposited Funds", -11000), ("Checking", 11000)]
        assert one.cash_minor == 11000


def test_a_foreign_journal_entry_shows_no_total(books: Reading) -> None:
    books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
    books.open()
    sides = (("Debit", INCOME, "100.00"), ("Debit", TAX, "0.01"), ("Credit", CLEARING, "100.01"))
    euro = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": Decimal("1.25")}
    row = {**journal(books, *sides, **euro), "TotalAmt": Decimal(0)}
    directory, mapping = books.ledger.directory, books.ledger.mapping
    entries, line_ids = entries_of(
        row, movements(row, "JournalEntry", directory, mapping), directory, mapping
    )
    assert [e.debit_minor - e.credit_minor for e in entries] == [12500, 1, -12501]
    assert {e.currency for e in entries} == {"usd"} and line_ids == (None, None, None)


def test_lines_that_the_note_does_not_tell_all(books: Reading) -> None:
    marked = {"PrivateNote": f"Words [credit_memo; sale 100; lines 4] re_1 {KEYS['a']}"}
    assert document(books, books.write("CreditMemo", form("1", "2", **marked))).line_ids == (None, None, None)


def test_accounts_where_the_mapping_gathers_refunds_are_income_and_those_of_exchange_are_not() -> None:
    with reading({"refunds": "cost of goods sold", "exchange": DISCOUNTS.upper()}) as books:
        spent = expense(books, ("Cost of Goods Sold", "5"), (DISCOUNTS, "2"))
        assert document(books, spent).income_minor == 500


def test_what_an_item_sold_is_income_on_whatever_account(books: Reading) -> None:
    """Advances are sold on a liability."""
    line = item_line("10", "77", ItemAccountRef=books.account(TAX))
    row: Json = {"Id": "7", "TxnDate": "2026-03-07", "TotalAmt": Decimal(10), "Line": [line]}
    assert found(row, "CreditMemo", books.ledger.directory, books.ledger.mapping).income_minor == 1000
