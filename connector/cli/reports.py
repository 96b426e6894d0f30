"""What a pass did, told to a bookkeeper or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Literal

import click

from connector.cli.printable import printable
from connector.cli.screen import print_table
from connector.cli.shapes import (
    LINKS,
    LedgerPart,
    amount_text,
    amount_words,
    day_words,
    debits_first,
    document_json,
    is_debit,
    money,
    money_words,
    print_pass,
    with_settings,
)
from connector.planning.model import CASH_LEGS
from connector.planning.money import parse_amount
from connector.store import totals, views
from connector.store.codec import decode_list

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.sync import PassReport

Trouble = Literal["ledger", "run"]
KIND_WORDS = {
    "credit_memo": "credit memo",
    "refund_receipt": "refund receipt",
    "credit_card_refund": "credit card refund",
    "refund_payout": "refund pay-out",
    "void": "void",
    "reopen_invoice": "reopened invoice",
}
MOST_SHOWN = 25
# What this run read in the books and did not write: after a lost state, or a lost answer.
FOUND = "found in the books"


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
    warn_of_run(report)


def warn_of_run(report: PassReport) -> None:
    for name, warning in report.warnings:
        click.echo(printable(f"Warning: {name}: {warning}"), err=True)


def run_counts(engine: Engine, name: str, report: PassReport) -> dict[str, int]:
    """The refunds of one ledger that a run touched, by outcome."""
    if not report.touched:
        return dict.fromkeys(views.OUTCOMES, 0)
    return totals.outcome_counts(engine, name, report.run_id)


def head_json(report: PassReport) -> dict[str, Any]:
    pulled = report.pulled
    return {
        "run_id": report.run_id,
        "pulled": {"charges": pulled.charges, "refunds": pulled.refunds, "changed": pulled.changed},
    }


def errors_json(report: PassReport) -> list[dict[str, Any]]:
    return [{"ledger": e.ledger, "code": e.code, "sentence": e.sentence} for e in report.errors]


def print_report(engine: Engine, report: PassReport, places: Sequence[str], zone: tzinfo) -> None:
    """Tables: what this run did by outcome and type, what needs a person and how to free it, what went wrong."""
    pulled = report.pulled
    click.echo(
        f"Read from Stripe: {counted(pulled.charges, 'new charge')}, {counted(pulled.refunds, 'new refund')}, "
        f"{counted(pulled.changed, 'changed object')}.\n"
    )
    found = report.touched and totals.found_in_run(engine, report.run_id)
    sums = totals.outcome_totals(engine, report.run_id, found) if report.touched else []
    sales = sales_posted(engine, report, found) if report.touched else []
    undone = unposted_words(engine, report.ledgers)
    if sums or sales:
        rows = [
            [
                t.ledger,
                FOUND if t.found else t.outcome,
                kind_words(t.kinds),
                str(t.count),
                amount_words(t.amount_minor, t.currency),
            ]
            for t in sorted(
                sums, key=lambda t: (t.ledger, views.OUTCOMES.index(t.outcome), t.kinds, t.currency)
            )
        ]
        rows = [*sales, *rows]
        print_table(
            "This run", ["ledger", "outcome", "as", "count", "total"], rows, right=(3, 4), wrap=(1, 2)
        )
    elif undone or report.errors:
        click.echo("Nothing was posted in this run.\n")
    else:
        click.echo("Nothing new: the books are up to date.\n")
    print_unposted(undone)
    print_held(engine, report.ledgers, zone)
    for note in pulled.notes[:MOST_SHOWN]:
        click.echo(printable(f"Odd in Stripe's data: {note}"))
    if report.touched:
        print_warnings(engine, report)
    print_errors(report)
    for place in places:
        click.echo(place)


def sales_posted(engine: Engine, report: PassReport, found: bool) -> list[list[str]]:
    """Rows for the sales and fees that this run posted, by kind and currency; fees go both ways, so without a sum."""
    return [
        [
            t.ledger,
            FOUND if t.found else "posted",
            t.kind.replace("_", " "),
            str(t.count),
            t.currency.upper() if t.kind == "fee" else money_words(t.amount_minor, t.currency),
        ]
        for t in totals.document_totals(
            engine, report.run_id, ("invoice", "payment", "sales_receipt", "fee"), found
        )
    ]


def unposted_words(engine: Engine, names: Sequence[str]) -> list[str]:
    """For each ledger how many refunds and sales wait, are held or failed, and have no document on its way."""
    counts: dict[str, list[str]] = {}
    for one in totals.unposted_counts(engine, names):
        word = {"refund": "refund", "charge": "sale"}[one.subject]
        counts.setdefault(one.ledger, []).append(f"{counted(one.count, word)} {one.outcome}")
    return [f"{name}: {', '.join(parts)}" for name, parts in counts.items()]


def print_unposted(undone: Sequence[str]) -> None:
    for words in undone:
        click.echo(f"Not in the books of {words}.")
    if undone:
        click.echo()


def print_errors(report: PassReport) -> None:
    """What went wrong, and that it is tried again; and what will, unless a person does something."""
    from connector.delivery.push import STOPPED

    warn_of_run(report)
    for error in report.errors:
        where = f"{error.ledger}: " if error.ledger else ""
        if error.sentence == STOPPED.sentence:
            click.echo(printable(f"{where}{error.sentence}"), err=True)
        else:
            told = f"Failed, will be tried again: {where}{error.sentence} ({error.code})"
            click.echo(printable(told), err=True)


def counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def kind_words(kinds: str) -> str:
    return " + ".join(KIND_WORDS.get(kind, kind) for kind in kinds.split(" + ") if kind)


def needs_person(engine: Engine, names: Sequence[str]) -> list[Any]:
    """Everything held, and every reversed refund that nobody has acknowledged, refunds and charges."""
    return [
        row
        for row in views.decisions(engine, names, subject=None, outcomes=("held", "reversed"))
        if row.outcome == "held" or (row.subject == "refund" and not row.acknowledged)
    ]


def print_held(engine: Engine, names: Sequence[str], zone: tzinfo) -> None:
    rows = needs_person(engine, names)
    if not rows:
        return
    count = len(rows)
    click.echo(f"{count} {'needs' if count == 1 else 'need'} a person:\n")
    for row in rows[:MOST_SHOWN]:
        amount, day = amount_words(row.amount_minor, row.currency), day_words(row.created, zone)
        print_held_one(
            row.subject_id,
            amount,
            day,
            row.ledger,
            row.reason or row.outcome,
            row.sentence,
            with_settings(row.action),
        )
    if count > MOST_SHOWN:
        click.echo(f"  ... and {count - MOST_SHOWN} more: connector list held")
    click.echo()


def print_held_one(
    subject_id: str, amount: str, day: str, ledger: str, reason: str, why: str | None, action: str | None
) -> None:
    """One thing that needs a person: what it is, why, and the command or deed that frees it."""
    click.echo(printable(f"  {subject_id}  {amount}  of {day}  in {ledger}: {reason}"))
    click.echo(printable(f"      why: {why}"))
    click.echo(printable(f"      do:  {action}"))


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
        click.echo(printable(f"Warning: {warning}{more}"))
    if len(seen) > MOST_SHOWN:
        click.echo(f"... and {len(seen) - MOST_SHOWN} more warnings: connector list refunds --json")


# ---------------------------------------------------------------------------------------------- plan


PAID_BACK = frozenset({*CASH_LEGS, "reopen_invoice"})
ON_INVOICES = frozenset({"credit_memo", "void"})


class Effects:
    """What documents change, by currency and role of the account, debit above zero, in minor units; summed up as they
    pass by, so that a plan of any length can be shown."""

    def __init__(self, roles: dict[str, str]) -> None:
        self.roles = roles
        self.sums: dict[str, dict[str, int]] = {}

    def watch(self, documents: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for document in documents:
            for entry, role in zip(document["entries"], self.roles_of(document), strict=True):
                currency = entry["currency"]
                sums = self.sums.setdefault(currency, {})
                signed = parse_amount(entry["debit"], currency) - parse_amount(entry["credit"], currency)
                sums[role] = sums.get(role, 0) + signed
            yield document

    def roles_of(self, document: dict[str, Any]) -> list[str]:
        """Of each entry. What is not mapped is income; but an account of a credit that money alone goes back of, as a
        deposit, is receivable, and so is another one that the invoice stands on, which a memo names last."""
        kind = document["kind"]
        other = "receivable" if kind in PAID_BACK else "income"
        found = [self.roles.get(entry["account"], other) for entry in document["entries"]]
        if kind in ON_INVOICES and "receivable" not in found:
            found[-1:] = ["receivable"]
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            currency: {role: money(minor, currency) for role, minor in sums.items()}
            for currency, sums in self.sums.items()
        }


def print_plan(
    documents: Iterable[dict[str, Any]],
    roles: dict[str, str],
    name: str,
    undone: Sequence[str],
    trouble: Trouble | None,
) -> None:
    """Every document with its debits and credits, then what they change in all, then what is not posted for now."""
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
    elif trouble == "ledger":
        click.echo(f"{name} could not be planned.\n")
    elif undone or trouble:
        click.echo(f"Nothing to post in {name} now.\n")
    else:
        click.echo(f"Nothing to post in {name}: the books are up to date.\n")
    print_unposted(undone)


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
    for entry in debits_first(document["entries"]):
        debit, credit = entry["debit"], entry["credit"]
        as_debit = f"Dr {entry['account']:<44}{debit:>14}"
        as_credit = f"   Cr {entry['account']:<41}{'':>14}{credit:>14}"
        lines.append(f"    {as_debit if is_debit(entry) else as_credit} {entry['currency'].upper()}")
    told = document["sentence"] or (LINKS if document["kind"] == "application" else None)
    if told:
        lines.append(f"    {told}")
    lines.extend(f"    warning: {warning}" for warning in document["warnings"])
    sys.stdout.write("\n".join(map(printable, lines)) + "\n\n")


ROLES = ("receivable", "income", "tax", "clearing", "fees", "exchange")


def signed_text(signed_minor: int, currency: str) -> str:
    return amount_text(signed_minor, currency) if signed_minor else "-"
