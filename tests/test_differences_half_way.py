"""What `status` says of clearing while something of a refund stands in the books and something else is still to come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ledger_desk import sell
from small_shop import fail_charge
from xero_desk import Desk, desk, paid_invoice
from xero_sold import credit_note, sold_lines


def differences(one: Desk) -> dict[str, str]:
    """What it is and its id → amount."""
    told = one.command("status", "--json").json["clearing_differences"]
    return {f"{d['what']} {d['id']}": d["amount"]["amount"] for d in told}


def posted(one: Desk, fee: int = 0) -> dict[str, Any]:
    """A partial refund with its credit note and payment; the payment."""
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05", fee)
    one.sync()
    (payment,) = [row for kind, row in one.ours() if kind == "Payments"]
    return payment


@pytest.mark.parametrize("fees", [True, False])
def test_a_failed_refund_whose_reversal_is_held(tmp_path: Path, fees: bool) -> None:
    """Stripe gave the money back, and the payment out of clearing stands."""
    with desk(tmp_path / "books", fees=fees) as one:
        payment = posted(one, fee=25)
        one.organisation.set("Payments", payment["PaymentID"], IsReconciled=True)
        one.shop.fail("re_a", "2026-03-20")
        one.wait(24)
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        assert differences(one) == {"refund held re_a": "33.00"}


def test_a_failed_refund_whose_day_is_closed(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        posted(one)
        one.organisation.period_lock = "2026-03-31"
        one.shop.fail("re_a", "2026-03-20")
        one.wait(24)
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert differences(one) == {"refund held re_a": "33.00"}


def test_a_replacement_that_is_held_has_changed_nothing(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        payment = posted(one)
        one.organisation.set("Payments", payment["PaymentID"], IsReconciled=True)
        before = one.totals()
        one.resync("re_a", "--replace", code=3)
        assert one.totals() == before
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        assert differences(one) == {}


def test_a_reversal_that_a_person_skipped_is_told_once(tmp_path: Path) -> None:
    """The credit note behind it is then refused, so the refund is held all the same."""
    with desk(tmp_path / "books") as one:
        payment = posted(one)
        one.organisation.set("Payments", payment["PaymentID"], IsReconciled=True)
        one.shop.fail("re_a", "2026-03-20")
        one.wait(24)
        one.sync(3, plan=False)
        (held,) = [each for each in one.held() if each["reason"] == "ledger_cannot"]
        one.resolve(held["document_key"], "--skip")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held rejected_by_ledger"}
        assert differences(one) == {"reversal skipped re_a": "33.00"}


@pytest.mark.parametrize("failed", [False, True])
def test_a_write_that_failed_is_told_by_what_it_would_have_moved(tmp_path: Path, failed: bool) -> None:
    """The payment of a refund, or the removal of that payment, was not answered: the outcome is `failed`."""
    with desk(tmp_path / "books") as one:
        if failed:
            posted(one)
            one.shop.fail("re_a", "2026-03-20")
            one.wait(24)
        else:
            one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")

        def break_off(_: int, asked: Any) -> None:
            if asked.method in ("PUT", "POST") and "/Payments" in asked.path:
                raise ConnectionError("the line broke before the write")

        one.fake.before_request = break_off
        one.sync(1, plan=False)
        one.fake.before_request = None
        assert one.refunds()["re_a"]["outcome"] == "failed"
        word = "33.00" if failed else "-33.00"
        assert differences(one) == {"refund failed re_a": word}


def test_an_adopted_credit_note_that_nothing_paid_out(tmp_path: Path) -> None:
    """Its amount is that of the refund; no command posts the leg that is missing once it is adopted."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        booked = credit_note(one.hands, "R1", Reference="re_a", LineItems=sold_lines("30.00", "3.00"))
        one.sync(3)
        one.resolve("re_a", "--adopt", booked["CreditNoteID"])
        one.sync()
        assert differences(one) == {"adopted without cash leg re_a": "-33.00"}
        for words in ((), ("--replace",)):
            one.resync("re_a", *words)
        assert one.written() == []
        assert one.command("resolve", "re_a", "--ledger", "main", "--retry", "--reason", "pay it").code == 2
        assert differences(one) == {"adopted without cash leg re_a": "-33.00"}


def test_a_sale_of_ours_whose_payment_failed_in_a_closed_month(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="sales_receipt", fees=True) as one:
        sell(one)
        one.sync()
        one.organisation.period_lock = "2026-03-31"
        fail_charge(one.shop, "ch_100", "2026-03-20")
        one.wait(24)
        one.sync(3, plan=False)
        assert differences(one) == {"charge held ch_100": "-110.00"}
