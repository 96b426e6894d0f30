"""A world that tests hand in: a clock that moves only when it is slept on, ids that count, a machine by any name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from connector.world import World

APRIL = 1_775_044_800  # 2026-04-01 12:00 UTC


@dataclass
class Clock:
    now: int = APRIL


@dataclass(frozen=True)
class FakeWorld(World):
    """`on_sleep` is called after each sleep: what happens elsewhere meanwhile."""

    clock: Clock = field(default_factory=Clock)
    host_name: str = "here"
    process_name: str = "1"
    on_sleep: Callable[[], None] = lambda: None
    places: Iterator[int] = field(default_factory=lambda: count(1))

    def now(self) -> int:
        return self.clock.now

    def sleep(self, seconds: float) -> None:
        self.clock.now += int(seconds)
        self.on_sleep()

    def new_id(self) -> str:
        return f"{next(self.places):032x}"

    def host(self) -> str:
        return self.host_name

    def process(self) -> str:
        return self.process_name

    def actor(self) -> str:
        return f"tester@{self.host_name}"
