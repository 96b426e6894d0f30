"""What became of documents, as it is stored; and what is told again of refunds that are to be reversed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from connector.delivery.outcome import Step
from connector.store.bulk import update_many, within
from connector.store.facts import FactReader
from connector.store.failed_refunds import failure_words
from connector.store.schema import decision, document

COLUMNS = ("state", "ledger_id", "number", "reason", "sentence", "action", "replaced_number", "touched_run")


def store_steps(
    connection: Connection, steps: Mapping[str, Step], rows: Mapping[str, Any], run_id: str
) -> None:
    """The next state of each document, by its key; `rows` are those of `document`."""
    values = [settled_row(key, step, rows[key], run_id) for key, step in steps.items()]
    update_many(connection, document, ("document_key",), COLUMNS, values)


def settled_row(key: str, step: Step, row: Any, run_id: str) -> tuple[str | None, ...]:
    """The values of `COLUMNS` and the key. Only what is posted takes the ledger's number, and has no more to say."""
    posted = step.state == "posted"
    return (
        step.state,
        step.ledger_id,
        (step.number if posted else None) or row.number,
        None if posted else step.reason,
        None if posted else step.sentence,
        None if posted else step.action,
        step.replaced_number,
        run_id,
        key,
    )


def troubled_reversals(connection: Connection, ledger: str, subject_ids: Sequence[str]) -> list[str]:
    """Refunds that are to be reversed, of which something else had to be said meanwhile."""
    rows = connection.execute(
        select(decision.c.subject_id).where(
            decision.c.ledger == ledger,
            within(connection, decision.c.subject_id, subject_ids),
            decision.c.subject == "refund",
            decision.c.aim == "reversed",
            decision.c.outcome.in_(("failed", "held")),
        )
    )
    return [row.subject_id for row in rows]


def tell_again(connection: Connection, ledger: str, refund_ids: Sequence[str]) -> None:
    """Where these are reversed now, a person reads again what there is to know and to do."""
    words = failure_words(connection, FactReader(connection), ledger, refund_ids)
    for refund_id, (sentence, action) in words.items():
        connection.execute(
            update(decision)
            .where(decision.c.ledger == ledger, decision.c.subject_id == refund_id)
            .where(decision.c.outcome == "reversed")
            .values(sentence=sentence, action=action)
        )
