"""A Xero organisation in memory: its objects, its books, and the questions that tests put to them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from vendors.quickbooks.clock import Clock
from vendors.xero import audit, chart
from vendors.xero.ledger import Key, Ledger
from vendors.xero.moods import Moods
from vendors.xero.oauth import TENANT
from vendors.xero.refusals import Invalid
from vendors.xero.shelf import NUMBERS, Shelf
from vendors.xero.undo import Undo
from vendors.xero.wire import Json, is_guid, ms_instant, plain, rounded

_ZONES = {"US": "America/New_York", "GB": "Europe/London", "AU": "Australia/Sydney", "NZ": "Pacific/Auckland"}
_DESCRIPTIONS = {"USD": "United States Dollar", "EUR": "Euro", "GBP": "British Pound", "JPY": "Japanese Yen"}


class Organisation:
    """`rates` are units of a currency for one of base, as they are on any day; `currencies` those subscribed to.

    `period_lock` and `year_lock` are days as YYYY-MM-DD, or None. `trial_balance` and `balance_of` are what the books
    say, debits positive; `check` proves that they hang together.
    """

    def __init__(
        self,
        tenant_id: str = TENANT,
        name: str = "Acme Books",
        country: str = "US",
        currency: str = "USD",
        timezone: str | None = None,
        clock: Callable[[], float] | None = None,
        moods: Moods | None = None,
        currencies: tuple[str, ...] = (),
        rates: dict[str, Decimal] | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self.name = name
        self.country = country
        self.currency = currency
        self.timezone = timezone or _ZONES.get(country, "UTC")
        # Whatever tells the seconds will do; a clock that moves by hand is what tests mostly give.
        self.clock: Clock = Clock() if clock is None else clock  # type: ignore[assignment]
        self.moods = moods or Moods()
        self.currencies = [currency, *(one for one in currencies if one != currency)]
        self.rates = rates or {"EUR": Decimal("0.9"), "GBP": Decimal("0.8"), "JPY": Decimal(150)}
        self.period_lock: str | None = None
        self.year_lock: str | None = None
        self.is_demo = False
        self.undo = Undo()
        self.ledger = Ledger(self.undo)
        self.shelf = Shelf(self.undo)
        # The documents whose balances a write has moved.
        self.touched: set[Key] = set()
        # Whether what is made now is made over HTTP by the app, and not by somebody at work in Xero.
        self.by_app = False
        self.notes: list[tuple[str, str, Json]] = []
        self._paid = 0.0
        self._counters: dict[str, int] = {}
        self._roles: dict[str, str] = {}
        chart.open_books(self)

    def copy(self, clock: Callable[[], float]) -> Organisation:
        """The same organisation at this moment, which goes its own way from here, by its own clock."""
        return deepcopy(self, {id(self.clock): clock})

    # ------------------------------------------------------------------------------------------ time and names

    def today(self) -> str:
        """The day that it is in the organisation's own timezone."""
        return (
            datetime.fromtimestamp(self.clock(), UTC).astimezone(ZoneInfo(self.timezone)).date().isoformat()
        )

    def new_id(self) -> str:
        number = self.count("id")
        return f"{zlib.crc32(f'{self.tenant_id}{number}'.encode()):08x}-ac3e-4000-8000-{number:012x}"

    def count(self, what: str) -> int:
        self._counters[what] = self._counters.get(what, 0) + 1
        return self._counters[what]

    def put(self, kind: str, object_id: str, one: Json, touch: bool = True) -> Json:
        """Keeps an object as it is from now on; `touch` moves its UpdatedDateUTC."""
        now = self.clock()
        if touch or "_updated" not in one:
            one = {"_by_app": self.by_app, **one, "_updated": self._moment(kind, now)}
        self.shelf.put(kind, object_id, one, now, self.moods.read_lag)
        return one

    def _moment(self, kind: str, now: float) -> float:
        """No two changes of payments come in the same millisecond, though the clock of a test may stand still."""
        if kind != "Payments":
            return now
        self._paid = max(now, self._paid + 0.001)
        return self._paid

    def find(self, kind: str, name: str) -> Json | None:
        """By id, or by number where the kind has one; what was deleted is found by its id alone."""
        found = self.shelf.get(kind, name) if is_guid(name) or kind in ("TaxRates", "Currencies") else None
        if found is None and kind in NUMBERS:
            rows = self.shelf.by(kind, "number", name)
            living = [one for one in rows if one.get("Status") != "DELETED"]
            found = next(iter(living or rows), None)
        return found

    # ------------------------------------------------------------------------------------------ accounts, currencies

    def account(self, name: str) -> Json:
        """The row of an account, by name, code or id; StopIteration where there is none."""
        accounts = self.shelf.kinds["Accounts"]
        return next(
            one for one in accounts.values() if name in (one["Name"], one.get("Code"), one["AccountID"])
        )

    def system_account(self, role: str) -> str:
        """The id of the account that Xero itself posts to: DEBTORS, GST, REALISEDCURRENCYGAIN, ROUNDING."""
        if role not in self._roles:
            accounts = self.shelf.kinds["Accounts"].values()
            found = next(one for one in accounts if one.get("SystemAccount") == role)
            self._roles[role] = found["AccountID"]
        return self._roles[role]

    def open_account(
        self,
        name: str,
        kind: str = "BANK",
        code: str | None = None,
        currency: str | None = None,
        tax: str = "NONE",
    ) -> Json:
        """A new account, by hand."""
        row = chart.account_row(self, name, kind, code, tax, currency)
        row = self.put("Accounts", row["AccountID"], row)
        self.undo.keep()
        return row

    def set(self, kind: str, object_id: str, **values: object) -> Json:
        """Changes an object past all rules, as only a person in Xero can: reconciled, archived, another default."""
        old = self.shelf.get(kind, object_id)
        assert old is not None, f"{kind} {object_id} is not there"
        changed = self.put(kind, object_id, {**old, **values})
        self.undo.keep()
        return changed

    def add_note(self, kind: str, object_id: str, details: str) -> Json:
        """A line in the history of an object."""
        note = (kind, object_id, {"Changes": "Note", "DateUTC": ms_instant(self.clock()), "Details": details})
        self.notes.append(note)
        self.undo.note(lambda: self.notes.remove(note))
        return note[2]

    def notes_on(self, kind: str, object_id: str) -> list[Json]:
        return [note for each, other, note in self.notes if (each, other) == (kind, object_id)]

    def rate_of(self, currency: str, given: Decimal | None) -> Decimal:
        """Units of the currency for one of base: as given, or that of the day."""
        if currency not in self.currencies:
            raise Invalid(f"Organisation is not subscribed to currency {currency}")
        if currency == self.currency:
            return Decimal(1)
        if given is not None and given <= 0:
            raise Invalid("The currency rate must be greater than zero")
        return rounded(self.rates[currency] if given is None else given, self.moods.rate_digits)

    def currency_rows(self) -> list[Json]:
        return [{"Code": one, "Description": _DESCRIPTIONS.get(one, one)} for one in self.currencies]

    # ------------------------------------------------------------------------------------------ lock dates

    def check_open(self, what: str, *days: str) -> None:
        """Raises `Invalid` where a lock date stops this: create, edit, void, payment or allocation on these days."""
        if what not in self.moods.locked:
            return
        day = min(days)
        if self.year_lock is not None and day <= self.year_lock:
            raise Invalid(_locked("end of year lock date", self.year_lock))
        if self.period_lock is not None and day <= self.period_lock and not self.moods.adviser:
            raise Invalid(_locked("period lock date", self.period_lock))

    # ------------------------------------------------------------------------------------------ the books

    def documents(self, kind: str) -> list[Json]:
        """All objects of a kind, voided and deleted ones too, as they are kept."""
        return list(self.shelf.kinds[kind].values())

    def trial_balance(self, until: str | None = None) -> dict[str, Decimal]:
        """Every account that is not at zero, by name, in base currency, debits positive."""
        accounts = self.shelf.kinds["Accounts"]
        named = {accounts[one]["Name"]: amount for one, amount in self.ledger.balances(until).items()}
        return dict(sorted(named.items()))

    def balance_of(self, account: str) -> Decimal:
        """An account by name, code or id, in base currency, debits positive."""
        return self.ledger.balance(self.account(account)["AccountID"])

    def own_balance_of(self, account: str) -> Decimal:
        """A bank account in its own currency."""
        return self.ledger.own_balance(self.account(account)["AccountID"])

    def check(self) -> None:
        """AssertionError where the books do not hang together: reads all of them."""
        audit.check(self)

    def check_touched(self) -> None:
        """After a write: the whole ledger balances, and what was touched is right."""
        assert self.ledger.total() == 0, "debits and credits differ"
        audit.check_documents(self, self.touched)
        self.touched.clear()

    def contact_named(self, name: str) -> Json | None:
        """The active contact of this name, without regard to case."""
        rows = self.shelf.by("Contacts", "Name", name)
        wanted = plain(name)
        active = (one for one in rows if one["ContactStatus"] == "ACTIVE" and plain(one["Name"]) == wanted)
        return next(active, None)


def _locked(which: str, day: str) -> str:
    return f"The document date cannot be before the {which}, currently set at {day}"
