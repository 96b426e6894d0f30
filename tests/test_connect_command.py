"""`connect`: the round trip through the browser, and a refresh token from standard input."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from connect_desk import ConsentDesk
from quickbooks_access import KEY, OTHER_KEY, Access, connection_to
from quickbooks_hands import TIMEOUT, shop
from vendors.quickbooks import REALM, FakeQuickBooks
from vendors.quickbooks.oauth import AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, SCOPE, TOKEN_PATH

from connector.cli import connect
from connector.cli.root import run
from connector.delivery.quickbooks_online import quickbooks_app
from connector.delivery.token_requests import TokenRequests
from connector.operations.consent import Consent
from connector.settings.connections import QuickbooksOnlineConnection
from connector.store.database import open_database
from connector.world import World


@pytest.fixture
def fake() -> Iterator[FakeQuickBooks]:
    with FakeQuickBooks(shop()) as one:
        yield one


class Desk(ConsentDesk):
    """Books with one QuickBooks ledger."""

    def __init__(self, fake: FakeQuickBooks, folder: Path, patch: pytest.MonkeyPatch, state: str) -> None:
        self.fake = fake
        connection = {
            "realm_id": REALM,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "base_url": fake.base_url,
            "token_url": fake.base_url + TOKEN_PATH,
        }
        super().__init__(
            fake.oauth, {"kind": "quickbooks_online", "connection": connection}, folder, patch, state
        )


@pytest.fixture
def desk(fake: FakeQuickBooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state_url: str) -> Desk:
    return Desk(fake, tmp_path, monkeypatch, state_url)


@pytest.fixture
def files_desk(
    fake: FakeQuickBooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> Desk:
    """For what does not depend on the database."""
    return Desk(fake, tmp_path, monkeypatch, sqlite_url)


# ---------------------------------------------------------------------------------------------- in the browser


def test_a_person_agrees_and_the_tokens_are_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("main") == 0
    out, err = capsys.readouterr()
    (grant,) = desk.fake.oauth.grants
    kept = desk.kept()
    assert kept is not None and (kept.access, kept.refresh) == (grant.access, grant.refresh)
    assert out.startswith(f"Ledger main is connected to QuickBooks company {REALM}; tokens are in ")
    (address,) = desk.opened
    asked = dict(parse_qsl(urlsplit(address).query))
    assert urlsplit(address).path == AUTHORIZE_PATH
    assert (asked["scope"], asked["response_type"], asked["client_id"]) == (SCOPE, "code", CLIENT_ID)
    assert len(asked["state"]) == 43
    assert address in err and connect.REDIRECT_URI in err
    (page,) = desk.pages
    assert page.status_code == 200 and "You can close this window" in page.text
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    for secret in (grant.access, grant.refresh, CLIENT_SECRET, KEY):
        assert secret not in out + err


def test_connecting_again_takes_the_place_of_what_is_stored(files_desk: Desk) -> None:
    files_desk.connection["refresh_token"] = "a-first-one-that-is-dead"
    for _ in range(2):
        assert files_desk.run("main") == 0
    kept = files_desk.kept()
    assert kept is not None and kept.refresh == files_desk.fake.oauth.grants[1].refresh
    assert len(kept.seen) == 1, "the settings' own token is not used any more"


def test_tokens_that_no_key_opens_any_more_are_replaced(files_desk: Desk) -> None:
    assert files_desk.run("main") == 0
    files_desk.patch.setenv("CONNECTOR_KEY", OTHER_KEY)
    assert files_desk.run("main") == 0
    assert files_desk.kept(OTHER_KEY) is not None


def test_without_a_browser_the_address_is_printed(
    files_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person opens it elsewhere; here, as soon as it is waited for."""
    listen = World.listen

    def and_then_browse(world: World, host: str, port: int) -> socket.socket:
        listener = listen(world, host, port)
        assert host == "127.0.0.1"
        files_desk.browsing.append(threading.Thread(target=read_and_open))
        files_desk.browsing[-1].start()
        return listener

    addresses: list[str] = []
    told = threading.Event()

    def read_and_open() -> None:
        told.wait(TIMEOUT)
        files_desk.agree(addresses[0])

    say = connect.say

    def noting(sentence: str) -> None:
        say(sentence)
        addresses.extend(word for word in sentence.split() if AUTHORIZE_PATH in word)
        told.set()

    files_desk.patch.setattr(World, "listen", and_then_browse)
    files_desk.patch.setattr(connect, "say", noting)
    assert files_desk.run("main", "--no-browser") == 0
    assert files_desk.opened == []
    assert files_desk.kept() is not None


def test_a_machine_that_has_no_browser_says_so(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def nothing_opens(world: World, address: str) -> bool:
        files_desk.browse(address)
        return False

    files_desk.patch.setattr(World, "open_browser", nothing_opens)
    assert files_desk.run("main") == 0
    assert "No browser could be opened" in capsys.readouterr().err


def test_a_redirect_of_somebody_else_is_refused_and_waited_on(
    files_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    def person(address: str) -> None:
        callback = connect.REDIRECT_URI
        files_desk.pages.append(requests.get(callback.replace("callback", "favicon.ico"), timeout=TIMEOUT))
        files_desk.redirect(address, state="guessed")
        files_desk.redirect(address, state=None)
        files_desk.redirect(address, state="\u00e4")
        files_desk.redirect(address, state="guessed", error="access_denied")
        files_desk.agree(address)

    files_desk.person = person
    assert files_desk.run("main") == 0
    assert [page.status_code for page in files_desk.pages] == [404, 400, 400, 400, 400, 200]
    assert capsys.readouterr().err.count("does not belong to this command") == 4
    assert len(files_desk.fake.oauth.grants) == 1


def test_another_company_is_refused(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    files_desk.fake.oauth.realm = "999"
    assert files_desk.run("main") == 2
    out, err = capsys.readouterr()
    told = (
        f"company 999 was chosen in QuickBooks, and the settings of ledger main name {REALM}: choose that one, or change"
        " the settings; nothing was stored"
    )
    assert out == "" and told in err
    assert told in files_desk.pages[0].text
    assert files_desk.is_empty() and files_desk.fake.oauth.grants == []


@pytest.mark.parametrize("realm", [None, "", "<script>"])
def test_a_redirect_that_names_no_company(
    files_desk: Desk, capsys: pytest.CaptureFixture[str], realm: str | None
) -> None:
    files_desk.person = lambda address: files_desk.redirect(address, realmId=realm)
    assert files_desk.run("main") == 2
    assert "<script>" not in capsys.readouterr().err + files_desk.pages[0].text
    assert files_desk.is_empty()


def test_a_person_declines(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    files_desk.fake.oauth.denies = True
    assert files_desk.run("main") == 1
    assert (
        "the consent was declined: ledger main is not connected, and nothing was stored"
        in capsys.readouterr().err
    )
    assert "consent was declined" in files_desk.pages[0].text
    assert files_desk.is_empty()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"error": "server_error", "code": None},
            "QuickBooks answered server_error: ledger main is not connected",
        ),
        ({"error": "<b>"}, "an error that cannot be shown"),
        ({"code": None}, "bears no code"),
        (
            {"code": "other"},
            "QuickBooks refused the code that its redirect gave (invalid_grant): connect again",
        ),
    ],
)
def test_a_redirect_that_brings_nothing(
    files_desk: Desk, capsys: pytest.CaptureFixture[str], change: dict[str, str | None], told: str
) -> None:
    files_desk.person = lambda address: files_desk.redirect(address, **change)
    assert files_desk.run("main") == 1
    assert told in capsys.readouterr().err
    assert files_desk.is_empty()


def test_a_token_server_that_is_down_while_a_code_waits(
    files_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    files_desk.fake.inject("html_503", TOKEN_PATH, times=9)
    assert files_desk.run("main") == 1
    assert "answered with 503" in capsys.readouterr().err
    assert files_desk.is_empty()


def test_a_fault_of_ours_ends_the_command(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("a planted fault")

    files_desk.patch.setattr(TokenRequests, "exchange", broken)
    assert files_desk.run("main") == 1
    assert "an unexpected ZeroDivisionError: a planted fault" in capsys.readouterr().err
    assert files_desk.pages[0].status_code == 500 and "planted" not in files_desk.pages[0].text


def test_nobody_comes(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    hours = iter(range(10))
    files_desk.person = lambda address: None
    files_desk.patch.setattr(World, "monotonic_ms", lambda world: next(hours) * 3_600_000)
    assert files_desk.run("main") == 1
    assert "nobody gave consent within 5 minutes; nothing was stored" in capsys.readouterr().err


def test_who_stops_it_finds_nothing_stored(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    files_desk.person = lambda address: os.kill(os.getpid(), signal.SIGTERM)
    assert files_desk.run("main") == 1
    assert "stopped by request" in capsys.readouterr().err
    assert files_desk.is_empty()


def test_a_browser_that_opens_connections_ahead_holds_nothing_up(files_desk: Desk) -> None:
    idle: list[socket.socket] = []

    def person(address: str) -> None:
        idle.append(socket.create_connection(("127.0.0.1", connect.CALLBACK_PORT), timeout=TIMEOUT))
        files_desk.agree(address)

    files_desk.person = person
    assert files_desk.run("main") == 0
    idle[0].close()


def test_a_port_that_is_taken(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", connect.CALLBACK_PORT)):
        assert files_desk.run("main") == 1
    err = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1, port {connect.CALLBACK_PORT}: address already in use" in err


# ---------------------------------------------------------------------------------------------- from standard input


def test_a_refresh_token_is_tried_and_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    grant = desk.fake.oauth.grant()
    first = grant.refresh
    assert desk.run("main", "--refresh-token-stdin", stdin=f"{first}\n") == 0
    out, err = capsys.readouterr()
    kept = desk.kept()
    assert kept is not None and kept.refresh == grant.refresh != first
    assert "Ledger main is connected" in out and first not in out + err
    assert desk.opened == []


def test_a_refresh_token_that_is_refused_changes_nothing(
    files_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert files_desk.run("main") == 0
    before = files_desk.kept()
    assert files_desk.run("main", "--refresh-token-stdin", stdin="dead") == 1
    assert "QuickBooks refused the refresh token of ledger main (invalid_grant)" in capsys.readouterr().err
    assert files_desk.kept() == before


@pytest.mark.parametrize("text", ["", " \n", "two words", "two\nlines", "\u00e4", "x" * 5000])
def test_standard_input_that_is_no_token(
    files_desk: Desk, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert files_desk.run("main", "--refresh-token-stdin", stdin=text) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("standard input ")
    assert files_desk.fake.requests == []


def test_an_end_that_is_near_is_told(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    grant = files_desk.fake.oauth.grant()
    grant.issued -= 5 * 365 * 86400 - 20 * 86400
    assert files_desk.run("main", "--refresh-token-stdin", stdin=grant.refresh) == 0
    assert "Warning: the access of ledger main to QuickBooks ends on" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------- settings


def test_a_ledger_that_takes_no_consent(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert files_desk.run("files") == 2
    err = capsys.readouterr().err
    assert "ledgers.files.kind: connect is for quickbooks_online and xero; beancount takes no consent" in err
    assert files_desk.run("mian") == 2
    assert "there is no ledger 'mian' (did you mean main?)" in capsys.readouterr().err


def test_without_a_key_nobody_is_asked(files_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    files_desk.patch.delenv("CONNECTOR_KEY")
    assert files_desk.run("main") == 2
    out, err = capsys.readouterr()
    assert out == "" and "there is no key to lock them with" in err
    assert files_desk.opened == [] and not list(files_desk.config.parent.glob("state/*"))


def test_intuits_own_page_where_tokens_come_from_intuit(files_desk: Desk) -> None:
    data = {**files_desk.connection}
    del data["token_url"]
    app = quickbooks_app(QuickbooksOnlineConnection.model_validate(data), "main")
    assert app.consent_address("http://localhost:1/callback", "s").startswith(
        "https://appcenter.intuit.com/connect/oauth2?client_id="
    )


def test_help_names_the_redirect_uri(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connect", "--help"]) == 0
    assert "http://localhost:8764/callback" in capsys.readouterr().out
    assert run(["--help"]) == 0
    assert "connect " in capsys.readouterr().out


# ---------------------------------------------------------------------------------------------- while a sync runs


def test_connecting_while_the_books_are_held(files_desk: Desk) -> None:
    from connector.store.lease import hold_lease

    engine = open_database(files_desk.state, "acme", "own")
    with hold_lease(engine, files_desk.state, World(), wait=False) as lease:
        assert files_desk.run("main") == 0
        with engine.begin() as connection:
            lease.renew(connection)
    engine.dispose()


def test_a_redirect_that_is_loaded_again_is_not_taken_twice(fake: FakeQuickBooks, sqlite_url: str) -> None:
    engine = open_database(sqlite_url, "acme", "own")
    access = Access(fake, engine, sqlite_url, None)
    app = quickbooks_app(connection_to(fake, None), "main")
    consent = Consent(app, access.tokens(), "http://localhost:1/callback", "s-1", lambda sentence: None)
    sent = requests.get(consent.address, timeout=TIMEOUT, allow_redirects=False).headers["Location"]
    query = dict(parse_qsl(urlsplit(sent).query))
    assert consent.consider(query)[:2] == (200, "Connected")
    assert consent.consider(query)[:2] == (200, "Nothing more to do")
    assert consent.error is None and access.refreshes == 1
    engine.dispose()
