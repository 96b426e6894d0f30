"""What is due in a ledger, page by page, oldest first; and plans that were never sent are taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, and_, or_, select, text, tuple_

from connector.decisions.refund_page import ASKED
from connector.planning.model import Document
from connector.store.bulk import update_many, within
from connector.store.codec import decode_document
from connector.store.documents import select_with_text
from connector.store.lease import Lease
from connector.store.schema import (
    DUE,
    OPEN,
    attempt_document,
    decision,
    document,
    document_text,
    refund_number,
)
from connector.store.settling import FREE_THEMSELVES, forget_plans

PAGE = 1000
TRANSACTION = 10_000

# Nothing of it stands in the books, for certain.
UNWRITTEN = or_(
    document.c.state == "planned",
    and_(
        document.c.state == "held",
        document.c.reason.in_(FREE_THEMSELVES),
        document.c.ledger_id.is_(None),
    ),
)


def due_pages(engine: Engine, ledger: str, subject: str, page: int = PAGE) -> Iterator[Sequence[Any]]:
    """Rows of `decision` that are due, by created and then id; each is given once, also if it stays due."""
    last: tuple[int, str] = (-1, "")
    while True:
        with engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(
                select(decision)
                .where(decision.c.ledger == ledger, decision.c.subject == subject, text(DUE))
                .where(tuple_(decision.c.created, decision.c.subject_id) > last)
                .order_by(decision.c.created, decision.c.subject_id)
                .limit(page)
            ).all()
        if not rows:
            return
        last = (rows[-1].created, rows[-1].subject_id)
        yield rows


def discard_unsent(engine: Engine, lease: Lease, ledger: str) -> int:
    """Forget plans of which nothing was written, so that they are made again from what is true now.

    Planned is what was never sent, what the ledger refused without writing, and what a look did not find; what waits
    for its memo or for an open period was not written either. Numbers that were never sent are free again; a refund
    that was sent once keeps its own, as do those of the sale before it: they would leave gaps. Returns how many subjects
    are due again.
    """
    with engine.connect().execution_options(reading=True) as connection:
        planned = {
            row.subject_id
            for row in connection.execute(
                select(document.c.subject_id).where(document.c.ledger == ledger, UNWRITTEN, text(OPEN))
            )
        }
    count = 0
    for ids in slices(sorted(planned)):
        with engine.begin() as connection:
            lease.renew(connection)
            begun = begun_subjects(connection, ledger, ids)
            unsent = [i for i in ids if i not in begun]
            forget_plans(connection, ledger, unsent, numbered(connection, ledger, unsent))
            count += len(unsent)
    return count


def compose_again(engine: Engine, lease: Lease, ledger: str, compose: Callable[[Document], str]) -> None:
    """What a person has tried again of a plan that is written in part goes out as it would be composed now: the lists of
    the ledger may have what was missing in them. Its debits and credits stay."""
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(
            select_with_text()
            .join(
                decision,
                (decision.c.ledger == document.c.ledger) & (decision.c.subject_id == document.c.subject_id),
            )
            .where(document.c.ledger == ledger, document.c.state == "planned", text(OPEN))
            .where(decision.c.due == ASKED)
        ).all()
    changed = []
    for row in rows:
        try:
            payload = compose(decode_document(row.content))
        except KeyError:
            # An account or item of it is gone by now: as it was composed then, the ledger says so in its own words.
            continue
        if payload != row.payload:
            changed.append((payload, row.document_key))
    if changed:
        with engine.begin() as connection:
            lease.renew(connection)
            update_many(connection, document_text, ("document_key",), ("payload",), changed)


def begun_subjects(connection: Connection, ledger: str, ids: Sequence[str]) -> set[str]:
    """Those of which a document of the revision at hand was written, or may have been, or was given up; and those
    whose replacement follows documents that are still to be taken back."""
    at_hand = document.c.revision == decision.c.revision
    rows = connection.execute(
        select(document.c.subject_id)
        .join(
            decision,
            (decision.c.ledger == document.c.ledger) & (decision.c.subject_id == document.c.subject_id),
        )
        .where(document.c.ledger == ledger, within(connection, document.c.subject_id, ids))
        .where((at_hand & ~UNWRITTEN) | (~at_hand & text(OPEN)))
    )
    return {row.subject_id for row in rows}


def numbered(connection: Connection, ledger: str, ids: Sequence[str]) -> set[str]:
    """Those of which a document was sent, whatever became of it, and those with a number before one that was sent."""
    mine, later = refund_number.alias(), refund_number.alias()
    sent = (
        select(attempt_document.c.document_key)
        .join(document, document.c.document_key == attempt_document.c.document_key)
        .where(document.c.ledger == ledger)
    )
    itself = select(document.c.subject_id).join(
        attempt_document, attempt_document.c.document_key == document.c.document_key
    )
    before = (
        select(mine.c.refund_id.label("subject_id"))
        .join(later, (later.c.ledger == mine.c.ledger) & (later.c.sale_number == mine.c.sale_number))
        .where(mine.c.ledger == ledger, within(connection, mine.c.refund_id, ids), later.c.n > mine.c.n)
        .where(sent.where(document.c.subject_id == later.c.refund_id).exists())
    )
    rows = [
        *connection.execute(
            itself.where(document.c.ledger == ledger, within(connection, document.c.subject_id, ids))
        ),
        *connection.execute(before),
    ]
    return {row.subject_id for row in rows}


def slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """A transaction's worth of subjects at a time."""
    for start in range(0, len(ids), TRANSACTION):
        yield ids[start : start + TRANSACTION]
