"""QuickBooks Online on the wire: exact JSON, queries, references and amounts.

Ids, SyncTokens and the `value` of a reference are text, amounts are JSON numbers with the currency's decimals.
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from connector.ledgers.contract import Answer, Request, Steps
from connector.ledgers.json_wire import Row, decode
from connector.ledgers.quickbooks_faults import fault_of, refuse_read
from connector.ledgers.reads import unreadable

# The most that one query answers, and how many values one of ours asks for.
PAGE = 1000
VALUES = 200


def ref_of(row: Row, name: str) -> str | None:
    """The id that a reference points at."""
    found = row.get(name)
    return str(found["value"]) if isinstance(found, Mapping) and found.get("value") else None


def currency_of(row: Row, home: str) -> str:
    """The lower-case currency of a transaction; where multi-currency is off it may not say one."""
    return (ref_of(row, "CurrencyRef") or home).lower()


def day_of(row: Row) -> date:
    return date.fromisoformat(row["TxnDate"])


# ------------------------------------------------------------------------------------------------ reading


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def is_one_of(name: str, values: Sequence[str]) -> str:
    return f"{name} IN ({', '.join(map(quoted, values))})"


def slices(values: Iterable[str]) -> Iterator[list[str]]:
    """As many values as one query asks for, each value once."""
    every = sorted(set(values))
    for start in range(0, len(every), VALUES):
        yield every[start : start + VALUES]


def select(entity: str, where: str = "", start: int = 1, columns: str = "*") -> Request:
    condition = f" WHERE {where}" if where else ""
    text = f"SELECT {columns} FROM {entity}{condition} STARTPOSITION {start} MAXRESULTS {PAGE}"  # noqa: S608 - values are quoted
    return Request("POST", "/query", text.encode(), (("Content-Type", "application/text"),))


def read_rows(answer: Answer, entity: str) -> list[Row]:
    """The rows of a query. Raises `LedgerDown` where the answer is none."""
    found = read_object(answer, "QueryResponse")
    rows = found.get(entity, [])
    return list(rows) if isinstance(rows, list) else []


def read_object(answer: Answer, name: str) -> Row:
    """The object of this name in an answer to a read. Raises `LedgerDown`."""
    refuse_read(answer)
    try:
        body = decode(answer.body)
    except ValueError:
        body = None
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise unreadable("QuickBooks")
    return found


def find_rows(entity: str, where: str = "", columns: str = "*") -> Steps[list[Row]]:
    """All rows of a query, page by page."""
    rows: list[Row] = []
    while True:
        page = read_rows((yield select(entity, where, len(rows) + 1, columns)), entity)
        rows += page
        if len(page) < PAGE:
            return rows


def find_by(entity: str, name: str, values: Iterable[str]) -> Steps[list[Row]]:
    """The rows whose field has one of these values, many at once; a query does not mind capitals, so callers compare."""
    rows: list[Row] = []
    for some in slices(values):
        rows += yield from find_rows(entity, is_one_of(name, some))
    return rows


def find_one(entity: str, object_id: str) -> Steps[Row | None]:
    """An object as it is now (a query may lag behind); None where there is none."""
    answer = yield Request("GET", f"/{entity.lower()}/{object_id}")
    fault = fault_of(answer)
    if fault is not None and fault.code == "610":
        return None
    return read_object(answer, entity)
