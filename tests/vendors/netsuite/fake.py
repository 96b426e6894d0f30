"""A small, strict NetSuite: an account in memory behind a real HTTP server on 127.0.0.1.

What the documents say is refused, computed and posted as they say; where they are silent, the `moods` of the account
choose. Every request is kept in `requests`; `inject` makes the next ones fail. What no client of ours should ever send,
and books that stop hanging together, are noted in `broken`; leaving the `with` raises AssertionError for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from vendors.netsuite import service
from vendors.netsuite.account import Account
from vendors.netsuite.answers import Answer, Asked, failed, told
from vendors.netsuite.field_table import group_of, type_named
from vendors.netsuite.jobs import Jobs
from vendors.netsuite.oauth import TOKEN_PATH, unauthorised
from vendors.netsuite.refusals import Refused
from vendors.netsuite.rendering import RECORD_PATH
from vendors.netsuite.server import Server, handler, too_many
from vendors.netsuite.service import QUERY_PATH, RESTLET_PATH
from vendors.netsuite.trouble import EVERYTHING, Fault, Kind
from vendors.netsuite.wire import Json, loads

_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})


class Gate(Protocol):
    """Who lets a request in: see `vendors.netsuite.oauth`."""

    def refuse(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, Json] | None: ...

    def handles(self, path: str) -> bool: ...

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: str) -> tuple[int, Json]: ...


class OpenGate:
    """Any Authorization header will do."""

    def refuse(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, Json] | None:
        known = any(name.lower() == "authorization" and value for name, value in headers.items())
        return None if known else (401, unauthorised(urlsplit(url).path))

    def handles(self, path: str) -> bool:
        return path == TOKEN_PATH

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: str) -> tuple[int, Json]:
        return 200, {"access_token": "open", "token_type": "bearer", "expires_in": 3600}


@dataclass(frozen=True)
class Request:
    """`status` is what the client saw, None where the connection closed; `done` is what was answered inside, None
    where the request was not carried out. `headers` are without what proves who asks.
    """

    asked: Asked
    status: int | None
    done: int | None

    @property
    def method(self) -> str:
        return self.asked.method

    @property
    def path(self) -> str:
        """`creditMemo/12` for a record, `suiteql`, `restlet`, or the whole address."""
        known = {QUERY_PATH: "suiteql", RESTLET_PATH: "restlet"}
        return known.get(self.asked.path, self.asked.path.removeprefix(f"{RECORD_PATH}/"))

    @property
    def parameters(self) -> dict[str, str]:
        return self.asked.parameters

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.asked.headers)

    @property
    def body(self) -> Any:
        """None where there is none."""
        return loads(self.asked.body) if self.asked.body else None

    @property
    def is_call(self) -> bool:
        """Whether it counts against the limit."""
        return self.asked.path != TOKEN_PATH

    @property
    def is_write(self) -> bool:
        return self.is_call and self.method != "GET" and self.asked.path != QUERY_PATH


class FakeNetsuite:
    """`concurrency` is how many requests the account takes at once, from all its clients (5 in the smallest tier).

    `gate` decides who may ask. `latency_s` is what each request takes, in real seconds. `before_request(count, request)`
    is called before each request is looked at: what it raises closes the connection. `most_at_once` is the highest
    number of requests that were ever under way.
    """

    def __init__(
        self, account: Account | None = None, gate: Gate | None = None, concurrency: int = 5
    ) -> None:
        self.account = account or Account()
        self.gate: Gate = gate or OpenGate()
        self.concurrency = concurrency
        self.jobs = Jobs()
        self.latency_s = 0.0
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.broken: list[str] = []
        self.before_request: Callable[[int, Asked], None] | None = None
        self.stopping = threading.Event()
        self.lock = threading.RLock()
        self.most_at_once = 0
        # Requests of other integrations that are under way at the same account.
        self.others_at_once = 0
        self._asked = 0
        self._flying = 0
        self._late: list[tuple[float, float, Asked]] = []
        self._server: Server | None = None

    # ------------------------------------------------------------------------------------------ server

    def __enter__(self) -> FakeNetsuite:
        self._server = Server(("127.0.0.1", 0), handler(self))
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, kind: object, *more: object) -> None:
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if kind is None:
            assert not self.broken, self.broken
            self.account.check()

    @property
    def base_url(self) -> str:
        """The host, before /services."""
        assert self._server is not None, "the server is not running"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def token_url(self) -> str:
        return f"{self.base_url}{TOKEN_PATH}"

    @property
    def restlet_url(self) -> str:
        """The address of the RESTlet that voids."""
        return f"{self.base_url}{RESTLET_PATH}?script=101&deploy=1"

    def now(self) -> float:
        return self.account.clock()

    def serve(self, account: Account, gate: Gate) -> None:
        """Stands for this account from now on, and has forgotten all else."""
        with self.lock:
            self.account, self.gate = account, gate
            self.requests.clear()
            self.faults.clear()
            self._late.clear()
            self.before_request = None
            self._asked = self.most_at_once = self.others_at_once = 0

    # ------------------------------------------------------------------------------------------ requests, faults

    def inject(self, kind: Kind, path: str = EVERYTHING, **more: Any) -> Fault:
        fault = Fault(kind, path, **more)
        with self.lock:
            self.faults.append(fault)
        return fault

    def calls(self) -> list[Request]:
        """All that counts against the limit."""
        return [one for one in self.requests if one.is_call]

    def writes(self) -> list[Request]:
        """The writes that were carried out, lost answers too, and refusals too."""
        return [one for one in self.requests if one.is_write and one.done is not None]

    def reads(self) -> list[Request]:
        """SuiteQL among them."""
        return [one for one in self.requests if one.is_call and not one.is_write]

    def next_request(self, asked: Asked) -> int:
        with self.lock:
            self._asked += 1
            number = self._asked
            self.account.mirror.asked = number
        if self.before_request is not None:
            self.before_request(number, asked)
        self._finish(number)
        return number

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.meets(method, path):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def remember(self, asked: Asked, answered: Answer | None, done: Answer | None) -> None:
        with self.lock:
            self.requests.append(
                Request(
                    _without_secrets(asked),
                    answered.status if answered else None,
                    done.status if done else None,
                )
            )

    def note(self, asked: Asked, no: Refused) -> None:
        """Keeps a refusal that no client of ours should ever earn."""
        if no.loud:
            self.broken.append(f"{asked.method} {asked.path}: {no}")

    @contextmanager
    def in_flight(self, asked: Asked) -> Iterator[int]:
        """How many requests are under way at the account, this one among them."""
        with self.lock:
            self._flying += 1
            beside = self._flying + self.others_at_once
            self.most_at_once = max(self.most_at_once, self._flying)
        try:
            if self.latency_s:
                self.stopping.wait(self.latency_s)
            yield beside
        finally:
            with self.lock:
                self._flying -= 1

    # ------------------------------------------------------------------------------------------ late writes

    def do_later(self, asked: Asked, fault: Fault) -> None:
        """The write is under way: its external id is taken from now on, its effect comes later."""
        after = float("inf") if fault.requests is None else self._asked + fault.requests
        with self.lock:
            self.account.reserved |= _external_ids(asked)
            self._late.append((self.now() + fault.seconds, after, asked))

    def finish_late(self) -> None:
        """What is under way is done now."""
        self._finish(None)

    def _finish(self, number: int | None) -> None:
        with self.lock:
            now = self.now()
            due = [one for one in self._late if number is None or one[0] <= now or one[1] <= number]
            for one in due:
                self._late.remove(one)
                self.account.reserved -= _external_ids(one[2])
                done = service.answer(self, one[2])
                self.requests.append(Request(_without_secrets(one[2]), None, done.status))

    # ------------------------------------------------------------------------------------------ answers

    def answer(self, asked: Asked, in_flight: int) -> Answer:
        url = f"{self.base_url}{asked.target}"
        if self.gate.handles(asked.path):
            status, body = self.gate.answer(asked.method, url, asked.headers, asked.body)
            return Answer(status, told(status, body).text, "application/json")
        refused = self.gate.refuse(asked.method, url, asked.headers)
        if refused is not None and asked.path == RESTLET_PATH:
            return told(*refused, "application/json")
        if refused is not None:
            return failed(*refused)
        if in_flight > self.concurrency:
            return too_many(asked)
        return service.answer(self, asked)


def _without_secrets(asked: Asked) -> Asked:
    """As it may be kept: without what proves who asks."""
    headers = {name: value for name, value in asked.headers.items() if name.lower() not in _SECRET}
    return replace(asked, headers=headers, body="" if asked.path == TOKEN_PATH else asked.body)


def _external_ids(asked: Asked) -> set[tuple[str, str]]:
    """The group and external id that a write is about to take."""
    parts = asked.path.removeprefix(f"{RECORD_PATH}/").split("/")
    record_type = type_named(parts[-1] if "!transform" in parts else parts[0])
    if record_type is None:
        return set()
    told_id = parts[1].removeprefix("eid:") if asked.method == "PUT" else None
    if told_id is None and asked.body:
        body = loads(asked.body)
        told_id = body.get("externalId") if isinstance(body, dict) else None
    return {(group_of(record_type), told_id)} if told_id and asked.method in ("POST", "PUT") else set()
