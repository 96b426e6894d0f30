"""What a new organisation has: accounts, tax rates, items, tracking categories."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero.wire import Json

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

# Code, name, type, default tax, system account.
_ACCOUNTS = (
    ("090", "Stripe Clearing", "BANK", "NONE", ""),
    ("091", "Business Bank", "BANK", "NONE", ""),
    ("200", "Sales", "REVENUE", "OUTPUT", ""),
    ("201", "Refunds", "REVENUE", "OUTPUT", ""),
    ("260", "Other Revenue", "REVENUE", "OUTPUT", ""),
    ("299", "Old Sales", "REVENUE", "OUTPUT", ""),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS", "NONE", ""),
    ("404", "Stripe Fees", "EXPENSE", "NONE", ""),
    ("497", "Realised Currency Gains", "EXPENSE", "NONE", "REALISEDCURRENCYGAIN"),
    ("498", "Unrealised Currency Gains", "EXPENSE", "NONE", "UNREALISEDCURRENCYGAIN"),
    ("499", "Exchange Gain or Loss", "EXPENSE", "NONE", ""),
    ("610", "Accounts Receivable", "CURRENT", "NONE", "DEBTORS"),
    ("630", "Inventory", "INVENTORY", "NONE", ""),
    ("800", "Accounts Payable", "CURRLIAB", "NONE", "CREDITORS"),
    ("820", "", "CURRLIAB", "NONE", "GST"),
    ("830", "Prepayments held", "CURRLIAB", "NONE", ""),
    ("840", "Historical Adjustment", "CURRLIAB", "NONE", "HISTORICAL"),
    ("860", "Rounding", "CURRLIAB", "NONE", "ROUNDING"),
    ("880", "Owner's Funds", "EQUITY", "NONE", ""),
)
_TAX_ACCOUNT = {"US": "Sales Tax", "GB": "VAT"}
CLASSES = {
    **dict.fromkeys(("BANK", "CURRENT", "FIXED", "INVENTORY", "NONCURRENT", "PREPAYMENT"), "ASSET"),
    **dict.fromkeys(("CURRLIAB", "LIABILITY", "TERMLIAB", "PAYG"), "LIABILITY"),
    **dict.fromkeys(("REVENUE", "SALES", "OTHERINCOME"), "REVENUE"),
    **dict.fromkeys(("EXPENSE", "DIRECTCOSTS", "OVERHEADS", "DEPRECIATN"), "EXPENSE"),
    "EQUITY": "EQUITY",
}
APPLIES = {
    "ASSET": "CanApplyToAssets",
    "EQUITY": "CanApplyToEquity",
    "EXPENSE": "CanApplyToExpenses",
    "LIABILITY": "CanApplyToLiabilities",
    "REVENUE": "CanApplyToRevenue",
}
_SALES = ("ASSET", "EQUITY", "LIABILITY", "REVENUE")
_PURCHASES = ("ASSET", "EQUITY", "LIABILITY", "EXPENSE")
# Type, name, percent, classes, status.
_RATES = (
    ("NONE", "Tax Exempt", "0", tuple(APPLIES), "ACTIVE"),
    ("OUTPUT", "Tax on Sales", "10", _SALES, "ACTIVE"),
    ("OUTPUT2", "Higher Tax on Sales", "20", _SALES, "ACTIVE"),
    ("INPUT", "Tax on Purchases", "10", _PURCHASES, "ACTIVE"),
    ("TAX001", "City Tax", "8.25", (*_SALES, "EXPENSE"), "ACTIVE"),
    ("TAX002", "Old Tax", "5", _SALES, "ARCHIVED"),
)
_CATEGORIES = (("Region", ("North", "South")), ("Channel", ("Web", "Shop")))


def open_books(organisation: Organisation) -> None:
    for code, name, kind, tax, system in _ACCOUNTS:
        account = account_row(
            organisation, name or _TAX_ACCOUNT.get(organisation.country, "GST"), kind, code, tax
        )
        if system:
            account["SystemAccount"] = system
        account["EnablePaymentsToAccount"] = kind == "EQUITY"
        if code == "299":
            account["Status"] = "ARCHIVED"
        organisation.put("Accounts", account["AccountID"], account)
    for tax, name, percent, classes, status in _RATES:
        organisation.put("TaxRates", tax.lower(), rate_row(tax, name, Decimal(percent), classes, status))
    _items(organisation)
    for name, options in _CATEGORIES:
        category: Json = {"TrackingCategoryID": organisation.new_id(), "Name": name, "Status": "ACTIVE"}
        category["Options"] = [
            {"TrackingOptionID": organisation.new_id(), "Name": option, "Status": "ACTIVE"}
            for option in options
        ]
        organisation.put("TrackingCategories", category["TrackingCategoryID"], category)
    organisation.undo.keep()


def account_row(
    organisation: Organisation,
    name: str,
    kind: str,
    code: str | None = None,
    tax: str = "NONE",
    currency: str | None = None,
) -> Json:
    row: Json = {"AccountID": organisation.new_id(), "Name": name, "Type": kind, "Class": CLASSES[kind]}
    row |= {"Status": "ACTIVE", "TaxType": tax, "EnablePaymentsToAccount": False}
    if code is not None:
        row["Code"] = code
    if kind == "BANK":
        row |= {"BankAccountType": "BANK", "CurrencyCode": currency or organisation.currency}
    return row


def rate_row(tax: str, name: str, percent: Decimal, classes: tuple[str, ...], status: str) -> Json:
    row: Json = {"Name": name, "TaxType": tax, "Status": status, "DisplayTaxRate": percent}
    row |= {"EffectiveRate": percent, "TaxComponents": []}
    row["TaxComponents"] = [{"Name": name, "Rate": percent, "IsCompound": False, "IsNonRecoverable": False}]
    return {**row, **{flag: one in classes for one, flag in APPLIES.items()}}


def _items(organisation: Organisation) -> None:
    """BOOK and CALL are sold to Sales and Other Revenue, SAME-AS-SENT has no account, MUG is kept in stock."""
    for code, name, price, account in (
        ("BOOK", "Book", "20.00", "200"),
        ("CALL", "Support call", "50.00", "260"),
        ("SAME-AS-SENT", "Anything", None, None),
        ("MUG", "Mug", "12.00", "200"),
    ):
        sales: Json = {} if account is None else {"AccountCode": account, "TaxType": "OUTPUT"}
        if price is not None:
            sales["UnitPrice"] = Decimal(price)
        item: Json = {"ItemID": organisation.new_id(), "Code": code, "Name": name, "Description": name}
        item |= {
            "IsSold": True,
            "IsPurchased": False,
            "SalesDetails": sales,
            "IsTrackedAsInventory": code == "MUG",
        }
        if code == "MUG":
            item |= {"InventoryAssetAccountCode": "630", "QuantityOnHand": Decimal(100), "IsPurchased": True}
            item |= {"TotalCostPool": Decimal(0), "PurchaseDetails": {"COGSAccountCode": "310"}}
        organisation.put("Items", item["ItemID"], item)
