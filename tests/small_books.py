"""Settings, state and books in one folder, passes over them in this process, and a world that repeats itself."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from cli_books import Transaction, at, transactions
from memory_folder import memory_folder
from quick_states import make_sharing_engine
from sqlalchemy import Engine, text

from connector.cli.root import run
from connector.store import database
from connector.store.lease import hold_lease
from connector.sync import Pass, PassReport
from connector.workplace import open_state, read_setup
from connector.world import World

MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"
NOW = at("2026-06-01T12:00:00")
MEMO_RULES = [
    {"name": "by bank", "when": {"method": "bank"}, "then": ["credit_memo", "refund_payout"]},
    {"name": "memo and card", "when": {}, "then": ["credit_memo", "credit_card_refund"]},
]

Json = dict[str, Any]


@dataclass
class Clock:
    """A time that stands still until somebody sleeps or sets it; `issued` counts the ids given out."""

    now: int = NOW
    slept: list[float] = field(default_factory=list)
    issued: int = 0


@dataclass(frozen=True)
class StillWorld(World):
    """A world in which the same pass happens in the same way each time."""

    environment: dict[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def now(self) -> int:
        return self.clock.now

    def sleep(self, seconds: float) -> None:
        self.clock.slept.append(seconds)
        self.clock.now += -int(-seconds // 1)

    def new_id(self) -> str:
        self.clock.issued += 1
        return f"{self.clock.issued:032x}"

    def process(self) -> str:
        return "1"


# ------------------------------------------------------------------------------------------------ the books


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is shown of kills and faults does not depend on a slow disk."""
    with TemporaryDirectory(prefix="connector-tests-", dir=memory_folder()) as folder:
        yield Path(folder)


@cache
def engine_of(url: str) -> Engine:
    """One engine for a place: it keeps its compiled statements when the state in that place is exchanged."""
    return make_sharing_engine(url)


class SmallBooks:
    """Settings, state and books in one folder, and passes over them in this process."""

    def __init__(self, folder: Path, **ledger: Any) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.books = folder / "books"
        self.state = folder / "state.db"
        self.export = folder / "export"
        self.world = StillWorld()
        self.ledger = ledger

    @classmethod
    def make(
        cls,
        folder: Path,
        rules: list[Json] | None = None,
        refunds: Json | None = None,
        stripe: Json | None = None,
        **ledger: Any,
    ) -> SmallBooks:
        """A folder with settings and mappings; `ledger` are settings of its one ledger, `stripe` those of the API that
        is read instead of the folder `export`."""
        made = cls(folder, **ledger)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(MAPPINGS, folder / "mappings")
        if rules is not None:
            (folder / "mappings" / "refund_rules.yaml").write_text(json.dumps(rules), encoding="utf-8")
        settings = {
            "books": "acme",
            "timezone": "America/New_York",
            "state": "sqlite:///state.db",
            "stripe": {"start": "2026-01-01", **(stripe or {"export": "export"})},
            "refunds": refunds or {},
            "ledgers": {
                "main": {
                    "kind": "beancount",
                    "sales": "sales_receipt",
                    "fees": True,
                    "connection": {"path": "books"},
                    **ledger,
                }
            },
        }
        made.config.write_text(json.dumps(settings), encoding="utf-8")
        return made

    def copy(self, folder: Path) -> SmallBooks:
        """The same books at this moment, in another folder, in the place of what was there."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        copied = SmallBooks(folder, **self.ledger)
        copied.world.clock.now = self.world.clock.now
        copied.world.clock.issued = self.world.clock.issued
        return copied

    def migrate(self) -> SmallBooks:
        """Make the state, empty."""
        with patch.object(database, "make_engine", engine_of):
            open_state(read_setup(self.config, self.world)).dispose()
        return self

    def sync(self, should_stop: Callable[[], bool] = lambda: False) -> PassReport:
        """One pass, as the command `sync` makes it."""
        setup = read_setup(self.config, self.world)
        with patch.object(database, "make_engine", engine_of):
            engine = open_state(setup)
        try:
            with hold_lease(engine, setup.settings.state_url, self.world, False) as lease:
                return Pass(setup, engine, lease, should_stop=should_stop).run("sync")
        finally:
            engine.dispose()

    def retry(self, key: str) -> None:
        """A person asks for another try of a document."""
        words = [
            "resolve",
            key,
            "-c",
            str(self.config),
            "--ledger",
            "main",
            "--retry",
            "--reason",
            "try again",
        ]
        with patch.object(World, "now", lambda world: self.world.now()):
            assert run(words) == 0

    def lose_state(self) -> None:
        for path in self.folder.glob("state.db*"):
            path.unlink()

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Rows of the state, in order."""
        engine = engine_of(f"sqlite:///{self.state}")
        try:
            with engine.connect().execution_options(reading=True) as connection:
                rows = connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY {columns}"))
                return [tuple(row) for row in rows]
        finally:
            engine.dispose()

    def execute(self, sql: str) -> None:
        """Change the state by hand."""
        with engine_of(f"sqlite:///{self.state}").begin() as connection:
            connection.execute(text(sql))

    def transactions(self) -> list[Transaction]:
        return transactions(self.books) if self.books.is_dir() else []

    def outcomes(self) -> dict[str, tuple[str, str | None]]:
        """Refund → outcome and reason."""
        rows = self.rows("decision WHERE subject = 'refund'", "subject_id, outcome, reason")
        return {row[0]: (row[1], row[2]) for row in rows}

    def state_of(self, key: str) -> str:
        (row,) = self.rows(f"document WHERE document_key = '{key}'", "state")
        return str(row[0])

    def states(self) -> Counter[str]:
        return Counter(row[0] for row in self.rows("document", "state"))

    def result(self) -> Json:
        """All that must come out the same however often a run was killed; which run did what is left out."""
        return {
            "books": sorted(map(repr, self.transactions())),
            "main": sorted((self.books / "main.beancount").read_text(encoding="utf-8").split("\n")),
            "refunds": self.rows(
                "decision",
                "subject_id, outcome, reason, sentence, action, aim, rule, sale_number, number, revision, shares",
            ),
            "documents": self.rows("document", "document_key, state, number, ledger_id, kind, reason"),
            "numbers": self.rows("refund_number", "refund_id, revision, sale_number, n, number, settled"),
            "sales": self.rows("sale_number", "charge_id, number"),
        }
