"""Which fields the records of an account have: that depends on its features, its forms and the role.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545129962.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_tables import Tables
from connector.ledgers.netsuite_wire import RECORDS

SCHEMA = (("Accept", "application/schema+json"),)
# What the connector writes, and what it reads beside.
WRITTEN = (
    "invoice",
    "creditMemo",
    "customerPayment",
    "customerRefund",
    "cashSale",
    "cashRefund",
    "journalEntry",
    "customer",
)


def read_fields(tables: Tables) -> Steps[dict[str, frozenset[str]]]:
    """The names of the fields of each record type; one that the catalog does not tell of is left out."""
    fields: dict[str, frozenset[str]] = {}
    for record in WRITTEN:
        schema = yield from tables.ask(record, f"{RECORDS}/metadata-catalog/{record}", SCHEMA)
        names = names_of(schema or {})
        if names:
            fields[record] = names
    return fields


def names_of(schema: Row) -> frozenset[str]:
    """Top-level names, and `sublist.name` for those within a sublist. A sublist that is described elsewhere counts as
    `sublist.*`: it may have any."""
    names: set[str] = set()
    for name, what in properties_of(schema).items():
        names.add(name)
        lines = lines_of(schema, what)
        if lines is None:
            continue
        names |= {f"{name}.{each}" for each in lines} or {f"{name}.*"}
    return frozenset(names)


def lines_of(schema: Row, what: Any) -> Mapping[str, Any] | None:
    """The fields of a line of a sublist; None for what is no sublist, none where they are described elsewhere."""
    collection = properties_of(resolved(schema, what))
    if "items" not in collection:
        return None
    items = resolved(schema, collection["items"])
    return properties_of(resolved(schema, items.get("items")))


def properties_of(schema: Row) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def resolved(schema: Row, what: Any) -> Row:
    """What a reference within the schema names; an empty object where it leads elsewhere."""
    if not isinstance(what, Mapping):
        return {}
    named = what.get("$ref")
    if not isinstance(named, str):
        return what
    found: Any = schema
    for part in named.removeprefix("#/").split("/") if named.startswith("#/") else ("",):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def has(fields: Mapping[str, frozenset[str]], record: str, name: str) -> bool:
    """Whether a record has a field, a line's as `item.amount`; True where that is not known."""
    known = fields.get(record)
    if known is None:
        return True
    sublist = name.partition(".")[0]
    return name in known or (sublist != name and f"{sublist}.*" in known)
