"""Idempotency-Key: for six minutes the first answer comes again, whatever it was.

https://developer.xero.com/documentation/guides/idempotent-requests/idempotency/
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vendors.xero.refusals import bad_request

if TYPE_CHECKING:
    from vendors.xero.service import Answer

KEPT_SECONDS = 360
LONGEST_KEY = 128
WAIT_SECONDS = 30.0


@dataclass
class _Kept:
    """`request` is all that has to be the same; `answer` comes once `ready` is set."""

    request: tuple[str, ...]
    since: float
    ready: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None


class Keys:
    """The keys of one app, whatever the organisation."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    def answer(self, key: str, request: tuple[str, ...], carry_out: Callable[[], Answer]) -> Answer:
        """The first answer to this key; raises `Refused` where another request had it. A concurrent repeat waits."""
        if not key.strip() or len(key) > LONGEST_KEY:
            raise bad_request(f"Idempotency Key: it must have 1 to {LONGEST_KEY} characters.")
        with self._lock:
            now = self._clock()
            kept = self._kept.get(key)
            if kept is not None and now >= kept.since + KEPT_SECONDS:
                kept = None
            first = kept is None
            if kept is None:
                kept = self._kept[key] = _Kept(request, now)
        if kept.request != request:
            raise bad_request(f"Idempotency Key: {key} is used with a different request.")
        if first:
            try:
                kept.answer = carry_out()
            finally:
                if kept.answer is None:
                    with self._lock:
                        self._kept.pop(key, None)
                kept.ready.set()
            return kept.answer
        kept.ready.wait(WAIT_SECONDS)
        assert kept.answer is not None, f"the first request with the key {key} was never answered"
        return kept.answer
