"""`connect` for Xero: a consent bound to who asked for it, and the organisation of the settings, which is never guessed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from connect_desk import ConsentDesk
from quickbooks_access import KEY
from quickbooks_hands import TIMEOUT
from vendors.xero import TENANT, FakeXero, Organisation
from vendors.xero.oauth import (
    AUTHORIZE_PATH,
    CLIENT_SECRET,
    CONNECTIONS_PATH,
    PKCE_CLIENT_ID,
    SCOPES,
    TOKEN_PATH,
)
from xero_access import APPS, OTHER_TENANT

from connector.cli.root import run

LISTED = [
    "Write the tenant_id of the organisation that ledger main is into its connection in the settings. Let in:",
    f"  Acme Books  {TENANT}",
    f"  Acme Far East  {OTHER_TENANT}",
]
OUTSIDE = "c0ffee00-0000-4000-8000-00000000ffff"


@pytest.fixture
def fake() -> Iterator[FakeXero]:
    with FakeXero(Organisation(), Organisation(OTHER_TENANT, "Acme Far East")) as one:
        yield one


class Desk(ConsentDesk):
    """Books with one Xero ledger."""

    def __init__(self, fake: FakeXero, folder: Path, patch: pytest.MonkeyPatch, state: str) -> None:
        self.fake = fake
        connection = {
            **APPS["with a secret"],
            "tenant_id": TENANT,
            "base_url": fake.api_url,
            "token_url": fake.token_url,
        }
        super().__init__(fake.oauth, {"kind": "xero", "connection": connection}, folder, patch, state)

    def use(self, app: str) -> None:
        connection = self.connection
        for key in ("client_id", "client_secret", "auth"):
            connection.pop(key, None)
        connection.update(APPS[app])

    @property
    def asked(self) -> list[dict[str, str]]:
        """The forms that reached the token endpoint."""
        return [dict(parse_qsl(body)) for body in self.fake.oauth.asked]

    def requests_to(self, path: str) -> int:
        return sum(one.asked.path == path for one in self.fake.requests)


@pytest.fixture
def desk(fake: FakeXero, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Desk:
    return Desk(fake, tmp_path, monkeypatch, sqlite_url)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


# ---------------------------------------------------------------------------------------------- in the browser


@pytest.mark.parametrize("app", ["with a secret", "without a secret"])
def test_a_person_agrees_and_the_tokens_are_kept(
    desk: Desk, capsys: pytest.CaptureFixture[str], app: str
) -> None:
    desk.use(app)
    assert desk.run("main") == 0
    out, err = capsys.readouterr()
    (grant,) = desk.fake.oauth.grants
    kept = desk.kept()
    assert kept is not None and (kept.access, kept.refresh) == (grant.access, grant.refresh)
    assert out.startswith(
        f"Ledger main is connected to Xero organisation Acme Books ({TENANT}); tokens are in "
    )
    assert len(out.splitlines()) == 1
    (address,) = desk.opened
    asked = dict(parse_qsl(urlsplit(address).query))
    assert urlsplit(address).path == AUTHORIZE_PATH
    assert asked["scope"] == f"{SCOPES} offline_access"
    for secret in (grant.access, grant.refresh, CLIENT_SECRET, KEY):
        assert secret not in out + err


@pytest.mark.parametrize("app", ["with a secret", "without a secret"])
def test_the_code_is_of_use_only_to_who_asked_for_it(
    desk: Desk, capsys: pytest.CaptureFixture[str], app: str
) -> None:
    """The page is shown a digest; what it is made from goes to the token endpoint alone, and is kept nowhere."""
    desk.use(app)
    assert desk.run("main") == 0
    (address,) = desk.opened
    shown = dict(parse_qsl(urlsplit(address).query))
    (form,) = desk.asked
    assert shown["code_challenge_method"] == "S256"
    assert shown["code_challenge"] == challenge_of(form["code_verifier"])
    assert len(form["code_verifier"]) == 43 and form["code_verifier"] != shown["state"]
    assert form.get("client_id") == (PKCE_CLIENT_ID if app == "without a secret" else None)
    out, err = capsys.readouterr()
    written = b"".join(
        path.read_bytes() for path in Path(desk.state.removeprefix("sqlite:///")).parent.glob("*.db*")
    )
    assert form["code_verifier"] not in out + err + address
    assert form["code_verifier"].encode() not in written


def test_each_attempt_has_a_verifier_of_its_own(desk: Desk) -> None:
    assert desk.run("main") == 0
    assert desk.run("main") == 0
    first, second = (form["code_verifier"] for form in desk.asked)
    assert first != second


def test_the_organisation_is_written_in_large_letters_too(desk: Desk) -> None:
    desk.connection["tenant_id"] = TENANT.upper()
    assert desk.run("main") == 0


# ---------------------------------------------------------------------------------------------- which organisation


def test_without_an_organisation_those_that_were_let_in_are_listed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never the first of them, also where there is but one."""
    del desk.connection["tenant_id"]
    assert desk.run("main") == 0
    first, *listed = capsys.readouterr().out.splitlines()
    assert first.startswith("Ledger main is connected to Xero; tokens are in ")
    assert listed == LISTED
    assert desk.kept() is not None
    desk.fake.oauth.disconnect(OTHER_TENANT)
    desk.fake.oauth.tenants = [TENANT]
    assert desk.run("main") == 0
    assert capsys.readouterr().out.splitlines()[1:] == LISTED[:2]


def test_an_organisation_that_was_not_let_in_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.connection["tenant_id"] = OUTSIDE
    assert desk.run("main") == 2
    out, err = capsys.readouterr()
    told = (
        f"the organisation {OUTSIDE} that the settings of ledger main name was not let in; let in: Acme Books"
        f" ({TENANT}), Acme Far East ({OTHER_TENANT}): choose that one, or change tenant_id; nothing was stored"
    )
    assert out == "" and told in err and told in desk.pages[0].text
    assert desk.is_empty()


def test_tokens_of_another_organisation_leave_what_is_stored(desk: Desk) -> None:
    assert desk.run("main") == 0
    before = desk.kept()
    desk.connection["tenant_id"] = OUTSIDE
    assert desk.run("main") == 2
    assert desk.kept() == before


def test_a_consent_for_no_organisation_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    del desk.connection["tenant_id"]
    desk.fake.oauth.tenants = []
    assert desk.run("main") == 2
    assert "no organisation was let in" in capsys.readouterr().err
    assert desk.is_empty()


@pytest.mark.parametrize("fault", ["lost_before", "plain_503", "truncated", "token_expired"])
def test_organisations_that_cannot_be_asked_for(
    desk: Desk, capsys: pytest.CaptureFixture[str], fault: Any
) -> None:
    desk.fake.inject(fault, CONNECTIONS_PATH)
    assert desk.run("main") == 1
    assert "Xero did not answer which organisations the token opens" in capsys.readouterr().err
    assert desk.is_empty()


def test_the_name_of_an_organisation_gives_a_terminal_no_commands(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.fake.oauth.names[TENANT] = "Acme \x1b[2J\nBooks"
    del desk.connection["tenant_id"]
    assert desk.run("main") == 0
    assert capsys.readouterr().out.splitlines()[2] == f"  Acme [2JBooks  {TENANT}"


@pytest.mark.parametrize(
    "words",
    [
        ["sync"],
        ["plan"],
        ["check"],
        ["check", "--offline"],
        ["status"],
        ["list", "refunds"],
        ["resync", "re_1"],
    ],
    ids=" ".join,
)
def test_every_other_command_wants_the_organisation_named(
    desk: Desk, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    del desk.connection["tenant_id"]
    desk.config.write_text(json.dumps(desk.settings, indent=1), encoding="utf-8")
    assert run([*words, "-c", str(desk.config)]) == 2
    out, err = capsys.readouterr()
    line = desk.config.read_text(encoding="utf-8").splitlines().index('   "connection": {') + 1
    assert out == ""
    assert (
        f"config.yaml:{line}:4: ledgers.main.connection.tenant_id: is missing: it says which organisation is meant;"
        f" connector connect main lets the connector in and lists the organisations with their ids"
    ) in err
    assert desk.fake.requests == []


def test_a_ledger_that_is_switched_off_may_lack_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    del desk.connection["tenant_id"]
    desk.settings["ledgers"]["main"]["enabled"] = False
    desk.config.write_text(json.dumps(desk.settings), encoding="utf-8")
    run(["check", "--offline", "-c", str(desk.config)])
    assert "tenant_id" not in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------- other ways in


def test_a_refresh_token_is_tried_and_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    first = desk.fake.oauth.grant().refresh
    assert desk.run("main", "--refresh-token-stdin", stdin=f"{first}\n") == 0
    kept = desk.kept()
    assert kept is not None and kept.refresh == desk.fake.oauth.grants[0].refresh != first
    out, err = capsys.readouterr()
    assert f"Xero organisation Acme Books ({TENANT})" in out and first not in out + err
    assert desk.opened == []


def test_a_refresh_token_of_another_organisation_is_not_kept(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.connection["tenant_id"] = OUTSIDE
    first = desk.fake.oauth.grant().refresh
    assert desk.run("main", "--refresh-token-stdin", stdin=first) == 2
    assert f"Acme Far East ({OTHER_TENANT})" in capsys.readouterr().err
    assert desk.is_empty()


@pytest.mark.parametrize("more", [[], ["--refresh-token-stdin"]])
def test_a_custom_connection_needs_no_consent_and_no_key(
    desk: Desk, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    desk.use("custom")
    desk.patch.delenv("CONNECTOR_KEY")
    assert desk.run("main", *more) == 0
    out, err = capsys.readouterr()
    assert out == (
        "Ledger main needs no consent: a custom connection of Xero opens its one organisation with client_id and"
        " client_secret; `connector check` tries them.\n"
    )
    assert err == "" and desk.fake.requests == [] and desk.opened == []


def test_a_person_declines(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.fake.oauth.denies = True
    assert desk.run("main") == 1
    assert (
        "the consent was declined: ledger main is not connected, and nothing was stored"
        in capsys.readouterr().err
    )
    assert desk.is_empty() and desk.requests_to(TOKEN_PATH) == 0


def test_a_code_that_another_caught_is_worth_nothing(desk: Desk) -> None:
    """As a program on the same machine might, that sees the address of the redirect."""
    caught: list[int] = []

    def person(address: str) -> None:
        sent = requests.get(address, timeout=TIMEOUT, allow_redirects=False).headers["Location"]
        code = dict(parse_qsl(urlsplit(sent).query))["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": sent.partition("?")[0],
            "client_id": PKCE_CLIENT_ID,
            "code_verifier": "x" * 43,
        }
        caught.append(requests.post(desk.fake.token_url, data=form, timeout=TIMEOUT).status_code)
        desk.agree(address)

    desk.use("without a secret")
    desk.person = person
    assert desk.run("main") == 0
    assert caught == [400]


def test_in_earnest_the_consent_is_given_on_xeros_page() -> None:
    from connector.delivery.xero import xero_app
    from connector.settings.connections import XeroConnection

    app = xero_app(XeroConnection.model_validate(APPS["with a secret"]), "main")
    address = urlsplit(app.consent_address("http://localhost:8764/callback", "s-1", "v" * 43))
    assert address.geturl().startswith("https://login.xero.com/identity/connect/authorize?client_id=")
    assert app.token_url == "https://identity.xero.com/connect/token"
    assert app.by_token is False


def test_help_says_how_an_app_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connect", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for needed in (
        "https://developer.xero.com/app/manage",
        "http://localhost:8764/callback",
        "auth: authorization_code",
        "custom_connection",
        "CONNECTOR_KEY",
        *(f"{scope}" for scope in SCOPES.split()),
        "offline_access",
        "60 days",
    ):
        assert needed in words
