"""Payments happening to the account: the charge, its payment intent, and what it does to the balance."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.samples.account import Account
from connector.samples.balance import book
from connector.samples.catalogue import DAY, Json
from connector.samples.payment_shapes import (
    CARDS,
    approved,
    billing_details,
    charge_object,
    declined,
    intent_object,
    method_details,
)
from connector.samples.settlement import balance_currency, converted, fee_of, rate_of_day

_DAYS_TO_FUNDS = {
    "card": 2,
    "us_bank_account": 4,
    "sepa_debit": 5,
    "konbini": 4,
    "customer_balance": 1,
    "stripe_account": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody pays; amounts in minor units.

    `method` is a card brand or Stripe's word; `state` is paid, uncaptured, pending, declined, or bounced (a
    debit that went through and was returned). `captured` is what was captured at `captured_at` where that is
    less than `amount`; `settled_at` is when a debit went through. `intent` is a payment intent tried before.
    """

    at: int
    amount: int
    currency: str = "usd"
    method: str = "visa"
    state: str = "paid"
    customer: Json | None = None
    guest: str | None = None
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    intent_metadata: dict[str, str] | None = None
    order_reference: str | None = None
    wallet: str | None = None
    captured: int | None = None
    captured_at: int | None = None
    settled_at: int | None = None
    intent: Json | None = None
    with_intent: bool = True
    rate: int | None = None


def take_payment(account: Account, order: Order) -> Json:
    """Makes the charge with its payment intent and balance transaction and returns the charge."""
    dice = account.dice
    card = order.method in CARDS
    customer = order.customer
    name = customer["name"] if customer else order.guest
    country = customer["address"]["country"] if customer else "US"
    intent_id = order.intent["id"] if order.intent else None
    stem = intent_id.split("_")[1][:16] if intent_id else dice.stem("3" if order.with_intent else "1")
    if intent_id is None and order.with_intent:
        intent_id = dice.payment_id("pi", stem)
    status = {"pending": "pending", "declined": "failed", "bounced": "failed"}.get(order.state, "succeeded")
    charge = charge_object(
        charge_id=dice.payment_id("ch" if card else "py", stem),
        amount=order.amount,
        currency=order.currency,
        created=order.at,
        customer=customer["id"] if customer else None,
        description=order.description,
        metadata=dict(order.metadata),
        payment_intent=intent_id,
        payment_method=dice.object_id("pm"),
        billing=billing_details(name, customer["email"] if customer else None, country),
        details=method_details(dice, order.method, order.amount, country, order.wallet),
        outcome=approved(dice, card),
        captured=order.state in ("paid", "pending", "bounced"),
        status=status,
    )
    if order.captured is not None:
        charge["amount_captured"] = order.captured
    account.keep(charge)
    _decide(account, order, charge)
    if order.intent is not None:
        order.intent.update(latest_charge=charge["id"], status="succeeded", last_payment_error=None)
        order.intent["amount_received"] = charge["amount_captured"]
    elif intent_id is not None:
        metadata = order.metadata if order.intent_metadata is None else order.intent_metadata
        intent = account.keep(intent_object(charge, intent_id, dict(metadata), order.order_reference))
        if order.state == "declined":
            error = {"charge": charge["id"], "code": charge["failure_code"], "type": "card_error"}
            intent["last_payment_error"] = {**error, "message": charge["failure_message"]}
    return charge


def _decide(account: Account, order: Order, charge: Json) -> None:
    """What became of a charge: settled, returned, refused, or nothing yet."""
    if order.state == "declined":
        charge["outcome"] = declined(account.dice, "insufficient_funds", "51")
        charge["failure_code"] = "card_declined"
        charge["failure_message"] = "Your card has insufficient funds."
    elif order.state in ("paid", "bounced"):
        settled = _settle_charge(account, order, charge)
        if order.state == "bounced":
            charge["failure_code"] = "insufficient_funds"
            charge["failure_message"] = "The customer's account has insufficient funds to cover this payment."
            returned = book(
                account,
                charge,
                amount=-settled["amount"],
                fee=0,
                currency=settled["currency"],
                at=settled["created"] + 2 * DAY,
                category="charge_failure",
                kind="payment_failure_refund",
                description="Payment failure refund",
                rate=account.rates.get(settled["id"]),
            )
            charge["failure_balance_transaction"] = returned["id"]
            charge.update(amount_captured=0, captured=False)


def _settle_charge(account: Account, order: Order, charge: Json) -> Json:
    method = charge["payment_method_details"]["type"]
    at = order.captured_at or order.settled_at or order.at
    currency = balance_currency(order.currency, at)
    rate = None
    settled: int = charge["amount_captured"]
    if currency != order.currency:
        rate = order.rate or rate_of_day(order.currency, at)
        settled = converted(settled, rate)
    balance_transaction = book(
        account,
        charge,
        amount=settled,
        fee=fee_of(method, settled, currency, rate is not None),
        currency=currency,
        at=at,
        category="charge",
        kind="charge" if method == "card" else "payment",
        description=charge["description"],
        rate=rate,
        days_to_funds=_DAYS_TO_FUNDS[method],
    )
    charge["balance_transaction"] = balance_transaction["id"]
    return balance_transaction
