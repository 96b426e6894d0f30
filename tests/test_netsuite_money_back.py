"""A lone payment that is paid out and comes back, since the refund failed: the next refund of the charge is paid out of what
came back, whatever became of that on its way, and is not kept back by what nobody will bring back by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from netsuite_desk import Desk, desk
from netsuite_sold import deposit, pay
from test_left_out_half_way import lone, say
from test_netsuite_half_done import WORDS
from vendors.netsuite.trouble import Kind

import connector.sync
from connector.decisions.pages import due_pages

BACK_AND_OUT = {"re_a": "reversed 100", "re_b": "posted 100-1"}
REVERSAL = "customerPayment"


def fail_and_refund(one: Desk, charge: str, minor: int = 11000) -> None:
    """Refund a is posted and fails; refund b is made of as much."""
    one.shop.refund("a", charge, minor, "2026-03-05")
    one.sync()
    one.shop.fail("re_a", "2026-04-20")
    one.shop.refund("b", charge, minor, "2026-05-05")
    one.wait(24)


def refuse_the_reversal(one: Desk) -> None:
    one.fake.inject("refused", REVERSAL, method="POST", words=WORDS)
    say(one, "sync")
    one.fake.faults.clear()


def check_back_and_out(one: Desk) -> None:
    assert one.outcomes() == BACK_AND_OUT
    assert (one.totals(), one.open()) == ({}, "0.00")
    assert one.written()[-1].endswith("on customerPayment 100-R")
    one.check()


@pytest.mark.parametrize("paid", [pay, deposit])
def test_a_plan_before_the_run(tmp_path: Path, paid: object) -> None:
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one, paid))
        say(one, "plan")
        say(one, "sync")
        check_back_and_out(one)
        one.settle_down()


@pytest.mark.parametrize("lag", [0, 40])
@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "plain_503", "throttled"])
def test_an_answer_is_lost_when_it_comes_back(tmp_path: Path, fault: Kind, lag: int) -> None:
    """It may stand there, and be found: an index that lags does not keep what is paid out of it back."""
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one))
        one.account.moods.index_lag_s = lag
        one.fake.inject(fault, REVERSAL, method="POST", times=1 if fault.startswith("lost") else 99)
        say(one, "sync")
        one.fake.faults.clear()
        assert not one.outcomes()["re_b"].startswith("held")
        if fault != "lost_after":
            # Only then what is not there is believed not to come.
            one.wait(1)
        say(one, "sync")
        check_back_and_out(one)


def test_a_second_run_while_it_is_in_doubt(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one))
        one.fake.inject("lost_before", REVERSAL, method="POST")
        say(one, "sync")
        say(one, "sync")
        assert one.outcomes() == {"re_a": "failed network", "re_b": "waiting 100-1"}
        one.wait(1)
        say(one, "sync")
        check_back_and_out(one)


def test_on_pages_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector.sync, "due_pages", partial(due_pages, page=1))
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one))
        say(one, "sync")
        check_back_and_out(one)


def test_after_a_lost_state(tmp_path: Path) -> None:
    """Of two that failed one is still to come back, and both were posted by a state that is gone."""
    with desk(tmp_path / "books") as one:
        charge = lone(one)
        one.shop.refund("a", charge, 5500, "2026-03-05")
        one.shop.refund("c", charge, 5500, "2026-03-06")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        one.shop.fail("re_c", "2026-04-21")
        one.shop.refund("d", charge, 5500, "2026-05-05")
        one.shop.refund("e", charge, 5500, "2026-05-06")
        one.wait(24)
        one.lose_state()
        one.sync()
        assert {i: told.split()[0] for i, told in one.outcomes().items()} == {
            "re_a": "reversed",
            "re_c": "reversed",
            "re_d": "posted",
            "re_e": "posted",
        }
        assert (one.totals(), one.open()) == ({}, "0.00")


# ---------------------------------------------------------------------------------------------- what is not waited for


def test_there_is_enough_beside_what_is_refused(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one), 3300)
        refuse_the_reversal(one)
        assert one.outcomes() == {"re_a": "held rejected_by_ledger", "re_b": "posted 100-1"}
        assert one.totals() == {"AR": "-44.00", "CLR": "44.00"}
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        assert one.outcomes() == BACK_AND_OUT
        assert one.totals() == {"AR": "-77.00", "CLR": "77.00"}


def test_there_is_not_enough_beside_what_is_refused(tmp_path: Path) -> None:
    """Said at once; and paid out once both are tried again."""
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one))
        refuse_the_reversal(one)
        assert one.outcomes() == {"re_a": "held rejected_by_ledger", "re_b": "held credit_used"}
        assert "has 0.00 of 110.00 USD left" in one.refunds()["re_b"]["sentence"]
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.resolve("re_a", "--retry")
        one.resolve("re_b", "--retry")
        one.account.moods.index_lag_s = 40
        say(one, "sync")
        check_back_and_out(one)


def test_what_was_refused_before_is_not_waited_for(tmp_path: Path) -> None:
    """Nor what a person leaves out."""
    with desk(tmp_path / "books") as one:
        charge = lone(one)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        refuse_the_reversal(one)
        one.shop.refund("b", charge, 3300, "2026-05-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held rejected_by_ledger", "re_b": "posted 100-1"}
        (refused,) = [d for d in one.documents() if d["state"] == "rejected"]
        one.resolve(refused["document_key"], "--skip")
        one.shop.refund("c", charge, 4400, "2026-05-06")
        one.sync(plan=False)
        assert one.outcomes()["re_c"] == "posted 100-2"
        assert one.totals() == {}


def test_a_closed_month_keeps_what_comes_back_and_no_more(tmp_path: Path) -> None:
    """Its day was open when it was planned."""
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one), 3300)
        one.fake.inject("lost_before", REVERSAL, method="POST")
        say(one, "sync")
        one.close_until("2026-04")
        one.wait(1)
        say(one, "sync")
        assert one.outcomes() == {"re_a": "held period_closed", "re_b": "posted 100-1"}
        one.close_until("2026-04", "open")
        one.sync(plan=False)
        assert one.outcomes() == BACK_AND_OUT
        assert one.totals() == {"AR": "-77.00", "CLR": "77.00"}


def test_the_fee_of_what_is_paid_out_late(tmp_path: Path) -> None:
    """It waits for its refund, and what is told is why that was refused."""
    with desk(tmp_path / "books", fees=True) as one:
        charge = lone(one)
        one.shop.refund("a", charge, 11000, "2026-03-05", fee=30)
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.shop.refund("b", charge, 11000, "2026-05-05", fee=40)
        one.wait(24)
        one.fake.inject("refused", "customerRefund", method="POST", words=WORDS)
        say(one, "sync")
        one.fake.faults.clear()
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "held rejected_by_ledger"}
        assert WORDS in one.refunds()["re_b"]["sentence"]
        one.resolve("re_b", "--retry")
        one.sync(plan=False)
        assert one.outcomes() == BACK_AND_OUT
        assert one.totals() == {"CLR": "-0.70", "FEES": "0.70"}


def test_what_is_paid_out_late_fails_and_is_replaced_like_any_other(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        fail_and_refund(one, lone(one))
        one.sync()
        one.resync("re_b", "--replace")
        assert (one.totals(), one.outcomes()["re_b"]) == ({}, "posted 100-2")
        one.shop.fail("re_b", "2026-05-20")
        one.shop.refund("c", "ch_100", 11000, "2026-06-01")
        one.wait(24)
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "reversed 100-2", "re_c": "posted 100-3"}
        assert (one.totals(), one.open()) == ({}, "0.00")
