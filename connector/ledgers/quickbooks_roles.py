"""Which QuickBooks entity a document becomes, and how one document becomes several writes.

A credit memo and the expense that pays it out are linked by a Payment of nothing; a payment that is taken back gets the
expense among its own lines; a document of ours that takes another back is the opposite form.
https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-linked-transactions
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from connector.ledgers.further_writes import (
    Accounts,
    invoice_again,
    is_from_books,
    without_exchange,
)
from connector.planning.keys import part_key
from connector.planning.model import CASH_LEGS, NEW_CUSTOMER, Document, Entry, Settles

Entity = Literal[
    "Invoice",
    "SalesReceipt",
    "CreditMemo",
    "RefundReceipt",
    "Payment",
    "Purchase",
    "JournalEntry",
    "Customer",
]
# Of a document, and of the reversal of one.
ENTITIES: dict[str, Entity] = {
    "invoice": "Invoice",
    "sales_receipt": "SalesReceipt",
    "credit_memo": "CreditMemo",
    "refund_receipt": "RefundReceipt",
    "payment": "Payment",
    "credit_card_refund": "Purchase",
    "refund_payout": "Purchase",
    "reopen_invoice": "Purchase",
    "fee": "Purchase",
    "exchange": "JournalEntry",
    "void": "Invoice",
    "application": "Payment",
    "customer": "Customer",
    "journal_entry": "JournalEntry",
}
MIRRORS: dict[str, Entity] = {
    "invoice": "CreditMemo",
    "sales_receipt": "RefundReceipt",
    "credit_memo": "Invoice",
    "refund_receipt": "SalesReceipt",
    "payment": "Purchase",
    "credit_card_refund": "Payment",
    "refund_payout": "Payment",
    "reopen_invoice": "Payment",
    "fee": "JournalEntry",
    "exchange": "JournalEntry",
    "void": "Payment",
    "voided_invoice": "Invoice",
}
# How a Payment's line names what it links.
TXN_TYPES: dict[Entity, str] = {
    "Invoice": "Invoice",
    "CreditMemo": "CreditMemo",
    "Purchase": "Expense",
    "JournalEntry": "JournalEntry",
}
LINKED = frozenset({"credit_memo", "reopen_invoice", *CASH_LEGS})
# The ref of a link that takes a payment off an invoice: that invoice.
REOPENS = "reopens"


def entity_of(document: Document) -> Entity:
    """What the document is written as. A fee that Stripe gave back is a journal entry: an expense is never negative."""
    if is_from_books(document):
        return "JournalEntry"
    if document.kind == "reversal":
        # One that is known from the books alone does not say of what it is, and is never sent.
        return MIRRORS[document.part] if document.part else "JournalEntry"
    if document.kind == "fee" and document.entries[-1].debit_minor:
        return "JournalEntry"
    return ENTITIES[document.kind]


def expand(document: Document, accounts: Accounts) -> list[Document]:
    """The writes of a document, in order."""
    if is_from_books(document):
        return [document]
    again = document.kind == "reversal" and document.part in ("void", "credit_memo")
    if again and document.entries[-1].account in accounts.clearing:
        return invoice_again(document, accounts)
    parts = without_exchange(document, accounts) if entity_of(document) == "Payment" else [document]
    if document.settles is not None and is_linked_afterwards(document):
        parts.insert(1, application_of(parts[0], document.settles, accounts))
    return parts


def is_linked_afterwards(document: Document) -> bool:
    """A payment of ours, and the payment that closes an invoice again, name what they are for when they are made."""
    if document.kind == "reversal":
        return document.part in ("credit_memo", "invoice")
    return document.kind in LINKED


def application_of(document: Document, settles: Settles, accounts: Accounts) -> Document:
    """The link between a document and what it leaves no open balance against."""
    named = [settles.document_key] if settles.document_key is not None else []
    new_customer = [key for name, key in document.refs if name == NEW_CUSTOMER]
    invoice = document.sale_ledger_id if document.kind == "reopen_invoice" else None
    if invoice is not None and invoice in document.after:
        named.append(invoice)
    return replace(
        document,
        document_key=part_key(document.ledger, document.document_key, "application"),
        kind="application",
        part=entity_of(document),
        amount_minor=open_minor(document, accounts),
        entries=(),
        lines=(),
        home_minor=None,
        narration=f"Link: {document.narration}",
        refs=(*document.refs, (REOPENS, invoice)) if invoice is not None else document.refs,
        after=tuple(dict.fromkeys((document.document_key, *named, *new_customer))),
    )


def open_minor(document: Document, accounts: Accounts) -> int:
    """What the document moves on receivable, in its own currency: exchange on it belongs to nobody."""
    if document.home_minor is not None:
        return document.amount_minor
    entry = open_entry(document, accounts)
    return entry.debit_minor + entry.credit_minor


def open_entry(document: Document, accounts: Accounts) -> Entry:
    """The entry on what holds the customer's money: of a form on account the last one, else the one that is neither
    clearing nor exchange."""
    if entity_of(document) in ("Invoice", "CreditMemo"):
        return document.entries[-1]
    left_out = {*accounts.clearing, accounts.exchange}
    return next((e for e in document.entries if e.account not in left_out), document.entries[-1])
