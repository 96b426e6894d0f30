"""What the documents of a refund or charge move clearing by: of those that stand in the books, taken back ones among them.

A reversal is a document of its own, so what was taken back comes to nothing together with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Engine

from connector.planning.case import LedgerPolicy
from connector.planning.model import Document
from connector.planning.reversal_plan import WITH_CASH
from connector.planning.stripe_facts import BalanceTransaction, Fact
from connector.store import movements

MOVING = frozenset({*WITH_CASH, "payment", "sales_receipt", "fee", "exchange"})


def moves_clearing(document: Document) -> bool:
    """Whether the last posting of a document is what it moves clearing by."""
    kind = document.part if document.kind == "reversal" else document.kind
    return bool(document.entries) and kind in MOVING


def clearing_move(document: Document) -> tuple[str, int]:
    """Currency and minor units, a debit positive, of a document that moves clearing."""
    last = document.entries[-1]
    return last.currency, last.debit_minor - last.credit_minor


def moved_in_books(engine: Engine, name: str, subject_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Subject id → minor units by currency; subjects of which nothing in the books moves clearing are not in it.

    A reversal that a person skipped counts as if it stood: what it leaves is a difference that is listed by itself.
    """
    found: dict[str, dict[str, int]] = {}

    def add(subject_id: str, currency: str, amount_minor: int) -> None:
        moved = found.setdefault(subject_id, {})
        moved[currency] = moved.get(currency, 0) + amount_minor

    for subject_id, documents in movements.posted_documents(engine, name, subject_ids).items():
        for document in filter(moves_clearing, documents):
            add(subject_id, *clearing_move(document))
    adopted = movements.adopted_amounts(engine, name, subject_ids, tuple(WITH_CASH))
    for subject_id, amounts in adopted.items():
        for currency, amount_minor in amounts:
            add(subject_id, currency, -amount_minor)
    wanted = set(subject_ids)
    for subject_id, reversal in movements.skipped_reversals(engine, name):
        if subject_id in wanted and moves_clearing(reversal):
            add(subject_id, *clearing_move(reversal))
    return found


def lacking_nets(
    facts: Mapping[str, Fact],
    object_ids: Iterable[str | None],
    ledger: LedgerPolicy,
    moved: Mapping[str, int] | None,
) -> dict[str, int]:
    """Net minor units by currency of these balance transactions, less what the books moved; zeros are left out.

    Where something of the subject stands in the books (`moved`), a fee that the settings leave out is not lacking.
    """
    nets: dict[str, int] = {}
    for object_id in object_ids:
        one = facts.get(object_id or "")
        if isinstance(one, BalanceTransaction):
            fee = one.fee_minor if ledger.fees or moved is None else 0
            nets[one.currency] = nets.get(one.currency, 0) + one.amount_minor - fee
    for currency, amount_minor in (moved or {}).items():
        nets[currency] = nets.get(currency, 0) - amount_minor
    return {currency: net for currency, net in nets.items() if net}
