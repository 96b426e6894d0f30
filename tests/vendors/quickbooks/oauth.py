"""Intuit's OAuth 2.0 server: the consent page, tokens, and refresh tokens that die when they are replaced."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from vendors.quickbooks.clock import Clock
from vendors.quickbooks.wire import Json

CLIENT_ID = "ABAcmeClientId"
CLIENT_SECRET = "acme-client-secret"
SCOPE = "com.intuit.quickbooks.accounting"
TOKEN_PATH = "/oauth2/v1/tokens/bearer"
AUTHORIZE_PATH = "/connect/oauth2"
REVOKE_PATH = "/v2/oauth2/tokens/revoke"
DISCOVERY_PATH = "/.well-known/openid_configuration"

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8726400
HARD_SECONDS = 5 * 365 * 86400
_DAY = 86400
_HARD_HEADER = "x-include-refresh-token-hard-expires-in"


@dataclass
class Grant:
    """A user's consent for one company; `refresh` is the one value that works."""

    realm: str
    refresh: str
    access: str
    issued: float
    renewed: float
    rotated: float
    revoked: bool = False


class OAuth:
    """`rotation`: a refresh gives a new refresh token always, or once in 24 hours; the old value then dies at once.

    `reuse_revokes`: a dead value takes the whole consent with it. `refresh_seconds` is how long a refresh takes: a
    second one with the same value meanwhile gets invalid_grant. `denies` is what the user says on the consent page.
    `redirect_uris` are those that the app registered; None: any.
    """

    def __init__(self, clock: Clock, realm: str) -> None:
        self.clock = clock
        self.realm = realm
        self.rotation: Literal["always", "daily"] = "always"
        self.reuse_revokes = False
        self.refresh_seconds = 0.0
        self.denies = False
        self.redirect_uris: set[str] | None = None
        self.grants: list[Grant] = []
        self._codes: dict[str, tuple[str, str]] = {}
        self._access: dict[str, tuple[Grant, float]] = {}
        self._dead: dict[str, Grant] = {}
        self._in_flight: set[str] = set()
        self._made = 0
        self._lock = threading.Lock()

    def copy(self, clock: Clock) -> OAuth:
        """The same consents and tokens at this moment, by another clock."""
        made = OAuth(clock, self.realm)
        kept = {name: value for name, value in vars(self).items() if name not in ("clock", "_lock")}
        vars(made).update(deepcopy(kept))
        return made

    # ------------------------------------------------------------------------------------------ by hand

    def grant(self, realm: str | None = None) -> Grant:
        """A consent without a browser."""
        with self._lock:
            return self._grant(realm or self.realm)

    def expire_access_tokens(self) -> None:
        with self._lock:
            self._access.clear()

    def revoke(self, realm: str | None = None) -> None:
        """As the user does it in QuickBooks."""
        with self._lock:
            for grant in self.grants:
                if realm in (None, grant.realm):
                    grant.revoked = True

    def realm_of(self, access: str) -> str | None:
        """The company that an access token opens, while it is valid."""
        with self._lock:
            grant, expires = self._access.get(access, (None, 0.0))
            if grant is None or grant.revoked or expires <= self.clock():
                return None
            return grant.realm

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made:06d}-acme"

    def _grant(self, realm: str) -> Grant:
        now = self.clock()
        made = Grant(realm, self._name("refresh"), "", now, now, now)
        self.grants.append(made)
        self._new_access(made)
        return made

    def _new_access(self, grant: Grant) -> None:
        grant.access = self._name("access")
        self._access[grant.access] = (grant, self.clock() + ACCESS_SECONDS)

    # ------------------------------------------------------------------------------------------ the consent page

    def authorize(self, asked: Mapping[str, str]) -> str | None:
        """Where the browser is sent; None where the page says that the request is wrong."""
        target = asked.get("redirect_uri", "")
        right = asked.get("client_id") == CLIENT_ID and asked.get("response_type") == "code"
        registered = self.redirect_uris is None or target in self.redirect_uris
        if not (right and registered and target and SCOPE in asked.get("scope", "").split()):
            return None
        state = {"state": asked["state"]} if "state" in asked else {}
        if self.denies:
            return f"{target}?{urlencode({'error': 'access_denied', **state})}"
        with self._lock:
            code = self._name("code")
            self._codes[code] = (self.realm, target)
        return f"{target}?{urlencode({'code': code, **state, 'realmId': self.realm})}"

    # ------------------------------------------------------------------------------------------ tokens

    def token(self, headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[int, Json]:
        """Status and body of the token endpoint; the company is named on the redirect alone, never here."""
        if not _is_client(headers):
            return 401, {"error": "invalid_client"}
        with self._lock:
            if form.get("grant_type") == "authorization_code":
                realm, target = self._codes.pop(form.get("code", ""), (None, None))
                if realm is None or target != form.get("redirect_uri"):
                    return _invalid_grant("Invalid authorization code")
                return 200, self._answer(self._grant(realm), headers)
            if form.get("grant_type") != "refresh_token":
                return 400, {"error": "unsupported_grant_type"}
            value = form.get("refresh_token", "")
            if value in self._in_flight:
                return _invalid_grant("Incorrect or invalid refresh token")
            self._in_flight.add(value)
        try:
            time.sleep(self.refresh_seconds)
            with self._lock:
                return self._refresh(value, headers)
        finally:
            self._in_flight.discard(value)

    def _refresh(self, value: str, headers: Mapping[str, str]) -> tuple[int, Json]:
        now = self.clock()
        grant = next((one for one in self.grants if one.refresh == value and not one.revoked), None)
        if grant is None and self.reuse_revokes and value in self._dead:
            self._dead[value].revoked = True
        if grant is None or now >= min(grant.renewed + REFRESH_SECONDS, grant.issued + HARD_SECONDS):
            return _invalid_grant("Incorrect or invalid refresh token")
        if self.rotation == "always" or now - grant.rotated >= _DAY:
            self._dead[grant.refresh] = grant
            grant.refresh, grant.rotated = self._name("refresh"), now
        grant.renewed = now
        self._new_access(grant)
        return 200, self._answer(grant, headers)

    def _answer(self, grant: Grant, headers: Mapping[str, str]) -> Json:
        now = self.clock()
        hard = int(grant.issued + HARD_SECONDS - now)
        answer: Json = {
            "token_type": "bearer",
            "access_token": grant.access,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": grant.refresh,
            "x_refresh_token_expires_in": min(REFRESH_SECONDS, hard),
        }
        if _header(headers, _HARD_HEADER).lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = hard
        return answer

    def revoke_token(self, headers: Mapping[str, str], body: Json) -> int:
        """Status of the revoke endpoint."""
        if not _is_client(headers):
            return 401
        with self._lock:
            named = [one for one in self.grants if body.get("token") in (one.refresh, one.access)]
            for grant in named:
                grant.revoked = True
        return 200 if named else 400


def discovery(base: str) -> Json:
    """The document that names the endpoints."""
    return {
        "issuer": f"{base}/op/v1",
        "authorization_endpoint": f"{base}{AUTHORIZE_PATH}",
        "token_endpoint": f"{base}{TOKEN_PATH}",
        "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base}{REVOKE_PATH}",
        "jwks_uri": f"{base}/op/v1/jwks",
    }


def _is_client(headers: Mapping[str, str]) -> bool:
    right = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    return _header(headers, "Authorization") == f"Basic {right}"


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for each, value in headers.items() if each.lower() == name.lower()), "")


def _invalid_grant(words: str) -> tuple[int, Json]:
    return 400, {"error": "invalid_grant", "error_description": words}
