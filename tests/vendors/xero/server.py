"""The HTTP side of the stand-in: requests read, faults met, answers sent."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from vendors.xero.refusals import validation
from vendors.xero.service import Answer, Asked, disconnected, expired, out_of_scope, refusal
from vendors.xero.trouble import DAY_WAIT, Throttle
from vendors.xero.wire import dumps

if TYPE_CHECKING:
    from vendors.xero.fake import FakeXero
    from vendors.xero.trouble import Fault

LONGEST_TARGET = 4096
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone, such as one that timed out, is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def handler(fake: FakeXero) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: else each answer waits for the other side's acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.serve()

        def do_PUT(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def do_DELETE(self) -> None:
            self.serve()

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
                    done = fake.answer(asked, beside, fault if fault is not None and fault.inside else None)
                answered = done if fault is None else disturbed(fake, fault, done)
                fake.remember(asked, answered, done)
            if answered is None:
                self.close_connection = True
                return
            self.send(number, asked, answered)

        def send(self, number: int, asked: Asked, answered: Answer) -> None:
            text = answered.text.encode()
            self.send_response_only(answered.status)
            self.send_header("Content-Type", f"{answered.content_type}; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Xero-Correlation-Id", f"c0441e1a-0000-4000-8000-{number:012x}")
            for name, value in {**fake.limit_headers(asked), **answered.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: `requests` is the log."""

    return Handler


def disturbed(fake: FakeXero, fault: Fault, done: Answer | None) -> Answer | None:
    """What comes over the wire instead of `done`; None where the connection just closes."""
    kind = fault.kind
    if kind == "hang":
        fake.stopping.wait(fault.seconds)
        return None
    if kind == "truncated" and done is not None:
        return Answer(done.status, done.text[: len(done.text) // 2], done.content_type)
    if kind in ("cached_500", "cached_500_not_done", "element_refused"):
        return done
    if kind.startswith("throttled_"):
        problem = kind.removeprefix("throttled_")
        return throttled(fake, Throttle(problem, {"minute": 30, "day": DAY_WAIT}.get(problem)))
    if kind == "refused":
        return Answer(400, dumps(validation([{"ValidationErrors": [{"Message": fault.words}]}])))
    return _plain(fake).get(kind)


def _plain(fake: FakeXero) -> dict[str, Answer]:
    return {
        "empty_500": Answer(500, "", "text/plain"),
        "plain_503": Answer(503, "The Xero API is temporarily unavailable", "text/plain"),
        "plain_404": Answer(404, "The resource you're looking for cannot be found", "text/plain"),
        "html_502": Answer(502, _PAGE, "text/html"),
        "token_expired": refusal(expired(fake.organisation.clock())),
        "insufficient_scope": refusal(out_of_scope()),
        "disconnected_403": refusal(disconnected()),
    }


def throttled(fake: FakeXero, why: Throttle) -> Answer:
    headers = {"X-Rate-Limit-Problem": why.problem}
    if why.retry_after is not None:
        headers["Retry-After"] = str(why.retry_after)
    body = fake.organisation.moods.throttle_body
    if body == "json":
        return Answer(429, dumps({"Title": "Too Many Requests", "Status": 429}), headers=headers)
    return Answer(
        429, "oauth_problem=rate%20limit%20exceeded" if body == "text" else "", "text/plain", headers
    )
