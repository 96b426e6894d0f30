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
        for one in (self.whole, self.named.setdefault(name, bucket(self.each))):
            item = RateItem(name, self.now_ms())
            one.leak(item.timestamp)
            while not one.put(item):
                wait_ms = one.waiting(item)
                assert isinstance(wait_ms, int), "a bucket in memory answers at once"
                wait_ms = max(1, wait_ms)
                self.sleep(wait_ms / SECOND_MS)
                item = RateItem(name, max(self.now_ms(), item.timestamp + wait_ms))


def bucket(per_second: int) -> InMemoryBucket:
    return InMemoryBucket([Rate(per_second, SECOND_MS)])
