"""Adds balance transactions to the account."""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.catalogue import Json
from connector.samples.payment_shapes import balance_transaction_object
from connector.samples.settlement import RATE_SCALE


def book(
    account: Account,
    source: Json,
    *,
    amount: int,
    fee: int,
    currency: str,
    at: int,
    category: str,
    kind: str,
    description: str | None,
    rate: int | None,
    fee_words: str = "Stripe processing fees",
    days_to_funds: int = 0,
) -> Json:
    """Adds a balance transaction; `rate` is in millionths, None where nothing is converted."""
    balance_transaction = balance_transaction_object(
        balance_transaction_id=account.dice.payment_id("txn", source["id"].split("_", 1)[1][:16]),
        amount=amount,
        fee=fee,
        currency=currency,
        created=at,
        category=category,
        kind=kind,
        source=source["id"],
        description=description,
        exchange_rate=None if rate is None else rate / RATE_SCALE,
        fee_words=fee_words,
        days_to_funds=days_to_funds,
    )
    if rate is not None:
        account.rates[balance_transaction["id"]] = rate
    return account.keep(balance_transaction)
