"""The manual resync: refunds are read afresh, looked at again, and what is missing is posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, select, update

from connector.decisions.refunds import ASKED, REPLACE
from connector.errors import InputError
from connector.planning.case import Books
from connector.store.bulk import within
from connector.store.lease import Lease
from connector.store.schema import decision


def span_of(books: Books, since: date, until: date | None) -> tuple[int, int]:
    """Seconds from the start of `since` to the end of `until` (today where None) in the books' zone."""
    start = datetime.combine(since, time(), books.zone)
    end = datetime.combine((until or date.max - timedelta(days=2)) + timedelta(days=1), time(), books.zone)
    return int(start.timestamp()), int(end.timestamp())


def choose_refunds(
    engine: Engine, names: Sequence[str], ids: Sequence[str], span: tuple[int, int] | None
) -> list[str]:
    """The refunds meant by refund and charge ids, or created within a span. `InputError` names an id nobody knows."""
    with engine.connect().execution_options(reading=True) as connection:
        if span is not None:
            rows: Sequence[Any] = connection.execute(
                select(decision.c.subject_id)
                .distinct()
                .where(decision.c.ledger.in_(names), decision.c.subject == "refund")
                .where(decision.c.created >= span[0], decision.c.created < span[1])
                .order_by(decision.c.subject_id)
            ).all()
            return [row.subject_id for row in rows]
        chosen: list[str] = []
        for one in ids:
            rows = connection.execute(
                select(decision.c.subject_id, decision.c.subject)
                .distinct()
                .where(decision.c.ledger.in_(names))
                .where((decision.c.subject_id == one) | (decision.c.charge_id == one))
            ).all()
            if not rows:
                raise InputError(f"{one} is no refund or charge that was read from Stripe since stripe.start")
            chosen.extend(row.subject_id for row in rows if row.subject == "refund")
        return list(dict.fromkeys(chosen))


def ask_again(
    engine: Engine, lease: Lease, names: Sequence[str], refund_ids: Sequence[str], replace: bool
) -> None:
    """Mark refunds so that the pass decides them whatever their outcome was."""
    with engine.begin() as connection:
        lease.renew(connection)
        connection.execute(
            update(decision)
            .where(decision.c.ledger.in_(names), within(connection, decision.c.subject_id, refund_ids))
            .values(due=REPLACE if replace else ASKED)
        )
