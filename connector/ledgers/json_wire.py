"""Exact JSON: amounts are numbers with the decimals of their currency, and no float is made of them on the way."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import simplejson

from connector.planning.money import exponent, to_major

Row = Mapping[str, Any]
JSON_TYPE = (("Content-Type", "application/json"),)


def encode(payload: Mapping[str, Any]) -> bytes:
    """The body of a write: numbers as they are, and nothing but what is in the payload."""
    text: str = simplejson.dumps(payload, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def decode(body: bytes) -> Any:
    """Numbers become `Decimal` or int. Raises ValueError."""
    return simplejson.loads(body.decode("utf-8"), use_decimal=True)


def amount(minor: int, currency: str) -> Decimal:
    """Minor units as they stand on the wire."""
    return to_major(minor, currency)


def minor(value: Any, currency: str) -> int:
    """An amount of an answer in minor units; what is finer than the currency is rounded half up."""
    places = exponent(currency)
    return int(Decimal(str(value or 0)).scaleb(places).quantize(Decimal(1), ROUND_HALF_UP))
