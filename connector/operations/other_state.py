"""Decisions that people made while another copy of the state was in use: they take effect in this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from connector.decisions.refund_page import ASKED
from connector.delivery.outcome import GIVEN_UP
from connector.store.schema import decision, document

# What may stand in the books though this copy of the state does not say so.
UNSETTLED = ("planned", "sending", "unknown", "held", "rejected")


def take_effect(connection: Connection, words: Sequence[Mapping[str, Any]]) -> None:
    """`words` were read from decisions.jsonl and are new to this state; those of a state that is empty wait in it."""
    if words and connection.execute(select(decision.c.ledger).limit(1)).first() is None:
        return
    for word in words:
        of = [document.c.ledger == word["ledger"], document.c.subject_id == word["subject_id"]]
        mine = (decision.c.ledger == word["ledger"], decision.c.subject_id == word["subject_id"])
        reversed_ = connection.execute(
            select(decision.c.ledger).where(*mine, decision.c.outcome == "reversed")
        )
        if word["action"] == "skip" and reversed_.first() is not None:
            connection.execute(update(decision).where(*mine).values(acknowledged=1))
            continue
        if word["document_key"] is not None:
            of.append(document.c.document_key == word["document_key"])
        # Where a replacement is half done here, what was said there was of another one.
        replacing = connection.execute(
            select(decision.c.ledger)
            .join(document, document.c.subject_id == decision.c.subject_id)
            .where(*mine, *of[:2], decision.c.aim == "posted")
            .where(document.c.kind == "reversal", document.c.state.in_(UNSETTLED))
        )
        if word["action"] in ("skip", "adopt") and replacing.first() is None:
            give_up(connection, *of, document.c.state.in_(UNSETTLED))
        else:
            connection.execute(
                update(document)
                .where(*of, document.c.state.in_(UNSETTLED))
                .values(
                    state="unknown", reason=None, sentence="a person decided about it; the next run looks"
                )
            )
        connection.execute(update(decision).where(*mine).values(due=ASKED))


def give_up(connection: Connection, *chosen: ColumnElement[bool]) -> bool:
    """Documents that may have been written are not sent again, and are there if a look finds them. Whether there are any."""
    result = connection.execute(
        update(document)
        .where(*chosen)
        .values(
            state="unknown",
            reason=GIVEN_UP,
            sentence="given up by a person; it is not known whether it was written",
            action="nothing to do: the next run looks in the ledger, and does not write it",
        )
    )
    return bool(result.rowcount)
