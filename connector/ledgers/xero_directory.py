"""What an organisation in Xero has: its settings and accounts, read every run; items, tax rates, tracking and currencies.

An account is found by name, code or id, an item by code, name or id. An account is shown by the mapping's own spelling
where the mapping names it, else by its name. What is archived takes no new line, and is still shown by its name.
https://developer.xero.com/documentation/api/accounting/organisation (and accounts, items, taxrates)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connector.ledgers.contract import Request, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.shelf import Shelf
from connector.ledgers.xero_memory import Lists, is_fresh, read_lists, told_time
from connector.ledgers.xero_wire import day_of, find_all, part_of, read_rows, rows_of, text_of
from connector.planning.mapping_model import Mapping as LedgerMapping

BANK = "BANK"
UNTAXED = "NONE"
DEBTORS = "DEBTORS"


@dataclass
class Directory:
    """The lists of the organisation. `home` is its lower-case base currency, `zone` Xero's word for its time zone,
    `closed_until` the last day that is locked for all; `tracking` names each active option by `CATEGORYID:OPTIONID`,
    `item_accounts` the income account of each item code and of each name under `items` in the mapping; `lists` is what
    to remember."""

    organisation_id: str
    title: str
    country: str
    home: str
    zone: str
    closed_until: date | None
    accounts: Shelf
    archived: Shelf
    items: Shelf
    tax_rates: Shelf
    currencies: frozenset[str]
    tracking: dict[str, str]
    lists: Lists
    codes: dict[str, str] = field(default_factory=dict)
    item_accounts: dict[str, str] = field(default_factory=dict)

    @property
    def multi_currency(self) -> bool:
        """Whether documents may stand in other currencies than the organisation's own."""
        return bool(self.currencies - {self.home})

    # ------------------------------------------------------------------------------------------ accounts

    def account_id(self, name: str) -> str:
        """The id of an account that planning named. Raises KeyError."""
        found = self.accounts.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def account(self, name: str) -> Row:
        """An account as Xero has it; an empty one where there is none of this name."""
        found = self.accounts.find(name)
        return self.accounts.by_id[found] if found is not None else {}

    def account_ref(self, name: str) -> dict[str, str]:
        """How a payment or a bank transaction names an account. Raises KeyError."""
        return {"AccountID": self.account_id(name)}

    def account_code(self, name: str) -> str | None:
        """The code by which a line names an account; None: it has none, and no line can be on it."""
        return text_of(self.account(name), "Code")

    def account_type(self, name: str) -> str:
        return text_of(self.account(name), "Type") or ""

    def account_class(self, name: str) -> str:
        """ASSET, EQUITY, EXPENSE, LIABILITY or REVENUE, also of an archived account that is shown by this label."""
        found = self.accounts.find(name)
        shelf = self.accounts if found is not None else self.archived
        return text_of(shelf.by_id.get(found or shelf.find(name) or "", {}), "Class") or ""

    def is_bank(self, name: str) -> bool:
        return self.account_type(name) == BANK

    def takes_payments(self, name: str) -> bool:
        return self.is_bank(name) or self.account(name).get("EnablePaymentsToAccount") is True

    def account_currency(self, name: str) -> str | None:
        """The lower-case currency of a bank account; None for others, which are in the organisation's own."""
        code = text_of(self.account(name), "CurrencyCode") if self.is_bank(name) else None
        return code.lower() if code is not None else None

    def knows(self, account_id: str) -> bool:
        """Whether there is an account of this id, archived or not."""
        return account_id.lower() in self.accounts.by_id or account_id.lower() in self.archived.by_id

    def label(self, account_id_or_code: str) -> str:
        """How an account is shown that a document names by its id or its code."""
        text = account_id_or_code.lower()
        object_id = text if self.knows(text) else self.codes.get(text, text)
        shelf = self.accounts if object_id in self.accounts.by_id else self.archived
        return shelf.label(object_id) if object_id in shelf.by_id else account_id_or_code

    def receivable(self) -> str | None:
        """The label of the account of all that customers owe."""
        for object_id, row in self.accounts.by_id.items():
            if row.get("SystemAccount") == DEBTORS:
                return self.accounts.label(object_id)
        return None

    # ------------------------------------------------------------------------------------------ items and taxes

    def item(self, name: str) -> Row:
        """An item as it is remembered; an empty one where there is none of this name."""
        found = self.items.find(name)
        return self.items.by_id[found] if found is not None else {}

    def item_code(self, name: str) -> str | None:
        """The code of an item of this code or name; None where it is no item."""
        return text_of(self.item(name), "Code")

    def is_stock(self, code: str) -> bool:
        return self.item(code).get("IsTrackedAsInventory") is True

    def tax_type(self, name_or_type: str) -> str | None:
        """The TaxType of an active rate, found by it or by the rate's name."""
        found = self.tax_rates.find(name_or_type)
        return text_of(self.tax_rates.by_id[found], "TaxType") if found is not None else None

    def untaxed(self) -> str:
        """The TaxType of what has no tax: NONE, or where the country has no such rate the zero rate for revenue, one
        that may stand on expenses too before others."""
        if UNTAXED.lower() in self.tax_rates.by_id:
            return UNTAXED
        zero = [
            row
            for row in self.tax_rates.by_id.values()
            if row.get("CanApplyToRevenue") is True and not Decimal(text_of(row, "EffectiveRate") or "0")
        ]
        zero.sort(key=lambda row: (row.get("CanApplyToExpenses") is not True, str(row["TaxType"])))
        return str(zero[0]["TaxType"]) if zero else UNTAXED

    def default_tax(self, account: str) -> str | None:
        """The TaxType that a line on this account has where it says none."""
        return text_of(self.account(account), "TaxType")


# ------------------------------------------------------------------------------------------------ reading


def read_directory(mapping: LedgerMapping, lists: Lists | None = None) -> Steps[Directory]:
    """Read the organisation: two calls, and four more where what is remembered (`lists`) is too old, or lacks a name of
    the mapping. Raises `LedgerDown`."""
    answer = yield Request("GET", "/Organisation")
    organisation = next(iter(read_rows(answer, "Organisations")), {})
    organisation_id = (text_of(organisation, "OrganisationID") or "").lower()
    accounts = yield from find_all("Accounts")
    now = told_time(answer)
    if lists is not None and is_fresh(lists, organisation_id, now):
        directory = make_directory(organisation, accounts, lists, mapping)
        if not lacks(directory, mapping):
            return directory
    lists = yield from read_lists(organisation_id, now)
    return make_directory(organisation, accounts, lists, mapping)


def make_directory(
    organisation: Row, accounts: Iterable[Row], lists: Lists, mapping: LedgerMapping
) -> Directory:
    active = [row for row in accounts if row.get("Status") in (None, "ACTIVE")]
    gone = [row for row in accounts if row.get("Status") not in (None, "ACTIVE")]
    names = ("Name", "Code")
    rates = [row for row in lists.rows["TaxRates"] if row.get("Status") in (None, "ACTIVE")]
    directory = Directory(
        organisation_id=lists.organisation_id,
        title=text_of(organisation, "Name") or "Xero",
        country=(text_of(organisation, "CountryCode") or "").upper(),
        home=(text_of(organisation, "BaseCurrency") or "").lower(),
        zone=text_of(organisation, "Timezone") or "",
        closed_until=closed_until(organisation),
        accounts=Shelf(active, names, "AccountID", "Name"),
        archived=Shelf(gone, names, "AccountID", "Name"),
        items=Shelf(lists.rows["Items"], ("Code", "Name"), "ItemID", "Code"),
        tax_rates=Shelf(rates, ("TaxType", "Name"), "TaxType", "Name"),
        currencies=frozenset(str(row["Code"]).lower() for row in lists.rows["Currencies"]),
        tracking=options_of(lists.rows["TrackingCategories"]),
        lists=lists,
    )
    for row in (*gone, *active):
        code = text_of(row, "Code")
        if code is not None:
            directory.codes[code.lower()] = str(row["AccountID"]).lower()
    directory.accounts.spell(named_accounts(mapping))
    directory.accounts.spell(name for name in named_items(mapping) if directory.item_code(name) is None)
    fill_item_accounts(directory, mapping)
    return directory


def fill_item_accounts(directory: Directory, mapping: LedgerMapping) -> None:
    """Of all items, and of the accounts that the mapping names in the place of items."""
    for row in directory.items.by_id.values():
        account = text_of(part_of(row, "SalesDetails"), "AccountCode")
        code = text_of(row, "Code")
        if account is not None and code is not None:
            directory.item_accounts[code] = directory.label(account)
    for name in named_items(mapping):
        code = directory.item_code(name)
        if code is not None and code in directory.item_accounts:
            directory.item_accounts[name] = directory.item_accounts[code]
        elif code is None:
            account_id = directory.accounts.find(name)
            if account_id is not None:
                directory.item_accounts[name] = directory.accounts.label(account_id)


def lacks(directory: Directory, mapping: LedgerMapping) -> bool:
    """Whether the mapping names an item, tax rate or currency that was not there when the lists were read."""
    items = (directory.items.find(name) or directory.accounts.find(name) for name in named_items(mapping))
    taxes = {name for name in (mapping.tax_default, *mapping.taxes.values()) if name is not None}
    currencies = {*mapping.clearing_accounts.by_currency, *mapping.receivable_accounts.by_currency}
    return (
        None in set(items)
        or any(directory.tax_type(name) is None for name in taxes)
        or not currencies <= {*directory.currencies, directory.home}
    )


def named_accounts(mapping: LedgerMapping) -> list[str]:
    """The accounts that the mapping names, without those under its items."""
    named = (mapping.fees, mapping.exchange, mapping.sales, mapping.refunds, mapping.tax)
    return [
        *mapping.clearing_accounts.accounts(),
        *mapping.receivable_accounts.accounts(),
        *(name for name in named if name is not None),
    ]


def named_items(mapping: LedgerMapping) -> list[str]:
    """What stands under items in the mapping: items, or accounts."""
    return list(dict.fromkeys((*mapping.sales_items.values(), *mapping.refund_items.values())))


def closed_until(organisation: Row) -> date | None:
    """The later of the two lock dates: up to it nothing can be posted."""
    days = [lock_day(organisation, name) for name in ("PeriodLockDate", "EndOfYearLockDate")]
    return max((day for day in days if day is not None), default=None)


def lock_day(organisation: Row, name: str) -> date | None:
    return day_of(organisation, name) if text_of(organisation, name) is not None else None


def options_of(categories: Iterable[Row]) -> dict[str, str]:
    options: dict[str, str] = {}
    for category in categories:
        if category.get("Status") in (None, "ACTIVE"):
            for option in rows_of(category, "Options"):
                if option.get("Status") in (None, "ACTIVE"):
                    key = f"{category['TrackingCategoryID']}:{option['TrackingOptionID']}".lower()
                    options[key] = f"{category.get('Name')}: {option.get('Name')}"
    return options
