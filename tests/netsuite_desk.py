"""A NetSuite account, a shop at Stripe and the command line between the two; what was written is read back to the cent.

Every `sync` also proves what must always hold: nothing is sent to anybody, no name of a field was left to chance, each
document stands there once under its key and shows its number, day and Stripe ids, and the debits and credits that `plan`
had shown are what the account's own ledger moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from ledger_desk import LedgerDesk, mapping_of
from netsuite_books import TAX_CODE, NetsuiteBooks, netsuite
from netsuite_shown import check_shown, key_of, shown
from netsuite_sold import ADA, invoice, pay
from small_shop import Shop
from vendors.netsuite import Account, Request
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

SHORT = {
    "Accounts Receivable": "AR",
    "Stripe Clearing": "CLR",
    "Sales": "REV",
    "Sales Tax Payable": "TAX",
    "Stripe Fees": "FEES",
    "Exchange Gain or Loss": "FX",
    "Realized Gain/Loss": "GAIN",
    "Customer Deposits": "DEP",
}
WRITTEN_ON_OTHERS = ("customer", "application")
NAMES_ARE_CHECKED = "x-netsuite-propertynamevalidation"
# What the settings let the connector have under way at once.
AT_ONCE = 4


class Desk(LedgerDesk):
    """`account` is where somebody works by hand, `shop` sells at Stripe, `sync` and `command` are the connector's."""

    books: NetsuiteBooks

    def __init__(self, books: NetsuiteBooks, shop: Shop) -> None:
        self.books = books
        self.shop = shop
        self.fake = books.fake
        seed.customer(self.account, ADA, email="ada@x.test")

    @property
    def account(self) -> Account:
        return self.fake.account

    # ------------------------------------------------------------------------------------------ what stands there

    def trial_balance(self) -> dict[str, Decimal]:
        return self.account.trial_balance()

    def forget_requests(self) -> None:
        self.fake.requests.clear()

    def writes(self) -> list[Request]:
        return self.fake.writes()

    def everything(self) -> list[Json]:
        """Transactions and customers as they are kept, and what was booked of them."""
        groups = self.account.shelf.groups
        rows = [dict(one) for name in ("customer", "transaction") for one in groups[name].values()]
        return [*rows, dict(self.account.ledger.entries)]

    def rows(self) -> list[Json]:
        """All transactions, in the order in which they were written; those of one type that may have been written at once
        by day and number."""
        found = sorted(self.account.transactions(), key=lambda one: int(one["id"]))
        runs = (list(run) for _, run in groupby(found, key=lambda one: (one["_type"], bool(key_of(one)))))
        return [
            one for run in runs for one in (sorted(run, key=by_day) if key_of(run[0]) is not None else run)
        ]

    def ours(self) -> list[Json]:
        """What bears our key."""
        return [one for one in self.rows() if key_of(one) is not None]

    def written(self) -> list[str]:
        """A line for each of ours: what it is, number, day, customer, postings, what it is applied to, and what is left
        open of it."""
        return [shown(self.account, one, SHORT) for one in self.ours()]

    def by_hand(self) -> list[str]:
        """The same of what others wrote."""
        return [shown(self.account, one, SHORT) for one in self.rows() if key_of(one) is None]

    def totals(self, subsidiary: str | None = None) -> dict[str, str]:
        found = self.account.trial_balance(subsidiary=subsidiary)
        return {SHORT.get(name, name): str(amount) for name, amount in found.items()}

    def open(self, customer: str = ADA) -> str:
        """What a customer owes, or where below zero is owed, in base currency."""
        receivables = self.account.account_id_of("Accounts Receivable")
        entity = self.account.named("customer", customer)["id"]
        return f"{self.account.ledger.of_entity(receivables, entity):.2f}"

    def close_until(self, month: str, how: str = "closed") -> None:
        """Closes or locks this month and all before it, as 2026-03, or opens them again."""
        for period in list(self.account.documents("accountingPeriod")):
            if not (period["isQuarter"] or period["isYear"]) and period["startDate"][:7] <= month:
                self.account.close_period(period["startDate"][:7], how)

    # ------------------------------------------------------------------------------------------ what always holds

    def check(self) -> None:
        self.account.check()
        assert self.fake.broken == []
        assert self.fake.most_at_once <= AT_ONCE
        for request in self.writes():
            assert request.method != "PUT", request
            if request.path != "restlet" and request.body is not None:
                named = {name.lower(): text for name, text in request.headers.items()}
                assert named[NAMES_ARE_CHECKED] == "Error", request
        ours = {key_of(one): one for one in self.ours()}
        for document in self.documents():
            one = ours.get(document["document_key"])
            if document["state"] not in ("posted", "reversed") or document["kind"] in WRITTEN_ON_OTHERS:
                continue
            if one is not None:
                check_shown(document, one, self.key_field)
            else:
                assert document["kind"] == "void", document

    @property
    def key_field(self) -> str | None:
        """The custom field that the settings name for our key."""
        found: str | None = self.books.ledger["connection"].get("document_key_field")
        return found


def by_day(one: Json) -> tuple[str, str]:
    return one["tranDate"], one["tranId"]


@contextmanager
def desk(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    account: Json | None = None,
    connection: Json | None = None,
    **ledger: Any,
) -> Iterator[Desk]:
    """Sales are found, unless told otherwise; nothing is waited for."""
    settings = {"sales": "find", "fees": False, **ledger}
    refunds = {"sale_grace": "0s", **(refunds or {})}
    with netsuite(folder, rules, refunds, mapping, account, connection, **settings) as (books, shop):
        yield Desk(books, shop)


# ---------------------------------------------------------------------------------------------- sales


def paid_invoice(desk: Desk, method: str = "card") -> str:
    """The base case: invoice 100 of 110.00 with 10.00 of tax, paid into clearing; returns the charge."""
    pay(desk.account, invoice(desk.account))
    return desk.shop.charge("100", 11000, 1000, "2026-03-02", 0, method)


def mapped(**changes: Any) -> Json:
    """The mapping of the repository with a code for taxes, and with other parts."""
    return mapping_of("netsuite", **{"taxes": {"default": TAX_CODE}, **changes})
