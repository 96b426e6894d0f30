"""A small, strict Xero: organisations in memory behind a real HTTP server on 127.0.0.1.

What the documents say is refused, computed and posted as they say; where they are silent, the `moods` of an
organisation choose. Every request is kept in `requests`; `inject` makes the next ones fail. What no client of ours
should ever send, and books that stop hanging together, are noted in `broken`; leaving the `with` raises AssertionError
for them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vendors.xero import oauth, service
from vendors.xero.idempotency import Keys
from vendors.xero.organisation import Organisation
from vendors.xero.refusals import Refused
from vendors.xero.server import LONGEST_TARGET, Server, handler, throttled
from vendors.xero.service import API_PATH, Answer, Asked
from vendors.xero.trouble import UNLIMITED, Fault, Kind, Limits
from vendors.xero.wire import Json, dumps, loads


@dataclass(frozen=True)
class Request:
    """`status` is what the client saw, None where the connection closed; `done` is what was answered inside, None
    where the request was not carried out. `path` is without the base of the API: `/Invoices`.
    """

    asked: Asked
    status: int | None
    done: int | None

    @property
    def method(self) -> str:
        return self.asked.method

    @property
    def path(self) -> str:
        return self.asked.path.removeprefix(API_PATH)

    @property
    def parameters(self) -> dict[str, str]:
        return self.asked.parameters

    @property
    def headers(self) -> Mapping[str, str]:
        return self.asked.headers

    @property
    def body(self) -> Any:
        """None where there is none."""
        return loads(self.asked.body) if self.asked.body else None

    @property
    def is_call(self) -> bool:
        """Whether it counts against the limits."""
        return self.asked.path.startswith(f"{API_PATH}/")

    @property
    def is_write(self) -> bool:
        return self.is_call and self.method != "GET"

    @property
    def elements(self) -> int:
        """How many objects a write carried."""
        if not self.is_write or not self.asked.body:
            return 0
        body: Json = self.body
        found = [value for value in body.values() if isinstance(value, list)]
        return len(found[0]) if len(body) == 1 and found else 1


class FakeXero:
    """`organisation` is the first of `organisations`; `limits`, where set, refuse what is too much.

    `before_request(count, request)` is called before each request is looked at: what it raises closes the connection.
    """

    def __init__(self, organisation: Organisation | None = None, *others: Organisation) -> None:
        self.organisation = organisation or Organisation()
        self.organisations = {one.tenant_id: one for one in (self.organisation, *others)}
        names = {one.tenant_id: one.name for one in self.organisations.values()}
        self.oauth = oauth.OAuth(self.now, list(self.organisations), names)
        self.keys = Keys(self.now)
        self.limits: Limits | None = None
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.broken: list[str] = []
        self.before_request: Callable[[int, Asked], None] | None = None
        self.stopping = threading.Event()
        self.lock = threading.RLock()
        self._asked = 0
        self._flying: Counter[str] = Counter()
        self._server: Server | None = None

    # ------------------------------------------------------------------------------------------ server

    def __enter__(self) -> FakeXero:
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
            for organisation in self.organisations.values():
                organisation.check()

    @property
    def base_url(self) -> str:
        assert self._server is not None, "the server is not running"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}{API_PATH}"

    @property
    def token_url(self) -> str:
        return f"{self.base_url}{oauth.TOKEN_PATH}"

    @property
    def authorize_url(self) -> str:
        return f"{self.base_url}{oauth.AUTHORIZE_PATH}"

    @property
    def revoke_url(self) -> str:
        return f"{self.base_url}{oauth.REVOKE_PATH}"

    @property
    def connections_url(self) -> str:
        return f"{self.base_url}{oauth.CONNECTIONS_PATH}"

    def add(self, organisation: Organisation) -> None:
        """One more organisation, which the next consent connects."""
        self.organisations[organisation.tenant_id] = organisation
        self.oauth.tenants.append(organisation.tenant_id)
        self.oauth.names[organisation.tenant_id] = organisation.name

    def now(self) -> float:
        return self.organisation.clock()

    # ------------------------------------------------------------------------------------------ requests, faults

    def inject(self, kind: Kind, path: str = f"{API_PATH}/", **more: Any) -> Fault:
        fault = Fault(kind, path, **more)
        with self.lock:
            self.faults.append(fault)
        return fault

    def keep_limits(self, per_minute: int = 60, per_day: int = 5000, concurrent: int = 5) -> None:
        """From now on no more than the real thing allows, on the organisation's clock."""
        self.limits = Limits(self.now, per_minute, per_day, concurrent)

    def calls(self) -> list[Request]:
        """All that counts against the limits."""
        return [one for one in self.requests if one.is_call]

    def writes(self) -> list[Request]:
        """The writes that were carried out, lost answers too, replays and refusals too."""
        return [one for one in self.requests if one.is_write and one.done is not None]

    def reads(self) -> list[Request]:
        return [one for one in self.requests if one.is_call and not one.is_write]

    def next_request(self, asked: Asked) -> int:
        with self.lock:
            self._asked += 1
            number = self._asked
        if self.before_request is not None:
            self.before_request(number, asked)
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
                Request(asked, answered.status if answered else None, done.status if done else None)
            )

    def note(self, asked: Asked, no: Refused) -> None:
        """Keeps a refusal that no client of ours should ever earn."""
        if no.loud:
            self.broken.append(f"{asked.method} {asked.path}: {no}")

    @contextmanager
    def in_flight(self, asked: Asked) -> Iterator[int]:
        """How many requests of the same organisation are under way, this one among them."""
        tenant = self.tenant_of(asked)
        with self.lock:
            self._flying[tenant] += 1
            beside = self._flying[tenant]
        try:
            yield beside
        finally:
            with self.lock:
                self._flying[tenant] -= 1

    def tenant_of(self, asked: Asked) -> str:
        """Whose limits a request counts against: a custom connection need not name its organisation."""
        grant, _ = self.oauth.opened_by((asked.header("Authorization") or "").removeprefix("Bearer "))
        return asked.header("xero-tenant-id") or (grant.tenant if grant is not None else None) or ""

    def limit_headers(self, asked: Asked) -> dict[str, str]:
        return UNLIMITED if self.limits is None else self.limits.remaining(self.tenant_of(asked))

    # ------------------------------------------------------------------------------------------ answers

    def answer(self, asked: Asked, in_flight: int, trouble: Fault | None) -> Answer:
        if len(asked.target) > LONGEST_TARGET:
            return Answer(414, "", "text/plain")
        if not asked.path.startswith(f"{API_PATH}/"):
            return self._outside(asked)
        if self.limits is not None:
            with self.lock:
                why = self.limits.refuses(self.tenant_of(asked), in_flight)
            if why is not None:
                return throttled(self, why)
        return service.answer(self, asked, trouble)

    def _outside(self, asked: Asked) -> Answer:
        """Tokens, consent and connections."""
        if asked.path == oauth.AUTHORIZE_PATH and asked.method == "GET":
            target = self.oauth.authorize(asked.parameters)
            if target is None:
                return Answer(400, "<html><body>Sorry, something went wrong</body></html>", "text/html")
            return Answer(302, "", "text/html", {"Location": target})
        if asked.path == oauth.TOKEN_PATH and asked.method == "POST":
            status, body = self.oauth.token(asked.headers, asked.body)
            return Answer(status, dumps(body))
        if asked.path == oauth.REVOKE_PATH and asked.method == "POST":
            return Answer(self.oauth.revoke_token(asked.headers, asked.body), "")
        if asked.path.startswith(oauth.CONNECTIONS_PATH):
            return self._connections(asked)
        return Answer(404, "", "text/html")

    def _connections(self, asked: Asked) -> Answer:
        try:
            grant = service.grant_of(self, asked)
        except Refused as no:
            return service.refusal(no)
        if asked.path == oauth.CONNECTIONS_PATH and asked.method == "GET":
            return Answer(200, dumps(self.oauth.connected(grant, asked.parameters.get("authEventId"))))
        connection = asked.path.removeprefix(f"{oauth.CONNECTIONS_PATH}/")
        if asked.method == "DELETE" and self.oauth.drop_connection(connection):
            return Answer(204, "")
        return Answer(404, "", "text/plain")
