"""Kills a pass at one place after another: a program that `test_kill` runs as a process of its own.

It loads everything once and forks, so that a child costs a pass and no more. The places are those before each commit,
each touch of the books folder and each commit of its index, those in the middle of each write, and the end: what lies
between two of them leaves no trace on the disk, so the place after one is the place before the next. A child counts
them, and at the one asked for it sends itself SIGKILL: nothing is flushed, nothing is closed.

    kill_runner.py count TEMPLATE WORK             the names of all places, as a JSON list
    kill_runner.py leave TEMPLATE WORK N           kills at this place and leaves what is left
    kill_runner.py sweep TEMPLATE WORK N,N,...     kills at these places, recovers, and reports one JSON object a line
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exactly_once import check
from quick_states import migrated
from small_books import SmallBooks
from small_shop import Shop, first_shop, later_shop
from sqlalchemy.engine.default import DefaultDialect

from connector.delivery import file_append, file_index

SHOPS: dict[str, Callable[[Path], Shop]] = {
    "first": first_shop,
    "later": later_shop,
}


@dataclass
class Fuse:
    """Counts places; at place `blow_at`, counted from 1, the process is gone."""

    blow_at: int
    names: list[str] = field(default_factory=list)

    def pass_by(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.blow_at:
            os.kill(os.getpid(), signal.SIGKILL)


def lay(fuse: Fuse) -> None:
    """Lead the fuse along every commit of the state and every touch of the books; for good, in a child."""
    for name in ("open_file", "sync_file", "truncate_file", "replace_file", "remove_file", "sync_folder"):
        setattr(file_append, name, along(fuse, name, getattr(file_append, name)))
    write = file_append.write_some

    def write_some(descriptor: int, content: bytes) -> int:
        fuse.pass_by("write_some")
        half = len(content) // 2
        os.write(descriptor, content[:half])
        fuse.pass_by("within write_some")
        return half + write(descriptor, content[half:])

    vars(file_append)["write_some"] = write_some
    transaction = file_index._transaction

    @contextmanager
    def index_transaction(connection: sqlite3.Connection) -> Iterator[None]:
        with transaction(connection):
            yield
            fuse.pass_by("index")

    vars(file_index)["_transaction"] = index_transaction
    setattr(DefaultDialect, "do_commit", along(fuse, "commit", DefaultDialect.do_commit))  # noqa: B010


def along(fuse: Fuse, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        fuse.pass_by(name)
        return call(*arguments)

    return called


def in_child(work: Callable[[], None]) -> int:
    """Do this in a fork of this process; the status that it ended with."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(70)
    return os.waitpid(child, 0)[1]


def count(template: SmallBooks, work: Path) -> list[str]:
    """The places of one clean pass."""
    books = template.copy(work / "count")
    listing = work / "places.json"

    def run() -> None:
        fuse = Fuse(0)
        lay(fuse)
        books.sync()
        fuse.pass_by("end")
        listing.write_text(json.dumps(fuse.names), encoding="utf-8")

    assert in_child(run) == 0
    names: list[str] = json.loads(listing.read_text(encoding="utf-8"))
    return names


def kill(template: SmallBooks, work: Path, place: int) -> tuple[SmallBooks, bool]:
    """Books whose pass was killed at this place, and whether it was."""
    books = template.copy(work / "killed")
    fuse = Fuse(place)

    def run() -> None:
        lay(fuse)
        books.sync()
        fuse.pass_by("end")

    status = in_child(run)
    # What the killed pass called things must not be called so again.
    books.world.clock.issued += 1_000_000
    return books, os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@dataclass
class Sweep:
    """One kind of books, killed again and again.

    `disks` are what kills left on the disk, and `folders` of it the books alone: the same again is not recovered again.
    """

    template: SmallBooks
    work: Path
    shop: Shop
    reference: dict[str, Any]
    empty: Path
    disks: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def visit(self, place: int) -> dict[str, Any]:
        """Kill one pass and say what became of it."""
        books, killed = kill(self.template, self.work, place)
        report: dict[str, Any] = {
            "place": place,
            "killed": killed,
            "recovered": 0,
            "problems": [],
            "books": [],
        }
        folder = digest(books.books)
        if folder not in self.folders:
            self.folders.add(folder)
            lost = books.copy(self.work / "lost")
            lost.lose_state()
            shutil.copyfile(self.empty, lost.state)
            self.recover(lost, report)
        disk = folder + digest_index(books) + digest_state(books)
        if disk not in self.disks:
            self.disks.add(disk)
            self.recover(books, report)
        return report

    def recover(self, books: SmallBooks, report: dict[str, Any]) -> None:
        """One clean pass at once; whatever is not as in a pass that was never killed is a problem."""
        report["recovered"] += 1
        try:
            assert books.sync().errors == []
            check(books, self.shop)
            result = as_json(books.result())
            for part, wanted in self.reference.items():
                assert result[part] == wanted, part
            before = touched(books)
            assert books.sync().errors == []
            assert touched(books) == before, "the second pass wrote something"
        except Exception:
            report["problems"].append(f"{books.folder.name}: {traceback.format_exc()}")
            shutil.copytree(books.folder, self.work / f"{books.folder.name}-{report['place']}")
        final = digest(books.books)
        if final not in self.kept:
            self.kept.add(final)
            folder = self.work / f"books-{len(self.kept)}"
            shutil.copytree(books.books, folder)
            report["books"].append(str(folder))


def empty_state(template: SmallBooks, work: Path) -> Path:
    """What a first start makes where there is no state."""
    fresh = template.copy(work / "fresh")
    fresh.lose_state()
    return fresh.migrate().state


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def digest(folder: Path) -> str:
    """What stands in the files of a books folder, but for the index, which is a copy of it."""
    said = hashlib.sha256()
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if not path.name.startswith(file_index.INDEX_NAME):
            said.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return said.hexdigest()


def digest_index(books: SmallBooks) -> str:
    """Which files the index has, and whether it has them as they are."""
    said = []
    for path, stamp in read_copy(
        books.books / file_index.INDEX_NAME, lambda name: name == "files", "path, stamp"
    ):
        place = books.books / path
        said.append((path, place.exists() and file_index.read_stamp(place.stat()) == stamp))
    return repr(said)


def digest_state(books: SmallBooks) -> str:
    return hashlib.sha256(repr(read_copy(books.state, lambda name: True, "*")).encode()).hexdigest()


def read_copy(path: Path, wanted: Callable[[str], bool], columns: str) -> list[tuple[Any, ...]]:
    """Rows of a copy of a database: to open it in its place would tidy up what the kill left."""
    if not path.exists():
        return []
    beside = path.parent.parent / "asked"
    beside.mkdir(exist_ok=True)
    for ending in ("", "-wal"):
        source, target = Path(f"{path}{ending}"), beside / f"copy.db{ending}"
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    connection = sqlite3.connect(beside / "copy.db")
    try:
        connection.execute("PRAGMA synchronous=OFF")
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        return [
            row
            for (name,) in tables
            if wanted(name)
            for row in connection.execute(f'SELECT {columns} FROM "{name}" ORDER BY 1')
        ]
    except sqlite3.DatabaseError as error:
        return [(str(error),)]
    finally:
        connection.close()


def touched(books: SmallBooks) -> Any:
    """What a pass that has nothing to do leaves alone."""
    files = {path.name: path.stat().st_mtime_ns for path in books.books.glob("*.beancount")}
    return (
        files,
        books.rows("attempt", "attempt_key, settled"),
        books.rows("decision", "subject_id, outcome, touched_run"),
    )


def main(arguments: Sequence[str]) -> None:
    # What is made once is no place of the first pass.
    migrated()
    task, template, work = arguments[0], SmallBooks(Path(arguments[1])), Path(arguments[2])
    facts = json.loads((template.folder / "facts.json").read_text(encoding="utf-8"))
    template.ledger = facts["ledger"]
    template.world.clock.issued = 1_000
    work.mkdir(parents=True, exist_ok=True)
    if task == "count":
        print(json.dumps(count(template, work)))
        return
    if task == "leave":
        assert kill(template, work, int(arguments[3]))[1]
        return
    shop = SHOPS[facts["shop"]](work / "unused")
    reference = json.loads((template.folder / "reference.json").read_text(encoding="utf-8"))
    sweep = Sweep(template, work, shop, reference, empty_state(template, work))
    for place in map(int, arguments[3].split(",")):
        print(json.dumps(sweep.visit(place)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
