"""Every refund type in a Xero organisation, posted and taken back: each document, the open items and the books, to the
cent."""

from __future__ import annotations

from pathlib import Path

import pytest
from xero_desk import Desk, desk
from xero_type_cases import CASES, Case


def posted(one: Desk, case: Case) -> None:
    case.make(one)
    one.sync()
    assert one.written() == case.written
    assert sorted(one.by_hand()) == sorted(case.by_hand)
    assert (one.totals(), one.open()) == (case.totals, case.owed)
    assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
    one.settle_down()


def failed(one: Desk, day: str) -> None:
    last = max(one.outcomes())
    one.shop.fail(last, day)
    one.wait(24)
    one.sync()
    assert one.outcomes()[last].startswith("reversed")


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_type_is_posted_and_taken_back_in_another_month(tmp_path: Path, case: Case) -> None:
    with desk(tmp_path / "books", **case.settings) as one:
        posted(one, case)
        failed(one, "2026-04-20")
        assert one.written()[len(case.written) :] == case.back
        assert (one.totals(), one.open()) == (case.sold, case.owed_after)
        one.settle_down()


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_type_is_posted_and_taken_out_in_the_same_month(tmp_path: Path, case: Case) -> None:
    """Nothing new stands in the books; a document whose effect cannot be taken out has its mirror all the same."""
    with desk(tmp_path / "books", **case.settings) as one:
        posted(one, case)
        failed(one, "2026-03-20")
        now = one.written()
        if case.voided:
            assert len(now) == len(case.written)
            assert [line for line in now if line not in case.written] == case.voided
            assert (one.totals(), one.open()) == (case.sold, case.owed_again)
            assert one.by_hand() == (case.by_hand if case.freed is None else case.freed)
        else:
            assert now[len(case.written) :] == [
                line.replace("2026-04-20", "2026-03-20") for line in case.back
            ]
            assert (one.totals(), one.open()) == (case.sold, case.owed_after)
        one.settle_down()
