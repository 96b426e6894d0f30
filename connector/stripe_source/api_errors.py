"""What a refused request means, as one sentence and the code of an error: no key, no answer of unknown length.

https://docs.stripe.com/error-handling, https://docs.stripe.com/keys/restricted-api-keys
"""

from __future__ import annotations

import re

from connector.errors import LedgerDown
from connector.stripe_source.api_lists import Missing, Refused

# Keys stand in Stripe's own sentences, masked in part; also a masked one has no place in ours.
_KEY = re.compile(r"\b(?:sk|rk|pk|sks|rks)_(?:live|test|prod)?_?[\w*.…-]+|\bwhsec_\S+")
_PERMISSION = re.compile(r"\brak_\w+")

KEY_REFUSED = "Stripe refuses the API key"

_WORDS = {
    "application_fees": "application fees",
    "balance_transactions": "balance transactions",
    "charges": "charges",
    "checkout": "checkout sessions",
    "credit_notes": "credit notes",
    "customers": "customers",
    "disputes": "disputes",
    "events": "events",
    "invoice_payments": "invoice payments",
    "invoices": "invoices",
    "payment_intents": "payment intents",
    "prices": "prices",
    "products": "products",
    "refunds": "refunds",
    "transfers": "transfers",
}


def words_for(path: str) -> str:
    """What a path reads, in words: /v1/refunds/re_1 is "refunds"."""
    return _WORDS.get(path.removeprefix("/v1/").partition("/")[0], path)


def without_keys(words: str) -> str:
    """On one line, at most 300 characters, every API key left out."""
    line = " ".join(_KEY.sub("[key]", words).split())
    return line if len(line) <= 300 else line[:297] + "..."


def refusal(
    status: int, words: str | None, request_id: str | None, path: str, code: str | None = None
) -> LedgerDown:
    """The error for an answer with this HTTP status; `words` and `code` are Stripe's own."""
    said = without_keys(words or "").rstrip(".")
    told = f"{said} (request {request_id})" if request_id else said
    if status == 401:
        reason = f" ({said})" if said else ""
        return LedgerDown(f"{KEY_REFUSED}{reason}: check stripe.api_key", "unauthorised")
    if status == 403:
        return LedgerDown(_forbidden(said, path), "unauthorised")
    if status == 429:
        sentence = (
            f"Stripe has had too many requests and gives no {words_for(path)}, also when asked again later"
        )
        return LedgerDown(f"{sentence}: {told}" if told else sentence, "throttled")
    if status == 404 or code == "resource_missing":
        return Missing(f"Stripe has nothing at {path}: {told}")
    if status >= 500:
        again = f"Stripe cannot give {words_for(path)} now (HTTP {status}), also when asked again"
        return LedgerDown(f"{again}: {told}" if told else again)
    if status < 400:
        return LedgerDown(f"Stripe's answer to {path} cannot be read: it is not JSON", "network")
    return Refused(f"Stripe refuses to give {words_for(path)} (HTTP {status}): {told}")


def _forbidden(said: str, path: str) -> str:
    start = f"Stripe does not let this API key read {words_for(path)}"
    missing = _PERMISSION.search(said)
    if missing:
        return (
            f"{start}: it lacks the permission {missing[0]}; add it to the key in Stripe's Dashboard ({said})"
        )
    return f"{start}: {said}; check stripe.api_key and stripe.account"


def unreachable(base_url: str, reason: str) -> LedgerDown:
    """`reason` is the name of the error of the connection."""
    if "Timeout" in reason:
        what = "there is no answer in time"
    elif "SSL" in reason:
        what = "its certificate cannot be trusted"
    else:
        what = "there is no connection, or it broke off"
    return LedgerDown(f"Stripe cannot be reached at {base_url}: {what}", "network")
