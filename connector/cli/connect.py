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

    from connector.delivery.token_requests import OAuthApp
    from connector.delivery.tokens import Tokens
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
    """Let the connector into LEDGER, a ledger of the settings file of the kind quickbooks_online.

    \b
    Once, at https://developer.intuit.com (your app, Keys & OAuth):
      1. Put the app's client id and secret, and the company's realm_id, into the ledger's connection.
      2. Add the redirect URI http://localhost:8764/callback, to the letter.
      3. Make a key for the tokens, and give it as CONNECTOR_KEY, or in a file (mode 0600) that key_file names:
         python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'
    Then call `connector connect LEDGER` on the machine where your browser runs, and choose that company.

    Intuit takes such a redirect URI for development keys (sandbox companies) only; production keys need an https
    address. With those get a refresh token at https://developer.intuit.com/app/developer/playground (scope
    com.intuit.quickbooks.accounting) and hand it over, as also on a machine without a browser:

    \b
      connector connect LEDGER --refresh-token-stdin < FILE

    Tokens are kept in the state, encrypted, and renewed by every run; QuickBooks ends them after 100 days without a
    run, and after five years in any case: `check` warns 30 days before. Connecting again at any time is safe, also
    while a sync runs. Nothing is stored unless it works.
    """
    from connector.settings.settings import load_settings
    from connector.store.database import open_database, shown

    world = World()
    settings = load_settings(config, world.environment)
    given = read_token() if refresh_token_stdin else None

    def open_state() -> Engine:
        return open_database(settings.state_url, settings.books, settings.stripe.account or "own")

    with stop_flag() as should_stop:
        prepare = prepared(settings, ledger, world, should_stop)
        with open_with(settings, open_state) as engine:
            app, tokens, verify = prepare(engine)
            if given is not None:
                tokens.try_refresh_token(given, verify)
            else:
                connect_in_browser(app, tokens, world, should_stop, no_browser)
    company = f" company {app.company}" if app.company is not None else ""
    click.echo(
        f"Ledger {ledger} is connected to {app.vendor.title}{company}; tokens are in {shown(settings.state_url)}."
    )
    for warning in tokens.warnings():
        say(f"Warning: {warning}")
    return 0


def prepared(
    settings: Settings, ledger: str, world: World, should_stop: Callable[[], bool]
) -> Callable[[Engine], tuple[OAuthApp, Tokens, Callable[[str], None]]]:
    """Everything looked up and found right, so that what remains needs only the state. Raises `InputError`."""
    from connector.settings.connections import QuickbooksOnlineConnection

    kind = settings.ledger(ledger).kind
    if kind != "quickbooks_online":
        raise settings.error(
            ("ledgers", ledger, "kind"),
            f"connect is for quickbooks_online; {kind} takes no consent in a browser",
        )
    connection = settings.connection(ledger)
    assert isinstance(connection, QuickbooksOnlineConnection)
    from connector.delivery.quickbooks_online import company_check, open_quickbooks_tokens, quickbooks_app
    from connector.delivery.token_safe import make_fernet
    from connector.delivery.tokens import TokenPlace

    secret = settings.token_key()
    key = secret.get_secret_value() if secret is not None else None
    make_fernet(ledger, key)

    def prepare(engine: Engine) -> tuple[OAuthApp, Tokens, Callable[[str], None]]:
        place = TokenPlace(engine, settings.state_url, key, world, should_stop)
        tokens = open_quickbooks_tokens(connection, ledger, place)
        return quickbooks_app(connection, ledger), tokens, company_check(connection)

    return prepare


def connect_in_browser(
    app: OAuthApp, tokens: Tokens, world: World, should_stop: Callable[[], bool], no_browser: bool
) -> None:
    from connector.operations.consent import TIME_LIMIT_MINUTES, Consent, wait_for_consent

    with open_listener(world) as listener:
        if app.by_token:
            say(
                f"Mind: {app.vendor.title} takes this redirect URI for development keys only. With production keys: "
                f"{app.connect_again}"
            )
        consent = Consent(app, tokens, REDIRECT_URI, world.secret(), say)
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
