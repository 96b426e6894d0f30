"""`sync`, `plan` and `run`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.opening import exit_code, hold_books, stop_flag
from connector.cli.reports import (
    Effects,
    Trouble,
    errors_json,
    head_json,
    print_errors,
    print_held,
    print_plan,
    print_report,
    print_report_json,
    run_counts,
    unposted_words,
    warn_of_run,
)
from connector.cli.root import config_option, json_option, ledger_option, readers_may_go, report_unexpected
from connector.cli.screen import make_progress
from connector.cli.shapes import LedgerPart, document_json, print_json, print_pass
from connector.errors import ConnectorError, InputError
from connector.store import totals, views
from connector.world import World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.store.lease import Lease
    from connector.sync import PassReport
    from connector.workplace import Setup

wait_option = click.option("--wait", is_flag=True, help="Wait while another run holds these books.")


def run_pass(
    setup: Setup,
    engine: Engine,
    lease: Lease,
    command: str,
    ledger: str | None,
    should_stop: Callable[[], bool],
    write: bool = True,
    refetch: tuple[str, ...] | None = None,
    after_pull: Callable[[], None] = lambda: None,
) -> PassReport:
    """Run a pass. What goes wrong on the way, but for a mistake in the input, stands in its report."""
    from connector.sync import Pass

    one = Pass(setup, engine, lease, make_progress(), should_stop)
    try:
        one.intake().complete()
        report = one.run(command, ledger, write, refetch, after_pull)
        one.intake().remember_complete()
        return report
    except InputError:
        raise
    except ConnectorError as error:
        if str(error) not in [told.sentence for told in one.report.errors]:
            one.fail(None, error.code, str(error))
        return one.report


@contextmanager
def json_of_errors(as_json: bool) -> Iterator[None]:
    """A run that cannot begin (another one holds the books, the state is away) answers with an object too."""
    try:
        yield
    except InputError:
        raise
    except ConnectorError as error:
        if not as_json:
            raise
        click.echo(str(error), err=True)
        pulled = {"charges": 0, "refunds": 0, "changed": 0}
        told = {"ledger": None, "code": error.code, "sentence": str(error)}
        print_json({"run_id": World().new_id(), "pulled": pulled, "ledgers": {}, "errors": [told]})
        raise click.exceptions.Exit(error.exit_code) from error


def tell(setup: Setup, engine: Engine, report: PassReport, as_json: bool) -> int:
    """Print what a pass did; returns the exit code."""
    # The pass is done, and its exit code is the same whether anybody reads of it or not.
    with readers_may_go():
        if as_json:
            print_report_json(engine, report)
        else:
            print_report(engine, report, where_books_are(setup, report), setup.books.zone)
        sys.stdout.flush()
    return exit_code(engine, report.ledgers, len(report.errors))


def where_books_are(setup: Setup, report: PassReport) -> list[str]:
    lines = []
    for name in report.ledgers:
        connection = setup.settings.connection(name)
        path = getattr(connection, "path", None)
        if path is not None and (Path(path) / "main.beancount").is_file():
            lines.append(f"Books of {name}: {Path(path) / 'main.beancount'}")
    return lines


@click.command("sync")
@config_option
@ledger_option
@wait_option
@json_option
def sync_command(config: Path, ledger: str | None, wait: bool, as_json: bool) -> int:
    """Read Stripe, decide every refund, and post what is due, exactly once.

    This is what a schedule calls. It may be stopped or killed at any moment: the next run goes on from there, and
    looks in the ledger before it repeats anything whose outcome it does not know.
    """
    with (
        json_of_errors(as_json),
        hold_books(config, wait, ledger) as (setup, engine, lease),
        stop_flag() as should_stop,
    ):
        return tell(setup, engine, run_pass(setup, engine, lease, "sync", ledger, should_stop), as_json)


@click.command("plan")
@config_option
@ledger_option
@json_option
def plan_command(config: Path, ledger: str | None, as_json: bool) -> int:
    """Show what `sync` would post: every document with its debits and credits, and the rule that chose it.

    Reads Stripe and the ledgers, writes to no ledger, and ends with the change of receivable, income, tax and clearing.
    """
    with (
        json_of_errors(as_json),
        hold_books(config, False, ledger) as (setup, engine, lease),
        stop_flag() as should_stop,
    ):
        report = run_pass(setup, engine, lease, "plan", ledger, should_stop, write=False)
        if as_json:
            print_plan_json(setup, engine, report)
        else:
            for name in report.ledgers:
                undone = unposted_words(engine, [name])
                print_plan(
                    planned(engine, name), account_roles(setup, name), name, undone, trouble_of(report, name)
                )
            print_held(engine, report.ledgers, setup.books.zone)
            print_errors(report)
        return exit_code(engine, report.ledgers, len(report.errors))


def trouble_of(report: PassReport, name: str) -> Trouble | None:
    """What kept a plan from being whole: its ledger, or something else of the run."""
    if any(error.ledger == name for error in report.errors):
        return "ledger"
    return "run" if report.errors else None


def planned(engine: Engine, name: str) -> Iterator[dict[str, Any]]:
    """Documents of a ledger that have not arrived."""
    for row, _ in views.documents(engine, [name], states=("planned", "sending", "unknown")):
        yield document_json(row)


def print_plan_json(setup: Setup, engine: Engine, report: PassReport) -> None:
    """The object of `plan --json`."""
    ledgers = {}
    for name in report.ledgers:
        effects = Effects(account_roles(setup, name))
        # All that is planned was decided in this run: a plan that was not sent is made anew.
        planned_count = totals.planned_count(engine, name)
        counts = run_counts(engine, name, report)
        counts = {"planned": planned_count, **counts, "waiting": counts["waiting"] - planned_count}
        ledgers[name] = LedgerPart(counts, effects.watch(planned(engine, name)), Told(effects))
    print_pass(head_json(report), ledgers, errors_json(report))
    warn_of_run(report)


class Told:
    """What is known once all documents have passed by."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects

    def __call__(self) -> dict[str, Any]:
        return {"effects": self.effects.as_json()}


def account_roles(setup: Setup, name: str) -> dict[str, str]:
    """Account → what it is for."""
    mapping = setup.ledgers[name].policy.mapping
    roles = dict.fromkeys(mapping.receivable_accounts.accounts(), "receivable")
    roles |= dict.fromkeys(mapping.clearing_accounts.accounts(), "clearing")
    named = (("fees", mapping.fees), ("exchange", mapping.exchange), ("tax", mapping.tax))
    return roles | {account: role for role, account in named if account is not None}


@click.command("run")
@config_option
def run_command(config: Path) -> int:
    """Stay, and sync on the schedule of the settings file (`schedule: every` or `cron`).

    One run at a time: a tick that comes while a run is under way is left out. SIGTERM or Ctrl-C ends it after the
    request at hand.
    """
    from connector.operations.schedule import stay

    def one_pass(should_stop: Callable[[], bool]) -> None:
        with hold_books(config, False) as (setup, engine, lease):
            tell(setup, engine, run_pass(setup, engine, lease, "run", None, should_stop), False)

    def say(sentence: str) -> None:
        click.echo(sentence, err=True)

    with stop_flag() as should_stop:
        return stay(config, one_pass, should_stop, say, report_unexpected)
