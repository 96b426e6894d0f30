"""Storing what was read from Stripe: a page of objects and the new cursor in one transaction.

A refund (or charge, where sales are posted) that is new gets its row of decisions here, in every enabled ledger, so
that nothing that was read can be missing from `list refunds`. What changed is marked due.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from connector.planning.case import WEIGHED_TOGETHER
from connector.planning.stripe_facts import Charge, PaymentIntent, Refund
from connector.store.bulk import insert_rows, update_many, within
from connector.store.changes import drop_changes, note_changes, noted_changes
from connector.store.facts import FactReader
from connector.store.lease import Lease
from connector.store.schema import (
    DECIDE_NOW,
    DUE_AGAIN,
    decision,
    raw_page,
    source_cursor,
    stripe_link,
    stripe_object,
)
from connector.stripe_source.changes import Change
from connector.stripe_source.parse import (
    Parsed,
    charge_status_rank,
    decode_fact,
    encode_fact,
    refund_status_rank,
)

# Objects to look up at once: SQLite takes at most 32,766 values in a statement.
CHUNK = 10_000
OBJECT_COLUMNS = ("object_id", "kind", "created", "facts", "raw_page", "raw_line")
LINK_COLUMNS = ("to_id", "kind", "from_id")
DECISION_COLUMNS = (
    "ledger",
    "subject_id",
    "subject",
    "created",
    "charge_id",
    "amount_minor",
    "currency",
    "outcome",
    "aim",
    "sentence",
    "revision",
    "acknowledged",
    "first_seen",
    "due",
)
# Beside the cursors of sources: how many refunds and charges were stored, and for what a ledger's rows were complete.
STORED = "stored"
ROWS = "rows:"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a page brought: ids of new and changed objects by kind, and the defects seen in objects of any kind."""

    new: Mapping[str, int]
    changed: Mapping[str, int]
    defects: tuple[str, ...]


class Intake:
    """Writes pages of objects. `ledgers` are (name, posts sales) of the enabled ledgers; `start` a second; `page_id`
    makes ids that never come twice."""

    def __init__(
        self,
        engine: Engine,
        lease: Lease,
        ledgers: Sequence[tuple[str, bool]],
        start: int,
        now: int,
        page_id: Callable[[], str],
    ) -> None:
        self.engine = engine
        self.lease = lease
        self.ledgers = tuple(ledgers)
        self.start = start
        self.now = now
        self.page_id = page_id
        self.noted = 0

    def changes(self) -> list[Change]:
        """What is noted as changed and has not been read afresh; what is read from now on is dropped from it."""
        with self.engine.connect().execution_options(reading=True) as connection:
            changes, self.noted = noted_changes(connection)
        return changes

    def store_page(
        self,
        objects: Iterable[tuple[Parsed, bytes]],
        cursor: tuple[str, str] | None = None,
        noted: Sequence[Change] = (),
        done: Sequence[str] = (),
    ) -> Stored:
        """Store objects (a later one of the same id wins) and the cursor; all or nothing.

        `noted` are to be read afresh; objects that were read, and those that are `done` with, are so no more.
        """
        by_id = {parsed.object_id: (parsed, raw) for parsed, raw in objects}
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            new, changed = self._sort_out(connection, by_id)
            self._write(connection, new, changed)
            self._mark(connection, new, changed)
            self._count(connection, sum(parsed.kind in ("refund", "charge") for parsed, _, _ in new))
            if cursor is not None:
                set_cursor(connection, *cursor)
            if noted:
                self.noted = note_changes(connection, noted)
            if self.noted:
                drop_changes(connection, [*by_id, *done], self.noted)
        defects = tuple(p.defect.partition(": ")[2] for p, _, _ in [*new, *changed] if p.defect is not None)
        return Stored(count_kinds(new), count_kinds(changed), defects)

    def _sort_out(
        self, connection: Connection, by_id: Mapping[str, tuple[Parsed, bytes]]
    ) -> tuple[list[tuple[Parsed, str, bytes]], list[tuple[Parsed, str, bytes]]]:
        known: dict[str, str] = {}
        rows = connection.execute(
            select(stripe_object.c.object_id, stripe_object.c.facts).where(
                within(connection, stripe_object.c.object_id, by_id)
            )
        )
        known.update((object_id, facts) for object_id, facts in rows)
        new, changed = [], []
        for object_id, (parsed, raw) in by_id.items():
            old = known.get(object_id)
            facts = facts_of(parsed, old)
            if old is None:
                new.append((parsed, facts, raw))
            elif old != facts and not goes_back(parsed, old):
                changed.append((parsed, facts, raw))
        return new, changed

    def _write(
        self,
        connection: Connection,
        new: Sequence[tuple[Parsed, str, bytes]],
        changed: Sequence[tuple[Parsed, str, bytes]],
    ) -> None:
        page = [*new, *changed]
        lines = {p.object_id: place for place, (p, _, raw) in enumerate(page) if raw}
        page_id = self.page_id() if lines else None
        if page_id is not None:
            kept = b"\n".join([raw for _, _, raw in page])
            connection.execute(insert(raw_page).values(page_id=page_id, lines=zlib.compress(kept, 1)))
        insert_rows(
            connection,
            stripe_object,
            OBJECT_COLUMNS,
            [
                (p.object_id, p.kind, p.created, facts, page_id if raw else None, lines.get(p.object_id))
                for p, facts, raw in new
            ],
        )
        # A copy that came inside another object brings new facts and no bytes: the bytes kept stay.
        update_many(
            connection,
            stripe_object,
            ("object_id",),
            ("facts", "created"),
            [(facts, p.created, p.object_id) for p, facts, _ in changed],
        )
        update_many(
            connection,
            stripe_object,
            ("object_id",),
            ("raw_page", "raw_line"),
            [(page_id, lines[p.object_id], p.object_id) for p, _, raw in changed if raw],
        )
        links = [(to_id, p.kind, p.object_id) for p, _, _ in page for to_id in p.links]
        insert_rows(connection, stripe_link, LINK_COLUMNS, links, ignore=True)

    def _mark(
        self,
        connection: Connection,
        new: Sequence[tuple[Parsed, str, bytes]],
        changed: Sequence[tuple[Parsed, str, bytes]],
    ) -> None:
        rows = [row for parsed, _, _ in new for row in self.decision_rows(parsed.fact)]
        insert_rows(connection, decision, DECISION_COLUMNS, rows, ignore=True)
        self._refresh(connection, [parsed for parsed, _, _ in changed])
        fresh = {parsed.object_id for parsed, _, _ in new}
        touched = {
            subject_id
            for parsed, _, _ in (*new, *changed)
            for subject_id in (parsed.object_id, *parsed.links)
            if subject_id not in fresh
            and parsed.kind in ("refund", "charge", "balance_transaction", "credit_note")
        }
        if touched:
            connection.execute(
                update(decision)
                .where(within(connection, decision.c.subject_id, touched))
                .values(due=DUE_AGAIN)
            )
        self._mark_siblings(connection, [parsed.fact for parsed, _, _ in (*new, *changed)])

    def _mark_siblings(self, connection: Connection, facts: Sequence[object]) -> None:
        """What is held because of all refunds of a charge together is decided again with each that comes or changes."""
        refunds = [fact for fact in facts if isinstance(fact, Refund)]
        if not refunds:
            return
        charge_ids = {i for i in FactReader(connection).charge_ids_of(refunds).values() if i is not None}
        connection.execute(
            update(decision)
            .where(within(connection, decision.c.charge_id, charge_ids))
            .where(decision.c.outcome == "held", decision.c.reason.in_(sorted(WEIGHED_TOGETHER)))
            .values(due=DUE_AGAIN)
        )

    def _count(self, connection: Connection, added: int) -> None:
        if added:
            stored = connection.execute(
                select(source_cursor.c.value).where(source_cursor.c.name == STORED)
            ).scalar_one_or_none()
            set_cursor(connection, STORED, str(int(stored or 0) + added))

    def _refresh(self, connection: Connection, changed: Sequence[Parsed]) -> None:
        """A refund's row repeats its amount and charge: keep them as Stripe has them now."""
        for parsed in changed:
            if isinstance(parsed.fact, Refund):
                # A refund that names only its payment intent keeps the charge that was found for it.
                charge_id = parsed.fact.charge_id or decision.c.charge_id
                connection.execute(
                    update(decision)
                    .where(decision.c.subject_id == parsed.object_id)
                    .values(
                        amount_minor=parsed.fact.amount_minor,
                        currency=parsed.fact.currency,
                        charge_id=charge_id,
                    )
                )

    def decision_rows(self, fact: object, only: str | None = None) -> list[tuple[Any, ...]]:
        """The rows that a refund or charge needs (DECISION_COLUMNS), in all ledgers or `only` one; none before
        `start`."""
        if isinstance(fact, Refund):
            subject, subject_id, charge_id = "refund", fact.refund_id, fact.charge_id
            amount, sentence = fact.amount_minor, "read, and not decided yet: the next sync decides it"
        elif isinstance(fact, Charge):
            subject, subject_id, charge_id = "charge", fact.charge_id, fact.charge_id
            amount, sentence = fact.captured_minor, None
        else:
            return []
        if fact.created < self.start and not (fact.defect and fact.created == 0):
            return []
        return [
            (
                name,
                subject_id,
                subject,
                fact.created,
                charge_id,
                amount,
                fact.currency,
                "waiting",
                "waiting",
                sentence,
                1,
                0,
                self.now,
                DECIDE_NOW,
            )
            for name, posts_sales in self.ledgers
            if (subject == "refund" or posts_sales) and only in (None, name)
        ]

    def complete(self) -> None:
        """Rows that a ledger lacks, because it was not enabled, or `start` was later, when the objects were read.

        What was there at the end of the last pass (`remember_complete`) tells whether there is anything to do.
        """
        known = read_cursors(self.engine)
        marks = self._marks(known)
        for name, posts_sales in self.ledgers:
            if known.get(ROWS + name) != marks[name]:
                for subject in ("refund", "charge") if posts_sales else ("refund",):
                    self.add_ledger(name, subject)

    def remember_complete(self) -> None:
        """Every ledger has a row for all that was read; to be called at the end of a pass."""
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            known = {row.name: row.value for row in connection.execute(select(source_cursor))}
            for name, mark in self._marks(known).items():
                if known.get(ROWS + name) != mark:
                    set_cursor(connection, ROWS + name, mark)

    def _marks(self, known: Mapping[str, str]) -> dict[str, str]:
        """For each ledger what its rows depend on: how many objects are stored, since when, and whether charges count."""
        stored = known.get(STORED, "0")
        return {name: f"{self.start} {int(posts_sales)} {stored}" for name, posts_sales in self.ledgers}

    def add_ledger(self, name: str, subject: str) -> None:
        """Rows for every refund (or charge) already stored, for a ledger that has none of them yet."""
        kind = subject
        after = ""
        while True:
            with self.engine.begin() as connection:
                self.lease.renew(connection)
                found = connection.execute(
                    select(stripe_object.c.object_id, stripe_object.c.facts)
                    .where(stripe_object.c.kind == kind, stripe_object.c.object_id > after)
                    .order_by(stripe_object.c.object_id)
                    .limit(CHUNK)
                ).all()
                if not found:
                    return
                after = found[-1].object_id
                rows = [
                    row
                    for object_ in found
                    if object_.facts
                    for row in self.decision_rows(decode_fact(kind, object_.facts), name)
                ]
                insert_rows(connection, decision, DECISION_COLUMNS, rows, ignore=True)


def facts_of(parsed: Parsed, old_facts: str | None) -> str:
    """The text of its facts. A payment read without its lines, which are there only when asked for, keeps them."""
    fact = parsed.fact
    if fact is None:
        return ""
    if old_facts and isinstance(fact, PaymentIntent) and fact.lines is None:
        old = decode_fact(parsed.kind, old_facts)
        if isinstance(old, PaymentIntent) and old.lines is not None:
            fact = replace(fact, lines=old.lines)
    return encode_fact(fact)


def goes_back(parsed: Parsed, old_facts: str) -> bool:
    """Whether a read is older than what is stored: a refund never goes from failed to succeeded, or to pending."""
    if not old_facts or parsed.kind not in ("refund", "charge"):
        return False
    old, fact = decode_fact(parsed.kind, old_facts), parsed.fact
    if isinstance(old, Refund) and isinstance(fact, Refund):
        return refund_status_rank(fact.status) < refund_status_rank(old.status)
    if isinstance(old, Charge) and isinstance(fact, Charge):
        return charge_status_rank(fact.status) < charge_status_rank(old.status)
    return False


def count_kinds(objects: Sequence[tuple[Parsed, str, bytes]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for parsed, _, _ in objects:
        counts[parsed.kind] = counts.get(parsed.kind, 0) + 1
    return counts


def set_cursor(connection: Connection, name: str, value: str) -> None:
    connection.execute(delete(source_cursor).where(source_cursor.c.name == name))
    connection.execute(insert(source_cursor).values(name=name, value=value))


def read_cursors(engine: Engine) -> dict[str, str]:
    with engine.connect().execution_options(reading=True) as connection:
        return {row.name: row.value for row in connection.execute(select(source_cursor))}
