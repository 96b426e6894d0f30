"""What may happen to one request on its way to QuickBooks Online and back, and what a pass says of it.

A fault strikes the request with a given number in a pass. Most are met by the stand-in's server, over real HTTP; that
the process dies, that a request arrives late or that its answer takes too long is done where it leaves this machine.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from quickbooks_stage import SETTLED_S, Case, Stage, api_requests, outcome_rows, picture
from vendors.quickbooks import Fault

from connector.delivery.transport import CONNECT_S, Transport
from connector.ledgers.contract import Answer, Request

MOST_PASSES = 3
# A client's patience and the server's delay in a test: the first is over long before the second.
TIMEOUT_S, HANG_S = 0.03, 0.15
# So often that no patience outlasts it; after the pass it is over.
LASTS = 99
AtTheLine = Literal["dies before", "dies after", "late", "hang"]


class Died(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Trouble:
    """`fault` is what the server does, `line` what happens on the way. `code` is that of the pass's error, None: it has
    none. `person`: a document waits for a person's word; `moods` are those of the company that it takes."""

    name: str
    fault: dict[str, Any] = field(default_factory=dict)
    line: AtTheLine | None = None
    code: str | None = None
    person: bool = False
    moods: dict[str, Any] = field(default_factory=dict)

    @property
    def kills(self) -> bool:
        return self.line in ("dies before", "dies after")


def of_server(name: str, kind: str, **more: Any) -> Trouble:
    code, person, moods = more.pop("error", None), more.pop("person", False), more.pop("moods", {})
    return Trouble(name, {"kind": kind, **more}, code=code, person=person, moods=moods)


# Nothing was done, and the answer does not say so.
ABSENT = (
    of_server("lost before", "lost_before"),
    of_server("fault under 200", "fault_200"),
    of_server("page of a proxy", "html_503"),
    of_server("empty 500", "empty_500"),
    Trouble("hang", {"kind": "hang", "seconds": HANG_S}, "hang"),
)
# It was done, and the answer does not say so.
PRESENT = (
    of_server("lost after", "lost_after"),
    of_server("fault under 200, done", "fault_200", carried_out=True),
    of_server("page of a proxy, done", "html_503", carried_out=True),
    of_server("empty 500, done", "empty_500", carried_out=True),
    Trouble("hang, done", {"kind": "hang", "seconds": HANG_S, "carried_out": True}, "hang"),
    of_server("truncated", "truncated"),
    of_server("answered before", "refused", code="600", carried_out=True),
)
# The answer says that nothing was done.
REFUSED = (
    of_server("throttled for a moment", "throttled"),
    of_server("throttled for a moment, told by 403", "throttled", moods={"throttle_body": "xml_403"}),
    of_server("throttled for long", "throttled", times=LASTS, error="throttled"),
    of_server(
        "throttled for long, in JSON",
        "throttled",
        times=LASTS,
        error="throttled",
        moods={"throttle_body": "json"},
    ),
    of_server("stale", "refused", code="5010"),
    of_server("period closed", "refused", code="6210"),
    of_server("against the rules", "refused", code="6000", person=True),
    of_server("token expired", "refused", code="3200"),
    of_server("access lost", "refused", code="3200", times=LASTS, error="unauthorised"),
    of_server("answered before, it says", "refused", code="600"),
)
ENDS = (Trouble("dies before", line="dies before"), Trouble("dies after", line="dies after"))
LATE = (Trouble("arrives late", line="late"),)
AT_WRITES = (*ABSENT, *PRESENT, *REFUSED, *ENDS, *LATE)

# A read is tried again: once is not seen, and what goes on ends the pass.
AT_READS = (
    of_server("lost once", "lost_before"),
    of_server("lost for good", "lost_before", times=LASTS, error="network"),
    of_server("answer lost for good", "lost_after", times=LASTS, error="network"),
    of_server("page of a proxy once", "html_503"),
    of_server("page of a proxy for good", "html_503", times=LASTS, error="ledger_down"),
    of_server("empty 500 for good", "empty_500", times=LASTS, error="ledger_down"),
    Trouble("hang once", {"kind": "hang", "seconds": HANG_S}, "hang"),
    of_server("fault under 200", "fault_200", error="ledger_down"),
    of_server("truncated", "truncated", error="ledger_down"),
    of_server("throttled for a moment", "throttled"),
    of_server("throttled for long", "throttled", times=LASTS, error="throttled"),
    of_server("stale", "refused", code="5010", error="ledger_down"),
    of_server("period closed", "refused", code="6210", error="ledger_down"),
    of_server("against the rules", "refused", code="6000", error="ledger_down"),
    of_server("token expired", "refused", code="3200"),
    of_server("access lost", "refused", code="3200", times=LASTS, error="unauthorised"),
    of_server("answered before, it says", "refused", code="600", error="ledger_down"),
    *ENDS,
)


# ------------------------------------------------------------------------------------------------ on the way


@dataclass
class Line:
    """What happens between the courier and the server at one request: the one with the number `place` of all, or of
    those that write. `sent` counts what the server has been asked, in this pass and before."""

    trouble: Trouble
    place: int
    of_writes: bool = False
    case: Case = field(init=False)
    count: int = 0
    sent: int = 0
    struck: bool = False
    fault: Fault | None = None
    kept: Request | None = None

    @property
    def snapshot(self) -> Path:
        return self.case.books.folder / "snapshot"

    @property
    def fired(self) -> bool:
        return self.struck and (self.fault is None or self.fault.times < self.trouble.fault.get("times", 1))

    @contextmanager
    def on(self, case: Case) -> Iterator[None]:
        self.case = case
        self.sent = len(api_requests(case.fake))
        right = Transport.send

        def send(transport: Transport, request: Request, access: str, timeout_s: int) -> Answer:
            self.count += bool(request.document_keys) or not self.of_writes
            self.sent += 1
            if self.count != self.place or self.struck:
                return right(transport, request, access, timeout_s)
            self.struck = True
            if self.trouble.line == "dies before":
                self.die()
            if self.trouble.line == "late":
                self.kept = request
                return Answer(0, b"no answer in time", arrived=False)
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
            while len(api_requests(self.case.fake)) < self.sent and time.monotonic() < ends:
                time.sleep(0.01)

    def arrive(self) -> None:
        """What was on its way all the time is carried out now."""
        assert self.kept is not None
        transport = Transport(self.case.fake.api(""), (("minorversion", "75"),), "intuit_tid")
        transport.send(self.kept, self.case.fake.oauth.grant().access, 30)
        transport.close()


# ------------------------------------------------------------------------------------------------ one schedule


def strike(stage: Stage, trouble: Trouble, place: int, soon: tuple[int, ...] = (), **moods: Any) -> None:
    """One fault at one request of a pass, what the pass says of it, and the way back; `soon` are passes that come so
    many seconds after the one before, too early for an absent document to be believed."""
    with stage.case(**{**moods, **trouble.moods}) as case:
        holder = stage.reads_a_holder(place, moods.get("index_lag", 0))
        codes = (trouble.code, None) if holder else (trouble.code,)
        assert run_struck(case, Line(trouble, place)) in codes
        for later_s in soon:
            assert case.sync(later_s).errors == []
            case.check_no_wrong_state()
        converge(stage, case)


def strike_twice(stage: Stage, first: Trouble, place: int, second: Line, **moods: Any) -> None:
    """A fault, and in the pass after it another, that of `second`."""
    with stage.case(**moods) as case:
        case.set_moods(first.moods)
        assert run_struck(case, Line(first, place)) == first.code
        case.set_moods(second.trouble.moods)
        assert run_struck(case, second, SETTLED_S) == second.trouble.code
        converge(stage, case)


def run_struck(case: Case, line: Line, later_s: int = 0) -> str | None:
    """The pass that the fault strikes, and what a person or the network does after it: the code of the pass's error, if
    it lives to tell one."""
    died, code = False, None
    with line.on(case):
        try:
            report = case.sync(later_s)
            assert len(report.errors) <= 1
            code = report.errors[0].code if report.errors else None
        except Died:
            died = True
    assert line.fired and died == line.trouble.kills
    if died:
        line.bring_back()
    case.check_no_wrong_state(died)
    if line.kept is not None:
        # Asked after a minute, the company has nothing yet.
        assert case.sync(60).errors == []
        case.check_no_wrong_state()
        line.arrive()
    answer_for_a_person(case, line.trouble)
    return code


def answer_for_a_person(case: Case, trouble: Trouble) -> None:
    """What the ledger refused is tried again at a person's word."""
    waiting = case.books.rows("document WHERE state = 'rejected'", "document_key, reason")
    assert [reason for _, reason in waiting] == ["rejected_by_ledger"] * trouble.person
    for key, _ in waiting:
        case.books.retry(key)


def converge(stage: Stage, case: Case) -> None:
    """Clean passes until all has arrived, as if nothing had happened; another one writes nothing."""
    for _ in range(MOST_PASSES):
        assert case.sync(SETTLED_S).errors == []
        case.check_no_wrong_state()
        if case.is_settled:
            break
    assert case.is_settled, case.books.rows("document", "kind, state, reason, sentence")
    seen, numbers = picture(case.company, stage.numbers), stage.numbers
    for part, wanted in stage.result.items():
        assert seen[part] == wanted, part
    if numbers:
        assert outcome_rows(case.books) == stage.rows
    written = len(case.fake.writes())
    assert case.sync(SETTLED_S).errors == []
    assert len(case.fake.writes()) == written
