"""Time in which nobody waits for nothing: it runs as the real one, but leaps where every thread sleeps.

So a run takes as long, by its own clock, as it would with the real vendor, and is over when its work is done.
"""

from __future__ import annotations

import time
from threading import Condition

from vendors.quickbooks.clock import Clock

STAMP = "X-Virtual-Time"


class VirtualTime:
    """Seconds since 1970, from `start` on. `active` is how many threads do something; a leap needs all of them asleep.
    `ended` have worked for the main thread, which has not taken their work yet; `waiting`: it waits for the next of them."""

    def __init__(self, start: float) -> None:
        self.ahead = start - time.monotonic()
        self.active = 1
        self.ended = 0
        self.waiting = False
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

    def begin(self) -> None:
        """A thread begins to work for the one that asks."""
        with self.changed:
            self.active += 1

    def end(self) -> None:
        """One of them is done. Where the one that asked waits for it, that one goes on in its place."""
        with self.changed:
            if self.waiting:
                self.waiting = False
                return
            self.ended += 1
            self.active -= 1
            self.leap()

    def wait_for_one(self) -> None:
        """The one that asks waits until one of them is done, or one is done already."""
        with self.changed:
            if self.ended:
                self.ended -= 1
                return
            self.waiting = True
            self.active -= 1
            self.leap()

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
