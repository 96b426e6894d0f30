"""The metadata catalog: the JSON schema of a type, with just the fields that this account has.

GET /record/v1/metadata-catalog/{type}, Accept: application/schema+json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.netsuite.builtin_fields import Kinds
from vendors.netsuite.field_table import table_of
from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

_TYPES: dict[str, Json] = {
    "text": {"type": "string"},
    "number": {"type": "number", "format": "double"},
    "whole": {"type": "integer", "format": "int64"},
    "flag": {"type": "boolean"},
    "day": {"type": "string", "format": "date"},
    "*": {"type": "object"},
    "-": {"type": "string", "readOnly": True},
}
_REFERENCE: Json = {
    "type": "object",
    "properties": {one: {"type": "string"} for one in ("id", "refName", "externalId")},
}


def schema(account: Account, record_type: str) -> Json:
    table = table_of(account, record_type)
    properties = _properties(table.fields)
    for name, kinds in table.sublists.items():
        items = {"type": "object", "properties": _properties(kinds)}
        properties[name] = {"type": "object", "properties": {"items": {"type": "array", "items": items}}}
    return {
        "type": "object",
        "properties": properties,
        "$schema": "http://json-schema.org/draft-06/hyper-schema#",
    }


def _properties(kinds: Kinds) -> Json:
    found: Json = {}
    for name, kind in kinds.items():
        if kind[0] == "@":
            found[name] = _REFERENCE
        elif kind[0] == "=":
            choice = {"type": "string", "enum": kind[1:].split(",")}
            found[name] = {"type": "object", "properties": {"id": choice, "refName": {"type": "string"}}}
        else:
            found[name] = _TYPES[kind]
        found[name] = {"title": name, **found[name], "x-ns-custom-field": name.startswith("cust")}
    return found
