"""A living account and the real client that asks it: what tests of the stand-in for Stripe begin with."""

from __future__ import annotations

from typing import Any

import stripe
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_account import NOON
from vendors.stripe_life import StripeLife

__all__ = ["NOON", "client_of", "error_code", "event_types", "ids", "movements"]


def client_of(fake: FakeStripe, key: str = KEY, account: str | None = None, retries: int = 0) -> Any:
    return stripe.StripeClient(
        key,
        base_addresses={"api": fake.base_url},
        max_network_retries=retries,
        stripe_account=account,
    )


def ids(listed: Any) -> list[str]:
    return [one.id for one in listed.data]


def event_types(life: StripeLife, object_id: str | None = None) -> list[str]:
    """The types of the events, the oldest first; of one object's alone where it is told."""
    events = life.shelf.of_kind("event")[::-1]
    return [one["type"] for one in events if object_id in (None, one["data"]["object"]["id"])]


def error_code(error: stripe.StripeError) -> Any:
    """The code in the body of an answer: the client shows it on some of its errors alone."""
    body: Any = error.json_body
    return body["error"].get("code")


def movements(client: Any, source: str) -> list[tuple[str, str, int, int]]:
    """Type, category, amount and fee of an object's balance transactions, the oldest first."""
    listed = client.v1.balance_transactions.list({"source": source}).data[::-1]
    return [(one.type, one.reporting_category, one.amount, one.fee) for one in listed]
