"""What is due in a ledger, page by page, oldest first; and plans that were never sent are taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Engine, delete, select, text, tuple_, update

from connector.store.bulk import within
from connector.store.documents import delete_documents
from connector.store.intake import DECIDE_NOW
from connector.store.lease import Lease
from connector.store.schema import DUE, OPEN, attempt_document, decision, document, refund_number, sale_number

PAGE = 1000
TRANSACTION = 10_000


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
    """Forget plans of which nothing was ever sent, so that they are made again from what is true now.

    Their numbers are free again; they were never in the books. Returns how many subjects are due again.
    """
    with engine.connect().execution_options(reading=True) as connection:
        planned = {
            row.subject_id
            for row in connection.execute(
                select(document.c.subject_id).where(
                    document.c.ledger == ledger, document.c.state == "planned", text(OPEN)
                )
            )
        }
    count = 0
    for ids in slices(sorted(planned)):
        with engine.begin() as connection:
            lease.renew(connection)
            sent = {
                row.subject_id
                for row in connection.execute(
                    select(document.c.subject_id)
                    .where(document.c.ledger == ledger, within(connection, document.c.subject_id, ids))
                    .where(
                        (document.c.state != "planned")
                        | select(attempt_document.c.document_key)
                        .where(attempt_document.c.document_key == document.c.document_key)
                        .exists()
                    )
                )
            }
            unsent = [i for i in ids if i not in sent]
            mine = document.c.ledger == ledger
            delete_documents(connection, mine, within(connection, document.c.subject_id, unsent))
            connection.execute(
                delete(refund_number).where(
                    refund_number.c.ledger == ledger, within(connection, refund_number.c.refund_id, unsent)
                )
            )
            connection.execute(
                delete(sale_number).where(
                    sale_number.c.ledger == ledger, within(connection, sale_number.c.charge_id, unsent)
                )
            )
            connection.execute(
                update(decision)
                .where(decision.c.ledger == ledger, within(connection, decision.c.subject_id, unsent))
                .values(due=DECIDE_NOW, shares=None, number=None, outcome="waiting", aim="waiting")
            )
            count += len(unsent)
    return count


def slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """A transaction's worth of subjects at a time."""
    for start in range(0, len(ids), TRANSACTION):
        yield ids[start : start + TRANSACTION]
