"""Stripe's API as a source: what may be new or changed, by lists; single refunds and charges, by id.

The lists a charge or refund is decided by are read before it, and refunds and charges oldest first: a pull that
breaks off leaves nothing in the state that newer facts would have decided otherwise. Everything is read up to one
second, the earlier of our clock and Stripe's. A list's cursor moves with the last page of a window.

stripe-python is loaded with this module and nowhere else. Its `StripeClient` retries 5xx and broken connections
only as often as it is told to, and 429 never (https://docs.stripe.com/rate-limits): that is done here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import stripe
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from connector.errors import InputError, LedgerDown
from connector.planning.model import Charge, Invoice, Refund
from connector.stripe_source.api_errors import refusal, unreachable
from connector.stripe_source.api_lists import (
    CHARGE_PARTS,
    CHARGES,
    DAY,
    HOUR,
    REFUND_PARTS,
    REFUNDS,
    RELATED,
    Answer,
    Listing,
    Missing,
    Pairs,
    Progress,
    decode_progress,
    expand_in_list,
    next_length,
    read_list,
    read_object,
    split_list,
)
from connector.stripe_source.api_related import Objects, Related
from connector.stripe_source.source import Source, SourcePage

# No file of an id in the home directory, no report on the last request in the next one.
stripe.enable_telemetry = False

TRIES_WHEN_THROTTLED = 6
LONGEST_WAIT_S = 20
# A charge this young may have a checkout session that is not complete yet.
YOUNG_S = 120
_ID = re.compile(r"[A-Za-z0-9_]+").fullmatch


class ApiSource:
    """Reads through `StripeClient`; only GET. `start` is in seconds since 1970, `account` a connected account's id."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        account: str | None,
        start: int,
        sleep: Callable[[float], None],
        network_retries: int = 2,
        timeout: tuple[int, int] = (5, 30),
    ) -> None:
        self.base_url = base_url.rstrip("/")
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
            sleep=sleep,
            reraise=True,
        )

    def read(self, path: str, parameters: Mapping[str, object]) -> Answer:
        """One GET. Raises `LedgerDown` with the sentence for a person, `Missing` where there is no such object."""
        try:
            answer = self._retrying(self._client.raw_request, "get", path, **parameters)
        except stripe.APIConnectionError as error:
            raise unreachable(self.base_url, type(error.__cause__).__name__) from None
        except stripe.StripeError as error:
            words = error.user_message if error.error is not None else None
            # Some limits answer 400: https://docs.stripe.com/rate-limits
            status = 429 if isinstance(error, stripe.RateLimitError) else error.http_status or 0
            raise refusal(status, words, error.request_id, path) from None
        return Answer(answer.body, _second_of(answer.headers.get("Date")))

    # ------------------------------------------------------------------------------------------ lists

    def pages(self, cursors: Mapping[str, str], now: int) -> Iterator[SourcePage]:
        related = Related(self.read)
        fresh, until = self._look_ahead(cursors, now)
        places = [decode_progress(cursors.get(one.cursor), self.start) for one in (CHARGES, REFUNDS)]
        newest = max((place.newest for place in places if place is not None), default=0)
        lively = fresh or until - newest < DAY
        for listing in RELATED:
            place = decode_progress(cursors.get(listing.cursor), self.start)
            # Where nothing happens, five requests at every run would be more than Stripe allows in a month.
            if lively or place is None or until - place.until >= HOUR:
                yield from self._windows(listing, place, until, related)
        for listing, place in zip((CHARGES, REFUNDS), places, strict=True):
            if fresh:
                yield from self._windows(listing, place, until, related)
            elif self.start <= until:
                yield SourcePage((), (listing.cursor, Progress(self.start, until, newest).encode()))
        for listing in (*RELATED, CHARGES, REFUNDS):
            yield from self._read_again(listing, cursors, until, related)

    def _look_ahead(self, cursors: Mapping[str, str], now: int) -> tuple[bool, int]:
        """Whether there is a new charge or refund, and the second up to which this pull reads."""
        fresh = False
        for listing in (CHARGES, REFUNDS):
            begin = self._begin(listing, decode_progress(cursors.get(listing.cursor), self.start), now)
            if begin > now:
                continue
            answer = self.read(listing.path, {"created": {"gte": begin, "lte": now}, "limit": 1})
            pairs, _ = split_list(answer.text, listing.path)
            fresh = fresh or bool(pairs)
            if answer.date is not None:
                now = min(now, answer.date)
        return fresh, now

    def _begin(self, listing: Listing, place: Progress | None, now: int) -> int:
        first = 0 if listing.lead_s is None else max(self.start - listing.lead_s, 0)
        return first if place is None else max(first, min(place.until, now) - listing.overlap_s)

    def _windows(
        self, listing: Listing, place: Progress | None, until: int, related: Related
    ) -> Iterator[SourcePage]:
        """Window after window up to `until`; the cursor comes with the last page of each."""
        begin = self._begin(listing, place, until)
        newest = place.newest if place is not None else 0
        shortest = 2 * listing.overlap_s
        length = until if listing.lead_s is None else max(DAY, shortest)
        while begin <= until:
            end = min(begin + length, until)
            pages = 0
            for objects in self._window(listing, begin, end, related):
                pages += 1
                newest = max([newest, *(p.created for p, _ in objects if p.kind in ("charge", "refund"))])
                yield SourcePage(objects)
            yield SourcePage((), (listing.cursor, Progress(self.start, end, newest).encode()))
            if end == until:
                return
            length = max(next_length(length, pages), shortest)
            begin = end - listing.overlap_s

    def _window(self, listing: Listing, begin: int, end: int, related: Related) -> Iterator[Objects]:
        """The objects made in these seconds, what belongs to them before them."""
        listed = read_list(self.read, listing.path, listing.parameters(begin, end))
        pages: Iterable[Objects] = map(related.objects, listed)
        if listing.oldest_first:
            pages = reversed(list(pages))
        for page in pages:
            objects = [*related.charges(page), *page]
            yield from related.around(objects)
            yield from related.sales(self._unlisted(objects, end))
            yield objects

    def _unlisted(self, objects: Objects, end: int) -> list[Charge]:
        """Charges whose sale the lists do not show: made before they begin, or so lately that it may be missing."""
        charges = [parsed.fact for parsed, _ in objects if isinstance(parsed.fact, Charge)]
        return [one for one in charges if one.created < self.start or one.created > end - YOUNG_S]

    def _read_again(
        self, listing: Listing, cursors: Mapping[str, str], until: int, related: Related
    ) -> Iterator[SourcePage]:
        """Once a day what was made lately and may have changed since; not right after the first pull of all."""
        if not listing.reread_s:
            return
        last = _last_time(cursors.get(listing.open_cursor))
        if last is not None and 0 <= until - last < DAY:
            return
        if decode_progress(cursors.get(listing.cursor), self.start) is not None:
            begin = max(self._begin(listing, None, until), until - listing.reread_s)
            for pairs in read_list(self.read, listing.path, listing.parameters(begin, until)):
                yield SourcePage(related.objects(pairs))
        yield SourcePage((), (listing.open_cursor, json.dumps({"at": until})))

    # ------------------------------------------------------------------------------------------ single objects

    def refetch(self, object_ids: Sequence[str]) -> Iterator[SourcePage]:
        """Each refund or charge with its charge, all refunds of that, its invoice, session, notes and disputes.

        Raises `InputError` for an id that is neither.
        """
        related = Related(self.read)
        done: set[str] = set()
        for object_id in object_ids:
            if object_id not in done:
                objects = self._single(object_id, related)
                yield from self._surroundings(objects, related, done)

    def _single(self, object_id: str, related: Related) -> Objects:
        ways = [("/v1/refunds", REFUND_PARTS), ("/v1/charges", CHARGE_PARTS)]
        # Prefixes are no contract: they say what to try first.
        if not object_id.startswith(("re_", "pyr_")):
            ways.reverse()
        for path, parts in ways if _ID(object_id) else ():
            try:
                return related.objects([self._get(f"{path}/{object_id}", parts)])
            except Missing:
                continue
        raise InputError(
            f"Stripe has no refund and no charge {object_id}; check the id, and stripe.account where the charge is "
            f"a connected account's"
        )

    def _get(self, path: str, parts: tuple[str, ...]) -> tuple[dict[str, Any], bytes]:
        return read_object(self.read(path, {"expand": list(parts)}).text, path)

    def _surroundings(self, objects: Objects, related: Related, done: set[str]) -> Iterator[SourcePage]:
        objects = [*related.charges(objects), *objects]
        charge = next((p.fact for p, _ in objects if isinstance(p.fact, Charge)), None)
        if charge is not None and charge.charge_id not in done:
            invoice_ids: set[str] = set()
            for sold in related.sales([charge]):
                invoice_ids.update(p.object_id for p, _ in sold if isinstance(p.fact, Invoice))
                for page in (*related.prices(sold), sold):
                    yield SourcePage(page)
            for page in related.notes_and_disputes(charge.charge_id, sorted(invoice_ids)):
                yield SourcePage(page)
            objects = [*objects, *self._refunds_of(charge.charge_id, related)]
            done.add(charge.charge_id)
        done.update(p.object_id for p, _ in objects if isinstance(p.fact, Refund))
        yield SourcePage(objects)

    def _refunds_of(self, charge_id: str, related: Related) -> Objects:
        pairs: Pairs = []
        parameters = {"charge": charge_id, "expand": expand_in_list(REFUND_PARTS)}
        for page in read_list(self.read, REFUNDS.path, parameters):
            pairs.extend(page)
        return related.objects(pairs)


def check_access(source: Source) -> list[str]:
    """What the key may not read, one sentence each; nothing for a source without a key.

    One read a resource. Raises `LedgerDown` where Stripe cannot be asked.
    """
    problems: list[str] = []
    if not isinstance(source, ApiSource):
        return problems
    unlisted = ("balance_transactions", "customers", "invoices", "payment_intents", "products")
    for path in (
        CHARGES.path,
        REFUNDS.path,
        *(one.path for one in RELATED),
        *(f"/v1/{one}" for one in unlisted),
    ):
        try:
            source.read(path, {"limit": 1})
        except LedgerDown as error:
            if error.code != "unauthorised":
                raise
            if str(error) not in problems:
                problems.append(str(error))
    return problems


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


def _last_time(text: str | None) -> int | None:
    try:
        return int(json.loads(text or "null")["at"])
    except (ValueError, TypeError, KeyError):
        return None
