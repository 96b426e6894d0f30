"""Small Stripe objects for tests: what the API promises of each and little more.

https://docs.stripe.com/api, shapes of 2026-10-28.endive.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

NOON = 1_767_700_800  # 2026-01-06T12:00:00Z
DAY = 86_400


def money(object_id: str, amount: int, source: str, created: int, **more: Any) -> Json:
    category = "refund" if amount < 0 else "charge"
    return {
        "id": object_id,
        "object": "balance_transaction",
        "amount": amount,
        "created": created,
        "currency": "usd",
        "exchange_rate": None,
        "fee": 0,
        "net": amount,
        "reporting_category": category,
        "source": source,
        "type": category,
        **more,
    }


def customer(object_id: str = "cus_1", created: int = NOON - 90 * DAY) -> Json:
    return {
        "id": object_id,
        "object": "customer",
        "created": created,
        "name": "Ada Alm",
        "email": "a@example.com",
    }


def sale(name: str, created: int, amount: int = 5000, **more: Any) -> list[Json]:
    """A card payment: payment intent pi_NAME, charge ch_NAME, balance transaction txn_NAME."""
    charge = {
        "id": f"ch_{name}",
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": f"txn_{name}",
        "billing_details": {"email": "a@example.com", "name": "Ada Alm"},
        "captured": True,
        "created": created,
        "currency": "usd",
        "customer": "cus_1",
        "description": f"Order {name}",
        "disputed": False,
        "failure_balance_transaction": None,
        "metadata": {"order_number": name},
        "payment_intent": f"pi_{name}",
        "payment_method_details": {"type": "card", "card": {"brand": "visa"}},
        "refunded": False,
        "status": "succeeded",
        **more,
    }
    intent = {
        "id": f"pi_{name}",
        "object": "payment_intent",
        "amount": amount,
        "created": created - 1,
        "currency": "usd",
        "customer": "cus_1",
        "description": None,
        "latest_charge": f"ch_{name}",
        "metadata": {},
        "status": "succeeded",
    }
    return [money(f"txn_{name}", amount, f"ch_{name}", created, exchange_rate=1.25), intent, charge]


def refund(object_id: str, sale_name: str, created: int, amount: int = 100, **more: Any) -> list[Json]:
    """A refund of that sale with its balance transaction txn_ID."""
    return [
        money(f"txn_{object_id}", -amount, object_id, created),
        {
            "id": object_id,
            "object": "refund",
            "amount": amount,
            "balance_transaction": f"txn_{object_id}",
            "charge": f"ch_{sale_name}",
            "created": created,
            "currency": "usd",
            "metadata": {},
            "payment_intent": f"pi_{sale_name}",
            "reason": None,
            "status": "succeeded",
            **more,
        },
    ]


def listed(data: list[Json], url: str) -> Json:
    return {"object": "list", "data": data, "has_more": False, "url": url}


def invoice(name: str, created: int, amounts: list[int], product: str = "prod_1") -> Json:
    """An invoice in_NAME with a line for each amount."""
    lines = [
        {
            "id": f"il_{name}_{place}",
            "object": "line_item",
            "amount": amount,
            "currency": "usd",
            "description": f"Line {place}",
            "pricing": {"price_details": {"price": "price_1", "product": product}, "type": "price_details"},
            "quantity": 1,
            "subtotal": amount,
            "taxes": [],
        }
        for place, amount in enumerate(amounts)
    ]
    return {
        "id": f"in_{name}",
        "object": "invoice",
        "created": created,
        "currency": "usd",
        "customer": "cus_1",
        "lines": listed(lines, f"/v1/invoices/in_{name}/lines"),
        "metadata": {},
        "number": f"ACME-{name}",
        "status": "paid",
        "total": sum(amounts),
    }


def invoice_payment(invoice_name: str, sale_name: str, created: int, amount: int, **more: Any) -> Json:
    return {
        "id": f"inpay_{invoice_name}_{sale_name}",
        "object": "invoice_payment",
        "amount_paid": amount,
        "created": created,
        "currency": "usd",
        "invoice": f"in_{invoice_name}",
        "payment": {"payment_intent": f"pi_{sale_name}", "type": "payment_intent"},
        "status": "paid",
        **more,
    }


def session(name: str, created: int, amounts: list[int], **more: Any) -> Json:
    """A checkout session cs_NAME of payment intent pi_NAME, with its line items."""
    items = [
        {
            "id": f"li_{name}_{place}",
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": "usd",
            "description": f"Item {place}",
            "price": price(),
            "quantity": 1,
        }
        for place, amount in enumerate(amounts)
    ]
    return {
        "id": f"cs_{name}",
        "object": "checkout.session",
        "amount_total": sum(amounts),
        "client_reference_id": f"ref-{name}",
        "created": created,
        "currency": "usd",
        "line_items": listed(items, f"/v1/checkout/sessions/cs_{name}/line_items"),
        "metadata": {},
        "payment_intent": f"pi_{name}",
        "status": "complete",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        **more,
    }


def price(object_id: str = "price_1", product: str = "prod_1") -> Json:
    return {
        "id": object_id,
        "object": "price",
        "active": True,
        "created": NOON - 300 * DAY,
        "currency": "usd",
        "lookup_key": "shirt-2026",
        "product": product,
        "type": "one_time",
        "unit_amount": 5000,
    }


def product(object_id: str = "prod_1", sku: str | None = "SKU-SHIRT") -> Json:
    return {
        "id": object_id,
        "object": "product",
        "active": True,
        "created": NOON - 300 * DAY,
        "metadata": {} if sku is None else {"sku": sku},
        "name": "Shirt",
    }


def credit_note(name: str, invoice_name: str, refund_id: str, created: int, amount: int) -> Json:
    return {
        "id": f"cn_{name}",
        "object": "credit_note",
        "amount": amount,
        "created": created,
        "currency": "usd",
        "customer": "cus_1",
        "invoice": f"in_{invoice_name}",
        "lines": listed([], f"/v1/credit_notes/cn_{name}/lines"),
        "number": f"ACME-{invoice_name}-CN-01",
        "refunds": [{"amount_refunded": amount, "refund": refund_id, "type": "refund"}],
        "status": "issued",
        "total": amount,
    }


def dispute(name: str, sale_name: str, created: int, amount: int) -> Json:
    moved = money(
        f"txn_dp_{name}", -amount, f"dp_{name}", created, reporting_category="dispute", type="adjustment"
    )
    return {
        "id": f"dp_{name}",
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [moved],
        "charge": f"ch_{sale_name}",
        "created": created,
        "currency": "usd",
        "payment_intent": f"pi_{sale_name}",
        "status": "needs_response",
    }


def small_account() -> list[Json]:
    """A checkout sale refunded twice, a paid invoice with a credit note, a disputed sale, one sale from before."""
    return [
        customer(),
        product(),
        product("prod_2", None),
        price(),
        price("price_2", "prod_2"),
        *sale("old", NOON - 200 * DAY),
        invoice("old", NOON - 201 * DAY, [3000, 2000], "prod_2"),
        invoice_payment("old", "old", NOON - 201 * DAY, 5000),
        *sale("shop", NOON),
        session("shop", NOON - 600, [4000, 1000]),
        *sale("bill", NOON + DAY),
        invoice("bill", NOON + DAY - 60, [5000]),
        invoice_payment("bill", "bill", NOON + DAY - 60, 5000),
        *sale("odd", NOON + 2 * DAY),
        dispute("odd", "odd", NOON + 3 * DAY, 5000),
        *refund("re_shop1", "shop", NOON + 2 * DAY, 1000),
        *refund("re_shop2", "shop", NOON + 3 * DAY, 500),
        *refund("pyr_bill", "bill", NOON + 4 * DAY, 700),
        credit_note("bill", "bill", "pyr_bill", NOON + 4 * DAY + 30, 700),
        *refund("re_old", "old", NOON + 5 * DAY, 5000, reason="requested_by_customer"),
    ]
