"""Carries requests over HTTP to a ledger that gives access tokens.

A read is tried again, a write never: whether it was carried out is for `push` to find out. The one exception is a
401: then nothing was carried out, and the same bytes go once more with a new token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential

from connector.delivery.push import REQUEST_TIMEOUT_S
from connector.delivery.tokens import Tokens
from connector.delivery.transport import Transport
from connector.errors import ConnectorError, InputError, Stopped
from connector.ledgers.contract import Answer, Request
from connector.pace import Pace, Rates
from connector.world import World

UNAUTHORISED = 401
THROTTLED = 429
UNAVAILABLE = 503
# A read that gets no answer, or an error of the server; one that is throttled is bound by its waits alone.
TRIES = 4
LONGEST_PAUSE_S = 8
# A write is sent only where the vendor still has this long to answer before the lease may end.
SHORTEST_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a read waits: `throttle_wait_s` where a 429 names no time, and `longest_wait_s` in all."""

    throttle_wait_s: int
    longest_wait_s: int


class HttpCourier:
    """The courier of one ledger. About ten threads may share one. `carry` raises nothing.

    `Answer.sentence` is set, with 401 or 503, where nothing was sent or, after a 401, nothing carried out.
    """

    def __init__(
        self,
        transport: Transport,
        tokens: Tokens,
        patience: Patience,
        rates: Rates,
        world: World,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._patience = patience
        self._pace = Pace(rates, None, world.monotonic_ms, self._sleep)
        self._world = world
        self._should_stop = should_stop
        # Up to 1, 2, 4 ... seconds, by chance, so that threads that failed together do not come back together.
        self._pause = wait_random_exponential(multiplier=1, max=LONGEST_PAUSE_S)

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
        """What a person should know before it fails: when the access ends."""
        return self._tokens.warnings()

    def close(self) -> None:
        self._transport.close()

    # ------------------------------------------------------------------------------------------- sending

    def _send(self, request: Request) -> Answer:
        """Once; and once more where the token was refused."""
        begun_ms = self._world.monotonic_ms()
        access = self._tokens.access()
        answer = self._send_with(request, access, begun_ms)
        if answer.status == UNAUTHORISED:
            access = self._tokens.renew(access)
            answer = self._send_with(request, access, begun_ms)
        return answer

    def _send_with(self, request: Request, access: str, begun_ms: int) -> Answer:
        """As soon as the vendor's rates allow it, and where it is a write, while the lease is sure to last."""
        self._pace.wait("")
        timeout_s = REQUEST_TIMEOUT_S
        if request.document_keys:
            # Rounded up: a write ends before the lease that it was begun under.
            timeout_s -= -((begun_ms - self._world.monotonic_ms()) // 1000)
            if timeout_s < SHORTEST_TIMEOUT_S:
                raise ConnectorError("the request waited too long to be sent; the next run sends it")
        return self._transport.send(request, access, timeout_s)

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
        asked = dict(answer.headers).get("retry-after", "")
        return int(asked) if asked.isdecimal() else self._patience.throttle_wait_s

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


def is_worth_another_try(answer: Answer) -> bool:
    return not answer.arrived or answer.status >= 500 or answer.status == THROTTLED


def answer_of(state: RetryCallState) -> Answer:
    assert state.outcome is not None, "asked after a try"
    answer: Answer = state.outcome.result()
    return answer
