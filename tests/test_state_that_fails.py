"""A state that fails while a command runs: one sentence, with --json an object, and the next run goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cli_books import Books, transactions
from cli_shapes import check_report

from connector.store import database

SET_PRAGMAS = database.set_pragmas


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books(tmp_path)
    made.ledger(sales="sales_receipt")
    made.export.charge("100", 11000)
    made.sync()
    for n in range(400):
        made.export.refund(f"{n:03d}", made.export.charge(str(1000 + n), 500), 100)
    made.export.write()
    return made


def limit_pages(limit: int) -> Any:
    """A disk that is full once the state has this many pages more than it has now."""

    def set_pragmas(connection: Any, record: Any) -> None:
        SET_PRAGMAS(connection, record)
        cursor = connection.cursor()
        now = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={now + limit}")
        cursor.close()

    return patch.object(database, "set_pragmas", set_pragmas)


@pytest.mark.parametrize("limit", [5, 100, 250])
def test_a_disk_that_is_full_in_the_middle_of_a_run(books: Books, limit: int) -> None:
    with limit_pages(limit):
        said = books.run("sync", "--json")
    assert said.code == 1
    check_report(said.json)
    (error,) = said.json["errors"]
    assert "acme.db cannot be used: database or disk is full" in error["sentence"]
    assert "Traceback" not in said.err and "unexpected" not in said.err
    with limit_pages(limit):
        plain = books.run("sync")
    assert (plain.code, "unexpected" in plain.err) in ((1, False), (0, False))
    books.sync()
    keys = [t.metadata["document_key"] for t in transactions(books.ledger_folder)]
    assert len(keys) == len(set(keys)) == 801


def test_a_state_that_another_program_keeps_locked(books: Books) -> None:
    def impatient(connection: Any, record: Any) -> None:
        SET_PRAGMAS(connection, record)
        connection.execute("PRAGMA busy_timeout=10")

    with patch.object(database, "set_pragmas", impatient):
        books.run("status")
        other = sqlite3.connect(books.folder / "state" / "acme.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        said = books.run("sync", "--json")
        other.execute("ROLLBACK")
        other.close()
    assert said.code == 1
    (error,) = said.json["errors"]
    assert error["sentence"].endswith("cannot be used: database is locked")
