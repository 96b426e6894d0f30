"""Sales in euros and yen in a NetSuite account that keeps dollars: by hand, and what they settled for at Stripe.

The sale of 110 euros settled for 135 dollars; its refunds of 33 and 77 euros for 42 and 98, and the failure of the second
brought 97 back.
"""

from __future__ import annotations

from typing import Any

from netsuite_desk import Desk, mapped
from netsuite_sold import cash_sale, deposit, invoice, pay
from vendors.netsuite import chart
from vendors.netsuite.wire import Json

SOLD_ON = "2026-03-02"
# Dollars for a euro in which the sale stands, and what the balance kept in euros is called.
RATE = "1.22727273"
CLEARING_EUR = "Stripe Clearing EUR"
ABROAD: Json = {"currencies": ("EUR", "JPY")}
GAINS = mapped(accounts={"exchange": "Realized Gain/Loss"})
KEPT = mapped(
    accounts={
        "clearing": {"usd": "Stripe Clearing", "eur": CLEARING_EUR},
        "exchange": "Realized Gain/Loss",
    }
)
IN_EUROS: Json = {"currency": "EUR", "rate": RATE}


def in_euros(desk: Desk, **more: Any) -> Json:
    """The base case in euros."""
    return invoice(desk.account, **IN_EUROS, **more)


def paid_in_euros(desk: Desk, **more: Any) -> Json:
    """What came into clearing were 135 dollars."""
    return pay(desk.account, in_euros(desk), **IN_EUROS, **more)


def cash_in_euros(desk: Desk, **more: Any) -> Json:
    return cash_sale(desk.account, **IN_EUROS, **more)


def alone_in_euros(desk: Desk) -> Json:
    return pay(desk.account, None, **IN_EUROS)


def deposit_in_euros(desk: Desk) -> Json:
    return deposit(desk.account, **IN_EUROS)


def keep_euros(desk: Desk) -> None:
    """A bank account for one of Stripe's balances, which is kept in euros."""
    desk.account.put(chart.account_row(desk.account, CLEARING_EUR, "Bank", "1011", "EUR"))
    desk.account.undo.keep()


# ---------------------------------------------------------------------------------------------- at Stripe


def settle_for(desk: Desk, object_id: str, amount: int, fee: int = 0) -> None:
    """The movement of an object came to this in dollars."""
    moved = desk.shop.objects[f"txn_{object_id}"]
    moved.update(amount=amount, fee=fee, net=amount - fee, currency="usd")


def charge(desk: Desk, amount: int, settled: int | None, currency: str = "eur", **fields: Any) -> str:
    told = {"metadata": {"order_number": "100"}, **fields}
    made = desk.shop.export.charge("100", amount, when=f"{SOLD_ON}T15:00:00", currency=currency, **told)
    if settled is not None:
        settle_for(desk, made, settled)
    return made


def refund(desk: Desk, name: str, amount: int, settled: int | None, day: str, currency: str = "eur") -> None:
    made = desk.shop.export.refund(name, "ch_100", amount, when=f"{day}T15:00:00", currency=currency)
    if settled is not None:
        settle_for(desk, made, -settled)


def two_refunds(desk: Desk, first: int = 4200, second: int = 9800) -> None:
    """110 euros in two parts; the sale settled for 40.50 and 94.50 of them."""
    charge(desk, 11000, 13500)
    refund(desk, "a", 3300, first, "2026-03-05")
    refund(desk, "b", 7700, second, "2026-03-06")


def fail_second(desk: Desk, settled: int = 9700, day: str = "2026-04-20") -> None:
    desk.shop.fail("re_b", day)
    desk.shop.objects["txn_back_re_b"].update(amount=settled, net=settled, currency="usd")
    desk.wait(24)
