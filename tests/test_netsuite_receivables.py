"""An invoice that stands on another account of receivables than the mapped one keeps it, from the plan to the refund."""

from __future__ import annotations

from pathlib import Path

import pytest
from netsuite_desk import Desk, desk
from netsuite_sold import ADA, book, deposit, pay

OTHER = "Other Receivables"


def sold_elsewhere(at: Desk) -> str:
    other = {"id": at.account.account_id_of(OTHER)}
    body = {"number": "100", "day": "2026-03-02", "account": other}
    pay(at.account, book(at.account, "invoice", ADA, body), arAcct=other)
    return at.shop.charge("100", 11000, 1000, "2026-03-02", 0, "card")


def planned(at: Desk) -> dict[str, str]:
    """What a plan says that it changes in all."""
    at.shop.write()
    effects = at.json(0, "plan")["ledgers"]["main"]["effects"]["usd"]
    return {role: moved["amount"] for role, moved in effects.items()}


def test_a_deposit_that_goes_back_is_no_income(tmp_path: Path) -> None:
    with desk(tmp_path, fees=True) as at:
        deposit(at.account)
        at.shop.refund("1", at.shop.charge("100", 11000, 1000, "2026-03-02", 0), 11000, "2026-03-05", 30)
        assert planned(at) == {"receivable": "110.00", "clearing": "-110.30", "fees": "0.30"}
        at.sync()
        at.settle_down()


@pytest.mark.parametrize("kept", ["reverse", "owe_customer"])
def test_memo_and_refund_stand_on_the_account_of_the_invoice(tmp_path: Path, kept: str) -> None:
    """`sync` holds the plan against what was booked, account by account; so does its failure."""
    with desk(tmp_path, refunds={"failed_refund": kept}) as at:
        charge = sold_elsewhere(at)
        at.shop.refund("1", charge, 5500, "2026-03-05")
        assert planned(at) == {"receivable": "0.00", "income": "50.00", "tax": "5.00", "clearing": "-55.00"}
        at.sync()
        at.shop.fail("re_1", "2026-03-20")
        at.sync()
        if kept == "owe_customer":
            assert at.totals() == {"CLR": "110.00", "REV": "-50.00", "TAX": "-5.00", OTHER: "-55.00"}
            at.shop.refund("2", charge, 5500, "2026-03-25")
            at.sync()
            assert at.totals() == {"CLR": "55.00", "REV": "-50.00", "TAX": "-5.00"}
        else:
            assert at.totals() == {"CLR": "110.00", "REV": "-100.00", "TAX": "-10.00"}
        at.settle_down()
