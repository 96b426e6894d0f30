"""Sales that stand in NetSuite: the document that a charge paid, its payments, and what is still open.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0224093711.html (customer payment)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.further_writes import VOIDED_INVOICE
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_records import Head, Reader
from connector.ledgers.netsuite_sale_heads import MONEY_IN, SOLD, Heads
from connector.ledgers.netsuite_sale_reader import TAKEN_BACK, Around, SaleReader
from connector.ledgers.netsuite_survey import learn_accounts, learn_items
from connector.ledgers.netsuite_wire import ledger_id, split_id
from connector.ledgers.sale_search import ids_of, lacks_payment
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Sale

# How long before the charge or the sale a payment of its customer may be dated that may be of it.
EARLIER = timedelta(days=3)


def find_sales(
    references: Sequence[Reference], directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[dict[str, Sale | None]]:
    """The sale of each reference, by charge id, with all that stands against it; None where the books have none."""
    reader = reader.for_search()
    search = Heads(references, reader)
    heads = yield from search.find()
    wanted = {r.charge_id: r for r in references if r.charge_id in heads}
    numbers = {charge_id: number_of(wanted[charge_id], head) for charge_id, head in heads.items()}
    heads |= find_taken_back(wanted, heads, search)
    around = yield from read_around(heads, wanted, search.known, reader)
    yield from learn_names(around, directory)
    sales_reader = SaleReader(directory, mapping, around)
    sales: dict[str, Sale | None] = {r.charge_id: None for r in references}
    lacking: dict[str, tuple[Sale, Head]] = {}
    for charge_id, head in heads.items():
        carrying = naming(wanted[charge_id], search)
        sale = sales_reader.sale_of(wanted[charge_id], head, numbers[charge_id], carrying)
        sales[charge_id] = sale
        if lacks_payment(sale, ids_of(wanted[charge_id])):
            lacking[charge_id] = (sale, head)
    payments = yield from find_payments(lacking, wanted, around, directory, reader)
    for charge_id, (sale, head) in lacking.items():
        day = (wanted[charge_id].day or sale.posting_date) - EARLIER
        mine = [one for one in payments if one.customer_id == head.customer_id and one.day >= day]
        sales[charge_id] = sales_reader.add_payments(sale, wanted[charge_id], mine)
    return sales


def number_of(reference: Reference, head: Head) -> str:
    """The number of an invoice or cash sale; a payment's is the connector's or Stripe's word for the sale."""
    note = head.note
    if head.record in SOLD:
        ours = note.document_key is not None and note.kind != "reversal"
        told = (note.number if ours else None) or head.number
    else:
        told = (note.sale or note.number) if note.document_key is not None else None
    return told or reference.number or head.number or split_id(head.ledger_id)[1]


def naming(reference: Reference, search: Heads) -> list[Head]:
    """What bears an id of the charge's, which of those of a Stripe invoice is not said."""
    return [
        head
        for stripe_id in ids_of(reference)
        if not stripe_id.startswith("in_")
        for head in search.carrying(stripe_id, reference)
    ]


# ------------------------------------------------------------------------------------------------ what to read


def find_taken_back(
    wanted: Mapping[str, Reference], heads: Mapping[str, Head], search: Heads
) -> dict[str, Head]:
    """Invoices that we wrote in the place of those that we had voided, when the refund failed: they are the sale now."""
    found: dict[str, Head] = {}
    for charge_id, head in heads.items():
        if head.record != "invoice" or not head.voided:
            continue
        for one in search.carrying(charge_id, wanted[charge_id]):
            note = one.note
            again = note.kind == "reversal" and note.part in ("void", VOIDED_INVOICE)
            ours = one.record == "invoice" and one.stands and again and charge_id in note.charge_ids
            if ours and note.document_key not in wanted[charge_id].without:
                found[charge_id] = one
    return found


def read_around(
    heads: Mapping[str, Head], wanted: Mapping[str, Reference], known: Mapping[str, Head], reader: Reader
) -> Steps[Around]:
    """Read the lines of these sales, by charge id, and what stands on them, many at once."""
    around = Around({**known, **{head.ledger_id: head for head in heads.values()}})
    ids = {head.ledger_id for head in heads.values()}
    yield from read_details(around, ids, reader, lines=True)
    # A deposit pays, and is paid back, by its applications; what our documents took off an invoice is told by its payments.
    deposits = {one for one in ids if split_id(one)[0] == "customerDeposit"}
    undone = {head.ledger_id for charge_id, head in heads.items() if wanted[charge_id].without}
    further = linked(around, deposits, "depositApplication") | linked(around, undone, "customerPayment")
    yield from read_details(around, further, reader, lines=False)
    sold = {head.ledger_id: head for head in heads.values() if head.record in SOLD}
    by_id = {split_id(one)[1]: one for one in sold}
    made = (yield from reader.made_from(tuple(TAKEN_BACK), list(sold.values()))) if sold else []
    for head in made:
        around.made.setdefault(by_id.get(head.created_from or "", ""), []).append(head)
    return around


def read_details(around: Around, ledger_ids: Collection[str], reader: Reader, lines: bool) -> Steps[None]:
    """What these are applied to and what is applied to them, with the deposits of applications."""
    unread = set(ledger_ids) - around.details.keys()
    if not unread:
        return
    around.details.update((yield from reader.details(unread, lines, back=True)))
    others = linked(around, unread)
    yield from add_heads(around, others, reader)
    applications = [around.heads[one] for one in others if one in around.heads]
    deposits = {
        ledger_id("customerDeposit", head.created_from)
        for head in applications
        if head.record == "depositApplication" and head.created_from is not None
    }
    yield from add_heads(around, deposits, reader)


def linked(around: Around, ledger_ids: Iterable[str], record: str | None = None) -> set[str]:
    details = (around.details[one] for one in ledger_ids if one in around.details)
    links = {link.ledger_id for detail in details for link in detail.links}
    return {one for one in links if record is None or split_id(one)[0] == record}


def add_heads(around: Around, ledger_ids: set[str], reader: Reader) -> Steps[None]:
    unknown = ledger_ids - around.heads.keys()
    if unknown:
        around.heads.update((yield from reader.by_id(unknown)))


def learn_names(around: Around, directory: Directory) -> Steps[None]:
    """What must be known to show accounts and items."""
    lines = [line for detail in around.details.values() for line in detail.lines]
    yield from learn_items(directory, [line.item for line in lines if line.item is not None])
    accounts = [line.account for line in lines] + [head.account for head in around.heads.values()]
    yield from learn_accounts(directory, [one for one in accounts if one is not None])


def find_payments(
    lacking: Mapping[str, tuple[Sale, Head]],
    wanted: Mapping[str, Reference],
    around: Around,
    directory: Directory,
    reader: Reader,
) -> Steps[list[Head]]:
    """Payments and deposits of the customers of these sales, which may be theirs though they stand elsewhere."""
    customers = {head.customer_id for _, head in lacking.values() if head.customer_id is not None}
    if not customers:
        return []
    since = min((wanted[one].day or sale.posting_date) - EARLIER for one, (sale, _) in lacking.items())
    found = yield from reader.of_customers(MONEY_IN, customers, since)
    around.heads.update((head.ledger_id, head) for head in found)
    if any(wanted[one].without for one in lacking):
        yield from read_details(around, {head.ledger_id for head in found}, reader, lines=False)
    yield from learn_accounts(directory, [head.account for head in found if head.account is not None])
    return found
