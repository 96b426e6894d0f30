"""What is remembered of an account from one run to the next: its lists, and the fields of its records.

Lists are read once a day by NetSuite's own clock, and sooner where a mapping names what is not on them, the role was
refused something, or something in them stands in the way. A memory that cannot be used is none.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.ledgers.contract import Answer
from connector.ledgers.json_wire import Row

SHAPE = 1
READ_AFTER = timedelta(days=1)
DATE = re.compile(
    r"[A-Z][a-z]{2}, (?P<day>\d{2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) "
    r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2}) GMT"
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What is known of a row, by list; another choice is another shape, and what was remembered before is read anew.
# `Name` is without what it stands under, `FullName` with it; `Account`, `Currency` and `TaxType` are internal ids.
FIELDS: dict[str, tuple[str, ...]] = {
    "account": ("Id", "Name", "FullName", "Number", "Type", "Currency", "Inactive"),
    "item": ("Id", "Name", "FullName", "Display", "Type", "Account", "Inactive"),
    "currency": ("Id", "Name", "Symbol", "Base"),
    "subsidiary": ("Id", "Name", "FullName", "Currency", "Inactive"),
    "payment_method": ("Id", "Name", "Inactive"),
    "tax_code": ("Id", "Name", "TaxType"),
    "period": ("Id", "Start", "End"),
}


@dataclass
class Lists:
    """The rows of each list; `read_at` is when, by NetSuite's clock, None where it told none.

    `suiteql`: whether the role could use it. `fields` are the names of each record type that could be read, `refused` the
    lists and record types that the role may not read. `changed`: there is something in them that was not remembered.
    """

    account_id: str
    read_at: datetime | None
    suiteql: bool = True
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    fields: dict[str, frozenset[str]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    changed: bool = True


def row_of(name: str, values: Mapping[str, str | None]) -> Row:
    """A row with all its fields; those that are not known are None."""
    return {each: values.get(each) for each in FIELDS[name]}


def is_fresh(known: Lists, now: datetime | None) -> bool:
    """Not where the clock went back."""
    if known.read_at is None or now is None:
        return False
    return known.read_at <= now < known.read_at + READ_AFTER


def told_time(answer: Answer) -> datetime | None:
    """When NetSuite answered, by its own clock; None where it does not say so.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
    """
    told = next((text for name, text in answer.headers if name.lower() == "date"), "")
    found = DATE.fullmatch(told)
    if found is None or found["month"] not in MONTHS:
        return None
    day, year, hour, minute, second = (
        int(found[name]) for name in ("day", "year", "hour", "minute", "second")
    )
    try:
        return datetime(year, 1 + MONTHS.index(found["month"]), day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------ keeping


def head() -> dict[str, Any]:
    return {"shape": SHAPE, "names": {name: list(names) for name, names in FIELDS.items()}}


def pack(lists: Lists | None) -> bytes | None:
    """What `unpack` reads again; None where there is nothing that may be remembered."""
    if lists is None or lists.read_at is None:
        return None
    kept = {
        **head(),
        "account": lists.account_id,
        "read_at": lists.read_at.isoformat(),
        "suiteql": lists.suiteql,
        "rows": {
            name: [[row.get(each) for each in FIELDS[name]] for row in rows]
            for name, rows in lists.rows.items()
        },
        "fields": {record: sorted(names) for record, names in lists.fields.items()},
        "refused": sorted(lists.refused),
    }
    return zlib.compress(json.dumps(kept, separators=(",", ":")).encode())


def unpack(content: bytes | None, account_id: str) -> Lists | None:
    """Nothing is remembered where the content is of another account or shape, or cannot be read."""
    if content is None:
        return None
    try:
        kept = json.loads(zlib.decompress(content))
        if {name: kept[name] for name in (*head(), "account")} != {**head(), "account": account_id}:
            return None
        read_at = datetime.fromisoformat(kept["read_at"])
        if read_at.tzinfo is None:
            return None
        return Lists(
            account_id=account_id,
            read_at=read_at,
            suiteql=kept["suiteql"] is True,
            rows={name: [row_again(name, values) for values in kept["rows"][name]] for name in FIELDS},
            fields={record: frozenset(names) for record, names in kept["fields"].items()},
            refused=frozenset(kept["refused"]),
            changed=False,
        )
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError):
        return None


def row_again(name: str, values: list[str | None]) -> Row:
    """Raises ValueError where it is no row of this list."""
    if not all(text is None or isinstance(text, str) for text in values):
        raise ValueError("a value that is no text")
    return dict(zip(FIELDS[name], values, strict=True))
