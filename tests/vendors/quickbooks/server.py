"""The HTTP side of the stand-in: requests read, faults met, answers sent."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from vendors.quickbooks.refusals import refused
from vendors.quickbooks.service import Answer, Asked
from vendors.quickbooks.trouble import throttle_text
from vendors.quickbooks.wire import dumps

if TYPE_CHECKING:
    from vendors.quickbooks.fake import FakeQuickBooks
    from vendors.quickbooks.trouble import Fault

_PAGE = "<html><head><title>503 Service Unavailable</title></head><body>Service Unavailable</body></html>"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone, such as one that timed out, is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def handler(fake: FakeQuickBooks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: else each answer waits for the other side's acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def serve(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parameters = dict(parse_qsl(address.query, keep_blank_values=True))
            asked = Asked(self.command, address.path, parameters, dict(self.headers.items()), body)
            try:
                number = fake.next_request(asked)
            except Exception:
                self.close_connection = True
                return
            fault = fake.take_fault(asked.method, asked.path)
            done = None if fault is not None and not fault.carried_out else fake.answer(asked)
            answered = done if fault is None else disturbed(fake, fault, done)
            fake.remember(asked, answered, done)
            if answered is None:
                self.close_connection = True
                return
            self.send(number, answered)

        def send(self, number: int, answered: Answer) -> None:
            text = answered.text.encode()
            self.send_response_only(answered.status)
            self.send_header("Content-Type", f"{answered.content_type};charset=UTF-8")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("intuit_tid", f"1-acme-{number:06d}")
            for name, value in answered.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: `requests` is the log."""

    return Handler


def disturbed(fake: FakeQuickBooks, fault: Fault, done: Answer | None) -> Answer | None:
    """What comes over the wire instead of `done`; None where the connection just closes."""
    stamp = fake.company.clock.stamp()
    if fault.kind == "hang":
        fake.stopping.wait(fault.seconds)
        return None
    if fault.kind == "truncated" and done is not None:
        return Answer(done.status, done.text[: len(done.text) // 2], done.content_type)
    if fault.kind == "throttled":
        return throttled(fake)
    if fault.kind == "html_503":
        return Answer(503, _PAGE, "text/html")
    if fault.kind == "empty_500":
        return Answer(500, "")
    if fault.kind in ("fault_200", "refused"):
        no = refused(fault.code, "Ordered by the test")
        return Answer(200 if fault.kind == "fault_200" else no.status, dumps({**no.body, "time": stamp}))
    return None


def throttled(fake: FakeQuickBooks) -> Answer:
    moods = fake.company.moods
    kind, text = throttle_text(moods, fake.company.clock.stamp())
    headers = {} if moods.retry_after is None else {"Retry-After": str(moods.retry_after)}
    return Answer(429, text, kind, headers)
