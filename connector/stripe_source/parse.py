"""Stripe objects as facts. Pure: a dict as `json.loads` gives it goes in, frozen values come out.

Shapes from API 2022-11-15 to 2026-10-28.endive are read alike (https://docs.stripe.com/api,
https://docs.stripe.com/changelog). What moved in between, all of it in 2025-03-31.basil: `charge.invoice`,
`payment_intent.invoice`, `invoice.charge` and `invoice.payment_intent` went (an `invoice_payment` says it
now), `credit_note.refund` became `refunds[]`; for lines see `parse_lines`. Optional fields may be absent,
null or empty; a reference may be an id or the expanded object. Amounts must be JSON integers: a reader of
JSON has to keep fractions apart from them (`parse_float=str`).

An object that cannot be used has a `defect`: "CODE: sentence", CODE being `currency_not_supported` (a
currency that is not in Stripe's table) or `stripe_object_missing` (anything else that is wrong or not there).
Refunds and charges keep their fact, with the defect in it too, `amount_minor` 0, and `created` 0 where that
is what is missing; of any other kind there is no fact then.
"""

from __future__ import annotations

from typing import Any

from connector.planning.stripe_facts import Fact
from connector.planning.values import value
from connector.stripe_source.fact_text import decode_fact, encode_fact
from connector.stripe_source.parse_fields import Defective, Raw, entries, reference
from connector.stripe_source.parse_kinds import READERS

__all__ = [
    "KINDS",
    "Parsed",
    "charge_status_rank",
    "decode_fact",
    "encode_fact",
    "parse_object",
    "parse_with_nested",
    "refund_status_rank",
]

KINDS: frozenset[str] = frozenset(READERS)

# The fields in which a kind's objects may carry other objects, and the same for the parts of objects that
# have no kind of their own (lines, entries of lists). Whatever else was expanded is not looked at.
_NESTED: dict[str, tuple[str, ...]] = {
    "balance_transaction": ("source",),
    "charge": (
        "balance_transaction",
        "failure_balance_transaction",
        "customer",
        "payment_intent",
        "invoice",
        "refunds",
        "dispute",
        "application_fee",
    ),
    "refund": (
        "charge",
        "balance_transaction",
        "failure_balance_transaction",
        "payment_intent",
        "transfer_reversal",
        "source_transfer_reversal",
    ),
    "payment_intent": ("latest_charge", "charges", "customer", "invoice"),
    "invoice": ("charge", "payment_intent", "payments", "customer", "lines"),
    "invoice_payment": ("invoice", "payment"),
    "credit_note": ("invoice", "customer", "refund", "refunds"),
    "checkout.session": ("payment_intent", "customer", "invoice", "line_items"),
    "customer": (),
    "dispute": ("charge", "payment_intent", "balance_transactions"),
    "product": (),
    "price": ("product",),
    "transfer_reversal": ("balance_transaction",),
    "fee_refund": ("balance_transaction",),
}
_NESTED_IN_PARTS = (
    "price",
    "pricing",
    "price_details",
    "refund",
    "payment_intent",
    "charge",
)


@value(frozen=True, slots=True)
class Parsed:
    """One object: `kind` is Stripe's `object` word, `links` the ids by which other objects look for this one.

    links: refund → its charge, else its payment intent; charge → payment intent, invoice; payment intent →
    invoice; invoice payment → payment intent or charge, invoice; invoice → payment intent, charge; credit
    note → invoice and refunds; dispute → charge; checkout session → payment intent; price → product; balance
    transaction → source; transfer reversal → transfer and refund; fee refund → application fee.
    """

    object_id: str
    kind: str
    created: int
    fact: Fact | None
    links: tuple[str, ...] = ()
    defect: str | None = None


def parse_object(raw: Raw) -> Parsed | None:
    """The object alone; None for kinds that are not used and for objects that Stripe says are deleted.

    Raises `ValueError` for an object of a used kind without an id: its reader must not let one through.
    """
    kind = raw.get("object")
    read = READERS.get(kind) if isinstance(kind, str) else None
    if read is None or not isinstance(kind, str) or raw.get("deleted") is True:
        return None
    object_id = raw.get("id")
    if not isinstance(object_id, str) or not object_id:
        raise ValueError(f"a Stripe object of kind {kind} has no id")
    try:
        fact, links = read(object_id, raw, f"{kind} {object_id}")
    except Defective as defect:
        return _without_fact(raw, kind, object_id, str(defect))
    return Parsed(
        object_id,
        kind,
        fact.created,
        fact,
        _distinct(links),
        getattr(fact, "defect", None),
    )


def _without_fact(raw: Raw, kind: str, object_id: str, defect: str) -> Parsed:
    """A defective object: what it belongs to is kept, so that the defect is found from there."""
    created = raw.get("created")
    links = [reference(raw.get(field)) for field in ("source", "charge", "payment_intent", "invoice")]
    return Parsed(
        object_id,
        kind,
        created if type(created) is int else 0,
        None,
        _distinct(tuple(links)),
        defect,
    )


def _distinct(links: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([link for link in links if link is not None]))


def parse_with_nested(raw: Raw) -> list[Parsed]:
    """The object and every expanded object inside it that is used, the outer first; [] for kinds that are not
    used.

    Each id comes once: an outer object stands for copies of itself further inside.
    """
    outer = parse_object(raw)
    if outer is None:
        return []
    found = {outer.object_id: outer}
    _collect(raw, _NESTED[outer.kind], found)
    return list(found.values())


def _collect(raw: Raw, names: tuple[str, ...], found: dict[str, Parsed]) -> None:
    for name in names:
        value = raw.get(name)
        if isinstance(value, (dict, list)):
            for part in _parts(value):
                _collect_part(part, found)


def _parts(value: Any) -> list[Raw]:
    if isinstance(value, dict) and value.get("object") != "list":
        return [value]
    return entries(value)


def _collect_part(part: Raw, found: dict[str, Parsed]) -> None:
    kind = part.get("object")
    names = _NESTED.get(kind) if isinstance(kind, str) else None
    if names is None:
        _collect(part, _NESTED_IN_PARTS, found)
        return
    if isinstance(part.get("id"), str) and part["id"] and part["id"] not in found:
        parsed = parse_object(part)
        if parsed is not None:
            found[parsed.object_id] = parsed
    _collect(part, names, found)


_REFUND_RANK = {
    "pending": 0,
    "requires_action": 0,
    "succeeded": 1,
    "failed": 2,
    "canceled": 2,
}
_CHARGE_RANK = {"pending": 0, "succeeded": 1, "failed": 1}


def refund_status_rank(status: str) -> int:
    """How far a refund has come; a read with a lower rank than one already seen is older. Unknown words rank
    0.

    A refund may fail up to 30 days after it succeeded, and nothing comes after that
    (https://docs.stripe.com/refunds).
    """
    return _REFUND_RANK.get(status, 0)


def charge_status_rank(status: str) -> int:
    """How far a charge has come; delayed methods may succeed first and fail later, so both rank alike."""
    return _CHARGE_RANK.get(status, 0)
