"""Where the objects of a company lie: by kind and id, with what queries see of them and what was deleted."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator

from vendors.quickbooks.ledger import Key
from vendors.quickbooks.undo import Undo
from vendors.quickbooks.wire import Json


class Shelf:
    """Objects are replaced, never changed in place, so that a query may see an older one for `lag()` seconds."""

    def __init__(self, undo: Undo, now: Callable[[], float], lag: Callable[[], int]) -> None:
        self.kinds: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self.deleted: dict[Key, float] = {}
        self._undo = undo
        self._now = now
        self.lag = lag
        self._seen: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self._seen_numbers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._numbers: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._waiting: deque[tuple[float, str, str, Json | None]] = deque()

    def get(self, kind: str, object_id: str) -> Json | None:
        return self.kinds[kind].get(object_id)

    def put(self, kind: str, one: Json) -> None:
        self._change(kind, one["Id"], one)

    def drop(self, kind: str, object_id: str) -> None:
        self._change(kind, object_id, None)
        self.deleted[kind, object_id] = self._now()
        self._undo.note(lambda: self.deleted.__delitem__((kind, object_id)))

    def numbered(self, kind: str, number: str) -> list[str]:
        """Ids of the documents with this DocNumber as it is now, the first made first."""
        return list(self._numbers[kind, number.casefold()])

    def _change(self, kind: str, object_id: str, new: Json | None) -> None:
        old = self.get(kind, object_id)
        self._set(kind, object_id, new)
        self._undo.note(lambda: self._set(kind, object_id, old))
        waiting = (self._now() + self.lag(), kind, object_id, new)
        self._waiting.append(waiting)
        self._undo.note(lambda: self._waiting.remove(waiting))

    def _set(self, kind: str, object_id: str, new: Json | None) -> None:
        old = self.kinds[kind].pop(object_id, None)
        if old is not None and old.get("DocNumber"):
            self._numbers[kind, old["DocNumber"].casefold()].pop(object_id, None)
        if new is not None:
            self.kinds[kind][object_id] = new
            if new.get("DocNumber"):
                self._numbers[kind, new["DocNumber"].casefold()][object_id] = None

    # ------------------------------------------------------------------------------------- what queries see

    def _catch_up(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._now():
            _, kind, object_id, new = self._waiting.popleft()
            old = self._seen[kind].pop(object_id, None)
            if old is not None and old.get("DocNumber"):
                self._seen_numbers[kind, old["DocNumber"].casefold()].discard(object_id)
            if new is not None:
                self._seen[kind][object_id] = new
                if new.get("DocNumber"):
                    self._seen_numbers[kind, new["DocNumber"].casefold()].add(object_id)

    def seen(self, kind: str) -> Iterator[Json]:
        self._catch_up()
        return iter(self._seen[kind].values())

    def seen_by_id(self, kind: str, object_id: str) -> Iterator[Json]:
        self._catch_up()
        one = self._seen[kind].get(object_id)
        return iter(() if one is None else (one,))

    def seen_by_number(self, kind: str, number: str) -> Iterator[Json]:
        self._catch_up()
        ids = self._seen_numbers[kind, number.casefold()]
        return iter([self._seen[kind][one] for one in ids])
