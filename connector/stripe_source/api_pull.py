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

from connector.planning.stripe_facts import Charge
from connector.stripe_source.api_changes import fetch, is_outage, note_changes
from connector.stripe_source.api_lists import (
    CHARGES,
    DAY,
    PAGE_SIZE,
    REFUNDS,
    RELATED,
    Listing,
    Pairs,
    Progress,
    Reader,
    Watch,
    decode_progress,
    next_length,
    read_list,
    split_list,
)
from connector.stripe_source.api_related import Objects, Related
from connector.stripe_source.changes import Change
from connector.stripe_source.source import SourcePage

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
        outage = is_outage(self.cursors, self.until)
        for page in note_changes(self.read, self.cursors, self.until):
            self.waiting.update((change.object_id, change) for change in page.noted)
            yield page
        self.until = self.read.until(self.until)
        for page in self._read():
            for parsed, _ in page.objects:
                self.waiting.pop(parsed.object_id, None)
            yield page
        for listing in (*RELATED, CHARGES, REFUNDS):
            yield from self._read_again(listing, outage)

    def _read(self) -> Iterator[SourcePage]:
        """What is new, and then what changed of what was there before."""
        looks = [self._look(listing) for listing in (CHARGES, REFUNDS) if self.start <= self.until]
        if any(look.fresh for look in looks):
            for listing in RELATED:
                yield from self._windows(listing, self._place(listing))
        for look in looks:
            if look.whole:
                yield from self._window([self.related.objects(look.pairs)])
                yield self._cursor(look.listing, self.until, look.pairs)
            else:
                yield from self._windows(look.listing, look.place)
        for change in list(self.waiting.values()):
            if change.object_id in self.waiting:
                yield from self._window([fetch(self.read, change, self.related)])
                # An object that is gone, or that came in another's place, is done with too.
                yield SourcePage(done=(change.object_id,))

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
        known = place.seen if place is not None else frozenset()
        fresh = has_more or any(raw["id"] not in known for raw, _ in pairs)
        return Look(listing, place, pairs, not has_more, fresh)

    def _cursor(self, listing: Listing, end: int, pairs: Pairs) -> SourcePage:
        late = [raw["id"] for raw, _ in pairs if _second_of(raw) >= end - listing.overlap_s]
        return SourcePage(cursor=(listing.cursor, Progress(self.start, end, frozenset(late)).encode()))

    def _windows(self, listing: Listing, place: Progress | None) -> Iterator[SourcePage]:
        """Window after window up to `until`; the cursor comes with the last page of each."""
        begin = self._begin(listing, place)
        shortest = 2 * listing.overlap_s
        length = self.until if listing.lead_s is None else max(DAY, shortest)
        while begin <= self.until:
            end = min(begin + length, self.until)
            count, late = 0, list[str]()
            listed = self._listed(listing, begin, end, late)
            for page in self._window(listed):
                count += 1
                yield page
            yield SourcePage(cursor=(listing.cursor, Progress(self.start, end, frozenset(late)).encode()))
            if end == self.until:
                return
            length = max(next_length(length, count), shortest)
            begin = end - listing.overlap_s

    def _listed(self, listing: Listing, begin: int, end: int, late: list[str]) -> Iterable[Objects]:
        """The objects made in these seconds; `late` is given the ids that the next window meets again."""
        seen = listing in (CHARGES, REFUNDS)

        def pages() -> Iterator[Objects]:
            for pairs in read_list(self.read, listing.path, listing.parameters(begin, end)):
                if seen:
                    late.extend(raw["id"] for raw, _ in pairs if _second_of(raw) >= end - listing.overlap_s)
                yield self.related.objects(pairs)

        return reversed(list(pages())) if listing.oldest_first else pages()

    def _window(self, listed: Iterable[Objects]) -> Iterator[SourcePage]:
        """Pages of a window, what belongs to their objects before them."""
        for page in listed:
            objects = [*self.related.charges(page), *page]
            for around in self.related.around(objects):
                yield SourcePage(around)
            for sold in self.related.sales(self._unlisted(objects)):
                yield SourcePage(sold)
            for moved in self.related.connected(objects):
                yield SourcePage(moved)
            yield SourcePage(objects)

    def _unlisted(self, objects: Objects) -> list[Charge]:
        """Charges whose sale the lists do not show: made before they begin, or so lately that it may be missing."""
        charges = [parsed.fact for parsed, _ in objects if isinstance(parsed.fact, Charge)]
        young = self.until - YOUNG_S
        return [one for one in charges if one.created < self.start or one.created > young]

    # ------------------------------------------------------------------------------------------ once a day

    def _read_again(self, listing: Listing, outage: bool) -> Iterator[SourcePage]:
        """What may have changed since it was last read again, though no event told; not right after the first pull."""
        if not listing.reread_s:
            return
        last = _last_time(self.cursors.get(listing.open_cursor))
        if last is not None and 0 <= self.until - last < DAY and not outage:
            return
        if self._place(listing) is not None:
            since = self.until if last is None else min(last, self.until)
            begin = max(self._begin(listing, None), since - listing.reread_s)
            for pairs in read_list(self.read, listing.path, listing.parameters(begin, self.until)):
                yield SourcePage(self.related.objects(pairs))
        yield SourcePage(cursor=(listing.open_cursor, json.dumps({"at": self.until})))


def _second_of(raw: Mapping[str, object]) -> int:
    created = raw.get("created")
    return created if isinstance(created, int) else 0


def _last_time(text: str | None) -> int | None:
    try:
        return int(json.loads(text or "null")["at"])
    except (ValueError, TypeError, KeyError):
        return None
