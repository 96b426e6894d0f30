"""What is remembered of a company from one run to the next: its accounts and items, and whether its numbers are shared.

A run reads only what changed since, and a few minutes more, because a query may lag behind a write; once a day
everything is read again. Times are QuickBooks' own, as its answers tell them. A memory that cannot be used is none.
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.ledgers.contract import Answer, Steps
from connector.ledgers.json_wire import Row, decode
from connector.ledgers.quickbooks_wire import find_rows, quoted, ref_of

SHAPE = 1
OVERLAP = timedelta(minutes=15)
FULL_READ_AFTER = timedelta(days=1)
# What is used of a row, by list; another choice is another shape, and what was remembered before is read anew.
FIELDS: dict[str, tuple[str, ...]] = {
    "Account": (
        "Name",
        "FullyQualifiedName",
        "AccountType",
        "AccountSubType",
        "Classification",
        "CurrencyRef",
    ),
    "Item": ("Name", "FullyQualifiedName", "Sku", "Type", "IncomeAccountRef"),
}
# What `SELECT *` leaves out.
COLUMNS = {"Item": "*, Sku"}

# The values of the fields of a row, in their order; of a reference its id.
Short = tuple[str | None, ...]
ShortRows = Mapping[str, Short]


@dataclass(frozen=True)
class Lists:
    """The active rows of each list by id. `full` is when all were read, `read` since when changes are not in them."""

    full: datetime | None
    read: datetime | None
    short: Mapping[str, ShortRows]

    def rows(self, entity: str) -> list[Row]:
        """As QuickBooks answered them, but for the fields that nothing uses; by id."""
        found = sorted(self.short[entity].items(), key=lambda one: (len(one[0]), one[0]))
        return [lengthened(entity, object_id, values) for object_id, values in found]


@dataclass(frozen=True)
class Memory:
    """`shared_numbers`: invoices, receipts and memos share their numbers."""

    shared_numbers: bool = False
    lists: Lists | None = None


def shortened(entity: str, row: Row) -> Short:
    return tuple(text_of(row, name) for name in FIELDS[entity])


def text_of(row: Row, name: str) -> str | None:
    if name.endswith("Ref"):
        return ref_of(row, name)
    return None if row.get(name) is None else str(row[name])


def lengthened(entity: str, object_id: str, values: Short) -> Row:
    row: dict[str, Any] = {"Id": object_id}
    for name, text in zip(FIELDS[entity], values, strict=True):
        if text is not None:
            row[name] = {"value": text} if name.endswith("Ref") else text
    return row


# ------------------------------------------------------------------------------------------------ reading


def read_lists(known: Lists | None, now: datetime | None) -> Steps[Lists]:
    """The lists as they are; `now` is what QuickBooks' clock showed before. Raises `LedgerDown`."""
    if known is None or now is None or is_old(known, now):
        short = {}
        for entity in FIELDS:
            # Without a condition a query leaves out what was made inactive, and that cannot be used in new documents.
            rows = yield from find_rows(entity, columns=COLUMNS.get(entity, "*"))
            short[entity] = {str(row["Id"]): shortened(entity, row) for row in rows}
        return Lists(now, now, short)
    assert known.read is not None
    since = quoted((known.read - OVERLAP).isoformat(timespec="seconds"))
    where = f"MetaData.LastUpdatedTime >= {since} AND Active IN (true, false)"
    changed: dict[str, ShortRows] = {}
    for entity in FIELDS:
        rows = yield from find_rows(entity, where, COLUMNS.get(entity, "*"))
        changed[entity] = put_in(known.short[entity], entity, rows)
    # With nothing new the old second stays: there is nothing to be stored, and the next run looks as far back.
    return known if changed == known.short else Lists(known.full, now, changed)


def is_old(known: Lists, now: datetime) -> bool:
    """Also where the clock went back: then nothing is known of what lies between."""
    if known.full is None or known.read is None:
        return True
    return not known.full <= known.read <= now < known.full + FULL_READ_AFTER


def put_in(before: ShortRows, entity: str, rows: list[Row]) -> ShortRows:
    """The rows that changed in the place of what they were; gone where they were made inactive."""
    after = dict(before)
    for row in rows:
        if row.get("Active") is False:
            after.pop(str(row["Id"]), None)
        else:
            after[str(row["Id"])] = shortened(entity, row)
    return after


def time_of(answer: Answer) -> datetime | None:
    """When QuickBooks answered, by its own clock; None where it does not say so in a way that can be counted on."""
    try:
        return instant(decode(answer.body)["time"])
    except (ValueError, TypeError, KeyError):
        return None


def instant(text: str) -> datetime:
    """Raises ValueError for what is no time, or one without an offset."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return when


# ------------------------------------------------------------------------------------------------ keeping


def pack(memory: Memory, realm: str) -> bytes:
    """What `unpack` reads again."""
    lists = memory.lists
    kept: dict[str, Any] = {**head(realm), "shared_numbers": memory.shared_numbers, "lists": None}
    if lists is not None and lists.full is not None and lists.read is not None:
        kept["lists"] = {
            "full": lists.full.isoformat(),
            "read": lists.read.isoformat(),
            "rows": {entity: dict(rows) for entity, rows in lists.short.items()},
        }
    return zlib.compress(json.dumps(kept, separators=(",", ":")).encode())


def unpack(content: bytes | None, realm: str) -> Memory:
    """Nothing is remembered where the content is of another company or shape, or cannot be read."""
    if content is None:
        return Memory()
    try:
        kept = json.loads(zlib.decompress(content))
        if {name: kept[name] for name in head(realm)} != head(realm):
            return Memory()
        return Memory(kept["shared_numbers"] is True, lists_of(kept["lists"]))
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError):
        return Memory()


def head(realm: str) -> dict[str, Any]:
    return {
        "shape": SHAPE,
        "realm": realm,
        "fields": {entity: list(names) for entity, names in FIELDS.items()},
    }


def lists_of(kept: Any) -> Lists | None:
    """Raises ValueError, TypeError, KeyError or AttributeError where it is none."""
    if kept is None:
        return None
    short: dict[str, ShortRows] = {}
    for entity, names in FIELDS.items():
        rows = {object_id: tuple(values) for object_id, values in kept["rows"][entity].items()}
        for values in rows.values():
            if len(values) != len(names) or not all(text is None or isinstance(text, str) for text in values):
                raise ValueError("a row of another shape")
        short[entity] = rows
    return Lists(instant(kept["full"]), instant(kept["read"]), short)
