"""The HTTP side of the stand-in: requests read, faults met, answers sent."""

from __future__ import annotations

import sys
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from vendors.netsuite import restlet
from vendors.netsuite.answers import Answer, Asked, failed
from vendors.netsuite.refusals import INVALID_LOGIN, LOCKED_RECORD, error, throttled
from vendors.netsuite.service import RESTLET_PATH

if TYPE_CHECKING:
    from vendors.netsuite.fake import FakeNetsuite
    from vendors.netsuite.trouble import Fault

_PAGE = "<html><head><title>{0}</title></head><body>{0}</body></html>"
_UNEXPECTED = "An unexpected error occurred. Error ID: k9x2v7q1a0b3c4d5e6f7g"
_LIMIT = ("SSS_REQUEST_LIMIT_EXCEEDED", "The maximum number of requests has been exceeded.")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone, such as one that timed out, is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def handler(fake: FakeNetsuite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: else each answer waits for the other side's acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.serve()

        do_PUT = do_POST = do_PATCH = do_DELETE = do_GET

        def serve(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parameters = dict(parse_qsl(address.query, keep_blank_values=True))
            headers = dict(self.headers.items())
            asked = Asked(self.command, unquote(address.path), parameters, headers, body, self.path)
            try:
                number = fake.next_request(asked)
            except Exception:
                self.close_connection = True
                return
            with fake.in_flight(asked) as beside:
                fault = fake.take_fault(asked.method, asked.path)
                done = None
                if fault is None or fault.carried_out:
                    done = fake.answer(asked, beside)
                answered = done if fault is None else disturbed(fake, fault, asked, done)
                fake.remember(asked, answered, done)
            if answered is None:
                self.close_connection = True
                return
            self.send(number, answered)

        def send(self, number: int, answered: Answer) -> None:
            text = answered.text.encode()
            self.send_response_only(answered.status)
            self.send_header("X-N-OperationId", f"c0441e1a-0000-4000-8000-{number:012x}")
            self.send_header("Date", formatdate(fake.now(), usegmt=True))
            if answered.status != 204:
                self.send_header("Content-Type", answered.content_type)
                self.send_header("Content-Length", str(len(text)))
            for name, value in answered.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if answered.status != 204:
                self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: `requests` is the log."""

    return Handler


def disturbed(fake: FakeNetsuite, fault: Fault, asked: Asked, done: Answer | None) -> Answer | None:
    """What comes over the wire instead of `done`; None where the connection just closes."""
    kind = fault.kind
    if kind == "hang":
        fake.stopping.wait(fault.seconds)
        return None
    if kind == "slow_commit":
        fake.do_later(asked, fault)
        return None
    if done is not None and kind == "truncated":
        half = done.text[: len(done.text) // 2]
        return Answer(done.status, half, done.content_type, done.headers)
    if done is not None and kind == "no_location":
        return Answer(done.status, done.text, done.content_type)
    if kind == "refused":
        return _told(asked, 400, "USER_ERROR", fault.words)
    return _fixed(asked).get(kind)


def _told(asked: Asked, status: int, code: str, words: str) -> Answer:
    if asked.path == RESTLET_PATH:
        return restlet.said(status, code, words)
    return failed(status, error(status, code, words))


def _fixed(asked: Asked) -> dict[str, Answer]:
    return {
        "throttled": too_many(asked),
        "restlet_limit": restlet.said(400, *_LIMIT),
        "unexpected_500": _told(asked, 500, "UNEXPECTED_ERROR", _UNEXPECTED),
        "empty_500": Answer(500, "", "text/plain"),
        "plain_503": Answer(503, "Service Unavailable", "text/plain"),
        "html_502": Answer(502, _PAGE.format("502 Bad Gateway"), "text/html"),
        "html_404": Answer(404, _PAGE.format("404 Not Found"), "text/html"),
        "login_401": _told(asked, 401, "INVALID_LOGIN", INVALID_LOGIN),
        "login_attempt_401": _told(asked, 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt."),
        "forbidden_403": _told(asked, 403, "INSUFFICIENT_PERMISSION", "Permission Violation."),
        "locked": _told(asked, 400, "USER_ERROR", LOCKED_RECORD),
    }


def too_many(asked: Asked) -> Answer:
    """More at once than the account allows: 429, and another way for RESTlets (ORA/bridgehead_1525252812)."""
    return restlet.said(400, *_LIMIT) if asked.path == RESTLET_PATH else failed(429, throttled())
