"""Amounts, days and instants as NetSuite writes them: exact numbers, `2026-03-05`, `2026-03-05T12:00:00Z`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from vendors.quickbooks.wire import ZERO, Json, decimal, dumps, loads

__all__ = ["ZERO", "Json", "decimal", "dumps", "instant", "is_day", "loads", "plain", "rounded"]


def rounded(value: Decimal, digits: int = 2) -> Decimal:
    """To so many places, halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def is_day(text: object) -> bool:
    """Whether it is a day written YYYY-MM-DD."""
    if not isinstance(text, str) or len(text) != 10:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def instant(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(value: Decimal) -> str:
    """The digits of a number without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
