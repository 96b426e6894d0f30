"""A QuickBooks Online company in memory: its objects, its books, and the questions that tests put to them."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any, Literal

from vendors.quickbooks import chart, settling
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.field_table import FieldTable, schema_file
from vendors.quickbooks.ledger import Key, Ledger
from vendors.quickbooks.moods import Moods
from vendors.quickbooks.references import RECEIVABLE
from vendors.quickbooks.shelf import Shelf
from vendors.quickbooks.undo import Noted, Undo
from vendors.quickbooks.wire import ZERO, Json

REALM = "9130350000000001"
SalesTax = Literal["off", "by_code", "automated", "by_line"]


class Company:
    """`sales_tax`: none; US with TAX and NON and a code of the transaction; US automated, recomputed at
    `automated_rate` percent; elsewhere a code for each line. `rates` are home units for one of a currency.

    `trial_balance`, `balance_of` and `open_balance` are what the books say; `check` proves that they hang together.
    """

    def __init__(
        self,
        realm: str = REALM,
        country: str = "US",
        currency: str = "USD",
        sales_tax: SalesTax = "off",
        moods: Moods | None = None,
        clock: Clock | None = None,
        table: FieldTable | None = None,
    ) -> None:
        self.realm = realm
        self.country = country
        self.currency = currency
        self.sales_tax = sales_tax
        self.moods = moods or Moods()
        self.clock = clock or Clock()
        self.table = table or FieldTable(schema_file())
        self.rates: dict[str, Decimal] = {}
        self.automated_rate = Decimal(8)
        self.automated_code = "2"
        self.undo = Undo()
        self.ledger = Ledger(self.undo)
        self.shelf = Shelf(self.undo, self.clock, lambda: self.moods.index_lag)
        # Of a document on receivables: which Payment has settled how much of it.
        self.links: Noted[Key, dict[str, Decimal]] = Noted(self.undo)
        self.deposited: Noted[Key, str] = Noted(self.undo)
        self.stock_moved: Noted[Key, dict[str, Decimal]] = Noted(self.undo)
        # Of a document on receivables: its customer, and what is open in home currency.
        self.open_items: Noted[Key, tuple[str, Decimal]] = Noted(self.undo)
        self.open_sums: Noted[str, Decimal] = Noted(self.undo)
        self.request_ids: dict[str, tuple[int, str]] = {}
        self._counters: dict[str, int] = {"transaction": 100, "DocNumber": 1000}
        self._by_subtype: dict[str, str] = {}
        self._receivables: dict[str, str] = {}
        chart.open_books(self)

    def copy(self, clock: Clock) -> Company:
        """The same company at this moment, which goes its own way from here, by its own clock."""
        made = deepcopy(self, {id(self.clock): clock, id(self.table): self.table})
        made.shelf.lag = lambda: made.moods.index_lag
        return made

    # ------------------------------------------------------------------------------------------ preferences

    def preference(self, group: str, name: str) -> Any:
        return self.shelf.kinds["Preferences"]["1"].get(group, {}).get(name)

    def set_preference(self, group: str, **values: Any) -> None:
        old = self.shelf.kinds["Preferences"]["1"]
        self.shelf.put("Preferences", {**old, group: {**old.get(group, {}), **values}})
        self.undo.keep()

    @property
    def multi_currency(self) -> bool:
        return bool(self.preference("CurrencyPrefs", "MultiCurrencyEnabled"))

    def class_tracking(self, preference: str) -> bool:
        """Of a line, Intuit writes both ClassTrackingPerTxnLine and ClassTrackingPerLine."""
        short = preference.replace("TxnLine", "Line")
        group = "AccountingInfoPrefs"
        return bool(self.preference(group, preference) or self.preference(group, short))

    # ------------------------------------------------------------------------------------------ accounts, taxes

    def next_id(self, counter: str) -> str:
        self._counters[counter] = self._counters.get(counter, 0) + 1
        return str(self._counters[counter])

    def next_number(self) -> str:
        return self.next_id("DocNumber")

    def account_of_type(self, subtype: str) -> str:
        """The id of the account with this subtype."""
        if subtype not in self._by_subtype:
            found = [
                one for one in self.shelf.kinds["Account"].values() if one.get("AccountSubType") == subtype
            ]
            self._by_subtype[subtype] = str(found[0]["Id"])
        return self._by_subtype[subtype]

    @property
    def tax_account(self) -> str:
        """The subtype of the account of sales tax payable."""
        return "GlobalTaxPayable" if self.sales_tax == "by_line" else "SalesTaxPayable"

    def receivable(self, currency: str) -> str:
        """The receivable account of a currency, opened when it is first needed."""
        if self._receivables.get(currency) not in self.shelf.kinds["Account"]:
            self._receivables[currency] = chart.receivable(self, currency)
        return self._receivables[currency]

    def is_receivable(self, account: str) -> bool:
        return bool(self.shelf.kinds["Account"][account]["AccountType"] == RECEIVABLE)

    def account(self, name: str) -> Json:
        """An account by its name or id."""
        accounts = self.shelf.kinds["Account"]
        return next(one for one in accounts.values() if name in (one["Name"], one["Id"]))

    def rate_of(self, code: str) -> Json:
        """The tax rate behind a tax code."""
        listed = self.shelf.kinds["TaxCode"][code]["SalesTaxRateList"]["TaxRateDetail"]
        return self.shelf.kinds["TaxRate"][listed[0]["TaxRateRef"]["value"]]

    # ------------------------------------------------------------------------------------------ the books

    def trial_balance(self, until: str | None = None) -> dict[str, Decimal]:
        """Every account that is not at zero, by name, in home currency, debits positive."""
        accounts = self.shelf.kinds["Account"]
        found = self.ledger.balances(until)
        return {accounts[account]["Name"]: amount for account, amount in sorted(found.items())}

    def balance_of(self, account: str) -> Decimal:
        """An account by name or id, debits positive."""
        return self.ledger.balance(self.account(account)["Id"])

    def open_balance(self, customer: str) -> Decimal:
        """What a customer owes in home currency, unapplied money and credits taken off; by id."""
        return self.open_sums.get(customer) or ZERO

    def documents(self, kind: str) -> list[Json]:
        return list(self.shelf.kinds[kind].values())

    def check(self) -> None:
        """AssertionError where the books do not hang together: reads all of them."""
        assert self.ledger.total() == 0, "debits and credits differ"
        sums: dict[str, Decimal] = {}
        for kind in ("Invoice", "CreditMemo", "Purchase", "JournalEntry", "Payment"):
            for one in self.documents(kind):
                found = settling.open_home(self, kind, one)
                if found is not None:
                    sums[found[0]] = sums.get(found[0], ZERO) + found[1]
                self._check_balances(kind, one)
        for customer in {*sums, *self.ledger.customers()}:
            self._check_customer(customer, sums.get(customer, ZERO))

    def _check_balances(self, kind: str, one: Json) -> None:
        again = settling.with_balances(self, kind, one)
        assert again == one, f"{kind} {one['Id']} does not show what is open: {one}"
        for name in ("Balance", "RemainingCredit", "UnappliedAmt"):
            assert one.get(name, ZERO) >= 0, f"{kind} {one['Id']} has {name} {one[name]}"

    def _check_customer(self, customer: str, items: Decimal) -> None:
        posted = self.ledger.of_customer(customer)
        assert posted == items == self.open_balance(customer), f"customer {customer}: {posted} and {items}"

    def check_touched(self, customers: set[str]) -> None:
        """After a write: the whole ledger balances, and receivables are what is open for these customers."""
        assert self.ledger.total() == 0, "debits and credits differ"
        for customer in customers:
            self._check_customer(customer, self.open_balance(customer))
