"""When Stripe refuses to make a refund, in the words it was seen to use; two cases have no recorded words."""

from __future__ import annotations

from collections.abc import Iterable

from connector.planning.money import EXPONENTS
from vendors.stripe_errors import Json, Refused

_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "$"}
_CHARGED_BACK = ("needs_response", "under_review", "lost")


def check_refundable(charge: Json, amount: int | None, taken: int, disputes: Iterable[Json]) -> None:
    """Raises `Refused`; `taken` is what refunds have taken already, `amount` None all that is left."""
    charge_id, currency = charge["id"], charge["currency"]
    if any(one["status"] in _CHARGED_BACK for one in disputes):
        words = f"Charge {charge_id} has been charged back; cannot issue a refund."
        raise Refused(400, words, True, code="charge_disputed")
    if charge["status"] == "failed":
        raise Refused(400, f"Charge {charge_id} cannot be refunded.", True, code="charge_not_refundable")
    if not charge.get("captured", True):
        words = f"Charge {charge_id} is not captured; there is nothing to refund."
        raise Refused(400, words, True, code="charge_not_refundable")
    captured = charge["amount_captured"]
    if taken == captured:
        words = f"Charge {charge_id} has already been refunded."
        raise Refused(400, words, True, code="charge_already_refunded")
    if amount is not None and amount > captured - taken:
        wanted = f"Refund amount ({spelled(amount, currency)}) is greater than"
        if amount > captured:
            raise Refused(400, f"{wanted} charge amount ({spelled(captured, currency)})", True)
        left = spelled(captured - taken, currency)
        raise Refused(400, f"{wanted} unrefunded amount on charge ({left})", True)


def spelled(amount: int, currency: str) -> str:
    """Minor units as Stripe's sentences spell them: $6.00"""
    exponent = EXPONENTS[currency]
    digits = str(amount).zfill(exponent + 1)
    number = digits if exponent == 0 else f"{digits[:-exponent]}.{digits[-exponent:]}"
    return f"{_SIGNS[currency]}{number}" if currency in _SIGNS else f"{number} {currency.upper()}"
