"""A NetSuite account in memory: its records, its books, and the questions that tests put to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from vendors.netsuite import audit, chart
from vendors.netsuite.field_table import TRANSACTIONS, group_of
from vendors.netsuite.ledger import Ledger
from vendors.netsuite.mirror import Mirror
from vendors.netsuite.moods import Moods
from vendors.netsuite.refusals import user_error
from vendors.netsuite.shelf import Shelf
from vendors.netsuite.wire import Json, rounded
from vendors.quickbooks.clock import Clock
from vendors.xero.undo import Undo

ACCOUNT_ID = "1234567_SB1"
# Units of US dollars for one unit.
RATES = {
    "USD": Decimal(1),
    "EUR": Decimal("1.1"),
    "GBP": Decimal("1.25"),
    "CAD": Decimal("0.75"),
    "JPY": Decimal("0.0067"),
}


class Account:
    """`currency` is the base currency of the first subsidiary; `subsidiaries` are more of them, name and currency.

    `rates` are US dollars for one unit of a currency, as they are on any day. `role_lacks` names what the role may not
    do: `suiteql`, `restlet`, `create:creditMemo`, `edit:invoice`, `delete:invoice`, `read:customer`, `table:item`.
    `custom_fields` are body fields of all transactions, name and kind: {"custbody_key": "text"}.
    """

    def __init__(
        self,
        account_id: str = ACCOUNT_ID,
        currency: str = "USD",
        timezone: str = "America/New_York",
        clock: Callable[[], float] | None = None,
        moods: Moods | None = None,
        currencies: tuple[str, ...] = (),
        subsidiaries: tuple[tuple[str, str], ...] = (),
        rates: dict[str, Decimal] | None = None,
        custom_fields: dict[str, str] | None = None,
        tax_rate: Decimal = Decimal(10),
        date_format: str = "M/D/YYYY",
    ) -> None:
        self.account_id = account_id
        self.currency = currency
        self.timezone = timezone
        # Whatever tells the seconds will do; a clock that moves by hand is what tests mostly give.
        self.clock: Clock = Clock() if clock is None else clock  # type: ignore[assignment]
        self.moods = moods or Moods()
        self.rates = {**RATES, **(rates or {})}
        self.custom_fields = dict(custom_fields or {})
        self.tax_rate = tax_rate
        self.date_format = date_format
        self.role_lacks: set[str] = set()
        self.locked_records: set[str] = set()
        self.undo = Undo()
        self.ledger = Ledger(self.undo)
        self.shelf = Shelf(self.undo)
        # External ids of requests that are still under way.
        self.reserved: set[tuple[str, str]] = set()
        # Whether what is made now is made over HTTP, and not by somebody at work in NetSuite.
        self.by_app = False
        self.touched: set[str] = set()
        self._counters: dict[str, int] = {}
        self._named: dict[tuple[str, str], str] = {}
        chart.open_books(
            self, [(currency, currencies), *((one[1], ()) for one in subsidiaries)], subsidiaries
        )
        self.mirror = Mirror(self)

    def copy(self, clock: Callable[[], float]) -> Account:
        """The same account at this moment, which goes its own way from here, by its own clock."""
        return deepcopy(self, {id(self.clock): clock})

    # ------------------------------------------------------------------------------------------ time, ids, records

    def today(self) -> str:
        """The day that it is in the account's own time zone."""
        return (
            datetime.fromtimestamp(self.clock(), UTC).astimezone(ZoneInfo(self.timezone)).date().isoformat()
        )

    def count(self, what: str, start: int = 0) -> int:
        self._counters[what] = self._counters.get(what, start) + 1
        return self._counters[what]

    def new_id(self, record_type: str) -> str:
        group = group_of(record_type)
        return str(self.count(f"id {group}", chart.FIRST_IDS.get(group, 0)))

    def put(self, record: Json, touch: bool = True) -> Json:
        """Keeps a record as it is from now on; `touch` moves its lastModifiedDate."""
        now = self.clock()
        if touch or "_modified" not in record:
            record = {"_created": now, "_by_app": self.by_app, **record, "_modified": now}
        self.shelf.put(record)
        return record

    def get(self, group: str, record_id: str) -> Json:
        """KeyError where it is not there."""
        return self.shelf.groups[group][record_id]

    def transaction(self, record_id: str) -> Json:
        return self.shelf.groups["transaction"][record_id]

    def named(self, group: str, name: str) -> Json:
        """A record of a list by its name, number, symbol or id; KeyError where there is none."""
        found = self._named.get((group, name))
        if found is None or not _called(self.get(group, found), name):
            rows = self.shelf.groups[group].values()
            found = next((one["id"] for one in rows if _called(one, name)), None)
            if found is None:
                raise KeyError(f"{group} {name}")
            self._named[group, name] = found
        return self.get(group, found)

    def account_id_of(self, name: str) -> str:
        found: str = self.named("account", name)["id"]
        return found

    def add_custom_field(self, name: str, kind: str = "text") -> None:
        """A custom body field of all transactions, made by hand."""
        self.custom_fields[name] = kind
        self.mirror.add_column(name)

    # ------------------------------------------------------------------------------------------ currencies

    def symbol(self, currency_id: str) -> str:
        found: str = self.get("currency", currency_id)["symbol"]
        return found

    def digits(self, currency_id: str) -> int:
        found: int = self.get("currency", currency_id)["_digits"]
        return found

    def base_of(self, subsidiary: str) -> str:
        """The id of a subsidiary's base currency."""
        found: str = self.get("subsidiary", subsidiary)["currency"]
        return found

    def rate_of(self, currency: str, subsidiary: str, given: Decimal | None = None) -> Decimal:
        """Units of the subsidiary's base currency for one of the currency: as given, or that of the day."""
        base = self.base_of(subsidiary)
        if currency == base:
            if given not in (None, 1):
                raise user_error("The exchange rate of the base currency must be 1.", "exchangeRate")
            return Decimal(1)
        if given is not None:
            if given <= 0:
                raise user_error("The exchange rate must be greater than zero.", "exchangeRate")
            return given
        return rounded(self.rates[self.symbol(currency)] / self.rates[self.symbol(base)], 8)

    # ------------------------------------------------------------------------------------------ periods

    def period_of(self, day: str) -> Json:
        """The month that a day lies in."""
        return self.get("accountingPeriod", self._named.get(("period", day[:7]), "") or self._month(day))

    def _month(self, day: str) -> str:
        for one in self.shelf.groups["accountingPeriod"].values():
            if not (one["isQuarter"] or one["isYear"]) and one["startDate"] <= day <= one["endDate"]:
                self._named["period", day[:7]] = one["id"]
                found: str = one["id"]
                return found
        raise user_error(
            "The transaction date you specified is not within the date range of your accounting period."
        )

    def close_period(self, month: str, how: str = "closed") -> None:
        """Closes a month, written 2026-03, or locks it: `closed`, `arLocked`, `allLocked`, or `open` again."""
        period = dict(self.period_of(f"{month}-15"))
        for name in ("closed", "arLocked", "allLocked"):
            period[name] = how != "open" and (
                name == how or how == "closed" or (how, name) == ("allLocked", "arLocked")
            )
        self.put(period)
        self.undo.keep()

    def check_open(self, day: str, moves_receivables: bool, posts: bool = True) -> None:
        """Raises where the period of the day does not take this."""
        period = self.period_of(day)
        if not posts and self.moods.non_gl_changes:
            return
        if period["closed"]:
            raise user_error(
                "The transaction date you specified is not within the date range of your accounting period, or the "
                f"posting period {period['periodName']} is closed."
            )
        if period["allLocked"] or (period["arLocked"] and moves_receivables):
            if self.moods.override_period:
                return
            raise user_error(
                f"This transaction can not be saved: the accounting period {period['periodName']} is locked."
            )

    # ------------------------------------------------------------------------------------------ questions of tests

    def documents(self, record_type: str) -> list[Json]:
        """All records of a type, as they are kept."""
        return [
            one for one in self.shelf.groups[group_of(record_type)].values() if one["_type"] == record_type
        ]

    def by_external_id(self, external_id: str) -> Json | None:
        """The transaction with this external id."""
        return self.shelf.by_external("transaction", external_id)

    def external_ids(self) -> dict[str, Json]:
        """Every transaction that has an external id, by it."""
        rows = self.shelf.groups["transaction"].values()
        return {one["externalId"]: one for one in rows if one.get("externalId")}

    def trial_balance(self, until: str | None = None, subsidiary: str | None = None) -> dict[str, Decimal]:
        """Every account that is not at zero, by name, in base currency, debits positive."""
        wanted = None if subsidiary is None else self.named("subsidiary", subsidiary)["id"]
        found = self.ledger.balances(until, wanted)
        return dict(sorted((self.get("account", one)["acctName"], amount) for one, amount in found.items()))

    def trial_balance_minor(self, until: str | None = None, subsidiary: str | None = None) -> dict[str, int]:
        """The same in minor units of the base currency."""
        digits = self.digits(
            self.base_of("1" if subsidiary is None else self.named("subsidiary", subsidiary)["id"])
        )
        found = self.trial_balance(until, subsidiary)
        return {name: int(amount.scaleb(digits)) for name, amount in found.items()}

    def balance_of(self, account: str, subsidiary: str | None = None) -> Decimal:
        """An account by name, number or id, in base currency, debits positive."""
        wanted = None if subsidiary is None else self.named("subsidiary", subsidiary)["id"]
        return self.ledger.balance(self.account_id_of(account), wanted)

    def on_hand(self, item: str) -> Decimal:
        """How many of a stock item there are."""
        found: Decimal = self.named("item", item)["quantityOnHand"]
        return found

    def transactions(self) -> Iterable[Json]:
        return (one for one in self.shelf.groups["transaction"].values() if one["_type"] in TRANSACTIONS)

    def twice(self) -> dict[tuple[str, str], list[str]]:
        """Refunds that stand in the books more than once, by type and refund id: `re_...` or `pyr_...` in any text."""
        return audit.twice(self)

    def check(self) -> None:
        """AssertionError where the books do not hang together: reads all of them."""
        audit.check(self)

    def check_touched(self) -> None:
        """After a write: the whole ledger balances, and what was touched is right."""
        assert self.ledger.total() == 0, "debits and credits differ"
        audit.check_documents(self, self.touched)
        self.touched.clear()

    def __deepcopy__(self, memo: dict[int, Any]) -> Account:
        new = Account.__new__(Account)
        memo[id(self)] = new
        kept = {name: value for name, value in vars(self).items() if name != "mirror"}
        vars(new).update({name: deepcopy(value, memo) for name, value in kept.items()})
        new.mirror = Mirror(new)
        return new


def _called(record: Json, name: str) -> bool:
    names = ("id", "acctName", "acctNumber", "itemId", "name", "symbol", "entityId", "companyName", "email")
    return any(record.get(one) == name for one in names)
