"""A courier against NetSuite's gate alone: a server that lets in whom the gate lets in, and answers what it is told to."""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from quickbooks_access import VendorWorld
from vendors.netsuite.oauth import RESTLET_PATH, TOKEN_PATH, Gate
from vendors.quickbooks.clock import Clock

from connector.delivery.http_courier import CourierPlace, HttpCourier, Patience
from connector.delivery.netsuite import open_netsuite_courier
from connector.delivery.tokens import TokenPlace
from connector.ledgers.contract import Request
from connector.settings.connections import NetsuiteConnection

HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"
RECORDS = "/services/rest/record/v1/creditMemo"
NOW = 1_700_000_000
# What oauthlib made of these, by hand.
VECTORS = [
    ("PUT", f"{RECORDS}/eid:re_1ABC", "+556uxvnQPEaR77iPJzBJLLjFW6fIaQ5syrI7l6HU68="),
    (
        "POST",
        "/services/rest/record/v1/invoice/5/!transform/creditMemo",
        "mkMq7aushN8UHiBgh6e/vwZ6SDkk5tIzJYImZaSKW9M=",
    ),
    (
        "POST",
        "/services/rest/query/v1/suiteql?limit=1000&offset=0",
        "hyVIJ/PTFxbxEgXFQV8P2xb7y9oB/LXvMhVehp6dgeE=",
    ),
    ("GET", f"{RECORDS}?q=externalId%20IS%20%22re_1ABC%22", "pXLJkNHkG8bjgFPIf1bTlXaFSnmTVwZ3+lc+eWGMDhM="),
]
MARCH = 1772798400.0
ACCOUNT = "1234567_SB1"
JSON_BODY = (("Content-Type", "application/json"),)
READ = Request("GET", "/services/rest/record/v1/creditMemo/eid:re_1ABC?expandSubResources=true")
QUERY = Request(
    "POST",
    "/services/rest/query/v1/suiteql?limit=1000&offset=0",
    b'{"q": "SELECT id FROM transaction WHERE tranid = \'A&B=C\'"}',
    (*JSON_BODY, ("Prefer", "transient")),
)
BODY = b'{"entity": {"id":"6"},  "externalId":"re_1ABC"}'
WRITE = Request("POST", "/services/rest/record/v1/creditMemo", BODY, JSON_BODY, ("K1",))
VOID_BODY = b'{"type":"invoice","id":"12"}'
LOCATION = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/creditmemo/4711"

Auth = Literal["oauth2", "tba"]


@dataclass(frozen=True)
class Asked:
    """A request that came, and the status that it was answered with; 0: with none."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())


@dataclass(frozen=True)
class Told:
    """What is answered; `cut`: the connection closes instead."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


ROBBED = Told(0, cut=True)
THROTTLED = Told(429, b'{"title":"Bad Request","status":429}')


class Door:
    """Two servers behind one gate: that of the records, and that of the script. `next` are answers to the next requests
    with a way in, `next_token` to the next for a token; `during` is called while one is under way."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.asked: list[Asked] = []
        self.next: deque[Told] = deque()
        self.next_token: deque[Told] = deque()
        self.during: Callable[[str], None] = lambda target: None
        self.lock = threading.Lock()
        self._servers: list[ThreadingHTTPServer] = []

    def __enter__(self) -> Door:
        self._servers = [_Server(("127.0.0.1", 0), handler(self)) for _ in range(2)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *why: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def restlet_url(self) -> str:
        return (
            f"http://127.0.0.1:{self._servers[1].server_port}{RESTLET_PATH}?script=customscript_void&deploy=1"
        )

    def calls(self) -> list[Asked]:
        return [one for one in self.asked if one.path != TOKEN_PATH]

    def token_requests(self) -> list[Asked]:
        return [one for one in self.asked if one.path == TOKEN_PATH]

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Told:
        if self.gate.handles(target):
            with self.lock:
                told = self.next_token.popleft() if self.next_token else None
            return told or shown(*self.gate.answer(method, target, headers, body))
        refused = self.gate.refuse(method, target, headers)
        if refused is not None:
            return shown(*refused)
        with self.lock:
            told = self.next.popleft() if self.next else None
        if told is not None:
            return told
        if method == "POST" and "/record/" in target:
            return Told(204, headers={"Location": LOCATION})
        return Told(200, b"{}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def shown(status: int, body: dict[str, Any]) -> Told:
    return Told(status, json.dumps(body).encode())


def handler(door: Door) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def serve(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            door.during(self.path)
            told = door.answer(self.command, self.path, headers, body)
            with door.lock:
                door.asked.append(Asked(self.command, self.path, headers, body, told.status))
            if told.cut:
                self.close_connection = True
                return
            self.send_response_only(told.status)
            for name, text in {"X-N-OperationId": "0a1b2c3d", **told.headers}.items():
                self.send_header(name, text)
            # NetSuite hands out a session with each answer.
            self.send_header("Set-Cookie", "JSESSIONID=of-another; path=/")
            if told.status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            if told.status != 204:
                self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: `asked` is the log."""

    return Handler


@dataclass
class NetsuiteAccess:
    """What opens couriers to a door; each opening is as of another process, with nothing kept from the one before."""

    door: Door
    clock: Clock
    auth: Auth = "oauth2"
    changes: dict[str, Any] = field(default_factory=dict)
    throttle_wait_ms: int = 800
    longest_wait_s: int = 90
    concurrency: int = 4
    should_stop: Callable[[], bool] = lambda: False
    world: VendorWorld = field(init=False)

    def __post_init__(self) -> None:
        self.world = VendorWorld(vendor=self.clock)

    @property
    def gate(self) -> Gate:
        return self.door.gate

    @property
    def connection(self) -> NetsuiteConnection:
        addresses = {"base_url": self.door.base_url, "void_restlet_url": self.door.restlet_url}
        return NetsuiteConnection.model_validate(self.gate.settings(self.auth) | addresses | self.changes)

    @property
    def place(self) -> CourierPlace:
        """Without a state, and without a key for tokens."""
        tokens = TokenPlace(None, "", None, self.world, self.should_stop)
        patience = Patience(self.throttle_wait_ms, self.longest_wait_s)
        return CourierPlace("main", tokens, patience, self.concurrency)

    def courier(self) -> HttpCourier:
        return open_netsuite_courier(self.connection, self.place)

    @property
    def void(self) -> Request:
        return Request("POST", self.door.restlet_url, VOID_BODY, JSON_BODY, ("K9",))
