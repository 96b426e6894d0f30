"""Refunds that others booked in a NetSuite account, what persons decide, and switches that are turned later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import cash_refund, cash_sale, credit_memo, invoice, pay, pay_out
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

AFTER = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
HOLD = [{"name": "rest", "when": {}, "then": "hold"}]
MEMO = "creditMemo 100 2026-03-05 Ada: AR -33.00, REV 30.00, TAX 3.00"
REFUND = "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on creditMemo"


def refunded(desk: Desk, amount: int = 3300) -> None:
    desk.shop.refund("a", paid_invoice(desk), amount, "2026-03-05")


def memo(desk: Desk, note: str = "for re_a", net: str = "30.00", tax: str = "3.00", **more: str) -> Json:
    return credit_memo(desk.account, net=net, tax=tax, memo=note, **more)


def paid_memo(desk: Desk) -> list[str]:
    """A credit memo that somebody paid out; the refund's id stands on both."""
    made = memo(desk)
    paid = pay_out(desk.account, made, note="Stripe refund re_a")
    return [f"creditMemo/{made['id']}", f"customerRefund/{paid['id']}"]


def stripes_own(desk: Desk) -> list[str]:
    """As the connector of Stripe's makes them: their external ids are of the refund."""
    made = memo(desk, note="Stripe: credit", externalId="ns_memo:re_a")
    paid = pay_out(desk.account, made, note="Stripe: refund", externalId="re_a")
    return [f"creditMemo/{made['id']}", f"customerRefund/{paid['id']}"]


def by_cash_refund(desk: Desk) -> list[str]:
    made = cash_refund(desk.account, net="30.00", tax="3.00", memo="re_a")
    return [f"cashRefund/{made['id']}"]


def by_journal(desk: Desk) -> list[str]:
    lines = (
        ("Sales", "30.00", None),
        ("Sales Tax Payable", "3.00", None),
        ("Stripe Clearing", "-33.00", None),
    )
    made = seed.journal(desk.account, *lines, memo="refund re_a", day="2026-03-05")
    return [f"journalEntry/{made['id']}"]


# ---------------------------------------------------------------------------------------------- adopted

BOTH: dict[str, Callable[[Desk], list[str]]] = {
    "a memo with its refund": paid_memo,
    "Stripe's own": stripes_own,
    "a cash refund": by_cash_refund,
    "a journal": by_journal,
}


@pytest.mark.parametrize("suiteql", [True, False], ids=["by SuiteQL", "record by record"])
@pytest.mark.parametrize("booked", BOTH.values(), ids=list(BOTH))
@pytest.mark.parametrize("form", ["invoice", "cash sale"])
def test_both_legs_are_there(
    tmp_path: Path, form: str, booked: Callable[[Desk], list[str]], suiteql: bool
) -> None:
    with desk(tmp_path / "books") as one:
        if not suiteql:
            one.account.role_lacks.add("suiteql")
        if form == "invoice":
            refunded(one)
        else:
            cash_sale(one.account)
            one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
            one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        ids = booked(one)
        one.sync()
        assert one.written() == []
        assert one.totals() == AFTER
        told = one.refunds()["re_a"]
        assert told["outcome"] == "adopted"
        assert all(each in told["sentence"] for each in ids)
        one.settle_down()


def test_the_next_refund_takes_what_the_adopted_one_left(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        paid_memo(one)
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.sync()
        assert one.outcomes()["re_a"].startswith("adopted")
        assert one.outcomes()["re_b"].startswith("posted")
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


def test_a_refund_against_the_sale_that_names_nothing_counts_as_refunded(tmp_path: Path) -> None:
    """A cash refund that somebody made of the cash sale: no more than the rest can be refunded."""
    with desk(tmp_path / "books") as one:
        sale = cash_sale(one.account)
        refund_of(one, sale, "30.00", "3.00")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.sync()
        assert one.outcomes() == {"re_b": "posted 100"}
        assert one.totals() == {}
        one.settle_down()


def refund_of(desk: Desk, sale: Json, net: str, tax: str) -> Json:
    return cash_refund(desk.account, net=net, tax=tax, createdFrom={"id": sale["id"]})


def test_the_income_leg_alone_is_paid_out_after_a_person_says_so(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        memo(one)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        assert one.written() == []
        one.resolve("re_a", "--retry")
        one.sync()
        assert one.written() == [f"{REFUND} R1"]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        assert not any("unapplied" in line for line in one.by_hand())
        one.settle_down()


def test_amounts_that_differ_are_held_until_a_person_takes_them(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        booked = memo(one, net="20.00", tax="2.00")
        pay_out(one.account, booked, note="re_a")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        one.resolve("re_a", "--adopt", f"creditMemo/{booked['id']}")
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


@pytest.mark.parametrize("named", ["creditMemo/{}", "{}"])
def test_a_document_that_a_person_names(tmp_path: Path, named: str) -> None:
    """It says nothing of Stripe; the id is the one that NetSuite has, with the record's type or without."""
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        booked = memo(one, note="by telephone")
        one.sync(3)
        one.resolve("re_a", "--adopt", named.format(booked["id"]))
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "adopted"
        assert one.written() == []
        one.settle_down()


@pytest.mark.parametrize("adopt", ["always", "never"])
def test_a_refund_of_after_the_first_run_that_others_booked(tmp_path: Path, adopt: str) -> None:
    """Adopted where the settings say always; else both stand there, and that is what was asked for."""
    with desk(tmp_path / "books", refunds={"adopt": adopt}) as one:
        paid_invoice(one)
        one.sync()
        one.wait(24)
        day = "2026-06-02"
        one.shop.refund("a", "ch_100", 3300, day)
        made = credit_memo(one.account, net="30.00", tax="3.00", memo="for re_a", day=day)
        pay_out(one.account, made, note="re_a", day=day)
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == ("adopted" if adopt == "always" else "posted")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- persons


def test_a_refund_that_a_person_leaves_out(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        one.sync(3)
        one.resolve("re_a", "--skip")
        one.sync()
        assert one.outcomes()["re_a"].startswith("excluded")
        assert one.written() == []


@pytest.mark.parametrize("by", ["number", "id", "record and id"])
def test_a_sale_that_a_person_names(tmp_path: Path, by: str) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one.account, "777")
        pay(one.account, sold, charge="")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held sale_not_found"}
        named = {"number": "777", "id": sold["id"], "record and id": f"invoice/{sold['id']}"}
        one.resolve("re_a", "--sale", named[by])
        one.sync()
        lines = (MEMO, f"{REFUND} 777")
        assert one.written() == [line.replace(" 100 ", " 777 ") for line in lines]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        one.settle_down()


def test_a_type_that_a_person_names(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=HOLD) as one:
        refunded(one)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held rule_says_hold"}
        one.resolve("re_a", "--type", "credit_memo,credit_card_refund")
        one.sync()
        assert one.written() == [MEMO, f"{REFUND} 100"]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- switches


def test_a_memo_whose_refund_was_off_is_paid_out_by_resync(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        refunded(one)
        one.sync()
        assert one.written() == [f"{MEMO}; 33.00 unapplied"]
        assert one.open() == "-33.00"
        assert any("credit_card_refund" in warning for warning in one.refunds()["re_a"]["warnings"])
        one.settle_down()
        one.set(refund_types={"credit_card_refund": True})
        one.sync()
        assert one.written() == [f"{MEMO}; 33.00 unapplied"]
        one.resync("re_a")
        assert one.written() == [MEMO, f"{REFUND} 100"]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        assert "nothing to do" in one.resync("re_a").out
        one.settle_down()


def test_what_is_switched_off_is_excluded_until_resync(tmp_path: Path) -> None:
    off = {"credit_memo": False, "refund_receipt": False}
    with desk(tmp_path / "books", refund_types=off) as one:
        refunded(one)
        one.sync()
        assert one.outcomes() == {"re_a": "excluded type_switched_off"}
        one.set(refund_types={"credit_memo": True})
        one.sync()
        assert one.written() == []
        one.resync("re_a")
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        one.settle_down()
