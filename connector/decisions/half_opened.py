"""Invoices that a refund is opening again by several writes, of which some are done: between them the books show the
charge without its payment, so nothing is decided then of its other refunds."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from connector.store.bulk import within
from connector.store.schema import document

DONE = ("posted", "adopted", "reversed", "skipped")
BEGUN = ("posted", "sending", "unknown")


def half_opened(connection: Connection, ledger: str, charge_ids: Collection[str]) -> dict[str, str]:
    """Charge → the refund whose writes are under way."""
    opening = select(document.c.subject_id).where(
        document.c.ledger == ledger, document.c.kind == "reopen_invoice", document.c.state.not_in(DONE)
    )
    rows = connection.execute(
        select(document.c.charge_id, document.c.subject_id)
        .where(document.c.ledger == ledger, document.c.kind == "application")
        .where(document.c.state.in_(BEGUN), document.c.subject_id.in_(opening))
        .where(within(connection, document.c.charge_id, sorted(charge_ids)))
    )
    return {row.charge_id: row.subject_id for row in rows}
