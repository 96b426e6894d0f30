"""Stages for faults: books and a ledger at one moment, copied for each case, behind one server; whatever ledger it is.

What a ledger holds is told as a picture by document keys, so that two can be compared whose documents were written in
another order.
"""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from small_books import SmallBooks
from small_shop import Shop

from connector.ledgers.contract import Request as Sent
from connector.sync import PassReport

DOCUMENT_KEY = re.compile(r"\bdk[a-z2-7]{24}\b")
ARRIVED = {"posted", "reversed"}
# A document of these kinds has no object of its own.
ON_OTHERS = ("void", "application", "customer")

Json = dict[str, Any]
Books = TypeVar("Books", bound=SmallBooks)


class Asked(Protocol):
    """A request as a stand-in keeps it."""

    @property
    def is_write(self) -> bool: ...


class LedgerCase(ABC, Generic[Books]):
    """One copy of a stage."""

    books: Books

    @property
    @abstractmethod
    def moods(self) -> Any:
        """Those of the ledger."""

    @abstractmethod
    def keys(self, gone: bool = False) -> Counter[str]:
        """How many objects of the ledger bear each document key; with `gone` also those that stand no more."""

    @abstractmethod
    def voiding(self) -> set[str]:
        """Keys of documents, other than those of `ON_OTHERS`, that have no object of their own."""

    @abstractmethod
    def calls(self) -> list[Any]: ...

    @abstractmethod
    def carry_out(self, request: Sent) -> None:
        """What was on its way arrives."""

    def set_moods(self, moods: Json) -> None:
        for name, value in moods.items():
            assert hasattr(self.moods, name)
            setattr(self.moods, name, value)

    def sync(self, later_s: int = 0) -> PassReport:
        self.books.world.clock.now += later_s
        return self.books.sync()

    def check_no_wrong_state(self, died: bool = False) -> None:
        """Posted means that it stands in the books, once; what stands there is never called planned or refused, and
        never without what it follows. A run that `died` leaves what it was sending."""
        standing = self.keys()
        found = set(self.keys(gone=True))
        assert [key for key, count in standing.items() if count > 1] == []
        rows = self.books.rows("document", "document_key, state, after_keys, kind")
        states = {row[0]: row[1] for row in rows}
        arrived = {key for key, state in states.items() if state in ARRIVED}
        own = {row[0] for row in rows if row[3] not in ON_OTHERS} - self.voiding()
        assert arrived & own <= found <= set(states)
        assert {states[key] for key in set(standing) - arrived} <= {
            "unknown",
            "held",
            *(["sending"] if died else []),
        }
        assert [
            key for key, _, after, _ in rows if key in standing and not arrived.issuperset(after.split())
        ] == []

    @property
    def is_settled(self) -> bool:
        """Every document has arrived, and no refund waits to become one."""
        waiting = [one for one, _ in self.books.outcomes().values() if one in ("waiting", "failed")]
        return set(self.books.states()) <= ARRIVED and not waiting


CaseT = TypeVar("CaseT", bound="LedgerCase[Any]")


@dataclass
class LedgerStage(ABC, Generic[CaseT]):
    """`result` is the picture after a clean pass, `asked` the requests of that pass, in order, by how long what the ledger
    shows of many lags; `survey` is how many of them every pass begins with. `numbers`: they come out the same whatever
    happens, since no number of ours is refused. `settled_s` is longer than an absent answer is not believed."""

    name: str
    folder: Path
    numbers: bool
    lags: tuple[int, ...]
    settled_s: int
    result: Json = field(default_factory=dict, init=False)
    rows: list[Any] = field(default_factory=list, init=False)
    survey: int = field(default=0, init=False)
    asked: dict[int, list[Any]] = field(default_factory=dict, init=False)

    @abstractmethod
    def case(self, **moods: Any) -> AbstractContextManager[CaseT]:
        """A copy, in the place of the one before; `moods` are those of its ledger."""

    @abstractmethod
    def lagging(self, lag: int) -> Json:
        """The moods of a ledger that lags so many seconds."""

    @abstractmethod
    def picture(self, case: CaseT) -> Json: ...

    def run_clean(self) -> None:
        """The requests and the result that every other case must come to."""
        for lag in self.lags:
            with self.case(**self.lagging(lag)) as case:
                report = case.sync()
                assert report.errors == [], report.errors
                case.check_no_wrong_state()
                self.asked[lag] = list(case.calls())
                if lag:
                    # What waits for what the ledger will show of the first pass.
                    assert case.sync(self.settled_s).errors == []
                assert case.is_settled, case.books.rows("document", "kind, state, reason, sentence")
                case.check_no_wrong_state()
                result = self.picture(case)
                assert result == (self.result or result)
                self.result = result
                self.rows = outcome_rows(case.books)
                self.count_survey(case)

    def count_survey(self, case: CaseT) -> None:
        before = len(case.calls())
        assert case.sync(self.settled_s).errors == []
        self.survey = len(case.calls()) - before

    def places(self, writes: bool, lag: int = 0) -> list[int]:
        """The numbers, from 1, of the requests of a clean pass that write, or that read."""
        return [place for place, one in enumerate(self.asked[lag], start=1) if one.is_write == writes]

    def check_result(self, case: CaseT) -> None:
        """It came out as without any fault."""
        seen = self.picture(case)
        for part, wanted in self.result.items():
            assert seen[part] == wanted, part
        if self.numbers:
            assert outcome_rows(case.books) == self.rows


def outcome_rows(books: SmallBooks) -> list[Any]:
    """What the state says in the end, but for the ledger's ids, which depend on the order."""
    return [
        books.rows("decision", "subject_id, outcome, reason, sentence, action, number, revision"),
        books.rows("decision WHERE subject = 'refund'", "subject_id, shares"),
        books.rows("document", "document_key, state, number, kind, reason"),
        books.rows("refund_number", "refund_id, revision, sale_number, n, number, settled"),
        books.rows("sale_number", "charge_id, number"),
    ]


def copy_books(books: Books, folder: Path) -> Books:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(books.folder, folder)
    copied = type(books)(folder, **books.ledger)
    copied.world.clock.now = books.world.clock.now
    copied.world.clock.issued = books.world.clock.issued
    return copied


def play_earlier(books: Books, shop: Shop, earlier: Callable[[Books, Shop], None] | None) -> None:
    """What came before is posted cleanly."""
    if earlier is not None:
        earlier(books, shop)
        shop.write()
        assert books.sync().errors == []
        assert set(books.states()) <= ARRIVED, books.rows("document", "kind, state, reason, sentence")
