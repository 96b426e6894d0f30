"""The state is gone: what stands in QuickBooks is not written again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from quickbooks_scenes import PLAYS, stage_of
from quickbooks_stage import SETTLED_S, Case, Stage, picture
from small_books import fast_folder


@pytest.fixture(scope="module", params=PLAYS.values(), ids=lambda play: play.name)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(request.param, folder) as made:
        yield made


def lose_state(case: Case) -> None:
    """With the state the tokens are gone: a person puts another refresh token into the settings."""
    case.books.lose_state()
    case.books.world.clock.issued += 1000
    settings = json.loads(case.books.config.read_text(encoding="utf-8"))
    settings["ledgers"]["main"]["connection"]["refresh_token"] = case.fake.oauth.grant().refresh
    case.books.config.write_text(json.dumps(settings), encoding="utf-8")


def test_a_lost_state_writes_nothing_twice(stage: Stage) -> None:
    with stage.case() as case:
        assert case.sync().errors == []
        outcomes = case.books.outcomes()
        written = len(case.fake.writes())
        lose_state(case)
        for _ in range(2):
            assert case.sync(SETTLED_S).errors == []
        assert len(case.fake.writes()) == written
        assert picture(case.company, stage.numbers) == stage.result
        assert set(case.books.states()) <= {"posted", "reversed", "adopted"}
        # An invoice that is void is so for whoever comes after, by whatever hand.
        again = case.books.outcomes()
        assert again.keys() == outcomes.keys()
        for refund_id, (outcome, reason) in outcomes.items():
            alike = "adopted" if outcome == "posted" else outcome
            assert again[refund_id] in ((outcome, reason), (alike, reason)), refund_id
