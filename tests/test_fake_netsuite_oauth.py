"""The stand-in's gate: what NetSuite would refuse, it refuses, and says the same for every reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from netsuite_access import HOST, NOW, RECORDS, VECTORS
from vendors.netsuite.certificates import make_key
from vendors.netsuite.oauth import (
    CERTIFICATE_ID,
    CLIENT_ID,
    PRIVATE_KEY,
    RESTLET_PATH,
    TOKEN_PATH,
    Gate,
    unauthorised,
)
from vendors.netsuite.signatures import read_header, signature_of
from vendors.quickbooks.clock import Clock

TOKEN_URL = HOST + TOKEN_PATH
FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}

Fields = dict[str, str]


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate("1234567-sb1", clock)


# ---------------------------------------------------------------------------------------------- signatures


def fields(**changes: str) -> Fields:
    told = {
        "realm": "1234567_SB1",
        "consumer_key": "ck",
        "token": "tk",
        "signature_method": "HMAC-SHA256",
        "timestamp": str(NOW),
        "nonce": "n0nce",
        "version": "1.0",
    }
    return told | changes


def header(told: Fields, signature: str) -> dict[str, str]:
    parts = [f'realm="{told["realm"]}"']
    parts += [f'oauth_{name}="{text}"' for name, text in told.items() if name != "realm"]
    quoted = urlencode({"": signature}).removeprefix("=")
    return {"Authorization": "OAuth " + ", ".join([*parts, f'oauth_signature="{quoted}"'])}


@pytest.fixture
def signing(gate: Gate) -> Gate:
    gate.secrets = ("ck", "cs", "tk", "ts")
    gate.shortest_nonce = 5
    return gate


@pytest.mark.parametrize(("method", "target", "signature"), VECTORS)
def test_a_request_with_the_signature_of_the_library_is_let_in(
    signing: Gate, method: str, target: str, signature: str
) -> None:
    headers = header(fields(), signature)
    read = read_header(headers["Authorization"])
    assert read is not None and read["signature"] == signature
    assert signature_of(method, HOST + target, read, ("cs", "ts")) == signature
    assert signing.refuse(method, HOST + target, headers) is None
    assert signing.refuse(method, HOST + target, headers) == (401, unauthorised(target))
    assert signing.audit_trail == ["nonce_used"]


def signed(told: Fields, target: str = RECORDS, secrets: tuple[str, str] = ("cs", "ts")) -> dict[str, str]:
    return header(told, signature_of("GET", HOST + target, told, secrets))


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "MissingTokenPassportRequiredFields"),
        ({"Authorization": "OAuth"}, "MissingTokenPassportRequiredFields"),
        ({"Authorization": 'OAuth realm="x", realm="x"'}, "MissingTokenPassportRequiredFields"),
        (
            signed({name: text for name, text in fields().items() if name != "nonce"}),
            "MissingTokenPassportRequiredFields",
        ),
        (signed(fields(consumer_key="other")), "token_rejected"),
        (signed(fields(token="other")), "token_rejected"),
        (signed(fields(signature_method="HMAC-SHA1")), "signature_method_rejected"),
        (signed(fields(realm="1234567-sb1")), "company_unknown"),
        (signed(fields(realm="1234567")), "company_unknown"),
        (signed(fields(timestamp=str(NOW - 301))), "timestamp_refused"),
        (signed(fields(timestamp=str(NOW + 301))), "timestamp_refused"),
        (signed(fields(timestamp="")), "timestamp_refused"),
        (signed(fields(nonce="n0nc")), "nonce_rejected"),
        (signed(fields(), secrets=("cs", "other")), "InvalidSignature"),
        (signed(fields(), target=f"{RECORDS}?q=1"), "InvalidSignature"),
        (signed(fields()) | {"Cookie": "JSESSIONID=1"}, "SessionAndHeader"),
    ],
)
def test_other_requests_are_not(signing: Gate, headers: dict[str, str], why: str) -> None:
    assert signing.refuse("GET", HOST + RECORDS, headers) == (401, unauthorised(RECORDS))
    assert signing.audit_trail == [why]


def test_a_signature_holds_for_one_method_alone(signing: Gate) -> None:
    assert signing.refuse("DELETE", HOST + RECORDS, signed(fields())) is not None
    assert signing.audit_trail == ["InvalidSignature"]


def test_a_request_may_be_named_by_its_path_and_its_host(signing: Gate) -> None:
    told = fields()
    url = f"http://127.0.0.1:8080{RECORDS}"
    headers = header(told, signature_of("GET", url, told, ("cs", "ts"))) | {"Host": "127.0.0.1:8080"}
    assert signing.refuse("GET", RECORDS, headers) is None


def test_an_account_may_take_no_signatures(signing: Gate) -> None:
    signing.secrets = None
    assert signing.refuse("GET", HOST + RECORDS, signed(fields())) is not None


def test_a_refusal_reads_as_netsuites_own(gate: Gate) -> None:
    refused = gate.refuse("GET", RECORDS, {})
    assert refused is not None
    status, body = refused
    (detail,) = body["o:errorDetails"]
    assert (status, body["title"], body["status"]) == (401, "Unauthorized", 401)
    assert detail["o:errorCode"] == "INVALID_LOGIN" and "Login Audit Trail" in detail["detail"]
    assert gate.refuse("POST", f"{RESTLET_PATH}?script=1&deploy=1", {}) == (
        401,
        {"error": {"code": "INVALID_LOGIN_ATTEMPT", "message": "Invalid login attempt."}},
    )


# ---------------------------------------------------------------------------------------------- statements


def statement(
    key: str = PRIVATE_KEY, algorithm: str = "ES256", kid: str = CERTIFICATE_ID, **changes: Any
) -> str:
    claims = {
        "iss": CLIENT_ID,
        "scope": ["restlets", "rest_webservices"],
        "aud": TOKEN_URL,
        "iat": NOW,
        "exp": NOW + 3599,
    }
    private: Any = load_pem_private_key(key.encode(), None)
    return jwt.encode(claims | changes, private, algorithm, {"kid": kid})


def ask(gate: Gate, said: str, **changes: str) -> tuple[int, dict[str, Any]]:
    body = urlencode(FORM | {"client_assertion": said} | changes)
    return gate.answer("POST", TOKEN_URL, {}, body)


def token_of(gate: Gate, **changes: Any) -> dict[str, str]:
    status, told = ask(gate, statement(**changes))
    assert status == 200, gate.audit_trail
    return {"authorization": f"Bearer {told['access_token']}"}


def test_a_token_opens_until_its_end(gate: Gate, clock: Clock) -> None:
    headers = token_of(gate)
    assert gate.handles(TOKEN_PATH) and not gate.handles(RECORDS)
    clock.advance(3599)
    assert gate.refuse("GET", RECORDS, headers) is None
    assert gate.refuse("POST", f"{RESTLET_PATH}?script=1&deploy=1", headers) is None
    clock.advance(1)
    assert gate.refuse("GET", RECORDS, headers) == (401, unauthorised(RECORDS))
    assert gate.audit_trail == ["AccessTokenExpired"]


def test_tokens_may_end_before(gate: Gate) -> None:
    headers = token_of(gate)
    gate.expire_access_tokens()
    assert gate.refuse("GET", RECORDS, headers) is not None
    headers = token_of(gate)
    gate.forget_access_tokens()
    assert gate.refuse("GET", RECORDS, headers) is not None
    gate.expires_in = 10
    assert ask(gate, statement())[1]["expires_in"] == "10"
    assert gate.audit_trail == ["AccessTokenExpired", "TokenRejected"]
    assert len(gate.given) == 3


def test_a_token_opens_what_its_scope_names(gate: Gate) -> None:
    """As an array, or with commas in one text."""
    headers = token_of(gate, scope=["rest_webservices", "suite_analytics"][:1])
    assert gate.refuse("GET", RECORDS, headers) is None
    assert gate.refuse("POST", RESTLET_PATH, headers) is not None
    headers = token_of(gate, scope="restlets, rest_webservices")
    assert gate.refuse("POST", RESTLET_PATH, headers) is None
    assert gate.audit_trail == ["ScopeMismatched"]


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("3072", "PS256"), ("3072", "PS512")],
)
def test_each_kind_of_key_signs_in_its_own_way(gate: Gate, kind: str, algorithm: str) -> None:
    key = make_key(kind)
    gate.map_certificate(key, "another")
    assert ask(gate, statement(key, algorithm, "another"))[0] == 200
    if kind == "3072":
        assert ask(gate, statement(key, "RS256", "another")) == (400, {"error": "invalid_grant"})
        assert gate.audit_trail == ["InvalidAlgorithm"]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: "nonsense", "InvalidToken"),
        (lambda: statement(kid="another"), "UnknownCertificate"),
        (lambda: statement(key=make_key()), "InvalidSignature"),
        (lambda: statement(iss="another"), "InvalidIssuer"),
        (lambda: statement(aud=f"{TOKEN_URL}/"), "InvalidAudience"),
        (lambda: statement(exp=NOW + 3600), "InvalidTimes"),
        (lambda: statement(exp=NOW), "InvalidTimes"),
        (lambda: statement(iat=NOW + 1), "InvalidTimes"),
        (lambda: statement(iat=None), "InvalidTimes"),
        (lambda: statement(scope=[]), "InvalidScope"),
        (lambda: statement(scope="restlets rest_webservices"), "InvalidScope"),
    ],
)
def test_a_statement_that_is_not_believed(gate: Gate, make: Callable[[], str], why: str) -> None:
    assert ask(gate, make()) == (400, {"error": "invalid_grant"})
    gate.says = "invalid_client"
    assert ask(gate, make()) == (401, {"error": "invalid_client"})
    assert gate.audit_trail == [why, why] and gate.given == []


def test_the_list_of_certificates_changes(gate: Gate, clock: Clock) -> None:
    gate.certificates[CERTIFICATE_ID].revoked = True
    assert ask(gate, statement())[0] == 400
    gate.map_certificate(until=NOW + 10)
    assert ask(gate, statement())[0] == 200
    clock.advance(10)
    assert ask(gate, statement())[0] == 400
    gate.wipe_mapping()
    assert ask(gate, statement())[0] == 400
    assert gate.audit_trail == ["UnknownCertificate", "CertificateExpired", "UnknownCertificate"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "restlets"}, "invalid_request"),
        ({"client_id": CLIENT_ID}, "invalid_request"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
    ],
)
def test_a_form_has_three_fields(gate: Gate, changes: dict[str, str], error: str) -> None:
    assert ask(gate, statement(), **changes) == (400, {"error": error})


def test_a_scope_must_be_ticked(gate: Gate) -> None:
    gate.scopes = frozenset({"rest_webservices"})
    assert ask(gate, statement()) == (400, {"error": "invalid_scope"})


def test_nobody_proves_himself_twice(gate: Gate) -> None:
    body = urlencode(FORM | {"client_assertion": statement()})
    assert gate.answer("POST", TOKEN_URL, {"Authorization": "Basic eDp5"}, body)[0] == 400
    assert gate.answer("GET", TOKEN_URL, {}, body)[0] == 400


def test_a_copy_goes_its_own_way(gate: Gate) -> None:
    headers = token_of(gate)
    other = gate.copy(Clock(NOW))
    assert other.refuse("GET", RECORDS, headers) is None
    other.wipe_mapping()
    other.forget_access_tokens()
    assert gate.refuse("GET", RECORDS, headers) is None
    assert ask(gate, statement())[0] == 200
    assert other.audit_trail == gate.audit_trail == [] and len(other.given) == 1
