"""A small, strict Stripe for reading: objects in memory behind a real HTTP server on 127.0.0.1.

Lists come newest first, later made objects first within a second; a limit above 100, an unknown cursor, parameter or
expansion is a 400; what is not expanded is not there. Every request is kept in `requests`; `inject` makes the next
ones fail. Errors are shaped as https://docs.stripe.com/api/errors.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from vendors.stripe_reading import Json, Reading, Refused, masked, read_query
from vendors.stripe_tables import INSIDE, REFERENCE, SCHEMA

KEY = "sk_test_51AcmeBooksSecretSecretSecret"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Json
    headers: Mapping[str, str]
    status: int


@dataclass
class Fault:
    """What the next `times` requests below `path` meet, after `skip` others went well."""

    kind: str  # status | close | slow | garbage
    path: str = "/v1/"
    times: int = 1
    skip: int = 0
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 2


class FakeStripe:
    """`keys` maps an API key to its permissions (None: all); `now` is Stripe's clock, None for the real one."""

    def __init__(self, now: int | None = None) -> None:
        self.keys: dict[str, set[str] | None] = {KEY: None}
        self.accounts: dict[str | None, dict[str, Json]] = {None: {}}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.now = now
        self.pretty = False
        self.lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None

    # ------------------------------------------------------------------------------------------ contents

    @classmethod
    def from_export(cls, folder: Path, now: int | None = None) -> FakeStripe:
        """Holds what is in a folder of exported objects, one a line, the newest first."""
        fake = cls(now)
        for path in sorted(folder.glob("*.jsonl")):
            for line in reversed(path.read_text(encoding="utf-8").split("\n")):
                if line.strip():
                    fake.put(json.loads(line))
        return fake

    def put(self, stripe_object: Json, account: str | None = None) -> Json:
        """Keep an object; expanded objects inside become objects of their own. The latest put is the newest."""
        with self.lock:
            kept: Json = json.loads(json.dumps(stripe_object))
            objects = self.accounts.setdefault(account, {})
            self._collapse(kept, kept["object"], account)
            objects[kept["id"]] = kept
            return kept

    def change(self, object_id: str, **fields: Any) -> None:
        with self.lock:
            self.accounts[None][object_id].update(fields)

    def _collapse(self, value: Any, kind: str, account: str | None) -> None:
        for one in value if isinstance(value, list) else [value]:
            for name, (how, target) in SCHEMA.get(kind, {}).items():
                held = one.get(name) if isinstance(one, dict) else None
                if how == REFERENCE and isinstance(held, dict):
                    if held["id"] not in self.accounts.setdefault(account, {}):
                        self.put(held, account)
                    one[name] = held["id"]
                elif how == INSIDE and held is not None:
                    inside = held.get("data", held) if isinstance(held, dict) else held
                    self._collapse(inside, target, account)

    def of_kind(self, kind: str, account: str | None = None) -> list[Json]:
        """Newest first; of one second, the one that was put last comes first."""
        made = [one for one in self.accounts[account].values() if one["object"] == kind]
        # A stable sort from the latest put backwards.
        made.reverse()
        return sorted(made, key=lambda one: -one["created"])

    # ------------------------------------------------------------------------------------------ server

    def __enter__(self) -> FakeStripe:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *reason: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def base_url(self) -> str:
        assert self._server is not None, "the server is not running"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def inject(self, kind: str, path: str = "/v1/", **more: Any) -> Fault:
        fault = Fault(kind, path, **more)
        self.faults.append(fault)
        return fault

    def take_fault(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if path.startswith(fault.path) and fault.times > 0:
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    # ------------------------------------------------------------------------------------------ answers

    def answer(self, method: str, path: str, query: Json, headers: Mapping[str, str]) -> Json:
        with self.lock:
            permissions = self._authenticate(headers)
            if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.[a-z]+)?", headers.get("Stripe-Version", "")):
                raise Refused(400, "Invalid Stripe API version: a Stripe-Version header is required")
            account = headers.get("Stripe-Account")
            if account not in self.accounts:
                raise Refused(
                    403,
                    f"The provided key '{masked(_key_of(headers))}' does not have access to account '{account}' "
                    f"(or that account does not exist). Application access may have been revoked.",
                    code="account_invalid",
                )
            if method != "GET":
                raise Refused(404, f"Unrecognized request URL ({method}: {path}).")
            return Reading(self, account, permissions, _key_of(headers)).answer(path, query)

    def _authenticate(self, headers: Mapping[str, str]) -> set[str] | None:
        given = headers.get("Authorization", "")
        if not given.startswith("Bearer "):
            raise Refused(
                401, "You did not provide an API key. You need to provide your API key in the header."
            )
        key = given.removeprefix("Bearer ")
        if key not in self.keys:
            raise Refused(401, f"Invalid API Key provided: {masked(key)}")
        return self.keys[key]


def _key_of(headers: Mapping[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def _handler(fake: FakeStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: else each answer waits for the other side's acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.serve()

        def serve(self) -> None:
            parts = urlsplit(self.path)
            fault = fake.take_fault(parts.path)
            if fault is not None and fault.kind == "slow":
                time.sleep(fault.seconds)
            asked = dict(self.headers.items())
            status, body, headers = self.decide(parts, asked, fault)
            query = dict(parse_qsl(parts.query))
            fake.requests.append(Request(self.command, parts.path, query, asked, status))
            if fault is not None and fault.kind == "close":
                self.close_connection = True
                return
            text = json.dumps(body, indent=2 if fake.pretty else None).encode()
            if fault is not None and fault.kind == "garbage":
                text = text[: len(text) // 2]
            self.send_response_only(status)
            self.send_header(
                "Date", formatdate(fake.now if fake.now is not None else time.time(), usegmt=True)
            )
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Request-Id", f"req_Acme{len(fake.requests):06d}")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def decide(
            self, parts: SplitResult, asked: Mapping[str, str], fault: Fault | None
        ) -> tuple[int, Json, Mapping[str, str]]:
            if fault is not None and fault.kind == "status":
                words = "Request rate limit exceeded." if fault.status == 429 else "An unknown error occurred"
                return fault.status, Refused(fault.status, words).body, fault.headers
            try:
                return 200, fake.answer(self.command, parts.path, read_query(parts.query), asked), {}
            except Refused as refused:
                return refused.status, refused.body, {}

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: `requests` is the log."""

    return Handler
