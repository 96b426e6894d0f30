"""How NetSuite is reached: how a request proves who asks, how many are under way, and what a refused one comes to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ledger_places import opening_of
from netsuite_access import (
    ACCOUNT,
    BODY,
    HOST,
    JSON_BODY,
    LOCATION,
    MARCH,
    NOW,
    QUERY,
    READ,
    ROBBED,
    THROTTLED,
    VECTORS,
    VOID_BODY,
    WRITE,
    Auth,
    Door,
    NetsuiteAccess,
    Told,
)
from quickbooks_access import VendorWorld
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from vendors.netsuite.oauth import (
    CERTIFICATE_ID,
    CLIENT_ID,
    CONSUMER_KEY,
    CONSUMER_SECRET,
    PRIVATE_KEY,
    TOKEN_ID,
    TOKEN_SECRET,
    Gate,
)
from vendors.netsuite.signatures import read_header
from vendors.quickbooks.clock import Clock

from connector.delivery.client_assertion import read_signing_key
from connector.delivery.http_courier import CourierPlace, HttpCourier, Patience
from connector.delivery.netsuite import netsuite_app, open_netsuite_courier
from connector.delivery.push import PushLimits
from connector.delivery.request_signature import SigningSecrets
from connector.delivery.tokens import TokenPlace
from connector.ledger_kinds import courier_place
from connector.ledgers.contract import Request
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.settings.connections import NetsuiteConnection

AUTHS: tuple[Auth, ...] = ("oauth2", "tba")
SECRETS = (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    TOKEN_ID,
    TOKEN_SECRET,
    "bearer-0",
    "PRIVATE KEY",
    "eyJ",
    "oauth_signature",
)


@pytest.fixture
def clock() -> Clock:
    return Clock(MARCH)


@pytest.fixture
def door(clock: Clock) -> Iterator[Door]:
    with Door(Gate(ACCOUNT, clock)) as one:
        yield one


@pytest.fixture
def oauth2(door: Door, clock: Clock) -> NetsuiteAccess:
    return NetsuiteAccess(door, clock)


@pytest.fixture
def tba(door: Door, clock: Clock) -> NetsuiteAccess:
    """Of an account that takes nothing else."""
    door.gate.wipe_mapping()
    return NetsuiteAccess(door, clock, "tba")


@pytest.fixture(params=AUTHS)
def either(request: pytest.FixtureRequest) -> NetsuiteAccess:
    access: NetsuiteAccess = request.getfixturevalue(request.param)
    return access


# ---------------------------------------------------------------------------------------------- signatures


class Wire(HTTPAdapter):
    """Takes what would leave for the network."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[PreparedRequest] = []

    def send(self, request: PreparedRequest, *arguments: Any, **more: Any) -> Response:
        self.left.append(request)
        answer = Response()
        answer.status_code, answer._content = 204, b""
        return answer


@dataclass(frozen=True)
class VectorWorld(VendorWorld):
    def new_id(self) -> str:
        return "n0nce"


@pytest.mark.parametrize("account_id", ["1234567_SB1", "1234567-sb1"])
@pytest.mark.parametrize(("method", "target", "signature"), VECTORS)
def test_what_leaves_is_signed_as_the_vectors_are(
    method: str, target: str, signature: str, account_id: str
) -> None:
    """Through settings, courier and transport, with nothing of the address or the bytes changed on the way."""
    secrets = {"consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk", "token_secret": "ts"}
    connection = NetsuiteConnection.model_validate({"account_id": account_id, "auth": "tba", **secrets})
    world = VectorWorld(vendor=Clock(NOW))
    place = CourierPlace("main", TokenPlace(None, "", None, world), Patience(800, 90), 4)
    courier, wire = open_netsuite_courier(connection, place), Wire()
    courier._transport._session.mount("https://", wire)
    body = b"" if method == "GET" else BODY
    assert courier.carry(Request(method, target, body, JSON_BODY if body else ())).status == 204
    (left,) = wire.left
    assert (left.method, left.url, left.body) == (method, HOST + target, body or None)
    authorisation: Any = left.headers["Authorization"]
    read = read_header(authorisation.decode())
    assert read == {
        "realm": "1234567_SB1",
        "nonce": "n0nce",
        "timestamp": str(NOW),
        "version": "1.0",
        "signature_method": "HMAC-SHA256",
        "consumer_key": "ck",
        "token": "tk",
        "signature": signature,
    }


def test_no_two_requests_are_signed_alike(tba: NetsuiteAccess) -> None:
    """At one moment, by several threads."""
    courier = tba.courier()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: courier.carry(READ).status, range(60))) == {200}
    assert len({one.header("authorization") for one in tba.door.calls()}) == 60
    assert tba.gate.audit_trail == []


# ---------------------------------------------------------------------------------------------- what goes out


def test_reads_and_writes_are_let_in_and_keep_their_bytes(either: NetsuiteAccess) -> None:
    courier = either.courier()
    assert [courier.carry(one).status for one in (READ, QUERY, WRITE)] == [200, 200, 204]
    read, query, write = either.door.calls()
    assert (read.target, query.target, write.target) == (READ.target, QUERY.target, WRITE.target)
    assert (read.body, query.body, write.body) == (b"", QUERY.body, BODY)
    assert query.header("prefer") == "transient"
    assert query.header("content-type") == write.header("content-type") == "application/json"
    assert all(one.header("accept") == "application/json" for one in (read, query, write))
    assert courier.warnings() == [] and courier.retry_at is None


def test_where_the_new_record_is_stands_in_the_answer(either: NetsuiteAccess) -> None:
    answer = either.courier().carry(WRITE)
    assert (answer.status, answer.body, answer.arrived, answer.sentence) == (204, b"", True, None)
    assert dict(answer.headers)["location"] == LOCATION
    assert all(name == name.lower() for name, _ in answer.headers)


def test_no_session_is_kept(either: NetsuiteAccess) -> None:
    """NetSuite takes who brings its cookie for a browser."""
    courier = either.courier()
    for _ in range(3):
        assert courier.carry(READ).status == 200
    assert all(one.header("cookie") is None for one in either.door.asked)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["a read", "a write"])
def test_a_redirect_is_not_followed(either: NetsuiteAccess, request_: Request, status: int) -> None:
    either.door.next.append(Told(status, headers={"Location": f"{either.door.base_url}/elsewhere"}))
    assert either.courier().carry(request_).status == status
    assert len(either.door.calls()) == 1


def test_a_netrc_of_the_user_gives_no_other_authorisation(
    either: NetsuiteAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert either.courier().carry(READ).status == 200


# ---------------------------------------------------------------------------------------------- the script that voids


def test_the_script_is_asked_where_the_settings_say(either: NetsuiteAccess) -> None:
    courier = either.courier()
    assert courier.carry(READ).status == 200
    assert courier.carry(either.void).status == 200
    void = either.door.calls()[-1]
    assert either.door.restlet_url.endswith(void.target)
    assert void.header("host") == either.door.restlet_url.split("/")[2] != either.door.base_url.split("/")[2]
    assert (void.method, void.body) == ("POST", VOID_BODY)


@pytest.mark.parametrize(
    "made", ["{0}1", "{0}#", "{1}/services/rest/record/v1/creditMemo", "https://evil.test/"]
)
def test_no_other_whole_address_is_asked(either: NetsuiteAccess, made: str) -> None:
    target = made.format(either.door.restlet_url, either.door.base_url)
    answer = either.courier().carry(Request("POST", target, VOID_BODY, JSON_BODY, ("K9",)))
    assert (answer.status, answer.arrived) == (503, True)
    assert answer.sentence == f"{target.split('/')[2]} is no address of this ledger"
    assert either.door.calls() == []


def test_an_account_without_the_script_asks_none(either: NetsuiteAccess) -> None:
    void = either.void
    either.changes = {"void_restlet_url": None}
    assert either.courier().carry(void).status == 503
    assert either.door.calls() == []


def test_a_script_that_cannot_be_reached_is_named(either: NetsuiteAccess) -> None:
    with Door(either.gate) as gone:
        either.changes = {"void_restlet_url": gone.restlet_url}
        void = Request("POST", gone.restlet_url, VOID_BODY, JSON_BODY, ("K9",))
    answer = either.courier().carry(void)
    assert answer.sentence == f"{void.target.split('/')[2]} cannot be reached; the next run tries again"


# ---------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("ending", ["expire_access_tokens", "forget_access_tokens"])
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["a read", "a write"])
def test_a_refused_token_is_renewed_once_and_the_same_bytes_go_again(
    oauth2: NetsuiteAccess, request_: Request, ending: str
) -> None:
    courier = oauth2.courier()
    assert courier.carry(QUERY).status == 200
    getattr(oauth2.gate, ending)()
    assert courier.carry(request_).status in (200, 204)
    first, again = oauth2.door.calls()[1:]
    assert (first.status, again.status) == (401, 204 if request_.document_keys else 200)
    assert (first.body, first.target) == (again.body, again.target)
    assert len(oauth2.gate.given) == 2


@pytest.mark.parametrize("void", [False, True])
def test_a_refused_signature_is_made_anew_once(tba: NetsuiteAccess, void: bool) -> None:
    refused = Told(401, b'{"title":"Unauthorized","status":401}')
    courier = tba.courier()
    tba.door.next.append(refused)
    request_ = tba.void if void else WRITE
    assert courier.carry(request_).status in (200, 204)
    first, again = tba.door.calls()
    assert (first.status, first.body, first.target) == (401, again.body, again.target)
    assert first.header("authorization") != again.header("authorization")


def test_what_is_refused_for_ever_ends_with_the_second_401(either: NetsuiteAccess) -> None:
    either.door.next.extend([Told(401, b'{"title":"Unauthorized"}')] * 9)
    for request_ in (READ, WRITE, either.void):
        before = len(either.door.calls())
        answer = either.courier().carry(request_)
        assert (answer.status, answer.sentence, answer.body) == (401, None, b'{"title":"Unauthorized"}')
        assert len(either.door.calls()) == before + 2


def test_a_clock_that_is_wrong_is_refused_by_netsuite(tba: NetsuiteAccess) -> None:
    tba.world = VendorWorld(vendor=Clock(MARCH - 301))
    answer = tba.courier().carry(READ)
    assert answer.status == 401 and b'"INVALID_LOGIN"' in answer.body
    assert tba.gate.audit_trail == ["timestamp_refused"] * 2


# ---------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_no_more_are_under_way_than_the_settings_say(either: NetsuiteAccess, concurrency: int) -> None:
    """Reads as well as writes, and the script's."""
    lock, flying, most = threading.Lock(), 0, 0

    def count(target: str) -> None:
        nonlocal flying, most
        if either.gate.handles(target):
            return
        with lock:
            flying += 1
            most = max(most, flying)
        time.sleep(0.02)
        with lock:
            flying -= 1

    either.door.during = count
    either.concurrency = concurrency
    courier = either.courier()
    requests = [READ, QUERY, WRITE, either.void] * 6
    with ThreadPoolExecutor(10) as pool:
        assert all(
            status in (200, 204) for status in pool.map(lambda one: courier.carry(one).status, requests)
        )
    assert most == concurrency
    assert len(either.door.calls()) == 24


def test_an_opening_hands_on_what_the_settings_allow(either: NetsuiteAccess) -> None:
    """The key for tokens is not looked up: NetSuite's are not kept."""
    limits = PushLimits(throttle_wait_ms=700, longest_wait_s=50, concurrency=3)
    opening = opening_of(LedgerMapping("netsuite", AccountMap()), either.connection, either.world)
    place = courier_place(replace(opening, limits=limits, token_key=lambda: pytest.fail("looked up")))
    assert (place.concurrency, place.patience) == (3, Patience(700, 50))
    assert place.tokens.engine is None and place.tokens.key is None


def test_no_rate_holds_requests_back(oauth2: NetsuiteAccess) -> None:
    courier = oauth2.courier()
    for _ in range(120):
        assert courier.carry(READ).status == 200
    assert oauth2.world.slept == []


def test_a_throttled_read_comes_back_soon_and_then_less_and_less_often(either: NetsuiteAccess) -> None:
    either.door.next.extend([THROTTLED] * 6)
    assert either.courier().carry(QUERY).status == 200
    waits = either.world.slept
    longest = [0.25, 0.5, 0.8, 0.8, 0.8, 0.8]
    assert len(waits) == 6
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len(set(waits)) == 6, "not all at the same moment"


def test_a_read_is_not_throttled_for_ever(either: NetsuiteAccess) -> None:
    either.door.next.extend([THROTTLED] * 99)
    either.longest_wait_s = 5
    answer = either.courier().carry(QUERY)
    assert (answer.status, answer.sentence) == (429, None)
    assert 4 < sum(either.world.slept) <= 5


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("0", 0.25)])
def test_a_read_that_is_told_a_time_waits_so_long(either: NetsuiteAccess, asked: str, waited: float) -> None:
    """A proxy in between may name one."""
    either.door.next.append(replace(THROTTLED, headers={"Retry-After": asked}))
    assert either.courier().carry(QUERY).status == 200
    assert sum(either.world.slept) == waited


def test_a_throttled_write_is_for_the_ledger_to_read(either: NetsuiteAccess) -> None:
    either.door.next.append(THROTTLED)
    courier = either.courier()
    answer = courier.carry(WRITE)
    assert (answer.status, answer.body, answer.arrived, answer.sentence) == (429, THROTTLED.body, True, None)
    assert either.world.slept == [] and len(either.door.calls()) == 1
    assert courier.carry(WRITE).status == 204


def test_a_write_without_an_answer_is_sent_once(either: NetsuiteAccess) -> None:
    either.door.next.append(ROBBED)
    answer = either.courier().carry(WRITE)
    assert (answer.status, answer.arrived) == (0, False)
    assert len(either.door.calls()) == 1


# ---------------------------------------------------------------------------------------------- secrets


def test_the_log_has_the_trace_and_no_secret(
    either: NetsuiteAccess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    courier = either.courier()
    courier.carry(READ)
    either.gate.forget_access_tokens()
    courier.carry(WRITE)
    courier.carry(either.void)
    either.door.next.append(ROBBED)
    courier.carry(WRITE)
    either.gate.secrets = None
    either.gate.wipe_mapping()
    either.gate.forget_access_tokens()
    assert courier.carry(READ).status == 401
    told = [one.getMessage() for one in caplog.records if one.name == "connector.delivery.transport"]
    assert told[0] == "GET /services/rest/record/v1/creditMemo/eid:re_1ABC: 200 (X-N-OperationId 0a1b2c3d)"
    assert "POST /app/site/hosting/restlet.nl: 200 (X-N-OperationId 0a1b2c3d)" in told
    assert "POST /services/rest/record/v1/creditMemo: no answer (ConnectionError)" in told
    everything = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert "urllib3" in {one.name.split(".")[0] for one in caplog.records}
    assert [secret for secret in (*SECRETS, "Bearer", "externalId") if secret in everything] == []


def test_no_secret_is_shown(oauth2: NetsuiteAccess) -> None:
    app = netsuite_app(oauth2.connection, "main", oauth2.world)
    shown = [
        repr(app),
        repr(app.assertion),
        repr(read_signing_key(PRIVATE_KEY, "main")),
        repr(SigningSecrets(ACCOUNT, CONSUMER_KEY, CONSUMER_SECRET, TOKEN_SECRET)),
        repr(oauth2.connection),
        repr(oauth2.courier()),
    ]
    assert [secret for secret in SECRETS if secret in "\n".join(shown)] == []
    assert CLIENT_ID in shown[0] and CERTIFICATE_ID in shown[4]


def test_a_courier_lets_go_of_its_connections(either: NetsuiteAccess) -> None:
    courier: HttpCourier = either.courier()
    courier.carry(READ)
    courier.close()
    assert courier.carry(READ).status == 200
