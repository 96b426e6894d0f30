"""The general ledger behind the stand-in: balanced entries in base currency, one for each document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from vendors.xero.undo import Undo
from vendors.xero.wire import ZERO

Key = tuple[str, str]


@dataclass(frozen=True)
class Posting:
    """`amount` in base currency, debits positive; `own` the same in the currency of a bank account, where it has
    another; `contact` on receivables and payables alone.
    """

    account: str
    amount: Decimal
    contact: str | None = None
    own: Decimal | None = None


@dataclass(frozen=True)
class Entry:
    date: str
    postings: tuple[Posting, ...]


class Ledger:
    """Keeps running balances: asking for one costs the same however much was posted."""

    def __init__(self, undo: Undo) -> None:
        self.entries: dict[Key, Entry] = {}
        self._undo = undo
        self._balances: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._own: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._contacts: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def post(self, key: Key, date: str, postings: Iterable[Posting]) -> None:
        """Takes the place of what the document had posted; AssertionError where debits and credits differ."""
        entry = Entry(date, tuple(one for one in postings if one.amount or one.own))
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
                self._own[one.account] += sign * (one.amount if one.own is None else one.own)
                if one.contact is not None:
                    self._contacts[one.account, one.contact] += sign * one.amount
        if new is not None:
            self.entries[key] = new

    def balance(self, account: str) -> Decimal:
        return self._balances.get(account, ZERO)

    def own_balance(self, account: str) -> Decimal:
        """In the account's own currency."""
        return self._own.get(account, ZERO)

    def of_contact(self, account: str, contact: str) -> Decimal:
        return self._contacts.get((account, contact), ZERO)

    def total(self) -> Decimal:
        return sum(self._balances.values(), ZERO)

    def balances(self, until: str | None = None) -> dict[str, Decimal]:
        """By account id, without those at zero; `until` is the last date that counts."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries.values():
            if until is None or entry.date <= until:
                for one in entry.postings:
                    found[one.account] += one.amount
        return {account: amount for account, amount in found.items() if amount}
