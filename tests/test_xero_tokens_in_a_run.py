"""Tokens that end in the middle of a run over Xero: nothing is lost, nothing is written twice, and no document goes to
the token endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest
from quickbooks_access import KEY
from vendors.xero.oauth import CLIENT_ID, CLIENT_SECRET
from vendors.xero.service import API_PATH, Asked
from xero_books import XeroBooks
from xero_run import command, keys_in, picture, stage, states_of

ALLOWED = {"grant_type", "refresh_token", "scope"}


@contextmanager
def books_by(auth: str) -> Iterator[XeroBooks]:
    """The books opened by a custom connection, or by a person's consent with the first refresh token in the settings."""
    with stage() as books:
        if auth == "authorization_code":
            settings = json.loads(books.config.read_text(encoding="utf-8"))
            settings["ledgers"]["main"]["connection"].update(
                auth=auth,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                tenant_id=books.organisation.tenant_id,
                refresh_token=books.fake.oauth.grant().refresh,
            )
            books.config.write_text(json.dumps(settings), encoding="utf-8")
            books.world.environment["CONNECTOR_KEY"] = KEY
        yield books


def expire_at(books: XeroBooks, place: int) -> None:
    """At the call with this number its access token is valid no more."""
    calls: list[str] = []

    def look(number: int, asked: Asked) -> None:
        if asked.path.startswith(API_PATH):
            calls.append(asked.path)
            if len(calls) == place:
                books.fake.oauth.expire_access_tokens()

    books.fake.before_request = look


@pytest.mark.parametrize("auth", ["custom_connection", "authorization_code"])
def test_a_token_that_expires_is_renewed_once_and_nothing_else_is_told_to_the_token_endpoint(
    auth: str,
) -> None:
    with books_by(auth) as books:
        assert books.sync().errors == []
        result = picture(books)
        writes = [place for place, one in enumerate(books.fake.calls(), start=1) if one.is_write]
    assert len(writes) >= 5
    for place in (1, *writes):
        with books_by(auth) as books:
            expire_at(books, place)
            assert books.sync().errors == []
            assert picture(books) == result and states_of(books, "main") == {"posted"}
            refused = [one for one in books.fake.calls() if one.status == 401]
            # Those that were under way at once were all refused, and one of them had a new token.
            assert 1 <= len(refused) <= 5
            assert len(books.fake.oauth.asked) == 2
            for body in books.fake.oauth.asked:
                assert set(dict(parse_qsl(body))) <= ALLOWED
                assert not any(key in body for key in keys_in(books))


def test_a_consent_keeps_its_tokens_from_run_to_run() -> None:
    with books_by("authorization_code") as books:
        assert books.sync().errors == []
        assert books.rows("token", "ledger") == [("main",)]
        assert books.sync().errors == []
        assert len(books.fake.oauth.asked) == 1


def test_a_consent_that_was_taken_back_says_how_to_connect_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_KEY", KEY)
    with books_by("authorization_code") as books:
        for grant in books.fake.oauth.grants:
            grant.revoked = True
        assert command(books, "sync") == 1
        assert "connect again: connector connect main" in capsys.readouterr().err
        assert states_of(books, "files") == {"posted"}
        again: Any = books.fake.oauth.grant()
        settings = json.loads(books.config.read_text(encoding="utf-8"))
        settings["ledgers"]["main"]["connection"]["refresh_token"] = again.refresh
        books.config.write_text(json.dumps(settings), encoding="utf-8")
        assert command(books, "sync") == 0
        assert states_of(books, "main") == {"posted"}


def test_a_scope_that_is_lacking_ends_the_run_of_its_ledger_without_a_loop() -> None:
    with books_by("authorization_code") as books:
        books.fake.inject("insufficient_scope", method="PUT", times=99)
        (error,) = books.sync().errors
        assert (error.ledger, error.code) == ("main", "unauthorised")
        assert len(books.fake.oauth.asked) == 1
        assert sum(one.status == 401 for one in books.fake.calls()) == 1
        assert states_of(books, "files") == {"posted"}
