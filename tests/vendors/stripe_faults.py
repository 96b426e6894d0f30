"""What can go wrong between a client and the stand-in for Stripe: faults to order, rates, permissions taken away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from vendors.stripe_errors import too_many

# Addresses of one endpoint differ in ids alone.
_ID = re.compile(r"/[a-z]+_[A-Za-z0-9_]+")


@dataclass
class Fault:
    """What the next `times` requests below `path` meet, after `skip` others went well.

    kind: status (the request is not carried out), after (it is carried out, then answered with `status`), close (it
    is carried out, no answer comes), slow (the answer comes after `seconds`), garbage (half the answer comes).
    `stored`: whether what kind `after` answers is what the idempotency key keeps, as Stripe does with its own 500s; a
    proxy's 500 is not kept.
    """

    kind: str
    path: str = "/v1/"
    times: int = 1
    skip: int = 0
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 2
    method: str | None = None
    code: str | None = None
    stored: bool = True

    def meets(self, method: str, path: str) -> bool:
        return path.startswith(self.path) and self.method in (None, method) and self.times > 0


@dataclass
class Loss:
    """A permission that a restricted key has for `after` more requests."""

    key: str
    permission: str
    after: int


class Rates:
    """Requests in one second of Stripe's clock; https://docs.stripe.com/rate-limits: 100 live, 25 in a sandbox."""

    def __init__(self, account: int = 25, endpoint: int = 25) -> None:
        self.account = account
        self.endpoint = endpoint
        self._second = -1
        self._counts: Counter[tuple[str | None, str]] = Counter()

    def count(self, now: int, account: str | None, method: str, path: str) -> None:
        """Raises the 429; a request that is refused does not count."""
        if now != self._second:
            self._second = now
            self._counts.clear()
        endpoint = f"{method} {_ID.sub('/{id}', path)}"
        if self._counts[account, endpoint] >= self.endpoint:
            raise too_many("endpoint-rate", "rate_limit")
        if self._counts[account, ""] >= self.account:
            raise too_many("global-rate", "rate_limit")
        self._counts[account, endpoint] += 1
        self._counts[account, ""] += 1
