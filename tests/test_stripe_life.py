"""What happens in an account of the stand-in for Stripe: payments, disputes, time, as the real client reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_account import NOON, client_of, event_types, ids, movements
from vendors.fake_stripe import FakeStripe
from vendors.stripe_account import DAY
from vendors.stripe_errors import Refused
from vendors.stripe_life import PRE_BASIL, StripeLife


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


# ---------------------------------------------------------------------------------------------- payments


def test_a_card_payment_settles_at_once_and_its_funds_come_later(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000, customer=life.customer("Ada"), description="Order 1", metadata={"order": "1"})
    read = client.v1.charges.retrieve(charge["id"], {"expand": ["balance_transaction", "payment_intent"]})
    assert (read.status, read.captured, read.amount_captured, read.refunded) == (
        "succeeded",
        True,
        5000,
        False,
    )
    assert (read.payment_intent.latest_charge, read.payment_intent.status) == (charge["id"], "succeeded")
    booked = read.balance_transaction
    assert (booked.amount, booked.fee, booked.net, booked.status) == (5000, 175, 4825, "pending")
    life.advance(days=3)
    assert client.v1.balance_transactions.retrieve(booked.id).status == "available"
    assert event_types(life)[1:] == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    first = client.v1.events.list({"type": "payment_intent.created"}).data[0].data.object
    assert (first.status, first.latest_charge, first.amount_received) == ("requires_payment_method", None, 0)
    for object_id, prefix in (
        (charge["id"], "ch_3T"),
        (booked.id, "txn_3T"),
        (read.payment_intent.id, "pi_3T"),
    ):
        assert object_id.startswith(prefix)
        assert len(object_id) == len(prefix) + 22
        assert object_id[len(prefix) - 2 :][:16] == charge["id"][3:19]


def test_a_declined_card_moves_nothing_and_may_be_followed_by_another(life: StripeLife, client: Any) -> None:
    declined = life.decline(5000)
    intent = life.intent_of(declined)
    assert (declined["status"], declined["balance_transaction"]) == ("failed", None)
    assert intent["status"] == "requires_payment_method"
    assert intent["last_payment_error"]["code"] == "card_declined"
    paid = life.charge(5000, method="mastercard", intent=intent)
    assert client.v1.payment_intents.retrieve(intent["id"]).latest_charge == paid["id"]
    assert ids(client.v1.charges.list({"payment_intent": intent["id"]})) == [paid["id"], declined["id"]]
    with pytest.raises(Refused, match="cannot be refunded"):
        life.refund(declined)


def test_a_debit_is_pending_until_it_settles(life: StripeLife, client: Any) -> None:
    debit = life.charge(5000, method="us_bank_account")
    assert (debit["id"][:3], debit["status"], debit["balance_transaction"]) == ("py_", "pending", None)
    waiting = life.refund(debit, 1200)
    assert (waiting["id"][:4], waiting["pending_reason"], waiting["balance_transaction"]) == (
        "pyr_",
        "charge_pending",
        None,
    )
    life.advance(days=4)
    life.settle(debit)
    assert (debit["status"], life.intent_of(debit)["status"]) == ("succeeded", "succeeded")
    assert movements(client, debit["id"]) == [("payment", "charge", 5000, 175)]
    assert (waiting["status"], waiting["pending_reason"]) == ("pending", "processing")
    assert movements(client, waiting["id"]) == [("payment_refund", "refund", -1200, 0)]
    booked = client.v1.balance_transactions.retrieve(waiting["balance_transaction"])
    assert (booked.created, booked.description) == (NOON + 4 * DAY, "REFUND FOR PAYMENT")
    life.succeed(waiting)
    assert "pending_reason" not in client.v1.refunds.retrieve(waiting["id"]).to_dict()
    assert event_types(life, debit["id"]) == ["charge.pending", "charge.refunded", "charge.succeeded"]


def test_a_debit_that_bounces_cancels_the_refunds_that_waited_for_it(life: StripeLife, client: Any) -> None:
    early, late = life.charge(5000, method="us_bank_account"), life.charge(700, method="us_bank_account")
    waiting = life.refund(early, 1200)
    life.settle(late)
    life.advance(days=4)
    life.bounce(early)
    assert (waiting["status"], waiting["failure_reason"]) == ("canceled", "unknown")
    assert movements(client, early["id"]) == movements(client, waiting["id"]) == []
    life.bounce(late)
    assert movements(client, late["id"])[1] == ("payment_failure_refund", "charge_failure", -700, 0)
    read = client.v1.charges.retrieve(late["id"], {"expand": ["failure_balance_transaction"]})
    assert (read.status, read.failure_balance_transaction.amount) == ("failed", -700)
    assert event_types(life, late["id"]) == ["charge.pending", "charge.succeeded", "charge.failed"]


def test_since_basil_the_rest_of_a_capture_is_no_refund(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000, captured=False)
    assert (charge["amount_captured"], charge["balance_transaction"]) == (0, None)
    assert life.intent_of(charge)["status"] == "requires_capture"
    with pytest.raises(Refused, match="is not captured"):
        life.refund(charge)
    assert life.capture(charge, 3000) is None
    read = client.v1.charges.retrieve(charge["id"])
    assert (read.amount_captured, read.amount_refunded, read.refunded) == (3000, 0, False)
    assert movements(client, charge["id"]) == [("charge", "charge", 3000, 117)]
    assert client.v1.refunds.list({}).data == []
    assert event_types(life, charge["id"]) == ["charge.succeeded", "charge.captured"]
    life.refund(charge)
    assert (charge["amount_refunded"], charge["refunded"]) == (3000, True)


def test_before_basil_the_rest_of_a_capture_was_a_refund(life: StripeLife, client: Any) -> None:
    life.api_version = PRE_BASIL
    charge = life.charge(5000, captured=False)
    life.advance(days=1)
    released = life.capture(charge, 3000)
    assert released is not None
    assert movements(client, charge["id"]) == [("charge", "charge", 5000, 175)]
    assert movements(client, released["id"]) == [("refund", "partial_capture_reversal", -2000, 0)]
    read = client.v1.refunds.list({"charge": charge["id"]}).data[0]
    assert (read.amount, read.reason, read.status) == (2000, "expired_uncaptured_charge", "succeeded")
    assert (charge["amount_captured"], charge["amount_refunded"], charge["refunded"]) == (3000, 2000, False)
    assert "charge.refunded" in event_types(life, charge["id"])
    with pytest.raises(Refused, match=r"Refund amount \(\$30.01\) is greater than charge amount \(\$30.00\)"):
        life.refund(charge, 3001)
    life.refund(charge, 3000)
    assert (charge["amount_refunded"], charge["refunded"]) == (5000, True)


@pytest.mark.parametrize("version", [None, PRE_BASIL])
def test_an_authorisation_may_end_uncaptured(life: StripeLife, client: Any, version: str | None) -> None:
    life.api_version = version or life.api_version
    charge = life.charge(5000, captured=False)
    life.advance(days=7)
    refund = life.release(charge)
    assert life.intent_of(charge)["status"] == "canceled"
    assert event_types(life, charge["id"])[-1] == "charge.expired"
    if version is None:
        assert (refund, charge["refunded"]) == (None, False)
    else:
        assert refund is not None
        assert (refund["amount"], refund["balance_transaction"], charge["refunded"]) == (5000, None, True)
    assert client.v1.balance_transactions.list({}).data == []
    for again in (life.release, life.capture):
        with pytest.raises(ValueError, match="is not to"):
            again(charge)
    life.check()


# ---------------------------------------------------------------------------------------------- disputes


@pytest.mark.parametrize("fee_back", [True, False])
def test_a_dispute_takes_the_money_and_winning_brings_it_back(
    life: StripeLife, client: Any, fee_back: bool
) -> None:
    charge = life.charge(5000)
    life.refund(charge, 1000)
    dispute = life.dispute(charge)
    assert (dispute["amount"], charge["disputed"], dispute["is_charge_refundable"]) == (4000, True, False)
    assert movements(client, dispute["id"]) == [("adjustment", "dispute", -4000, 1500)]
    with pytest.raises(Refused, match="charged back"):
        life.refund(charge)
    life.advance(days=3)
    life.submit_evidence(dispute)
    life.advance(days=20)
    life.close_dispute(dispute, won=True, fee_back=fee_back)
    read = client.v1.disputes.list({"charge": charge["id"]}).data[0]
    assert (read.status, [one.net for one in read.balance_transactions]) == (
        "won",
        [-5500, 5500 if fee_back else 4000],
    )
    assert event_types(life, dispute["id"]) == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    assert len(client.v1.refunds.list({}).data) == 1
    life.refund(charge, 4000)


def test_a_lost_dispute_keeps_the_money_and_the_charge_closed(life: StripeLife, client: Any) -> None:
    life.rates["cad"] = 735_829
    charge = life.charge(6800, currency="cad")
    dispute = life.dispute(charge, prefix="du")
    life.close_dispute(dispute, won=False)
    assert (dispute["id"][:3], dispute["status"]) == ("du_", "lost")
    assert movements(client, dispute["id"]) == [("adjustment", "dispute", -5004, 1500)]
    with pytest.raises(Refused, match="charged back"):
        life.refund(charge)
    with pytest.raises(ValueError, match="is closed"):
        life.close_dispute(dispute, won=True)


def test_an_inquiry_moves_nothing_until_it_escalates(life: StripeLife, client: Any) -> None:
    first, second = life.charge(5000), life.charge(800)
    asked, escalated = life.dispute(first, inquiry=True), life.dispute(second, inquiry=True)
    assert client.v1.disputes.retrieve(asked["id"]).status == "warning_needs_response"
    life.refund(first, 5000)
    life.close_dispute(asked, won=True)
    assert (asked["status"], movements(client, asked["id"])) == ("warning_closed", [])
    life.escalate(escalated)
    assert movements(client, escalated["id"]) == [("adjustment", "dispute", -800, 1500)]


# ---------------------------------------------------------------------------------------------- time


def test_what_is_planned_happens_at_its_second(fake: FakeStripe, life: StripeLife, client: Any) -> None:
    refund = life.refund(life.charge(5000))
    life.in_time(lambda: life.fail(refund), days=5)
    life.in_time(lambda: life.reference_arrives(refund), days=2)
    life.in_time(lambda: life.charge(700), days=9)
    assert life.advance(days=6) == fake.now == NOON + 6 * DAY
    events = client.v1.events.list({"type": "refund.*", "created": {"gt": NOON}}).data[::-1]
    assert [(one.created - NOON) // DAY for one in events] == [2, 5, 5]
    assert len(client.v1.charges.list({}).data) == 1


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_a_month_of_life_adds_up_and_is_the_same_again(seed: str) -> None:
    accounts = []
    for _ in range(2):
        fake = FakeStripe(NOON)
        life = StripeLife(fake, seed)
        life.live(30)
        assert fake.now == NOON + 30 * DAY
        life.advance(days=45)
        life.check()
        accounts.append(dict(life.shelf))
    assert accounts[0] == accounts[1]
    kinds = {one["object"] for one in accounts[0].values()}
    assert {"refund", "dispute", "invoice", "checkout.session", "credit_note", "event"} <= kinds
    statuses = {one["status"] for one in accounts[0].values() if one["object"] == "refund"}
    assert {"succeeded", "failed", "canceled"} <= statuses
