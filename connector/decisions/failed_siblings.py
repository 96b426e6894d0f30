"""Reversed refunds whose charge was refunded again: what there is to know and to do is said anew."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from connector.decisions.record import Decided
from connector.decisions.refund_page import Page
from connector.planning.case import Plan
from connector.store.facts import FactReader
from connector.store.failed_refunds import failure_words


def told_again(
    connection: Connection, reader: FactReader, page: Page, ledger: str, decided: Iterable[Decided]
) -> list[Decided]:
    """The reversed siblings of what was decided, unless they were decided too, where there is something new to say."""
    here = {one.row.subject_id for one in decided}
    siblings = (r for group in page.siblings.values() for r in group)
    rows = [page.rows[r.refund_id] for r in siblings if r.refund_id in page.rows and r.refund_id not in here]
    rows = [row for row in rows if row.outcome == "reversed"]
    words = failure_words(connection, reader, ledger, [row.subject_id for row in rows]) if rows else {}
    again = []
    for row in rows:
        sentence, action = words.get(row.subject_id, (row.sentence, row.action))
        if sentence != row.sentence:
            again.append(Decided(row, Plan("reversed", sentence=sentence, action=action), row.revision))
    return again
