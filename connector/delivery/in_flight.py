"""Requests on their way: so many at once, and no more of them once that is not wanted.

Who sends decides in one thread: it starts a request when a place is free, and is handed each answer as it comes. Between
the two it may ask the ledger something itself, so that there are never more requests at once than places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from connector.ledgers.contract import Answer, Claimed, Courier, Request


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt under way."""

    attempt_key: str
    request: Request
    documents: Sequence[Claimed]

    @property
    def keys(self) -> list[str]:
        return [one.document_key for one in self.documents]


Answered = tuple[Sending, Answer | None]


class InFlight:
    """Carries requests with a courier that threads may share, as many at once as there are `places`."""

    def __init__(self, courier: Courier, places: int) -> None:
        self.courier = courier
        self.places = places

    def carry(self, sendings: Sequence[Sending], may_leave: Callable[[], bool]) -> Generator[Answered]:
        """Each of these with its answer, in the order in which the answers come; then, without one, those that did not
        leave, since `may_leave` said no. It is asked before each."""
        waiting = deque(sendings)
        if min(self.places, len(waiting)) < 2:
            while waiting and may_leave():
                sending = waiting.popleft()
                yield sending, self.courier.carry(sending.request)
        else:
            # Its end waits for what is under way, also where the caller gives up.
            with ThreadPoolExecutor(min(self.places, len(waiting))) as threads:
                yield from self.carry_together(threads, waiting, may_leave)
        yield from ((sending, None) for sending in waiting)

    def carry_together(
        self, threads: Executor, waiting: deque[Sending], may_leave: Callable[[], bool]
    ) -> Iterator[Answered]:
        under_way: dict[Future[Answer], Sending] = {}
        while True:
            while waiting and len(under_way) < self.places and may_leave():
                sending = waiting.popleft()
                under_way[self.leave(threads, sending.request)] = sending
            if not under_way:
                return
            first = self.first_done(under_way)
            yield under_way.pop(first), first.result()

    def leave(self, threads: Executor, request: Request) -> Future[Answer]:
        return threads.submit(self.courier.carry, request)

    def first_done(self, under_way: dict[Future[Answer], Sending]) -> Future[Answer]:
        """One that is answered; waits for it."""
        return next(iter(wait(under_way, return_when=FIRST_COMPLETED).done))
