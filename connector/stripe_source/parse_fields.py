"""Single fields of a Stripe object read strictly: ids, texts, metadata, whole amounts, currencies, seconds.

Nothing here guesses. A field that money or identity hangs on and that is not what Stripe promises raises
`Defective`, whose text is one plain sentence behind the reason code it leads to. Unset text may be absent,
null or empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.planning.money import EXPONENTS

Raw = Mapping[str, Any]

# Beyond these a value is an accident: Stripe allows twelve digits, and the books need a year of four digits.
LARGEST_AMOUNT = 10**15
LAST_SECOND = 253_370_764_800


class Defective(Exception):
    """An object that cannot be used; `str()` is "CODE: sentence", CODE a reason code of a held refund."""


def reference(value: Any) -> str | None:
    """The id in a reference, whether Stripe gave the id or the expanded object."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, dict):
        object_id = value.get("id")
        if isinstance(object_id, str):
            return object_id or None
    return None


def text(value: Any) -> str | None:
    """Text as it is, or None where unset. Half a surrogate pair, which no file can hold, is replaced."""
    if not isinstance(value, str) or not value:
        return None
    return value if value.isascii() else encodable(value)


def encodable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def metadata(value: Any) -> dict[str, str]:
    """Stripe's metadata: text by text. Numbers, which only a hand-made export can hold, become text."""
    if not isinstance(value, dict) or not value:
        return {}
    found: dict[str, str] = {}
    for key, entry in value.items():
        if isinstance(entry, str):
            found[key] = entry if entry.isascii() else encodable(entry)
        elif isinstance(entry, int | Decimal) and not isinstance(entry, bool):
            found[key] = str(entry)
    return found


def entries(value: Any) -> list[Raw]:
    """The objects of a list, be it a plain one or a Stripe list with `data`."""
    if isinstance(value, dict):
        value = value.get("data")
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def whole_amount(raw: Raw, field: str, owner: str) -> int:
    """The field in minor units, of any sign; raises `Defective` for anything but a whole number."""
    value = raw.get(field)
    if type(value) is int and -LARGEST_AMOUNT < value < LARGEST_AMOUNT:
        return value
    raise Defective(amount_sentence(value, field, owner, "a whole number of minor units"))


def amount_sentence(value: Any, field: str, owner: str, wanted: str) -> str:
    if type(value) is int and abs(value) >= LARGEST_AMOUNT:
        return f"stripe_object_missing: {owner} has {field} {shown(value)}, more than Stripe ever has."
    return f"stripe_object_missing: {owner} has {field} {shown(value)}, not {wanted}."


def currency_of(raw: Raw, owner: str) -> str:
    """The object's currency in small letters; raises `Defective` where it is not one of Stripe's."""
    value = raw.get("currency")
    if isinstance(value, str):
        currency = value.lower()
        if currency in EXPONENTS:
            return currency
        if value:
            raise Defective(
                f"currency_not_supported: {owner} has currency {shown(value)}, which Stripe does not use."
            )
    raise Defective(f"stripe_object_missing: {owner} has currency {shown(value)}, not a currency.")


def created_of(raw: Raw, owner: str) -> int:
    """The second since 1970 at which Stripe made the object; raises `Defective` where it is missing."""
    value = raw.get("created")
    if type(value) is int and 0 < value < LAST_SECOND:
        return value
    raise Defective(f"stripe_object_missing: {owner} has created {shown(value)}, not a second since 1970.")


def required(value: str | None, field: str, owner: str) -> str:
    if value is None:
        raise Defective(f"stripe_object_missing: {owner} has no {field}.")
    return value


def shown(value: Any) -> str:
    """A value as a sentence names it: short, on one line."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        words = str(value)
    elif isinstance(value, str):
        words = ascii(value)
    else:
        return "an object" if isinstance(value, Mapping) else "a list"
    return words if len(words) <= 40 else words[:37] + "..."


def number_text(value: Any) -> str | None:
    """A number, exact, in its shortest spelling; None where it is 0, not given or none that can be meant."""
    if type(value) is int:
        return str(value) if value else None
    if isinstance(value, str | Decimal):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        if number.is_finite() and number and abs(number.adjusted()) < 20:
            shortest = format(number, "f")
            return shortest.rstrip("0").rstrip(".") if "." in shortest else shortest
    return None
