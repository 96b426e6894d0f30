"""Syncing as soon as something is noted: one pass after another, never two at once.

A note made while a pass is under way leads to one more pass, however many there are: a pass reads all that is noted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from connector.errors import ConnectorError

# A refund makes several events at once; they are worth one pass.
GATHER_S = 0.5
FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 240


class Follower:
    """Runs `one_pass`, which says whether it need not be repeated, after every `wake`; `run` belongs in a thread of its
    own.

    A pass that fails is told (`say`, or `tell_unexpected` for a fault) and tried again, later each time, up to four
    minutes. What wakes it meanwhile waits, since nothing says that it would fare better.
    """

    def __init__(
        self,
        one_pass: Callable[[Callable[[], bool]], bool],
        say: Callable[[str], None],
        tell_unexpected: Callable[[Exception], object],
        gather_s: float = GATHER_S,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.one_pass = one_pass
        self.say = say
        self.tell_unexpected = tell_unexpected
        self.gather_s = gather_s
        self.first_pause_s = first_pause_s
        self._woken = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """There is something to read; returns at once."""
        self._woken.set()

    def stop(self) -> None:
        """End `run` after the request at hand."""
        self._stopping.set()
        self._woken.set()

    def run(self) -> None:
        failures = 0
        while True:
            self._woken.wait()
            if self._stopping.wait(self.gather_s):
                return
            # Cleared before the pass reads: what is noted from here on leads to the next one.
            self._woken.clear()
            if self._went_well():
                failures = 0
                continue
            if self._stopping.is_set():
                return
            pause_s = min(self.first_pause_s * (1 << min(failures, 16)), LONGEST_PAUSE_S)
            failures += 1
            self.say(f"nothing is lost; trying again in {pause_s:g} s")
            self._woken.set()
            if self._stopping.wait(pause_s):
                return

    def _went_well(self) -> bool:
        try:
            return self.one_pass(self._stopping.is_set)
        except ConnectorError as error:
            if not self._stopping.is_set():
                self.say(str(error))
        except Exception as error:
            self.tell_unexpected(error)
        return False
