"""Documents that stand in Xero, by whatever hand, and the ways to find them.

https://developer.xero.com/documentation/api/accounting/requests-and-responses
An overpayment is known by its own id, and not by that of the bank transaction that brought it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from connector.ledgers.contract import Found, Steps
from connector.ledgers.days import EVER
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.marks import Note
from connector.ledgers.xero_copies import Copies
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_movements import Mover, paid_id
from connector.ledgers.xero_sale_heads import GUID
from connector.ledgers.xero_window import (
    CREDITS,
    OF_SALES,
    PLURALS,
    Window,
    is_gone,
    is_of_sales,
    money_of,
    spanned,
    stands,
)
from connector.ledgers.xero_wire import (
    any_of,
    ask,
    day_of,
    equals,
    find_ids,
    find_rows,
    has_more,
    id_of,
    is_quotable,
    part_of,
    read_rows,
    text_of,
)
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.money import is_known

KINDS = {
    "Invoices": "invoice",
    "CreditNotes": "credit_memo",
    "Payments": "payment",
    "Overpayments": "payment",
    "Prepayments": "payment",
    "SPEND": "refund_receipt",
    "RECEIVE": "sales_receipt",
}
NUMBERS = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}
# Documents of refunds may be dated before the day from which Stripe's objects are read: the invoice of a void.
EARLIER = timedelta(days=45)
BEFORE_REFUND = timedelta(days=3)


# ------------------------------------------------------------------------------------------------ what one says


def found(row: Row, plural: str, mover: Mover) -> Found:
    """A document; what it debits to income and credits to clearing says which leg it is."""
    note = read_reference(row)
    ours = note.document_key is not None
    moved = mover.movements(row, plural)
    number = text_of(row, NUMBERS.get(plural, "")) or (note.number if ours else None)
    currency = money_of(row, mover.home)
    contact = part_of(row, "Contact") or part_of(part_of(row, "Invoice"), "Contact")
    return Found(
        ledger_id=id_of(row, plural),
        document_key=note.document_key,
        kind=note.kind if ours and note.kind is not None else kind_of(row, plural),
        number=number,
        refund_id=next(iter(note.refund_ids), None),
        charge_id=next(iter(note.charge_ids), None),
        amount_minor=minor(row.get("Amount" if plural == "Payments" else "Total"), currency),
        currency=currency,
        posting_date=day_of(row),
        customer=text_of(contact, "Name"),
        # Where a refund's marks leave its sale out, its own number is not that.
        sale_number=note.sale if ours and note.refund_ids else note.sale or number,
        income_minor=max(mover.income(moved), 0),
        cash_minor=max(-mover.cash(moved), 0),
        voided=is_gone(row),
    )


def kind_of(row: Row, plural: str) -> str:
    """Of a document of others: a payment on a credit note, or of another credit, pays out."""
    if plural == "Payments" and row.get("PaymentType") != "ACCRECPAYMENT":
        return "refund_payout"
    return KINDS[str(row["Type"]) if plural == "BankTransactions" else plural]


def counts(row: Row, plural: str, home: str) -> bool:
    """Whether it is between us and a customer, in a currency that is known; ours also where it was voided or deleted,
    others only where it is in the books."""
    there = stands(row) or (is_gone(row) and read_reference(row).document_key is not None)
    return there and is_of_sales(row, plural) and is_known(money_of(row, home))


def is_ours_or_stripes(note: Note) -> bool:
    return bool(note.document_key or note.refund_ids or note.charge_ids)


# ------------------------------------------------------------------------------------------------ how it is found


def scan(
    cursor: str | None, start: date, directory: Directory, mapping: LedgerMapping, window: Window
) -> Steps[tuple[list[Found], str | None]]:
    """A page of what bears our key or the id of a refund or charge; the cursor is `Plural:page`. All that was read stays
    in the window: sales and refunds are looked for next. Raises `LedgerDown`."""
    plural, _, number = (cursor or f"{PLURALS[0]}:1").partition(":")
    page = int(number)
    days = (start - EARLIER, EVER)
    answer = yield ask(plural, spanned(days, OF_SALES.get(plural, "")), page)
    rows = read_rows(answer, plural)
    mover = Mover(directory, mapping)
    hits: list[Found] = []
    copies = window.copies if page > 1 else Copies()
    window.copies = copies
    for row in rows:
        if is_ours_or_stripes(read_reference(row)) and counts(row, plural, directory.home):
            hits += copies.without(found(row, plural, mover), row)
    more = has_more(answer, rows, page)
    if not more:
        hits += copies.that_stand_for_ours()
    window.keep_page(plural, page, rows, directory.home, None if more else days)
    if more:
        return hits, f"{plural}:{page + 1}"
    following = PLURALS[PLURALS.index(plural) + 1 :]
    return hits, f"{following[0]}:1" if following else None


def find_refunds(
    refunds: Mapping[str, date], directory: Directory, mapping: LedgerMapping, window: Window
) -> Steps[dict[str, list[Found]]]:
    """What bears these refund ids, of the days since the earliest; one that names several is the business of each."""
    hits: dict[str, list[Found]] = {}
    if not refunds:
        return hits
    since = min(refunds.values()) - BEFORE_REFUND
    for plural in PLURALS:
        yield from window.cover(plural, [(since, EVER)], directory.home)
    mover = Mover(directory, mapping, window.banks)
    for refund_id in refunds:
        for plural, row in window.carrying(refund_id, PLURALS):
            if stands(row):
                one = replace(found(row, plural, mover), refund_id=refund_id)
                hits.setdefault(refund_id, []).append(one)
    return hits


def find_documents(
    ledger_ids: Iterable[str], directory: Directory, mapping: LedgerMapping
) -> Steps[dict[str, Found]]:
    """By id, of whatever list; a person may name what is no id at all."""
    asked = {one.lower(): one for one in ledger_ids}
    missing = {i for i in asked if GUID.fullmatch(i)}
    window = Window()
    hits: dict[str, Found] = {}
    for plural in PLURALS:
        rows = [
            row
            for row in (yield from find_ids(plural, missing))
            if counts(row, plural, directory.home) and not is_gone(row)
        ]
        missing -= {id_of(row, plural) for row in rows}
        if plural in CREDITS:
            yield from window.find_banks({(plural, id_of(row, plural)): day_of(row) for row in rows})
        back = {paid_id(row) for row in rows if row.get("PaymentType") == "ARPREPAYMENTPAYMENT"}
        mover = Mover(directory, mapping, window.banks, (yield from find_ids("Prepayments", back)))
        for row in rows:
            entries, line_ids = mover.entries(row, plural, mover.movements(row, plural))
            one = replace(found(row, plural, mover), entries=entries, line_ids=line_ids)
            hits[asked[one.ledger_id]] = one
    return hits


def find_numbered(number: str, directory: Directory, mapping: LedgerMapping) -> Steps[list[Found]]:
    """Invoices with this number; where there is none, receipts that have it as their Reference; else overpayments."""
    rows = [("Invoices", row) for row in (yield from find_invoices(number))]
    mover = Mover(directory, mapping)
    hits = read_sales(rows, "InvoiceNumber", number, mover)
    if not hits and is_quotable(number):
        where = f'Type=="RECEIVE" AND {equals("Reference", number)}'
        receipts = yield from find_rows("BankTransactions", where)
        hits = read_sales([("BankTransactions", row) for row in receipts], "Reference", number, mover)
    if not hits and "," not in number:
        credits = yield from find_rows("Overpayments", References=number)
        hits = read_sales([("Overpayments", row) for row in credits], "Reference", number, mover)
    return hits


def find_invoices(number: str) -> Steps[list[Row]]:
    if "," not in number:
        return (yield from find_rows("Invoices", OF_SALES["Invoices"], InvoiceNumbers=number))
    rows: list[Row] = []
    for where in any_of([equals("InvoiceNumber", number)] if is_quotable(number) else ()):
        rows += yield from find_rows("Invoices", where)
    return rows


def read_sales(rows: Iterable[tuple[str, Row]], name: str, number: str, mover: Mover) -> list[Found]:
    """Those that have just this number, and are sales; Xero ignores capitals and accents."""
    hits = []
    for plural, row in rows:
        if row.get(name) == number and stands(row) and counts(row, plural, mover.home):
            one = found(row, plural, mover)
            if one.kind == kind_of(row, plural):
                hits.append(one)
    return hits
