"""The stand-in for Xero: the Idempotency-Key, the limits of the real thing on its own clock, and the log of requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from vendors.xero import FakeXero, Organisation, writing
from vendors.xero.oauth import CUSTOM_CLIENT_ID, CUSTOM_CLIENT_SECRET
from vendors.xero.trouble import Kind
from vendors.xero.wire import Json
from xero_hands import Hands, credit, form, pay, shop, spend


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


def made(hands: Hands) -> int:
    return len(hands.organisation.documents("CreditNotes"))


def advance(hands: Hands, seconds: float) -> None:
    hands.organisation.clock.advance(seconds)


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


def test_a_custom_connection_without_a_tenant_counts_once(hands: Hands) -> None:
    oauth = hands.fake.oauth
    oauth.custom_tenant = hands.organisation.tenant_id
    form = {"grant_type": "client_credentials", "scope": "accounting.settings.read"}
    auth = (CUSTOM_CLIENT_ID, CUSTOM_CLIENT_SECRET)
    hands.use(requests.post(hands.fake.token_url, data=form, auth=auth, timeout=5).json()["access_token"])
    hands.fake.keep_limits(per_minute=4)
    assert hands.get("Organisation").headers["X-MinLimit-Remaining"] == "3"
    del hands.http.headers["xero-tenant-id"]
    assert [hands.get("Organisation").status_code for _ in range(4)] == [200] * 3 + [429]


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
