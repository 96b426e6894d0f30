"""What a pass did, told to a bookkeeper or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from connector.cli.screen import print_table
from connector.cli.shapes import (
    LedgerPart,
    amount_text,
    document_json,
    moment,
    money,
    money_words,
    print_pass,
)
from connector.planning.money import parse_amount
from connector.store import views
from connector.store.codec import decode_list

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.sync import PassReport

KIND_WORDS = {
    "credit_memo": "credit memo",
    "refund_receipt": "refund receipt",
    "credit_card_refund": "credit card refund",
    "refund_payout": "refund pay-out",
    "void": "void",
    "reopen_invoice": "reopened invoice",
}
MOST_SHOWN = 25


def print_report_json(engine: Engine, report: PassReport) -> None:
    """The object of `sync --json` and `resync --json`."""
    ledgers = {
        name: LedgerPart(
            run_counts(engine, name, report),
            (document_json(row) for row, _ in views.documents(engine, [name], run_id=report.run_id))
            if report.touched
            else (),
        )
        for name in report.ledgers
    }
    print_pass(head_json(report), ledgers, errors_json(report))


def run_counts(engine: Engine, name: str, report: PassReport) -> dict[str, int]:
    """The refunds of one ledger that a run touched, by outcome."""
    if not report.touched:
        return dict.fromkeys(views.OUTCOMES, 0)
    return views.outcome_counts(engine, name, report.run_id)


def head_json(report: PassReport) -> dict[str, Any]:
    pulled = report.pulled
    return {
        "run_id": report.run_id,
        "pulled": {"charges": pulled.charges, "refunds": pulled.refunds, "changed": pulled.changed},
    }


def errors_json(report: PassReport) -> list[dict[str, Any]]:
    return [{"ledger": e.ledger, "code": e.code, "sentence": e.sentence} for e in report.errors]


def print_report(engine: Engine, report: PassReport, places: Sequence[str]) -> None:
    """Tables: what this run did by outcome and type, what needs a person and how to free it, what went wrong."""
    pulled = report.pulled
    click.echo(
        f"Read from Stripe: {pulled.charges} new charges, {pulled.refunds} new refunds, {pulled.changed} changed objects.\n"
    )
    totals = views.outcome_totals(engine, report.run_id) if report.touched else []
    sales = sales_posted(engine, report) if report.touched else []
    if totals or sales:
        rows = [
            [t.ledger, t.outcome, kind_words(t.kinds), str(t.count), money_words(t.amount_minor, t.currency)]
            for t in sorted(
                totals, key=lambda t: (t.ledger, views.OUTCOMES.index(t.outcome), t.kinds, t.currency)
            )
        ]
        rows = [*sales, *rows]
        print_table("This run", ["ledger", "outcome", "as", "number", "total"], rows, right=(3, 4))
    else:
        click.echo("Nothing new: the books are up to date.\n")
    print_held(engine, report.ledgers)
    for note in pulled.notes[:MOST_SHOWN]:
        click.echo(f"Odd in Stripe's data: {note}")
    if report.touched:
        print_warnings(engine, report)
    for error in report.errors:
        where = f"{error.ledger}: " if error.ledger else ""
        click.echo(f"Failed, will be tried again: {where}{error.sentence} ({error.code})", err=True)
    for place in places:
        click.echo(place)


def sales_posted(engine: Engine, report: PassReport) -> list[list[str]]:
    """Rows for the sales and fees that this run posted, by kind and currency; fees go both ways, so without a sum."""
    return [
        [
            t.ledger,
            "posted",
            t.kind.replace("_", " "),
            str(t.count),
            "" if t.kind == "fee" else money_words(t.amount_minor, t.currency),
        ]
        for t in views.document_totals(engine, report.run_id, ("invoice", "payment", "sales_receipt", "fee"))
    ]


def kind_words(kinds: str) -> str:
    return " + ".join(KIND_WORDS.get(kind, kind) for kind in kinds.split(" + ") if kind)


def needs_person(engine: Engine, names: Sequence[str]) -> list[Any]:
    """Everything held, and every reversed refund that nobody has acknowledged, refunds and charges."""
    return [
        row
        for row in views.decisions(engine, names, subject=None, outcomes=("held", "reversed"))
        if row.outcome == "held" or (row.subject == "refund" and not row.acknowledged)
    ]


def print_held(engine: Engine, names: Sequence[str]) -> None:
    rows = needs_person(engine, names)
    if not rows:
        return
    count = len(rows)
    click.echo(f"{count} {'needs' if count == 1 else 'need'} a person:\n")
    for row in rows[:MOST_SHOWN]:
        click.echo(
            f"  {row.subject_id}  {money_words(row.amount_minor, row.currency)}  of {moment(row.created)[:10]}"
            f"  in {row.ledger}: {row.reason or row.outcome}"
        )
        click.echo(f"      why: {row.sentence}")
        click.echo(f"      do:  {row.action}")
    if count > MOST_SHOWN:
        click.echo(f"  ... and {count - MOST_SHOWN} more: connector list held")
    click.echo()


def print_warnings(engine: Engine, report: PassReport) -> None:
    """Warnings of what this run decided, each kind once with how often it was said."""
    seen: dict[str, tuple[int, str]] = {}
    for warnings in views.warnings_of_run(engine, report.ledgers, report.run_id):
        for warning in decode_list(warnings):
            kind = warning.partition(":")[0]
            count, first = seen.get(kind, (0, warning))
            seen[kind] = (count + 1, first)
    for count, warning in list(seen.values())[:MOST_SHOWN]:
        more = f" (and {count - 1} more like it)" if count > 1 else ""
        click.echo(f"Warning: {warning}{more}")
    if len(seen) > MOST_SHOWN:
        click.echo(f"... and {len(seen) - MOST_SHOWN} more warnings: connector list refunds --json")


# ---------------------------------------------------------------------------------------------- plan


class Effects:
    """What documents change, by currency and role of the account, debit above zero, in minor units; summed up as they
    pass by, so that a plan of any length can be shown."""

    def __init__(self, roles: dict[str, str]) -> None:
        self.roles = roles
        self.sums: dict[str, dict[str, int]] = {}

    def watch(self, documents: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for document in documents:
            for entry in document["entries"]:
                currency = entry["currency"]
                sums = self.sums.setdefault(currency, {})
                # Anything in a sale or refund that has no other role is income.
                role = self.roles.get(entry["account"], "income")
                signed = parse_amount(entry["debit"], currency) - parse_amount(entry["credit"], currency)
                sums[role] = sums.get(role, 0) + signed
            yield document

    def as_json(self) -> dict[str, Any]:
        return {
            currency: {role: money(minor, currency) for role, minor in sums.items()}
            for currency, sums in self.sums.items()
        }


def print_plan(documents: Iterable[dict[str, Any]], roles: dict[str, str], name: str) -> None:
    """Every document with its debits and credits, then what they change in all."""
    effects = Effects(roles)
    for document in effects.watch(documents):
        print_document(document, name)
    rows = [
        [currency.upper(), *[signed_text(sums.get(role, 0), currency) for role in ROLES]]
        for currency, sums in sorted(effects.sums.items())
    ]
    if rows:
        print_table(
            f"What this plan changes in {name} (debit above zero)",
            ["currency", *ROLES],
            rows,
            right=range(1, len(ROLES) + 1),
        )
    else:
        click.echo(f"Nothing to post in {name}: the books are up to date.\n")


def print_document(document: dict[str, Any], name: str) -> None:
    """One document of a plan, in one write."""
    amount = document["amount"]
    kind = KIND_WORDS.get(document["kind"], document["kind"]).replace("_", " ")
    number = f" {document['number']}" if document["number"] else ""
    rule = f", rule {document['rule']!r}" if document["rule"] else ""
    lines = [
        f"{document['posting_date']}  {kind}{number}  {amount['amount']} {amount['currency'].upper()}  ({name})",
        f"    for {document['refund_id'] or document['charge_id']}{rule}",
    ]
    for entry in document["entries"]:
        debit, credit = entry["debit"], entry["credit"]
        if any(c in "123456789" for c in debit):
            side = f"Dr {entry['account']:<44}{debit:>14}"
        else:
            side = f"   Cr {entry['account']:<41}{'':>14}{credit:>14}"
        lines.append(f"    {side} {entry['currency'].upper()}")
    lines.extend(f"    warning: {warning}" for warning in document["warnings"])
    sys.stdout.write("\n".join(lines) + "\n\n")


ROLES = ("receivable", "income", "tax", "clearing", "fees", "exchange")


def signed_text(signed_minor: int, currency: str) -> str:
    return amount_text(signed_minor, currency) if signed_minor else "-"
