"""How Xero is reached: addresses, limits, scopes, and what is Xero's own in its tokens.

https://developer.xero.com/documentation/guides/oauth2/auth-flow/
https://developer.xero.com/documentation/guides/oauth2/custom-connections/
https://developer.xero.com/documentation/guides/oauth2/limits/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import simplejson

from connector.delivery.client_credentials import ClientCredentials
from connector.delivery.http_courier import (
    AccessTokens,
    CourierPlace,
    DayLimit,
    HttpCourier,
    VendorLimits,
)
from connector.delivery.push import REQUEST_TIMEOUT_S
from connector.delivery.token_requests import OAuthApp, OAuthVendor
from connector.delivery.tokens import TokenPlace, Tokens
from connector.delivery.transport import Transport
from connector.errors import InputError, LedgerDown
from connector.ledgers.contract import Answer, Request
from connector.settings.connections import XeroConnection

# By themselves, without the older, broad accounting.transactions, which newer apps are not given.
SCOPES = "accounting.invoices accounting.payments accounting.banktransactions accounting.contacts accounting.settings.read"
CUSTOM_CONNECTION = OAuthVendor(title="Xero", scope=SCOPES, margin_s=60)
CONSENT = replace(
    CUSTOM_CONNECTION,
    # The last one gives a refresh token.
    scope=f"{SCOPES} offline_access",
    refresh_lasts_s=60 * 86400,
    warn_before_s=14 * 86400,
    pkce=True,
)
AUTHORIZE_URL = "https://login.xero.com/identity/connect/authorize"
AUTHORIZE_PATH = "/identity/connect/authorize"
CONNECTIONS_PATH = "/connections"
# Of one organisation 60 requests in each minute of Xero's clock, 5 at once; somewhat slower, since some are longer on
# their way than others.
LIMITS = VendorLimits(
    rates=((60, 60_500),),
    at_once=5,
    day=DayLimit(
        "x-daylimit-remaining", 100, "Xero takes {count} more {requests} of this organisation today"
    ),
)
TENANT_HEADER = "xero-tenant-id"
TRACE = "Xero-Correlation-Id"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation that a consent opens, as Xero names it."""

    name: str
    tenant_id: str

    def __str__(self) -> str:
        return f"{self.name} ({self.tenant_id})"


def open_xero_courier(connection: XeroConnection, place: CourierPlace) -> HttpCourier:
    """The courier of one organisation; nothing is asked yet. Raises `InputError` where the key for tokens does not serve."""
    tokens: AccessTokens
    if connection.auth == "custom_connection":
        tokens = ClientCredentials(xero_app(connection, place.ledger), place.tokens.world)
    else:
        kept = open_xero_tokens(connection, place.ledger, place.tokens)
        kept.load()
        tokens = kept
    tenant = ((TENANT_HEADER, connection.tenant_id),) if connection.tenant_id is not None else ()
    transport = Transport(connection.base_url.rstrip("/"), (), TRACE, tenant)
    world, should_stop = place.tokens.world, place.tokens.should_stop
    return HttpCourier(transport, tokens, place.patience, LIMITS, world, should_stop)


def open_xero_tokens(connection: XeroConnection, ledger: str, place: TokenPlace) -> Tokens:
    """The tokens of a consent, which the state keeps; a custom connection has none such."""
    first = connection.refresh_token
    return Tokens(
        xero_app(connection, ledger), place, first.get_secret_value() if first is not None else None
    )


def xero_app(connection: XeroConnection, ledger: str) -> OAuthApp:
    parts = urlsplit(connection.token_url)
    # A server of one's own that stands in for Xero's has its consent page beside its tokens.
    own = parts.hostname == "127.0.0.1"
    secret = connection.client_secret
    return OAuthApp(
        vendor=CONSENT if connection.auth == "authorization_code" else CUSTOM_CONNECTION,
        ledger=ledger,
        client_id=connection.client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        authorize_url=f"{parts.scheme}://{parts.netloc}{AUTHORIZE_PATH}" if own else AUTHORIZE_URL,
        token_url=connection.token_url,
    )


class OrganisationCheck:
    """Asks which organisations an access token opens, and whether that of the settings is among them: a consent is given
    on Xero's page, and nothing in its redirect says for which. `let_in` are those it opens, once it was called.

    https://developer.xero.com/documentation/guides/oauth2/tenants/
    """

    def __init__(self, connection: XeroConnection, ledger: str) -> None:
        parts = urlsplit(connection.base_url)
        self._transport = Transport(f"{parts.scheme}://{parts.netloc}", (), TRACE)
        self._tenant_id = connection.tenant_id
        self._ledger = ledger
        self.let_in: tuple[Organisation, ...] = ()

    def __call__(self, access: str) -> None:
        """Raises `InputError` where the organisation was not let in, `LedgerDown` where Xero does not say."""
        answer = self._transport.send(Request("GET", CONNECTIONS_PATH), access, REQUEST_TIMEOUT_S)
        self.let_in = read_organisations(answer)
        if not self.let_in:
            raise InputError(
                f"no organisation was let in: choose one on Xero's page; ledger {self._ledger} is not connected, and"
                f" nothing was stored"
            )
        if self._tenant_id is not None and self.chosen is None:
            raise InputError(
                f"the organisation {self._tenant_id} that the settings of ledger {self._ledger} name was not let in; let"
                f" in: {', '.join(map(str, self.let_in))}: choose that one, or change tenant_id; nothing was stored"
            )

    @property
    def chosen(self) -> Organisation | None:
        """The organisation of the settings; None where they name none, or it was not let in."""
        wanted = (self._tenant_id or "").lower()
        return next((one for one in self.let_in if one.tenant_id.lower() == wanted), None)


def plain(told: object) -> str:
    """A text of Xero's for a person to read: what a terminal takes for a command is left out."""
    return "".join(letter for letter in told if letter.isprintable()) if isinstance(told, str) else ""


def read_organisations(answer: Answer) -> tuple[Organisation, ...]:
    """The organisations of an answer of /connections. Raises `LedgerDown` where it is none."""
    if answer.arrived and answer.status == 200:
        try:
            told: Any = simplejson.loads(answer.body.decode("utf-8"))
        except ValueError:
            told = None
        if isinstance(told, list):
            return tuple(
                Organisation(plain(one.get("tenantName")) or "without a name", plain(one.get("tenantId")))
                for one in told
                if isinstance(one, Mapping) and one.get("tenantType") == "ORGANISATION"
            )
    why = answer.sentence or f"HTTP status {answer.status}"
    raise LedgerDown(
        f"Xero did not answer which organisations the token opens ({why}); nothing was stored", "network"
    )
