"""What can go wrong between a client and the stand-in: faults to order, and the limits of the real thing."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vendors.quickbooks.moods import Moods
from vendors.quickbooks.wire import dumps

Kind = Literal[
    "lost_before",
    "lost_after",
    "fault_200",
    "html_503",
    "empty_500",
    "hang",
    "truncated",
    "throttled",
    "refused",
]
_ALWAYS_CARRIED_OUT = frozenset({"lost_after", "truncated"})


@dataclass
class Fault:
    """What the next `times` requests below `path` meet, after `skip` others went well.

    kind: lost_before (the connection closes, nothing is done), lost_after (done, then it closes), fault_200 (a Fault
    under HTTP 200), html_503 (a proxy's page), empty_500, hang (no answer for `seconds`, then it closes), truncated
    (done, half the JSON comes), throttled (429), refused (a Fault with `code`).
    `carried_out`: whether the request is done all the same. `path` is a part of the address, without the query.
    """

    kind: Kind
    path: str = "/v3/"
    times: int = 1
    skip: int = 0
    method: str | None = None
    carried_out: bool = False
    seconds: float = 5.0
    code: str = "10000"

    def __post_init__(self) -> None:
        self.carried_out |= self.kind in _ALWAYS_CARRIED_OUT

    def meets(self, method: str, path: str) -> bool:
        return self.path in path and self.method in (None, method) and self.times > 0


class Limits:
    """500 requests in a minute and 10 in a second for each company, on the clock of the stand-in.

    https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles
    """

    def __init__(self, clock: Callable[[], float], per_minute: int = 500, per_second: int = 10) -> None:
        self._clock = clock
        self._windows = ((60.0, per_minute), (1.0, per_second))
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def allows(self, realm: str) -> bool:
        """Counts the request where it is allowed; one that is refused does not count."""
        now, times = self._clock(), self._times[realm]
        while times and times[0] <= now - 60:
            times.popleft()
        for seconds, most in self._windows:
            if len(times) >= most and times[-most] > now - seconds:
                return False
        times.append(now)
        return True


def throttle_text(moods: Moods, stamp: str) -> tuple[str, str]:
    """Content type and body of a 429: XML even for clients of JSON, as it was seen, unless the mood says otherwise."""
    detail = "The request limit was reached. Try again later"
    if moods.throttle_body == "json":
        message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
        error = {"Message": message, "Detail": detail, "code": "3001", "element": ""}
        return "application/json", dumps({"Fault": {"Error": [error], "type": "SERVICE"}, "time": stamp})
    status = 403 if moods.throttle_body == "xml_403" else 429
    words = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse time="{stamp}" xmlns="http://schema.intuit.com/finance/v3">'
        '<Fault type="SERVICE"><Error code="3001">'
        f"<Message>message=ThrottleExceeded; errorCode=003001; statusCode={status}</Message>"
        f"<Detail>{detail}</Detail></Error></Fault></IntuitResponse>"
    )
    return "application/xml", words
