"""What is to be said of reversed refunds, read from the state: their charges may have been refunded again since."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from connector.planning.failed_refund import after_failure
from connector.planning.stripe_facts import Charge, Refund
from connector.store.bulk import within
from connector.store.facts import FactReader
from connector.store.schema import document


def failure_words(
    connection: Connection, reader: FactReader, ledger: str, refund_ids: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Refund id → sentence and action, for those that Stripe is known to have."""
    reader.load(refund_ids)
    refunds = [r for r in (reader.get(i, Refund) for i in refund_ids) if r is not None]
    charge_of = reader.charge_ids_of(refunds)
    siblings = reader.refunds_of(i for i in charge_of.values() if i is not None)
    rows = connection.execute(
        select(document.c.subject_id).where(
            document.c.ledger == ledger,
            within(connection, document.c.subject_id, refund_ids),
            document.c.kind == "credit_memo",
            document.c.state == "posted",
        )
    )
    credit_open = {row.subject_id for row in rows}
    words = {}
    for refund in refunds:
        charge_id = charge_of[refund.refund_id] or ""
        words[refund.refund_id] = after_failure(
            refund,
            reader.get(charge_id, Charge),
            siblings.get(charge_id, ()),
            ledger,
            refund.refund_id in credit_open,
        )
    return words
