"""What the stand-in for Stripe knows of the API: addresses, filters, permissions, what can be expanded.

https://docs.stripe.com/api and stripe-python 16's annotations; only what a reader of payments needs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    kind: str
    filters: frozenset[str]
    permission: str
    # A list within an object: the field that holds it, and the kind of the object.
    field: str | None = None


def _resource(kind: str, permission: str, *filters: str) -> Resource:
    return Resource(kind, frozenset(filters), f"rak_{permission}_read")


RESOURCES: dict[str, Resource] = {
    "/v1/charges": _resource("charge", "charge", "customer", "payment_intent", "transfer_group"),
    "/v1/refunds": _resource("refund", "charge", "charge", "payment_intent"),
    "/v1/balance_transactions": _resource(
        "balance_transaction", "balance_transaction_source", "type", "currency", "source", "payout"
    ),
    "/v1/customers": _resource("customer", "customer", "email"),
    "/v1/payment_intents": _resource("payment_intent", "payment_intent", "customer"),
    "/v1/invoices": _resource(
        "invoice", "invoice", "customer", "status", "subscription", "collection_method"
    ),
    "/v1/invoice_payments": _resource("invoice_payment", "invoice", "invoice", "payment", "status"),
    "/v1/credit_notes": _resource("credit_note", "credit_note", "customer", "invoice"),
    "/v1/checkout/sessions": _resource(
        "checkout.session",
        "checkout_session",
        "customer",
        "payment_intent",
        "payment_link",
        "status",
        "subscription",
    ),
    "/v1/disputes": _resource("dispute", "dispute", "charge", "payment_intent"),
    "/v1/products": _resource("product", "product", "active", "ids", "shippable", "url"),
    "/v1/prices": _resource("price", "plan", "active", "currency", "lookup_keys", "product", "type"),
}

# Lists inside objects with an address of their own: (kind, field).
INNER_LISTS: dict[tuple[str, str], tuple[str, str]] = {
    ("/v1/invoices", "lines"): ("invoice", "lines"),
    ("/v1/credit_notes", "lines"): ("credit_note", "lines"),
    ("/v1/checkout/sessions", "line_items"): ("checkout.session", "line_items"),
}

PERMISSION_OF_KIND = {resource.kind: resource.permission for resource in RESOURCES.values()}

# Field → (how, kind). A reference is an id that can be expanded; an included list is there only when it is
# expanded; what is inside is always there and can only be passed through.
REFERENCE, INCLUDED, INSIDE = "reference", "included", "inside"

_TO_MONEY = {
    "balance_transaction": (REFERENCE, "balance_transaction"),
    "failure_balance_transaction": (REFERENCE, "balance_transaction"),
    "payment_intent": (REFERENCE, "payment_intent"),
    "customer": (REFERENCE, "customer"),
}

SCHEMA: dict[str, dict[str, tuple[str, str]]] = {
    "refund": {**_TO_MONEY, "charge": (REFERENCE, "charge")},
    "charge": {**_TO_MONEY, "refunds": (INCLUDED, "refund")},
    "payment_intent": {"customer": (REFERENCE, "customer"), "latest_charge": (REFERENCE, "charge")},
    "balance_transaction": {"source": (REFERENCE, "source")},
    "invoice": {
        "customer": (REFERENCE, "customer"),
        "payments": (INCLUDED, "invoice_payment"),
        "lines": (INSIDE, "line_item"),
    },
    "line_item": {"pricing": (INSIDE, "pricing")},
    "pricing": {"price_details": (INSIDE, "price_details")},
    "price_details": {"price": (REFERENCE, "price")},
    "invoice_payment": {"invoice": (REFERENCE, "invoice"), "payment": (INSIDE, "payment")},
    "payment": {"charge": (REFERENCE, "charge"), "payment_intent": (REFERENCE, "payment_intent")},
    "credit_note": {
        "customer": (REFERENCE, "customer"),
        "invoice": (REFERENCE, "invoice"),
        "refunds": (INSIDE, "credit_note_refund"),
        "lines": (INSIDE, "credit_note_line_item"),
    },
    "credit_note_refund": {"refund": (REFERENCE, "refund")},
    "checkout.session": {
        "customer": (REFERENCE, "customer"),
        "invoice": (REFERENCE, "invoice"),
        "payment_intent": (REFERENCE, "payment_intent"),
        "line_items": (INCLUDED, "item"),
    },
    "item": {"price": (INSIDE, "price")},
    "price": {"product": (REFERENCE, "product")},
    "dispute": {"charge": (REFERENCE, "charge"), "payment_intent": (REFERENCE, "payment_intent")},
}
