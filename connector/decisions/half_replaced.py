"""Refunds that Stripe gave up while a person had them replaced: the next revision is not written any more, and of the one
before it what stands is reversed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connector.decisions.record import Decided
from connector.planning.case import Books, LedgerPolicy, Plan, RefundCase
from connector.planning.model import Document
from connector.planning.reversal_plan import Standing, plan_failure
from connector.planning.taken_back import TakenBack
from connector.store.codec import decode_document
from connector.store.settling import is_unsent

THERE = ("posted", "adopted", "reversed")
IN_DOUBT = ("sending", "unknown")


def is_half_replaced(row: Any, standing: Sequence[Any]) -> bool:
    """Whether nothing of the revision at hand is written, and the one before it was to be taken back for it."""
    written = any(d.revision == row.revision and d.state in THERE for d in standing)
    taken_back = any((d.kind, d.revision) == ("reversal", row.revision - 1) for d in standing)
    return taken_back and not written and row.aim != "reversed" and row.outcome != "excluded"


def fail_half_replaced(
    row: Any, case: RefundCase, standing: Sequence[Any], books: Books, policy: LedgerPolicy, now: int
) -> tuple[Decided, list[Document], list[Document]]:
    """The decision, what of the refund stands in the books, and what took some of it back already."""
    revision = row.revision - 1
    ours = [d for d in standing if d.revision >= revision]
    if any(d.state in IN_DOUBT for d in ours):
        waiting = Plan(row.outcome, row.reason, row.sentence, row.action, due=True)
        return Decided(row, waiting, row.revision), [], []
    read = {d.document_key: decode_document(d.content) for d in ours if d.revision == revision}
    states = {d.document_key: d.state for d in ours}
    mirrors = [one for key, one in read.items() if one.kind == "reversal" and states[key] == "posted"]
    by_original = {one.reverses: one for one in mirrors}
    originals = [one for one in read.values() if one.reverses is None]
    pieces = [Standing(one, states[one.document_key] in ("posted", "adopted")) for one in originals]
    taken_back = [
        TakenBack(one, by_original[one.document_key])
        for one in originals
        if states[one.document_key] == "reversed" and one.document_key in by_original
    ]
    plan = plan_failure(case, books, policy, pieces, now, taken_back)
    if plan.outcome != "reversed":
        # Not yet, or for a person: what was taken back is to be known when it is asked again.
        return Decided(row, plan, row.revision, given_up=True), [], []
    number = next((one.number for one in originals if one.number is not None), None)
    decided = Decided(
        row, replace(plan, number=number), revision, given_up=True, replaces=unwritten(ours, row.revision)
    )
    return decided, [piece.document for piece in pieces if piece.posted], mirrors


def unwritten(ours: Sequence[Any], next_revision: int) -> tuple[str, ...]:
    """Keys of what is not written any more. The mirrors among it have the keys of those that the failure has; what links
    mirrors that stand is written still."""
    stand = {d.document_key for d in ours if d.kind == "reversal" and d.state == "posted"}
    gone = []
    for d in ours:
        if d.revision == next_revision or d.kind == "reversal":
            if is_unsent(d) or (d.state == "skipped" and d.ledger_id is None):
                gone.append(d.document_key)
        elif is_unsent(d) and not stand.issuperset(d.after_keys.split()):
            gone.append(d.document_key)
    return tuple(gone)
