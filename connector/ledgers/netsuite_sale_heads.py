"""Which document of NetSuite is the sale of a charge.

Invoices and cash sales are found by number; by Stripe id whatever bears one, and a payment stands for the invoice that it
pays. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.further_writes import VOIDED_INVOICE
from connector.ledgers.netsuite_records import Head, Reader
from connector.ledgers.netsuite_wire import split_id
from connector.ledgers.sale_search import charges_of, ids_of, may_be_sold
from connector.ledgers.sale_search import stripe_ids as ids_on

SOLD = ("invoice", "cashSale")
MONEY_IN = ("customerPayment", "customerDeposit", "depositApplication")
SALE_RECORDS = (*SOLD, *MONEY_IN)
# Invoices are written long before they are paid.
BEFORE = timedelta(days=90)


def is_sale(head: Head) -> bool:
    """Whether it can be a sale: it stands, or is an invoice that was voided, and takes nothing back."""
    there = head.stands or (head.voided and head.record == "invoice")
    return head.record in SALE_RECORDS and there and may_be_sold(head.note)


class Heads:
    """The search for the sales of some references; all that bears their Stripe ids is in `carrying` then."""

    def __init__(self, references: Sequence[Reference], reader: Reader) -> None:
        self.references = references
        self.reader = reader
        self.known: dict[str, Head] = {}
        self.by_number: dict[str, list[Head]] = {}
        self.carried: dict[str, list[Head]] = {}
        # The invoices that payments pay, by the payment.
        self.paid: dict[str, list[str]] = {}

    @property
    def since(self) -> date:
        """From when on something may belong to one of these charges."""
        days = [r.day for r in self.references if r.day is not None]
        return min(days) - BEFORE

    def find(self) -> Steps[dict[str, Head]]:
        """The sale's own document by charge id, of those that have one."""
        named = [r.ledger_id for r in self.references if r.ledger_id]
        if named:
            self.keep((yield from self.reader.by_id(named)).values())
        numbers = {r.number for r in self.references if r.number and not r.ledger_id}
        if numbers:
            for head in (yield from self.reader.by_number(SOLD, numbers)):
                if is_sale(head):
                    self.keep([head])
                    self.by_number.setdefault(head.number or "", []).append(head)
        yield from self.read_carrying()
        yield from self.read_paid()
        heads = {r.charge_id: self.head_of(r) for r in self.references}
        return {charge_id: head for charge_id, head in heads.items() if head is not None}

    def keep(self, heads: Iterable[Head]) -> None:
        self.known.update((head.ledger_id, head) for head in heads)

    def read_carrying(self) -> Steps[None]:
        """What bears the Stripe ids of these charges, also what takes a sale back."""
        wanted = {one for r in self.references for one in ids_of(r)}
        dated = [r for r in self.references if r.day is not None]
        if not wanted or not dated:
            return
        for head in (yield from self.reader.carrying(wanted, self.since)):
            self.keep([head])
            for stripe_id in ids_on(head.note):
                self.carried.setdefault(stripe_id, []).append(head)

    def read_paid(self) -> Steps[None]:
        """The invoices that payments and applied deposits pay."""
        paying = [head for head in self.known.values() if head.record in MONEY_IN and head.stands]
        yield from self.read_links(paying)
        deposits = {head.ledger_id for head in paying if head.record == "customerDeposit"}
        if deposits:
            details = yield from self.reader.details(deposits, lines=False, back=True)
            links = {one: [link.ledger_id for link in detail.links] for one, detail in details.items()}
            applied = {i for some in links.values() for i in some if i.startswith("depositApplication/")}
            self.keep((yield from self.reader.by_id(applied)).values())
            yield from self.read_links([self.known[i] for i in applied if i in self.known])
            for one, some in links.items():
                self.paid[one] = [invoice for each in some for invoice in self.paid.get(each, ())]
        missing = {i for some in self.paid.values() for i in some} - self.known.keys()
        if missing:
            self.keep((yield from self.reader.by_id(missing)).values())

    def read_links(self, heads: Sequence[Head]) -> Steps[None]:
        if not heads:
            return
        details = yield from self.reader.details([head.ledger_id for head in heads], lines=False)
        for ledger_id, detail in details.items():
            links = sorted(detail.links, key=lambda link: -link.amount_minor)
            self.paid[ledger_id] = [link.ledger_id for link in links if link.ledger_id.startswith("invoice/")]

    # -------------------------------------------------------------------------------------- which one it is

    def head_of(self, reference: Reference) -> Head | None:
        """The one that a person named, else one with the charge's id, else one with another id of the payment, else one
        with the number; a lone payment is the sale only where there is no other."""
        if reference.ledger_id is not None:
            wanted = split_id(reference.ledger_id)
            named = next(
                (h for i, h in self.known.items() if wanted in (split_id(i), (None, split_id(i)[1]))), None
            )
            return (self.sold_by(named) or lone(named)) if named is not None else None
        ids = ids_of(reference)
        credits: list[Head] = []
        for stripe_id in ids:
            carrying = [head for head in self.carried.get(stripe_id, ()) if is_sale(head)]
            again = [head for head in self.carried.get(stripe_id, ()) if came_back(head, reference)]
            if again:
                return max(again, key=lambda head: (head.day, int(split_id(head.ledger_id)[1])))
            behind = [one for head in carrying if (one := self.sold_by(head)) is not None]
            credits += [head for head in carrying if lone(head) is not None]
            found = first([head for head in carrying if head.record in SOLD], ids) or first(behind, ids)
            if found is not None:
                return found
        numbered = self.by_number.get(reference.number or "", ())
        return first(numbered, ids) or first(credits, ids)

    def sold_by(self, head: Head) -> Head | None:
        """The invoice that a payment pays; a sale stands for itself."""
        if head.record in SOLD:
            return head
        invoices = (self.known.get(one) for one in self.paid.get(head.ledger_id, ()))
        return next((one for one in invoices if one is not None and is_sale(one)), None)


def came_back(head: Head, reference: Reference) -> bool:
    """Whether it is the invoice that we wrote in the place of one that was voided, when the refund failed: it is the sale
    now."""
    note = head.note
    ours = note.document_key is not None and note.document_key not in reference.without
    again = note.kind == "reversal" and note.part in ("void", VOIDED_INVOICE)
    return ours and again and head.record == "invoice" and head.stands


def lone(head: Head) -> Head | None:
    """What can be a sale by itself."""
    return head if head.record in (*SOLD, "customerPayment", "customerDeposit") else None


def first(found: Iterable[Head], ids: Sequence[str]) -> Head | None:
    """One that stands before a void one, an invoice before a receipt before a lone payment, one that is no other
    charge's first, then the earliest."""

    def place(head: Head) -> tuple[bool, int, bool, date, int]:
        charges = charges_of(head.note)
        others = bool(charges) and not set(ids).intersection(charges)
        number = int(split_id(head.ledger_id)[1])
        return head.voided, SALE_RECORDS.index(head.record), others, head.day, number

    return min(found, key=place, default=None)
