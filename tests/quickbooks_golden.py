"""Golden cases of QuickBooks Online: a document with the company's facts, and the exact request that it must become.

`golden/quickbooks_online/CASE.document` is JSON: `says`, `from` (the sections of the fact sheet that the request was
written from), `company` (what differs from `company.json`), `document`, and what the books answer when they are asked.
`CASE.request` has method and target on its first line, then the exact body. Both are written by hand; nothing here
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

from connector.ledgers.contract import Answer, Claimed, Parent, Posted, Request, run_steps
from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger, Wants
from connector.planning.model import Document, DocumentLine, Entry, Settles
from connector.settings.mapping import load_mapping
from connector.store.codec import encode_document

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "golden" / "quickbooks_online"
ATTEMPT = "4f1c9a7e2b8d4c6f9e0a1b2c3d4e5f60"
LISTS = ("CompanyInfo", "Account", "Item", "TaxCode", "PaymentMethod")


@dataclass(frozen=True)
class Case:
    """One case as it stands in its two files."""

    name: str
    told: Json
    target: str
    body: bytes

    @property
    def entity(self) -> str:
        """As the address says it, in small letters."""
        return self.target.removeprefix("POST /").partition("?")[0]

    @property
    def currency(self) -> str:
        return str(self.told["document"]["currency"])

    @property
    def is_create(self) -> bool:
        """Whether the body is a whole object, and not a change to one that stands."""
        return b'"SyncToken"' not in self.body


@cache
def cases() -> tuple[Case, ...]:
    return tuple(read_case(path.stem) for path in sorted(FOLDER.glob("*.document")))


def read_case(name: str) -> Case:
    told = json.loads((FOLDER / f"{name}.document").read_text(encoding="utf-8"))
    first, _, body = (FOLDER / f"{name}.request").read_bytes().partition(b"\n")
    return Case(name, told, first.decode(), body.removesuffix(b"\n"))


class Books:
    """Answers what the adapter reads, from the case; anything else is an AssertionError."""

    def __init__(self, told: Json) -> None:
        everybody = json.loads((FOLDER / "company.json").read_text(encoding="utf-8"))
        own = told.get("company", {})
        self.preferences = {
            group: {**values, **own.get("Preferences", {}).get(group, {})}
            for group, values in everybody["Preferences"].items()
        }
        self.rows = {name: own.get(name, everybody[name]) for name in LISTS}
        self.books: Json = told.get("books", {})

    def carry(self, request: Request) -> Answer:
        if request.target == "/preferences":
            return self.answer({"Preferences": self.preferences})
        if request.method == "GET":
            return self.answer(self.books[request.target])
        assert request.target == "/query", f"the adapter wrote: {request}"
        entity = request.body.decode().partition(" FROM ")[2].split()[0]
        found = self.rows[entity] if entity in self.rows else self.books[request.body.decode()]
        return self.answer({"QueryResponse": {entity: found}})

    def answer(self, body: Json) -> Answer:
        return Answer(200, json.dumps(body).encode())


def made_of(case: Case) -> Request:
    """The request that the adapter makes of a case."""
    books = Books(case.told)
    mapping = load_mapping(FOLDER / "mapping.yaml", "quickbooks_online")
    ledger = QuickbooksOnlineLedger(mapping, Wants(date(2026, 1, 1)))
    run_steps(ledger.survey(), books)
    writes = {part.kind: part for part in ledger.expand(document_of(case.told["document"]))}
    kind = case.told.get("write", case.told["document"]["kind"])
    part = writes[kind]
    claimed = Claimed(
        part.document_key,
        part.kind,
        part.number,
        part.amount_minor,
        part.currency,
        ledger.batch_group(part),
        encode_document(part),
        ledger.compose(part),
        bool(case.told.get("bare")),
        {key: Parent(*parent) for key, parent in case.told.get("parents", {}).items()},
    )
    posted = case.told.get("takes_out")
    if posted is not None:
        made = ledger.undo(claimed, Posted(posted, part.number, part.amount_minor, part.currency), ATTEMPT)
    else:
        found = run_steps(ledger.request([claimed], ATTEMPT), books)
        made = found if isinstance(found, Request) else None
    assert made is not None, f"{case.name}: the adapter makes no request"
    return made


def document_of(told: Mapping[str, Any]) -> Document:
    """A document as a case writes it: what is not said is as in most documents."""
    values: Json = {"ledger": "main", "part": "", "revision": 1, **told}
    assert values.keys() <= {field.name for field in fields(Document)} | {"entry_currency"}, values
    currency = values.pop("entry_currency", values["currency"])
    values["entries"] = tuple(
        Entry(account, minor if side == "Dr" else 0, minor if side == "Cr" else 0, currency)
        for side, account, minor in values["entries"]
    )
    values["lines"] = tuple(
        DocumentLine(**{**line, "refs": tuple(line.get("refs", {}).items())})
        for line in values.get("lines", ())
    )
    values["posting_date"] = date.fromisoformat(values["posting_date"])
    values["refs"] = tuple(values.get("refs", {}).items())
    values["after"] = tuple(values.get("after", ()))
    if "settles" in values:
        values["settles"] = Settles(**values["settles"])
    return Document(**values)
