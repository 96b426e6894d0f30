"""`resync`: the manual resync."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.opening import hold_books, stop_flag
from connector.cli.printable import printable
from connector.cli.root import config_option, json_option, ledger_option
from connector.cli.sync import json_of_errors, run_pass, tell
from connector.planning.stripe_facts import Charge
from connector.store import views

if TYPE_CHECKING:
    from sqlalchemy import Engine

DAY = click.DateTime(["%Y-%m-%d"])
SETTLED = ("posted", "adopted", "marked", "reversed", "dropped")


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

    A posted refund stays as it is, and says so; one that --replace would not post anew says why, and the exit code is
    3. Refunds that were excluded by a switch are decided again; one that a
    person skipped only where it is named, not by --since.
    """
    from connector.operations.resync import ask_again, bring_back, choose_subjects, span_of

    if bool(ids) == (since is not None):
        raise click.UsageError("give refund or charge ids, or --since DATE")
    if until is not None and since is None:
        raise click.UsageError("--until needs --since")
    if since is not None and until is not None and until < since:
        raise click.UsageError("--until is a day before --since")
    with (
        json_of_errors(as_json),
        hold_books(config, False, ledger) as (setup, engine, lease),
        stop_flag() as should_stop,
    ):
        names = [one.name for one in setup.chosen(ledger)]
        span = None
        if since is not None:
            span = span_of(setup.books, since.date(), until.date() if until else None)
        chosen: list[str] = []
        before: dict[tuple[str, str], str] = {}

        def mark() -> None:
            refunds, charges = choose_subjects(engine, names, ids, span)
            chosen.extend(refunds)
            for row in views.decisions_of(engine, names, chosen):
                before[row.ledger, row.subject_id] = row.outcome
            if ids:
                bring_back(engine, lease, setup, names, chosen)
            ask_again(engine, lease, names, refunds, charges, replace)

        known = choose_subjects(engine, names, (), span)[0] if span is not None else ids
        report = run_pass(
            setup, engine, lease, "resync", ledger, should_stop, refetch=tuple(known) or None, after_pull=mark
        )
        rows = views.decisions_of(engine, names, chosen)
        kept = report.not_replaced
        lines = [
            told(
                row, before[row.ledger, row.subject_id], report.run_id, kept.get((row.ledger, row.subject_id))
            )
            for row in rows
        ]
        lines += without_refunds(engine, ids, rows, setup.books.start)
        # With --json standard output holds one object of what the run touched, and these lines go beside it.
        for line in lines:
            click.echo(printable(line), err=as_json)
        if not as_json:
            click.echo()
        code = tell(setup, engine, report, as_json)
        # What was asked for was not done, and only a person can change that.
        return 3 if kept and code == 0 else code


def told(row: Any, before: str, run_id: str, not_replaced: str | None) -> str:
    """One refund in one ledger: what it is now, and that nothing was to be done where that is so, or why it was not
    replaced."""
    outcome = f"{row.outcome} as {row.number}" if row.number else str(row.outcome)
    rest = ""
    if not_replaced is not None:
        rest = f"; not replaced: {not_replaced}"
    elif row.touched_run != run_id:
        rest = " already; nothing to do" if before in SETTLED else " as before; nothing was to be posted"
    why = f" ({row.reason})" if row.reason else ""
    return f"{row.subject_id} in {row.ledger}: {outcome}{why}{rest}"


def without_refunds(engine: Engine, ids: Sequence[str], rows: Sequence[Any], start: int) -> list[str]:
    """A sentence for each named charge of which no refund is synced."""
    seen = {one for row in rows for one in (row.subject_id, row.charge_id)}
    facts = views.facts_of(engine, [one for one in ids if one not in seen])
    sentences = []
    for one, fact in facts.items():
        if isinstance(fact, Charge):
            early = "; it was created before stripe.start" if fact.created < start else ""
            sentences.append(f"{one}: a charge of which no refund is synced{early}")
    return sentences
