"""Xero on the wire: lists page by page, filters, dates and ids.

A list that is not paged leaves LineItems out, so every list is asked for by page; the order by id keeps a page from
losing rows while others write. Amounts are JSON numbers, days are `YYYY-MM-DD` on the way in and `/Date(ms+0000)/` with a
DateString on the way out. https://developer.xero.com/documentation/api/accounting/requests-and-responses
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from connector.ledgers.contract import Answer, Request, Steps
from connector.ledgers.json_wire import Row, decode
from connector.ledgers.reads import unreadable
from connector.ledgers.xero_faults import not_found, refuse_read

# The most that one page holds.
PAGE = 1000
# How long the query of a read may get; Xero says no limit, and servers in between know one.
LONGEST_QUERY = 1900
NOBODY = "00000000-0000-0000-0000-000000000000"
ID_NAMES = {
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "BankTransactions": "BankTransactionID",
    "Overpayments": "OverpaymentID",
    "Prepayments": "PrepaymentID",
    "Contacts": "ContactID",
    "Accounts": "AccountID",
    "Items": "ItemID",
}
EPOCH = datetime.fromtimestamp(0, UTC)
_MS = re.compile(r"/Date\((-?\d+)")


def text_of(row: Row, name: str) -> str | None:
    found = row.get(name)
    return str(found) if found not in (None, "") else None


def part_of(row: Row, name: str) -> Row:
    """An object within an object; an empty one where it is missing."""
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}


def rows_of(row: Row, name: str) -> list[Row]:
    """The objects of a list within an object; empty where it is missing."""
    found = row.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def id_of(row: Row, plural: str) -> str:
    """The id of an object, in small letters."""
    return str(row[ID_NAMES[plural]]).lower()


def day_of(row: Row, name: str = "Date") -> date:
    """A day of an answer. Raises ValueError where it has none."""
    text = text_of(row, f"{name}String")
    if text is not None:
        return date.fromisoformat(text[:10])
    return time_of(text_of(row, name) or "").date()


def time_of(text: str) -> datetime:
    """`/Date(ms+0000)/`, or an ISO time, in UTC. Raises ValueError."""
    found = _MS.match(text)
    if found is not None:
        return EPOCH + timedelta(milliseconds=int(found[1]))
    told = datetime.fromisoformat(text)
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def currency_of(row: Row, home: str) -> str:
    """The lower-case currency of a document."""
    return (text_of(row, "CurrencyCode") or home).lower()


# ------------------------------------------------------------------------------------------------ filters


def as_day(day: date) -> str:
    return f"DateTime({day.year},{day.month:02},{day.day:02})"


def as_guid(object_id: str) -> str:
    return f'guid("{object_id}")'


def is_quotable(text: str) -> bool:
    """Whether a text may stand in a filter: Xero does not say how a quotation mark is written there."""
    return not set('"\\\r\n') & set(text)


def equals(name: str, text: str) -> str:
    """Xero compares without regard to capitals and accents, so callers compare again."""
    assert is_quotable(text), "asked before"
    return f'{name}=="{text}"'


def between(first: date, last: date) -> str:
    return f"Date>={as_day(first)}" + ("" if last == date.max else f" AND Date<={as_day(last)}")


def any_of(terms: Iterable[str]) -> Iterator[str]:
    """Filters of as many of these, joined by OR, as one query takes."""
    return joined(terms, " OR ")


def lists_of(values: Iterable[str]) -> Iterator[str]:
    """Values joined by commas, as many as one query takes, each once. A value with a comma in it is left out."""
    return joined((text for text in sorted(set(values)) if "," not in text), ",")


def joined(terms: Iterable[str], by: str) -> Iterator[str]:
    """As many terms at once as one query takes, as it is written in an address."""
    some: list[str] = []
    length = 0
    for term in terms:
        more = len(quote(term, safe="")) + len(quote(by, safe=""))
        if some and length + more > LONGEST_QUERY:
            yield by.join(some)
            some, length = [], 0
        some.append(term)
        length += more
    if some:
        yield by.join(some)


# ------------------------------------------------------------------------------------------------ reading


def ask(plural: str, where: str = "", page: int = 1, **parameters: str) -> Request:
    """One page of a list."""
    asked = {"where": where, **parameters} if where else dict(parameters)
    asked |= {"page": str(page), "pageSize": str(PAGE)}
    if plural in ID_NAMES:
        asked["order"] = ID_NAMES[plural]
    return Request("GET", f"/{plural}?{urlencode(asked, quote_via=quote)}")


def read_body(answer: Answer) -> Row:
    """The object in an answer to a read. Raises `LedgerDown` where it is none."""
    refuse_read(answer)
    try:
        body = decode(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        raise unreadable("Xero")
    return body


def read_rows(answer: Answer, plural: str) -> list[Row]:
    """The rows of a list. Raises `LedgerDown`."""
    body = read_body(answer)
    if not isinstance(body.get(plural), list):
        raise unreadable("Xero")
    return rows_of(body, plural)


def page_count(answer: Answer) -> int | None:
    """How many pages a list has; None where it does not say."""
    count = part_of(read_body(answer), "pagination").get("pageCount")
    return count if isinstance(count, int) else None


def has_more(answer: Answer, rows: Sequence[Row], page: int) -> bool:
    """Whether there are rows behind this page."""
    count = page_count(answer)
    return bool(rows) and (len(rows) >= PAGE if count is None else page < count)


def find_rows(plural: str, where: str = "", first_page: int = 1, **parameters: str) -> Steps[list[Row]]:
    """All rows of a list, page by page."""
    rows: list[Row] = []
    page = first_page
    while True:
        answer = yield ask(plural, where, page, **parameters)
        found = read_rows(answer, plural)
        rows += found
        if not has_more(answer, found, page):
            return rows
        page += 1


def find_if_few(plural: str, where: str, most_calls: int) -> Steps[list[Row] | None]:
    """All rows of a list, where that takes no more calls than this; None, after one call, where it takes more."""
    answer = yield ask(plural, where)
    rows = read_rows(answer, plural)
    if not has_more(answer, rows, 1):
        return rows
    count = page_count(answer)
    if count is None or count > most_calls:
        return None
    return [*rows, *(yield from find_rows(plural, where, first_page=2))]


def find_all(plural: str, **parameters: str) -> Steps[list[Row]]:
    """A list that Xero does not page: accounts, items, tax rates, tracking categories, currencies."""
    target = f"/{plural}?{urlencode(parameters, quote_via=quote)}" if parameters else f"/{plural}"
    return read_rows((yield Request("GET", target)), plural)


def find_one(plural: str, name: str) -> Steps[Row | None]:
    """An object by its id, or where it has one by its number; None where there is none."""
    answer = yield Request("GET", f"/{plural}/{quote(name, safe='')}")
    if not_found(answer):
        return None
    rows = read_rows(answer, plural)
    return rows[0] if rows else None


def find_ids(plural: str, ids: Iterable[str]) -> Steps[list[Row]]:
    """Objects by their ids, many at once. Invoices and contacts have a parameter for it, others a filter."""
    rows: list[Row] = []
    wanted = sorted(set(ids))
    if plural == "Invoices":
        for some in lists_of(wanted):
            rows += yield from find_rows(plural, IDs=some)
        return rows
    for where in any_of(f"{ID_NAMES[plural]}=={as_guid(i)}" for i in wanted):
        rows += yield from find_rows(plural, where)
    return rows


def elements_of(answer: Answer, plural: str) -> Sequence[Row] | None:
    """The documents in an answer to a write; None where it has none."""
    try:
        body: Any = decode(answer.body)
    except ValueError:
        return None
    return rows_of(body, plural) if isinstance(body, Mapping) and plural in body else None
