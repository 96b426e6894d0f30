"""Lines that a shop writes into Stripe's metadata: a JSON list of {sku, quantity, amount}, amounts as text."""

from __future__ import annotations

import json
from dataclasses import dataclass

from connector.planning.money import UnknownAmount, UnknownCurrency, parse_amount


@dataclass(frozen=True, slots=True)
class ListedLine:
    """`gross_minor` holds `tax_minor`; both are below zero for a discount."""

    gross_minor: int
    tax_minor: int
    sku: str | None
    quantity: str | None
    description: str | None


def read_lines(text: str | None, currency: str) -> tuple[list[ListedLine], str | None]:
    """The lines of a metadata value, and what is wrong with it: then there are no lines. Decimals keep their digits."""
    if not text:
        return [], None
    try:
        value = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return [], "is no JSON"
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return [], "is no JSON list of {sku, quantity, amount}"
    lines = []
    for place, entry in enumerate(value, start=1):
        line = read_line(entry, currency)
        if line is None:
            return [], f"has no amount in {currency.upper()} that can be used in entry {place}"
        lines.append(line)
    return lines, None


def read_line(entry: dict[str, object], currency: str) -> ListedLine | None:
    """One line, or None where its amounts cannot be read or make no sense."""
    try:
        gross = parse_amount(str(entry["amount"]), currency)
        tax = parse_amount(str(entry.get("tax") or "0"), currency)
    except (KeyError, UnknownAmount, UnknownCurrency):
        return None
    if gross * tax < 0 or abs(tax) > abs(gross):
        return None
    return ListedLine(
        gross, tax, shown(entry.get("sku")), shown(entry.get("quantity")), shown(entry.get("description"))
    )


def shown(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
