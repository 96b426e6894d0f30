"""Accounts, items and other objects of NetSuite on their shelves, by every way in which people write their names."""

from __future__ import annotations

from collections.abc import Iterable

from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_wire import text_of
from connector.ledgers.shelf import Shelf

NAMES = ("FullName", "Number", "Shown", "ShownInFull", "Tight", "Name", "Display")


def shelf_of(rows: Iterable[Row]) -> Shelf:
    return Shelf([{**row, **spellings(row)} for row in rows], NAMES, "Id", "FullName")


def spellings(row: Row) -> dict[str, str]:
    """Further ways to write a name: with its number before it, and without spaces around the colons."""
    full, number = text_of(row, "FullName"), text_of(row, "Number")
    found: dict[str, str] = {}
    if full is not None:
        found["Tight"] = ":".join(part.strip() for part in full.split(":"))
        if number is not None:
            found["ShownInFull"] = f"{number} {full}"
            found["Shown"] = f"{number} {text_of(row, 'Name')}"
    return found


def shelves_of(rows: Iterable[Row], spelled: Iterable[str]) -> tuple[Shelf, Shelf]:
    """The active ones, shown as they are `spelled`, and those that are inactive."""
    listed = list(rows)
    active = shelf_of(row for row in listed if row.get("Inactive") != "T")
    active.spell(spelled)
    return active, shelf_of(row for row in listed if row.get("Inactive") == "T")
