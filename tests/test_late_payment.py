"""A payment that others book after its refund was posted as if none would come."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop import CLEARING, Shop


@pytest.fixture
def voided(tmp_path: Path) -> Shop:
    """An invoice that was voided because its payment was not in the books; then the payment is booked."""
    shop = Shop(tmp_path)
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert [line.split()[1] for line in shop.entries("re_1")] == ["void"]
    shop.payment()
    return shop


def late_warnings(shop: Shop) -> list[str]:
    return [w for w in shop.outcome("re_1")["warnings"] if w.startswith("late_payment: ")]


def test_a_payment_booked_after_the_void_is_reported_once(voided: Shop) -> None:
    assert late_warnings(voided) == []
    voided.sync(0)
    (told,) = late_warnings(voided)
    assert "110.00 USD" in told
    assert "clearing is too high" in told
    assert voided.balances()[CLEARING] == "110.00 USD"
    voided.sync(0)
    assert late_warnings(voided) == [told]


def test_status_names_the_late_payment_as_a_difference_of_clearing(voided: Shop) -> None:
    voided.sync(0)
    ran = voided.command("status", "--json")
    (difference,) = ran.report["clearing_differences"]
    assert difference["id"] == "ch_1"
    assert difference["what"] == "payment booked late"
    assert difference["amount"] == {"amount": "-110.00", "currency": "usd"}


def test_a_void_without_a_late_payment_warns_of_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    shop.sync(0)
    assert late_warnings(shop) == []


RECEIPTS = '[{"name": "all", "when": {}, "then": "refund_receipt"}]'


def test_a_payment_after_a_refund_that_took_the_money_out_of_clearing_is_no_late_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path, rules=RECEIPTS)
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.sync(0)
    assert shop.balances()[CLEARING] == "-33.00 USD"
    shop.payment(day="2026-03-20")
    shop.sync(0)
    assert shop.balances()[CLEARING] == "77.00 USD" == shop.in_stripe()
    assert late_warnings(shop) == []
    assert shop.command("status", "--json").report["clearing_differences"] == []


def test_nor_after_a_cash_leg_that_a_person_chose(tmp_path: Path) -> None:
    shop = Shop(tmp_path, refunds={"sale_grace": "72h"})
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.resolve("re_1", "--type", "credit_memo,credit_card_refund").code == 0
    shop.payment(day="2026-03-20")
    shop.sync(0)
    assert shop.balances() == {}
    assert late_warnings(shop) == []
