"""Amounts, dates and names as Xero writes them: exact numbers, `/Date(ms+0000)/`, text compared without accents."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from vendors.quickbooks.wire import ZERO, Json, decimal, dumps, loads

__all__ = [
    "NO_GUID",
    "ZERO",
    "Json",
    "decimal",
    "dumps",
    "is_date",
    "is_guid",
    "loads",
    "ms_date",
    "plain",
    "rounded",
]

NO_GUID = "00000000-0000-0000-0000-000000000000"
_CENT = Decimal("0.01")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = date(1970, 1, 1)


def rounded(value: Decimal, places: int = 2) -> Decimal:
    """Halves away from zero; totals have two places whatever the currency."""
    return value.quantize(_CENT if places == 2 else Decimal(1).scaleb(-places), ROUND_HALF_UP)


def is_guid(text: object) -> bool:
    return isinstance(text, str) and _GUID.fullmatch(text) is not None


def is_date(text: object) -> bool:
    """Whether it is a day written YYYY-MM-DD."""
    if not isinstance(text, str) or _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def ms_date(day: str) -> str:
    """A day as `/Date(ms+0000)/`."""
    return f"/Date({(date.fromisoformat(day) - _EPOCH).days * 86_400_000}+0000)/"


def ms_instant(seconds: float) -> str:
    return f"/Date({int(seconds * 1000)}+0000)/"


def iso_instant(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def plain(text: str) -> str:
    """The text as a filter of Xero compares it: without case and without accents."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))
