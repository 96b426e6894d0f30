"""`serve`: take Stripe's webhooks, and sync at once."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import click

from connector.cli.opening import hold_books, open_books, open_setup, stop_flag
from connector.cli.root import config_option, report_unexpected
from connector.cli.sync import run_pass, tell
from connector.stripe_source.changes import EVENT_TYPES

# A pass computes for seconds on end; a webhook, which needs Python many times, must get its turn within milliseconds.
TURN_S = 0.0005

EVENT_LIST = "\n".join(f"  {name}" for name in EVENT_TYPES)


def say(sentence: str) -> None:
    click.echo(sentence, err=True)


def tell_unexpected(error: Exception) -> None:
    """Told like any other fault; the server goes on."""
    try:
        report_unexpected(error)
    except Exception:
        # CONNECTOR_TRACEBACK asks for it.
        traceback.print_exc()


@click.command("serve", epilog=f"\b\nEvents to select at Stripe:\n{EVENT_LIST}")
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 is any free one.",
)
def serve_command(config: Path, host: str, port: int) -> int:
    """Stay, take webhooks from Stripe, and sync as soon as one comes.

    This is for speed: a refund is in the books within seconds. Keep the schedule (`sync` or `run`) beside it: that
    finds everything, webhooks or not, and tries again what a ledger did not take.

    \b
    Once, at Stripe (Developers, Webhooks, Add destination):
      1. For the events of your own account, or of connected accounts where stripe.account names one.
      2. Select the events listed below; snapshot or thin payload, both are understood.
      3. As the address give https://YOUR-HOST/webhooks/stripe, which your web server or tunnel hands on to
         the address that `serve` listens on. Stripe wants https; `serve` itself speaks plain http.
      4. Put the signing secret (whsec_...) into stripe.webhook_secrets of the settings. While you roll it,
         name both. Then start `serve`; it reads the secrets at its start.

    Only what Stripe signed within five minutes is taken. GET /healthz answers ok. SIGTERM or Ctrl-C ends it after the
    request at hand.
    """
    secrets = open_setup(config).settings.webhook_secrets()

    from connector.operations.follow import Follower
    from connector.store.changes import has_changes, limit_patience
    from connector.web.app import PATIENCE_MS, StripeWebhooks, make_app
    from connector.web.server import WebServer, open_listener, serve_until_stopped

    def one_pass(should_stop: Callable[[], bool]) -> bool:
        with hold_books(config, True, should_stop=should_stop) as (setup, engine, lease):
            report = run_pass(setup, engine, lease, "serve", None, should_stop)
            tell(setup, engine, report, False)
            # What a ledger did not take stays planned, and is the schedule's: reading Stripe again would not help it.
            return all(error.ledger is not None for error in report.errors)

    follower = Follower(one_pass, say, tell_unexpected)
    with stop_flag() as should_stop, open_books(config) as (setup, engine):
        limit_patience(engine, PATIENCE_MS)
        webhooks = StripeWebhooks(
            engine, secrets, setup.settings.stripe.account, setup.world, follower.wake, say, tell_unexpected
        )
        if setup.settings.export_folder is not None:
            say("stripe.export is set: passes read that folder, and nothing of what webhooks name")
        if has_changes(engine):
            follower.wake()
        listener = open_listener(setup.world, host, port)
        address, taken = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        say(f"listening on http://{shown}:{taken}; Ctrl-C or SIGTERM ends it")
        sys.setswitchinterval(TURN_S)
        serve_until_stopped(WebServer(make_app(webhooks), listener), follower, should_stop, setup.world)
    say("stopped")
    return 0
