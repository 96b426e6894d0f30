"""`status`: how the books stand, from the state alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.opening import exit_code, open_books
from connector.cli.printable import printable
from connector.cli.reports import kind_words, needs_person, print_held
from connector.cli.root import config_option, json_option
from connector.cli.screen import print_table
from connector.cli.shapes import (
    amount_words,
    moment,
    money,
    money_words,
    print_json,
    time_words,
    with_settings,
)
from connector.operations.clearing import Difference, known_differences
from connector.store import totals, views
from connector.store.parking import parked_ledgers

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.workplace import Setup


@click.command("status")
@config_option
@json_option
def status_command(config: Path, as_json: bool) -> int:
    """Last and next run, refunds by outcome, what needs a person, and known differences of clearing.

    A known difference is money that moved at Stripe and does not stand in the books, with the reason: disputes,
    pending refunds that left the balance, refunds that are held or were dropped.
    """
    with open_books(config) as (setup, engine):
        names = list(setup.ledgers)
        last = views.last_run(engine)
        ledgers = [one.policy for one in setup.ledgers.values()]
        differences = list(known_differences(engine, setup.books, ledgers))
        if as_json:
            print_json(status_json(setup, engine, last, differences))
        else:
            print_status(setup, engine, last, differences)
        # A run that failed for a ledger as a whole leaves no refund that says so.
        return exit_code(engine, names, int(bool(last is not None and last.exit_code)))


def next_run(setup: Setup, last: Any) -> int | None:
    """The second at which the schedule of the settings next asks for a run; None before the first run."""
    schedule = setup.settings.schedule
    if schedule.cron is not None:
        from connector.operations.schedule import make_trigger

        now = datetime.fromtimestamp(setup.world.now() + 1, setup.books.zone)
        fires = make_trigger(setup.settings).get_next_fire_time(None, now)
        return None if fires is None else int(fires.timestamp())
    return None if last is None or schedule.every_s is None else int(last.started + schedule.every_s)


def next_run_words(setup: Setup, due: int | None) -> str:
    if due is None:
        return "at the next call of sync or run"
    when = time_words(due, setup.books.zone)
    late = ", which is over: nothing has called sync since" if due < setup.world.now() else ""
    return f"{when}{late}"


def errors_of(last: Any) -> list[dict[str, Any]]:
    """What went wrong in a run; `last` is of `run`."""
    return list(json.loads(last.summary)) if last.summary else []


def parked_now(setup: Setup, engine: Engine) -> dict[str, int]:
    """Until when each ledger wants to be left alone, of those that do."""
    now = setup.world.now()
    return {
        name: until for name, until in parked_ledgers(engine).items() if name in setup.ledgers and until > now
    }


def status_json(setup: Setup, engine: Engine, last: Any, differences: Sequence[Difference]) -> dict[str, Any]:
    due = next_run(setup, last)
    ledgers = {}
    parked = parked_now(setup, engine)
    for name in setup.ledgers:
        ledgers[name] = {
            "parked_until": moment(parked[name]) if name in parked else None,
            "outcomes": totals.outcome_counts(engine, name),
            "totals": [
                {"outcome": t.outcome, "count": t.count, "total": money(t.amount_minor, t.currency)}
                for t in totals.outcome_totals(engine)
                if t.ledger == name
            ],
        }
    return {
        "books": setup.books.name,
        "last_run": None
        if last is None
        else {
            "run_id": last.run_id,
            "command": last.command,
            "started": moment(last.started),
            "ended": None if last.ended is None else moment(last.ended),
            "errors": errors_of(last),
        },
        "next_run": None if due is None else moment(due),
        "ledgers": ledgers,
        "needs_person": [
            {
                "ledger": row.ledger,
                "refund_id": row.subject_id if row.subject == "refund" else None,
                "charge_id": row.charge_id,
                "amount": money(row.amount_minor, row.currency),
                "outcome": row.outcome,
                "reason": row.reason,
                "sentence": row.sentence,
                "action": with_settings(row.action),
            }
            for row in needs_person(engine, list(setup.ledgers))
        ],
        "clearing_totals": [
            {"ledger": ledger, "count": count, "total": money(total, currency)}
            for ledger, _, count, total, currency in totals_of(differences, False)
        ],
        "clearing_differences": [difference_json(d) for d in differences],
    }


def print_status(setup: Setup, engine: Engine, last: Any, differences: Sequence[Difference]) -> None:
    click.echo(f"Books: {setup.books.name}")
    if last is None:
        click.echo("No run yet: connector sync")
    else:
        zone = setup.books.zone
        ended = (
            "still under way, or killed" if last.ended is None else f"ended {time_words(last.ended, zone)}"
        )
        click.echo(f"Last run: {last.command}, started {time_words(last.started, zone)}, {ended}")
        for error in errors_of(last):
            where = f"{error['ledger']}: " if error["ledger"] else ""
            click.echo(printable(f"  it failed: {where}{error['sentence']} ({error['code']})"))
    from connector.workplace import parking_of

    for name, until in parked_now(setup, engine).items():
        click.echo(printable(f"Ledger {name}: {parking_of(setup, name, engine).sentence(until)}"))
    click.echo(f"Next run: {next_run_words(setup, next_run(setup, last))}\n")
    sums = sorted(
        totals.outcome_totals(engine),
        key=lambda t: (t.ledger, views.OUTCOMES.index(t.outcome), t.kinds, t.currency),
    )
    rows = [
        [t.ledger, t.outcome, kind_words(t.kinds), str(t.count), amount_words(t.amount_minor, t.currency)]
        for t in sums
    ]
    if rows:
        print_table("Refunds", ["ledger", "outcome", "as", "count", "total"], rows, right=(3, 4), wrap=(2,))
    print_held(engine, list(setup.ledgers), setup.books.zone)
    if differences:
        print_table(
            "Known differences of clearing in all (at Stripe, and not in the books)",
            ["ledger", "what", "count", "total"],
            [
                [ledger, what, str(count), money_words(total, currency)]
                for by_kind in (True, False)
                for ledger, what, count, total, currency in totals_of(differences, by_kind)
            ],
            right=(2, 3),
        )
        print_table(
            "Known differences of clearing (at Stripe, and not in the books)",
            ["ledger", "what", "id", "amount", "why"],
            [
                [d.ledger, d.what, d.object_id, money_words(d.amount_minor, d.currency), d.sentence]
                for d in differences
            ],
            right=(3,),
            wrap=(1, 4),
        )


def totals_of(differences: Sequence[Difference], by_kind: bool) -> list[tuple[str, str, int, int, str]]:
    """(ledger, kind or "all together", count, sum in minor units, currency), one for each currency."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for d in differences:
        key = d.ledger, d.what if by_kind else "all together", d.currency
        count, total = sums.get(key, (0, 0))
        sums[key] = count + 1, total + d.amount_minor
    return [(*key[:2], *sums[key], key[2]) for key in sorted(sums)]


def difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "ledger": difference.ledger,
        "what": difference.what,
        "id": difference.object_id,
        "amount": money(difference.amount_minor, difference.currency),
        "sentence": difference.sentence,
    }
