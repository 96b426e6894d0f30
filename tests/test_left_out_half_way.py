"""Replacements and half-done refunds that are refused, left out by a person, brought back or given up by Stripe, and what a
state that was lost makes of them: posted once, and told as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import test_xero_half_done as of_xero
import xero_desk
from ledger_desk import sell
from netsuite_desk import Desk, desk, mapped, paid_invoice
from netsuite_sold import deposit, pay, pay_out
from netsuite_survey import change
from netsuite_type_cases import REOPEN
from test_netsuite_half_done import WORDS, half_opened, refund_and_fail


def lone(one: Desk, paid: object = pay) -> str:
    pay(one.account, None) if paid is pay else deposit(one.account)
    return one.shop.charge("100", 11000, 1000, "2026-03-02", 0)


def say(one: Desk, *words: str) -> str:
    one.shop.write()
    return one.command(*words).out


def test_what_replaced_a_reopened_invoice_is_taken_back_on_the_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.resync("re_a", "--replace")
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100-1"}
        assert not any("unapplied" in line for line in one.written())
        assert not one.by_hand()[0].endswith("open")


def refused_replacement(one: Desk, by_key: bool = False) -> None:
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    one.sync()
    one.fake.inject("refused", "invoice", method="POST", words=WORDS)
    one.command("resync", "re_a", "--replace")
    assert one.outcomes() == {"re_a": "held rejected_by_ledger"}
    one.fake.faults.clear()
    if not by_key:
        one.resolve("re_a", "--skip")
        return
    # As the list says: leave out the document that was refused, then what is held behind it.
    while held := sorted(one.held(), key=lambda d: d["state"] != "rejected"):
        one.resolve(held[0]["document_key"], "--skip")


@pytest.mark.parametrize("by_key", [False, True])
def test_a_replacement_that_was_left_out_is_not_posted_beside_the_first(tmp_path: Path, by_key: bool) -> None:
    with desk(tmp_path / "books") as one:
        refused_replacement(one, by_key)
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
        before = one.everything()
        for _ in range(2):
            one.command("resync", "re_a")
            assert (one.outcomes(), one.everything()) == ({"re_a": "posted 100"}, before)
        one.resync("re_a", "--replace")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.totals() == {"REV": "-70.00", "TAX": "-7.00", "CLR": "77.00"}
        one.settle_down()


def test_what_was_to_be_replaced_is_reversed_when_it_fails(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refused_replacement(one)
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        say(one, "sync")
        assert one.outcomes() == {"re_a": "reversed 100"}
        assert one.totals() == {"REV": "-100.00", "TAX": "-10.00", "CLR": "110.00"}


def test_a_replacement_left_out_after_the_first_was_taken_back_is_not_posted(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        first = (one.totals(), one.open())
        one.fake.inject("refused", "customerRefund", method="POST", words=WORDS)
        one.command("resync", "re_a", "--replace")
        one.fake.faults.clear()
        one.resolve("re_a", "--skip")
        assert one.outcomes() == {"re_a": "excluded skipped_by_person"}
        one.resync("re_a")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert (one.totals(), one.open()) == first
        assert one.by_hand()[1].endswith("on invoice 100 by 77.00")


def test_what_names_an_account_that_is_gone_does_not_end_the_pass(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.fake.inject("refused", "customerRefund", method="POST", words=WORDS)
        one.sync(3, plan=False)
        one.fake.faults.clear()
        change(one.account, "account", "Stripe Clearing", isInactive=True)
        one.wait(24)
        one.resolve("re_a", "--retry")
        one.shop.write()
        found = one.command("sync")
        assert found.code == 3 and "unexpected" not in found.err


def test_what_is_brought_back_and_held_is_decided_again(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.resolve("re_a", "--skip")
        one.fake.faults.clear()
        one.close_until("2026-03")
        one.command("resync", "re_a")
        assert one.outcomes() == {"re_a": "held period_closed"}
        one.close_until("2026-03", "open")
        one.wait(24)
        one.command("sync")
        assert one.outcomes() == {"re_a": "posted 100"}


def test_a_hold_that_a_rule_said_is_left_by_a_resync(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.resolve("re_a", "--skip")
        one.fake.faults.clear()
        rules = one.books.config.parent / "mappings" / "refund_rules.yaml"
        was = rules.read_text(encoding="utf-8")
        rules.write_text(json.dumps([{"name": "rest", "when": {}, "then": "hold"}]), encoding="utf-8")
        one.command("resync", "re_a")
        assert one.outcomes() == {"re_a": "held rule_says_hold"}
        rules.write_text(was, encoding="utf-8")
        one.command("resync", "re_a")
        assert one.outcomes() == {"re_a": "posted 100"}


@pytest.mark.parametrize("stop", of_xero.REFUSED)
def test_xero_what_was_skipped_stays_so_without_a_state(tmp_path: Path, stop: str) -> None:
    with xero_desk.desk(tmp_path / "books", **of_xero.REOPEN) as one:
        of_xero.half_opened(one, stop)
        one.resolve("re_a", "--skip")
        before = one.everything()
        one.lose_state()
        one.command("sync")
        assert (one.outcomes(), one.everything()) == ({"re_a": "excluded skipped_by_person"}, before)


@pytest.mark.parametrize("stop", ["overpaid", "paid back"])
def test_xero_what_failed_half_way_is_held_without_a_state(tmp_path: Path, stop: str) -> None:
    with xero_desk.desk(tmp_path / "books", **of_xero.REOPEN) as one:
        of_xero.half_opened(one, stop)
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.shop.write()
        one.lose_state()
        one.command("sync")
        assert one.outcomes() == {"re_a": "held ledger_cannot"}


def test_xero_a_payment_that_was_made_again_in_part_is_no_refund(tmp_path: Path) -> None:
    with xero_desk.desk(tmp_path / "books", **of_xero.REOPEN) as one:
        of_xero.half_opened(one, "overpaid")
        one.lose_state()
        one.command("sync")
        assert one.outcomes()["re_a"].startswith("held")


@pytest.mark.parametrize("minor", [3300, 11000])
@pytest.mark.parametrize("paid", [pay, deposit])
def test_a_replacement_that_is_planned_anew_pays_out_what_came_back(
    tmp_path: Path, paid: object, minor: int
) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", lone(one, paid), minor, "2026-03-05")
        one.sync()
        first = (one.totals(), one.open())
        one.fake.inject("refused", "customerRefund", method="POST", words=WORDS)
        one.command("resync", "re_a", "--replace")
        one.fake.faults.clear()
        one.resolve("re_a", "--retry")
        one.wait(24)
        one.command("sync")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert (one.totals(), one.open()) == first
        assert not any("unapplied" in line for line in one.written())


def test_a_replacement_of_what_was_skipped_brings_it_back(tmp_path: Path) -> None:
    """Or says that it does not, and leaves the person's word as it was."""
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.resolve("re_a", "--skip")
        one.fake.faults.clear()
        one.command("resync", "re_a", "--replace")
        was = one.outcomes()
        one.lose_state()
        one.command("sync")
        assert one.outcomes() == was


def test_two_that_came_back_are_paid_out_though_an_index_lags(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        charge = lone(one)
        one.shop.refund("a", charge, 5500, "2026-03-05")
        one.shop.refund("b", charge, 5500, "2026-03-06")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.shop.fail("re_b", "2026-04-21")
        one.wait(24)
        one.sync()
        one.account.moods.index_lag_s = 40
        one.shop.refund("c", charge, 5500, "2026-05-05")
        one.shop.refund("d", charge, 5500, "2026-05-06")
        one.wait(24)
        say(one, "sync")
        assert (one.outcomes()["re_c"], one.outcomes()["re_d"]) == ("posted 100-2", "posted 100-3")


def test_what_could_not_be_decided_says_what_it_waits_for(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.fake.faults.clear()
        one.shop.refund("b", "ch_100", 1100, "2026-03-06")
        one.fake.inject("plain_503", times=99)
        say(one, "sync")
        one.fake.faults.clear()
        say(one, "sync")
        assert one.outcomes()["re_b"] == "waiting"


def test_what_failed_half_way_is_not_dropped_by_a_resync(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync(3, plan=False)
        one.resolve("re_a", "--skip")
        one.command("resync", "re_a")
        assert one.outcomes() == {"re_a": "held ledger_cannot"}


def test_what_was_paid_back_by_hand_is_adopted(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.fake.faults.clear()
        (paid,) = one.account.documents("customerPayment")
        made = pay_out(one.account, paid, "33.00")
        one.resolve("re_a", "--adopt", f"customerRefund/{made['id']}")
        one.forget_requests()
        one.command("sync")
        assert one.outcomes()["re_a"].startswith("adopted") and one.writes() == []


def test_that_a_payment_is_off_is_still_told_once_the_doubt_is_over(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.fake.inject("lost_before", "customerRefund", method="POST")
        say(one, "sync")
        one.resolve("re_a", "--skip")
        one.wait(24)
        one.command("sync")
        assert "stays taken off" in one.refunds()["re_a"]["sentence"]


def test_that_a_payment_is_off_is_told_of_another_type(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.resolve("re_a", "--skip")
        one.fake.faults.clear()
        then = ["credit_memo", "credit_card_refund"]
        rules = [
            {"name": "m", "when": {"sale": "invoice"}, "then": then},
            {"name": "r", "when": {}, "then": "hold"},
        ]
        path = one.books.config.parent / "mappings" / "refund_rules.yaml"
        path.write_text(json.dumps(rules), encoding="utf-8")
        one.command("resync", "re_a")
        assert one.outcomes() == {"re_a": "posted 100"}
        assert any("taken off" in each for each in one.refunds()["re_a"]["warnings"])


def test_a_deposit_that_came_back_is_paid_out_once_more(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        charge = lone(one, deposit)
        refund_and_fail(one, charge, 11000)
        one.shop.refund("b", charge, 11000, "2026-05-05")
        one.wait(24)
        say(one, "sync")
        assert one.outcomes()["re_b"] == "posted 100-1"


def test_what_a_replacement_says_is_what_it_moves(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", lone(one, deposit), 11000, "2026-03-05")
        one.sync()
        one.resync("re_a", "--replace")
        (paid,) = [d for d in one.documents() if d["number"] == "100-1"]
        assert [e["account"] for e in paid["entries"]] == ["Accounts Receivable", "Stripe Clearing"]


def test_a_sale_of_a_guest_that_was_refused_and_skipped_is_not_posted(tmp_path: Path) -> None:
    """Its customer is."""
    with desk(tmp_path / "books", sales="invoice_and_payment", mapping=mapped()) as one:
        charge = sell(one)
        one.fake.inject("refused", "invoice", method="POST", words=WORDS, times=99)
        say(one, "sync")
        assert "excluded" in one.resolve(charge, "--skip").out


def test_what_is_half_taken_back_for_a_replacement_is_not_left_so(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.fake.inject("refused", "customerPayment", method="POST", words=WORDS)
        one.command("resync", "re_a", "--replace")
        one.fake.faults.clear()
        one.resolve("re_a", "--skip", code=2)
        one.resolve("re_a", "--retry")
        one.command("sync")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.totals() == {"REV": "-70.00", "TAX": "-7.00", "CLR": "77.00"}


@pytest.mark.parametrize("lag", [0, 40])
def test_a_refund_that_failed_and_the_next_in_one_run(tmp_path: Path, lag: int) -> None:
    """What came back is paid out once more, though pay-outs come before reversals otherwise."""
    with desk(tmp_path / "books") as one:
        charge = lone(one)
        one.shop.refund("a", charge, 11000, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.shop.refund("b", charge, 11000, "2026-05-05")
        one.wait(24)
        one.account.moods.index_lag_s = lag
        say(one, "sync")
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
        assert (one.totals(), one.open()) == ({}, "0.00")


@pytest.mark.parametrize("kind", ["application", "reopen_invoice"])
def test_to_leave_out_one_document_leaves_out_what_is_nothing_without_it(tmp_path: Path, kind: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.fake.inject("refused", "customerPayment", method="PATCH", words=WORDS)
        say(one, "sync")
        (named,) = (each["document_key"] for each in one.documents() if each["kind"] == kind)
        one.resolve(named, "--skip")
        one.wait(24)
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "excluded skipped_by_person"}
        assert one.held() == []
        one.resync("re_a")
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.totals()["CLR"] == "77.00"
        one.settle_down()
