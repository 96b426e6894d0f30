"""What people and programs read from the state. Nothing here writes, takes the lease, or waits for a run."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, select, text

from connector.planning.model import CASH_LEGS
from connector.planning.stripe_facts import (
    ApplicationFeeRefund,
    Charge,
    Dispute,
    Fact,
    Invoice,
    Refund,
    TransferReversal,
)
from connector.store.bulk import within
from connector.store.documents import select_with_text
from connector.store.facts import FactReader
from connector.store.schema import (
    STUCK,
    STUCK_OUTCOMES,
    attempt,
    attempt_document,
    decision,
    document,
    person_decision,
    raw_page,
    ruleset,
    run,
    stripe_object,
)
from connector.stripe_source.parse import decode_fact

OUTCOMES = ("posted", "adopted", "reversed", "excluded", "waiting", "held", "marked", "dropped", "failed")
PAGE = 2000


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that never waits for a writer."""
    with engine.connect().execution_options(reading=True) as connection:
        yield connection


def has_outcome(engine: Engine, names: Sequence[str], outcome: str) -> bool:
    """Whether any refund or charge of these ledgers has this outcome."""
    with reading(engine) as connection:
        found = connection.execute(
            select(decision.c.subject_id)
            .where(decision.c.ledger.in_(names), decision.c.outcome == outcome)
            .where(*stuck_only([outcome]))
            .limit(1)
        ).first()
    return found is not None


def stuck_only(outcomes: Sequence[str]) -> list[TextClause]:
    """The condition of the index of what is stuck, where none but such outcomes are asked for."""
    return [text(STUCK)] if set(outcomes) <= set(STUCK_OUTCOMES) else []


def documents(
    engine: Engine,
    names: Sequence[str],
    *,
    run_id: str | None = None,
    states: Sequence[str] | None = None,
    subject_id: str | None = None,
) -> Iterator[tuple[Any, Any]]:
    """Rows of documents with the row of the decision they come from, in the order in which they are sent."""
    order = (document.c.posting_date, document.c.depth, document.c.document_key)
    query = (
        select_with_text(decision.c.rule, decision.c.warnings)
        .join_from(
            document,
            decision,
            (decision.c.subject_id == document.c.subject_id) & (decision.c.ledger == document.c.ledger),
            isouter=True,
        )
        # A customer who was made for a sale is no document of the books.
        .where(document.c.ledger.in_(names), document.c.kind != "customer")
        .order_by(*order)
    )
    if run_id is not None:
        query = query.where(document.c.touched_run == run_id)
    if states is not None:
        query = query.where(document.c.state.in_(states))
    if subject_id is not None:
        query = query.where(document.c.subject_id == subject_id)
    with reading(engine) as connection:
        for rows in connection.execution_options(yield_per=PAGE).execute(query).partitions():
            for row in rows:
                yield row, row


def decisions(
    engine: Engine,
    names: Sequence[str],
    *,
    subject: str | None = "refund",
    outcomes: Sequence[str] | None = None,
    subject_id: str | None = None,
) -> Iterator[Any]:
    """Rows of decisions, oldest first."""
    query = (
        select(decision)
        .where(decision.c.ledger.in_(names))
        .order_by(decision.c.created, decision.c.subject_id, decision.c.ledger)
    )
    if subject is not None:
        query = query.where(decision.c.subject == subject)
    if outcomes is not None:
        query = query.where(decision.c.outcome.in_(outcomes), *stuck_only(outcomes))
    if subject_id is not None:
        query = query.where(decision.c.subject_id == subject_id)
    with reading(engine) as connection:
        yield from connection.execution_options(yield_per=PAGE).execute(query)


def decisions_of(engine: Engine, names: Sequence[str], subject_ids: Sequence[str]) -> list[Any]:
    """Decisions about these refunds or charges, oldest first."""
    with reading(engine) as connection:
        return list(
            connection.execute(
                select(decision)
                .where(decision.c.ledger.in_(names), within(connection, decision.c.subject_id, subject_ids))
                .order_by(decision.c.created, decision.c.subject_id, decision.c.ledger)
            )
        )


def warnings_of_run(engine: Engine, names: Sequence[str], run_id: str) -> Iterator[str]:
    """The stored warnings of each refund and charge that a run decided, oldest first."""
    query = (
        select(decision.c.warnings)
        .where(decision.c.ledger.in_(names), decision.c.touched_run == run_id)
        .where(decision.c.warnings.is_not(None))
        .order_by(decision.c.created, decision.c.subject_id, decision.c.ledger)
    )
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=PAGE).execute(query):
            yield row.warnings


def document_keys(
    engine: Engine, names: Sequence[str], subject_ids: Sequence[str]
) -> dict[tuple[str, str], list[str]]:
    """(ledger, subject id) → keys of its documents, in the order in which they are sent."""
    found: dict[tuple[str, str], list[str]] = {}
    with reading(engine) as connection:
        rows = connection.execute(
            select(document.c.ledger, document.c.subject_id, document.c.document_key)
            .where(within(connection, document.c.subject_id, subject_ids), document.c.ledger.in_(names))
            .order_by(document.c.depth, document.c.document_key)
        )
        for name, subject_id, key in rows:
            found.setdefault((name, subject_id), []).append(key)
    return found


def objects(engine: Engine, kind: str, start: int, end: int | None = None) -> Iterator[Fact]:
    """Stored facts of one kind created since `start`, and before `end` where that is given, oldest first."""
    query = (
        select(stripe_object.c.facts)
        .where(stripe_object.c.kind == kind, stripe_object.c.created >= start)
        .order_by(stripe_object.c.created, stripe_object.c.object_id)
    )
    if end is not None:
        query = query.where(stripe_object.c.created < end)
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=PAGE).execute(query):
            if row.facts:
                yield decode_fact(kind, row.facts)


def facts_of(engine: Engine, ids: Sequence[str]) -> dict[str, Fact]:
    with reading(engine) as connection:
        reader = FactReader(connection)
        reader.load(ids)
        return {i: fact for i, fact in reader.known.items() if fact is not None}


def raw_object(engine: Engine, object_id: str) -> str | None:
    """An object as Stripe sent it last; None for one that only came inside another."""
    with reading(engine) as connection:
        row = connection.execute(
            select(raw_page.c.lines, stripe_object.c.raw_line)
            .join(stripe_object, stripe_object.c.raw_page == raw_page.c.page_id)
            .where(stripe_object.c.object_id == object_id)
        ).first()
    return None if row is None else zlib.decompress(row.lines).split(b"\n")[row.raw_line].decode()


def refunds_of_charges(engine: Engine, charge_ids: Sequence[str]) -> dict[str, list[Refund]]:
    with reading(engine) as connection:
        return FactReader(connection).refunds_of(charge_ids)


def charge_of_refund(engine: Engine, refund: Refund) -> str | None:
    """The refund's charge, also where Stripe names only its payment intent; None where that is not known."""
    with reading(engine) as connection:
        return FactReader(connection).charge_ids_of([refund])[refund.refund_id]


def charges_of_invoices(engine: Engine, invoices: Sequence[Invoice]) -> dict[str, list[Charge]]:
    """The charges that paid each invoice, by invoice payment, else by the field it had before 2025-03-31."""
    with reading(engine) as connection:
        reader = FactReader(connection)
        return reader.charges_of_invoices(invoices)


def connected_movements(
    engine: Engine, refund: Refund, charge: Charge | None
) -> list[TransferReversal | ApplicationFeeRefund]:
    """What a platform took back from a connected account for a refund, and gave back of its fee on the charge."""
    with reading(engine) as connection:
        reader = FactReader(connection)
        fee_id = charge.application_fee_id if charge is not None else None
        ids = [i for i in (refund.transfer_reversal_id,) if i is not None]
        ids += reader.links([fee_id], ("fee_refund",)).get(fee_id or "", [])
        reader.load(ids)
        found = [reader.known[i] for i in ids]
        return [fact for fact in found if isinstance(fact, TransferReversal | ApplicationFeeRefund)]


def last_run(engine: Engine) -> Any:
    """The row of the run that began last; its `summary` is a JSON list of what went wrong in it."""
    with reading(engine) as connection:
        return connection.execute(select(run).order_by(run.c.started.desc(), run.c.run_id).limit(1)).first()


def rules_in_force(engine: Engine, digest: str | None) -> str | None:
    """The rules and switches under which a decision was made."""
    with reading(engine) as connection:
        row = connection.execute(select(ruleset.c.content).where(ruleset.c.digest == digest)).first()
    return row.content if row is not None else None


def attempts_of(engine: Engine, document_key: str) -> list[Any]:
    """When a document was sent, in which run, and what came of it."""
    with reading(engine) as connection:
        return list(
            connection.execute(
                select(
                    attempt.c.attempt_key,
                    attempt.c.sent,
                    attempt.c.settled,
                    attempt.c.method,
                    attempt.c.target,
                    attempt_document.c.outcome,
                )
                .join(attempt_document, attempt_document.c.attempt_key == attempt.c.attempt_key)
                .where(attempt_document.c.document_key == document_key)
                .order_by(attempt.c.sent)
            )
        )


def words_about(engine: Engine, subject_id: str) -> list[Any]:
    with reading(engine) as connection:
        return list(
            connection.execute(
                select(person_decision)
                .where(person_decision.c.subject_id == subject_id)
                .order_by(person_decision.c.place)
            )
        )


def facts_with_movements(engine: Engine, ids: Sequence[str]) -> dict[str, Fact]:
    """These refunds and charges, and the balance transactions that they name, by id."""
    with reading(engine) as connection:
        reader = FactReader(connection)
        reader.load(ids)
        reader.load(
            object_id
            for fact in list(reader.known.values())
            if isinstance(fact, (Refund, Charge))
            for object_id in (fact.balance_transaction_id, fact.failure_balance_transaction_id)
        )
        return {i: fact for i, fact in reader.known.items() if fact is not None}


def open_credits(engine: Engine, name: str) -> list[Any]:
    """Decisions of posted refunds whose credit memo stands without a cash leg."""
    mine = (document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
    arrived = document.c.state.in_(("posted", "adopted"))
    memo = select(document.c.document_key).where(*mine, arrived, document.c.kind == "credit_memo")
    cash = select(document.c.document_key).where(*mine, arrived, document.c.kind.in_(sorted(CASH_LEGS)))
    with reading(engine) as connection:
        return list(
            connection.execute(
                select(decision)
                .where(decision.c.ledger == name, decision.c.subject == "refund")
                .where(decision.c.outcome == "posted", memo.exists(), ~cash.exists())
                .order_by(decision.c.created, decision.c.subject_id)
            )
        )


def warned_of(engine: Engine, name: str, word: str, subject: str | None = "refund") -> list[Any]:
    """Decisions on refunds (None: and on charges) that have a warning with this word."""
    query = (
        select(decision)
        .where(decision.c.ledger == name, decision.c.warnings.like(f"%{word}%"))
        .order_by(decision.c.created, decision.c.subject_id)
    )
    if subject is not None:
        query = query.where(decision.c.subject == subject)
    with reading(engine) as connection:
        return list(connection.execute(query))


def failed_charges(engine: Engine, start: int) -> list[Charge]:
    """Charges created since `start` that failed after Stripe had booked them."""
    query = (
        select(stripe_object.c.facts)
        .where(stripe_object.c.kind == "charge", stripe_object.c.created >= start)
        .where(stripe_object.c.facts.contains('"failed"'))
        .order_by(stripe_object.c.created, stripe_object.c.object_id)
    )
    with reading(engine) as connection:
        charges = [decode_fact("charge", row.facts) for row in connection.execute(query)]
    return [
        c
        for c in charges
        if isinstance(c, Charge) and c.status == "failed" and c.failure_balance_transaction_id is not None
    ]


def disputes(engine: Engine, start: int) -> list[Dispute]:
    return [d for d in objects(engine, "dispute", start) if isinstance(d, Dispute)]
