"""What changed at Stripe without being new: events say which objects, and each is read afresh, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from small_books import SmallBooks
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_account import (
    DAY,
    NOON,
    credit_note,
    dispute,
    invoice,
    invoice_payment,
    money,
    refund,
    sale,
    small_account,
)

from connector.cli.root import run
from connector.errors import LedgerDown
from connector.planning.stripe_facts import Fact, Invoice, PaymentIntent, Refund
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


def test_one_note_that_stripe_refuses_stops_no_other(stripe: FakeStripe, books: Books) -> None:
    """An invoice that the key's account does not know is no reason to pass over a refund that failed."""
    for place, kind in enumerate(("invoice", "refund", "charge", "dispute", "checkout.session")):
        gone = {"id": f"gone_{place}", "object": kind}
        event = {"id": f"evt_{place}", "object": "event", "created": NOW + 40, "data": {"object": gone}}
        names = {"invoice": "invoice.paid", "dispute": "charge.dispute.created", "refund": "refund.updated"}
        names |= {"charge": "charge.updated", "checkout.session": "checkout.session.completed"}
        stripe.put({**event, "api_version": "2025-10-29.clover", "type": names[kind]})
    happen(stripe, "refund.failed", "re_shop2", NOW + 50, "evt_fail")
    fail(stripe, "re_shop2", NOW + 50)
    stripe.inject("status", "/v1/checkout", status=400)
    stripe.now = NOW + 120
    with pytest.raises(LedgerDown, match="HTTP 400"):
        books.pull()
    assert books.status_of("re_shop2") == "failed"
    assert books.noted() == ["gone_4"]
    stripe.now = NOW + 180
    books.pull()
    assert books.noted() == []


def test_young_charges_are_asked_for_their_sale_once(stripe: FakeStripe, books: Books) -> None:
    for place in range(3):
        for one in sale(f"young{place}", NOW + 50 + place):
            stripe.put(one)
    stripe.now = NOW + 60
    assert books.pull().count("/v1/checkout/sessions") == 1 + 3
    stripe.now = NOW + 90
    assert books.pull() == ["/v1/events", "/v1/charges", "/v1/refunds"]


def test_a_refund_of_a_charge_from_before_the_start_is_surrounded_once(
    stripe: FakeStripe, books: Books
) -> None:
    for one in refund("re_old2", "old", NOW + 50):
        stripe.put(one)
    stripe.change("re_old2", charge=None)
    stripe.now = NOW + 60
    assert "/v1/charges/ch_old" in books.pull()
    stripe.now = NOW + 90
    assert books.pull() == ["/v1/events", "/v1/charges", "/v1/refunds"]


def test_after_days_away_what_is_read_again_needs_no_reading_of_its_own(
    stripe: FakeStripe, books: Books
) -> None:
    for place in range(40):
        happen(
            stripe,
            "refund.updated",
            "re_shop1" if place % 2 else "re_shop2",
            NOW + 60 * place,
            f"evt_{place}",
        )
    stripe.now = NOW + 5 * DAY
    assert not [path for path in books.pull() if path.startswith("/v1/refunds/")]


def test_a_burst_is_read_in_windows_of_a_few_pages(stripe: FakeStripe, books: Books) -> None:
    """All pages of a window are held until its oldest has come."""
    from connector.stripe_source import api_pull

    for place in range(1100):
        for one in refund(f"re_burst{place:04d}", "shop", NOW + 20 * DAY + place // 2, 1):
            stripe.put(one)
    stripe.now = NOW + 40 * DAY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_pull, "MOST_HELD", 2)
        books.pull()
    assert len([i for i in stripe.accounts[None] if i.startswith("re_burst")]) == 1100
    assert all(books.status_of(f"re_burst{place:04d}") == "succeeded" for place in (0, 1, 549, 550, 1099))
    with books.engine.connect() as connection:
        (count,) = connection.exec_driver_sql(
            "SELECT count(*) FROM stripe_object WHERE object_id LIKE 're_burst%'"
        ).one()
    assert count == 1100


def test_an_invoice_that_was_finalised_long_before_the_start_comes_with_its_charge(
    stripe: FakeStripe, books: Books
) -> None:
    for one in [
        invoice("late", NOON - 200 * DAY, [5000]),
        invoice_payment("late", "late", NOON - 200 * DAY, 5000),
        *sale("late", NOW + 30),
    ]:
        stripe.put(one)
    stripe.change("pi_late", created=NOON - 200 * DAY)
    stripe.now = NOW + DAY
    books.pull()
    assert books.fact("in_late", Invoice).number == "ACME-late"


def test_a_state_of_a_sandbox_is_not_taken_to_the_live_account(stripe: FakeStripe, tmp_path: Path) -> None:
    """Their cursors would pass over everything that the other has."""
    settings = {"api_key": KEY, "base_url": stripe.base_url}
    small = SmallBooks.make(tmp_path / "own", stripe=settings)
    words = ["sync", "-c", str(small.config)]
    assert run(words) in (0, 3)
    live = "rk_live_51AcmeBooksRestricted"
    stripe.keys[live] = None
    text = small.config.read_text(encoding="utf-8")
    small.config.write_text(text.replace(KEY, live), encoding="utf-8")
    before = len(stripe.requests)
    assert run(words) == 2
    assert len(stripe.requests) == before
