"""A person's decision on something held: recorded with actor, time and reason; the next run acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from connector.decisions.record import adopted_row, settle_outcomes
from connector.decisions.refunds import ASKED
from connector.errors import InputError
from connector.ledgers.contract import Found, run_steps
from connector.planning.rule_results import refuse_types
from connector.store.bulk import insert_many
from connector.store.lease import Lease
from connector.store.schema import decision, document
from connector.store.words import append_line, record_word
from connector.workplace import Desk
from connector.world import World

STUCK = ("held", "rejected")


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of `target` (a document key, refund id or charge id) in one ledger."""

    target: str
    action: str
    value: str | None
    reason: str


def resolve(engine: Engine, lease: Lease, world: World, desk: Desk, decisions_file: Path, word: Word) -> str:
    """Record the word and prepare what follows from it. Returns the sentence to show; `InputError` where it cannot be."""
    name = desk.policy.name
    with engine.connect().execution_options(reading=True) as connection:
        row, key = find_subject(connection, name, word.target)
        stuck = list(
            connection.execute(
                select(document).where(document.c.ledger == name, document.c.subject_id == row.subject_id)
            )
        )
    hit = find_adopted(desk, word)
    check_word(row, stuck, word)
    with engine.begin() as connection:
        lease.renew(connection)
        sentence = apply(connection, name, row, word, key, hit)
        record = {
            "decision_id": world.new_id(),
            "ledger": name,
            "subject_id": row.subject_id,
            "document_key": key,
            "action": word.action,
            "value": word.value,
            "actor": world.actor(),
            "at": world.now(),
            "reason": word.reason,
        }
        record_word(connection, record)
        append_line(decisions_file, record)
    return sentence


def find_subject(connection: Connection, name: str, target: str) -> tuple[Any, str | None]:
    """The row of decisions that a document key, refund id or charge id belongs to."""
    key = None
    subject_id = target
    found = connection.execute(
        select(document.c.subject_id, document.c.ledger).where(document.c.document_key == target)
    ).first()
    if found is not None:
        key, subject_id = target, found.subject_id
        if found.ledger != name:
            raise InputError(f"document {target} is of ledger {found.ledger}, not {name}")
    row = connection.execute(
        select(decision).where(decision.c.ledger == name, decision.c.subject_id == subject_id)
    ).first()
    if row is None:
        raise InputError(f"{target} is neither a document key nor a refund that ledger {name} knows")
    return row, key


def find_adopted(desk: Desk, word: Word) -> Found | None:
    if word.action != "adopt":
        return None
    ledger_id = word.value or ""
    found = run_steps(desk.ledger.find_documents([ledger_id]), desk.courier)
    if ledger_id not in found:
        raise InputError(f"ledger {desk.policy.name} has no document with the id {ledger_id}")
    return found[ledger_id]


def check_word(row: Any, documents: list[Any], word: Word) -> None:
    """Refuse what would post twice or make no sense."""
    posted = [d for d in documents if d.state in ("posted", "adopted")]
    if word.action == "type":
        wrong = refuse_types(tuple((word.value or "").split(",")), False)
        lone = refuse_types(tuple((word.value or "").split(",")), True)
        if wrong is not None and lone is not None:
            raise InputError(f"--type {word.value}: {wrong}")
    if word.action in ("type", "sale", "adopt") and posted:
        raise InputError(
            f"{row.subject_id} is posted already as {posted[0].kind} {posted[0].number or ''}; "
            f"connector resync {row.subject_id} --replace undoes it and posts anew"
        )
    if word.action == "skip" and row.outcome == "posted":
        raise InputError(f"{row.subject_id} is posted; there is nothing to skip")


def apply(connection: Connection, name: str, row: Any, word: Word, key: str | None, hit: Found | None) -> str:
    mine = (document.c.ledger == name, document.c.subject_id == row.subject_id)
    if word.action == "skip" and row.outcome == "reversed":
        set_decision(connection, name, row, acknowledged=1)
        return f"{row.subject_id}: acknowledged; it is no longer listed as needing a person"
    if word.action == "skip":
        target = () if key is None else (document.c.document_key == key,)
        connection.execute(
            update(document)
            .where(*mine, *target, document.c.state.in_((*STUCK, "planned")))
            .values(state="skipped")
        )
        arrived = connection.execute(
            select(document.c.document_key).where(
                *mine, document.c.state.in_(("posted", "adopted", "reversed"))
            )
        ).first()
        if arrived is not None:
            settle_outcomes(connection, name, [row.subject_id], row.touched_run or "")
            return f"{row.subject_id}: what was held is skipped; its other documents stay"
        set_decision(
            connection,
            name,
            row,
            outcome="excluded",
            aim="excluded",
            reason="skipped_by_person",
            sentence=f"skipped by a person: {word.reason}",
            action=f"connector resync {row.subject_id} brings it back",
            due=0,
        )
        return f"{row.subject_id}: skipped; it is listed as excluded"
    if word.action == "adopt" and hit is not None:
        connection.execute(
            update(document).where(*mine, document.c.state.in_((*STUCK, "planned"))).values(state="skipped")
        )
        insert_many(connection, document, [adopted_row(name, "", row, hit, 0)], ignore=True)
        set_decision(
            connection,
            name,
            row,
            outcome="adopted",
            aim="adopted",
            reason=None,
            sentence=f"adopted by a person as {hit.ledger_id}",
            action=None,
            due=0,
        )
        return f"{row.subject_id}: adopted as {hit.ledger_id}"
    # Whether a held document stands in the ledger after all is looked up before anything is sent again.
    connection.execute(
        update(document)
        .where(*mine, document.c.state.in_(STUCK))
        .values(state="unknown", reason=None, sentence="a person asked to try again")
    )
    set_decision(connection, name, row, due=ASKED)
    return f"{row.subject_id}: recorded; the next sync acts on it"


def set_decision(connection: Connection, name: str, row: Any, **values: Any) -> None:
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject_id == row.subject_id)
        .values(**values)
    )
