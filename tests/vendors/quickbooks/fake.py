"""A small, strict QuickBooks Online: companies in memory behind a real HTTP server on 127.0.0.1.

What the documents say is refused, computed and posted as they say; where they are silent, the `moods` of a company
choose. Every request is kept in `requests`; `inject` makes the next ones fail. A company whose books stop hanging
together answers 500, and leaving the `with` raises AssertionError.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from vendors.quickbooks import oauth, service
from vendors.quickbooks.company import REALM, Company
from vendors.quickbooks.refusals import refused
from vendors.quickbooks.server import Server, handler, throttled
from vendors.quickbooks.service import Answer, Asked
from vendors.quickbooks.trouble import Fault, Kind, Limits
from vendors.quickbooks.wire import Json, dumps, loads


@dataclass(frozen=True)
class Request:
    """`status` is what the client saw, None where the connection closed; `done` is what was answered inside, None
    where the request was not carried out.
    """

    asked: Asked
    status: int | None
    done: int | None

    @property
    def path(self) -> str:
        """Without the company: `/invoice/7`."""
        parts = self.asked.path.split("/", 4)
        return f"/{parts[4]}" if self.asked.path.startswith("/v3/") else self.asked.path

    @property
    def body(self) -> Json:
        found: Json = loads(self.asked.body)
        return found

    @property
    def is_write(self) -> bool:
        api = self.asked.path.startswith("/v3/")
        return api and self.asked.method == "POST" and self.path != "/query"


class FakeQuickBooks:
    """`company` is the first of `companies`; `limits`, where set, refuse what is too fast.

    `before_request(count, request)` is called before each request is looked at: what it raises closes the connection.
    """

    def __init__(self, company: Company | None = None) -> None:
        self.company = company or Company()
        self.companies = {self.company.realm: self.company}
        self.oauth = oauth.OAuth(self.company.clock, self.company.realm)
        self.limits: Limits | None = None
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.broken: list[str] = []
        self.before_request: Callable[[int, Asked], None] | None = None
        self.stopping = threading.Event()
        self._lock = threading.RLock()
        self._asked = 0
        self._server: Server | None = None

    # ------------------------------------------------------------------------------------------ server

    def __enter__(self) -> FakeQuickBooks:
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
            for company in self.companies.values():
                company.check()

    @property
    def base_url(self) -> str:
        assert self._server is not None, "the server is not running"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def api(self, path: str, realm: str = REALM) -> str:
        """The address of a path below a company: `api("/invoice")`."""
        return f"{self.base_url}/v3/company/{realm}{path}"

    # ------------------------------------------------------------------------------------------ requests, faults

    def inject(self, kind: Kind, path: str = "/v3/", **more: Any) -> Fault:
        fault = Fault(kind, path, **more)
        with self._lock:
            self.faults.append(fault)
        return fault

    def keep_limits(self) -> None:
        """From now on no more than the real thing allows, on the company's clock."""
        self.limits = Limits(self.company.clock)

    def writes(self) -> list[Request]:
        """The writes that were carried out, lost answers too, replays and refusals too."""
        return [one for one in self.requests if one.is_write and one.done is not None]

    def reads(self) -> list[Request]:
        return [one for one in self.requests if one.asked.path.startswith("/v3/") and not one.is_write]

    def next_request(self, asked: Asked) -> int:
        with self._lock:
            self._asked += 1
            number = self._asked
        if self.before_request is not None:
            self.before_request(number, asked)
        return number

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.meets(method, path):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def remember(self, asked: Asked, answered: Answer | None, done: Answer | None) -> None:
        with self._lock:
            self.requests.append(
                Request(asked, answered.status if answered else None, done.status if done else None)
            )

    # ------------------------------------------------------------------------------------------ answers

    def answer(self, asked: Asked) -> Answer:
        if not asked.path.startswith("/v3/"):
            return self._oauth(asked)
        with self._lock:
            realm = [*asked.path.split("/"), "", "", ""][3]
            if self.limits is not None and not self.limits.allows(realm):
                return throttled(self)
            try:
                return service.answer(self, asked)
            except Exception as error:
                self.broken.append(f"{asked.method} {asked.path}: {error!r}")
                no = refused("10000", "The stand-in is broken")
                return Answer(no.status, dumps(no.body))

    def _oauth(self, asked: Asked) -> Answer:
        if asked.path == oauth.DISCOVERY_PATH:
            return Answer(200, dumps(oauth.discovery(self.base_url)))
        if asked.path == oauth.AUTHORIZE_PATH:
            target = self.oauth.authorize(asked.parameters)
            if target is None:
                return Answer(
                    400, "<html><body>This app did not ask in the right way</body></html>", "text/html"
                )
            return Answer(302, "", "text/html", {"Location": target})
        if asked.path == oauth.TOKEN_PATH and asked.method == "POST":
            status, body = self.oauth.token(asked.headers, dict(parse_qsl(asked.body)))
            return Answer(status, dumps(body))
        if asked.path == oauth.REVOKE_PATH and asked.method == "POST":
            return Answer(self.oauth.revoke_token(asked.headers, loads(asked.body)), "")
        return Answer(404, "", "text/html")
