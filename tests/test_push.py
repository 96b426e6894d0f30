"""Carrying documents: in which order, in which batches, how long it waits, and how it ends before its time."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest
from exactly_once import check
from ledger_moods import MOODS, READ_MOODS, Mood, MoodyCourier, Weather
from small_books import MEMO_RULES, SmallBooks, fast_folder
from small_shop import Shop, mini_shop

from connector.delivery.outbox import Outbox
from connector.errors import LeaseHeld
from connector.ledger_kinds import LEDGERS
from connector.ledgers.beancount import BeancountLedger
from connector.ledgers.contract import Answer, Request, Throttled
from connector.settings.sections import Limits
from connector.store.schema import lease
from connector.sync import PassReport
from connector.workplace import push_limits

LONGEST_S = 90
REFUNDS = ("re_100a", "re_100b", "re_101a")


@dataclass
class Case:
    """Two sales and three refunds that nothing was posted of yet, and the weather over them."""

    books: SmallBooks
    shop: Shop
    weather: Weather

    def sync(self, should_stop: Callable[[], bool] = lambda: False) -> PassReport:
        return self.books.sync(should_stop)

    def finish(self) -> None:
        """A clean pass posts what is left."""
        assert self.sync().errors == []
        check(self.books, self.shop)

    def documents(self, columns: str) -> list[tuple[Any, ...]]:
        return self.books.rows("document", columns)

    def sent_at(self) -> dict[str, int]:
        """Document key → the place of the request that carried it."""
        return {key: place for place, one in enumerate(self.weather.sent) for key in one.document_keys}

    def write_of(self, subject_id: str, kind: str) -> int:
        """At which write of a clean pass this document is sent, counted from 1."""
        clean = self.books.copy(self.books.folder.with_name("clean"))
        weather = Weather(clean.world.clock, batch_size=self.weather.batch_size)
        with weather.over():
            clean.sync()
        ((key,),) = clean.rows(
            f"document WHERE subject_id = '{subject_id}' AND kind = '{kind}'", "document_key"
        )
        return next(n for n, one in enumerate(weather.sent, start=1) if key in one.document_keys)


@pytest.fixture(scope="module")
def template() -> Iterator[SmallBooks]:
    with fast_folder() as folder:
        limits = {"longest_wait": f"{LONGEST_S}s"}
        made = SmallBooks.make(
            folder / "template", MEMO_RULES, sales="invoice_and_payment", limits=limits
        ).migrate()
        mini_shop(made.export).write()
        yield made


@pytest.fixture
def case(template: SmallBooks) -> Iterator[Case]:
    books = template.copy(template.folder.with_name("case"))
    weather = Weather(books.world.clock)
    with weather.over():
        yield Case(books, mini_shop(books.export), weather)


def throttled(seconds: int | None) -> Mood:
    return Mood(f"throttled for {seconds}", False, Answer(429), lambda one: Throttled(seconds))


# ------------------------------------------------------------------------------------------------ order


def test_a_document_is_sent_after_all_that_it_follows(case: Case) -> None:
    case.sync()
    place = case.sent_at()
    rows = case.documents("document_key, kind, after_keys")
    assert {kind for _, kind, after in rows if after} == {
        "payment",
        "credit_memo",
        "credit_card_refund",
        "fee",
    }
    for key, _, after in rows:
        assert all(place[parent] < place[key] for parent in after.split())


def test_a_request_carries_one_kind_of_place_and_no_more_than_a_batch(case: Case) -> None:
    case.sync()
    of = {key: (depth, group) for key, depth, group in case.documents("document_key, depth, batch_group")}
    for request in case.weather.sent:
        assert len({of[key] for key in request.document_keys}) == 1
        assert len(request.document_keys) <= case.weather.batch_size
    assert max(len(request.document_keys) for request in case.weather.sent) == case.weather.batch_size
    sent = [key for request in case.weather.sent for key in request.document_keys]
    assert sorted(sent) == sorted(of)


def test_months_of_one_depth_go_out_before_the_next_depth(case: Case) -> None:
    case.sync()
    of = {key: (depth, group) for key, depth, group in case.documents("document_key, depth, batch_group")}
    order = [of[request.document_keys[0]] for request in case.weather.sent]
    assert order == sorted(order)
    assert len({group for _, group in order}) > 1


def test_a_larger_batch_needs_fewer_requests(case: Case) -> None:
    case.weather.batch_size = 1
    case.books.copy(case.books.folder.with_name("small")).sync()
    small = len(case.weather.sent)
    case.weather.sent.clear()
    case.weather.batch_size = 500
    case.finish()
    of = {key: (depth, group) for key, depth, group in case.documents("document_key, depth, batch_group")}
    assert small == len(of) > len(case.weather.sent) == len(set(of.values()))


def test_the_bytes_are_stored_before_they_leave_and_no_transaction_is_open(case: Case) -> None:
    seen = []
    do = MoodyCourier.do

    def spy(courier: MoodyCourier, request: Request) -> Answer:
        if request.method == "APPEND":
            connection = sqlite3.connect(case.books.state, timeout=0, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            stored = connection.execute("SELECT body FROM attempt WHERE settled IS NULL").fetchall()
            states = connection.execute(
                "SELECT document_key FROM document WHERE state = 'sending'"
            ).fetchall()
            connection.close()
            assert [zlib.decompress(body) for (body,) in stored] == [request.body]
            assert {key for (key,) in states} == set(request.document_keys)
            seen.append(request)
        return do(courier, request)

    with patch.object(MoodyCourier, "do", spy):
        case.finish()
    assert len(seen) == len(case.weather.sent)


def test_what_is_sent_again_is_the_same_to_the_byte(case: Case) -> None:
    case.weather.write_faults = {1: MOODS["lost before the write"]}
    case.sync()
    first = case.weather.sent[0]
    case.finish()
    assert [one.body for one in case.weather.sent if one.document_keys == first.document_keys] == [
        first.body
    ] * 2


# ------------------------------------------------------------------------------------------------ memo and cash leg


def test_a_memo_that_is_refused_holds_its_cash_leg_and_nothing_else(case: Case) -> None:
    case.weather.batch_size = 1
    case.weather.write_faults = {case.write_of("re_100b", "credit_memo"): MOODS["rejected"]}
    assert case.sync().errors == []
    mine = case.books.rows("document WHERE subject_id = 're_100b'", "kind, state, reason")
    assert mine == [
        ("credit_card_refund", "held", "credit_memo_not_posted"),
        ("credit_memo", "rejected", "rejected_by_ledger"),
        ("fee", "held", "credit_memo_not_posted"),
    ]
    # The refund tells the cause, not what follows from it; the others went on.
    assert case.books.outcomes() == {
        "re_100a": ("posted", None),
        "re_100b": ("held", "rejected_by_ledger"),
        "re_101a": ("posted", None),
    }
    sent = len(case.weather.sent)
    case.sync()
    assert len(case.weather.sent) == sent
    assert case.books.outcomes()["re_100b"] == ("held", "rejected_by_ledger")


def test_a_memo_that_is_posted_at_last_frees_its_cash_leg(case: Case) -> None:
    case.weather.batch_size = 1
    case.weather.write_faults = {case.write_of("re_100b", "credit_memo"): MOODS["rejected"]}
    case.sync()
    ((memo,),) = case.books.rows("document WHERE state = 'rejected'", "document_key")
    case.books.retry(memo)
    case.finish()


def test_a_memo_whose_answer_was_lost_makes_its_cash_leg_wait(case: Case) -> None:
    case.weather.batch_size = 1
    case.weather.write_faults = {case.write_of("re_101a", "credit_memo"): MOODS["lost after the write"]}
    case.sync()
    mine = case.books.rows("document WHERE subject_id = 're_101a'", "kind, state")
    assert mine == [("credit_card_refund", "planned"), ("credit_memo", "unknown")]
    case.finish()


def test_a_sale_that_is_refused_holds_its_refunds_until_it_is_posted(case: Case) -> None:
    case.weather.batch_size = 1
    case.weather.write_faults = {case.write_of("ch_101", "invoice"): MOODS["rejected"]}
    case.sync()
    assert case.books.outcomes()["re_101a"] == ("held", "credit_memo_not_posted")
    ((invoice,),) = case.books.rows("document WHERE state = 'rejected'", "document_key")
    case.books.retry(invoice)
    case.finish()


def test_what_was_refused_for_a_closed_period_is_tried_by_every_run(case: Case) -> None:
    case.weather.batch_size = 1
    case.weather.write_faults = {case.write_of("re_101a", "credit_memo"): MOODS["period closed"]}
    case.sync()
    assert case.books.outcomes()["re_101a"] == ("held", "period_closed")
    case.weather.write_faults = {len(case.weather.sent) + 1: MOODS["period closed"]}
    case.sync()
    assert case.books.outcomes()["re_101a"] == ("held", "period_closed")
    case.finish()


# ------------------------------------------------------------------------------------------------ waiting


@pytest.mark.parametrize(("asked_s", "waited_s"), [(1, 1), (7, 7), (LONGEST_S, LONGEST_S), (None, 1)])
def test_it_waits_as_long_as_the_ledger_asks(case: Case, asked_s: int | None, waited_s: int) -> None:
    case.weather.write_faults = {2: throttled(asked_s)}
    assert case.sync().errors == []
    assert sum(case.books.world.clock.slept) == waited_s
    check(case.books, case.shop)


@pytest.mark.parametrize(
    ("asked_s", "wait_ms", "slept"),
    [(None, 700, [0.7]), (None, 1700, [1, 0.7]), (None, 0, [0.25]), (0, 700, [0.25]), (2, 700, [1, 1])],
)
def test_a_wait_may_be_shorter_than_a_second_and_is_never_none(
    case: Case, asked_s: int | None, wait_ms: int, slept: list[float]
) -> None:
    said = replace(BeancountLedger.capabilities, throttle_wait_ms=wait_ms)
    case.weather.write_faults = {2: throttled(asked_s)}
    with patch.dict(LEDGERS, {"beancount": (said, LEDGERS["beancount"][1])}):
        assert case.sync().errors == []
    assert case.books.world.clock.slept == pytest.approx(slept)
    check(case.books, case.shop)


@pytest.mark.parametrize(("written", "wait_ms"), [("2s", 2000), (None, 800)])
def test_the_settings_say_how_long_to_wait_or_the_ledger_does(written: str | None, wait_ms: int) -> None:
    said = replace(BeancountLedger.capabilities, throttle_wait_ms=800)
    assert push_limits(said, Limits.model_validate({"throttle_wait": written})).throttle_wait_ms == wait_ms


def test_a_wait_that_is_too_long_ends_the_pass(case: Case) -> None:
    case.weather.write_faults = {2: throttled(LONGEST_S + 1)}
    report = case.sync()
    assert [(error.ledger, error.code) for error in report.errors] == [("main", "throttled")]
    assert case.books.world.clock.slept == []
    assert len(case.weather.sent) == 2
    case.finish()


def test_waits_for_one_request_add_up(case: Case) -> None:
    """A ledger that says "in a moment" for ever does not hold the books for ever."""
    case.weather.write_faults = {number: throttled(40) for number in range(1, 20)}
    report = case.sync()
    assert [error.code for error in report.errors] == ["throttled"]
    assert sum(case.books.world.clock.slept) == 80
    assert len(case.weather.sent) == 3
    case.weather.write_faults = {}
    case.finish()


def test_after_a_wait_only_what_was_refused_is_sent_again(case: Case) -> None:
    # The ledger says that it took the second of two documents and not the first; here it has taken neither.
    case.weather.write_faults = {1: Mood("half", False, Answer(200), lambda one: Throttled(3), one=True)}
    case.sync()
    first, second = case.weather.sent[:2]
    assert second.document_keys == first.document_keys[:1]


# ------------------------------------------------------------------------------------------------ ending early


@pytest.mark.parametrize("name", ["throttled for long", "unauthorised", "down"])
def test_a_ledger_that_ends_the_pass_fails_what_is_left_for_now(case: Case, name: str) -> None:
    case.weather.write_faults = {1: MOODS[name]}
    report = case.sync()
    ((ledger, code, sentence),) = [(error.ledger, error.code, error.sentence) for error in report.errors]
    assert (ledger, len(case.weather.sent)) == ("main", 1)
    assert code in ("throttled", "unauthorised", "ledger_down") and sentence
    assert case.books.outcomes() == dict.fromkeys(REFUNDS, ("failed", code))
    assert set(case.books.states()) == {"planned"}
    case.finish()


def test_a_ledger_that_cannot_be_looked_into_fails_what_is_in_doubt(case: Case) -> None:
    case.weather.write_faults = {1: MOODS["lost after the write"]}
    case.sync()
    sent = len(case.weather.sent)
    # The survey still answers; the look does not.
    case.weather.faults = {len(case.weather.asked) + 2: READ_MOODS["down"]}
    report = case.sync()
    assert [error.code for error in report.errors] == ["ledger_down"]
    assert len(case.weather.sent) == sent
    assert {state for state in case.books.states() if state != "posted"} == {"unknown", "planned"}
    case.finish()


def test_a_request_does_not_leave_under_a_lease_that_runs_out(case: Case) -> None:
    begin = Outbox.begin

    def slow_begin(outbox: Outbox, *arguments: Any) -> None:
        begin(outbox, *arguments)
        case.books.world.clock.now += 31

    with patch.object(Outbox, "begin", slow_begin):
        report = case.sync()
    assert [error.code for error in report.errors] == ["lease_held"]
    assert case.weather.sent == []
    assert set(case.books.states()) == {"planned"}
    assert case.books.outcomes() == dict.fromkeys(REFUNDS, ("failed", "lease_held"))
    case.finish()


def test_a_run_whose_books_were_taken_over_stops_and_stores_nothing(case: Case) -> None:
    do = MoodyCourier.do
    taken = []

    def lose_lease(courier: MoodyCourier, request: Request) -> Answer:
        answer = do(courier, request)
        if request.method == "APPEND":
            connection = sqlite3.connect(case.books.state)
            connection.execute(f"UPDATE {lease.name} SET token = token + 1")
            connection.commit()
            connection.close()
            taken.append(request.document_keys)
        return answer

    with patch.object(MoodyCourier, "do", lose_lease), pytest.raises(LeaseHeld):
        case.sync()
    assert len(taken) == 1
    sending = {key for key, state in case.documents("document_key, state") if state == "sending"}
    assert sending == set(taken[0])
    case.finish()


def test_it_stops_when_it_is_asked_to_and_the_next_run_goes_on(case: Case) -> None:
    report = case.sync(lambda: len(case.weather.sent) >= 3)
    assert [error.code for error in report.errors] == ["network"]
    assert len(case.weather.sent) == 3
    assert set(case.books.states()) == {"posted", "planned"}
    case.finish()


def test_it_stops_while_it_waits(case: Case) -> None:
    case.weather.write_faults = {1: throttled(60)}
    report = case.sync(lambda: len(case.books.world.clock.slept) >= 5)
    assert [error.code for error in report.errors] == ["network"]
    assert sum(case.books.world.clock.slept) == 5
    assert len(case.weather.sent) == 1
    case.finish()


def test_a_ledger_that_is_asked_to_stop_before_it_begins_sends_nothing(case: Case) -> None:
    case.sync(lambda: True)
    assert case.weather.sent == []
    case.finish()


def test_what_waits_says_for_what(case: Case) -> None:
    case.weather.batch_size = 1
    case.weather.write_faults = {case.write_of("re_100a", "credit_memo"): MOODS["rejected"]}
    case.sync()
    said = case.documents("kind, sentence, reason")
    waiting = {kind: sentence for kind, sentence, reason in said if reason == "credit_memo_not_posted"}
    assert waiting == {
        "credit_card_refund": "it waits for the credit memo before it, which the ledger refused",
    }
