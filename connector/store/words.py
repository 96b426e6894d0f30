"""What people decided about refunds: kept in the state, and in decisions.jsonl beside the settings file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from connector.errors import InputError
from connector.planning.case import PersonWord
from connector.planning.model import REFUND_TYPES
from connector.store.bulk import insert_many, within
from connector.store.schema import person_decision

FIELDS = ("decision_id", "ledger", "subject_id", "document_key", "action", "value", "actor", "at", "reason")
ACTIONS = ("retry", "skip", "adopt", "sale", "type")
# The longest text that the state keeps of each.
LENGTHS = {
    "decision_id": 32,
    "ledger": 64,
    "subject_id": 255,
    "document_key": 26,
    "action": 16,
    "value": None,
    "actor": None,
    "reason": None,
}


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


def append_lines(path: Path, words: Sequence[Mapping[str, Any]]) -> None:
    """Append decisions to decisions.jsonl, on disk when this returns; `OSError`, and none of them, where that fails.

    A last line that was never finished was never a decision: it is cut off. One that only lacks its line break gets it.
    """
    lines = [
        json.dumps({name: word.get(name) for name in FIELDS}, ensure_ascii=False) + "\n" for word in words
    ]
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        before = os.pread(descriptor, size, 0)
        whole = before[: before.rfind(b"\n") + 1]
        begun = before[len(whole) :]
        if begun and not is_finished(begun):
            os.ftruncate(descriptor, len(whole))
            size, begun = len(whole), b""
        try:
            write_all(descriptor, (b"\n" if begun else b"") + "".join(lines).encode())
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        if not before:
            sync_folder(path.parent)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """A new file is found again after a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_finished(line: bytes) -> bool:
    """Whether a line without its line break is whole."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def read_lines(connection: Connection, path: Path) -> list[dict[str, Any]]:
    """Read what the state lacks of decisions.jsonl; returns those decisions, in order. A bad line is an `InputError`."""
    if not path.exists():
        return []
    try:
        content = path.read_bytes()
        if not content.endswith(b"\n") and not is_finished(content[content.rfind(b"\n") + 1 :]):
            content = content[: content.rfind(b"\n") + 1]
        text = content.decode("utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: the decisions of people cannot be read: {error}") from None
    words: dict[str, dict[str, Any]] = {}
    for place, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            word = read_word(line)
        except ValueError as error:
            raise InputError(f"{path}:{place}: not a decision that the connector wrote: {error}") from None
        if words.setdefault(word["decision_id"], word) != word:
            raise InputError(f"{path}:{place}: another decision has the same decision_id")
    known = {row.decision_id for row in connection.execute(select(person_decision.c.decision_id))}
    fresh = [word for decision_id, word in words.items() if decision_id not in known]
    first = connection.execute(select(func.coalesce(func.max(person_decision.c.place), 0))).scalar_one() + 1
    insert_many(connection, person_decision, [{**word, "place": first + n} for n, word in enumerate(fresh)])
    return fresh


def read_word(line: str) -> dict[str, Any]:
    """One line, checked; raises `ValueError` with what is wrong."""
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    word = {name: found.get(name) for name in FIELDS}
    for name, length in LENGTHS.items():
        value = word[name]
        if value is None and name in ("document_key", "value"):
            continue
        if not isinstance(value, str) or not value or "\0" in value:
            raise ValueError(f"{name} is not a text")
        value.encode()
        if length is not None and len(value) > length:
            raise ValueError(f"{name} is longer than {length} characters")
    if type(word["at"]) is not int or not 0 <= word["at"] < 2**63:
        raise ValueError("at is not a time in whole seconds")
    action, value = word["action"], word["value"]
    if action not in ACTIONS:
        raise ValueError(f"action {action!r} is none of {', '.join(ACTIONS)}")
    if action in ("adopt", "sale", "type") and value is None:
        raise ValueError(f"{action} needs a value")
    if action == "type" and not set(str(value).split(",")) <= set(REFUND_TYPES):
        raise ValueError(f"{value!r} is no refund type")
    return word
