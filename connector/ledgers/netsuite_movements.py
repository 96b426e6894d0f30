"""What a transaction in NetSuite moves: debits and credits by account, as its lines tell.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html (transaction accounting lines)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.ledgers.movement import Movement, with_total
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_records import Detail, Head
from connector.ledgers.netsuite_rows import FORMS, SELLING
from connector.ledgers.netsuite_worth import books_currency, in_books
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Entry

REVENUE = frozenset({"Income", "OthIncome"})


class Mover:
    """Reads movements."""

    def __init__(self, directory: Directory, mapping: LedgerMapping) -> None:
        self.directory = directory
        self.mapping = mapping
        self.exchange = self.find(mapping.exchange)

    def find(self, name: str | None) -> str | None:
        return self.directory.accounts.find(name) if name is not None else None

    def label(self, account_id: str | None) -> str:
        return self.directory.label(account_id) if account_id is not None else ""

    def movements(self, head: Head, detail: Detail) -> list[Movement]:
        """Without zeros; the side of the total, which a journal has none of, last."""
        found = [self.movement(head, line.account, line.net_minor, line.item) for line in detail.lines]
        if head.record == "journalEntry":
            return self.in_order([one for one in found if one.amount_minor])
        sign = -1 if head.record in SELLING else 1
        tax = sign * sum(tax.tax_minor for line in detail.lines for tax in line.taxes)
        found.append(Movement(self.mapping.tax or "", tax))
        # What no line tells: tax that is reckoned in the old way; or where the customer stands.
        untold = self.mapping.tax if head.record in FORMS else self.mapping.receivable(head.currency)
        whole = with_total(found, self.label(head.account), -sign * head.total_minor, untold or "")
        return [one for one in whole if one.amount_minor]

    def in_order(self, moved: Sequence[Movement]) -> list[Movement]:
        """The lines of a journal, but receivables and clearing last."""
        owed, clearing = (
            {self.find(name) for name in names} - {None}
            for names in (
                self.mapping.receivable_accounts.accounts(),
                self.mapping.clearing_accounts.accounts(),
            )
        )
        return sorted(
            moved, key=lambda one: (self.find(one.account) in clearing, self.find(one.account) in owed)
        )

    def movement(self, head: Head, account: str | None, net_minor: int, item: str | None) -> Movement:
        label = self.directory.item_label(item) if item is not None else None
        on = self.label(account)
        if account is None and item is not None:
            on = self.directory.income_account(item) or ""
        sold = head.record in FORMS and not self.is_exchange(on)
        return Movement(on, net_minor, sold, label)

    # -------------------------------------------------------------------------------------- what they are

    def cash(self, moved: Iterable[Movement]) -> int:
        """What of it is on clearing accounts; below zero where money leaves them."""
        clearing = {self.find(name) for name in self.mapping.clearing_accounts.accounts()} - {None}
        return sum(one.amount_minor for one in moved if self.find(one.account) in clearing)

    def income(self, record: str, moved: Iterable[Movement]) -> int:
        """What of it is on what is sold or taken back; above zero where that is taken back. The lines of a journal are not of
        one form: what one takes back, another may sell."""
        amounts = [one.amount_minor for one in moved if self.is_income(one)]
        return sum(amount for amount in amounts if amount > 0 or record != "journalEntry")

    def is_income(self, one: Movement) -> bool:
        mapping = self.mapping
        if one.whole or self.is_of(one.account, mapping.exchange, mapping.fees):
            return False
        revenue = self.directory.account_type(one.account) in REVENUE
        return one.sold or revenue or self.is_of(one.account, mapping.sales)

    def is_exchange(self, account: str) -> bool:
        return self.exchange is not None and self.find(account) == self.exchange

    def is_of(self, account: str, *names: str | None) -> bool:
        """Whether an account is one of these, however the mapping spells them."""
        found = self.find(account)
        return found is not None and found in {self.find(name) for name in names if name}

    # -------------------------------------------------------------------------------------- entries

    def entries(
        self, head: Head, moved: Sequence[Movement], told: Sequence[str]
    ) -> tuple[tuple[Entry, ...], tuple[str | None, ...]]:
        """Debits and credits in the currency of the Stripe balance, in the order of planning, and for each the line of
        the sale that it takes back; those are told by our marks, if they tell as many as there are."""
        currency = books_currency(head.currency, self.directory, self.mapping)
        # Exchange stands behind the taxes, and before the side of the total.
        ordered = sorted(moved, key=lambda one: (one.whole, self.is_exchange(one.account)))
        names = iter(told if len(told) == sum(one.sold for one in ordered) else ())
        entries, line_ids = [], []
        for one, worth in zip(ordered, self.worth(head, ordered), strict=True):
            line_id = next(names, None) if one.sold else None
            if worth:
                entries.append(Entry(one.account, max(worth, 0), max(-worth, 0), currency))
                line_ids.append(line_id)
        return tuple(entries), tuple(line_ids)

    def worth(self, head: Head, moved: Sequence[Movement]) -> list[int]:
        """The movements as they are worth in the books; they balance there too."""
        if not moved:
            return []
        last = next((at for at, one in enumerate(moved) if one.whole), len(moved) - 1)
        sign = -1 if moved[last].amount_minor > 0 else 1
        parts = [sign * one.amount_minor for at, one in enumerate(moved) if at != last]
        worth = [sign * part for part in in_books(head, parts, self.directory, self.mapping)]
        return [*worth[:last], -sum(worth), *worth[last:]]
