"""The HTTP side of the stand-in for Stripe: requests read, faults met, answers sent."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from vendors.stripe_errors import Json, Refused, read_query

if TYPE_CHECKING:
    from vendors.fake_stripe import FakeStripe
    from vendors.stripe_faults import Fault


@dataclass(frozen=True)
class Request:
    """`query` is what stood behind the address or in the body, name by name."""

    method: str
    path: str
    query: Json
    headers: Mapping[str, str]
    status: int


_IN_USE = (
    "There is currently another in-progress request using this Stripe-Idempotency-Key (that probably means you "
    "submitted twice, and the other request is still going through). Please try again later."
)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone, such as one that was killed, is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def handler(fake: FakeStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: else each answer waits for the other side's acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.serve(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def do_DELETE(self) -> None:
            self.serve("")

        def serve(self, parameters: str) -> None:
            path = urlsplit(self.path).path
            asked = dict(self.headers.items())
            try:
                number = fake.next_request(path)
            except Refused as refused:
                fake.requests.append(Request(self.command, path, {}, asked, refused.status))
                self.send(fake.asked, refused.status, refused.body, refused.headers, None)
                return
            except Exception:
                self.close_connection = True
                return
            flight = (asked.get("Stripe-Account"), asked.get("Idempotency-Key"))
            if self.command == "POST" and not fake.take_off(flight):
                body = Refused(409, _IN_USE, code="idempotency_key_in_use").body
                fake.requests.append(Request(self.command, path, {}, asked, 409))
                self.send(number, 409, body, {}, None)
                return
            try:
                self.carry_out(number, path, parameters, asked)
            finally:
                fake.land(flight)

        def carry_out(self, number: int, path: str, parameters: str, asked: Mapping[str, str]) -> None:
            fault = fake.take_fault(self.command, path)
            if fault is not None and fault.kind == "slow":
                time.sleep(fault.seconds)
            status, body, headers = self.decide(number, path, parameters, asked, fault)
            fake.requests.append(Request(self.command, path, dict(parse_qsl(parameters)), asked, status))
            if fault is not None and fault.kind == "close":
                self.close_connection = True
                return
            self.send(number, status, body, headers, fault)

        def decide(
            self, number: int, path: str, parameters: str, asked: Mapping[str, str], fault: Fault | None
        ) -> tuple[int, Json, Mapping[str, str]]:
            if fault is not None and fault.kind == "status":
                words = "Request rate limit exceeded." if fault.status == 429 else "An unknown error occurred"
                more: Any = {} if fault.code is None else {"code": fault.code}
                return fault.status, Refused(fault.status, words, **more).body, fault.headers
            after = fault if fault is not None and fault.kind == "after" else None
            try:
                answered = fake.answer(
                    self.command, path, read_query(parameters), asked, request_id(number), after
                )
            except Refused as refused:
                return refused.status, refused.body, refused.headers
            return answered.status, answered.body, answered.headers

        def send(
            self, number: int, status: int, body: Json, headers: Mapping[str, str], fault: Fault | None
        ) -> None:
            text = json.dumps(body, indent=2 if fake.pretty else None).encode()
            if fault is not None and fault.kind == "garbage":
                text = text[: len(text) // 2]
            self.send_response_only(status)
            self.send_header("Date", formatdate(fake.second(), usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Request-Id", request_id(number))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: `requests` is the log."""

    return Handler


def request_id(number: int) -> str:
    return f"req_Acme{number:06d}"
