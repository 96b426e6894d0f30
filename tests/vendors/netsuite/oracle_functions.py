"""Functions of Oracle that SQLite lacks or has otherwise: days, text without regard to case, DECODE."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vendors.netsuite.tables import DAY
from vendors.netsuite.wire import plain

_PARTS = {
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "%d",
    "HH24": "%H",
    "MI": "%M",
    "SS": "%S",
    "MON": "%b",
}
_FORMATS = {
    "M/D/YYYY": "{0.month}/{0.day}/{0.year}",
    "D.M.YYYY": "{0.day}.{0.month}.{0.year}",
    "YYYY-MM-DD": "{0:%Y-%m-%d}",
}


def register(connection: sqlite3.Connection) -> None:
    """Once for each connection is enough; once more does no harm."""
    for name, count, function in (
        ("to_char", -1, _to_char),
        ("to_date", 2, _to_date),
        ("to_number", 1, _to_number),
        ("trunc", 1, _trunc),
        ("upper", 1, lambda text: None if text is None else str(text).upper()),
        ("lower", 1, lambda text: None if text is None else str(text).lower()),
        ("decode", -1, _decode),
        ("concat", 2, lambda one, other: f"{one or ''}{other or ''}" or None),
    ):
        connection.create_function(name, count, function, deterministic=True)


def _pattern(text: str) -> str:
    found = re.sub("YYYY|MM|DD|HH24|MI|SS|MON", lambda part: _PARTS[part.group()], text.upper())
    if re.search("[A-LN-Z]{2}", re.sub("%.", "", found)):
        raise ValueError(f"unknown date format {text}")
    return found


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value.removeprefix(DAY))


def _to_char(value: Any, pattern: str | None = None) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value.startswith(DAY):
        return _instant(value).strftime(_pattern(pattern or "YYYY-MM-DD"))
    return plain(Decimal(str(value))) if isinstance(value, (int, float)) else str(value)


def _to_date(text: str | None, pattern: str) -> str | None:
    if text is None:
        return None
    when = datetime.strptime(text, _pattern(pattern))
    day = when.date().isoformat()
    return DAY + (day if when.time().isoformat() == "00:00:00" else f"{day} {when.time().isoformat()}")


def _to_number(value: Any) -> Any:
    try:
        return None if value is None else float(Decimal(str(value)))
    except InvalidOperation as error:
        raise ValueError("ORA-01722: invalid number") from error


def _trunc(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(DAY):
        return value[: len(DAY) + 10]
    return None if value is None else int(value)


def _decode(value: Any, *pairs: Any) -> Any:
    for wanted, result in zip(pairs[::2], pairs[1::2], strict=False):
        if value == wanted:
            return result
    return pairs[-1] if len(pairs) % 2 else None


def shown_day(text: str, date_format: str) -> str:
    """A bare day or instant as the account shows it: the day alone."""
    return _FORMATS[date_format].format(_instant(text))
