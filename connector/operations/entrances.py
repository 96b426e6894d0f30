"""Where a person lets the connector in: for each kind of ledger that gives access by consent, how.

Another vendor is another function, and a line in `ENTRANCES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connector.delivery.quickbooks_online import company_check, open_quickbooks_tokens, quickbooks_app
from connector.delivery.token_requests import OAuthApp
from connector.delivery.tokens import TokenPlace, Tokens
from connector.delivery.xero import OrganisationCheck, open_xero_tokens, xero_app
from connector.settings.connections import (
    Connection,
    NetsuiteConnection,
    QuickbooksOnlineConnection,
    XeroConnection,
)


@dataclass(frozen=True)
class Entrance:
    """The way into one ledger. `verify` tries an access token before anything is stored: a refresh token does not say
    whose it is, and `verify_code` the one that a redirect brought. `opened` names, once a token was tried, what it opens;
    `advice` are sentences on what is to be done next."""

    app: OAuthApp
    tokens: Tokens
    verify: Callable[[str], None]
    verify_code: Callable[[str], None]
    opened: Callable[[], str]
    advice: Callable[[], list[str]]


Opener = Callable[[Connection, str, TokenPlace], Entrance]


def enter_quickbooks(connection: Connection, ledger: str, place: TokenPlace) -> Entrance:
    """QuickBooks names the company in its redirect: only a token from elsewhere has to be tried."""
    assert isinstance(connection, QuickbooksOnlineConnection)
    return Entrance(
        app=quickbooks_app(connection, ledger),
        tokens=open_quickbooks_tokens(connection, ledger, place),
        verify=company_check(connection),
        verify_code=lambda access: None,
        opened=lambda: f"QuickBooks company {connection.realm_id}",
        advice=list,
    )


def enter_xero(connection: Connection, ledger: str, place: TokenPlace) -> Entrance:
    """A consent may open several organisations of Xero, chosen on its page: which ones is asked with the token."""
    assert isinstance(connection, XeroConnection)
    check = OrganisationCheck(connection, ledger)

    def opened() -> str:
        return f"Xero organisation {check.chosen}" if check.chosen is not None else "Xero"

    def advice() -> list[str]:
        if check.chosen is not None:
            return []
        return [
            f"Write the tenant_id of the organisation that ledger {ledger} is into its connection in the settings. Let in:",
            *(f"  {one.name}  {one.tenant_id}" for one in check.let_in),
        ]

    return Entrance(
        app=xero_app(connection, ledger),
        tokens=open_xero_tokens(connection, ledger, place),
        verify=check,
        verify_code=check,
        opened=opened,
        advice=advice,
    )


ENTRANCES: dict[str, Opener] = {"quickbooks_online": enter_quickbooks, "xero": enter_xero}
# Kinds that are reached over the network, and never by a consent.
WITHOUT_CONSENT = frozenset({"netsuite"})


def no_consent_needed(connection: Connection, ledger: str) -> str | None:
    """A sentence where a ledger is opened without anybody's consent, although others of its kind, or like it, need one."""
    if isinstance(connection, NetsuiteConnection):
        oauth2, tba = "client_id, certificate_id and private_key", "its consumer and its token"
        return (
            f"Ledger {ledger} needs no consent: NetSuite account {connection.realm} is opened with"
            f" {oauth2 if connection.auth == 'oauth2' else tba}; `connector check` tries them."
        )
    if isinstance(connection, XeroConnection) and connection.auth == "custom_connection":
        return (
            f"Ledger {ledger} needs no consent: a custom connection of Xero opens its one organisation with client_id and"
            f" client_secret; `connector check` tries them."
        )
    return None
