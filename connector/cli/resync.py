"""`resync`: the manual resync."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from connector.cli.opening import hold_books, stop_flag
from connector.cli.root import config_option, json_option, ledger_option
from connector.cli.sync import run_pass, tell
from connector.store import views

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("resync")
@click.argument("ids", nargs=-1, metavar="[REFUND_OR_CHARGE_ID]...")
@config_option
@click.option(
    "--since", type=DAY, metavar="DATE", help="Refunds created on this day or later, in the books' zone."
)
@click.option("--until", type=DAY, metavar="DATE", help="... and on this day or earlier.")
@ledger_option
@click.option("--replace", is_flag=True, help="Undo what is posted and post it anew as the next revision.")
@json_option
def resync_command(
    ids: tuple[str, ...],
    config: Path,
    since: datetime | None,
    until: datetime | None,
    ledger: str | None,
    replace: bool,
    as_json: bool,
) -> int:
    """Look at refunds again: read them afresh, look in the ledgers, post what is missing.

    A posted refund stays as it is, and says so. Refunds that were excluded by a switch are decided again.
    """
    from connector.operations.resync import ask_again, choose_refunds, span_of

    if bool(ids) == (since is not None):
        raise click.UsageError("give refund or charge ids, or --since DATE")
    if until is not None and since is None:
        raise click.UsageError("--until needs --since")
    with hold_books(config, False) as (setup, engine, lease), stop_flag() as should_stop:
        names = [one.name for one in setup.chosen(ledger)]
        span = None
        if since is not None:
            span = span_of(setup.books, since.date(), until.date() if until else None)
        chosen: list[str] = []
        before: dict[tuple[str, str], str] = {}

        def mark() -> None:
            chosen.extend(choose_refunds(engine, names, ids, span))
            for refund_id in chosen:
                for row in views.decisions(engine, names, subject_id=refund_id):
                    before[row.ledger, refund_id] = row.outcome
            ask_again(engine, lease, names, chosen, replace)

        afresh = ids or tuple(choose_refunds(engine, names, (), span))
        report = run_pass(
            setup, engine, lease, "resync", ledger, should_stop, refetch=afresh, after_pull=mark
        )
        if not as_json:
            for refund_id in chosen:
                for row in views.decisions(engine, names, subject_id=refund_id):
                    same = row.touched_run != report.run_id
                    told = f"{row.outcome} as {row.number}" if row.number else row.outcome
                    rest = (
                        " already; nothing to do"
                        if same and before[row.ledger, refund_id] == "posted"
                        else ""
                    )
                    click.echo(f"{refund_id} in {row.ledger}: {told}{rest}")
            click.echo()
        return tell(setup, engine, report, as_json)
