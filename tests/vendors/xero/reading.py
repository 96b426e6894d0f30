"""Lists and single objects: filters, orders, pages, and what a list leaves out.

https://developer.xero.com/documentation/api/accounting/requests-and-responses
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from vendors.xero import readable, rendering, where
from vendors.xero.refusals import Refused, bad_query, not_found
from vendors.xero.settling import OPEN_KINDS
from vendors.xero.wire import Json, is_guid, plain

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

DEFAULT_PAGE, MOST_A_PAGE = 100, 1000
DOCUMENTS = frozenset({*OPEN_KINDS, "BankTransactions"})
PAGED = DOCUMENTS | {"Payments", "Contacts"}
# Field that an index finds, and the name of the index.
_INDEXED = {
    "InvoiceNumber": "number",
    "CreditNoteNumber": "number",
    "ContactNumber": "number",
    "Code": "number",
    "Reference": "Reference",
    "Contact.ContactID": "Contact.ContactID",
    "Invoice.InvoiceID": "Invoice.InvoiceID",
    "Name": "Name",
    "EmailAddress": "EmailAddress",
}


def single(organisation: Organisation, kind: str, name: str) -> Json:
    """One object by id, or by number where the kind has one."""
    found = organisation.find(kind, name) if kind != "Accounts" or is_guid(name) else None
    if found is None or (found.get("Status") == "DELETED" and not is_guid(name)):
        raise not_found()
    return rendering.show(organisation, kind, found)


def listed(organisation: Organisation, kind: str, asked: Mapping[str, str], since: str) -> Json:
    """What stands in the envelope: the rows, and `pagination` where a page was asked for."""
    unknown = sorted(set(asked) - readable.PARAMETERS[kind])
    if unknown:
        raise bad_query(f"{kind} has no parameter {', '.join(unknown)}", loud=True)
    if kind == "Organisation":
        return {"Organisations": [rendering.organisation_row(organisation)]}
    rows = _rows(organisation, kind, asked, since)
    if kind == "Currencies":
        return {kind: rows}
    if "page" in asked or "pageSize" in asked:
        page, size = _number(asked, "page", 1), _number(asked, "pageSize", DEFAULT_PAGE)
        if size > MOST_A_PAGE:
            raise bad_query(f"pageSize is {MOST_A_PAGE} at most")
        pages = -(-len(rows) // size)
        told = {"page": page, "pageSize": size, "pageCount": pages, "itemCount": len(rows)}
        rows = rows[(page - 1) * size :][:size]
        return {"pagination": told, kind: _shown(organisation, kind, rows, asked, lines=True)}
    return {kind: _shown(organisation, kind, rows, asked, lines=False)}


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise bad_query(f"{name} must be a number from 1")
    return int(text)


def _shown(
    organisation: Organisation, kind: str, rows: list[Json], asked: Mapping[str, str], lines: bool
) -> list[Json]:
    if kind not in DOCUMENTS:
        return [rendering.show(organisation, kind, one) for one in rows]
    whole = asked.get("summaryOnly", "false").lower() != "true"
    return [rendering.show(organisation, kind, one, lines=lines, settlements=whole) for one in rows]


def _rows(organisation: Organisation, kind: str, asked: Mapping[str, str], since: str) -> list[Json]:
    fields = readable.FIELDS[kind]
    node = where.parse(asked["where"], fields) if asked.get("where") else None
    if kind == "Currencies":
        rows = organisation.currency_rows()
    else:
        ids = _candidates(organisation, kind, asked, node)
        rows = organisation.shelf.seen(kind, ids, organisation.clock(), organisation.moods.read_lag)
    rows = list(_asked_for(organisation, kind, asked, rows))
    if node is not None:
        rows = [one for one in rows if where.holds(node, partial(_value, organisation, kind, one))]
    if since:
        moment = _moment(since)
        rows = [one for one in rows if one["_updated"] >= moment]
    for field, falling in reversed(_order(asked.get("order", ""), fields)):
        rows.sort(key=lambda one: _sort_key(_value(organisation, kind, one, field)), reverse=falling)
    return rows


def _value(organisation: Organisation, kind: str, one: Json, field: str) -> Any:
    return readable.value(organisation, kind, one, field)


def _candidates(
    organisation: Organisation, kind: str, asked: Mapping[str, str], node: where.Node | None
) -> Iterable[str] | None:
    """The ids that need to be looked at; None for all."""
    shelf = organisation.shelf
    if asked.get("InvoiceNumbers") and kind == "Invoices":
        numbers = asked["InvoiceNumbers"].split(",")
        return [one for number in numbers for one in shelf.ids_by(kind, "number", number.strip())]
    if asked.get("IDs"):
        return [one.strip().lower() for one in asked["IDs"].split(",")]
    if asked.get("ContactIDs"):
        contacts = asked["ContactIDs"].split(",")
        return [one for each in contacts for one in shelf.ids_by(kind, "Contact.ContactID", each.strip())]
    first = last = None
    for each in where.certain(node) if node is not None else ():
        if each.value in (None, ""):
            continue
        if each.sign == "==" and each.field in _INDEXED and (each.field != "Name" or kind == "Contacts"):
            return shelf.ids_by(kind, _INDEXED[each.field], each.value)
        if each.sign == "==" and each.field == f"{kind[:-1]}ID":
            return [each.value]
        if each.field == "Date" and each.sign in (">", ">=", "=="):
            first = max(first or each.value, each.value)
        if each.field == "Date" and each.sign in ("<", "<=", "=="):
            last = min(last or each.value, each.value)
    if first is None and last is None:
        return None
    return shelf.ids_by_date(kind, first, last)


def _asked_for(
    organisation: Organisation, kind: str, asked: Mapping[str, str], rows: Iterable[Json]
) -> Iterable[Json]:
    """What the parameters beside `where` leave."""
    archived = asked.get("includeArchived", "false").lower() == "true"
    statuses = _split(asked, "Statuses")
    numbers = {plain(one) for one in _split(asked, "InvoiceNumbers")}
    references = {plain(one) for one in _split(asked, "References")}
    ids, contacts = _split(asked, "IDs"), _split(asked, "ContactIDs")
    ours_alone = asked.get("createdByMyApp", "false").lower() == "true"
    text = plain(asked.get("searchTerm", ""))
    for one in rows:
        if kind == "Contacts" and one["ContactStatus"] == "ARCHIVED" and not archived and not ids:
            continue
        if kind == "TrackingCategories" and one["Status"] == "ARCHIVED" and not archived:
            continue
        if (statuses and one["Status"] not in statuses) or (ids and one[f"{kind[:-1]}ID"] not in ids):
            continue
        if numbers and plain(one.get("InvoiceNumber", "")) not in numbers:
            continue
        if references and plain(one.get("Reference", "")) not in references:
            continue
        if contacts and one["Contact"]["ContactID"] not in contacts:
            continue
        if ours_alone and not one["_by_app"]:
            continue
        if text and not any(text in plain(str(one.get(name, ""))) for name in _SEARCHED):
            continue
        yield one


_SEARCHED = ("Name", "FirstName", "LastName", "EmailAddress", "ContactNumber", "InvoiceNumber", "Reference")


def _split(asked: Mapping[str, str], name: str) -> set[str]:
    return {one.strip() for one in asked.get(name, "").split(",") if one.strip()}


def _order(text: str, fields: dict[str, str]) -> list[tuple[str, bool]]:
    found = []
    for part in text.split(",") if text else ():
        words = part.split()
        falling = words[1:] == ["DESC"]
        if (
            not words
            or len(words) > 2
            or words[0] not in fields
            or (words[1:] and not falling and words[1] != "ASC")
        ):
            raise bad_query(f"Cannot order by {part.strip()!r}")
        found.append((words[0], falling))
    return found


def _sort_key(value: Any) -> tuple[bool, Any]:
    return value is not None, "" if value is None else plain(value) if isinstance(value, str) else value


def _moment(text: str) -> float:
    """If-Modified-Since, in UTC with seconds; another form is refused with 412."""
    try:
        found = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise Refused(412, "", f"If-Modified-Since {text!r} cannot be read") from None
    return found.replace(tzinfo=UTC).timestamp()
