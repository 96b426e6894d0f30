"""The JSON of invoices, their lines and their payments as API 2026-10-28.endive has it.

Since 2025-03-31.basil an invoice names no charge: its payments are objects of their own, a line's price
stands in `pricing`, its taxes in `taxes`. https://docs.stripe.com/api/invoices/object
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.samples.catalogue import ARTICLES, DAY, Json, TaxRate
from connector.samples.dice import Dice

MONTH = 30 * DAY
_AUTOMATIC_TAX = ("disabled_reason", "liability", "provider", "status")
_PAYMENT_SETTINGS = ("default_mandate", "payment_method_options", "payment_method_types")


@dataclass(frozen=True, slots=True)
class Item:
    """So many of an article; `unit` replaces its list price, `words` its description."""

    sku: str
    quantity: int = 1
    unit: int | None = None
    discount: int = 0
    words: str | None = None


def taxes_of(tax: TaxRate | None, amount: int) -> list[Json]:
    """The `taxes` of an amount (after discounts); an inclusive tax is part of it."""
    if tax is None:
        return []
    tax_amount = tax.of(amount)
    return [
        {
            "amount": tax_amount,
            "tax_behavior": "inclusive" if tax.inclusive else "exclusive",
            "tax_rate_details": {"tax_rate": tax.tax_rate_id},
            "taxability_reason": "standard_rated",
            "taxable_amount": amount - tax_amount if tax.inclusive else amount,
            "type": "tax_rate_details",
        }
    ]


def added_up(lines: list[Json]) -> list[Json]:
    """`total_taxes` of lines: one entry for each tax rate."""
    totals: dict[str, Json] = {}
    for line in lines:
        for tax in line["taxes"]:
            rate = tax["tax_rate_details"]["tax_rate"]
            if rate in totals:
                totals[rate]["amount"] += tax["amount"]
                totals[rate]["taxable_amount"] += tax["taxable_amount"]
            else:
                totals[rate] = dict(tax)
    return list(totals.values())


def on_top(taxes: list[Json]) -> int:
    """The part of the taxes that is not in the amounts already."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")


def line_object(
    dice: Dice,
    item: Item,
    *,
    invoice_id: str,
    currency: str,
    tax: TaxRate | None,
    at: int,
    discount_id: str | None,
) -> Json:
    """https://docs.stripe.com/api/invoice-line-item/object"""
    article = ARTICLES[item.sku]
    unit = article.prices[currency] if item.unit is None else item.unit
    subtotal = unit * item.quantity
    credited: Json = {"proration": False, "proration_details": {"credited_items": None}}
    parent: Json
    if article.monthly:
        subscription = {"subscription": dice.object_id("sub"), "subscription_item": dice.short_id("si")}
        details = {"invoice_item": None, **credited, **subscription}
        parent = {"invoice_item_details": None, "subscription_item_details": details}
        parent["type"] = "subscription_item_details"
    else:
        details = {"invoice_item": dice.object_id("ii"), **credited, "subscription": None}
        parent = {"invoice_item_details": details, "subscription_item_details": None}
        parent["type"] = "invoice_item_details"
    discounts = [{"amount": item.discount, "discount": discount_id}] if item.discount else []
    return {
        "id": dice.object_id("il"),
        "object": "line_item",
        "amount": subtotal,
        "currency": currency,
        "description": item.words or f"{item.quantity} × {article.name}",
        "discount_amounts": discounts,
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {"sku": item.sku} if article.sku_on == "line" else {},
        "parent": parent,
        "period": {"end": at + MONTH if article.monthly else at, "start": at},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": article.price_id(currency), "product": article.product_id},
            "type": "price_details",
            "unit_amount_decimal": str(unit),
        },
        "quantity": item.quantity,
        "quantity_decimal": str(item.quantity),
        "subtotal": subtotal,
        "taxes": taxes_of(tax, subtotal - item.discount),
    }


def _sums(lines: list[Json]) -> Json:
    """What an invoice says of its lines as a whole."""
    subtotal = sum(line["subtotal"] for line in lines)
    taxes = added_up(lines)
    taxed = sum(tax["amount"] for tax in taxes)
    discounts: dict[str, int] = {}
    for line in lines:
        for one in line["discount_amounts"]:
            discounts[one["discount"]] = discounts.get(one["discount"], 0) + one["amount"]
    total = subtotal - sum(discounts.values()) + on_top(taxes)
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - taxed + on_top(taxes),
        "total": total,
        "total_discount_amounts": [{"amount": discounts[one], "discount": one} for one in discounts],
        "total_excluding_tax": total - taxed,
        "total_taxes": taxes,
    }


def invoice_object(
    lines: list[Json],
    *,
    invoice_id: str,
    number: str | None,
    customer: Json,
    at: int,
    status: str,
    currency: str,
) -> Json:
    """https://docs.stripe.com/api/invoices/object; `status` is draft, open, paid or void."""
    sums = _sums(lines)
    total = sums["total"]
    paid = total if status == "paid" else 0
    monthly = any(line["parent"]["type"] == "subscription_item_details" for line in lines)
    listed = {"object": "list", "data": lines, "has_more": False, "total_count": len(lines)}
    final = status != "draft"
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Acme",
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": total - paid,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 1 if monthly else 0,
        "attempted": status in ("paid", "open"),
        "auto_advance": False,
        "automatic_tax": {"enabled": False, **dict.fromkeys(_AUTOMATIC_TAX)},
        "billing_reason": "subscription_cycle" if monthly else "manual",
        "collection_method": "charge_automatically" if monthly else "send_invoice",
        "created": at,
        "currency": currency,
        **_whom(customer),
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [one["discount"] for one in sums["total_discount_amounts"]],
        "due_date": None if monthly else at + MONTH,
        "effective_at": at if final else None,
        "ending_balance": 0 if final else None,
        "footer": None,
        "issuer": {"type": "self"},
        "lines": {**listed, "url": f"/v1/invoices/{invoice_id}/lines"},
        "livemode": False,
        "metadata": {},
        "number": number,
        "on_behalf_of": None,
        "parent": _parent(lines) if monthly else None,
        "payment_settings": dict.fromkeys(_PAYMENT_SETTINGS),
        "period_end": at,
        "period_start": at,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "starting_balance": 0,
        "status": status,
        "status_transitions": _transitions(status, at),
        **sums,
    }


def _whom(customer: Json) -> Json:
    return {
        "customer": customer["id"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_tax_exempt": "none",
    }


def _transitions(status: str, at: int) -> Json:
    return {
        "finalized_at": None if status == "draft" else at,
        "marked_uncollectible_at": None,
        "paid_at": at if status == "paid" else None,
        "voided_at": at + DAY if status == "void" else None,
    }


def _parent(lines: list[Json]) -> Json:
    subscription = next(
        line["parent"]["subscription_item_details"]["subscription"]
        for line in lines
        if line["parent"]["subscription_item_details"]
    )
    details = {"metadata": {}, "subscription": subscription}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def invoice_payment_object(dice: Dice, invoice: Json, charge: Json, is_default: bool) -> Json:
    """https://docs.stripe.com/api/invoice-payment/object; open while the charge is pending."""
    paid = charge["status"] == "succeeded"
    paid_at = charge["created"] if paid else None
    if charge["payment_intent"] is None:
        payment = {"charge": charge["id"], "type": "charge"}
    else:
        payment = {"payment_intent": charge["payment_intent"], "type": "payment_intent"}
    return {
        "id": dice.object_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": charge["amount"] if paid else None,
        "amount_requested": charge["amount"],
        "created": charge["created"],
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": is_default,
        "livemode": False,
        "payment": payment,
        "status": "paid" if paid else "open",
        "status_transitions": {"canceled_at": None, "paid_at": paid_at},
    }
