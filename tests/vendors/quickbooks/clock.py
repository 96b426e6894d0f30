"""The clock of the stand-in: its own, or the real one moved on."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta, timezone

# Intuit writes times as Pacific ones.
_PACIFIC = timezone(timedelta(hours=-8))


class Clock:
    """Seconds since 1970; stands still where a start is given, but for `advance`."""

    def __init__(self, start: float | None = None) -> None:
        self._start = start
        self._moved = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return (time.time() if self._start is None else self._start) + self._moved

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._moved += seconds

    def stamp(self) -> str:
        """As on the wire, with milliseconds and the offset."""
        return datetime.fromtimestamp(self(), UTC).astimezone(_PACIFIC).isoformat(timespec="milliseconds")

    def today(self) -> str:
        return datetime.fromtimestamp(self(), UTC).astimezone(_PACIFIC).date().isoformat()


def instant(text: str) -> float:
    """A time that a client wrote, as seconds since 1970; ValueError where it is none."""
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=_PACIFIC)).timestamp()
