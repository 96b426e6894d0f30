"""Sales that stand in NetSuite: the document that a charge paid, its payments, and what is still open.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_161488248489.html (invoice)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_found import read_details
from connector.ledgers.netsuite_records import Detail, Head, Reader
from connector.ledgers.netsuite_sale_heads import BEFORE, Heads
from connector.ledgers.netsuite_sale_reader import TAKEN_BACK, Around, SaleReader
from connector.ledgers.sale_search import ids_of, lacks_payment
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Sale

CREDITS = ("customerPayment", "customerDeposit")


def find_sales(
    references: Sequence[Reference], directory: Directory, mapping: LedgerMapping, reader: Reader
) -> Steps[dict[str, Sale | None]]:
    """The sale of each reference, by charge id, with all that stands against it; None where the books have none."""
    search = Heads(references, reader)
    heads = yield from search.find()
    around = Around(search)
    yield from read_around(list(heads.values()), around, directory, reader)
    made = SaleReader(directory, mapping, around)
    wanted = {r.charge_id: r for r in references if r.charge_id in heads}
    sales: dict[str, Sale | None] = {r.charge_id: None for r in references}
    lacking: dict[str, tuple[Sale, Head]] = {}
    for charge_id, head in heads.items():
        sale = made.sale_of(wanted[charge_id], head)
        sales[charge_id] = sale
        if lacks_payment(sale, ids_of(wanted[charge_id])):
            lacking[charge_id] = (sale, head)
    credits = yield from read_credits(
        [(head, wanted[i]) for i, (_, head) in lacking.items()], around, directory, reader
    )
    for charge_id, (sale, head) in lacking.items():
        sales[charge_id] = made.add_payments(
            sale, head, wanted[charge_id], credits.get(head.customer_id or "", [])
        )
    return sales


def read_around(heads: Sequence[Head], around: Around, directory: Directory, reader: Reader) -> Steps[None]:
    """Lines and applications of the sales, and the documents on the other side of these; what was made from them."""
    sold = {head.ledger_id: head for head in heads}
    around.details.update((yield from read_details(sold.values(), directory, reader)))
    invoices = [one for one, head in sold.items() if head.record == "invoice"]
    around.details.update((yield from behind(invoices, around.details, reader)))
    yield from around.read({link.ledger_id for one in invoices for link in around.links(one)}, reader)
    deposits = [
        f"customerDeposit/{head.created_from}"
        for one in invoices
        for link in around.links(one)
        if (head := around.known.get(link.ledger_id)) is not None and head.record == "depositApplication"
    ]
    yield from around.read(set(deposits), reader)
    for head in (yield from reader.made_from(tuple(TAKEN_BACK), list(sold.values()))):
        around.keep([head])
        around.made.setdefault(head.created_from or "", []).append(head)


def behind(
    ledger_ids: Sequence[str], known: Mapping[str, Detail], reader: Reader
) -> Steps[dict[str, Detail]]:
    """The same lines, with all that is applied to these too."""
    if not ledger_ids:
        return {}
    links = yield from reader.details(ledger_ids, lines=False, back=True)
    return {one: Detail(known[one].lines if one in known else (), links[one].links) for one in links}


def read_credits(
    lacking: Sequence[tuple[Head, Reference]], around: Around, directory: Directory, reader: Reader
) -> Steps[dict[str, list[Head]]]:
    """Payments and deposits of the customers of these sales, by customer; and what they were given back by."""
    customers = {head.customer_id for head, _ in lacking if head.customer_id is not None}
    if not customers:
        return {}
    since = min(min(head.day, r.day or head.day) for head, r in lacking) - BEFORE
    heads = yield from reader.of_customers(CREDITS, customers, since)
    around.keep(heads)
    if any(reference.without for _, reference in lacking):
        named = [head.ledger_id for head in heads]
        around.details.update((yield from reader.details(named, lines=False, back=True)))
        yield from around.read({link.ledger_id for one in named for link in around.links(one)}, reader)
    found: dict[str, list[Head]] = {}
    for head in heads:
        found.setdefault(head.customer_id or "", []).append(head)
    return found
