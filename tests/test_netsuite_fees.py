"""A fee is booked in the subsidiary of its sale, where the money left clearing too."""

from __future__ import annotations

from pathlib import Path

from netsuite_desk import desk
from netsuite_sold import book, pay
from vendors.netsuite import seeding as seed

EUROPE = "Acme Overseas"


def test_the_fee_of_a_refund_and_that_of_its_failure(tmp_path: Path) -> None:
    account = {"subsidiaries": ((EUROPE, "USD"),)}
    with desk(tmp_path, account=account, fees=True) as at:
        seed.customer(at.account, "Cleo", subsidiary=EUROPE)
        pay(
            at.account,
            book(at.account, "invoice", "Cleo", {"number": "100", "day": "2026-03-02"}),
            who="Cleo",
        )
        charge = at.shop.charge("100", 11000, 1000, "2026-03-02", 0, "card")
        at.shop.refund("1", charge, 11000, "2026-03-05", fee=30)
        at.sync()
        at.shop.fail("re_1", "2026-03-20")
        at.sync()
        own, other = "1", at.account.named("subsidiary", EUROPE)["id"]
        assert at.totals(own) == {}
        assert at.totals(other) == {
            "CLR": "109.70",
            "FEES": "0.30",
            "REV": "-100.00",
            "TAX": "-10.00",
        }
