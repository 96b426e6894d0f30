"""The files of a books folder as Beancount reaches them, what changed in them, and the entries they hold."""

from __future__ import annotations

import errno
import glob
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from connector.delivery.file_append import MAIN_NAME
from connector.delivery.file_index import BookFile, FileIndex, read_stamp
from connector.delivery.file_requests import FoundEntry, Printed, Question
from connector.delivery.file_rows import Row, decode_books, hash_term
from connector.ledgers.beancount_text import Opening, parse_entry

MONTH_NAME = re.compile(r"[0-9]{4}-[0-9]{2}\.beancount")
CHUNK_BYTES = 4_000_000
_ENTRIES_AT_ONCE = 1000


class Moved(OSError):
    """An entry is not where the index has it; `filename` is the path of the file."""


class Books:
    """The books of one folder, through their index; callers hold the folder's lock.

    Raises OSError and sqlite3.Error.
    """

    def __init__(self, folder: Path) -> None:
        self.index = FileIndex(folder)
        self._folder = os.fspath(folder)
        self._included: set[str] = set()

    # --------------------------------------------------------------------------------------------- what changed

    def refresh(self, before_reading: Callable[[str], None] | None = None) -> None:
        """Read what has changed since; `before_reading` is called with the path of each file that did."""
        self.index.load()
        included: set[str] = set()
        self._follow([MAIN_NAME], included, before_reading)
        # A month that the main file no longer names still holds documents that we wrote.
        reached = set(included)
        months = [name for name in os.listdir(self._folder) if MONTH_NAME.fullmatch(name)]
        self._follow(months, reached, before_reading)
        for path in self.index.files.keys() - reached:
            self.index.drop(path)
        self._included = included

    def _follow(
        self, paths: list[str], reached: set[str], before_reading: Callable[[str], None] | None
    ) -> None:
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path in reached:
                continue
            book_file = self._look_at(path, before_reading)
            if book_file is not None:
                reached.add(path)
                for pattern in book_file.includes:
                    waiting += self._resolve(path, pattern)

    def _resolve(self, path: str, pattern: str) -> list[str]:
        """The files that an `include` in `path` names, relative to the folder."""
        if "\0" in pattern:
            return []
        if "/" not in path and "/" not in pattern and not glob.has_magic(pattern):
            return [pattern]
        absolute = os.path.join(self._folder, os.path.dirname(path), pattern)
        found = glob.glob(absolute, recursive=True) if glob.has_magic(pattern) else [absolute]
        return [os.path.relpath(name, self._folder) for name in found]

    def _look_at(self, path: str, before_reading: Callable[[str], None] | None) -> BookFile | None:
        place = os.path.join(self._folder, path)
        try:
            stamp = read_stamp(os.stat(place))
        except (FileNotFoundError, NotADirectoryError):
            return None
        known = self.index.files.get(path)
        if known is not None and known.stamp == stamp:
            return known
        if not os.path.isfile(place):
            return None
        if before_reading is not None:
            before_reading(path)
        with open(place, "rb") as stream:
            before = read_stamp(os.fstat(stream.fileno()))

            def read_stamp_after() -> str:
                # A file that is being saved right now is read again the next time.
                return before if before == read_stamp(os.fstat(stream.fileno())) else ""

            return self.index.replace(path, _read_chunks(stream), read_stamp_after)

    def extend(self, path: str, printed: Printed, before: os.stat_result, after: os.stat_result) -> None:
        """Add what was just appended; a file that something else changed too is left to the next refresh."""
        book_file = self.index.files[path]
        if book_file.stamp == read_stamp(before) and after.st_size == before.st_size + printed.size:
            reader = self.index.reader(book_file)
            reader.add(before.st_size, printed.text, zip(printed.blocks, printed.metadata, strict=True))
            self.index.extend(book_file, reader, read_stamp(after))

    def included_files(self) -> list[BookFile]:
        """The files that Beancount reaches from the main file, by path."""
        return [self.index.files[path] for path in sorted(self._included)]

    def openings(self) -> list[Opening]:
        """The `open` directives that Beancount sees."""
        return [one for one in self._opened_or_closed() if not one.closes]

    def closings(self) -> list[Opening]:
        """The `close` directives that Beancount sees."""
        return [one for one in self._opened_or_closed() if one.closes]

    def _opened_or_closed(self) -> Iterator[Opening]:
        return (opening for book_file in self.included_files() for opening in book_file.openings)

    # ---------------------------------------------------------------------------------------------- the entries

    def find(self, question: Question) -> tuple[list[FoundEntry], bool]:
        """The entries asked for, ordered by path and offset, and whether more follow. Raises `Moved`."""
        paths = {book_file.file: book_file.path for book_file in self.index.files.values()}
        found: list[FoundEntry] = []
        for entry in self._read(paths, self._candidates(paths, question)):
            if question.matches(entry):
                if len(found) == question.limit:
                    return found, True
                found.append(entry)
        return found, False

    def _candidates(self, paths: dict[int, str], question: Question) -> Iterator[Row]:
        after = question.after
        if question.by != "all":
            terms = map(hash_term, question.asked())
            rows = self.index.look_up(terms)
            places = sorted({(paths.get(row.file, ""), row.offset, row) for row in rows})
            for path, offset, row in places:
                if after is None or (path, offset) > after:
                    yield row
            return
        for file, path in sorted(paths.items(), key=lambda item: item[1]):
            if after is not None and path < after[0]:
                continue
            offset = after[1] if after is not None and path == after[0] else -1
            while page := self.index.page(file, offset, _ENTRIES_AT_ONCE):
                yield from page
                offset = page[-1].offset

    def _read(self, paths: dict[int, str], rows: Iterator[Row]) -> Iterator[FoundEntry]:
        descriptor, opened = -1, -1
        try:
            for row in rows:
                if row.file not in paths:
                    raise sqlite3.DatabaseError("the index has an entry of no file")
                if row.file != opened:
                    if descriptor >= 0:
                        os.close(descriptor)
                    descriptor = os.open(
                        os.path.join(self._folder, paths[row.file]), os.O_RDONLY | os.O_CLOEXEC
                    )
                    opened = row.file
                entry = parse_entry(decode_books(os.pread(descriptor, row.length, row.offset)), row.line)
                if entry is None or not (row.name or entry.metadata.get("document_key")):
                    raise Moved(errno.ESTALE, "changed while it was read", paths[row.file])
                yield FoundEntry(paths[row.file], row.offset, row.line, row.name, entry)
        finally:
            if descriptor >= 0:
                os.close(descriptor)


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
