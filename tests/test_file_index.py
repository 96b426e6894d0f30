"""Whatever is done to a books folder, its index says what reading every file anew would say."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from journals import append, find, key, memo

from connector.delivery import file_index
from connector.delivery.file_courier import FileCourier
from connector.ledgers.beancount_text import parse_journal, stripe_ids

MONTHS = ["2026-03.beancount", "2026-04.beancount"]
FILES = [*MONTHS, "hand.beancount", "main.beancount"]
HAND = """\
2026-0{month}-01 * "Caf\u00e9 {number}" "by hand" ^re_{number} ^re_{other}
  number: "{number}"
  sale: "S{other}"
  Income:Sales  1.00 USD
  Assets:Bank

"""
numbers = st.integers(0, 40)


class Folder(RuleBasedStateMachine):
    """A folder, two couriers on it, and a person."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "books"
        self.folder.mkdir()
        self.write("main.beancount", 'include "hand.beancount"\n')
        self.couriers = [FileCourier(self.folder), FileCourier(self.folder)]
        self.edits = 0

    def teardown(self) -> None:
        for courier in self.couriers:
            courier.close()
        shutil.rmtree(self.root)

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    @rule(which=st.integers(0, 1), first=numbers, count=st.integers(1, 3), month=st.sampled_from(MONTHS))
    def append(self, which: int, first: int, count: int, month: str) -> None:
        text = "".join(memo(first + place, f"\u00c4 {place}") for place in range(count))
        standing = {entry["metadata"].get("document_key") for entry in self.whole()}
        taken = any(key(first + place) in standing for place in range(count))
        answer = self.couriers[which].carry(append(text, month))
        assert answer.status == (409 if taken else 200), answer

    @rule(
        name=st.sampled_from(FILES),
        number=numbers,
        other=numbers,
        month=st.integers(1, 9),
        at_end=st.booleans(),
    )
    def write_by_hand(self, name: str, number: int, other: int, month: int, at_end: bool) -> None:
        text = self.read(name)
        if at_end and text and not text.endswith("\n"):
            text += "\n"
        entry = HAND.format(number=number, other=other, month=month)
        self.write(name, text + entry if at_end else entry + text)

    @rule(name=st.sampled_from(FILES), place=st.integers(0, 9))
    def remove_by_hand(self, name: str, place: int) -> None:
        blocks = self.read(name).split("\n\n")
        del blocks[place : place + 1]
        self.write(name, "\n\n".join(blocks))

    @rule(name=st.sampled_from(FILES), number=numbers)
    def change_by_hand(self, name: str, number: int) -> None:
        self.write(name, re.sub(r'number: "[^"]*"', f'number: "{number}"', self.read(name), count=1))

    @rule(name=st.sampled_from(FILES))
    def rename_by_hand(self, name: str) -> None:
        if (self.folder / name).exists():
            (self.folder / name).rename(self.folder / (name + "~"))

    @rule(name=st.sampled_from(FILES))
    def rename_back(self, name: str) -> None:
        if (self.folder / (name + "~")).exists():
            (self.folder / (name + "~")).rename(self.folder / name)

    @rule(which=st.integers(0, 1), end=st.booleans())
    def begin_anew(self, which: int, end: bool) -> None:
        if end:
            self.couriers[which].close()
        self.couriers[which] = FileCourier(self.folder)

    @rule()
    def delete_the_index(self) -> None:
        for path in self.folder.glob(f"{file_index.INDEX_NAME}*"):
            path.unlink()

    @precondition(lambda self: (self.folder / file_index.INDEX_NAME).exists())
    @rule(damage=st.sampled_from(["garbage", "empty", "half", "first page", "version", "facts", "stamps"]))
    def damage_the_index(self, damage: str) -> None:
        for courier in self.couriers:
            courier.close()
        path = self.folder / file_index.INDEX_NAME
        if damage == "garbage":
            path.write_bytes(b"no database" * 1000)
        elif damage == "empty":
            path.write_bytes(b"")
        elif damage in ("half", "first page"):
            os.truncate(path, path.stat().st_size // 2 if damage == "half" else 4096)
        else:
            index = sqlite3.connect(path)
            if damage == "version":
                index.execute("PRAGMA user_version = 99")
            elif damage == "facts":
                index.execute("UPDATE files SET facts = 'no json'")
            else:
                index.execute("UPDATE files SET stamp = ''")
            index.commit()
            index.close()

    def whole(self) -> list[dict[str, Any]]:
        """Every entry, by reading every file that counts."""
        waiting, reached = ["main.beancount", *MONTHS], dict[str, Any]()
        while waiting:
            name = waiting.pop()
            if name not in reached and (self.folder / name).exists():
                reached[name] = parse_journal(self.read(name))
                waiting += reached[name].includes
        return [
            {
                "file": name,
                "line": entry.line,
                "metadata": entry.metadata,
                "narration": entry.narration,
                "payee": entry.payee,
                "ids": stripe_ids(entry),
            }
            for name in sorted(reached)
            for entry in reached[name].entries
        ]

    @invariant()
    def the_index_says_what_the_files_say(self) -> None:
        expected = self.whole()
        for courier in self.couriers:
            found = [
                {
                    "file": entry["file"],
                    "line": entry["line"],
                    "metadata": entry["metadata"],
                    "narration": entry["narration"],
                    "payee": entry["payee"],
                    "ids": (tuple(entry["refund_ids"]), tuple(entry["charge_ids"])),
                }
                for entry in find(courier, "all")
            ]
            assert found == expected
            names: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
            for entry in expected:
                for by in ("document_key", "number", "sale"):
                    if by in entry["metadata"]:
                        names[by][entry["metadata"][by]] += 1
                for refund_id in entry["ids"][0]:
                    names["refund_id"][refund_id] += 1
            for by, counts in names.items():
                for value, count in counts.items():
                    assert len(find(courier, by, value)) == count, (by, value)
            assert len({entry["ledger_id"] for entry in find(courier, "all")}) == len(expected) - sum(
                count - 1 for count in names["document_key"].values()
            )


Folder.TestCase.settings = settings(max_examples=40, stateful_step_count=15)
TestFolder = pytest.mark.usefixtures("small_portions")(Folder.TestCase)


@pytest.fixture(scope="class")
def small_portions() -> Any:
    """Portions so small that they are written, swept and read in pieces within a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_index, "RECENT_ROWS", 4)
        patch.setattr(file_index, "_SWEEP_AFTER", 10)
        patch.setattr("connector.delivery.file_books.CHUNK_BYTES", 700)
        patch.setattr("connector.delivery.file_append.sync_file", lambda descriptor: None)
        patch.setattr("connector.delivery.file_append.sync_folder", lambda folder: None)
        yield
