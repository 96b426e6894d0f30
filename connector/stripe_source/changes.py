"""What may have changed at Stripe, by an event: ids alone, since the object inside is as old as the event.

Pure: events come by webhook or from the list of events, in any order, more than once, and in the shape of whichever
API version made them (https://docs.stripe.com/event-destinations). Each only names what has to be read afresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.stripe_source.parse_fields import entries, reference

# At most 20: so many the list of events takes at once, and it takes no wildcard
# (https://docs.stripe.com/api/events/list). `charge.refund.updated` is all that versions before acacia send;
# `charge.updated` says that the balance transaction of a card's charge has been made.
EVENT_TYPES: tuple[str, ...] = (
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.refund.updated",
    "charge.succeeded",
    "charge.failed",
    "charge.captured",
    "charge.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "invoice.paid",
    "invoice_payment.paid",
    "checkout.session.completed",
)

# Stripe's word for an object → the kind of a change.
KINDS: dict[str, str] = {
    "refund": "refund",
    "charge": "charge",
    "dispute": "dispute",
    "credit_note": "credit_note",
    "invoice": "invoice",
    "invoice_payment": "invoice_payment",
    "checkout.session": "checkout_session",
}

THIN = "v2.core.event"
_ID = re.compile(r"[A-Za-z0-9_]{1,255}").fullmatch


@dataclass(frozen=True, slots=True)
class Change:
    """An object to be read afresh; `kind` is one of the values of `KINDS`."""

    object_id: str
    kind: str


def changed_objects(event: object) -> tuple[Change, ...]:
    """The objects that an event, as `json.loads` gives it, says may have changed, each once; () for anything else.

    A refund and a charge name themselves alone: reading either afresh brings the other. A dispute names its charge
    too, a credit note its refunds, an invoice's payment its charge and invoice. A thin event has no object inside
    and names the one that it is about.
    """
    if not isinstance(event, Mapping):
        return ()
    thin = event.get("object") == THIN
    if event_type(event) not in EVENT_TYPES:
        return ()
    found = _related(event) if thin else _inside(event)
    return tuple(dict.fromkeys(change for change in found if _ID(change.object_id)))


def event_type(event: object) -> str:
    """The type of an event; a thin one's without the `v1.` that Stripe puts before it. Empty where there is none."""
    if not isinstance(event, Mapping):
        return ""
    kind = event.get("type")
    if not isinstance(kind, str):
        return ""
    return kind.removeprefix("v1.") if event.get("object") == THIN else kind


def event_account(event: Mapping[str, Any]) -> str | None:
    """The connected account that an event is from; None for the account whose endpoint it was sent to.

    A thin event says it in `context`, whose last part is the account where an organisation stands before it
    (https://docs.stripe.com/context).
    """
    account = event.get("context") if event.get("object") == THIN else event.get("account")
    return account.rsplit("/", 1)[-1] if isinstance(account, str) and account else None


def _related(event: Mapping[str, Any]) -> Iterator[Change]:
    about = event.get("related_object")
    if isinstance(about, Mapping):
        yield from _named(about.get("type"), about.get("id"))


def _inside(event: Mapping[str, Any]) -> Iterator[Change]:
    data = event.get("data")
    raw = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(raw, Mapping):
        return
    word = raw.get("object")
    yield from _named(word, raw.get("id"))
    if word == "credit_note":
        # `refund` before 2025-03-31.basil, `refunds` since.
        yield from _named("refund", reference(raw.get("refund")))
        for entry in entries(raw.get("refunds")):
            yield from _named("refund", reference(entry.get("refund")))
    elif word in ("dispute", "invoice"):
        # An invoice has named its charge until 2025-03-31.basil.
        yield from _named("charge", reference(raw.get("charge")))
    elif word == "invoice_payment":
        yield from _named("invoice", reference(raw.get("invoice")))
        payment = raw.get("payment")
        if isinstance(payment, Mapping):
            yield from _named("charge", reference(payment.get("charge")))


def _named(word: object, object_id: object) -> Iterator[Change]:
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is not None and isinstance(object_id, str):
        yield Change(object_id, kind)
