"""Which transaction of QuickBooks Online is the sale of a charge.

By number it is asked for; by Stripe id it is looked for in the days around the charge, where the number finds nothing
that is this charge's. A payment stands for the invoice that it is applied to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_sale_lines import form_lines, rows_of
from connector.ledgers.quickbooks_window import SALE_ENTITIES, SOLD, Seen, Window
from connector.ledgers.quickbooks_wire import currency_of, find_by
from connector.ledgers.sale_search import charges_of, ids_of, may_be_sold
from connector.planning.money import is_known

# Invoices are written long before they are paid.
BEFORE = {"Invoice": timedelta(days=90), "SalesReceipt": timedelta(days=3), "Payment": timedelta(days=3)}
AFTER = timedelta(days=10)


def is_sale(row: Row, home: str) -> bool:
    """Whether it can be a sale, in a currency that is known."""
    return may_be_sold(read_note(row)) and is_known(currency_of(row, home))


def is_void(row: Row) -> bool:
    """Nothing is left on it; the word in its note is in the language of the company."""
    moved = [line for _, line in form_lines(rows_of(row, "Line")) if line.get("Amount")]
    return not row.get("TotalAmt") and not moved


def linked(row: Row, kind: str) -> list[tuple[str, Row]]:
    """What the lines of a payment are applied to, of this kind: id and line."""
    return [
        (str(link["TxnId"]), line)
        for line in rows_of(row, "Line")
        for link in rows_of(line, "LinkedTxn")
        if link.get("TxnType") == kind
    ]


def paid_invoice(payment: Row, home: str) -> str | None:
    """The invoice that most of a payment is applied to."""
    currency = currency_of(payment, home)
    lines = linked(payment, "Invoice")
    largest = max(lines, key=lambda pair: minor(pair[1].get("Amount"), currency), default=None)
    return largest[0] if largest is not None else None


class Heads:
    """The search for the sales of some references."""

    def __init__(self, references: Sequence[Reference], directory: Directory, window: Window) -> None:
        self.references = references
        self.home = directory.preferences.home
        self.window = window
        # What a number found: by that number as it is written, and by the Stripe ids on it.
        self.by_number: dict[str, list[Seen]] = {}
        self.marked: dict[str, list[Seen]] = {}
        self.by_id: dict[str, Seen] = {}

    def find(self) -> Steps[dict[str, Seen]]:
        """The sale's own transaction by charge id, of those that have one."""
        named = [r.ledger_id for r in self.references if r.ledger_id]
        numbers = {r.number for r in self.references if r.number and not r.ledger_id}
        yield from self.read_named(named)
        for entity in SOLD:
            yield from self.read_numbered(entity, numbers)
            numbers -= {r.number for r in self.references if r.number and self.is_certain(r)}
        unsure = [r for r in self.references if not r.ledger_id and r.day and not self.is_certain(r)]
        yield from self.read_days(unsure)
        yield from self.read_paid()
        heads = {r.charge_id: self.head_of(r) for r in self.references}
        return {charge_id: head for charge_id, head in heads.items() if head is not None}

    def read_named(self, ledger_ids: Sequence[str]) -> Steps[None]:
        missing = {i for i in ledger_ids if i.isdecimal()}
        for entity in SALE_ENTITIES:
            missing -= self.by_id.keys()
            for row in (yield from find_by(entity, "Id", missing)):
                if is_sale(row, self.home):
                    self.by_id[str(row["Id"])] = (entity, row)

    def read_numbered(self, entity: str, numbers: Iterable[str]) -> Steps[None]:
        for row in (yield from find_by(entity, "DocNumber", numbers)):
            if is_sale(row, self.home):
                note = read_note(row)
                self.by_number.setdefault(str(row["DocNumber"]), []).append((entity, row))
                for stripe_id in (*note.charge_ids, *note.payment_ids):
                    self.marked.setdefault(stripe_id, []).append((entity, row))

    def is_certain(self, reference: Reference) -> bool:
        """Whether its number found a sale that stands and is no other charge's."""
        ids = set(ids_of(reference))
        for _, row in self.by_number.get(reference.number or "", ()):
            charges = charges_of(read_note(row))
            if not is_void(row) and (not charges or ids.intersection(charges)):
                return True
        return False

    def read_days(self, references: Sequence[Reference]) -> Steps[None]:
        """The days around these charges."""
        days = [r.day for r in references if r.day is not None]
        for entity in SALE_ENTITIES:
            spans = [(around(day, -BEFORE[entity]), around(day, AFTER)) for day in days]
            yield from self.window.cover(entity, spans, self.home)

    def read_paid(self) -> Steps[None]:
        """The invoices that payments stand for."""
        payments = [row for entity, row in self.by_id.values() if entity == "Payment"]
        for reference in self.references:
            for stripe_id in ids_of(reference):
                payments += [row for _, row in self.window.carrying(stripe_id, ("Payment",))]
        invoices = {i for row in payments if (i := paid_invoice(row, self.home)) is not None}
        known = {str(row["Id"]) for seen in self.by_number.values() for _, row in seen}
        for seen in self.by_number.values():
            self.by_id.update((str(row["Id"]), (entity, row)) for entity, row in seen)
        for row in (yield from find_by("Invoice", "Id", invoices - known - self.by_id.keys())):
            self.by_id[str(row["Id"])] = ("Invoice", row)

    # -------------------------------------------------------------------------------------- which one it is

    def head_of(self, reference: Reference) -> Seen | None:
        """The one that a person named, else one with the charge's id, else one with another id of the payment, else one
        with the number; a lone payment is the sale only where there is no other."""
        if reference.ledger_id is not None:
            named = self.by_id.get(reference.ledger_id)
            return self.sold_by(named) or named if named is not None else None
        ids = ids_of(reference)
        payments: list[Seen] = []
        for stripe_id in ids:
            carrying = [seen for seen in self.carrying(stripe_id) if is_sale(seen[1], self.home)]
            sold = [seen for seen in carrying if seen[0] in SOLD]
            paid = [seen for seen in carrying if seen[0] == "Payment" and seen[1].get("TotalAmt")]
            behind = [one for seen in paid if (one := self.sold_by(seen)) is not None]
            payments += paid
            head = first(sold, ids) or first(behind, ids)
            if head is not None:
                return head
        return first(self.by_number.get(reference.number or "", ()), ids) or first(payments, ids)

    def carrying(self, stripe_id: str) -> list[Seen]:
        """What carries an id, of the days that were read and of what was found by number."""
        found = {str(row["Id"]): (entity, row) for entity, row in self.window.carrying(stripe_id)}
        found |= {str(row["Id"]): (entity, row) for entity, row in self.marked.get(stripe_id, ())}
        return list(found.values())

    def sold_by(self, seen: Seen) -> Seen | None:
        """The invoice that a payment is applied to."""
        entity, row = seen
        invoice = paid_invoice(row, self.home) if entity == "Payment" else None
        return self.by_id.get(invoice) if invoice is not None else None


def around(day: date, shift: timedelta) -> date:
    return day + shift


def first(found: Iterable[Seen], ids: Sequence[str]) -> Seen | None:
    """One that stands before a void one, an invoice before a receipt before a lone payment, one that is no other
    charge's first, then the earliest."""

    def place(seen: Seen) -> tuple[bool, int, bool, str, int, str]:
        entity, row = seen
        charges = charges_of(read_note(row))
        others = bool(charges) and not set(ids).intersection(charges)
        object_id = str(row["Id"])
        return (
            is_void(row),
            SALE_ENTITIES.index(entity),
            others,
            str(row.get("TxnDate") or ""),
            len(object_id),
            object_id,
        )

    return min(found, key=place, default=None)
