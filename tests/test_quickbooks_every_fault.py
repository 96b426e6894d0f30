"""Every fault at every request to QuickBooks Online of a clean pass, and pairs of faults; then everything converges.

Each schedule asserts that its fault fired, and what the pass says of it. After it come clean passes, at most three, more
than `settle_after` apart: nothing twice, nothing lost, no wrong state, every document, link and balance as without the
fault, and every number too, unless the company refuses one.

The whole product is some 10000 schedules, too many for each run of the tests. What is run, by rotation: every fault at one
request that writes, and at one that reads, of one play in six, with an index that lags or one that does not; of pairs of
faults a seeded sample. What the company does with request ids goes round with them. With EVERY_FAULT in the environment
(`make every-fault`): every fault at every request, each with a lag or without, by turns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from quickbooks_faults import (
    ABSENT,
    AT_READS,
    AT_WRITES,
    PRESENT,
    REFUSED,
)
from quickbooks_scenes import PLAYS, stage_of
from quickbooks_stage import LAGS, Stage
from small_books import fast_folder
from struck_passes import ENDS, Line, Trouble, chosen, strike, strike_twice

WHOLE = bool(os.environ.get("EVERY_FAULT"))
PAIRS = 12 if WHOLE else 2


@pytest.fixture(scope="module", params=PLAYS.values(), ids=lambda play: play.name)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(request.param, folder) as made:
        yield made


def moods_of(turn: int, lag: int) -> dict[str, Any]:
    """What is not known of QuickBooks, by turns."""
    return {"request_id": ("replay", "refuse", "ignore")[turn % 3], "index_lag": lag}


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
            strike(stage, trouble, place, **moods_of(place + kind, lag))


def test_passes_that_come_soon_write_nothing_twice(stage: Stage) -> None:
    """The index lags, and no request id is honoured."""
    places = stage.places(writes=True, lag=60)
    doubts = (*ABSENT, *PRESENT, *ENDS)
    for turn, place in enumerate(places):
        if WHOLE or turn % 2 == 0:
            trouble = doubts[(place * 5 + turn) % len(doubts)]
            strike(stage, trouble, place, soon=(0, 50), request_id="ignore", index_lag=60)
    assert places


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("half", range(2))
def test_a_fault_at_every_read(stage: Stage, half: int, lag: int) -> None:
    play, places = list(PLAYS).index(stage.name), stage.places(writes=False, lag=lag)
    assert len(places) > stage.survey
    for kind, trouble in enumerate(AT_READS):
        struck = [place for place in places if (place + kind + bool(lag)) % 2 == 0]
        for place in struck if WHOLE else chosen(places, kind, play, LAGS.index(lag)):
            if place % 2 == half:
                strike(stage, trouble, place, **moods_of(place + kind, lag))


# After these the next pass is sure to write the document again.
SENT_AGAIN = (
    *ABSENT,
    ENDS[0],
    *(one for one in REFUSED if one.code is not None or one.name == "period closed"),
)
# After these it is sure to look for it.
LOOKED_FOR = (*PRESENT[:-1], ENDS[1])


def test_a_fault_and_another_when_it_is_sent_again(stage: Stage) -> None:
    chance = Random(stage.name)
    for turn in range(PAIRS):
        first, then = chance.choice(SENT_AGAIN), chance.choice(AT_WRITES)
        place = chance.choice(stage.places(writes=True))
        strike_twice(stage, first, place, Line(then, 1, of_writes=True), **moods_of(turn, 0))
    assert PAIRS > 0


def test_a_fault_and_another_when_it_is_looked_for(stage: Stage) -> None:
    chance = Random(stage.name)
    for turn in range(PAIRS):
        first, then = chance.choice(LOOKED_FOR), chance.choice(AT_READS)
        place = chance.choice(stage.places(writes=True))
        strike_twice(stage, first, place, Line(then, stage.survey + 1), **moods_of(turn, 0))
    assert PAIRS > 0


def test_every_kind_of_fault_has_a_name_of_its_own() -> None:
    for table in (AT_WRITES, AT_READS):
        assert len({one.name for one in table}) == len(table)
