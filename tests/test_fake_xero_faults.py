"""The stand-in for Xero: faults to order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from vendors.xero import FakeXero
from vendors.xero.trouble import DAY_WAIT, Kind
from vendors.xero.wire import NO_GUID
from xero_hands import Hands, credit, shop


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


def made(hands: Hands) -> int:
    return len(hands.organisation.documents("CreditNotes"))


def advance(hands: Hands, seconds: float) -> None:
    hands.organisation.clock.advance(seconds)


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
