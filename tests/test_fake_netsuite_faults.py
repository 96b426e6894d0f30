"""The stand-in for NetSuite: lost answers, late commits, limits, roles, gates, jobs, and what it keeps of requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from netsuite_hands import Hands, shop
from requests_oauthlib import OAuth1
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.oauth import CONSUMER_KEY, CONSUMER_SECRET, TOKEN_ID, TOKEN_SECRET, Gate
from vendors.netsuite.refusals import error
from vendors.netsuite.service import RESTLET_PATH
from vendors.netsuite.wire import Json

RESTLET = f"{RESTLET_PATH}?script=101&deploy=1"


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


def there(hands: Hands) -> list[str]:
    return sorted(hands.account.external_ids())


# ---------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(("kind", "done"), [("lost_before", False), ("lost_after", True)])
def test_an_answer_may_be_lost(hands: Hands, kind: Any, done: bool) -> None:
    hands.fake.inject(kind, "/creditmemo", method="POST", skip=1)
    hands.create("creditMemo", hands.memo("5", externalId="dk0"))
    with pytest.raises(requests.ConnectionError):
        hands.send("POST", "creditMemo", hands.memo("5", externalId="dk1"))
    assert there(hands) == (["dk0", "dk1"] if done else ["dk0"])
    last = hands.fake.requests[-1]
    assert (last.status, last.done) == (None, 204 if done else None)
    assert len(hands.fake.writes()) == 1 + done
    hands.create("creditMemo", hands.memo("5", externalId="dk2"))


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttled", 429, "CONCURRENCY_LIMIT_EXCEEDED"),
        ("unexpected_500", 500, "UNEXPECTED_ERROR"),
        ("login_401", 401, "INVALID_LOGIN"),
        ("login_attempt_401", 401, "INVALID_LOGIN_ATTEMPT"),
        ("forbidden_403", 403, "INSUFFICIENT_PERMISSION"),
        ("locked", 400, "USER_ERROR"),
        ("refused", 400, "USER_ERROR"),
    ],
)
@pytest.mark.parametrize("carried_out", [False, True])
def test_an_error_may_come_before_or_after_the_commit(
    hands: Hands, kind: Any, status: int, code: str, carried_out: bool
) -> None:
    hands.fake.inject(kind, carried_out=carried_out)
    told = hands.refused("POST", "creditMemo", hands.memo("5", externalId="dk1"), status)
    assert told["o:errorCode"] == code
    assert there(hands) == (["dk1"] if carried_out else [])


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [("empty_500", 500, ""), ("plain_503", 503, "Service"), ("html_502", 502, "<html>")],
)
def test_an_error_may_be_no_json(hands: Hands, kind: Any, status: int, text: str) -> None:
    hands.fake.inject(kind)
    answer = hands.send("GET", "creditMemo")
    assert answer.status_code == status and answer.text.startswith(text)
    assert answer.headers["Content-Type"].startswith("text/")


def test_a_body_may_be_cut_and_a_location_missing(hands: Hands) -> None:
    hands.fake.inject("no_location")
    answer = hands.send("POST", "creditMemo", hands.memo("5", externalId="dk1"))
    assert answer.status_code == 204 and "Location" not in answer.headers
    hands.fake.inject("truncated")
    answer = hands.send("GET", "creditMemo/eid:dk1")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    hands.fake.inject("hang", seconds=0.01)
    with pytest.raises(requests.ConnectionError):
        hands.send("GET", "creditMemo/eid:dk1")


def test_a_slow_commit_takes_its_external_id_at_once_and_shows_late(hands: Hands) -> None:
    hands.fake.inject("slow_commit", seconds=30)
    with pytest.raises(requests.ConnectionError):
        hands.send("POST", "creditMemo", hands.memo("5", externalId="dk1"))
    assert hands.send("GET", "creditMemo/eid:dk1").status_code == 404
    told = hands.refused("POST", "creditMemo", hands.memo("5", externalId="dk1"))
    assert "already exists" in told["detail"]
    assert there(hands) == []
    hands.account.clock.advance(30)
    assert hands.get("creditMemo/eid:dk1")["total"] == 5
    assert there(hands) == ["dk1"]
    assert [one.done for one in hands.fake.writes()] == [400, 204]


def test_a_slow_commit_may_come_some_requests_later(hands: Hands) -> None:
    hands.fake.inject("slow_commit", seconds=1e9, requests=2)
    with pytest.raises(requests.ConnectionError):
        hands.send("PUT", "creditMemo/eid:dk1", hands.memo("5"))
    assert [hands.send("GET", "creditMemo/eid:dk1").status_code for _ in range(3)] == [404, 200, 200]
    hands.fake.inject("slow_commit", seconds=1e9)
    with pytest.raises(requests.ConnectionError):
        hands.send("POST", "creditMemo", hands.memo("5", externalId="dk2"))
    hands.fake.finish_late()
    assert there(hands) == ["dk1", "dk2"]


def test_the_restlet_has_faults_in_its_own_words(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "5")
    body = {"type": "invoice", "id": invoice["id"]}
    for kind, status, code in (
        ("throttled", 400, "SSS_REQUEST_LIMIT_EXCEEDED"),
        ("restlet_limit", 400, "SSS_REQUEST_LIMIT_EXCEEDED"),
        ("unexpected_500", 500, "UNEXPECTED_ERROR"),
        ("login_attempt_401", 401, "INVALID_LOGIN_ATTEMPT"),
    ):
        hands.fake.inject(kind, RESTLET_PATH)  # type: ignore[arg-type]
        answer = hands.send("POST", RESTLET, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_request_may_be_stopped_before_it_is_looked_at(hands: Hands) -> None:
    def stop(count: int, request: object) -> None:
        if count == 2:
            raise RuntimeError("the machine is gone")

    hands.fake.before_request = stop
    hands.create("creditMemo", hands.memo("5"))
    with pytest.raises(requests.ConnectionError):
        hands.send("POST", "creditMemo", hands.memo("5"))
    assert len(hands.fake.requests) == 1


# ---------------------------------------------------------------------------------------------- limits


def test_more_than_five_at_once_are_sent_away(hands: Hands) -> None:
    fake = hands.fake
    fake.latency_s = 0.3
    answers: list[requests.Response] = []

    def ask() -> None:
        answers.append(Hands(fake).send("GET", "creditMemo"))

    threads = [threading.Thread(target=ask) for _ in range(7)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    statuses = sorted(one.status_code for one in answers)
    assert statuses.count(429) == 2 and fake.most_at_once == 7
    no = next(one for one in answers if one.status_code == 429)
    assert "Retry-After" not in no.headers
    assert no.json()["title"] == "Bad Request" and no.json()["o:errorCode"] == "USER_ERROR"
    assert no.json()["o:errorDetails"][0]["detail"] == "Concurrent request limit exceeded. Request blocked."


def test_other_integrations_count_too(hands: Hands) -> None:
    hands.fake.others_at_once = 5
    assert hands.send("GET", "creditMemo").status_code == 429
    answer = hands.send("POST", RESTLET, {"type": "invoice", "id": "1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "SSS_REQUEST_LIMIT_EXCEEDED")
    hands.fake.concurrency = 15
    assert hands.send("GET", "creditMemo").status_code == 200
    assert hands.fake.most_at_once == 1


# ---------------------------------------------------------------------------------------------- roles and gates


@pytest.mark.parametrize(
    ("lacks", "method", "path"),
    [
        ("create:creditMemo", "POST", "creditMemo"),
        ("create:customerRefund", "POST", "creditMemo/{}/!transform/customerRefund"),
        ("read:creditMemo", "GET", "creditMemo/{}"),
        ("read:creditMemo", "GET", "creditMemo"),
        ("edit:creditMemo", "PATCH", "creditMemo/{}"),
        ("edit:creditMemo", "PUT", "creditMemo/eid:dk1"),
        ("delete:creditMemo", "DELETE", "creditMemo/{}"),
        ("suiteql", "POST", "/services/rest/query/v1/suiteql"),
    ],
)
def test_a_role_may_lack_a_permission(hands: Hands, lacks: str, method: str, path: str) -> None:
    memo = seed.memo(hands.account, "Ada", "5")["id"]
    hands.account.role_lacks.add(lacks)
    body = (
        None
        if method == "GET"
        else {"q": "SELECT id FROM transaction"}
        if "suiteql" in path
        else hands.memo("5")
    )
    told = hands.refused(method, path.format(memo), body, 403, Prefer="transient")
    assert told["o:errorCode"] == "INSUFFICIENT_PERMISSION"


def test_a_table_that_the_role_may_not_see_is_not_there(hands: Hands) -> None:
    hands.account.role_lacks.add("table:item")
    assert "Record 'item' was not found" in hands.unasked("SELECT itemid FROM item")
    query = "SELECT tl.id FROM transactionline tl LEFT JOIN item i ON i.id = tl.item"
    assert "Record 'item' was not found" in hands.unasked(query)
    assert hands.ask("SELECT item FROM transactionline") == []


def test_without_an_authorization_nobody_is_let_in(hands: Hands) -> None:
    hands.http.headers.pop("Authorization")
    told = hands.refused("GET", "creditMemo", status=401)
    assert told["o:errorCode"] == "INVALID_LOGIN" and "Login Audit Trail" in told["detail"]


class Closed:
    """A gate that opens for one token, and sells it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def refuse(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, Json] | None:
        self.asked.append((method, url))
        return (
            None
            if headers.get("Authorization") == "Bearer sold"
            else (401, error(401, "INVALID_LOGIN", "no"))
        )

    def handles(self, path: str) -> bool:
        return path.endswith("/token")

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: str) -> tuple[int, Json]:
        return (200, {"access_token": "sold"}) if body == "key=right" else (400, {"error": "invalid_grant"})


def test_a_gate_decides_and_hears_the_whole_address() -> None:
    gate = Closed()
    with FakeNetsuite(shop(), gate=gate) as fake:
        hands = Hands(fake)
        assert hands.send("GET", "creditMemo?limit=1").status_code == 401
        assert gate.asked == [("GET", f"{fake.base_url}/services/rest/record/v1/creditMemo?limit=1")]
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        fault = fake.inject("throttled")
        token = fake.token_url.removeprefix(fake.base_url)
        assert hands.send("POST", token, "key=wrong", **form).status_code == 400
        hands.http.headers["Authorization"] = (
            f"Bearer {hands.send('POST', token, 'key=right', **form).json()['access_token']}"
        )
        assert fault.times == 1 and hands.send("GET", "creditMemo?limit=1").status_code == 429
        assert hands.send("GET", "creditMemo?limit=1").status_code == 200
        # What proves who asks is not kept.
        assert "sold" not in repr(fake.requests) and "key=right" not in repr(fake.requests)
        assert [one.is_call for one in fake.requests] == [True, False, False, True, True]
        assert len(fake.calls()) == len(fake.reads()) == 3 and fake.writes() == []


def test_the_gate_of_netsuite_takes_signed_requests_alone() -> None:
    account = shop()
    gate = Gate(account.account_id, account.clock)
    with FakeNetsuite(account, gate=gate) as fake:
        hands = Hands(fake)
        del hands.http.headers["Authorization"]
        assert hands.refused("GET", "creditMemo", status=401)["o:errorCode"] == "INVALID_LOGIN"
        signing = OAuth1(
            CONSUMER_KEY,
            CONSUMER_SECRET,
            TOKEN_ID,
            TOKEN_SECRET,
            realm=account.account_id,
            signature_method="HMAC-SHA256",
            timestamp=str(int(account.clock())),
        )
        hands.http.auth = signing
        memo = hands.create("creditMemo", hands.memo("5", externalId="re_1"))
        assert hands.get('creditMemo?q=externalId IS "re_1"')["items"][0]["id"] == memo
        hands.account.clock.advance(3600)
        answer = hands.send("POST", RESTLET, {"type": "creditMemo", "id": memo})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_LOGIN_ATTEMPT")
        assert answer.headers["Content-Type"] == "application/json"


def test_requests_are_kept_with_what_they_said(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", externalId="dk1"))
    hands.ask("SELECT id FROM transaction", limit=10)
    hands.get(f"creditMemo/{memo}")
    write, query, read = hands.fake.requests
    assert (write.method, write.path, write.body["externalId"], write.status) == (
        "POST",
        "creditMemo",
        "dk1",
        204,
    )
    assert (query.path, query.parameters, query.body) == (
        "suiteql",
        {"limit": "10"},
        {"q": "SELECT id FROM transaction"},
    )
    assert (read.path, read.body) == (f"creditMemo/{memo}", None)
    assert hands.fake.writes() == [write] and hands.fake.reads() == [query, read]
    assert (
        write.headers["X-NetSuite-PropertyNameValidation"] == "Error" and "Authorization" not in write.headers
    )


# ---------------------------------------------------------------------------------------------- jobs


def test_an_idempotency_key_means_nothing_on_a_call_that_waits(hands: Hands) -> None:
    for _ in range(2):
        hands.create("creditMemo", hands.memo("5"), X_NetSuite_Idempotency_Key="7f3e")
    assert len(hands.account.documents("creditMemo")) == 2


def test_an_idempotency_key_counts_once_for_jobs(hands: Hands) -> None:
    later = {"Prefer": "respond-async", "X_NetSuite_Idempotency_Key": "7f3e"}
    answer = hands.send("POST", "creditMemo", hands.memo("5", externalId="dk1"), **later)
    assert (answer.status_code, answer.text) == (202, "")
    job = answer.headers["Location"].removeprefix(hands.fake.base_url)
    assert job == "/services/rest/async/v1/job/1"
    again = hands.send("POST", "creditMemo", hands.memo("5", externalId="dk2"), **later)
    told = again.json()
    assert (again.status_code, told["title"]) == (400, "Conflict")
    assert told["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert again.headers["Location"].endswith(job)
    assert there(hands) == ["dk1"]
    shown = hands.get(job)
    assert (shown["id"], shown["completed"], shown["progress"]) == ("1", True, "succeeded")
    assert [one["id"] for one in hands.get(f"{job}/task")["items"]] == ["1"]
    result = hands.send("GET", f"{job}/task/1/result")
    assert result.status_code == 204 and "/creditmemo/" in result.headers["Location"]
    assert hands.send("GET", "/services/rest/async/v1/job/9").status_code == 404


def test_a_job_may_fail(hands: Hands) -> None:
    answer = hands.send("POST", "creditMemo", {}, Prefer="respond-async")
    job = answer.headers["Location"].removeprefix(hands.fake.base_url)
    assert hands.get(job)["progress"] == "failed"
    assert hands.refused("GET", f"{job}/task/1/result")["o:errorCode"] == "USER_ERROR"
