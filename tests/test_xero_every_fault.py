"""Every fault at every request to Xero of a clean pass, and pairs of faults; then everything converges.

Each schedule asserts that its fault fired, and what the pass says of it. After it come clean passes, at most three, more
than `settle_after` apart, or after the time for which Xero wants to be left alone: nothing twice, nothing lost, no wrong
state, every document, settlement and balance as without the fault, and every number too, unless Xero refuses one.

The whole product is some thousand schedules, too many for each run of the tests. What is run, by rotation: every fault at
one request that writes, and at one that reads, of one play in six, with lists that lag or that do not; of pairs of faults
a seeded sample. With EVERY_FAULT in the environment (`make every-fault`): every fault at every request, each with a lag
or without, by turns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from small_books import fast_folder
from struck_passes import ENDS, Line, Trouble, chosen, strike, strike_twice
from xero_faults import ABSENT, AT_READS, AT_WRITES, PRESENT, REFUSED
from xero_scenes import PLAYS, stage_of
from xero_stage import LAGS, Stage

from connector.ledgers.xero_memory import FIELDS
from connector.store.lease import LEASE_S

WHOLE = bool(os.environ.get("EVERY_FAULT"))
PAIRS = 12 if WHOLE else 2


@pytest.fixture(scope="module", params=PLAYS.values(), ids=lambda play: play.name)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(request.param, folder) as made:
        yield made


def moods_of(lag: int) -> dict[str, Any]:
    return {"read_lag": lag}


def name_of(trouble: Trouble) -> str:
    return trouble.name


@pytest.mark.parametrize("trouble", AT_WRITES, ids=name_of)
def test_a_fault_at_every_write(stage: Stage, trouble: Trouble) -> None:
    kind, play = AT_WRITES.index(trouble), list(PLAYS).index(stage.name)
    for turn, lag in enumerate(LAGS):
        places = stage.places(writes=True, lag=lag)
        assert places
        struck = [place for place in places if (place + kind) % 2 == turn]
        for place in struck if WHOLE else chosen(places, kind, play, turn):
            strike(stage, trouble, place, **moods_of(lag))


def test_passes_that_come_soon_write_nothing_twice(stage: Stage) -> None:
    """The lists lag, and an absent document is not believed before its time. Not from where an invoice is opened again:
    while the lists lag a second refund may see more of its payment than there is, and is held for a person."""
    asked = stage.asked[60]
    opened = [at for at, one in enumerate(asked, 1) if one.method == "POST" and "/Payments/" in one.path]
    places = stage.places(writes=True, lag=60)
    if stage.name == "sales of others":
        places = [place for place in places if place < opened[0]]
    doubts = (*ABSENT, *PRESENT, *ENDS)
    for turn, place in enumerate(places):
        if WHOLE or turn % 2 == 0:
            trouble = doubts[(place * 5 + turn) % len(doubts)]
            strike(stage, trouble, place, soon=(0, 50), read_lag=60)
    assert places


@pytest.mark.parametrize("lag", LAGS)
def test_a_fault_at_every_read(stage: Stage, lag: int) -> None:
    play, places = list(PLAYS).index(stage.name), stage.places(writes=False, lag=lag)
    assert len(places) > stage.survey
    for kind, trouble in enumerate(AT_READS):
        struck = [place for place in places if (place + kind + bool(lag)) % 2 == 0]
        for place in struck if WHOLE else chosen(places, kind, play, LAGS.index(lag)):
            strike(stage, trouble, place, **moods_of(lag))


# After these the next pass is sure to write the document again.
SENT_AGAIN = (*ABSENT, ENDS[0], *(one for one in REFUSED if one.code is not None))
# After these it is sure to look for it.
LOOKED_FOR = (*PRESENT, ENDS[1])


def test_a_fault_and_another_when_it_is_sent_again(stage: Stage) -> None:
    chance = Random(stage.name)
    for _ in range(PAIRS):
        first, then = chance.choice(SENT_AGAIN), chance.choice(AT_WRITES)
        place = chance.choice(stage.places(writes=True))
        late_s = LEASE_S if first.kills else 0
        strike_twice(stage, first, place, Line(then, 1, of_writes=True), late_s)
    assert PAIRS > 0


def test_a_fault_and_another_when_it_is_looked_for(stage: Stage) -> None:
    """A run that died has remembered none of the lists that every run needs. A DELETE is done where the status says so,
    whatever comes after it."""
    chance = Random(stage.name)
    places = [place for place in stage.places(writes=True) if stage.asked[0][place - 1].method != "DELETE"]
    for _ in range(PAIRS):
        first, then = chance.choice(LOOKED_FOR), chance.choice(AT_READS)
        place = chance.choice(places)
        lists = len(FIELDS) if first.kills else 0
        strike_twice(stage, first, place, Line(then, stage.survey + lists + 1))
    assert PAIRS > 0


def test_every_kind_of_fault_has_a_name_of_its_own() -> None:
    for table in (AT_WRITES, AT_READS):
        assert len({one.name for one in table}) == len(table)
