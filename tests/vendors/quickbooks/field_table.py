"""Names, types and enumerations of what a client sends, checked against a table of fields."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from vendors.quickbooks import builtin_fields
from vendors.quickbooks.moods import Moods
from vendors.quickbooks.refusals import Refused, refused
from vendors.quickbooks.wire import Json

_LENGTHS = {
    "PrivateNote": 4000,
    "CustomerMemo": 1000,
    "Description": 4000,
    "DocNumber": 21,
    "PaymentRefNum": 100,
    "DisplayName": 500,
    "Name": 100,
    "Sku": 100,
}
_LONGER_NAMES = frozenset({"TaxCode", "Account"})


def schema_file() -> Path | None:
    """Intuit's schema as a table, where it lies beside the repository."""
    for folder in Path(__file__).resolve().parents:
        found = folder / "shared" / "data" / "qbo-fields.json"
        if found.is_file():
            return found
    return None


class FieldTable:
    """`complete` says whether Intuit's schema is behind it or the small list alone."""

    def __init__(self, path: Path | None = None) -> None:
        self.complete = path is not None
        told = json.loads(path.read_text(encoding="utf-8")) if path else builtin_fields.INSTEAD
        self.types: Json = {**told, **builtin_fields.ALWAYS}

    def checked(self, kind: str, body: Json, moods: Moods) -> Json:
        """The body without what is empty; `Refused` with 2010, 2030, 2050 or 2170."""
        return _Check(self.types, moods).entity(kind, body)


class _Check:
    def __init__(self, types: Json, moods: Moods) -> None:
        self.types = types
        self.moods = moods

    def entity(self, kind: str, body: Json) -> Json:
        known = self.types[kind]
        if known.get("free"):
            return body
        fields, attributes = known["fields"], known["attributes"]
        kept: Json = {}
        for name, value in body.items():
            if name in attributes:
                kept[name] = value
                continue
            if name not in fields:
                raise refused("2010", f"Property Name:{name} is unsupported or invalid in {kind}", name)
            if value is None or (value == "" and self.moods.empty_strings == "ignored"):
                continue
            field = fields[name]
            if field["array"]:
                if not isinstance(value, list):
                    raise self.wrong(name, "a list")
                kept[name] = [self.one(name, field["type"], part) for part in value]
            else:
                # The schema calls it a string; clients send 0 for what is new.
                kept[name] = self.one(name, "id" if name == "SyncToken" else field["type"], value)
            _check_length(kind, name, kept[name])
        return kept

    def one(self, name: str, kind: str, value: Any) -> Any:
        known = self.types.get(kind)
        if known is None:
            return self.scalar(name, kind, value)
        if "enum" in known:
            if value not in known["enum"]:
                words = f"Invalid Enumeration : {name} value {value} is not one of {', '.join(known['enum'])}"
                raise refused("2170", words, name)
            return value
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return self.simple(name, known, value) if known.get("simple_content") else self.entity(kind, value)

    def simple(self, name: str, known: Json, value: Json) -> Json:
        unknown = set(value) - {"value", *known["attributes"]}
        if unknown:
            raise refused("2010", f"Property Name:{min(unknown)} is unsupported or invalid in {name}", name)
        kept = {part: text for part, text in value.items() if text not in (None, "")}
        if not all(isinstance(text, str) for text in kept.values()):
            raise self.wrong(name, "a value that is a string")
        return kept

    def scalar(self, name: str, kind: str, value: Any) -> Any:
        number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if kind == "decimal":
            if self.moods.strings_for_amounts and isinstance(value, str) and _is_amount(value):
                return Decimal(value)
            if not number:
                raise self.wrong(name, "a number")
            return Decimal(value)
        if kind == "boolean" and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        if kind in ("int", "positiveInteger") and (not number or value != int(value) or value < 0):
            raise self.wrong(name, "a whole number")
        if kind == "id":
            if not number and not (isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9:_-]+", value)):
                raise refused("2030", f"Invalid ID : {name} {value}", name)
            return str(value)
        if kind == "date" and not _is_date(value):
            raise self.wrong(name, "a date as YYYY-MM-DD")
        if kind in ("string", "anyURI", "dateTime") and not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def wrong(self, name: str, wanted: str) -> Refused:
        return refused("2010", f"Property Name:{name} must be {wanted}", name)


def _is_amount(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _check_length(kind: str, name: str, value: Any) -> None:
    text = value.get("value") if isinstance(value, dict) else value
    longest = _LENGTHS.get(name)
    if longest is None or not isinstance(text, str) or (name == "Name" and kind in _LONGER_NAMES):
        return
    if len(text) > longest:
        words = (
            f"String length specified for {name} is not supported. Min=0, Max={longest}, supplied={len(text)}"
        )
        raise refused("2050", words, name)
