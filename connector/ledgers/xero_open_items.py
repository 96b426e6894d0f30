"""What the objects that documents are paid from, take back or change look like before those are written.

The answer to a credit note that was posted a moment ago serves; others are read ahead, many at once, and not for more
requests than these: what was read of them is to be no older than it must.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import islice

from connector.errors import LedgerDown
from connector.ledgers.contract import (
    Apart,
    Claimed,
    Outcome,
    Outcomes,
    Parent,
    Rejected,
    Steps,
    Throttled,
    Withheld,
)
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.xero_alike import Alike, contact_of
from connector.ledgers.xero_changes import is_gone, is_unpaid, linked, taken_out
from connector.ledgers.xero_payload import Payload, read_payload, settled_id
from connector.ledgers.xero_roles import ALLOCATED, PLURALS, UNALLOCATED
from connector.ledgers.xero_wire import day_of, find_ids, find_one, id_of, part_of, rows_of, text_of
from connector.planning.money import format_amount
from connector.planning.sentences import TO_BE_TAKEN_BACK

# Of what a payment pays: its list, what of it is open, and the name of the object within a payment.
PAID: dict[str, tuple[str, str]] = {
    "Invoices": ("AmountDue", "Invoice"),
    "CreditNotes": ("RemainingCredit", "CreditNote"),
    "Overpayments": ("RemainingCredit", "Overpayment"),
    "Prepayments": ("RemainingCredit", "Prepayment"),
}
Named = tuple[str, str]
OPEN = ("Status", "Total", "AmountDue", "RemainingCredit")
# For how many documents at once rows are read: as many ids as one query takes.
AHEAD = 48


class OpenItems:
    """Rows by list and id, each good for one document."""

    def __init__(self) -> None:
        self.rows: dict[Named, Row] = {}
        self.alike = Alike()
        # Documents about to be sent for which nothing was read yet, in order.
        self.waiting: dict[str, Claimed] = {}
        # What each document has taken whose request is under way; and those of which some was read ahead.
        self.taken: dict[str, list[tuple[Named, Row]]] = {}
        self.ahead: set[str] = set()

    def learn(self, plural: str, row: Row) -> None:
        """What the answer to a write shows of an object, where it says what is open of it."""
        if plural in PAID and isinstance(row.get(PAID[plural][0]), int | Decimal):
            self.rows[plural, id_of(row, plural)] = row

    def prepare(self, documents: Sequence[Claimed]) -> None:
        """These are about to be sent, in about this order."""
        self.waiting = {one.document_key: one for one in documents}
        self.taken.clear()
        self.ahead.clear()
        self.alike = Alike()

    def read_ahead(self, claimed: Claimed) -> Steps[None]:
        """Read what the requests for this document and the next ones ask after, as far as it is not known."""
        if claimed.document_key not in self.waiting:
            return
        self.waiting.pop(claimed.document_key)
        some = [claimed, *islice(self.waiting.values(), AHEAD - 1)]
        for one in some[1:]:
            del self.waiting[one.document_key]
        payloads = {one.document_key: read_payload(one) for one in some}
        wanted = {item for one in some for item in asked_after(one, payloads[one.document_key])}
        for plural in sorted({plural for plural, _ in wanted}):
            ids = [i for name, i in wanted if name == plural and (name, i) not in self.rows]
            for row in (yield from find_ids(plural, ids)):
                self.rows[plural, id_of(row, plural)] = row
        contacts: dict[str, date] = {}
        for one in some:
            invoice = self.rows.get(("Invoices", invoice_id_of(one, payloads[one.document_key]) or ""))
            if one.kind == "void" and invoice is not None and is_unpaid(invoice, one.currency):
                contact_id = contact_of(invoice)
                contacts[contact_id] = min(day_of(invoice), contacts.get(contact_id, date.max))
        contacts.pop("", None)
        yield from self.alike.read_ahead(contacts)

    def take(self, item: Named, document_key: str) -> Steps[Row | None]:
        row = self.rows.pop(item, None)
        if row is not None:
            # Known from before, and not read for this request.
            self.ahead.add(document_key)
        else:
            row = yield from find_one(*item)
        if row is not None:
            self.taken.setdefault(document_key, []).append((item, row))
        return row

    def forget_ahead(self, claimed: Claimed) -> bool:
        """Whether something that a document took was read ahead. What it takes next, and what its contact has brought, is
        read by itself then."""
        taken = self.taken.pop(claimed.document_key, ())
        if claimed.document_key not in self.ahead:
            return False
        self.ahead.discard(claimed.document_key)
        for _, row in taken:
            self.alike.forget(contact_of(row))
        return True

    def answered(self, documents: Sequence[Claimed], outcomes: Outcomes) -> Steps[Outcomes]:
        """What documents took that were not written, and are sent again in a moment, is as it was. A change that is
        refused, and was made of what was read ahead, is tried once more where something else stands now."""
        told: dict[str, Outcome] = dict(outcomes)
        for one in documents:
            outcome = outcomes.get(one.document_key)
            taken = self.taken.get(one.document_key, [])
            refused = isinstance(outcome, Rejected) and is_change(one) and self.forget_ahead(one)
            if refused and (yield from has_changed(one, taken)):
                told[one.document_key] = Apart()
            self.taken.pop(one.document_key, None)
            if isinstance(outcome, Throttled | Apart):
                self.rows.update(taken)
        return told

    def check(self, claimed: Claimed, payload: Payload) -> Steps[Withheld | None]:
        """Whether a payment's credit or invoice has as much open as it takes, and what is taken back stands; None where
        nothing is in the way."""
        self.taken.pop(claimed.document_key, None)
        gone = yield from self.check_standing(claimed, payload)
        item = paid_by(claimed, payload)
        if gone is not None or item is None or payload.plural != "Payments":
            return gone
        row = yield from self.take(item, claimed.document_key)
        plural, object_id = item
        name, kind = PAID[plural]
        if is_gone(row) or row is None:
            return credit_used(claimed, f"{words(kind)} {object_id}", 0, "it does not stand in Xero any more")
        left = minor(row.get(name), claimed.currency)
        if left >= claimed.amount_minor:
            return None
        number = text_of(row, "CreditNoteNumber") or text_of(row, "InvoiceNumber") or object_id
        return credit_used(claimed, f"{words(kind)} {number}", left, taken_by(row))

    def check_standing(self, claimed: Claimed, payload: Payload) -> Steps[Withheld | None]:
        """A mirror of what a person took out would book what never was."""
        item = taken_back(claimed, payload)
        if item is None:
            return None
        row = yield from self.take(item, claimed.document_key)
        if not is_gone(row):
            return None
        parent = claimed.parents[payload.reverses or ""]
        kind = parent.kind.replace("_", " ")
        return Withheld(
            "ledger_cannot",
            f"{kind} {parent.ledger_id}, {TO_BE_TAKEN_BACK}, does not stand in Xero any more",
            "see what took it back there; where nothing is missing leave this out with --skip in the place of --retry",
        )


def has_changed(claimed: Claimed, taken: Sequence[tuple[Named, Row]]) -> Steps[bool]:
    """Whether objects stand otherwise than they were read; False where that cannot be read."""
    voids = read_payload(claimed).voids
    try:
        for item, row in taken:
            if standing_of((yield from find_one(*item)), voids) != standing_of(row, voids):
                return True
    except LedgerDown:
        pass
    return False


def standing_of(row: Row | None, voids: bool) -> list[object]:
    """What decides about a change; about a void in place only whether it may be taken out at all."""
    row = row or {}
    told: list[object] = [is_gone(row or None), row.get("IsReconciled") is True]
    if not voids:
        told += [row.get(name) for name in OPEN]
        told += sorted(str(one.get("AllocationID")) for one in rows_of(row, "Allocations"))
    return told


def is_change(claimed: Claimed) -> bool:
    """Whether it changes what stands, and goes by itself."""
    return claimed.kind in ("application", "void") or read_payload(claimed).voids


def asked_after(claimed: Claimed, payload: Payload) -> list[Named]:
    """The list and id of each object that the request for a document takes."""
    if payload.voids:
        items = [taken_out(claimed, payload)]
    elif payload.part in (ALLOCATED, UNALLOCATED):
        note_id, invoice_id = linked(claimed, payload)
        items = [("CreditNotes", note_id) if note_id is not None else None]
        if payload.part == ALLOCATED and invoice_id is not None:
            items.append(("Invoices", invoice_id))
    elif claimed.kind == "void":
        invoice_id = invoice_id_of(claimed, payload)
        items = [("Invoices", invoice_id) if invoice_id is not None else None]
    else:
        items = [paid_by(claimed, payload), taken_back(claimed, payload)]
    return [item for item in items if item is not None]


def invoice_id_of(claimed: Claimed, payload: Payload) -> str | None:
    """The invoice that a void is of."""
    return settled_id(claimed, payload.settles) if claimed.kind == "void" else None


def paid_by(claimed: Claimed, payload: Payload) -> Named | None:
    """The list and id of what a payment pays."""
    settles = payload.settles
    object_id = settled_id(claimed, settles)
    if payload.plural != "Payments" or payload.voids or settles is None or object_id is None:
        return None
    if claimed.kind in ("application", "void"):
        return None
    if settles.kind in ("invoice", "credit_memo"):
        return PLURALS[settles.kind], object_id
    parent = claimed.parents.get(settles.document_key or "")
    return (payload.credit if parent is None else "Overpayments"), object_id


def taken_back(claimed: Claimed, payload: Payload) -> Named | None:
    """The list and id of what a mirror takes back."""
    parent: Parent | None = claimed.parents.get(payload.reverses or "")
    if parent is None or payload.voids or parent.kind not in PLURALS or claimed.kind != "reversal":
        return None
    # A void, and a payment in its place, take effect on the invoice itself, which does not stand any more.
    return None if parent.kind == "void" else (PLURALS[parent.kind], parent.ledger_id)


def words(kind: str) -> str:
    return {"CreditNote": "credit note"}.get(kind, kind.lower())


def taken_by(row: Row) -> str:
    """What else a credit went to, in words."""
    taken = [
        f"invoice {text_of(part_of(one, 'Invoice'), 'InvoiceNumber') or part_of(one, 'Invoice').get('InvoiceID')}"
        for one in rows_of(row, "Allocations")
    ]
    return ", ".join([*taken, *(f"payment {one.get('PaymentID')}" for one in rows_of(row, "Payments"))])


def credit_used(claimed: Claimed, what: str, left_minor: int, taken: str = "") -> Withheld:
    """Something else has taken the credit that was to be paid out."""
    left, wanted = (format_amount(m, claimed.currency) for m in (left_minor, claimed.amount_minor))
    return Withheld(
        "credit_used",
        f"{what} has {left} of {wanted} {claimed.currency.upper()} left; {taken or 'something else'} took the rest",
        "free the credit in Xero, or book the refund by hand",
    )
