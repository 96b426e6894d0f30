"""What an API key says of itself: https://docs.stripe.com/keys, https://docs.stripe.com/rate-limits."""

from __future__ import annotations

# Stripe takes 25 requests a second in a sandbox and 100 of a live account, 25 of each endpoint
# (https://docs.stripe.com/rate-limits); others may use the same account, so that a fifth is left to them.
SANDBOX_PER_S, LIVE_PER_S, EACH_PER_S = 20, 80, 20


def is_live(api_key: str) -> bool:
    """Whether the key is of the live account, not of a sandbox: the two share no object."""
    return "_live_" in api_key[:12]


def is_secret_live(api_key: str) -> bool:
    """A key that may do everything, with real money."""
    return api_key.startswith("sk_live_")


def requests_per_s(api_key: str) -> int:
    """How many requests a second this key's account is asked."""
    return LIVE_PER_S if is_live(api_key) else SANDBOX_PER_S
