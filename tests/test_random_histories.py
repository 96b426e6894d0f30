"""Whatever happens at Stripe, whenever the connector runs, breaks off or is killed: in the end it knows what Stripe knows,
and its documents are those of one run at the end.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kill_runner import in_child
from random_life import BEGIN, DAY, History, Step, check_documents, check_facts, make_books
from small_books import SmallBooks, fast_folder
from sqlalchemy import delete
from vendors.fake_stripe import FakeStripe

from connector.store import intake
from connector.store.intake import Intake
from connector.store.schema import stripe_change
from connector.stripe_source import api_changes, api_pull
from connector.stripe_source.api import ApiSource
from connector.stripe_source.api_lists import CHARGES, REFUNDS, Progress
from connector.stripe_source.api_pull import Pull
from connector.stripe_source.source import SourcePage

PICK = st.integers(0, 30)
WAITS = (0, 1, 45, 599, 601, 3600, 7200, DAY, 3 * DAY, 9 * DAY, 20 * DAY)
OUTAGE = 41 * DAY
HAPPENS = st.one_of(
    st.tuples(st.just("sell"), st.integers(0, 5), st.integers(100, 9999)),
    st.tuples(st.just("sell"), st.integers(0, 5), st.integers(100, 9999)),
    st.tuples(st.just("clear"), PICK, st.booleans()),
    st.tuples(st.just("refund"), PICK, st.integers(1, 3), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("refund"), PICK, st.integers(1, 3), st.just(0), st.booleans()),
    st.tuples(st.just("go_on"), PICK, st.integers(0, 4)),
    st.tuples(st.just("go_on"), PICK, st.integers(0, 2)),
    st.tuples(st.just("credit"), PICK, st.integers(1, 2)),
    st.tuples(st.just("void_credit"), PICK),
    st.tuples(st.just("dispute"), PICK),
    st.tuples(st.just("wait"), st.sampled_from((*WAITS, OUTAGE))),
    st.tuples(st.just("wait"), st.sampled_from(WAITS)),
    st.tuples(st.just("mess"), st.integers(0, 3), st.integers(0, 1), st.sampled_from((0, 0, 5, 300, 590))),
)
RUNS = st.one_of(st.just(("run",)), st.just(("run",)), st.tuples(st.just("break"), st.integers(0, 25)))
HISTORY = st.lists(st.one_of(HAPPENS, HAPPENS, HAPPENS, RUNS), min_size=8, max_size=45)
KILLS = st.lists(
    st.one_of(HAPPENS, HAPPENS, HAPPENS, st.tuples(st.just("kill"), st.integers(1, 30), st.booleans())),
    min_size=8,
    max_size=30,
)
# What has happened when a history begins: so that there is something for its steps to go on with.
BEFORE: tuple[Step, ...] = (
    *(("sell", kind, 3000 + 700 * kind) for kind in range(6)),
    ("clear", 0, True),
    ("sell", 0, 5001),
    ("wait", 600),
    ("refund", 0, 2, 0, True),
    ("refund", 1, 3, 0, False),
    ("refund", 5, 1, 0, False),
    ("refund", 6, 2, 2, False),
    ("refund", 3, 2, 0, False),
)
# The number of a history is what makes its objects; shrinking it would change everything at once.
SEARCH = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that fails ends the pull at once: the client's own second tries would take real seconds."""
    monkeypatch.setattr(ApiSource, "__init__", partialmethod(ApiSource.__init__, network_retries=0))


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


def sync(books: SmallBooks, fake: FakeStripe) -> list[str]:
    """A pass at Stripe's time; the codes of its errors."""
    assert fake.now is not None
    books.world.clock.now = fake.now
    return [error.code for error in books.sync().errors]


def break_off(books: SmallBooks, fake: FakeStripe, place: int) -> None:
    """A pass whose request at this place, and all after it, are refused."""
    fault = fake.inject("status", status=500, skip=place, times=100)
    sync(books, fake)
    fake.faults.remove(fault)


def kill(books: SmallBooks, fake: FakeStripe, place: int, answered: bool) -> None:
    """A pass of a process of its own that is killed at its request at this place: before it is sent, or once it is
    answered and before anything of it is stored.
    """
    assert fake.now is not None
    books.world.clock.now = fake.now

    def run() -> None:
        read = ApiSource.read
        count = iter(range(1, 1_000_000))

        def counted(source: ApiSource, path: str, parameters: Any) -> Any:
            last = next(count) == place
            if last and not answered:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = read(source, path, parameters)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        vars_of = ApiSource
        setattr(vars_of, "read", counted)  # noqa: B010
        books.sync()

    status = in_child(run)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    # What the killed pass called things must not be called so again.
    books.world.clock.issued += 1_000_000


def follow(steps: list[Step], folder: Path) -> None:
    """One history: live it, run when it says so, and compare in the end."""
    with FakeStripe(BEGIN) as fake:
        history = History.begin(fake, "a life")
        books = make_books(folder / "books", fake)
        for step in (*BEFORE, *steps):
            if step[0] == "run":
                assert sync(books, fake) == []
            elif step[0] == "break":
                break_off(books, fake, step[1])
            elif step[0] == "kill":
                kill(books, fake, step[1], step[2])
            else:
                history.step(step)
        history.life.check()
        # The last events come late. By then all is known: nothing waits for what is read again once a day.
        history.wait(700)
        assert sync(books, fake) == []
        check_facts(books, fake)
        # Refunds that waited for their sale, for a credit note or for Stripe have waited long enough.
        history.wait(4 * DAY)
        assert sync(books, fake) == []
        check_facts(books, fake)
        once = make_books(folder / "once", fake)
        assert sync(once, fake) == []
        check_documents(books, once, fake)
        before = len(books.transactions())
        assert sync(books, fake) == []
        assert len(books.transactions()) == before


def in_new_folder(steps: list[Step], place: Path) -> None:
    shutil.rmtree(place / "history", ignore_errors=True)
    follow(steps, place / "history")


@given(HISTORY)
@settings(SEARCH, max_examples=40)
def test_any_history_ends_as_one_run_at_its_end(place: Path, steps: list[Step]) -> None:
    in_new_folder(steps, place)


@given(KILLS)
@settings(SEARCH, max_examples=15)
def test_also_where_the_process_is_killed_at_any_request(place: Path, steps: list[Step]) -> None:
    in_new_folder(steps, place)


# ---------------------------------------------------------------------------------------------- planted bugs


def pass_over_events(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(api_pull, "note_changes", lambda read, cursors, now: iter(()))


def never_read_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pull, "_read_again", lambda pull, outage: iter(()))


def move_cursors_first(patch: pytest.MonkeyPatch) -> None:
    pages = Pull.pages

    def early(pull: Pull, changes: Any) -> Iterator[SourcePage]:
        for listing in (CHARGES, REFUNDS):
            yield SourcePage(cursor=(listing.cursor, Progress(pull.start, pull.until).encode()))
        yield from pages(pull, changes)

    patch.setattr(Pull, "pages", early)


def forget_notes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Intake, "changes", lambda intake: [])


def read_events_without_overlap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(api_changes, "OVERLAP_S", 0)


def drop_notes_of_what_was_not_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        intake, "drop_changes", lambda connection, ids, up_to: connection.execute(delete(stripe_change))
    )


FAIL: Step = ("go_on", 0, 1)
# What was made lately is met again anyhow.
READ: tuple[Step, ...] = (("wait", 7200), ("run",))
# A wrong version, and a history that it does not survive.
PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], list[Step]]] = {
    "events are passed over": (pass_over_events, [*READ, FAIL]),
    "nothing is read again after an outage": (never_read_again, [*READ, FAIL, ("wait", OUTAGE)]),
    "cursors move before the objects are stored": (
        move_cursors_first,
        # Too old to be read again, and no events are looked for before the first pull.
        [("wait", OUTAGE), ("wait", 20 * DAY), ("break", 1)],
    ),
    "notes of a run that broke off are forgotten": (forget_notes, [*READ, FAIL, ("break", 1)]),
    "notes are dropped with any page": (
        drop_notes_of_what_was_not_read,
        [*READ, FAIL, ("sell", 4, 900), ("break", 1)],
    ),
    "events that show up late are passed over": (
        read_events_without_overlap,
        [*READ, ("mess", 0, 0, 300), FAIL, ("wait", 45), ("run",)],
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bugs_are_found(place: Path, bug: str) -> None:
    plant, steps = PLANTED[bug]
    in_new_folder(steps, place)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        with pytest.raises(AssertionError):
            in_new_folder(steps, place)
