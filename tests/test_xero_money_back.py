"""A lone payment that comes back in Xero, since its refund failed: nothing is paid out of that."""

from __future__ import annotations

from pathlib import Path

from xero_desk import desk
from xero_sold import overpaid


def test_the_next_refund_does_not_wait_for_what_comes_back(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        overpaid(one.hands)
        charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.shop.refund("b", charge, 3300, "2026-05-05")
        one.wait(24)
        one.fake.inject("lost_before", "/BankTransactions", method="PUT")
        one.shop.write()
        one.command("sync")
        assert one.outcomes() == {"re_a": "failed network", "re_b": "posted 100-1"}
