"""Transactions of NetSuite as the adapter sees them, whichever way they were read, and the ways to read them.

Two ways give the same: SuiteQL, many at once, where the role may use it; else the record service, one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from connector.ledgers.contract import Steps
from connector.ledgers.marks import Note
from connector.ledgers.netsuite_wire import split_id
from connector.planning.model import Refs
from connector.planning.values import value


@value(frozen=True, slots=True)
class Head:
    """What a transaction says of itself, without its lines. Amounts are minor units of its own currency, never below zero.

    `record` is the REST type; `ledger_id` is `record/internal id`. `account` is the id of the account of its total:
    receivables of an invoice or credit memo, the money account of a payment, refund, cash sale or cash refund. `open_minor`
    is what is unpaid of an invoice, or unused of a credit memo, payment or deposit. `rate`: base currency for one of the
    transaction's. `created_from` and `customer_id` are internal ids; of a deposit application the first is the deposit.
    `customer` is the plain name, without the number that NetSuite may show before it; `email` and `stripe_customer` are
    the customer's. `voided`: it stands there without effect; `posts` is False of what waits for an approval.
    """

    ledger_id: str
    record: str
    external_id: str | None
    number: str | None
    day: date
    memo: str
    other_reference: str | None
    customer_id: str | None
    customer: str | None
    currency: str
    rate: Decimal | None
    total_minor: int
    open_minor: int
    account: str | None
    subsidiary: str | None = None
    voided: bool = False
    created_from: str | None = None
    refs: Refs = ()
    email: str | None = None
    stripe_customer: str | None = None
    posts: bool = True

    @property
    def stands(self) -> bool:
        """Whether it has an effect in the books."""
        return self.posts and not self.voided

    @property
    def note(self) -> Note:
        """Our marks and Stripe ids, from memo, external id, number and reference."""
        from connector.ledgers.netsuite_marks import read_head_note

        return read_head_note(self)


@value(frozen=True, slots=True)
class TaxDetail:
    """A tax on a line: ids of SuiteTax's type and code, the rate in percent, basis and amount in minor units."""

    tax_type: str
    tax_code: str
    rate: Decimal
    basis_minor: int
    tax_minor: int


@value(frozen=True, slots=True)
class Line:
    """A line that sells or takes back, of a journal, or the other side of a payment, refund or deposit: `net_minor` without
    tax, debits above zero, in the transaction's currency. `account` and `item` are internal ids, None where NetSuite does
    not tell; `refs` department, class, location."""

    line_id: str
    net_minor: int
    account: str | None
    item: str | None = None
    description: str = ""
    quantity: str | None = None
    taxes: tuple[TaxDetail, ...] = ()
    refs: Refs = ()


@value(frozen=True, slots=True)
class Link:
    """What two transactions have applied to each other: the other one's ledger id, and how much, in minor units of the
    currency of the one that was asked after."""

    ledger_id: str
    amount_minor: int


@value(frozen=True, slots=True)
class Detail:
    """Lines in their order, and what is applied on either side."""

    lines: tuple[Line, ...] = ()
    links: tuple[Link, ...] = ()


def is_marked(head: Head) -> bool:
    """Whether it bears a key of ours, or the id of a refund or a charge."""
    note = head.note
    return bool(note.document_key or note.refund_ids or note.charge_ids)


def place_of(head: Head) -> tuple[int, str]:
    """In the order in which they were made."""
    return int(split_id(head.ledger_id)[1]), head.ledger_id


def in_order(links: Iterable[Link]) -> tuple[Link, ...]:
    """Each other transaction once, in the order of its id."""
    amounts: dict[str, int] = {}
    for link in links:
        amounts[link.ledger_id] = amounts.get(link.ledger_id, 0) + link.amount_minor
    ordered = sorted(amounts, key=lambda one: (int(split_id(one)[1]), one))
    return tuple(Link(named, amounts[named]) for named in ordered)


class Reader(Protocol):
    """Reads of transactions. What does not exist, or is of another type than those of `netsuite_wire.TYPES`, is left out;
    what was voided, or waits for an approval, is given and says so. Each raises `LedgerDown`."""

    def for_search(self) -> Reader:
        """The same for one search, in which nothing need be read twice."""

    def by_id(self, ledger_ids: Collection[str]) -> Steps[dict[str, Head]]:
        """By ledger id; a plain internal id is found too, under the ledger id that it has. What an index does not show is
        asked for by itself."""

    def by_external_id(self, records: Mapping[str, str]) -> Steps[dict[str, Head]]:
        """By external id, which no two transactions share; each with the type that it is of. What an index does not show
        is asked for by itself."""

    def by_number(self, records: Sequence[str], numbers: Collection[str]) -> Steps[list[Head]]:
        """Those of these types with one of these numbers (tranId), exactly."""

    def carrying(self, stripe_ids: Collection[str], since: date) -> Steps[list[Head]]:
        """Those that bear one of these ids of Stripe's in memo, external id, number or reference, dated since that day."""

    def of_customers(
        self, records: Sequence[str], customer_ids: Collection[str], since: date | None = None
    ) -> Steps[list[Head]]:
        """Those of these types and customers, dated since that day."""

    def made_from(self, records: Sequence[str], sources: Collection[Head]) -> Steps[list[Head]]:
        """Those of these types that were made from one of these transactions (createdFrom), of their customers and since
        their days."""

    def page(self, since: date, cursor: str | None) -> Steps[tuple[list[Head], str | None]]:
        """A page of all that bear a key of ours, or the id of a refund or a charge, dated since that day, and the cursor of
        the next page or None."""

    def details(
        self, ledger_ids: Collection[str], lines: bool = True, back: bool = False
    ) -> Steps[dict[str, Detail]]:
        """Lines, unless they are not wanted, and what these are applied to, by ledger id; `back`: also what is applied to
        them."""
