"""Lines of invoices, credit notes and checkout sessions as `LineFact`s that add up to the total of their
document.

Shapes since 2022: a line's taxes stand in `tax_amounts[]` {amount, inclusive, tax_rate} or, from
2025-03-31.basil, in `taxes[]` {amount, tax_behavior, tax_rate_details.tax_rate}; its price in `price` or in
`pricing.price_details`; what it is before discounts in `amount`, later also in `subtotal`
(https://docs.stripe.com/api/invoice-line-item/object, https://docs.stripe.com/api/credit_notes/line_item).

A line's net amount is what it is before discounts, less `discount_amounts[]`, less billing credits, less the
taxes that the price includes; taxes that come on top are not in it. Discounts of the whole document are
already on its lines. Shipping is a line of its own, and so is what Stripe left out of a long list
(`OTHER_LINES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.planning.stripe_facts import LineFact
from connector.stripe_source.parse_fields import (
    LARGEST_AMOUNT,
    Defective,
    Raw,
    amount_sentence,
    entries,
    number_text,
    reference,
    text,
    whole_amount,
)

SHIPPING = "shipping"
OTHER_LINES = "rest"


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a line says of itself in minor units; without a `subtotal` of its own that is its `amount`."""

    subtotal: int
    amount: int
    reductions: int
    included_tax: int
    added_tax: int

    @property
    def tax(self) -> int:
        return self.included_tax + self.added_tax

    def nets(self) -> tuple[int, int, int, int]:
        """The net amount by each reading of `subtotal` and `amount`, the documented one first.

        Newer versions do not say whether `amount` is before or after discounts, nor whether `subtotal` is
        before or after taxes that the price includes; the document's own total decides which reading holds.
        """
        return (
            self.subtotal - self.reductions - self.included_tax,
            self.amount - self.reductions - self.included_tax,
            self.amount - self.included_tax,
            self.subtotal - self.reductions,
        )


def document_lines(raw: Raw, document_id: str, owner: str) -> tuple[LineFact, ...]:
    """The lines of an invoice or credit note; together exactly its `total`, unless it shows none."""
    listed = raw.get("lines")
    shipping = _shipping_line(raw, document_id, owner)
    rows = entries(listed)
    if not rows:
        return (shipping,) if shipping else ()
    sums = [_line_sums(row, f"{owner}, line {at}") for at, row in enumerate(rows, 1)]
    total = whole_amount(raw, "total", owner)
    goods = total - (shipping.net_minor + shipping.tax_minor if shipping else 0)
    cut_short = isinstance(listed, dict) and listed.get("has_more") is True
    nets = _nets_that_add_up(sums, goods, cut_short)
    lines = [
        _line_fact(row, f"{document_id}/{at}", net, line.tax)
        for at, (row, line, net) in enumerate(zip(rows, sums, nets, strict=True), 1)
    ]
    if shipping:
        lines.append(shipping)
    return _reconcile(lines, total, _tax_of_document(raw), document_id, cut_short)


def session_lines(raw: Raw, session_id: str, owner: str) -> tuple[LineFact, ...]:
    """The lines of a checkout session, which tell net and tax themselves; () where they were not expanded."""
    listed = raw.get("line_items")
    rows = entries(listed)
    if not rows:
        return ()
    lines = []
    for at, row in enumerate(rows, 1):
        tax = _optional_amount(row, "amount_tax", owner)
        net = whole_amount(row, "amount_total", f"{owner}, line {at}") - tax
        lines.append(_line_fact(row, f"{session_id}/{at}", net, tax))
    shipping = _shipping_line(raw, session_id, owner)
    if shipping:
        lines.append(shipping)
    if raw.get("amount_total") is None:
        return tuple(lines)
    details = raw.get("total_details")
    tax_total = _optional_amount(details, "amount_tax", owner) if isinstance(details, dict) else None
    cut_short = isinstance(listed, dict) and listed.get("has_more") is True
    return _reconcile(
        lines,
        whole_amount(raw, "amount_total", owner),
        tax_total,
        session_id,
        cut_short,
    )


def _optional_amount(raw: Raw, field: str, owner: str) -> int:
    return 0 if raw.get(field) is None else whole_amount(raw, field, owner)


def _sum_of_amounts(rows: list[Raw], field: str, owner: str) -> int:
    total = 0
    for row in rows:
        value = row.get("amount")
        if type(value) is not int or not -LARGEST_AMOUNT < value < LARGEST_AMOUNT:
            raise Defective(amount_sentence(value, f"{field}.amount", owner, "a whole number of minor units"))
        total += value
    return total


def _taxes(row: Raw) -> list[Raw]:
    """A line's tax entries; versions around 2025-03-31 gave both lists, which then say the same."""
    return entries(row.get("taxes")) or entries(row.get("tax_amounts"))


def _is_included(tax: Raw) -> bool:
    return tax.get("tax_behavior") == "inclusive" or tax.get("inclusive") is True


def _line_sums(row: Raw, owner: str) -> _Sums:
    amount = whole_amount(row, "amount", owner)
    subtotal = amount if row.get("subtotal") is None else whole_amount(row, "subtotal", owner)
    discounts = entries(row.get("discount_amounts"))
    if discounts:
        reductions = _sum_of_amounts(discounts, "discount_amounts", owner)
    else:
        reductions = _optional_amount(row, "discount_amount", owner)
    credits = entries(row.get("pretax_credit_amounts"))
    if credits:
        # The list repeats the discounts; only billing credits are not counted yet.
        credits = [credit for credit in credits if credit.get("type") == "credit_balance_transaction"]
        reductions += _sum_of_amounts(credits, "pretax_credit_amounts", owner)
    taxes = _taxes(row)
    if taxes:
        included = _sum_of_amounts([tax for tax in taxes if _is_included(tax)], "taxes", owner)
        added = _sum_of_amounts(taxes, "taxes", owner) - included
        return _Sums(subtotal, amount, reductions, included, added)
    without_tax = row.get("amount_excluding_tax")
    # A line that lists no tax but is worth less without tax includes one, which only this difference tells.
    included = 0
    if type(without_tax) is int and abs(without_tax) < abs(amount) and not reductions:
        included = amount - without_tax
    return _Sums(subtotal, amount, reductions, included, 0)


def _nets_that_add_up(sums: list[_Sums], goods: int, cut_short: bool) -> list[int]:
    """One net amount a line: by the first reading that adds up, else one that nearly does, else the first."""
    taxes = sum([line.tax for line in sums])
    readings = list(zip(*[line.nets() for line in sums], strict=True))
    if not cut_short:
        for allowed in (0, len(sums)):
            for nets in readings:
                if abs(sum(nets) + taxes - goods) <= allowed:
                    return list(nets)
    return list(readings[0])


def _reconcile(
    lines: list[LineFact],
    total: int,
    tax_total: int | None,
    document_id: str,
    cut_short: bool,
) -> tuple[LineFact, ...]:
    """Make net + tax of all lines exactly `total`, and their tax the document's where it is known.

    A difference of at most one minor unit a line is Stripe's rounding and goes to the largest line that has
    tax (the tax) and to the same or the largest line (the net amount). More than that is lines that are not
    shown, and becomes a line of its own.
    """
    net_gap = total - sum([line.net_minor + line.tax_minor for line in lines])
    tax_gap = 0 if tax_total is None else tax_total - sum([line.tax_minor for line in lines])
    if not net_gap and not tax_gap:
        return tuple(lines)
    rounding = len(lines)
    if abs(net_gap) > rounding or (cut_short and net_gap):
        rest = LineFact(f"{document_id}/{OTHER_LINES}", "Other lines", net_gap - tax_gap, tax_gap)
        return (*lines, rest)
    if abs(tax_gap) > rounding:
        # The lines add up without it, so the document's tax is counted in another way than its lines'.
        tax_gap = 0
    largest = max(range(rounding), key=lambda at: abs(lines[at].net_minor + lines[at].tax_minor))
    at = largest
    if tax_gap:
        taxed = [at for at in range(rounding) if lines[at].tax_minor]
        at = max(taxed, key=lambda at: abs(lines[at].tax_minor)) if taxed else largest
        lines[at] = replace(lines[at], tax_minor=lines[at].tax_minor + tax_gap)
    if net_gap - tax_gap:
        lines[at] = replace(lines[at], net_minor=lines[at].net_minor + net_gap - tax_gap)
    return tuple(lines)


def _tax_of_document(raw: Raw) -> int | None:
    """The document's whole tax where it says so: `total_taxes`, `total_tax_amounts`, `tax_amounts`, `tax`."""
    for field in ("total_taxes", "total_tax_amounts", "tax_amounts"):
        listed = raw.get(field)
        if isinstance(listed, list) and listed:
            amounts = [entry.get("amount") for entry in entries(listed)]
            whole = [amount for amount in amounts if type(amount) is int]
            if len(whole) == len(amounts):
                return sum(whole)
    tax = raw.get("tax")
    return tax if type(tax) is int else None


def _shipping_line(raw: Raw, document_id: str, owner: str) -> LineFact | None:
    cost = raw.get("shipping_cost")
    if not isinstance(cost, dict):
        return None
    owner = f"{owner}, shipping_cost"
    tax = _optional_amount(cost, "amount_tax", owner)
    net = whole_amount(cost, "amount_total", owner) - tax
    if not net and not tax:
        return None
    return LineFact(
        line_id=f"{document_id}/{SHIPPING}",
        description="Shipping",
        net_minor=net,
        tax_minor=tax,
        tax_rate_id=_tax_rate_id(cost),
    )


def _tax_rate_id(row: Raw) -> str | None:
    taxes = _taxes(row)
    for tax in taxes:
        details = tax.get("tax_rate_details")
        rate = (
            details.get("tax_rate") if isinstance(details, dict) else tax.get("tax_rate") or tax.get("rate")
        )
        if rate:
            return reference(rate)
    return None


def _line_fact(row: Raw, fallback_id: str, net: int, tax: int) -> LineFact:
    price, product = _price_and_product(row)
    return LineFact(
        line_id=reference(row.get("id")) or fallback_id,
        description=text(row.get("description")) or "",
        net_minor=net,
        tax_minor=tax,
        quantity=_quantity(row),
        sku=_sku(row) or _sku(product),
        price_id=reference(price),
        lookup_key=text(price.get("lookup_key")) if isinstance(price, dict) else None,
        product_id=reference(product),
        tax_rate_id=_tax_rate_id(row),
        invoice_line_id=reference(row.get("invoice_line_item")),
    )


def _price_and_product(row: Raw) -> tuple[Any, Any]:
    """The line's price and product, each an id, an expanded object or None."""
    pricing = row.get("pricing")
    details = pricing.get("price_details") if isinstance(pricing, dict) else None
    if isinstance(details, dict):
        price = details.get("price")
        product = details.get("product")
        if isinstance(price, dict) and isinstance(price.get("product"), dict):
            product = price["product"]
        return price, product
    price = row.get("price") or row.get("plan")
    return price, price.get("product") if isinstance(price, dict) else None


def _sku(holder: Any) -> str | None:
    if not isinstance(holder, Mapping):
        return None
    held = holder.get("metadata")
    return text(held.get("sku")) if isinstance(held, dict) else None


def _quantity(row: Raw) -> str | None:
    """The quantity in its shortest spelling; None where it is 0 or not given: known by its amount alone."""
    value = row.get("quantity_decimal")
    if value is None:
        value = row.get("quantity")
    return number_text(value)
