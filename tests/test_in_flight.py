"""Requests that leave together: as many at once as the ledger takes, none behind the slowest of them, and none once it is
not wanted any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest
from small_books import StillWorld
from wave_ledger import Books, Wave, WaveLedger, key_of, wave

from connector.delivery.batches import ROUNDS, at_once
from connector.delivery.in_flight import InFlight
from connector.delivery.outbox import Outbox
from connector.delivery.push import REQUEST_TIMEOUT_S, STOPPED
from connector.errors import LeaseHeld
from connector.ledgers.contract import Answer, Request
from connector.store.lease import LEASE_S

PLACES = 4
GROUP = PLACES * ROUNDS
# The first request of a wave goes alone.
FIRST = 1
# Longer than anything here takes, so that a request that waits in vain fails its test and does not hang it.
LONG_S = 20
SLOW_S = 9
BUSY, AWAY, REFUSED = Answer(429), Answer(503), Answer(401)


def group_sizes(one: Wave) -> list[int]:
    """How many requests are stored together in a run."""
    sizes: list[int] = []
    begin = Outbox.begin

    def counted(outbox: Outbox, attempts: Any, state: str = "sending") -> None:
        sizes.append(len(attempts))
        begin(outbox, attempts, state)

    with patch.object(Outbox, "begin", counted):
        one.run()
    return sizes


# ------------------------------------------------------------------------------------------------ how many


def test_no_more_are_under_way_than_the_ledger_takes(tmp_path: Path) -> None:
    """Also where an answer takes another read."""
    books = Books(reads_more={key_of(n) for n in range(0, 100, 3)})
    pause = Event()

    def told(request: Request) -> None:
        pause.wait(0.005)

    books.told = told
    with wave(tmp_path, books=books) as one:
        one.add(100)
        assert one.run() is None
        assert 1 < books.most_under_way <= PLACES
        assert one.states() == {"posted": 100}
        assert books.twice() == []


def test_the_slowest_of_them_does_not_keep_the_others(tmp_path: Path) -> None:
    """The first of a group is answered once all the others are."""
    slow, others = key_of(FIRST), Event()
    answered: Counter[str] = Counter()

    def told(request: Request) -> None:
        (key,) = request.document_keys or ("",)
        if key == slow:
            assert others.wait(LONG_S), "the others waited for it"
        answered[key] += 1
        if len(answered) == FIRST + GROUP - 1:
            others.set()

    with wave(tmp_path, books=Books(told=told)) as one:
        one.add(FIRST + GROUP)
        assert one.run() is None
        assert one.states() == {"posted": FIRST + GROUP}


def test_they_are_stored_some_together_and_the_first_alone(tmp_path: Path) -> None:
    with wave(tmp_path) as one:
        one.add(FIRST + 2 * GROUP + 3)
        assert group_sizes(one) == [FIRST, GROUP, GROUP, 3]


def test_a_ledger_that_takes_one_at_a_time_is_stored_one_at_a_time(tmp_path: Path) -> None:
    with wave(tmp_path) as one:
        one.add(7)
        push = one.push(concurrency=1)
        with patch.object(Wave, "push", lambda self: push):
            assert group_sizes(one) == [1] * 7
        assert one.books.most_under_way == 1
        assert push.leaves_late_s == 0


@dataclass(frozen=True)
class Row:
    charge_id: str | None


def test_refunds_of_one_charge_are_never_under_way_together() -> None:
    batches = [[Row(charge)] for charge in ("a", "b", "c", "b", "d", None, None, "c")]
    assert [len(some) for some in at_once(batches, PLACES)] == [1, 2, 5]
    assert [len(some) for some in at_once(batches, 1)] == [1] * 8


# ------------------------------------------------------------------------------------------------ no more of them


def test_what_has_not_left_when_somebody_stops_does_not_leave(tmp_path: Path) -> None:
    books = Books()
    with wave(tmp_path, books=books) as one:
        one.add(100)
        sent = FIRST + 10
        stop = one.push(should_stop=lambda: len(books.written) >= sent).run(lambda count: None)
        assert stop == STOPPED
        assert sent <= len(books.written) < sent + PLACES
        # What was written is read back by the next run.
        assert one.states() == {"unknown": len(books.written), "planned": 100 - len(books.written)}
        # What did not leave is no attempt.
        assert sorted(key for key, *_ in one.attempts()) == sorted(books.written)
        assert one.run() is None
        assert one.states() == {"posted": 100}
        assert books.twice() == []


# How many of its group are before it, and the document with whose answer the trouble begins.
BEFORE = 5
TROUBLED = key_of(FIRST + BEFORE)


@contextmanager
def none_answered_before_the_troubled(books: Books) -> Iterator[None]:
    """What is behind it is not answered before its answer was read."""
    read, told, outcome = Event(), books.told, WaveLedger.outcome

    def in_turn(request: Request) -> None:
        told(request)
        if any(key > TROUBLED for key in request.document_keys):
            assert read.wait(LONG_S)

    def reads(ledger: WaveLedger, request: Request, answer: Answer) -> Any:
        if TROUBLED in request.document_keys:
            read.set()
        return outcome(ledger, request, answer)

    books.told = in_turn
    with patch.object(WaveLedger, "outcome", reads):
        yield


@pytest.mark.parametrize(
    ("answer", "code"), [(REFUSED, "unauthorised"), (AWAY, "ledger_down")], ids=["401", "503"]
)
def test_an_answer_that_ends_the_pass_keeps_what_has_not_left(
    tmp_path: Path, answer: Answer, code: str
) -> None:
    asked: list[str] = []
    books = Books(answers={TROUBLED: [answer]}, told=lambda request: asked.extend(request.document_keys))
    with wave(tmp_path, books=books) as one, none_answered_before_the_troubled(books):
        one.add(100)
        stop = one.push().run(lambda count: None)
        assert stop is not None and stop.code == code
        assert TROUBLED in asked
        assert len(asked) < FIRST + BEFORE + 1 + PLACES
        assert set(one.rows("state", "reason")) == {
            ("unknown", "outcome_unknown"),
            ("planned", code),
            ("planned", None),
        }
        assert one.run() is None
        assert one.states() == {"posted": 100}
        assert books.twice() == []


def test_a_ledger_that_asks_to_slow_down_is_asked_no_more_until_it_was_waited(tmp_path: Path) -> None:
    world = StillWorld()
    asked: list[tuple[str, int]] = []
    start = world.clock.now

    def told(request: Request) -> None:
        asked.extend((key, world.clock.now - start) for key in request.document_keys)

    books = Books(answers={TROUBLED: [BUSY, BUSY]}, told=told)
    with wave(tmp_path, world, books) as one, none_answered_before_the_troubled(books):
        one.add(60)
        assert one.push().run(lambda count: None) is None
        assert [at for key, at in asked if key == TROUBLED] == [0, 1, 2]
        # Of its group those that had left, and no other.
        before = [key for key, at in asked if at == 0]
        assert len(before) < FIRST + BEFORE + 1 + PLACES
        assert world.clock.slept == [1, 1]
        assert one.states() == {"posted": 60}
        assert books.twice() == []
        # An attempt for each request that left: those that waited were not sent.
        assert Counter(outcome for _, outcome, _, _ in one.attempts()) == {"taken": 60, "planned": 2}


# ------------------------------------------------------------------------------------------------ the lease


def test_none_leaves_with_less_of_its_lease_left_than_it_may_take(tmp_path: Path) -> None:
    """Time passes as answers are read; what waited too long is stored anew, and leaves under a new lease."""
    world = StillWorld()
    sizes: list[int] = []
    left_s: dict[str, int] = {}
    begin, leave, outcome = Outbox.begin, InFlight.leave, WaveLedger.outcome

    def noted(outbox: Outbox, attempts: Any, state: str = "sending") -> None:
        sizes.append(len(attempts))
        begin(outbox, attempts, state)

    def leaves(flight: InFlight, threads: Executor, request: Request) -> Future[Answer]:
        left_s.update(dict.fromkeys(request.document_keys, one.outbox.lease.left_s()))
        return leave(flight, threads, request)

    def slow(ledger: WaveLedger, request: Request, answer: Answer) -> Any:
        world.clock.now += SLOW_S
        return outcome(ledger, request, answer)

    with (
        wave(tmp_path, world) as one,
        patch.object(Outbox, "begin", noted),
        patch.object(InFlight, "leave", leaves),
        patch.object(WaveLedger, "outcome", slow),
    ):
        one.add(FIRST + GROUP)
        assert one.push().run(lambda count: None) is None
        # Four at once, and one more each 9 seconds as long as 30 are left.
        together = PLACES + (LEASE_S - REQUEST_TIMEOUT_S) // SLOW_S
        assert sizes == [FIRST, *range(GROUP, 0, -together)]
        assert len(left_s) == GROUP
        assert min(left_s.values()) == LEASE_S - (LEASE_S - REQUEST_TIMEOUT_S) // SLOW_S * SLOW_S
        assert one.states() == {"posted": FIRST + GROUP}
        assert one.books.twice() == []
        # No attempt stands there for what did not leave.
        assert len(one.attempts()) == FIRST + GROUP


def test_a_group_of_which_none_can_leave_ends_the_pass(tmp_path: Path) -> None:
    world, begin = StillWorld(), Outbox.begin

    def slow_begin(outbox: Outbox, *arguments: Any) -> None:
        begin(outbox, *arguments)
        world.clock.now += LEASE_S - REQUEST_TIMEOUT_S + 1

    with wave(tmp_path, world) as one, patch.object(Outbox, "begin", slow_begin):
        one.add(20)
        stop = one.push().run(lambda count: None)
        assert stop is not None and stop.code == "lease_held"
        assert one.books.written == []
        assert one.states() == {"planned": 20}
        assert one.attempts() == []


def test_a_run_that_lost_its_books_stores_nothing_and_what_it_sent_is_looked_for(tmp_path: Path) -> None:
    books = Books()
    with wave(tmp_path, books=books) as one:
        one.add(60)
        settle = Outbox.settle
        lost: list[int] = []

        def taken_over(outbox: Outbox, *arguments: Any) -> Any:
            if len(books.written) > FIRST and not lost:
                lost.append(outbox.lease.token)
                outbox.lease.token = -1
            return settle(outbox, *arguments)

        with patch.object(Outbox, "settle", taken_over), pytest.raises(LeaseHeld):
            one.push().run(lambda count: None)
        assert len(books.written) == FIRST + GROUP
        assert one.states() == {"unknown": FIRST, "sending": GROUP, "planned": 60 - FIRST - GROUP}
        one.outbox.lease.token = lost[0]
        assert one.run() is None
        assert one.states() == {"posted": 60}
        assert books.twice() == []
