"""`explain`: the story of one refund."""

from __future__ import annotations

import json
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.opening import open_books
from connector.cli.printable import clean
from connector.cli.root import config_option, json_option
from connector.cli.shapes import (
    LINKS,
    debits_first,
    document_json,
    is_debit,
    moment,
    money,
    outcome_json,
    print_json,
    second_of,
    time_words,
)
from connector.errors import InputError
from connector.planning.choice import BY_PERSON
from connector.planning.facts import Facts
from connector.planning.rules import explain_decision, ruleset_from_json
from connector.planning.stripe_facts import ApplicationFeeRefund, Charge, Refund, TransferReversal
from connector.store import views
from connector.store.codec import decode_shares

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.workplace import LedgerSetup, Setup

INCOME_LEGS = ("credit_memo", "refund_receipt", "void")


@click.command("explain")
@click.argument("refund_id")
@config_option
@click.option("--raw", is_flag=True, help="Print the refund as Stripe sent it, and nothing else.")
@json_option
def explain_command(refund_id: str, config: Path, raw: bool, as_json: bool) -> int:
    """Tell the story of REFUND_ID: the facts read, the rules tried in order and why each did not match, the one that
    won, the switches applied, the documents with their debits and credits, and every attempt to post them."""
    with open_books(config) as (setup, engine):
        facts = views.facts_of(engine, [refund_id])
        refund = facts.get(refund_id)
        if not isinstance(refund, Refund):
            raise InputError(
                f"no refund {refund_id} has been read from Stripe; connector sync reads what is new"
            )
        if raw:
            click.echo(views.raw_object(engine, refund_id) or "it came inside another object only")
            return 0
        charge_id = views.charge_of_refund(engine, refund)
        charge = views.facts_of(engine, [charge_id or ""]).get(charge_id or "")
        stories = {one.name: tell_ledger(engine, one, refund) for one in setup.ledgers.values()}
        story = {
            "refund_id": refund.refund_id,
            "charge_id": charge_id,
            "amount": money(refund.amount_minor, refund.currency),
            "status": refund.status,
            "created": moment(refund.created),
            "reason": refund.reason,
            "payment_method": charge.payment_method if isinstance(charge, Charge) else None,
            "connect": [
                connect_json(fact)
                for fact in views.connected_movements(
                    engine, refund, charge if isinstance(charge, Charge) else None
                )
            ],
            "ledgers": stories,
        }
        if as_json:
            print_json(story)
        else:
            print_story(setup, clean(story))
    return 0


def connect_json(fact: TransferReversal | ApplicationFeeRefund) -> dict[str, Any]:
    """What moved between a platform and a connected account; neither is posted."""
    if isinstance(fact, TransferReversal):
        what, object_id = "transfer_reversal", fact.transfer_reversal_id
    else:
        what, object_id = "application_fee_refund", fact.fee_refund_id
    return {
        "what": what,
        "id": object_id,
        "amount": money(fact.amount_minor, fact.currency),
        "created": moment(fact.created),
    }


CONNECT_WORDS = {
    "transfer_reversal": "Taken back from the connected account",
    "application_fee_refund": "Given back of the application fee of its charge",
}


def tell_ledger(engine: Engine, one: LedgerSetup, refund: Refund) -> dict[str, Any]:
    """What was decided in one ledger, why, and what was done about it."""
    rows = list(views.decisions(engine, [one.name], subject_id=refund.refund_id))
    if not rows:
        return {
            "outcome": None,
            "sentence": "created before stripe.start, so it is not synced",
            "documents": [],
        }
    row = rows[0]
    documents = [
        document_json(d) for d, _ in views.documents(engine, [one.name], subject_id=refund.refund_id)
    ]
    keys = [d["document_key"] for d in documents]
    for document in documents:
        document["attempts"] = [
            {
                "sent": moment(a.sent),
                "answered": None if a.settled is None else moment(a.settled),
                "request": f"{a.method} {a.target}",
                "outcome": a.outcome or "no answer was stored",
            }
            for a in views.attempts_of(engine, document["document_key"])
        ]
    story: dict[str, Any] = outcome_json(row, keys)
    story |= {
        "rule": row.rule,
        "sale_number": row.sale_number,
        "facts": None,
        "rules_tried": [],
        "switches": [],
    }
    if row.facts:
        facts = Facts.from_json(json.loads(row.facts))
        story["facts"] = facts.to_json()
        content = views.rules_in_force(engine, row.ruleset)
        if content is not None and row.rule != BY_PERSON:
            rules, switches = ruleset_from_json(content)
            decision = explain_decision(facts, rules, switches, one.policy.capabilities.refund_types)
            story["rules_tried"] = [
                {"rule": t.rule, "matched": t.matched, "why": t.why} for t in decision.trace
            ]
            story["switches"] = list(decision.switches)
    takes_income = not documents or any(d["kind"] in INCOME_LEGS for d in documents)
    if row.shares and takes_income:
        story["lines"] = [
            {
                "line": share.line_id,
                "net": money(share.net_minor, refund.currency),
                "tax": money(share.tax_minor, refund.currency),
            }
            for share in decode_shares(row.shares)
        ]
    story["decisions_by_people"] = [
        {"at": moment(w.at), "actor": w.actor, "action": w.action, "value": w.value, "reason": w.reason}
        for w in views.words_about(engine, refund.refund_id)
        if w.ledger == one.name
    ]
    story["documents"] = documents
    return story


def print_story(setup: Setup, story: dict[str, Any]) -> None:
    amount, zone = story["amount"], setup.books.zone
    known = any(digit in "123456789" for digit in amount["amount"])
    told = f"{amount['amount']} {amount['currency'].upper()}" if known else "an unknown amount"
    why = f", reason given: {story['reason'].replace('_', ' ')}" if story["reason"] else ""
    click.echo(
        f"Refund {story['refund_id']}: {told} of charge {story['charge_id']}, "
        f"created {time_words(second_of(story['created']), zone)}, Stripe says {story['status']}{why}."
    )
    if story["payment_method"]:
        click.echo(f"The charge was paid by {story['payment_method'].replace('_', ' ')}.")
    for moved in story["connect"]:
        amount = moved["amount"]
        click.echo(
            f"{CONNECT_WORDS[moved['what']]}: {amount['amount']} {amount['currency'].upper()} ({moved['id']}); it is not posted."
        )
    for name, part in story["ledgers"].items():
        click.echo(f"\nIn ledger {name} it is {part['outcome'] or 'not synced'}.")
        if part.get("reason"):
            click.echo(f"  Reason: {part['reason']}")
        if part.get("sentence"):
            click.echo(f"  {part['sentence'].rstrip('.')}.")
        if part.get("action"):
            click.echo(f"  What to do: {part['action']}")
        print_decision(part, zone)
        print_documents(part, zone)


def print_decision(part: dict[str, Any], zone: tzinfo) -> None:
    facts = part.get("facts")
    if facts:
        shown = ", ".join(
            f"{key} {str(value).lower() if isinstance(value, bool) else value}"
            for key, value in facts.items()
            if key not in ("amount_minor", "metadata", "ledger")
        )
        click.echo(f"  Facts: {shown}")
    if part.get("rule") == BY_PERSON:
        click.echo(f"  The rules were not asked: it is {BY_PERSON}.")
    for place, tried in enumerate(part.get("rules_tried", ()), start=1):
        # The last rule tried ends the search; of a refund that a switch keeps out it has not won.
        won = "last" if part.get("reason") in ("type_switched_off", "ledger_cannot") else "won"
        mark = won if tried["matched"] else "no "
        click.echo(f"  Rule {place} {mark} {tried['rule']!r}: {tried['why']}")
    for switch in part.get("switches", ()):
        click.echo(f"  Switch: {switch}")
    if part.get("number"):
        click.echo(f"  Number {part['number']}, sale {part['sale_number']}.")
    for line in part.get("lines", ()):
        tax = f" and tax {line['tax']['amount']}" if line["tax"]["amount"].strip("0.") else ""
        click.echo(
            f"  Takes {line['net']['amount']}{tax} {line['net']['currency'].upper()} back of line {line['line']}."
        )
    for warning in part.get("warnings") or ():
        click.echo(f"  Warning: {warning}")
    for word in part.get("decisions_by_people", ()):
        value = f" {word['value']}" if word["value"] else ""
        click.echo(
            f"  {time_words(second_of(word['at']), zone)} {word['actor']} said {word['action']}{value}: {word['reason']}"
        )


def print_documents(part: dict[str, Any], zone: tzinfo) -> None:
    for document in part["documents"]:
        amount = document["amount"]
        click.echo(
            f"\n  {document['kind'].replace('_', ' ').capitalize()} {document['number'] or ''} of {document['posting_date']}: "
            f"{amount['amount']} {amount['currency'].upper()}, {document['state']}"
            + (f" as {document['ledger_id']}" if document["ledger_id"] else "")
        )
        for entry in debits_first(document["entries"]):
            debit = is_debit(entry)
            side = "Dr" if debit else "   Cr"
            click.echo(
                f"    {side} {entry['account']} {entry['debit'] if debit else entry['credit']} {entry['currency'].upper()}"
            )
        told = document["sentence"] if not document["reason"] else None
        if told or document["kind"] == "application":
            click.echo(f"    {told or LINKS}")
        for warning in document["warnings"]:
            # Those of the decision are told above.
            if warning not in (part.get("warnings") or ()):
                click.echo(f"    Warning: {warning}")
        for attempt in document["attempts"]:
            click.echo(
                f"    sent {time_words(second_of(attempt['sent']), zone)} ({attempt['request']}): {attempt['outcome']}"
            )
