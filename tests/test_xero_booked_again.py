"""Invoices whose payment was deleted to open them again, and that somebody paid once more before the rest was written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from test_xero_half_done import REFUSED, REOPEN
from vendors.xero.wire import Json
from xero_desk import Desk, desk
from xero_sold import invoice, pay, take_out

# The net and tax of the invoice; the charge's payment is of 110.00.
SALES = {"110.00": ("100.00", "10.00"), "220.00": ("200.00", "20.00")}

sales = pytest.mark.parametrize("total", SALES)


def stopped(one: Desk, total: str = "220.00", stop: str = "paid again", minor: int = 3300) -> None:
    """A refund of which Xero refuses a write half way."""
    net, tax = SALES[total]
    pay(one.hands, invoice(one.hands, net=net, tax=tax))
    one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), minor, "2026-03-05")
    path, skip = REFUSED[stop]
    one.fake.inject("element_refused", f"/{path}", method="PUT", skip=skip, times=99)
    one.shop.write()
    assert one.command("sync").code == 3
    assert one.outcomes() == {"re_a": "held rejected_by_ledger"}
    one.fake.faults.clear()


def book(one: Desk, amount: str = "110.00", **more: str) -> Json:
    (sold,) = one.organisation.documents("Invoices")
    return pay(one.hands, sold, amount, **more)


def books_of(total: str, stays: str = "77.00") -> dict[str, str]:
    net, tax = SALES[total]
    owed = str(Decimal(total) - Decimal(stays))
    return {"AR": owed, "REV": f"-{net}", "TAX": f"-{tax}", "CLR": stays}


def check_posted(one: Desk, total: str) -> None:
    """Once, from the payment that was booked last, which is deleted in its turn; also without a state."""
    assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, books_of(total))
    assert sum("(deleted)" in line for line in one.by_hand()) == 2
    assert len(one.written()) == 3
    assert one.refunds()["re_a"]["warnings"] == []
    one.settle_down()


@sales
@pytest.mark.parametrize("moment", ["before the skip", "after the skip", "after the resync"])
def test_a_payment_booked_again_is_the_one_that_is_taken_off(tmp_path: Path, total: str, moment: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, total)
        if moment == "before the skip":
            book(one)
        one.resolve("re_a", "--skip")
        assert "put it on again in the ledger" in one.refunds()["re_a"]["sentence"]
        if moment == "after the skip":
            book(one)
        if moment == "after the resync":
            one.resync("re_a", code=3)
            assert one.outcomes() == {"re_a": "held payment_not_in_books"}
            assert one.refunds()["re_a"]["action"] == "book the payment; each run looks again"
            book(one)
            one.sync(plan=False)
        else:
            one.resync("re_a")
        check_posted(one, total)


@sales
def test_it_is_taken_off_where_the_write_is_tried_again(tmp_path: Path, total: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, total)
        book(one)
        one.wait(24)
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        check_posted(one, total)


@sales
def test_where_nobody_booked_it_nothing_is_written(tmp_path: Path, total: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, total)
        one.resolve("re_a", "--skip")
        before = one.everything()
        one.resync("re_a", code=3)
        one.sync(3, plan=False)
        assert (one.outcomes(), one.everything()) == ({"re_a": "held payment_not_in_books"}, before)
        one.resolve("re_a", "--skip")
        assert one.outcomes() == {"re_a": "excluded skipped_by_person"}


@sales
def test_a_payment_booked_again_after_a_lost_state(tmp_path: Path, total: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, total)
        book(one)
        one.lose_state()
        one.sync(plan=False)
        check_posted(one, total)


@sales
@pytest.mark.parametrize("how", ["--skip", "--retry"])
def test_of_a_charge_that_is_refunded_as_a_whole_no_payment_stays(
    tmp_path: Path, total: str, how: str
) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, total, stop="overpaid", minor=11000)
        one.resolve("re_a", how)
        book(one)
        if how == "--skip":
            one.resync("re_a")
        else:
            one.sync(plan=False)
        left = {name: amount for name, amount in books_of(total, "0.00").items() if name != "CLR"}
        assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, left)
        one.settle_down()


@pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
@pytest.mark.parametrize("skip", [0, 1], ids=["deleted", "made again"])
def test_an_answer_is_lost_and_it_was_booked_on_another_day(tmp_path: Path, fault: str, skip: int) -> None:
    """The parts bear the day of the payment that they are made of, and are found by it."""
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one)
        book(one, day="2026-03-04")
        one.resolve("re_a", "--retry")
        one.fake.inject(fault, "/Payments", method="PUT" if skip else "POST")  # type: ignore[arg-type]
        one.shop.write()
        one.command("sync")
        one.wait(24)
        one.command("sync")
        assert [line.split(" Ada: ")[0] for line in one.written()] == [
            "Payment 100 2026-03-04",
            "RECEIVE-OVERPAYMENT - 2026-03-04",
            "Payment 100 2026-03-05",
        ]
        check_posted(one, "220.00")


def test_the_state_is_lost_after_it_was_deleted_too(tmp_path: Path) -> None:
    """It is as if nobody had booked it: the payment is missing, and once it is there the refund is posted."""
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one)
        book(one)
        one.resolve("re_a", "--retry")
        one.fake.inject("element_refused", "/Payments", method="PUT", times=99)
        one.command("sync")
        one.fake.faults.clear()
        assert one.totals() == {"AR": "220.00", "REV": "-200.00", "TAX": "-20.00"}
        one.lose_state()
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held payment_not_in_books"}
        book(one)
        one.sync()
        assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, books_of("220.00"))
        one.settle_down()


@pytest.mark.parametrize("first", ["re_a", "re_b"])
def test_two_refunds_of_a_charge_of_which_one_stopped(tmp_path: Path, first: str) -> None:
    """Whichever takes the payment that was booked again, the other takes what that one leaves."""
    with desk(tmp_path / "books", **REOPEN) as one:
        pay(one.hands, invoice(one.hands, net="200.00", tax="20.00"))
        charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.shop.refund("b", charge, 1100, "2026-03-06")
        one.fake.inject("element_refused", "/Payments", method="PUT", times=99)
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "waiting 100", "re_b": "held rejected_by_ledger"}
        one.fake.faults.clear()
        book(one)
        one.wait(24)
        if first == "re_a":
            one.resolve("re_a", "--skip")
            one.resync("re_a", code=3)
            assert one.outcomes()["re_a"] == "posted 100"
        one.resolve("re_b", "--retry")
        one.sync(plan=False)
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        assert one.totals() == books_of("220.00", "66.00")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- what is not known


def test_a_payment_that_names_no_charge_is_left_to_a_person(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one)
        one.resolve("re_a", "--skip")
        loose = book(one, charge="")
        before = one.everything()
        one.resync("re_a", code=3)
        assert (one.outcomes(), one.everything()) == ({"re_a": "held ledger_cannot"}, before)
        refund = one.refunds()["re_a"]
        assert "its reference does not say of which charge it is" in refund["sentence"]
        assert (
            "book it once more with its charge in the reference: ch_100, or another, then:"
            in refund["action"]
        )
        take_out(one.hands, "Payments", loose)
        book(one)
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, books_of("220.00"))
        one.settle_down()


@pytest.mark.parametrize("charge", ["ch_101", ""])
def test_the_payment_of_another_charge_stays(tmp_path: Path, charge: str) -> None:
    """Of a payment without a charge it tells that it stood before the other was deleted."""
    with desk(tmp_path / "books", **REOPEN) as one:
        sold = invoice(one.hands, net="200.00", tax="20.00")
        pay(one.hands, sold)
        pay(one.hands, sold, charge=charge)
        one.wait(24)
        one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 3300, "2026-03-05")
        one.fake.inject("element_refused", "/Payments", method="PUT", times=99)
        one.sync(3, plan=False)
        one.fake.faults.clear()
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, books_of("220.00", "187.00"))
        one.settle_down()


@pytest.mark.parametrize("stop", ["paid again", "overpaid"])
def test_a_part_that_was_booked_by_hand_is_not_booked_beside(tmp_path: Path, stop: str) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, stop=stop)
        part = book(one, "33.00")
        one.resolve("re_a", "--retry")
        before = one.everything()
        one.sync(3, plan=False)
        assert (one.outcomes(), one.everything()) == ({"re_a": "held ledger_cannot"}, before)
        refund = one.refunds()["re_a"]
        assert "was deleted the invoice was paid by payment" in refund["sentence"]
        assert "some of it would stand twice" in refund["sentence"]
        assert refund["action"].startswith("delete in Xero what was booked since, then: connector resolve dk")
        take_out(one.hands, "Payments", part)
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, books_of("220.00"))
        one.settle_down()


def test_what_stays_paid_was_deleted_and_booked_by_hand(tmp_path: Path) -> None:
    """The whole does not stand for it; a payment of what stays does."""
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one, stop="overpaid")
        (made,) = [row for kind, row in one.ours() if kind == "Payments"]
        take_out(one.hands, "Payments", made)
        whole = book(one)
        one.resolve("re_a", "--retry")
        one.sync(3, plan=False)
        action = one.refunds()["re_a"]["action"]
        assert (
            "and book 77.00 USD with its charge in the reference: ch_100, then: connector resolve dk"
            in action
        )
        take_out(one.hands, "Payments", whole)
        book(one, "77.00")
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        assert (one.outcomes(), one.totals()) == ({"re_a": "posted 100"}, books_of("220.00"))


def test_a_payment_booked_again_and_matched_with_the_bank_is_not_deleted(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        stopped(one)
        book(one, IsReconciled=True)  # type: ignore[arg-type]
        before = one.everything()
        one.resolve("re_a", "--retry")
        one.sync(3, plan=False)
        assert (one.outcomes(), one.everything()) == ({"re_a": "held ledger_cannot"}, before)
        assert "is reconciled with a bank statement" in one.refunds()["re_a"]["sentence"]
