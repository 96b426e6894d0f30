"""What a payment does to the Stripe balance: in which currency, at which rate, for which fee.

Whole numbers only: rates are kept in millionths and multiply minor units, as `exchange_rate` does:
https://docs.stripe.com/currencies#how-conversions-work
"""

from __future__ import annotations

from connector.samples.catalogue import DAY, moment
from connector.samples.dice import Dice

RATE_SCALE = 1_000_000
# Acme opened a balance in euro and one in yen during the quarter; before, both were converted.
EURO_BALANCE_SINCE = moment("2026-02-01T00:00:00")
YEN_BALANCE_SINCE = moment("2026-01-20T00:00:00")
_MIDDLE_RATES = {"eur": 1_170_000, "gbp": 1_345_000, "cad": 728_500, "jpy": 640_500}
_RATE_SPREAD = 14_000

# (hundredths of a percent, fixed part) of the settled amount, by method family and balance currency.
_FEES: dict[str, dict[str, tuple[int, int]]] = {
    "card": {"usd": (290, 30), "eur": (150, 25), "jpy": (360, 0), "kwd": (290, 100)},
    "card converted": {"usd": (490, 30)},
    "us_bank_account": {"usd": (80, 0)},
    "sepa_debit": {"eur": (0, 35), "usd": (100, 40)},
    "konbini": {"jpy": (360, 0), "usd": (460, 0)},
    "customer_balance": {"eur": (50, 0), "usd": (150, 0)},
    "stripe_account": {"usd": (0, 0)},
}
_BANK_FEE_CAP = 500


def round_half_up(numerator: int, denominator: int) -> int:
    """The whole number nearest to a quotient of two positive ones."""
    return (2 * numerator + denominator) // (2 * denominator)


def balance_currency(currency: str, at: int) -> str:
    """The balance that a charge of that second is paid into."""
    if currency in ("usd", "kwd"):
        return currency
    if currency == "eur" and at >= EURO_BALANCE_SINCE:
        return currency
    if currency == "jpy" and at >= YEN_BALANCE_SINCE:
        return currency
    return "usd"


def rate_of_day(currency: str, at: int) -> int:
    """Millionths of a US cent for one minor unit of `currency`; it moves a little every day."""
    wobble = Dice(f"rate/{currency}/{at // DAY}").below(2 * _RATE_SPREAD + 1) - _RATE_SPREAD
    return _MIDDLE_RATES[currency] + wobble


def converted(amount: int, rate: int) -> int:
    """A positive amount at a rate in millionths, half a minor unit rounded up."""
    return round_half_up(amount * rate, RATE_SCALE)


def fee_of(method: str, settled: int, currency: str, is_converted: bool) -> int:
    """The processing fee in the balance's currency; thousandths of a dinar are charged by tens."""
    family = "card converted" if method == "card" and is_converted else method
    per_10000, fixed = _FEES[family][currency]
    fee = round_half_up(settled * per_10000, 10_000) + fixed
    if method == "us_bank_account":
        return min(fee, _BANK_FEE_CAP)
    return _payable(fee, currency)


def fee_given_back(fee: int, refunded: int, captured: int, currency: str) -> int:
    """The part of a charge's fee that falls on what is refunded, as a positive amount."""
    return _payable(round_half_up(fee * refunded, captured), currency)


def _payable(fee: int, currency: str) -> int:
    return round_half_up(fee, 10) * 10 if currency == "kwd" else fee
