"""The stand-in for QuickBooks Online: consent, tokens, rotation, and what a client without a good token gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from quickbooks_hands import TIMEOUT, Hands, form, shop
from vendors.quickbooks import REALM, FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.oauth import AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, SCOPE, TOKEN_PATH
from vendors.quickbooks.wire import Json

DAY = 86400


@pytest.fixture
def fake() -> Iterator[FakeQuickBooks]:
    with FakeQuickBooks(shop(clock=Clock(1772798400.0))) as one:
        yield one


def token(fake: FakeQuickBooks, secret: str = CLIENT_SECRET, **form: str) -> requests.Response:
    headers = {"x-include-refresh-token-hard-expires-in": form.pop("hard", "false")}
    return requests.post(
        fake.base_url + TOKEN_PATH, data=form, auth=(CLIENT_ID, secret), headers=headers, timeout=TIMEOUT
    )


def refresh(fake: FakeQuickBooks, value: str, **more: str) -> requests.Response:
    return token(fake, grant_type="refresh_token", refresh_token=value, **more)


def reads(fake: FakeQuickBooks, access: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {access}"}
    return requests.get(fake.api("/preferences"), headers=headers, timeout=TIMEOUT)


def asks(fake: FakeQuickBooks, target: str, **change: str) -> requests.Response:
    right = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": target,
        "state": "s-1",
    }
    return requests.get(
        fake.base_url + AUTHORIZE_PATH, params={**right, **change}, timeout=TIMEOUT, allow_redirects=False
    )


def sent_to(answer: requests.Response) -> dict[str, list[str]]:
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_a_browser_comes_back_with_code_state_and_company(fake: FakeQuickBooks) -> None:
    seen: list[str] = []

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        waiting = threading.Thread(target=server.handle_request)
        waiting.start()
        target = f"http://127.0.0.1:{server.server_port}/callback"
        where = asks(fake, target).headers["Location"]
        assert requests.get(where, timeout=TIMEOUT).status_code == 200
        waiting.join(TIMEOUT)
    back = parse_qs(urlsplit(seen[0]).query)
    assert (back["state"], back["realmId"]) == (["s-1"], [REALM])
    code = {"grant_type": "authorization_code", "code": back["code"][0]}
    assert token(fake, **code, redirect_uri="http://else.test").status_code == 400
    again = sent_to(asks(fake, target))["code"][0]
    told = token(fake, **{**code, "code": again}, redirect_uri=target).json()
    assert (told["token_type"], told["expires_in"], told["x_refresh_token_expires_in"]) == (
        "bearer",
        3600,
        8726400,
    )
    assert "realmId" not in told and "x_refresh_token_hard_expires_in" not in told
    assert reads(fake, told["access_token"]).status_code == 200
    assert token(fake, **{**code, "code": again}, redirect_uri=target).json()["error"] == "invalid_grant"


def test_a_wrong_question_or_a_no(fake: FakeQuickBooks) -> None:
    assert asks(fake, "http://x.test/", client_id="other").status_code == 400
    assert asks(fake, "http://x.test/", scope="openid").status_code == 400
    fake.oauth.redirect_uris = {"http://x.test/"}
    assert asks(fake, "http://y.test/").status_code == 400
    fake.oauth.denies = True
    assert sent_to(asks(fake, "http://x.test/")) == {"error": ["access_denied"], "state": ["s-1"]}


def test_a_refresh_rotates_and_the_old_value_dies(fake: FakeQuickBooks) -> None:
    grant = fake.oauth.grant()
    first = grant.refresh
    told = refresh(fake, first).json()
    assert told["refresh_token"] != first
    dead = refresh(fake, first)
    assert dead.status_code == 400
    assert dead.json() == {
        "error": "invalid_grant",
        "error_description": "Incorrect or invalid refresh token",
    }
    assert refresh(fake, told["refresh_token"]).status_code == 200


def test_rotation_once_a_day(fake: FakeQuickBooks) -> None:
    fake.oauth.rotation = "daily"
    first = fake.oauth.grant().refresh
    assert refresh(fake, first).json()["refresh_token"] == first
    fake.company.clock.advance(DAY)
    second = refresh(fake, first).json()["refresh_token"]
    assert second != first
    assert refresh(fake, first).status_code == 400


def test_a_dead_value_may_take_the_consent_with_it(fake: FakeQuickBooks) -> None:
    fake.oauth.reuse_revokes = True
    first = fake.oauth.grant().refresh
    told = refresh(fake, first).json()
    refresh(fake, first)
    assert refresh(fake, told["refresh_token"]).status_code == 400
    assert reads(fake, told["access_token"]).status_code == 401


@pytest.mark.parametrize("rotation", ["always", "daily"])
def test_the_second_of_two_refreshes_at_once_is_refused(fake: FakeQuickBooks, rotation: str) -> None:
    fake.oauth.rotation = "daily" if rotation == "daily" else "always"
    fake.oauth.refresh_seconds = 0.5
    value = fake.oauth.grant().refresh
    answers: list[requests.Response] = []
    both = [threading.Thread(target=lambda: answers.append(refresh(fake, value))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert refused.json()["error"] == "invalid_grant"


def test_a_rotation_whose_answer_is_lost_locks_the_client_out(fake: FakeQuickBooks) -> None:
    value = fake.oauth.grant().refresh
    fake.inject("lost_after", TOKEN_PATH)
    with pytest.raises(requests.ConnectionError):
        refresh(fake, value)
    assert refresh(fake, value).json()["error"] == "invalid_grant"


def test_access_tokens_expire_after_an_hour_or_at_will(fake: FakeQuickBooks) -> None:
    grant = fake.oauth.grant()
    assert reads(fake, grant.access).status_code == 200
    fake.company.clock.advance(3600)
    answer = reads(fake, grant.access)
    error: Json = answer.json()["Fault"]["Error"][0]
    assert (answer.status_code, error["code"], answer.json()["Fault"]["type"]) == (
        401,
        "3200",
        "AUTHENTICATION",
    )
    told = refresh(fake, grant.refresh).json()
    assert reads(fake, told["access_token"]).status_code == 200
    fake.oauth.expire_access_tokens()
    fake.company.moods.lower_case_auth_fault = True
    assert reads(fake, told["access_token"]).json()["fault"]["error"][0]["code"] == "3200"


def test_refresh_tokens_end_after_a_hundred_days_and_five_years(fake: FakeQuickBooks) -> None:
    idle = fake.oauth.grant().refresh
    told = refresh(fake, fake.oauth.grant().refresh, hard="true").json()
    assert told["x_refresh_token_hard_expires_in"] == 5 * 365 * DAY
    value = told["refresh_token"]
    fake.company.clock.advance(8726400)
    assert refresh(fake, idle).status_code == 400
    other = fake.oauth.grant().refresh
    for _ in range(20):
        fake.company.clock.advance(90 * DAY)
        other = refresh(fake, other).json()["refresh_token"]
    told = refresh(fake, other, hard="true").json()
    assert told["x_refresh_token_hard_expires_in"] == 25 * DAY == told["x_refresh_token_expires_in"]
    fake.company.clock.advance(25 * DAY)
    assert refresh(fake, told["refresh_token"]).status_code == 400
    assert refresh(fake, value).status_code == 400


def test_only_the_app_gets_tokens(fake: FakeQuickBooks) -> None:
    grant = fake.oauth.grant()
    answer = token(fake, "wrong", grant_type="refresh_token", refresh_token=grant.refresh)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert token(fake, grant_type="password").json()["error"] == "unsupported_grant_type"


def test_another_company_is_not_opened(fake: FakeQuickBooks) -> None:
    access = fake.oauth.grant("9130359999999999").access
    answer = reads(fake, access)
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (403, "3100")


def test_a_user_takes_the_consent_back(fake: FakeQuickBooks) -> None:
    hands = Hands(fake)
    hands.write("Invoice", form("5"))
    fake.oauth.revoke()
    assert hands.post("Invoice", form("5")).status_code == 401
