"""Filling the state from the books: after a lost state, nothing that stands there may be written again.

Every document that bears our key, or a Stripe id, is remembered; the numbers that refunds have in the books are
settled again as they were. What the documents are for is decided later, by planning, which finds them by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from connector.decisions.record import adopted_row
from connector.ledgers.contract import Found, run_steps
from connector.planning.case import Books
from connector.planning.keys import document_key
from connector.store.bulk import insert_many, within
from connector.store.lease import Lease
from connector.store.schema import decision, document, found, ledger, person_decision, refund_number
from connector.workplace import Desk

MOST_REVISIONS = 20
MOST_PLACES = 10_000


def fill_from_books(engine: Engine, lease: Lease, books: Books, desk: Desk) -> int:
    """Read all that is ours in the books. Returns how many documents were found; safe to run again."""
    cursor, count = None, 0
    while True:
        page, cursor = run_steps(desk.ledger.scan(cursor), desk.courier)
        adopted = adopted_by_people(engine, desk) if cursor is None else {}
        with engine.begin() as connection:
            lease.renew(connection)
            remember(connection, books, desk, page)
            if cursor is None:
                adopt_again(connection, desk.policy.name, adopted)
                connection.execute(update(ledger).where(ledger.c.name == desk.policy.name).values(filled=1))
        count += len(page)
        if cursor is None:
            return count


def remember(connection: Connection, books: Books, desk: Desk, page: list[Found]) -> None:
    name = desk.policy.name
    rows = [
        {
            "ledger": name,
            "ledger_id": hit.ledger_id,
            "document_key": hit.document_key,
            "kind": hit.kind,
            "number": hit.number,
            "refund_id": hit.refund_id,
            "charge_id": hit.charge_id,
            "sale_number": hit.sale_number,
            "amount_minor": hit.amount_minor,
            "currency": hit.currency,
            "posting_date": hit.posting_date.isoformat(),
            "customer": hit.customer,
            "income_minor": hit.income_minor,
            "cash_minor": hit.cash_minor,
        }
        for hit in page
    ]
    insert_many(connection, found, rows, ignore=True)
    numbers = [row for hit in page if (row := number_row(books, name, hit)) is not None]
    insert_many(connection, refund_number, numbers, ignore=True)


def adopted_by_people(engine: Engine, desk: Desk) -> dict[str, Found]:
    """What people adopted, by refund id, as the books have it: it is not ours, so only `resolve` knows whose it is."""
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(
            select(person_decision)
            .where(person_decision.c.ledger == desk.policy.name)
            .order_by(person_decision.c.place)
        )
        # A later word about the same refund takes the place of an earlier one.
        words = {row.subject_id: row for row in rows}
    named = {row.subject_id: row.value for row in words.values() if row.action == "adopt"}
    if not named:
        return {}
    hits = run_steps(desk.ledger.find_documents(sorted(set(named.values()))), desk.courier)
    return {refund_id: hits[ledger_id] for refund_id, ledger_id in named.items() if ledger_id in hits}


def adopt_again(connection: Connection, name: str, hits: Mapping[str, Found]) -> None:
    """Refunds that the state has not decided yet become again what a person said they are."""
    undecided = connection.execute(
        select(decision)
        .where(decision.c.ledger == name, within(connection, decision.c.subject_id, sorted(hits)))
        .where(decision.c.outcome == "waiting")
    )
    for row in undecided.all():
        adopt(connection, name, row, hits[row.subject_id])


def adopt(connection: Connection, name: str, row: Any, hit: Found) -> None:
    """The refund of this decision is the document that others wrote."""
    insert_many(connection, document, [adopted_row(name, "", row, hit, 0)], ignore=True)
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject_id == row.subject_id)
        .values(
            outcome="adopted",
            aim="adopted",
            reason=None,
            sentence=f"adopted by a person as {hit.ledger_id}",
            action=None,
            due=0,
        )
    )


def number_row(books: Books, name: str, hit: Found) -> dict[str, Any] | None:
    """The number that a refund's document shows, at its place among the refunds of the sale."""
    if None in (hit.document_key, hit.refund_id, hit.number, hit.sale_number) or hit.kind in (
        "fee",
        "reversal",
    ):
        return None
    revision = revision_of(books, name, hit)
    place = place_of(books, hit.sale_number or "", hit.number or "")
    if revision is None or place is None:
        return None
    return {
        "ledger": name,
        "refund_id": hit.refund_id,
        "revision": revision,
        "sale_number": hit.sale_number,
        "n": place,
        "number": hit.number,
        "settled": 1,
    }


def revision_of(books: Books, name: str, hit: Found) -> int | None:
    """Which revision of the refund's documents this is: the key says so, and can only be tried."""
    for revision in range(1, MOST_REVISIONS + 1):
        key = document_key(books.name, name, books.account, hit.refund_id or "", hit.kind or "", "", revision)
        if key == hit.document_key:
            return revision
    return None


def place_of(books: Books, sale_number: str, number: str) -> int | None:
    for n in range(MOST_PLACES):
        if books.templates.number(sale_number, n) == number:
            return n
        if n and len(books.templates.number(sale_number, n)) > len(number):
            return None
    return None
