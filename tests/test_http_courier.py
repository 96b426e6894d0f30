"""The courier over HTTP: what goes out, what is tried again and what never is, how long it waits, what it logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import get_args
from urllib.parse import urlencode

import pytest
from quickbooks_access import INVOICE, MARCH, READ, WRITE, Access
from quickbooks_hands import shop
from sqlalchemy.exc import OperationalError
from vendors.quickbooks import REALM, FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.oauth import CLIENT_ID, SCOPE, TOKEN_PATH
from vendors.quickbooks.service import Asked
from vendors.quickbooks.trouble import Kind

from connector.delivery import http_courier, token_safe, transport
from connector.delivery.transport import Transport
from connector.ledgers.contract import Answer, Request
from connector.store.database import open_database

KINDS = get_args(Kind)


@pytest.fixture
def fake() -> Iterator[FakeQuickBooks]:
    with FakeQuickBooks(shop(clock=Clock(MARCH))) as one:
        yield one


@pytest.fixture
def access(fake: FakeQuickBooks, sqlite_url: str) -> Iterator[Access]:
    engine = open_database(sqlite_url, "acme", "own")
    yield Access(fake, engine, sqlite_url, fake.oauth.grant().refresh)
    engine.dispose()


def api_requests(fake: FakeQuickBooks) -> list[Asked]:
    return [one.asked for one in fake.requests if one.asked.path.startswith("/v3/")]


# ---------------------------------------------------------------------------------------------- what goes out


def test_a_read_goes_below_the_company_with_token_and_version(access: Access) -> None:
    answer = access.courier().carry(READ)
    (asked,) = api_requests(access.fake)
    assert (answer.status, answer.arrived, answer.sentence) == (200, True, None)
    assert b'"QueryResponse"' in answer.body
    assert dict(answer.headers)["intuit_tid"].startswith("1-acme-")
    assert all(name == name.lower() for name, _ in answer.headers)
    assert asked.path == f"/v3/company/{REALM}/query"
    assert asked.parameters == {"query": "select * from Customer", "minorversion": "75"}
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers["authorization"] == f"Bearer {access.fake.oauth.grants[0].access}"
    assert headers["accept"] == "application/json"


def test_a_write_goes_out_byte_for_byte(access: Access) -> None:
    assert access.courier().carry(WRITE).status == 200
    (asked,) = api_requests(access.fake)
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert asked.body.encode() == INVOICE
    assert headers["content-type"] == "application/json"
    assert asked.parameters == {"requestid": "r-1", "minorversion": "75"}


def test_a_target_may_lack_its_slash_and_its_query(access: Access) -> None:
    access.courier().carry(Request("GET", "preferences"))
    (asked,) = api_requests(access.fake)
    assert (asked.path, asked.parameters) == (f"/v3/company/{REALM}/preferences", {"minorversion": "75"})


def test_a_netrc_of_the_user_gives_no_other_authorisation(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert access.courier().carry(READ).status == 200


def test_the_environment_names_a_proxy_and_is_asked_once_for_a_host(
    fake: FakeQuickBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1, near.invalid")
    monkeypatch.setenv("http_proxy", fake.base_url)
    wire = Transport("http://vendor.invalid", (), "intuit_tid", elsewhere=("http://near.invalid/",))
    assert wire.send(READ, "token", 30).status == 404
    monkeypatch.delenv("http_proxy")
    assert wire.send(READ, "token", 30).status == 404
    near = wire.send(Request("GET", "http://near.invalid/"), "token", 30)
    assert near.sentence == "near.invalid cannot be reached; the next run tries again"
    assert len(fake.requests) == 2


def test_the_environment_names_whose_certificates_are_believed(
    fake: FakeQuickBooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    assert transport.way_to(fake.base_url).verify is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    assert transport.way_to(fake.base_url).verify == str(tmp_path / "none.pem")
    answer = Transport("https://127.0.0.1:1", (), "intuit_tid").send(READ, "token", 30)
    assert (answer.status, answer.arrived) == (0, False)
    assert fake.requests == []


def test_a_redirect_is_not_followed(fake: FakeQuickBooks) -> None:
    wire = Transport(fake.base_url, (), "intuit_tid")
    asked = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": "http://x.test/",
    }
    target = f"/connect/oauth2?{urlencode(asked)}"
    assert wire.send(Request("GET", target), "token", 30).status == 302
    assert len(fake.requests) == 1


# ---------------------------------------------------------------------------------------------- every fault

# What a read meets: how many requests until it is over, and the status of the answer.
READ_ENDS = {
    "lost_before": (2, 200),
    "lost_after": (2, 200),
    "hang": (2, 200),
    "html_503": (2, 200),
    "empty_500": (2, 200),
    "throttled": (2, 200),
    # Answers that have come: to read them is the adapter's.
    "fault_200": (1, 200),
    "truncated": (1, 200),
    "refused": (1, 400),
}
# What a write meets: always one request; status, and whether an answer came.
WRITE_ENDS = {
    "lost_before": (0, False),
    "lost_after": (0, False),
    "hang": (0, False),
    "html_503": (503, True),
    "empty_500": (500, True),
    "throttled": (429, True),
    "fault_200": (200, True),
    "truncated": (200, True),
    "refused": (400, True),
}


def order(fake: FakeQuickBooks, kind: Kind, times: int = 1) -> None:
    fake.inject(kind, times=times, seconds=0.05, code="6000")


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_that_meets_a_fault(access: Access, kind: Kind) -> None:
    order(access.fake, kind)
    answer = access.courier().carry(READ)
    requests, status = READ_ENDS[kind]
    assert (len(api_requests(access.fake)), answer.status) == (requests, status)
    assert answer.arrived and answer.sentence is None
    assert access.fake.faults[0].times == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_that_meets_a_fault_is_sent_once(access: Access, kind: Kind) -> None:
    order(access.fake, kind)
    answer = access.courier().carry(WRITE)
    assert len(api_requests(access.fake)) == 1
    status, arrived = WRITE_ENDS[kind]
    assert (answer.status, answer.arrived, answer.sentence) == (status, arrived, None)
    assert answer.arrived or b"127.0.0.1" in answer.body
    assert access.fake.faults[0].times == 0


def test_a_read_is_given_up_after_four_tries(access: Access) -> None:
    order(access.fake, "html_503", 99)
    answer = access.courier().carry(READ)
    assert (answer.status, len(api_requests(access.fake))) == (503, 4)
    assert answer.arrived and b"Service Unavailable" in answer.body
    assert 0 < sum(access.world.slept) <= 90


def test_a_read_without_an_answer_says_so_in_the_end(access: Access) -> None:
    order(access.fake, "lost_before", 99)
    answer = access.courier().carry(READ)
    assert (answer.status, answer.arrived, answer.sentence) == (0, False, None)
    assert len(api_requests(access.fake)) == 4


def test_no_answer_in_time(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_courier, "REQUEST_TIMEOUT_S", 2)
    monkeypatch.setattr(http_courier, "SHORTEST_TIMEOUT_S", 1)
    monkeypatch.setattr(transport, "CONNECT_S", 1.9)
    access.fake.inject("hang", seconds=30)
    answer = access.courier().carry(WRITE)
    assert (answer.status, answer.arrived) == (0, False)
    assert b"did not answer within 2 s" in answer.body


@pytest.mark.parametrize(("request_", "tries"), [(READ, 4), (WRITE, 1)])
def test_a_server_that_cannot_be_reached_was_sent_nothing(
    access: Access, request_: Request, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    access.tokens().access()
    caplog.set_level(logging.INFO, logger="connector")
    with FakeQuickBooks() as gone:
        base_url = gone.base_url
    courier = access.courier()
    wire = Transport(base_url, (), "intuit_tid")
    courier._transport = wire
    answer = courier.carry(request_)
    assert answer.status == 503
    assert (
        answer.sentence == f"{base_url.removeprefix('http://')} cannot be reached; the next run tries again"
    )
    assert sum("no answer" in one.message for one in caplog.records) == tries


# ---------------------------------------------------------------------------------------------- throttled


def test_a_throttled_read_waits_as_long_as_the_ledger_is_known_to_want(access: Access) -> None:
    order(access.fake, "throttled")
    assert access.courier(throttle_wait_s=60).carry(READ).status == 200
    assert sum(access.world.slept) == 60


def test_a_throttled_read_waits_as_long_as_it_is_told(access: Access) -> None:
    access.fake.company.moods.retry_after = 7
    order(access.fake, "throttled", 6)
    assert access.courier().carry(READ).status == 200
    assert sum(access.world.slept) == 42


def test_the_waits_of_a_read_stay_within_the_longest(access: Access) -> None:
    order(access.fake, "throttled", 99)
    answer = access.courier(throttle_wait_s=40, longest_wait_s=90).carry(READ)
    assert (answer.status, answer.sentence) == (429, None)
    assert b"ThrottleExceeded" in answer.body
    assert sum(access.world.slept) == 80


def test_the_rates_of_a_company_are_kept(access: Access) -> None:
    access.fake.keep_limits()
    courier = access.courier()
    assert [courier.carry(READ).status for _ in range(530)] == [200] * 530
    assert len(api_requests(access.fake)) == 530


def test_ten_threads_share_a_courier(access: Access) -> None:
    courier = access.courier()
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda number: courier.carry(READ).status, range(60)))
    assert statuses == [200] * 60
    assert (len(api_requests(access.fake)), access.refreshes) == (60, 1)


# ---------------------------------------------------------------------------------------------- unauthorised


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_a_refused_token_is_renewed_once_and_the_same_bytes_go_again(
    access: Access, request_: Request
) -> None:
    courier = access.courier()
    assert courier.carry(Request("GET", "/preferences")).status == 200
    access.fake.oauth.expire_access_tokens()
    assert courier.carry(request_).status == 200
    first, again = api_requests(access.fake)[1:]
    assert (first.body, first.parameters, first.path) == (again.body, again.parameters, again.path)
    assert [one.status for one in access.fake.requests if one.asked.path.endswith(again.path[-6:])] == [
        401,
        200,
    ]
    assert access.refreshes == 2


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_a_token_that_is_refused_for_ever_ends_with_the_second_401(access: Access, request_: Request) -> None:
    def expire(number: int, asked: Asked) -> None:
        if asked.path.startswith("/v3/"):
            access.fake.oauth.expire_access_tokens()

    access.fake.before_request = expire
    answer = access.courier().carry(request_)
    assert (answer.status, answer.sentence) == (401, None)
    assert (len(api_requests(access.fake)), access.refreshes) == (2, 2)


def test_a_revoked_consent_is_told_in_one_sentence(access: Access) -> None:
    courier = access.courier()
    assert courier.carry(READ).status == 200
    access.fake.oauth.revoke()
    for request_ in (READ, WRITE):
        answer = courier.carry(request_)
        assert (answer.status, answer.arrived) == (401, True)
        assert answer.sentence == (
            "QuickBooks refused the refresh token of ledger main (invalid_grant): connect again: connector connect main"
        )
    # What was refused is not asked for again.
    assert access.refreshes == 2


def test_a_token_server_that_is_down_is_for_the_next_run(access: Access) -> None:
    access.fake.inject("html_503", TOKEN_PATH, times=2)
    courier = access.courier()
    answer = courier.carry(WRITE)
    assert answer.status == 503
    assert answer.sentence is not None and answer.sentence.endswith(
        "answered with 503; the next run tries again"
    )
    assert api_requests(access.fake) == []
    assert courier.carry(WRITE).status == 200


def test_a_state_that_fails_is_told_and_nothing_is_sent(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    courier = access.courier()

    def fail(*arguments: object) -> None:
        raise OperationalError("UPDATE token", {}, Exception("attempt to write a readonly database"))

    monkeypatch.setattr(token_safe, "try_to_write", fail)
    answer = courier.carry(WRITE)
    assert answer.status == 503
    assert answer.sentence is not None and "readonly database" in answer.sentence
    assert access.fake.requests == []


# ---------------------------------------------------------------------------------------------- time and stopping


def test_a_write_that_waited_too_long_is_not_sent(access: Access) -> None:
    """The lease that it was claimed under may end before the answer would come."""

    def be_slow(number: int, asked: Asked) -> None:
        if asked.path == TOKEN_PATH:
            access.fake.company.clock.advance(21)

    access.fake.before_request = be_slow
    courier = access.courier()
    answer = courier.carry(WRITE)
    assert answer == Answer(503, sentence="the request waited too long to be sent; the next run sends it")
    assert api_requests(access.fake) == []
    assert courier.carry(WRITE).status == 200


def test_a_write_that_waited_has_so_much_less_time(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    def be_slow(number: int, asked: Asked) -> None:
        if asked.path == TOKEN_PATH:
            access.fake.company.clock.advance(12.5)

    allowed: list[int] = []
    send = Transport.send

    def noting(self: Transport, request: Request, token: str, timeout_s: int) -> Answer:
        allowed.append(timeout_s)
        return send(self, request, token, timeout_s)

    monkeypatch.setattr(Transport, "send", noting)
    access.fake.before_request = be_slow
    courier = access.courier()
    courier.carry(WRITE)
    courier.carry(WRITE)
    courier.carry(READ)
    assert allowed == [17, 30, 30]


def test_who_asks_to_stop_ends_the_waiting(access: Access) -> None:
    stopping: list[bool] = []
    access.should_stop = lambda: bool(stopping)
    world = replace(access.world, on_sleep=lambda: stopping.append(True))
    access.world = world
    order(access.fake, "throttled", 99)
    courier = access.courier()
    answer = courier.carry(READ)
    assert (answer.status, answer.sentence) == (429, None)
    assert len(world.slept) == 1
    assert len(api_requests(access.fake)) == 1


def test_who_asks_to_stop_while_a_request_waits_for_its_turn_finds_it_not_sent(access: Access) -> None:
    stopping: list[bool] = []
    access.should_stop = lambda: bool(stopping)
    courier = access.courier()
    for _ in range(10):
        courier.carry(READ)
    stopping.append(True)
    answer = courier.carry(WRITE)
    assert answer == Answer(503, sentence="stopped by request; the next run goes on from here")
    assert len(api_requests(access.fake)) == 10


# ---------------------------------------------------------------------------------------------- logs


def test_the_log_has_the_trace_and_no_secret(access: Access, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    courier = access.courier()
    courier.carry(READ)
    access.fake.oauth.expire_access_tokens()
    courier.carry(WRITE)
    order(access.fake, "lost_before")
    courier.carry(WRITE)
    told = [one.getMessage() for one in caplog.records if one.name == "connector.delivery.transport"]
    assert told[0].startswith("GET /query: 200 (intuit_tid 1-acme-")
    assert told[1].startswith("POST /invoice: 401 (intuit_tid 1-acme-")
    assert told[-1] == "POST /invoice: no answer (ConnectionError)"
    everything = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert "urllib3" in {one.name.split(".")[0] for one in caplog.records}
    for secret in ("access-0", "refresh-0", "acme-client-secret", "Bearer", "SalesItemLineDetail"):
        assert secret not in everything


def test_a_courier_lets_go_of_its_connections(access: Access) -> None:
    courier = access.courier()
    courier.carry(READ)
    courier.close()
    assert courier.carry(READ).status == 200
