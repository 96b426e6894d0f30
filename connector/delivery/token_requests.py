"""Questions to a vendor's token endpoint, by our own transport: with a timeout, once more where it is safe.

Not by requests-oauthlib: it refuses the plain http of a server on 127.0.0.1, logs tokens, and its refreshing by itself
hands the body of the request at hand to the token endpoint. https://www.rfc-editor.org/rfc/rfc6749#section-5
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from connector.delivery.push import REQUEST_TIMEOUT_S
from connector.delivery.transport import CONNECT_S
from connector.errors import LedgerDown
from connector.world import World

# Where no answer came, the same question is put once more: most vendors keep the old token alive for a while.
PAUSE_S = 1
# A token is not used to its last second: it has to arrive, too.
MARGIN_S = 120
CHALLENGE_METHOD = "S256"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_WORD = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class OAuthVendor:
    """What is the vendor's own: `title` for sentences, headers of token requests, the names in an answer under
    which it tells, in seconds, how long the refresh token and the consent as a whole still live, and under which its
    redirect names the company that was chosen.

    `refresh_lasts_s` is how long a refresh token lives where the answer does not tell. An access token is not used in
    its last `margin_s`; the end of an access is told `warn_before_s` ahead. `pkce`: a code is bound to who asked for it.
    `ways_out` says, by the error that the vendor names, what to do about a refusal; `way_out` says it for every other.
    """

    title: str
    scope: str
    headers: tuple[tuple[str, str], ...] = ()
    refresh_ends_name: str = ""
    hard_ends_name: str = ""
    company_parameter: str | None = None
    refresh_lasts_s: int | None = None
    margin_s: int = MARGIN_S
    warn_before_s: int = 30 * 86400
    pkce: bool = False
    ways_out: tuple[tuple[str, str], ...] = ()
    way_out: str = "check its connection in the settings"


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """The app that asks for a ledger's tokens, where, and for which company where the redirect names it. An app that
    runs at its users' has no secret. `assertion` makes the signed statement by which an app says who it is that has a key
    instead; it names the scopes, too.

    https://www.rfc-editor.org/rfc/rfc7523#section-2.2
    """

    vendor: OAuthVendor
    ledger: str
    client_id: str
    client_secret: str | None = field(repr=False)
    authorize_url: str
    token_url: str
    company: str | None = None
    by_token: bool = False
    assertion: Callable[[], str] | None = None

    @property
    def proof(self) -> str:
        """The settings by which the app says who it is."""
        if self.assertion is not None:
            return "client_id, certificate_id and private_key"
        return "client_id and client_secret" if self.client_secret is not None else "client_id"

    @property
    def connect_again(self) -> str:
        """The command that connects; where the vendor takes no redirect to this machine, with a token by hand."""
        by_hand = " --refresh-token-stdin < FILE" if self.by_token else ""
        return f"connector connect {shlex.quote(self.ledger)}{by_hand}"

    def consent_address(self, redirect_uri: str, state: str, verifier: str | None = None) -> str:
        """Where a person lets the app in; with a `verifier` the code is of use only to who has it.

        https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1, https://www.rfc-editor.org/rfc/rfc7636#section-4.3
        """
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "scope": self.vendor.scope,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        if verifier is not None:
            asked |= {"code_challenge": challenge_of(verifier), "code_challenge_method": CHALLENGE_METHOD}
        return f"{self.authorize_url}?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Granted:
    """What a vendor gave; ends are seconds since 1970. `refresh` is None where it named no new one."""

    access: str = field(repr=False)
    access_until: int
    refresh: str | None = field(repr=False)
    refresh_ends: int | None
    hard_ends: int | None


class NoToken(LedgerDown):
    """No valid access token can be had: `unauthorised` where a person must act, else `ledger_down`."""


class GrantRefused(NoToken):
    """The vendor no longer takes the refresh token or code (invalid_grant)."""


class Unclear(Exception):
    """No answer, or none that can be read: what was asked may have been done."""


class TokenRequests:
    """The questions of one app. Nothing of them is logged."""

    def __init__(self, app: OAuthApp, world: World) -> None:
        self._app = app
        self._world = world

    def refresh(self, refresh: str) -> Granted:
        """New tokens for a refresh token. Raises `NoToken`; `GrantRefused` where it is dead."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        try:
            return self._ask(form)
        except Unclear:
            self._world.sleep(PAUSE_S)
        return self._last_ask(form)

    def exchange(self, code: str, redirect_uri: str, verifier: str | None = None) -> Granted:
        """Tokens for the code of a redirect, which works once. Raises `NoToken`."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._last_ask(form if verifier is None else {**form, "code_verifier": verifier})

    def claim(self) -> Granted:
        """An access token for the app itself, which needs no consent. Raises `NoToken`.

        https://www.rfc-editor.org/rfc/rfc6749#section-4.4
        """
        form = {"grant_type": "client_credentials"}
        if self._app.assertion is None:
            form["scope"] = self._app.vendor.scope
        try:
            return self._ask(form)
        except Unclear:
            self._world.sleep(PAUSE_S)
        return self._last_ask(form)

    def _last_ask(self, form: dict[str, str]) -> Granted:
        try:
            return self._ask(form)
        except Unclear as unclear:
            host, title = urlsplit(self._app.token_url).netloc, self._app.vendor.title
            raise NoToken(
                f"the token server of {title} ({host}) {unclear}; the next run tries again"
            ) from None

    def _ask(self, form: dict[str, str]) -> Granted:
        app = self._app
        asked = self._world.now()
        try:
            answer = requests.post(
                app.token_url,
                data={**form, **identity_of(app)},
                auth=authorisation_of(app),
                headers={"Accept": "application/json", **dict(app.vendor.headers)},
                timeout=(CONNECT_S, REQUEST_TIMEOUT_S - CONNECT_S),
                allow_redirects=False,
            )
        except OSError as error:
            raise Unclear(f"did not answer ({type(error).__name__})") from None
        if answer.status_code >= 500:
            raise Unclear(f"answered with {answer.status_code}")
        told = _read_object(answer)
        if answer.status_code == 200:
            return self._read_grant(told, asked)
        raise self._refusal(answer.status_code, told, form["grant_type"])

    def _read_grant(self, told: dict[str, Any], asked: int) -> Granted:
        access, refresh = told.get("access_token"), told.get("refresh_token")
        lasts_s = _seconds(told.get("expires_in"))
        if not (isinstance(access, str) and access) or lasts_s is None:
            raise Unclear("gave no tokens in its answer")
        vendor = self._app.vendor
        lasts = told.get(vendor.refresh_ends_name, vendor.refresh_lasts_s if refresh else None)
        return Granted(
            access=access,
            access_until=asked + lasts_s - min(vendor.margin_s, lasts_s // 4),
            refresh=refresh if isinstance(refresh, str) and refresh else None,
            refresh_ends=_end(lasts, asked),
            hard_ends=_end(told.get(vendor.hard_ends_name), asked),
        )

    def _refusal(self, status: int, told: dict[str, Any], grant_type: str) -> NoToken:
        app, title = self._app, self._app.vendor.title
        said = str(told.get("error", ""))
        # The vendor's words stay out: they may repeat what was sent.
        why = said if _WORD.fullmatch(said) else f"HTTP {status}"
        if said == "invalid_grant" and grant_type == "refresh_token":
            return GrantRefused(
                f"{title} refused the refresh token of ledger {app.ledger} ({why}): connect again: {app.connect_again}",
                "unauthorised",
            )
        if said == "invalid_grant" and grant_type == "authorization_code":
            return GrantRefused(
                f"{title} refused the code that its redirect gave ({why}): connect again: {app.connect_again}",
                "unauthorised",
            )
        if status == 429:
            return NoToken(f"{title} gives no tokens now (too many requests); the next run tries again")
        what = app.proof if said in ("invalid_client", "invalid_grant") else "the token request"
        ways_out = {
            "invalid_scope": f"add to the app at {title} what it lacks of: {app.vendor.scope}",
            "unauthorized_client": f"the app is not let in (any more): let it in again at {title}",
            **dict(app.vendor.ways_out),
        }
        way_out = ways_out.get(said, app.vendor.way_out)
        return NoToken(f"{title} refused {what} of ledger {app.ledger} ({why}): {way_out}", "unauthorised")


def challenge_of(verifier: str) -> str:
    """What the consent page is shown of a verifier. https://www.rfc-editor.org/rfc/rfc7636#section-4.2"""
    # Loaded here: only who gives consent waits for it.
    from oauthlib.oauth2 import WebApplicationClient

    made: str = WebApplicationClient("").create_code_challenge(verifier, CHALLENGE_METHOD)
    return made


def identity_of(app: OAuthApp) -> dict[str, str]:
    """What the form says of who asks, where no header does: a statement signed just now, or the id alone."""
    if app.assertion is not None:
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": app.assertion()}
    return {} if app.client_secret is not None else {"client_id": app.client_id}


def authorisation_of(app: OAuthApp) -> AuthBase:
    """By client id and secret; of an app without a secret the form says who it is."""
    if app.client_secret is None:
        return NoAuth()
    return HTTPBasicAuth(app.client_id.encode(), app.client_secret.encode())


class NoAuth(AuthBase):
    """No authorisation. As an `AuthBase`, since else a .netrc of the user would give one."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _read_object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer; a refusal may be without one, a grant may not."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict):
        return told
    if answer.status_code == 200:
        raise Unclear("gave an answer that cannot be read")
    return {}


def _seconds(value: object) -> int | None:
    """Some vendors write the number as text."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None


def _end(lasts: object, asked: int) -> int | None:
    lasts_s = _seconds(lasts)
    return None if lasts_s is None else asked + lasts_s
