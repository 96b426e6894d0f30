"""Accounts, items and other objects of NetSuite on their shelves, by every way in which people write their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_wire import text_of
from connector.ledgers.shelf import Shelf

NAMES = ("FullName", "Number", "Shown", "ShownInFull", "Tight", "Name", "Display")


def shelf_of(rows: Iterable[Row]) -> Shelf:
    """By all their names. A full name that several have is told apart by number or id, and a further name that several
    have is none."""
    listed = list(rows)
    full = Counter(folded(row, "FullName") for row in listed)
    shown = Counter(folded(row, "Display") for row in listed)
    made: list[Row] = []
    for row in listed:
        apart = dict(row)
        if full[folded(row, "FullName")] > 1:
            number = text_of(row, "Number")
            name = text_of(row, "FullName")
            apart["FullName"] = f"{number} {name}" if number is not None else f"{name} (id {row['Id']})"
        if shown[folded(row, "Display")] > 1:
            apart.pop("Display", None)
        made.append({**apart, **spellings(row, full[folded(row, "FullName")] == 1)})
    return Shelf(made, NAMES, "Id", "FullName")


def folded(row: Row, name: str) -> str:
    return (text_of(row, name) or "").casefold()


def spellings(row: Row, alone: bool) -> dict[str, str]:
    """Further ways to write a name: with its number before it, and without spaces around the colons where nobody else is
    called so."""
    full, number = text_of(row, "FullName"), text_of(row, "Number")
    found: dict[str, str] = {}
    if full is not None:
        if alone:
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
