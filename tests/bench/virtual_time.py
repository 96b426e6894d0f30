"""Time in which nobody waits for nothing: it runs as the real one, but leaps where every thread sleeps.

So a run takes as long, by its own clock, as it would with the real vendor, and is over when its work is done.
"""

from __future__ import annotations

import time
from threading import Condition

from vendors.quickbooks.clock import Clock

STAMP = "X-Virtual-Time"


class VirtualTime:
    """Seconds since 1970, from `start` on. `active` is how many threads do something; a leap needs all of them asleep."""

    def __init__(self, start: float) -> None:
        self.ahead = start - time.monotonic()
        self.active = 1
        self.wakes: list[float] = []
        self.changed = Condition()

    def now(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        with self.changed:
            wake = self.now() + seconds
            self.wakes.append(wake)
            self.leap()
            while (left := wake - self.now()) > 0:
                self.changed.wait(left)
            self.wakes.remove(wake)

    def begin(self, threads: int) -> None:
        """That many threads work for the one that asks, which waits for them."""
        with self.changed:
            self.active += threads - 1

    def end(self) -> None:
        """One of them is done."""
        with self.changed:
            self.active -= 1
            self.leap()

    def all_ended(self) -> None:
        """The thread that waited for them goes on."""
        with self.changed:
            self.active += 1

    def leap(self) -> None:
        if self.wakes and len(self.wakes) == self.active:
            # Those that have slept long enough need no leap, only their turn.
            self.ahead += max(0.0, min(self.wakes) - self.now())
            self.changed.notify_all()


class StampedClock(Clock):
    """The clock of a stand-in in another process: as late as the latest request says that it left."""

    def __init__(self, start: float) -> None:
        super().__init__(start)
        self.latest = start

    def __call__(self) -> float:
        return self.latest

    def stamped(self, text: str) -> None:
        if text:
            self.latest = max(self.latest, float(text))
