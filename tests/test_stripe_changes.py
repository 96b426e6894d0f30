"""What changed at Stripe without being new: events say which objects, and each is read afresh, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from small_books import SmallBooks
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_account import DAY, NOON, credit_note, dispute, money, refund, sale, small_account

from connector.planning.stripe_facts import Fact, PaymentIntent, Refund
from connector.store.changes import drop_changes, note_changes, noted_changes
from connector.store.facts import FactReader
from connector.store.intake import Intake, read_cursors
from connector.store.lease import hold_lease
from connector.stripe_source.api import ApiSource
from connector.stripe_source.changes import Change
from connector.stripe_source.source import SourcePage
from connector.workplace import open_state, read_setup

START = NOON - DAY // 2
NOW = NOON + 10 * DAY

Json = dict[str, Any]
F = TypeVar("F", bound=Fact)


class Books:
    """A state that is filled from the stand-in, pull after pull."""

    def __init__(self, folder: Path, stripe: FakeStripe) -> None:
        self.stripe = stripe
        self.small = SmallBooks.make(folder).migrate()
        self.setup = read_setup(self.small.config, self.small.world)
        self.engine = open_state(self.setup)

    def pull(self, break_at: int | None = None) -> list[str]:
        """A pull at Stripe's time, stored page by page; the paths that were asked. Breaks off at this page."""
        self.stripe.requests.clear()
        source = ApiSource(KEY, self.stripe.base_url, None, START, lambda seconds: None, network_retries=0)
        now = self.stripe.now or 0
        with hold_lease(self.engine, self.setup.settings.state_url, self.small.world, False) as lease:
            intake = Intake(self.engine, lease, [("main", False)], START, now, self.small.world.new_id)
            changes = intake.changes()
            for place, page in enumerate(source.pages(read_cursors(self.engine), now, changes)):
                if place == break_at:
                    break
                intake.store_page(page.objects, page.cursor, page.noted, page.done)
        return self.stripe.paths()

    def noted(self) -> list[str]:
        with self.engine.connect().execution_options(reading=True) as connection:
            return [change.object_id for change in noted_changes(connection)[0]]

    def fact(self, object_id: str, kind: type[F]) -> F:
        with self.engine.connect().execution_options(reading=True) as connection:
            reader = FactReader(connection)
            reader.load([object_id])
            found = reader.get(object_id, kind)
            assert found is not None
            return found

    def status_of(self, refund_id: str) -> str:
        return self.fact(refund_id, Refund).status

    def lines_of(self, intent_id: str) -> int:
        return len(self.fact(intent_id, PaymentIntent).lines or ())


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe(NOW) as fake:
        for one in small_account():
            fake.put(one)
        yield fake


@pytest.fixture
def books(stripe: FakeStripe, tmp_path: Path) -> Iterator[Books]:
    """Everything read once."""
    made = Books(tmp_path, stripe)
    made.pull()
    yield made
    made.engine.dispose()


def happen(stripe: FakeStripe, kind: str, about: str, second: int, event_id: str) -> None:
    """An event with the object as it is at this moment."""
    stripe.put(
        {
            "id": event_id,
            "object": "event",
            "api_version": "2025-10-29.clover",
            "created": second,
            "data": {"object": dict(stripe.accounts[None][about])},
            "type": kind,
        }
    )


def fail(stripe: FakeStripe, refund_id: str, second: int) -> None:
    moved = money(f"txn_f_{refund_id}", 500, refund_id, second, reporting_category="refund_failure")
    stripe.put(moved)
    stripe.change(refund_id, status="failed", failure_balance_transaction=moved["id"])


def test_an_event_brings_the_object_as_it_is_now(stripe: FakeStripe, books: Books) -> None:
    happen(stripe, "refund.updated", "re_shop2", NOW + 50, "evt_1")
    fail(stripe, "re_shop2", NOW + 60)
    stripe.now = NOW + 120
    asked = books.pull()
    assert asked == ["/v1/events", "/v1/charges", "/v1/refunds", "/v1/refunds/re_shop2"]
    assert books.status_of("re_shop2") == "failed"
    assert books.noted() == []


def test_events_that_come_again_ask_for_nothing(stripe: FakeStripe, books: Books) -> None:
    happen(stripe, "refund.updated", "re_shop2", NOW + 50, "evt_1")
    stripe.now = NOW + 120
    books.pull()
    stripe.now = NOW + 180
    assert books.pull() == ["/v1/events", "/v1/charges", "/v1/refunds"]
    # An event that shows up late, made before the cursor, is a new one all the same.
    happen(stripe, "refund.failed", "re_shop1", NOW - 400, "evt_2")
    stripe.now = NOW + 190
    assert books.pull()[3:] == ["/v1/refunds/re_shop1"]


def test_several_events_of_one_object_ask_for_it_once(stripe: FakeStripe, books: Books) -> None:
    for place, kind in enumerate(("refund.updated", "charge.refund.updated", "refund.failed")):
        happen(stripe, kind, "re_shop2", NOW + 50, f"evt_{place}")
    stripe.now = NOW + 120
    assert books.pull()[3:] == ["/v1/refunds/re_shop2"]


def test_what_the_lists_bring_is_not_asked_for_again(stripe: FakeStripe, books: Books) -> None:
    for one in refund("re_new", "shop", NOW + 50):
        stripe.put(one)
    happen(stripe, "refund.created", "re_new", NOW + 50, "evt_1")
    happen(stripe, "charge.refunded", "ch_shop", NOW + 50, "evt_2")
    stripe.now = NOW + 120
    asked = books.pull()
    assert "/v1/refunds/re_new" not in asked
    assert "/v1/charges/ch_shop" not in asked
    assert books.noted() == []


def test_a_credit_note_and_a_dispute_are_read_with_what_they_name(stripe: FakeStripe, books: Books) -> None:
    stripe.put(credit_note("late", "bill", "pyr_bill", NOW + 40, 300))
    stripe.put(dispute("late", "shop", NOW + 45, 5000))
    happen(stripe, "credit_note.created", "cn_late", NOW + 40, "evt_1")
    happen(stripe, "charge.dispute.created", "dp_late", NOW + 45, "evt_2")
    stripe.now = NOW + 120
    asked = books.pull()
    assert {"/v1/credit_notes/cn_late", "/v1/disputes/dp_late"} <= set(asked)
    assert books.noted() == []


def test_an_object_that_is_gone_is_asked_for_once(stripe: FakeStripe, books: Books) -> None:
    gone = {"id": "cn_gone", "object": "credit_note"}
    event = {"id": "evt_1", "object": "event", "created": NOW + 40, "data": {"object": gone}}
    stripe.put({**event, "api_version": "2025-10-29.clover", "type": "credit_note.updated"})
    stripe.now = NOW + 120
    assert books.pull()[3:] == ["/v1/credit_notes/cn_gone"]
    assert books.noted() == []
    stripe.now = NOW + 180
    assert books.pull()[3:] == []


def test_a_pull_that_breaks_off_before_the_object_was_read_leaves_it_noted(
    stripe: FakeStripe, books: Books
) -> None:
    happen(stripe, "refund.failed", "re_shop2", NOW + 50, "evt_1")
    fail(stripe, "re_shop2", NOW + 50)
    stripe.now = NOW + 120
    books.pull(break_at=2)
    assert books.noted() == ["re_shop2"]
    assert books.status_of("re_shop2") == "succeeded"
    stripe.now = NOW + 180
    assert "/v1/refunds/re_shop2" in books.pull()
    assert books.status_of("re_shop2") == "failed"


def test_a_note_made_while_its_object_was_read_stays(books: Books) -> None:
    with books.engine.begin() as connection:
        first = note_changes(connection, [Change("re_shop1", "refund")])
        again = note_changes(connection, [Change("re_shop1", "refund"), Change("re_shop2", "refund")])
        assert again > first
        drop_changes(connection, ["re_shop1", "re_shop2"], first)
        assert [change.object_id for change in noted_changes(connection)[0]] == ["re_shop1", "re_shop2"]
        drop_changes(connection, ["re_shop1"], again)
        assert noted_changes(connection) == ([Change("re_shop2", "refund")], again)


def test_after_an_outage_longer_than_events_live_everything_that_may_have_changed_is_read_again(
    stripe: FakeStripe, books: Books
) -> None:
    stripe.now = NOW + DAY
    books.pull()
    # It failed 20 days into an outage of 50; its event is gone.
    fail(stripe, "re_shop2", NOW + 21 * DAY)
    stripe.now = NOW + 51 * DAY
    books.pull()
    assert books.status_of("re_shop2") == "failed"
    stripe.now = NOW + 51 * DAY + 60
    assert books.pull() == ["/v1/events", "/v1/charges", "/v1/refunds"]


def test_the_cursor_of_events_moves_only_after_they_are_noted(stripe: FakeStripe, books: Books) -> None:
    happen(stripe, "refund.failed", "re_shop2", NOW + 50, "evt_1")
    stripe.now = NOW + 120
    source = ApiSource(KEY, stripe.base_url, None, START, lambda seconds: None)
    pages = list(source.pages(read_cursors(books.engine), NOW + 120))
    assert pages[0] == SourcePage(noted=(Change("re_shop2", "refund"),))
    assert pages[1].cursor is not None and pages[1].cursor[0] == "api:events"
    assert json.loads(pages[1].cursor[1]) == {"seen": ["evt_1"], "start": 0, "until": NOW + 120}


def items(*costs: int) -> Json:
    lines = [
        {
            "id": f"uli_{place}",
            "object": "payment_intent_amount_details_line_item",
            "product_code": f"SKU-{place}",
            "product_name": f"Item {place}",
            "quantity": 1,
            "unit_cost": cost,
        }
        for place, cost in enumerate(costs)
    ]
    return {"line_items": {"object": "list", "data": lines, "has_more": False, "url": ""}}


def test_a_payments_own_lines_are_read_whole_and_stay_when_it_is_read_without_them(
    stripe: FakeStripe, books: Books
) -> None:
    for one in sale("lined", NOW + 30, 1200):
        stripe.put(one)
    stripe.change("pi_lined", amount_details=items(*[100] * 12))
    stripe.now = NOW + 60
    assert "/v1/payment_intents/pi_lined/amount_details_line_items" in books.pull()
    assert books.lines_of("pi_lined") == 12
    # The list of refunds cannot ask for them: that copy of the payment tells nothing of its lines.
    for one in refund("re_lined", "lined", NOW + 2 * DAY, 100):
        stripe.put(one)
    stripe.now = NOW + 2 * DAY + 60
    books.pull()
    assert books.status_of("re_lined") == "succeeded"
    assert books.lines_of("pi_lined") == 12
