"""decisions.jsonl: what people decided outlives the state, an older state, a full disk and a careless editor."""

from __future__ import annotations

import errno
import json
import os
import shutil
from typing import Any
from unittest.mock import patch

import pytest
from cli_books import Books, Json
from test_cli_hand import RECEIPT, adopted_by_hand, books, decisions, held, resolve, states

__all__ = ["books", "held"]


@pytest.mark.parametrize("action", ["adopt", "skip", "type"])
def test_later_decisions_are_read_into_an_older_state(held: Books, action: str) -> None:
    held.export.refund("other", "ch_200", 700, reason="fraudulent")
    held.sync(code=3)
    resolve(held, "re_other", "--skip")
    shutil.copytree(held.folder / "state", held.folder / "older")
    if action == "adopt":
        adopted_by_hand(held)
    else:
        resolve(held, "re_bad", *{"skip": ("--skip",), "type": ("--type", "refund_receipt")}[action])
    held.sync()
    files, outcome = held.files(), held.outcome("re_bad")
    held.lose_state()
    (held.folder / "older").rename(held.folder / "state")
    assert held.outcome("re_bad")["outcome"] == "held"
    assert held.run("rebuild").code == 0
    held.rules(RECEIPT)
    held.sync()
    assert held.files() == files
    for field in ("outcome", "reason", "number"):
        assert held.outcome("re_bad")[field] == outcome[field]
    assert len(held.explain("re_bad")["ledgers"]["main"]["decisions_by_people"]) == 1


def test_an_acknowledgement_is_read_into_an_older_state(books: Books) -> None:
    books.sync()
    shutil.copytree(books.folder / "state", books.folder / "older")
    books.export.fail("re_one")
    books.sync()
    resolve(books, "re_one", "--skip", reason="paid by cheque")
    files = books.files()
    books.lose_state()
    (books.folder / "older").rename(books.folder / "state")
    assert books.run("rebuild").code == 0
    books.sync()
    assert books.files() == files
    assert books.outcome("re_one")["outcome"] == "reversed"
    assert books.listed("held") == []


def test_a_word_whose_run_died_before_it_was_stored_takes_effect(held: Books) -> None:
    """The line stands, the state does not know it: said is said."""
    resolve(held, "re_bad", "--retry")
    shutil.copytree(held.folder / "state", held.folder / "older")
    resolve(held, "re_bad", "--type", "refund_receipt")
    held.lose_state()
    (held.folder / "older").rename(held.folder / "state")
    held.sync()
    assert states(held, "re_bad") == {"refund_receipt": "posted"}
    held.sync()
    assert len(decisions(held)) == 2


@pytest.mark.parametrize("ending", ["", '\n{"decision_id": "4f', "\n\n"])
def test_a_last_line_that_an_editor_or_a_kill_left_unended(held: Books, ending: str) -> None:
    held.export.refund("other", "ch_200", 700, reason="fraudulent")
    held.sync(code=3)
    resolve(held, "re_bad", "--skip")
    path = held.folder / "decisions.jsonl"
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + ending, encoding="utf-8")
    held.sync(code=3)
    resolve(held, "re_other", "--skip")
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert [json.loads(line)["subject_id"] for line in lines] == ["re_bad", "re_other"]
    held.lose_state()
    held.sync()
    assert held.outcome("re_bad")["reason"] == held.outcome("re_other")["reason"] == "skipped_by_person"


def test_a_disk_that_takes_a_part_of_a_decision_has_none_of_it(held: Books) -> None:
    resolve(held, "re_bad", "--retry")
    path = held.folder / "decisions.jsonl"
    before = path.read_bytes()
    write, calls = os.write, []

    def full(descriptor: int, content: Any) -> int:
        if os.path.realpath(f"/proc/self/fd/{descriptor}") != str(path.resolve()):
            return write(descriptor, content)
        calls.append(bytes(content))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content[:20])

    with patch("os.write", full):
        assert "nothing was recorded" in resolve(held, "re_bad", "--skip", code=1)
    assert len(calls) == 2
    assert path.read_bytes() == before
    held.sync(code=3)
    assert held.outcome("re_bad")["outcome"] == "held"


def test_refunds_named_together_in_a_resync_are_recorded_together(held: Books) -> None:
    held.export.refund("other", "ch_200", 700, reason="fraudulent")
    held.sync(code=3)
    for refund in ("re_bad", "re_other"):
        resolve(held, refund, "--skip")
    write = os.write

    def full(descriptor: int, content: Any) -> int:
        if b"named in a resync" in bytes(content) and b"re_other" in bytes(content):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content)

    with patch("os.write", full):
        said = held.run("resync", "re_bad", "re_other")
    assert said.code == 1 and "nothing was recorded" in said.err
    assert [one["action"] for one in decisions(held)] == ["skip", "skip"]


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "frob"},
        {"action": "type", "value": "refund_recipt"},
        {"action": "type", "value": None},
        {"action": "adopt", "value": None},
        {"action": "sale", "value": ["x"]},
        {"at": "yesterday"},
        {"at": True},
        {"subject_id": None},
        {"reason": 5},
        {"actor": "a\0b"},
        {"ledger": "x" * 65},
        {"value": "\ud800"},
    ],
)
def test_a_bad_decision_is_named_by_its_line(held: Books, changes: Json) -> None:
    for _ in range(2):
        resolve(held, "re_bad", "--retry")
    path = held.folder / "decisions.jsonl"
    lines = decisions(held)
    lines[1].update(changes)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    held.lose_state()
    refused = held.run("sync")
    assert refused.code == 2
    assert f"{path}:2: not a decision" in refused.err


def test_two_decisions_of_one_id(held: Books) -> None:
    resolve(held, "re_bad", "--retry")
    path = held.folder / "decisions.jsonl"
    (line,) = decisions(held)
    path.write_text(json.dumps(line) + "\n" + json.dumps(line | {"action": "skip"}) + "\n", encoding="utf-8")
    refused = held.run("sync")
    assert refused.code == 2
    assert f"{path}:2: another decision has the same decision_id" in refused.err
