"""Names and kinds of NetSuite's fields, to check a request against: by the tables of the stand-in, always, and by those
beside the repository, where they are there.

The latter are a choice of names read in the REST browser and in an account's own catalog, with those that a record is
known not to have (`absent`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from vendors.netsuite import builtin_fields as builtin
from vendors.netsuite.wire import is_day

Json = dict[str, Any]
TAXED = frozenset({"invoice", "cashSale", "creditMemo", "cashRefund"})
# In no table of fields, and in Oracle's own sample of a customer payment: section 2 of the fact sheet.
IN_SAMPLES = {"customerPayment": frozenset({"toBeEmailed"})}
# An account without Payment Instruments has this name in the place of the others.
OLDER = "paymentMethod"
CUSTOM = "custbody_"


class Wrong(Exception):
    """A name or a value that the record does not take."""


@dataclass(frozen=True)
class Fields:
    """What a record takes, and the lines of each of its sublists; an empty kind: any."""

    names: Mapping[str, str]
    sublists: Mapping[str, Mapping[str, str]]
    absent: frozenset[str] = frozenset()


def check(record: str, body: Mapping[str, Any], fields: Fields) -> None:
    """Raises `Wrong` for a name that is not there, or a value that is of another kind."""
    for name, value in body.items():
        if name in fields.absent:
            raise Wrong(f"{record} has no {name}")
        if name in fields.sublists:
            check_lines(f"{record}.{name}", value, fields.sublists[name])
        elif name in fields.names:
            check_value(f"{record}.{name}", value, fields.names[name])
        elif not name.startswith(CUSTOM):
            raise Wrong(f"{record} has no {name}")


def check_lines(place: str, told: Any, names: Mapping[str, str]) -> None:
    if not isinstance(told, dict) or set(told) != {"items"} or not isinstance(told["items"], list):
        raise Wrong(f"{place} is no sublist")
    for line in told["items"]:
        for name, value in line.items():
            if name not in names:
                raise Wrong(f"{place} has no {name}")
            check_value(f"{place}.{name}", value, names[name])


def check_value(place: str, value: Any, kind: str) -> None:
    """By the kinds of the stand-in's tables: see `builtin_fields`."""
    if kind == "-":
        raise Wrong(f"{place} is NetSuite's own")
    if kind.startswith("@"):
        right = is_reference(value) and value["id"].isdecimal()
    elif kind.startswith("="):
        right = is_reference(value) and value["id"] in kind[1:].split(",")
    else:
        right = is_plain(kind, value)
    if not right:
        raise Wrong(f"{place} cannot be {value!r}")


def is_plain(kind: str, value: Any) -> bool:
    if kind in ("number", "whole"):
        number = int if kind == "whole" else int | Decimal
        return isinstance(value, number) and not isinstance(value, bool)
    if kind == "day":
        return isinstance(value, str) and is_day(value)
    if kind == "text":
        return isinstance(value, str) and value != ""
    return kind in ("", "*") or isinstance(value, bool)


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"id"} and isinstance(value["id"], str)


# ------------------------------------------------------------------------------------------------ the stand-in's


def built_in(record: str, instruments: bool = True) -> Fields:
    """Of an account with every feature, and with Payment Instruments or without."""
    names = dict(builtin.RECORDS[record])
    sublists = {name: dict(builtin.SUBLISTS[name]) for name in builtin.HAS.get(record, ())}
    if record in TAXED:
        names.update(builtin.SUITETAX)
        sublists["item"].update(builtin.SUITETAX_LINE)
    if not instruments:
        names = {name: kind for name, kind in names.items() if name not in builtin.INSTRUMENTS}
        names[OLDER] = "@paymentMethod"
    return Fields(names, sublists)


# ------------------------------------------------------------------------------------------------ beside the repository

KINDS = {
    "string": "text",
    "number": "number",
    "integer": "whole",
    "boolean": "flag",
    "date": "day",
    "ref": "@any",
}


def field_files() -> tuple[Path, Path] | None:
    """The two tables, where they lie beside the repository."""
    for folder in Path(__file__).resolve().parents:
        found = folder / "shared" / "data"
        paths = found / "netsuite-fields.json", found / "netsuite-fields-extra.json"
        if all(path.is_file() for path in paths):
            return paths
    return None


@cache
def tables() -> tuple[Json, Json]:
    paths = field_files()
    assert paths is not None
    first, extra = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return first, extra


def described(record: str) -> Fields | None:
    """What the tables tell of a record; None of one of which they tell nothing."""
    first, extra = tables()
    told, more = first.get(record, {}), extra.get(record, [])
    if not told and not more:
        return None
    names = dict.fromkeys((*more, *IN_SAMPLES.get(record, ())), "")
    names |= {name: kind_of(kind) for name, kind in told.get("fields", {}).items()}
    absent = frozenset(name.partition(" ")[0] for name in told.get("absent", ()))
    return Fields(names, dict(lists_of(told, set(more), extra)), absent)


def lists_of(told: Json, more: set[str], extra: Json) -> Iterator[tuple[str, Mapping[str, str]]]:
    listed = told.get("sublists", {})
    common = {"item": "itemLine", "taxDetails": "taxLine", "line": "journalLine"}
    for name in ("item", "taxDetails", "apply", "deposit", "line"):
        if name not in listed and name not in more:
            continue
        fields = listed.get(name, {}).get("fields", [])
        named = dict.fromkeys(extra[common[name]], "") if name in common else {}
        pairs = fields.items() if isinstance(fields, dict) else ((each, "") for each in fields)
        yield name, {**named, **{each: kind_of(kind) for each, kind in pairs}}


def kind_of(told: Any) -> str:
    return "=" + ",".join(told["enum"]) if isinstance(told, dict) else KINDS.get(told, "")
