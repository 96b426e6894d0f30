"""`resolve`: a person's decision."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.opening import hold_books
from connector.cli.root import config_option


@click.command("resolve")
@click.argument("target", metavar="DOCUMENT_KEY|REFUND_ID")
@config_option
@click.option("--ledger", required=True, metavar="NAME", help="The ledger in which it is held.")
@click.option("--retry", is_flag=True, help="Try again: look in the ledger first, then post what is missing.")
@click.option("--skip", is_flag=True, help="Leave it out for good, or acknowledge a reversed refund.")
@click.option("--adopt", metavar="LEDGER_ID", help="The document with this id in the ledger is this refund.")
@click.option("--sale", metavar="LEDGER_ID", help="The document with this id, or number, is the sale.")
@click.option(
    "--type", "types", metavar="TYPE[,TYPE]", help="Post it as these types, whatever the rules say."
)
@click.option("--reason", required=True, help="Why; kept with your name and the time.")
def resolve_command(
    target: str,
    config: Path,
    ledger: str,
    retry: bool,
    skip: bool,
    adopt: str | None,
    sale: str | None,
    types: str | None,
    reason: str,
) -> int:
    """Decide something that is held. The decision is recorded with actor, time and reason, in the state and in
    decisions.jsonl beside the settings file; the next sync acts on it."""
    from connector.operations.resolve import Word, resolve
    from connector.workplace import open_desk

    said = [
        (action, value)
        for action, value in (
            ("retry", "" if retry else None),
            ("skip", "" if skip else None),
            ("adopt", adopt),
            ("sale", sale),
            ("type", types),
        )
        if value is not None
    ]
    if len(said) != 1:
        raise click.UsageError("give exactly one of --retry, --skip, --adopt, --sale, --type")
    action, value = said[0]
    with hold_books(config, False, ledger, stripe=False) as (setup, engine, lease):
        (one,) = setup.chosen(ledger)
        desk = open_desk(setup, one, engine)
        word = Word(target, action, value or None, reason)
        click.echo(resolve(engine, lease, setup.world, desk, setup.decisions_file, word))
    return 0
