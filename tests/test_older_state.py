"""An older copy of the state is restored beside newer books, and `rebuild` run: nothing is written twice."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from exactly_once import check_nothing_twice
from ledger_moods import MOODS, Weather
from small_books import SmallBooks
from test_plans_made_again import REFUND, command, kinds, open_shop, resolve


def keep_state(books: SmallBooks) -> Path:
    connection = sqlite3.connect(books.state)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return shutil.copyfile(books.state, books.folder / "older.db")


def restore(books: SmallBooks, older: Path) -> None:
    books.lose_state()
    shutil.copyfile(older, books.state)


@pytest.mark.parametrize("mood", ["down", "period closed", "rejected", "lost before the write"])
def test_what_was_written_after_the_copy_is_not_written_again(tmp_path: Path, mood: str) -> None:
    books = open_shop(tmp_path, fees=False)
    with Weather(books.world.clock, write_faults={1: MOODS[mood]}).over():
        books.sync()
        older = keep_state(books)
        if mood == "rejected":
            resolve(books, "--retry")
        books.sync()
        assert kinds(books) == ["refund_receipt"]
        restore(books, older)
        command(books, "rebuild", code=3 if mood in ("rejected", "period closed") else 1)
        for _ in range(2):
            assert books.sync().errors == []
    check_nothing_twice(books.transactions())
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}


def test_what_was_skipped_in_the_copy_and_posted_later(tmp_path: Path) -> None:
    books = open_shop(tmp_path, fees=False)
    with Weather(books.world.clock, write_faults={1: MOODS["rejected"]}).over():
        books.sync()
        resolve(books, "--skip")
        books.sync()
        older = keep_state(books)
        command(books, "resync", REFUND)
        restore(books, older)
        command(books, "rebuild")
        assert books.sync().errors == []
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}
    assert set(books.states()) == {"posted"}
