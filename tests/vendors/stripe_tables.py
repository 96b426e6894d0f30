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
    "/v1/events": _resource("event", "event", "type", "types", "delivery_success"),
    "/v1/transfers": _resource("transfer", "transfer", "destination", "transfer_group"),
    "/v1/application_fees": _resource("application_fee", "application_fee", "charge"),
    "/v1/products": _resource("product", "product", "active", "ids", "shippable", "url"),
    "/v1/prices": _resource("price", "plan", "active", "currency", "lookup_keys", "product", "type"),
}

# Lists inside objects with an address of their own.
INNER_LISTS: frozenset[tuple[str, str]] = frozenset(
    {
        ("/v1/invoices", "lines"),
        ("/v1/credit_notes", "lines"),
        ("/v1/checkout/sessions", "line_items"),
        ("/v1/payment_intents", "amount_details_line_items"),
    }
)

# Objects that live below another one: (address of the owner, name) -> (kind, the field that names the owner).
BELOW: dict[tuple[str, str], tuple[str, str]] = {
    ("/v1/charges", "refunds"): ("refund", "charge"),
    ("/v1/transfers", "reversals"): ("transfer_reversal", "transfer"),
    ("/v1/application_fees", "refunds"): ("fee_refund", "fee"),
}

# What a list can be asked for without walking through all of its kind.
INDEXED: dict[str, tuple[str, ...]] = {
    resource.kind: tuple(sorted(resource.filters - {"ids", "types", "delivery_success", "lookup_keys"}))
    for resource in RESOURCES.values()
} | {kind: (owner,) for kind, owner in BELOW.values() if kind != "refund"}

PERMISSION_OF_KIND = {
    **{resource.kind: resource.permission for resource in RESOURCES.values()},
    "transfer_reversal": "rak_transfer_read",
    "fee_refund": "rak_application_fee_read",
}

# Field → (how, kind). A reference is an id that can be expanded; an included list is there only when it is
# expanded, a shown list always; what is inside is always there and can only be passed through.
REFERENCE, INCLUDED, SHOWN, INSIDE = "reference", "included", "shown", "inside"

# Included and shown lists of objects with an address of their own: (kind, field) → (kind, field of the owner, address).
LISTED = {
    ("charge", "refunds"): ("refund", "charge", "/v1/charges/{}/refunds"),
    ("invoice", "payments"): ("invoice_payment", "invoice", "/v1/invoice_payments?invoice={}"),
    ("transfer", "reversals"): ("transfer_reversal", "transfer", "/v1/transfers/{}/reversals"),
    ("application_fee", "refunds"): ("fee_refund", "fee", "/v1/application_fees/{}/refunds"),
}

_TO_MONEY = {
    "balance_transaction": (REFERENCE, "balance_transaction"),
    "failure_balance_transaction": (REFERENCE, "balance_transaction"),
    "payment_intent": (REFERENCE, "payment_intent"),
    "customer": (REFERENCE, "customer"),
}

SCHEMA: dict[str, dict[str, tuple[str, str]]] = {
    "refund": {
        **_TO_MONEY,
        "charge": (REFERENCE, "charge"),
        "source_transfer_reversal": (REFERENCE, "transfer_reversal"),
        "transfer_reversal": (REFERENCE, "transfer_reversal"),
    },
    "charge": {
        **_TO_MONEY,
        "application_fee": (REFERENCE, "application_fee"),
        "refunds": (INCLUDED, "refund"),
        "source_transfer": (REFERENCE, "transfer"),
        "transfer": (REFERENCE, "transfer"),
    },
    "transfer": {
        "balance_transaction": (REFERENCE, "balance_transaction"),
        "reversals": (SHOWN, "transfer_reversal"),
        "source_transaction": (REFERENCE, "charge"),
    },
    "transfer_reversal": {
        "balance_transaction": (REFERENCE, "balance_transaction"),
        "source_refund": (REFERENCE, "refund"),
        "transfer": (REFERENCE, "transfer"),
    },
    "application_fee": {
        "balance_transaction": (REFERENCE, "balance_transaction"),
        "originating_transaction": (REFERENCE, "charge"),
        "refunds": (SHOWN, "fee_refund"),
    },
    "fee_refund": {
        "balance_transaction": (REFERENCE, "balance_transaction"),
        "fee": (REFERENCE, "application_fee"),
    },
    "payment_intent": {
        "amount_details": (INSIDE, "amount_details"),
        "customer": (REFERENCE, "customer"),
        "latest_charge": (REFERENCE, "charge"),
    },
    "amount_details": {"line_items": (INCLUDED, "payment_intent_amount_details_line_item")},
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
