"""Objects as API 2022-11-15 to 2024 had them, made from today's shapes.

Before 2025-03-31.basil a charge and a payment intent named their invoice, an invoice its charge and payment
intent, a line its whole price, a credit note its one refund, and there were no invoice payments:
https://docs.stripe.com/changelog/basil
"""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.catalogue import ARTICLES, Json, price_object


def age(account: Account, before: int) -> None:
    """Turns charges, invoices and what belongs to them, created before that second, into older shapes."""
    payments = account.objects["invoice_payment"]
    charge_of_intent = {
        charge["payment_intent"]: charge
        for charge in account.objects["charge"].values()
        if charge["status"] == "succeeded"
    }
    paid_by: dict[str, Json] = {}
    invoice_of: dict[str | None, str] = {}
    for payment in list(payments.values()):
        invoice = account.objects["invoice"][payment["invoice"]]
        if invoice["created"] < before:
            del payments[payment["id"]]
            intent_id = payment["payment"]["payment_intent"]
            invoice_of[intent_id] = invoice["id"]
            paid_by[invoice["id"]] = charge_of_intent[intent_id]
    for invoice in account.objects["invoice"].values():
        if invoice["created"] < before:
            _replace(invoice, older_invoice(invoice, paid_by.get(invoice["id"])))
    for kind in ("charge", "payment_intent"):
        for one in account.objects[kind].values():
            if one["created"] < before:
                intent_id = one["payment_intent"] if kind == "charge" else one["id"]
                _replace(one, older_payment(one, invoice_of.get(intent_id)))
    for note in account.objects["credit_note"].values():
        if note["created"] < before:
            _replace(note, older_credit_note(note))
    for refund in account.objects["refund"].values():
        if refund["created"] < before:
            for newer in ("customer", "payment_method"):
                del refund[newer]


def _replace(stripe_object: Json, older: Json) -> None:
    """In place: others hold the same dictionary."""
    stripe_object.clear()
    stripe_object.update(older)


def older_payment(payment: Json, invoice_id: str | None) -> Json:
    """A charge or payment intent with its `invoice`."""
    older: Json = {}
    for key, value in payment.items():
        if key in ("customer_account", "radar_options", "payment_details"):
            continue
        older[key] = value
        if key == "description":
            older["invoice"] = invoice_id
    return older


def _tax_amounts(taxes: list[Json]) -> list[Json]:
    return [
        {
            "amount": tax["amount"],
            "inclusive": tax["tax_behavior"] == "inclusive",
            "tax_rate": tax["tax_rate_details"]["tax_rate"],
            "taxability_reason": None,
            "taxable_amount": tax["taxable_amount"],
        }
        for tax in taxes
    ]


def _older_line(line: Json, prices: dict[str, Json]) -> Json:
    details = line["parent"]["subscription_item_details"]
    older = {
        key: value
        for key, value in line.items()
        if key
        not in ("invoice", "parent", "pretax_credit_amounts", "pricing", "quantity_decimal", "subtotal")
    }
    taxes = older.pop("taxes")
    inclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    return {
        **older,
        "amount_excluding_tax": line["amount"] - inclusive,
        "price": prices[line["pricing"]["price_details"]["price"]],
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": details["subscription"] if details else None,
        "tax_amounts": _tax_amounts(taxes),
        "tax_rates": [],
        "type": "subscription" if details else "invoiceitem",
    }


def older_invoice(invoice: Json, charge: Json | None) -> Json:
    """An invoice with `charge`, `payment_intent`, `paid`, `tax` and lines with `price` and `tax_amounts`."""
    older: Json = {}
    for key, value in invoice.items():
        if key == "collection_method":
            older["charge"] = charge["id"] if charge else None
        elif key == "period_end":
            older["paid"] = invoice["status"] == "paid"
            older["paid_out_of_band"] = False
            older["payment_intent"] = charge["payment_intent"] if charge else None
        elif key == "subtotal":
            details = invoice["parent"]["subscription_details"] if invoice["parent"] else None
            older["subscription"] = details["subscription"] if details else None
        elif key == "total":
            taxes = [tax["amount"] for tax in invoice["total_taxes"]]
            older["tax"] = sum(taxes) if taxes else None
        older[key] = value
    for newer in ("amount_overpaid", "amount_shipping", "parent"):
        del older[newer]
    older["automatic_tax"] = {"enabled": False, "status": None}
    older["total_tax_amounts"] = _tax_amounts(older.pop("total_taxes"))
    prices = {
        article.price_id(currency): price_object(article, currency)
        for article in ARTICLES.values()
        for currency in article.prices
    }
    lines = [_older_line(line, prices) for line in invoice["lines"]["data"]]
    older["lines"] = {**invoice["lines"], "data": lines}
    return older


def older_credit_note(note: Json) -> Json:
    """A credit note with `refund` and `tax_amounts`."""
    older = {
        key: value
        for key, value in note.items()
        if key
        not in ("customer_account", "post_payment_amount", "pre_payment_amount", "refunds", "total_taxes")
    }
    older["refund"] = note["refunds"][0]["refund"] if note["refunds"] else None
    older["tax_amounts"] = _tax_amounts(note["total_taxes"])
    lines = []
    for line in note["lines"]["data"]:
        older_line = {key: value for key, value in line.items() if key != "taxes"}
        lines.append({**older_line, "tax_amounts": _tax_amounts(line["taxes"])})
    older["lines"] = {**note["lines"], "data": lines}
    return older
