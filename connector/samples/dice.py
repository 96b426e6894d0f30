"""Draws and identifiers that depend on a seed alone: the same on every machine and every Python."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TO_LETTER = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))
_DRAW_BYTES = 64
# Every id of one Stripe account carries the same nine characters in the middle.
_ACCOUNT = "AcmeBooks"

_Choice = TypeVar("_Choice")


class Dice:
    """One stream of draws; two streams of the same seed give the same draws in the same order."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn = 0

    def _draw(self) -> bytes:
        self._drawn += 1
        return blake2b(f"{self._seed}/{self._drawn}".encode(), digest_size=_DRAW_BYTES).digest()

    def below(self, limit: int) -> int:
        """A whole number of 0 .. limit - 1."""
        return int.from_bytes(self._draw()[:8], "big") % limit

    def between(self, low: int, high: int) -> int:
        """A whole number of low .. high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[self.below(len(choices))]

    def letters(self, length: int) -> str:
        """At most 64 letters and digits."""
        return self._draw()[:length].translate(_TO_LETTER).decode("ascii")

    def digits(self, length: int) -> str:
        return str(self.below(10**length)).zfill(length)

    def stem(self, generation: str = "3") -> str:
        """What the ids of one payment share: `3...` with a payment intent, `1...` without."""
        return f"{generation}T{self.letters(5)}{_ACCOUNT}"

    def payment_id(self, prefix: str, stem: str) -> str:
        """An id of a payment's family (pi, ch, py, re, txn): stem, attempt digit, seven characters."""
        return f"{prefix}_{stem}{self.below(2)}{self.letters(7)}"

    def object_id(self, prefix: str) -> str:
        """An id of anything else that carries the account (in, il, cn, inpay, dp, pm, price)."""
        return f"{prefix}_1T{self.letters(5)}{_ACCOUNT}{self.letters(8)}"

    def short_id(self, prefix: str) -> str:
        """An id without the account (cus, prod, si)."""
        return f"{prefix}_T{self.letters(13)}"
