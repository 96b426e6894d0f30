"""What can go wrong between a client and the stand-in: faults to order, and the limits of the real thing."""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "lost_before",
    "lost_after",
    "hang",
    "truncated",
    "empty_500",
    "plain_503",
    "plain_404",
    "html_502",
    "throttled_minute",
    "throttled_day",
    "throttled_concurrent",
    "throttled_appminute",
    "cached_500",
    "cached_500_not_done",
    "token_expired",
    "insufficient_scope",
    "disconnected_403",
    "refused",
    "element_refused",
    "half_done",
]
# Those that act while the request is carried out, or after it.
_INSIDE = frozenset({"cached_500", "cached_500_not_done", "element_refused", "half_done"})
_ALWAYS_CARRIED_OUT = frozenset({"lost_after", "truncated"}) | _INSIDE
DAY_WAIT = 70_000
_APP = "all organisations of the app"


@dataclass
class Fault:
    """What the next `times` requests below `path` meet, after `skip` others went well.

    kind: lost_before (the connection closes, nothing is done), lost_after (done, then it closes), hang (no answer for
    `seconds`, then it closes), truncated (done, half the JSON comes), empty_500, plain_503, plain_404, html_502,
    throttled_minute, _day, _concurrent and _appminute (429), cached_500 (done, and the 500 is kept for the key),
    cached_500_not_done (the same, nothing done), token_expired, insufficient_scope, disconnected_403, refused (400 with
    `words` for the whole request), element_refused (`element` of a batch, by index or number, is refused with
    `words`), half_done (the first `element` elements are saved, then the connection closes).
    `carried_out`: whether the request is done all the same. `path` is a part of the address, without the query.
    """

    kind: Kind
    path: str = "/api.xro/2.0/"
    times: int = 1
    skip: int = 0
    method: str | None = None
    carried_out: bool = False
    seconds: float = 5.0
    words: str = "Ordered by the test"
    element: int | str = 0

    def __post_init__(self) -> None:
        self.carried_out |= self.kind in _ALWAYS_CARRIED_OUT

    @property
    def inside(self) -> bool:
        return self.kind in _INSIDE

    def meets(self, method: str, path: str) -> bool:
        return self.path in path and self.method in (None, method) and self.times > 0


@dataclass(frozen=True)
class Throttle:
    """`problem` as X-Rate-Limit-Problem says it; `retry_after` in seconds, for minute and day alone."""

    problem: str
    retry_after: int | None = None


class Limits:
    """Calls in a minute and in a day for each organisation, and in a minute for the app, in fixed windows that begin
    at another moment for each organisation.

    https://developer.xero.com/documentation/guides/oauth2/limits/
    """

    def __init__(
        self,
        clock: Callable[[], float],
        per_minute: int = 60,
        per_day: int = 5000,
        concurrent: int = 5,
        app_per_minute: int = 10_000,
    ) -> None:
        self._clock = clock
        self.per_minute, self.per_day, self.concurrent = per_minute, per_day, concurrent
        self.app_per_minute = app_per_minute
        self._used: defaultdict[tuple[str, int, int], int] = defaultdict(int)

    def _window(self, tenant: str, length: int) -> tuple[tuple[str, int, int], int]:
        """The window that it is now, and the seconds until the next one."""
        since = self._clock() - zlib.crc32(tenant.encode()) % length
        number = math.floor(since / length)
        return (tenant, length, number), max(1, math.ceil((number + 1) * length - since))

    def refuses(self, tenant: str, in_flight: int) -> Throttle | None:
        """Counts the call where it is allowed; one that is refused does not count. `in_flight` has this call in it."""
        if in_flight > self.concurrent:
            return Throttle("concurrent")
        windows = (
            ("day", self.per_day, *self._window(tenant, 86_400)),
            ("minute", self.per_minute, *self._window(tenant, 60)),
            ("appminute", self.app_per_minute, *self._window(_APP, 60)),
        )
        for problem, most, window, wait in windows:
            if self._used[window] >= most:
                return Throttle(problem, None if problem == "appminute" else wait)
        for _, _, window, _ in windows:
            self._used[window] += 1
        return None

    def remaining(self, tenant: str) -> dict[str, str]:
        """The headers that stand on every answer."""
        left = {
            "X-DayLimit-Remaining": self.per_day - self._used[self._window(tenant, 86_400)[0]],
            "X-MinLimit-Remaining": self.per_minute - self._used[self._window(tenant, 60)[0]],
            "X-AppMinLimit-Remaining": self.app_per_minute - self._used[self._window(_APP, 60)[0]],
        }
        return {name: str(max(0, number)) for name, number in left.items()}


UNLIMITED = {"X-DayLimit-Remaining": "5000", "X-MinLimit-Remaining": "60", "X-AppMinLimit-Remaining": "10000"}
