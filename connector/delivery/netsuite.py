"""How NetSuite is reached: addresses, how many requests at once, and the two ways to prove who asks.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162755359851.html
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1525253248.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from requests.auth import AuthBase

from connector.delivery.client_assertion import ClientAssertion, read_signing_key
from connector.delivery.client_credentials import ClientCredentials
from connector.delivery.http_courier import AccessTokens, CourierPlace, HttpCourier, VendorLimits
from connector.delivery.request_signature import MadeToken, RequestSigner, SigningSecrets
from connector.delivery.token_requests import OAuthApp, OAuthVendor
from connector.delivery.transport import Bearer, Transport
from connector.settings.connections import NetsuiteConnection
from connector.world import World

if TYPE_CHECKING:
    from pydantic import SecretStr

# REST records and SuiteQL; and the script that voids, where there is one.
SCOPES = ("restlets", "rest_webservices")
INTEGRATION = (
    "the integration must be enabled, with Client Credentials (Machine to Machine) Grant, RESTlets and REST Web Services"
    " ticked"
)
MAPPING = (
    "in NetSuite, OAuth 2.0 Client Credentials (M2M) Setup must list this certificate_id for this client_id, with a"
    " certificate that fits private_key and is neither revoked nor expired (a refresh of a sandbox empties the list);"
    f" {INTEGRATION}; and the clock of this machine must be right"
)
VENDOR = OAuthVendor(
    title="NetSuite",
    scope=", ".join(SCOPES),
    ways_out=(
        ("invalid_scope", f"in NetSuite, {INTEGRATION}"),
        ("unauthorized_client", f"in NetSuite, {INTEGRATION}"),
    ),
    way_out=MAPPING,
)
TRACE = "X-N-OperationId"
# NetSuite counts requests under way, of all programs together, and names no time: a place is free again in a moment.
FIRST_WAIT_MS = 250


def open_netsuite_courier(connection: NetsuiteConnection, place: CourierPlace) -> HttpCourier:
    """The courier of one account; nothing is asked yet. Raises `InputError` where the private key does not serve.

    Targets are paths (/services/rest/...), and the whole of `void_restlet_url`, which is on another host.
    """
    world = place.tokens.world
    tokens, authorise = open_access(connection, place.ledger, world)
    restlet = connection.void_restlet_url
    transport = Transport(
        connection.base_url.rstrip("/"),
        (),
        TRACE,
        authorise=authorise,
        elsewhere=() if restlet is None else (restlet,),
    )
    limits = VendorLimits(at_once=place.concurrency, first_wait_ms=FIRST_WAIT_MS)
    return HttpCourier(transport, tokens, place.patience, limits, world, place.tokens.should_stop)


def open_access(
    connection: NetsuiteConnection, ledger: str, world: World
) -> tuple[AccessTokens, Callable[[str], AuthBase]]:
    """Where access tokens come from, and how a request shows one. Raises `InputError`."""
    if connection.auth == "oauth2":
        return ClientCredentials(netsuite_app(connection, ledger, world), world), Bearer
    secrets = SigningSecrets(
        connection.realm,
        shown(connection.consumer_key),
        shown(connection.consumer_secret),
        shown(connection.token_secret),
    )
    return MadeToken(shown(connection.token_id)), RequestSigner(secrets, world)


def netsuite_app(connection: NetsuiteConnection, ledger: str, world: World) -> OAuthApp:
    """Raises `InputError` where the private key does not serve."""
    client_id, certificate_id = connection.client_id, connection.certificate_id
    assert client_id is not None and certificate_id is not None, "the settings demand both"
    signing = read_signing_key(shown(connection.private_key), ledger)
    return OAuthApp(
        vendor=VENDOR,
        ledger=ledger,
        client_id=client_id,
        client_secret=None,
        authorize_url="",
        token_url=connection.token_url,
        assertion=ClientAssertion(signing, client_id, certificate_id, SCOPES, connection.token_url, world),
    )


def shown(secret: SecretStr | None) -> str:
    """What a secret of the settings is, which demand it."""
    assert secret is not None, "the settings demand it"
    return secret.get_secret_value()
