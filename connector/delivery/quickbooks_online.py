"""How QuickBooks Online is reached: addresses, rates, and what is Intuit's own in its tokens.

https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from connector.delivery.http_courier import CourierPlace, HttpCourier, VendorLimits
from connector.delivery.push import REQUEST_TIMEOUT_S
from connector.delivery.token_requests import OAuthApp, OAuthVendor
from connector.delivery.tokens import TokenPlace, Tokens
from connector.delivery.transport import Transport
from connector.errors import LedgerDown
from connector.ledgers.contract import Request
from connector.settings.connections import QuickbooksOnlineConnection

VENDOR = OAuthVendor(
    title="QuickBooks",
    scope="com.intuit.quickbooks.accounting",
    # Without it the end of the consent as a whole (five years) is not told.
    headers=(("x-include-refresh-token-hard-expires-in", "true"),),
    refresh_ends_name="x_refresh_token_expires_in",
    hard_ends_name="x_refresh_token_hard_expires_in",
    company_parameter="realmId",
)
AUTHORIZE_URL = "https://appcenter.intuit.com/connect/oauth2"
# Of one company 500 requests a minute, and 10 a second; somewhat slower, since some are longer on their way than others.
RATES = ((500, 61_000), (10, 1_200))
TRACE = "intuit_tid"


def open_quickbooks_courier(connection: QuickbooksOnlineConnection, place: CourierPlace) -> HttpCourier:
    """The courier of one company; nothing is asked yet. Raises `InputError` where the key for tokens does not serve."""
    tokens = open_quickbooks_tokens(connection, place.ledger, place.tokens)
    tokens.load()
    world, should_stop = place.tokens.world, place.tokens.should_stop
    base = f"{connection.base_url.rstrip('/')}/v3/company/{quote(connection.realm_id, safe='')}"
    transport = Transport(base, (("minorversion", str(connection.minor_version)),), TRACE)
    return HttpCourier(transport, tokens, place.patience, VendorLimits(RATES), world, should_stop)


def company_check(connection: QuickbooksOnlineConnection) -> Callable[[str], None]:
    """Tries whether an access token opens the company of the settings: a refresh token does not say whose it is. Raises
    `LedgerDown`."""
    base = f"{connection.base_url.rstrip('/')}/v3/company/{quote(connection.realm_id, safe='')}"
    transport = Transport(base, (("minorversion", str(connection.minor_version)),), TRACE)
    company = f"QuickBooks company {connection.realm_id}"

    def verify(access: str) -> None:
        asked = Request("GET", f"/companyinfo/{quote(connection.realm_id, safe='')}")
        answer = transport.send(asked, access, REQUEST_TIMEOUT_S)
        if answer.arrived and answer.status in (401, 403):
            why = "this token was made for another company, or by a user who is no admin of it"
            raise LedgerDown(f"{company} refused the token: {why}; nothing was stored", "unauthorised")
        if not answer.arrived or answer.status != 200:
            raise LedgerDown(
                f"{company} did not answer whether the token opens it; nothing was stored", "network"
            )

    return verify


def open_quickbooks_tokens(connection: QuickbooksOnlineConnection, ledger: str, place: TokenPlace) -> Tokens:
    first = connection.refresh_token
    return Tokens(
        quickbooks_app(connection, ledger), place, first.get_secret_value() if first is not None else None
    )


def quickbooks_app(connection: QuickbooksOnlineConnection, ledger: str) -> OAuthApp:
    parts = urlsplit(connection.token_url)
    # A server of one's own that stands in for Intuit's has its consent page beside its tokens.
    own = parts.hostname == "127.0.0.1"
    return OAuthApp(
        vendor=VENDOR,
        ledger=ledger,
        client_id=connection.client_id,
        client_secret=connection.client_secret.get_secret_value(),
        authorize_url=f"{parts.scheme}://{parts.netloc}/connect/oauth2" if own else AUTHORIZE_URL,
        token_url=connection.token_url,
        company=connection.realm_id,
        # Production keys take no redirect to http://localhost.
        by_token=not own and connection.environment == "production",
    )
