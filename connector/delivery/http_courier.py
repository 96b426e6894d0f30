"""Carries requests over HTTP to a ledger that gives access tokens.

A read is tried again, a write never: whether it was carried out is for `push` to find out. The one exception is a
401: then nothing was carried out, and the same bytes go once more with a new token. A vendor that wants to be left alone
for longer than the settings allow to wait is asked nothing more until then.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Semaphore
from typing import Protocol

from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential, wait_random_exponential
from tenacity.wait import wait_base, wait_fixed

from connector.delivery.push import REQUEST_TIMEOUT_S, SHORTEST_WAIT_MS
from connector.delivery.tokens import TokenPlace
from connector.delivery.transport import Transport
from connector.errors import ConnectorError, InputError, Stopped
from connector.ledgers.contract import Answer, Request
from connector.pace import SECOND_MS, Pace, Rates
from connector.world import World

UNAUTHORISED = 401
THROTTLED = 429
UNAVAILABLE = 503
# A read that gets no answer, or an error of the server; one that is throttled is bound by its waits alone.
TRIES = 4
LONGEST_PAUSE_S = 8
# A write is sent only where the vendor still has this long to answer before the lease may end.
SHORTEST_TIMEOUT_S = 10
HALVES = 2

# No vendor counts in more than days; what asks for more (a proxy) is tried again after one.
LONGEST_PARK_S = 86400
# What a vendor says of a token that is good and does not reach so far. https://www.rfc-editor.org/rfc/rfc6750#section-3.1
SCOPE_LACKING = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a read waits: `throttle_wait_ms` where a 429 names no time, and `longest_wait_s` in all."""

    throttle_wait_ms: int
    longest_wait_s: int


@dataclass(frozen=True, slots=True)
class CourierPlace:
    """What a courier needs besides its connection: where tokens are kept, how long reads wait, and how many requests the
    settings let be under way at once."""

    ledger: str
    tokens: TokenPlace
    patience: Patience
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class DayLimit:
    """The header in which a vendor tells how many requests it takes yet today; when they are `few`, `words` say so, with
    {count} and {requests} to be filled in."""

    header: str
    few: int
    words: str


@dataclass(frozen=True, slots=True)
class VendorLimits:
    """How much a vendor takes: its rates where it has any, how many requests at once where it counts those, and in a
    day. `first_wait_ms`: a read that is throttled and told no time waits about so long at first, and each time twice as
    long, up to what its patience names; None: always as long as that."""

    rates: Rates | None = None
    at_once: int | None = None
    day: DayLimit | None = None
    first_wait_ms: int | None = None


class AccessTokens(Protocol):
    """Where access tokens come from; each method as that of `Tokens`."""

    def access(self) -> str: ...
    def renew(self, failed: str) -> str: ...
    def warnings(self) -> list[str]: ...


class HttpCourier:
    """The courier of one ledger. About ten threads may share one. `carry` raises nothing.

    `Answer.sentence` is set, with 401 or 503, where nothing was sent or, after a 401, nothing carried out. `retry_at`, in
    seconds since 1970, is until when the vendor wants to be left alone, where that is longer than may be waited; until
    then every answer is a 429 for which nothing was sent.
    """

    def __init__(
        self,
        transport: Transport,
        tokens: AccessTokens,
        patience: Patience,
        limits: VendorLimits,
        world: World,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._patience = patience
        self._pace = Pace(limits.rates, None, world.monotonic_ms, self._sleep)
        self._at_once = Semaphore(limits.at_once) if limits.at_once is not None else nullcontext()
        self._day = limits.day
        self._left_today: int | None = None
        self.retry_at: int | None = None
        self._world = world
        self._should_stop = should_stop
        # Up to 1, 2, 4 ... seconds, by chance, so that threads that failed together do not come back together.
        self._pause = wait_random_exponential(multiplier=1, max=LONGEST_PAUSE_S)
        self._throttled_pause = throttled_pause(limits.first_wait_ms, patience.throttle_wait_ms)

    def carry(self, request: Request) -> Answer:
        """One request; a read (no document keys) as often as it takes. Longest: 30 s for a write, as its lease."""
        last: list[Answer] = []

        def once() -> Answer:
            last[:] = [self._send(request)]
            return last[0]

        try:
            return once() if request.document_keys else self._retrying()(once)
        except Stopped as stop:
            return last[0] if last else Answer(UNAVAILABLE, sentence=str(stop))
        except ConnectorError as error:
            for_a_person = isinstance(error, InputError) or error.code == "unauthorised"
            return Answer(UNAUTHORISED if for_a_person else UNAVAILABLE, sentence=str(error))

    def warnings(self) -> list[str]:
        """What a person should know before it fails: when the access ends, and how little the vendor takes yet today."""
        told = self._tokens.warnings()
        if self._day is not None and self._left_today is not None and self._left_today < self._day.few:
            requests = "request" if self._left_today == 1 else "requests"
            count = self._left_today or "no"
            told = [*told, self._day.words.format(count=count, requests=requests)]
        return told

    def close(self) -> None:
        self._transport.close()

    # ------------------------------------------------------------------------------------------- sending

    def _send(self, request: Request) -> Answer:
        """Once; and once more where the token was refused, and not for want of a scope, which no new token has either."""
        begun_ms = self._world.monotonic_ms()
        if self._is_left_alone():
            return self._not_asked()
        access = self._tokens.access()
        answer = self._send_with(request, access, begun_ms)
        if answer.status == UNAUTHORISED and SCOPE_LACKING not in header_of(answer, "www-authenticate"):
            access = self._tokens.renew(access)
            answer = self._send_with(request, access, begun_ms)
        return answer

    def _send_with(self, request: Request, access: str, begun_ms: int) -> Answer:
        """As soon as the vendor's limits allow it, and where it is a write, while the lease is sure to last."""
        # The place first: a request leaves when it is counted, or more of them than counted may meet in one window.
        with self._at_once:
            longest_ms = self._time_left_s(begun_ms) * 1000 if request.document_keys else None
            wait_ms = self._pace.wait_at_most("", longest_ms)
            # Another thread may have been told so meanwhile.
            if self._is_left_alone():
                return self._not_asked()
            if wait_ms > 0:
                # Its turn comes after the lease: who writes waits, renews it, and asks again.
                return not_asked(-(-wait_ms // 1000))
            timeout_s = REQUEST_TIMEOUT_S
            if request.document_keys:
                timeout_s = SHORTEST_TIMEOUT_S + self._time_left_s(begun_ms)
            answer = self._transport.send(request, access, timeout_s)
        self._heed(answer)
        return answer

    def _time_left_s(self, begun_ms: int) -> int:
        """How long a write that was begun then may still wait, so that it ends before its lease; rounded down."""
        left_s = REQUEST_TIMEOUT_S - SHORTEST_TIMEOUT_S + (begun_ms - self._world.monotonic_ms()) // 1000
        if left_s < 0:
            raise ConnectorError("the request waited too long to be sent; the next run sends it")
        return left_s

    def _heed(self, answer: Answer) -> None:
        """Keep what an answer tells of the vendor's limits."""
        left = header_of(answer, self._day.header) if self._day is not None else ""
        if left.isdecimal():
            self._left_today = int(left)
        asked = header_of(answer, "retry-after")
        if answer.status == THROTTLED and asked.isdecimal() and int(asked) > self._patience.longest_wait_s:
            self.retry_at = self._world.now() + min(int(asked), LONGEST_PARK_S)

    def _is_left_alone(self) -> bool:
        return self.retry_at is not None and self._world.now() < self.retry_at

    def _not_asked(self) -> Answer:
        """What the vendor would answer, for a request that does not leave."""
        return not_asked(max(0, (self.retry_at or 0) - self._world.now()))

    # ------------------------------------------------------------------------------------------- reads

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_result(is_worth_another_try),
            wait=self._wait_s,
            stop=self._is_enough,
            sleep=self._sleep,
            retry_error_callback=answer_of,
        )

    def _wait_s(self, state: RetryCallState) -> float:
        answer = answer_of(state)
        if answer.status != THROTTLED:
            return self._pause(state)
        asked = header_of(answer, "retry-after")
        if asked.isdecimal():
            return max(int(asked), SHORTEST_WAIT_MS / SECOND_MS)
        return self._throttled_pause(state)

    def _is_enough(self, state: RetryCallState) -> bool:
        if answer_of(state).status != THROTTLED and state.attempt_number >= TRIES:
            return True
        return self._should_stop() or state.idle_for + state.upcoming_sleep > self._patience.longest_wait_s

    def _sleep(self, seconds: float) -> None:
        """Raises `Stopped` as soon as somebody asks to stop."""
        while seconds > 0:
            if self._should_stop():
                raise Stopped
            self._world.sleep(min(1, seconds))
            seconds -= 1


def throttled_pause(first_ms: int | None, longest_ms: int) -> wait_base:
    """How long a read waits that a vendor throttles without naming a time: always the same; or longer and longer, and then
    by chance a half to the whole of it, so that those that were throttled together do not come back together."""
    longest_s = max(longest_ms, SHORTEST_WAIT_MS) / SECOND_MS
    if first_ms is None:
        return wait_fixed(longest_s)
    half_s = first_ms / SECOND_MS / HALVES
    return wait_exponential(half_s, longest_s / HALVES) + wait_random_exponential(half_s, longest_s / HALVES)


def not_asked(seconds: int) -> Answer:
    """An answer as the vendor's own, where it was not asked: to come again in so many seconds."""
    return Answer(THROTTLED, headers=(("retry-after", str(seconds)),))


def header_of(answer: Answer, name: str) -> str:
    """A header of an answer, by its name in small letters; empty where it has none."""
    return next((text for each, text in answer.headers if each == name), "")


def is_worth_another_try(answer: Answer) -> bool:
    return not answer.arrived or answer.status >= 500 or answer.status == THROTTLED


def answer_of(state: RetryCallState) -> Answer:
    assert state.outcome is not None, "asked after a try"
    answer: Answer = state.outcome.result()
    return answer
