"""One value of a fact as text has it, read into what rules compare: shared by rules and tables of cases."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from connector.planning.conditions import FactValue
from connector.planning.facts import FACT_VALUES, STRIPE_METHODS, STRIPE_REASONS
from connector.planning.money import is_known
from connector.settings.yaml_lines import suggest

_MUCH_USED = ("usd", "eur", "gbp", "cad", "aud", "chf", "jpy", "mxn", "nzd", "sek")
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,3})?")
_METHOD_WORD = re.compile(r"[a-z0-9_]+")


def read_metadata_text(value: Any) -> str:
    """A metadata value, which is always text at Stripe; a whole number is taken as it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError('must be a text or a list of texts; put true, false and null in quotes, as "true"')


def read_value(fact: str, value: Any) -> FactValue:
    """One value of a fact other than metadata, as rules compare it; ValueError with a sentence."""
    if fact in _READERS:
        return _READERS[fact](value)
    if not isinstance(value, str):
        hint = f"; where there is none write {fact}: none" if value is None and "none" in _known(fact) else ""
        raise ValueError(f"must be a text, as in {fact}: {show_example(fact)}{hint}")
    if fact == "payment_method":
        return _read_payment_method(value)
    if fact == "currency":
        return _read_currency(value)
    if value not in _known(fact):
        raise ValueError(f"{value!r} is not one of {', '.join(_known(fact))}{suggest(value, _known(fact))}")
    return value


def _known(fact: str) -> tuple[str, ...]:
    return tuple(str(value) for value in FACT_VALUES.get(fact, ()))


def show_example(fact: str) -> str:
    """A value of the fact as it would be written."""
    examples = {"amount": '"10.00"', "charge_age_days": "30", "currency": "usd", "closes_charge": "true"}
    return examples.get(fact) or (_known(fact) or ("card",))[0]


def _read_amount(value: Any) -> Decimal:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and _AMOUNT.fullmatch(text):
        return Decimal(text)
    raise ValueError('must be an amount in quotes with a decimal point and nothing else, as "10.00"')


def _read_reason(value: Any) -> str | None:
    if value is None or value in STRIPE_REASONS:
        return cast("str | None", value)
    hint = suggest(value, STRIPE_REASONS) if value not in ("none", "") else " (did you mean null?)"
    raise ValueError(
        f"{show_value(value)} is not one of {', '.join(STRIPE_REASONS)}, or null for no reason given{hint}"
    )


def _read_payment_method(value: str) -> str:
    # Stripe adds words faster than this list grows, so only what looks like a slip of the pen is refused.
    plain = value.strip().lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(plain, STRIPE_METHODS, n=1, cutoff=0.85)
    if value in STRIPE_METHODS or (_METHOD_WORD.fullmatch(value) and not near):
        return value
    meant = (
        f" (did you mean {near[0]}?)" if near else "; it is written in small letters, as in us_bank_account"
    )
    raise ValueError(f"{value!r} is not one of Stripe's words for a payment method{meant}")


def _read_currency(value: str) -> str:
    if not is_known(value):
        raise ValueError(f"{value!r} is not a currency that Stripe uses{suggest(value, _MUCH_USED)}")
    return value.lower()


def _read_days(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number of days, as in charge_age_days: {at_most: 180}")
    return value


def _read_truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{show_value(value)} must be true or false, without quotes")
    return value


_READERS: dict[str, Callable[[Any], FactValue]] = {
    "amount": _read_amount,
    "charge_age_days": _read_days,
    "closes_charge": _read_truth,
    "reason": _read_reason,
}


def show_value(value: Any) -> str:
    """What was written, as far as one word can say it."""
    if value is None:
        return "nothing"
    return (
        repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else "this"
    )
