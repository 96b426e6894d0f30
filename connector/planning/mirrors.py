"""Documents that take other documents back: debit and credit exchanged, clearing moved by the failure's own amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.accounts import exchange_line_of, exchange_of
from connector.planning.case import Books, LedgerPolicy, NotNow
from connector.planning.entries import Posting, make_entries, mirror_entries
from connector.planning.model import BROUGHT_BACK, CASH_LEGS, COMES_BACK, Document, Settles
from connector.planning.refund_documents import follow
from connector.planning.settlement import Settlement, is_closed

# A payment that comes after the form that it pays: of its original and of the mirror before it, what that mirror is.
PAID_BY = {
    ("credit_card_refund", "credit_memo"): "invoice",
    ("refund_payout", "credit_memo"): "invoice",
    ("payment", "invoice"): "credit_memo",
}


def move_clearing(original: Document, ledger: LedgerPolicy, settlement: Settlement) -> list[Posting]:
    """The mirror of a document that ends in clearing, with the settlement's amount there; the rest is exchange."""
    check_currency(original, settlement)
    postings = mirror_entries(original.entries)
    clearing, moved = postings[-1]
    difference = settlement.amount_minor - moved
    on_a_form = original.kind in ("refund_receipt", "sales_receipt")
    exchange = (exchange_line_of if on_a_form else exchange_of)(ledger, difference)
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
    paid_after: bool = False,
) -> Document:
    """The reversal of `original` on the settlement's day, after the documents `before` it.

    `postings` None: its exact mirror. `paid_after`: the mirror of its cash leg or payment comes after it. The number is
    the original's with the suffix for reversals, or none where that is too long.
    """
    number = books.templates.reversal_number(original.number) if original.number else None
    limit = ledger.capabilities.number_length
    if number is not None and limit is not None and len(number) > limit:
        number = None
    signed = mirror_entries(original.entries) if postings is None else postings
    settles = mirror_settles(original, before, paid_after)
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
        narration=settlement.tell(f"Reversal of {words} {original.number or ''}".rstrip() + f": {cause}"),
        reverses=original.document_key,
        after=follow((original.document_key, *(d.document_key for d in before)), original.refs, settles),
        warnings=settlement.warnings,
        home_minor=total if foreign else None,
        # What the original was paid out of is nothing to its mirror.
        refs=tuple(one for one in original.refs if one[0] not in (BROUGHT_BACK, COMES_BACK)),
        settles=settles,
    )


def mirror_settles(original: Document, before: Sequence[Document], paid_after: bool) -> Settles | None:
    """What the mirror of a document leaves no open balance against: the mirror before it, which is of the other leg;
    the memo that was never paid out; the invoice that was opened again."""
    other = before[-1] if before else None
    if paid_after or (original.kind == "credit_memo" and original.part == "void"):
        return None
    if other is not None and (original.kind, other.part) in PAID_BY:
        return Settles(PAID_BY[original.kind, other.part], document_key=other.document_key)
    if original.kind == "credit_memo":
        if other is not None and other.part in CASH_LEGS:
            return Settles("payment", document_key=other.document_key)
        return Settles("credit_memo", document_key=original.document_key)
    if original.kind == "invoice" and other is not None and other.part == "payment":
        return Settles("refund_payout", document_key=other.document_key)
    if original.kind == "invoice":
        return Settles("invoice", document_key=original.document_key)
    if original.kind == "reopen_invoice" and original.sale_ledger_id is not None:
        invoice = original.sale_ledger_id
        ours = invoice in original.after
        return Settles("invoice", invoice if ours else None, None if ours else invoice)
    return None


def void_document(original: Document, cause: str) -> Document:
    """The reversal of `original` where it stands, as of its own day and with its own number."""
    words = original.kind.replace("_", " ")
    return replace(
        original,
        kind="reversal",
        part=original.kind,
        entries=make_entries(mirror_entries(original.entries), original.entry_currency),
        narration=f"Void of {words} {original.number or ''}".rstrip() + f": {cause}",
        reverses=original.document_key,
        warnings=(),
        voids=True,
    )


def void_all(
    books: Books, ledger: LedgerPolicy, originals: Sequence[Document], cause: str
) -> tuple[Document, ...]:
    """Each voided where it stands, in this order."""
    documents: list[Document] = []
    for original in originals:
        key = ledger.key(books, original.subject_id, "reversal", original.kind, original.revision)
        before = [d.document_key for d in documents[-1:]]
        void = replace(
            void_document(original, cause), document_key=key, after=(original.document_key, *before)
        )
        documents.append(void)
    return tuple(documents)


def can_void(ledger: LedgerPolicy, originals: Sequence[Document], settlement: Settlement | None) -> bool:
    """Whether all of these can be voided where they stand: their days are open, and where a failure takes them back it
    is of the same month and moves clearing by what they moved."""
    for original in originals:
        day = original.posting_date
        if original.kind not in ledger.capabilities.voids or original.part == "void":
            return False
        if is_closed(ledger, day):
            return False
        if settlement is None:
            continue
        if (day.year, day.month) != (settlement.posting_date.year, settlement.posting_date.month):
            return False
        last = original.entries[-1]
        if (abs(settlement.amount_minor), settlement.currency) != (
            last.debit_minor + last.credit_minor,
            last.currency,
        ):
            return False
    return True


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
    mirror = mirror_document(books, ledger, original, None, settlement, cause, before)
    exchange = exchange_beside(books, ledger, original, mirror, settlement)
    return [mirror] if exchange is None else [mirror, exchange]


def exchange_beside(
    books: Books, ledger: LedgerPolicy, original: Document, mirror: Document, settlement: Settlement
) -> Document | None:
    """What the failure moved clearing otherwise than the exact mirror of a document that ends in clearing; None where it
    moved it alike."""
    check_currency(original, settlement)
    clearing, moved = mirror_entries(original.entries)[-1]
    rest = settlement.amount_minor - moved
    if not rest:
        return None
    postings = [(exchange_of(ledger, rest), -rest), (clearing, rest)]
    return replace(
        mirror,
        document_key=ledger.key(books, original.subject_id, "exchange", "failure", original.revision),
        kind="exchange",
        part="failure",
        posting_date=settlement.posting_date,
        amount_minor=abs(rest),
        currency=settlement.currency,
        entries=make_entries(postings, settlement.currency),
        narration=settlement.tell(
            f"Exchange on {original.kind.replace('_', ' ')} {original.number or ''}".rstrip()
        ),
        reverses=None,
        after=follow((mirror.document_key,), original.refs, None),
        home_minor=None,
        voids=False,
        settles=None,
    )
