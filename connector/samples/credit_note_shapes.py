"""The JSON of credit notes as API 2026-10-28.endive has it: https://docs.stripe.com/api/credit_notes/object

Since 2025-03-31.basil a credit note lists the `refunds` that paid it out, each with the part it explains.
"""

from __future__ import annotations

from connector.samples.catalogue import Json, TaxRate
from connector.samples.dice import Dice
from connector.samples.invoice_shapes import added_up, on_top, taxes_of


def credit_line_object(
    dice: Dice, amount: int, *, tax: TaxRate | None, line: Json | None, quantity: int | None, unit: int | None
) -> Json:
    """A credit note's line: of an invoice's line, or a custom one; `amount` is without a tax on top."""
    credited: Json = {"id": dice.object_id("cnli"), "object": "credit_note_line_item", "amount": amount}
    credited.update(
        description=line["description"] if line else "Goodwill",
        discount_amount=0,
        discount_amounts=[],
    )
    if line is not None:
        credited["invoice_line_item"] = line["id"]
    return {
        **credited,
        "livemode": False,
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [],
        "taxes": taxes_of(tax, amount),
        "type": "custom_line_item" if line is None else "invoice_line_item",
        "unit_amount": unit,
        "unit_amount_decimal": None if unit is None else str(unit),
    }


def credit_note_object(
    credit_note_id: str, invoice: Json, lines: list[Json], *, at: int, total: int, ordinal: int
) -> Json:
    """https://docs.stripe.com/api/credit_notes/object; its refunds are entered afterwards."""
    taxes = added_up(lines)
    subtotal = sum(line["amount"] for line in lines) if lines else total
    return {
        "id": credit_note_id,
        "object": "credit_note",
        "amount": total,
        "amount_shipping": 0,
        "created": at,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": at,
        "invoice": invoice["id"],
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "url": f"/v1/credit_notes/{credit_note_id}/lines",
        },
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": f"{invoice['number']}-CN-{ordinal:02d}",
        "out_of_band_amount": None,
        "pdf": f"https://pay.stripe.com/credit_notes/{credit_note_id}/pdf",
        "post_payment_amount": total,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": None,
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - sum(tax["amount"] for tax in taxes) + on_top(taxes),
        "total": total,
        "total_excluding_tax": total - sum(tax["amount"] for tax in taxes),
        "total_taxes": taxes,
        "type": "post_payment",
        "voided_at": None,
    }
