"""Filling the state anew from the books and Stripe: after a lost or an older state, or older books."""

from __future__ import annotations

from sqlalchemy import Engine, delete, select, update

from connector.store.lease import Lease
from connector.store.schema import decision, document, found, ledger, source_cursor

STANDING = ("posted", "reversed")


def forget_reading(engine: Engine, lease: Lease) -> None:
    """Stripe and the books are read from the start by the pass that follows; those of a ledger that is not enabled, by
    the first pass after it is."""
    with engine.begin() as connection:
        lease.renew(connection)
        connection.execute(delete(source_cursor))
        connection.execute(delete(found))
        connection.execute(update(ledger).values(filled=0))


def doubt_missing(engine: Engine, lease: Lease, names: list[str]) -> int:
    """Documents that the state calls posted and the books did not show are unknown: the next sync looks, then writes.

    Returns how many. Their refunds and sales wait for it.
    """
    in_books = select(found.c.document_key).where(
        found.c.ledger == document.c.ledger, found.c.document_key == document.c.document_key
    )
    gone = select(document.c.subject_id).where(
        document.c.ledger == decision.c.ledger,
        document.c.subject_id == decision.c.subject_id,
        document.c.state.in_(STANDING),
        ~in_books.exists(),
    )
    sentence = "the state called it posted, and the books do not show it"
    with engine.begin() as connection:
        lease.renew(connection)
        connection.execute(
            update(decision)
            .where(decision.c.ledger.in_(names), gone.exists())
            .values(
                outcome="waiting",
                reason=None,
                sentence=sentence,
                action="nothing to do: the next sync posts what is missing",
            )
        )
        result = connection.execute(
            update(document)
            .where(document.c.ledger.in_(names), document.c.state.in_(STANDING), ~in_books.exists())
            .values(
                state="unknown",
                reason="outcome_unknown",
                sentence=sentence,
                action="nothing to do: the next sync looks again and posts it if it is absent",
            )
        )
        return int(result.rowcount)
