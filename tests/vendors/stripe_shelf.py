"""Objects of one Stripe account by id, and in the order of Stripe's lists by kind and by what lists filter on.

No request walks through all objects: a list is an index in order of creation, entered by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from heapq import merge
from itertools import count
from typing import Any

from vendors.stripe_tables import INDEXED

Json = dict[str, Any]

# (created, number in order of arrival, id); within one second what arrived later is the newer.
Place = tuple[int, int, str]
Border = tuple[int, int]
FIRST: Border = (-1, 0)
LAST: Border = (1 << 60, 0)

_NONE: list[Place] = []


class Shelf(MutableMapping[str, Json]):
    """Keeps the dictionaries it is given; whoever changes one calls `replace_fields`, or the indexes go stale."""

    def __init__(self) -> None:
        self._objects: dict[str, Json] = {}
        self._places: dict[str, Place] = {}
        self._entries: dict[str, list[tuple[str, str, str]]] = {}
        self._indexes: dict[tuple[str, str, str], list[Place]] = {}
        self._values: dict[tuple[str, str], set[str]] = {}
        self._numbers = count(1)

    def __getitem__(self, object_id: str) -> Json:
        return self._objects[object_id]

    def __setitem__(self, object_id: str, stripe_object: Json) -> None:
        """An object put again keeps its place in the second it was made."""
        known = self._places.get(object_id)
        if known is not None:
            self._leave(object_id)
        number = next(self._numbers) if known is None else known[1]
        place = (stripe_object["created"], number, object_id)
        self._objects[object_id] = stripe_object
        self._places[object_id] = place
        self._entries[object_id] = entries = list(_entries_of(stripe_object))
        for entry in entries:
            insort(self._indexes.setdefault(entry, []), place)
            self._values.setdefault(entry[:2], set()).add(entry[2])

    def __delitem__(self, object_id: str) -> None:
        self._leave(object_id)
        del self._objects[object_id], self._places[object_id], self._entries[object_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def _leave(self, object_id: str) -> None:
        place = self._places[object_id]
        for entry in self._entries[object_id]:
            index = self._indexes[entry]
            del index[bisect_left(index, place)]

    def replace_fields(self, object_id: str, fields: Json) -> None:
        """In place: whoever holds the object sees the new values."""
        one = self._objects[object_id]
        one.update(fields)
        if "created" in fields or list(_entries_of(one)) != self._entries[object_id]:
            self[object_id] = one

    def place(self, object_id: str) -> Border:
        created, number, _ = self._places[object_id]
        return created, number

    def index(self, kind: str, name: str = "", value: str = "") -> Sequence[Place]:
        """All of a kind, or those whose field `name` is `value`; oldest first."""
        return self._indexes.get((kind, name, value), _NONE)

    def known_values(self, kind: str, name: str) -> set[str]:
        """The values that an indexed field has had."""
        return self._values.get((kind, name), set())

    def newest_first(
        self, indexes: Iterable[Sequence[Place]], low: Border = FIRST, high: Border = LAST
    ) -> Iterator[Json]:
        """What stands in any of these indexes at `low` or later and before `high`."""
        walks = [_backwards(index, low, high) for index in indexes]
        found = walks[0] if len(walks) == 1 else merge(*walks, reverse=True)
        return (self._objects[object_id] for _, _, object_id in found)

    def oldest_first(
        self, indexes: Iterable[Sequence[Place]], low: Border = FIRST, high: Border = LAST
    ) -> Iterator[Json]:
        walks = [_forwards(index, low, high) for index in indexes]
        found = walks[0] if len(walks) == 1 else merge(*walks)
        return (self._objects[object_id] for _, _, object_id in found)

    def of_kind(self, kind: str, name: str = "", value: str = "") -> list[Json]:
        """Newest first, all of them."""
        return list(self.newest_first([self.index(kind, name, value)]))


def _entries_of(one: Json) -> Iterator[tuple[str, str, str]]:
    kind = one["object"]
    yield kind, "", ""
    for name in INDEXED.get(kind, ()):
        value = one.get(name)
        if name == "payment":
            paid = value if isinstance(value, dict) else {}
            value = paid.get(paid.get("type"))
        if value is not None:
            yield kind, name, str(value).lower() if isinstance(value, bool) else str(value)


def _backwards(index: Sequence[Place], low: Border, high: Border) -> Iterator[Place]:
    for at in range(bisect_left(index, high) - 1, bisect_left(index, low) - 1, -1):
        yield index[at]


def _forwards(index: Sequence[Place], low: Border, high: Border) -> Iterator[Place]:
    for at in range(bisect_left(index, low), bisect_left(index, high)):
        yield index[at]
