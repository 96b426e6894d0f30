"""Invoices and credit notes: made, changed, approved, voided.

https://developer.xero.com/documentation/api/accounting/invoices
https://developer.xero.com/documentation/api/accounting/creditnotes
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero import contacts, numbering
from vendors.xero.lines import Form, build_lines, totals
from vendors.xero.posting import post_form
from vendors.xero.refusals import NOT_EDITABLE, WRONG_STATUS, Invalid
from vendors.xero.settling import with_balances
from vendors.xero.wire import ZERO, Json, decimal

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

KINDS = ("Invoices", "CreditNotes")
_OPEN = ("DRAFT", "SUBMITTED", "AUTHORISED")
# From which status to which other one a document may be taken.
_STEPS = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
}
# May be changed on a document that is paid in part, and leave UpdatedDateUTC as it was.
_QUIET = frozenset({"DueDate", "SentToContact", "ExpectedPaymentDate", "PlannedPaymentDate"})
_COMPUTED = ("SubTotal", "TotalTax", "Total")


def save(
    organisation: Organisation, kind: str, given: Json, method: str, object_id: str | None, unitdp: int = 2
) -> str:
    """Makes or changes a document and returns its id; raises `Invalid`, and then half of it may be on the shelf."""
    name, number = f"{kind[:-1]}ID", numbering.FIELDS[kind]
    if object_id is None and method == "POST":
        object_id = given.get(name)
        if object_id is None and given.get(number):
            held = numbering.holder(organisation, kind, given[number])
            object_id = held[name] if held else None
    elif object_id is None and name in given:
        raise Invalid(f"A {name} cannot be given for a document that is to be created")
    if object_id is None:
        return _create(organisation, kind, given, unitdp)
    old = organisation.shelf.get(kind, object_id)
    if old is None:
        raise Invalid(f"{kind[:-1]} not found")
    _update(organisation, kind, old, {each: value for each, value in given.items() if each != name}, unitdp)
    return str(old[name])


def _create(organisation: Organisation, kind: str, given: Json, unitdp: int) -> str:
    if "Type" not in given:
        raise Invalid(f"{kind[:-1]} type is required")
    record: Json = {
        "Status": "DRAFT",
        "LineAmountTypes": "Exclusive",
        "Reference": "",
        **given,
        "_settled": (),
    }
    if record["Status"] not in _OPEN:
        raise Invalid(f"A document cannot be created with the status {record['Status']}")
    record.setdefault("Date", organisation.today())
    object_id = organisation.new_id()
    record[f"{kind[:-1]}ID"] = object_id
    organisation.check_open("create", record["Date"])
    _keep(organisation, kind, object_id, record, [], unitdp)
    return object_id


def _update(organisation: Organisation, kind: str, old: Json, given: Json, unitdp: int) -> None:
    object_id = old[f"{kind[:-1]}ID"]
    status = given.get("Status", old["Status"])
    if "Type" in given and given["Type"] != old["Type"]:
        raise Invalid("The type of a document cannot be changed")
    if old["_settled"] or old["Status"] == "PAID":
        _update_settled(organisation, kind, old, given)
        return
    if old["Status"] not in _STEPS or status not in _STEPS[old["Status"]]:
        raise Invalid(WRONG_STATUS)
    if status in ("VOIDED", "DELETED"):
        organisation.check_open("void", old["Date"])
        _move_stock(organisation, kind, old, -1)
        gone = with_balances(organisation, kind, {**old, "Status": status})
        organisation.put(kind, object_id, gone)
        post_form(organisation, kind, object_id, gone)
        organisation.touched.add((kind, object_id))
        return
    record = {**old, **given}
    organisation.check_open("edit", old["Date"], record["Date"])
    _move_stock(organisation, kind, old, -1)
    _keep(organisation, kind, object_id, record, old["LineItems"], unitdp)


def _update_settled(organisation: Organisation, kind: str, old: Json, given: Json) -> None:
    changed = {name for name, value in given.items() if value != old.get(name)}
    if given.get("Status") in ("VOIDED", "DELETED"):
        noun = "invoice" if kind == "Invoices" else "credit note"
        words = f"The status {given['Status']} cannot be applied to the {noun} because it has payments or "
        raise Invalid(f"{words}credit notes allocated to it.")
    if not changed <= _QUIET:
        raise Invalid(NOT_EDITABLE)
    organisation.put(kind, old[f"{kind[:-1]}ID"], {**old, **given}, touch=False)


def _keep(
    organisation: Organisation, kind: str, object_id: str, record: Json, old: list[Json], unitdp: int
) -> None:
    """Works the document out, keeps it and posts it."""
    finished = record["Status"] == "AUTHORISED"
    record["Contact"] = {"ContactID": contacts.resolve(organisation, record.get("Contact"))}
    if finished and not record.get("LineItems"):
        raise Invalid("One or more line items must be specified")
    form = Form(
        kind if record["Type"].startswith("ACCREC") else "", record["LineAmountTypes"], finished, unitdp
    )
    record["LineItems"] = build_lines(organisation, record.get("LineItems", []), form, old)
    record |= totals(record["LineItems"], record["LineAmountTypes"])
    if record["Total"] < 0 or record["SubTotal"] < 0:
        raise Invalid("The document total must be greater than or equal to zero.")
    record.setdefault("CurrencyCode", organisation.currency)
    given = record.get("CurrencyRate")
    record["CurrencyRate"] = organisation.rate_of(
        record["CurrencyCode"], None if given is None else decimal(given)
    )
    numbering.number(organisation, kind, record, object_id)
    if kind == "Invoices":
        record.setdefault("DueDate", record["Date"])
        record.setdefault("SentToContact", False)
        if "Url" in record and not record["Url"].startswith(("http://", "https://")):
            raise Invalid("Url must be a valid absolute url")
    record = with_balances(organisation, kind, record)
    organisation.put(kind, object_id, record)
    _move_stock(organisation, kind, record, 1)
    post_form(organisation, kind, object_id, record)
    organisation.touched.add((kind, object_id))


def _move_stock(organisation: Organisation, kind: str, one: Json, sign: int) -> None:
    """Items kept in stock go out with an invoice and come back with a credit note."""
    if one["Status"] not in ("AUTHORISED", "PAID") or not one["Type"].startswith("ACCREC"):
        return
    direction = Decimal(-sign if kind == "Invoices" else sign)
    for line in one["LineItems"]:
        item = organisation.find("Items", line["ItemCode"]) if line.get("ItemCode") else None
        if item is None or not item["IsTrackedAsInventory"]:
            continue
        left = item.get("QuantityOnHand", ZERO) + direction * line["Quantity"]
        if left < 0:
            raise Invalid(f"There is not enough of the item {item['Code']} on hand")
        organisation.put("Items", item["ItemID"], {**item, "QuantityOnHand": left})
