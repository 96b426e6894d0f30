"""Sales in euros and yen in a Xero organisation that keeps dollars: by hand, and what they settled for at Stripe.

The sale of 110 euros settled for 135 dollars; its refunds of 33 and 77 euros for 42 and 98, and the failure of the second
brought 97 back.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vendors.xero.wire import Json
from xero_desk import Desk, mapped
from xero_sold import invoice, pay

SOLD_ON = "2026-03-02"
# Units of a currency for a dollar, and what the balance kept in euros is called.
RATE = Decimal("110") / Decimal("135")
CLEARING_EUR = "Stripe Clearing EUR"
ABROAD: Json = {"currencies": ("EUR", "JPY")}
GAINS = mapped(accounts={"exchange": "Realised Currency Gains"})
KEPT = mapped(accounts={"clearing": {"usd": "Stripe Clearing", "eur": CLEARING_EUR}})


def rate() -> Decimal:
    return RATE.quantize(Decimal("0.0000000001"))


def in_euros(desk: Desk, **more: Any) -> Json:
    """The base case in euros."""
    return invoice(desk.hands, CurrencyCode="EUR", CurrencyRate=rate(), **more)


def paid_in_euros(desk: Desk) -> Json:
    """What came into clearing were 135 dollars."""
    return pay(desk.hands, in_euros(desk), BankAmount=Decimal("135.00"))


def keep_euros(desk: Desk) -> None:
    """A bank account for one of Stripe's balances, which is kept in euros."""
    desk.organisation.open_account(CLEARING_EUR, code="092", currency="EUR")


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
