"""Documents that stand in NetSuite, by whatever hand, and the ways to find them.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from connector.ledgers.contract import Found, Steps
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_movements import Mover
from connector.ledgers.netsuite_records import Detail, Head, Reader
from connector.ledgers.netsuite_survey import learn_accounts, learn_items
from connector.ledgers.netsuite_wire import split_id
from connector.planning.mapping_model import Mapping as LedgerMapping

# Of documents that others wrote.
KINDS = {
    "invoice": "invoice",
    "cashSale": "sales_receipt",
    "creditMemo": "credit_memo",
    "cashRefund": "refund_receipt",
    "customerPayment": "payment",
    "customerDeposit": "payment",
    "customerRefund": "refund_payout",
    "journalEntry": "journal_entry",
    "depositApplication": "application",
}
SCOPES: dict[str, tuple[str, ...]] = {
    "sale": ("invoice", "cashSale"),
    "refund": ("creditMemo", "cashRefund", "customerRefund"),
}
# Documents of refunds may be dated before the day from which Stripe's objects are read: the invoice of a void.
EARLIER = timedelta(days=45)
BEFORE_REFUND = timedelta(days=3)


def found(head: Head, detail: Detail | None, mover: Mover) -> Found:
    """A document; what it debits to income and credits to clearing says which leg it is, where its lines were read."""
    note = head.note
    ours = note.document_key is not None
    number = note.number if ours and note.number is not None else head.number
    replaced = ours and head.record != "customer" and number is not None and head.number != number
    moved = mover.movements(head, detail) if detail is not None and not head.voided else []
    return Found(
        ledger_id=head.ledger_id,
        document_key=note.document_key,
        kind=note.kind if ours and note.kind is not None else KINDS[head.record],
        number=number,
        refund_id=next(iter(note.refund_ids), None),
        charge_id=next(iter(note.charge_ids), None),
        amount_minor=head.total_minor,
        currency=head.currency,
        posting_date=head.day,
        customer=head.customer,
        # Where a refund's marks leave its sale out, its own number is not that.
        sale_number=note.sale if ours and note.refund_ids else note.sale or number,
        income_minor=max(mover.income(head.record, moved), 0),
        cash_minor=max(-mover.cash(moved), 0),
        voided=head.voided,
        replaced_number=head.number if replaced else None,
    )


def is_ours_or_stripes(head: Head) -> bool:
    note = head.note
    return bool(note.document_key or note.refund_ids or note.charge_ids)


def is_there(head: Head) -> bool:
    """Whether it is in the books; ours also where it waits for an approval. What only ties a deposit to an invoice moves no
    money."""
    there = head.stands or (not head.voided and head.note.document_key is not None)
    return there and head.record != "depositApplication"


def counts(head: Head) -> bool:
    """The same; ours also where it was voided."""
    return is_there(head) or (head.voided and head.note.document_key is not None)


# ------------------------------------------------------------------------------------------------ how it is found


def read_founds(
    heads: Sequence[Head], directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[list[Found]]:
    """Documents with what they move; of forms and journals their lines are read."""
    wanted = [head for head in heads if not head.voided]
    details = yield from read_details(wanted, directory, reader)
    mover = Mover(directory, mapping)
    return [found(head, details.get(head.ledger_id), mover) for head in heads]


def read_details(heads: Iterable[Head], directory: Directory, reader: Reader) -> Steps[dict[str, Detail]]:
    """The lines of these, and what must be known to show their accounts and items."""
    heads = list(heads)
    if not heads:
        return {}
    details = yield from reader.details([head.ledger_id for head in heads])
    lines = [line for detail in details.values() for line in detail.lines]
    yield from learn_items(directory, [line.item for line in lines if line.item is not None])
    accounts = [line.account for line in lines] + [head.account for head in heads]
    yield from learn_accounts(directory, [one for one in accounts if one is not None])
    return details


def scan(
    cursor: str | None, start: date, directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[tuple[list[Found], str | None]]:
    """A page of what bears our key or the id of a refund or charge. Raises `LedgerDown`."""
    reader = reader.for_search()
    heads, following = yield from reader.page(start - EARLIER, cursor)
    wanted = [head for head in heads if is_ours_or_stripes(head) and counts(head)]
    return (yield from read_founds(wanted, directory, mapping, reader)), following


def find_refunds(
    refunds: Mapping[str, date], directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[dict[str, list[Found]]]:
    """What bears these refund ids, of the days since the earliest; one that names several is the business of each."""
    hits: dict[str, list[Found]] = {}
    if not refunds:
        return hits
    reader = reader.for_search()
    heads = yield from reader.carrying(list(refunds), min(refunds.values()) - BEFORE_REFUND)
    there = [head for head in heads if is_there(head)]
    told = yield from read_founds(there, directory, mapping, reader)
    for head, one in zip(there, told, strict=True):
        for refund_id in head.note.refund_ids:
            if refund_id in refunds and head.day >= refunds[refund_id] - BEFORE_REFUND:
                hits.setdefault(refund_id, []).append(replace(one, refund_id=refund_id))
    return hits


def find_documents(
    ledger_ids: Collection[str], directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[dict[str, Found]]:
    """By ledger id, or by a plain internal id; a person may name what is no id at all."""
    reader = reader.for_search()
    heads = [head for head in (yield from reader.by_id(ledger_ids)).values() if is_there(head)]
    details = yield from read_details(heads, directory, reader)
    mover = Mover(directory, mapping)
    named: dict[str, list[str]] = {}
    for name in ledger_ids:
        named.setdefault(split_id(name)[1], []).append(name)
    hits: dict[str, Found] = {}
    for head in heads:
        detail = details.get(head.ledger_id, Detail())
        entries, line_ids = mover.entries(head, mover.movements(head, detail), head.note.lines)
        one = replace(found(head, detail, mover), entries=entries, line_ids=line_ids)
        for name in named.get(split_id(head.ledger_id)[1], ()):
            if split_id(name)[0] in (None, head.record):
                hits[name] = one
    return hits


def find_numbered(
    number: str, directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[list[Found]]:
    """Invoices and cash sales with this number; where there is none, payments and deposits."""
    for records in (SCOPES["sale"], ("customerPayment", "customerDeposit")):
        heads = [head for head in (yield from reader.by_number(records, [number])) if head.stands]
        hits = yield from read_founds(heads, directory, mapping, reader)
        sales = [one for one in hits if one.kind in KINDS.values()]
        if sales:
            return sales
    return []


def numbers_taken(
    scope: str, numbers: Sequence[str], directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[dict[str, Found]]:
    """NetSuite refuses no number twice: those that others have are asked for, many at once. A void keeps its number."""
    mover = Mover(directory, mapping)
    taken: dict[str, Found] = {}
    for head in (yield from reader.by_number(SCOPES[scope], numbers)):
        if head.note.document_key is None and head.number is not None:
            taken.setdefault(head.number, found(head, None, mover))
    return taken
