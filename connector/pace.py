"""How fast a vendor may be asked: a request waits until it fits every rate that applies to it.

The windows are pyrate-limiter's (https://github.com/vutran1710/PyrateLimiter); clock and sleep are the world's.
"""

from __future__ import annotations

from collections.abc import Callable

from pyrate_limiter import InMemoryBucket, Rate, RateItem

SECOND_MS = 1000


class Pace:
    """`whole` and `each` are requests in a second, of all requests together and of each name by itself.

    `now_ms` is a clock that never goes back, `sleep` takes seconds.
    """

    def __init__(
        self,
        whole: int,
        each: int,
        now_ms: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self.now_ms = now_ms
        self.sleep = sleep
        self.each = each
        self.whole = bucket(whole)
        self.named: dict[str, InMemoryBucket] = {}

    def wait(self, name: str) -> None:
        """Return when one more request of this name may leave."""
        named = self.named.setdefault(name, bucket(self.each))
        at_ms = self.now_ms()
        while True:
            # Both count the request at the time it leaves; one that is counted and must wait on is counted anew.
            full = next((one for one in (named, self.whole) if not takes(one, name, at_ms)), None)
            if full is None:
                return
            wait_ms = full.waiting(RateItem(name, at_ms))
            assert isinstance(wait_ms, int), "a bucket in memory answers at once"
            wait_ms = max(1, wait_ms)
            self.sleep(wait_ms / SECOND_MS)
            at_ms = max(self.now_ms(), at_ms + wait_ms)


def takes(one: InMemoryBucket, name: str, at_ms: int) -> bool:
    """Count a request in a bucket that has room for it."""
    one.leak(at_ms)
    return one.put(RateItem(name, at_ms))


def bucket(per_second: int) -> InMemoryBucket:
    return InMemoryBucket([Rate(per_second, SECOND_MS)])
