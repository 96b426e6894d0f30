"""Writing to the stand-in for Stripe: refunds, metadata, cancellation, Stripe's refusals, idempotency keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe as stripe_python
from fake_account import NOON, client_of, error_code, event_types
from vendors.fake_stripe import FakeStripe
from vendors.stripe_account import DAY, small_account
from vendors.stripe_life import StripeLife


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


def key(name: str) -> dict[str, str]:
    return {"idempotency_key": name}


def test_a_refund_is_made_by_charge_or_by_payment_intent(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    life.advance(60)
    made = client.v1.refunds.create(
        {"charge": charge["id"], "amount": 1200, "reason": "duplicate", "metadata": {"ticket": "7"}}
    )
    assert (made.amount, made.status, made.reason, made.created) == (
        1200,
        "succeeded",
        "duplicate",
        NOON + 60,
    )
    assert made.metadata["ticket"] == "7"
    expand = ["balance_transaction", "charge"]
    rest = client.v1.refunds.create({"payment_intent": charge["payment_intent"], "expand": expand})
    assert (rest.amount, rest.balance_transaction.net, rest.charge.refunded) == (3800, -3800, True)
    created = client.v1.events.list({"type": "refund.created"}).data
    assert [one.request.id for one in created] == [
        rest.last_response.request_id,
        made.last_response.request_id,
    ]
    assert created[0].request.idempotency_key == rest.last_response.headers["Idempotency-Key"]
    life.check()


def test_refunds_that_cannot_be_are_refused_in_stripes_words(life: StripeLife, client: Any) -> None:
    charge, other, contested = life.charge(1000), life.charge(1000), life.charge(1000)
    life.refund(charge, 500)
    life.refund(other)
    life.dispute(contested)
    cases: list[tuple[dict[str, Any], str, str | None, int]] = [
        (
            {"charge": charge["id"], "amount": 600},
            "Refund amount ($6.00) is greater than unrefunded amount on charge ($5.00)",
            None,
            400,
        ),
        (
            {"charge": charge["id"], "amount": 1100},
            "Refund amount ($11.00) is greater than charge amount ($10.00)",
            None,
            400,
        ),
        (
            {"charge": other["id"]},
            f"Charge {other['id']} has already been refunded.",
            "charge_already_refunded",
            400,
        ),
        (
            {"charge": contested["id"]},
            f"Charge {contested['id']} has been charged back; cannot issue a refund.",
            "charge_disputed",
            400,
        ),
        (
            {"charge": charge["id"], "amount": 0},
            "This value must be greater than or equal to 1.",
            "parameter_invalid_integer",
            400,
        ),
        ({"charge": charge["id"], "amount": "ten"}, "Invalid integer: ten", "parameter_invalid_integer", 400),
        ({"charge": charge["id"], "total": 5}, "Received unknown parameter: total", "parameter_unknown", 400),
        ({"charge": "ch_nobody"}, "No such charge: 'ch_nobody'", "resource_missing", 404),
        ({"payment_intent": "pi_no"}, "No such payment intent: 'pi_no'", "resource_missing", 404),
        ({"amount": 5}, "One of the following params should be provided", "parameter_missing", 400),
        ({"charge": charge["id"], "reason": "spite"}, "Invalid reason", None, 400),
    ]
    for parameters, words, code, status in cases:
        with pytest.raises(stripe_python.InvalidRequestError) as caught:
            client.v1.refunds.create(parameters)
        assert (caught.value.user_message or "").startswith(words)
        assert (caught.value.code, caught.value.http_status) == (code, status)
    assert len(client.v1.refunds.list({}).data) == 2


def test_minor_units_are_spelled_by_currency(life: StripeLife, client: Any) -> None:
    yen = life.charge(500, currency="jpy", rate=6_400)
    dinar = life.charge(1500, currency="kwd", rate=325_000)
    for charge, words in ((yen, r"¥600\) .* \(¥500"), (dinar, r"1.510 KWD\) .* \(1.500 KWD")):
        amount = 600 if charge is yen else 1510
        with pytest.raises(stripe_python.InvalidRequestError, match=words):
            client.v1.refunds.create({"charge": charge["id"], "amount": amount})


def test_what_was_put_can_be_refunded_too(fake: FakeStripe, life: StripeLife, client: Any) -> None:
    for one in small_account():
        fake.put(one)
    made = client.v1.refunds.create({"charge": "ch_shop", "amount": 3500})
    assert made.payment_intent == "pi_shop"
    assert client.v1.charges.retrieve("ch_shop").amount_refunded == 5000
    for charge_id, code in (("ch_shop", "charge_already_refunded"), ("ch_odd", "charge_disputed")):
        with pytest.raises(stripe_python.InvalidRequestError) as caught:
            client.v1.refunds.create({"charge": charge_id})
        assert caught.value.code == code


def test_metadata_is_added_unset_and_limited(life: StripeLife, client: Any) -> None:
    refund = life.refund(life.charge(5000), 1200, metadata={"a": "1", "b": "2"})
    before = len(life.shelf.index("event"))
    changed = client.v1.refunds.update(refund["id"], {"metadata": {"b": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"a": "1", "c": "3"}
    assert len(life.shelf.index("event")) == before + 2
    client.v1.refunds.update(refund["id"], {"metadata": {"c": "3"}})
    assert len(life.shelf.index("event")) == before + 2
    newest = client.v1.events.list({"type": "refund.updated"}).data[0]
    assert newest.data.previous_attributes.to_dict() == {"metadata": {"a": "1", "b": "2"}}
    for wrong in ({"k" * 41: "x"}, {"x": "v" * 501}, {str(place): "x" for place in range(51)}):
        with pytest.raises(stripe_python.InvalidRequestError, match="can have up to"):
            client.v1.refunds.update(refund["id"], {"metadata": wrong})
    with pytest.raises(stripe_python.InvalidRequestError, match="unknown parameter: amount"):
        client.v1.refunds.update(refund["id"], {"amount": 5})
    with pytest.raises(stripe_python.InvalidRequestError, match="No such refund") as caught:
        client.v1.refunds.update("re_nobody", {"metadata": {"a": "1"}})
    assert caught.value.http_status == 404
    assert client.v1.refunds.update(refund["id"], {"metadata": ""}).metadata.to_dict() == {}


def test_only_what_waits_for_the_customer_can_be_canceled(life: StripeLife, client: Any) -> None:
    waiting = life.refund(life.charge(3900, currency="jpy", method="konbini", rate=6_400))
    done = life.refund(life.charge(5000), 1200)
    assert client.v1.refunds.cancel(waiting["id"]).status == "canceled"
    assert event_types(life, waiting["id"])[-1] == "charge.refund.updated"
    for refund in (waiting, done):
        with pytest.raises(stripe_python.InvalidRequestError, match="cannot be canceled"):
            client.v1.refunds.cancel(refund["id"])


def test_writing_needs_its_own_permission(fake: FakeStripe, life: StripeLife) -> None:
    charge = life.charge(5000)
    fake.keys["rk_test_some"] = {"rak_charge_read"}
    client = client_of(fake, "rk_test_some")
    writes: list[Callable[[], Any]] = [
        lambda: client.v1.refunds.create({"charge": charge["id"]}),
        lambda: client.v1.refunds.update("re_1", {"metadata": {"a": "1"}}),
    ]
    for write in writes:
        with pytest.raises(stripe_python.PermissionError, match="Having the 'rak_charge_write' permission"):
            write()
    fake.keys["rk_test_some"] = {"rak_charge_write"}
    assert client.v1.refunds.create({"charge": charge["id"]}).status == "succeeded"
    # Who may write may read.
    assert len(client.v1.refunds.list({}).data) == 1
    with pytest.raises(stripe_python.PermissionError, match="rak_dispute_read"):
        client.v1.disputes.list({})


# ---------------------------------------------------------------------------------------------- idempotency


def test_the_same_key_makes_one_refund(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    asked = {"charge": charge["id"], "amount": 1000}
    first = client.v1.refunds.create(asked, key("k1"))
    again = client.v1.refunds.create(asked, key("k1"))
    assert again.id == first.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    assert client.v1.refunds.create(asked, key("k2")).id != first.id
    assert charge["amount_refunded"] == 2000
    # The answer is that of then: it does not follow the object.
    life.fail(life.shelf[first.id])
    assert client.v1.refunds.create(asked, key("k1")).status == "succeeded"


def test_the_same_key_with_another_request_is_refused(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    refund = client.v1.refunds.create({"charge": charge["id"], "amount": 1000}, key("k1"))
    writes: list[Callable[[], Any]] = [
        lambda: client.v1.refunds.create({"charge": charge["id"], "amount": 1001}, key("k1")),
        lambda: client.v1.refunds.update(refund.id, {"metadata": {"a": "1"}}, key("k1")),
    ]
    for write in writes:
        with pytest.raises(stripe_python.IdempotencyError, match="same parameters") as caught:
            write()
        assert caught.value.http_status == 400
    with pytest.raises(stripe_python.InvalidRequestError, match="up to 255 characters"):
        client.v1.refunds.create({"charge": charge["id"]}, key("k" * 256))


def test_a_key_is_forgotten_after_a_day(life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    asked = {"charge": charge["id"], "amount": 1000}
    first = client.v1.refunds.create(asked, key("k1"))
    life.advance(DAY - 1)
    assert client.v1.refunds.create(asked, key("k1")).id == first.id
    life.advance(1)
    assert client.v1.refunds.create(asked, key("k1")).id != first.id


def test_a_refusal_is_kept_where_the_request_was_carried_out(life: StripeLife, client: Any) -> None:
    charge = life.charge(1000)
    refund = life.refund(charge)
    with pytest.raises(stripe_python.InvalidRequestError, match="already been refunded"):
        client.v1.refunds.create({"charge": charge["id"]}, key("k1"))
    with pytest.raises(stripe_python.InvalidRequestError, match="unknown parameter"):
        client.v1.refunds.create({"charge": charge["id"], "total": 1}, key("k2"))
    life.fail(refund)
    with pytest.raises(stripe_python.InvalidRequestError, match="already been refunded") as caught:
        client.v1.refunds.create({"charge": charge["id"]}, key("k1"))
    assert (caught.value.headers or {})["Idempotent-Replayed"] == "true"
    assert client.v1.refunds.create({"charge": charge["id"]}, key("k2")).amount == 1000


@pytest.mark.parametrize("stored", [True, False])
def test_an_error_after_the_write_is_kept_where_it_is_stripes_own(
    fake: FakeStripe, life: StripeLife, stored: bool
) -> None:
    refund = life.refund(life.charge(5000), 1200)
    client = client_of(fake)
    fault = fake.inject("after", "/v1/refunds", method="POST", status=500, stored=stored)
    with pytest.raises(stripe_python.APIError) as caught:
        client.v1.refunds.update(refund["id"], {"metadata": {"document": "CN-1"}}, key("k1"))
    assert (caught.value.http_status, fault.times) == (500, 0)
    assert refund["metadata"] == {"document": "CN-1"}
    events = len(life.shelf.index("event"))
    if stored:
        with pytest.raises(stripe_python.APIError) as caught:
            client.v1.refunds.update(refund["id"], {"metadata": {"document": "CN-1"}}, key("k1"))
        assert (caught.value.headers or {})["Idempotent-Replayed"] == "true"
    else:
        again = client.v1.refunds.update(refund["id"], {"metadata": {"document": "CN-1"}}, key("k1"))
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(life.shelf.index("event")) == events


def test_a_lost_answer_and_a_repeated_request_make_one_refund(fake: FakeStripe, life: StripeLife) -> None:
    charge = life.charge(5000)
    fake.inject("close", "/v1/refunds", method="POST")
    made = client_of(fake, retries=1).v1.refunds.create({"charge": charge["id"], "amount": 1000})
    assert made.last_response.headers["Idempotent-Replayed"] == "true"
    assert charge["amount_refunded"] == 1000
    assert [request.method for request in fake.requests] == ["POST", "POST"]


def test_two_requests_at_once_with_one_key_conflict(fake: FakeStripe, life: StripeLife, client: Any) -> None:
    charge = life.charge(5000)
    asked = {"charge": charge["id"], "amount": 1000}
    fake.inject("slow", "/v1/refunds", method="POST", seconds=1)
    first = threading.Thread(target=client.v1.refunds.create, args=(asked, key("k1")))
    first.start()
    limit = time.monotonic() + 5
    while fake.faults[0].times and time.monotonic() < limit:
        time.sleep(0.01)
    with pytest.raises(stripe_python.APIError) as caught:
        client.v1.refunds.create(asked, key("k1"))
    assert (caught.value.http_status, error_code(caught.value)) == (409, "idempotency_key_in_use")
    first.join()
    assert client.v1.refunds.create(asked, key("k1")).amount == charge["amount_refunded"] == 1000
