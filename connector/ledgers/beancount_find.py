"""Asking a books folder, and reading its answers: the FIND requests of `delivery/file_courier.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from connector.errors import LedgerDown
from connector.ledgers.contract import Answer, Request, Steps

FIND_PAGE = 2000
# Numbers, keys or ids; of `number_kind`, pairs of a kind and a number.
Values = Sequence[str] | Sequence[tuple[str, str]]


def find_request(by: str, values: Values, cursor: str | None = None) -> Request:
    body = {"by": by, "values": values, "after": cursor, "limit": FIND_PAGE}
    return Request("FIND", "entries", json.dumps(body).encode())


def find(*questions: tuple[str, Values]) -> Steps[list[dict[str, Any]]]:
    """All entries that answer any of these questions, each once."""
    entries: dict[str, dict[str, Any]] = {}
    for by, values in questions:
        if not values:
            continue
        cursor = None
        while True:
            page = read_json((yield find_request(by, values, cursor)))
            entries.update((e["ledger_id"], read_entry(e)) for e in page["entries"])
            cursor = page.get("next")
            if cursor is None:
                break
    return list(entries.values())


def read_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as it arrives, with postings by name."""
    names = ("account", "amount_minor", "currency", "metadata")
    return {**entry, "postings": [dict(zip(names, p, strict=True)) for p in entry["postings"]]}


def read_json(answer: Answer) -> dict[str, Any]:
    if not answer.arrived or answer.status != 200:
        raise LedgerDown(f"the books cannot be read: {words_of(answer)}")
    value: dict[str, Any] = json.loads(answer.body)
    return value


def words_of(answer: Answer) -> str:
    return answer.body.decode(errors="replace") or f"status {answer.status}"
