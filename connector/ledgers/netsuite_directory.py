"""What an account in NetSuite has: its base currency, subsidiaries, periods, accounts, items, taxes, fields of records.

A name may be the full name (`Parent : Child`, with or without spaces), the plain name, the number, the number and the
name as NetSuite shows them together, or the internal id; capitals do not matter. What the mapping names is shown by the
mapping's own spelling, else by its full name. What is inactive takes no new line, and is still shown by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from connector.ledgers import netsuite_lists as lists_of
from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.mapped_names import named_accounts, named_items, named_payment_methods, named_taxes
from connector.ledgers.netsuite_catalog import has
from connector.ledgers.netsuite_lists import STOCK
from connector.ledgers.netsuite_memory import Lists, is_fresh, told_time
from connector.ledgers.netsuite_shelves import NAMES, shelf_of, shelves_of
from connector.ledgers.netsuite_survey import (
    Tax,
    home_of,
    is_one_world,
    read_accounts,
    read_closed,
    read_lists,
    tax_of,
)
from connector.ledgers.netsuite_tables import Tables
from connector.ledgers.netsuite_wants import Wants
from connector.ledgers.netsuite_wire import text_of
from connector.ledgers.shelf import Shelf
from connector.planning.mapping_model import Mapping as LedgerMapping


@dataclass
class Directory:
    """The lists of the account.

    `home` is the lower-case base currency of the subsidiary that the settings name, else of the account. `subsidiary` is
    that one's internal id, None where none is named or there is none of this name. `subsidiaries` are names and lower-case
    currencies by id. `tax`: how NetSuite reckons tax, as far as its records tell. `closed_until` is the day before the
    first open period, `knows_closing` whether it could be read. `suiteql`: whether the role may use it. `item_accounts`
    has the income account of each item that a line can be of, by its label and by every name that the mapping has for
    it; it grows with `learn_items`. `refused` are lists and record types, in small letters, that the role may not read.
    `lists` is what to remember.
    """

    title: str
    home: str
    multi_currency: bool
    one_world: bool
    subsidiary: str | None
    subsidiaries: Mapping[str, tuple[str, str]]
    tax: Tax
    closed_until: date | None
    suiteql: bool
    fields: Mapping[str, frozenset[str]]
    accounts: Shelf
    inactive_accounts: Shelf
    items: Shelf
    inactive_items: Shelf
    currencies: Mapping[str, str]
    payment_options: Shelf
    tax_codes: Shelf
    refused: frozenset[str]
    lists: Lists
    mapping: LedgerMapping
    knows_closing: bool = True
    item_accounts: dict[str, str] = field(default_factory=dict)

    def has(self, record: str, name: str) -> bool:
        """Whether a record has a field, a line's as `item.amount`; True where the catalog could not be read."""
        return has(self.fields, record, name)

    # ------------------------------------------------------------------------------------------ accounts

    def account_id(self, name: str) -> str:
        """The id of an account that planning named. Raises KeyError."""
        found = self.accounts.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def account(self, name: str) -> Row:
        """An account as it is remembered; an empty one where there is no active one of this name."""
        found = self.accounts.find(name)
        return self.accounts.by_id[found] if found is not None else {}

    def account_type(self, name: str) -> str:
        """As SuiteQL has it (Bank, AcctRec, Income ...), also of an inactive one; empty where there is none."""
        found = self.accounts.find(name)
        shelf = self.accounts if found is not None else self.inactive_accounts
        return text_of(shelf.by_id.get(found or shelf.find(name) or "", {}), "Type") or ""

    def account_currency(self, name: str) -> str | None:
        """The lower-case currency that an account is kept in; None where it has none of its own."""
        return self.currency_of(text_of(self.account(name), "Currency"))

    def label(self, account_id: str) -> str:
        """How an account is shown; `id 12` where it is not known: see `learn_accounts`."""
        shelf = self.accounts if account_id in self.accounts.by_id else self.inactive_accounts
        return shelf.label(account_id)

    def knows_account(self, account_id: str) -> bool:
        return account_id in self.accounts.by_id or account_id in self.inactive_accounts.by_id

    # ------------------------------------------------------------------------------------------ items

    def item_id(self, name: str) -> str:
        """The id of an item that planning named. Raises KeyError."""
        found = self.items.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def knows_item(self, item_id: str) -> bool:
        return item_id in self.items.by_id or item_id in self.inactive_items.by_id

    def item_label(self, item_id: str) -> str:
        """How an item is shown; `id 12` where it is not known: see `learn_items`."""
        shelf = self.items if item_id in self.items.by_id else self.inactive_items
        return shelf.label(item_id)

    def is_stock(self, item_id: str) -> bool:
        shelf = self.items if item_id in self.items.by_id else self.inactive_items
        return text_of(shelf.by_id.get(item_id, {}), "Type") in STOCK

    def income_account(self, item_id: str) -> str | None:
        """The label of the account that an item is sold to; None where it has none."""
        shelf = self.items if item_id in self.items.by_id else self.inactive_items
        account = text_of(shelf.by_id.get(item_id, {}), "Account")
        return self.label(account) if account is not None else None

    # ------------------------------------------------------------------------------------------ the rest

    def currency_id(self, iso: str) -> str | None:
        """The internal id of a currency; None where the account does not have it."""
        return next((each for each, code in self.currencies.items() if code == iso.lower()), None)

    def currency_of(self, currency_id: str | None) -> str | None:
        """The lower-case code of a currency; None where it is not known."""
        return self.currencies.get(currency_id or "")

    def tax_code(self, name: str) -> tuple[str, str] | None:
        """The ids of a tax code and of its tax type; None where there is no such code, or it has no type."""
        found = self.tax_codes.find(name)
        kind = text_of(self.tax_codes.by_id[found], "TaxType") if found is not None else None
        return (found, kind) if found is not None and kind is not None else None

    def payment_option(self, name: str) -> str | None:
        """The id of a payment option or method; a plain number is one."""
        found = self.payment_options.find(name)
        return found if found is not None else (name if name.isdecimal() else None)

    # ------------------------------------------------------------------------------------------ growing

    def put_accounts(self, rows: Iterable[Row]) -> None:
        """Know these accounts too."""
        self.keep("account", rows)
        self.accounts, self.inactive_accounts = shelves_of(
            self.lists.rows["account"], named_accounts(self.mapping)
        )

    def put_items(self, rows: Iterable[Row]) -> None:
        """Know these items too; what is remembered and `item_accounts` grow with them."""
        self.keep("item", rows)
        self.items, self.inactive_items = shelves_of(self.lists.rows["item"], named_items(self.mapping))
        fill_item_accounts(self)

    def keep(self, name: str, rows: Iterable[Row]) -> None:
        known = {str(row["Id"]) for row in self.lists.rows[name]}
        added = [row for row in rows if str(row["Id"]) not in known]
        self.lists.rows[name] = [*self.lists.rows[name], *added]
        self.lists.changed = self.lists.changed or bool(added)


# ------------------------------------------------------------------------------------------------ reading


def read_directory(mapping: LedgerMapping, wants: Wants, lists: Lists | None = None) -> Steps[Directory]:
    """Read the account: periods and accounts, and the rest where what is remembered (`lists`) is too old, or lacks a name
    of the mapping. Raises `LedgerDown`."""
    tables = Tables()
    periods = yield from lists_of.all_periods(tables)
    now = told_time(tables.answer) if tables.answer is not None else None
    fresh = lists
    if fresh is not None and is_fresh(fresh, now):
        if tables.suiteql and fresh.suiteql:
            yield from read_accounts(tables, fresh)
        directory = yield from make_directory(fresh, mapping, wants, tables, periods)
        if tables.suiteql == fresh.suiteql and not lacks(directory, mapping, wants):
            return directory
    made = yield from read_lists(tables, mapping, wants)
    made.read_at = now
    return (yield from make_directory(made, mapping, wants, tables, periods))


def make_directory(
    lists: Lists, mapping: LedgerMapping, wants: Wants, tables: Tables, periods: list[lists_of.Period] | None
) -> Steps[Directory]:
    currencies = {
        str(row["Id"]): (text_of(row, "Symbol") or text_of(row, "Name") or "").lower()
        for row in lists.rows["currency"]
    }
    active = [row for row in lists.rows["subsidiary"] if row["Inactive"] != "T"]
    subsidiaries = {
        str(row["Id"]): (str(row["FullName"] or row["Name"]), currencies.get(str(row["Currency"]), ""))
        for row in active
    }
    named = shelf_of(active).find(wants.subsidiary) if wants.subsidiary is not None else None
    accounts, gone = shelves_of(lists.rows["account"], named_accounts(mapping))
    items, unsold = shelves_of(lists.rows["item"], named_items(mapping))
    directory = Directory(
        title=f"NetSuite account {wants.account_id}",
        home=home_of(lists.rows["currency"], subsidiaries, named),
        multi_currency=len(currencies) > 1 and has(lists.fields, "invoice", "currency"),
        one_world=is_one_world(lists),
        subsidiary=named,
        subsidiaries=subsidiaries,
        tax=tax_of(lists.fields),
        closed_until=None,
        suiteql=tables.suiteql,
        fields=lists.fields,
        accounts=accounts,
        inactive_accounts=gone,
        items=items,
        inactive_items=unsold,
        currencies=currencies,
        payment_options=shelf_of(row for row in lists.rows["payment_method"] if row["Inactive"] != "T"),
        tax_codes=shelf_of(lists.rows["tax_code"]),
        refused=lists.refused,
        lists=lists,
        mapping=mapping,
    )
    fill_item_accounts(directory)
    directory.closed_until, directory.knows_closing = yield from read_closed(tables, lists, periods)
    directory.refused = lists.refused | tables.refused
    return directory


def fill_item_accounts(directory: Directory) -> None:
    """By label, by every name that is clear, and by the mapping's."""
    items, accounts = directory.items, directory.item_accounts
    for item_id, row in items.by_id.items():
        account = directory.income_account(item_id)
        if account is None:
            continue
        accounts[items.label(item_id)] = account
        for name in (text_of(row, each) for each in NAMES):
            if name is not None and items.find(name) == item_id:
                accounts.setdefault(name, account)
    for name in named_items(directory.mapping):
        found = items.find(name)
        account = directory.income_account(found) if found is not None else None
        if account is not None:
            accounts[name] = account


def needed_reads(wants: Wants) -> frozenset[str]:
    """The lists and record types, in small letters, without which nothing can be written."""
    taxes = ("salestaxitem",) if wants.posts_sales else ()
    return frozenset(("account", "item", "currency", *taxes, *(record.lower() for record in wants.records)))


def lacks(directory: Directory, mapping: LedgerMapping, wants: Wants) -> bool:
    """Whether the mapping or the settings name what was not there when the lists were read, or the role was refused
    something that is needed and that it may have been given meanwhile."""
    return (
        bool(needed_reads(wants) & directory.lists.refused)
        or any(directory.accounts.find(name) is None for name in named_accounts(mapping))
        or any(directory.items.find(name) is None for name in named_items(mapping))
        or any(directory.payment_option(name) is None for name in named_payment_methods(mapping))
        or (wants.posts_sales and any(directory.tax_code(name) is None for name in named_taxes(mapping)))
        or (wants.subsidiary is not None and directory.subsidiary is None)
    )
