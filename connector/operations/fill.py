"""Filling the state from the books: after a lost state, nothing that stands there may be written again.

Every document that bears our key, or a Stripe id, is remembered; the numbers that refunds have in the books are
settled again as they were. What the documents are for is decided later, by planning, which finds them by key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, case, select, update

from connector.decisions.refund_page import ASKED
from connector.delivery.outcome import GIVEN_UP
from connector.errors import InputError
from connector.ledgers.contract import Found, run_steps
from connector.operations.fill_voids import take_up_voids, with_voids
from connector.operations.revisions import revision_of
from connector.planning.case import Books
from connector.store.bulk import insert_many, within
from connector.store.documents import delete_documents
from connector.store.lease import Lease
from connector.store.schema import (
    DECIDE_NOW,
    decision,
    document,
    found,
    ledger,
    refund_number,
)
from connector.workplace import Desk

MOST_PLACES = 10_000


def fill_from_books(engine: Engine, lease: Lease, books: Books, desk: Desk, settings: Path) -> int:
    """Read all that is ours in the books. Returns how many documents were found; safe to run again.

    Raises `InputError` where they were written under other names than the `settings` file has now.
    """
    name = desk.policy.name
    cursor, count = None, 0
    names = NamesSeen(books, name)
    replaced: dict[str, int] = {}
    while True:
        page, cursor = run_steps(desk.ledger.scan(cursor), desk.courier)
        names.see(page)
        with engine.begin() as connection:
            lease.renew(connection)
            standing = with_voids(books, name, page)
            for refund_id, revision in remember(connection, books, name, standing).items():
                replaced[refund_id] = max(revision, replaced.get(refund_id, 0))
            if cursor is None:
                names.refuse_others(connection, settings)
                take_up_voids(connection, books, name, replaced)
                take_up_replacements(connection, books, name, replaced)
                decide_what_stands(connection, name)
                connection.execute(update(ledger).where(ledger.c.name == name).values(filled=1))
        count += len(page)
        if cursor is None:
            return count


class NamesSeen:
    """Under which names the documents in the books were written: their keys are made of them, and tell it."""

    def __init__(self, books: Books, name: str) -> None:
        self.books = books
        self.name = name
        self.own: set[str] = set()
        self.others: dict[str, Found] = {}

    def see(self, page: Sequence[Found]) -> None:
        for hit in page:
            subjects = [i for i in (hit.refund_id, hit.charge_id) if i is not None]
            if hit.document_key is None or not subjects:
                continue
            key, kind = hit.document_key, hit.kind
            if any(revision_of(self.books, self.name, i, kind, key) is not None for i in subjects):
                self.own.add(subjects[0])
            else:
                self.others.setdefault(subjects[0], hit)

    def refuse_others(self, connection: Connection, settings: Path) -> None:
        """Refunds and charges of this state that stand in the books under other names only would be posted twice."""
        ids = sorted(set(self.others) - self.own)
        known = connection.execute(
            select(decision.c.subject_id)
            .where(decision.c.ledger == self.name, within(connection, decision.c.subject_id, ids))
            .order_by(decision.c.subject_id)
        ).all()
        if known:
            hit = self.others[known[0].subject_id]
            kind = (hit.kind or "document").replace("_", " ")
            raise InputError(
                f"{settings}: ledgers.{self.name}: its books hold {kind} {hit.number or hit.ledger_id} of "
                f"{known[0].subject_id}, written under another name of the ledger, of `books` or of "
                f"`stripe.account`; under these names everything would be posted again: write the former names, "
                f"or connect {self.name} to books of its own"
            )


def remember(connection: Connection, books: Books, name: str, page: list[Found]) -> dict[str, int]:
    """Store what was found. Returns the refunds that stand in the books in a revision above the first, and which."""
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
            "replaced_number": hit.replaced_number,
        }
        for hit in page
    ]
    insert_many(connection, found, rows, ignore=True)
    numbers: list[dict[str, Any]] = []
    replaced: dict[str, int] = {}
    for hit in page:
        if hit.document_key is None or hit.refund_id is None or hit.kind in ("fee", "reversal"):
            continue
        revision = revision_of(books, name, hit.refund_id, hit.kind, hit.document_key)
        if revision is None:
            continue
        if revision > 1:
            replaced[hit.refund_id] = max(revision, replaced.get(hit.refund_id, 0))
        # A text that is too long for all marks leaves the numbers out; then the refund is numbered anew, as it was.
        told = hit.sale_number is not None and hit.number is not None
        place = place_of(books, hit.sale_number or "", hit.number or "") if told else None
        if place is not None:
            numbers.append(
                {
                    "ledger": name,
                    "refund_id": hit.refund_id,
                    "revision": revision,
                    "sale_number": hit.sale_number,
                    "n": place,
                    "number": hit.number,
                    "settled": 1,
                }
            )
    insert_many(connection, refund_number, numbers, ignore=True)
    return replaced


def take_up_replacements(
    connection: Connection, books: Books, name: str, replaced: Mapping[str, int]
) -> None:
    """A refund that was replaced goes on from its latest revision.

    Its earlier documents and what undid them stay in the books and are nobody's business any more. A state from
    before the replacement forgets what it knew of the refund: it is decided anew, and found posted.
    """
    for refund_id, revision in replaced.items():
        mine = (found.c.ledger == name, found.c.refund_id == refund_id)
        hits = connection.execute(select(found).where(*mine, found.c.document_key.is_not(None))).all()
        for hit in hits:
            if revision_of(books, name, refund_id, hit.kind, hit.document_key) != revision:
                connection.execute(
                    update(found)
                    .where(found.c.ledger == name, found.c.ledger_id == hit.ledger_id)
                    .values(refund_id=None)
                )
        behind = connection.execute(
            update(decision)
            .where(
                decision.c.ledger == name, decision.c.subject_id == refund_id, decision.c.revision < revision
            )
            .values(
                revision=revision, outcome="waiting", aim="waiting", shares=None, number=None, due=DECIDE_NOW
            )
        )
        if behind.rowcount:
            delete_documents(connection, document.c.ledger == name, document.c.subject_id == refund_id)


def decide_what_stands(connection: Connection, name: str) -> None:
    """Refunds and charges whose documents stand in the books and not in the state are decided now: an older copy of a
    state may have excluded or held them. Documents that such a copy has still to send, or gave up, are looked for."""
    doubt_unwritten(connection, name)
    known = select(document.c.document_key).where(document.c.document_key == found.c.document_key)
    unknown = select(found.c.ledger_id).where(
        found.c.ledger == name, found.c.document_key.is_not(None), ~known.exists()
    )
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject == "refund", decision.c.due == 0)
        .where(unknown.where(found.c.refund_id == decision.c.subject_id).exists())
        .values(due=DECIDE_NOW)
    )
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject == "charge", decision.c.due == 0)
        .where(
            unknown.where(found.c.charge_id == decision.c.subject_id, found.c.refund_id.is_(None)).exists()
        )
        .values(due=DECIDE_NOW)
    )


def doubt_unwritten(connection: Connection, name: str) -> None:
    """What this state never wrote and the books hold was written after the state was copied."""
    in_books = select(found.c.document_key).where(
        found.c.ledger == name, found.c.document_key == document.c.document_key
    )
    unwritten = document.c.state.in_(("planned", "held", "rejected", "skipped"))
    mine = (document.c.ledger == name, unwritten, in_books.exists())
    excluded = select(document.c.document_key).where(*mine, document.c.subject_id == decision.c.subject_id)
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.aim == "excluded", excluded.exists())
        .values(due=ASKED)
    )
    connection.execute(
        update(document)
        .where(*mine)
        .values(
            state="unknown",
            reason=case((document.c.state == "skipped", GIVEN_UP), else_="outcome_unknown"),
            sentence="the state had not written it, and the books hold it",
            action="nothing to do: the next sync looks again",
        )
    )


def place_of(books: Books, sale_number: str, number: str) -> int | None:
    for n in range(MOST_PLACES):
        if books.templates.number(sale_number, n) == number:
            return n
        if n and len(books.templates.number(sale_number, n)) > len(number):
            return None
    return None
