"""Time that runs faster than the real one, the same in every process that is told when it began."""

from __future__ import annotations

import time
from dataclasses import dataclass

from vendors.quickbooks.clock import Clock


@dataclass(frozen=True)
class VirtualTime:
    """`start` is the second since 1970 at which it began, `begun` what the machine's own clock, which never goes back,
    said then."""

    start: int
    begun: float
    speed: float

    def now(self) -> float:
        return self.start + (time.monotonic() - self.begun) * self.speed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)


class VirtualClock(Clock):
    """The clock of a stand-in."""

    def __init__(self, virtual: VirtualTime) -> None:
        super().__init__()
        self.virtual = virtual

    def __call__(self) -> float:
        return self.virtual.now()
