"""A customer whom QuickBooks refuses to make: the sale waits, says why, and goes on once a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from quickbooks_books import KEY
from quickbooks_scenes import PLAYS, stage_of
from quickbooks_stage import SETTLED_S, Case, Stage, picture
from small_books import fast_folder
from vendors.quickbooks.service import Asked

from connector.cli.root import run
from connector.world import World

WORDS = "Business Validation Error"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(PLAYS["invoices and memos"], folder) as made:
        yield made


def customer_of(case: Case) -> tuple[str, str]:
    (row,) = case.books.rows("document WHERE kind = 'customer'", "document_key, state")
    return row[0], row[1]


def say(case: Case, target: str, word: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("CONNECTOR_KEY", KEY)
    words = [
        "resolve",
        target,
        "-c",
        str(case.books.config),
        "--ledger",
        "main",
        word,
        "--reason",
        "it is right now",
    ]
    with patch.object(World, "now", lambda world: case.books.world.now()):
        return run(words)


@pytest.mark.parametrize("target", ["the charge", "the customer"])
def test_a_refused_customer_is_made_at_a_persons_word(
    stage: Stage, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.case() as case:
        case.fake.inject("refused", "/customer", code="6000")
        assert case.sync().errors == []
        key, state = customer_of(case)
        assert state == "rejected"
        # The sale comes before its customer in a pass: it is the next one that finds it stuck.
        assert case.sync(SETTLED_S).errors == []
        ((outcome, sentence, action),) = case.books.rows(
            "decision WHERE subject_id = 'ch_100'", "outcome, sentence, action"
        )
        assert outcome == "held"
        assert "the customer before it, which the ledger refused: " in sentence and "(6000)" in sentence
        assert (
            action == 'correct the cause, then: connector resolve ch_100 --ledger main --retry --reason "..."'
        )
        assert say(case, "ch_100" if target == "the charge" else key, "--retry", monkeypatch) == 0
        for _ in range(2):
            assert case.sync(SETTLED_S).errors == []
        assert case.is_settled
        assert picture(case.company) == stage.result


def test_a_customer_can_only_be_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with stage.case() as case:
        case.fake.inject("refused", "/customer", code="6000")
        case.sync()
        key, _ = customer_of(case)
        assert say(case, key, "--skip", monkeypatch) == 2
        assert f"{key} is a customer; it can only be tried again" in capsys.readouterr().err
        assert customer_of(case) == (key, "rejected")


def test_who_has_the_name_of_a_customer_cannot_be_read(stage: Stage) -> None:
    """Then it is not known whether it is the customer that we made."""
    with stage.case() as case:
        case.fake.inject("refused", "/customer", code="6240")
        before = len(case.fake.requests)

        def cut(number: int, asked: Asked) -> None:
            refused = any("/customer" in one.asked.path for one in case.fake.requests[before:])
            if refused and "DisplayName IN " in asked.body:
                case.fake.inject("html_503", "/query")

        case.fake.before_request = cut
        case.sync()
        assert customer_of(case)[1] == "unknown"
        case.check_no_wrong_state()
        case.fake.before_request = None
        case.fake.faults.clear()
        for _ in range(2):
            assert case.sync(SETTLED_S).errors == []
        assert case.is_settled
        assert picture(case.company) == stage.result
