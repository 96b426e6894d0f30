"""Two runs over the same books of NetSuite at the same time, or with states of their own over one account: the second one
waits its turn, or meets what the first has written, and nothing is written twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from ledger_stage import copy_books
from netsuite_scenes import PLAYS, stage_of
from netsuite_stage import Case, Stage
from small_books import fast_folder
from vendors.netsuite.answers import Asked
from vendors.netsuite.oauth import TOKEN_PATH

from connector.errors import LeaseHeld

NAMES = ("invoices and memos", "sales of others, voided by the RESTlet", "memos mirrored")


@pytest.fixture(scope="module", params=NAMES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS[request.param], folder) as made:
        yield made


def second_run(case: Case, said: list[str]) -> None:
    try:
        report = case.books.sync()
        said.append(f"it ran: {report.errors}")
    except LeaseHeld as held:
        said.append(str(held))


def begin_another_at(case: Case, place: int, other: Case) -> list[str]:
    """A second run at the call with this number, before it is answered; returns what that run came to say."""
    said: list[str] = []
    calls: list[str] = []

    def look(_: int, asked: Asked) -> None:
        if asked.path == TOKEN_PATH or said or len(calls) >= place:
            return
        calls.append(asked.path)
        if len(calls) == place:
            thread = threading.Thread(target=second_run, args=(other, said))
            thread.start()
            thread.join(60)

    case.fake.before_request = look
    return said


@pytest.mark.parametrize("of_writes", [True, False], ids=["a write", "a read"])
def test_a_run_that_begins_in_the_middle_of_another(stage: Stage, of_writes: bool) -> None:
    places = stage.places(of_writes)[:: 3 if of_writes else 9]
    for place in places:
        with stage.case() as case:
            said = begin_another_at(case, place, case)
            assert case.sync().errors == []
            case.fake.before_request = None
            assert len(said) == 1 and "these books" in said[0], said
            assert case.is_settled
            stage.check_result(case)
            written = len(case.fake.writes())
            assert case.sync(stage.settled_s).errors == []
            assert len(case.fake.writes()) == written
    assert places


def elsewhere(case: Case) -> Case:
    """The same books on another machine, with a state of its own and the same account."""
    books = copy_books(case.books, case.books.folder.parent / "elsewhere")
    books.fake = case.fake
    books.world = case.books.world
    return Case(books, case.fake)


@pytest.mark.parametrize("lag", [0, 40])
def test_a_run_with_a_state_of_its_own_in_the_middle_of_another(stage: Stage, lag: int) -> None:
    """No lease keeps them apart, and a search may not show what the other has just written: NetSuite takes each external
    id once."""
    places = stage.places(writes=True, lag=lag)[::2]
    for place in places:
        with stage.case(index_lag_s=lag) as case:
            other = elsewhere(case)
            said = begin_another_at(case, place, other)
            case.sync()
            case.fake.before_request = None
            assert said == ["it ran: []"]
            for one in (case, other, case, other):
                assert one.sync(stage.settled_s).errors == []
            for one in (case, other):
                assert one.is_settled, one.books.rows("document", "kind, state, reason, sentence")
            stage.check_result(case)
    assert places
