"""How long work shows itself: a stage with a name, and ticks. The command line draws it; nothing else needs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Tick = Callable[[int], None]


class Progress(Protocol):
    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[Tick]:
        """A stage of work; the tick is called with how many more are done."""


class Silent:
    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Tick]:
        yield lambda count: None


NO_PROGRESS: Progress = Silent()
