"""Documents that stand in the books voided: what voided them is no document of its own, and is told from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, select

from connector.ledgers.contract import Found
from connector.operations.revisions import revision_of
from connector.planning.case import GONE, Books
from connector.planning.keys import document_key
from connector.planning.model import REFUND_TYPES
from connector.planning.stripe_facts import Refund
from connector.store.bulk import within
from connector.store.facts import FactReader
from connector.store.schema import found

VOIDED = ":voided"


def with_voids(books: Books, name: str, page: Sequence[Found]) -> list[Found]:
    """The page, with what voided the documents that stand there without effect: it is no document of its own."""
    standing: list[Found] = []
    for hit in page:
        standing.append(replace(hit, voided=False))
        subject_id = hit.refund_id or hit.charge_id
        if not hit.voided or subject_id is None or hit.document_key is None or hit.kind == "application":
            continue
        revision = revision_of(books, name, subject_id, hit.kind, hit.document_key)
        if revision is None:
            # Of a further write of a document: what voided it belongs to what voided that document.
            standing.pop()
            continue
        key = document_key(books.name, name, books.account, subject_id, "reversal", hit.kind or "", revision)
        standing.append(
            replace(hit, ledger_id=hit.ledger_id + VOIDED, document_key=key, kind="reversal", voided=False)
        )
    return standing


def take_up_voids(connection: Connection, books: Books, name: str, replaced: dict[str, int]) -> None:
    """Refunds that Stripe did not give up, and of which documents were voided: where nothing of the latest revision
    stands any more they go on with the next one; else what was voided of it counts as not there."""
    rows = connection.execute(
        select(found.c.refund_id)
        .where(found.c.ledger == name, found.c.ledger_id.endswith(VOIDED), found.c.refund_id.is_not(None))
        .distinct()
    ).all()
    reader = FactReader(connection)
    reader.load(row.refund_id for row in rows)
    for row in rows:
        refund = reader.get(row.refund_id, Refund)
        if refund is None or refund.status in GONE:
            continue
        mine = (found.c.ledger == name, found.c.refund_id == row.refund_id)
        hits = connection.execute(select(found).where(*mine, found.c.document_key.is_not(None))).all()
        void = {hit.ledger_id.removesuffix(VOIDED) for hit in hits if hit.ledger_id.endswith(VOIDED)}
        legs = {
            hit.ledger_id: revision_of(books, name, row.refund_id, hit.kind, hit.document_key) or 0
            for hit in hits
            if hit.kind in REFUND_TYPES
        }
        latest = max(legs.values(), default=0)
        stands = [i for i, revision in legs.items() if revision == latest and i not in void]
        if legs and not stands:
            replaced[row.refund_id] = latest + 1
            continue
        gone = [i for i in void if legs.get(i, latest) == latest]
        connection.execute(
            delete(found).where(
                found.c.ledger == name,
                within(connection, found.c.ledger_id, [*gone, *(i + VOIDED for i in gone)]),
            )
        )
