"""Xero's OAuth 2.0 server: the consent page, tokens that rotate with a grace, connections, custom connections.

https://developer.xero.com/documentation/guides/oauth2/auth-flow/
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from vendors.xero.clients import (
    CLIENT_ID,
    CLIENT_SECRET,
    CUSTOM_CLIENT_ID,
    CUSTOM_CLIENT_SECRET,
    KNOWN_SCOPES,
    PKCE_CLIENT_ID,
    SCOPES,
    client_of,
    may_redirect,
    proves,
)
from vendors.xero.wire import Json, iso_instant

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CUSTOM_CLIENT_ID",
    "CUSTOM_CLIENT_SECRET",
    "PKCE_CLIENT_ID",
    "SCOPES",
    "TENANT",
    "Grant",
    "OAuth",
]

TENANT = "70784a63-d24b-46a9-a4db-0e70a274b056"
AUTHORIZE_PATH = "/identity/connect/authorize"
TOKEN_PATH = "/connect/token"
REVOKE_PATH = "/connect/revocation"
CONNECTIONS_PATH = "/connections"

CODE_SECONDS = 300
ACCESS_SECONDS = 1800
GRACE_SECONDS = 1800
REFRESH_SECONDS = 60 * 86400


@dataclass
class Grant:
    """A user's consent; `refresh` is the newest value. A custom connection has none and opens `tenant` alone."""

    client: str
    scopes: frozenset[str]
    event: str
    refresh: str = ""
    access: str = ""
    renewed: float = 0.0
    tenant: str | None = None
    revoked: bool = False


@dataclass
class Code:
    grant: Grant
    target: str
    expires: float
    challenge: str | None


@dataclass
class Connection:
    """One organisation that this app may open."""

    connection_id: str
    tenant: str
    event: str
    created: float


@dataclass
class OAuth:
    """`tenants` are the organisations that the user picks on the consent page; `names` what they are called.

    `denies` is what the user says there. `redirect_uris` are those that the app registered; None: any.
    `asked` keeps every body that reached the token endpoint.
    """

    clock: Callable[[], float]
    tenants: list[str]
    names: dict[str, str]
    denies: bool = False
    redirect_uris: set[str] | None = None
    asked: list[str] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    custom_tenant: str | None = None
    custom_scopes: frozenset[str] = frozenset(SCOPES.split())

    def __post_init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._access: dict[str, tuple[Grant, float]] = {}
        self._replaced: dict[str, tuple[Grant, float]] = {}
        self._made = 0
        self._lock = threading.RLock()

    def copy(self, clock: Callable[[], float]) -> OAuth:
        """The same consents and tokens at this moment, by another clock."""
        made = OAuth(clock, list(self.tenants), dict(self.names))
        kept = {name: value for name, value in vars(self).items() if name not in ("clock", "_lock")}
        vars(made).update(deepcopy(kept))
        return made

    # ------------------------------------------------------------------------------------------ by hand

    def grant(self, scopes: str = f"{SCOPES} offline_access", client: str = CLIENT_ID) -> Grant:
        """A consent without a browser; the organisations of `tenants` are connected."""
        with self._lock:
            made = self._consent(client, frozenset(scopes.split()))
            self._renew(made)
            return made

    def expire_access_tokens(self) -> None:
        with self._lock:
            now = self.clock()
            self._access = {token: (grant, min(now, end)) for token, (grant, end) in self._access.items()}

    def disconnect(self, tenant: str | None = None) -> None:
        """As the user does it in Xero: the tokens live on and open this organisation no longer."""
        with self._lock:
            self.connections = [one for one in self.connections if tenant not in (None, one.tenant)]
            if tenant in (None, self.custom_tenant):
                self.custom_tenant = None

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made:06d}-acme"

    def _guid(self) -> str:
        self._made += 1
        return f"c0ffee00-0000-4000-8000-{self._made:012x}"

    def _consent(self, client: str, scopes: frozenset[str]) -> Grant:
        grant = Grant(client, scopes, self._guid())
        self.grants.append(grant)
        for tenant in self.tenants:
            if all(one.tenant != tenant for one in self.connections):
                self.connections.append(Connection(self._guid(), tenant, grant.event, self.clock()))
        return grant

    def _renew(self, grant: Grant) -> None:
        now = self.clock()
        grant.access = self._name("access")
        self._access[grant.access] = (grant, now + ACCESS_SECONDS)
        if grant.refresh:
            self._replaced[grant.refresh] = (grant, now + GRACE_SECONDS)
        if "offline_access" in grant.scopes:
            grant.refresh = self._name("refresh")
        grant.renewed = now

    # ------------------------------------------------------------------------------------------ what a token opens

    def opened_by(self, access: str) -> tuple[Grant | None, float]:
        """The consent behind an access token, and when the token ends; None where nobody ever gave it out."""
        with self._lock:
            return self._access.get(access, (None, 0.0))

    def tenants_of(self, grant: Grant) -> set[str]:
        with self._lock:
            if grant.client == CUSTOM_CLIENT_ID:
                opened = grant.tenant if grant.tenant == self.custom_tenant else None
                return {opened} if opened else set()
            return set() if grant.revoked else {one.tenant for one in self.connections}

    def connected(self, grant: Grant, event: str | None) -> list[Json]:
        """The answer of GET /connections."""
        shown = []
        with self._lock:
            for one in self.connections:
                if one.tenant in self.tenants_of(grant) and event in (None, one.event):
                    shown.append(self._shown(one))
            if grant.client == CUSTOM_CLIENT_ID and self.tenants_of(grant) and not shown:
                shown.append(
                    self._shown(Connection(grant.event, str(grant.tenant), grant.event, grant.renewed))
                )
        return shown

    def _shown(self, one: Connection) -> Json:
        stamp = f"{iso_instant(one.created)}.0000000"
        return {
            "id": one.connection_id,
            "authEventId": one.event,
            "tenantId": one.tenant,
            "tenantType": "ORGANISATION",
            "tenantName": self.names.get(one.tenant),
            "createdDateUtc": stamp,
            "updatedDateUtc": stamp,
        }

    def drop_connection(self, connection_id: str) -> bool:
        with self._lock:
            kept = [one for one in self.connections if one.connection_id != connection_id]
            found = len(kept) < len(self.connections)
            self.connections = kept
            return found

    # ------------------------------------------------------------------------------------------ the consent page

    def authorize(self, asked: Mapping[str, str]) -> str | None:
        """Where the browser is sent; None where the page says that the request is wrong."""
        target, client = asked.get("redirect_uri", ""), asked.get("client_id", "")
        challenge = asked.get("code_challenge")
        right = asked.get("response_type") == "code" and client in (CLIENT_ID, PKCE_CLIENT_ID)
        registered = self.redirect_uris is None or target in self.redirect_uris
        scopes = frozenset(asked.get("scope", "").split())
        proven = challenge is None or asked.get("code_challenge_method") == "S256"
        if client == PKCE_CLIENT_ID and challenge is None:
            proven = False
        if not (
            right and registered and proven and may_redirect(target) and scopes and scopes <= KNOWN_SCOPES
        ):
            return None
        state = {"state": asked["state"]} if "state" in asked else {}
        if self.denies:
            return f"{target}?{urlencode({'error': 'access_denied', **state})}"
        with self._lock:
            code = self._name("code")
            grant = self._consent(client, scopes)
            self._codes[code] = Code(grant, target, self.clock() + CODE_SECONDS, challenge)
        return f"{target}?{urlencode({'code': code, 'scope': ' '.join(sorted(scopes)), **state})}"

    # ------------------------------------------------------------------------------------------ tokens

    def token(self, headers: Mapping[str, str], body: str) -> tuple[int, Json]:
        """Status and body of the token endpoint."""
        with self._lock:
            self.asked.append(body)
            form = dict(parse_qsl(body, keep_blank_values=True))
            client = client_of(headers, form)
            if client is None:
                return _no("invalid_client")
            kind = form.get("grant_type")
            if kind == "authorization_code" and client != CUSTOM_CLIENT_ID:
                return self._redeem(client, form)
            if kind == "refresh_token" and client != CUSTOM_CLIENT_ID:
                return self._refresh(client, form.get("refresh_token", ""))
            if kind == "client_credentials" and client == CUSTOM_CLIENT_ID:
                return self._custom(frozenset(form.get("scope", "").split()))
            return _no("unauthorized_client" if kind in _GRANTS else "unsupported_grant_type")

    def _redeem(self, client: str, form: Mapping[str, str]) -> tuple[int, Json]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.grant.client != client or code.target != form.get("redirect_uri"):
            return _no("invalid_grant")
        if code.expires <= self.clock() or not proves(form.get("code_verifier"), code.challenge):
            return _no("invalid_grant")
        self._renew(code.grant)
        return 200, self._answer(code.grant)

    def _refresh(self, client: str, value: str) -> tuple[int, Json]:
        now = self.clock()
        grant = next((one for one in self.grants if value and one.refresh == value), None)
        if grant is None:
            grant, until = self._replaced.get(value, (None, 0.0))
            grant = grant if now < until else None
        if grant is None or grant.client != client or grant.revoked or now >= grant.renewed + REFRESH_SECONDS:
            return _no("invalid_grant")
        # A value that was replaced keeps its end: using it again in its grace does not make that longer.
        self._renew(grant)
        return 200, self._answer(grant)

    def _custom(self, scopes: frozenset[str]) -> tuple[int, Json]:
        if self.custom_tenant is None:
            return _no("unauthorized_client")
        if not scopes <= self.custom_scopes:
            return _no("invalid_scope")
        grant = Grant(CUSTOM_CLIENT_ID, scopes or self.custom_scopes, self._guid(), tenant=self.custom_tenant)
        self.grants.append(grant)
        self._renew(grant)
        return 200, self._answer(grant)

    def _answer(self, grant: Grant) -> Json:
        answer: Json = {"access_token": grant.access, "expires_in": ACCESS_SECONDS, "token_type": "Bearer"}
        if grant.refresh:
            answer["refresh_token"] = grant.refresh
        return {**answer, "scope": " ".join(sorted(grant.scopes))}

    def revoke_token(self, headers: Mapping[str, str], body: str) -> int:
        """Status of the revocation endpoint: it never says whether the token was one."""
        form = dict(parse_qsl(body))
        with self._lock:
            client = client_of(headers, form)
            if client is None:
                return 400
            for grant in self.grants:
                if grant.client == client and form.get("token") == grant.refresh:
                    grant.revoked = True
                    self.connections.clear()
        return 200


_GRANTS = ("authorization_code", "refresh_token", "client_credentials")


def _no(error: str) -> tuple[int, Json]:
    return 400, {"error": error}
