"""Giving refunds their numbers: what is taken is read in bulk, from the store and from the books."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select

from connector.ledgers.contract import Courier, Ledger, run_steps
from connector.planning.case import Books, LedgerPolicy
from connector.planning.model import Sale
from connector.planning.numbering import next_number
from connector.planning.stripe_facts import Refund
from connector.store.bulk import within
from connector.store.schema import refund_number, taken_number


def refused_numbers(connection: Connection, ledger: str, scope: str, numbers: Collection[str]) -> set[str]:
    """Which of these the ledger refused before, since a document of others holds them."""
    rows = connection.execute(
        select(taken_number.c.number).where(
            taken_number.c.ledger == ledger,
            taken_number.c.scope == scope,
            within(connection, taken_number.c.number, numbers),
        )
    )
    return {row.number for row in rows}


class NumberDesk:
    """Numbers of one page. What it hands out is only taken once `take` is called."""

    def __init__(
        self, connection: Connection, books: Books, policy: LedgerPolicy, ledger: Ledger, courier: Courier
    ) -> None:
        self.connection = connection
        self.templates = books.templates
        self.name = policy.name
        self.ledger = ledger
        self.courier = courier
        self.places: dict[str, set[int]] = {}
        self.own: dict[tuple[str, int], tuple[int, str]] = {}
        self.taken: set[str] = set()
        self.asked: set[str] = set()

    def prefetch(self, rows: Sequence[tuple[Any, Sale | None]]) -> None:
        """Read what is used of the sales of these rows, and whether the numbers that come next are free."""
        ids = [row.subject_id for row, _ in rows]
        sales = sorted({sale.number for _, sale in rows if sale is not None})
        mine = refund_number.c.ledger == self.name
        records = [
            *self.connection.execute(
                select(refund_number).where(mine, within(self.connection, refund_number.c.refund_id, ids))
            ),
            *self.connection.execute(
                select(refund_number).where(mine, within(self.connection, refund_number.c.sale_number, sales))
            ),
        ]
        for record in records:
            self.places.setdefault(record.sale_number, set()).add(record.n)
            self.own[record.refund_id, record.revision] = (record.n, record.number)
            self.taken.add(record.number)
        wanted: dict[str, int] = {}
        for row, sale in rows:
            if sale is not None and (row.subject_id, row.revision) not in self.own:
                wanted[sale.number] = wanted.get(sale.number, 0) + 1
        texts = set()
        for number, count in wanted.items():
            first = max(self.places.get(number, ()), default=-1) + 1
            texts |= {self.templates.number(number, n) for n in range(first, first + count)}
        self._ask(texts)

    def number_for(self, refund: Refund, revision: int, sale_number: str) -> tuple[int, str]:
        """The refund's own number if it has one, else the next free one of its sale."""
        own = self.own.get((refund.refund_id, revision))
        if own is not None:
            return own
        return next_number(sale_number, self.places.get(sale_number, ()), self._is_taken, self.templates)

    def passed_over(self, refund_id: str, revision: int, sale_number: str, n: int) -> tuple[str, ...]:
        """Numbers before place `n` that documents of others hold; none for a refund that has its number."""
        if self.is_known(refund_id, revision):
            return ()
        first = max(self.places.get(sale_number, ()), default=-1) + 1
        return tuple(self.templates.number(sale_number, place) for place in range(first, n))

    def is_known(self, refund_id: str, revision: int) -> bool:
        return (refund_id, revision) in self.own

    def take(self, refund_id: str, revision: int, sale_number: str, n: int, number: str) -> None:
        self.places.setdefault(sale_number, set()).add(n)
        self.taken.add(number)

    def _is_taken(self, number: str) -> bool:
        if number not in self.asked and number not in self.taken:
            self._ask({number})
        return number in self.taken

    def _ask(self, numbers: set[str]) -> None:
        """Held by another refund of ours, or by a document in the books that is not ours."""
        if not numbers:
            return
        self.asked |= numbers
        rows = self.connection.execute(
            select(refund_number.c.number).where(
                refund_number.c.ledger == self.name, within(self.connection, refund_number.c.number, numbers)
            )
        )
        self.taken |= {row.number for row in rows}
        self.taken |= refused_numbers(self.connection, self.name, "refund", numbers)
        held = run_steps(self.ledger.numbers_taken("refund", sorted(numbers)), self.courier)
        self.taken |= set(held)
