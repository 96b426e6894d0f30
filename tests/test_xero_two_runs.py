"""Two runs over the same books of Xero at the same time: the second one waits its turn, and nothing is written twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from small_books import fast_folder
from vendors.xero.service import API_PATH, Asked
from xero_scenes import PLAYS, stage_of
from xero_stage import SETTLED_S, Case, Stage

from connector.errors import LeaseHeld


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS["invoices and credit notes"], folder) as made:
        yield made


def second_run(case: Case, said: list[str]) -> None:
    try:
        case.books.sync()
        said.append("it ran")
    except LeaseHeld as held:
        said.append(str(held))


def begin_another_at(case: Case, place: int) -> list[str]:
    """A second run at the call with this number, before it is answered; returns what that run came to say."""
    said: list[str] = []
    calls: list[str] = []

    def look(_: int, asked: Asked) -> None:
        if not asked.path.startswith(f"{API_PATH}/"):
            return
        calls.append(asked.path)
        if len(calls) == place:
            other = threading.Thread(target=second_run, args=(case, said))
            other.start()
            other.join(30)

    case.fake.before_request = look
    return said


@pytest.mark.parametrize("of_writes", [True, False], ids=["a write", "a read"])
def test_a_run_that_begins_in_the_middle_of_another(stage: Stage, of_writes: bool) -> None:
    places = stage.places(of_writes)[:: 3 if of_writes else 9]
    for place in places:
        with stage.case() as case:
            said = begin_another_at(case, place)
            assert case.sync().errors == []
            case.fake.before_request = None
            assert len(said) == 1 and "these books" in said[0], said
            assert case.is_settled
            stage.check_result(case)
            written = len(case.fake.writes())
            assert case.sync(SETTLED_S).errors == []
            assert len(case.fake.writes()) == written
    assert places
