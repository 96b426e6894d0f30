"""What of the Stripe balance's movements became which documents: read for `status`, never waiting for a writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select

from connector.planning.model import Document
from connector.store.bulk import within
from connector.store.codec import decode_document
from connector.store.schema import decision, document, document_text
from connector.store.views import reading


def adopted_by_documents(engine: Engine, name: str) -> list[Any]:
    """Decisions on refunds that stand in the books as documents of others."""
    theirs = select(document.c.document_key).where(
        document.c.subject_id == decision.c.subject_id,
        document.c.ledger == decision.c.ledger,
        document.c.state == "adopted",
    )
    with reading(engine) as connection:
        return list(
            connection.execute(
                select(decision)
                .where(decision.c.ledger == name, decision.c.subject == "refund")
                .where(decision.c.outcome == "adopted", theirs.exists())
                .order_by(decision.c.created, decision.c.subject_id)
            )
        )


def adopted_amounts(
    engine: Engine, name: str, subject_ids: Sequence[str], kinds: Sequence[str]
) -> dict[str, list[tuple[str, int]]]:
    """Refund id → (currency, amount) of each document of others, of these kinds, that it was given to."""
    found: dict[str, list[tuple[str, int]]] = {}
    with reading(engine) as connection:
        rows = connection.execute(
            select(document.c.subject_id, document.c.currency, document.c.amount_minor)
            .where(document.c.ledger == name, within(connection, document.c.subject_id, subject_ids))
            .where(document.c.state == "adopted", document.c.kind.in_(kinds))
        )
        for subject_id, currency, amount_minor in rows:
            found.setdefault(subject_id, []).append((currency, amount_minor))
    return found


def posted_documents(engine: Engine, name: str, subject_ids: Sequence[str]) -> dict[str, list[Document]]:
    """The documents of these refunds and charges that were written to the books, reversed ones among them."""
    found: dict[str, list[Document]] = {}
    with reading(engine) as connection:
        rows = connection.execute(
            select(document.c.subject_id, document_text.c.content)
            .join(document_text, document_text.c.document_key == document.c.document_key)
            .where(document.c.ledger == name, within(connection, document.c.subject_id, subject_ids))
            .where(document.c.state.in_(("posted", "reversed")))
            .order_by(document.c.depth, document.c.document_key)
        )
        for subject_id, content in rows:
            found.setdefault(subject_id, []).append(decode_document(content))
    return found


def skipped_reversals(engine: Engine, name: str) -> list[tuple[str, Document]]:
    """Subject and reversal where a person skipped the reversal of what still stands in the books."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(document.c.subject_id, document_text.c.content)
            .join(document_text, document_text.c.document_key == document.c.document_key)
            .join(
                decision,
                (decision.c.subject_id == document.c.subject_id) & (decision.c.ledger == document.c.ledger),
            )
            .where(decision.c.ledger == name, decision.c.aim == "reversed")
            .where(document.c.kind == "reversal", document.c.state == "skipped")
            .order_by(document.c.subject_id, document.c.depth, document.c.document_key)
        ).all()
        found = [(row.subject_id, decode_document(row.content)) for row in rows]
        originals = [reversal.reverses for _, reversal in found if reversal.reverses is not None]
        standing = set(
            connection.execute(
                select(document.c.document_key).where(
                    within(connection, document.c.document_key, originals),
                    document.c.state.in_(("posted", "adopted")),
                )
            ).scalars()
        )
    return [(subject_id, reversal) for subject_id, reversal in found if reversal.reverses in standing]
