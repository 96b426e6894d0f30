"""Refunds in an account of the stand-in for Stripe, to their last state, as the real client reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_account import NOON, client_of, event_types, movements
from vendors.fake_stripe import FakeStripe
from vendors.stripe_account import DAY
from vendors.stripe_errors import Refused
from vendors.stripe_life import StripeLife


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe(NOON) as one:
        yield one


@pytest.fixture
def life(fake: FakeStripe) -> Iterator[StripeLife]:
    """Whatever a test makes happen, the account adds up in the end."""
    made = StripeLife(fake)
    yield made
    made.check()


@pytest.fixture
def client(fake: FakeStripe) -> Any:
    return client_of(fake)


def test_a_refund_succeeds_gets_its_number_and_fails_on_day_29(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000, description="Order 1")
    life.advance(days=1)
    refund = life.refund(charge, 1200, reason="requested_by_customer")
    assert client.v1.balance_transactions.retrieve(refund["balance_transaction"]).description == (
        "REFUND FOR CHARGE (Order 1)"
    )
    card = client.v1.refunds.retrieve(refund["id"]).destination_details.card
    assert (card.reference_status, card.type) == ("pending", "refund")
    life.advance(days=7)
    life.reference_arrives(refund)
    card = client.v1.refunds.retrieve(refund["id"]).destination_details.card
    assert (card.reference_status, len(card.reference)) == ("available", 23)
    assert (refund["status"], charge["amount_refunded"]) == ("succeeded", 1200)
    life.advance(days=22)
    life.fail(refund)
    read = client.v1.refunds.retrieve(refund["id"], {"expand": ["failure_balance_transaction"]})
    assert (read.status, read.failure_reason, read.created) == ("failed", "lost_or_stolen_card", NOON + DAY)
    assert read.failure_balance_transaction.created == NOON + 30 * DAY
    assert movements(client, refund["id"]) == [
        ("refund", "refund", -1200, 0),
        ("refund_failure", "refund_failure", 1200, 0),
    ]
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert event_types(life, refund["id"]) == [
        "refund.created",
        "refund.updated",
        "charge.refund.updated",
        "refund.updated",
        "refund.failed",
        "charge.refund.updated",
    ]
    again = life.refund(charge)
    assert (again["amount"], charge["refunded"]) == (5000, True)
    with pytest.raises(ValueError, match="cannot fail any more"):
        life.fail(refund)


def test_a_refund_cannot_fail_after_thirty_days(life: StripeLife) -> None:
    refund = life.refund(life.charge(5000))
    life.advance(30 * DAY + 1)
    with pytest.raises(ValueError, match="over 30 days ago"):
        life.fail(refund)


def test_an_older_failure_is_booked_as_an_adjustment(life: StripeLife, client: Any) -> None:
    refund = life.refund(life.charge(5000), 100)
    life.fail(refund, "declined", kind="adjustment")
    assert movements(client, refund["id"])[1] == ("adjustment", "refund_failure", 100, 0)


def test_a_refund_without_funds_waits_off_the_balance_and_fails(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    refund = life.refund(charge, 1200, pending_reason="insufficient_funds")
    assert (refund["status"], refund["balance_transaction"]) == ("pending", None)
    assert charge["amount_refunded"] == 1200
    life.advance(days=20)
    life.fail(refund, "insufficient_funds")
    assert movements(client, refund["id"]) == []
    assert "failure_balance_transaction" not in client.v1.refunds.retrieve(refund["id"]).to_dict()
    assert charge["amount_refunded"] == 0


def test_the_customer_answers_or_does_not(life: StripeLife, client: Any) -> None:
    life.rates["jpy"] = 640_000
    answered, silent = (life.refund(life.charge(3900, currency="jpy", method="konbini")) for _ in range(2))
    read = client.v1.refunds.retrieve(silent["id"])
    assert (read.status, read.balance_transaction) == ("requires_action", None)
    assert read.next_action.display_details.expires_at == NOON + 45 * DAY
    life.customer_answers(answered)
    assert (answered["status"], answered["pending_reason"]) == ("pending", "processing")
    assert movements(client, answered["id"]) == [("payment_refund", "refund", -2496, 0)]
    life.succeed(answered)
    life.reference_arrives(answered, "JP-1")
    bank = client.v1.refunds.retrieve(answered["id"]).destination_details.jp_bank_transfer
    assert (bank.reference, bank.reference_status) == ("JP-1", "available")
    life.advance(days=45)
    life.cancel(silent, "unknown")
    assert (silent["status"], movements(client, silent["id"])) == ("canceled", [])
    assert "next_action" not in silent


def test_a_refund_called_off_brings_the_money_back(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    refund = life.refund(charge)
    life.cancel(refund)
    assert (refund["status"], refund["failure_reason"], charge["refunded"]) == (
        "canceled",
        "merchant_request",
        False,
    )
    assert movements(client, refund["id"])[1] == ("refund_failure", "refund_failure", 5000, 0)
    assert "refund.failed" not in event_types(life, refund["id"])


def test_the_fee_may_come_back_in_part_or_a_refund_may_cost_one(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000, fee=175)
    back = life.refund(charge, 2000, fee="back")
    charged = life.refund(charge, 1000, fee="charged")
    assert movements(client, back["id"]) == [("refund", "refund", -2000, -70)]
    assert movements(client, charged["id"]) == [("refund", "refund", -1000, 40)]
    booked = client.v1.balance_transactions.retrieve(back["balance_transaction"])
    assert (booked.net, booked.fee_details[0].description) == (-1930, "Stripe processing fee refund")


def test_a_refund_is_converted_at_the_rate_of_its_own_day(life: StripeLife, client: Any) -> None:
    charge = life.charge(200, settled_in="krw", rate=13_213_600)
    life.advance(days=10)
    refund = life.refund(charge, rate=13_483_300)
    assert [one[2] for one in (*movements(client, charge["id"]), *movements(client, refund["id"]))] == [
        2643,
        -2697,
    ]
    booked = client.v1.balance_transactions.retrieve(refund["balance_transaction"])
    assert (booked.currency, str(booked.exchange_rate)) == ("krw", "13.4833")
    life.fail(refund)
    assert movements(client, refund["id"])[1][2] == 2697
    other = life.refund(charge, rate=13_000_000)
    life.fail(other, rate=14_000_000)
    assert [one[2] for one in movements(client, other["id"])] == [-2600, 2800]


def test_parts_of_a_converted_refund_need_not_make_the_whole(life: StripeLife, client: Any) -> None:
    life.rates["cad"] = 671_500
    charge = life.charge(2000, currency="cad")
    parts = [life.refund(charge, 1001), life.refund(charge, 999)]
    moved = [movements(client, part["id"])[0][2] for part in parts]
    assert moved == [-672, -671]
    with pytest.raises(ValueError, match="no exchange rate from chf"):
        life.charge(100, currency="chf")


def test_what_stripe_cannot_do_does_not_happen(life: StripeLife) -> None:
    charge = life.charge(1000)
    refund = life.refund(charge)
    for act in (life.succeed, life.customer_answers):
        with pytest.raises(ValueError, match="re_"):
            act(refund)
    with pytest.raises(Refused, match="already been refunded"):
        life.refund(charge)
    with pytest.raises(ValueError, match="not to capture"):
        life.capture(charge)
    with pytest.raises(ValueError, match="does not go back"):
        life.advance(-1)
    with pytest.raises(ValueError, match="lives by the clock"):
        StripeLife(FakeStripe())


def test_an_account_that_does_not_add_up_is_noticed(fake: FakeStripe, life: StripeLife) -> None:
    charge = life.charge(1000)
    refund = life.refund(charge, 400)
    for object_id, wrong, right in (
        (charge["id"], {"refunded": True}, {"refunded": False}),
        (refund["id"], {"amount": 1001}, {"amount": 400}),
        (refund["balance_transaction"], {"amount": -399}, {"amount": -400}),
    ):
        fake.change(object_id, **wrong)
        with pytest.raises(AssertionError, match="_3T"):
            life.check()
        fake.change(object_id, **right)
