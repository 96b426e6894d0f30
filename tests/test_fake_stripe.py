"""The stand-in for Stripe is as strict as Stripe: asked through the real client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import requests
import stripe as stripe_python
from fake_account import client_of, error_code, ids
from vendors.fake_stripe import KEY, FakeStripe, Rates
from vendors.stripe_account import DAY, NOON, invoice, invoice_payment, refund, small_account
from vendors.stripe_errors import Refused
from vendors.stripe_life import StripeLife
from vendors.stripe_shelf import Place, Shelf


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe(NOON + 10 * DAY) as one:
        for stripe_object in small_account():
            one.put(stripe_object)
        yield one


@pytest.fixture
def client(fake: FakeStripe) -> Any:
    return client_of(fake)


def test_lists_are_newest_first_and_paged_by_id(fake: FakeStripe, client: Any) -> None:
    assert ids(client.v1.refunds.list({})) == ["re_old", "pyr_bill", "re_shop2", "re_shop1"]
    for refund_id in ("re_a", "re_b"):
        for one in refund(refund_id, "shop", NOON + 5 * DAY):
            fake.put(one)
    page = client.v1.refunds.list({"limit": 2})
    assert (ids(page), page.has_more) == (["re_b", "re_a"], True)
    page = client.v1.refunds.list({"limit": 4, "starting_after": "re_a"})
    assert (ids(page), page.has_more) == (["re_old", "pyr_bill", "re_shop2", "re_shop1"], False)
    page = client.v1.refunds.list({"limit": 1, "ending_before": "re_old"})
    assert (ids(page), page.has_more) == (["re_a"], True)
    assert len(list(client.v1.refunds.list({"limit": 1}).auto_paging_iter())) == 6
    fake.page_size = 2
    page = client.v1.refunds.list({"limit": 100})
    assert (ids(page), page.has_more) == (["re_b", "re_a"], True)
    assert len(list(page.auto_paging_iter())) == 6


def test_lists_are_filtered(fake: FakeStripe, client: Any) -> None:
    second = NOON + 3 * DAY
    for bounds, expected in (
        ({"gte": second, "lte": second}, ["re_shop2"]),
        ({"gt": second}, ["re_old", "pyr_bill"]),
        ({"lt": second}, ["re_shop1"]),
        (second, ["re_shop2"]),
    ):
        assert ids(client.v1.refunds.list({"created": bounds})) == expected
    assert ids(client.v1.refunds.list({"charge": "ch_bill"})) == ["pyr_bill"]
    assert ids(client.v1.checkout.sessions.list({"payment_intent": "pi_shop", "status": "open"})) == []
    payment = {"type": "payment_intent", "payment_intent": "pi_bill"}
    assert ids(client.v1.invoice_payments.list({"payment": payment})) == ["inpay_bill_bill"]
    assert ids(client.v1.products.list({"ids": ["prod_2", "prod_9"]})) == ["prod_2"]


def test_what_is_not_expanded_is_not_there(client: Any) -> None:
    charge = client.v1.charges.retrieve("ch_shop").to_dict()
    assert "refunds" not in charge
    assert charge["balance_transaction"] == "txn_shop"
    charge = client.v1.charges.retrieve("ch_shop", {"expand": ["refunds.data.balance_transaction"]}).to_dict()
    assert [one["balance_transaction"]["amount"] for one in charge["refunds"]["data"]] == [-500, -1000]
    assert "line_items" not in client.v1.checkout.sessions.list({}).data[0].to_dict()
    deep = client.v1.refunds.list({"expand": ["data.charge.payment_intent.customer"]}).data[0]
    assert deep.charge.payment_intent.customer.name == "Ada Alm"


def test_what_is_put_again_keeps_its_place_and_moves_in_lists(fake: FakeStripe, client: Any) -> None:
    for refund_id in ("re_a", "re_b"):
        for one in refund(refund_id, "shop", NOON + 5 * DAY):
            fake.put(one)
    fake.put({**refund("re_a", "shop", NOON + 5 * DAY)[1], "charge": "ch_old", "amount": 7})
    assert ids(client.v1.refunds.list({"limit": 2})) == ["re_b", "re_a"]
    assert ids(client.v1.refunds.list({"charge": "ch_old"})) == ["re_a", "re_old"]
    fake.change("re_b", charge="ch_old", created=NOON + 6 * DAY)
    assert ids(client.v1.refunds.list({"charge": "ch_shop"})) == ["re_shop2", "re_shop1"]
    assert ids(client.v1.refunds.list({"created": {"gt": NOON + 5 * DAY}})) == ["re_b"]
    del fake.accounts[None]["re_b"]
    assert ids(client.v1.refunds.list({"charge": "ch_old"})) == ["re_a", "re_old"]


def test_embedded_lists_hold_ten(fake: FakeStripe, client: Any) -> None:
    fake.put(invoice("long", NOON, [1] * 12))
    fake.put(invoice_payment("long", "shop", NOON, 12))
    payment = client.v1.invoice_payments.list(
        {"invoice": "in_long", "expand": ["data.invoice.payments"]}
    ).data[0]
    assert (len(payment.invoice.lines.data), payment.invoice.lines.has_more) == (10, True)
    assert [one.id for one in payment.invoice.payments.data] == ["inpay_long_shop"]
    assert len(client.v1.invoices.line_items.list("in_long", {"limit": 100}).data) == 12


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"limit": 101}, "between 1 and 100"),
        ({"limit": 0}, "between 1 and 100"),
        ({"limit": "ten"}, "Invalid integer"),
        ({"created": {"gte": "soon"}}, "Invalid integer"),
        ({"created": {"since": 1}}, "unknown parameter"),
        ({"starting_after": "re_nobody"}, "No such refund"),
        ({"starting_after": "ch_shop"}, "No such refund"),
        ({"starting_after": "re_old", "ending_before": "re_old"}, "only specify one"),
        ({"status": "failed"}, "unknown parameter"),
        ({"expand": ["charge"]}, "may want to expand data.charge"),
        ({"expand": ["data.charges"]}, "cannot be expanded"),
        ({"expand": ["data.charge.amount"]}, "cannot be expanded"),
        ({"expand": ["data.charge.payment_intent.latest_charge.customer"]}, "more than 4 levels"),
        ({"expand": ["data"]}, "cannot be expanded"),
    ],
)
def test_a_wrong_list_request_is_refused(client: Any, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(stripe_python.InvalidRequestError, match=words) as caught:
        client.v1.refunds.list(parameters)
    assert caught.value.http_status == 400
    assert caught.value.request_id is not None


def test_what_is_not_there_is_404_and_nothing_can_be_written(client: Any) -> None:
    with pytest.raises(stripe_python.InvalidRequestError, match="No such charge: 're_old'") as caught:
        client.v1.charges.retrieve("re_old")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    with pytest.raises(stripe_python.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.refunds.create({"charge": "ch_shop"})


def test_keys_and_headers_are_needed(fake: FakeStripe) -> None:
    address = f"{fake.base_url}/v1/refunds"
    authorised = {"Authorization": f"Bearer {KEY}"}
    assert requests.get(address, timeout=5).status_code == 401
    assert requests.get(address, headers={"Authorization": "Bearer sk_test_no"}, timeout=5).status_code == 401
    assert requests.get(address, headers=authorised, timeout=5).status_code == 400
    version = {**authorised, "Stripe-Version": "2026-10-28.endive"}
    assert requests.get(address, headers=version, timeout=5).status_code == 200
    other = {**version, "Stripe-Account": "acct_1Nobody"}
    assert requests.get(address, headers=other, timeout=5).status_code == 403
    assert [request.status for request in fake.requests] == [401, 401, 400, 200, 403]


def test_a_restricted_key_reads_what_it_may(fake: FakeStripe) -> None:
    fake.keys["rk_test_some"] = {"rak_charge_read"}
    client: Any = stripe_python.StripeClient(
        "rk_test_some", base_addresses={"api": fake.base_url}, max_network_retries=0
    )
    assert len(client.v1.refunds.list({}).data) == 4
    for listing, parameters in ((client.v1.disputes, {}), (client.v1.charges, {"expand": ["data.customer"]})):
        with pytest.raises(stripe_python.PermissionError, match=r"Having the 'rak_\w+' permission"):
            listing.list(parameters)


def test_faults_come_when_they_are_due(fake: FakeStripe, client: Any) -> None:
    fault = fake.inject("status", "/v1/refunds", status=429, times=1, skip=1)
    assert len(client.v1.refunds.list({}).data) == 4
    with pytest.raises(stripe_python.RateLimitError):
        client.v1.refunds.list({})
    assert len(client.v1.refunds.list({}).data) == 4
    assert fault.times == 0
    fake.inject("close")
    with pytest.raises(stripe_python.APIConnectionError):
        client.v1.refunds.list({})


def test_a_burst_of_429_tells_its_reason_and_not_when_to_come_again(fake: FakeStripe) -> None:
    client = client_of(fake, retries=2)
    fault = fake.throttle(2, "/v1/refunds", reason="endpoint-concurrency", skip=1)
    assert len(client.v1.refunds.list({}).data) == 4
    for _ in range(2):
        with pytest.raises(stripe_python.RateLimitError) as caught:
            client.v1.refunds.list({})
        headers = caught.value.headers or {}
        assert headers["Stripe-Rate-Limited-Reason"] == "endpoint-concurrency"
        assert {"Retry-After", "Stripe-Should-Retry"}.isdisjoint(headers)
        assert error_code(caught.value) == "rate_limit"
    assert len(client.v1.refunds.list({}).data) == 4
    assert (fault.times, len(fake.requests)) == (0, 4)


def test_a_key_loses_a_permission_in_the_middle(fake: FakeStripe) -> None:
    fake.keys["rk_test_some"] = {"rak_charge_read", "rak_dispute_read"}
    fake.lose_permission("rk_test_some", "rak_charge_read", after=2)
    client = client_of(fake, "rk_test_some")
    assert len(client.v1.refunds.list({}).data) == 4
    assert len(client.v1.refunds.list({}).data) == 4
    with pytest.raises(stripe_python.PermissionError) as caught:
        client.v1.refunds.list({})
    assert caught.value.http_status == 403
    assert "does not have the required permissions for this endpoint on account" in str(caught.value)
    assert len(client.v1.disputes.list({}).data) == 1
    fake.give_permissions("rk_test_some", {"rak_charge_read"})
    assert len(client.v1.refunds.list({}).data) == 4
    with pytest.raises(stripe_python.PermissionError):
        client.v1.disputes.list({})
    with pytest.raises(ValueError, match="no restricted key"):
        fake.lose_permission(KEY, "rak_charge_read")


def test_each_request_can_be_seen_before_it_is_looked_at(fake: FakeStripe, client: Any) -> None:
    seen: list[tuple[int, str]] = []

    def look(count: int, path: str) -> None:
        seen.append((count, path))
        if count == 2:
            raise RuntimeError("nobody answers")
        if count == 3:
            raise Refused(503, "Stripe is away")

    fake.before_request = look
    assert len(client.v1.refunds.list({}).data) == 4
    with pytest.raises(stripe_python.APIConnectionError):
        client.v1.charges.list({})
    with pytest.raises(stripe_python.APIError, match="Stripe is away"):
        client.v1.charges.list({})
    assert client.v1.charges.retrieve("ch_shop").id == "ch_shop"
    assert seen == [(1, "/v1/refunds"), (2, "/v1/charges"), (3, "/v1/charges"), (4, "/v1/charges/ch_shop")]


def test_rates_are_kept_by_stripes_clock(fake: FakeStripe, client: Any) -> None:
    fake.rates = Rates(account=5, endpoint=3)
    for _ in range(3):
        client.v1.charges.retrieve("ch_shop")
    reasons = []
    for _ in range(2):
        with pytest.raises(stripe_python.RateLimitError) as caught:
            client.v1.charges.retrieve("ch_bill")
        reasons.append((caught.value.headers or {})["Stripe-Rate-Limited-Reason"])
    client.v1.charges.list({})
    client.v1.refunds.list({})
    with pytest.raises(stripe_python.RateLimitError) as caught:
        client.v1.disputes.list({})
    reasons.append((caught.value.headers or {})["Stripe-Rate-Limited-Reason"])
    assert reasons == ["endpoint-rate", "endpoint-rate", "global-rate"]
    assert fake.now is not None
    fake.now += 1
    assert len(client.v1.disputes.list({}).data) == 1


def test_a_page_takes_as_long_in_a_large_account(fake: FakeStripe, client: Any) -> None:
    life = StripeLife(fake)
    life.emits = False
    payer = life.customer()
    for _ in range(1000):
        life.refund(life.charge(5000, customer=payer), 100)
        life.advance(1)
    asked = {"limit": 100, "expand": ["data.balance_transaction", "data.charge.customer"]}
    looked_at: list[int] = []
    shelf = fake.accounts[None]
    index = shelf.index("refund")
    watched = WatchedIndex(index, looked_at)
    shelf.index = lambda *asked: watched if asked == ("refund",) else Shelf.index(shelf, *asked)  # type: ignore[method-assign]
    page = client.v1.refunds.list({**asked, "created": {"lte": life.now - 500}})
    assert (len(page.data), page.has_more) == (100, True)
    assert page.data[0].charge.customer.name == "Ada Example"
    assert page.data[0].created == life.now - 500
    # A hundred and one were walked over, the others only bisected.
    assert len(looked_at) < 101 + 40
    after = client.v1.refunds.list({**asked, "starting_after": page.data[-1].id})
    assert after.data[0].created == page.data[-1].created - 1


class WatchedIndex(Sequence[Place]):
    """Notes which places are looked at."""

    def __init__(self, index: Sequence[Place], looked_at: list[int]) -> None:
        self._index = index
        self._looked_at = looked_at

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, at: Any) -> Any:
        self._looked_at.append(at)
        return self._index[at]


def test_a_list_may_be_followed_while_it_grows_and_cursors_stay(fake: FakeStripe, client: Any) -> None:
    life = StripeLife(fake)
    charge = life.charge(10_000)
    made = [life.refund(charge, 100)["id"] for _ in range(4)]
    page = client.v1.refunds.list({"charge": charge["id"], "limit": 2})
    assert ids(page) == made[:1:-1]
    life.refund(charge, 100)
    page = client.v1.refunds.list({"charge": charge["id"], "limit": 2, "starting_after": made[2]})
    assert (ids(page), page.has_more) == ([made[1], made[0]], False)
    with pytest.raises(stripe_python.InvalidRequestError, match="is not in this list"):
        client.v1.refunds.list({"charge": charge["id"], "starting_after": "re_old"})
