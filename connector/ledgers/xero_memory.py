"""What is remembered of an organisation from one run to the next: items, tax rates, tracking categories, currencies.

A tenant may have no more than a thousand calls a day, so these lists are read once a day by Xero's own clock, and sooner
only where a mapping names what is not on them. A memory that cannot be used is none.
https://developer.xero.com/documentation/guides/oauth2/limits/
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
from connector.ledgers.xero_wire import find_all, part_of, rows_of, time_of

SHAPE = 1
READ_AFTER = timedelta(days=1)
# What is used of a row, by list; another choice is another shape, and what was remembered before is read anew.
FIELDS: dict[str, tuple[str, ...]] = {
    "Items": (
        "ItemID",
        "Code",
        "Name",
        "IsTrackedAsInventory",
        "SalesDetails.AccountCode",
        "SalesDetails.TaxType",
    ),
    "TaxRates": ("TaxType", "Name", "Status", "EffectiveRate", "CanApplyToRevenue", "CanApplyToExpenses"),
    "TrackingCategories": ("TrackingCategoryID", "Name", "Status", "Options"),
    "Currencies": ("Code",),
}
OPTION_FIELDS = ("TrackingOptionID", "Name", "Status")


@dataclass(frozen=True)
class Lists:
    """The rows of each list with the fields that are used; `read_at` is when, by Xero's clock, None where it told none."""

    organisation_id: str
    read_at: datetime | None
    rows: Mapping[str, tuple[Row, ...]]


def read_lists(organisation_id: str, now: datetime | None) -> Steps[Lists]:
    """All of them, a call for each. Raises `LedgerDown`."""
    rows: dict[str, tuple[Row, ...]] = {}
    for plural in FIELDS:
        rows[plural] = tuple(slim(plural, row) for row in (yield from find_all(plural)))
    return Lists(organisation_id, now, rows)


def slim(plural: str, row: Row) -> Row:
    """Only what is used; numbers as text, because a float is none of ours."""
    kept: dict[str, Any] = {}
    for name in FIELDS[plural]:
        outer, _, inner = name.partition(".")
        if name == "Options":
            options = rows_of(row, "Options")
            kept[name] = [{field: one.get(field) for field in OPTION_FIELDS} for one in options]
        elif inner:
            kept.setdefault(outer, {})[inner] = plain(part_of(row, outer).get(inner))
        else:
            kept[name] = plain(row.get(name))
    return kept


def plain(found: Any) -> str | bool | None:
    return found if found is None or isinstance(found, bool) else str(found)


def is_fresh(known: Lists | None, organisation_id: str, now: datetime | None) -> bool:
    """Not where they are of another organisation, or where the clock went back."""
    if known is None or known.read_at is None or now is None:
        return False
    return known.organisation_id == organisation_id and known.read_at <= now < known.read_at + READ_AFTER


def told_time(answer: Answer) -> datetime | None:
    """When Xero answered, by its own clock; None where it does not say so."""
    try:
        return time_of(str(decode(answer.body)["DateTimeUTC"]))
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None


# ------------------------------------------------------------------------------------------------ keeping


def head() -> dict[str, Any]:
    return {"shape": SHAPE, "fields": {plural: list(names) for plural, names in FIELDS.items()}}


def pack(lists: Lists | None) -> bytes | None:
    """What `unpack` reads again; None where there is nothing that may be remembered."""
    if lists is None or lists.read_at is None:
        return None
    kept = {
        **head(),
        "organisation": lists.organisation_id,
        "read_at": lists.read_at.isoformat(),
        "rows": {plural: list(rows) for plural, rows in lists.rows.items()},
    }
    return zlib.compress(json.dumps(kept, separators=(",", ":")).encode())


def unpack(content: bytes | None) -> Lists | None:
    """Nothing is remembered where the content is of another shape, or cannot be read."""
    if content is None:
        return None
    try:
        kept = json.loads(zlib.decompress(content))
        if {name: kept[name] for name in head()} != head():
            return None
        read_at = datetime.fromisoformat(kept["read_at"])
        if read_at.tzinfo is None:
            return None
        return Lists(
            str(kept["organisation"]),
            read_at,
            {plural: tuple(slim(plural, row) for row in kept["rows"][plural]) for plural in FIELDS},
        )
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError):
        return None
