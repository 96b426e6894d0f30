"""Sales in euros and yen in a QuickBooks company that keeps dollars: by hand, and what they settled for at Stripe."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quickbooks_desk import Desk, mapped, taxed_form
from quickbooks_hands import CLEARING, pay_line
from vendors.quickbooks.wire import Json

RECEIVABLE = "Accounts Receivable (A/R)"
RECEIVABLES = {code: f"{RECEIVABLE} - {code.upper()}" for code in ("eur", "jpy")} | {"usd": RECEIVABLE}
# 110 euros at this rate are 135 dollars.
RATE = "1.227273"
IDA = "3"
SOLD_ON = "2026-03-02"
ABROAD = mapped(accounts={"receivable": RECEIVABLES})
CLEARING_EUR = "Stripe Clearing EUR"
KEPT = mapped(accounts={"receivable": RECEIVABLES, "clearing": {"usd": CLEARING, "eur": CLEARING_EUR}})


def go_abroad(desk: Desk) -> None:
    """Multi-currency is on; Ida pays in euros, Jun in yen, and one of Stripe's balances is kept in euros."""
    desk.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
    for name, code, rate in (("Ida", "EUR", "1.25"), ("Jun", "JPY", "0.007")):
        desk.company.rates[code] = Decimal(rate)
        desk.company.receivable(code)
        desk.hands.write("Customer", {"DisplayName": name, "CurrencyRef": {"value": code}})
    account = {"Name": CLEARING_EUR, "AccountType": "Bank", "CurrencyRef": {"value": "EUR"}}
    desk.hands.write("Account", account)


def in_euros(**more: Any) -> Json:
    """The base case in euros, for Ida."""
    terms = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": Decimal(RATE)}
    body = taxed_form("100", SOLD_ON)
    return {**body, **terms, "CustomerRef": {"value": IDA}, **more}


def pay_in_euros(desk: Desk, invoice: Json | None, into: str = CLEARING) -> Json:
    body = {
        "CustomerRef": {"value": IDA},
        "TxnDate": SOLD_ON,
        "TotalAmt": Decimal("110.00"),
        "Line": [] if invoice is None else [pay_line("110.00", "Invoice", invoice)],
        "DepositToAccountRef": desk.hands.account(into),
        "PrivateNote": "Stripe ch_100",
        "CurrencyRef": {"value": "EUR"},
        "ExchangeRate": Decimal(RATE),
    }
    return desk.hands.write("Payment", body)


# ---------------------------------------------------------------------------------------------- at Stripe


def settle_for(desk: Desk, object_id: str, amount: int, fee: int = 0) -> None:
    """The movement of an object came to this in dollars."""
    moved = desk.shop.objects[f"txn_{object_id}"]
    moved.update(amount=amount, fee=fee, net=amount - fee, currency="usd")


def charge(desk: Desk, amount: int, settled: int, currency: str = "eur", **fields: Any) -> str:
    told = {"metadata": {"order_number": "100"}, **fields}
    made = desk.shop.export.charge("100", amount, when=f"{SOLD_ON}T15:00:00", currency=currency, **told)
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


def fail_second(desk: Desk, settled: int = 9700) -> None:
    desk.shop.fail("re_b", "2026-04-20")
    desk.shop.objects["txn_back_re_b"].update(amount=settled, net=settled, currency="usd")
    desk.wait(24)
