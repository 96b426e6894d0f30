"""What a QuickBooks Online company has: preferences, accounts, items, tax codes, payment methods; read once a run.

Accounts and items may be many, so that only what changed of them is read again. A name in the mapping may be the full
name, the name, the SKU of an item, or the id. An account or item is shown by the mapping's own spelling where the mapping
names it, else by its full name.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from connector.ledgers.contract import Request, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.mapped_names import named_accounts, named_items
from connector.ledgers.quickbooks_memory import Lists, read_lists, time_of
from connector.ledgers.quickbooks_wire import find_rows, read_object, ref_of
from connector.ledgers.shelf import Shelf
from connector.planning.mapping_model import Mapping as LedgerMapping

SalesTax = Literal["off", "us", "automated", "by_line"]
UNDEPOSITED = "UndepositedFunds"
STOCK = "Inventory"
# Items that no line can be of: a category holds items, a bundle is written as the lines of its items.
UNSOLD = frozenset({"Category", "Group"})


@dataclass(frozen=True)
class Preferences:
    """`home` is a lower-case currency. `sales_tax`: none; US with TAX and NON on the lines; the same, worked out by
    QuickBooks; elsewhere a tax code on each line."""

    title: str
    country: str
    home: str
    multi_currency: bool
    sales_tax: SalesTax
    custom_numbers: bool
    applies_credits: bool
    class_on_form: bool
    class_on_line: bool
    departments: bool
    closed_until: date | None


@dataclass
class Directory:
    """The lists of the company. `unsold` are items that no line can be of; `lists` is what to remember."""

    preferences: Preferences
    accounts: Shelf
    items: Shelf
    unsold: Shelf
    tax_codes: Shelf
    payment_methods: Shelf
    lists: Lists
    item_accounts: dict[str, str] = field(default_factory=dict)

    def account_id(self, name: str) -> str:
        """The id of an account that planning named. Raises KeyError."""
        found = self.accounts.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def item_id(self, name: str) -> str:
        """The id of an item that planning named. Raises KeyError."""
        found = self.items.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def account_type(self, name: str) -> str:
        found = self.accounts.find(name)
        return str(self.accounts.by_id[found].get("AccountType", "")) if found is not None else ""

    def is_undeposited(self, name: str) -> bool:
        found = self.accounts.find(name)
        return found is not None and self.accounts.by_id[found].get("AccountSubType") == UNDEPOSITED

    def undeposited(self) -> str | None:
        """The label of Undeposited Funds, where a payment goes that names no account."""
        for object_id, row in self.accounts.by_id.items():
            if row.get("AccountSubType") == UNDEPOSITED:
                return self.accounts.label(object_id)
        return None

    def item_account(self, item_id: str) -> str | None:
        """The label of the income account of an item; None where it has none."""
        account = ref_of(self.items.by_id.get(item_id, {}), "IncomeAccountRef")
        return self.accounts.label(account) if account is not None else None

    def untaxed(self) -> str | None:
        """The id of a tax code for what has no tax."""
        for object_id, row in self.tax_codes.by_id.items():
            if row.get("Taxable") is False:
                return object_id
        return None

    def is_stock(self, item_id: str) -> bool:
        return self.items.by_id.get(item_id, {}).get("Type") == STOCK


def read_directory(mapping: LedgerMapping, known: Lists | None = None) -> Steps[Directory]:
    """Read the company; of what is `known` of it, what changed since. Raises `LedgerDown`."""
    answer = yield Request("GET", "/preferences")
    prefs = read_object(answer, "Preferences")
    infos = yield from find_rows("CompanyInfo")
    # What QuickBooks' clock showed before the lists were read: what changes meanwhile is read again.
    lists = yield from read_lists(known, time_of(answer))
    # Few, and so never remembered.
    codes = yield from find_rows("TaxCode")
    named = any(mapping.payment_methods.values())
    methods = (yield from find_rows("PaymentMethod")) if named else []
    items = lists.rows("Item")
    names = ("FullyQualifiedName", "Name", "Sku")
    directory = Directory(
        preferences=read_preferences(prefs, infos[0] if infos else {}),
        accounts=Shelf(lists.rows("Account"), ("FullyQualifiedName", "Name")),
        items=Shelf([row for row in items if row.get("Type") not in UNSOLD], names),
        unsold=Shelf([row for row in items if row.get("Type") in UNSOLD], names),
        tax_codes=Shelf(codes, ("Name",)),
        payment_methods=Shelf(methods, ("Name",)),
        lists=lists,
    )
    directory.accounts.spell(named_accounts(mapping))
    directory.items.spell(named_items(mapping))
    for item_id, row in directory.items.by_id.items():
        account = directory.item_account(item_id)
        if account is not None:
            directory.item_accounts[directory.items.label(item_id)] = account
            # As a person may write it in the mapping, besides how it is shown.
            for name in names:
                if row.get(name) and directory.items.find(str(row[name])) == item_id:
                    directory.item_accounts.setdefault(str(row[name]), account)
    for name in named_items(mapping):
        found = directory.items.find(name)
        account = directory.item_account(found) if found is not None else None
        if account is not None:
            directory.item_accounts[name] = account
    return directory


def read_preferences(prefs: Row, info: Row) -> Preferences:
    accounting, forms = group(prefs, "AccountingInfoPrefs"), group(prefs, "SalesFormsPrefs")
    taxes, currency = group(prefs, "TaxPrefs"), group(prefs, "CurrencyPrefs")
    country = str(info.get("Country") or "US").upper()
    closed = accounting.get("BookCloseDate")
    # The entity pages and the schema do not agree on these names.
    on_line = accounting.get("ClassTrackingPerTxnLine") or accounting.get("ClassTrackingPerLine")
    custom = forms.get("CustomTxnNumbers", forms.get("CustomTxnNumber"))
    return Preferences(
        title=str(info.get("CompanyName") or "QuickBooks Online"),
        country=country,
        home=(ref_of(currency, "HomeCurrency") or "USD").lower(),
        multi_currency=bool(currency.get("MultiCurrencyEnabled")),
        sales_tax=sales_tax_of(country, taxes),
        custom_numbers=bool(custom),
        applies_credits=bool(forms.get("AutoApplyCredit")),
        class_on_form=bool(accounting.get("ClassTrackingPerTxn")),
        class_on_line=bool(on_line),
        departments=bool(accounting.get("TrackDepartments")),
        closed_until=date.fromisoformat(str(closed)[:10]) if closed else None,
    )


def sales_tax_of(country: str, taxes: Row) -> SalesTax:
    if not taxes.get("UsingSalesTax"):
        return "off"
    if country not in ("US", "USA"):
        return "by_line"
    return "automated" if taxes.get("PartnerTaxEnabled") else "us"


def group(prefs: Row, name: str) -> Row:
    found = prefs.get(name)
    return found if isinstance(found, Mapping) else {}
