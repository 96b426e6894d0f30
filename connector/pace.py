"""How fast a vendor may be asked: a request waits until it fits every rate that applies to it.

The windows are pyrate-limiter's (https://github.com/vutran1710/PyrateLimiter); clock and sleep are the world's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from pyrate_limiter import InMemoryBucket, Rate, RateItem

SECOND_MS = 1000
# A number of requests a second, or pairs of requests and the milliseconds in which there may be no more of them.
Rates = int | Sequence[tuple[int, int]]


class Pace:
    """`whole` are the rates of all requests together, `each` those of each name by itself; None where there are none.
    Threads may share one.

    `now_ms` is a clock that never goes back, `sleep` takes seconds; what it raises ends the wait.
    """

    def __init__(
        self,
        whole: Rates | None,
        each: Rates | None,
        now_ms: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self.now_ms = now_ms
        self.sleep = sleep
        self.each = each
        self.whole = [] if whole is None else [bucket(whole)]
        self.named: dict[str, InMemoryBucket] = {}
        self.last_ms = 0
        self.turn = Lock()

    def wait(self, name: str) -> None:
        """Return when one more request of this name may leave."""
        self.wait_at_most(name, None)

    def wait_at_most(self, name: str, longest_ms: int | None) -> int:
        """0 when one more request of this name may leave; where that takes longer than this, at once the milliseconds
        that it takes."""
        begun_ms = at_ms = self.now_ms()
        # Both count the request at the time it leaves; one that is counted and must wait on is counted anew.
        while (wait_ms := self.take(name, at_ms)) > 0:
            if longest_ms is not None and at_ms + wait_ms - begun_ms > longest_ms:
                return wait_ms
            self.sleep(wait_ms / SECOND_MS)
            at_ms = max(self.now_ms(), at_ms + wait_ms)
        return 0

    def take(self, name: str, at_ms: int) -> int:
        """0 where a request may leave at this time, and then it is counted; else the milliseconds to wait first."""
        with self.turn:
            # Buckets want times in order, and threads read the clock before it is their turn.
            at_ms = self.last_ms = max(at_ms, self.last_ms)
            full = next((one for one in self.buckets(name) if not takes(one, name, at_ms)), None)
            if full is None:
                return 0
            wait_ms = full.waiting(RateItem(name, at_ms))
        assert isinstance(wait_ms, int), "a bucket in memory answers at once"
        return max(1, wait_ms)

    def buckets(self, name: str) -> list[InMemoryBucket]:
        if self.each is None:
            return self.whole
        return [self.named.setdefault(name, bucket(self.each)), *self.whole]


def takes(one: InMemoryBucket, name: str, at_ms: int) -> bool:
    """Count a request in a bucket that has room for it."""
    one.leak(at_ms)
    return one.put(RateItem(name, at_ms))


def bucket(rates: Rates) -> InMemoryBucket:
    pairs = ((rates, SECOND_MS),) if isinstance(rates, int) else rates
    return InMemoryBucket([Rate(requests, window_ms) for requests, window_ms in pairs])
