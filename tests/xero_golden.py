"""Golden cases of Xero: documents with the organisation's facts, and the exact requests that they must become.

`golden/xero/CASE.document` is JSON: `says`, `from` (the sections of the fact sheet that the requests were written from),
`document` (or `documents`, which share one request), the `parents` that stand in the books by key, what is `written` by
each of its requests in turn (the ids by which the next ones know it), and the `books`: what Xero answers by path.
`CASE.request` has the requests as they go out, in order, with a line `###` between: method and target, headers, an empty
line, the body. `NOTHING` is a write of which nothing is left to be sent. Both files are written by hand; nothing here
writes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector.ledgers.contract import Answer, Claimed, Parent, Posted, Request, run_steps
from connector.ledgers.json_wire import decode
from connector.ledgers.xero import Wants, XeroLedger
from connector.planning.model import Document, DocumentLine, Entry, Settles
from connector.settings.mapping import load_mapping
from connector.store.codec import encode_document

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "golden" / "xero"
ATTEMPT = "4f1c9a7e2b8d4c6f9e0a1b2c3d4e5f60"
ADA = "bd2270c3-8706-4c11-9cfb-000b551c3f51"
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
    "currency": "nzd",
    "customer": "Ada",
    "narration": "",
    "refs": {"customer": ADA},
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
    def plural(self) -> str:
        """The list of what the body holds."""
        path = urlsplit(self.first.partition(" ")[2]).path
        return "Allocations" if path.endswith("/Allocations") else path.split("/")[1]

    @property
    def is_create(self) -> bool:
        return self.method == "PUT"

    @property
    def elements(self) -> list[Json]:
        """The objects in the body, with exact numbers."""
        if not self.body:
            return []
        told = decode(self.body)
        return list(told[self.plural]) if self.plural in told else [told]


@dataclass(frozen=True)
class Case:
    """One case as it stands in its two files."""

    name: str
    told: Json
    requests: tuple[Written | None, ...]

    @property
    def documents(self) -> list[Document]:
        return [document_of(one) for one in self.told.get("documents") or [self.told["document"]]]

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


# ------------------------------------------------------------------------------------------------ the adapter


class Books:
    """Answers what the adapter reads, from the case; anything else is a KeyError."""

    def __init__(self, books: Json) -> None:
        self.rows: Json = json.loads((FOLDER / "organisation.json").read_text(encoding="utf-8"))
        self.books = books

    def carry(self, request: Request) -> Answer:
        assert request.method == "GET", f"the adapter wrote: {request}"
        path = urlsplit(request.target).path
        plural = path.split("/")[1]
        plural = "Organisations" if plural == "Organisation" else plural
        found = self.books[path] if path in self.books else self.rows[plural]
        rows = found if isinstance(found, list) else [found]
        return Answer(200, json.dumps({plural: rows}).encode())


def surveyed(books: Books) -> XeroLedger:
    ledger = XeroLedger(load_mapping(FOLDER / "mapping.yaml", "xero"), Wants(date(2026, 1, 1)))
    run_steps(ledger.survey(), books)
    return ledger


def claimed_of(
    ledger: XeroLedger, part: Document, parents: Mapping[str, Parent], bare: bool = False
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


def made_of(case: Case) -> list[Request | None]:
    """The requests that the adapter makes of a case, in order; None where nothing is left to be sent."""
    books = Books(case.told.get("books", {}))
    ledger = surveyed(books)
    parents = {key: Parent(*parent) for key, parent in case.told.get("parents", {}).items()}
    bare = bool(case.told.get("bare"))
    if "documents" in case.told:
        parts = [part for one in case.documents for part in ledger.expand(one)]
        batch = [claimed_of(ledger, part, parents, bare) for part in parts]
        assert len({one.batch_group for one in batch}) == 1, "they do not share a request"
        run_steps(ledger.prepare(batch), books)
        return [request_of(run_steps(ledger.request(batch, ATTEMPT), books))]
    made: list[Request | None] = []
    ids = iter(case.told.get("written", ()))
    for part in ledger.expand(case.documents[0]):
        one = claimed_of(ledger, part, parents, bare)
        taken_out = case.told.get("takes_out")
        if taken_out is not None:
            posted = Posted(taken_out, part.number, part.amount_minor, part.currency)
            made.append(ledger.undo(one, posted, ATTEMPT))
        else:
            made.append(request_of(run_steps(ledger.request([one], ATTEMPT), books)))
        written = next(ids, None)
        if written is not None:
            parents[part.document_key] = Parent(part.kind, written)
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
        DocumentLine(**{**line, "refs": tuple(line.get("refs", {}).items())})
        for line in values.get("lines", ())
    )
    values["posting_date"] = date.fromisoformat(values["posting_date"])
    values["refs"] = tuple(values["refs"].items())
    values["after"] = tuple(values.get("after", ()))
    if "settles" in values:
        values["settles"] = Settles(**values["settles"])
    return Document(**values)
