"""What people and programs read from the state. Nothing here writes, takes the lease, or waits for a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from connector.planning.model import BalanceTransaction, Charge, Dispute, Fact, Invoice, Refund
from connector.store.bulk import within
from connector.store.facts import FactReader
from connector.store.schema import (
    attempt,
    attempt_document,
    decision,
    document,
    ledger,
    person_decision,
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


@dataclass(frozen=True, slots=True)
class Total:
    """Refunds of one outcome and currency in one ledger; `kinds` of the documents they became, by name."""

    ledger: str
    outcome: str
    kinds: str
    currency: str
    count: int
    amount_minor: int


def outcome_totals(engine: Engine, run_id: str | None = None) -> list[Total]:
    """Counts and sums of refunds by ledger, outcome, kinds of documents and currency; of one run, or of all."""
    shown = (
        select(func.min(document.c.kind))
        .where(document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
        .where(document.c.kind.not_in(("fee", "reversal", "credit_card_refund", "refund_payout")))
        .scalar_subquery()
    )
    cash = (
        select(func.min(document.c.kind))
        .where(document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
        .where(document.c.kind.in_(("credit_card_refund", "refund_payout")))
        .scalar_subquery()
    )
    inner = select(
        decision.c.ledger,
        decision.c.outcome,
        shown.label("income"),
        cash.label("cash"),
        decision.c.currency,
        decision.c.amount_minor,
    ).where(decision.c.subject == "refund")
    if run_id is not None:
        inner = inner.where(decision.c.touched_run == run_id)
    sub = inner.subquery()
    keys = (sub.c.ledger, sub.c.outcome, sub.c.income, sub.c.cash, sub.c.currency)
    query = select(*keys, func.count(), func.sum(sub.c.amount_minor)).group_by(*keys)
    with reading(engine) as connection:
        return [
            Total(name, outcome, " + ".join(k for k in (income, cash) if k), currency, count, int(amount))
            for name, outcome, income, cash, currency, count, amount in connection.execute(query)
        ]


def outcome_counts(engine: Engine, name: str, run_id: str | None = None) -> dict[str, int]:
    """Refunds by outcome in one ledger, every outcome named."""
    query = (
        select(decision.c.outcome, func.count())
        .where(decision.c.ledger == name, decision.c.subject == "refund")
        .group_by(decision.c.outcome)
    )
    if run_id is not None:
        query = query.where(decision.c.touched_run == run_id)
    with reading(engine) as connection:
        counts = {row[0]: row[1] for row in connection.execute(query)}
    return {outcome: counts.get(outcome, 0) for outcome in OUTCOMES}


def has_outcome(engine: Engine, names: Sequence[str], outcome: str) -> bool:
    """Whether any refund or charge of these ledgers has this outcome."""
    with reading(engine) as connection:
        found = connection.execute(
            select(decision.c.subject_id)
            .where(decision.c.ledger.in_(names), decision.c.outcome == outcome)
            .limit(1)
        ).first()
    return found is not None


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
        select(document, decision.c.rule, decision.c.warnings)
        .join(
            decision,
            (decision.c.subject_id == document.c.subject_id) & (decision.c.ledger == document.c.ledger),
            isouter=True,
        )
        .where(document.c.ledger.in_(names))
        .order_by(*order)
    )
    if run_id is not None:
        query = query.where(document.c.touched_run == run_id)
    if states is not None:
        query = query.where(document.c.state.in_(states))
    if subject_id is not None:
        query = query.where(document.c.subject_id == subject_id)
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=PAGE).execute(query):
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
        query = query.where(decision.c.outcome.in_(outcomes))
    if subject_id is not None:
        query = query.where(decision.c.subject_id == subject_id)
    with reading(engine) as connection:
        yield from connection.execution_options(yield_per=PAGE).execute(query)


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


def objects(engine: Engine, kind: str, start: int) -> Iterator[Fact]:
    """Stored facts of one kind created since `start`, oldest first."""
    query = (
        select(stripe_object.c.facts)
        .where(stripe_object.c.kind == kind, stripe_object.c.created >= start)
        .order_by(stripe_object.c.created, stripe_object.c.object_id)
    )
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=PAGE).execute(query):
            if row.facts:
                yield decode_fact(kind, row.facts)


def facts_of(engine: Engine, ids: Sequence[str]) -> dict[str, Fact]:
    with reading(engine) as connection:
        reader = FactReader(connection)
        reader.load(ids)
        return {i: fact for i, fact in reader.known.items() if fact is not None}


def refunds_of_charges(engine: Engine, charge_ids: Sequence[str]) -> dict[str, list[Refund]]:
    with reading(engine) as connection:
        reader = FactReader(connection)
        links = reader.links(charge_ids, ("refund",))
        reader.load(i for ids in links.values() for i in ids)
        return {
            charge_id: [r for r in (reader.get(i, Refund) for i in ids) if r is not None]
            for charge_id, ids in links.items()
        }


def charges_of_invoices(engine: Engine, invoices: Sequence[Invoice]) -> dict[str, list[Charge]]:
    """The charges that paid each invoice, by invoice payment, else by the field it had before 2025-03-31."""
    with reading(engine) as connection:
        reader = FactReader(connection)
        return reader.charges_of_invoices(invoices)


def ledger_row(engine: Engine, name: str) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(ledger).where(ledger.c.name == name)).first()


def last_run(engine: Engine) -> Any:
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


def unposted_balance(
    engine: Engine, names: Sequence[str], outcomes: Sequence[str]
) -> Mapping[str, list[tuple[Refund, int, str]]]:
    """Refunds of these outcomes that moved the Stripe balance: by outcome, with the net minor units and currency."""
    found: dict[str, list[tuple[Refund, int, str]]] = {}
    rows = list(decisions(engine, names, outcomes=outcomes))
    with reading(engine) as connection:
        reader = FactReader(connection)
        reader.load(row.subject_id for row in rows)
        refunds = [r for r in (reader.get(row.subject_id, Refund) for row in rows) if r is not None]
        reader.load(i for r in refunds for i in (r.balance_transaction_id, r.failure_balance_transaction_id))
        for row in rows:
            refund = reader.get(row.subject_id, Refund)
            if refund is None:
                continue
            nets: dict[str, int] = {}
            for object_id in (refund.balance_transaction_id, refund.failure_balance_transaction_id):
                moved = reader.get(object_id, BalanceTransaction)
                if moved is not None:
                    nets[moved.currency] = nets.get(moved.currency, 0) + moved.amount_minor - moved.fee_minor
            for currency, net in nets.items():
                if net:
                    found.setdefault(row.outcome, []).append((refund, net, currency))
    return found


def disputes(engine: Engine, start: int) -> list[Dispute]:
    return [d for d in objects(engine, "dispute", start) if isinstance(d, Dispute)]
