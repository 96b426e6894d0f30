"""What Stripe refuses, and how an answer may fail to come: one sentence, one code, never a key."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_account import DAY, NOON, sale, small_account

from connector.errors import LedgerDown
from connector.stripe_source.api import ApiSource
from connector.stripe_source.api_check import check_access, estimate_reads
from connector.stripe_source.api_errors import refusal, unreachable, without_keys
from connector.stripe_source.api_lists import (
    Answer,
    Missing,
    Progress,
    decode_progress,
    next_length,
    read_list,
    split_list,
)

NOW = NOON + 10 * DAY
RESTRICTED = "rk_live_51AcmeBooksRestrictedSecret"


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe(NOW) as fake:
        for one in small_account():
            fake.put(one)
        yield fake


@pytest.fixture
def waits() -> list[float]:
    return []


def open_source(
    fake: FakeStripe, waits: list[float], key: str = KEY, account: str | None = None, retries: int = 0
) -> ApiSource:
    """`waits` is given the seconds waited after each request, however they are slept."""
    made = -1

    def sleep(seconds: float) -> None:
        nonlocal made
        if made != len(fake.requests):
            made = len(fake.requests)
            waits.append(0)
        waits[-1] += seconds

    return ApiSource(key, fake.base_url, account, NOON - DAY, sleep, retries, timeout=(1, 1))


def refused(source: ApiSource) -> LedgerDown:
    """The error of a pull. Raises where there is none."""
    with pytest.raises(LedgerDown) as caught:
        for page in source.pages({}, NOW):
            assert page is not None
    assert caught.value.__cause__ is None
    return caught.value


def count(source: ApiSource) -> int:
    return sum(len(page.objects) for page in source.pages({}, NOW))


# ---------------------------------------------------------------------------------------------- keys


def test_a_wrong_key_is_named_by_its_setting(stripe: FakeStripe, waits: list[float]) -> None:
    error = refused(open_source(stripe, waits, key="sk_test_51AnotherSecretKeyOfNobody"))
    assert str(error) == (
        "Stripe refuses the API key (Invalid API Key provided: [key]): check stripe.api_key"
    )
    assert error.code == "unauthorised"
    assert len(stripe.requests) == 1


def test_a_key_without_a_permission_says_which(stripe: FakeStripe, waits: list[float]) -> None:
    stripe.keys[RESTRICTED] = {"rak_charge_read", "rak_balance_transaction_source_read", "rak_event_read"}
    error = refused(open_source(stripe, waits, key=RESTRICTED))
    assert error.code == "unauthorised"
    assert str(error).startswith(
        "Stripe does not let this API key read charges: it lacks the permission rak_customer_read;"
    )
    assert "rk_" not in str(error)


def test_a_permission_for_what_is_expanded_is_needed_too(stripe: FakeStripe, waits: list[float]) -> None:
    everything = {
        f"rak_{name}_read" for name in ("charge", "plan", "checkout_session", "invoice", "credit_note")
    }
    everything |= {"rak_dispute_read", "rak_product_read", "rak_payment_intent_read", "rak_event_read"}
    stripe.keys[RESTRICTED] = everything
    error = refused(open_source(stripe, waits, key=RESTRICTED))
    assert "read charges: it lacks the permission rak_balance_transaction_source_read" in str(error)


def test_an_account_that_the_key_does_not_reach_is_said_so(stripe: FakeStripe, waits: list[float]) -> None:
    error = refused(open_source(stripe, waits, account="acct_1Nobody"))
    assert error.code == "unauthorised"
    assert "does not have access to account 'acct_1Nobody'" in str(error)
    assert str(error).endswith("check stripe.api_key and stripe.account")
    assert "sk_" not in str(error)


def test_no_key_in_the_log(stripe: FakeStripe, waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert count(open_source(stripe, waits)) > 20
    refused(open_source(stripe, waits, key="sk_test_51AnotherSecretKeyOfNobody"))
    assert len(caplog.text) > 1000
    assert KEY not in caplog.text
    assert "AnotherSecretKey" not in caplog.text
    assert KEY not in repr(vars(open_source(stripe, waits)))


@pytest.mark.parametrize(
    "words",
    [
        "Invalid API Key provided: sk_test_51Abc************Wxyz",
        "Expired API Key provided: rk_live_********************abcd",
        "The provided key 'rk_live_51H*********9xYz' does not have the required permissions",
        "The provided key 'sk_test_51AcmeBooksSecretSecretSecret' does not have access",
        "pk_live_51H",
    ],
)
def test_keys_are_taken_out_of_stripes_words(words: str) -> None:
    said = without_keys(words)
    assert "[key]" in said
    assert not any(part in said for part in ("sk_", "rk_", "pk_", "51", "*", "abcd", "Wxyz"))


def test_words_that_are_no_keys_stay() -> None:
    words = "No such charge: 'ch_1'; the task_live and the disk_test stay"
    assert without_keys(words) == words
    assert len(without_keys("x" * 5000)) == 300


# ---------------------------------------------------------------------------------------------- too much, not there


def test_too_many_requests_are_waited_out(stripe: FakeStripe, waits: list[float]) -> None:
    expected = count(open_source(stripe, []))
    fault = stripe.inject("status", "/v1/refunds", status=429, times=3)
    assert count(open_source(stripe, waits)) == expected
    assert fault.times == 0
    assert waits == [1, 2, 4]


def test_the_wait_that_stripe_names_is_kept(stripe: FakeStripe, waits: list[float]) -> None:
    stripe.inject("status", "/v1/charges", status=429, headers={"Retry-After": "7"})
    stripe.inject("status", "/v1/charges", status=429, headers={"Retry-After": "3600"})
    stripe.inject(
        "status", "/v1/charges", status=429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    )
    assert count(open_source(stripe, waits)) > 20
    assert waits == [7, 20, 4]


def test_too_many_requests_for_too_long_end_the_pull(stripe: FakeStripe, waits: list[float]) -> None:
    stripe.inject("status", "/v1/refunds", status=429, times=100)
    error = refused(open_source(stripe, waits))
    assert error.code == "throttled"
    assert str(error).startswith("Stripe has had too many requests and gives no refunds")
    assert waits == [1, 2, 4, 8, 16]


def test_a_passing_fault_is_not_noticed(stripe: FakeStripe, waits: list[float]) -> None:
    expected = count(open_source(stripe, []))
    faults = [stripe.inject("status", "/v1/refunds", status=503), stripe.inject("close", "/v1/charges")]
    assert count(open_source(stripe, waits, retries=1)) == expected
    assert [fault.times for fault in faults] == [0, 0]
    assert waits == []


def test_a_lasting_fault_of_stripe_ends_the_pull(stripe: FakeStripe, waits: list[float]) -> None:
    stripe.inject("status", "/v1/credit_notes", status=500, times=2)
    error = refused(open_source(stripe, waits, retries=1))
    assert error.code == "ledger_down"
    assert str(error).startswith("Stripe cannot give credit notes now (HTTP 500), also when asked again: ")
    assert "(request req_Acme" in str(error)
    assert stripe.paths().count("/v1/credit_notes") == 2


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("close", "there is no connection, or it broke off"),
        ("slow", "there is no answer in time"),
    ],
)
def test_no_answer_ends_the_pull(stripe: FakeStripe, waits: list[float], kind: str, what: str) -> None:
    stripe.inject(kind, "/v1/charges")
    error = refused(open_source(stripe, waits))
    assert error.code == "network"
    assert str(error) == f"Stripe cannot be reached at {stripe.base_url}: {what}"


def test_nobody_there_ends_the_pull(stripe: FakeStripe, waits: list[float]) -> None:
    source = ApiSource(KEY, "http://127.0.0.1:9", None, NOON, waits.append, 0)
    error = refused(source)
    assert error.code == "network"
    assert str(error).startswith("Stripe cannot be reached at http://127.0.0.1:9: ")


def test_half_an_answer_is_no_answer(stripe: FakeStripe, waits: list[float]) -> None:
    stripe.inject("garbage", "/v1/refunds")
    error = refused(open_source(stripe, waits))
    assert (error.code, str(error)) == (
        "network",
        "Stripe's answer to /v1/refunds cannot be read: it is not JSON",
    )


def test_a_refused_request_is_told_in_stripes_words(stripe: FakeStripe, waits: list[float]) -> None:
    with pytest.raises(LedgerDown) as caught:
        open_source(stripe, waits).read("/v1/refunds", {"limit": 1000})
    assert str(caught.value) == (
        "Stripe refuses to give refunds (HTTP 400): This value must be between 1 and 100: 1000 "
        "(request req_Acme000001)"
    )
    with pytest.raises(
        Missing, match=r"nothing at /v1/refunds/re_no: No such refund: 're_no' \(request req_"
    ):
        open_source(stripe, waits).read("/v1/refunds/re_no", {})


@pytest.mark.parametrize("status", [0, 400, 401, 403, 404, 409, 429, 500, 502])
def test_every_refusal_is_one_sentence_also_without_words(status: int) -> None:
    error = refusal(status, None, None, "/v1/refunds")
    assert "\n" not in str(error)
    assert "None" not in str(error)
    assert error.code in ("unauthorised", "throttled", "ledger_down", "network")
    assert "trust" in str(unreachable("https://api.stripe.com", "SSLError"))


# ---------------------------------------------------------------------------------------------- check


def test_check_names_every_missing_permission_and_what_is_missing_without_it(
    stripe: FakeStripe, waits: list[float]
) -> None:
    stripe.keys[RESTRICTED] = {"rak_charge_read", "rak_plan_read"}
    problems = check_access(open_source(stripe, waits, key=RESTRICTED).read)
    assert len(problems) == 9
    assert all(problem.startswith("Stripe does not let this API key read ") for problem in problems)
    by_name = {problem.partition('"Read" on ')[2].partition(";")[0]: problem for problem in problems}
    assert by_name.keys() == {
        "Balance transaction sources",
        "Events",
        "PaymentIntents",
        "Invoices",
        "Credit notes",
        "Checkout Sessions",
        "Customers",
        "Products",
        "Disputes",
    }
    assert by_name["Credit notes"].endswith("; without it what a refund took back of an invoice is not known")
    assert "it lacks the permission rak_credit_note_read" in by_name["Credit notes"]
    assert "rk_" not in " ".join(problems)
    assert {request.path for request in stripe.requests if request.status == 200} == {
        "/v1/charges",
        "/v1/refunds",
        "/v1/prices",
    }
    assert check_access(open_source(stripe, waits).read) == []


def test_check_says_once_that_the_key_is_wrong(stripe: FakeStripe, waits: list[float]) -> None:
    problems = check_access(open_source(stripe, waits, key="sk_test_wrong").read)
    assert problems == ["Stripe refuses the API key (Invalid API Key provided: [key]): check stripe.api_key"]


def test_check_tells_a_fault_of_stripe_from_one_of_the_key(stripe: FakeStripe, waits: list[float]) -> None:
    stripe.inject("status", status=500)
    with pytest.raises(LedgerDown, match="HTTP 500"):
        check_access(open_source(stripe, waits).read)


def test_the_permissions_that_check_names_are_enough_for_a_pull(
    stripe: FakeStripe, waits: list[float]
) -> None:
    everything = count(open_source(stripe, waits))
    allowed: set[str] = set()
    stripe.keys[RESTRICTED] = allowed
    while problems := check_access(open_source(stripe, waits, key=RESTRICTED).read):
        named = {word for problem in problems for word in re.findall(r"rak_\w+", problem)}
        assert named - allowed
        allowed |= named
    assert count(open_source(stripe, waits, key=RESTRICTED)) == everything


@pytest.mark.parametrize(
    ("runs", "exceeded"), [(2880, False), (43_200, True)], ids=["every 15 minutes", "every minute"]
)
def test_reads_a_month_against_what_stripe_allows(
    stripe: FakeStripe, waits: list[float], runs: int, exceeded: bool
) -> None:
    reads = estimate_reads(open_source(stripe, waits).read, NOW, runs)
    assert (reads.charges, reads.allowed, reads.exceeded) == (3, 10_000, exceeded)
    assert reads.reads > 3 * runs


def test_many_payments_allow_many_reads(stripe: FakeStripe, waits: list[float]) -> None:
    for place in range(260):
        for one in sale(f"many{place}", NOW - 60 * place):
            stripe.put(one)
    reads = estimate_reads(open_source(stripe, waits).read, NOW, 43_200)
    assert (reads.charges, reads.allowed, reads.exceeded) == (263, 131_500, True)
    assert not estimate_reads(open_source(stripe, waits).read, NOW, 21_600).exceeded


# ---------------------------------------------------------------------------------------------- answers and cursors


def test_a_page_is_split_into_objects_with_their_own_bytes() -> None:
    text = (
        ' { "url" : "/v1/x", "data" : [ {"id": "a", "rate": 13.20} ,\n {"id":"é",\r\n\t "data":[1.5e3]}],'
        ' "has_more" :true,"object":"list" } '
    )
    pairs, has_more = split_list(text, "/v1/x")
    assert has_more is True
    assert pairs == [
        ({"id": "a", "rate": "13.20"}, b'{"id": "a", "rate": 13.20}'),
        ({"id": "é", "data": ["1.5e3"]}, '{"id":"é","data":[1.5e3]}'.encode()),
    ]
    assert split_list('{"object":"list","data":[],"has_more":false}', "/v1/x") == ([], False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"object":"list","data":[]}',
        '{"object":"list","has_more":false}',
        '{"object":"charge","data":[],"has_more":false}',
        '{"object":"list","data":{},"has_more":false}',
        '{"object":"list","data":[{"id":"a"}],"has_more":"no"}',
        '{"object":"list","data":[{"id":""}],"has_more":false}',
        '{"object":"list","data":[{}],"has_more":false}',
        '{"object":"list","data":[7],"has_more":false}',
        '{"object":"list","data":[{"id":"a","amount":NaN}],"has_more":false}',
        '{"object":"list","data":[{"id":"a"},],"has_more":false}',
        '{"object":"list","data":[{"id":"a"}',
        '{"object":"list" "data":[],"has_more":false}',
        '{"object":"list","data":' + "[" * 100_000,
    ],
)
def test_an_answer_that_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(LedgerDown, match="Stripe's answer to /v1/x cannot be read: ") as caught:
        split_list(text, "/v1/x")
    assert caught.value.code == "network"
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("data", ["[]", '[{"id":"a"}]'])
def test_a_list_that_never_ends_is_refused(data: str) -> None:
    asked: list[object] = []

    def read(path: str, parameters: object) -> Answer:
        asked.append(parameters)
        return Answer(f'{{"object":"list","data":{data},"has_more":true}}')

    with pytest.raises(LedgerDown, match="says that it goes on"):
        list(read_list(read, "/v1/x", {}))
    assert len(asked) <= 2


def test_cursors_are_read_back_and_doubted() -> None:
    progress = Progress(start=10, until=20, seen=frozenset({"ch_1"}))
    assert decode_progress(progress.encode(), 10) == progress
    assert decode_progress(progress.encode(), 11) == progress
    assert decode_progress(progress.encode(), 9) is None
    for text in (
        None,
        "",
        "null",
        "{}",
        "7",
        '{"start":1}',
        '{"start":1,"until":null,"newest":2}',
        "not JSON",
    ):
        assert decode_progress(text, 10) is None


def test_windows_grow_while_little_is_in_them_and_shrink_before_they_are_too_large() -> None:
    assert [next_length(DAY, pages) for pages in (0, 2, 3, 9, 10, 400)] == [
        2 * DAY,
        2 * DAY,
        DAY,
        DAY,
        DAY // 2,
        DAY // 2,
    ]
    assert next_length(20 * DAY, 0) == 32 * DAY
    assert next_length(5000, 10) == 2500
    assert [next_length(0, pages) for pages in (1, 10)] == [2, 0]
