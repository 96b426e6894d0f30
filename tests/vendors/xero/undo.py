"""Steps back for a write, or for the part of a batch, that is refused half way."""

from __future__ import annotations

from collections.abc import Callable


class Undo:
    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []

    def note(self, step: Callable[[], None]) -> None:
        self._steps.append(step)

    def mark(self) -> int:
        """A place to roll back to."""
        return len(self._steps)

    def keep(self) -> None:
        self._steps.clear()

    def roll_back(self, mark: int = 0) -> None:
        while len(self._steps) > mark:
            self._steps.pop()()
