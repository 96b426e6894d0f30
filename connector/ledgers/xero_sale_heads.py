"""Which document of Xero is the sale of a charge.

An invoice is asked for by number; by Stripe id it is looked for in the days around the charge, where the number finds
nothing that is this charge's. A payment, or a credit that is allocated, stands for the invoice that it pays.
https://developer.xero.com/documentation/api/accounting/invoices
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.days import EVER
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.sale_search import charges_of, ids_of, may_be_sold
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_marks import bears_own_number, read_reference
from connector.ledgers.xero_window import CREDITS, OF_SALES, Seen, Window, is_of_sales, money_of, stands
from connector.ledgers.xero_wire import (
    any_of,
    equals,
    find_ids,
    find_rows,
    id_of,
    is_quotable,
    lists_of,
    part_of,
    rows_of,
    text_of,
)
from connector.planning.money import is_known

SOLD = ("Invoices", "BankTransactions")
SALE_PLURALS = (*SOLD, *CREDITS, "Payments")
# Invoices are written long before they are paid.
BEFORE = {plural: timedelta(days=90 if plural == "Invoices" else 3) for plural in SALE_PLURALS}
AFTER = timedelta(days=10)
# An invoice that is paid at once has the day of its charge, or in another time zone the one beside it.
CLOSE = timedelta(days=1)
APPLICATION = "application"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_sale(plural: str, row: Row, home: str) -> bool:
    """Whether it can be a sale: it stands, or is an invoice that was voided, and takes nothing back."""
    sells = (
        is_of_sales(row, plural)
        and row.get("Type") != "SPEND"
        and row.get("PaymentType") in (None, "ACCRECPAYMENT")
    )
    there = stands(row) or (plural == "Invoices" and is_void(row))
    return sells and there and may_be_sold(read_reference(row)) and is_known(money_of(row, home))


def is_void(row: Row) -> bool:
    return row.get("Status") == "VOIDED"


def is_application(row: Row) -> bool:
    """Whether we made it in the place of the payment of an invoice that was opened again."""
    return read_reference(row).kind == APPLICATION


def paying(carrying: Sequence[Seen], home: str) -> list[Seen]:
    """Payments and credits among what carries a Stripe id. Of an invoice that we opened again wholly only the payment that
    we deleted says which it was."""
    paid = [seen for seen in carrying if seen[0] not in SOLD]
    reopened = [seen for seen in paid if is_application(seen[1]) and stands(seen[1])]
    found = [seen for seen in paid if is_sale(*seen, home)] + reopened
    if any(plural == "Overpayments" for plural, _ in reopened):
        found += [seen for seen in paid if seen[0] == "Payments" and not stands(seen[1])]
    return found


def paid_invoice(plural: str, row: Row, home: str) -> str | None:
    """The invoice that a payment pays, or that most of a credit is allocated to."""
    if plural == "Payments":
        return (text_of(part_of(row, "Invoice"), "InvoiceID") or "").lower() or None
    currency = money_of(row, home)
    allocations = [one for one in rows_of(row, "Allocations") if one.get("IsDeleted") is not True]
    largest = max(allocations, key=lambda one: minor(one.get("Amount"), currency), default=None)
    return (
        (text_of(part_of(largest, "Invoice"), "InvoiceID") or "").lower() or None
        if largest is not None
        else None
    )


class Heads:
    """The search for the sales of some references."""

    def __init__(self, references: Sequence[Reference], directory: Directory, window: Window) -> None:
        self.references = references
        self.home = directory.home
        self.window = window
        # What a number found: by that number as it is written, and by the Stripe ids on it.
        self.by_number: dict[str, list[Seen]] = {}
        self.marked: dict[str, list[Seen]] = {}
        self.by_id: dict[str, Seen] = {}

    def find(self) -> Steps[dict[str, Seen]]:
        """The sale's own document by charge id, of those that have one."""
        yield from self.read_named([r.ledger_id.lower() for r in self.references if r.ledger_id])
        yield from self.read_around_numbers()
        yield from self.read_numbered({r.number for r in self.references if r.number and not r.ledger_id})
        unsure = [r for r in self.references if not r.ledger_id and r.day and not self.is_certain(r)]
        yield from self.read_days(unsure)
        yield from self.read_paid()
        heads = {r.charge_id: self.head_of(r) for r in self.references}
        return {charge_id: head for charge_id, head in heads.items() if head is not None}

    def read_named(self, ledger_ids: Sequence[str]) -> Steps[None]:
        missing = {i for i in ledger_ids if GUID.fullmatch(i)}
        for plural in SALE_PLURALS:
            missing -= self.by_id.keys()
            for row in (yield from find_ids(plural, missing)):
                if is_sale(plural, row, self.home):
                    self.by_id[id_of(row, plural)] = (plural, row)

    def read_around_numbers(self) -> Steps[None]:
        """Where there are many numbers, the invoices of the charges' own days first: most that bear them may be there."""
        named = [r for r in self.references if r.number and not r.ledger_id]
        unread = [r for r in named if not self.window.invoices_numbered(r.number or "")]
        lists = len(list(lists_of(r.number or "" for r in unread)))
        spans = [(r.day - CLOSE, r.day + CLOSE) for r in unread if r.day is not None]
        if lists > 1:
            yield from self.window.cover_if_few("Invoices", spans, lists - 1, self.home)

    def read_numbered(self, numbers: Iterable[str]) -> Steps[None]:
        """Invoices with these numbers, where none is known that stands. Xero ignores capitals and accents, and numbers do
        not."""
        wanted = set(numbers)
        rows = [row for number in sorted(wanted) for row in self.window.invoices_numbered(number)]
        unread = wanted - {
            str(row["InvoiceNumber"])
            for row in rows
            if is_sale("Invoices", row, self.home) and not is_void(row)
        }
        for some in lists_of(unread):
            rows += yield from find_rows("Invoices", OF_SALES["Invoices"], InvoiceNumbers=some)
        # A comma cannot stand in a list.
        apart = [equals("InvoiceNumber", one) for one in sorted(unread) if "," in one and is_quotable(one)]
        for where in any_of(apart):
            rows += yield from find_rows("Invoices", where)
        rows = list({id_of(row, "Invoices"): row for row in rows}.values())
        for row in rows:
            number = str(row.get("InvoiceNumber"))
            if number in wanted and is_sale("Invoices", row, self.home):
                note = read_reference(row)
                self.by_number.setdefault(number, []).append(("Invoices", row))
                for stripe_id in (*note.charge_ids, *note.payment_ids):
                    self.marked.setdefault(stripe_id, []).append(("Invoices", row))

    def is_certain(self, reference: Reference) -> bool:
        """Whether its number found a sale that stands and is no other charge's."""
        ids = set(ids_of(reference))
        for _, row in self.by_number.get(reference.number or "", ()):
            charges = charges_of(read_reference(row))
            if not is_void(row) and (not charges or ids.intersection(charges)):
                return True
        return False

    def read_days(self, references: Sequence[Reference]) -> Steps[None]:
        """The days around these charges."""
        days = [r.day for r in references if r.day is not None]
        for plural in SALE_PLURALS:
            # Of bank transactions what others took back of a sale is looked for up to the last day, in the same call.
            receipts = plural == "BankTransactions"
            spans = [(day - BEFORE[plural], EVER if receipts else day + AFTER) for day in days]
            yield from self.window.cover(plural, spans, self.home)

    def read_paid(self) -> Steps[None]:
        """The invoices that payments and allocated credits stand for."""
        candidates = [seen for seen in self.by_id.values() if seen[0] not in SOLD]
        for reference in self.references:
            for stripe_id in ids_of(reference):
                candidates += paying(self.window.carrying(stripe_id, SALE_PLURALS), self.home)
        invoices = {i for seen in candidates if (i := paid_invoice(*seen, self.home)) is not None}
        for found in self.by_number.values():
            self.by_id.update((id_of(row, plural), (plural, row)) for plural, row in found)
        read = {
            i: row
            for i in invoices - self.by_id.keys()
            if (row := self.window.named("Invoices", i)) is not None
        }
        unread = yield from find_ids("Invoices", invoices - self.by_id.keys() - read.keys())
        for row in (*read.values(), *unread):
            if is_sale("Invoices", row, self.home):
                self.by_id[id_of(row, "Invoices")] = ("Invoices", row)

    # -------------------------------------------------------------------------------------- which one it is

    def head_of(self, reference: Reference) -> Seen | None:
        """The one that a person named, else one with the charge's id, else one with another id of the payment, else one
        with the number; a lone payment is the sale only where there is no other."""
        if reference.ledger_id is not None:
            named = self.by_id.get(reference.ledger_id.lower())
            return self.sold_by(named) or lone(named) if named is not None else None
        ids = ids_of(reference)
        credits: list[Seen] = []
        for stripe_id in ids:
            carrying = self.carrying(stripe_id)
            sold = [seen for seen in carrying if seen[0] in SOLD and is_sale(*seen, self.home)]
            paid = paying(carrying, self.home)
            behind = [one for seen in paid if (one := self.sold_by(seen)) is not None]
            credits += [seen for seen in paid if lone(seen) is not None]
            head = first(sold, ids) or first(behind, ids)
            if head is not None:
                return head
        number = reference.number or ""
        receipts = [seen for seen in self.window.referring_to(number, SOLD) if is_sale(*seen, self.home)]
        return first([*self.by_number.get(number, ()), *receipts], ids) or first(credits, ids)

    def carrying(self, stripe_id: str) -> list[Seen]:
        """What carries an id, of the days that were read and of what was found by number."""
        found = [*self.window.carrying(stripe_id, SALE_PLURALS), *self.marked.get(stripe_id, ())]
        return list({id_of(row, plural): (plural, row) for plural, row in found}.values())

    def sold_by(self, seen: Seen) -> Seen | None:
        """The invoice that a payment or credit pays."""
        invoice = paid_invoice(*seen, self.home) if seen[0] not in SOLD else None
        return self.by_id.get(invoice) if invoice is not None else None


def lone(seen: Seen) -> Seen | None:
    """What can be a sale by itself: a payment is always of something else."""
    return None if seen[0] == "Payments" or is_application(seen[1]) else seen


def first(found: Iterable[Seen], ids: Sequence[str]) -> Seen | None:
    """One that stands before a void one, an invoice before a receipt before a lone payment, one that is no other
    charge's first, one that is no copy of ours first, then the earliest."""

    def place(seen: Seen) -> tuple[bool, int, bool, bool, str, str]:
        plural, row = seen
        charges = charges_of(read_reference(row))
        others = bool(charges) and not set(ids).intersection(charges)
        day = str(row.get("DateString") or row.get("Date") or "")
        copied = not bears_own_number(row)
        return is_void(row), SALE_PLURALS.index(plural), others, copied, day, id_of(row, plural)

    return min(found, key=place, default=None)
