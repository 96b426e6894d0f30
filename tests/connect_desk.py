"""A person before a browser who lets the connector into a ledger, and what the command says."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from quickbooks_access import KEY
from quickbooks_hands import TIMEOUT

from connector.cli import connect
from connector.cli.root import run
from connector.delivery.token_safe import Kept, TokenSafe
from connector.store.database import make_engine, open_database
from connector.store.tokens import read_token
from connector.world import World

Browse = Callable[[str], object]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


class ConsentDesk:
    """Books with a ledger `main` that gives access by consent, and one of files."""

    def __init__(
        self, oauth: Any, main: dict[str, Any], folder: Path, patch: pytest.MonkeyPatch, state: str
    ) -> None:
        """`oauth` is the stand-in's, `main` the ledger in the settings."""
        self.config = folder / "config.yaml"
        self.state = state
        self.patch = patch
        self.pages: list[requests.Response] = []
        self.opened: list[str] = []
        self.browsing: list[threading.Thread] = []
        self.settings: dict[str, Any] = {
            "books": "acme",
            "timezone": "America/New_York",
            "state": state,
            "stripe": {"start": "2026-01-01", "export": str(folder)},
            "ledgers": {
                "main": main,
                "files": {"kind": "beancount", "connection": {"path": "books"}},
            },
        }
        port = free_port()
        oauth.redirect_uris = {f"http://localhost:{port}/callback"}
        patch.setattr(connect, "CALLBACK_PORT", port)
        patch.setattr(connect, "REDIRECT_URI", f"http://localhost:{port}/callback")
        patch.setattr(World, "open_browser", lambda world, address: self.browse(address))
        patch.setenv("CONNECTOR_KEY", KEY)
        self.person: Browse = self.agree

    @property
    def connection(self) -> dict[str, Any]:
        found: dict[str, Any] = self.settings["ledgers"]["main"]["connection"]
        return found

    def run(self, *arguments: str, stdin: str = "") -> int:
        self.config.write_text(json.dumps(self.settings), encoding="utf-8")
        self.patch.setattr("sys.stdin", io.StringIO(stdin))
        code = run(["connect", *arguments, "-c", str(self.config)])
        for one in self.browsing:
            one.join(TIMEOUT)
        return code

    def browse(self, address: str) -> bool:
        """As a browser does it: the page is looked at while the command waits."""
        self.opened.append(address)
        self.browsing.append(threading.Thread(target=self.person, args=(address,)))
        self.browsing[-1].start()
        return True

    def agree(self, address: str) -> None:
        self.pages.append(requests.get(address, timeout=TIMEOUT))

    def redirect(self, address: str, **change: str | None) -> requests.Response:
        """Follow the consent page's redirect with parts of it changed, or left out."""
        sent = requests.get(address, timeout=TIMEOUT, allow_redirects=False).headers["Location"]
        parts = urlsplit(sent)
        query = {**dict(parse_qsl(parts.query)), **change}
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        self.pages.append(requests.get(f"{sent.partition('?')[0]}?{asked}", timeout=TIMEOUT))
        return self.pages[-1]

    def kept(self, key: str = KEY) -> Kept | None:
        engine = open_database(self.state, "acme", "own")
        found = TokenSafe(engine, self.state, "main", key).read()
        engine.dispose()
        return found

    def is_empty(self) -> bool:
        engine = make_engine(self.state)
        found = read_token(engine, "main")
        engine.dispose()
        return found is None
