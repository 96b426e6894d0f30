"""Accounts, items, tax rates, tracking categories and currencies, as far as a program sets them up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero import chart
from vendors.xero.refusals import Invalid, not_found
from vendors.xero.wire import Json, decimal

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

WRITTEN = ("Accounts", "Items", "TaxRates", "TrackingCategories", "Currencies")


def save(organisation: Organisation, kind: str, given: Json, method: str, object_id: str | None) -> str:
    """Makes or changes one object and returns its id; raises `Invalid`."""
    old = organisation.shelf.get(kind, object_id) if object_id else None
    if kind == "Accounts":
        return _account(organisation, given, old)
    if kind == "Items":
        return _item(organisation, given, method, old)
    if kind == "TaxRates":
        return _tax_rate(organisation, given, method)
    if kind == "TrackingCategories":
        return _category(organisation, given, old)
    code = given.get("Code", "")
    if len(code) != 3 or not code.isupper():
        raise Invalid(f"{code} is not a currency")
    if code in organisation.currencies:
        raise Invalid(f"Organisation is already subscribed to currency {code}")
    organisation.currencies = [*organisation.currencies, code]
    organisation.undo.note(lambda: organisation.currencies.remove(code))
    return str(code)


def _account(organisation: Organisation, given: Json, old: Json | None) -> str:
    for name in ("Name", "Type"):
        if old is None and not given.get(name):
            raise Invalid(f"{name} must be specified for an account")
    if len(given.get("Code", "")) > 10:
        raise Invalid("The account code must be 10 characters or fewer")
    if old is not None and old.get("SystemAccount") and given.get("Status") == "ARCHIVED":
        raise Invalid("A system account cannot be archived")
    row = old or chart.account_row(
        organisation, given["Name"], given["Type"], currency=given.get("CurrencyCode")
    )
    row = {**row, **given, "AccountID": row["AccountID"]}
    row["Class"] = chart.CLASSES[row["Type"]]
    if row.get("CurrencyCode", organisation.currency) not in organisation.currencies:
        raise Invalid(f"Organisation is not subscribed to currency {row['CurrencyCode']}")
    for other in organisation.documents("Accounts"):
        if other["AccountID"] == row["AccountID"]:
            continue
        if row.get("Code") and other.get("Code") == row["Code"]:
            raise Invalid("Please enter a unique Code.")
        if other["Name"].casefold() == row["Name"].casefold():
            raise Invalid("Please enter a unique Name.")
    organisation.put("Accounts", row["AccountID"], row)
    return str(row["AccountID"])


def _item(organisation: Organisation, given: Json, method: str, old: Json | None) -> str:
    named = organisation.find("Items", given["Code"]) if "Code" in given else None
    if old is None and method == "POST":
        old = named
    if named is not None and (old is None or named["ItemID"] != old["ItemID"]):
        raise Invalid(f"Price List Item with Code '{given['Code']}' already exists")
    fresh: Json = {"ItemID": organisation.new_id(), "IsSold": True, "IsPurchased": False, "SalesDetails": {}}
    row = {**(old or {**fresh, "IsTrackedAsInventory": False}), **given}
    row["ItemID"] = (old or fresh)["ItemID"]
    code = row["SalesDetails"].get("AccountCode")
    if code is not None and organisation.find("Accounts", code) is None:
        raise Invalid(f"Account code '{code}' is not a valid code for this item.")
    organisation.put("Items", row["ItemID"], row)
    return str(row["ItemID"])


def _tax_rate(organisation: Organisation, given: Json, method: str) -> str:
    tax = given.get("TaxType")
    old = organisation.find("TaxRates", tax) if tax and method == "POST" else None
    if method == "POST" and old is None:
        raise Invalid("The tax rate could not be found")
    if old is None and not (given.get("Name") and given.get("TaxComponents")):
        raise Invalid("A tax rate must have a name and components")
    if old is None:
        number = len([one for one in organisation.documents("TaxRates") if one["TaxType"].startswith("TAX")])
        tax = f"TAX{number + 1:03d}"
        old = chart.rate_row(tax, given["Name"], Decimal(0), tuple(chart.APPLIES), "ACTIVE")
    row = {**old, **given, "TaxType": old["TaxType"]}
    percent = sum((decimal(one["Rate"]) for one in row["TaxComponents"]), Decimal(0))
    row |= {"DisplayTaxRate": percent, "EffectiveRate": percent}
    organisation.put("TaxRates", row["TaxType"].lower(), row)
    return str(row["TaxType"].lower())


def _category(organisation: Organisation, given: Json, old: Json | None) -> str:
    if "Options" in given:
        raise Invalid("Options are written at the address of their category")
    if old is None and not given.get("Name"):
        raise Invalid("A tracking category must have a name")
    active = [one for one in organisation.documents("TrackingCategories") if one["Status"] == "ACTIVE"]
    if old is None and len(active) >= 2:
        raise Invalid("An organisation can have two active tracking categories at most")
    fresh: Json = {"TrackingCategoryID": organisation.new_id(), "Status": "ACTIVE", "Options": []}
    row = {**(old or fresh), **given}
    row["TrackingCategoryID"] = (old or fresh)["TrackingCategoryID"]
    organisation.put("TrackingCategories", row["TrackingCategoryID"], row)
    return str(row["TrackingCategoryID"])


def save_option(organisation: Organisation, category_id: str, given: Json, option_id: str | None) -> Json:
    """Makes or changes one option of a tracking category."""
    category = organisation.shelf.get("TrackingCategories", category_id)
    if category is None:
        raise not_found()
    options = {one["TrackingOptionID"]: one for one in category["Options"]}
    if option_id is not None and option_id not in options:
        raise not_found()
    fresh: Json = {"TrackingOptionID": organisation.new_id(), "Status": "ACTIVE"}
    row: Json = {**options.get(option_id or "", fresh), **given}
    row["TrackingOptionID"] = option_id or fresh["TrackingOptionID"]
    for other in options.values():
        if other["Name"] == row.get("Name") and other["TrackingOptionID"] != row["TrackingOptionID"]:
            raise Invalid("The option already exists")
    if not row.get("Name"):
        raise Invalid("An option must have a name")
    options[row["TrackingOptionID"]] = row
    organisation.put("TrackingCategories", category_id, {**category, "Options": list(options.values())})
    return row
