"""Acme's ordinary business of the quarter: subscriptions, invoices, checkouts, orders and their refunds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from connector.samples.account import Account
from connector.samples.catalogue import (
    ARTICLES,
    CURRENCY_OF,
    DAY,
    GOODS,
    HOUR,
    QUARTER_END,
    QUARTER_START,
    TAX_OF,
    Json,
    moment,
)
from connector.samples.dice import Dice
from connector.samples.invoice_shapes import Item
from connector.samples.payments import Order, take_payment
from connector.samples.refunds import give_back
from connector.samples.sales import check_out, sell, sell_by_invoice

_QUARTER_DAYS = (QUARTER_END - QUARTER_START) // DAY
_MONTHS = (moment("2026-01-01T00:00:00"), moment("2026-02-01T00:00:00"), moment("2026-03-01T00:00:00"))
# The year begins five hours later in New York than in UTC.
_NEW_YEAR = 5 * HOUR
_SUBSCRIBERS = {"US": 24, "DE": 5, "NL": 3, "GB": 3, "CA": 3}
_INVOICES = {"US": 46, "DE": 5, "NL": 3, "GB": 2, "CA": 2, "JP": 4, "KW": 4}
_CHECKOUTS = 76
_ORDERS = 250
# So many plain orders of each kind are named in the table of cases.
_SHOWN = 5
_ORDER_COUNTRIES = ("US",) * 16 + ("DE", "NL", "GB", "CA") + ("JP", "KW")
_DEBIT_PERCENT = {"US": 9, "DE": 50, "NL": 50}
_BANK_DAYS = {"us_bank_account": 4, "sepa_debit": 5}
_REASONS = (None, None, None, "requested_by_customer", "requested_by_customer", "duplicate", "fraudulent")


@dataclass(frozen=True, slots=True)
class Plan:
    """Something that happens at a second of the quarter; `name` is what its draws depend on."""

    at: int
    name: str
    run: Callable[[Account, int], None]


def ordinary_plans() -> list[Plan]:
    """Every ordinary sale of the quarter, in no order."""
    plans: list[Plan] = []
    for country, count in _SUBSCRIBERS.items():
        for place in range(count):
            anchor = _NEW_YEAR + Dice(f"anchor/{country}/{place}").below(26 * DAY)
            for month, start in enumerate(_MONTHS):
                name = f"subscription/{country}/{place}/{month}"
                plans.append(Plan(start + anchor, name, partial(_subscription, country=country, place=place)))
    for country, count in _INVOICES.items():
        for place in range(count):
            name = f"invoice/{country}/{place}"
            plans.append(Plan(_some_second(name), name, partial(_invoice, country=country)))
    for place in range(_CHECKOUTS):
        name = f"checkout/{place}"
        plans.append(Plan(_some_second(name), name, _checkout))
    for place in range(_ORDERS):
        name = f"order/{place}"
        country = _ORDER_COUNTRIES[place % len(_ORDER_COUNTRIES)]
        plans.append(Plan(_some_second(name), name, partial(_order, country=country, place=place)))
    return plans


def _some_second(name: str) -> int:
    """Mostly in American business hours, one in five at any hour."""
    dice = Dice(f"second/{name}")
    day = QUARTER_START + dice.below(_QUARTER_DAYS) * DAY
    second = day + (dice.below(24 * HOUR) if dice.chance(20) else 14 * HOUR + dice.below(9 * HOUR))
    return max(second, QUARTER_START + _NEW_YEAR)


def _card(dice: Dice) -> str:
    return dice.pick(("visa", "visa", "visa", "mastercard", "mastercard", "amex"))


def _bank_debit(account: Account, country: str, at: int) -> Json:
    """What an order paid by debit needs; it is still pending if the quarter ends before it goes through."""
    method = "us_bank_account" if country == "US" else "sepa_debit"
    settled_at = at + _BANK_DAYS[method] * DAY + account.dice.below(6 * HOUR)
    if settled_at >= QUARTER_END:
        return {"method": method, "state": "pending"}
    return {"method": method, "settled_at": settled_at}


def _parts(dice: Dice, whole: int, step: int, natural: int | None) -> list[int]:
    """How a charge is refunded: mostly wholly, else in one, two or three parts, multiples of `step`."""
    roll = dice.below(100)
    if roll < 58:
        return [whole]
    if roll < 74 and natural is not None and natural < whole:
        return [natural]
    if roll < 88:
        return [whole * dice.between(3, 14) // (20 * step) * step]
    if roll < 96:
        first = whole // (3 * step) * step
        return [first, whole - first]
    return [whole // (4 * step) * step] * 3


def _refund_now_and_then(account: Account, charge: Json, percent: int, natural: int | None = None) -> None:
    """Refunds so many percent of the charges; `natural` is a part that means something, such as one line."""
    dice = account.dice
    if charge["status"] != "succeeded" or not dice.chance(percent):
        return
    step = 10 if charge["currency"] == "kwd" else 1
    settled_at = account.balance_transaction_of(charge)["created"]
    at = settled_at + HOUR // 2 + dice.below(16 * DAY)
    for amount in _parts(dice, charge["amount_captured"], step, natural):
        if at >= QUARTER_END:
            return
        fee = "back" if dice.chance(15) else "none"
        if charge["payment_method_details"]["type"] == "sepa_debit" and dice.chance(50):
            fee = "charged"
        give_back(account, charge, amount, at, reason=dice.pick(_REASONS), fee=fee)
        at += HOUR + dice.below(9 * DAY)


def _subscription(account: Account, at: int, country: str, place: int) -> None:
    """One month of a subscription; American customers pay sales tax by state, every third pays none."""
    fixed = Dice(f"subscription/{country}/{place}")
    currency = CURRENCY_OF[country]
    sku = "SKU-PLAN-PRO" if fixed.chance(45) else "SKU-PLAN-BASIC"
    customer = account.customer(country, place)
    tax = None if country == "US" and place % 3 == 0 else TAX_OF[currency]
    debit = country in ("DE", "NL") and place % 2 == 0
    more = _bank_debit(account, country, at + 2) if debit else {"method": _card(fixed)}
    items = [Item(sku, words=f"1 × {ARTICLES[sku].name} (monthly)")]
    invoice, charge = sell_by_invoice(account, customer, items, at, currency=currency, tax=tax, **more)
    if place == 0:
        account.note(f"subscription in {currency}, {sku}", invoice["number"])
    _refund_now_and_then(account, charge, 14)


def _basket(account: Account, currency: str, service: bool) -> list[Item]:
    dice = account.dice
    start = dice.below(len(GOODS))
    items = [
        Item(GOODS[(start + offset) % len(GOODS)], dice.between(1, 3)) for offset in range(dice.between(1, 3))
    ]
    if service and currency == "usd" and dice.chance(30):
        items.append(Item("SKU-SETUP"))
    return items


def _invoice(account: Account, at: int, country: str) -> None:
    currency = CURRENCY_OF[country]
    customer = account.any_customer(country)
    tax = None if account.dice.chance(20) else TAX_OF[currency]
    items = _basket(account, currency, service=True)
    more: Json = {"method": _card(account.dice)}
    if country == "US" and account.dice.chance(20):
        more = _bank_debit(account, country, at + 2)
    invoice, charge = sell_by_invoice(account, customer, items, at, currency=currency, tax=tax, **more)
    first_line = invoice["lines"]["data"][0]
    on_top = sum(tax["amount"] for tax in first_line["taxes"] if tax["tax_behavior"] == "exclusive")
    _refund_now_and_then(account, charge, 30, first_line["amount"] + on_top)


def _checkout(account: Account, at: int) -> None:
    dice = account.dice
    country = dice.pick(("US", "US", "US", "US", "US", "US", "DE", "GB", "CA"))
    currency = CURRENCY_OF[country]
    items = _basket(account, currency, service=False)
    customer = account.any_customer(country) if country != "US" or dice.chance(40) else None
    tax = TAX_OF[currency] if dice.chance(60) else None
    session, charge = check_out(
        account,
        items,
        at,
        currency=currency,
        tax=tax,
        customer=customer,
        method=_card(dice),
        wallet="apple_pay" if dice.chance(20) else None,
    )
    _refund_now_and_then(account, charge, 32, session["line_items"]["data"][0]["amount_total"])


def _order(account: Account, at: int, country: str, place: int) -> None:
    """An order; some carry their number on the payment intent alone, some only in words, some not at all."""
    dice = account.dice
    currency = CURRENCY_OF[country]
    sku = dice.pick(GOODS)
    quantity = dice.pick((1, 1, 1, 2, 2, 3, 4))
    more: Json = {"method": _card(dice)}
    if country != "US" or dice.chance(55):
        more["customer"] = account.any_customer(country)
    else:
        more["guest"] = dice.pick(("Guest Example", "Walk-in Example", None))
    if dice.chance(_DEBIT_PERCENT.get(country, 0)):
        more.update(_bank_debit(account, country, at))
    elif dice.chance(15):
        more["wallet"] = "apple_pay"
    case = more["method"] if "wallet" not in more else "apple_pay"
    if place % 11 == 5:
        number = account.next_order()
        case = "order number on the payment intent alone"
        more.update(metadata={"sku": sku}, intent_metadata={"order_number": number})
    elif place % 13 == 6:
        words = f"Order {account.next_order()}" if place % 2 else None
        case = "order number in the description alone" if words else "no number at all"
        more.update(metadata={}, description=words)
    if "metadata" in more:
        order = Order(at=at, amount=ARTICLES[sku].prices[currency] * quantity, currency=currency, **more)
        charge = take_payment(account, order)
    else:
        charge = sell(account, sku, at, quantity=quantity, currency=currency, **more)
    case = f"plain order: {case}"
    if len(account.cases.get(case, ())) < _SHOWN:
        account.note(case, charge["metadata"].get("order_number") or charge["id"])
    _refund_now_and_then(account, charge, 33, ARTICLES[sku].prices[currency])
