"""The JSON of completed checkout sessions with their line items, as API 2026-10-28.endive has it.

`line_items` is there because the export expanded it: https://docs.stripe.com/api/checkout/sessions/object
"""

from __future__ import annotations

from connector.samples.catalogue import ARTICLES, DAY, Json, TaxRate, price_object
from connector.samples.dice import Dice
from connector.samples.invoice_shapes import Item

_LINES_URL = "/v1/checkout/sessions/line_items"
_CUSTOM_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def session_line_object(dice: Dice, item: Item, currency: str, tax: TaxRate | None) -> Json:
    """https://docs.stripe.com/api/checkout/sessions/line_items; `amount_total` holds the tax."""
    article = ARTICLES[item.sku]
    subtotal = article.prices[currency] * item.quantity
    tax_amount = tax.of(subtotal - item.discount) if tax else 0
    exclusive = tax_amount if tax and not tax.inclusive else 0
    line: Json = {
        "id": dice.object_id("li"),
        "object": "item",
        "amount_discount": item.discount,
        "amount_subtotal": subtotal,
        "amount_tax": tax_amount,
        "amount_total": subtotal - item.discount + exclusive,
        "currency": currency,
        "description": item.words or article.name,
    }
    if article.sku_on == "line":
        line["metadata"] = {"sku": item.sku}
    return {**line, "price": price_object(article, currency), "quantity": item.quantity}


def session_object(
    dice: Dice, lines: list[Json], *, currency: str, at: int, customer: Json | None, reference: str | None
) -> Json:
    """A session of mode `payment`; its payment intent is filled in once there is one."""
    discount = sum(line["amount_discount"] for line in lines)
    email = customer["email"] if customer else "guest@example.com"
    details = {"address": None, "business_name": None, "email": email, "individual_name": None}
    return {
        "id": f"cs_test_a1{dice.letters(56)}",
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": sum(line["amount_subtotal"] for line in lines),
        "amount_total": sum(line["amount_total"] for line in lines),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": "https://shop.example.com/cart",
        "client_reference_id": reference,
        "consent": None,
        "created": at,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(_CUSTOM_TEXTS),
        "customer": customer["id"] if customer else None,
        "customer_creation": "if_required",
        "customer_details": {**details, "name": None, "phone": None, "tax_exempt": "none", "tax_ids": []},
        "customer_email": None,
        "discounts": [{"coupon": "WELCOME10", "promotion_code": None}] if discount else [],
        "expires_at": at + DAY,
        "invoice": None,
        "line_items": {"object": "list", "data": lines, "has_more": False, "url": _LINES_URL},
        "livemode": False,
        "locale": None,
        "metadata": {},
        "mode": "payment",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_types": ["card"],
        "payment_status": "paid",
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "complete",
        "submit_type": None,
        "subscription": None,
        "success_url": "https://shop.example.com/thanks",
        "total_details": {
            "amount_discount": discount,
            "amount_shipping": 0,
            "amount_tax": sum(line["amount_tax"] for line in lines),
        },
        "ui_mode": "hosted_page",
        "url": None,
    }
