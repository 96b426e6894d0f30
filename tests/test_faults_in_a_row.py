"""Faults that meet: two for one refund of each type, a ledger that lags behind, and Stripe giving up meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from exactly_once import check, check_balances, check_files, check_nothing_twice
from ledger_moods import MOODS, Mood, Weather
from one_of_each import EACH, OneRefund, check_one, make_books
from small_books import MEMO_RULES, SmallBooks, fast_folder
from small_shop import Shop, fail_charge, mini_shop

from connector.ledgers.contract import Answer, Throttled

CORE = ("lost before the write", "lost after the write", "down")
MOST_PASSES = 3


# ------------------------------------------------------------------------------------------------ pairs of faults


@pytest.mark.parametrize("case", EACH, ids=lambda case: case.name)
def test_two_faults_for_one_refund_of_each_type(case: OneRefund) -> None:
    writes = len(case.kinds) + 1
    with fast_folder() as folder:
        template = make_books(folder / "template", case)
        for (first, second), place in product(product(CORE, CORE), (1, 2)):
            if place == writes and MOODS[first].writes:
                continue  # Everything stands then, and no second request follows.
            books = template.copy(folder / "case")
            weather = Weather(books.world.clock, write_faults={place: MOODS[first], place + 1: MOODS[second]})
            with weather.over():
                for _ in range(2 + MOST_PASSES):
                    books.sync()
                    check_nothing_twice(books.transactions())
                    if set(books.states()) == {"posted"}:
                        break
            assert weather.fired == [first, second]
            check_one(books, case)


# ------------------------------------------------------------------------------------------------ a ledger that lags


@dataclass
class Case:
    books: SmallBooks
    shop: Shop
    weather: Weather

    def sync(self, later_s: int = 0) -> None:
        self.books.world.clock.now += later_s
        self.books.sync()

    def times_sent(self, key: str) -> int:
        return sum(key in request.document_keys for request in self.weather.sent)


@contextmanager
def lagging_books() -> Iterator[Case]:
    """Books whose ledger shows nothing for 50 seconds, with `settle_after` at 60."""
    with fast_folder() as folder:
        books = SmallBooks.make(
            folder / "books",
            MEMO_RULES,
            sales="invoice_and_payment",
            limits={"settle_after": "60s", "longest_wait": "90s"},
        ).migrate()
        shop = mini_shop(books.export)
        shop.write()
        weather = Weather(books.world.clock, lag_s=50)
        with weather.over():
            yield Case(books, shop, weather)


@pytest.fixture
def lagging() -> Iterator[Case]:
    with lagging_books() as case:
        yield case


def test_absent_is_not_believed_while_the_ledger_may_lag(lagging: Case) -> None:
    lagging.weather.write_faults = {1: MOODS["lost after the write"]}
    lagging.sync()
    key = lagging.weather.sent[0].document_keys[0]
    for later_s in (0, 10, 39):
        lagging.sync(later_s)
        assert lagging.books.state_of(key) == "unknown"
        assert lagging.times_sent(key) == 1
    lagging.sync(20)
    assert lagging.books.state_of(key) == "posted"
    assert lagging.times_sent(key) == 1
    lagging.sync()
    check(lagging.books, lagging.shop)


def test_absent_is_believed_in_the_end(lagging: Case) -> None:
    lagging.weather.write_faults = {1: MOODS["lost before the write"]}
    lagging.sync()
    key = lagging.weather.sent[0].document_keys[0]
    lagging.sync(59)
    assert (lagging.books.state_of(key), lagging.times_sent(key)) == ("unknown", 1)
    lagging.sync(1)
    assert (lagging.books.state_of(key), lagging.times_sent(key)) == ("posted", 2)
    lagging.sync()
    check(lagging.books, lagging.shop)


def test_doubt_is_counted_from_the_request_and_not_from_the_start_of_the_run(lagging: Case) -> None:
    slow = Mood("slow down", False, Answer(429), lambda one: Throttled(45))
    lagging.weather.write_faults = {1: slow, 2: MOODS["lost after the write"]}
    lagging.sync()
    key = lagging.weather.sent[1].document_keys[0]
    # 65 seconds after the start of the run, 20 after the request that the ledger has taken and does not show.
    lagging.sync(20)
    assert (lagging.books.state_of(key), lagging.times_sent(key)) == ("unknown", 2)
    lagging.sync(60)
    lagging.sync()
    check(lagging.books, lagging.shop)


# ------------------------------------------------------------------------------------------------ Stripe gives up


@dataclass
class Template:
    """Books with everything still to be posted, and at which write of a clean pass each kind of document is sent."""

    books: SmallBooks
    writes: dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    with fast_folder() as folder:
        books = SmallBooks.make(folder / "template", MEMO_RULES, sales="invoice_and_payment").migrate()
        shop_with_debit(books.export).write()
        clean = books.copy(folder / "clean")
        weather = Weather(clean.world.clock, batch_size=1)
        with weather.over():
            clean.sync()
        names = {
            key: (subject_id, kind)
            for key, subject_id, kind in clean.rows("document", "document_key, subject_id, kind")
        }
        yield Template(books, {names[one.document_keys[0]]: n for n, one in enumerate(weather.sent, start=1)})


def shop_with_debit(folder: Path) -> Shop:
    shop = mini_shop(folder)
    shop.charge("102", 4000, 400, "2026-03-25", 0, "us_bank_account")
    return shop


GIVEN_UP = {
    "a refund": ("re_101a", ("credit_memo", "credit_card_refund")),
    "a charge": ("ch_102", ("invoice", "payment")),
}


@pytest.mark.parametrize("what", GIVEN_UP)
@pytest.mark.parametrize("mood", MOODS.values(), ids=lambda mood: mood.name)
def test_stripe_gives_up_what_was_on_its_way(template: Template, what: str, mood: Mood) -> None:
    """Whatever had happened to a document when its refund or charge failed: all of it is taken back, or none was posted."""
    subject_id, kinds = GIVEN_UP[what]
    for kind in kinds:
        books = template.books.copy(template.books.folder.with_name("case"))
        shop = shop_with_debit(books.export)
        weather = Weather(books.world.clock, batch_size=1)
        with weather.over():
            weather.write_faults = {template.writes[subject_id, kind]: mood}
            books.sync()
            assert weather.fired == [mood.name]
            if what == "a refund":
                shop.fail(subject_id, "2026-04-02")
            else:
                fail_charge(shop, subject_id, "2026-04-02")
            shop.write()
            for _ in range(MOST_PASSES):
                retry_what_differs(books)
                assert books.sync().errors == []
                if set(books.states()) <= {"posted", "reversed", "skipped"}:
                    break
        check_taken_back(books, shop, subject_id)


def retry_what_differs(books: SmallBooks) -> None:
    """A total that differs waits for a person, whatever Stripe says."""
    for (key,) in books.rows("document WHERE reason = 'total_differs'", "document_key"):
        books.retry(key)


def check_taken_back(books: SmallBooks, shop: Shop, subject_id: str) -> None:
    found = books.transactions()
    check_nothing_twice(found)
    check_balances(found, shop)
    check_files(books)
    mine = [one for one in found if subject_id in one.metadata.values()]
    originals = {one.metadata["document_key"] for one in mine if one.metadata["kind"] != "reversal"}
    reversed_ = {one.metadata["reverses"] for one in mine if one.metadata["kind"] == "reversal"}
    assert originals == reversed_
    assert set(books.states()) <= {"posted", "reversed", "skipped"}
    ((outcome,),) = books.rows(f"decision WHERE subject_id = '{subject_id}'", "outcome")
    if subject_id.startswith("re_"):
        assert outcome == ("reversed" if originals else "dropped")
