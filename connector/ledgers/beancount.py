"""Beancount books: a folder of plain text. Syntax: https://beancount.github.io/docs/beancount_language_syntax.html

Documents are transactions with our keys as metadata; sales by whatever hand are found by metadata `kind` and
`number`, or by a Stripe id in metadata or a link. The file courier carries requests: FIND reads, APPEND writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from connector.errors import LedgerDown
from connector.ledgers.beancount_find import find, find_request, read_entry, read_json, words_of
from connector.ledgers.beancount_sale import (
    SALE_KINDS,
    SOLD,
    build_sale,
    charges_of,
    ids_of,
    index_entries,
    is_ours,
    kind_of,
    lacks_payment,
    number_of,
    read_payment,
    sale_named,
    total_of,
)
from connector.ledgers.beancount_text import print_transaction
from connector.ledgers.contract import (
    Absent,
    AccountSpan,
    Answer,
    Capabilities,
    Claimed,
    Company,
    Down,
    Found,
    Outcome,
    Outcomes,
    Person,
    Posted,
    Reference,
    Request,
    Stale,
    Steps,
    Unknown,
)
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import REFUND_TYPES, Document, Entry, Sale

SCOPES = {
    "sale": frozenset({"invoice", "sales_receipt"}),
    "refund": frozenset(
        {"credit_memo", "refund_receipt", "credit_card_refund", "refund_payout", "reopen_invoice"}
    ),
}
ACCOUNT_LINE = re.compile(r"^  ([^\W\d_a-z]\S*:\S+)  ", re.MULTILINE)


class BeancountLedger:
    """One folder of books. `mapping` tells clearing, receivable and tax accounts apart when sales are read."""

    capabilities = Capabilities(
        kind="beancount", refund_types=frozenset(REFUND_TYPES), short_id_length=None, batch_size=1000
    )

    def __init__(self, mapping: LedgerMapping) -> None:
        self.mapping = mapping

    # ------------------------------------------------------------------------------------------ reading

    def remember(self) -> bytes | None:
        """All is in the books."""
        return None

    def survey(self) -> Steps[Company]:
        """The title of the books. Accounts are opened when first used, so none can be missing; but one that a
        person opened late, closed, or opened for some currencies only may not take every document. Raises `LedgerDown`
        where the main file would swallow what is added to it."""
        seen = read_json((yield Request("SURVEY", "survey")))
        if seen["broken"] is not None:
            raise LedgerDown(f"the books cannot be added to: {seen['broken']}")
        mapped = set(self.mapping.accounts())
        limits = [
            f"account {o['account']} is open for {', '.join(o['currencies'])} only"
            for o in seen["openings"]
            if o["account"] in mapped and o["currencies"]
        ]
        spans = {
            o["account"]: AccountSpan(
                date.fromisoformat(o["date"]),
                date.fromisoformat(o["closed"]) if o["closed"] else None,
                frozenset(o["currencies"]),
            )
            for o in reversed(seen["openings"])
        }
        return Company(
            title=str(seen["title"] or "Beancount books"),
            warnings=(*seen["notes"], *limits),
            lost=tuple(seen["cut"]),
            accounts=spans,
            roots=frozenset(seen["roots"].values()),
        )

    def find_sales(self, references: Sequence[Reference]) -> Steps[dict[str, Sale | None]]:
        """Sales by a Stripe id or by number, with all that stands against them in the books."""
        named = [r.ledger_id for r in references if r.ledger_id]
        numbers = {*named, *(r.number for r in references if r.number)}
        ids = {r.charge_id: ids_of(r) for r in references}
        entries = yield from find(
            ("number", sorted(numbers)),
            ("sale", sorted(numbers)),
            ("sale_id", sorted({i for named in ids.values() for i in named})),
            ("ledger_id", named),
        )
        more = {sale_named(e) for e in entries} - {*numbers, ""}
        if more:
            entries += yield from find(("number", sorted(more)), ("sale", sorted(more)))
        by_number, by_id = index_entries(entries)
        sales = {r.charge_id: build_sale(r, by_number, by_id, self.mapping) for r in references}
        unpaid = {c: sale for c, sale in sales.items() if sale and lacks_payment(sale, ids[c])}
        if unpaid:
            loose = yield from self.find_unapplied({s.customer for s in unpaid.values() if s.customer})
            sales.update((charge_id, self.add_payments(sale, loose)) for charge_id, sale in unpaid.items())
        return sales

    def find_unapplied(self, customers: set[str]) -> Steps[list[dict[str, Any]]]:
        """Payments by hand of these customers that name no sale of the books and no charge."""
        payments = yield from find(("payer", sorted(customers)))
        payments = [payment for payment in payments if not charges_of(payment)]
        numbers = {sale_named(payment) for payment in payments} - {""}
        entries = yield from find(("number", sorted(numbers)))
        sold = {number_of(e) for e in entries if kind_of(e) in SOLD}
        return [payment for payment in payments if sale_named(payment) not in sold]

    def add_payments(self, sale: Sale, unapplied: Sequence[Mapping[str, Any]]) -> Sale:
        receivable = set(self.mapping.receivable_accounts.accounts())
        mine = [read_payment(e, sale.number, receivable) for e in unapplied if e["payee"] == sale.customer]
        return replace(sale, payments=(*sale.payments, *mine)) if mine else sale

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        answer = yield find_request("all", [], cursor)
        page = read_json(answer)
        return [self.found(read_entry(e)) for e in page["entries"]], page.get("next")

    def find_refunds(self, refunds: Mapping[str, date]) -> Steps[dict[str, list[Found]]]:
        """By every refund id that an entry names; one that names several is the business of each."""
        entries = yield from find(("refund_id", list(refunds)))
        asked = set(refunds)
        found: dict[str, list[Found]] = {}
        for entry in entries:
            for refund_id in asked.intersection(entry["refund_ids"]):
                found.setdefault(refund_id, []).append(replace(self.found(entry), refund_id=refund_id))
        return found

    def find_customers(self, persons: Sequence[Person]) -> Steps[dict[str, tuple[str, str]]]:
        """A customer is the payee of an entry, and no more."""
        yield from ()
        return {}

    def find_documents(self, ledger_ids: Sequence[str]) -> Steps[dict[str, Found]]:
        entries = yield from find(("ledger_id", list(ledger_ids)))
        return {
            e["ledger_id"]: replace(self.found(e), entries=entries_of(e), line_ids=line_ids_of(e))
            for e in entries
        }

    def find_numbered(self, number: str) -> Steps[list[Found]]:
        entries = yield from find(("number", [number]))
        sales = [e for e in entries if number_of(e) == number and kind_of(e) in SALE_KINDS]
        return [self.found(e) for e in [s for s in sales if kind_of(s) in SOLD] or sales]

    def numbers_taken(self, scope: str, numbers: Sequence[str]) -> Steps[dict[str, Found]]:
        pairs = [(kind, number) for number in numbers for kind in sorted(SCOPES[scope])]
        entries = yield from find(("number_kind", pairs))
        return {number_of(e): self.found(e) for e in entries if not is_ours(e)}

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        entries = yield from find(("document_key", [d.document_key for d in documents]))
        seen = {e["metadata"]["document_key"]: self.found(e) for e in entries}
        return {d.document_key: seen.get(d.document_key, Absent()) for d in documents}

    def found(self, entry: Mapping[str, Any]) -> Found:
        """An entry of the books; what it debited to income and credited to clearing says which leg it is."""
        metadata, postings = entry["metadata"], entry["postings"]
        amount, currency = total_of(entry)
        moved = [(p["account"], p["amount_minor"] or 0) for p in postings if p["currency"] == currency]
        clearing = self.mapping.clearing_accounts.accounts()
        return Found(
            ledger_id=entry["ledger_id"],
            document_key=metadata.get("document_key") if is_ours(entry) else None,
            kind=metadata.get("kind"),
            number=metadata.get("number"),
            refund_id=entry.get("refund_id"),
            charge_id=entry.get("charge_id"),
            amount_minor=amount,
            currency=currency,
            posting_date=date.fromisoformat(entry["date"]),
            customer=entry.get("payee") or None,
            sale_number=metadata.get("sale") or metadata.get("number"),
            income_minor=sum(m for account, m in moved if m > 0 and self.is_income(account)),
            cash_minor=max(-sum(m for account, m in moved if account in clearing), 0),
        )

    def is_income(self, account: str) -> bool:
        """Whether an account takes what is sold or taken back; the mapping may gather refunds elsewhere."""
        if account in (self.mapping.exchange, self.mapping.fees):
            return False
        return account.startswith("Income:") or account in (self.mapping.refunds, self.mapping.sales)

    # ------------------------------------------------------------------------------------------ writing

    def expand(self, document: Document) -> list[Document]:
        """One document, one transaction."""
        return [document]

    def batch_group(self, document: Document) -> str:
        """The month's file."""
        day = document.posting_date
        return f"{day.year:04d}-{day.month:02d}.beancount"

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

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        """A transaction says all of itself."""
        yield from ()

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request | Outcomes]:
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

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        yield from ()
        if not answer.arrived:
            why = answer.body.decode(errors="replace") or "the append was interrupted"
            return {d.document_key: Unknown(why) for d in documents}
        if answer.status == 200:
            return {
                d.document_key: Posted(d.document_key, d.number, d.amount_minor, d.currency)
                for d in documents
            }
        if answer.status == 409:
            return read_refused(documents, answer)
        return {d.document_key: Down(f"the books cannot be written: {words_of(answer)}") for d in documents}

    def undo(self, document: Claimed, posted: Posted, attempt_key: str) -> Request | None:
        """What was written is what was planned."""
        return None


def read_refused(documents: Sequence[Claimed], answer: Answer) -> dict[str, Outcome]:
    """Nothing was written, since some documents of the batch stand in the books: those are named."""
    named: set[str] = set()
    try:
        present = json.loads(answer.body)["present"]
        named = {d.document_key for d in documents if d.document_key in present}
    except (ValueError, KeyError, TypeError):
        pass
    if not named:
        return {d.document_key: Unknown("the books say that they have it, and not what") for d in documents}
    there = Unknown("it stands in the books already", told=True)
    return {d.document_key: there if d.document_key in named else Stale() for d in documents}


def postings_of(document: Document) -> Iterator[tuple[str, int, str, list[tuple[str, str]]]]:
    """Postings with, on income lines, what was sold: line, SKU, item and quantity."""
    # A reversal may move other amounts than the lines that it takes back.
    lines = list(document.lines) if document.kind != "reversal" else []
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
        yield entry.account, signed, entry.currency, details


def entries_of(entry: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The postings as debits and credits; () where one of them is no plain amount."""
    if entry["exotic"]:
        return ()
    return tuple(
        Entry(p["account"], max(p["amount_minor"], 0), max(-p["amount_minor"], 0), p["currency"])
        for p in entry["postings"]
        if p["amount_minor"]
    )


def line_ids_of(entry: Mapping[str, Any]) -> tuple[str | None, ...]:
    """For each of `entries_of` the line of the sale that `compose` wrote beside it."""
    if entry["exotic"]:
        return ()
    return tuple(p["metadata"].get("line") for p in entry["postings"] if p["amount_minor"])
