"""What an answer to a read says, in every ledger that is reached over HTTP."""

from __future__ import annotations

from connector.errors import LedgerDown
from connector.ledgers.contract import Answer, Down, Outcome, Throttled, Unauthorised, Unknown


def refuse_answer(answer: Answer, title: str, told: tuple[Outcome, str] | None) -> None:
    """Raises `LedgerDown` where an answer to a read is none. `title` is the ledger's name; `told` is what the fault in the
    answer comes to, and its words, where it has one."""
    if answer.sentence is not None:
        raise LedgerDown(answer.sentence, "unauthorised" if answer.status == 401 else "ledger_down")
    if not answer.arrived:
        why = answer.body.decode("utf-8", "replace") or "no answer came"
        raise LedgerDown(f"{title} did not answer: {why}", "network")
    if told is None:
        return
    outcome, words = told
    if isinstance(outcome, Throttled):
        raise LedgerDown(f"{title} asked to slow down; the next run goes on", "throttled")
    if isinstance(outcome, Unauthorised):
        raise LedgerDown(outcome.sentence, "unauthorised")
    raise LedgerDown(f"{title} could not be read: {words}")


def unreadable(title: str) -> LedgerDown:
    return LedgerDown(f"{title} sent an answer that cannot be read")


def not_written(answer: Answer) -> Outcome | None:
    """What an answer to a write comes to that has no words of the ledger's: nothing left this machine, or nothing came
    back. None where there is an answer to read."""
    if answer.sentence is not None:
        return Unauthorised(answer.sentence) if answer.status == 401 else Down(answer.sentence)
    return None if answer.arrived else Unknown(answer.body.decode("utf-8", "replace") or "no answer came")
