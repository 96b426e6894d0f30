"""The JSON of `--json`: documents, refunds and money as other programs read them. Names here are fixed."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click

from connector.planning.money import UnknownCurrency, format_amount
from connector.planning.sentences import FILL_IN, numbered_there
from connector.store.codec import Shown, decode_list, decode_shown

# json.dumps with arguments builds an encoder at every call.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode

# The commands that actions name, each to its end.
COMMANDS = re.compile(rf"connector resolve .*?--reason {re.escape(FILL_IN)}|connector resync \S+")


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


def with_settings(action: str | None) -> str | None:
    """An action whose commands name the settings file, where that is not the one they would take by themselves."""
    context = click.get_current_context(silent=True)
    config = context.params.get("config") if context is not None else None
    if not action or config is None or config == Path("config.yaml"):
        return action
    return COMMANDS.sub(lambda found: f"{found[0]} -c {shlex.quote(str(config))}", action)


def day_words(second: int, zone: tzinfo) -> str:
    """The day as people read it, in the books' zone; 0 stands for a time that Stripe did not tell."""
    return f"{datetime.fromtimestamp(second, zone):%Y-%m-%d}" if second else "unknown"


def time_words(second: int, zone: tzinfo) -> str:
    """`2026-02-10 10:00 EST`."""
    return f"{datetime.fromtimestamp(second, zone):%Y-%m-%d %H:%M %Z}" if second else "unknown"


def second_of(moment_text: str) -> int:
    return int(datetime.fromisoformat(moment_text).timestamp())


def amount_words(amount_minor: int, currency: str) -> str:
    """The amount of a refund or sale; 0 stands for one that cannot be read."""
    return money_words(amount_minor, currency) if amount_minor else "unknown amount"


# An application has no debits and credits to show; by its part, where the ledger has several kinds of them.
LINKS = "links documents of the ledger, so that neither stays open; moves nothing"
DOES = {
    "allocated": "puts the credit on the invoice, so that neither stays open; moves nothing",
    "unallocated": "takes the credit off the invoice; moves nothing",
    "unapplied": "takes the payment off the invoice, which is open again by as much; moves nothing",
    "applied": "puts what is left of the credit memo on the invoice; moves nothing",
    "unpaid": "takes the payment off the invoice, to be made again in two parts of the same day",
    "paid_again": "makes what stays paid a payment of the invoice again",
    "overpaid": "makes the rest of the payment an overpayment, which is then paid back",
}
VOIDS = "voids the document where it stands, as of its own day; writes no new one"


def what_it_does(kind: str, shown: Shown) -> str | None:
    """What debits and credits do not tell of a document."""
    if shown.voids:
        return VOIDS
    return DOES.get(shown.part) if kind == "application" else None


def debits_first(entries: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return sorted(entries, key=lambda entry: not is_debit(entry))


def is_debit(entry: Mapping[str, str]) -> bool:
    return any(digit in "123456789" for digit in entry["debit"])


def document_json(row: Any) -> dict[str, Any]:
    """One document; `row` is of `document` with the rule and warnings of its decision."""
    shown = decode_shown(row.content)
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
        "rule": shown.rule or row.rule,
        "reason": row.reason,
        "sentence": row.sentence or what_it_does(row.kind, shown),
        "action": with_settings(row.action),
        "warnings": [*(shown.warnings or decode_list(row.warnings)), *renumbered(row)],
        "entries": [
            {
                "account": account,
                "debit": amount_text(max(signed, 0), shown.currency),
                "credit": amount_text(max(-signed, 0), shown.currency),
                "currency": shown.currency,
            }
            for account, signed in shown.entries
        ],
    }


def renumbered(row: Any) -> list[str]:
    """What to say of a document to which the ledger gave another number than its own; `row` is of `document`."""
    theirs: str | None = row.replaced_number
    return [] if theirs is None else [numbered_there(theirs, row.number)]


def outcome_json(row: Any, keys: list[str]) -> dict[str, Any]:
    """What became of a refund in one ledger; `row` is of `decision`."""
    return {
        "outcome": row.outcome,
        "reason": row.reason,
        "sentence": row.sentence,
        "action": with_settings(row.action),
        "warnings": decode_list(row.warnings),
        "number": row.number,
        "documents": keys,
    }


def print_json(value: Mapping[str, Any]) -> None:
    """The one JSON object of a command."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def write_items(items: Iterable[Mapping[str, Any]]) -> None:
    """A JSON list on standard output, item by item: a list of 100,000 need not stand in memory."""
    write = sys.stdout.write
    write("[")
    first = True
    for item in items:
        write(("\n" if first else ",\n") + _encode(item))
        first = False
    write("]")


def print_json_list(name: str, items: Iterable[Mapping[str, Any]]) -> None:
    """{"NAME": [...]}, written as it is read."""
    sys.stdout.write(f'{{"{name}": ')
    write_items(items)
    sys.stdout.write("}\n")


@dataclass(frozen=True)
class LedgerPart:
    """One ledger in the object of a pass: `documents` are written as they are read, `rest` is asked for after them."""

    counts: Mapping[str, Any]
    documents: Iterable[Mapping[str, Any]]
    rest: Callable[[], Mapping[str, Any]] = dict


def print_pass(
    head: Mapping[str, Any], ledgers: Mapping[str, LedgerPart], errors: Sequence[Mapping[str, Any]]
) -> None:
    """The one JSON object of `sync`, `resync` and `plan`."""
    write = sys.stdout.write
    write(json.dumps(head, ensure_ascii=False)[:-1] + ', "ledgers": {')
    for place, (name, part) in enumerate(ledgers.items()):
        counts = json.dumps(part.counts, ensure_ascii=False)[:-1]
        write(
            (", " if place else "") + f"{json.dumps(name, ensure_ascii=False)}: {counts}, " + '"documents": '
        )
        write_items(part.documents)
        for key, value in part.rest().items():
            write(f", {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
        write("}")
    write('}, "errors": ' + json.dumps(list(errors), ensure_ascii=False) + "}\n")
