"""Steps back for a write that is refused half way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Undo:
    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []

    def note(self, step: Callable[[], None]) -> None:
        self._steps.append(step)

    def keep(self) -> None:
        self._steps.clear()

    def roll_back(self) -> None:
        while self._steps:
            self._steps.pop()()


class Noted(Generic[K, V]):
    """A dictionary whose changes can be taken back."""

    def __init__(self, undo: Undo) -> None:
        self._kept: dict[K, V] = {}
        self._undo = undo

    def get(self, key: K) -> V | None:
        return self._kept.get(key)

    def set(self, key: K, value: V | None) -> None:
        """None takes the key away."""
        old = self._kept.get(key)
        self._undo.note(lambda: self._put(key, old))
        self._put(key, value)

    def _put(self, key: K, value: V | None) -> None:
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value

    def items(self) -> Iterator[tuple[K, V]]:
        return iter(self._kept.items())
