"""Where the objects of an organisation lie: by kind and id, by number, contact, date, reference; and what lists see."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator

from vendors.xero.undo import Undo
from vendors.xero.wire import Json, plain

# Which field names an object of a kind, beside its id.
NUMBERS = {
    "Invoices": "InvoiceNumber",
    "CreditNotes": "CreditNoteNumber",
    "Contacts": "ContactNumber",
    "Accounts": "Code",
    "Items": "Code",
    "TaxRates": "TaxType",
}
Index = defaultdict[tuple[str, str, str], dict[str, None]]


def keys_of(kind: str, one: Json) -> Iterator[tuple[str, str]]:
    """What an object is found by: the name of a field and its value, without case and accents."""
    if kind in NUMBERS and one.get(NUMBERS[kind]):
        yield "number", plain(one[NUMBERS[kind]])
    if kind == "Contacts":
        yield "Name", plain(one["Name"])
        if one.get("EmailAddress"):
            yield "EmailAddress", plain(one["EmailAddress"])
        return
    if one.get("Reference"):
        yield "Reference", plain(one["Reference"])
    if "Contact" in one:
        yield "Contact.ContactID", one["Contact"]["ContactID"]
    if kind == "Payments":
        yield "Invoice.InvoiceID", one["_paid"][1]


class Shelf:
    """Objects are replaced, never changed in place, so that a list may see an older one for `lag` seconds."""

    def __init__(self, undo: Undo) -> None:
        self.kinds: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self._undo = undo
        self._index: Index = defaultdict(dict)
        self._dates: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        # What changed lately: when, kind, id and what stood there before.
        self._recent: deque[tuple[float, str, str, Json | None]] = deque()

    def get(self, kind: str, object_id: str) -> Json | None:
        return self.kinds[kind].get(object_id.lower())

    def by(self, kind: str, field: str, value: str) -> list[Json]:
        """Current objects by `number`, `Name`, `Reference` and what else `keys_of` says."""
        return [self.kinds[kind][one] for one in self._index[kind, field, plain(value)]]

    def put(self, kind: str, object_id: str, one: Json, now: float, lag: int) -> None:
        old = self.kinds[kind].get(object_id)
        self._set(kind, object_id, one)
        self._undo.note(lambda: self._set(kind, object_id, old))
        if lag:
            change = (now, kind, object_id, old)
            self._recent.append(change)
            self._undo.note(lambda: self._recent.remove(change))

    def _set(self, kind: str, object_id: str, new: Json | None) -> None:
        rows = self.kinds[kind]
        old = rows.get(object_id)
        if old is not None:
            self._forget(kind, object_id, old)
        if new is None:
            rows.pop(object_id, None)
            return
        rows[object_id] = new
        for field, value in keys_of(kind, new):
            self._index[kind, field, value][object_id] = None
        if "Date" in new:
            insort(self._dates[kind], (new["Date"], object_id))

    def _forget(self, kind: str, object_id: str, old: Json) -> None:
        for field, value in keys_of(kind, old):
            self._index[kind, field, value].pop(object_id, None)
        if "Date" in old:
            dates = self._dates[kind]
            del dates[bisect_left(dates, (old["Date"], object_id))]

    # ------------------------------------------------------------------------------------- what lists see

    def seen(self, kind: str, ids: Iterable[str] | None, now: float, lag: int) -> list[Json]:
        """The objects, `ids` alone where they are given, as they were `lag` seconds ago."""
        rows = self.kinds[kind]
        if not lag or not self._recent:
            return list(rows.values()) if ids is None else [rows[one] for one in ids if one in rows]
        while self._recent and self._recent[0][0] <= now - lag:
            self._recent.popleft()
        before: dict[str, Json | None] = {}
        for _, changed, object_id, old in self._recent:
            if changed == kind:
                before.setdefault(object_id, old)
        wanted = list(rows) if ids is None else list(dict.fromkeys([*ids, *before]))
        found = (before[one] if one in before else rows.get(one) for one in wanted)
        return [one for one in found if one is not None]

    def ids_by(self, kind: str, field: str, value: str) -> list[str]:
        return list(self._index[kind, field, plain(value)])

    def ids_by_date(self, kind: str, first: str | None, last: str | None) -> list[str]:
        """Between two days, both included."""
        dates = self._dates[kind]
        start = 0 if first is None else bisect_left(dates, (first, ""))
        end = len(dates) if last is None else bisect_right(dates, (last, "\uffff"))
        return [object_id for _, object_id in dates[start:end]]


Finder = Callable[[str], Json | None]
