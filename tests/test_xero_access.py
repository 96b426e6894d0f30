"""How Xero is reached: what goes out, with which token, how fast, and what a refused or throttled request comes to."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from quickbooks_access import VendorWorld
from sqlalchemy import Engine, select
from vendors.xero import TENANT, FakeXero
from vendors.xero.oauth import (
    ACCESS_SECONDS,
    CLIENT_ID,
    CLIENT_SECRET,
    CUSTOM_CLIENT_ID,
    CUSTOM_CLIENT_SECRET,
    GRACE_SECONDS,
    PKCE_CLIENT_ID,
    SCOPES,
    TOKEN_PATH,
)
from vendors.xero.service import Asked
from xero_access import APPS, BODY, READ, WRITE, XeroAccess, batch, make_fake

from connector.delivery.token_requests import NoToken
from connector.delivery.token_safe import Kept, TokenSafe
from connector.delivery.transport import Transport
from connector.delivery.xero import LIMITS
from connector.ledgers.contract import Answer, Request
from connector.store.database import open_database
from connector.store.schema import token

DAY = 86400
SECRETS = ("access-0", "refresh-0", CLIENT_SECRET, CUSTOM_CLIENT_SECRET, "Bearer")


@pytest.fixture
def fake() -> Iterator[FakeXero]:
    with make_fake() as one:
        yield one


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    opened = open_database(sqlite_url, "acme", "own")
    yield opened
    opened.dispose()


@pytest.fixture
def access(fake: FakeXero, engine: Engine, sqlite_url: str) -> XeroAccess:
    return XeroAccess(fake, engine, sqlite_url).connect()


@pytest.fixture
def custom(fake: FakeXero) -> XeroAccess:
    """Without a state, and without a key for tokens."""
    return XeroAccess(fake, None, "", app="custom", tenant=None, key=None)


@dataclass(frozen=True)
class PatientWorld(VendorWorld):
    """Waits a little in real time, so that threads give way, and leaves the clock alone."""

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.01))


def forms(fake: FakeXero) -> list[dict[str, str]]:
    return [dict(parse_qsl(body)) for body in fake.oauth.asked]


def basic(asked: Asked) -> str | None:
    header = asked.header("Authorization")
    return None if header is None else base64.b64decode(header.removeprefix("Basic ")).decode()


def token_requests(fake: FakeXero) -> list[Asked]:
    return [one.asked for one in fake.requests if one.asked.path == TOKEN_PATH]


# ---------------------------------------------------------------------------------------------- what goes out


def test_a_request_names_its_organisation_and_keeps_its_bytes(access: XeroAccess) -> None:
    courier = access.courier()
    assert courier.carry(READ).status == 200
    assert courier.carry(WRITE).status == 200
    read, write = access.fake.calls()
    assert read.path == "/Organisation" and write.path == "/Contacts"
    for one in (read, write):
        assert one.asked.header("xero-tenant-id") == TENANT
        assert one.asked.header("Accept") == "application/json"
        assert one.asked.header("Authorization") == f"Bearer {access.fake.oauth.grants[0].access}"
    assert write.asked.body.encode() == BODY
    assert write.asked.header("Idempotency-Key") == "k-1"
    assert read.asked.header("Idempotency-Key") is None


def test_a_custom_connection_needs_no_organisation_named(custom: XeroAccess) -> None:
    assert custom.courier().carry(READ).status == 200
    (call,) = custom.fake.calls()
    assert call.asked.header("xero-tenant-id") is None


def test_a_custom_connection_may_name_its_organisation(custom: XeroAccess) -> None:
    custom.tenant = TENANT
    assert custom.courier().carry(READ).status == 200
    (call,) = custom.fake.calls()
    assert call.asked.header("xero-tenant-id") == TENANT


# ---------------------------------------------------------------------------------------------- a person's consent


@pytest.mark.parametrize(
    ("app", "authorisation", "named"),
    [
        ("with a secret", f"{CLIENT_ID}:{CLIENT_SECRET}", None),
        ("without a secret", None, PKCE_CLIENT_ID),
    ],
)
def test_an_app_says_who_it_is(
    access: XeroAccess, app: str, authorisation: str | None, named: str | None
) -> None:
    """With its secret, or where it has none by its id alone."""
    access.app = app
    access.connect()
    assert access.courier().carry(READ).status == 200
    (asked,) = token_requests(access.fake)
    (form,) = forms(access.fake)
    assert basic(asked) == authorisation
    assert form.get("client_id") == named and "client_secret" not in form
    assert form["grant_type"] == "refresh_token" and form["refresh_token"] == access.first


def test_a_netrc_of_the_user_gives_an_app_without_a_secret_no_other_authorisation(
    access: XeroAccess, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    access.app = "without a secret"
    access.connect()
    assert access.courier().carry(READ).status == 200


def kept(access: XeroAccess) -> Kept | None:
    assert access.engine is not None
    return TokenSafe(access.engine, access.state_url, "main", access.key).read()


def test_what_was_given_is_stored_before_it_is_used(access: XeroAccess) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def look(number: int, asked: Asked) -> None:
        if asked.path != TOKEN_PATH:
            stored = kept(access)
            seen.append((asked.header("Authorization"), f"Bearer {stored.access}" if stored else None))

    access.fake.before_request = look
    courier = access.courier()
    for _ in range(3):
        assert courier.carry(READ).status == 200
        access.clock.advance(ACCESS_SECONDS)
    assert len({one for one, _ in seen}) == 3
    assert all(asked == stored for asked, stored in seen)


def test_a_refresh_whose_answer_is_lost_is_asked_again_within_the_grace(access: XeroAccess) -> None:
    """The old refresh token works for another half an hour."""
    for fault in ("lost_after", "truncated"):
        access.fake.inject(fault, TOKEN_PATH)
        assert access.courier().carry(READ).status == 200
        access.clock.advance(ACCESS_SECONDS)
    first, again, *_ = forms(access.fake)
    assert first["refresh_token"] == again["refresh_token"] == access.first


def test_a_run_that_lost_both_answers_goes_on_within_the_grace(access: XeroAccess) -> None:
    access.fake.inject("lost_after", TOKEN_PATH, times=2)
    answer = access.courier().carry(READ)
    assert answer.status == 503 and (answer.sentence or "").endswith("the next run tries again")
    access.clock.advance(GRACE_SECONDS - 60)
    assert access.courier().carry(READ).status == 200


def test_a_run_after_the_grace_says_how_to_connect_again(access: XeroAccess) -> None:
    access.fake.inject("lost_after", TOKEN_PATH, times=2)
    assert access.courier().carry(READ).status == 503
    access.clock.advance(GRACE_SECONDS + 60)
    answer = access.courier().carry(READ)
    assert answer.status == 401
    assert answer.sentence == (
        "Xero refused the refresh_token in the settings of ledger main (invalid_grant): connect again:"
        " connector connect main"
    )


def test_the_end_of_the_access_is_told_14_days_before(access: XeroAccess) -> None:
    """Xero does not say when a refresh token ends: 60 days after it was given."""
    courier = access.courier()
    assert courier.carry(READ).status == 200
    access.clock.advance(46 * DAY - 1)
    assert access.courier().warnings() == []
    access.clock.advance(2)
    told = (
        "the access of ledger main to Xero ends on 2026-05-05: connect again before: connector connect main"
    )
    assert access.courier().warnings() == [told]
    # A run in time renews it.
    assert courier.carry(READ).status == 200
    assert courier.warnings() == []
    access.clock.advance(60 * DAY + 1)
    assert access.courier().carry(READ).status == 401


# ---------------------------------------------------------------------------------------------- a custom connection


def test_a_custom_connection_asks_with_its_secret_and_its_scopes(custom: XeroAccess) -> None:
    assert custom.courier().carry(READ).status == 200
    (asked,) = token_requests(custom.fake)
    assert basic(asked) == f"{CUSTOM_CLIENT_ID}:{CUSTOM_CLIENT_SECRET}"
    assert forms(custom.fake) == [{"grant_type": "client_credentials", "scope": SCOPES}]
    assert "offline_access" not in SCOPES


def test_its_token_is_used_until_a_minute_before_its_end(custom: XeroAccess) -> None:
    courier = custom.courier()
    assert courier.carry(READ).status == 200
    custom.clock.advance(ACCESS_SECONDS - 61)
    assert courier.carry(READ).status == 200
    assert custom.token_requests == 1
    custom.clock.advance(2)
    assert courier.carry(READ).status == 200
    assert custom.token_requests == 2


def test_it_leaves_nothing_in_the_state(custom: XeroAccess, engine: Engine, sqlite_url: str) -> None:
    custom.engine, custom.state_url = engine, sqlite_url
    courier = custom.courier()
    assert courier.carry(READ).status == 200
    assert courier.warnings() == []
    with engine.connect() as connection:
        assert connection.execute(select(token.c.ledger)).all() == []


def test_threads_that_need_its_token_at_once_ask_once(custom: XeroAccess) -> None:
    def be_slow(number: int, asked: Asked) -> None:
        if asked.path == TOKEN_PATH:
            time.sleep(0.2)

    custom.fake.before_request = be_slow
    custom.world = PatientWorld(vendor=custom.clock)
    courier = custom.courier()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: courier.carry(READ).status, range(8))) == {200}
    assert custom.token_requests == 1
    custom.fake.oauth.expire_access_tokens()
    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(lambda _: courier.carry(READ).status, range(5))) == {200}
    assert custom.token_requests == 2


def test_a_token_server_that_fails_once_is_asked_once_more(custom: XeroAccess) -> None:
    custom.fake.inject("lost_before", TOKEN_PATH)
    assert custom.courier().carry(READ).status == 200
    custom.fake.inject("plain_503", TOKEN_PATH, times=2)
    answer = custom.courier().carry(READ)
    assert answer.status == 503
    assert (answer.sentence or "").endswith("answered with 503; the next run tries again")


@pytest.mark.parametrize(
    ("app", "what"),
    [("custom", "client_id and client_secret"), ("with a secret", "client_id and client_secret")],
)
def test_a_wrong_secret_is_told(access: XeroAccess, app: str, what: str) -> None:
    access.app, access.secret = app, "wrong"
    if app == "custom":
        access.first = None
    answer = access.courier().carry(READ)
    assert (answer.status, answer.arrived) == (401, True)
    assert answer.sentence == (
        f"Xero refused {what} of ledger main (invalid_client): check its connection in the settings"
    )
    assert access.fake.calls() == []


def test_a_custom_connection_that_was_ended_is_told(custom: XeroAccess) -> None:
    custom.fake.oauth.disconnect()
    answer = custom.courier().carry(READ)
    assert answer.status == 401
    assert answer.sentence == (
        "Xero refused the token request of ledger main (unauthorized_client): the app is not let in (any more): let it in "
        "again at Xero"
    )


# ---------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["a read", "a write"])
def test_an_expired_token_is_renewed_once_and_the_same_bytes_go_again(
    access: XeroAccess, app: str, request_: Request
) -> None:
    access.app, access.first = app, None
    if app != "custom":
        access.connect()
    courier = access.courier()
    assert courier.carry(Request("GET", "/Accounts")).status == 200
    access.fake.oauth.expire_access_tokens()
    assert courier.carry(request_).status == 200
    first, again = access.fake.calls()[1:]
    assert (first.status, again.status) == (401, 200)
    assert (first.asked.body, first.asked.target) == (again.asked.body, again.asked.target)
    assert access.token_requests == 2


def test_a_token_that_is_refused_for_ever_ends_with_the_second_401(custom: XeroAccess) -> None:
    custom.fake.inject("token_expired", times=99)
    answer = custom.courier().carry(READ)
    assert (answer.status, answer.sentence) == (401, None)
    assert (len(custom.fake.calls()), custom.token_requests) == (2, 2)


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["a read", "a write"])
def test_a_scope_that_is_lacking_is_no_reason_for_a_new_token(access: XeroAccess, request_: Request) -> None:
    access.connect("accounting.invoices offline_access")
    answer = access.courier().carry(request_)
    assert (answer.status, answer.sentence) == (401, None)
    assert dict(answer.headers)["www-authenticate"] == "insufficient_scope"
    assert b"AuthorizationUnsuccessful" in answer.body
    assert (len(access.fake.calls()), access.token_requests) == (1, 1)


def test_an_organisation_that_was_disconnected_is_answered_as_it_is(access: XeroAccess) -> None:
    courier = access.courier()
    assert courier.carry(READ).status == 200
    access.fake.oauth.disconnect(TENANT)
    answer = courier.carry(READ)
    assert (answer.status, answer.sentence) == (403, None)
    assert b"AuthenticationUnsuccessful" in answer.body
    assert (len(access.fake.calls()), access.token_requests) == (2, 1)


def test_no_document_ever_reaches_the_token_endpoint(access: XeroAccess) -> None:
    """Also where the token has ended, or is refused, just when a batch is to be written."""
    courier = access.courier()
    for number in range(4):
        if number % 2:
            access.clock.advance(ACCESS_SECONDS)
        else:
            access.fake.oauth.expire_access_tokens()
        assert courier.carry(batch(number)).status == 200
    assert len(access.fake.organisation.documents("Contacts")) == 200
    assert len(access.fake.oauth.asked) == 4
    for body in access.fake.oauth.asked:
        assert set(dict(parse_qsl(body))) == {"grant_type", "refresh_token"}
        assert "Customer" not in body and "Contacts" not in body and "json" not in body


# ---------------------------------------------------------------------------------------------- limits


def test_the_rates_of_an_organisation_are_kept(access: XeroAccess) -> None:
    """Whenever Xero's own minute begins."""
    access.fake.keep_limits()
    courier = access.courier()
    for start in (0, 17, 41):
        access.clock.advance(120 + start)
        assert [courier.carry(READ).status for _ in range(130)] == [200] * 130
    assert len(access.fake.calls()) == 390, "none was refused and tried again"


def test_no_more_than_five_are_under_way_at_once(access: XeroAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = 0, 0
    lock = threading.Lock()
    send = Transport.send

    def counting(self: Transport, request: Request, token: str, timeout_s: int) -> Answer:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            time.sleep(0.02)
            return send(self, request, token, timeout_s)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr(Transport, "send", counting)
    access.fake.keep_limits()
    courier = access.courier()
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda _: courier.carry(READ).status, range(40))) == [200] * 40
    assert most == LIMITS.at_once == 5
    assert len(access.fake.calls()) == 40


@pytest.mark.parametrize(("problem", "waits"), [("minute", 30), ("concurrent", 5), ("appminute", 5)])
def test_a_read_waits_as_long_as_it_is_told_or_as_the_settings_say(
    access: XeroAccess, problem: str, waits: int
) -> None:
    access.fake.inject(f"throttled_{problem}")  # type: ignore[arg-type]
    courier = access.courier(throttle_wait_s=5)
    assert courier.carry(READ).status == 200
    assert sum(access.world.slept) == waits
    assert courier.retry_at is None


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["a read", "a write"])
def test_a_day_limit_is_never_slept_and_nothing_more_is_asked(access: XeroAccess, request_: Request) -> None:
    access.fake.inject("throttled_day")
    courier = access.courier()
    answer = courier.carry(request_)
    assert (answer.status, answer.sentence, access.world.slept) == (429, None, [])
    assert dict(answer.headers)["retry-after"] == "70000"
    assert courier.retry_at == access.clock() + 70_000
    # The access token has ended meanwhile, too.
    access.clock.advance(2000)
    for one in (READ, WRITE):
        answer = courier.carry(one)
        assert (answer.status, dict(answer.headers)) == (429, {"retry-after": "68000"})
    assert (len(access.fake.calls()), access.token_requests) == (1, 1)
    assert access.world.slept == []
    access.clock.advance(68_000)
    assert courier.carry(WRITE).status == 200


def test_a_wait_of_years_is_cut_to_a_day(access: XeroAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendors.xero.server.DAY_WAIT", 10**9)
    access.fake.inject("throttled_day")
    courier = access.courier()
    courier.carry(READ)
    assert courier.retry_at == access.clock() + DAY


def test_others_that_wait_meanwhile_are_not_sent_either(access: XeroAccess) -> None:
    """The pace holds them back; by the time that it is their turn the day is over."""

    def another_is_told() -> None:
        courier.retry_at = access.world.now() + 70_000

    access.world = replace(access.world, on_sleep=another_is_told)
    courier = access.courier()
    for _ in range(60):
        assert courier.carry(READ).status == 200
    assert courier.carry(READ).status == 429
    assert len(access.fake.calls()) == 60


def test_a_write_whose_turn_comes_after_its_lease_asks_to_come_again(access: XeroAccess) -> None:
    """Sixty a minute are few: nothing is lost by it, and it is not taken for a ledger that is down."""
    access.fake.keep_limits()
    courier = access.courier()
    for _ in range(60):
        assert courier.carry(READ).status == 200
    access.clock.advance(20)
    answer = courier.carry(WRITE)
    assert answer == Answer(429, headers=(("retry-after", "41"),))
    assert courier.retry_at is None and access.world.slept == []
    assert len(access.fake.calls()) == 60
    access.clock.advance(21)
    assert courier.carry(WRITE).status == 200, "one that is near is waited for"
    assert 19 < sum(access.world.slept) < 21


def test_a_run_of_many_writes_takes_its_time(access: XeroAccess) -> None:
    access.fake.keep_limits()
    courier = access.courier()
    for number in range(130):
        while (answer := courier.carry(batch(number, 1))).status == 429:
            access.clock.advance(int(dict(answer.headers)["retry-after"]))
        assert answer.status == 200
    assert len(access.fake.calls()) == 130


def test_how_little_is_left_of_the_day_is_told(access: XeroAccess) -> None:
    access.fake.keep_limits(per_day=102)
    courier = access.courier()
    told = []
    for _ in range(102):
        courier.carry(READ)
        told.append(courier.warnings())
    assert told[:2] == [[], []]
    assert told[2] == ["Xero takes 99 more requests of this organisation today"]
    assert told[100] == ["Xero takes 1 more request of this organisation today"]
    assert told[101] == ["Xero takes no more requests of this organisation today"]


# ---------------------------------------------------------------------------------------------- time and logs


def test_a_batch_has_as_long_as_its_lease(access: XeroAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[int] = []
    send = Transport.send

    def noting(self: Transport, request: Request, token: str, timeout_s: int) -> Answer:
        allowed.append(timeout_s)
        return send(self, request, token, timeout_s)

    monkeypatch.setattr(Transport, "send", noting)
    assert access.courier().carry(batch(1)).status == 200
    assert allowed == [30]


@pytest.mark.parametrize("app", ["with a secret", "custom"])
def test_the_log_has_the_trace_and_no_secret_and_no_document(
    access: XeroAccess, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    access.app = app
    if app == "custom":
        access.first = None
    courier = access.courier()
    courier.carry(READ)
    access.fake.oauth.expire_access_tokens()
    courier.carry(WRITE)
    access.fake.inject("lost_before")
    courier.carry(WRITE)
    told = [one.getMessage() for one in caplog.records if one.name == "connector.delivery.transport"]
    assert told[0].startswith("GET /Organisation: 200 (Xero-Correlation-Id c0441e1a-")
    assert told[1].startswith("PUT /Contacts: 401 (Xero-Correlation-Id c0441e1a-")
    assert told[-1] == "PUT /Contacts: no answer (ConnectionError)"
    everything = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert "urllib3" in {one.name.split(".")[0] for one in caplog.records}
    for secret in (*SECRETS, "Lovelace"):
        assert secret not in everything


def test_what_a_value_shows_of_itself_is_no_secret(access: XeroAccess) -> None:
    access.connect()
    courier = access.courier()
    courier.carry(READ)
    shown = f"{access.connection!r} {access.tokens()!r} {courier!r} {kept(access)!r}"
    for secret in SECRETS[:4]:
        assert secret not in shown


def test_a_consent_that_is_gone_is_told(access: XeroAccess) -> None:
    access.first = None
    with pytest.raises(NoToken, match="ledger main is not connected to Xero yet: connector connect main"):
        access.tokens().access()
