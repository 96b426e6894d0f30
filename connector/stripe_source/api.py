"""Stripe's API as a source: what may be new or changed, and single refunds and charges by id.

stripe-python is loaded with this module and nowhere else. Its `StripeClient` retries 5xx and broken connections
only as often as it is told to, and 429 never (https://docs.stripe.com/rate-limits): that is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import stripe
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from connector.errors import Stopped
from connector.stripe_source.api_errors import refusal, unreachable
from connector.stripe_source.api_lists import Answer
from connector.stripe_source.api_pull import Pull
from connector.stripe_source.api_single import refetch
from connector.stripe_source.changes import Change
from connector.stripe_source.source import SourcePage

# No file of an id in the home directory, no report on the last request in the next one.
stripe.enable_telemetry = False

TRIES_WHEN_THROTTLED = 6
LONGEST_WAIT_S = 20


class ApiSource:
    """Reads through `StripeClient`; only GET. `start` is in seconds since 1970, `account` a connected account's id;
    `pace` is told each endpoint before it is asked, and waits. Once `should_stop`, nothing more is asked or waited for:
    `Stopped`."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        account: str | None,
        start: int,
        sleep: Callable[[float], None],
        network_retries: int = 2,
        timeout: tuple[int, int] = (5, 30),
        pace: Callable[[str], None] = lambda endpoint: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.sleep = sleep
        self.pace = pace
        self.should_stop = should_stop
        self.start = start
        self._client: Any = stripe.StripeClient(
            api_key,
            stripe_account=account,
            base_addresses={"api": self.base_url},
            max_network_retries=network_retries,
            http_client=stripe.RequestsClient(timeout=timeout),
        )
        self._retrying = Retrying(
            retry=retry_if_exception_type(stripe.RateLimitError),
            stop=stop_after_attempt(TRIES_WHEN_THROTTLED),
            wait=_wait_s,
            sleep=self._sleep,
            reraise=True,
        )

    def read(self, path: str, parameters: Mapping[str, object]) -> Answer:
        """One GET. Raises `LedgerDown` with the sentence for a person: `Missing` where there is no such object, `Stopped`
        where it was not to be made any more."""
        try:
            answer = self._retrying(self._get, path, parameters)
        except stripe.APIConnectionError as error:
            raise unreachable(self.base_url, type(error.__cause__).__name__) from None
        except stripe.StripeError as error:
            words = error.user_message if error.error is not None else None
            # Some limits answer 400: https://docs.stripe.com/rate-limits
            status = 429 if isinstance(error, stripe.RateLimitError) else error.http_status or 0
            raise refusal(status, words, error.request_id, path, error.code) from None
        return Answer(answer.body, _second_of(answer.headers.get("Date")))

    def _get(self, path: str, parameters: Mapping[str, object]) -> Any:
        """One request, as soon as Stripe's rates let it leave."""
        self.pace("/".join(path.split("/", 4)[:3]))
        self._go_on()
        return self._client.raw_request("get", path, **parameters)

    def _sleep(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self._go_on()
            self.sleep(1)

    def _go_on(self) -> None:
        if self.should_stop():
            raise Stopped

    def pages(
        self, cursors: Mapping[str, str], now: int, changes: Sequence[Change] = ()
    ) -> Iterator[SourcePage]:
        yield from Pull(self.read, self.start, cursors, now).pages(changes)

    def refetch(self, object_ids: Sequence[str]) -> Iterator[SourcePage]:
        yield from refetch(self.read, object_ids)


def _wait_s(state: RetryCallState) -> int:
    """1, 2, 4 ... seconds; what `Retry-After` says where it is there."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = (getattr(error, "headers", None) or {}).get("Retry-After", "")
    wanted = int(asked) if asked.isdecimal() else 1 << (state.attempt_number - 1)
    return min(wanted, LONGEST_WAIT_S)


def _second_of(date: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except ValueError:
        return None
