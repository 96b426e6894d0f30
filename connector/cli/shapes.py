"""The JSON of `--json`: documents, refunds and money as other programs read them. Names here are fixed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from connector.planning.money import UnknownCurrency, format_amount
from connector.store.codec import decode_document, decode_list


def amount_text(amount_minor: int, currency: str) -> str:
    """Major units with the currency's digits; the bare minor units of a currency that Stripe does not know."""
    try:
        return format_amount(amount_minor, currency)
    except UnknownCurrency:
        return str(amount_minor)


def money(amount_minor: int, currency: str) -> dict[str, str]:
    return {"amount": amount_text(amount_minor, currency), "currency": currency}


def money_words(amount_minor: int, currency: str) -> str:
    return f"{amount_text(amount_minor, currency)} {currency.upper()}"


def moment(second: int) -> str:
    """A Stripe second as people and programs read it, in UTC."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document_json(row: Any) -> dict[str, Any]:
    """One document; `row` is of `document` with the rule and warnings of its decision."""
    content = decode_document(row.content)
    return {
        "document_key": row.document_key,
        "ledger": row.ledger,
        "refund_id": row.refund_id,
        "charge_id": row.charge_id,
        "kind": row.kind,
        "number": row.number,
        "amount": money(row.amount_minor, row.currency),
        "posting_date": row.posting_date,
        "state": row.state,
        "ledger_id": row.ledger_id,
        "rule": content.rule or row.rule,
        "reason": row.reason,
        "sentence": row.sentence,
        "action": row.action,
        "warnings": list(content.warnings) or decode_list(row.warnings),
        "entries": [
            {
                "account": entry.account,
                "debit": amount_text(entry.debit_minor, entry.currency),
                "credit": amount_text(entry.credit_minor, entry.currency),
                "currency": entry.currency,
            }
            for entry in content.entries
        ],
    }


def outcome_json(row: Any, keys: list[str]) -> dict[str, Any]:
    """What became of a refund in one ledger; `row` is of `decision`."""
    return {
        "outcome": row.outcome,
        "reason": row.reason,
        "sentence": row.sentence,
        "action": row.action,
        "warnings": decode_list(row.warnings),
        "number": row.number,
        "documents": keys,
    }


def print_json(value: Mapping[str, Any]) -> None:
    """The one JSON object of a command."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_json_list(name: str, items: Iterable[Mapping[str, Any]]) -> None:
    """{"NAME": [...]} written item by item: a list of 100,000 need not stand in memory."""
    click.echo(f'{{"{name}": [', nl=False)
    first = True
    for item in items:
        click.echo(("\n" if first else ",\n") + json.dumps(item, ensure_ascii=False), nl=False)
        first = False
    click.echo("\n]}")
