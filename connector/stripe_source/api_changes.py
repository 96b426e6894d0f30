"""What changed at Stripe: the list of events says which objects, and each is read afresh.

An event shows its object as it was then, in the API version of then, and events come in no order: nothing but ids is
taken from them. They live for 30 days (https://docs.stripe.com/api/events); after a longer outage lists are read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.stripe_source.api_lists import (
    CHARGE_PARTS,
    DAY,
    INVOICE_PAYMENT_PARTS,
    INVOICE_PAYMENTS,
    OVERLAP_S,
    REFUND_PARTS,
    SESSION_PARTS,
    Missing,
    Progress,
    Reader,
    Watch,
    decode_progress,
    expand_in_list,
    read_list,
    read_object,
)
from connector.stripe_source.api_related import Objects, Related
from connector.stripe_source.changes import EVENT_TYPES, Change, changed_objects
from connector.stripe_source.source import SourcePage

EVENTS = "/v1/events"
CURSOR = "api:events"
# Stripe keeps them for 30 days; the rest is slack.
KEPT_S = 29 * DAY

# Where an object of a kind is read afresh, and what is expanded in it.
PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "refund": ("/v1/refunds", REFUND_PARTS),
    "charge": ("/v1/charges", CHARGE_PARTS),
    "dispute": ("/v1/disputes", ()),
    "credit_note": ("/v1/credit_notes", ()),
    "invoice_payment": ("/v1/invoice_payments", INVOICE_PAYMENT_PARTS),
    "checkout_session": ("/v1/checkout/sessions", SESSION_PARTS),
}


def is_outage(cursors: Mapping[str, str], now: int) -> bool:
    """Whether the last pull is so long ago that Stripe may have forgotten events since."""
    place = decode_progress(cursors.get(CURSOR), 0)
    return place is not None and now - place.until > KEPT_S


def note_changes(read: Watch, cursors: Mapping[str, str], now: int) -> Iterator[SourcePage]:
    """What the events since the last pull name, noted page by page; then the cursor.

    Before the first pull of all nothing has changed: everything is read then.
    """
    place = decode_progress(cursors.get(CURSOR), 0)
    begin = max(0, (now if place is None else min(place.until, now)) - OVERLAP_S)
    query = {"types": list(EVENT_TYPES), "created": {"gte": begin, "lte": now}}
    recent: dict[str, int] = {}
    for pairs in read_list(read, EVENTS, query):
        events = [event for event, _ in pairs]
        recent.update((str(event["id"]), second_of(event)) for event in events)
        new = [event for event in events if place is not None and event["id"] not in place.seen]
        noted = dict.fromkeys(change for event in reversed(new) for change in changed_objects(event))
        if noted:
            yield SourcePage(noted=tuple(noted))
    until = read.until(now)
    seen = frozenset(event_id for event_id, created in recent.items() if created >= until - OVERLAP_S)
    yield SourcePage(cursor=(CURSOR, Progress(0, until, seen).encode()))


def second_of(event: Mapping[str, object]) -> int:
    created = event.get("created")
    return created if isinstance(created, int) else 0


def fetch(read: Reader, change: Change, related: Related) -> Objects:
    """The object as it is now; nothing where Stripe has it no more. An invoice comes with its payments."""
    try:
        if change.kind == "invoice":
            parameters = {"invoice": change.object_id, "expand": expand_in_list(INVOICE_PAYMENT_PARTS)}
            pages = read_list(read, INVOICE_PAYMENTS.path, parameters)
            return [one for pairs in pages for one in related.objects(pairs)]
        path, parts = PLACES[change.kind]
        place = f"{path}/{change.object_id}"
        answer = read(place, {"expand": list(parts)} if parts else {})
        return related.objects([read_object(answer.text, place)])
    except Missing:
        return []
