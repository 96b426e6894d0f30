"""A ledger in bad moods: real books behind a courier that loses, refuses and garbles, and that takes anything twice.

`Weather` says what happens at which request, counted over all passes from 1, and keeps what was asked and sent.
The books do not protect themselves: a document that is sent twice stands there twice, as in a ledger that honours no
key. What is seen to be right here is right by the connector's own doing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

from small_books import Clock

from connector import ledger_kinds
from connector.delivery.file_courier import FileCourier
from connector.ledger_kinds import Opening
from connector.ledgers.beancount import BeancountLedger
from connector.ledgers.contract import (
    Answer,
    Claimed,
    Courier,
    Found,
    Ledger,
    NumberTaken,
    Outcome,
    Outcomes,
    PeriodClosed,
    Posted,
    Rejected,
    Request,
    Stale,
    Steps,
    Throttled,
    Unauthorised,
    Unknown,
)
from connector.planning.mapping_model import Mapping
from connector.settings.connections import BeancountConnection

CLOSED = "the books are closed until 2026-02-28"


@dataclass(frozen=True)
class Mood:
    """One way for a request to go wrong.

    `writes` says whether the books have it all the same; `answer` what comes back; `outcome` what an adapter makes of
    that for one document (None: it reads the answer itself). `one` bends the outcome of the first document only.
    """

    name: str
    writes: bool
    answer: Answer
    outcome: Callable[[Claimed], Outcome] | None = None
    one: bool = False


def holder(claimed: Claimed, ours: bool, alike: bool) -> Found:
    """Who holds a number that was taken."""
    from connector.store.codec import decode_document

    document = decode_document(claimed.content)
    return Found(
        ledger_id=claimed.document_key if ours else "2026-01.beancount:7",
        document_key=claimed.document_key if ours else None,
        kind=claimed.kind,
        number=claimed.number,
        refund_id=document.refund_id,
        charge_id=document.charge_id,
        amount_minor=claimed.amount_minor if alike else claimed.amount_minor + 1,
        currency=claimed.currency,
        posting_date=document.posting_date,
        customer=document.customer,
    )


def posted(claimed: Claimed) -> Posted:
    return Posted(claimed.document_key, claimed.number, claimed.amount_minor, claimed.currency)


def posted_otherwise(claimed: Claimed) -> Posted:
    return replace(posted(claimed), amount_minor=claimed.amount_minor + 1)


NOTHING = Answer(0, b"the connection broke", arrived=False)
REFUSED = Answer(400, b"{}")
MOODS = {
    mood.name: mood
    for mood in (
        Mood("lost before the write", False, NOTHING),
        Mood("lost after the write", True, NOTHING),
        Mood("down", False, Answer(503, b"back at noon")),
        Mood("refused as present", False, Answer(409, b'{"present": {}}')),
        Mood("garbled before the write", False, Answer(200, b"<html>Welcome")),
        Mood("truncated after the write", True, Answer(200, b'{"file": "2026-0')),
        Mood("throttled for a moment", False, Answer(429), lambda one: Throttled(5)),
        Mood("throttled without a time", False, Answer(429), lambda one: Throttled(None)),
        Mood("throttled for long", False, Answer(429), lambda one: Throttled(3600)),
        Mood(
            "unauthorised",
            False,
            Answer(401),
            lambda one: Unauthorised("log in again: connector connect main"),
        ),
        Mood("period closed", False, REFUSED, lambda one: PeriodClosed(CLOSED)),
        Mood("rejected", False, REFUSED, lambda one: Rejected("6000", "no such tax code")),
        Mood("stale", False, REFUSED, lambda one: Stale()),
        Mood("number taken by itself", True, REFUSED, lambda one: NumberTaken(holder(one, True, True))),
        Mood("number taken by its like", False, REFUSED, lambda one: NumberTaken(holder(one, False, True))),
        Mood("number taken by another", False, REFUSED, lambda one: NumberTaken(holder(one, False, False))),
        Mood("number taken by nobody", False, REFUSED, lambda one: NumberTaken(None)),
        Mood("one outcome missing", True, Answer(200), posted, one=True),
        Mood("total differs", True, Answer(200), posted_otherwise, one=True),
    )
}
READ_MOODS = {
    "lost": Mood("lost", False, NOTHING),
    "down": Mood("down", False, Answer(503, b"back at noon")),
}


@dataclass
class Weather:
    """What goes wrong, and what happened.

    `faults` are moods by the number of the request, `write_faults` by the number of the request among those that write;
    `asked` every request, `sent` those that write; `mood` that of the last one. For `lag_s` seconds what was written
    is not found.
    """

    clock: Clock = field(default_factory=Clock)
    faults: dict[int, Mood] = field(default_factory=dict)
    write_faults: dict[int, Mood] = field(default_factory=dict)
    batch_size: int = 2
    lag_s: int = 0
    asked: list[str] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    written_at: dict[str, int] = field(default_factory=dict)
    mood: Mood | None = None

    @contextmanager
    def over(self) -> Iterator[Weather]:
        """The ledgers of this process are in this weather for the length of the block."""

        def open_moody(opening: Opening) -> tuple[Ledger, Courier]:
            connection = opening.connection
            assert isinstance(connection, BeancountConnection)
            ledger = MoodyLedger(opening.mapping, self)
            ledger.capabilities = replace(BeancountLedger.capabilities, batch_size=self.batch_size)
            return ledger, MoodyCourier(Path(connection.path), self)

        with patch.dict(ledger_kinds.LEDGERS, {"beancount": (BeancountLedger.capabilities, open_moody)}):
            yield self


class MoodyCourier:
    """Carries to real files, but for the requests that the weather spoils."""

    def __init__(self, folder: Path, weather: Weather) -> None:
        self.folder = folder
        self.weather = weather
        self.inner = FileCourier(folder)

    def carry(self, request: Request) -> Answer:
        weather = self.weather
        weather.asked.append(request.method)
        mood = weather.faults.pop(len(weather.asked), None)
        if request.method == "APPEND":
            weather.sent.append(request)
            mood = weather.write_faults.pop(len(weather.sent), mood)
        weather.mood = mood
        if mood is None:
            return self.do(request)
        weather.fired.append(mood.name)
        if mood.writes:
            self.do(request)
        return mood.answer

    def do(self, request: Request) -> Answer:
        answer = self.inner.carry(request)
        if request.method == "APPEND":
            if answer.status == 409:
                answer = self.write_twice(request)
            for key in request.document_keys:
                self.weather.written_at[key] = self.weather.clock.now
        elif request.method == "FIND" and self.weather.lag_s:
            answer = self.hide_new(answer)
        return answer

    def write_twice(self, request: Request) -> Answer:
        """The real courier refused what stands already; a ledger that honours no key would take it."""
        with open(self.folder / request.target, "ab") as file:
            file.write(request.body)
        return Answer(200, json.dumps({"written": request.document_keys}).encode())

    def hide_new(self, answer: Answer) -> Answer:
        """An index that lags behind: what was written lately is not found."""
        since = self.weather.clock.now - self.weather.lag_s
        content = json.loads(answer.body)
        content["entries"] = [
            entry
            for entry in content["entries"]
            if self.weather.written_at.get(entry["metadata"].get("document_key", ""), 0) <= since
        ]
        return replace(answer, body=json.dumps(content).encode())

    def close(self) -> None:
        self.inner.close()


class MoodyLedger(BeancountLedger):
    """Reads answers as strictly as an adapter must: what the answer does not name is unknown."""

    def __init__(self, mapping: Mapping, weather: Weather) -> None:
        super().__init__(mapping)
        self.weather = weather

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        mood = self.weather.mood
        if mood is not None and mood.outcome is not None:
            outcomes = {one.document_key: mood.outcome(one) for one in documents}
            if mood.one:
                outcomes.update({one.document_key: posted(one) for one in documents[1:]})
            if mood is MOODS["one outcome missing"]:
                del outcomes[documents[0].document_key]
            return outcomes
        if answer.arrived and answer.status == 200:
            try:
                written = json.loads(answer.body)["written"]
            except ValueError:
                return {one.document_key: Unknown("the answer cannot be read") for one in documents}
            return {one.document_key: posted(one) for one in documents if one.document_key in written}
        return (yield from super().read(documents, request, answer))
