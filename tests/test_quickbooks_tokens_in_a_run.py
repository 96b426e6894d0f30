"""Tokens that end, or are lost, in the middle of a run: nothing is lost and nothing is written twice."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from quickbooks_books import KEY
from quickbooks_scenes import PLAYS, stage_of
from quickbooks_stage import SETTLED_S, Case, Stage, keys_in, picture
from small_books import fast_folder
from vendors.quickbooks.oauth import TOKEN_PATH
from vendors.quickbooks.service import Asked

from connector.cli.root import run
from connector.world import World

OTHER_REALM = "9130350000000002"
RECONNECT = "connect again: connector connect main"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS["invoices and memos"], folder) as made:
        yield made


def command(case: Case, monkeypatch: pytest.MonkeyPatch, *words: str, stdin: str = "") -> int:
    """A command, at the time of these books."""
    monkeypatch.setenv("CONNECTOR_KEY", KEY)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
    clock = case.books.world.clock
    with (
        patch.object(World, "now", lambda world: clock.now),
        patch.object(World, "sleep", lambda world, seconds: None),
    ):
        return run([words[0], "-c", str(case.books.config), *words[1:]])


def expire_at(case: Case, place: int, lose_the_answer: bool = False) -> None:
    """At the request to the company with this number its access token is valid no more."""
    asked_of_company: list[str] = []

    def look(number: int, asked: Asked) -> None:
        if not asked.path.startswith("/v3/"):
            return
        asked_of_company.append(asked.path)
        if len(asked_of_company) == place:
            case.fake.oauth.expire_access_tokens()
            if lose_the_answer:
                case.fake.inject("lost_after", TOKEN_PATH)

    case.fake.before_request = look


def refreshes(case: Case) -> int:
    return sum(one.asked.path == TOKEN_PATH for one in case.fake.requests)


def arrive(stage: Stage, case: Case) -> None:
    """With valid tokens everything comes out as if nothing had happened."""
    case.fake.before_request = None
    for _ in range(2):
        assert case.sync(SETTLED_S).errors == []
        case.check_no_wrong_state()
    assert case.is_settled
    assert picture(case.company) == stage.result


@pytest.mark.parametrize("of_writes", [True, False], ids=["a write", "a read"])
def test_a_token_that_expires_is_renewed_once(stage: Stage, of_writes: bool) -> None:
    places = stage.places(of_writes)[:: 1 if of_writes else 5]
    for place in places:
        with stage.case() as case:
            expire_at(case, place)
            assert case.sync().errors == []
            assert refreshes(case) == 2
            assert case.is_settled
            assert picture(case.company) == stage.result
    assert places


@pytest.mark.parametrize("reuse_revokes", [False, True])
def test_a_new_token_whose_answer_is_lost_needs_a_person(
    stage: Stage, reuse_revokes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one is dead by then; asked once more with it, the vendor may take the whole consent away."""
    for place in (1, *stage.places(writes=True)[::3]):
        with stage.case() as case:
            case.fake.oauth.reuse_revokes = reuse_revokes
            expire_at(case, place, lose_the_answer=True)
            (error,) = case.sync().errors
            assert (error.ledger, error.code) == ("main", "unauthorised")
            assert RECONNECT in error.sentence
            case.check_no_wrong_state()
            assert set(case.books.states()) <= {"planned", "posted"}
            ended = case.books.rows("run WHERE ended IS NOT NULL", "exit_code")
            assert ended[-1] == (1,)
            case.fake.before_request = None
            again = case.fake.oauth.grant().refresh
            assert command(case, monkeypatch, "connect", "main", "--refresh-token-stdin", stdin=again) == 0
            arrive(stage, case)


def test_the_command_says_how_to_connect_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with stage.case() as case:
        case.fake.inject("lost_after", TOKEN_PATH)
        assert command(case, monkeypatch, "sync") == 1
        assert RECONNECT in capsys.readouterr().err
        assert keys_in(case.company) == {}
        # That of the settings stays dead.
        assert command(case, monkeypatch, "sync") == 1
        again = case.fake.oauth.grant().refresh
        assert command(case, monkeypatch, "connect", "main", "--refresh-token-stdin", stdin=again) == 0
        arrive(stage, case)


def test_another_ledger_goes_on(stage: Stage) -> None:
    """Another company and a set of files, both after the one whose access is lost."""
    with stage.case() as case:
        fake = case.fake
        other = case.company.copy(case.company.clock)
        other.realm = OTHER_REALM
        fake.companies[OTHER_REALM] = other
        settings = json.loads(case.books.config.read_text(encoding="utf-8"))
        ledgers: dict[str, Any] = settings["ledgers"]
        connection = {
            **ledgers["main"]["connection"],
            "realm_id": OTHER_REALM,
            "refresh_token": fake.oauth.grant(OTHER_REALM).refresh,
        }
        ledgers["other"] = {**ledgers["main"], "connection": connection}
        ledgers["files"] = {
            "kind": "beancount",
            "sales": "invoice_and_payment",
            "connection": {"path": "books"},
        }
        case.books.config.write_text(json.dumps(settings), encoding="utf-8")
        fake.oauth.revoke(case.company.realm)
        errors = case.sync().errors
        assert [(error.ledger, error.code) for error in errors] == [("main", "unauthorised")]
        states = set(case.books.rows("document", "ledger, state"))
        assert {("other", "posted"), ("files", "posted")} <= states
        assert {state for name, state in states if name != "main"} == {"posted"}
        assert keys_in(case.company) == {}
        assert other.trial_balance() == stage.result["trial balance"]
        other.check()
