"""`list refunds|documents|invoices|payments|held`: complete, filtered, as a table or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from connector.cli.opening import open_books
from connector.cli.reports import needs_person, print_held_one
from connector.cli.root import config_option, json_option, ledger_option
from connector.cli.screen import print_table
from connector.cli.shapes import (
    day_words,
    document_json,
    moment,
    money,
    outcome_json,
    print_json_list,
    second_of,
)
from connector.planning.model import DocumentState
from connector.planning.status import invoice_status, payment_status, refunded_minor
from connector.planning.stripe_facts import Charge, Invoice, Refund
from connector.store import views

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.workplace import Setup

# What --state and --status may name. Stripe may add a status of refunds; these are those of 2026-10-28.
STATES: dict[str, tuple[str, ...]] = {
    "refunds": views.OUTCOMES,
    "documents": get_args(DocumentState),
    "held": ("held", "reversed"),
}
STATUSES = {
    "refunds": ("pending", "requires_action", "succeeded", "failed", "canceled"),
    "payments": ("Paid", "Partially refunded", "Refunded"),
    "invoices": ("Paid", "Unpaid", "Refunded", "Void", "Uncollectible", "Draft"),
}
WHAT = ("refunds", "documents", "invoices", "payments", "held")
PAGE = 1000


@click.command("list")
@click.argument("what", type=click.Choice(WHAT))
@config_option
@ledger_option
@click.option("--state", help="Refunds of this outcome, or documents in this state.")
@click.option(
    "--status",
    help="Invoices or payments with this status, such as Refunded; refunds with this Stripe status.",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@json_option
def list_command(
    what: str,
    config: Path,
    ledger: str | None,
    state: str | None,
    status: str | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """List refunds with what became of them, documents, invoices, payments, or what is held and why."""
    check_filters(what, state, status)
    with open_books(config, lambda setup: setup.chosen(ledger)) as (setup, engine):
        names = [one.name for one in setup.chosen(ledger)]
        makers = {
            "refunds": refunds,
            "documents": documents,
            "invoices": invoices,
            "payments": payments,
            "held": held,
        }
        items = iter(makers[what](setup, engine, names, state, status))
        shown = islice(items, limit)
        if as_json:
            print_json_list(what, shown)
        else:
            print_items(what, list(shown), sum(1 for _ in items), setup.books.zone)
    return 0


def check_filters(what: str, state: str | None, status: str | None) -> None:
    """A filter that can never match is a mistake, and an empty list would hide it."""
    for option, value, known in (
        ("--state", state, STATES.get(what)),
        ("--status", status, STATUSES.get(what)),
    ):
        if value is None:
            continue
        if known is None:
            raise click.UsageError(f"list {what} has no {option}")
        if value.lower() not in [word.lower() for word in known]:
            raise click.UsageError(f"{option} {value}: {what} have none such; known: {', '.join(known)}")


def refunds(
    setup: Setup, engine: Engine, names: list[str], state: str | None, status: str | None
) -> Iterator[dict[str, Any]]:
    """Every refund created since stripe.start, once, with its outcome in each ledger."""
    rows = views.decisions(engine, names)
    grouped = (
        (subject_id, list(group)) for subject_id, group in groupby(rows, key=lambda row: row.subject_id)
    )
    while page := list(islice(grouped, PAGE)):
        ids = [subject_id for subject_id, _ in page]
        facts = views.facts_of(engine, ids)
        keys = views.document_keys(engine, names, ids)
        for refund_id, group in page:
            refund = facts.get(refund_id)
            assert isinstance(refund, Refund)
            if state is not None and all(row.outcome != state for row in group):
                continue
            if status is not None and refund.status != status.lower():
                continue
            yield {
                "refund_id": refund_id,
                "charge_id": group[0].charge_id,
                "amount": money(refund.amount_minor, refund.currency),
                "status": refund.status,
                "created": moment(refund.created),
                "ledgers": {
                    row.ledger: outcome_json(row, keys.get((row.ledger, refund_id), [])) for row in group
                },
            }


def documents(
    setup: Setup, engine: Engine, names: list[str], state: str | None, status: str | None
) -> Iterator[dict[str, Any]]:
    for row, _ in views.documents(engine, names, states=None if state is None else (state,)):
        yield document_json(row)


def held(
    setup: Setup, engine: Engine, names: list[str], state: str | None, status: str | None
) -> Iterator[dict[str, Any]]:
    """What needs a person: refunds and sales that are held, reversed refunds that nobody has acknowledged."""
    rows = [row for row in needs_person(engine, names) if state in (None, row.outcome)]
    keys = views.document_keys(engine, names, [row.subject_id for row in rows])
    for row in rows:
        yield {
            "ledger": row.ledger,
            "refund_id": row.subject_id if row.subject == "refund" else None,
            "charge_id": row.charge_id,
            "amount": money(row.amount_minor, row.currency),
            "created": moment(row.created),
            **outcome_json(row, keys.get((row.ledger, row.subject_id), [])),
        }


def payments(
    setup: Setup, engine: Engine, names: list[str], state: str | None, status: str | None
) -> Iterator[dict[str, Any]]:
    """Succeeded charges with what of them was refunded."""
    charges = (
        c
        for c in views.objects(engine, "charge", setup.books.start)
        if isinstance(c, Charge) and c.status == "succeeded" and c.captured
    )
    while page := list(islice(charges, PAGE)):
        refunded = views.refunds_of_charges(engine, [c.charge_id for c in page])
        keys = views.document_keys(engine, names, [r.refund_id for group in refunded.values() for r in group])
        for charge in page:
            mine = refunded.get(charge.charge_id, [])
            word = payment_status(charge, mine)
            if status is not None and word.lower() != status.lower():
                continue
            yield {
                "charge_id": charge.charge_id,
                "provider": "stripe",
                "reference": charge.payment_intent_id or charge.charge_id,
                "amount": money(charge.captured_minor, charge.currency),
                "refunded": money(refunded_minor(mine), charge.currency),
                "status": word,
                "created": moment(charge.created),
                "refunds": [
                    {
                        "refund_id": r.refund_id,
                        "amount": money(r.amount_minor, r.currency),
                        "status": r.status,
                        "created": moment(r.created),
                        "documents": [key for name in names for key in keys.get((name, r.refund_id), [])],
                    }
                    for r in mine
                ],
            }


def invoices(
    setup: Setup, engine: Engine, names: list[str], state: str | None, status: str | None
) -> Iterator[dict[str, Any]]:
    """Stripe's invoices with the status that `invoice_status` gives them."""
    found = (i for i in views.objects(engine, "invoice", setup.books.start) if isinstance(i, Invoice))
    while page := list(islice(found, PAGE)):
        charges = views.charges_of_invoices(engine, page)
        refunded = views.refunds_of_charges(
            engine, [c.charge_id for group in charges.values() for c in group]
        )
        for invoice in page:
            pairs = [(c, refunded.get(c.charge_id, [])) for c in charges.get(invoice.invoice_id, ())]
            word, back = invoice_status(invoice, pairs, setup.settings.invoice_status)
            if status is not None and word.lower() != status.lower():
                continue
            yield {
                "invoice_id": invoice.invoice_id,
                "number": invoice.number,
                "amount": money(invoice.total_minor, invoice.currency),
                "refunded": money(back, invoice.currency),
                "status": word,
                "created": moment(invoice.created),
                "charges": [c.charge_id for c, _ in pairs],
            }


# ---------------------------------------------------------------------------------------------- for people


def words(value: dict[str, str]) -> str:
    return f"{value['amount']} {value['currency'].upper()}"


COLUMNS = {
    "refunds": ["refund", "created", "amount", "status", "ledger", "outcome", "number", "reason"],
    "documents": ["document", "date", "kind", "number", "amount", "state", "for"],
    "invoices": ["invoice", "number", "created", "amount", "refunded", "status"],
    "payments": ["charge", "created", "amount", "refunded", "status"],
}
RIGHT = {"refunds": (2,), "documents": (4,), "invoices": (3, 4), "payments": (2, 3)}


def print_items(what: str, items: Sequence[dict[str, Any]], left_out: int, zone: tzinfo) -> None:
    """A table under how many there are; of what is held, each with why and what to do."""
    if not items:
        # Invoices are Stripe's own: the ledger may have some all the same.
        nothing = {"held": "nothing is held", "invoices": "no Stripe invoices"}
        click.echo(nothing.get(what, f"no {what}"))
        return
    word = what.removesuffix("s") if len(items) == 1 and not left_out else what
    title = f"{len(items)} of {len(items) + left_out} {what}" if left_out else f"{len(items)} {word}"
    if what == "held":
        click.echo(f"{title}\n")
        for item in items:
            subject, amount, day = (
                item["refund_id"] or item["charge_id"] or "",
                amount_of(item),
                day_of(item, zone),
            )
            reason = item["reason"] or item["outcome"]
            print_held_one(subject, amount, day, item["ledger"], reason, item["sentence"], item["action"])
        return
    rows = [row for item in items for row in rows_of(what, item, zone)]
    print_table(title, COLUMNS[what], rows, right=RIGHT[what])


def day_of(item: dict[str, Any], zone: tzinfo) -> str:
    return day_words(second_of(item["created"]), zone)


def amount_of(item: dict[str, Any]) -> str:
    """The amount of a refund or sale; Stripe refunds no 0.00: that is one that cannot be read."""
    known = any(digit in "123456789" for digit in item["amount"]["amount"])
    return words(item["amount"]) if known else "unknown amount"


def rows_of(what: str, item: dict[str, Any], zone: tzinfo) -> list[list[str]]:
    amount = words(item["amount"])
    if what == "refunds":
        return [
            [
                item["refund_id"],
                day_of(item, zone),
                amount_of(item),
                item["status"],
                name,
                one["outcome"],
                one["number"] or "",
                one["reason"] or "",
            ]
            for name, one in item["ledgers"].items()
        ]
    if what == "documents":
        subject = item["refund_id"] or item["charge_id"] or ""
        day, kind, number = item["posting_date"], item["kind"], item["number"] or ""
        return [[item["document_key"], day, kind, number, amount, item["state"], subject]]
    if what == "invoices":
        number = item["number"] or ""
        return [
            [
                item["invoice_id"],
                number,
                day_of(item, zone),
                amount,
                words(item["refunded"]),
                item["status"],
            ]
        ]
    return [[item["charge_id"], day_of(item, zone), amount, words(item["refunded"]), item["status"]]]
