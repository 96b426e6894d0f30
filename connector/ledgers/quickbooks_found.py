"""Documents that stand in QuickBooks Online, by whatever hand, and the ways to find them.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from connector.ledgers.contract import Found, Steps
from connector.ledgers.days import EVER
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.marks import Note
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_movements import entries_of, is_income, movements
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_sale_heads import linked
from connector.ledgers.quickbooks_sale_lines import part_of, rows_of
from connector.ledgers.quickbooks_window import ENTITIES, SOLD, Window
from connector.ledgers.quickbooks_wire import PAGE, currency_of, day_of, find_by, read_rows, select
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.money import is_known

KINDS = {
    "Invoice": "invoice",
    "SalesReceipt": "sales_receipt",
    "CreditMemo": "credit_memo",
    "RefundReceipt": "refund_receipt",
    "Payment": "payment",
    "JournalEntry": "journal_entry",
}
GIVEN_BACK = ("CreditMemo", "RefundReceipt")
# What a payment links as owed by the customer, and as owed to them.
OWED, CREDITS = ("Invoice", "Expense", "Check"), ("CreditMemo", "CreditCardCredit", "JournalEntry")
# Documents of refunds may be dated before the day from which Stripe's objects are read: the invoice of a void.
EARLIER = timedelta(days=45)
BEFORE_REFUND = timedelta(days=3)


# ------------------------------------------------------------------------------------------------ what one says


def found(row: Row, entity: str, directory: Directory, mapping: LedgerMapping) -> Found:
    """A transaction; what it debits to income and credits to clearing says which leg it is."""
    note = read_note(row)
    ours = note.document_key is not None
    moved = movements(row, entity, directory, mapping)
    clearing = {directory.accounts.find(name) for name in mapping.clearing_accounts.accounts()} - {None}
    cash = sum(one.amount_minor for one in moved if directory.accounts.find(one.account) in clearing)
    income = [one.amount_minor for one in moved if is_income(one, directory, mapping)]
    number = row.get("DocNumber") or (note.number if ours else None)
    if entity == "JournalEntry":
        # Its lines are not of one form: what one line takes back, another may sell.
        income = [amount for amount in income if amount > 0]
    return Found(
        ledger_id=str(row["Id"]),
        document_key=note.document_key,
        kind=note.kind if ours and note.kind is not None else KINDS.get(entity),
        number=str(number) if number else None,
        refund_id=next(iter(note.refund_ids), None),
        charge_id=next(iter(note.charge_ids), None),
        amount_minor=amount_of(row, entity, directory),
        currency=currency_of(row, directory.preferences.home),
        posting_date=day_of(row),
        customer=customer_of(row, entity),
        sale_number=note.sale or (str(number) if number else None),
        income_minor=max(sum(income), 0),
        cash_minor=max(-cash, 0),
    )


def amount_of(row: Row, entity: str, directory: Directory) -> int:
    """The total; of a payment of nothing what it applies, of a journal entry its debits."""
    currency = currency_of(row, directory.preferences.home)
    if entity == "JournalEntry":
        return sum(
            minor(line.get("Amount"), currency)
            for line in rows_of(row, "Line")
            if part_of(line, "JournalEntryLineDetail").get("PostingType") == "Debit"
        )
    total = minor(row.get("TotalAmt"), currency)
    if entity != "Payment" or total:
        return total
    sides = (
        sum(minor(line.get("Amount"), currency) for kind in side for _, line in linked(row, kind))
        for side in (OWED, CREDITS)
    )
    return max(sides)


def customer_of(row: Row, entity: str) -> str | None:
    named = part_of(row, "EntityRef" if entity == "Purchase" else "CustomerRef").get("name")
    if entity == "JournalEntry":
        details = (part_of(line, "JournalEntryLineDetail") for line in rows_of(row, "Line"))
        names = (part_of(part_of(one, "Entity"), "EntityRef").get("name") for one in details)
        named = next((name for name in names if name), None)
    return str(named) if named else None


def is_ours_or_stripes(note: Note) -> bool:
    return bool(note.document_key or note.refund_ids or note.charge_ids)


# ------------------------------------------------------------------------------------------------ how it is found


def scan(
    cursor: str | None, start: date, directory: Directory, mapping: LedgerMapping
) -> Steps[tuple[list[Found], str | None]]:
    """A page of what bears our key or the id of a refund or charge; the cursor is `entity:position`."""
    entity, _, position = (cursor or f"{ENTITIES[0]}:1").partition(":")
    home = directory.preferences.home
    where = f"TxnDate >= '{start - EARLIER}' ORDERBY Id"
    rows = read_rows((yield select(entity, where, int(position))), entity)
    page = [
        found(row, entity, directory, mapping)
        for row in rows
        if is_ours_or_stripes(read_note(row)) and is_known(currency_of(row, home))
    ]
    if len(rows) == PAGE:
        return page, f"{entity}:{int(position) + PAGE}"
    following = ENTITIES[ENTITIES.index(entity) + 1 :]
    return page, f"{following[0]}:1" if following else None


def find_refunds(
    refunds: Mapping[str, date], directory: Directory, mapping: LedgerMapping, window: Window
) -> Steps[dict[str, list[Found]]]:
    """What bears these refund ids, of the days since the earliest; one that names several is the business of each."""
    hits: dict[str, list[Found]] = {}
    if not refunds:
        return hits
    since = min(refunds.values()) - BEFORE_REFUND
    for entity in ENTITIES:
        yield from window.cover(entity, [(since, EVER)], directory.preferences.home)
    for refund_id in refunds:
        for entity, row in window.carrying(refund_id, ENTITIES):
            one = replace(found(row, entity, directory, mapping), refund_id=refund_id)
            hits.setdefault(refund_id, []).append(one)
    return hits


def find_documents(
    ledger_ids: Iterable[str], directory: Directory, mapping: LedgerMapping
) -> Steps[dict[str, Found]]:
    """By Id, which is one over all kinds of transactions; a person may name what is no Id at all."""
    asked = set(ledger_ids)
    missing = {i for i in asked if i.isascii() and i.isdecimal()}
    home = directory.preferences.home
    hits: dict[str, Found] = {}
    for entity in ENTITIES:
        for row in (yield from find_by(entity, "Id", missing - hits.keys())):
            if str(row["Id"]) in missing and is_known(currency_of(row, home)):
                moved = movements(row, entity, directory, mapping)
                entries, line_ids = entries_of(row, moved, directory, mapping)
                one = found(row, entity, directory, mapping)
                hits[one.ledger_id] = replace(one, entries=entries, line_ids=line_ids)
    return hits


def find_numbered(number: str, directory: Directory, mapping: LedgerMapping) -> Steps[list[Found]]:
    """Invoices and receipts with this number; a payment by its reference number where there is none."""
    hits: list[Found] = []
    for entity, field in (*((entity, "DocNumber") for entity in SOLD), ("Payment", "PaymentRefNum")):
        if entity == "Payment" and hits:
            break
        for row in (yield from find_by(entity, field, [number])):
            if row.get(field) == number and is_known(currency_of(row, directory.preferences.home)):
                one = found(row, entity, directory, mapping)
                if one.kind in KINDS.values() and one.kind == KINDS[entity]:
                    hits.append(one)
    return hits


def numbers_taken(
    scope: str,
    numbers: Sequence[str],
    directory: Directory,
    mapping: LedgerMapping,
    shared_numbers: bool = False,
) -> Steps[dict[str, Found]]:
    """Which numbers others hold. Where a company numbers by hand QuickBooks refuses duplicates itself, and nothing is
    read, but for numbers of sales that a refund may not have either (`shared_numbers`): there our own sales count too.
    """
    refused = directory.preferences.custom_numbers
    own, shared = (SOLD, ()) if scope == "sale" else (GIVEN_BACK, SOLD if shared_numbers else ())
    home = directory.preferences.home
    wanted = set(numbers)
    hits: dict[str, Found] = {}
    for entity in (*(() if refused else own), *shared):
        for row in (yield from find_by(entity, "DocNumber", wanted)):
            number = str(row.get("DocNumber") or "")
            ours = read_note(row).document_key is not None
            if number in wanted and is_known(currency_of(row, home)) and (entity in shared or not ours):
                hits.setdefault(number, found(row, entity, directory, mapping))
    return hits
