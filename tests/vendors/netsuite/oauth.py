"""NetSuite's gate: who may ask, by a token of OAuth 2.0 or by a request signed by OAuth 1.0a; and where tokens are given.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162755359851.html
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_156935170194.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from vendors.netsuite.certificates import Certificate, Doubted, believe, make_key, public_key
from vendors.netsuite.signatures import METHOD, read_header, signature_of

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
RESTLET_PATH = "/app/site/hosting/restlet.nl"
CLIENT_ID = "acme-client-000000000000000000000000000000000000000000000000000001"
CERTIFICATE_ID = "acme-certificate-0000000000000000000000001"
CONSUMER_KEY, CONSUMER_SECRET = "acme-consumer-key", "acme-consumer-secret"
TOKEN_ID, TOKEN_SECRET = "acme-token-id", "acme-token-secret"
PRIVATE_KEY = make_key()

ACCESS_SECONDS = 3600
APART_SECONDS = 300
SHORTEST_NONCE = 6
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FIELDS = {"realm", "consumer_key", "token", "signature_method", "timestamp", "nonce", "signature"}
_FORM = {"grant_type", "client_assertion_type", "client_assertion"}

Json = dict[str, Any]


@dataclass
class Access:
    """An access token that was given out."""

    token: str
    scopes: frozenset[str]
    ends: float


class Gate:
    """One account (1234567_SB1), on the clock that is handed in, which tells seconds since 1970.

    `secrets` are (consumer key, its secret, token id, its secret) of the one token that opens it by OAuth 1.0a; None: it
    takes none. `certificates` are those that open it by OAuth 2.0, by certificate id. `says` is the error that a statement
    meets which is not believed; `scopes` what is ticked on the integration. `audit_trail` says why each that was refused
    was; `asked` are the forms that reached the token endpoint, `given` the tokens that it gave.
    """

    def __init__(self, account: str, clock: Callable[[], float]) -> None:
        self.account = account.upper().replace("-", "_")
        self.clock = clock
        self.secrets: tuple[str, str, str, str] | None = (
            CONSUMER_KEY,
            CONSUMER_SECRET,
            TOKEN_ID,
            TOKEN_SECRET,
        )
        self.certificates: dict[str, Certificate] = {}
        self.scopes = frozenset({"restlets", "rest_webservices"})
        self.expires_in = ACCESS_SECONDS
        self.shortest_nonce = SHORTEST_NONCE
        self.says = "invalid_grant"
        self.audit_trail: list[str] = []
        self.asked: list[str] = []
        self.given: list[Access] = []
        self._open: dict[str, Access] = {}
        self._nonces: set[tuple[str, str, str]] = set()
        self._lock = threading.RLock()
        self.map_certificate()

    def copy(self, clock: Callable[[], float]) -> Gate:
        """The same certificates and tokens at this moment, by another clock."""
        made = Gate(self.account, clock)
        with self._lock:
            kept = {name: value for name, value in vars(self).items() if name not in ("clock", "_lock")}
            # Public keys cannot be copied, and need not be.
            certificates = {name: Certificate(**vars(one)) for name, one in self.certificates.items()}
            vars(made).update(deepcopy({**kept, "certificates": {}}) | {"certificates": certificates})
        return made

    def settings(self, auth: Literal["oauth2", "tba"] = "oauth2") -> Json:
        """What a connection in the settings holds to come in, but for addresses."""
        if auth == "oauth2":
            own = {"client_id": CLIENT_ID, "certificate_id": CERTIFICATE_ID, "private_key": PRIVATE_KEY}
        else:
            names = ("consumer_key", "consumer_secret", "token_id", "token_secret")
            own = dict(zip(names, (CONSUMER_KEY, CONSUMER_SECRET, TOKEN_ID, TOKEN_SECRET), strict=True))
        return {"account_id": self.account, "auth": auth, **own}

    # ------------------------------------------------------------------------------------------ by hand

    def map_certificate(
        self,
        private_key: str = PRIVATE_KEY,
        certificate_id: str = CERTIFICATE_ID,
        client_id: str = CLIENT_ID,
        until: float | None = None,
    ) -> None:
        """As an administrator does who uploads the public half of a key."""
        with self._lock:
            self.certificates[certificate_id] = Certificate(client_id, public_key(private_key), until)

    def wipe_mapping(self) -> None:
        """As the refresh of a sandbox does."""
        with self._lock:
            self.certificates.clear()

    def expire_access_tokens(self) -> None:
        """Before their time; each is told that it has expired."""
        with self._lock:
            for one in self._open.values():
                one.ends = min(one.ends, self.clock())

    def forget_access_tokens(self) -> None:
        """As if they had never been given out."""
        with self._lock:
            self._open.clear()

    def grant(self) -> str:
        """An access token, as one who may ask gets it."""
        with self._lock:
            return str(self._give(self.scopes)["access_token"])

    # ------------------------------------------------------------------------------------------ who may ask

    def refuse(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, Json] | None:
        """Status and body for who may not ask; None for who may. `url` is the whole address, or its part from the path
        on."""
        told = {name.lower(): text for name, text in headers.items()}
        with self._lock:
            why = self._why_not(method, whole(url, told), told)
            if why is None:
                return None
            self.audit_trail.append(why)
        return 401, unauthorised(urlsplit(url).path)

    def _why_not(self, method: str, url: str, headers: Mapping[str, str]) -> str | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if "cookie" in headers:
            return "SessionAndHeader"
        if kind == "Bearer":
            return self._why_no_bearer(token, urlsplit(url).path)
        return self._why_no_signature(method, url, headers)

    def _why_no_bearer(self, token: str, path: str) -> str | None:
        access = self._open.get(token)
        if access is None:
            return "TokenRejected"
        if self.clock() >= access.ends:
            return "AccessTokenExpired"
        wanted = "restlets" if path == RESTLET_PATH else "rest_webservices"
        return None if wanted in access.scopes else "ScopeMismatched"

    def _why_no_signature(self, method: str, url: str, headers: Mapping[str, str]) -> str | None:
        signed = read_header(headers.get("authorization", ""))
        if signed is None or not signed.keys() >= _FIELDS:
            return "MissingTokenPassportRequiredFields"
        if self.secrets is None or self.secrets[::2] != (signed["consumer_key"], signed["token"]):
            return "token_rejected"
        if signed["signature_method"] != METHOD or signed.get("version", "1.0") != "1.0":
            return "signature_method_rejected"
        if signed["realm"] != self.account:
            return "company_unknown"
        stamp, nonce = signed["timestamp"], signed["nonce"]
        if not stamp.isdecimal() or abs(int(stamp) - self.clock()) > APART_SECONDS:
            return "timestamp_refused"
        if len(nonce) < self.shortest_nonce:
            return "nonce_rejected"
        if signature_of(method, url, signed, self.secrets[1::2]) != signed["signature"]:
            return "InvalidSignature"
        if (signed["token"], stamp, nonce) in self._nonces:
            return "nonce_used"
        self._nonces.add((signed["token"], stamp, nonce))
        return None

    # ------------------------------------------------------------------------------------------ tokens

    def handles(self, path: str) -> bool:
        """Whether a path is that of the token endpoint, which needs no token."""
        return urlsplit(path).path == TOKEN_PATH

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: str | bytes
    ) -> tuple[int, Json]:
        """Status and body of the token endpoint."""
        text = body.decode() if isinstance(body, bytes) else body
        told = {name.lower(): value for name, value in headers.items()}
        form = dict(parse_qsl(text, keep_blank_values=True))
        with self._lock:
            self.asked.append(text)
            right = method == "POST" and set(form) == _FORM and "authorization" not in told
            if not right or form["client_assertion_type"] != _ASSERTION_TYPE:
                return self._refused("MalformedRequest", "invalid_request")
            if form["grant_type"] != "client_credentials":
                return self._refused("UnsupportedGrantType", "unsupported_grant_type")
            try:
                _, scopes = believe(
                    form["client_assertion"], self.certificates, whole(url, told), self.clock()
                )
            except Doubted as doubted:
                return self._refused(str(doubted), self.says)
            if not scopes <= self.scopes:
                return self._refused("ScopeMismatched", "invalid_scope")
            return 200, self._give(scopes)

    def _give(self, scopes: frozenset[str]) -> Json:
        token = f"bearer-{len(self.given) + 1:06d}-{self.account.lower()}"
        access = Access(token, scopes, self.clock() + self.expires_in)
        self.given.append(access)
        self._open[token] = access
        return {"access_token": token, "expires_in": str(self.expires_in), "token_type": "bearer"}

    def _refused(self, why: str, error: str) -> tuple[int, Json]:
        self.audit_trail.append(why)
        return 401 if error == "invalid_client" else 400, {"error": error}


def whole(url: str, headers: Mapping[str, str]) -> str:
    """The whole address of a request whose line names only the path."""
    return f"http://{headers.get('host', '')}{url}" if url.startswith("/") else url


def unauthorised(path: str) -> Json:
    """One body for every reason: which it was stands in the audit trail."""
    words = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI."
    if path == RESTLET_PATH:
        return {"error": {"code": "INVALID_LOGIN_ATTEMPT", "message": "Invalid login attempt."}}
    return {
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
        "title": "Unauthorized",
        "status": 401,
        "o:errorDetails": [{"detail": words, "o:errorCode": "INVALID_LOGIN"}],
    }
