"""Tokens that end, or are lost, in the middle of a run, and the access that is taken away: nothing is lost, nothing is
written twice, and what the token endpoint is asked holds nothing of a document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

import pytest
from netsuite_books import connection_of
from netsuite_scenes import PLAYS, stage_of
from netsuite_stage import Case, Stage
from small_books import fast_folder
from vendors.netsuite.answers import Asked
from vendors.netsuite.oauth import TOKEN_PATH

# All that stands in a request for a token.
FIELDS = {"grant_type", "client_assertion_type", "client_assertion"}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS["memos, refunds and pay-outs"], folder) as made:
        yield made


def sign(case: Case) -> None:
    """Signed requests in the place of tokens."""
    settings = json.loads(case.books.config.read_text(encoding="utf-8"))
    settings["ledgers"]["main"]["connection"] = connection_of(case.fake, "tba")
    case.books.config.write_text(json.dumps(settings), encoding="utf-8")


def at_call(case: Case, place: int, do: Callable[[], object]) -> None:
    """What happens at the call with this number, before it is let in."""
    calls: list[str] = []

    def look(_: int, asked: Asked) -> None:
        if asked.path != TOKEN_PATH:
            calls.append(asked.path)
            if len(calls) == place:
                do()

    case.fake.before_request = look


def token_requests(case: Case) -> int:
    """How many there were; each asks for a token and says nothing else."""
    asked = case.books.gate.asked
    assert all(dict(parse_qsl(one)).keys() <= FIELDS for one in asked)
    return len(asked)


def arrive(stage: Stage, case: Case) -> None:
    """With a way in everything comes out as if nothing had happened."""
    case.fake.before_request = None
    for _ in range(2):
        assert case.sync(stage.settled_s).errors == []
        case.check_no_wrong_state()
    assert case.is_settled
    stage.check_result(case)


@pytest.mark.parametrize("of_writes", [True, False], ids=["a write", "a read"])
@pytest.mark.parametrize("how", ["expire_access_tokens", "forget_access_tokens"])
def test_a_token_that_ends_is_renewed_once(stage: Stage, how: str, of_writes: bool) -> None:
    places = stage.places(of_writes)[:: 1 if of_writes else 6]
    for place in places:
        with stage.case() as case:
            before = token_requests(case)
            at_call(case, place, getattr(case.books.gate, how))
            assert case.sync().errors == []
            assert token_requests(case) - before == 2
            assert case.is_settled
            stage.check_result(case)
    assert places


def test_a_new_token_whose_answer_is_lost_is_asked_for_by_the_next_run(stage: Stage) -> None:
    """Nothing is used up by that: each statement is one of its own."""
    for place in (1, *stage.places(writes=True)[::2]):
        with stage.case() as case:

            def end_and_lose(case: Case = case) -> None:
                case.books.gate.expire_access_tokens()
                case.fake.inject("lost_after", TOKEN_PATH, times=9)

            at_call(case, place, end_and_lose)
            (error,) = case.sync().errors
            assert (error.ledger, error.code) == ("main", "ledger_down")
            case.check_no_wrong_state()
            case.fake.faults.clear()
            arrive(stage, case)


def test_a_certificate_that_is_taken_away_in_a_run_needs_a_person(stage: Stage) -> None:
    for place in stage.places(writes=True)[::2]:
        with stage.case() as case:

            def wipe(case: Case = case) -> None:
                case.books.gate.expire_access_tokens()
                case.books.gate.wipe_mapping()

            at_call(case, place, wipe)
            for _ in range(2):
                (error,) = case.sync(stage.settled_s).errors
                assert (error.ledger, error.code) == ("main", "unauthorised")
                assert "OAuth 2.0 Client Credentials (M2M) Setup" in error.sentence
                case.check_no_wrong_state()
            case.books.gate.map_certificate()
            arrive(stage, case)


def test_a_token_that_is_revoked_in_a_run_of_signed_requests(stage: Stage) -> None:
    for place in stage.places(writes=True)[::2]:
        with stage.case() as case:
            sign(case)
            gate = case.books.gate
            kept = gate.secrets

            def revoke(case: Case = case) -> None:
                case.books.gate.secrets = None

            at_call(case, place, revoke)
            (error,) = case.sync().errors
            assert (error.ledger, error.code) == ("main", "unauthorised")
            assert "Login Audit Trail" in error.sentence
            case.check_no_wrong_state()
            gate.secrets = kept
            arrive(stage, case)
