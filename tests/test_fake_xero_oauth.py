"""The stand-in for Xero: consent, tokens and their grace, connections, custom connections, scopes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from vendors.xero import TENANT, FakeXero, Organisation
from vendors.xero.oauth import (
    CLIENT_ID,
    CLIENT_SECRET,
    CUSTOM_CLIENT_ID,
    CUSTOM_CLIENT_SECRET,
    PKCE_CLIENT_ID,
    SCOPES,
)
from xero_hands import Hands, credit, shop

BACK = "http://localhost:8080/callback"
BASIC = (CLIENT_ID, CLIENT_SECRET)
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
OTHER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def fake() -> Iterator[FakeXero]:
    with FakeXero(shop()) as made:
        yield made


def advance(fake: FakeXero, seconds: float) -> None:
    fake.organisation.clock.advance(seconds)


def consent(fake: FakeXero, **more: Any) -> requests.Response:
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": BACK, "state": "s"}
    asked |= {"scope": f"{SCOPES} offline_access", **more}
    asked = {name: value for name, value in asked.items() if value is not None}
    return requests.get(fake.authorize_url, params=asked, allow_redirects=False, timeout=5)


def came_back(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def token(fake: FakeXero, auth: Any = BASIC, **form: str) -> Any:
    return requests.post(fake.token_url, data=form, auth=auth, timeout=5)


def redeem(fake: FakeXero, code: str, **more: str) -> Any:
    return token(fake, grant_type="authorization_code", code=code, redirect_uri=BACK, **more)


def refresh(fake: FakeXero, value: str) -> Any:
    return token(fake, grant_type="refresh_token", refresh_token=value)


def organisation(fake: FakeXero, access: str, tenant: str | None = TENANT) -> requests.Response:
    headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
    if tenant is not None:
        headers["xero-tenant-id"] = tenant
    return requests.get(f"{fake.api_url}/Organisation", headers=headers, timeout=5)


# ---------------------------------------------------------------------------------------------- consent


def test_a_consent_gives_tokens_and_a_connection(fake: FakeXero) -> None:
    back = came_back(consent(fake))
    assert back["state"] == "s"
    told = redeem(fake, back["code"]).json()
    assert (told["expires_in"], told["token_type"]) == (1800, "Bearer")
    assert set(told["scope"].split()) == {*SCOPES.split(), "offline_access"}
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    rows = requests.get(fake.connections_url, headers=headers, timeout=5).json()
    assert [(one["tenantId"], one["tenantType"], one["tenantName"]) for one in rows] == [
        (TENANT, "ORGANISATION", "Acme Books")
    ]
    assert rows[0]["id"] != TENANT
    assert organisation(fake, told["access_token"]).status_code == 200


def test_a_code_works_once_and_for_five_minutes(fake: FakeXero) -> None:
    code = came_back(consent(fake))["code"]
    assert redeem(fake, code).status_code == 200
    assert redeem(fake, code).json() == {"error": "invalid_grant"}
    late = came_back(consent(fake))["code"]
    advance(fake, 300)
    assert redeem(fake, late).json() == {"error": "invalid_grant"}
    other = came_back(consent(fake))["code"]
    answer = token(fake, grant_type="authorization_code", code=other, redirect_uri="https://x.test")
    assert answer.json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "http://127.0.0.1:8080/callback"},
        {"redirect_uri": "http://x.test"},
        {"client_id": "other"},
        {"scope": "accounting.transactions offline_access"},
        {"scope": ""},
        {"response_type": "token"},
        {"client_id": PKCE_CLIENT_ID},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
    ],
)
def test_a_consent_that_is_asked_for_in_the_wrong_way(fake: FakeXero, wrong: dict[str, str]) -> None:
    assert consent(fake, **wrong).status_code == 400


def test_a_user_may_say_no(fake: FakeXero) -> None:
    fake.oauth.denies = True
    assert came_back(consent(fake)) == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize("client", [CLIENT_ID, PKCE_CLIENT_ID])
def test_a_challenge_is_verified(fake: FakeXero, client: str) -> None:
    asked = {"client_id": client, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    told = {"grant_type": "authorization_code", "redirect_uri": BACK, "client_id": client}
    auth = BASIC if client == CLIENT_ID else None
    for verifier, status in ((VERIFIER, 200), ("w" * 64, 400), ("", 400)):
        code = came_back(consent(fake, **asked))["code"]
        answer = token(fake, auth, code=code, code_verifier=verifier, **told)
        assert answer.status_code == status


def test_a_client_proves_itself_by_header_or_form(fake: FakeXero) -> None:
    for auth, form, status in (
        (BASIC, {}, 200),
        (None, {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}, 200),
        ((CLIENT_ID, "wrong"), {}, 400),
        (None, {"client_id": CLIENT_ID}, 400),
        (None, {}, 400),
    ):
        value = fake.oauth.grant().refresh
        answer = token(fake, auth, grant_type="refresh_token", refresh_token=value, **form)
        assert answer.status_code == status, form
        if status == 400:
            assert answer.json() == {"error": "invalid_client"}


# ---------------------------------------------------------------------------------------------- refresh


def test_a_refresh_token_is_replaced_and_lives_on_for_half_an_hour(fake: FakeXero) -> None:
    first = fake.oauth.grant().refresh
    second = refresh(fake, first).json()["refresh_token"]
    assert second != first
    advance(fake, 1000)
    assert refresh(fake, first).status_code == 200
    advance(fake, 799)
    assert refresh(fake, first).status_code == 200
    advance(fake, 1)
    assert refresh(fake, first).json() == {"error": "invalid_grant"}


def test_the_newest_one_works_and_so_does_one_that_was_never_received(fake: FakeXero) -> None:
    first = fake.oauth.grant().refresh
    never_received = refresh(fake, first).json()["refresh_token"]
    newest = refresh(fake, first).json()["refresh_token"]
    assert refresh(fake, newest).status_code == 200
    assert refresh(fake, never_received).status_code == 200
    advance(fake, 1801)
    assert refresh(fake, never_received).status_code == 400


def test_a_refresh_token_lives_sixty_days(fake: FakeXero) -> None:
    for days, status in ((59, 200), (60, 400)):
        value = fake.oauth.grant().refresh
        advance(fake, days * 86400)
        assert refresh(fake, value).status_code == status


def test_without_offline_access_there_is_none(fake: FakeXero) -> None:
    told = redeem(fake, came_back(consent(fake, scope=SCOPES))["code"]).json()
    assert "refresh_token" not in told
    assert refresh(fake, "").json() == {"error": "invalid_grant"}


def test_all_that_reached_the_token_endpoint_is_kept(fake: FakeXero) -> None:
    value = fake.oauth.grant().refresh
    refresh(fake, value)
    assert fake.oauth.asked == [f"grant_type=refresh_token&refresh_token={value}"]


def test_a_consent_that_is_revoked_is_gone(fake: FakeXero) -> None:
    grant = fake.oauth.grant()
    answer = requests.post(fake.revoke_url, data={"token": grant.refresh}, auth=BASIC, timeout=5)
    assert answer.status_code == 200
    assert refresh(fake, grant.refresh).json() == {"error": "invalid_grant"}
    assert organisation(fake, grant.access).status_code == 403


# ---------------------------------------------------------------------------------------------- what a token opens


def test_an_access_token_lives_half_an_hour(fake: FakeXero) -> None:
    grant = fake.oauth.grant()
    advance(fake, 1799)
    assert organisation(fake, grant.access).status_code == 200
    advance(fake, 1)
    answer = organisation(fake, grant.access)
    assert answer.status_code == 401
    assert answer.json()["Detail"] == "TokenExpired: token expired at 06/03/2026 12:30:00"
    other = fake.oauth.grant()
    fake.oauth.expire_access_tokens()
    assert organisation(fake, other.access).status_code == 401
    assert organisation(fake, "nobody's").json()["Detail"] == "AuthenticationUnsuccessful"


def test_the_tenant_has_to_be_named_and_connected(fake: FakeXero) -> None:
    fake.organisations[OTHER] = Organisation(tenant_id=OTHER, name="Other Books")
    access = fake.oauth.grant().access
    for tenant in (None, "", OTHER, "nothing"):
        answer = organisation(fake, access, tenant)
        assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    fake.oauth.disconnect(TENANT)
    assert organisation(fake, access).status_code == 403
    assert refresh(fake, fake.oauth.grants[-1].refresh).status_code == 200


def test_two_organisations_are_two(fake: FakeXero) -> None:
    fake.add(Organisation(tenant_id=OTHER, name="Other Books", country="GB", currency="GBP"))
    access = fake.oauth.grant().access
    told = [organisation(fake, access, one).json()["Organisations"][0]["Name"] for one in (TENANT, OTHER)]
    assert told == ["Acme Books", "Other Books"]


def test_a_connection_is_dropped_by_its_own_id(fake: FakeXero) -> None:
    access = fake.oauth.grant().access
    headers = {"Authorization": f"Bearer {access}"}
    row = requests.get(fake.connections_url, headers=headers, timeout=5).json()[0]
    for connection, status in ((TENANT, 404), (row["id"], 204)):
        answer = requests.delete(f"{fake.connections_url}/{connection}", headers=headers, timeout=5)
        assert answer.status_code == status
    assert requests.get(fake.connections_url, headers=headers, timeout=5).json() == []


def test_a_scope_that_is_missing_is_no_expired_token(fake: FakeXero) -> None:
    hands = Hands(fake)
    hands.use(fake.oauth.grant("accounting.contacts accounting.invoices.read offline_access").access)
    assert hands.get("CreditNotes").status_code == hands.get("Contacts").status_code == 200
    for answer in (hands.put("CreditNotes", credit("5")), hands.get("Payments"), hands.get("Organisation")):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "insufficient_scope"
        assert answer.json()["Detail"] == "AuthorizationUnsuccessful"


def test_a_custom_connection_needs_no_tenant(fake: FakeXero) -> None:
    custom = (CUSTOM_CLIENT_ID, CUSTOM_CLIENT_SECRET)
    asked = {"grant_type": "client_credentials", "scope": SCOPES}
    assert token(fake, custom, **asked).json() == {"error": "unauthorized_client"}
    fake.oauth.custom_tenant = TENANT
    told = token(fake, custom, **asked).json()
    assert "refresh_token" not in told
    assert organisation(fake, told["access_token"], None).status_code == 200
    assert organisation(fake, told["access_token"], TENANT).status_code == 200
    assert organisation(fake, told["access_token"], OTHER).status_code == 403
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert [
        one["tenantId"] for one in requests.get(fake.connections_url, headers=headers, timeout=5).json()
    ] == [TENANT]
    assert token(fake, custom, grant_type="client_credentials", scope="payroll").json() == {
        "error": "invalid_scope"
    }
    assert token(fake, BASIC, **asked).json() == {"error": "unauthorized_client"}
    assert token(fake, grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_consents_can_be_copied_to_another_clock(fake: FakeXero) -> None:
    grant = fake.oauth.grant()
    copied = fake.oauth.copy(fake.now)
    copied.expire_access_tokens()
    assert fake.oauth.opened_by(grant.access)[1] > copied.opened_by(grant.access)[1]
