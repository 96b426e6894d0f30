"""A ledger that answers a write with nothing but an id, and a state with many documents on their way to it.

Its index may lag, it may number documents itself or work out another total; it may answer late, or that it wants to be
left alone. It takes everything twice: what is written once here is written once by the connector's own doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, insert, select

from connector.delivery.outbox import Outbox
from connector.delivery.push import Push, PushLimits, Stop
from connector.ledgers.contract import (
    Absent,
    Answer,
    Capabilities,
    Claimed,
    Down,
    Found,
    Outcomes,
    Posted,
    Rejected,
    Request,
    Steps,
    Taken,
    Throttled,
    Unauthorised,
    Unknown,
)
from connector.planning.model import REFUND_TYPES, Document, Entry
from connector.store.codec import encode_document
from connector.store.database import open_database
from connector.store.documents import insert_documents
from connector.store.lease import hold_lease
from connector.store.schema import attempt, attempt_document, decision, document
from connector.world import World

DAY = date(2026, 3, 5)
# Of the look: how many documents one question is for at the most.
PAGE = 1000


@dataclass
class Stood:
    """A document as it stands in the ledger."""

    key: str
    number: str | None
    amount_minor: int


@dataclass
class Books:
    """What the ledger has, by its ids, and how it behaves.

    `hidden` are keys that its index does not show, `lost` keys that it does not show under their ids either; `spoilt` is
    what becomes of the amount of a document, `numbered` the number that it gets in the place of its own. `answers` are
    given in the place of the ledger's own, by document key, one after the other; nothing is written for such. `told` is
    called with each request that arrives, `reads_more` are keys of which the answer takes another read, `silent` those of
    which it is lost.

    What came of it: keys `written` and `taken_out` in order, of how many documents each look asked (`asked`), with which
    ids (`by_id`), and how many requests were under way at the most.
    """

    stand: dict[str, Stood] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    spoilt: dict[str, int] = field(default_factory=dict)
    numbered: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    reads_more: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    told: Callable[[Request], None] = lambda request: None
    written: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    taken_out: list[str] = field(default_factory=list)
    by_id: list[dict[str, str | None]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    turn: Lock = field(default_factory=Lock)

    def twice(self) -> list[str]:
        return [key for key, count in Counter(self.written).items() if count > 1]


class WaveCourier:
    """In the place of HTTP: threads share it."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def carry(self, request: Request) -> Answer:
        books = self.books
        with books.turn:
            books.under_way += 1
            books.most_under_way = max(books.most_under_way, books.under_way)
        try:
            books.told(request)
            with books.turn:
                return self.answer(request)
        finally:
            with books.turn:
                books.under_way -= 1

    def answer(self, request: Request) -> Answer:
        books = self.books
        if request.method == "GET":
            if request.target:
                books.asked.append(len(request.target.split()))
            return Answer(200)
        (key,) = request.document_keys
        if request.method == "DELETE":
            books.taken_out.append(key)
            del books.stand[request.target]
            return Answer(204)
        told = books.answers.get(key)
        if told:
            return told.pop(0)
        ledger_id = str(len(books.written) + 1)
        books.written.append(key)
        amount = books.spoilt.get(key, int(request.body))
        books.stand[ledger_id] = Stood(key, request.target, amount)
        return Answer(204, headers=(("location", ledger_id),), arrived=key not in books.silent)


class WaveLedger:
    """An adapter of such a ledger, as far as documents on their way have to do with it."""

    capabilities = Capabilities("stub", frozenset(REFUND_TYPES), concurrency=4)

    def __init__(self, books: Books, asks_by_id: bool = True) -> None:
        self.books = books
        self.asks_by_id = asks_by_id

    def remember(self) -> bytes | None:
        return None

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        yield from ()

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request]:
        (one,) = documents
        yield from ()
        body = str(one.amount_minor).encode()
        return Request("POST", one.number or "", body, document_keys=(one.document_key,))

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        (one,) = documents
        if one.document_key in self.books.reads_more:
            yield Request("GET", "")
        return {one.document_key: self.outcome(request, answer)}

    def outcome(self, request: Request, answer: Answer) -> Any:
        if not answer.arrived:
            return Unknown("no answer")
        by_status = {
            401: Unauthorised("the token was refused"),
            429: Throttled(1),
            503: Down("it is away"),
            400: Rejected("400", "no"),
        }
        if answer.status != 204:
            return by_status[answer.status]
        return Absent() if request.method == "DELETE" else Taken(dict(answer.headers)["location"])

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        """By key in the index, and by its id what that does not show."""
        books = self.books
        seen: dict[str, Found | Absent] = {}
        for start in range(0, len(documents), PAGE):
            some = documents[start : start + PAGE]
            yield Request("GET", " ".join(one.document_key for one in some))
            books.by_id.append({one.document_key: one.ledger_id for one in some})
            ids = {stood.key: ledger_id for ledger_id, stood in books.stand.items()}
            for one in some:
                key = one.document_key
                by_id = one.ledger_id is not None and self.asks_by_id
                shown = (by_id and key not in books.lost) or key not in books.hidden
                seen[key] = self.found(ids[key]) if key in ids and shown else Absent(by_id)
        return seen

    def found(self, ledger_id: str) -> Found:
        stood = self.books.stand[ledger_id]
        replaced = self.books.numbered.get(stood.key)
        return Found(
            ledger_id,
            stood.key,
            "credit_memo",
            stood.number,
            None,
            None,
            stood.amount_minor,
            "usd",
            DAY,
            replaced_number=replaced,
        )

    def undo(self, document: Claimed, posted: Posted, attempt_key: str) -> Request | None:
        return Request("DELETE", posted.ledger_id, document_keys=(document.document_key,))


# ---------------------------------------------------------------------------------------------- the state


@dataclass
class Wave:
    """A state on a disk with documents of one ledger, each memo with a cash leg behind it where that is wanted."""

    engine: Engine
    outbox: Outbox
    books: Books
    world: World

    def push(
        self, should_stop: Callable[[], bool] = lambda: False, asks_by_id: bool = True, **limits: Any
    ) -> Push:
        ledger: Any = WaveLedger(self.books, asks_by_id)
        chosen = PushLimits(**{"concurrency": 4, **limits})
        return Push(self.world, self.outbox, ledger, WaveCourier(self.books), chosen, should_stop)

    def run(self, push: Push | None = None) -> Stop | None:
        """What a pass does with documents: it settles doubts, and sends what is planned."""
        push = push or self.push()
        push.settle_doubts()
        return push.run(lambda count: None)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        with self.engine.connect().execution_options(reading=True) as connection:
            return [
                tuple(row)
                for row in connection.execute(
                    select(*(document.c[name] for name in columns)).order_by(document.c.document_key)
                )
            ]

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self.rows("state"))

    def outcomes(self) -> Counter[str]:
        """Of refunds."""
        with self.engine.connect().execution_options(reading=True) as connection:
            return Counter(connection.execute(select(decision.c.outcome)).scalars())

    def attempts(self) -> list[tuple[Any, ...]]:
        """Document key, outcome, when it was sent and settled."""
        with self.engine.connect().execution_options(reading=True) as connection:
            return [
                tuple(row)
                for row in connection.execute(
                    select(
                        attempt_document.c.document_key,
                        attempt_document.c.outcome,
                        attempt.c.sent,
                        attempt.c.settled,
                    )
                    .join(attempt, attempt.c.attempt_key == attempt_document.c.attempt_key)
                    .order_by(attempt.c.sent, attempt.c.attempt_key)
                )
            ]

    def add(self, memos: int, cash_legs: bool = False, one_charge: Iterable[int] = ()) -> None:
        """So many memos of as many refunds; the refunds `one_charge` are of one charge."""
        of_one = set(one_charge)
        documents = [
            self.document(n, kind, "one" if n in of_one else str(n))
            for n in range(memos)
            for kind in (("credit_memo", "credit_card_refund") if cash_legs else ("credit_memo",))
        ]
        with self.engine.begin() as connection:
            insert_documents(connection, [self.row(one) for one in documents])
            refunds = {one.subject_id: one for one in documents}
            connection.execute(insert(decision), [decision_row(one) for one in refunds.values()])

    def document(self, n: int, kind: Any, charge: str) -> Document:
        cash = kind == "credit_card_refund"
        return Document(
            document_key=key_of(n, cash),
            ledger="main",
            kind=kind,
            part="",
            revision=1,
            subject_id=f"re_{n}",
            refund_id=f"re_{n}",
            charge_id=f"ch_{charge}",
            number=f"{n}",
            posting_date=DAY,
            amount_minor=1000 + n,
            currency="usd",
            entries=(Entry("a", 1000 + n, 0, "usd"), Entry("b", 0, 1000 + n, "usd")),
            after=(key_of(n, False),) if cash else (),
        )

    def row(self, one: Document) -> dict[str, Any]:
        return {
            "document_key": one.document_key,
            "ledger": one.ledger,
            "subject_id": one.subject_id,
            "refund_id": one.refund_id,
            "charge_id": one.charge_id,
            "kind": one.kind,
            "revision": one.revision,
            "depth": 3 if one.after else 2,
            "number": one.number,
            "amount_minor": one.amount_minor,
            "currency": one.currency,
            "posting_date": one.posting_date.isoformat(),
            "state": "planned",
            "batch_group": "",
            "after_keys": " ".join(one.after),
            "content": encode_document(one),
            "payload": "",
        }


def key_of(n: int, cash: bool = False) -> str:
    return f"{'cash' if cash else 'memo'}{n:06d}"


def decision_row(one: Document) -> dict[str, Any]:
    return {
        "subject_id": one.subject_id,
        "ledger": one.ledger,
        "subject": "refund",
        "created": 1,
        "charge_id": one.charge_id,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "outcome": "waiting",
        "aim": "posted",
        "first_seen": 1,
        "due": 0,
    }


@contextmanager
def wave(place: Path | str, world: World | None = None, books: Books | None = None) -> Iterator[Wave]:
    """The state in this folder or at this address, which may be new, held for the length of the block."""
    url = f"sqlite:///{place / 'state.db'}" if isinstance(place, Path) else place
    here = world or World()
    engine = open_database(url, "acme", "own")
    try:
        with hold_lease(engine, url, here, False) as lease:
            outbox = Outbox(engine, lease, "main", here.new_id())
            yield Wave(engine, outbox, books if books is not None else Books(), here)
    finally:
        engine.dispose()
