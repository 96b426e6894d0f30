"""How the values of the product are declared: `@value(frozen=True, slots=True)` is a frozen dataclass with slots.

mypy, which every file passes, knows it as `dataclasses.dataclass` and refuses whatever would change a value. At run time
the fields are plain slots: a frozen dataclass sets each of its fields through `object.__setattr__`, which makes a value
of twenty fields four times as dear, and a run makes sixty of them for each refund.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    T = TypeVar("T")

    def value(*, frozen: bool, slots: bool) -> Callable[[type[T]], type[T]]:
        """Values of one class are equal, and have one hash, where their fields are equal."""
        return dataclass(slots=slots, unsafe_hash=frozen)
