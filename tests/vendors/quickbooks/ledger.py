"""The general ledger behind the stand-in: balanced entries in home currency, one set for each document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from vendors.quickbooks.undo import Undo
from vendors.quickbooks.wire import ZERO

Key = tuple[str, str]


@dataclass(frozen=True)
class Posting:
    """`amount` in home currency, debits positive; `customer` on receivables alone."""

    account: str
    amount: Decimal
    customer: str | None = None


@dataclass(frozen=True)
class Entry:
    date: str
    postings: tuple[Posting, ...]


class Ledger:
    """Keeps running balances: asking for one costs the same however much was posted."""

    def __init__(self, undo: Undo) -> None:
        self.entries: dict[Key, Entry] = {}
        self._undo = undo
        self._balances: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self._customers: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)

    def post(self, key: Key, date: str, postings: Iterable[Posting]) -> None:
        """Takes the place of what the document had posted; AssertionError where debits and credits differ."""
        entry = Entry(date, tuple(one for one in postings if one.amount))
        assert sum((one.amount for one in entry.postings), ZERO) == 0, f"{key} does not balance: {entry}"
        self._change(key, entry if entry.postings else None)

    def remove(self, key: Key) -> None:
        self._change(key, None)

    def _change(self, key: Key, new: Entry | None) -> None:
        old = self.entries.get(key)
        if old == new:
            return
        self._put(key, new)
        self._undo.note(lambda: self._put(key, old))

    def _put(self, key: Key, new: Entry | None) -> None:
        for entry, sign in ((self.entries.pop(key, None), -1), (new, 1)):
            for one in entry.postings if entry else ():
                self._balances[one.account] += sign * one.amount
                if one.customer is not None:
                    self._customers[one.customer] += sign * one.amount
        if new is not None:
            self.entries[key] = new

    def balance(self, account: str) -> Decimal:
        return self._balances[account]

    def of_customer(self, customer: str) -> Decimal:
        """What the receivable accounts say the customer owes, in home currency."""
        return self._customers[customer]

    def customers(self) -> list[str]:
        return list(self._customers)

    def total(self) -> Decimal:
        return sum(self._balances.values(), ZERO)

    def balances(self, until: str | None = None) -> dict[str, Decimal]:
        """By account id, without those at zero; `until` is the last date that counts."""
        found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for entry in self.entries.values():
            if until is None or entry.date <= until:
                for one in entry.postings:
                    found[one.account] += one.amount
        return {account: amount for account, amount in found.items() if amount}

    def moved(self, key: Key, account: str) -> Decimal:
        """What one document put on one account."""
        entry = self.entries.get(key)
        moved = (one.amount for one in entry.postings if one.account == account) if entry else ()
        return sum(moved, ZERO)
