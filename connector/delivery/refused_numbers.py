"""A number that a ledger refused since another document holds it: the next one for all documents of the refund.

As long as nothing of the refund (or sale) is written its plan is forgotten and made anew with the next free number. Once
a document of it stands in the books the number is settled: a later one that is refused goes with the ledger's own
override, or without a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from connector.store.bulk import insert_many, within
from connector.store.schema import attempt_document, decision, document, refund_number, taken_number
from connector.store.settling import ARRIVED, forget_plans

# Their number is that of the document that they belong to.
FOLLOWERS = frozenset({"payment", "fee", "exchange", "application", "reversal", "customer"})
SALES = frozenset({"invoice", "sales_receipt"})


@dataclass(frozen=True, slots=True)
class Renumbered:
    """How many documents go on without their number, and of how many refunds and sales the plans were forgotten."""

    bare: int = 0
    forgotten: int = 0


def renumber(
    connection: Connection, ledger: str, taken: Mapping[str, str], rows: Mapping[str, Any]
) -> Renumbered:
    """`taken`: document key → ledger id of the holder. Their states have been stored as planned."""
    if not taken:
        return Renumbered()
    standing = documents_of(connection, ledger, sorted({rows[key].subject_id for key in taken}))
    bare, forgotten = [], {}
    for key, holder in taken.items():
        row = rows[key]
        others = [d for d in standing if (d.subject_id, d.revision) == (row.subject_id, row.revision)]
        settled = any(d.state in ARRIVED or d.ledger_id is not None for d in others)
        if row.kind in FOLLOWERS or settled:
            bare.append(key)
        elif not any(d.state in ("sending", "unknown") for d in others):
            forgotten[row.subject_id] = {
                "ledger": ledger,
                "scope": "sale" if row.kind in SALES else "refund",
                "number": row.number,
                "holder": holder or None,
            }
        # Else it stays planned: what is in doubt may turn out to be there, and then the number is settled.
    connection.execute(
        update(document).where(within(connection, document.c.document_key, bare)).values(bare=1)
    )
    if forgotten:
        insert_many(connection, taken_number, list(forgotten.values()), ignore=True)
        ids = sorted(forgotten)
        behind = [*refunds_behind(connection, ledger, ids), *refunds_beside(connection, ledger, ids)]
        forget_plans(connection, ledger, list(dict.fromkeys((*ids, *behind))))
    return Renumbered(len(bare), len(forgotten))


def documents_of(connection: Connection, ledger: str, subject_ids: Sequence[str]) -> Sequence[Any]:
    return connection.execute(
        select(document.c.subject_id, document.c.revision, document.c.state, document.c.ledger_id).where(
            document.c.ledger == ledger,
            # The customer of a guest is made for the charge, and has no number.
            document.c.kind != "customer",
            within(connection, document.c.subject_id, subject_ids),
        )
    ).all()


def refunds_beside(connection: Connection, ledger: str, refund_ids: Sequence[str]) -> list[str]:
    """Later refunds of the same sales, of which nothing was sent: their numbers come after these."""
    mine = refund_number.alias()
    rows = connection.execute(
        select(refund_number.c.refund_id)
        .join(
            mine,
            (mine.c.ledger == refund_number.c.ledger) & (mine.c.sale_number == refund_number.c.sale_number),
        )
        .where(
            mine.c.ledger == ledger,
            within(connection, mine.c.refund_id, refund_ids),
            refund_number.c.n > mine.c.n,
            refund_number.c.settled == 0,
            ~select(document.c.document_key)
            .where(document.c.ledger == ledger, document.c.subject_id == refund_number.c.refund_id)
            .where(document.c.state != "planned")
            .exists(),
            ~select(attempt_document.c.document_key)
            .join(document, document.c.document_key == attempt_document.c.document_key)
            .where(document.c.ledger == ledger, document.c.subject_id == refund_number.c.refund_id)
            .exists(),
        )
    )
    return [row.refund_id for row in rows if row.refund_id not in refund_ids]


def refunds_behind(connection: Connection, ledger: str, charge_ids: Sequence[str]) -> list[str]:
    """Refunds that were planned upon these sales: their numbers were made of the sale's, and nothing of them was sent."""
    return [
        row.subject_id
        for row in connection.execute(
            select(decision.c.subject_id).where(
                decision.c.ledger == ledger,
                decision.c.subject == "refund",
                within(connection, decision.c.charge_id, charge_ids),
                select(document.c.document_key)
                .where(document.c.ledger == ledger, document.c.subject_id == decision.c.subject_id)
                .where(document.c.state == "planned")
                .exists(),
            )
        )
        if row.subject_id not in charge_ids
    ]
