"""How one document becomes several writes, where a form of the ledger holds less than the document.

A payment brings what it is for, so what the rate moved is a document beside it; a void that is taken back is the invoice
again, and its payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.entries import Posting, make_entries
from connector.planning.keys import part_key
from connector.planning.model import NEW_CUSTOMER, Document, Entry, Settles
from connector.planning.values import value

# The invoice that comes back with the reversal of a void.
VOIDED_INVOICE = "voided_invoice"
# The ref that is the rate of the sale, and what takes it over where Stripe tells none.
RATE = "rate"
AT_RATE_OF_SALE = frozenset({"credit_memo", "refund_receipt", VOIDED_INVOICE})


@value(frozen=True, slots=True)
class Accounts:
    """The mapped accounts by which the parts of a document are told apart."""

    clearing: frozenset[str]
    exchange: str | None
    receivable: str


def is_from_books(document: Document) -> bool:
    """A reversal that is known from the books alone, after a lost state: it says not what it takes back. It stands, with
    all further writes, and is not written again."""
    return document.kind == "reversal" and not document.part


def signed(entries: Sequence[Entry]) -> list[Posting]:
    return [(e.account, e.debit_minor - e.credit_minor) for e in entries]


def without_exchange(document: Document, accounts: Accounts) -> list[Document]:
    """A payment brings what it is for; what clearing moved otherwise is a document beside it. In the charge's currency
    the ledger books the difference itself."""
    rest = [e for e in document.entries if e.account == accounts.exchange]
    if not rest or document.home_minor is not None:
        return [document]
    moved = sum(minor for _, minor in signed(rest))
    clearing, total = signed(document.entries)[-1]
    others = [one for one in signed(document.entries)[:-1] if one[0] != accounts.exchange]
    currency = document.entries[0].currency
    part = replace(
        document,
        amount_minor=abs(total + moved),
        entries=make_entries([*others, (clearing, total + moved)], currency),
    )
    difference = [(accounts.exchange or "", moved), (clearing, -moved)]
    return [part, exchange_of(document, difference, currency)]


def exchange_of(document: Document, postings: Sequence[Posting], currency: str) -> Document:
    return replace(
        document,
        document_key=part_key(document.ledger, document.document_key, "exchange"),
        kind="exchange",
        amount_minor=abs(postings[-1][1]),
        entries=make_entries(postings, currency),
        lines=(),
        home_minor=None,
        narration=f"Exchange: {document.narration}",
        after=(document.document_key, *(key for name, key in document.refs if name == NEW_CUSTOMER)),
        settles=None,
        reverses=None,
    )


def invoice_again(document: Document, accounts: Accounts) -> list[Document]:
    """A void that is taken back: Dr receivable / Cr income, tax; and its payment, Dr clearing / Cr receivable."""
    currency = document.entries[0].currency
    foreign = document.home_minor is not None
    earned = [one for one in signed(document.entries)[:-1] if one[0] != accounts.exchange]
    total = -sum(minor for _, minor in earned)
    invoice = replace(
        document,
        document_key=part_key(document.ledger, document.document_key, VOIDED_INVOICE),
        part=VOIDED_INVOICE,
        amount_minor=document.amount_minor if foreign else total,
        entries=make_entries([*earned, (accounts.receivable, total)], currency),
        home_minor=total if foreign else None,
        reverses=None,
    )
    rest = [one for one in signed(document.entries) if one[0] == accounts.exchange]
    payment = replace(
        document,
        part="void",
        lines=(),
        entries=make_entries([(accounts.receivable, -total), *rest, signed(document.entries)[-1]], currency),
        settles=Settles("invoice", document_key=invoice.document_key),
        after=(*document.after, invoice.document_key),
    )
    return [invoice, *without_exchange(payment, accounts)]
