"""A role that may not use SuiteQL: each record is searched for and read by itself, and the same documents are written as with
it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import cash_refund, cash_sale, credit_memo, deposit, invoice, pay, pay_out
from netsuite_type_cases import CASES, Case
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

Play = Callable[[Desk], None]


def without(one: Desk) -> None:
    one.account.role_lacks.add("suiteql")


def answered(one: Desk) -> set[int | None]:
    """How queries were answered so far."""
    return {request.status for request in one.fake.calls() if request.path == "suiteql"}


def told(one: Desk) -> list[Any]:
    """All that was written and what became of it, by whatever way it was read."""
    held = [(each["kind"], each["reason"], each["sentence"]) for each in one.held()]
    return [one.written(), one.by_hand(), one.totals(), one.open(), one.outcomes(), held]


def by_both_ways(folder: Path, *passes: Play, code: int = 0, **settings: Any) -> list[Any]:
    """What each pass comes to, which is the same with SuiteQL and without; it is settled either way."""
    found: dict[bool, list[Any]] = {True: [], False: []}
    for may in (True, False):
        with desk(folder / f"{may}", **settings) as one:
            if not may:
                without(one)
            for play in passes:
                play(one)
                one.sync(code)
                found[may].append(told(one))
            assert 200 in answered(one) if may else answered(one) == {403}
            one.settle_down(code)
    assert found[True] == found[False]
    return found[False]


# ---------------------------------------------------------------------------------------------- every type


@pytest.mark.parametrize("name", CASES)
def test_every_type_is_posted_and_taken_back(tmp_path: Path, name: str) -> None:
    """To the cent and the word what is written where the role may ask."""
    case: Case = CASES[name]
    with desk(tmp_path / "books", **case.settings) as one:
        without(one)
        case.make(one)
        one.sync()
        assert (one.written(), one.by_hand()) == (case.written, case.by_hand)
        assert (one.totals(), one.open()) == (case.totals, case.owed)
        one.settle_down()
        last = max(one.outcomes())
        one.shop.fail(last, "2026-04-20")
        one.wait(24)
        one.sync()
        before = case.written if case.taken_up is None else case.taken_up
        assert one.written() == [*before, *case.back]
        assert one.by_hand() == (case.by_hand if case.freed is None else case.freed)
        assert (one.totals(), one.open()) == (case.sold, case.owed_after)
        assert answered(one) == {403}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- numbers


def test_numbers_go_on_from_what_stands_there(tmp_path: Path) -> None:
    """Others have 200 and 200-1; the second refund comes in a run of its own."""

    def first(one: Desk) -> None:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        pay(one.account, invoice(one.account, "200"), charge="ch_200")
        one.shop.charge("200", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("x", "ch_200", 1100, "2026-03-07")
        for number in ("200", "200-1"):
            credit_memo(one.account, number, net="5.00", tax="0.00")

    def second(one: Desk) -> None:
        one.shop.refund("b", "ch_100", 7700, "2026-03-08")
        one.shop.refund("y", "ch_200", 1100, "2026-03-08")

    seen = by_both_ways(tmp_path, first, second)
    assert seen[0][4] == {"re_a": "posted 100", "re_x": "posted 200-2"}
    assert seen[1][4] == {**seen[0][4], "re_b": "posted 100-1", "re_y": "posted 200-3"}


# ---------------------------------------------------------------------------------------------- what others booked


def of_invoice(one: Desk) -> Json:
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    return credit_memo(one.account, net="30.00", tax="3.00", memo="for re_a")


def both_legs(one: Desk) -> None:
    pay_out(one.account, of_invoice(one), note="Stripe refund re_a")


def of_cash_sale(one: Desk) -> None:
    cash_sale(one.account)
    one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 3300, "2026-03-05")
    cash_refund(one.account, net="30.00", tax="3.00", memo="re_a")


def of_deposit(one: Desk) -> None:
    held = deposit(one.account)
    one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 3300, "2026-03-05")
    pay_out(one.account, held, "33.00", note="re_a")


def of_journal(one: Desk) -> None:
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    lines = (("Sales", "33.00", None), ("Stripe Clearing", "-33.00", None))
    seed.journal(one.account, *lines, memo="refund re_a", day="2026-03-05")


ADOPTED: dict[str, Play] = {
    "a memo and its refund": both_legs,
    "a cash refund": of_cash_sale,
    "a refund of a deposit": of_deposit,
    "a journal": of_journal,
}


@pytest.mark.parametrize("name", ADOPTED)
def test_what_others_booked_is_adopted(tmp_path: Path, name: str) -> None:
    def rest(one: Desk) -> None:
        one.shop.refund("b", "ch_100", 7700, "2026-03-08")

    first, second = by_both_ways(tmp_path, ADOPTED[name], rest)
    assert (first[0], list(first[4])) == ([], ["re_a"])
    assert first[4]["re_a"].startswith("adopted")
    assert second[4]["re_b"].startswith("posted")
    assert second[2].get("CLR") is None


@pytest.mark.parametrize("amount", ["30.00", "40.00"], ids=["one leg", "another amount"])
def test_what_does_not_agree_waits_for_a_person(tmp_path: Path, amount: str) -> None:
    def booked(one: Desk) -> None:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        credit_memo(one.account, net=amount, tax="3.00", memo="for re_a")

    (seen,) = by_both_ways(tmp_path, booked, code=3)
    assert (seen[0], seen[4]) == ([], {"re_a": "held duplicate_in_books"})


# ---------------------------------------------------------------------------------------------- sales of ours


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_sales_with_their_fees_and_refunds(tmp_path: Path, sales: str) -> None:
    """Somebody has the number of the second one."""

    def sold(one: Desk) -> None:
        invoice(one.account, "101")
        for number in ("100", "101"):
            sell(one, number, customer="cus_9")
            one.shop.refund(number, f"ch_{number}", 3300, "2026-03-05", 25)

    def failed(one: Desk) -> None:
        one.shop.fail("re_100", "2026-04-20")
        one.wait(24)

    posted, back = by_both_ways(tmp_path, sold, failed, sales=sales, fees=True)
    assert posted[4] == {"re_100": "posted 100", "re_101": "posted ch_101"}
    assert back[4] == {"re_100": "reversed 100", "re_101": "posted ch_101"}
    assert (posted[2]["CLR"], back[2]["CLR"]) == ("146.52", "179.52")


def test_a_role_that_may_search_for_no_transaction(tmp_path: Path) -> None:
    """NetSuite answers as if there were no such table; what it lacks is told, and records are read one by one."""
    with desk(tmp_path / "books") as one:
        one.account.role_lacks.add("table:transaction")
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        told = one.command("check")
        assert told.code == 0 and "Transactions > Find Transaction" in told.err + told.out
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100"}
        one.settle_down()


def test_a_role_that_may_ask_from_now_on(tmp_path: Path) -> None:
    """What was written before is known by it: nothing is written twice, whichever way it is read next."""
    with desk(tmp_path / "books") as one:
        without(one)
        charge = paid_invoice(one)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.sync()
        one.settle_down()
        one.account.role_lacks.clear()
        one.wait(48)
        one.shop.refund("b", charge, 3300, "2026-03-06")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        one.settle_down()
        assert 200 in answered(one)
