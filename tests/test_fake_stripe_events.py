"""The feed of events of the stand-in for Stripe: filters, cursors, what vanishes and what comes late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe as stripe_python
from fake_account import NOON, client_of, ids
from vendors.fake_stripe import FakeStripe
from vendors.stripe_account import DAY
from vendors.stripe_life import CLOVER, EMBEDDED_REFUNDS, ENDIVE, PRE_BASIL, Credit, Item, StripeLife

HINTS = ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated", "credit_note.created"]


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe(NOON) as one:
        yield one


@pytest.fixture
def life(fake: FakeStripe) -> StripeLife:
    return StripeLife(fake)


@pytest.fixture
def client(fake: FakeStripe) -> Any:
    return client_of(fake)


def types(listed: Any) -> list[str]:
    return [one.type for one in listed.data]


def test_events_come_newest_first_also_within_a_second(life: StripeLife, client: Any) -> None:
    refund = life.refund(life.charge(5000), 1200)
    life.advance(days=7)
    life.reference_arrives(refund)
    assert types(client.v1.events.list({})) == [
        "charge.refund.updated",
        "refund.updated",
        "refund.created",
        "charge.refunded",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]
    newest = client.v1.events.list({"limit": 1}).data[0]
    assert (newest.created, newest.api_version, newest.request.id) == (NOON + 7 * DAY, ENDIVE, None)
    assert client.v1.events.retrieve(newest.id).data.object.id == refund["id"]
    assert "account" not in newest.to_dict()


def test_events_are_asked_for_by_type_or_by_types(life: StripeLife, client: Any) -> None:
    life.fail(life.refund(life.charge(5000), 1200))
    life.dispute(life.charge(900))
    listed = client.v1.events.list
    assert types(listed({"type": "refund.failed"})) == ["refund.failed"]
    assert types(listed({"type": "refund.*"})) == ["refund.failed", "refund.updated", "refund.created"]
    assert types(listed({"type": "charge.dispute.*"})) == [
        "charge.dispute.funds_withdrawn",
        "charge.dispute.created",
    ]
    assert types(listed({"types": ["refund.failed", "refund.created", "nothing.here"]})) == [
        "refund.failed",
        "refund.created",
    ]
    page = listed({"types": HINTS, "limit": 2})
    assert (types(page), page.has_more) == (["charge.refund.updated", "refund.failed"], True)
    page = listed({"types": HINTS, "limit": 2, "starting_after": page.data[-1].id})
    assert (types(page), page.has_more) == (["refund.updated", "refund.created"], False)
    page = listed({"types": HINTS, "limit": 3, "ending_before": page.data[-1].id})
    assert (types(page), page.has_more) == (
        ["charge.refund.updated", "refund.failed", "refund.updated"],
        False,
    )
    assert types(listed({"type": "payout.*"})) == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"type": "refund.failed", "types": ["refund.failed"]}, "only specify one of these parameters: type"),
        ({"types": ["refund.*"]}, "wildcards are for `type` alone"),
        ({"types": [f"type.{place}" for place in range(21)]}, "up to 20"),
        ({"types": "refund.failed"}, "Invalid array"),
        ({"delivery_success": "perhaps"}, "Invalid boolean"),
        ({"starting_after": "evt_nobody"}, "No such event"),
        ({"expand": ["data.data"]}, "cannot be expanded"),
        ({"object_id": "re_1"}, "unknown parameter"),
        ({"limit": 101}, "between 1 and 100"),
    ],
)
def test_a_wrong_request_for_events_is_refused(
    life: StripeLife, client: Any, parameters: dict[str, Any], words: str
) -> None:
    life.refund(life.charge(5000), 1200)
    with pytest.raises(stripe_python.InvalidRequestError, match=words) as caught:
        client.v1.events.list(parameters)
    assert caught.value.http_status == 400


def test_twenty_types_are_not_too_many(life: StripeLife, client: Any) -> None:
    life.charge(5000)
    wanted = [*(f"type.{place}" for place in range(19)), "charge.succeeded"]
    assert types(client.v1.events.list({"types": wanted})) == ["charge.succeeded"]


def test_events_are_filtered_by_second_and_by_delivery(
    fake: FakeStripe, life: StripeLife, client: Any
) -> None:
    refund = life.refund(life.charge(5000), 1200)
    life.advance(10)
    life.edit_metadata(refund, {"a": "1"})
    bounds = {"gt": NOON, "lte": NOON + 10}
    late = client.v1.events.list({"created": bounds})
    assert types(late) == ["charge.refund.updated", "refund.updated"]
    assert len(client.v1.events.list({"created": NOON}).data) == 5
    fake.undelivered.add(late.data[1].id)
    assert ids(client.v1.events.list({"delivery_success": False})) == [late.data[1].id]
    delivered = client.v1.events.list({"delivery_success": True, "types": HINTS})
    assert types(delivered) == ["charge.refund.updated", "refund.created"]


def test_an_event_is_gone_after_thirty_days(life: StripeLife, client: Any) -> None:
    life.charge(5000)
    gone = client.v1.events.list({"type": "charge.succeeded"}).data[0]
    life.advance(30 * DAY - 1)
    life.charge(700)
    assert gone.id in ids(client.v1.events.list({}))
    life.advance(1)
    assert len(client.v1.events.list({}).data) == 3
    asked: list[Callable[[], Any]] = [
        lambda: client.v1.events.retrieve(gone.id),
        lambda: client.v1.events.list({"starting_after": gone.id}),
    ]
    for ask in asked:
        with pytest.raises(stripe_python.InvalidRequestError, match="No such event"):
            ask()
    assert len(client.v1.charges.list({}).data) == 2


def test_an_event_may_come_into_sight_late(fake: FakeStripe, life: StripeLife, client: Any) -> None:
    fake.event_lag = 60
    refund = life.refund(life.charge(5000), 1200)
    assert client.v1.refunds.retrieve(refund["id"]).status == "succeeded"
    life.advance(59)
    page = client.v1.events.list({"limit": 1})
    assert (page.data, page.has_more) == ([], False)
    life.advance(1)
    assert len(client.v1.events.list({}).data) == 5
    # Events of one second need not come in order.
    fake.event_lag = lambda event: 600 if event["type"] == "refund.created" else 0
    assert "refund.created" not in types(client.v1.events.list({}))
    life.advance(540)
    assert types(client.v1.events.list({"type": "refund.*"})) == ["refund.created"]


def test_one_change_may_be_told_twice(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    life.duplicates = True
    refund = life.refund(charge, 1200)
    told = client.v1.events.list({"type": "refund.created"}).data
    assert [one.data.object.id for one in told] == [refund["id"]] * 2
    assert told[0].id != told[1].id
    assert told[0].created == told[1].created


def test_an_event_shows_the_object_as_it_was_then(life: StripeLife, client: Any) -> None:
    refund = life.refund(life.charge(5000), 1200, metadata={"ticket": "1"})
    life.advance(days=9)
    life.edit_metadata(refund, {"ticket": "2"})
    life.fail(refund)
    events = client.v1.events.list({"type": "refund.*"}).data
    seen = [(one.type, one.data.object.status, one.data.object.metadata["ticket"]) for one in events]
    assert seen == [
        ("refund.failed", "failed", "2"),
        ("refund.updated", "failed", "2"),
        ("refund.updated", "succeeded", "2"),
        ("refund.created", "succeeded", "1"),
    ]
    assert "previous_attributes" not in events[3].data.to_dict()
    assert events[2].data.previous_attributes.to_dict() == {"metadata": {"ticket": "1"}}
    assert events[0].data.previous_attributes.to_dict() == {
        "failure_balance_transaction": None,
        "failure_reason": None,
        "status": "succeeded",
    }
    assert client.v1.refunds.retrieve(refund["id"]).status == "failed"


def test_one_feed_mixes_the_shapes_of_versions(life: StripeLife, client: Any) -> None:
    for version in (EMBEDDED_REFUNDS, PRE_BASIL, CLOVER, ENDIVE):
        life.api_version = version
        invoice, charge = life.sell_by_invoice([Item("SKU-MUG", 2)])
        life.credit_note(invoice, [Credit(None, 500)], refund_amount=500)
        assert charge["amount_refunded"] == 500
        life.advance(60)
    life.api_version = "2026-11-25.endive"

    def told(event_type: str) -> list[tuple[str, dict[str, Any]]]:
        events = client.v1.events.list({"type": event_type, "limit": 100}).data[::-1]
        return [(one.api_version, one.data.object.to_dict()) for one in events]

    versions = [EMBEDDED_REFUNDS, PRE_BASIL, CLOVER, ENDIVE]
    charges = told("charge.refunded")
    assert [version for version, _ in charges] == versions
    assert ["refunds" in one for _, one in charges] == [True, False, False, False]
    assert ["invoice" in one for _, one in charges] == [True, True, False, False]
    embedded = charges[0][1]["refunds"]
    assert (embedded["total_count"], embedded["has_more"], embedded["data"][0]["amount"]) == (1, False, 500)
    notes = [one for _, one in told("credit_note.created")]
    refunds = [one["id"] for _, one in told("refund.created")]
    assert [one.get("refund") for one in notes] == [*refunds[:2], None, None]
    assert [one["refunds"][0]["refund"] for one in notes[2:]] == refunds[2:]
    assert ["payment_method" in one for _, one in told("refund.created")] == [False, False, False, True]
    intents = [one for _, one in told("payment_intent.succeeded")]
    assert ["charges" in one for one in intents] == [True, False, False, False]
    assert ["latest_charge" in one for one in intents] == [False, True, True, True]
    paid = [one for _, one in told("invoice.paid")]
    assert ["charge" in one for one in paid] == [True, True, False, False]
    assert paid[0]["charge"] == charges[0][1]["id"]
    assert [version for version, _ in told("invoice_payment.paid")] == [CLOVER, ENDIVE]


def test_refund_failed_is_told_since_acacia(life: StripeLife, client: Any) -> None:
    life.api_version = PRE_BASIL
    life.fail(life.refund(life.charge(5000), 1200))
    assert types(client.v1.events.list({"types": HINTS})) == [
        "charge.refund.updated",
        "refund.updated",
        "refund.created",
    ]


def test_events_need_their_own_permission(fake: FakeStripe, life: StripeLife) -> None:
    fake.keys["rk_test_some"] = {"rak_charge_read"}
    client = client_of(fake, "rk_test_some")
    assert ids(client.v1.charges.list({})) == []
    with pytest.raises(stripe_python.PermissionError, match="Having the 'rak_event_read' permission"):
        client.v1.events.list({})
    fake.keys["rk_test_some"] = {"rak_event_read"}
    assert client.v1.events.list({}).data == []
