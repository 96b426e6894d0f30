"""What Xero answers oddly, or of only a part of what it was sent: nothing is believed too soon or written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from small_books import fast_folder
from struck_passes import converge
from vendors.xero import FakeXero
from vendors.xero.service import API_PATH, Asked
from vendors.xero.trouble import DAY_WAIT
from vendors.xero.wire import Json
from xero_answers_changed import changed_once, turned_around, without_reference, without_the_first
from xero_scenes import PLAYS, stage_of
from xero_stage import SETTLED_S, Stage


@pytest.fixture(
    scope="module",
    params=["credit notes that share a request", "invoices and credit notes", "money received and spent"],
)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS[request.param], folder) as made:
        yield made


def nothing(rows: list[Json]) -> list[Json]:
    return []


def twice(rows: list[Json]) -> list[Json]:
    return [*rows, *rows]


def without_amounts(rows: list[Json]) -> list[Json]:
    return [{name: value for name, value in row.items() if name not in ("Total", "Amount")} for row in rows]


def garbled(rows: list[Json]) -> list[Json]:
    return [{**row, "Total": "much", "Amount": [], "CurrencyCode": 7} for row in rows]


def of_nobody(rows: list[Json]) -> list[Json]:
    """A document that was not written has an id of zeros."""
    ids = ("InvoiceID", "CreditNoteID", "PaymentID", "BankTransactionID")
    zeros = "00000000-0000-0000-0000-000000000000"
    return [{**row, **{name: zeros for name in ids if name in row}} for row in rows]


def only_what_is_bare(rows: list[Json]) -> list[Json]:
    return without_reference(without_the_first(rows))


CHANGES = (
    without_the_first,
    turned_around,
    without_reference,
    only_what_is_bare,
    nothing,
    twice,
    without_amounts,
    garbled,
    of_nobody,
)
WRITTEN = ("Invoices", "CreditNotes", "Payments", "BankTransactions")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_answer_that_is_not_what_it_should_be(
    stage: Stage, change: Callable[[list[Json]], list[Json]]
) -> None:
    """Each kind of document by turns; what the answer does not tell is looked for."""
    paths = [one.path.strip("/") for one in stage.asked[0] if one.method == "PUT"]
    kinds = [kind for kind in WRITTEN if kind in paths]
    assert kinds
    for kind in kinds:
        with stage.case() as case:
            with changed_once(case.fake, kind, change) as done:
                assert case.sync().errors == []
            assert len(done) == 1
            case.check_no_wrong_state()
            converge(stage, case)


def test_the_store_of_idempotency_keys_is_down(stage: Stage) -> None:
    """Every write with a key gets a 500, for two runs long."""
    with stage.case(forgets_idempotency=True) as case:
        for _ in range(2):
            assert case.sync(SETTLED_S).errors == []
            case.check_no_wrong_state()
        case.set_moods({"forgets_idempotency": False})
        converge(stage, case)


def test_no_list_shows_anything_for_as_long_as_it_is_waited(stage: Stage) -> None:
    """Of each request the answer is lost, run after run, and the lists lag nearly as long as absence is doubted."""
    with stage.case(read_lag=SETTLED_S - 1) as case:
        for place in range(len(stage.places(writes=True))):
            case.fake.inject("lost_after", method="PUT")
            assert case.sync(30 if place % 2 else SETTLED_S).errors == []
            case.check_no_wrong_state()
        case.fake.faults.clear()
        converge(stage, case)


def test_a_day_limit_parks_the_ledger_until_it_is_over(stage: Stage) -> None:
    """Nothing is asked any more in that run, and nothing in those that come too early."""
    for place in stage.places(writes=True)[::2]:
        with stage.case() as case:
            too_many_today(case.fake, place)
            for later_s in (0, 3600):
                (error,) = case.sync(later_s).errors
                assert error.code == "throttled"
                assert len(case.calls()) == place
                case.check_no_wrong_state()
            case.books.world.clock.now += DAY_WAIT
            converge(stage, case)


def too_many_today(fake: FakeXero, place: int) -> None:
    """The call with this number is one too many for the day."""
    calls: list[str] = []

    def look(_: int, asked: Asked) -> None:
        if asked.path.startswith(f"{API_PATH}/"):
            calls.append(asked.path)
            if len(calls) == place:
                fake.inject("throttled_day")

    fake.before_request = look
