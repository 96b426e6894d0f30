"""Reads of an account's lists, by SuiteQL or record by record, that cope with what the role may not see.

A table that the role may not read is answered as one that does not exist, and a column as a field that is not exposed,
which also happens where its feature is off: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from connector.ledgers.contract import Answer, Request, Steps
from connector.ledgers.json_wire import JSON_TYPE, Row, encode
from connector.ledgers.netsuite_faults import Fault, fault_of, is_forbidden, is_login, is_throttled, not_found
from connector.ledgers.netsuite_wire import PAGE, RECORDS, SUITEQL, TRANSIENT, page_of, read_body, text_of

NO_TABLE = re.compile(r"\b(?:record|table)\s+\W?\w+\W?\s+(?:was not found|does not exist)", re.IGNORECASE)
NO_COLUMN = re.compile(r"\b(?:field|column)\s+\W?(\w+)\W", re.IGNORECASE)


class Tables:
    """How lists are read in this survey. `suiteql` turns False when it is refused as such; `refused` gathers the lists and
    record types that the role may not read, in small letters; `answer` is the last one that came."""

    def __init__(self) -> None:
        self.suiteql = True
        self.refused: set[str] = set()
        self.answer: Answer | None = None

    def rows(self, table: str, columns: Sequence[str], where: str = "") -> Steps[list[Row] | None]:
        """All rows of a table, by id; a column that is not there is missing in them. None where the table cannot be read.
        Pages begin behind the last id, so that what is written meanwhile moves none. Raises `LedgerDown`."""
        rows: list[Row] = []
        wanted, last = list(columns), "0"
        while True:
            beyond = [f"id > {last}"] if last != "0" else []
            conditions = [*([f"({where})"] if where else []), *beyond]
            asked = ["SELECT", ", ".join(wanted), "FROM", table]
            if conditions:
                asked += ["WHERE", " AND ".join(conditions)]
            query = " ".join((*asked, "ORDER BY id"))
            self.answer = yield Request(
                "POST", f"{SUITEQL}?limit={PAGE}&offset=0", encode({"q": query}), (*JSON_TYPE, TRANSIENT)
            )
            fault = fault_of(self.answer)
            missing = missing_column(fault, wanted)
            if missing is not None:
                wanted.remove(missing)
                continue
            if fault is not None and self.is_refused(fault, table):
                return None
            found = page_of(read_body(self.answer))
            rows += found
            last = text_of(found[-1], "id") or "0" if found else "0"
            if len(found) < PAGE or not last.isdecimal() or last == "0":
                return rows

    def is_refused(self, fault: Fault, table: str) -> bool:
        """Whether the table cannot be read, or SuiteQL cannot be used at all; both are noted."""
        if is_forbidden(fault) or (fault.status in (404, 405) and fault.codes):
            self.suiteql = False
            return True
        if fault.status == 400 and NO_TABLE.search(fault.words):
            self.refused.add(table.lower())
            return True
        return False

    # ------------------------------------------------------------------------------------------ record by record

    def record(self, record: str, name: str) -> Steps[Row | None]:
        """One record by its internal id; None where there is none, or the role may not read it. Raises `LedgerDown`."""
        return (yield from self.ask(record, f"{RECORDS}/{record}/{quote(name, safe='')}"))

    def ids(self, record: str, q: str) -> Steps[list[str] | None]:
        """Internal ids of at most a page of the records that a filter finds, of all where it is empty; None where it cannot
        be asked so."""
        asked = urlencode({**({"q": q} if q else {}), "limit": PAGE}, quote_via=quote)
        body = yield from self.ask(record, f"{RECORDS}/{record}?{asked}")
        return (
            None if body is None else [str(row["id"]) for row in page_of(body) if row.get("id") is not None]
        )

    def records(self, record: str, q: str) -> Steps[list[Row]]:
        """The records that a filter finds, in full; none where it cannot be asked so."""
        found = []
        for object_id in (yield from self.ids(record, q)) or ():
            row = yield from self.record(record, object_id)
            if row is not None:
                found.append(row)
        return found

    def may_read(self, record: str) -> Steps[bool]:
        """Whether the role may read records of this type; what it may not is noted."""
        return (yield from self.ask(record, f"{RECORDS}/{record}?limit=1")) is not None

    def ask(self, record: str, target: str, headers: tuple[tuple[str, str], ...] = ()) -> Steps[Row | None]:
        """The object in an answer; None where the role may not read it, or NetSuite knows no such thing or filter."""
        self.answer = yield Request("GET", target, headers=headers)
        fault = fault_of(self.answer)
        if fault is not None and is_forbidden(fault):
            self.refused.add(record.lower())
            return None
        if not_found(self.answer) or (fault is not None and is_no_such(fault)):
            return None
        return read_body(self.answer)


def is_no_such(fault: Fault) -> bool:
    """Whether NetSuite does not know what it was asked for, or cannot be asked so."""
    return fault.status == 400 and bool(fault.codes) and not is_throttled(fault) and not is_login(fault)


def missing_column(fault: Fault | None, columns: Iterable[str]) -> str | None:
    """The column that a query was refused for; None where it was not refused for one."""
    if fault is None or fault.status != 400:
        return None
    named = {word.lower() for word in NO_COLUMN.findall(fault.words)}
    return next((one for one in columns if one != "id" and plain_name(one) in named), None)


def plain_name(column: str) -> str:
    """The field in a column, which may stand in TO_CHAR( ) under the name behind it."""
    return column.rpartition(" ")[2].lower()
