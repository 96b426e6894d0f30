"""Which object of Xero a document becomes, and how one document becomes several writes.

A credit note and the payment that pays it out are two; so are a credit note and its allocation. A payment cannot be
changed: a reopened invoice has its payment deleted, made again for what stays paid, and as an overpayment for what goes
back. https://developer.xero.com/documentation/api/accounting/overpayments
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from connector.ledgers.further_writes import (
    VOIDED_INVOICE,
    Accounts,
    invoice_again,
    is_from_books,
    signed,
    without_exchange,
)
from connector.planning.keys import is_key, part_key
from connector.planning.model import CASH_LEGS, NEW_CUSTOMER, Document, Settles

Plural = Literal[
    "Invoices", "CreditNotes", "Payments", "BankTransactions", "Overpayments", "Contacts", "Allocations"
]
# Of a document, and of the reversal of one.
PLURALS: dict[str, Plural] = {
    "invoice": "Invoices",
    "sales_receipt": "BankTransactions",
    "credit_memo": "CreditNotes",
    "refund_receipt": "BankTransactions",
    "payment": "Payments",
    "credit_card_refund": "Payments",
    "refund_payout": "Payments",
    "reopen_invoice": "Payments",
    "fee": "BankTransactions",
    "exchange": "BankTransactions",
    "void": "Invoices",
    "customer": "Contacts",
}
MIRRORS: dict[str, Plural] = {
    "invoice": "CreditNotes",
    "sales_receipt": "BankTransactions",
    "credit_memo": "Invoices",
    "refund_receipt": "BankTransactions",
    "payment": "Payments",
    "credit_card_refund": "Payments",
    "refund_payout": "Payments",
    "reopen_invoice": "Payments",
    "fee": "BankTransactions",
    "exchange": "BankTransactions",
    "void": "Payments",
    VOIDED_INVOICE: "Invoices",
}
# What an application does. To an invoice: a credit note of ours, or the one that its mirror takes up, is put on it;
# or taken off again.
ALLOCATED = "allocated"
UNALLOCATED = "unallocated"
# To the payment of an invoice that is opened again.
UNPAID = "unpaid"
PAID_AGAIN = "paid_again"
OVERPAID = "overpaid"
# The refs that name the writes of a reopened invoice to each other, the first one by this.
TAKEN = "taken"
APPLICATIONS: dict[str, Plural] = {
    ALLOCATED: "Allocations",
    UNALLOCATED: "Allocations",
    UNPAID: "Payments",
    PAID_AGAIN: "Payments",
    OVERPAID: "BankTransactions",
}


def plural_of(document: Document) -> Plural:
    """Where the document is written. A reversal that voids goes where its original is."""
    if document.kind == "application":
        # One that is known from the books alone, after a lost state, says no part: it stands, and is never sent.
        return APPLICATIONS.get(document.part, "Payments")
    if document.kind != "reversal":
        return PLURALS[document.kind]
    if document.voids:
        return PLURALS[document.part]
    if is_from_books(document):
        # It stands, and is never sent.
        return "BankTransactions"
    if document.part in ("reopen_invoice", *CASH_LEGS) and document.settles is None:
        return "Overpayments"
    return MIRRORS[document.part]


def expand(document: Document, accounts: Accounts) -> list[Document]:
    """The writes of a document, in order."""
    if is_from_books(document):
        return [document]
    if document.voids:
        return expand_void(document, accounts)
    if document.kind == "application":
        return [document]
    if document.kind == "reopen_invoice":
        # Known from the books alone it stands there with all that goes before it.
        known = document.settles is not None
        return expand_reopening(document, accounts) if known else without_exchange(document, accounts)
    again = document.kind == "reversal" and document.part in ("void", "credit_memo")
    if again and document.entries[-1].account in accounts.clearing:
        return invoice_again(document, accounts)
    plural = plural_of(document)
    if plural in ("Payments", "Overpayments") or pays_more_than_it_takes(document, accounts):
        return without_exchange(document, accounts)
    if document.settles is not None and is_allocated(document):
        return [document, allocation_of(document, document.settles)]
    return [document]


def pays_more_than_it_takes(document: Document, accounts: Accounts) -> bool:
    """Whether the exchange of a bank transaction goes the other way than its lines: Xero takes no negative line there."""
    if plural_of(document) != "BankTransactions" or document.kind == "exchange":
        return False
    moved = sum(minor for account, minor in signed(document.entries) if account == accounts.exchange)
    return bool(document.lines) and moved * signed(document.entries)[-1][1] > 0


def is_allocated(document: Document) -> bool:
    """A credit note alone, and the mirror of one that was never paid out; of an invoice that was never paid, its
    mirror."""
    if document.kind == "reversal":
        return document.part in ("credit_memo", "invoice")
    return document.kind == "credit_memo"


def allocation_of(document: Document, settles: Settles) -> Document:
    return application(document, ALLOCATED, (document.document_key, settles.document_key))


def application(document: Document, part: str, after: tuple[str | None, ...]) -> Document:
    """A further write that moves nothing by itself, and is no void, whatever it belongs to."""
    made = [key for name, key in document.refs if name == NEW_CUSTOMER]
    return replace(
        document,
        document_key=part_key(document.ledger, document.document_key, part),
        kind="application",
        part=part,
        entries=(),
        lines=(),
        home_minor=None,
        after=tuple(dict.fromkeys(key for key in (*after, *made) if key is not None)),
        voids=False,
    )


def expand_void(document: Document, accounts: Accounts) -> list[Document]:
    """A credit note is taken off the invoice before it is voided; what the rate moved is voided with its payment."""
    put_on = allocated_to(document)
    if put_on is not None:
        off = application(replace(document, settles=put_on), UNALLOCATED, document.after)
        return [off, replace(document, after=(*document.after, off.document_key))]
    original = replace(document, kind=document.part, part="", voids=False)  # type: ignore[arg-type]
    halves = plural_of(original) == "Payments" or pays_more_than_it_takes(original, accounts)
    parts = without_exchange(document, accounts) if halves else [document]
    if len(parts) == 1:
        return parts
    whole, rest = parts
    of_original = part_key(document.ledger, document.reverses or "", "exchange")
    rest = replace(
        rest,
        kind="reversal",
        part="exchange",
        reverses=of_original,
        after=(document.document_key, of_original),
    )
    return [whole, rest]


def allocated_to(void: Document) -> Settles | None:
    """The invoice that a voided credit note may be on. One that is known from the books alone, after a lost state, does
    not tell it; where no payment of it was voided before, it may be on the invoice of its sale."""
    if void.part != "credit_memo":
        return None
    others = void.sale_ledger_id is not None and not is_key(void.sale_ledger_id)
    if void.settles is None and others and len(void.after) == 1:
        return Settles("invoice", ledger_id=void.sale_ledger_id)
    return void.settles


def expand_reopening(document: Document, accounts: Accounts) -> list[Document]:
    """The payment is deleted, made again for what stays paid and as an overpayment for the rest, which is paid back."""
    off = application(document, UNPAID, document.after)
    rest = application(document, PAID_AGAIN, (*document.after, off.document_key))
    over = application(document, OVERPAID, (*document.after, off.document_key, rest.document_key))
    paid, *exchange = without_exchange(document, accounts)
    paid = replace(
        paid,
        settles=Settles("payment", document_key=over.document_key),
        after=(*document.after, over.document_key),
    )
    named = ((TAKEN, off.document_key), (OVERPAID, over.document_key))
    parts = [
        replace(one, amount_minor=paid.amount_minor, refs=(*one.refs, *named)) for one in (off, rest, over)
    ]
    return [*parts, paid, *exchange]
