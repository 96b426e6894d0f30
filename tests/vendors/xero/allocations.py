"""Credit notes, overpayments and prepayments set against invoices.

https://developer.xero.com/documentation/api/accounting/creditnotes#put-allocations
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.xero.posting import post_settlement, settle
from vendors.xero.refusals import Invalid, not_found
from vendors.xero.rendering import SINGULARS
from vendors.xero.settling import SIDES, outstanding
from vendors.xero.wire import Json, decimal, ms_date, rounded

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

SOURCES = ("CreditNotes", "Overpayments", "Prepayments")


def create(organisation: Organisation, kind: str, source_id: str, given: Json) -> Json:
    """Sets a credit against an invoice; the answer does not tell the AllocationID."""
    source = organisation.shelf.get(kind, source_id)
    if source is None:
        raise not_found()
    told = given["Invoice"].get("InvoiceID") or given["Invoice"].get("InvoiceNumber")
    invoice = organisation.find("Invoices", told) if told else None
    if invoice is None:
        raise Invalid("The invoice could not be found")
    _check(organisation, source, invoice)
    amount = decimal(given["Amount"])
    if amount <= 0 or amount != rounded(amount):
        raise Invalid("The allocation amount must be greater than zero and have two decimal places at most")
    if amount > outstanding(organisation, source):
        raise Invalid("The allocation amount exceeds the remaining credit")
    if amount > outstanding(organisation, invoice):
        raise Invalid("The allocation amount exceeds the amount outstanding on this document")
    organisation.check_open("allocation", given["Date"])
    allocation_id = organisation.new_id()
    keys = ((kind, source[SINGULARS[kind][1]]), ("Invoices", invoice["InvoiceID"]))
    record: Json = {"AllocationID": allocation_id, "Amount": rounded(amount), "Date": given["Date"]}
    organisation.put("Allocations", allocation_id, {**record, "Status": "AUTHORISED", "_on": keys})
    ref = ("Allocations", allocation_id)
    for key in keys:
        settle(organisation, key, ref, added=True)
    post_settlement(organisation, ref)
    singular, name, _ = SINGULARS[kind]
    shown: Json = {"Amount": record["Amount"], "Date": ms_date(given["Date"])}
    shown["Invoice"] = {"InvoiceID": invoice["InvoiceID"], "LineItems": [], "ValidationErrors": []}
    shown[singular] = {name: keys[0][1], "ID": keys[0][1], "LineItems": []}
    return {**shown, "ValidationErrors": []}


def _check(organisation: Organisation, source: Json, invoice: Json) -> None:
    if source["Status"] != "AUTHORISED":
        raise Invalid("Allocations can only be made from Authorised documents with remaining credit")
    if invoice["Status"] != "AUTHORISED":
        raise Invalid("Allocations can only be made against Authorised documents with an amount outstanding")
    if SIDES[source["Type"]][1] != SIDES[invoice["Type"]][1]:
        raise Invalid("A credit can only be allocated to an invoice of the same side")
    if source["Contact"]["ContactID"] != invoice["Contact"]["ContactID"]:
        raise Invalid("The invoice must have the same contact as the credit")
    if source["CurrencyCode"] != invoice["CurrencyCode"]:
        raise Invalid("The invoice must be in the same currency as the credit")


def delete(organisation: Organisation, kind: str, source_id: str, allocation_id: str) -> Json:
    """Takes an allocation away; both documents are open again by its amount."""
    old = organisation.shelf.get("Allocations", allocation_id)
    source = organisation.shelf.get(kind, source_id)
    if old is None or source is None or old["_on"][0] != (kind, source[SINGULARS[kind][1]]):
        raise not_found()
    if old["Status"] == "DELETED":
        raise not_found()
    organisation.check_open("allocation", old["Date"])
    ref = ("Allocations", old["AllocationID"])
    organisation.put("Allocations", old["AllocationID"], {**old, "Status": "DELETED"})
    for key in old["_on"]:
        settle(organisation, key, ref, added=False)
    post_settlement(organisation, ref)
    return {
        "AllocationId": old["AllocationID"],
        "Date": ms_date(old["Date"]),
        "Invoice": [{"InvoiceID": old["_on"][1][1]}],
        "IsDeleted": True,
    }
