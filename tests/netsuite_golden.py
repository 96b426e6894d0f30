"""Golden cases of NetSuite: documents with the account's facts, and the exact requests that they must become.

`golden/netsuite/CASE.document` is JSON: `says`, `from` (the sections of the fact sheet that the requests were written
from), `document`, the `parents` that stand in the books by key, what is `written` by each of its requests in turn (the
ids by which the next ones know it), and the `books`: what stands there by ledger id (`then`: what stands there after the
first request). `account` says in what it differs from `account.json`. `CASE.request` has the requests as they go out, in
order, with a line `###` between: method and target, headers, an empty line, the body. `NOTHING` is a write of which
nothing is left to be sent. Both files are written by hand; nothing here writes them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector.ledgers.contract import Answer, Claimed, Parent, Posted, Request, Steps, run_steps
from connector.ledgers.json_wire import decode
from connector.ledgers.netsuite import NetsuiteLedger
from connector.ledgers.netsuite_records import Detail, Head, Link
from connector.ledgers.netsuite_wants import Wants
from connector.ledgers.netsuite_wire import RECORDS, SUITEQL, split_id
from connector.planning.model import Document, DocumentLine, Entry, Settles
from connector.settings.mapping import load_mapping
from connector.store.codec import encode_document

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "golden" / "netsuite"
ATTEMPT = "4f1c9a7e2b8d4c6f9e0a1b2c3d4e5f60"
# What a document of a case is where the case does not say otherwise.
USUAL: Json = {
    "ledger": "main",
    "part": "",
    "revision": 1,
    "subject_id": "re_1Golden",
    "refund_id": "re_1Golden",
    "charge_id": "ch_1Golden",
    "number": "1001-1",
    "sale_number": "1001",
    "posting_date": "2026-03-05",
    "currency": "usd",
    "customer": "Ada",
    "narration": "",
    "refs": [["customer", "4471"]],
}


@dataclass(frozen=True)
class Written:
    """A request as it stands in a file."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def method(self) -> str:
        return self.first.partition(" ")[0]

    @property
    def target(self) -> str:
        return self.first.partition(" ")[2]

    @property
    def record(self) -> str | None:
        """The type of what the body is of; None of what goes to a script."""
        if not self.target.startswith(RECORDS):
            return None
        path = urlsplit(self.target).path.removeprefix(f"{RECORDS}/").split("/")
        return path[-1] if "!transform" in path else path[0]

    @property
    def told(self) -> Json:
        """The body, with exact numbers."""
        return dict(decode(self.body)) if self.body else {}


@dataclass(frozen=True)
class Case:
    """One case as it stands in its two files."""

    name: str
    told: Json
    requests: tuple[Written | None, ...]

    @property
    def document(self) -> Document:
        return document_of(self.told["document"])

    @property
    def written(self) -> list[Written]:
        return [one for one in self.requests if one is not None]


@cache
def cases() -> tuple[Case, ...]:
    return tuple(read_case(path.stem) for path in sorted(FOLDER.glob("*.document")))


def read_case(name: str) -> Case:
    told = json.loads((FOLDER / f"{name}.document").read_text(encoding="utf-8"))
    blocks = (FOLDER / f"{name}.request").read_text(encoding="utf-8").rstrip("\n").split("\n###\n")
    return Case(name, told, tuple(read_request(block) for block in blocks))


def read_request(block: str) -> Written | None:
    if block == "NOTHING":
        return None
    head, _, body = block.partition("\n\n")
    first, *headers = head.split("\n")
    pairs = tuple(tuple(line.split(": ", 1)) for line in headers)
    return Written(first, pairs, body.encode())  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ the account


class Account:
    """Answers the survey of an account: lists by SuiteQL, fields by the catalog. Anything else is an error."""

    def __init__(self, changes: Json | None = None) -> None:
        self.changes = changes or {}
        self.told: Json = json.loads((FOLDER / "account.json").read_text(encoding="utf-8"))

    def carry(self, request: Request) -> Answer:
        parts = urlsplit(request.target)
        if parts.path == SUITEQL:
            query = str(decode(request.body)["q"])
            return shown({"items": self.rows(query.partition(" FROM ")[2].split()[0]), "hasMore": False})
        assert request.method == "GET", f"the adapter wrote: {request}"
        record, _, object_id = parts.path.removeprefix(f"{RECORDS}/").partition("/")
        if record == "metadata-catalog":
            return self.schema(object_id)
        if object_id:
            return shown(next(one for one in self.told["tax_codes"] if one["id"] == object_id))
        found = self.told["tax_codes"] if record == "salesTaxItem" and "q=" in parts.query else []
        return shown({"items": [{"id": one["id"]} for one in found], "hasMore": False})

    def rows(self, table: str) -> list[Json]:
        if table == "transaction":
            return []
        rows: list[Json] = self.told["tables"][table]
        if table == "subsidiary" and not self.changes.get("one_world"):
            return []
        return rows[:1] if table == "currency" and self.changes.get("one_currency") else rows

    def schema(self, record: str) -> Answer:
        if self.changes.get("catalog") is False:
            return refused(403, "INSUFFICIENT_PERMISSION", "You do not have the permission.")
        properties: Json = {name: {"type": "string"} for name in self.names(record)}
        for sublist in self.told["sublists"][record].split():
            gone = self.gone(f"{record}.{sublist}")
            if sublist == "taxDetails" and self.changes.get("tax") == "none":
                continue
            names = set(self.told["lists"][sublist].split()) - gone
            lines = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
            properties[sublist] = {"properties": {"items": {"type": "array", "items": lines}}}
        return shown({"type": "object", "properties": properties})

    def names(self, record: str) -> set[str]:
        names = set(self.told["fields"][record].split()) - self.gone(record)
        if self.changes.get("one_world"):
            names.add("subsidiary")
        if self.changes.get("one_currency"):
            names -= {"currency", "exchangeRate"}
        if self.changes.get("tax") == "none":
            names.discard("taxDetailsOverride")
        if self.changes.get("instruments") is False and "paymentOption" in names:
            names = names - {"paymentOption", "handlingMode"} | {"paymentMethod"}
        field = self.changes.get("wants", {}).get("document_key_field")
        return names | ({field} if field is not None else set())

    def gone(self, place: str) -> set[str]:
        """The names that this account lacks at a place."""
        named = (one.rpartition(".") for one in self.changes.get("without", ()))
        return {name for where, _, name in named if where == place}


def shown(body: Json) -> Answer:
    return Answer(200, json.dumps(body).encode(), (("Date", "Thu, 05 Mar 2026 12:00:00 GMT"),))


def refused(status: int, code: str, words: str) -> Answer:
    told = {"title": "Error", "status": status, "o:errorDetails": [{"detail": words, "o:errorCode": code}]}
    return Answer(status, json.dumps(told).encode())


class Books:
    """What stands in the books of a case, read whichever way: both ways to read give the same."""

    def __init__(self, books: Json) -> None:
        self.books = books
        self.asked: list[set[str]] = []

    def head(self, ledger_id: str) -> Head:
        told = self.books[ledger_id]
        record, _ = split_id(ledger_id)
        return Head(
            ledger_id=ledger_id,
            record=record or "",
            external_id=told.get("external_id"),
            number=told.get("number"),
            day=date.fromisoformat(told.get("day", "2026-03-02")),
            memo=told.get("memo", ""),
            other_reference=None,
            customer_id=told.get("customer_id", "4471"),
            customer="Ada",
            currency=told.get("currency", "usd"),
            rate=None,
            total_minor=told["total_minor"],
            open_minor=told.get("open_minor", 0),
            account="119",
            voided=told.get("voided", False),
        )

    def by_id(self, ledger_ids: Collection[str]) -> Steps[dict[str, Head]]:
        self.asked.append(set(ledger_ids))
        return {one: self.head(one) for one in ledger_ids if one in self.books}
        yield

    def by_external_id(self, records: Mapping[str, str]) -> Steps[dict[str, Head]]:
        heads = [self.head(one) for one in self.books]
        self.asked.append(set(records))
        return {key: one for one in heads if (key := one.external_id or "") in records}
        yield

    def of_customers(
        self, records: Sequence[str], customer_ids: Collection[str], since: date | None = None
    ) -> Steps[list[Head]]:
        heads = [self.head(one) for one in self.books]
        return [
            one
            for one in heads
            if one.record in records and one.customer_id in customer_ids and one.day >= (since or one.day)
        ]
        yield

    def details(self, ledger_ids: Collection[str], lines: bool = True) -> Steps[dict[str, Detail]]:
        found = {one: self.books[one].get("links", {}) for one in ledger_ids if one in self.books}
        return {one: Detail((), tuple(Link(*link) for link in links.items())) for one, links in found.items()}
        yield


# ------------------------------------------------------------------------------------------------ the adapter


def surveyed(account: Json | None = None) -> NetsuiteLedger:
    told = account or {}
    wants = Wants(date(2026, 1, 1), **{"sales": "find", "account_id": "1234567", **told.get("wants", {})})
    ledger = NetsuiteLedger(load_mapping(FOLDER / "mapping.yaml", "netsuite"), wants)
    run_steps(ledger.survey(), Account(told))
    return ledger


def reading(ledger: NetsuiteLedger, books: Books) -> None:
    """What the ledger reads from now on."""
    ledger.search = ledger.record = books  # type: ignore[assignment]


def claimed_of(
    ledger: NetsuiteLedger, part: Document, parents: Mapping[str, Parent], bare: bool = False
) -> Claimed:
    """As the store claims it: of what it follows it knows only what its `after` names."""
    return Claimed(
        part.document_key,
        part.kind,
        part.number,
        part.amount_minor,
        part.currency,
        ledger.batch_group(part),
        encode_document(part),
        ledger.compose(part),
        bare,
        {key: parents[key] for key in part.after if key in parents},
    )


class NoReads:
    """A courier for what reads nothing over the wire."""

    def carry(self, request: Request) -> Answer:
        raise AssertionError(f"the adapter asked: {request}")


def made_of(case: Case) -> list[Request | None]:
    """The requests that the adapter makes of a case, in order; None where nothing is left to be sent."""
    ledger = surveyed(case.told.get("account"))
    books = Books(case.told.get("books", {}))
    reading(ledger, books)
    parents = {key: Parent(*parent) for key, parent in case.told.get("parents", {}).items()}
    made: list[Request | None] = []
    ids = iter(case.told.get("written", ()))
    for part in ledger.expand(case.document):
        one = claimed_of(ledger, part, parents, bool(case.told.get("bare")))
        taken_out = case.told.get("takes_out")
        if taken_out is not None:
            posted = Posted(taken_out, part.number, part.amount_minor, part.currency)
            made.append(ledger.undo(one, posted, ATTEMPT))
        else:
            run_steps(ledger.prepare([one]), NoReads())
            made.append(request_of(run_steps(ledger.request([one], ATTEMPT), NoReads())))
        written = next(ids, None)
        if written is not None:
            parents[part.document_key] = Parent(part.kind, written)
        books.books = case.told.get("then", books.books)
    return made


def request_of(made: Any) -> Request | None:
    if isinstance(made, Request):
        return made
    assert all(isinstance(one, Posted) for one in made.values()), made
    return None


def document_of(told: Mapping[str, Any]) -> Document:
    """A document as a case writes it: what is not said is as in most documents."""
    values: Json = {**USUAL, **told}
    assert values.keys() <= {field.name for field in fields(Document)} | {"entry_currency"}, values
    currency = values.pop("entry_currency", values["currency"])
    values["entries"] = tuple(
        Entry(account, minor if side == "Dr" else 0, minor if side == "Cr" else 0, currency)
        for side, account, minor in values.get("entries", ())
    )
    values["lines"] = tuple(
        DocumentLine(**{**line, "refs": tuple(tuple(one) for one in line.get("refs", ()))})
        for line in values.get("lines", ())
    )
    values["posting_date"] = date.fromisoformat(values["posting_date"])
    values["refs"] = tuple(tuple(one) for one in values["refs"])
    values["after"] = tuple(values.get("after", ()))
    if "settles" in values:
        values["settles"] = Settles(**values["settles"])
    return Document(**values)
