"""Refunds of a void invoice that were taken as voided with it, and what their failure leaves missing in the books."""

from __future__ import annotations

from pathlib import Path

from shop import RECEIVABLE, SALES, TAX, Shop

VOIDS = (
    '[{"name": "void", "when": {"payment": "absent"}, "then": "void"},'
    ' {"name": "rest", "when": {}, "then": "hold"}]'
)


def test_a_refund_taken_as_voided_already_that_fails(tmp_path: Path) -> None:
    """Others voided the invoice for it. Its failure is not lost: the sale is missing in the books now."""
    shop = Shop(tmp_path)
    shop.invoice()
    shop.write("void", "100", "2026-03-02", (SALES, "100.00"), (TAX, "10.00"), (RECEIVABLE, "-110.00"))
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}
    shop.fail("re_1", "2026-04-06")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held ledger_cannot"}
    assert "invoice 100 is void in the books" in shop.outcome("re_1")["sentence"]
    shop.check_second_run()
    shop.check_lost_state()
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(3)
    assert shop.resolve("re_1", "--retry").code == 0
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "dropped", "re_2": "adopted"}


def test_the_first_of_two_refunds_that_voided_together_fails(tmp_path: Path) -> None:
    shop = Shop(tmp_path, rules=VOIDS)
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.refund("re_2", "ch_1", 7700, "2026-03-10")
    shop.sync()
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted", "re_2": "posted"}
    shop.fail("re_1", "2026-04-06")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held ledger_cannot", "re_2": "posted"}
    shop.check_second_run()
    shop.check_lost_state()
