"""What the objects that documents are paid from, or take back, look like just before they are written.

The answer to a credit note that was posted a moment ago serves; others are read many at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.ledgers.contract import (
    Apart,
    Claimed,
    Outcomes,
    Parent,
    Steps,
    Throttled,
    Withheld,
)
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.xero_changes import is_gone
from connector.ledgers.xero_payload import Payload, read_payload, settled_id
from connector.ledgers.xero_roles import PLURALS
from connector.ledgers.xero_wire import find_ids, find_one, id_of, part_of, rows_of, text_of
from connector.planning.money import format_amount

# Of what a payment pays: its list, what of it is open, and the name of the object within a payment.
PAID: dict[str, tuple[str, str]] = {
    "Invoices": ("AmountDue", "Invoice"),
    "CreditNotes": ("RemainingCredit", "CreditNote"),
    "Overpayments": ("RemainingCredit", "Overpayment"),
    "Prepayments": ("RemainingCredit", "Prepayment"),
}
Named = tuple[str, str]


class OpenItems:
    """Rows by list and id, each good for one document."""

    def __init__(self) -> None:
        self.rows: dict[Named, Row] = {}
        # What each document has taken whose request is under way.
        self.taken: dict[str, list[tuple[Named, Row]]] = {}

    def learn(self, plural: str, row: Row) -> None:
        if plural in PAID:
            self.rows[plural, id_of(row, plural)] = row

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        """Read what the requests for these documents ask after, as far as it is not known."""
        wanted: set[Named] = set()
        for one in documents:
            payload = read_payload(one)
            wanted.update(item for item in (paid_by(one, payload), taken_back(one, payload)) if item)
        for plural in sorted({plural for plural, _ in wanted}):
            ids = [i for name, i in wanted if name == plural and (name, i) not in self.rows]
            for row in (yield from find_ids(plural, ids)):
                self.rows[plural, id_of(row, plural)] = row

    def take(self, item: Named, document_key: str) -> Steps[Row | None]:
        row = self.rows.pop(item, None)
        if row is None:
            row = yield from find_one(*item)
        if row is not None:
            self.taken.setdefault(document_key, []).append((item, row))
        return row

    def answered(self, outcomes: Outcomes) -> None:
        """What documents took that were not written, and are sent again in a moment, is as it was."""
        for key, outcome in outcomes.items():
            taken = self.taken.pop(key, ())
            if isinstance(outcome, Throttled | Apart):
                self.rows.update(taken)

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
            f"{kind} {parent.ledger_id}, which was to be taken back, does not stand in Xero any more",
            "see what took it back there; where nothing is missing leave this out with --skip in the place of --retry",
        )


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
