"""A disposable index of a books folder, beside the books in `.index.sqlite3`: where the entries stand.

It can be deleted at any time and is built anew if it is damaged or of another version. Values are kept as
hashes (`file_rows.hash_term`), so whoever asks reads the entries and judges them. Callers hold the folder's
lock. What was appended is kept in memory and written in large portions: written one batch at a time it would
touch every page of the index again and again. A run that is killed meanwhile leaves an older stamp with the
file, and the next one reads that file again.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connector.delivery.file_append import remove_file
from connector.delivery.file_rows import ENTRY_BITS, Row, RowReader
from connector.ledgers.beancount_text import Opening

INDEX_NAME = ".index.sqlite3"
RECENT_ROWS = 30_000
_VERSION = 3
_ASKED_AT_ONCE = 500
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE files (
    file INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE entries (
    entry INTEGER PRIMARY KEY, file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    line INTEGER NOT NULL, name TEXT
);
CREATE UNIQUE INDEX entries_place ON entries (file, offset);
CREATE TABLE terms (term INTEGER PRIMARY KEY);
CREATE TABLE left_behind (entries INTEGER NOT NULL);
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_LOOK_UP = """
WITH asked (hash) AS (VALUES %s)
SELECT e.entry, e.file, e.offset, e.length, e.line, e.name
FROM asked CROSS JOIN terms t ON t.term BETWEEN asked.hash AND asked.hash + 2147483647
JOIN entries e ON e.entry = t.term & 2147483647
"""
# To find the terms of one file, all would have to be read. So they are left behind when its entries go, until
# they are many; one that names the number of a newer entry is seen through when that entry is read.
_SWEEP_AFTER = 100_000
_PAGE = """
SELECT entry, file, offset, length, line, name FROM entries WHERE file = ? AND offset > ? ORDER BY offset LIMIT ?
"""


@dataclass(slots=True)
class BookFile:
    """One file of the books; `path` is relative to the folder, `stamp` tells whether it has changed since."""

    file: int
    path: str
    stamp: str = ""
    lines: int = 0
    includes: list[str] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)

    def facts(self) -> str:
        """What is kept of the file beside its entries."""
        openings = [
            (opening.account, opening.date.isoformat(), opening.currencies, opening.closes)
            for opening in self.openings
        ]
        return json.dumps([self.lines, self.includes, openings, self.options])


def read_stamp(stat: os.stat_result) -> str:
    """What changes when a file's content does."""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"


class FileIndex:
    """The index of one folder; `files` are those known, by path. Raises OSError and sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, BookFile] = {}
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        self._data_version = -1
        self._next_entry = 1
        self._recent: list[Row] = []
        self._recent_terms: list[int] = []
        self._recent_hashes: set[int] = set()
        self._recent_paths: set[str] = set()

    def close(self) -> None:
        """Let go of the database; what is not written yet is read from the files by the next."""
        self._forget_recent()
        self._data_version = -1
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def discard(self) -> None:
        """Delete the index; the next use builds it anew."""
        self.close()
        for ending in ("", "-wal", "-shm"):
            remove_file(self._folder / (INDEX_NAME + ending))

    def load(self) -> None:
        """Read the list of files again if another process has changed it."""
        connection = self._connect()
        data_version = connection.execute("PRAGMA data_version").fetchone()[0]
        if data_version == self._data_version:
            return
        self._forget_recent()
        self.files = {}
        try:
            for file, path, stamp, facts in connection.execute("SELECT file, path, stamp, facts FROM files"):
                self.files[path] = _read_facts(BookFile(file, path, stamp), facts)
        except (ValueError, TypeError) as error:
            raise sqlite3.DatabaseError("the index holds what it should not") from error
        self._next_entry = 1 + connection.execute("SELECT ifnull(max(entry), 0) FROM entries").fetchone()[0]
        self._data_version = data_version

    def reader(self, book_file: BookFile) -> RowReader:
        """A reader of what follows in a file."""
        return RowReader(book_file.file, book_file.path, self._next_entry, book_file.lines)

    def drop(self, path: str) -> None:
        """Forget a file."""
        with self._writing() as connection:
            _delete_file(connection, path)
        del self.files[path]

    def replace(
        self, path: str, chunks: Iterable[tuple[int, bytes]], read_stamp_after: Callable[[], str]
    ) -> BookFile:
        """Put what a file holds now, piece by piece, in the place of what was known of it."""
        with self._writing() as connection:
            _delete_file(connection, path)
            number = connection.execute(
                "INSERT INTO files (path, stamp, facts) VALUES (?, '', '')", (path,)
            ).lastrowid
            assert number is not None
            reader = RowReader(number, path, self._next_entry)
            for base, content in chunks:
                reader.read(base, content)
                _insert_rows(connection, reader.rows, reader.terms)
                reader.rows, reader.terms = [], []
            book_file = BookFile(
                file=number,
                path=path,
                stamp=read_stamp_after(),
                lines=reader.lines,
                includes=reader.includes,
                openings=reader.openings,
                options=reader.options,
            )
            _store_file(connection, book_file)
        self._next_entry = reader.next_entry
        self.files[path] = book_file
        return book_file

    def extend(self, book_file: BookFile, reader: RowReader, stamp: str) -> None:
        """Add what was appended to a file."""
        self._recent += reader.rows
        self._recent_terms += reader.terms
        self._recent_hashes.update([term >> ENTRY_BITS for term in reader.terms])
        self._next_entry = reader.next_entry
        book_file.lines, book_file.stamp = reader.lines, stamp
        self._recent_paths.add(book_file.path)
        if len(self._recent) >= RECENT_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what was added lately."""
        if not self._recent_paths:
            return
        connection = self._connect()
        with _transaction(connection):
            _insert_rows(connection, self._recent, self._recent_terms)
            for path in self._recent_paths:
                _store_file(connection, self.files[path])
        self._forget_recent()

    def expire(self, path: str) -> None:
        """Have a file read again."""
        self.files[path].stamp = ""

    def look_up(self, terms: Iterable[int]) -> Iterator[Row]:
        """The entries that have one of these hashed values, in no order, once for each of them."""
        connection = self._connect()
        asked = list(dict.fromkeys(terms))
        # Mostly it is asked whether what is to be appended stands already, and it does not.
        if not self._recent_hashes.isdisjoint(asked):
            self.flush()
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            part = [asked_hash << ENTRY_BITS for asked_hash in asked[start : start + _ASKED_AT_ONCE]]
            for row in connection.execute(_LOOK_UP % ",".join(["(?)"] * len(part)), part):
                yield Row(*row)

    def page(self, file: int, after: int, limit: int) -> list[Row]:
        """The next entries of a file behind an offset, in order; a `limit` of -1 is none."""
        self.flush()
        return [Row(*row) for row in self._connect().execute(_PAGE, (file, after, limit))]

    # ------------------------------------------------------------------------------------------- the database

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = _open(self._folder / INDEX_NAME)
            except sqlite3.DatabaseError:
                self.discard()
                self._connection = _open(self._folder / INDEX_NAME)
        return self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self.flush()
        connection = self._connect()
        with _transaction(connection):
            yield connection

    def _forget_recent(self) -> None:
        self._recent, self._recent_terms = [], []
        self._recent_hashes, self._recent_paths = set(), set()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # Not OFF: after a power cut an index that lost rows but kept a file's stamp would hide documents.
        connection.execute("PRAGMA synchronous=NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(_SCHEMA)
        elif version != _VERSION:
            raise sqlite3.DatabaseError(f"an index of version {version}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _read_facts(book_file: BookFile, facts: str) -> BookFile:
    book_file.lines, book_file.includes, openings, options = json.loads(facts)
    book_file.openings = [
        Opening(account, date.fromisoformat(day), tuple(currencies), closes)
        for account, day, currencies, closes in openings
    ]
    book_file.options = [(name, value) for name, value in options]
    return book_file


def _delete_file(connection: sqlite3.Connection, path: str) -> None:
    known = connection.execute("SELECT file FROM files WHERE path = ?", (path,)).fetchone()
    if known is None:
        return
    deleted = connection.execute("DELETE FROM entries WHERE file = ?", known).rowcount
    connection.execute("DELETE FROM files WHERE file = ?", known)
    connection.execute("INSERT INTO left_behind VALUES (?)", (deleted,))
    if connection.execute("SELECT total(entries) FROM left_behind").fetchone()[0] > _SWEEP_AFTER:
        connection.execute("DELETE FROM terms WHERE term & 2147483647 NOT IN (SELECT entry FROM entries)")
        connection.execute("DELETE FROM left_behind")


def _insert_rows(connection: sqlite3.Connection, rows: list[Row], terms: list[int]) -> None:
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
    # In the order of the table, so that each of its pages is written once.
    terms.sort()
    connection.executemany("INSERT OR IGNORE INTO terms VALUES (?)", zip(terms))


def _store_file(connection: sqlite3.Connection, book_file: BookFile) -> None:
    connection.execute(
        "UPDATE files SET stamp = ?, facts = ? WHERE file = ?",
        (book_file.stamp, book_file.facts(), book_file.file),
    )
