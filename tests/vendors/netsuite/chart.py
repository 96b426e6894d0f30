"""What a new account has: currencies, subsidiaries, accounts, items, taxes, periods, and the lists that fields point into."""

from __future__ import annotations

from calendar import month_abbr, monthrange
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

# Where the ids of each group begin, so that an id of one is mostly none of another.
FIRST_IDS = {
    "transaction": 1000,
    "account": 100,
    "item": 200,
    "customer": 300,
    "salesTaxItem": 50,
    "taxType": 40,
}
# Number, name, type.
_ACCOUNTS = (
    ("1010", "Stripe Clearing", "Bank"),
    ("1020", "Business Bank", "Bank"),
    ("1090", "Undeposited Funds", "OthCurrAsset"),
    ("1100", "Accounts Receivable", "AcctRec"),
    ("1110", "Other Receivables", "AcctRec"),
    ("1200", "Inventory Asset", "OthCurrAsset"),
    ("2000", "Accounts Payable", "AcctPay"),
    ("2100", "Customer Deposits", "OthCurrLiab"),
    ("2200", "Sales Tax Payable", "OthCurrLiab"),
    ("3000", "Owner's Equity", "Equity"),
    ("4000", "Sales", "Income"),
    ("4010", "Refunds", "Income"),
    ("4020", "Other Revenue", "Income"),
    ("4090", "Old Sales", "Income"),
    ("5000", "Cost of Goods Sold", "COGS"),
    ("6000", "Stripe Fees", "Expense"),
    ("7000", "Realized Gain/Loss", "OthExpense"),
    ("7010", "Exchange Gain or Loss", "OthExpense"),
    ("7020", "Rounding Gain/Loss", "OthExpense"),
)
# Type, name, income account, taxable.
_ITEMS = (
    ("serviceSaleItem", "Services", "Sales", True),
    ("nonInventorySaleItem", "Refunds", "Refunds", True),
    ("inventoryItem", "Widget", "Sales", True),
    ("nonInventorySaleItem", "Widget (not restocked)", "Sales", True),
    ("serviceSaleItem", "Untaxed Service", "Other Revenue", False),
    ("nonInventorySaleItem", "Stripe Refund Item", "Refunds", True),
    ("otherChargeSaleItem", "Exchange", "Exchange Gain or Loss", False),
    ("serviceSaleItem", "Old Service", "Old Sales", True),
)
_CURRENCIES = {
    "USD": "US Dollar",
    "EUR": "Euro",
    "GBP": "British Pound",
    "CAD": "Canadian Dollar",
    "JPY": "Japanese Yen",
}
_OTHERS = {
    "department": ("Retail", "Wholesale"),
    "classification": ("Web", "Shop"),
    "location": ("Main", "Outlet"),
    "paymentMethod": ("Stripe", "Credit Card", "Check"),
    "paymentOption": ("Stripe", "Credit Card", "Check"),
    "taxType": ("Sales Tax",),
}
YEARS = (2025, 2026, 2027)


def open_books(
    account: Account, currencies: list[tuple[str, tuple[str, ...]]], more: tuple[tuple[str, str], ...]
) -> None:
    symbols = dict.fromkeys(one for first, others in currencies for one in (first, *others))
    for symbol in symbols:
        account.put(currency_row(account, symbol))
    for name, symbol in (("Acme Inc", account.currency), *more):
        account.put(subsidiary_row(account, name, symbol))
    for number, name, kind in _ACCOUNTS:
        account.put({**account_row(account, name, kind, number), "isInactive": name == "Old Sales"})
    for group, names in _OTHERS.items():
        for name in names:
            account.put(list_row(account, group, name))
    account.put(tax_row(account, "Sales Tax", account.tax_rate))
    account.put(tax_row(account, "Exempt", Decimal(0)))
    for item_type, name, income, taxable in _ITEMS:
        account.put(item_row(account, item_type, name, income, taxable))
    _periods(account)
    account.undo.keep()


def _row(account: Account, record_type: str, **values: object) -> Json:
    return {"_type": record_type, "id": account.new_id(record_type), "isInactive": False, **values}


def currency_row(account: Account, symbol: str) -> Json:
    digits = 0 if symbol == "JPY" else 2
    name = _CURRENCIES.get(symbol, symbol)
    base = symbol == account.currency
    return _row(account, "currency", name=name, symbol=symbol, isBaseCurrency=base, _digits=digits)


def subsidiary_row(account: Account, name: str, symbol: str) -> Json:
    currency = account.named("currency", symbol)["id"]
    return _row(account, "subsidiary", name=name, currency=currency, isElimination=False)


def account_row(account: Account, name: str, kind: str, number: str, currency: str | None = None) -> Json:
    """`currency` by its symbol, where a bank account has one of its own."""
    row = _row(account, "account", acctName=name, acctNumber=number, acctType=kind)
    if currency is not None:
        row["currency"] = account.named("currency", currency)["id"]
    return row


def list_row(account: Account, group: str, name: str) -> Json:
    return _row(account, group, name=name)


def tax_row(account: Account, name: str, rate: Decimal) -> Json:
    """`rate` in percent."""
    tax_type = account.named("taxType", "Sales Tax")["id"]
    return _row(account, "salesTaxItem", name=name, itemId=name, taxType=tax_type, rate=rate)


def item_row(account: Account, item_type: str, name: str, income: str, taxable: bool) -> Json:
    row = _row(account, item_type, itemId=name, displayName=name, _taxable=taxable)
    row["incomeAccount"] = account.account_id_of(income)
    row["isInactive"] = name == "Old Service"
    if item_type == "inventoryItem":
        row |= {"quantityOnHand": Decimal(100), "_cost": Decimal(4)}
        row["cogsAccount"] = account.account_id_of("Cost of Goods Sold")
        row["assetAccount"] = account.account_id_of("Inventory Asset")
    return row


def _periods(account: Account) -> None:
    """Years and quarters stand beside the months, as they do in NetSuite."""
    for year in YEARS:
        _period(account, f"FY {year}", (year, 1), (year, 12), isYear=True)
        for month in range(1, 13):
            if month % 3 == 1:
                _period(
                    account, f"Q{month // 3 + 1} {year}", (year, month), (year, month + 2), isQuarter=True
                )
            _period(account, f"{month_abbr[month]} {year}", (year, month), (year, month))


def _period(
    account: Account, name: str, first: tuple[int, int], last: tuple[int, int], **flags: bool
) -> None:
    end = f"{last[0]}-{last[1]:02}-{monthrange(*last)[1]:02}"
    row = _row(
        account, "accountingPeriod", periodName=name, startDate=f"{first[0]}-{first[1]:02}-01", endDate=end
    )
    names = ("closed", "arLocked", "allLocked", "isQuarter", "isYear", "isAdjust")
    account.put({**row, **dict.fromkeys(names, False), **flags})
