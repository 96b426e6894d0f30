"""Transactions of QuickBooks read by day: the Stripe ids in their notes cannot be searched, so whole days are read.

Each day of each kind is read once in a run, however many pages of refunds ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from connector.ledgers.contract import Steps
from connector.ledgers.days import EVER, Span, gaps, merge
from connector.ledgers.json_wire import Row, decode, encode
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_wire import (
    PAGE,
    currency_of,
    find_rows,
    is_one_of,
    read_rows,
    ref_of,
    select,
    slices,
)
from connector.ledgers.sale_search import stripe_ids
from connector.planning.money import is_known

SOLD = ("Invoice", "SalesReceipt")
SALE_ENTITIES = (*SOLD, "Payment")
ENTITIES = (*SOLD, "CreditMemo", "RefundReceipt", "Payment", "Purchase", "JournalEntry", "Deposit")
# What takes room and is never looked at.
BULK = frozenset({"BillAddr", "ShipAddr", "ShipFromAddr", "CustomField", "DeliveryInfo", "MetaData", "Tag"})

# A row with the entity that it is of.
Seen = tuple[str, Row]


class Window:
    """What one run has read by day, as far as it bears a Stripe id, and the payments of customers."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        # Packed: a run may keep as many as a company has, and looks at few of them.
        self.rows: dict[str, dict[tuple[str, str], bytes]] = {}
        self.payments: dict[str, tuple[date, list[Row]]] = {}

    def cover(self, entity: str, wanted: Iterable[Span], home: str) -> Steps[None]:
        """Read the days that were not read before."""
        for first, last in gaps(merge(wanted), self.spans.get(entity, ())):
            where = f"TxnDate >= '{first}'" + ("" if last == EVER else f" AND TxnDate <= '{last}'")
            start, full = 1, True
            while full:
                page = read_rows((yield select(entity, f"{where} ORDERBY Id", start)), entity)
                for row in page:
                    self.keep(entity, row, home)
                start, full = start + len(page), len(page) == PAGE
            self.spans.setdefault(entity, []).append((first, last))

    def keep(self, entity: str, row: Row, home: str) -> None:
        ids = stripe_ids(read_note(row))
        if ids and is_known(currency_of(row, home)):
            slim = {name: value for name, value in row.items() if name not in BULK}
            packed = encode(slim)
            for stripe_id in ids:
                self.rows.setdefault(stripe_id, {})[entity, str(row["Id"])] = packed

    def carrying(self, stripe_id: str, entities: Sequence[str] = SALE_ENTITIES) -> list[Seen]:
        """What has been read and carries this id."""
        found = self.rows.get(stripe_id, {})
        return [(entity, decode(packed)) for (entity, _), packed in found.items() if entity in entities]

    def payments_of(self, customers: Mapping[str, date]) -> Steps[dict[str, list[Row]]]:
        """The payments of each of these customers, at least since the day that is asked for."""
        lacking = {
            customer: since
            for customer, since in customers.items()
            if customer not in self.payments or self.payments[customer][0] > since
        }
        for some in slices(lacking):
            since = min(lacking[customer] for customer in some)
            where = f"{is_one_of('CustomerRef', some)} AND TxnDate >= '{since}'"
            found: dict[str, list[Row]] = {customer: [] for customer in some}
            for row in (yield from find_rows("Payment", where)):
                found.setdefault(ref_of(row, "CustomerRef") or "", []).append(row)
            self.payments.update((customer, (since, rows)) for customer, rows in found.items())
        return {customer: self.payments[customer][1] for customer in customers}
