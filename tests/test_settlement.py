"""What moved on the Stripe balance, assumed or waited for where it is not known, and the day it is posted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from planning_cases import (
    BOOKS,
    CHARGED,
    DAY,
    FAILED,
    HOUR,
    NOW,
    REFUNDED,
    REFUNDED_DAY,
    at,
    case,
    charge_case,
    documents_of,
    invoice,
    ledger,
    moved,
    paid,
    plan,
    receipt,
    refund,
    reverse,
)

from connector.planning.case import NotNow
from connector.planning.sale_plan import plan_charge
from connector.planning.settlement import Settlement, first_open_day, is_closed, open_day, settle
from connector.planning.stripe_facts import BalanceTransaction

EXPORT = replace(BOOKS, from_export=True)


def settled(
    transaction: BalanceTransaction | None = None,
    known: frozenset[str] = frozenset(),
    now: int = NOW,
    export: bool = False,
) -> Settlement:
    return settle(
        EXPORT if export else BOOKS,
        "refund",
        "re_1",
        transaction,
        -11000,
        "usd",
        REFUNDED,
        known,
        now,
        REFUNDED,
    )


def test_the_balance_transaction_says_amount_fee_currency_and_day() -> None:
    one = settled(moved(-14000, 25, "cad", REFUNDED + DAY))
    assert one == Settlement(-14000, 25, "cad", date(2026, 3, 11))


@pytest.mark.parametrize("amount", [11000, 0])
def test_a_balance_transaction_that_moves_the_other_way_is_held(amount: int) -> None:
    with pytest.raises(NotNow) as stop:
        settled(moved(amount))
    assert (stop.value.outcome, stop.value.reason) == ("held", "settlement_unknown")
    assert stop.value.sentence == (
        "balance transaction txn_r of refund re_1 does not take money from the Stripe balance"
    )


def test_a_balance_transaction_of_another_amount_in_the_same_currency_is_held() -> None:
    decided = plan(case(refund(amount=5000), invoice(paid()), balance_transaction=moved(-11000)))
    assert (decided.outcome, decided.reason, decided.due) == ("held", "settlement_unknown", True)
    assert decided.sentence == (
        "balance transaction txn_r of refund re_1 moves the Stripe balance by -110.00 USD, and the refund is of "
        "50.00 USD"
    )


def test_the_balance_transaction_of_a_failure_gives_back_what_the_refund_was() -> None:
    one = case(sale=receipt())
    decided = reverse(one, documents_of(one), moved(9900, created=FAILED, name="txn_f"))
    assert (decided.outcome, decided.reason) == ("held", "settlement_unknown")
    assert "by 99.00 USD, and the refund is of 110.00 USD" in (decided.sentence or "")


@pytest.mark.parametrize(
    ("captured", "booked", "outcome"),
    [(11000, 11000, "posted"), (11000, 10000, "held"), (5500, 5500, "posted"), (5500, 11000, "posted")],
)
def test_a_charge_was_booked_as_captured_or_as_authorised(captured: int, booked: int, outcome: str) -> None:
    one = charge_case(
        settled=moved(booked, 349, created=CHARGED), captured_minor=captured, amount_minor=11000
    )
    decided = plan_charge(one, BOOKS, ledger(sales="sales_receipt"), ("100",), NOW, CHARGED)
    assert decided.outcome == outcome, decided.sentence


def test_over_the_api_a_missing_balance_transaction_waits_and_is_then_held() -> None:
    with pytest.raises(NotNow) as stop:
        settled(now=REFUNDED + 72 * HOUR - 1)
    assert (stop.value.outcome, stop.value.reason, stop.value.due) == ("waiting", "settlement_unknown", True)
    with pytest.raises(NotNow) as stop:
        settled(now=REFUNDED + 72 * HOUR)
    assert (stop.value.outcome, stop.value.reason, stop.value.due) == ("held", "settlement_unknown", True)


def test_with_an_export_one_to_one_is_assumed_and_said() -> None:
    one = settled(export=True, known=frozenset({"usd"}))
    assert (one.amount_minor, one.fee_minor, one.currency, one.posting_date) == (
        -11000,
        0,
        "usd",
        REFUNDED_DAY,
    )
    assert one.warnings[0].startswith("settlement_assumed: the balance transaction of refund re_1")


def test_with_an_export_another_currency_of_the_charge_is_held() -> None:
    with pytest.raises(NotNow) as stop:
        settled(export=True, known=frozenset({"cad", "usd"}))
    assert (stop.value.outcome, stop.value.reason) == ("held", "stripe_object_missing")
    assert "settles in CAD" in stop.value.sentence


def test_settlement_assumed_is_a_warning_of_the_refund_and_its_documents() -> None:
    one = case(sale=receipt(), balance_transaction=None)
    decided = plan(one, books=EXPORT)
    assert decided.outcome == "posted"
    assert decided.warnings[0].startswith("settlement_assumed")
    assert decided.documents[0].warnings == decided.warnings
    held = plan(replace(one, charge_currencies=frozenset({"cad"})), books=EXPORT)
    assert (held.outcome, held.reason) == ("held", "stripe_object_missing")


def test_a_charge_missing_from_the_export_is_held_at_once() -> None:
    decided = plan(case(sale=None, charge=None, balance_transaction=None), books=EXPORT, now=REFUNDED)
    assert (decided.outcome, decided.reason) == ("held", "stripe_object_missing")
    assert "charge ch_1 of refund re_1 was not found" in (decided.sentence or "")


# ---------------------------------------------------------------------------------------------- the day


@pytest.mark.parametrize(
    ("utc", "zone", "day"),
    [
        ("2026-01-01 04:59", "America/New_York", date(2025, 12, 31)),
        ("2026-01-01 05:00", "America/New_York", date(2026, 1, 1)),
        ("2026-07-01 03:59", "America/New_York", date(2026, 6, 30)),  # summer time: four hours
        ("2026-07-01 04:00", "America/New_York", date(2026, 7, 1)),
        ("2026-03-08 06:59", "America/New_York", date(2026, 3, 8)),  # the hour before clocks go forward
        ("2026-11-01 04:30", "America/New_York", date(2026, 11, 1)),
        ("2026-11-02 04:59", "America/New_York", date(2026, 11, 1)),  # a day of 25 hours
        ("2026-03-29 22:30", "Europe/Berlin", date(2026, 3, 30)),
        ("2026-12-31 10:00", "Pacific/Kiritimati", date(2027, 1, 1)),
        ("2026-12-31 18:30", "Asia/Kolkata", date(2027, 1, 1)),
    ],
)
def test_posting_dates_are_days_in_the_zone_of_the_books(utc: str, zone: str, day: date) -> None:
    books = replace(BOOKS, zone=ZoneInfo(zone))
    one = case(sale=receipt(), balance_transaction=moved(-11000, created=at(utc)))
    assert {d.posting_date for d in documents_of(one, books=books)} == {day}


def test_without_a_balance_transaction_the_day_of_created_counts() -> None:
    one = case(sale=receipt(), balance_transaction=None)
    assert documents_of(one, books=EXPORT)[0].posting_date == REFUNDED_DAY


def test_a_closed_period_holds_the_refund() -> None:
    decided = plan(case(sale=receipt()), ledger(closed_until=REFUNDED_DAY))
    assert (decided.outcome, decided.reason, decided.due) == ("held", "period_closed", True)
    assert decided.sentence == "2026-03-10 lies in a period that is closed until 2026-03-10"


def test_first_open_day_posts_on_it_and_tells_the_true_date() -> None:
    moving = replace(BOOKS, period_closed="first_open_day")
    policy = ledger(closed_until=date(2026, 3, 31))
    one = case(sale=invoice(paid()), balance_transaction=moved(-11000, 25))
    documents = documents_of(one, policy, moving)
    assert {d.posting_date for d in documents} == {date(2026, 4, 1)}
    assert all(d.narration.endswith("[2026-03-10]") for d in documents)
    assert documents[0].warnings == (
        "2026-03-10 lies in a closed period: posted on 2026-04-01, the first open day",
    )


def test_a_day_after_the_closed_period_is_left_alone() -> None:
    policy = ledger(closed_until=date(2026, 3, 9))
    assert not is_closed(policy, REFUNDED_DAY)
    assert is_closed(policy, date(2026, 3, 9))
    one = Settlement(-11000, 0, "usd", REFUNDED_DAY)
    assert open_day(BOOKS, policy, one) is one
    assert first_open_day(policy, one) is one
    assert first_open_day(ledger(), one) is one


# ---------------------------------------------------------------------------------------------- partial capture


@pytest.mark.parametrize(
    ("booked", "currency", "released", "expected"),
    [
        (11000, "usd", True, (5500, "usd")),
        (5500, "usd", False, (5500, "usd")),
        (14850, "cad", True, (7425, "cad")),
        (7425, "cad", False, (7425, "cad")),
    ],
)
def test_what_the_captured_part_of_a_charge_settled_as(
    booked: int, currency: str, released: bool, expected: tuple[int, str]
) -> None:
    one = charge_case(
        settled=moved(booked, 0, currency), captured_minor=5500, released=released, amount_minor=11000
    )
    assert one.settled() == expected


def test_a_charge_without_balance_transaction_settled_as_nothing_known() -> None:
    assert replace(charge_case(), balance_transaction=None).settled() is None
