"""`rebuild`: fill the state from the books and Stripe."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.opening import exit_code, hold_books, stop_flag
from connector.cli.reports import print_errors, print_held
from connector.cli.root import config_option
from connector.cli.sync import run_pass
from connector.store import totals


@click.command("rebuild")
@config_option
def rebuild_command(config: Path) -> int:
    """Fill the state from the books and Stripe; writes to no ledger.

    Run it after restoring an older copy of the state or of the books. A lost state needs no rebuild: a plain sync
    fills an empty state from the books before it writes anything.
    """
    from connector.operations.rebuild import doubt_missing, forget_reading

    with hold_books(config, False) as (setup, engine, lease), stop_flag() as should_stop:
        names = list(setup.ledgers)
        forget_reading(engine, lease)
        report = run_pass(setup, engine, lease, "rebuild", None, should_stop, write=False)
        missing = 0 if report.errors else doubt_missing(engine, lease, names)
        print_errors(report)
        for name in names:
            counts = totals.outcome_counts(engine, name)
            shown = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
            click.echo(f"{name}: {shown or 'no refunds'}")
        if missing:
            what = "1 document is" if missing == 1 else f"{missing} documents are"
            click.echo(
                f"{what} posted by the state and not in the books; the next sync posts what is missing"
            )
        print_held(engine, names, setup.books.zone)
        return exit_code(engine, names, len(report.errors))
