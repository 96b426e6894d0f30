"""Refunds that name only the payment intent of their charge, as Stripe has them: they are refunds of that charge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shop import RECEIVABLE, SALES, TAX, Shop, second


def by_intent(shop: Shop, refund_id: str, amount: int | None = None, day: str = "2026-03-09") -> None:
    """A refund of ch_1 that names only its payment intent."""
    shop.refund(refund_id, "ch_1", amount, day)
    shop.change(refund_id, charge=None, payment_intent="pi_1")


def charged(shop: Shop, *, exported: bool = True, **fields: Any) -> Shop:
    """ch_1 of payment intent pi_1, which stands in the export or not."""
    shop.charge("ch_1", payment_intent="pi_1", **{"order": "100", **fields})
    if exported:
        intent = {"id": "pi_1", "object": "payment_intent", "created": second("2026-03-02")}
        shop.put({**intent, "latest_charge": "ch_1", "metadata": {}})
    return shop


def test_the_refund_that_closes_the_charge_takes_every_line_to_zero(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    lines = [{"sku": "A", "amount": "60.00", "tax": "6.00"}, {"sku": "B", "amount": "40.00"}]
    charged(shop, amount=10000, metadata={"order_number": "100", "sale_lines": json.dumps(lines)})
    by_intent(shop, "re_1", 6000)
    shop.change("re_1", metadata={"refund_lines": json.dumps([{"sku": "A", "amount": "60.00"}])})
    by_intent(shop, "re_2", 4000, "2026-03-10")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "posted"}
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_a_void_counts_them(tmp_path: Path) -> None:
    shop = charged(Shop(tmp_path))
    shop.invoice()
    by_intent(shop, "re_1")
    shop.sync(0)
    memo = f"{SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD"
    assert shop.entries("re_1") == [f"2026-03-02 void 100 Jo Smith: {memo}"]
    shop.check_second_run()


def test_a_credit_that_is_owed_is_paid_out_once(tmp_path: Path) -> None:
    shop = charged(Shop(tmp_path, refunds={"failed_refund": "owe_customer"}))
    shop.invoice()
    shop.payment()
    by_intent(shop, "re_1")
    shop.sync(0)
    shop.fail("re_1", "2026-04-06")
    shop.sync(0)
    by_intent(shop, "re_2", day="2026-04-10")
    shop.sync(0)
    assert [t.metadata["kind"] for t in shop.ours() if t.metadata["refund_id"] == "re_2"] == [
        "credit_card_refund"
    ]
    assert shop.balances() == {}


def test_lists_show_the_charge_and_what_of_it_was_refunded(tmp_path: Path) -> None:
    shop = charged(Shop(tmp_path, sales="invoice_and_payment"))
    shop.stripe_invoice("100", [("A", 10000, 1000)], ["ch_1"])
    by_intent(shop, "re_1")
    shop.sync(0)
    assert [one["charge_id"] for one in shop.listed("refunds")] == ["ch_1"]
    assert [one["status"] for one in shop.listed("payments")] == ["Refunded"]
    assert [one["status"] for one in shop.listed("invoices")] == ["Refunded"]
    assert json.loads(shop.command("explain", "re_1", "--json").out)["charge_id"] == "ch_1"
    assert "re_1 in main: posted as 100 already" in shop.command("resync", "ch_1").out


def test_a_change_at_stripe_keeps_the_charge(tmp_path: Path) -> None:
    shop = charged(Shop(tmp_path))
    shop.receipt()
    by_intent(shop, "re_1")
    shop.sync(0)
    shop.change("re_1", metadata={"note": "asked for by phone"})
    shop.sync(0)
    assert [one["charge_id"] for one in shop.listed("refunds")] == ["ch_1"]


@pytest.mark.parametrize("tries", [1, 2])
def test_the_payment_intent_is_not_in_the_export(tmp_path: Path, tries: int) -> None:
    """Its charges are, and they name it: the one that succeeded is the refund's."""
    shop = charged(Shop(tmp_path), exported=False)
    shop.receipt()
    if tries == 2:
        shop.charge("ch_2", day="2026-03-03", payment_intent="pi_1", status="failed")
    by_intent(shop, "re_1")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    assert shop.balances() == {}
