"""Known wrong versions of the connector, put in its place for the length of a check: each must turn that check red.

A check that no wrong version can turn red shows nothing. The table `PLANTED` names, for each wrong version, the check
that kills it and the test that makes this check of the right one; the checks themselves are shown to be green first.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest
import test_faults_in_a_row as in_a_row
from exactly_once import check, check_nothing_twice
from ledger_moods import MOODS, Weather
from small_books import SmallBooks, fast_folder
from small_shop import Shop
from sqlalchemy import Engine, text, update
from test_every_fault import Stage, make_stage, strike

from connector import sync
from connector.delivery import carrier, outcome, push
from connector.delivery.outbox import Outbox
from connector.delivery.outcome import Step, next_step
from connector.delivery.push import Push
from connector.ledgers.beancount import BeancountLedger
from connector.ledgers.contract import Claimed, Outcomes, Request, Steps, Unknown, run_steps
from connector.planning.case import Books, LedgerPolicy
from connector.planning.keys import document_key
from connector.store.documents import delete_documents
from connector.store.lease import Lease
from connector.store.schema import decision, document

Plant = Callable[[], AbstractContextManager[Any]]

# ------------------------------------------------------------------------------------------------ checks


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder:
        yield make_stage(folder, False)


def check_lost_after_the_write(stage: Stage) -> None:
    strike(stage, MOODS["lost after the write"], stage.places("APPEND")[0])


def check_lost_before_the_write(stage: Stage) -> None:
    for place in stage.places("APPEND"):
        strike(stage, MOODS["lost before the write"], place)


def check_total_differs(stage: Stage) -> None:
    strike(stage, MOODS["total differs"], stage.places("APPEND")[0])


def check_a_memo_that_is_refused(stage: Stage) -> None:
    for place in stage.places("APPEND"):
        strike(stage, MOODS["rejected"], place)


def check_a_ledger_that_lags(stage: Stage) -> None:
    with in_a_row.lagging_books() as case:
        in_a_row.test_absent_is_not_believed_while_the_ledger_may_lag(case)


class Died(BaseException):
    """The process is gone."""


def check_death_after_the_write(stage: Stage) -> None:
    """The books have it, and the run that sent it is no more."""
    weather = Weather()
    with stage.case(weather) as books:

        def die(*arguments: Any) -> None:
            raise Died

        with patch.object(Outbox, "settle", die), pytest.raises(Died):
            books.sync()
        assert len(weather.sent) == 1 and len(books.transactions()) > 0
        pass_twice(books, stage.shop)


def check_lost_state(stage: Stage) -> None:
    """The state is gone after a clean pass: what stands in the books is not written again."""
    with stage.case(Weather()) as books:
        books.sync()
        books.lose_state()
        books.world.clock.issued += 1000
        pass_twice(books, stage.shop)


def pass_twice(books: SmallBooks, shop: Shop) -> None:
    for _ in range(2):
        books.sync()
        check_nothing_twice(books.transactions())
    check(books, shop)


CHECKS = (
    check_lost_after_the_write,
    check_lost_before_the_write,
    check_total_differs,
    check_a_memo_that_is_refused,
    check_a_ledger_that_lags,
    check_death_after_the_write,
    check_lost_state,
)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
def test_the_check_is_green(stage: Stage, one: Callable[[Stage], None]) -> None:
    one(stage)


# ------------------------------------------------------------------------------------------------ wrong versions


def no_look_before_a_second_write() -> AbstractContextManager[Any]:
    def look_at_unknown(self: Push) -> None:
        for rows in self.outbox.pages("unknown", 1000):
            by_key = {row.document_key: row for row in rows}
            self.outbox.settle(dict.fromkeys(by_key, Step("planned")), by_key)

    return patch.object(Push, "look_at_unknown", look_at_unknown)


def posted_before_it_is_sent() -> AbstractContextManager[Any]:
    def send_once(self: Push, batches: Sequence[list[Any]]) -> dict[str, Step]:
        (rows,) = batches
        claimed = self.outbox.claim(rows)
        keys = [one.document_key for one in claimed]
        attempt_key = self.world.new_id()
        request = run_steps(self.ledger.request(claimed, attempt_key), self.courier)
        assert isinstance(request, Request)
        self.outbox.begin([(attempt_key, request, keys)])
        steps = {one.document_key: Step("posted", one.document_key, one.number) for one in claimed}
        self.outbox.settle(steps, {row.document_key: row for row in rows}, {attempt_key: keys})
        self.courier.carry(request)
        self.sent += len(steps)
        return steps

    return patch.object(Push, "send_once", send_once)


def no_answer_is_a_failure() -> AbstractContextManager[Any]:
    def wrong(claimed: Claimed, seen: Any, phase: Any, age_s: int, settle_after_s: int) -> Step:
        if phase == "write" and isinstance(seen, Unknown):
            return Step("planned")
        return next_step(claimed, seen, phase, age_s, settle_after_s)

    return patch.object(carrier, "next_step", wrong)


@contextmanager
def new_key_at_each_attempt() -> Iterator[None]:
    right = BeancountLedger.request

    def request(
        self: BeancountLedger, documents: Sequence[Claimed], attempt_key: str
    ) -> Steps[Request | Outcomes]:
        letters = attempt_key.translate(str.maketrans("0189", "abcd"))[-10:]
        renamed = [
            replace(d, payload=d.payload.replace(d.document_key, d.document_key[:16] + letters))
            for d in documents
        ]
        return right(self, renamed, attempt_key)

    with patch.object(BeancountLedger, "request", request):
        yield


@contextmanager
def another_number_at_a_second_try() -> Iterator[None]:
    right = BeancountLedger.request
    tried: set[str] = set()

    def request(
        self: BeancountLedger, documents: Sequence[Claimed], attempt_key: str
    ) -> Steps[Request | Outcomes]:
        again = [
            replace(d, payload=re.sub(r'(\n  number: ")', r"\g<1>9", d.payload))
            if d.document_key in tried
            else d
            for d in documents
        ]
        tried.update(d.document_key for d in documents)
        return right(self, again, attempt_key)

    with patch.object(BeancountLedger, "request", request):
        yield


def the_attempt_is_not_stored() -> AbstractContextManager[Any]:
    def begin(self: Outbox, attempts: Any, state: str = "sending") -> None:
        with self.engine.begin() as connection:
            self.lease.renew(connection)

    return patch.object(Outbox, "begin", begin)


def plans_are_discarded_though_they_were_sent() -> AbstractContextManager[Any]:
    def discard_unsent(engine: Engine, lease: Lease, ledger: str) -> int:
        open_ = document.c.state.not_in(("posted", "adopted", "reversed"))
        with engine.begin() as connection:
            lease.renew(connection)
            connection.execute(text("DELETE FROM refund_number"))
            connection.execute(text("DELETE FROM sale_number"))
            connection.execute(
                update(decision).where(decision.c.outcome != "posted").values(due=2, shares=None, number=None)
            )
            delete_documents(connection, open_)
        return 0

    return patch.object(sync, "discard_unsent", discard_unsent)


def any_total_will_do() -> AbstractContextManager[Any]:
    return patch.object(outcome, "arrived", lambda claimed, hit: Step("posted", hit.ledger_id, hit.number))


def nothing_waits_for_its_memo() -> AbstractContextManager[Any]:
    return patch.object(Push, "ready", lambda self, rows: list(rows))


def absent_is_believed_at_once() -> AbstractContextManager[Any]:
    def wrong(claimed: Claimed, seen: Any, phase: Any, age_s: int, settle_after_s: int) -> Step:
        return next_step(claimed, seen, phase, age_s, 0)

    return patch.object(push, "next_step", wrong)


def an_empty_state_is_not_filled() -> AbstractContextManager[Any]:
    return patch.object(sync, "fill_from_books", lambda *arguments: 0)


@contextmanager
def keys_that_are_not_the_same_again() -> Iterator[None]:
    made: list[str] = []

    def wrong(
        self: LedgerPolicy, books: Books, subject_id: str, kind: str, part: str = "", revision: int = 1
    ) -> str:
        made.append(kind)
        return document_key(
            books.name, self.name, books.account, subject_id, kind, part, revision + len(made)
        )

    with patch.object(LedgerPolicy, "key", wrong):
        yield


@dataclass(frozen=True)
class Planted:
    """A wrong version, the check that it turns red, and the test that makes the same check of the right one."""

    plant: Plant
    check: Callable[[Stage], None]
    test: str


FAULTS = "test_every_fault:test_a_fault_at_every_write"
KILLS = "test_kill:test_killed_anywhere"
PLANTED = (
    Planted(no_look_before_a_second_write, check_lost_after_the_write, FAULTS),
    Planted(posted_before_it_is_sent, check_lost_before_the_write, FAULTS),
    Planted(no_answer_is_a_failure, check_lost_after_the_write, FAULTS),
    Planted(new_key_at_each_attempt, check_lost_after_the_write, FAULTS),
    Planted(another_number_at_a_second_try, check_lost_before_the_write, FAULTS),
    Planted(the_attempt_is_not_stored, check_death_after_the_write, KILLS),
    Planted(plans_are_discarded_though_they_were_sent, check_lost_after_the_write, FAULTS),
    Planted(any_total_will_do, check_total_differs, FAULTS),
    Planted(nothing_waits_for_its_memo, check_a_memo_that_is_refused, FAULTS),
    Planted(
        absent_is_believed_at_once,
        check_a_ledger_that_lags,
        "test_faults_in_a_row:test_absent_is_not_believed_while_the_ledger_may_lag",
    ),
    Planted(an_empty_state_is_not_filled, check_lost_state, KILLS),
    Planted(keys_that_are_not_the_same_again, check_lost_state, KILLS),
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.plant.__name__)
def test_a_wrong_version_turns_its_check_red(stage: Stage, planted: Planted) -> None:
    with planted.plant(), pytest.raises(AssertionError):
        planted.check(stage)


@pytest.mark.parametrize("test", sorted({planted.test for planted in PLANTED}))
def test_the_test_that_kills_it_is_there(test: str) -> None:
    module, name = test.split(":")
    assert callable(getattr(importlib.import_module(module), name))
