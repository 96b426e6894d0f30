"""Tokens that end, or are lost, in the middle of a run: nothing is lost, nothing is written twice, and what the token
endpoint is asked holds nothing of a document."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from small_books import fast_folder
from vendors.xero.oauth import CLIENT_ID, CLIENT_SECRET, GRACE_SECONDS, TOKEN_PATH
from vendors.xero.service import API_PATH, Asked
from xero_scenes import PLAYS, stage_of
from xero_stage import SETTLED_S, Case, Stage

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
CONNECT = "connector connect main"
# All that may stand in a request for a token.
FIELDS = {"grant_type", "refresh_token", "scope", "client_id"}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS["credit notes that share a request"], folder) as made:
        yield made


def consent(case: Case) -> None:
    """A person's consent in the place of the custom connection."""
    settings = json.loads(case.books.config.read_text(encoding="utf-8"))
    connection = settings["ledgers"]["main"]["connection"]
    settings["ledgers"]["main"]["connection"] = {
        "auth": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "tenant_id": case.organisation.tenant_id,
        "refresh_token": case.fake.oauth.grant().refresh,
        "base_url": connection["base_url"],
        "token_url": connection["token_url"],
    }
    case.books.config.write_text(json.dumps(settings), encoding="utf-8")
    case.books.world = replace(case.books.world, environment={"CONNECTOR_KEY": KEY})


def expire_at(case: Case, place: int, lost: int = 0) -> None:
    """At the call with this number its access token is valid no more; so many answers to the next refresh are lost."""
    calls: list[str] = []

    def look(_: int, asked: Asked) -> None:
        if not asked.path.startswith(f"{API_PATH}/"):
            return
        calls.append(asked.path)
        if len(calls) == place:
            case.fake.oauth.expire_access_tokens()
            if lost:
                case.fake.inject("lost_after", TOKEN_PATH, times=lost)

    case.fake.before_request = look


def check_asked_for_tokens(case: Case, times: int) -> None:
    asked = [one.asked.body for one in case.fake.requests if one.asked.path == TOKEN_PATH]
    assert len(asked) == times
    assert all(dict(parse_qsl(body)).keys() <= FIELDS for body in asked)


@pytest.mark.parametrize("by_person", [True, False], ids=["consent", "custom connection"])
@pytest.mark.parametrize("of_writes", [True, False], ids=["a write", "a read"])
def test_a_token_that_expires_is_renewed_once(stage: Stage, by_person: bool, of_writes: bool) -> None:
    places = stage.places(of_writes)[:: 1 if of_writes else 6]
    for place in places:
        with stage.case() as case:
            if by_person:
                consent(case)
            expire_at(case, place)
            assert case.sync().errors == []
            check_asked_for_tokens(case, 2)
            assert case.is_settled
            stage.check_result(case)
    assert places


def test_new_tokens_whose_answers_are_lost_are_asked_for_again(stage: Stage) -> None:
    """The old refresh token works for another half an hour, and the next run comes in that time."""
    for place in (1, *stage.places(writes=True)):
        with stage.case() as case:
            consent(case)
            expire_at(case, place, lost=2)
            (error,) = case.sync().errors
            assert CONNECT not in error.sentence
            case.check_no_wrong_state()
            case.fake.before_request = None
            for _ in range(2):
                assert case.sync(SETTLED_S).errors == []
                case.check_no_wrong_state()
            assert case.is_settled
            stage.check_result(case)


def test_a_run_after_the_grace_needs_a_person(stage: Stage) -> None:
    for place in stage.places(writes=True)[::2]:
        with stage.case() as case:
            consent(case)
            expire_at(case, place, lost=2)
            assert len(case.sync().errors) == 1
            case.fake.before_request = None
            (error,) = case.sync(GRACE_SECONDS + 60).errors
            assert (error.ledger, error.code) == ("main", "unauthorised")
            assert CONNECT in error.sentence
            case.check_no_wrong_state()
            # A person puts a new refresh token into the settings.
            consent(case)
            for _ in range(2):
                assert case.sync(SETTLED_S).errors == []
            assert case.is_settled
            stage.check_result(case)
