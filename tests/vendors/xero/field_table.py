"""Names, types and words of what a client sends, checked against the built-in table and Xero's own description."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from vendors.xero.builtin_fields import FIELDS, REQUIRED, SINGULAR
from vendors.xero.refusals import unreadable
from vendors.xero.wire import Json, is_date, is_guid

Table = dict[str, dict[str, str]]


def schema_file() -> Path | None:
    """Xero's OpenAPI description, where it lies beside the repository."""
    for folder in Path(__file__).resolve().parents:
        found = folder / "shared" / "data" / "xero_accounting.yaml"
        if found.is_file():
            return found
    return None


@cache
def described() -> Table | None:
    """The same table read out of Xero's description; None where it is not there."""
    path = schema_file()
    if path is None:
        return None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schemas = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)["components"]["schemas"]
    return {
        name: {field: _kind(schemas, told) for field, told in schema["properties"].items()}
        for name, schema in schemas.items()
        if "properties" in schema
    }


def _kind(schemas: Json, told: Json) -> str:
    if "$ref" in told:
        name = told["$ref"].rsplit("/", 1)[1]
        return name if "properties" in schemas[name] else _kind(schemas, schemas[name])
    if told.get("type") == "array":
        return f"[{_kind(schemas, told['items'])}]"
    if "enum" in told:
        return "|".join(str(one) for one in told["enum"])
    if told.get("format") == "uuid":
        return "guid"
    if told.get("x-is-msdate"):
        return "date"
    plain = {"number": "number", "integer": "number", "boolean": "bool"}.get(told.get("type", ""))
    longest = told.get("maxLength")
    return plain or (f"text:{longest}" if longest else "text")


def check(plural: str, element: Json, there: bool = False) -> None:
    """Raises a loud `Refused` for an unknown name, a number sent as text, a word that Xero does not know.

    `there`: the address names an object that is changed, so nothing is required.
    """
    name = SINGULAR[plural]
    _check(FIELDS, name, element, name)
    whole = described()
    if whole is not None:
        _check(whole, name, element, name)
    for field in REQUIRED.get(name, ()):
        if element.get(field) is None and not (there or f"{name}ID" in element):
            raise unreadable(f"{name}.{field} is required")


def _check(table: Table, kind: str, value: Any, place: str) -> None:
    fields = table[kind]
    if not isinstance(value, dict):
        raise unreadable(f"{place} must be an object")
    for name, each in value.items():
        told = fields.get(name)
        where = f"{place}.{name}"
        if told is None:
            raise unreadable(f"{where} is not known")
        if each is None:
            raise unreadable(f"{where} is null")
        if told.startswith("["):
            if not isinstance(each, list):
                raise unreadable(f"{where} must be a list")
            for one in each:
                _check_one(table, told[1:-1], one, where)
        else:
            _check_one(table, told, each, where)


def _check_one(table: Table, told: str, value: Any, place: str) -> None:
    if told in table:
        _check(table, told, value, place)
    elif told == "ignored":
        return
    elif told == "number":
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise unreadable(f"{place} must be a number, not {value!r}")
    elif told == "bool":
        if not isinstance(value, bool):
            raise unreadable(f"{place} must be true or false, not {value!r}")
    elif not isinstance(value, str):
        raise unreadable(f"{place} must be text, not {value!r}")
    elif (told == "date" and not is_date(value)) or (told == "guid" and not is_guid(value)):
        raise unreadable(f"{place} must be a {told}, not {value!r}")
    elif "|" in told:
        if value not in told.split("|"):
            raise unreadable(f"{place} must be one of {told}, not {value!r}")
    elif told.startswith("text:") and len(value) > int(told[5:]):
        raise unreadable(f"{place} is longer than {told[5:]}")
