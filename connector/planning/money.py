"""Whole minor units and their currency: how many decimals Stripe counts, and exact arithmetic without binary
floats.

`EXPONENTS` is Stripe's own table, not ISO 4217's, as of November 2026 (https://docs.stripe.com/currencies):

- sixteen currencies have no minor unit at Stripe; ISO gives Madagascar's ariary one, Stripe does not;
- dinars and rials of five countries have three decimals (Stripe wants the last digit of a charge to be 0);
- Iceland's króna and Uganda's shilling have no minor unit any more, but Stripe still counts hundredths (5 ISK
  = 500);
- Hungary's forint and Taiwan's dollar have two decimals here: Stripe drops them in payouts only.

A currency that Stripe has dropped stays in the table as long as an old charge in it may still be refunded.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMALS = "bhd jod kwd omr tnd"
_TWO_DECIMALS_OF_A_CURRENCY_WITHOUT = "isk ugx"
_TWO_DECIMALS = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf
cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl hrk htg huf idr
ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mro mru mur mvr mwk mxn myr
mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sll sos
srd std stn svc szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd xcg yer zar zmw
"""

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_TWO_DECIMALS_OF_A_CURRENCY_WITHOUT.split(), 2),
}
# Ledgers write codes in capitals; one table for both spellings saves a lower() per posting.
EXPONENTS.update({code.upper(): places for code, places in list(EXPONENTS.items())})

_MAJOR = re.compile(r"(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]+))?")


class UnknownCurrency(KeyError):
    """A code that is not in the table; `str()` is a sentence."""

    def __init__(self, currency: object) -> None:
        super().__init__(currency)
        self.currency = currency

    def __str__(self) -> str:
        return f"{self.currency!r} is not a currency that Stripe uses"


class UnknownAmount(ValueError):
    """Text that is no amount of its currency; `str()` is a sentence."""


def exponent(currency: str) -> int:
    """How many decimals one minor unit of `currency` stands behind; raises `UnknownCurrency`."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency) from None


def is_known(currency: str) -> bool:
    """Whether Stripe uses this three-letter code, in small letters or capitals."""
    return currency in EXPONENTS


def format_amount(amount_minor: int, currency: str) -> str:
    """`12.34`, `-0.05`, `500`, `1.234`: major units with the decimals of the currency, sign first."""
    places = EXPONENTS.get(currency)
    # Called for every posting: the common case comes first and makes one string only.
    if places == 2:
        if amount_minor >= 0:
            return f"{amount_minor // 100}.{amount_minor % 100:02d}"
        amount_minor = -amount_minor
        return f"-{amount_minor // 100}.{amount_minor % 100:02d}"
    if places == 0:
        return str(amount_minor)
    if places is None:
        raise UnknownCurrency(currency)
    sign = "-" if amount_minor < 0 else ""
    amount_minor = abs(amount_minor)
    unit = 10**places
    return f"{sign}{amount_minor // unit}.{amount_minor % unit:0{places}d}"


def to_major(amount_minor: int, currency: str) -> Decimal:
    """The amount in major units, exact, with the currency's decimals kept (`Decimal("12.30")`)."""
    return Decimal(format_amount(amount_minor, currency))


def parse_amount(text: str, currency: str) -> int:
    """Minor units of a plain decimal number in major units: the inverse of `format_amount`.

    Fewer decimals than the currency has are taken as written (`12`, `12.3`), more are refused, and so are
    blanks, plus signs, separators of thousands and exponents: `UnknownAmount`; or `UnknownCurrency`.
    """
    places = exponent(currency)
    match = _MAJOR.fullmatch(text)
    if match is None:
        raise UnknownAmount(f"{text!r} is not an amount such as {format_amount(1234, currency)}")
    sign, whole, decimals = match[1], match[2], match[3] or ""
    if len(decimals) > places:
        raise UnknownAmount(f"{text!r} has more decimals than {currency} has ({places})")
    amount_minor = int(whole + decimals.ljust(places, "0"))
    return -amount_minor if sign else amount_minor


def multiply_ratio(amount: int, numerator: int, denominator: int) -> int:
    """`amount * numerator / denominator` in whole units, exact, halves rounded away from zero.

    The sign of the result does not change the size: `multiply_ratio(-a, n, d) == -multiply_ratio(a, n, d)`.
    Raises `ZeroDivisionError` where `denominator` is 0.
    """
    product = amount * numerator
    if denominator < 0:
        product, denominator = -product, -denominator
    if product >= 0:
        return (2 * product + denominator) // (2 * denominator)
    return -((denominator - 2 * product) // (2 * denominator))
