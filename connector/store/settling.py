"""What follows for refunds and charges from what became of their documents; inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, delete, or_, select, update

from connector.store.bulk import update_many, within
from connector.store.codec import decode_document
from connector.store.documents import delete_documents
from connector.store.schema import DUE_AGAIN, decision, document, refund_number, sale_number

UNSENT = ("planned", "rejected", "held")
ARRIVED = ("posted", "adopted", "reversed", "skipped")
# A document that is held for one of these was not written, and is tried again by every run.
FREE_THEMSELVES = ("credit_memo_not_posted", "period_closed")


def settle_reversed(connection: Connection, contents: Sequence[str]) -> None:
    """The originals of posted reversals become `reversed`."""
    originals = [d.reverses for d in map(decode_document, contents) if d.reverses is not None]
    if originals:
        connection.execute(
            update(document)
            .where(
                within(connection, document.c.document_key, originals),
                document.c.state.in_(("posted", "adopted")),
            )
            .values(state="reversed")
        )


def settle_outcomes(connection: Connection, name: str, subject_ids: Sequence[str], run_id: str) -> None:
    """Subjects whose documents have all arrived reach their aim; those with a held one are held with its reason."""
    open_ = (
        select(document.c.document_key)
        .where(document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
        .where(document.c.state.not_in(ARRIVED))
    )
    mine = (decision.c.ledger == name, within(connection, decision.c.subject_id, subject_ids))
    # aim is held where planning itself stopped: such a subject has no documents to settle.
    connection.execute(
        update(decision)
        .where(*mine, ~open_.exists(), decision.c.aim.in_(("posted", "reversed", "adopted")))
        .values(
            outcome=decision.c.aim,
            reason=None,
            # Of a reversed or adopted refund the sentence still has something to say.
            sentence=case((decision.c.aim == "posted", None), else_=decision.c.sentence),
            action=case((decision.c.aim == "posted", None), else_=decision.c.action),
            touched_run=run_id,
        )
    )
    connection.execute(
        update(refund_number)
        .where(
            refund_number.c.ledger == name,
            within(connection, refund_number.c.refund_id, subject_ids),
            refund_number.c.settled == 0,
        )
        .where(
            select(document.c.document_key)
            .where(
                document.c.subject_id == refund_number.c.refund_id,
                document.c.ledger == refund_number.c.ledger,
                document.c.revision == refund_number.c.revision,
            )
            .where(document.c.state.in_(ARRIVED))
            .exists()
        )
        .values(settled=1)
    )
    stuck = connection.execute(
        select(document)
        .where(document.c.ledger == name, within(connection, document.c.subject_id, subject_ids))
        .where(document.c.state.in_(("held", "rejected", "unknown", "sending")))
        .order_by(document.c.depth.desc())
    ).all()
    # A lost answer is the network's doing and not yet a person's business: the next run looks.
    doubts = ("unknown", "sending")
    told = {
        row.subject_id: (
            "failed" if row.state in doubts else "held",
            "network" if row.state in doubts else row.reason,
            row.sentence,
            row.action,
            run_id,
            name,
            row.subject_id,
        )
        for row in stuck
    }
    columns = ("outcome", "reason", "sentence", "action", "touched_run")
    update_many(connection, decision, ("ledger", "subject_id"), columns, told.values())


def forget_plans(
    connection: Connection, name: str, subject_ids: Sequence[str], numbered: Collection[str] = ()
) -> None:
    """The plans of these refunds and charges, of which nothing was written, are made again from what is true then.

    Only those of the revision at hand; their numbers are free again, but for those of the refunds `numbered`.
    """
    at_hand = (
        select(decision.c.revision)
        .where(decision.c.ledger == name, decision.c.subject_id == document.c.subject_id)
        .scalar_subquery()
    )
    delete_documents(
        connection,
        document.c.ledger == name,
        within(connection, document.c.subject_id, subject_ids),
        document.c.revision == at_hand,
    )
    number_at_hand = (
        select(decision.c.revision)
        .where(decision.c.ledger == name, decision.c.subject_id == refund_number.c.refund_id)
        .scalar_subquery()
    )
    connection.execute(
        delete(refund_number).where(
            refund_number.c.ledger == name,
            within(connection, refund_number.c.refund_id, [i for i in subject_ids if i not in numbered]),
            refund_number.c.revision == number_at_hand,
        )
    )
    connection.execute(
        delete(sale_number).where(
            sale_number.c.ledger == name, within(connection, sale_number.c.charge_id, subject_ids)
        )
    )
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, within(connection, decision.c.subject_id, subject_ids))
        .values(
            due=DUE_AGAIN,
            shares=None,
            number=None,
            reason=None,
            sentence=None,
            action=None,
            outcome="waiting",
            aim="waiting",
        )
    )


def is_unsent(row: Any) -> bool:
    """Nothing of this document is in the books, and it has still a way to go."""
    return row.state in UNSENT and row.ledger_id is None


def forget_replaced(connection: Connection, document_keys: Sequence[str]) -> None:
    """Documents that were skipped or not sent, and never written, make room for a plan that may hold them again."""
    if document_keys:
        chosen = within(connection, document.c.document_key, document_keys)
        unsent = and_(document.c.state.in_(UNSENT), document.c.ledger_id.is_(None))
        delete_documents(connection, chosen, or_(document.c.state == "skipped", unsent))


def forget_later_numbers(connection: Connection, name: str, refund_id: str, revision: int) -> None:
    """Numbers of revisions of a refund that are not going to be written are free again."""
    connection.execute(
        delete(refund_number).where(
            refund_number.c.ledger == name,
            refund_number.c.refund_id == refund_id,
            refund_number.c.revision > revision,
        )
    )
