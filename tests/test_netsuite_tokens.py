"""NetSuite's tokens: the statement that asks for one, the keys that sign it, and what a refusal says is to be done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from netsuite_access import ACCOUNT, MARCH, READ, ROBBED, WRITE, Door, NetsuiteAccess, Told
from quickbooks_access import VendorWorld
from vendors.netsuite.certificates import make_key
from vendors.netsuite.oauth import Gate
from vendors.quickbooks.clock import Clock

from connector.delivery.netsuite import MAPPING
from connector.errors import InputError


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


def test_a_token_is_asked_for_with_a_signed_statement_alone(oauth2: NetsuiteAccess) -> None:
    assert oauth2.courier().carry(READ).status == 200
    (asked,) = oauth2.door.token_requests()
    form = dict(parse_qsl(asked.body.decode()))
    assert set(form) == {"grant_type", "client_assertion_type", "client_assertion"}
    assert asked.header("authorization") is None
    assert asked.header("content-type") == "application/x-www-form-urlencoded"
    (call,) = oauth2.door.calls()
    assert call.header("authorization") == f"Bearer {oauth2.gate.given[0].token}"
    assert oauth2.gate.given[0].scopes == {"restlets", "rest_webservices"}


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "3072"])
def test_every_kind_of_key_that_netsuite_takes_serves(oauth2: NetsuiteAccess, kind: str) -> None:
    key = make_key(kind)
    oauth2.gate.map_certificate(key)
    for written in (key, key.replace("\n", "\\n")):
        oauth2.changes = {"private_key": written}
        assert oauth2.courier().carry(READ).status == 200
    assert oauth2.gate.audit_trail == []


def test_a_clock_that_is_a_little_ahead_does_no_harm(oauth2: NetsuiteAccess) -> None:
    ahead = Clock(MARCH + 30)
    oauth2.world = VendorWorld(vendor=ahead)
    assert oauth2.courier().carry(READ).status == 200
    ahead.advance(1)
    assert oauth2.courier().carry(READ).status == 401
    assert oauth2.gate.audit_trail == ["InvalidTimes"]


def test_a_token_is_used_until_two_minutes_before_its_end(oauth2: NetsuiteAccess) -> None:
    courier = oauth2.courier()
    assert courier.carry(READ).status == 200
    oauth2.clock.advance(3600 - 121)
    assert courier.carry(READ).status == 200
    assert len(oauth2.gate.given) == 1
    oauth2.clock.advance(2)
    assert courier.carry(READ).status == 200
    assert len(oauth2.gate.given) == 2 and oauth2.gate.audit_trail == []


def test_a_token_that_lasts_shorter_is_renewed_sooner(oauth2: NetsuiteAccess) -> None:
    oauth2.gate.expires_in = 100
    courier = oauth2.courier()
    for _ in range(4):
        assert courier.carry(READ).status == 200
        oauth2.clock.advance(38)
    assert len(oauth2.gate.given) == 2 and oauth2.gate.audit_trail == []


def test_threads_that_need_a_token_at_once_ask_once(oauth2: NetsuiteAccess) -> None:
    def be_slow(target: str) -> None:
        if oauth2.gate.handles(target):
            time.sleep(0.2)

    oauth2.door.during = be_slow
    courier = oauth2.courier()
    for round_ in range(1, 3):
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: courier.carry(READ).status, range(8))) == {200}
        assert len(oauth2.gate.given) == round_
        oauth2.gate.forget_access_tokens()


@pytest.mark.parametrize("fault", [Told(503, b"busy"), ROBBED, Told(200, b'{"access_'), Told(200, b"{}")])
def test_a_token_server_that_fails_once_is_asked_once_more(oauth2: NetsuiteAccess, fault: Told) -> None:
    oauth2.door.next_token.append(fault)
    assert oauth2.courier().carry(WRITE).status == 204
    assert len(oauth2.door.token_requests()) == 2
    oauth2.door.next_token.extend([fault, fault])
    answer = oauth2.courier().carry(WRITE)
    assert answer.status == 503 and (answer.sentence or "").endswith("the next run tries again")
    assert len(oauth2.door.calls()) == 1


@pytest.mark.parametrize("error", ["invalid_client", "invalid_grant"])
def test_an_emptied_list_of_certificates_is_told_with_what_to_do(oauth2: NetsuiteAccess, error: str) -> None:
    courier = oauth2.courier()
    assert courier.carry(READ).status == 200
    oauth2.gate.says = error
    oauth2.gate.wipe_mapping()
    oauth2.gate.forget_access_tokens()
    for request_ in (READ, WRITE):
        answer = courier.carry(request_)
        assert (answer.status, answer.arrived) == (401, True)
        assert answer.sentence == (
            f"NetSuite refused client_id, certificate_id and private_key of ledger main ({error}): in NetSuite, OAuth 2.0"
            " Client Credentials (M2M) Setup must list this certificate_id for this client_id, with a certificate that fits"
            " private_key and is neither revoked nor expired (a refresh of a sandbox empties the list); the integration must"
            " be enabled, with Client Credentials (Machine to Machine) Grant, RESTlets and REST Web Services ticked; and the"
            " clock of this machine must be right"
        )
    oauth2.gate.map_certificate()
    assert courier.carry(WRITE).status == 204


@pytest.mark.parametrize(
    ("told", "beginning", "ending"),
    [
        (
            Told(400, b'{"error": "invalid_scope"}'),
            "NetSuite refused the token request of ledger main (invalid_scope): in NetSuite, the integration must be",
            "RESTlets and REST Web Services ticked",
        ),
        (
            Told(400, b'{"error": "invalid_request"}'),
            "NetSuite refused the token request of ledger main (inv",
            MAPPING,
        ),
        (Told(403, b"<html>"), "NetSuite refused the token request of ledger main (HTTP 403): ", MAPPING),
        (Told(429), "NetSuite gives no tokens now (too many requests)", "the next run tries again"),
    ],
)
def test_other_refusals_are_told(oauth2: NetsuiteAccess, told: Told, beginning: str, ending: str) -> None:
    oauth2.door.next_token.append(told)
    sentence = oauth2.courier().carry(READ).sentence or ""
    assert sentence.startswith(beginning) and sentence.endswith(ending)
    assert oauth2.door.calls() == []


def test_no_document_reaches_the_token_endpoint(oauth2: NetsuiteAccess) -> None:
    courier = oauth2.courier()
    for number in range(4):
        if number % 2:
            oauth2.clock.advance(3600)
        else:
            oauth2.gate.forget_access_tokens()
        assert courier.carry(WRITE).status == 204
    assert len(oauth2.gate.asked) == 4
    assert not any("entity" in body or "re_1ABC" in body for body in oauth2.gate.asked)


# ---------------------------------------------------------------------------------------------- keys that do not serve


def pem_of(key: Any, password: bytes | None = None) -> str:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    made: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    return made.decode()


def public_half(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


P256 = ec.generate_private_key(ec.SECP256R1())
WRONG_KEYS = {
    "locked": (pem_of(P256, b"secret"), "is locked with a password: give the key without one"),
    "small": (make_key("2048"), "is an RSA key of 2048 bits: it must have 3072 or 4096"),
    "other curve": (
        pem_of(ec.generate_private_key(ec.SECP256K1())),
        "or an EC key of the curve P-256, P-384 or P-521",
    ),
    "other kind": (pem_of(ed25519.Ed25519PrivateKey.generate()), "must be an RSA key, or an EC key"),
    "public": (public_half(P256), "it must be a private key in PEM form, all of it, not the certificate"),
    "torn": (pem_of(P256)[:120], "cannot be read: it must be a private key in PEM form"),
    "empty": ("-----BEGIN PRIVATE KEY-----", "cannot be read: it must be a private key in PEM form"),
}


@pytest.mark.parametrize("name", WRONG_KEYS)
def test_a_key_that_does_not_serve_is_told_when_the_ledger_is_opened(
    oauth2: NetsuiteAccess, name: str
) -> None:
    pem, what = WRONG_KEYS[name]
    oauth2.changes = {"private_key": pem}
    with pytest.raises(InputError) as caught:
        oauth2.courier()
    told = str(caught.value)
    assert told.startswith("the private_key in the connection of ledger main ") and what in told
    assert not any(line in told for line in pem.splitlines() if line)
    assert oauth2.door.asked == []
