"""What follows from what a ledger answered: a pure table.

Two phases. `write`: the answer to a request that writes. `look`: the answer to the question whether the effect of an
earlier, doubtful request is there. Unknown is never success and never failure: only a look, or a refusal in the
ledger's own words, ends it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from connector.ledgers.contract import (
    Absent,
    Apart,
    Claimed,
    Down,
    Found,
    NumberTaken,
    Outcome,
    PeriodClosed,
    Posted,
    Rejected,
    Stale,
    Taken,
    Throttled,
    Unauthorised,
    Unknown,
    Withheld,
)
from connector.planning.model import DocumentState
from connector.planning.sentences import money, resolve_command
from connector.planning.values import value
from connector.store.codec import decode_document

TRIED_AGAIN = "nothing to do: the next run tries again"
LOOKED_FOR = "nothing to do: the next run looks in the ledger before it writes anything"
Phase = Literal["write", "look"]
# The reason of a doubtful document that a person skipped, or adopted another document for.
GIVEN_UP = "skipped_by_person"


@value(frozen=True, slots=True)
class Step:
    """The next state of a document. `stop_code` is the error code that stops this ledger's pass; `wait_s` may be waited.

    `look`: the ledger says that it is there, so that it is read in this same run. `taken_by` is set where another
    document holds its number: the holder's ledger id, or "" where that is not told. `apart`: it is sent again at
    once, in a request of its own; `left_behind`: its request did not leave, and does at once. `replaced_number`: the
    number that the ledger put in the place of `number`.
    """

    state: DocumentState
    ledger_id: str | None = None
    number: str | None = None
    reason: str | None = None
    sentence: str | None = None
    action: str | None = None
    stop_code: str | None = None
    wait_s: int | None = None
    look: bool = False
    taken_by: str | None = None
    apart: bool = False
    left_behind: bool = False
    replaced_number: str | None = None

    @property
    def taken(self) -> bool:
        """The ledger has it, as it said itself, and it is still to be read back."""
        return self.look and self.ledger_id is not None


def next_step(claimed: Claimed, outcome: Outcome, phase: Phase, age_s: int, settle_after_s: int) -> Step:
    """What becomes of the document; `age_s` is how long ago the doubtful request left."""
    if isinstance(outcome, Posted | Found):
        return arrived(claimed, outcome)
    if phase == "look":
        # What the ledger said that it took is gone only where it has nothing under the id that it gave.
        asked = claimed.ledger_id is None or (isinstance(outcome, Absent) and outcome.by_id)
        if isinstance(outcome, Absent) and age_s >= settle_after_s and asked:
            return Step("planned")
        return unknown(outcome, claimed)
    return after_write(claimed, outcome)


def arrived(claimed: Claimed, hit: Posted | Found) -> Step:
    """It stands in the books; the amount the books have must be the amount that was planned. A number that the ledger
    put in the place of ours is told, and does not become the document's."""
    number = hit.number if hit.replaced_number is None else claimed.number
    astray = hit.astray if isinstance(hit, Found) else None
    if astray is not None:
        return Step(
            "held",
            hit.ledger_id,
            number,
            "clearing_differs",
            f"the ledger booked its money on {astray}, and not on the account that it was sent; its id is {hit.ledger_id}",
            f"correct the account in the ledger, then: {retry_command(claimed)}",
            replaced_number=hit.replaced_number,
        )
    if isinstance(hit, Found) and hit.unposted:
        return Step(
            "held",
            hit.ledger_id,
            number,
            "ledger_cannot",
            f"the ledger keeps it for an approval, and books nothing until then; its id is {hit.ledger_id}",
            f"approve it in the ledger, then: {retry_command(claimed)}",
            replaced_number=hit.replaced_number,
        )
    if (hit.amount_minor, hit.currency) == (claimed.amount_minor, claimed.currency):
        return Step("posted", hit.ledger_id, number, replaced_number=hit.replaced_number)
    return Step(
        "held",
        hit.ledger_id,
        number,
        "total_differs",
        f"the ledger's total is {money(hit.amount_minor, hit.currency)}, planned were "
        f"{money(claimed.amount_minor, claimed.currency)}; the ledger's id is {hit.ledger_id}",
        f"correct the document in the ledger, then: {retry_command(claimed)}",
        replaced_number=hit.replaced_number,
    )


def give_up(step: Step) -> Step:
    """What a look makes of a doubtful document that a person gave up: absent, it is never sent; what is there, is."""
    if step.state == "planned":
        return Step("skipped", sentence="given up by a person; the ledger has none")
    return replace(step, reason=GIVEN_UP) if step.state == "unknown" else step


def retry_command(claimed: Claimed) -> str:
    """The command with which a person has a held document tried again."""
    return resolve_command(claimed.document_key, decode_document(claimed.content).ledger, "--retry")


def held_by(claimed: Claimed, holder: Found | None) -> str:
    """Whose number it is, so that a person can find that document."""
    if holder is None:
        return f"number {claimed.number} is held by another document"
    kind = (holder.kind or "document").replace("_", " ")
    of = f" of {holder.customer}" if holder.customer else ""
    total = money(holder.amount_minor, holder.currency)
    return (
        f"number {claimed.number} is held by {kind} {holder.ledger_id} of {holder.posting_date}, {total}{of}"
    )


def skip_command(claimed: Claimed) -> str:
    return resolve_command(claimed.document_key, decode_document(claimed.content).ledger, "--skip")


def adopt_command(claimed: Claimed, ledger_id: str) -> str:
    """For the refund or charge as a whole: the document of others stands for it."""
    document = decode_document(claimed.content)
    return resolve_command(document.subject_id, document.ledger, f"--adopt {ledger_id}")


def unknown(outcome: Outcome, claimed: Claimed) -> Step:
    if claimed.ledger_id is not None:
        return not_read_back(outcome, claimed.ledger_id)
    why = outcome.why if isinstance(outcome, Unknown) else "the ledger did not say whether it is there"
    return Step(
        "unknown",
        reason="outcome_unknown",
        sentence=f"it is not known whether {claimed.kind.replace('_', ' ')} {claimed.number or ''} was written: {why}",
        action=LOOKED_FOR,
        look=isinstance(outcome, Unknown) and outcome.told,
    )


def taken(outcome: Taken) -> Step:
    """The ledger has it, and whether with the right total is still to be seen."""
    return Step(
        "unknown",
        outcome.ledger_id,
        reason="outcome_unknown",
        sentence=f"the ledger took it as {outcome.ledger_id}; its total is not read back yet",
        action=LOOKED_FOR,
        look=True,
    )


def not_read_back(outcome: Outcome, ledger_id: str) -> Step:
    """What the ledger said that it took, and could not be read: it is not written again for that."""
    why = "it cannot be read back yet"
    if isinstance(outcome, Absent):
        why = "it has nothing under that id" if outcome.by_id else "it does not show it yet"
    elif isinstance(outcome, Unknown):
        why = f"it could not be read back: {outcome.why}"
    return Step(
        "unknown",
        ledger_id,
        reason="outcome_unknown",
        sentence=f"the ledger took it as {ledger_id}; {why}",
        action=LOOKED_FOR,
    )


def after_write(claimed: Claimed, outcome: Outcome) -> Step:
    """The ledger refused and wrote nothing, or nothing can be said."""
    if isinstance(outcome, NumberTaken):
        return number_taken(claimed, outcome.holder)
    if isinstance(outcome, Taken):
        return taken(outcome)
    if isinstance(outcome, Stale):
        return Step("planned")
    if isinstance(outcome, Apart):
        return Step("planned", apart=True)
    if isinstance(outcome, Throttled):
        return Step("planned", stop_code="throttled", wait_s=outcome.wait_s)
    if isinstance(outcome, Unauthorised):
        return Step(
            "planned",
            reason="unauthorised",
            sentence=outcome.sentence,
            action=TRIED_AGAIN,
            stop_code="unauthorised",
        )
    if isinstance(outcome, Down):
        return Step(
            "planned",
            reason="ledger_down",
            sentence=outcome.sentence,
            action=TRIED_AGAIN,
            stop_code="ledger_down",
        )
    if isinstance(outcome, PeriodClosed):
        return Step(
            "held",
            reason="period_closed",
            sentence=outcome.sentence,
            action="open the period; each run tries again",
        )
    if isinstance(outcome, Withheld):
        return Step(
            "held",
            reason=outcome.reason,
            sentence=outcome.sentence,
            action=f"{outcome.action}, then: {retry_command(claimed)}",
        )
    if isinstance(outcome, Rejected):
        return Step(
            "rejected",
            reason="rejected_by_ledger",
            sentence=f"the ledger refused it: {outcome.words} ({outcome.code})",
            action=f"correct the cause, then: {retry_command(claimed)}; or leave it out: {skip_command(claimed)}",
        )
    return unknown(outcome, claimed)


def number_taken(claimed: Claimed, holder: Found | None) -> Step:
    """The number stands in the books: by this very document, by one like it that others wrote, or by another.

    The last of these takes another number, or goes without; a ledger that refuses that too is a person's business.
    """
    if holder is not None and holder.document_key == claimed.document_key:
        return arrived(claimed, holder)
    like = is_like(claimed, holder)
    name = holder.ledger_id if holder else ""
    if not like and not claimed.bare:
        return Step("planned", taken_by=name)
    again = f"number it otherwise there, then: {retry_command(claimed)}"
    if like:
        again = (
            f"if it is this one: {adopt_command(claimed, name)}; if not: {retry_command(claimed)}, and the next number "
            f"is taken"
        )
    return Step(
        "held",
        reason="duplicate_in_books" if like else "number_taken",
        sentence=held_by(claimed, holder),
        action=again,
    )


def is_like(claimed: Claimed, holder: Found | None) -> bool:
    """The same kind, amount and customer, as far as the ledger says whose it is."""
    if holder is None or holder.document_key is not None:
        return False
    if (holder.kind, holder.amount_minor, holder.currency) != (
        claimed.kind,
        claimed.amount_minor,
        claimed.currency,
    ):
        return False
    customer = decode_document(claimed.content).customer
    return None in (holder.customer, customer) or holder.customer == customer
