"""The lists of a company: customers, items, accounts, payment methods, classes, departments, preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.quickbooks.references import fill, name_of, referred
from vendors.quickbooks.refusals import business, missing_parameter, refused, unsupported
from vendors.quickbooks.wire import ZERO, Json, ref

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

KINDS = ("Customer", "Item", "Account", "PaymentMethod", "Class", "Department", "Preferences")
# Made by other endpoints than their own.
READ_ONLY_KINDS = ("TaxCode", "TaxRate", "CompanyInfo")

_CLASSIFICATIONS = {
    "Asset": ("Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"),
    "Liability": ("Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"),
    "Equity": ("Equity",),
    "Revenue": ("Income", "Other Income"),
    "Expense": ("Cost of Goods Sold", "Expense", "Other Expense"),
}
_INCOME = frozenset({"Income", "Other Income"})


def build(company: Company, kind: str, record: Json, old: Json | None) -> Json:
    """The object as it will be stored; raises 2020, 6000 or 6240."""
    if kind == "Customer":
        _customer(company, record, old)
    elif kind == "Item":
        _item(company, record)
    elif kind == "Account":
        _account(company, record)
    elif kind != "Preferences" and "Name" not in record:
        raise missing_parameter("Name")
    if kind == "Preferences":
        return record
    record.setdefault("Active", True)
    _only_name(company, kind, record)
    if record["Active"] is False and old is not None and old["Active"]:
        # A name is free again once its holder is inactive.
        field = "DisplayName" if kind == "Customer" else "Name"
        record[field] = f"{record[field]} (deleted)"
    if kind != "PaymentMethod":
        record["FullyQualifiedName"] = name_of(kind, record)
    return record


def _only_name(company: Company, kind: str, record: Json) -> None:
    name = name_of(kind, record).casefold()
    for one in company.shelf.kinds[kind].values():
        if one["Id"] != record.get("Id") and name_of(kind, one).casefold() == name:
            words = f"The name supplied already exists. : Id={one['Id']}"
            raise refused("6240", words, "DisplayName" if kind == "Customer" else "Name")


def _customer(company: Company, record: Json, old: Json | None) -> None:
    if "DisplayName" not in record:
        parts = [record[name] for name in ("GivenName", "FamilyName") if name in record]
        if not parts:
            raise missing_parameter("DisplayName")
        record["DisplayName"] = " ".join(parts)
    if ":" in record["DisplayName"]:
        raise business("The name may not contain a colon")
    held = old["CurrencyRef"]["value"] if old else company.currency
    currency = record.get("CurrencyRef", {}).get("value") or held
    if old is not None and currency != held:
        raise business("The currency of a customer cannot be changed")
    if currency != company.currency and not company.multi_currency:
        raise business("Multi-currency is off, and the customer is in another currency")
    record["CurrencyRef"] = ref(currency)


def _item(company: Company, record: Json) -> None:
    record.setdefault("Type", "Service")
    for name in ("Name", "IncomeAccountRef"):
        if name not in record and record["Type"] in ("Service", "NonInventory", "Inventory"):
            raise missing_parameter(name)
    if record["Type"] == "Inventory":
        for name in (
            "AssetAccountRef",
            "ExpenseAccountRef",
            "QtyOnHand",
            "InvStartDate",
            "TrackQtyOnHand",
        ):
            if name not in record:
                raise missing_parameter(name)
    fill(company, record, AssetAccountRef="Account", ExpenseAccountRef="Account")
    if "IncomeAccountRef" in record:
        income = referred(company, "Account", record["IncomeAccountRef"], "IncomeAccountRef")
        if income["AccountType"] not in _INCOME:
            raise business("The income account of an item must be an Income account")
        record["IncomeAccountRef"] = ref(income["Id"], income["Name"])
    record.setdefault("Taxable", False)
    record.setdefault("UnitPrice", ZERO)


def _account(company: Company, record: Json) -> None:
    for name in ("Name", "AccountType"):
        if name not in record:
            raise missing_parameter(name)
    kind = record["AccountType"]
    found = [name for name, kinds in _CLASSIFICATIONS.items() if kind in kinds]
    if not found:
        raise unsupported(f"creating an account of the type {kind}")
    record["Classification"] = found[0]
    record.setdefault("CurrencyRef", ref(company.currency))


def shown(company: Company, kind: str, one: Json) -> Json:
    """With the numbers that follow from the books."""
    if kind == "Account":
        return {**one, "CurrentBalance": _natural(company, one)}
    if kind == "Customer":
        return {**one, "Balance": company.open_balance(one["Id"])}
    if kind == "Item" and one["Type"] == "Inventory":
        moved = (taken.get(one["Id"], ZERO) for _, taken in company.stock_moved.items())
        return {**one, "QtyOnHand": one["QtyOnHand"] - sum(moved, ZERO)}
    return one


def _natural(company: Company, one: Json) -> object:
    """Assets, expenses and what they are like are debits, the others credits."""
    balance = company.ledger.balance(one["Id"])
    return balance if one["Classification"] in ("Asset", "Expense") else -balance
