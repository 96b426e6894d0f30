"""What a charge, refund or failure did to the Stripe balance, and on which day.

https://docs.stripe.com/api/balance_transactions: amount and currency are those of the balance, not of the charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connector.planning.case import Books, NotNow
from connector.planning.model import BalanceTransaction

SETTLEMENT_ASSUMED = "settlement_assumed"


@dataclass(frozen=True, slots=True)
class Settlement:
    """`amount_minor` is signed as Stripe has it (a refund is below zero); `fee_minor` above zero is charged."""

    amount_minor: int
    fee_minor: int
    currency: str
    posting_date: date
    warnings: tuple[str, ...] = ()


def settle(
    books: Books,
    noun: str,
    object_id: str,
    balance_transaction: BalanceTransaction | None,
    amount_minor: int,
    currency: str,
    created: int,
    known_currencies: frozenset[str],
    now: int,
    first_seen: int,
) -> Settlement:
    """The settlement of an object, from its balance transaction where there is one.

    Without one: over the API it waits, then is held; with an export 1:1 in the object's currency is assumed and said,
    unless a balance transaction of the same charge shows that it settles in another currency. Raises `NotNow`.
    """
    if balance_transaction is not None:
        return Settlement(
            balance_transaction.amount_minor,
            balance_transaction.fee_minor,
            balance_transaction.currency,
            books.day(balance_transaction.created),
        )
    if not books.from_export:
        if now - first_seen < books.sale_grace_s:
            raise NotNow(
                "waiting",
                "settlement_unknown",
                f"Stripe has not booked {noun} {object_id} on the balance yet",
                "nothing to do: the next runs ask again",
                due=True,
            )
        raise NotNow(
            "held",
            "settlement_unknown",
            f"Stripe shows no balance transaction for {noun} {object_id}",
            "ask Stripe support for its balance transaction; each run asks again",
        )
    if known_currencies - {currency}:
        other = ", ".join(sorted(c.upper() for c in known_currencies - {currency}))
        raise NotNow(
            "held",
            "stripe_object_missing",
            f"the balance transaction of {noun} {object_id} is not in the export, and its charge settles in {other}",
            "export the balance transactions of this charge and its refunds too",
        )
    return Settlement(
        amount_minor,
        0,
        currency,
        books.day(created),
        (
            f"{SETTLEMENT_ASSUMED}: the balance transaction of {noun} {object_id} is not in the export; "
            f"its own amount, no fee and its day of creation were taken",
        ),
    )
