"""What people decided about refunds: kept in the state, and in decisions.jsonl beside the settings file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from connector.errors import InputError
from connector.planning.case import PersonWord
from connector.store.bulk import insert_many, within
from connector.store.schema import person_decision

FIELDS = ("decision_id", "ledger", "subject_id", "document_key", "action", "value", "actor", "at", "reason")


def read_words(connection: Connection, ledger: str, subject_ids: Sequence[str]) -> dict[str, PersonWord]:
    """The latest word on each subject: a retry forgets an earlier skip, type or sale; types and sale add up."""
    words: dict[str, PersonWord] = {}
    rows = connection.execute(
        select(person_decision)
        .where(
            person_decision.c.ledger == ledger, within(connection, person_decision.c.subject_id, subject_ids)
        )
        .order_by(person_decision.c.place)
    )
    for row in rows:
        word = words.get(row.subject_id, PersonWord())
        words[row.subject_id] = apply_word(word, row.action, row.value, row.reason)
    return words


def apply_word(word: PersonWord, action: str, value: str | None, reason: str) -> PersonWord:
    if action == "skip":
        return PersonWord(skip=reason)
    if action == "retry":
        return PersonWord(retry=True, types=word.types, sale_id=word.sale_id)
    if action == "type":
        return PersonWord(types=tuple((value or "").split(",")), sale_id=word.sale_id)
    if action == "sale":
        return PersonWord(types=word.types, sale_id=value)
    if action == "adopt":
        return PersonWord(adopt_id=value)
    return PersonWord()


def record_word(connection: Connection, word: dict[str, Any]) -> None:
    """Store one decision; `word` has the FIELDS."""
    place = connection.execute(select(func.coalesce(func.max(person_decision.c.place), 0))).scalar_one() + 1
    connection.execute(insert(person_decision).values(**word, place=place))


def append_line(path: Path, word: dict[str, Any]) -> None:
    """Append one decision to decisions.jsonl, on disk when this returns."""
    line = json.dumps({name: word.get(name) for name in FIELDS}, ensure_ascii=False) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_lines(connection: Connection, path: Path) -> int:
    """Read decisions.jsonl into a state that has none. Returns how many were read; a bad line is an `InputError`."""
    known = connection.execute(select(func.count()).select_from(person_decision)).scalar_one()
    if known or not path.exists():
        return 0
    rows = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: the decisions of people cannot be read: {error}") from None
    for place, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            word = json.loads(line)
            rows.append({**{name: word[name] for name in FIELDS}, "place": place})
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}:{place}: not a decision that the connector wrote: {error}") from None
    insert_many(connection, person_decision, rows, ignore=True)
    return len(rows)
