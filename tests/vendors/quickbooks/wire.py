"""JSON with exact numbers: every amount is a Decimal from the wire to the ledger and back."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Json = dict[str, Any]
ZERO = Decimal(0)
# Characters of a private area: no text of a client holds them.
_OPEN, _CLOSE = "\ue000", "\ue001"
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "CLP", "VND"})


def _number(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} has no JSON")
    return f"{_OPEN}{value:f}{_CLOSE}"


def dumps(body: Any) -> str:
    """JSON text; a Decimal becomes the number with just its digits."""
    text = json.dumps(body, default=_number, ensure_ascii=False)
    return text.replace(f'"{_OPEN}', "").replace(f'{_CLOSE}"', "")


def loads(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def rounded(value: Decimal, currency: str = "USD") -> Decimal:
    """To the smallest unit of the currency, halves away from zero."""
    unit = Decimal(1) if currency in _WITHOUT_CENTS else Decimal("0.01")
    return value.quantize(unit, ROUND_HALF_UP)


def ref(value: str, name: str | None = None, **more: str) -> Json:
    return {"value": value, **({} if name is None else {"name": name}), **more}
