"""The stand-in for Xero: faults to order, the Idempotency-Key, and the limits of the real thing on its own clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from vendors.xero import FakeXero, Organisation, writing
from vendors.xero.trouble import DAY_WAIT, Kind
from vendors.xero.wire import NO_GUID, Json
from xero_hands import Hands, credit, form, pay, shop, spend


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


def made(hands: Hands) -> int:
    return len(hands.organisation.documents("CreditNotes"))


def advance(hands: Hands, seconds: float) -> None:
    hands.organisation.clock.advance(seconds)  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(("kind", "done"), [("lost_before", 0), ("lost_after", 1)])
def test_an_answer_is_lost_before_or_after_the_write(hands: Hands, kind: Kind, done: int) -> None:
    hands.fake.inject(kind, "/CreditNotes")
    with pytest.raises(requests.ConnectionError):
        hands.put("CreditNotes", credit("5"))
    assert made(hands) == done
    assert hands.fake.requests[-1].status is None
    assert len(hands.fake.writes()) == done


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("empty_500", 500, ""),
        ("plain_503", 503, "The Xero API is temporarily unavailable"),
        ("plain_404", 404, "The resource you're looking for cannot be found"),
        ("html_502", 502, "<html>"),
        ("refused", 400, "Ordered by the test"),
        ("token_expired", 401, "TokenExpired: token expired at 06/03/2026 12:00:00"),
        ("insufficient_scope", 401, "AuthorizationUnsuccessful"),
        ("disconnected_403", 403, "AuthenticationUnsuccessful"),
    ],
)
def test_an_answer_that_is_none(hands: Hands, kind: Kind, status: int, text: str, carried_out: bool) -> None:
    hands.fake.inject(kind, "/CreditNotes", carried_out=carried_out)
    answer = hands.put("CreditNotes", credit("5"))
    assert answer.status_code == status
    assert text in answer.text and (text or not answer.text)
    assert made(hands) == carried_out
    hands.write("CreditNotes", credit("5"))


def test_half_an_answer(hands: Hands) -> None:
    hands.fake.inject("truncated", "/CreditNotes")
    answer = hands.put("CreditNotes", credit("5"))
    assert answer.status_code == 200 and made(hands) == 1
    with pytest.raises(ValueError):
        answer.json()


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_hang_past_the_timeout(hands: Hands, carried_out: bool) -> None:
    hands.fake.inject("hang", "/CreditNotes", carried_out=carried_out, seconds=30)
    with pytest.raises(requests.ReadTimeout):
        hands.http.get(f"{hands.fake.api_url}/CreditNotes", timeout=0.3)
    assert hands.get("CreditNotes").status_code == 200


@pytest.mark.parametrize(
    ("problem", "wait"), [("minute", "30"), ("day", str(DAY_WAIT)), ("concurrent", None), ("appminute", None)]
)
def test_a_429_says_why_and_not_always_for_how_long(hands: Hands, problem: str, wait: str | None) -> None:
    kind: Any = f"throttled_{problem}"
    hands.fake.inject(kind, times=2)
    answer = hands.put("CreditNotes", credit("5"))
    assert (answer.status_code, answer.text) == (429, "")
    assert answer.headers["X-Rate-Limit-Problem"] == problem
    assert answer.headers.get("Retry-After") == wait
    hands.organisation.moods.throttle_body = "json"
    assert hands.get("CreditNotes").json()["Status"] == 429
    assert made(hands) == 0


def test_faults_wait_their_turn(hands: Hands) -> None:
    hands.fake.inject("refused", "/CreditNotes", method="PUT", skip=1, times=2, words="No")
    assert hands.get("CreditNotes").status_code == 200
    hands.write("CreditNotes", credit("5"))
    assert [hands.refusal("CreditNotes", credit("5")) for _ in range(2)] == ["No", "No"]
    hands.write("CreditNotes", credit("5"))


@pytest.mark.parametrize("element", [1, "101"])
def test_one_element_of_a_batch_is_refused(hands: Hands, element: int | str) -> None:
    body = {"CreditNotes": [credit("5", CreditNoteNumber=str(number)) for number in (100, 101, 102)]}
    hands.fake.inject("element_refused", "/CreditNotes", element=element, words="No")
    rows = hands.put("CreditNotes", body, summarizeErrors="false").json()["CreditNotes"]
    assert [one["StatusAttributeString"] for one in rows] == ["OK", "ERROR", "OK"]
    assert (rows[1]["CreditNoteID"], rows[1]["ValidationErrors"]) == (NO_GUID, [{"Message": "No"}])
    assert made(hands) == 2


def test_half_a_batch_is_saved_and_then_the_connection_breaks(hands: Hands) -> None:
    body = {"CreditNotes": [credit("5", CreditNoteNumber=str(number)) for number in (100, 101, 102)]}
    hands.fake.inject("half_done", "/CreditNotes", element=2)
    with pytest.raises(requests.ConnectionError):
        hands.put("CreditNotes", body, "key", summarizeErrors="false")
    assert made(hands) == 2
    # The key keeps it as an error inside: only a new one gets the rest done.
    assert hands.put("CreditNotes", body, "key", summarizeErrors="false").status_code == 500
    rows = hands.put("CreditNotes", body, "new", summarizeErrors="false").json()["CreditNotes"]
    assert [one["StatusAttributeString"] for one in rows] == ["ERROR", "ERROR", "OK"]


def test_before_each_request_a_test_may_end_it(hands: Hands) -> None:
    def stop(count: int, asked: object) -> None:
        raise KeyError(count)

    hands.fake.before_request = stop
    with pytest.raises(requests.ConnectionError):
        hands.put("CreditNotes", credit("5"))
    assert made(hands) == 0


# ---------------------------------------------------------------------------------------------- Idempotency-Key


def test_a_key_replays_the_first_answer_for_six_minutes(hands: Hands) -> None:
    body = spend("5")
    first = hands.put("BankTransactions", body, "key")
    advance(hands, 359)
    assert hands.put("BankTransactions", body, "key").text == first.text
    assert len(hands.organisation.documents("BankTransactions")) == 1
    advance(hands, 1)
    assert hands.put("BankTransactions", body, "key").status_code == 200
    assert len(hands.organisation.documents("BankTransactions")) == 2


def test_a_refusal_is_replayed_too(hands: Hands) -> None:
    held = hands.write("CreditNotes", credit("5", CreditNoteNumber="100"))
    body = credit("5", CreditNoteNumber="100")
    first = hands.put("CreditNotes", body, "key")
    hands.organisation.set("CreditNotes", held["CreditNoteID"], CreditNoteNumber="99")
    assert hands.put("CreditNotes", body, "key").text == first.text
    assert first.status_code == 400


def test_a_key_belongs_to_one_request(hands: Hands) -> None:
    note = hands.write("CreditNotes", credit("5"))
    assert hands.put("Payments", pay("2", CreditNote=note), "key").status_code == 200
    words = "Idempotency Key: key is used with a different request."
    for method, path, body in (
        ("PUT", "Payments", pay("3", CreditNote=note)),
        ("POST", "Payments", pay("2", CreditNote=note)),
        ("PUT", "CreditNotes", pay("2", CreditNote=note)),
    ):
        answer = hands.send(method, path, body, "key")
        assert (answer.status_code, answer.json()["Message"]) == (400, words)
    other = Organisation(tenant_id="11111111-1111-4111-8111-111111111111", name="Other")
    hands.fake.add(other)
    hands.fake.oauth.grant()
    hands.http.headers["xero-tenant-id"] = other.tenant_id
    assert hands.put("Payments", pay("2", CreditNote=note), "key").json()["Message"] == words


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_has_1_to_128_characters(hands: Hands, key: str) -> None:
    assert hands.put("CreditNotes", credit("5"), key).status_code == 400
    assert made(hands) == 0
    assert hands.put("CreditNotes", credit("5"), "k" * 128).status_code == 200


def test_a_key_says_nothing_on_a_get(hands: Hands) -> None:
    for path in ("CreditNotes", "Invoices"):
        assert hands.send("GET", path, key="key").status_code == 200


@pytest.mark.parametrize(("kind", "done"), [("cached_500", 1), ("cached_500_not_done", 0)])
def test_an_error_inside_is_kept_for_its_key(hands: Hands, kind: Kind, done: int) -> None:
    hands.fake.inject(kind, "/CreditNotes")
    body = credit("5", CreditNoteNumber="100")
    for _ in range(3):
        assert hands.put("CreditNotes", body, "key").status_code == 500
    assert made(hands) == done
    assert hands.get("CreditNotes/100").status_code == (200 if done else 404)
    assert hands.put("CreditNotes", body, "new").status_code == (400 if done else 200)


def test_a_lost_answer_is_there_for_its_key(hands: Hands) -> None:
    hands.fake.inject("lost_after", "/BankTransactions")
    with pytest.raises(requests.ConnectionError):
        hands.put("BankTransactions", spend("5"), "key")
    assert hands.put("BankTransactions", spend("5"), "key").status_code == 200
    assert len(hands.organisation.documents("BankTransactions")) == 1


def test_without_its_store_a_write_with_a_key_is_a_500(hands: Hands) -> None:
    hands.organisation.moods.forgets_idempotency = True
    assert hands.put("CreditNotes", credit("5"), "key").status_code == 500
    assert made(hands) == 0
    hands.write("CreditNotes", credit("5"))


def test_a_repeat_waits_for_the_first(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    real = writing.write_all

    def slow(*asked: Any) -> Any:
        started.set()
        assert go_on.wait(10)
        return real(*asked)

    monkeypatch.setattr(writing, "write_all", slow)
    texts: list[str] = []

    def put() -> None:
        headers = {**hands.http.headers, "Idempotency-Key": "key"}
        body: Json = {"Name": "Eve"}
        texts.append(
            requests.put(f"{hands.fake.api_url}/Contacts", json=body, headers=headers, timeout=10).text
        )

    both = [threading.Thread(target=put) for _ in range(2)]
    both[0].start()
    assert started.wait(10)
    both[1].start()
    both[1].join(0.2)
    assert both[1].is_alive() and texts == []
    go_on.set()
    for one in both:
        one.join(10)
    assert len(texts) == 2 and texts[0] == texts[1] and "Eve" in texts[0]


# ---------------------------------------------------------------------------------------------- limits


def test_so_many_in_a_minute(hands: Hands) -> None:
    hands.fake.keep_limits(per_minute=3)
    left = [hands.get("Organisation").headers["X-MinLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    answer = hands.get("Organisation")
    assert (answer.status_code, answer.headers["X-Rate-Limit-Problem"]) == (429, "minute")
    advance(hands, int(answer.headers["Retry-After"]) - 1)
    assert hands.get("Organisation").status_code == 429
    advance(hands, 1)
    assert hands.get("Organisation").status_code == 200
    assert len(hands.fake.calls()) == 6


def test_so_many_in_a_day(hands: Hands) -> None:
    hands.fake.keep_limits(per_day=2)
    assert [hands.get("Organisation").headers["X-DayLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    answer = hands.get("Organisation")
    assert (answer.status_code, answer.headers["X-Rate-Limit-Problem"]) == (429, "day")
    wait = int(answer.headers["Retry-After"])
    assert 0 < wait <= 86400
    advance(hands, wait)
    hands.use(hands.fake.oauth.grant().access)
    assert hands.get("Organisation").status_code == 200


def test_a_429_comes_before_the_key_and_replays_cost(hands: Hands) -> None:
    hands.fake.keep_limits(per_minute=2)
    body = credit("5")
    assert hands.put("CreditNotes", body, "key").status_code == 200
    assert hands.put("CreditNotes", body, "key").status_code == 200
    assert hands.put("CreditNotes", body, "key").status_code == 429
    assert hands.put("CreditNotes", credit("6"), "key").status_code == 429
    assert made(hands) == 1


def test_tokens_and_connections_cost_nothing(hands: Hands) -> None:
    hands.fake.keep_limits(per_minute=1)
    for _ in range(3):
        assert hands.http.get(hands.fake.connections_url, timeout=5).status_code == 200
    assert hands.get("Organisation").status_code == 200
    assert len(hands.fake.calls()) == 1


def test_five_at_once(hands: Hands) -> None:
    hands.fake.keep_limits()
    hands.fake.inject("hang", times=5, seconds=30)
    headers = dict(hands.http.headers)

    def hang() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{hands.fake.api_url}/Organisation", headers=headers, timeout=40)

    waiting = [threading.Thread(target=hang) for _ in range(5)]
    for one in waiting:
        one.start()
    while sum(fault.times for fault in hands.fake.faults):
        threading.Event().wait(0.01)
    answer = hands.get("Organisation")
    assert (answer.status_code, answer.headers["X-Rate-Limit-Problem"]) == (429, "concurrent")
    assert "Retry-After" not in answer.headers
    hands.fake.stopping.set()
    for one in waiting:
        one.join(10)
    assert hands.get("Organisation").status_code == 200


def test_the_minute_of_an_app_has_no_retry_after(hands: Hands) -> None:
    hands.fake.keep_limits()
    assert hands.fake.limits is not None
    hands.fake.limits.app_per_minute = 1
    assert hands.get("Organisation").headers["X-AppMinLimit-Remaining"] == "0"
    answer = hands.get("Organisation")
    assert (answer.status_code, answer.headers["X-Rate-Limit-Problem"]) == (429, "appminute")
    assert "Retry-After" not in answer.headers


def test_the_log_tells_what_was_asked_and_answered(hands: Hands) -> None:
    hands.put("Invoices", {"Invoices": [form("5"), form("6")]}, "key", summarizeErrors="false")
    hands.get("Invoices", page="1")
    write, read = hands.fake.requests
    assert (write.method, write.path, write.parameters) == ("PUT", "/Invoices", {"summarizeErrors": "false"})
    assert (write.status, write.done, write.elements) == (200, 200, 2)
    assert write.headers["Idempotency-Key"] == "key" and write.body["Invoices"][0]["Type"] == "ACCREC"
    assert (read.method, read.body, read.elements) == ("GET", None, 0)
    assert (hands.fake.writes(), hands.fake.reads()) == ([write], [read])
