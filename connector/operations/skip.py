"""Leaving out what is held of a refund or charge, at a person's word: what then counts as there, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, text, update

from connector.decisions.refund_page import ASKED
from connector.operations.other_state import give_up
from connector.planning.sentences import (
    PUT_ON_AGAIN,
    REVERSAL_SKIPPED,
    TO_BE_TAKEN_BACK,
    resolve_command,
    resync_command,
)
from connector.store.codec import decode_document
from connector.store.documents import delete_documents, select_with_text
from connector.store.schema import OPEN, decision, document
from connector.store.settling import forget_later_numbers, settle_outcomes

STUCK = ("held", "rejected")
IN_DOUBT = ("sending", "unknown")
LATER = "the next sync posts the replacement; see that nothing stays open of what was taken back beside it"
# What is nothing without the documents that it belongs to.
BESIDE = ("application", "reversal", "fee", "exchange", "customer")


def skip(connection: Connection, name: str, row: Any, reason: str, key: str | None) -> str:
    """Leave out what is held, or of it the document with this key."""
    mine = (document.c.ledger == name, document.c.subject_id == row.subject_id)
    target = () if key is None else (document.c.document_key == key,)
    earlier = select(document.c.document_key).where(*mine, *target, document.c.revision < row.revision)
    if key is not None and connection.execute(earlier).first() is not None:
        # What is not taken back is not replaced either.
        target = ()
    connection.execute(
        update(document)
        .where(*mine, *target, document.c.state.in_((*STUCK, "planned")))
        .values(state="skipped")
    )
    doubts = give_up_doubtful(connection, *mine, *target)
    if not doubts:
        row = back_to_what_stands(connection, name, row)
    # What was taken back is there only where that is what was wanted; with what goes beside it nothing is booked.
    there = ("posted", "adopted", "reversed") if row.aim == "reversed" else ("posted", "adopted")
    beside = ("application",) if row.aim == "reversed" else BESIDE
    arrived = connection.execute(
        select(document.c.document_key).where(
            *mine, document.c.state.in_(there), document.c.kind.not_in(beside)
        )
    ).first()
    if arrived is None and target:
        # Nothing of it is there, and one of several documents that belong together is nothing to go on with.
        return skip(connection, name, row, reason, None)
    loose = connection.execute(
        select(document.c.document_key).where(
            *mine, document.c.kind == "application", document.c.state == "posted"
        )
    ).first()
    taken_off = loose is not None and arrived is None
    left = f"; {PUT_ON_AGAIN}" if taken_off else ""
    # Where planning itself stopped there is nothing left to arrive: what others booked is theirs.
    if arrived is not None and row.aim != "held":
        settle_outcomes(connection, name, [row.subject_id], row.touched_run or "")
        tell_skipped_reversal(connection, name, row)
        return f"{row.subject_id}: what was held is skipped; its other documents stay{doubts}"
    set_decision(
        connection,
        name,
        row,
        outcome="excluded",
        aim="excluded",
        reason="skipped_by_person",
        sentence=f"skipped by a person: {reason}{left}{doubts}",
        action=f"to bring it back: {resync_command(row.subject_id)}",
        due=ASKED if doubts else 0,
    )
    return f"{row.subject_id}: skipped; it is listed as excluded{left}{doubts}"


def is_gone(row: Any, one: Any) -> bool:
    """Whether a document was to take back, for a replacement, what somebody took out of the ledger."""
    stuck = (one.kind, one.state, one.reason) == ("reversal", "held", "ledger_cannot")
    return row.aim == "posted" and stuck and TO_BE_TAKEN_BACK in (one.sentence or "")


def leave_gone(connection: Connection, name: str, row: Any, gone: Sequence[str]) -> str:
    """What somebody took out is not taken back once more, and its replacement goes on; `gone` are keys of its mirrors."""
    mine = (document.c.ledger == name, document.c.subject_id == row.subject_id)
    rows = connection.execute(select_with_text().where(*mine)).all()
    originals = [decode_document(one.content).reverses for one in rows if one.document_key in gone]
    links = [
        one.document_key
        for one in rows
        if one.kind == "application" and not set(gone).isdisjoint(one.after_keys.split())
    ]
    for chosen, state in (([*gone, *links], "skipped"), (originals, "reversed")):
        connection.execute(
            update(document).where(*mine, document.c.document_key.in_(chosen)).values(state=state)
        )
    told = f"left out, since what it was to take back is gone; {LATER}"
    set_decision(connection, name, row, outcome="waiting", reason=None, sentence=told, action=None, due=ASKED)
    return f"{row.subject_id}: {told}"


def back_to_what_stands(connection: Connection, name: str, row: Any) -> Any:
    """A replacement of which nothing is written, and nothing any more to be, leaves what it was to replace: that is the
    refund again, with its number, and may be replaced anew."""
    mine = (document.c.ledger == name, document.c.subject_id == row.subject_id)
    stands = connection.execute(
        select(document.c.revision, document.c.number)
        .where(*mine, document.c.state == "posted", document.c.kind.not_in(BESIDE))
        .order_by(document.c.revision.desc(), document.c.depth)
    ).first()
    open_ = connection.execute(select(document.c.document_key).where(*mine, text(OPEN))).first()
    if stands is None or open_ is not None or stands.revision >= row.revision:
        return row
    delete_documents(
        connection,
        *mine,
        document.c.state == "skipped",
        document.c.ledger_id.is_(None),
        or_(document.c.revision > stands.revision, document.c.kind == "reversal"),
    )
    forget_later_numbers(connection, name, row.subject_id, stands.revision)
    set_decision(connection, name, row, revision=stands.revision, number=stands.number)
    return connection.execute(
        select(decision).where(decision.c.ledger == name, decision.c.subject_id == row.subject_id)
    ).one()


def tell_skipped_reversal(connection: Connection, name: str, row: Any) -> None:
    """A refund that Stripe gave up counts as reversed once nothing of it is open, also where a person skipped that."""
    skipped = connection.execute(
        select(document.c.document_key).where(
            document.c.ledger == name,
            document.c.subject_id == row.subject_id,
            document.c.kind == "reversal",
            document.c.state == "skipped",
        )
    ).first()
    if skipped is None:
        return
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject_id == row.subject_id)
        .where(decision.c.outcome == "reversed")
        .values(
            sentence=REVERSAL_SKIPPED,
            action=f"reverse it by hand where that is wanted, then: {resolve_command(row.subject_id, name, '--skip')}",
        )
    )


def give_up_doubtful(connection: Connection, *chosen: ColumnElement[bool]) -> str:
    """Of these documents, those that may have been written are not sent again, and are there if a look finds them.

    Returns what to say of them: nothing where there are none.
    """
    doubtful = give_up(connection, *chosen, document.c.state.in_(IN_DOUBT))
    return "; the next sync looks whether it was written before" if doubtful else ""


def set_decision(connection: Connection, name: str, row: Any, **values: Any) -> None:
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject_id == row.subject_id)
        .values(**values)
    )
