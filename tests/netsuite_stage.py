"""Stages for faults: books and a NetSuite account at one moment, copied for each case, behind one server.

`picture` is all that an account holds, told by document keys, so that two can be compared whose records were written in
another order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ledger_stage import LedgerCase, LedgerStage, copy_books, play_earlier
from netsuite_books import NetsuiteBooks, SharedClock
from netsuite_shown import key_of
from small_shop import Shop
from vendors.netsuite import Account, FakeNetsuite, Moods, Request
from vendors.netsuite.deposits import left_of
from vendors.netsuite.oauth import Gate
from vendors.netsuite.settling import open_amount
from vendors.netsuite.wire import Json

from connector.delivery.netsuite import TRACE
from connector.delivery.transport import Transport
from connector.ledgers.contract import Request as Sent
from connector.ledgers.marks import read_marks

# Longer than an absent answer is not believed.
SETTLED_S = 931
# Seconds until a search sees a write.
LAGS = (0, 40)


# ------------------------------------------------------------------------------------------------ what one holds


def keys_in(account: Account, gone: bool = False) -> Counter[str]:
    """How many records of the account bear each document key; with `gone` also those that were voided."""
    rows = [one for one in account.transactions() if gone or not one["_voided"]]
    found = [key for one in (*rows, *account.documents("customer")) if (key := key_of(one)) is not None]
    return Counter(found)


def names_of(account: Account) -> dict[str, str]:
    """Of every transaction the document key, or what and which number it is where others wrote it."""
    return {
        one["id"]: key_of(one)
        or (f"{one['_type']} of {one['_entity']}" if one["_type"] == "depositApplication" else None)
        or f"{one['_type']} {one['tranId']}"
        for one in account.transactions()
    }


def picture(account: Account, numbers: bool = True) -> Json:
    """All that moves money, each with its day, total, what is open of it, what it pays and what it books; and every
    customer and balance."""
    names = names_of(account)
    shown = []
    for one in account.transactions():
        told = {
            name: str(one.get(name)) for name in ("tranDate", "_total", "exchangeRate", "_voided", "memo")
        }
        told["customer"] = customer_of(account, one["_entity"])
        told["currency"] = account.symbol(one["currency"])
        told["pays"] = str(sorted((names[key], str(amount)) for key, amount in one["_apply"].items()))
        told["entry"] = str(entry_of(account, one))
        if numbers and key_of(one) is not None:
            replaced = one["_type"] in account.moods.replaces_numbers
            told["number"] = str(read_marks(one["memo"]).number if replaced else one["tranId"])
        shown.append((names[one["id"]], one["_type"], sorted(told.items())))
    customers = list(account.documents("customer"))
    return {
        "documents": sorted(shown),
        "customers": sorted((one["altName"], one.get("externalId") or "-") for one in customers),
        "trial balance": account.trial_balance(),
        "left open": str(left_open(account)),
    }


def customer_of(account: Account, entity: str | None) -> str:
    return str(account.get("customer", entity)["altName"]) if entity is not None else ""


def entry_of(account: Account, one: Json) -> list[Any]:
    """What it posts, with the gains of what it pays."""
    keys = (one["id"], *(f"{one['id']}>{each}" for each in one["_apply"]))
    return sorted(
        (
            account.get("account", each.account)["acctName"],
            str(each.amount),
            customer_of(account, each.entity),
        )
        for entry in account.ledger.posted(keys)
        for each in entry.postings
    )


def left_open(account: Account) -> list[str]:
    """What is still owed to customers, or by them."""
    rows = list(account.transactions())
    found = [open_amount(account, one) for one in rows]
    found += [left_of(account, one) for one in rows if one["_type"] == "customerDeposit"]
    return sorted(str(amount) for amount in found if amount)


# ------------------------------------------------------------------------------------------------ a case


@dataclass
class Case(LedgerCase[NetsuiteBooks]):
    """One copy of a stage."""

    books: NetsuiteBooks
    fake: FakeNetsuite

    @property
    def account(self) -> Account:
        return self.fake.account

    @property
    def moods(self) -> Moods:
        return self.account.moods

    def keys(self, gone: bool = False) -> Counter[str]:
        return keys_in(self.account, gone)

    def voiding(self) -> set[str]:
        """None: what voids is a credit memo, or is of the kind void."""
        return set()

    def calls(self) -> list[Request]:
        return self.fake.calls()

    def carry_out(self, request: Sent) -> None:
        transport = Transport(self.fake.base_url, (), TRACE, elsewhere=(self.fake.restlet_url,))
        transport.send(request, self.books.gate.grant(), 30)
        transport.close()


@dataclass
class Stage(LedgerStage[Case]):
    """One server, and the account that stands behind it in each case."""

    fake: FakeNetsuite
    books: NetsuiteBooks
    account: Account
    gate: Gate

    @contextmanager
    def case(self, **moods: Any) -> Iterator[Case]:
        books, fake = copy_books(self.books, self.folder / "case"), self.fake
        clock = SharedClock(books.world)
        fake.serve(self.account.copy(clock), self.gate.copy(clock))
        books.fake = fake
        case = Case(books, fake)
        case.set_moods(moods)
        yield case
        assert fake.broken == []
        fake.account.check()

    def lagging(self, lag: int) -> Json:
        return {"index_lag_s": lag}

    def check_result(self, case: Case) -> None:
        """Whatever was still under way must change nothing."""
        case.fake.finish_late()
        super().check_result(case)

    def count_survey(self, case: Case) -> None:
        before = len(case.calls())
        assert case.sync(self.settled_s).errors == []
        self.survey = before_transactions(case.calls()[before:])

    @property
    def first_survey(self) -> int:
        """How many requests a pass begins with that remembers no lists."""
        return before_transactions(self.asked[0])

    def read_back(self, place: int) -> int | None:
        """The request that reads back what was written at `place`, where others are read back with it; for them it is
        asked, whatever became of this one."""
        asked = self.asked[0]
        following = next(at for at in range(place, len(asked)) if not asked[at].is_write)
        before = next(at for at in range(place - 2, -1, -1) if not asked[at].is_write)
        wave = [makes_record(one) for one in asked[before + 1 : following]]
        return following + 1 if makes_record(asked[place - 1]) and sum(wave) > 1 else None

    def reads_a_holder(self, place: int, index_lag_s: int = 0, **moods: Any) -> bool:
        """Whether the pass may go on after a fault at this request: what is asked of one record, lists, and what is tried to
        see what the role may read, is asked once more or in another way where NetSuite refuses it so."""
        asked = self.asked[index_lag_s][place - 1]
        query: str = asked.body["q"] if asked.path == "suiteql" else ""
        return bool(asked.method == "GET" or query.startswith("SELECT id"))

    def picture(self, case: Case) -> Json:
        return picture(case.account, self.numbers)


def before_transactions(asked: list[Request]) -> int:
    """How many requests come before the first that searches for transactions."""
    queries = [one.body["q"] if one.path == "suiteql" else "" for one in asked]
    return next((at for at, query in enumerate(queries) if " FROM transaction t" in query), len(asked))


def makes_record(one: Request) -> bool:
    """Whether it is a new record that is answered with its address alone; a customer is known by that."""
    return one.method == "POST" and one.path not in ("suiteql", "restlet", "customer")


Scene = Callable[[NetsuiteBooks, Shop], None]


def make_stage(
    name: str, books: NetsuiteBooks, shop: Shop, numbers: bool, earlier: Scene | None, scene: Scene
) -> Stage:
    """The stage after `earlier` was posted cleanly, with `scene` still to be posted."""
    play_earlier(books, shop, earlier)
    scene(books, shop)
    shop.write()
    made = Stage(
        *(name, books.folder.parent, numbers, LAGS, SETTLED_S),
        *(books.fake, books, books.account, books.gate),
    )
    made.run_clean()
    return made
