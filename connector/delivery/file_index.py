"""A disposable index of a books folder: where in which file an entry stands, by key, number and Stripe id.

It lies beside the books in `.index.sqlite3` and can be deleted at any time. A file is read again only when
its stat differs from the one noted; our own appends are added without reading. Callers hold the folder's
lock.
"""

from __future__ import annotations

import glob
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from connector.delivery.file_append import MAIN_NAME, remove_file
from connector.delivery.file_rows import Place, RowReader
from connector.ledgers.beancount_text import Block, Opening

INDEX_NAME = ".index.sqlite3"
MONTH_NAME = re.compile(r"[0-9]{4}-[0-9]{2}\.beancount")
CHUNK_BYTES = 4_000_000
_VERSION = 1
_ASKED_AT_ONCE = 500
_SCHEMA = f"""
CREATE TABLE files (
    file INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE entries (
    file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, line INTEGER NOT NULL,
    ledger_id TEXT NOT NULL, kind TEXT, number TEXT, charge_id TEXT, refund_id TEXT, sale TEXT,
    PRIMARY KEY (file, offset)
) WITHOUT ROWID;
CREATE INDEX entries_ledger_id ON entries (ledger_id);
CREATE INDEX entries_number ON entries (number) WHERE number IS NOT NULL;
CREATE INDEX entries_charge_id ON entries (charge_id) WHERE charge_id IS NOT NULL;
CREATE INDEX entries_refund_id ON entries (refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX entries_sale ON entries (sale) WHERE sale IS NOT NULL;
-- The second and further Stripe ids of an entry that a person wrote.
CREATE TABLE more_ids (stripe_id TEXT NOT NULL, file INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE INDEX more_ids_stripe_id ON more_ids (stripe_id);
CREATE INDEX more_ids_file ON more_ids (file);
PRAGMA user_version = {_VERSION};
"""
_PLACE = "e.file, e.offset, e.length, e.line, e.ledger_id, e.kind, e.number"
_PAGE = f"SELECT {_PLACE} FROM entries e WHERE e.file = ? AND e.offset > ? ORDER BY e.offset LIMIT ?"  # noqa: S608
_COLUMNS = {
    "document_key": "ledger_id",
    "ledger_id": "ledger_id",
    "number": "number",
    "number_kind": "number",
    "charge_id": "charge_id",
    "refund_id": "refund_id",
    "sale": "sale",
}
_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(slots=True)
class BookFile:
    """One file of the books; `included` says whether Beancount reaches it from the main file."""

    file: int
    path: str
    stamp: str
    lines: int = 0
    includes: list[str] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    included: bool = False

    def facts(self) -> str:
        openings = [
            (opening.account, opening.date.isoformat(), opening.currencies) for opening in self.openings
        ]
        return json.dumps([self.lines, self.includes, openings, self.options])


def read_stamp(stat: os.stat_result) -> str:
    """What changes when a file's content does."""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"


class FileIndex:
    """The index of one folder. Raises OSError and sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        self._files: dict[str, BookFile] = {}
        self._data_version = -1

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def discard(self) -> None:
        """Delete the index; the next use builds it anew."""
        self.close()
        for ending in ("", "-wal", "-shm"):
            remove_file(self._folder / (INDEX_NAME + ending))

    # ------------------------------------------------------------------------------------------- the database

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._open()
            except sqlite3.DatabaseError:
                self.discard()
                self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._folder / INDEX_NAME, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            # Not OFF: after a power cut an index that lost rows but kept the stamp would hide documents.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint=4000")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            elif version != _VERSION:
                raise sqlite3.DatabaseError(f"an index of version {version}")
        except BaseException:
            connection.close()
            raise
        self._data_version = -1
        return connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._connect()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            self._data_version = -1
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _load_files(self) -> None:
        """Read the list of files again if another process has changed it."""
        connection = self._connect()
        data_version = connection.execute("PRAGMA data_version").fetchone()[0]
        if data_version == self._data_version:
            return
        self._files = {}
        try:
            self._load_each(connection)
        except (ValueError, TypeError) as error:
            raise sqlite3.DatabaseError("the index holds what it should not") from error
        self._data_version = data_version

    def _load_each(self, connection: sqlite3.Connection) -> None:
        for file, path, stamp, facts in connection.execute("SELECT file, path, stamp, facts FROM files"):
            lines, includes, openings, options = json.loads(facts)
            self._files[path] = BookFile(
                file=file,
                path=path,
                stamp=stamp,
                lines=lines,
                includes=includes,
                openings=[
                    Opening(name, date.fromisoformat(day), tuple(units)) for name, day, units in openings
                ],
                options=[(name, value) for name, value in options],
            )

    # ------------------------------------------------------------------------------------------- what changed

    def refresh(self, before_reading: Callable[[str], None] | None = None) -> None:
        """Bring the index up to date; `before_reading` is called with the path of each file that changed."""
        self._load_files()
        seen: set[str] = set()
        self._follow([MAIN_NAME], seen, before_reading)
        for path in seen:
            self._files[path].included = True
        # A month that the main file no longer names still holds documents that we wrote.
        months = sorted(name for name in os.listdir(self._folder) if MONTH_NAME.fullmatch(name))
        reached = set(seen)
        self._follow(months, reached, before_reading)
        for path in reached - seen:
            self._files[path].included = False
        for path in self._files.keys() - reached:
            self._forget(path)

    def _follow(self, paths: list[str], seen: set[str], before_reading: Callable[[str], None] | None) -> None:
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            book_file = self._look_at(path, before_reading)
            if book_file is None:
                continue
            seen.add(path)
            for pattern in book_file.includes:
                waiting += self._resolve(path, pattern)

    def _resolve(self, path: str, pattern: str) -> list[str]:
        """The files that an `include` in `path` names, relative to the folder."""
        if "\0" in pattern:
            return []
        absolute = os.path.join(self._folder, os.path.dirname(path), pattern)
        found = glob.glob(absolute, recursive=True) if glob.has_magic(pattern) else [absolute]
        return [os.path.relpath(name, self._folder) for name in found]

    def _look_at(self, path: str, before_reading: Callable[[str], None] | None) -> BookFile | None:
        try:
            stat = os.stat(self._folder / path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not os.path.isfile(self._folder / path):
            return None
        known = self._files.get(path)
        if known is not None and known.stamp == read_stamp(stat):
            return known
        if before_reading is not None:
            before_reading(path)
        return self._read_again(path)

    def _forget(self, path: str) -> None:
        with self._writing() as connection:
            book_file = self._files.pop(path)
            _delete_rows(connection, book_file.file)
            connection.execute("DELETE FROM files WHERE file = ?", (book_file.file,))

    def _read_again(self, path: str) -> BookFile:
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO files (path, stamp, facts) VALUES (?, '', '') ON CONFLICT (path) DO NOTHING",
                (path,),
            )
            number = connection.execute("SELECT file FROM files WHERE path = ?", (path,)).fetchone()[0]
            book_file = BookFile(file=number, path=path, stamp="")
            _delete_rows(connection, number)
            reader = RowReader(number, path)
            with open(self._folder / path, "rb") as stream:
                before = read_stamp(os.fstat(stream.fileno()))
                for base, chunk in _read_chunks(stream):
                    reader.read(base, chunk)
                    _insert_rows(connection, reader)
                # A file that is being saved right now is read again the next time.
                if before == read_stamp(os.fstat(stream.fileno())):
                    book_file.stamp = before
            book_file.lines = reader.lines
            book_file.openings, book_file.includes = reader.openings, reader.includes
            book_file.options = reader.options
            _store_file(connection, book_file)
        self._files[path] = book_file
        return book_file

    def forget_stamp(self, path: str) -> None:
        """Have a file read again at the next refresh."""
        with self._writing() as connection:
            self._files[path].stamp = ""
            _store_file(connection, self._files[path])

    def extend(
        self, path: str, text: str, blocks: Sequence[Block], before: os.stat_result, after: os.stat_result
    ) -> None:
        """Add what was just appended; a file that something else changed too is left to the next refresh."""
        book_file = self._files[path]
        size = len(text.encode())
        if book_file.stamp != read_stamp(before) or after.st_size != before.st_size + size:
            return
        with self._writing() as connection:
            reader = RowReader(book_file.file, path)
            reader.add(before.st_size, text, blocks, book_file.lines)
            _insert_rows(connection, reader)
            book_file.lines += text.count("\n")
            book_file.stamp = read_stamp(after)
            _store_file(connection, book_file)

    # ---------------------------------------------------------------------------------------------- questions

    def files(self) -> list[BookFile]:
        """Every file of the books, by path; call `refresh` first."""
        return [self._files[path] for path in sorted(self._files)]

    def find(
        self, by: str, values: Sequence[Any], after: tuple[str, int] | None, limit: int | None
    ) -> tuple[list[Place], bool]:
        """Entries by one of their names, or `all`, ordered by path and offset; whether more follow.

        `values` are strings, for `number_kind` pairs (kind, number). `after` is the path and offset of the
        last entry of the page before.
        """
        if by == "all":
            found = self._page(after, limit)
        else:
            found = sorted(place for place in self._select(by, values) if after is None or place[:2] > after)
        if limit is not None and len(found) > limit:
            return found[:limit], True
        return found, False

    def _page(self, after: tuple[str, int] | None, limit: int | None) -> list[Place]:
        """One entry more than `limit`, so that the caller sees whether there are more."""
        connection = self._connect()
        found: list[Place] = []
        for book_file in self.files():
            if after is not None and book_file.path < after[0]:
                continue
            offset = after[1] if after is not None and book_file.path == after[0] else -1
            at_most = -1 if limit is None else limit + 1 - len(found)
            rows = connection.execute(_PAGE, (book_file.file, offset, at_most))
            found += [Place(book_file.path, *row[1:5]) for row in rows]
            if limit is not None and len(found) > limit:
                break
        return found

    def _select(self, by: str, values: Sequence[Any]) -> Iterator[Place]:
        connection = self._connect()
        paths = {book_file.file: book_file.path for book_file in self._files.values()}
        column = _COLUMNS[by]
        pairs = {(kind, number) for kind, number in values} if by == "number_kind" else None
        asked = list(
            dict.fromkeys(number for _, number in values) if pairs is not None else dict.fromkeys(values)
        )
        seen: set[tuple[int, int]] = set()
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            part = asked[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(part))
            sql = f"SELECT {_PLACE} FROM entries e WHERE e.{column} IN ({marks})"  # noqa: S608
            if by in ("charge_id", "refund_id"):
                sql += (
                    f" UNION SELECT {_PLACE} FROM more_ids m JOIN entries e ON e.file = m.file"  # noqa: S608
                    f" AND e.offset = m.offset WHERE m.stripe_id IN ({marks})"
                )
                part = part * 2
            for row in connection.execute(sql, part):
                if (row[0], row[1]) not in seen and (pairs is None or (row[5], row[6]) in pairs):
                    seen.add((row[0], row[1]))
                    yield Place(paths[row[0]], *row[1:5])


def _delete_rows(connection: sqlite3.Connection, file: int) -> None:
    connection.execute("DELETE FROM entries WHERE file = ?", (file,))
    connection.execute("DELETE FROM more_ids WHERE file = ?", (file,))


def _insert_rows(connection: sqlite3.Connection, reader: RowReader) -> None:
    connection.executemany(_INSERT, reader.rows)
    connection.executemany("INSERT INTO more_ids VALUES (?, ?, ?)", reader.more_ids)
    reader.rows.clear()
    reader.more_ids.clear()


def _store_file(connection: sqlite3.Connection, book_file: BookFile) -> None:
    connection.execute(
        "UPDATE files SET stamp = ?, facts = ? WHERE file = ?",
        (book_file.stamp, book_file.facts(), book_file.file),
    )


def _read_chunks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """A file in pieces that end between two directives, each with the offset at which it begins."""
    base, rest = 0, b""
    while piece := stream.read(CHUNK_BYTES):
        rest += piece
        end = rest.rfind(b"\n\n")
        while end >= 0 and not rest[end + 2 : end + 3].isdigit():
            end = rest.rfind(b"\n\n", 0, end + 1)
        if end >= 0:
            yield base, rest[: end + 2]
            base, rest = base + end + 2, rest[end + 2 :]
    yield base, rest
