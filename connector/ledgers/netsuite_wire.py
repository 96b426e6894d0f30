"""NetSuite on the wire: the record service and SuiteQL of SuiteTalk REST, their addresses, bodies and pages.

A write is answered with 204 and the address of the record; the id is its last part. SuiteQL answers with lower-case
column names, and every value a text. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_1540391670.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.ledgers.contract import Answer, Request
from connector.ledgers.json_wire import JSON_TYPE, Row, decode, encode
from connector.ledgers.netsuite_faults import refuse_read
from connector.ledgers.reads import unreadable

RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
# An unknown field is an error; without this NetSuite leaves it out and goes on.
STRICT = ("X-NetSuite-PropertyNameValidation", "Error")
TRANSIENT = ("Prefer", "transient")
# The most rows of one page.
PAGE = 1000
# The most values in one list of a query; Oracle takes a thousand.
IN_LIST = 500
# Record types, and what SuiteQL calls them.
TYPES = {
    "invoice": "CustInvc",
    "creditMemo": "CustCred",
    "customerPayment": "CustPymt",
    "customerRefund": "CustRfnd",
    "cashSale": "CashSale",
    "cashRefund": "CashRfnd",
    "customerDeposit": "CustDep",
    "depositApplication": "DepAppl",
    "journalEntry": "Journal",
}
RECORD_OF_TYPE = {name: record for record, name in TYPES.items()}
# Who the customer is stands under another name where money is received or paid.
CUSTOMER_FIELD = {
    "customerPayment": "customer",
    "customerRefund": "customer",
    "customerDeposit": "customer",
    "depositApplication": "customer",
}


def ledger_id(record: str, internal_id: object) -> str:
    """How a record is named to people and in the state: `creditMemo/12`."""
    return f"{record}/{internal_id}"


def split_id(named: str) -> tuple[str | None, str]:
    """Record type and internal id of what a person or the state names; the type is None where only an id is given."""
    record, _, internal_id = named.rpartition("/")
    known = next((one for one in TYPES if one.lower() == record.lower()), None)
    return known or (record or None), internal_id


def internal_id(named: str) -> str:
    return split_id(named)[1]


# ------------------------------------------------------------------------------------------------ reading


def text_of(row: Row, name: str) -> str | None:
    found = row.get(name)
    return str(found) if found not in (None, "") else None


def part_of(row: Row, name: str) -> Row:
    """An object within an object; an empty one where it is missing."""
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}


def ref_of(row: Row, name: str) -> str | None:
    """The internal id of what a record refers to."""
    found = row.get(name)
    return text_of(found, "id") if isinstance(found, Mapping) else text_of(row, name)


def rows_of(row: Row, name: str) -> list[Row]:
    """The lines of a sublist, where the record was read with them."""
    found = part_of(row, name).get("items")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def read_body(answer: Answer) -> Row:
    """The object in an answer to a read. Raises `LedgerDown` where it is none."""
    refuse_read(answer)
    try:
        body = decode(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        raise unreadable("NetSuite")
    return body


def ask(query: str, offset: int = 0) -> Request:
    """The request for a page of a SuiteQL query; `offset` is a multiple of the page."""
    target = f"{SUITEQL}?limit={PAGE}&offset={offset}"
    return Request("POST", target, encode({"q": query}), (*JSON_TYPE, TRANSIENT))


def page_of(body: Row) -> list[Row]:
    items = body.get("items")
    if not isinstance(items, list):
        raise unreadable("NetSuite")
    return [one for one in items if isinstance(one, Mapping)]


# ------------------------------------------------------------------------------------------------ queries


def quoted(text: str) -> str:
    """A text in a query."""
    return "'" + text.replace("'", "''") + "'"


def lists_of(values: Iterable[str], size: int = IN_LIST) -> Iterator[str]:
    """Values as lists of a query, as many in each as it takes, each once."""
    wanted = sorted(set(values))
    for at in range(0, len(wanted), size):
        yield ", ".join(quoted(one) for one in wanted[at : at + size])


def ids_of(values: Iterable[str]) -> Iterator[str]:
    """Internal ids as lists of a query; what is no id is left out."""
    wanted = sorted({one for one in values if one.isdecimal()}, key=int)
    for at in range(0, len(wanted), IN_LIST):
        yield ", ".join(wanted[at : at + IN_LIST])


# ------------------------------------------------------------------------------------------------ writing


def ref(object_id: str) -> dict[str, str]:
    return {"id": object_id}


def write(method: str, target: str, body: Mapping[str, Any] | None, document_keys: Sequence[str]) -> Request:
    """A write. There is no idempotency key: NetSuite reads it only of what is sent asynchronously; a second record with
    the same external id is refused."""
    content = encode(body) if body is not None else b""
    headers = (*JSON_TYPE, STRICT) if body is not None else ()
    return Request(method, target, content, headers, tuple(document_keys))


def create(record: str, body: Mapping[str, Any], document_key: str) -> Request:
    return write("POST", f"{RECORDS}/{record}", body, (document_key,))


def transform(
    source: str, source_id: str, record: str, body: Mapping[str, Any], document_key: str
) -> Request:
    """A new record made of another; its lines, and their taxes, are those of the body and no others."""
    replaced = ",".join(name for name in ("item", "taxDetails") if name in body)
    target = f"{RECORDS}/{source}/{source_id}/!transform/{record}?replace={replaced}"
    return write("POST", target, body, (document_key,))


def change(record: str, record_id: str, body: Mapping[str, Any], document_key: str) -> Request:
    return write("PATCH", f"{RECORDS}/{record}/{record_id}", body, (document_key,))


def delete(record: str, record_id: str, document_key: str) -> Request:
    return write("DELETE", f"{RECORDS}/{record}/{record_id}", None, (document_key,))


def new_id(answer: Answer, record: str) -> str | None:
    """The internal id of the record that was made; None where the answer does not tell it, or tells of something else, as
    of a job that is still to be done."""
    location = next((text for name, text in answer.headers if name.lower() == "location"), "")
    path = location.partition("?")[0].rstrip("/").rpartition("/")
    made_as = path[0].rpartition("/")[2]
    return path[2] if path[2].isdecimal() and made_as.lower() == record.lower() else None
