"""What follows from what a ledger answered: a pure table.

Two phases. `write`: the answer to a request that writes. `look`: the answer to the question whether the effect of an
earlier, doubtful request is there. Unknown is never success and never failure: only a look, or a refusal in the
ledger's own words, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connector.ledgers.contract import (
    Absent,
    Claimed,
    Down,
    Found,
    NumberTaken,
    Outcome,
    PeriodClosed,
    Posted,
    Rejected,
    Stale,
    Throttled,
    Unauthorised,
    Unknown,
)
from connector.planning.model import DocumentState

Phase = Literal["write", "look"]


@dataclass(frozen=True, slots=True)
class Step:
    """The next state of a document. `ends_pass` is the error code that stops this ledger's pass; `wait_s` may be waited."""

    state: DocumentState
    ledger_id: str | None = None
    number: str | None = None
    reason: str | None = None
    sentence: str | None = None
    action: str | None = None
    ends_pass: str | None = None
    wait_s: int | None = None


def next_step(claimed: Claimed, outcome: Outcome, phase: Phase, age_s: int, settle_after_s: int) -> Step:
    """What becomes of the document; `age_s` is how long ago the doubtful request left."""
    if isinstance(outcome, Posted | Found):
        return arrived(claimed, outcome)
    if phase == "look":
        if isinstance(outcome, Absent) and age_s >= settle_after_s:
            return Step("planned")
        return unknown(outcome, claimed)
    return after_write(claimed, outcome)


def arrived(claimed: Claimed, hit: Posted | Found) -> Step:
    """It stands in the books; the amount the books have must be the amount that was planned."""
    if (hit.amount_minor, hit.currency) == (claimed.amount_minor, claimed.currency):
        return Step("posted", hit.ledger_id, hit.number)
    return Step(
        "held",
        hit.ledger_id,
        hit.number,
        "total_differs",
        f"the ledger's total is {hit.amount_minor} {hit.currency}, planned were {claimed.amount_minor} "
        f"{claimed.currency} (minor units); the ledger's id is {hit.ledger_id}",
        f"correct the document in the ledger, then: connector resolve {claimed.document_key} --retry --reason TEXT",
    )


def unknown(outcome: Outcome, claimed: Claimed) -> Step:
    why = outcome.why if isinstance(outcome, Unknown) else "the ledger did not say whether it is there"
    return Step(
        "unknown",
        reason="outcome_unknown",
        sentence=f"it is not known whether {claimed.kind.replace('_', ' ')} {claimed.number or ''} was written: {why}",
        action="nothing to do: the next run looks in the ledger before it writes anything",
    )


def after_write(claimed: Claimed, outcome: Outcome) -> Step:
    """The ledger refused and wrote nothing, or nothing can be said."""
    how = f"connector resolve {claimed.document_key} --retry --reason TEXT"
    if isinstance(outcome, NumberTaken):
        holder = outcome.holder
        if holder is not None and holder.document_key == claimed.document_key:
            return arrived(claimed, holder)
        same = holder is not None and (holder.kind, holder.amount_minor) == (
            claimed.kind,
            claimed.amount_minor,
        )
        return Step(
            "held",
            reason="duplicate_in_books" if same else "number_taken",
            sentence=f"number {claimed.number} is held by {holder.ledger_id if holder else 'another document'}",
            action=how,
        )
    if isinstance(outcome, Stale):
        return Step("planned")
    if isinstance(outcome, Throttled):
        return Step("planned", ends_pass="throttled", wait_s=outcome.wait_s)
    if isinstance(outcome, Unauthorised):
        return Step("planned", sentence=outcome.sentence, ends_pass="unauthorised")
    if isinstance(outcome, Down):
        return Step("planned", sentence=outcome.sentence, ends_pass="ledger_down")
    if isinstance(outcome, PeriodClosed):
        return Step(
            "held", reason="period_closed", sentence=outcome.sentence, action="open the period, then: " + how
        )
    if isinstance(outcome, Rejected):
        return Step(
            "rejected",
            reason="rejected_by_ledger",
            sentence=f"the ledger refused it: {outcome.words} ({outcome.code})",
            action="correct the cause, then: " + how,
        )
    return unknown(outcome, claimed)
