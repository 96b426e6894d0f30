"""GET of a collection: ids alone, found by `q` over the search index.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545222128.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from vendors.netsuite.builtin_fields import ITEM_TYPES
from vendors.netsuite.field_table import TRANSACTIONS
from vendors.netsuite.refusals import bad_parameter
from vendors.netsuite.tables import DAY
from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

LONGEST_PAGE = 1000
_SEARCHED = "externalid id tranid trandate entity memo otherrefnum lastmodifieddate createddate currency postingperiod"
_OF_CUSTOMER = "id externalid entityid companyname firstname lastname email isinactive"
_OF_PERIOD = "id periodname startdate enddate closed arlocked alllocked isquarter isyear isadjust"
_FLAGS = frozenset({"isinactive", "closed", "arlocked", "alllocked", "isquarter", "isyear", "isadjust"})
_TRANSACTION = {one: one for one in _SEARCHED.split()}
_FIELDS: dict[str, dict[str, str]] = {
    "customer": {one: one for one in _OF_CUSTOMER.split()},
    "account": {"id": "id", "acctnumber": "acctnumber", "acctname": "fullname", "isinactive": "isinactive"},
    "item": {"id": "id", "itemid": "itemid", "displayname": "displayname", "isinactive": "isinactive"},
    "currency": {"id": "id", "name": "name", "symbol": "symbol"},
    "subsidiary": {"id": "id", "name": "name", "isinactive": "isinactive"},
    "accountingperiod": {one: one for one in _OF_PERIOD.split()},
    "paymentmethod": {"id": "id", "name": "name", "isinactive": "isinactive"},
    "salestaxitem": {"id": "id", "name": "name", "itemid": "itemid", "externalid": "externalid"},
}
_CONDITION = re.compile(
    r"\s*(?P<field>\w+)\s+(?P<how>IS_NOT|IS|CONTAIN|START_WITH|ANY_OF|ON_OR_AFTER|ON_OR_BEFORE|ON|AFTER|BEFORE|EQUAL)"
    r"\s+(?P<value>\[[^\]]*\]|\"[^\"]*\"|\S+)\s*(?P<then>AND|OR|$)",
    re.IGNORECASE,
)
_DAYS = {"on_or_after": ">=", "on_or_before": "<=", "on": "=", "after": ">", "before": "<"}
Condition = tuple[str, list[Any]]


def table_of(record_type: str) -> tuple[str, dict[str, str]]:
    if record_type in TRANSACTIONS:
        fields = dict(_TRANSACTION)
        if record_type in ("customerPayment", "customerRefund", "customerDeposit", "depositApplication"):
            fields["customer"] = fields.pop("entity")
        return "transaction", fields
    table = "item" if record_type in ITEM_TYPES else record_type.lower()
    return table, _FIELDS[table]


def page(account: Account, record_type: str, parameters: Mapping[str, str], base: str) -> Json:
    """`limit` and `offset` as SuiteQL has them; ids in their order."""
    unknown = set(parameters) - {"q", "limit", "offset"}
    if unknown:
        raise bad_parameter(f"Unknown query parameter {sorted(unknown)}.", loud=True)
    limit, offset = limits(parameters)
    table, fields = table_of(record_type)
    where, values = _own(record_type)
    if parameters.get("q"):
        told, more = condition(parameters["q"], fields)
        where, values = f"{where} AND ({told})", [*values, *more]
    connection = account.mirror.ready()
    found = connection.execute(f'SELECT id FROM "{table}" WHERE {where} ORDER BY id', values).fetchall()
    ids = [str(row[0]) for row in found[offset : offset + limit]]
    place = f"{base}/{record_type.lower()}"
    return {
        "links": [{"rel": "self", "href": place}],
        "count": len(ids),
        "hasMore": offset + len(ids) < len(found),
        "items": [{"links": [{"rel": "self", "href": f"{place}/{one}"}], "id": one} for one in ids],
        "offset": offset,
        "totalResults": len(found),
    }


def _own(record_type: str) -> Condition:
    if record_type in TRANSACTIONS:
        return "recordtype = ?", [record_type.lower()]
    if record_type in ITEM_TYPES:
        return "itemtype = ?", [ITEM_TYPES[record_type]]
    return "1 = 1", []


def limits(parameters: Mapping[str, str]) -> tuple[int, int]:
    try:
        limit, offset = int(parameters.get("limit", LONGEST_PAGE)), int(parameters.get("offset", 0))
    except ValueError as error:
        raise bad_parameter("limit and offset must be numbers.", loud=True) from error
    if not 0 < limit <= LONGEST_PAGE or offset < 0 or offset % limit:
        raise bad_parameter(
            "Invalid limit or offset: offset must be divisible by limit, limit at most 1000.", loud=True
        )
    return limit, offset


def condition(text: str, fields: Mapping[str, str]) -> Condition:
    """A filter as a condition of SQL and its values; AND binds more than OR, as in SQL."""
    pieces: list[str] = []
    values: list[Any] = []
    place = 0
    while place < len(text):
        found = _CONDITION.match(text, place)
        if found is None:
            raise bad_parameter(f"Invalid search query: {text}.")
        column = fields.get(found["field"].lower())
        if column is None:
            raise bad_parameter(
                f"Invalid search query: the field {found['field']} can not be used in a filter."
            )
        piece, more = _one(column, found["how"].lower(), found["value"])
        pieces.append(piece)
        values += more
        place = found.end()
        if found["then"]:
            pieces.append(found["then"].upper())
    if not pieces or pieces[-1] in ("AND", "OR"):
        raise bad_parameter(f"Invalid search query: {text}.")
    return " ".join(pieces), values


def _one(column: str, how: str, value: str) -> Condition:
    told = value[1:-1] if value[0] in '["' else value
    if how in _DAYS:
        return f"substr({column}, 1, 11) {_DAYS[how]} ?", [DAY + _day(told)]
    if how == "any_of":
        several = [one.strip().strip('"') for one in told.split(",")]
        return f"{column} IN ({', '.join('?' * len(several))})", list(several)
    if how in ("is", "is_not", "equal"):
        # The bar separates values of a list.
        several = told.split("|") if column == "externalid" else [told]
        if column in _FLAGS:
            several = ["T" if told.lower() in ("true", "t") else "F"]
        sign = "NOT IN" if how == "is_not" else "IN"
        return f"{column} {sign} ({', '.join('?' * len(several))})", list(several)
    if how == "start_with":
        return f"substr({column}, 1, ?) = ?", [len(told), told]
    return f"instr(lower({column}), lower(?)) > 0", [told]


def _day(text: str) -> str:
    """A day as the account writes it, or as ISO does."""
    try:
        if "/" in text:
            month, day, year = text.split("/")
            return date(int(year), int(month), int(day)).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise bad_parameter(f"Invalid date {text}.") from error
