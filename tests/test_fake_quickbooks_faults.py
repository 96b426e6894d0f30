"""The stand-in for QuickBooks Online: faults to order, and the limits of the real thing on its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests
from quickbooks_hands import Hands, form, shop
from vendors.quickbooks import FakeQuickBooks, sales_forms
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.ledger import Posting
from vendors.quickbooks.trouble import Kind


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeQuickBooks(shop(clock=Clock(1772798400.0))) as fake:
        yield Hands(fake)


def made(hands: Hands) -> int:
    return len(hands.company.documents("Invoice"))


@pytest.mark.parametrize(("kind", "done"), [("lost_before", 0), ("lost_after", 1)])
def test_an_answer_is_lost_before_or_after_the_write(hands: Hands, kind: Kind, done: int) -> None:
    hands.fake.inject(kind, "/invoice")
    with pytest.raises(requests.ConnectionError):
        hands.post("Invoice", form("5"))
    assert made(hands) == done
    assert hands.fake.requests[-1].status is None
    assert len(hands.fake.writes()) == done


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("fault_200", 200, '"Fault"'),
        ("html_503", 503, "<html>"),
        ("empty_500", 500, ""),
        ("refused", 500, '"10000"'),
    ],
)
def test_an_answer_that_is_none(hands: Hands, kind: Kind, status: int, text: str, carried_out: bool) -> None:
    hands.fake.inject(kind, "/invoice", carried_out=carried_out)
    answer = hands.post("Invoice", form("5"))
    assert answer.status_code == status
    assert text in answer.text and (text or not answer.text)
    assert made(hands) == carried_out
    hands.write("Invoice", form("5"))


def test_half_an_answer(hands: Hands) -> None:
    hands.fake.inject("truncated", "/invoice")
    answer = hands.post("Invoice", form("5"))
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert made(hands) == 1


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_hang_past_the_timeout(hands: Hands, carried_out: bool) -> None:
    hands.fake.inject("hang", "/invoice", carried_out=carried_out, seconds=30)
    with pytest.raises(requests.ReadTimeout):
        hands.http.post(
            hands.fake.api("/invoice"),
            json={**form(), "Line": []},
            headers={"Content-Type": "application/json"},
            timeout=0.3,
        )
    hands.write("Invoice", form("5"))


def test_any_code_can_be_ordered_and_faults_wait_their_turn(hands: Hands) -> None:
    hands.fake.inject("refused", "/invoice", method="POST", skip=1, times=2, code="5010")
    hands.write("Invoice", form("5"))
    assert [hands.code("Invoice", form("5")) for _ in range(2)] == ["5010", "5010"]
    hands.write("Invoice", form("5"))


@pytest.mark.parametrize(
    ("code", "status"),
    [("120", 401), ("3200", 401), ("3100", 403), ("150", 400), ("6190", 400), ("10000", 500)],
)
def test_what_no_company_here_does_by_itself_can_be_ordered(hands: Hands, code: str, status: int) -> None:
    hands.fake.inject("refused", code=code)
    answer = hands.get("/preferences")
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (status, code)


def test_books_that_do_not_balance_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    one_side = [Posting("1", Decimal(5))]
    monkeypatch.setattr(sales_forms, "postings", lambda *asked: one_side)
    with pytest.raises(AssertionError, match="does not balance"), FakeQuickBooks(shop()) as fake:
        assert Hands(fake).post("Invoice", form("5")).status_code == 500
        assert fake.company.documents("Invoice") == []


def test_before_each_request_a_test_may_end_it(hands: Hands) -> None:
    def stop(count: int, asked: object) -> None:
        raise KeyError(count)

    hands.fake.before_request = stop
    with pytest.raises(requests.ConnectionError):
        hands.write("Invoice", form("5"))
    assert made(hands) == 0


# ---------------------------------------------------------------------------------------------- limits


def test_ten_in_a_second(hands: Hands) -> None:
    hands.fake.keep_limits()
    assert [hands.get("/preferences").status_code for _ in range(11)] == [200] * 10 + [429]
    hands.company.clock.advance(1)
    assert hands.get("/preferences").status_code == 200


def test_five_hundred_in_a_minute(hands: Hands) -> None:
    hands.fake.keep_limits()
    statuses = []
    for _ in range(51):
        statuses += [hands.get("/preferences").status_code for _ in range(10)]
        hands.company.clock.advance(1)
    assert statuses.index(429) == 500
    hands.company.clock.advance(10)
    assert hands.get("/preferences").status_code == 200


def test_a_429_is_xml_even_for_a_client_of_json(hands: Hands) -> None:
    hands.fake.inject("throttled", times=3)
    answer = hands.get("/preferences")
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/xml;charset=UTF-8")
    assert '<Error code="3001">' in answer.text and "statusCode=429" in answer.text
    assert "Retry-After" not in answer.headers
    hands.company.moods.throttle_body = "xml_403"
    hands.company.moods.retry_after = 60
    answer = hands.get("/preferences")
    assert "statusCode=403" in answer.text and answer.headers["Retry-After"] == "60"
    hands.company.moods.throttle_body = "json"
    assert hands.get("/preferences").json()["Fault"]["Error"][0]["code"] == "3001"


def test_what_is_too_fast_is_not_done(hands: Hands) -> None:
    hands.fake.keep_limits()
    statuses = [hands.post("Invoice", form("5")).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert made(hands) == 10
