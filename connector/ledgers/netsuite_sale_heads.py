"""Which transaction of NetSuite is the sale of a charge.

By number it is asked for, and by the ids of Stripe's that it bears, many at once. A payment stands for the invoice that it
pays, a deposit for the one that its applications pay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.netsuite_records import Head, Link, Reader
from connector.ledgers.netsuite_wire import split_id
from connector.ledgers.sale_search import charges_of, ids_of, may_be_sold, stripe_ids

SOLD = ("invoice", "cashSale")
MONEY_IN = ("customerPayment", "customerDeposit")
SALE_RECORDS = (*SOLD, *MONEY_IN)
# Invoices are written long before they are paid.
BEFORE = timedelta(days=90)
REOPENED = "reopen_invoice"


def is_sale(head: Head) -> bool:
    """Whether it can be a sale: it stands, or is an invoice that was voided, and takes nothing back."""
    there = head.stands or (head.posts and head.record == "invoice")
    paid = head.record in SOLD or head.total_minor > 0
    return head.record in SALE_RECORDS and there and paid and may_be_sold(head.note)


class Heads:
    """The search for the sales of some references."""

    def __init__(self, references: Sequence[Reference], reader: Reader) -> None:
        self.references = references
        self.reader = reader
        self.known: dict[str, Head] = {}
        self.by_number: dict[str, list[Head]] = {}
        # What bears an id of Stripe's, since the earliest day that matters.
        self.bearing: dict[str, list[Head]] = {}
        # What payments and applications of deposits are applied to, and what deposits were applied by.
        self.links: dict[str, tuple[Link, ...]] = {}

    def find(self) -> Steps[dict[str, Head]]:
        """The sale's own transaction by charge id, of those that have one."""
        named = [r.ledger_id for r in self.references if r.ledger_id]
        if named:
            self.known.update((yield from self.reader.by_id(named)))
        yield from self.read_numbered({r.number for r in self.references if r.number and not r.ledger_id})
        yield from self.read_bearing()
        yield from self.read_reopened()
        yield from self.read_paid()
        heads = {r.charge_id: self.head_of(r) for r in self.references}
        return {charge_id: head for charge_id, head in heads.items() if head is not None}

    def read_numbered(self, numbers: Iterable[str]) -> Steps[None]:
        wanted = set(numbers)
        if wanted:
            for head in (yield from self.reader.by_number(SOLD, wanted)):
                self.known[head.ledger_id] = head
                if is_sale(head):
                    self.by_number.setdefault(head.number or "", []).append(head)

    def read_bearing(self) -> Steps[None]:
        """What bears an id of one of the references, also what others took back."""
        days = {r.charge_id: day for r in self.references if (day := self.since(r)) is not None}
        ids = {i for r in self.references if r.charge_id in days for i in ids_of(r)}
        if not ids:
            return
        for head in (yield from self.reader.carrying(ids, min(days.values()))):
            self.known.setdefault(head.ledger_id, head)
            for stripe_id in ids.intersection(stripe_ids(head.note)):
                self.bearing.setdefault(stripe_id, []).append(head)

    def since(self, reference: Reference) -> date | None:
        """From which day on something can be of a reference; that of a charge, else of the sale that a person named."""
        named = self.named(reference)
        day = reference.day or (named.day if named is not None else None)
        return day - BEFORE if day is not None else None

    def named(self, reference: Reference) -> Head | None:
        """What a person named, by its ledger id or by the internal id alone."""
        if reference.ledger_id is None:
            return None
        record, object_id = split_id(reference.ledger_id)
        for head in self.known.values():
            if split_id(head.ledger_id)[1] == object_id and record in (None, head.record):
                return head
        return None

    def read_reopened(self) -> Steps[None]:
        """The invoices that we opened again wholly: their payment pays them no more, and what we paid it back with tells the
        sale's number."""
        told = [
            (stripe_id, head)
            for stripe_id, heads in self.bearing.items()
            for head in heads
            if head.note.kind == REOPENED and head.note.sale is not None and head.stands
        ]
        numbers = {head.note.sale or "" for _, head in told}
        invoices = (yield from self.reader.by_number(("invoice",), numbers)) if numbers else []
        for stripe_id, refund in told:
            for invoice in invoices:
                if invoice.number == refund.note.sale and invoice.customer_id == refund.customer_id:
                    self.known.setdefault(invoice.ledger_id, invoice)
                    self.bearing[stripe_id] = [*self.bearing[stripe_id], invoice]

    def read_paid(self) -> Steps[None]:
        """What payments and deposits pay."""
        paying = {head.ledger_id for head in self.known.values() if head.record in MONEY_IN and is_sale(head)}
        deposits = {one for one in paying if split_id(one)[0] == "customerDeposit"}
        yield from self.read_links(paying - deposits, back=False)
        yield from self.read_links(deposits, back=True)
        applications = {
            link.ledger_id
            for one in deposits
            for link in self.links.get(one, ())
            if split_id(link.ledger_id)[0] == "depositApplication"
        }
        yield from self.read_links(applications, back=False)
        invoices = {i for one in paying if (i := self.paid_invoice(one)) is not None}
        unknown = invoices - self.known.keys()
        if unknown:
            self.known.update((yield from self.reader.by_id(unknown)))

    def read_links(self, ledger_ids: set[str], back: bool) -> Steps[None]:
        if ledger_ids:
            details = yield from self.reader.details(ledger_ids, lines=False, back=back)
            self.links.update((one, detail.links) for one, detail in details.items())

    # -------------------------------------------------------------------------------------- which one it is

    def head_of(self, reference: Reference) -> Head | None:
        """The one that a person named, else one with the charge's id, else one with another id of the payment, else one
        with the number; a lone payment is the sale only where there is no other."""
        if reference.ledger_id is not None:
            named = self.named(reference)
            if named is None or not is_sale(named):
                return None
            return self.sold_by(named) or named
        ids = ids_of(reference)
        payments: list[Head] = []
        for stripe_id in ids:
            carrying = [head for head in self.carrying(stripe_id, reference) if is_sale(head)]
            sold = [head for head in carrying if head.record in SOLD]
            paid = [head for head in carrying if head.record in MONEY_IN]
            behind = [one for head in paid if (one := self.sold_by(head)) is not None]
            payments += paid
            found = first(sold, ids) or first(behind, ids)
            if found is not None:
                return found
        return first(self.by_number.get(reference.number or "", ()), ids) or first(payments, ids)

    def carrying(self, stripe_id: str, reference: Reference) -> list[Head]:
        """What bears an id, of the days that matter to a reference: what else was read must not decide."""
        since = self.since(reference)
        return [head for head in self.bearing.get(stripe_id, ()) if since is not None and head.day >= since]

    def sold_by(self, head: Head) -> Head | None:
        """The invoice that a payment or a deposit pays."""
        if head.record not in MONEY_IN:
            return None
        invoice = self.known.get(self.paid_invoice(head.ledger_id) or "")
        return invoice if invoice is not None and is_sale(invoice) else None

    def paid_invoice(self, ledger_id: str) -> str | None:
        """The ledger id of the invoice that most of a payment or deposit pays."""
        paid: dict[str, int] = {}
        for link in self.links.get(ledger_id, ()):
            record = split_id(link.ledger_id)[0]
            applied = self.links.get(link.ledger_id, ()) if record == "depositApplication" else (link,)
            for one in applied:
                if split_id(one.ledger_id)[0] == "invoice":
                    paid[one.ledger_id] = paid.get(one.ledger_id, 0) + one.amount_minor
        return max(paid, key=lambda one: paid[one], default=None)


def first(found: Iterable[Head], ids: Sequence[str]) -> Head | None:
    """One that stands before a void one, an invoice before a cash sale before a lone payment, one that is no other
    charge's first, then the earliest."""

    def place(head: Head) -> tuple[bool, int, bool, date, int]:
        charges = charges_of(head.note)
        others = bool(charges) and not set(ids).intersection(charges)
        return (
            head.voided,
            SALE_RECORDS.index(head.record),
            others,
            head.day,
            int(split_id(head.ledger_id)[1]),
        )

    return min(found, key=place, default=None)
