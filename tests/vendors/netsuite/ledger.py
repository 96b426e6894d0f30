"""The general ledger behind the stand-in: balanced entries by subsidiary, in its base currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from vendors.netsuite.wire import ZERO
from vendors.xero.undo import Undo


@dataclass(frozen=True)
class Posting:
    """`amount` in base currency, debits positive; `entity` where it is on receivables."""

    account: str
    amount: Decimal
    entity: str | None = None


@dataclass(frozen=True)
class Entry:
    date: str
    subsidiary: str
    postings: tuple[Posting, ...]


class Ledger:
    """Keeps running balances: asking for one costs the same however much was posted."""

    def __init__(self, undo: Undo) -> None:
        self.entries: dict[str, Entry] = {}
        self._undo = undo
        self._balances: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._entities: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def post(self, key: str, date: str, subsidiary: str, postings: Iterable[Posting]) -> None:
        """Takes the place of what `key` had posted; AssertionError where debits and credits differ."""
        entry = Entry(date, subsidiary, tuple(one for one in postings if one.amount))
        assert sum((one.amount for one in entry.postings), ZERO) == 0, f"{key} does not balance: {entry}"
        self._change(key, entry if entry.postings else None)

    def remove(self, key: str) -> None:
        self._change(key, None)

    def posted(self, keys: Iterable[str]) -> list[Entry]:
        """The entries of these keys, where they have one."""
        return [self.entries[key] for key in keys if key in self.entries]

    def _change(self, key: str, new: Entry | None) -> None:
        old = self.entries.get(key)
        if old == new:
            return
        self._put(key, new)
        self._undo.note(lambda: self._put(key, old))

    def _put(self, key: str, new: Entry | None) -> None:
        for entry, sign in ((self.entries.pop(key, None), -1), (new, 1)):
            for one in entry.postings if entry else ():
                assert entry is not None
                self._balances[one.account, entry.subsidiary] += sign * one.amount
                if one.entity is not None:
                    self._entities[one.account, one.entity] += sign * one.amount
        if new is not None:
            self.entries[key] = new

    def balance(self, account: str, subsidiary: str | None = None) -> Decimal:
        found = (
            amount
            for (each, where), amount in self._balances.items()
            if each == account and subsidiary in (None, where)
        )
        return sum(found, ZERO)

    def of_entity(self, account: str, entity: str) -> Decimal:
        return self._entities.get((account, entity), ZERO)

    def total(self) -> Decimal:
        return sum(self._balances.values(), ZERO)

    def balances(self, until: str | None = None, subsidiary: str | None = None) -> dict[str, Decimal]:
        """By account id, without those at zero; `until` is the last day that counts."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries.values():
            if (until is None or entry.date <= until) and subsidiary in (None, entry.subsidiary):
                for one in entry.postings:
                    found[one.account] += one.amount
        return {account: amount for account, amount in found.items() if amount}
