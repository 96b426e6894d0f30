"""A document is sent once everything that it follows is there. What follows a document that is not going to be there soon
is held with it, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.delivery.outbox import Outbox, Parents
from connector.delivery.outcome import Step
from connector.planning.model import COMES_BACK
from connector.planning.sentences import resolve_command
from connector.store.codec import decode_document

THERE = ("posted", "adopted", "reversed")
# What keeps a document back that follows one in this state.
BLOCKED = {
    "held": "is held",
    "rejected": "the ledger refused",
    "skipped": "was left out",
    "absent": "is not planned any more",
}


def part_ready(outbox: Outbox, rows: Sequence[Any], parents: Parents) -> tuple[list[Any], dict[str, Step]]:
    """Those of these rows whose forerunners are all there, and what becomes of those that are kept back by one; of the
    others the forerunners are still on their way."""
    ready, stuck = [], {}
    for row in rows:
        states = [(key, *parents.get(key, ("absent", "", None))[:2]) for key in row.after_keys.split()]
        # The reversal of what was never written is not waited for.
        states = [one for one in states if one[1:] != ("skipped", "reversal")]
        missing = [one for one in states if one[1] not in THERE]
        if any(state in BLOCKED for _, state, _ in missing):
            missing = [one for one in missing if one[1] not in BLOCKED or one[0] not in not_needed(row)]
        blocking = next((one for one in missing if one[1] in BLOCKED), None)
        if blocking is not None:
            stuck[row.document_key] = waits_for(outbox, row, *blocking)
        elif not missing:
            ready.append(row)
    return ready, stuck


def not_needed(row: Any) -> set[str]:
    """What a document follows, and does without where it is not going to come by itself: there may be enough beside."""
    return {key for name, key in decode_document(row.content).refs if name == COMES_BACK}


def waits_for(outbox: Outbox, row: Any, key: str, state: str, kind: str) -> Step:
    """A document that is kept back by the one with this key. Of a customer only this tells why, since customers are not
    listed."""
    why = f"it waits for the {kind.replace('_', ' ') or 'document'} before it, which {BLOCKED[state]}"
    action = "free that document first; this one follows by itself"
    if kind == "customer":
        why += f": {outbox.sentence_of(key)}"
        action = f"correct the cause, then: {resolve_command(row.subject_id, row.ledger, '--retry')}"
    return Step("held", reason="credit_memo_not_posted", sentence=why, action=action)
