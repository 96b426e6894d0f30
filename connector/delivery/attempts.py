"""Attempts: the exact bytes of each request with the documents it carries, and what became of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, or_, select, update

from connector.delivery.outcome import Step
from connector.ledgers.contract import Request
from connector.store.bulk import insert_many, update_many, within
from connector.store.schema import attempt, attempt_document

# Attempt key, request, keys of its documents.
Attempt = tuple[str, Request, Sequence[str]]
# What is kept of an attempt that the ledger answered with an id alone; of others the state of the document.
TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class LastSent:
    """When a document was last sent with a doubtful end, in seconds since 1970, at the latest; `taken`: the ledger said
    that it has it, of this sending or an earlier one."""

    at: int
    taken: bool = False


def store_attempts(
    connection: Connection, ledger: str, run_id: str, now: int, attempts: Sequence[Attempt]
) -> None:
    """`now` is the second in which they are sent, not that of the start of the run: the age of a doubtful request is
    counted from here."""
    insert_many(
        connection,
        attempt,
        [
            {
                "attempt_key": attempt_key,
                "ledger": ledger,
                "run_id": run_id,
                "method": request.method,
                "target": request.target,
                "headers": json.dumps(request.headers),
                "body": zlib.compress(request.body, 1),
                "sent": now,
            }
            for attempt_key, request, _ in attempts
        ],
    )
    insert_many(
        connection,
        attempt_document,
        [
            {"document_key": key, "attempt_key": attempt_key}
            for attempt_key, _, document_keys in attempts
            for key in document_keys
        ],
    )


def settle_attempts(
    connection: Connection, now: int, attempts: Mapping[str, Sequence[str]], steps: Mapping[str, Step]
) -> None:
    """These were answered: by attempt key, with the keys of their documents."""
    connection.execute(
        update(attempt).where(within(connection, attempt.c.attempt_key, sorted(attempts))).values(settled=now)
    )
    update_many(
        connection,
        attempt_document,
        ("attempt_key", "document_key"),
        ("outcome",),
        [
            (TAKEN if steps[key].taken else steps[key].state, attempt_key, key)
            for attempt_key, keys in attempts.items()
            for key in keys
        ],
    )


def withdraw_attempts(connection: Connection, attempt_keys: Sequence[str]) -> None:
    """Of these the bytes were stored, and never left."""
    for table in (attempt_document, attempt):
        connection.execute(delete(table).where(within(connection, table.c.attempt_key, attempt_keys)))


def last_sent(engine: Engine, document_keys: Sequence[str], late_s: int) -> dict[str, LastSent]:
    """When each document left at the latest: before what came in the place of an answer was stored; where the process
    died before that, up to `late_s` after the bytes were, since a request may wait its turn."""
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(
            select(
                attempt_document.c.document_key,
                attempt_document.c.outcome,
                attempt.c.sent,
                attempt.c.settled,
            )
            .join(attempt, attempt.c.attempt_key == attempt_document.c.attempt_key)
            .where(within(connection, attempt_document.c.document_key, document_keys))
            # What the ledger refused in its own words is not in doubt.
            .where(
                or_(attempt_document.c.outcome.is_(None), attempt_document.c.outcome.in_(("unknown", TAKEN)))
            )
            .order_by(attempt.c.sent)
        )
        found: dict[str, LastSent] = {}
        for row in rows:
            at = row.settled if row.settled is not None else row.sent + late_s
            before = found.get(row.document_key)
            taken = row.outcome == TAKEN or (before is not None and before.taken)
            found[row.document_key] = LastSent(at, taken)
        return found
