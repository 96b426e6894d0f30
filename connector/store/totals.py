"""Counts and sums of what became of refunds, sales and documents, for people and programs. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, Select, false, func, select

from connector.planning.model import CASH_LEGS
from connector.store.schema import attempt, attempt_document, decision, document
from connector.store.views import OUTCOMES, reading


@dataclass(frozen=True, slots=True)
class Total:
    """Refunds of one outcome and currency in one ledger; `kinds` of the documents they became, by name."""

    ledger: str
    outcome: str
    kinds: str
    currency: str
    count: int
    amount_minor: int
    found: bool = False


def not_sent(run_id: str) -> ColumnElement[bool]:
    """Documents that a run came to know as posted, and did not send."""
    sent = (
        select(attempt.c.attempt_key)
        .join(attempt_document, attempt_document.c.attempt_key == attempt.c.attempt_key)
        .where(attempt_document.c.document_key == document.c.document_key, attempt.c.run_id == run_id)
    )
    return (document.c.touched_run == run_id) & (document.c.state == "posted") & ~sent.exists()


def found_in_run(engine: Engine, run_id: str) -> bool:
    """Whether a run found documents in the books that the state did not know as posted."""
    with reading(engine) as connection:
        query = select(document.c.document_key).where(not_sent(run_id)).limit(1)
        return connection.execute(query).first() is not None


# What a refund became is told by its income leg, or by what stands for it.
NOT_SHOWN = ("fee", "reversal", "application", "exchange", *sorted(CASH_LEGS))


def outcome_totals(engine: Engine, run_id: str | None = None, found: bool = False) -> list[Total]:
    """Counts and sums of refunds by ledger, outcome, kinds of documents and currency; of one run, or of all.

    With `found` those of which the run sent nothing, and found all in the books, are counted apart.
    """
    shown = (
        select(func.min(document.c.kind))
        .where(document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
        .where(document.c.kind.not_in(NOT_SHOWN))
        .scalar_subquery()
    )
    cash = (
        select(func.min(document.c.kind))
        .where(document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
        .where(document.c.kind.in_(("credit_card_refund", "refund_payout")))
        .scalar_subquery()
    )
    mine = (document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
    of_run = select(document.c.document_key).where(*mine, document.c.touched_run == run_id)
    here = (
        select(document.c.document_key).where(*mine, not_sent(run_id or "")).exists()
        & ~of_run.where(~not_sent(run_id or "")).exists()
    )
    inner = select(
        decision.c.ledger,
        decision.c.outcome,
        shown.label("income"),
        cash.label("cash"),
        decision.c.currency,
        decision.c.amount_minor,
        (here if found else false()).label("found"),
    ).where(decision.c.subject == "refund")
    if run_id is not None:
        inner = inner.where(decision.c.touched_run == run_id)
    sub = inner.subquery()
    keys = (sub.c.ledger, sub.c.outcome, sub.c.income, sub.c.cash, sub.c.currency, sub.c.found)
    query = select(*keys, func.count(), func.sum(sub.c.amount_minor)).group_by(*keys)
    with reading(engine) as connection:
        return [
            Total(
                name,
                outcome,
                " + ".join(k for k in (income, cash) if k),
                currency,
                count,
                int(amount),
                bool(here),
            )
            for name, outcome, income, cash, currency, here, count, amount in connection.execute(query)
        ]


@dataclass(frozen=True, slots=True)
class DocumentTotal:
    ledger: str
    kind: str
    currency: str
    found: bool
    count: int
    amount_minor: int


def document_totals(
    engine: Engine, run_id: str, kinds: Sequence[str], found: bool = False
) -> list[DocumentTotal]:
    """Posted documents of these kinds that a run touched, by ledger, kind and currency; with `found` those that it
    found in the books apart."""
    inner = select(
        document.c.ledger,
        document.c.kind,
        document.c.currency,
        (not_sent(run_id) if found else false()).label("found"),
        document.c.amount_minor,
    ).where(document.c.touched_run == run_id, document.c.kind.in_(kinds), document.c.state == "posted")
    sub = inner.subquery()
    keys = (sub.c.ledger, sub.c.kind, sub.c.currency, sub.c.found)
    query = select(*keys, func.count(), func.sum(sub.c.amount_minor)).group_by(*keys).order_by(*keys)
    with reading(engine) as connection:
        return [
            DocumentTotal(name, kind, currency, bool(here), count, int(amount))
            for name, kind, currency, here, count, amount in connection.execute(query)
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


@dataclass(frozen=True, slots=True)
class Unposted:
    """How many refunds or charges of a ledger wait, are held or failed; those with a document on its way not counted."""

    ledger: str
    subject: str
    outcome: str
    count: int


def planned_count(engine: Engine, name: str) -> int:
    """How many refunds of a ledger wait only for their documents to be sent."""
    query = select(func.count()).where(
        decision.c.ledger == name,
        decision.c.subject == "refund",
        decision.c.outcome == "waiting",
        on_its_way().exists(),
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def on_its_way() -> Select[tuple[str]]:
    """Documents of a decision that are to be sent, or of which it is not known whether they arrived."""
    return (
        select(document.c.document_key)
        .where(document.c.subject_id == decision.c.subject_id, document.c.ledger == decision.c.ledger)
        .where(document.c.state.in_(("planned", "sending", "unknown")))
    )


def unposted_counts(engine: Engine, names: Sequence[str]) -> list[Unposted]:
    keys = (decision.c.ledger, decision.c.subject, decision.c.outcome)
    query = (
        select(*keys, func.count())
        .where(decision.c.ledger.in_(names), decision.c.outcome.in_(("waiting", "held", "failed")))
        .where((decision.c.outcome != "waiting") | ~on_its_way().exists())
        .group_by(*keys)
        .order_by(decision.c.ledger, decision.c.subject.desc(), decision.c.outcome)
    )
    with reading(engine) as connection:
        return [Unposted(*row) for row in connection.execute(query)]
