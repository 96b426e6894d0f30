"""Finding records of NetSuite without SuiteQL: filters that give ids, and the records themselves.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545222128.html
Some accounts take no external id in the place of an internal one, and a field that a filter cannot use is refused; both are
noted, and asked for in another way, or not again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from urllib.parse import quote, urlencode

from connector.ledgers.contract import Answer, Request, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_faults import fault_of, is_forbidden, is_login, is_throttled, not_found
from connector.ledgers.netsuite_wire import PAGE, RECORDS, page_of, read_body

# As much of a filter as an address takes without trouble.
LONGEST = 3000
WHOLE = "?expandSubResources=true"


class Filters:
    """How records are found in one account. `eids`: whether an external id can stand in an address; `days`: whether a
    filter can name a day; `refused` are types, fields and comparisons that a filter cannot use."""

    def __init__(self) -> None:
        self.eids = True
        self.days = True
        self.refused: set[tuple[str, ...]] = set()
        # Records that were read, where a search need not read them twice.
        self.kept: dict[tuple[str, str], Row] | None = None

    def keeping(self) -> Filters:
        """The same for one search, which reads no record twice."""
        filters = Filters()
        filters.eids, filters.days, filters.refused = self.eids, self.days, self.refused
        filters.kept = {}
        return filters

    # ------------------------------------------------------------------------------------------ records

    def record(self, record: str, object_id: str) -> Steps[Row | None]:
        """One record with its lines; None where there is none. Raises `LedgerDown`."""
        known = self.kept.get((record, object_id)) if self.kept is not None else None
        if known is not None:
            return known
        answer = yield ask_record(record, object_id)
        row = None if not_found(answer) else read_body(answer)
        if row is not None and self.kept is not None:
            self.kept[record, object_id] = row
        return row

    def record_if_allowed(self, record: str, object_id: str) -> Steps[Row | None]:
        """The same; None also where the role may not read it."""
        answer = yield ask_record(record, object_id)
        fault = fault_of(answer)
        refused = fault is not None and (is_forbidden(fault) or is_no_such(answer))
        return None if not_found(answer) or refused else read_body(answer)

    def rows(self, record: str, ids: Iterable[str]) -> Steps[list[Row]]:
        found = []
        for object_id in ids:
            row = yield from self.record(record, object_id)
            if row is not None:
                found.append(row)
        return found

    def by_external_id(self, record: str, external_id: str) -> Steps[Row | None]:
        """The record with this external id; None where there is none. Raises `LedgerDown`."""
        if self.eids:
            answer = yield ask_record(record, f"eid:{external_id}")
            if not is_no_such(answer):
                return None if not_found(answer) else read_body(answer)
            self.eids = False
        rows = yield from self.find(record, either("externalId", "IS", [external_id]))
        return rows[0] if rows else None

    # ------------------------------------------------------------------------------------------ filters

    def find(self, record: str, terms: Sequence[str], since: date | None = None) -> Steps[list[Row]]:
        """The records that one of these terms finds, with their lines."""
        return (yield from self.rows(record, (yield from self.ids(record, terms, since))))

    def ids(
        self, record: str, terms: Sequence[str], since: date | None = None, spare: bool = False
    ) -> Steps[list[str]]:
        """Internal ids of what one of these terms finds; the day only spares reading. `spare`: nothing where such terms
        cannot be asked. Raises `LedgerDown`."""
        found: dict[str, None] = {}
        for some in packed(terms, since is not None):
            at, more = 0, True
            while more:
                ids, more = yield from self.page(record, some, since, at, PAGE, spare)
                found.update(dict.fromkeys(ids))
                at += PAGE
        return list(found)

    def page(
        self,
        record: str,
        terms: Sequence[str],
        since: date | None,
        at: int,
        size: int,
        spare: bool = False,
    ) -> Steps[tuple[list[str], bool]]:
        """A page of internal ids, and whether there are more. Raises `LedgerDown`."""
        kind = (record, *terms[0].split()[:2])
        if spare and kind in self.refused:
            return [], False
        answer = yield ask_ids(record, terms, since if self.days else None, at, size)
        if is_no_such(answer) and since is not None and self.days:
            without = yield ask_ids(record, terms, None, at, size)
            if not is_no_such(without):
                self.days, answer = False, without
        if is_no_such(answer) and spare:
            self.refused.add(kind)
            return [], False
        body = read_body(answer)
        rows = page_of(body)
        ids = [str(row["id"]) for row in rows if row.get("id") is not None]
        return ids, body.get("hasMore") is True and bool(rows)


def ask_ids(record: str, terms: Sequence[str], since: date | None, at: int, size: int) -> Request:
    """Without brackets: AND binds more than OR."""
    day = f' AND tranDate ON_OR_AFTER "{since}"' if since is not None else ""
    q = " OR ".join(f"{term}{day}" for term in terms)
    return Request(
        "GET", f"{RECORDS}/{record}?{urlencode({'q': q, 'limit': size, 'offset': at}, quote_via=quote)}"
    )


def ask_record(record: str, named: str) -> Request:
    return Request("GET", f"{RECORDS}/{record}/{quote(named, safe=':')}{WHOLE}")


def is_no_such(answer: Answer) -> bool:
    """Whether NetSuite cannot be asked so: it does not understand an id, a field or a value."""
    fault = fault_of(answer)
    if fault is None or is_throttled(fault) or is_login(fault) or is_forbidden(fault) or not_found(answer):
        return False
    return fault.status in (400, 405) and bool(fault.codes)


def either(field: str, how: str, values: Collection[str]) -> list[str]:
    """Terms of which one is to hold; a quotation mark cannot stand in one."""
    return [f'{field} {how} "{one}"' for one in sorted(set(values)) if one and '"' not in one]


def packed(terms: Iterable[str], dated: bool = False) -> Iterator[list[str]]:
    """As many terms in each as an address takes; `dated`: a day stands behind each."""
    some: list[str] = []
    length = 0
    for term in terms:
        more = len(term) + len(" OR ") + (45 if dated else 0)
        if some and length + more > LONGEST:
            yield some
            some, length = [], 0
        some.append(term)
        length += more
    if some:
        yield some


def lists_of_ids(values: Iterable[str], size: int = 100) -> Iterator[str]:
    """Internal ids as lists of a filter."""
    wanted = sorted({one for one in values if one.isdecimal()}, key=int)
    for at in range(0, len(wanted), size):
        yield ",".join(wanted[at : at + size])
