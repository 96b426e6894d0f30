"""Whatever happens at Stripe, whenever the connector runs, breaks off or is killed: in the end it knows what Stripe knows,
and its documents are those of one run at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_life import BEFORE, DAY, Step
from random_runs import in_new_folder
from small_books import fast_folder

PICK = st.integers(0, 30)
AMOUNT = st.integers(100, 9999)
OUTAGE = 41 * DAY
# So short that nothing is read again for its age: only what was told, or seen in a list, is known.
SHORT = st.tuples(st.just("wait"), st.sampled_from((1, 20, 45, 100, 300, 599, 601, 700, 900, 1300)))
LONG = st.tuples(st.just("wait"), st.sampled_from((0, 45, 601, 3600, 7200, DAY, 3 * DAY, 20 * DAY, OUTAGE)))
HAPPENS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("sell"), st.integers(0, 5), AMOUNT),
    st.tuples(st.just("sell"), st.integers(0, 5), AMOUNT),
    st.tuples(st.just("decline"), AMOUNT),
    st.tuples(st.just("clear"), PICK, st.booleans()),
    st.tuples(st.just("authorise"), AMOUNT, st.sampled_from(("usd", "eur"))),
    st.tuples(st.just("capture"), PICK, st.integers(0, 3)),
    st.tuples(st.just("bill"), st.booleans()),
    st.tuples(st.just("pay"), PICK, st.integers(1, 3)),
    st.tuples(st.just("open_session"), st.integers(1, 4)),
    st.tuples(st.just("complete"), PICK),
    st.tuples(st.just("refund"), PICK, st.integers(1, 3), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("refund"), PICK, st.integers(1, 3), st.just(0), st.booleans()),
    st.tuples(st.just("go_on"), PICK, st.integers(0, 5)),
    st.tuples(st.just("go_on"), PICK, st.integers(0, 2)),
    st.tuples(st.just("credit"), PICK, st.integers(1, 2)),
    st.tuples(st.just("credit_first"), PICK, st.just(500)),
    st.tuples(st.just("name"), PICK, PICK),
    st.tuples(st.just("void_credit"), PICK),
    st.tuples(st.just("dispute"), PICK),
    st.tuples(st.just("close"), PICK, st.booleans()),
)
MESS = st.tuples(st.just("mess"), st.integers(0, 3), st.integers(0, 1), st.sampled_from((0, 0, 5, 300, 590)))
SKEW = st.sampled_from((0, 0, 0, 30, 700, 7200, -30, -400, -7200))
MEANWHILE = st.lists(
    st.tuples(st.integers(0, 25), st.sampled_from((0, 0, 1, 3, 20)), HAPPENS), max_size=5
).map(tuple)
RUN = st.tuples(st.just("run"), SKEW, MEANWHILE)
BREAK = st.tuples(st.just("break"), st.integers(0, 25), SKEW, MEANWHILE)
KILL = st.tuples(st.just("kill"), st.integers(1, 30), st.booleans())
PAGE_SIZE = st.sampled_from((3, 7, 100))
# More of them with EVERY_FAULT in the environment (`make every-fault`).
TIMES = 15 if os.environ.get("EVERY_FAULT") else 1
# The number of a history is what makes its objects; shrinking it would change everything at once.
SEARCH = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def histories(
    waits: st.SearchStrategy[Step], *passes: st.SearchStrategy[Step]
) -> st.SearchStrategy[list[Step]]:
    """Of a dozen steps about seven happen at Stripe; in some histories each is told by a webhook, too."""
    often = [HAPPENS] * 7 + [waits] * 2 + [MESS]
    told = st.sampled_from(((), (("tell",),)))
    # Chosen first what it is: `one_of` would give each kind of happening the weight of all passes.
    step = st.sampled_from([*often, *passes]).flatmap(lambda kind: kind)
    steps = st.lists(step, min_size=25, max_size=70)
    return st.tuples(told, steps).map(lambda made: [*BEFORE, *made[0], *made[1]])


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


@given(histories(SHORT, RUN, RUN, BREAK), PAGE_SIZE)
@settings(SEARCH, max_examples=6 * TIMES)
def test_any_history_of_some_hours_ends_as_one_run_at_its_end(
    place: Path, steps: list[Step], page_size: int
) -> None:
    in_new_folder(steps, place, page_size)


@given(histories(LONG, RUN, BREAK), PAGE_SIZE)
@settings(SEARCH, max_examples=3 * TIMES)
def test_also_over_weeks_and_outages(place: Path, steps: list[Step], page_size: int) -> None:
    in_new_folder(steps, place, page_size)


@given(histories(SHORT, RUN, KILL), PAGE_SIZE)
@settings(SEARCH, max_examples=3 * TIMES)
def test_also_where_the_process_is_killed_at_any_request(
    place: Path, steps: list[Step], page_size: int
) -> None:
    in_new_folder(steps, place, page_size)
