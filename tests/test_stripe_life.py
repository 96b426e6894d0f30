"""What happens in an account of the stand-in for Stripe: payments, refunds, disputes, as the real client reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_account import NOON, client_of, event_types, ids
from vendors.fake_stripe import FakeStripe
from vendors.stripe_account import DAY
from vendors.stripe_errors import Refused
from vendors.stripe_life import PRE_BASIL, StripeLife

MONEY = ["balance_transaction"]


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


def movements(client: Any, source: str) -> list[tuple[str, str, int, int]]:
    """Type, category, amount and fee of an object's balance transactions, the oldest first."""
    listed = client.v1.balance_transactions.list({"source": source}).data[::-1]
    return [(one.type, one.reporting_category, one.amount, one.fee) for one in listed]


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


# ---------------------------------------------------------------------------------------------- refunds


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
