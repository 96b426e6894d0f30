"""Whether Stripe sent a webhook: its signature over the body as it came, and when it was made.

The signature is checked by stripe-python; the age by our own clock here, since theirs is the machine's.
https://docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stripe import SignatureVerificationError, WebhookSignature

from connector.errors import ConnectorError

TOLERANCE_S = 300
_TIME = re.compile(r"t=([0-9]{1,12})").fullmatch


class SignatureRefused(ConnectorError):
    """A webhook that Stripe did not send, or not now; the sentence tells nothing of body or secret."""

    code = "signature"


def check_signature(body: bytes, header: str | None, secrets: Iterable[str], now: int) -> None:
    """Return where any of `secrets` made any signature of the header over exactly these bytes, about `now`.

    `now` is in seconds since 1970. Raises `SignatureRefused`. While a secret is replaced, Stripe signs with both.
    """
    if not header:
        raise SignatureRefused("the header Stripe-Signature is missing")
    times = [found for item in header.split(",") if item.startswith("t=") and (found := _TIME(item))]
    # Which of several times was signed must not be a matter of who reads them.
    if not header.isascii() or len(times) != 1 or header.count("t=") != 1:
        raise SignatureRefused("the header Stripe-Signature cannot be read")
    if not any(_matches(body, header, secret) for secret in secrets):
        raise SignatureRefused("the signature is not one that a secret of stripe.webhook_secrets made")
    age = now - int(times[0][1])
    if abs(age) > TOLERANCE_S:
        early = "in the future" if age < 0 else "ago"
        raise SignatureRefused(
            f"the signature was made {abs(age)} s {early}, and {TOLERANCE_S} s are allowed; check this machine's clock"
        )


def _matches(body: bytes, header: str, secret: str) -> bool:
    try:
        # Without a tolerance nothing is asked of the machine's clock.
        return bool(WebhookSignature.verify_header(body, header, secret))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False
