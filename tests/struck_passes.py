"""Passes that a fault strikes, whatever vendor is at the other end of the line: what happens to one request on its way,
what the pass says of it, and the way back.

A fault strikes the request with a given number in a pass. Most are met by the stand-in's server, over real HTTP; that
the process dies, that a request arrives late or twice, or that its answer takes too long is done where it leaves this
machine. Stage and case are those of the vendor.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from connector.delivery.transport import CONNECT_S, Transport
from connector.ledgers.contract import Answer, Request

MOST_PASSES = 3
# A client's patience and the server's delay in a test: the first is over long before the second.
TIMEOUT_S, HANG_S = 0.03, 0.15
# So often that no patience outlasts it; after the pass it is over.
LASTS = 99
AtTheLine = Literal["dies before", "dies after", "late", "twice", "hang"]


class Died(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Trouble:
    """`fault` is what the server does, `line` what happens on the way. `code` is that of the pass's error, None: it has
    none. `person`: a document waits for a person's word; `element`: of several in one request that with this place does;
    `parks_s`: the vendor wants to be left alone so long. `moods` are those that the vendor takes."""

    name: str
    fault: dict[str, Any] = field(default_factory=dict)
    line: AtTheLine | None = None
    code: str | None = None
    person: bool = False
    element: int | None = None
    parks_s: int = 0
    moods: dict[str, Any] = field(default_factory=dict)

    @property
    def kills(self) -> bool:
        return self.line in ("dies before", "dies after")

    def refused(self, together: int) -> int:
        """How many of the documents of the request wait for a person. A request of several that is refused as a whole is
        sent again in parts."""
        if self.element is not None:
            return int(self.element < together)
        return int(self.person and together == 1)


def of_server(name: str, kind: str, **more: Any) -> Trouble:
    told = {"code": more.pop("error", None)}
    told |= {each: more.pop(each) for each in ("person", "parks_s", "moods") if each in more}
    if kind == "element_refused":
        told["element"] = more["element"]
    return Trouble(name, {"kind": kind, **more}, **told)


ENDS = (Trouble("dies before", line="dies before"), Trouble("dies after", line="dies after"))
LATE = (Trouble("arrives late", line="late"),)
HANGS = Trouble("hang", {"kind": "hang", "seconds": HANG_S}, "hang")
HANGS_DONE = Trouble("hang, done", {"kind": "hang", "seconds": HANG_S, "carried_out": True}, "hang")


# ------------------------------------------------------------------------------------------------ on the way


@dataclass
class Line:
    """What happens between the courier and the server at one request: the one with the number `place` of all, or of
    those that write. `sent` counts what the server has been asked, in this pass and before; `together` is how many
    documents the request carried."""

    trouble: Trouble
    place: int
    of_writes: bool = False
    case: Any = field(init=False)
    count: int = 0
    sent: int = 0
    together: int = 0
    struck: bool = False
    fault: Any = None
    kept: Request | None = None
    # What ended the pass, as a person reads it.
    told: str = ""

    @property
    def snapshot(self) -> Path:
        folder: Path = self.case.books.folder
        return folder / "snapshot"

    @property
    def fired(self) -> bool:
        return self.struck and (self.fault is None or self.fault.times < self.trouble.fault.get("times", 1))

    @contextmanager
    def on(self, case: Any) -> Iterator[None]:
        self.case = case
        self.sent = len(case.calls())
        right = Transport.send

        def send(transport: Transport, request: Request, access: str, timeout_s: int) -> Answer:
            self.count += bool(request.document_keys) or not self.of_writes
            self.sent += 1
            if self.count != self.place or self.struck:
                return right(transport, request, access, timeout_s)
            self.struck = True
            self.together = len(request.document_keys)
            if self.trouble.line == "dies before":
                self.die()
            if self.trouble.line == "late":
                self.kept = request
                return Answer(0, b"no answer in time", arrived=False)
            # No key answers a second DELETE.
            if self.trouble.line == "twice" and request.method != "DELETE":
                self.sent += 1
                right(transport, request, access, timeout_s)
            if self.trouble.fault:
                self.fault = self.case.fake.inject(**self.trouble.fault)
            waits: Any = CONNECT_S + TIMEOUT_S if self.trouble.line == "hang" else timeout_s
            answer = right(transport, request, access, waits)
            if self.trouble.line == "dies after":
                self.die()
            return answer

        with patch.object(Transport, "send", send):
            yield
        self.wait_for_server()
        self.case.fake.faults.clear()

    def die(self) -> None:
        """The state stays as it is at this moment, whatever is still done on the way out."""
        self.snapshot.mkdir()
        for path in self.case.books.folder.glob("state.db*"):
            shutil.copy(path, self.snapshot)
        raise Died

    def bring_back(self) -> None:
        """The state as the dead process left it."""
        self.case.books.lose_state()
        for path in self.snapshot.iterdir():
            shutil.copy(path, self.case.books.folder)
        shutil.rmtree(self.snapshot)

    def wait_for_server(self) -> None:
        """Until it is done with what nobody waits for any more."""
        if self.trouble.line == "hang":
            ends = time.monotonic() + 10
            while len(self.case.calls()) < self.sent and time.monotonic() < ends:
                time.sleep(0.01)

    def arrive(self) -> None:
        """What was on its way all the time is carried out now."""
        assert self.kept is not None
        self.case.carry_out(self.kept)


# ------------------------------------------------------------------------------------------------ what is struck

# One in so many: each kind of fault strikes each play either way, or not at all.
SHARE = 12


def chosen(places: Sequence[int], kind: int, play: int, turn: int, turns: int = 2) -> list[int]:
    """Of the places that a kind of fault could strike in a play, by numbers of their own, the one that it strikes when only
    some can be tried, or none: by rotation, so that every kind strikes in some plays, each at another place. `turn`: of
    so many ways to strike."""
    if (kind + play) % SHARE != turn * SHARE // turns:
        return []
    return [places[(kind * 7 + play * 3) % len(places)]]


# ------------------------------------------------------------------------------------------------ one schedule


def strike(
    stage: Any,
    trouble: Trouble,
    place: int,
    soon: tuple[int, ...] = (),
    of_writes: bool = False,
    **moods: Any,
) -> None:
    """One fault at one request of a pass, the one with this number of all, or of those that write; what the pass says of
    it, and the way back. `soon` are passes that come so many seconds after the one before, too early for an absent document
    to be believed."""
    with stage.case(**{**moods, **trouble.moods}) as case:
        # What a proxy says is not the ledger's word, and no pass goes on after it.
        own_word = "proxy" not in trouble.name
        holder = own_word and not of_writes and stage.reads_a_holder(place, **moods)
        codes = (trouble.code, None) if holder else (trouble.code,)
        line = Line(trouble, place, of_writes)
        code = run_struck(case, line)
        assert code in codes, (code, line.told)
        for later_s in soon:
            assert case.sync(later_s).errors == []
            case.check_no_wrong_state()
        converge(stage, case)


def strike_twice(stage: Any, first: Trouble, place: int, second: Line, late_s: int = 0, **moods: Any) -> None:
    """A fault, and in the pass after it another, that of `second`; `late_s` is how much later that comes than an absent
    document is believed, since a request of a run that died may have left so late."""
    with stage.case(**moods) as case:
        case.set_moods(first.moods)
        assert run_struck(case, Line(first, place)) == first.code
        case.set_moods(second.trouble.moods)
        assert run_struck(case, second, stage.settled_s + late_s) == second.trouble.code
        converge(stage, case)


def strike_both(stage: Any, first: Trouble, place: int, second: Line, **moods: Any) -> None:
    """A fault, and another that comes later in the same pass."""
    with stage.case(**moods) as case:
        case.set_moods(first.moods)
        line = Line(first, place)
        with line.on(case):
            assert run_struck(case, second) == second.trouble.code
        assert line.fired
        converge(stage, case)


def run_struck(case: Any, line: Line, later_s: int = 0) -> str | None:
    """The pass that the fault strikes, and what a person or the network does after it: the code of the pass's error, if
    it lives to tell one."""
    died, code = False, None
    with line.on(case):
        try:
            report = case.sync(later_s)
            assert len(report.errors) <= 1
            if report.errors:
                code, line.told = report.errors[0].code, report.errors[0].sentence
        except Died:
            died = True
    assert line.fired and died == line.trouble.kills
    if died:
        line.bring_back()
    case.check_no_wrong_state(died)
    if line.kept is not None:
        # Asked after a minute, the vendor has nothing yet.
        assert case.sync(60).errors == []
        case.check_no_wrong_state()
        line.arrive()
    answer_for_a_person(case, line)
    case.books.world.clock.now += line.trouble.parks_s
    return code


def answer_for_a_person(case: Any, line: Line) -> None:
    """What the ledger refused is tried again at a person's word."""
    waiting = case.books.rows("document WHERE state = 'rejected'", "document_key, reason")
    wanted = ["rejected_by_ledger"] * line.trouble.refused(line.together)
    assert [reason for _, reason in waiting] == wanted
    for key, _ in waiting:
        case.books.retry(key)


def converge(stage: Any, case: Any) -> None:
    """Clean passes until all has arrived, as if nothing had happened; another one writes nothing."""
    for _ in range(MOST_PASSES):
        assert case.sync(stage.settled_s).errors == []
        case.check_no_wrong_state()
        if case.is_settled:
            break
    assert case.is_settled, case.books.rows("document", "kind, state, reason, sentence")
    stage.check_result(case)
    written = len(case.fake.writes())
    assert case.sync(stage.settled_s).errors == []
    assert len(case.fake.writes()) == written
