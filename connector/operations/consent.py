"""A person lets the connector into a ledger: the vendor's consent page in a browser, and its redirect back to us.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1, https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

from __future__ import annotations

import hmac
import html
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from connector.delivery.token_requests import OAuthApp
from connector.delivery.tokens import Tokens
from connector.errors import ConnectorError, InputError, Stopped
from connector.world import Listener, World

CALLBACK_PATH = "/callback"
TIME_LIMIT_MINUTES = 5
# A browser opens connections ahead on which it asks nothing.
PATIENCE_S = 10
TICK_S = 0.1
_WORD = re.compile(r"[a-z_]{1,40}")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto"><h1>{title}</h1><p>{words}</p></body></html>
"""


class Consent:
    """One round trip: what the redirect must bear, and what became of it. The vendor's redirect is taken once.

    `verifier` proves to the vendor who asked for the code; `verify` tries the token before it is kept.
    """

    def __init__(
        self,
        app: OAuthApp,
        tokens: Tokens,
        redirect_uri: str,
        state: str,
        say: Callable[[str], None],
        verifier: str | None = None,
        verify: Callable[[str], None] = lambda access: None,
    ) -> None:
        self.app = app
        self.tokens = tokens
        self.redirect_uri = redirect_uri
        self.state = state
        self.say = say
        self.verifier = verifier
        self.verify = verify
        self.error: Exception | None = None
        self.taken = False
        self.done = Event()
        self._turn = Lock()

    @property
    def address(self) -> str:
        return self.app.consent_address(self.redirect_uri, self.state, self.verifier)

    def consider(self, query: Mapping[str, str]) -> tuple[int, str, str]:
        """Status, title and words of the page that answers a redirect. Raises nothing: see `error`."""
        with self._turn:
            if self.taken:
                return 200, "Nothing more to do", "This was answered before. You can close this window."
            if not hmac.compare_digest(query.get("state", "").encode(), self.state.encode()):
                self.say("A redirect that does not belong to this command was refused; still waiting.")
                return 400, "Refused", "This redirect does not belong to the command that waits."
            self.taken = True
            try:
                self._take(query)
            except ConnectorError as error:
                self.error = error
                return 400, "Not connected", str(error)
            except Exception as error:
                # Told by the command, like any fault of ours.
                self.error = error
                return 500, "Not connected", "Something unexpected happened; the command says what."
            return 200, "Connected", f"Ledger {self.app.ledger} is connected. You can close this window."

    def _take(self, query: Mapping[str, str]) -> None:
        title, ledger = self.app.vendor.title, self.app.ledger
        if "error" in query:
            said = query["error"] if _WORD.fullmatch(query["error"]) else "an error that cannot be shown"
            what = "the consent was declined" if said == "access_denied" else f"{title} answered {said}"
            raise ConnectorError(f"{what}: ledger {ledger} is not connected, and nothing was stored")
        chosen = query.get(self.app.vendor.company_parameter or "")
        if self.app.company is not None and chosen != self.app.company:
            shown = chosen if chosen is not None and chosen.isalnum() else "that cannot be told"
            raise InputError(
                f"company {shown} was chosen in {title}, and the settings of ledger {ledger} name {self.app.company}:"
                f" choose that one, or change the settings; nothing was stored"
            )
        if not query.get("code"):
            raise ConnectorError(f"the redirect of {title} bears no code: ledger {ledger} is not connected")
        self.tokens.take_code(query["code"], self.redirect_uri, self.verifier, self.verify)


def wait_for_consent(
    consent: Consent, listener: Listener, world: World, should_stop: Callable[[], bool]
) -> None:
    """Answer redirects until one was taken. Raises what became of it, `ConnectorError` after five minutes, `Stopped`."""
    server = ConsentServer(consent, listener)
    begun_ms = world.monotonic_ms()
    Thread(target=server.serve_forever, kwargs={"poll_interval": TICK_S}, daemon=True).start()
    try:
        while not consent.done.wait(TICK_S):
            if should_stop():
                raise Stopped
            if world.monotonic_ms() - begun_ms > TIME_LIMIT_MINUTES * 60_000:
                raise ConnectorError(
                    f"nobody gave consent within {TIME_LIMIT_MINUTES} minutes; nothing was stored:"
                    f" call {consent.app.connect_again} once more"
                )
    finally:
        server.shutdown()
        server.server_close()
    if consent.error is not None:
        raise consent.error


class ConsentServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, consent: Consent, listener: Listener) -> None:
        super().__init__(listener.getsockname()[:2], ConsentHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.consent = consent

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that is gone is no error."""


class ConsentHandler(BaseHTTPRequestHandler):
    server: ConsentServer
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        consent = self.server.consent
        if address.path != CALLBACK_PATH:
            self.show(404, "Not found", f"Only {CALLBACK_PATH} is answered here.")
            return
        page = consent.consider(dict(parse_qsl(address.query, keep_blank_values=True)))
        try:
            self.show(*page)
        finally:
            # Only now: the command ends with the answer sent.
            if consent.taken:
                consent.done.set()

    def show(self, status: int, title: str, words: str) -> None:
        page = _PAGE.format(title=html.escape(title), words=html.escape(words)).encode()
        self.send_response_only(status)
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))}
        # The address bears the code: no page that follows is told it, and nothing keeps it.
        headers |= {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Connection": "close"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the address bears the code."""
