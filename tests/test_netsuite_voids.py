"""Invoices that were never paid, taken off a NetSuite account by its script or by a credit memo; what guards them, and how
they come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netsuite_desk import Desk, desk
from netsuite_sold import credit_memo, deposit, invoice, pay
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
BY_MEMO: Json = {"connection": {"void_restlet_url": None}}
GONE = "invoice 100 2026-03-02 Ada: nothing (void)"
WHOLE = "invoice 100 2026-03-02 Ada: AR 110.00, REV -100.00, TAX -10.00"
MEMO = "creditMemo 100 2026-03-02 Ada: AR -110.00, REV 100.00, TAX 10.00; on invoice 100"
WAYS = pytest.mark.parametrize("way", [{}, BY_MEMO], ids=["by the script", "by a memo"])


def unpaid(desk: Desk, day: str = "2026-03-02") -> Json:
    sold = invoice(desk.account, day=day)
    desk.shop.charge("100", 11000, 1000, "2026-03-02", 349)
    desk.shop.refund("a", "ch_100", 11000, "2026-03-05")
    return sold


def fail(one: Desk, refund_id: str, day: str) -> None:
    one.shop.fail(refund_id, day)
    one.wait(24)
    one.sync()


@WAYS
@pytest.mark.parametrize("day", ["2026-04-20", "2026-03-20"], ids=["another month", "the same month"])
@pytest.mark.parametrize("fees", [True, False])
def test_a_void_and_the_invoice_again(tmp_path: Path, fees: bool, day: str, way: Json) -> None:
    """Charge and refund are left out of clearing; with fees the charge's fee is posted alone. The invoice that comes back is
    one of ours, and paid."""
    fee = {"FEES": "3.49", "CLR": "-3.49"} if fees else {}
    with desk(tmp_path / "books", fees=fees, **way) as one:
        unpaid(one)
        one.sync()
        assert one.by_hand() == [WHOLE if way else GONE]
        written = [MEMO] if way else []
        fee_line = "journalEntry 100 2026-03-02 -: FEES 3.49, CLR -3.49"
        assert sorted(one.written()) == sorted([*written, *([fee_line] if fees else [])])
        assert (one.totals(), one.open()) == (fee, "0.00")
        assert one.outcomes() == {"re_a": "posted 100"}
        (told,) = one.refunds().values()
        assert any("left out of clearing" in warning for warning in told["warnings"])
        one.json(0, "sync")
        fail(one, "re_a", day)
        assert one.written()[-2:] == [
            f"invoice 100-R {day} Ada: AR 110.00, REV -100.00, TAX -10.00",
            f"customerPayment 100-R {day} Ada: CLR 110.00, AR -110.00; on invoice 100-R",
        ]
        clearing = "106.51" if fees else "110.00"
        assert one.totals() == {**SOLD, **fee, "CLR": clearing}
        assert one.open() == "0.00"
        assert one.outcomes() == {"re_a": "reversed 100"}
        before = one.everything()
        one.json(0, "sync")
        assert one.everything() == before


def test_a_void_in_a_lost_state_is_taken_as_voided_already(tmp_path: Path) -> None:
    """A voided invoice does not say who voided it."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.sync()
        before = one.everything()
        one.lose_state()
        one.sync()
        assert one.everything() == before
        assert one.refunds()["re_a"]["outcome"] == "adopted"


def test_a_memo_in_the_place_of_a_void_says_why(tmp_path: Path) -> None:
    """An invoice of another month keeps its month; the memo is of the refund's day."""
    with desk(tmp_path / "books") as one:
        unpaid(one, "2026-02-20")
        one.sync()
        assert one.written() == [MEMO.replace("2026-03-02", "2026-03-05")]
        assert (one.totals(), one.open()) == ({}, "0.00")
        warnings = one.refunds()["re_a"]["warnings"]
        assert any("2026-02-20" in warning for warning in warnings), warnings
        one.settle_down()


@pytest.mark.parametrize("script", [True, False])
def test_which_way_a_void_is_taken_is_said(tmp_path: Path, script: bool) -> None:
    way: Json = {} if script else {"connection": {"void_restlet_url": None}}
    with desk(tmp_path / "books", **way) as one:
        unpaid(one)
        one.shop.write()
        said = "a credit memo of the invoice's day is applied to it instead"
        assert (said in one.command("plan").out) is not script
        one.sync()
        assert (said in one.command("explain", "re_a").out) is not script


def test_an_invoice_that_others_voided_is_not_touched(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        sold = unpaid(one)
        seed.void(one.account, sold)
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


# ---------------------------------------------------------------------------------------------- guards


@WAYS
@pytest.mark.parametrize("booked", ["on it", "on nothing", "as a deposit", "a memo"])
def test_what_is_booked_while_the_void_is_on_its_way_keeps_the_invoice(
    tmp_path: Path, booked: str, way: Json
) -> None:
    """It is read again right before it is written."""
    with desk(tmp_path / "books", **way) as one:
        sold = unpaid(one)
        one.shop.write()
        done: list[Any] = []

        def book() -> Any:
            if booked == "on it":
                return pay(one.account, sold)
            if booked == "on nothing":
                return pay(one.account, None)
            if booked == "as a deposit":
                return deposit(one.account)
            return credit_memo(one.account, on=sold)

        def look(_: int, asked: Any) -> None:
            if asked.method == "GET" and asked.path.endswith(f"/invoice/{sold['id']}") and not done:
                done.append(book())

        one.fake.before_request = look
        one.json(3, "sync")
        one.fake.before_request = None
        assert len(done) == 1
        assert one.outcomes() == {"re_a": "held void_guard"}
        assert one.written() == [] and "(void)" not in one.by_hand()[0]


@pytest.mark.parametrize("charge", ["", "ch_100"])
def test_a_payment_of_the_same_amount_keeps_the_invoice(tmp_path: Path, charge: str) -> None:
    """Whether it is of this charge, or nobody knows of what: the refund is of what is paid."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        pay(one.account, None, charge=charge)
        one.sync()
        assert "(void)" not in one.by_hand()[0]
        assert [line.split(" 2026")[0] for line in one.written()] == ["creditMemo 100", "customerRefund 100"]
        one.settle_down()


@WAYS
def test_a_part_of_an_invoice_that_was_never_paid_is_held(tmp_path: Path, way: Json) -> None:
    with desk(tmp_path / "books", **way) as one:
        invoice(one.account)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held payment_not_in_books"}
        assert one.written() == []
        pay(one.account, one.account.documents("invoice")[0])
        one.sync()
        assert one.totals() == {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- the script


def test_a_script_that_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    """With the preference for reversing journals nothing can be voided directly."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.account.moods.reversal_voids = True
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held rejected_by_ledger"}
        assert "Void Transactions Using Reversing Journals" in one.refunds()["re_a"]["sentence"]
        assert one.by_hand() == [f"{WHOLE}; 110.00 open"]
        one.account.moods.reversal_voids = False
        (held,) = one.held()
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert (one.by_hand(), one.outcomes()) == ([GONE], {"re_a": "posted 100"})


def test_a_script_that_is_asked_too_much_is_asked_again(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        unpaid(one)
        fault = one.fake.inject("restlet_limit", "restlet.nl")
        one.sync()
        assert fault.times == 0
        assert (one.by_hand(), one.outcomes()) == ([GONE], {"re_a": "posted 100"})


@pytest.mark.parametrize("kind", ["lost_after", "truncated", "lost_before"])
def test_an_answer_of_the_script_that_is_lost(tmp_path: Path, kind: Any) -> None:
    """The next look reads the invoice itself."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.fake.inject(kind, "restlet.nl")
        one.shop.write()
        one.command("sync")
        one.wait(1)
        one.json(0, "sync")
        one.check()
        assert (one.by_hand(), one.outcomes()) == ([GONE], {"re_a": "posted 100"})


def test_a_role_that_may_not_call_the_script_ends_the_run(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.account.role_lacks.add("restlet")
        one.shop.write()
        found = one.command("sync", "--json")
        assert found.code in (1, 3), found.out
        assert one.by_hand() == [f"{WHOLE}; 110.00 open"]
        assert "privileges" in found.out
        one.account.role_lacks.clear()
        for held in one.held():
            one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.by_hand() == [GONE]


@WAYS
def test_the_void_of_a_closed_month_is_held(tmp_path: Path, way: Json) -> None:
    with desk(tmp_path / "books", **way) as one:
        unpaid(one)
        one.close_until("2026-03")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.by_hand() == [f"{WHOLE}; 110.00 open"]
        one.close_until("2026-03", "open")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100"}


@WAYS
@pytest.mark.parametrize("how", ["closed", "arLocked", "allLocked"])
def test_a_month_that_is_closed_before_those_that_went_before_it(tmp_path: Path, how: str, way: Json) -> None:
    """No plan shows it; NetSuite refuses, and each run tries again."""
    with desk(tmp_path / "books", **way) as one:
        unpaid(one)
        one.account.close_period("2026-03", how)
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.by_hand() == [f"{WHOLE}; 110.00 open"]
        one.account.close_period("2026-03", "open")
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
