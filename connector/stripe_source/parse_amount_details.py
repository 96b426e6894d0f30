"""The lines that a payment intent itself tells, in `amount_details.line_items`.

https://docs.stripe.com/payments/payment-line-items: unit cost times quantity, less the line's discount, and the tax on
top; discount, tax and shipping may stand on the whole payment instead. The list is there only where it was expanded.
"""

from __future__ import annotations

from connector.planning.shares import share_out
from connector.planning.stripe_facts import LineFact
from connector.stripe_source.parse_fields import Defective, Raw, entries, text, whole_amount

SHIPPING = "shipping"


def payment_lines(raw: Raw, payment_intent_id: str, owner: str) -> tuple[LineFact, ...] | None:
    """Lines that add up to the payment; None where they are not all told, () where they do not add up to it."""
    details = raw.get("amount_details")
    listed = details.get("line_items") if isinstance(details, dict) else None
    if not isinstance(details, dict) or not isinstance(listed, dict):
        return None
    if listed.get("has_more") is True:
        return None
    rows = entries(listed)
    if not rows:
        return ()
    try:
        nets = [net_of(row, owner) for row in rows]
        taxes = [part_of(row, "tax", "total_tax_amount", owner) for row in rows]
        nets, taxes = with_whole(details, nets, taxes, owner)
        shipping = part_of(details, SHIPPING, "amount", owner)
        amount = whole_amount(raw, "amount", owner)
    except Defective:
        # What was paid is known all the same; only what for is not.
        return ()
    lines = [
        LineFact(
            line_id=text(row.get("id")) or f"{payment_intent_id}/{at}",
            description=text(row.get("product_name")) or "",
            net_minor=net,
            tax_minor=tax,
            quantity=str(row["quantity"]),
            sku=text(row.get("product_code")),
        )
        for at, (row, net, tax) in enumerate(zip(rows, nets, taxes, strict=True), 1)
    ]
    if shipping:
        lines.append(LineFact(f"{payment_intent_id}/{SHIPPING}", "Shipping", shipping, 0))
    return tuple(lines) if sum(one.net_minor + one.tax_minor for one in lines) == amount else ()


def net_of(row: Raw, owner: str) -> int:
    cost, count = whole_amount(row, "unit_cost", owner), whole_amount(row, "quantity", owner)
    discount = 0 if row.get("discount_amount") is None else whole_amount(row, "discount_amount", owner)
    return cost * count - discount


def part_of(holder: Raw, name: str, field: str, owner: str) -> int:
    """An amount one level down, 0 where it is not there."""
    held = holder.get(name)
    if not isinstance(held, dict) or held.get(field) is None:
        return 0
    return whole_amount(held, field, owner)


def with_whole(details: Raw, nets: list[int], taxes: list[int], owner: str) -> tuple[list[int], list[int]]:
    """A discount and a tax of the whole payment, shared out over its lines."""
    if sum(nets) <= 0:
        return nets, taxes
    if details.get("discount_amount") is not None:
        parts = share_out(whole_amount(details, "discount_amount", owner), nets)
        nets = [net - part for net, part in zip(nets, parts, strict=True)]
    tax = part_of(details, "tax", "total_tax_amount", owner)
    if tax and sum(nets) > 0:
        taxes = [own + part for own, part in zip(taxes, share_out(tax, nets), strict=True)]
    return nets, taxes
