"""What the search for a charge's sale asks of a document in any ledger that keeps Stripe ids in a free text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from connector.ledgers.contract import Reference
from connector.ledgers.marks import Note
from connector.planning.model import Sale, SalePayment

OURS_SOLD = frozenset({"invoice", "sales_receipt", "payment"})
STRIPE_CUSTOMER = re.compile(r"\bcus_[A-Za-z0-9]+")


def charges_of(note: Note) -> tuple[str, ...]:
    """The Stripe charges that a transaction is for, by their own ids or by those of their payment intents."""
    return (*note.charge_ids, *(i for i in note.payment_ids if i.startswith("pi_")))


def stripe_ids(note: Note) -> tuple[str, ...]:
    """Every id of Stripe's that a note carries."""
    return (*note.refund_ids, *note.charge_ids, *note.payment_ids)


def ids_of(reference: Reference) -> tuple[str, ...]:
    """The ids that a sale may be found by, the charge's own first."""
    return tuple(dict.fromkeys((reference.charge_id, *reference.stripe_ids)))


def may_be_sold(note: Note) -> bool:
    """Whether it can be a sale: ours that take something back carry the charge's id too and are none."""
    ours = note.document_key is not None
    return not ours or note.kind in OURS_SOLD or (note.kind is None and not note.refund_ids)


def lacks_payment(sale: Sale, ids: Sequence[str]) -> bool:
    """Whether the payment with one of these ids may be among those that stand on no invoice: none of this invoice's
    carries one, and those that it has do not pay it in full; a void sets its payments free."""
    if sale.form != "invoice" or any(set(ids).intersection(p.charge_ids) for p in sale.payments):
        return False
    return sale.void or sum(p.amount_minor for p in sale.payments if p.applied) < sale.total_minor


def in_order(payments: Iterable[SalePayment]) -> tuple[SalePayment, ...]:
    return tuple(sorted(payments, key=lambda p: (p.posting_date, len(p.ledger_id), p.ledger_id)))
