"""Every fault at every request to NetSuite of a clean pass, and pairs of faults; then everything converges.

Each schedule asserts that its fault fired, and what the pass says of it. After it come clean passes, at most three, more
than `settle_after` apart: nothing twice, nothing lost, no wrong state, every record, application, number and balance as
without the fault.

The whole product is some thousand schedules, too many for each run of the tests. What is run, by rotation: every fault at
one request that writes, and at one that reads, of one play in six, with searches that lag or that do not; of pairs of
faults a seeded sample. What is not known of NetSuite goes round with them. With EVERY_FAULT in the environment
(`make every-fault`): every fault at every request, each with a lag or without, by turns; those requests with which every
pass begins by turns of the plays too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

import pytest
from netsuite_faults import ABSENT, AT_READS, AT_WRITES, PRESENT, REFUSED, SLOW
from netsuite_scenes import PLAYS, stage_of
from netsuite_stage import LAGS, Stage, makes_record
from small_books import fast_folder
from struck_passes import ENDS, Line, Trouble, chosen, strike, strike_both, strike_twice
from vendors.netsuite.wire import Json

from connector.delivery.push import REQUEST_TIMEOUT_S
from connector.ledgers.netsuite_wire import TYPES
from connector.store.lease import LEASE_S

WHOLE = bool(os.environ.get("EVERY_FAULT"))
PAIRS = 12 if WHOLE else 2


@pytest.fixture(scope="module", params=PLAYS.values(), ids=lambda play: play.name)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(request.param, folder) as made:
        yield made


# What is not known of NetSuite; and where it changes no more than what a clean pass is answered.
ALL = frozenset(TYPES)
UNKNOWN: tuple[Json, ...] = (
    {"duplicate": "already_exists", "created": 204},
    {"duplicate": "dup_rcrd", "created": 201},
    {"duplicate": "same_external", "negative_credits": False},
    {"eid_refused": True, "lists_open": False},
    {"replaces_numbers": ALL, "tax_lines": False},
    {"index_lag_requests": 5, "payment_line": 0},
    {"auto_apply": True, "transform_applies": False},
)
ANSWERS = UNKNOWN[:3]


def moods_of(turn: int, lag: int, unknown: tuple[Json, ...] = ANSWERS) -> Json:
    return {**unknown[turn % len(unknown)], "index_lag_s": lag}


def name_of(trouble: Trouble) -> str:
    return trouble.name


@pytest.mark.parametrize("trouble", AT_WRITES, ids=name_of)
def test_a_fault_at_every_write(stage: Stage, trouble: Trouble) -> None:
    kind, play = AT_WRITES.index(trouble), list(PLAYS).index(stage.name)
    for turn, lag in enumerate(LAGS):
        places = range(1, len(stage.places(writes=True, lag=lag)) + 1)
        assert places
        struck = [place for place in places if (place + kind) % 2 == turn]
        for place in struck if WHOLE else chosen(places, kind, play, turn):
            moods = moods_of(place * 3 + kind, lag, UNKNOWN)
            strike(stage, trouble, place, of_writes=True, **moods)


def test_passes_that_come_soon_write_nothing_twice(stage: Stage) -> None:
    """Searches lag, and an absent record is not believed before its time."""
    writes = len(stage.places(writes=True, lag=LAGS[1]))
    doubts = (*ABSENT, *PRESENT, *SLOW, *ENDS)
    for place in range(1, writes + 1):
        if WHOLE or place % 3 == 0:
            trouble = doubts[(place * 6 + writes) % len(doubts)]
            moods = moods_of(place, LAGS[1], UNKNOWN)
            strike(stage, trouble, place, soon=(0, 20), of_writes=True, **moods)
    assert writes


def is_struck(stage: Stage, place: int, kind: int, play: int, lag: int) -> bool:
    """With a lag or without, by turns; what a pass begins with by turns of the plays too."""
    every = 2 if place > stage.first_survey else 2 * len(PLAYS)
    return (place * 7 + kind + bool(lag) * len(AT_READS) + 2 * play) % every == 0


@pytest.mark.parametrize("lag", LAGS)
def test_a_fault_at_every_read(stage: Stage, lag: int) -> None:
    """What a pass begins with is alike in all plays, and is struck in each in other places."""
    places = stage.places(writes=False, lag=lag)
    assert len(places) > stage.first_survey
    play = list(PLAYS).index(stage.name)
    for kind, trouble in enumerate(AT_READS):
        struck = [place for place in places if is_struck(stage, place, kind, play, lag)]
        for place in struck if WHOLE else chosen(places, kind, play, LAGS.index(lag)):
            strike(stage, trouble, place, **moods_of(place + kind, lag))


# After these the next pass is sure to write the document again.
SENT_AGAIN = (*ABSENT, ENDS[0], *(one for one in REFUSED if one.code is not None))
# After these it is sure to look for it.
LOOKED_FOR = (*PRESENT, ENDS[1])


def test_a_fault_and_another_when_it_is_sent_again(stage: Stage) -> None:
    chance = Random(stage.name)
    for turn in range(PAIRS):
        first, then = chance.choice(SENT_AGAIN), chance.choice(AT_WRITES)
        # A change that was refused may be found to be done already.
        records = [at for at in stage.places(writes=True) if makes_record(stage.asked[0][at - 1])]
        place = chance.choice(records)
        late_s = LEASE_S + REQUEST_TIMEOUT_S if first.kills else 0
        strike_twice(stage, first, place, Line(then, 1, of_writes=True), late_s, **moods_of(turn, 0))
    assert PAIRS > 0


def test_a_fault_and_another_when_it_is_looked_for(stage: Stage) -> None:
    """In the same pass where others are read back with it, else in the next one. A run that died has remembered none of the
    lists that every run needs."""
    chance = Random(stage.name)
    for turn in range(PAIRS):
        first, then = chance.choice(LOOKED_FOR), chance.choice(AT_READS)
        place = chance.choice(stage.places(writes=True))
        look = stage.read_back(place)
        if look is not None and not first.kills:
            strike_both(stage, first, place, Line(then, look), **moods_of(turn, 0))
        else:
            lists = stage.first_survey if first.kills else stage.survey
            strike_twice(stage, first, place, Line(then, lists + 1), **moods_of(turn, 0))
    assert PAIRS > 0


def test_every_kind_of_fault_has_a_name_of_its_own() -> None:
    for table in (AT_WRITES, AT_READS):
        assert len({one.name for one in table}) == len(table)
