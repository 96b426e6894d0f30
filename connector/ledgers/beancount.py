"""Beancount books: a folder of plain text. Syntax: https://beancount.github.io/docs/beancount_language_syntax.html

Documents are transactions with our keys as metadata; sales by whatever hand are found by metadata `kind` and
`number`, or by a Stripe id in metadata or a link. The file courier carries requests: FIND reads, APPEND writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from connector.errors import LedgerDown
from connector.ledgers.beancount_sale import build_sale, is_ours
from connector.ledgers.beancount_text import print_transaction
from connector.ledgers.contract import (
    Absent,
    Answer,
    Capabilities,
    Claimed,
    Company,
    Down,
    Found,
    Outcome,
    Posted,
    Reference,
    Request,
    Steps,
    Unknown,
)
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import REFUND_TYPES, Document, Sale

SCOPES = {
    "sale": frozenset({"invoice", "sales_receipt"}),
    "refund": frozenset(
        {"credit_memo", "refund_receipt", "credit_card_refund", "refund_payout", "reopen_invoice"}
    ),
}
FIND_PAGE = 2000
ACCOUNT_LINE = re.compile(r"^  ([^\W\d_a-z]\S*:\S+)  ", re.MULTILINE)


class BeancountLedger:
    """One folder of books. `mapping` tells clearing, receivable and tax accounts apart when sales are read."""

    capabilities = Capabilities(
        kind="beancount", refund_types=frozenset(REFUND_TYPES), short_id_length=None, batch_size=500
    )

    def __init__(self, mapping: LedgerMapping) -> None:
        self.mapping = mapping

    # ------------------------------------------------------------------------------------------ reading

    def survey(self) -> Steps[Company]:
        """The title of the books. Accounts are opened when first used, so none can be missing."""
        answer = yield Request("SURVEY", "survey")
        seen = read_json(answer)
        return Company(title=str(seen.get("title") or "Beancount books"), lost=tuple(seen.get("cut", ())))

    def find_sales(self, references: Sequence[Reference]) -> Steps[dict[str, Sale | None]]:
        """Sales by number, else by the charge's id; with all that stands against them in the books."""
        numbers = {r.number for r in references if r.number} | {
            r.ledger_id for r in references if r.ledger_id
        }
        charges = sorted({r.charge_id for r in references})
        entries = yield from find(
            ("number", sorted(numbers)), ("sale", sorted(numbers)), ("charge_id", charges)
        )
        named = [r.ledger_id for r in references if r.ledger_id]
        if named:
            entries += yield from find(("ledger_id", named))
        more = {number_of(e) for e in entries if number_of(e)} - numbers
        if more:
            entries += yield from find(("number", sorted(more)), ("sale", sorted(more)))
        by_number, by_charge = index(entries)
        return {r.charge_id: build_sale(r, by_number, by_charge, self.mapping) for r in references}

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        answer = yield find_request("all", [], cursor)
        page = read_json(answer)
        return [self.found(read_entry(e)) for e in page["entries"]], page.get("next")

    def find_refunds(self, refund_ids: Sequence[str]) -> Steps[dict[str, list[Found]]]:
        entries = yield from find(("refund_id", list(refund_ids)))
        found: dict[str, list[Found]] = {}
        for entry in entries:
            hit = self.found(entry)
            if hit.refund_id is not None:
                found.setdefault(hit.refund_id, []).append(hit)
        return found

    def find_documents(self, ledger_ids: Sequence[str]) -> Steps[dict[str, Found]]:
        entries = yield from find(("ledger_id", list(ledger_ids)))
        return {e["ledger_id"]: self.found(e) for e in entries}

    def numbers_taken(self, scope: str, numbers: Sequence[str]) -> Steps[dict[str, Found]]:
        entries = yield from find(("number", list(numbers)))
        return {
            number_of(e): self.found(e)
            for e in entries
            if e["metadata"].get("kind") in SCOPES[scope] and not is_ours(e)
        }

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        entries = yield from find(("document_key", [d.document_key for d in documents]))
        seen = {e["metadata"]["document_key"]: self.found(e) for e in entries}
        return {d.document_key: seen.get(d.document_key, Absent()) for d in documents}

    def found(self, entry: Mapping[str, Any]) -> Found:
        """An entry of the books; its amount is that of its last posting, where receivable or clearing stands."""
        metadata, postings = entry["metadata"], entry["postings"]
        last = postings[-1] if postings else {"amount_minor": 0, "currency": ""}
        clearing = set(self.mapping.clearing_accounts.accounts())
        income = sum(
            p["amount_minor"] or 0
            for p in postings
            if p["account"].startswith(("Income", "Revenue")) and (p["amount_minor"] or 0) > 0
        )
        cash = -sum(p["amount_minor"] or 0 for p in postings if p["account"] in clearing)
        return Found(
            ledger_id=entry["ledger_id"],
            document_key=metadata.get("document_key") if is_ours(entry) else None,
            kind=metadata.get("kind"),
            number=metadata.get("number"),
            refund_id=entry.get("refund_id") or metadata.get("refund_id"),
            charge_id=entry.get("charge_id") or metadata.get("charge_id"),
            amount_minor=abs(last["amount_minor"] or 0),
            currency=last["currency"],
            posting_date=date.fromisoformat(entry["date"]),
            customer=entry.get("payee") or None,
            sale_number=metadata.get("sale") or metadata.get("number"),
            income_minor=income,
            cash_minor=max(cash, 0),
        )

    # ------------------------------------------------------------------------------------------ writing

    def expand(self, document: Document) -> list[Document]:
        """One document, one transaction."""
        return [document]

    def batch_group(self, document: Document) -> str:
        """The month's file."""
        return f"{document.posting_date:%Y-%m}.beancount"

    def compose(self, document: Document) -> str:
        """The transaction's text. Income, tax, exchange and fee lines come first, receivable or clearing last."""
        metadata = [("document_key", document.document_key), ("kind", document.kind)]
        for key, value in (
            ("number", document.number),
            ("refund_id", document.refund_id),
            ("charge_id", document.charge_id),
            ("sale", document.sale_number),
            ("reverses", document.reverses),
        ):
            if value is not None:
                metadata.append((key, value))
        links = [i for i in (document.charge_id, document.refund_id) if i is not None]
        return print_transaction(
            posting_date=document.posting_date,
            payee=document.customer or "",
            narration=document.narration,
            links=links,
            metadata=metadata,
            postings=list(postings_of(document)),
        )

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request]:
        """One append of whole transactions to one month's file."""
        text = "".join(d.payload for d in documents)
        accounts = sorted(set(ACCOUNT_LINE.findall(text)))
        headers = (("attempt-key", attempt_key), ("accounts", json.dumps(accounts)))
        yield from ()
        return Request(
            "APPEND",
            documents[0].batch_group,
            text.encode(),
            headers,
            tuple(d.document_key for d in documents),
        )

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> dict[str, Outcome]:
        if not answer.arrived:
            why = answer.body.decode(errors="replace") or "the append was interrupted"
            return {d.document_key: Unknown(why) for d in documents}
        if answer.status == 200:
            return {
                d.document_key: Posted(d.document_key, d.number, d.amount_minor, d.currency)
                for d in documents
            }
        if answer.status == 409:
            return {d.document_key: Unknown("a document of this batch stands in the books already") for d in documents}
        return {d.document_key: Down(f"the books cannot be written: {words_of(answer)}") for d in documents}


def postings_of(document: Document) -> Iterator[tuple[str, int, str, list[tuple[str, str]]]]:
    """Postings with, on income lines, what was sold: line, SKU, item and quantity."""
    currency = document.currency
    lines = list(document.lines)
    last = len(document.entries) - 1
    for place, entry in enumerate(document.entries):
        signed = entry.debit_minor - entry.credit_minor
        details: list[tuple[str, str]] = []
        if (
            place < last
            and lines
            and lines[0].account == entry.account
            and abs(lines[0].net_minor) == abs(signed)
        ):
            line = lines.pop(0)
            details = [
                (key, value)
                for key, value in (
                    ("line", line.line_id),
                    ("description", line.description),
                    ("sku", line.sku),
                    ("item", line.item if line.item != entry.account else None),
                    ("quantity", line.quantity),
                )
                if value
            ]
        yield entry.account, signed, currency, details


def find_request(by: str, values: Sequence[str], cursor: str | None = None) -> Request:
    body = {"by": by, "values": values, "after": cursor, "limit": FIND_PAGE}
    return Request("FIND", "entries", json.dumps(body).encode())


def find(*questions: tuple[str, Sequence[str]]) -> Steps[list[dict[str, Any]]]:
    """All entries that answer any of these questions, each once."""
    entries: dict[str, dict[str, Any]] = {}
    for by, values in questions:
        if not values:
            continue
        cursor = None
        while True:
            page = read_json((yield find_request(by, values, cursor)))
            entries.update((e["ledger_id"], read_entry(e)) for e in page["entries"])
            cursor = page.get("next")
            if cursor is None:
                break
    return list(entries.values())


def index(
    entries: Sequence[dict[str, Any]],
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[dict[str, Any]]]]:
    """Entries by the sale's number and by charge id."""
    by_number: dict[str, list[dict[str, Any]]] = {}
    by_charge: dict[str, list[dict[str, Any]]] = {}
    for entry in {e["ledger_id"]: e for e in entries}.values():
        for number in {number_of(entry), entry["metadata"].get("sale"), entry["ledger_id"]}:
            if number:
                by_number.setdefault(number, []).append(entry)
        charge_id = entry.get("charge_id") or entry["metadata"].get("charge_id")
        if charge_id:
            by_charge.setdefault(charge_id, []).append(entry)
    return by_number, by_charge


def read_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as it arrives, with postings by name."""
    names = ("account", "amount_minor", "currency", "metadata")
    return {**entry, "postings": [dict(zip(names, p, strict=True)) for p in entry["postings"]]}


def number_of(entry: Mapping[str, Any]) -> str:
    return str(entry["metadata"].get("number") or "")


def read_json(answer: Answer) -> dict[str, Any]:
    if not answer.arrived or answer.status != 200:
        raise LedgerDown(f"the books cannot be read: {words_of(answer)}")
    value: dict[str, Any] = json.loads(answer.body)
    return value


def words_of(answer: Answer) -> str:
    return answer.body.decode(errors="replace") or f"status {answer.status}"
