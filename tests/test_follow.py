"""Passes that follow notes: how many, what happens when one fails, and that a held lease is waited out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest
from fake_world import FakeWorld

from connector.errors import ConnectorError, InputError, LeaseHeld, LedgerDown
from connector.operations import follow
from connector.operations.follow import Follower
from connector.store.database import open_database
from connector.store.lease import hold_lease
from connector.world import World


def wait_until(true: Callable[[], object], timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@dataclass
class Passes:
    """Stands for the passes: each waits for its turn, and does what the test says."""

    begun: int = 0
    ended: int = 0
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    outcomes: list[bool | Exception] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    def one_pass(self, should_stop: Callable[[], bool]) -> bool:
        self.begun += 1
        while not self.turns.acquire(timeout=0.01):
            if should_stop():
                break
        outcome = self.outcomes.pop(0) if self.outcomes else True
        self.ended += 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def let(self, count: int = 1) -> None:
        self.turns.release(count)


@contextmanager
def following(passes: Passes, gather_s: float = 0, first_pause_s: float = 0.01) -> Iterator[Follower]:
    follower = Follower(passes.one_pass, passes.said.append, passes.faults.append, gather_s, first_pause_s)
    thread = threading.Thread(target=follower.run, daemon=True)
    thread.start()
    try:
        yield follower
    finally:
        follower.stop()
        thread.join(20)
        assert not thread.is_alive()


def quiet(passes: Passes, begun: int) -> None:
    """No pass begins any more."""
    time.sleep(0.15)
    assert passes.begun == begun


def check_one_more(passes: Passes) -> None:
    with following(passes) as follower:
        quiet(passes, 0)
        follower.wake()
        wait_until(lambda: passes.begun == 1)
        for _ in range(7):
            follower.wake()
        passes.let()
        wait_until(lambda: passes.begun == 2)
        passes.let()
        wait_until(lambda: passes.ended == 2)
        quiet(passes, 2)


def test_many_notes_during_a_pass_lead_to_one_more() -> None:
    check_one_more(Passes())


def test_notes_that_come_together_are_worth_one_pass() -> None:
    passes = Passes()
    passes.let(10)
    with following(passes, gather_s=0.2) as follower:
        for _ in range(5):
            follower.wake()
            time.sleep(0.01)
        wait_until(lambda: passes.ended == 1)
        quiet(passes, 1)


def check_tried_again(passes: Passes) -> None:
    passes.outcomes = [
        LedgerDown("Stripe is away"),
        RuntimeError("a fault"),
        False,
        InputError("half a file"),
    ]
    passes.let(10)
    with following(passes) as follower:
        follower.wake()
        wait_until(lambda: passes.ended == 5)
        quiet(passes, 5)
        follower.wake()
        wait_until(lambda: passes.ended == 6)
    assert [str(fault) for fault in passes.faults] == ["a fault"]
    assert passes.said == [
        "Stripe is away",
        "nothing is lost; trying again in 0.01 s",
        "nothing is lost; trying again in 0.02 s",
        "nothing is lost; trying again in 0.04 s",
        "half a file",
        "nothing is lost; trying again in 0.08 s",
    ]


def test_a_pass_that_fails_is_told_and_tried_again_later_each_time() -> None:
    check_tried_again(Passes())


def test_a_pause_has_an_end() -> None:
    passes = Passes(outcomes=[False] * 80)
    passes.let(100)
    with patch.object(follow, "LONGEST_PAUSE_S", 0.003), following(passes, first_pause_s=0.001) as follower:
        follower.wake()
        wait_until(lambda: passes.ended == 81)
    assert passes.said[0].endswith(" 0.001 s")
    assert passes.said[-1].endswith(" 0.003 s")


def test_what_comes_during_a_pause_waits() -> None:
    passes = Passes(outcomes=[False])
    passes.let(10)
    with following(passes, first_pause_s=0.4) as follower:
        follower.wake()
        wait_until(lambda: passes.ended == 1)
        for _ in range(3):
            follower.wake()
        quiet(passes, 1)
        wait_until(lambda: passes.ended == 2)
        quiet(passes, 2)


@pytest.mark.parametrize("woken", [False, True])
def test_it_stops_at_once_where_nothing_is_under_way(woken: bool) -> None:
    passes = Passes(outcomes=[False])
    passes.let()
    begun = time.monotonic()
    with following(passes, first_pause_s=60) as follower:
        if woken:
            follower.wake()
            wait_until(lambda: passes.said)
    assert time.monotonic() - begun < 10
    assert passes.begun == int(woken)


def test_a_pass_under_way_is_asked_to_stop_and_awaited() -> None:
    passes = Passes()
    with following(passes) as follower:
        follower.wake()
        wait_until(lambda: passes.begun == 1)
    assert (passes.ended, passes.said) == (1, [])


def test_a_lease_that_is_held_is_waited_out_and_the_wait_can_be_stopped(state_url: str) -> None:
    engine = open_database(state_url, "acme", "own")
    stops = iter([False, False, True])
    passes = 0

    def one_pass(should_stop: Callable[[], bool]) -> bool:
        nonlocal passes
        with hold_lease(engine, state_url, FakeWorld(), True, should_stop):
            began = True
        passes += 1
        return began

    said: list[object] = []
    follower = Follower(one_pass, said.append, said.append, 0)
    thread = threading.Thread(target=follower.run, daemon=True)
    with hold_lease(engine, state_url, World(), False):
        with pytest.raises(LeaseHeld), hold_lease(engine, state_url, FakeWorld(), True, lambda: next(stops)):
            raise ConnectorError("there was no lease to have")
        thread.start()
        follower.wake()
        time.sleep(0.3)
        assert passes == 0
    wait_until(lambda: passes == 1)
    with hold_lease(engine, state_url, World(), False):
        follower.wake()
        time.sleep(0.2)
        follower.stop()
        thread.join(20)
        assert not thread.is_alive()
    assert (passes, said) == (1, [])
    engine.dispose()


# ------------------------------------------------------------------------------------------------ planted bugs


def forget_what_comes_during_a_pass(passes: Passes) -> None:
    right = Follower._went_well

    def wrong(self: Follower) -> bool:
        well = right(self)
        self._woken.clear()
        return well

    with patch.object(Follower, "_went_well", wrong):
        check_one_more(passes)


def two_passes_at_a_time(passes: Passes) -> None:
    def wrong(self: Follower) -> bool:
        return self.one_pass(self._stopping.is_set) and self.one_pass(self._stopping.is_set)

    with patch.object(Follower, "_went_well", wrong):
        check_one_more(passes)


def give_up_after_a_failure(passes: Passes) -> None:
    right = Follower._went_well

    def wrong(self: Follower) -> bool:
        return right(self) or True

    with patch.object(Follower, "_went_well", wrong):
        check_tried_again(passes)


@pytest.mark.parametrize(
    "plant", [forget_what_comes_during_a_pass, two_passes_at_a_time, give_up_after_a_failure]
)
def test_a_planted_bug_is_found(plant: Callable[[Passes], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "wait_until", lambda true: original(true, 0.5))
    with pytest.raises(AssertionError):
        plant(Passes())


original = wait_until
