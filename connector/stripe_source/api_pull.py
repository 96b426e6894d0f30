"""One pull over Stripe's API: what changed, by events; what is new, by lists; what may have changed unseen, once a day.

The lists that a charge or refund is decided by are read before it, and refunds and charges oldest first: a pull that
breaks off leaves nothing in the state that newer facts would have decided otherwise. Everything is read up to one
second, the earlier of our clock and Stripe's. A list's cursor moves with the last page of a window. Where nothing is
new a pull costs three requests: Stripe allows only so many reads a month (https://docs.stripe.com/rate-limits).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from connector.planning.stripe_facts import Charge, PaymentIntent, Refund
from connector.stripe_source.api_changes import fetch, is_outage, note_changes
from connector.stripe_source.api_lists import (
    CHARGES,
    DAY,
    INVOICE_PAYMENTS,
    PAGE_SIZE,
    REFUNDS,
    RELATED,
    Listing,
    Pairs,
    Progress,
    Reader,
    Refused,
    Watch,
    decode_progress,
    next_length,
    read_list,
    split_list,
)
from connector.stripe_source.api_related import Objects, Related
from connector.stripe_source.changes import Change
from connector.stripe_source.source import SourcePage, read_objects

# Pages of a window are held until its oldest has come.
MOST_HELD = 20
# A charge this young may have a checkout session that is not complete yet.
YOUNG_S = 120


@dataclass(frozen=True, slots=True)
class Look:
    """The newest page of a list since its cursor: whether it is all there is, and whether anything on it is new."""

    listing: Listing
    place: Progress | None
    pairs: Pairs
    whole: bool
    fresh: bool


class Pull:
    """`start` is the second of `stripe.start`; `cursors` are those stored by the last pull that stored any."""

    def __init__(self, read: Reader, start: int, cursors: Mapping[str, str], now: int) -> None:
        self.read = Watch(read)
        self.start = start
        self.cursors = cursors
        self.until = now
        self.related = Related(self.read)
        self.waiting: dict[str, Change] = {}

    def pages(self, changes: Sequence[Change]) -> Iterator[SourcePage]:
        """All pages, in the order in which they are to be stored; `changes` wait from before."""
        self.waiting = {change.object_id: change for change in changes}
        for page in note_changes(self.read, self.cursors, self.until):
            self.waiting.update((change.object_id, change) for change in page.noted)
            yield page
        self.until = self.read.until(self.until)
        outage = is_outage(self.cursors, self.until)
        refused: Refused | None = None
        for page in chain(self._new(), self._read_again(outage)):
            yield self._seen(page)
        for change in list(self.waiting.values()):
            if change.object_id in self.waiting:
                try:
                    for page in self._around(fetch(self.read, change, self.related)):
                        yield self._seen(page)
                    # An object that is gone, or that came in another's place, is done with too.
                    yield SourcePage(done=(change.object_id,))
                except Refused as error:
                    # It stays noted; the others are not its prisoners.
                    refused = refused or error
        if refused is not None:
            raise refused

    def _seen(self, page: SourcePage) -> SourcePage:
        """What has come by needs no reading of its own."""
        for parsed, _ in page.objects:
            self.waiting.pop(parsed.object_id, None)
        return page

    def _new(self) -> Iterator[SourcePage]:
        """New charges and refunds, what they are decided by before them."""
        looks = [self._look(listing) for listing in (CHARGES, REFUNDS) if self.start <= self.until]
        if any(look.fresh for look in looks):
            for listing in RELATED:
                yield from self._windows(listing, self._place(listing))
        for look in looks:
            if look.whole:
                yield from self._window([look.pairs], known_of(look.place))
                yield self._cursor(look.listing, self.until, look.pairs)
            else:
                yield from self._windows(look.listing, look.place)

    # ------------------------------------------------------------------------------------------ what is new

    def _place(self, listing: Listing) -> Progress | None:
        return decode_progress(self.cursors.get(listing.cursor), self.start)

    def _begin(self, listing: Listing, place: Progress | None) -> int:
        first = 0 if listing.lead_s is None else max(self.start - listing.lead_s, 0)
        return first if place is None else max(first, min(place.until, self.until) - listing.overlap_s)

    def _look(self, listing: Listing) -> Look:
        place = self._place(listing)
        parameters = listing.parameters(self._begin(listing, place), self.until)
        answer = self.read(listing.path, {**parameters, "limit": PAGE_SIZE})
        pairs, has_more = split_list(answer.text, listing.path)
        fresh = has_more or any(raw["id"] not in known_of(place) for raw, _ in pairs)
        return Look(listing, place, pairs, not has_more, fresh)

    def _cursor(self, listing: Listing, end: int, pairs: Pairs) -> SourcePage:
        late = [raw["id"] for raw, _ in pairs if _second_of(raw) >= end - listing.overlap_s]
        return SourcePage(cursor=(listing.cursor, Progress(self.start, end, frozenset(late)).encode()))

    def _windows(self, listing: Listing, place: Progress | None) -> Iterator[SourcePage]:
        """Window after window up to `until`; the cursor comes with the last page of each."""
        begin = self._begin(listing, place)
        length = self.until if listing.lead_s is None else max(DAY, 2 * listing.overlap_s)
        while begin <= self.until:
            end = min(begin + length, self.until)
            pages = self._listed(listing, begin, end)
            if pages is None:
                length //= 8
                continue
            count = 0
            late: Pairs = []
            for pairs in pages:
                count += 1
                late += [(raw, b"") for raw, _ in pairs if _second_of(raw) >= end - listing.overlap_s]
                yield from self._window([pairs], known_of(place))
            # Only charges and refunds are looked at before they are read.
            yield self._cursor(listing, end, late if listing in (CHARGES, REFUNDS) else [])
            length = next_length(length, count)
            # What a list shows late, it shows lately: the next pull begins before the end of this one.
            begin = end + 1

    def _listed(self, listing: Listing, begin: int, end: int) -> Iterable[Pairs] | None:
        """The pages of these seconds, the oldest first where that matters; None where they are too many to be held."""
        pages: Iterator[Pairs] = read_list(self.read, listing.path, listing.parameters(begin, end))
        if not listing.oldest_first:
            return pages
        held = list(islice(pages, MOST_HELD))
        more = next(pages, None)
        if more is not None and begin < end:
            return None
        rest: list[Pairs] = [] if more is None else [more, *pages]
        oldest_first: list[Pairs] = [*held, *rest][::-1]
        return oldest_first

    def _window(self, pages: Iterable[Pairs], known: frozenset[str]) -> Iterator[SourcePage]:
        """Pages of a list; what is `known` was read by the last pull, with all that belongs to it."""
        for pairs in pages:
            again = [pair for pair in pairs if pair[0]["id"] in known]
            new = [pair for pair in pairs if pair[0]["id"] not in known]
            if again:
                yield SourcePage(read_objects(again))
            if new:
                yield from self._around(self.related.objects(new))

    def _around(self, page: Objects) -> Iterator[SourcePage]:
        """Objects, what belongs to them before them."""
        objects = [*self.related.charges(page), *page]
        for around in self.related.around(objects):
            yield SourcePage(around)
        for sold in self.related.sales(self._unlisted(objects)):
            yield SourcePage(sold)
        for moved in self.related.connected(objects):
            yield SourcePage(moved)
        yield SourcePage(objects)

    def _unlisted(self, objects: Objects) -> list[Charge]:
        """Charges whose sale the lists do not show: it was made before they begin, or so lately that it may be missing.

        Refunds from before the start are not synced, and need no sale.
        """
        facts = [parsed.fact for parsed, _ in objects]
        refunds = [one for one in facts if isinstance(one, Refund) and one.created >= self.start]
        named = {i for one in refunds for i in (one.charge_id, one.payment_intent_id) if i is not None}
        intents = {one.payment_intent_id: one.created for one in facts if isinstance(one, PaymentIntent)}
        covered = self.start - (INVOICE_PAYMENTS.lead_s or 0)
        unlisted = []
        for charge in facts:
            if not isinstance(charge, Charge):
                continue
            intent_id = charge.payment_intent_id
            if charge.created < self.start:
                missing = charge.charge_id in named or intent_id in named
            else:
                billed = intents.get(intent_id or "", charge.created)
                missing = charge.created > self.until - YOUNG_S or billed < covered
            if missing:
                unlisted.append(charge)
        return unlisted

    # ------------------------------------------------------------------------------------------ once a day

    def _read_again(self, outage: bool) -> Iterator[SourcePage]:
        """What may have changed since it was last read again, though no event told; not right after the first pull."""
        for listing in (*RELATED, CHARGES, REFUNDS):
            last = _last_time(self.cursors.get(listing.open_cursor))
            if not listing.reread_s or (last is not None and 0 <= self.until - last < DAY and not outage):
                continue
            if self._place(listing) is not None:
                since = self.until if last is None else min(last, self.until)
                begin = max(self._begin(listing, None), since - listing.reread_s)
                for pairs in read_list(self.read, listing.path, listing.parameters(begin, self.until)):
                    yield SourcePage(self.related.objects(pairs))
            yield SourcePage(cursor=(listing.open_cursor, json.dumps({"at": self.until})))


def known_of(place: Progress | None) -> frozenset[str]:
    return place.seen if place is not None else frozenset()


def _second_of(raw: Mapping[str, object]) -> int:
    created = raw.get("created")
    return created if isinstance(created, int) else 0


def _last_time(text: str | None) -> int | None:
    try:
        return int(json.loads(text or "null")["at"])
    except (ValueError, TypeError, KeyError):
        return None
