"""`connect`: let the connector into a ledger that gives access by consent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.opening import open_with, stop_flag
from connector.cli.root import config_option
from connector.errors import ConnectorError, InputError
from connector.world import Listener, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from connector.operations.entrances import Entrance
    from connector.settings.connections import Connection
    from connector.settings.settings import Settings

# Registered by the user at the vendor, so it never changes.
CALLBACK_PORT = 8764
REDIRECT_URI = f"http://localhost:{CALLBACK_PORT}/callback"
LONGEST_TOKEN = 4096


def say(sentence: str) -> None:
    click.echo(sentence, err=True)


@click.command("connect")
@click.argument("ledger", metavar="LEDGER")
@config_option
@click.option("--no-browser", is_flag=True, help="Only print the address; open no browser.")
@click.option(
    "--refresh-token-stdin",
    is_flag=True,
    help="Take a refresh token from standard input instead; it is tried, then kept.",
)
def connect_command(ledger: str, config: Path, no_browser: bool, refresh_token_stdin: bool) -> int:
    """Let the connector into LEDGER, a ledger of the settings file of the kind quickbooks_online or xero.

    \b
    Once:
      1. Make an app at the vendor's, as told below, with the redirect URI http://localhost:8764/callback, to the letter.
      2. Put its client id and secret into the ledger's connection.
      3. Make a key for the tokens, and give it as CONNECTOR_KEY, or in a file (mode 0600) that key_file names:
         python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'
    Then call `connector connect LEDGER` on the machine where your browser runs. Without a browser there, get a refresh
    token elsewhere and hand it over:

    \b
      connector connect LEDGER --refresh-token-stdin < FILE

    Connecting again at any time is safe, also while a sync runs. Nothing is stored unless it works. Tokens are kept in the
    state, encrypted, and renewed by every run.

    QuickBooks Online: the app is made at https://developer.intuit.com (your app, Keys & OAuth); the company's realm_id
    goes into the connection, and that company is chosen on the page. Intuit takes such a redirect URI for development
    keys (sandbox companies) only; production keys need an https address. With those get a refresh token at
    https://developer.intuit.com/app/developer/playground (scope com.intuit.quickbooks.accounting). QuickBooks ends the
    access after 100 days without a run, and after five years in any case: `check` warns 30 days before.

    Xero: the app is made at https://developer.xero.com/app/manage, of the type "Web app" (with a secret) or "Mobile or
    desktop app" (PKCE, without one: leave client_secret out); the connection says auth: authorization_code. The connector
    asks for the scopes accounting.invoices, accounting.payments, accounting.banktransactions, accounting.contacts,
    accounting.settings.read and offline_access by themselves. Leave tenant_id out the first time: the command then lists
    the organisations that you let in, and you write the tenant_id of the right one into the settings. Xero ends the access
    after 60 days without a run: `check` warns 14 days before. A custom connection (auth: custom_connection), which Xero
    sells for one organisation, needs none of this, and no key.

    NetSuite needs none of this either: its credentials stand in the connection, and the command only says so.
    """
    from connector.operations.entrances import no_consent_needed
    from connector.settings.settings import load_settings
    from connector.store.database import open_database, shown

    world = World()
    settings = load_settings(config, world.environment)
    connection = connection_of(settings, ledger)
    sentence = no_consent_needed(connection, ledger)
    if sentence is not None:
        click.echo(sentence)
        return 0
    given = read_token() if refresh_token_stdin else None

    def open_state() -> Engine:
        return open_database(settings.state_url, settings.books, settings.stripe.account or "own")

    with stop_flag() as should_stop:
        enter = prepared(settings, ledger, connection, world, should_stop)
        with open_with(settings, open_state) as engine:
            entrance = enter(engine)
            if given is not None:
                entrance.tokens.try_refresh_token(given, entrance.verify)
            else:
                connect_in_browser(entrance, world, should_stop, no_browser)
    state = shown(settings.state_url)
    click.echo(f"Ledger {ledger} is connected to {entrance.opened()}; tokens are in {state}.")
    for line in entrance.advice():
        click.echo(line)
    for warning in entrance.tokens.warnings():
        say(f"Warning: {warning}")
    return 0


def connection_of(settings: Settings, ledger: str) -> Connection:
    """The connection of a ledger that gives access by consent, or is reached without one. Raises `InputError`."""
    from connector.operations.entrances import ENTRANCES, WITHOUT_CONSENT

    kind = settings.ledger(ledger).kind
    if kind not in ENTRANCES and kind not in WITHOUT_CONSENT:
        raise settings.error(
            ("ledgers", ledger, "kind"),
            f"connect is for {' and '.join(ENTRANCES)}; {kind} takes no consent in a browser",
        )
    return settings.connection(ledger, before_consent=True)


def prepared(
    settings: Settings, ledger: str, connection: Connection, world: World, should_stop: Callable[[], bool]
) -> Callable[[Engine], Entrance]:
    """The key looked up and found right, so that what remains needs only the state. Raises `InputError`."""
    from connector.delivery.token_safe import make_fernet
    from connector.delivery.tokens import TokenPlace
    from connector.operations.entrances import ENTRANCES

    secret = settings.token_key()
    key = secret.get_secret_value() if secret is not None else None
    make_fernet(ledger, key)
    enter = ENTRANCES[settings.ledger(ledger).kind]

    def prepare(engine: Engine) -> Entrance:
        return enter(connection, ledger, TokenPlace(engine, settings.state_url, key, world, should_stop))

    return prepare


def connect_in_browser(
    entrance: Entrance, world: World, should_stop: Callable[[], bool], no_browser: bool
) -> None:
    from connector.operations.consent import TIME_LIMIT_MINUTES, Consent, wait_for_consent

    app = entrance.app
    with open_listener(world) as listener:
        if app.by_token:
            say(
                f"Mind: {app.vendor.title} takes this redirect URI for development keys only. With production keys: "
                f"{app.connect_again}"
            )
        # The verifier stands nowhere but in this memory: who catches the redirect has no use of its code.
        verifier = world.secret() if app.vendor.pkce else None
        consent = Consent(
            app, entrance.tokens, REDIRECT_URI, world.secret(), say, verifier, entrance.verify_code
        )
        say(
            f"Let the connector into {app.vendor.title} (redirect URI of the app: {REDIRECT_URI}):\n\n"
            f"  {consent.address}\n\nWaiting up to {TIME_LIMIT_MINUTES} minutes; Ctrl-C ends it."
        )
        if not no_browser and not world.open_browser(consent.address):
            say("No browser could be opened: open the address by hand, in a browser on this machine.")
        wait_for_consent(consent, listener, world, should_stop)


def open_listener(world: World) -> Listener:
    """Where the redirect arrives: on this machine only."""
    try:
        return world.listen("127.0.0.1", CALLBACK_PORT)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConnectorError(
            f"cannot listen on 127.0.0.1, port {CALLBACK_PORT}: {why}; is another `connector connect` waiting?"
        ) from None


def read_token() -> str:
    """What stands on standard input, not shown where it is typed; `InputError` where it is no token."""
    if sys.stdin is None:
        raise InputError("standard input is closed; it must hold the refresh token")
    if sys.stdin.isatty():
        text: str = click.prompt("Refresh token", hide_input=True, err=True)
    else:
        text = sys.stdin.read(LONGEST_TOKEN + 1)
    token = text.strip()
    if not token:
        raise InputError("standard input is empty; it must hold the refresh token")
    if len(token) > LONGEST_TOKEN or not token.isascii() or any(character.isspace() for character in token):
        raise InputError(
            "standard input holds no refresh token: it is too long, or holds a space or another line"
        )
    return token
