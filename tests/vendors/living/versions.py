"""Objects in the shape that an older API version gave them: what an event keeps for ever.

https://docs.stripe.com/changelog; the shapes of 2022-11-15 to 2024 are those of the sample.
"""

from __future__ import annotations

from connector.samples.older_shapes import older_credit_note, older_invoice, older_payment
from vendors.stripe_errors import Json
from vendors.stripe_rendering import Rendering

ENDIVE = "2026-10-28.endive"
CLOVER = "2025-10-29.clover"
PRE_BASIL = "2024-06-20"
EMBEDDED_REFUNDS = "2022-08-01"

# First versions of what is asked about below.
_LATEST_CHARGE = "2022-11-15"
_REFUND_FAILED = "2024-10-28"
_BASIL = "2025-03-31"
_PENDING_REASON = "2025-04-30"
_CUSTOMER_OF_REFUND = "2026-09-30"


def is_basil(version: str) -> bool:
    """Whether a partial capture is no refund, a charge names no invoice, a note has several refunds."""
    return version[:10] >= _BASIL


def has_event(version: str, event_type: str) -> bool:
    if event_type == "refund.failed":
        return version[:10] >= _REFUND_FAILED
    return not event_type.startswith("invoice_payment.") or is_basil(version)


def shaped(one: Json, version: str, rendering: Rendering) -> Json:
    """A shown object, as that version shows it; nothing nested is changed in place."""
    date, kind = version[:10], one["object"]
    if kind == "refund":
        return _refund(one, date)
    if date >= _BASIL:
        return one
    if kind == "invoice":
        return older_invoice(one, _charge_of_invoice(one, rendering))
    if kind == "credit_note":
        return older_credit_note(one)
    if kind not in ("charge", "payment_intent"):
        return one
    intent_id = one["payment_intent"] if kind == "charge" else one["id"]
    older = older_payment(one, _invoice_of(intent_id, rendering))
    if date < _LATEST_CHARGE:
        if kind == "charge":
            older["refunds"] = _list_of_refunds(one, version, rendering)
        else:
            del older["latest_charge"]
            older["charges"] = _list_of_charges(one, version, rendering)
    return older


def _refund(one: Json, date: str) -> Json:
    newer = {"customer", "customer_account", "payment_method"} if date < _CUSTOMER_OF_REFUND else set()
    if date < _PENDING_REASON:
        newer.add("pending_reason")
    if date < _BASIL:
        newer.add("presentment_details")
    return {key: value for key, value in one.items() if key not in newer}


def _list_of_refunds(charge: Json, version: str, rendering: Rendering) -> Json:
    """The ten newest, as every charge carried them before 2022-11-15."""
    listed = rendering.listed(charge, "refunds", "refund", {})
    data = [shaped(refund, version, rendering) for refund in listed["data"]]
    total = len(rendering.shelf.index("refund", "charge", charge["id"]))
    return {**listed, "data": data, "total_count": total}


def _list_of_charges(intent: Json, version: str, rendering: Rendering) -> Json:
    made = rendering.shelf.of_kind("charge", "payment_intent", intent["id"])
    data = [shaped(rendering.render(charge, {}), version, rendering) for charge in made[:10]]
    url = f"/v1/charges?payment_intent={intent['id']}"
    return {"object": "list", "data": data, "has_more": len(made) > 10, "total_count": len(made), "url": url}


def _invoice_of(intent_id: str | None, rendering: Rendering) -> str | None:
    paid = rendering.shelf.of_kind("invoice_payment", "payment", intent_id or "")
    return paid[0]["invoice"] if paid else None


def _charge_of_invoice(invoice: Json, rendering: Rendering) -> Json | None:
    """The charge of its first payment, the only one an invoice could have."""
    for payment in reversed(rendering.shelf.of_kind("invoice_payment", "invoice", invoice["id"])):
        intent = rendering.shelf.get(payment["payment"].get("payment_intent"))
        charge_id = intent["latest_charge"] if intent else payment["payment"].get("charge")
        if charge_id in rendering.shelf:
            return rendering.shelf[charge_id]
    return None
