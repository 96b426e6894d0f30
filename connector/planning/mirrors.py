"""Documents that take other documents back: debit and credit exchanged, clearing moved by the failure's own amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.accounts import exchange_of
from connector.planning.case import Books, LedgerPolicy, NotNow
from connector.planning.entries import Posting, make_entries, mirror_entries
from connector.planning.model import Document
from connector.planning.settlement import Settlement


def move_clearing(original: Document, ledger: LedgerPolicy, settlement: Settlement) -> list[Posting]:
    """The mirror of a document that ends in clearing, with the settlement's amount there; the rest is exchange."""
    check_currency(original, settlement)
    postings = mirror_entries(original.entries)
    clearing, moved = postings[-1]
    difference = settlement.amount_minor - moved
    exchange = exchange_of(ledger, difference)
    return [*postings[:-1], (exchange, -difference), (clearing, settlement.amount_minor)]


def check_currency(original: Document, settlement: Settlement) -> None:
    if original.entry_currency != settlement.currency:
        raise NotNow(
            "held",
            "settlement_unknown",
            f"document {original.number or original.document_key} stands in {original.entry_currency.upper()}, "
            f"its failure moved the Stripe balance in {settlement.currency.upper()}",
            "look at the balance transactions in Stripe; each run asks again",
        )


def mirror_document(
    books: Books,
    ledger: LedgerPolicy,
    original: Document,
    postings: Sequence[Posting] | None,
    settlement: Settlement,
    cause: str,
    before: Sequence[Document],
) -> Document:
    """The reversal of `original` on the settlement's day, after the documents `before` it.

    `postings` None: its exact mirror. The number is the original's with the suffix for reversals, or none where that
    is too long.
    """
    number = books.templates.reversal_number(original.number) if original.number else None
    limit = ledger.capabilities.number_length
    if number is not None and limit is not None and len(number) > limit:
        number = None
    signed = mirror_entries(original.entries) if postings is None else postings
    words = original.kind.replace("_", " ")
    foreign = original.home_minor is not None
    total = abs(signed[-1][1])
    return replace(
        original,
        document_key=ledger.key(books, original.subject_id, "reversal", original.kind, original.revision),
        kind="reversal",
        part=original.kind,
        number=number,
        posting_date=settlement.posting_date,
        amount_minor=original.amount_minor if foreign else total,
        entries=make_entries(signed, original.entry_currency),
        lines=(),
        narration=settlement.tell(f"Reversal of {words} {original.number or ''}".rstrip() + f": {cause}"),
        reverses=original.document_key,
        after=(original.document_key, *(d.document_key for d in before)),
        warnings=settlement.warnings,
        home_minor=total if foreign else None,
    )


def mirror_receipt(
    books: Books,
    ledger: LedgerPolicy,
    original: Document,
    settlement: Settlement,
    cause: str,
    before: Sequence[Document],
) -> list[Document]:
    """The reversal of a receipt that stands in the charge's currency: at its own rate, like the receipt, and a document
    of kind `exchange` for what the failure moved clearing otherwise."""
    check_currency(original, settlement)
    mirror = mirror_document(books, ledger, original, None, settlement, cause, before)
    clearing, moved = mirror_entries(original.entries)[-1]
    rest = settlement.amount_minor - moved
    if not rest:
        return [mirror]
    postings = [(exchange_of(ledger, rest), -rest), (clearing, rest)]
    exchange = replace(
        mirror,
        document_key=ledger.key(books, original.subject_id, "exchange", "failure", original.revision),
        kind="exchange",
        part="failure",
        amount_minor=abs(rest),
        currency=settlement.currency,
        entries=make_entries(postings, settlement.currency),
        narration=settlement.tell(
            f"Exchange on {original.kind.replace('_', ' ')} {original.number or ''}".rstrip()
        ),
        reverses=None,
        after=(mirror.document_key,),
        home_minor=None,
    )
    return [mirror, exchange]
