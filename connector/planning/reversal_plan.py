"""A posted refund that Stripe failed or canceled, and a posted refund that a person replaces: what takes it back.

Nothing is deleted and no earlier month restated: every document gets a mirror dated by the failure's own balance
transaction, the cash leg first, leaving no open balance; clearing moves by the failure's own amount and what that
differs from the refund's is realised exchange. https://docs.stripe.com/refunds#failed-refunds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.planning.accounts import clearing_of, exchange_of, refuse_unfit
from connector.planning.case import Books, LedgerPolicy, NotNow, Plan, RefundCase, is_live
from connector.planning.entries import Posting, mirror_entries
from connector.planning.failed_refund import after_failure
from connector.planning.fees import fee_document
from connector.planning.mirrors import (
    can_void,
    check_currency,
    mirror_document,
    mirror_receipt,
    move_clearing,
    void_all,
)
from connector.planning.model import BROUGHT_BACK, CASH_LEGS, Document
from connector.planning.sentences import resolve_command
from connector.planning.settlement import Settlement, first_open_day, open_day, refuse_unusable, settle
from connector.planning.taken_back import TakenBack, exchange_since, with_fees_again
from connector.planning.voiding import stands_for_void

WITH_CASH = frozenset({"refund_receipt", "reopen_invoice", *CASH_LEGS})
# Fees stay: Stripe says itself what it charges or gives back for the failure. What exchange moved beside a receipt
# stays too: the failure's own exchange is counted from the receipt. Links have no entries to take back.
KEPT = frozenset({"fee", "exchange", "reversal", "application"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A document of the refund and whether it stands in the books (`posted`), or was never sent."""

    document: Document
    posted: bool


def plan_failure(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    standing: Sequence[Standing],
    now: int,
    taken_back: Sequence[TakenBack] = (),
) -> Plan:
    """Reverse what of a failed or canceled refund stands in the books, beside what a replacement has `taken_back`."""
    refund = case.refund
    posted = [s.document for s in standing if s.posted and s.document.kind not in KEPT]
    if not posted and not taken_back and any(s.posted and s.document.kind == "application" for s in standing):
        return half_opened(case, ledger)
    if not posted and not taken_back:
        return Plan("dropped", sentence=f"Stripe says {refund.status}: nothing had been posted")
    back = {one.document.document_key for one in taken_back}
    unwritten = [s.document for s in standing if not s.posted and s.document.document_key not in back]
    keep_credit = books.failed_refund == "owe_customer" and keeps_credit(posted, taken_back)
    try:
        refuse_adopted(case, ledger, posted)
        settlement = open_day(books, ledger, settle_failure(case, books, now))
        documents = mirror_all(case, books, ledger, posted, taken_back, unwritten, settlement, keep_credit)
        refuse_unfit(ledger, documents)
    except NotNow as stop:
        return stop.plan()
    charge = case.charge.charge if case.charge else None
    sentence, action = after_failure(refund, charge, case.siblings, ledger.name, keep_credit)
    return Plan(
        "reversed",
        sentence=sentence,
        action=action,
        documents=documents,
        warnings=(*settlement.warnings, *voided_with(case, posted)),
    )


def half_opened(case: RefundCase, ledger: LedgerPolicy) -> Plan:
    """Its invoice was opened again and nothing paid back: how far, a person sees in the ledger."""
    how = resolve_command(case.refund.refund_id, ledger.name, "--skip")
    return Plan(
        "held",
        "ledger_cannot",
        f"Stripe says {case.refund.status}: the payment was taken off the invoice for this refund and not paid back, so "
        f"that both stand open",
        f"put the payment on the invoice again in the ledger, then: {how}",
    )


def settle_failure(case: RefundCase, books: Books, now: int) -> Settlement:
    refund, noun = case.refund, "the failure of refund"
    refuse_unusable(noun, refund.refund_id, (refund.failure_balance_transaction_id,), case.unusable)
    return settle(
        books,
        noun,
        refund.refund_id,
        case.failure_balance_transaction,
        refund.amount_minor,
        refund.currency,
        refund.created,
        case.charge_currencies,
        now,
        case.first_seen,
    )


def keeps_credit(posted: Sequence[Document], taken_back: Sequence[TakenBack]) -> bool:
    """`owe_customer` is about a credit memo that stands, and its cash leg; every other type is reversed whole."""
    kinds = {document.kind for document in posted}
    paid = kinds | {one.document.kind for one in taken_back}
    return "credit_memo" in kinds and bool(paid & CASH_LEGS)


def refuse_adopted(case: RefundCase, ledger: LedgerPolicy, posted: Sequence[Document]) -> None:
    """What others booked is theirs to take back: its debits and credits are not known here."""
    theirs = [document for document in posted if not document.entries]
    if theirs:
        shown = ", ".join(f"{d.kind.replace('_', ' ')} {d.number or ''}".rstrip() for d in theirs)
        how = resolve_command(case.refund.refund_id, ledger.name, "--skip")
        raise NotNow(
            "held",
            "ledger_cannot",
            f"Stripe says {case.refund.status}, and others booked this refund ({shown}): the connector does not "
            f"take back what it did not write",
            f"take it back in the ledger, then: {how}",
        )


def voided_with(case: RefundCase, posted: Sequence[Document]) -> list[str]:
    """Other refunds of the charge that were taken as voided with this one, and whose void is taken back now."""
    if not any(stands_for_void(document) for document in posted):
        return []
    others = [r.refund_id for r in case.siblings if is_live(r) and r.refund_id != case.refund.refund_id]
    return [f"refund {i} was voided together with this one; resync it" for i in others]


def mirror_all(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    posted: Sequence[Document],
    taken_back: Sequence[TakenBack],
    unwritten: Sequence[Document],
    settlement: Settlement,
    keep_credit: bool,
) -> tuple[Document, ...]:
    """Mirrors of the posted documents, cash legs first, and the fee of the failure."""
    originals = sorted(posted, key=lambda d: d.kind not in CASH_LEGS)
    if keep_credit:
        originals = [d for d in originals if d.kind in CASH_LEGS]
    if can_void(ledger, originals, settlement):
        documents = list(void_all(books, ledger, originals, "the refund failed"))
    else:
        # What was voided where it stood leaves nothing to settle.
        stand = [one.mirror for one in taken_back if one.document.kind not in KEPT and not one.mirror.voids]
        documents = mirror_each(case, books, ledger, originals, settlement, stand)
    documents += exchange_since(books, ledger, taken_back, WITH_CASH, settlement)
    settlement = with_fees_again(settlement, taken_back, unwritten)
    if ledger.fees and settlement.fee_minor:
        first = [*posted, *(one.document for one in taken_back)][0]
        documents.append(
            fee_document(
                ledger,
                books,
                first.subject_id,
                first.refund_id,
                first.charge_id,
                first.number,
                settlement,
                first.customer,
                "failure",
                first.revision,
                tuple(d.document_key for d in documents[-1:]),
                first.refs,
            )
        )
    return tuple(documents)


def mirror_each(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    originals: Sequence[Document],
    settlement: Settlement,
    stand: Sequence[Document],
) -> list[Document]:
    """Mirrors on the settlement's day; a ledger whose payments name what they pay gets the form before the payment. Those
    that `stand` came before them."""
    cash_last = ledger.capabilities.payments_need_forms and len(originals) > 1
    documents: list[Document] = []
    for original in reversed(originals) if cash_last else originals:
        postings = None
        if original.kind == "refund_receipt" and original.home_minor is not None:
            documents += mirror_receipt(
                books, ledger, original, settlement, "the refund failed", [*stand, *documents][-1:]
            )
            continue
        if original.kind in WITH_CASH:
            postings = move_clearing(original, ledger, settlement)
        elif stands_for_void(original):
            postings = unvoid(original, ledger, case, settlement)
        paid_after = cash_last and original.kind == "credit_memo"
        documents.append(
            mirror_document(
                books,
                ledger,
                original,
                postings,
                settlement,
                "the refund failed",
                [*stand, *documents][-1:],
                paid_after,
            )
        )
    return documents


def unvoid(
    original: Document, ledger: LedgerPolicy, case: RefundCase, settlement: Settlement
) -> list[Posting]:
    """The invoice again, with its payment into clearing: clearing moves by charge + refund + failure, since the
    void left charge and refund out."""
    check_currency(original, settlement)
    charge = case.charge.settled() if case.charge else None
    captured = case.charge.charge.captured_minor if case.charge else original.entry_minor
    refund = case.balance_transaction
    amount = (
        (charge[0] if charge else captured)
        + (refund.amount_minor if refund else -case.refund.amount_minor)
        + settlement.amount_minor
    )
    # The receivable stands last: invoice and payment leave nothing open on it.
    earned = mirror_entries(original.entries)[:-1]
    difference = amount + sum(signed for _, signed in earned)
    exchange = exchange_of(ledger, difference)
    return [*earned, (exchange, -difference), (clearing_of(ledger, settlement.currency), amount)]


def plan_undo(books: Books, ledger: LedgerPolicy, posted: Sequence[Document]) -> tuple[Document, ...]:
    """What takes these back for `resync --replace`, fees first, then cash legs: voids where the ledger keeps those, else
    exact mirrors on the documents' own dates, or the first open day where those are closed.
    """
    originals = [
        d
        for d in sorted(posted, key=lambda d: (d.kind != "fee", d.kind not in CASH_LEGS))
        if d.kind not in ("reversal", "application") and d.entries
    ]
    if can_void(ledger, originals, None):
        return void_all(books, ledger, originals, "replaced")
    documents: list[Document] = []
    cash_last = ledger.capabilities.payments_need_forms
    if cash_last:
        originals.sort(key=lambda d: (d.kind != "fee", d.kind in CASH_LEGS))
    paid = any(d.kind in CASH_LEGS for d in originals)
    for original in originals:
        own = first_open_day(ledger, Settlement(0, 0, original.entry_currency, original.posting_date))
        paid_after = cash_last and paid and original.kind == "credit_memo"
        mirror = mirror_document(
            books, ledger, original, None, own, "replaced", documents[-1:], paid_after=paid_after
        )
        words = original.kind.replace("_", " ").capitalize()
        documents.append(
            replace(mirror, narration=own.tell(f"{words} {original.number or ''}".rstrip() + " replaced"))
        )
    return tuple(documents)


def after_undo(documents: Sequence[Document], undo: Sequence[Document]) -> tuple[Document, ...]:
    """The documents of the next revision, sent after what takes this one back. What is paid out of the sale's payment is
    then paid out of what brought it back, where a payment did that."""
    last = undo[-1].document_key
    back = next((d.document_key for d in undo if is_money_back(d)), None)
    following = []
    for one in documents:
        named = back if one.settles is not None and one.settles.kind == "payment" else None
        after = [*one.after, last, *([] if named is None else [named])]
        refs = one.refs if named is None else (*one.refs, (BROUGHT_BACK, named))
        following.append(replace(one, after=tuple(dict.fromkeys(after)), refs=refs))
    return tuple(following)


def is_money_back(reversal: Document) -> bool:
    """Whether it is a payment again: of an invoice that was opened again, or one that pays nothing, as it was before."""
    lone = reversal.part in CASH_LEGS and reversal.settles is None
    return not reversal.voids and (lone or reversal.part == "reopen_invoice")
