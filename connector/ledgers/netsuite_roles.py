"""Which record of NetSuite a document becomes, and how one document becomes several writes.

A credit memo and the refund that pays it out are two records, of which the second names the first. A payment that is
taken back is changed, and the refund names it then. A document of ours that takes another back is the opposite record.
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
from connector.planning.entries import make_entries
from connector.planning.keys import part_key
from connector.planning.model import BROUGHT_BACK, CASH_LEGS, NEW_CUSTOMER, Document, Settles

Record = Literal[
    "invoice",
    "creditMemo",
    "customerPayment",
    "customerRefund",
    "cashSale",
    "cashRefund",
    "journalEntry",
    "customer",
]
# Of a document, and of the reversal of one. A void is one of its invoice, or the memo in its place.
RECORDS: dict[str, Record] = {
    "invoice": "invoice",
    "sales_receipt": "cashSale",
    "credit_memo": "creditMemo",
    "refund_receipt": "cashRefund",
    "payment": "customerPayment",
    "credit_card_refund": "customerRefund",
    "refund_payout": "customerRefund",
    "reopen_invoice": "customerRefund",
    "fee": "journalEntry",
    "exchange": "journalEntry",
    "void": "creditMemo",
    "customer": "customer",
}
MIRRORS: dict[str, Record] = {
    "invoice": "creditMemo",
    "sales_receipt": "cashRefund",
    "credit_memo": "invoice",
    "refund_receipt": "cashSale",
    "payment": "customerRefund",
    "credit_card_refund": "customerPayment",
    "refund_payout": "customerPayment",
    "reopen_invoice": "customerPayment",
    "fee": "journalEntry",
    "exchange": "journalEntry",
    "void": "customerPayment",
    VOIDED_INVOICE: "invoice",
}
# The ref that says which record holds what a charge brought where no sale does.
CREDIT, DEPOSIT = "credit", "customerDeposit"
# What an application does: it takes a payment off its invoice; it puts the credit memo of a mirror on the mirror.
UNAPPLIED = "unapplied"
APPLIED = "applied"
APPLICATIONS: dict[str, Record] = {UNAPPLIED: "customerPayment", APPLIED: "creditMemo"}
# The refs of the first write of a reopened invoice: the invoice, and the key of the refund of what was taken off.
REOPENS = "reopens"
PAID_BACK = "paid_back"


def record_of(document: Document) -> Record:
    """What the document is written as."""
    if document.kind == "application":
        # One that is known from the books alone, after a lost state, says no part: it stands, and is never sent.
        return APPLICATIONS.get(document.part, "customerPayment")
    if document.kind != "reversal":
        return RECORDS[document.kind]
    # One that is known from the books alone does not say of what it is, and is never sent.
    return MIRRORS[document.part] if document.part else "journalEntry"


def expand(document: Document, accounts: Accounts) -> list[Document]:
    """The writes of a document, in order."""
    if is_from_books(document) or document.kind == "application":
        return [document]
    again = document.kind == "reversal" and document.part in ("void", "credit_memo")
    if again and document.entries[-1].account in accounts.clearing:
        return invoice_again(document, accounts)
    if record_of(document) not in ("customerPayment", "customerRefund"):
        taken_up = document.kind == "reversal" and document.part == "credit_memo"
        if taken_up and document.settles is not None and document.settles.kind == "credit_memo":
            return [document, application(document, APPLIED, (document.document_key,))]
        return [document]
    out_of_what_came_back = any(name == BROUGHT_BACK for name, _ in document.refs)
    if pays_nothing(document) or (out_of_what_came_back and document.kind in CASH_LEGS):
        return without_exchange(on_receivables(document, accounts), accounts)
    parts = without_exchange(document, accounts)
    if document.kind != "reopen_invoice" or document.settles is None:
        return parts
    off = application(replace(document, amount_minor=parts[0].amount_minor), UNAPPLIED, document.after)
    paid_back = replace(parts[0], after=(*parts[0].after, off.document_key))
    return [off, paid_back, *parts[1:]]


def pays_nothing(document: Document) -> bool:
    """A payment that takes a refund back and has nothing to be applied to: the customer is owed it."""
    return document.kind == "reversal" and document.part in CASH_LEGS and document.settles is None


def on_receivables(document: Document, accounts: Accounts) -> Document:
    """A payment is owed on receivables, also where the deposit that had gone back stood on an account of its own. In the
    charge's currency it is owed at the rate of its own day: NetSuite books what that moved when it is used."""
    *others, (clearing, total) = signed(document.entries)
    if (CREDIT, DEPOSIT) in document.refs:
        others = [(one if one == accounts.exchange else accounts.receivable, minor) for one, minor in others]
    if document.home_minor is not None:
        owed = next(one for one, _ in others if one != accounts.exchange)
        others = [(owed, -total)]
    return replace(document, entries=make_entries([*others, (clearing, total)], document.entry_currency))


def application(document: Document, part: str, after: tuple[str, ...]) -> Document:
    """A further write that moves nothing by itself."""
    made = [key for name, key in document.refs if name == NEW_CUSTOMER]
    settles: Settles | None = document.settles
    named = [settles.document_key] if settles is not None and settles.document_key is not None else []
    refs = document.refs
    if part == UNAPPLIED:
        refs = (*refs, (PAID_BACK, document.document_key))
        if document.sale_ledger_id is not None:
            refs = (*refs, (REOPENS, document.sale_ledger_id))
    return replace(
        document,
        document_key=part_key(document.ledger, document.document_key, part),
        kind="application",
        part=part,
        entries=(),
        lines=(),
        home_minor=None,
        narration=f"{'Taken off' if part == UNAPPLIED else 'Applied'}: {document.narration}",
        refs=refs,
        after=tuple(dict.fromkeys((*after, *named, *made))),
    )
