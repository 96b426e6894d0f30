"""A posted refund that Stripe failed or canceled, and a posted refund that a person replaces: what takes it back.

Nothing is deleted and no earlier month restated: every document gets a mirror dated by the failure's own balance
transaction, the cash leg first, leaving no open balance; clearing moves by the failure's own amount and what that
differs from the refund's is realised exchange. https://docs.stripe.com/refunds#failed-refunds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.planning.case import Books, LedgerPolicy, NotNow, Plan, RefundCase
from connector.planning.entries import Posting, make_entries, mirror_entries
from connector.planning.model import CASH_LEGS, Document, Entry
from connector.planning.sale_plan import fee_document, need_account
from connector.planning.settlement import Settlement, settle

WITH_CASH = frozenset({"refund_receipt", "reopen_invoice", *CASH_LEGS})


@dataclass(frozen=True, slots=True)
class Standing:
    """A document of the refund and whether it stands in the books (`posted`), or was never sent."""

    document: Document
    posted: bool


def plan_failure(
    case: RefundCase, books: Books, ledger: LedgerPolicy, standing: Sequence[Standing], now: int
) -> Plan:
    """Reverse what of a failed or canceled refund stands in the books."""
    refund = case.refund
    posted = [s.document for s in standing if s.posted and s.document.kind not in ("fee", "reversal")]
    if not posted:
        return Plan("dropped", sentence=f"Stripe says {refund.status}: nothing had been posted")
    try:
        settlement = settle(
            books,
            "the failure of refund",
            refund.refund_id,
            case.failure_balance_transaction,
            refund.amount_minor,
            refund.currency,
            refund.created,
            case.charge_currencies,
            now,
            case.first_seen,
        )
        keep_credit = books.failed_refund == "owe_customer" and {d.kind for d in posted} >= {"credit_memo"}
        documents = mirror_all(case, books, ledger, posted, settlement, keep_credit)
    except NotNow as stop:
        return Plan("held", stop.reason, stop.sentence, stop.action, stop.due)
    kept = "; the credit memo stays open for the customer" if keep_credit and has_cash(posted) else ""
    return Plan(
        "reversed",
        sentence=f"Stripe says {refund.status}: the customer has not got the money{kept}",
        action=f"pay the customer another way, then: connector resolve {refund.refund_id} --ledger {ledger.name} "
        f"--skip --reason TEXT",
        documents=documents,
        warnings=settlement.warnings,
    )


def has_cash(documents: Sequence[Document]) -> bool:
    return any(d.kind in CASH_LEGS for d in documents)


def mirror_all(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    posted: Sequence[Document],
    settlement: Settlement,
    keep_credit: bool,
) -> tuple[Document, ...]:
    """Mirrors of the posted documents, cash legs first, and the fee of the failure."""
    cash_first = sorted(posted, key=lambda d: d.kind not in CASH_LEGS)
    if keep_credit and has_cash(posted):
        cash_first = [d for d in cash_first if d.kind in CASH_LEGS]
    documents: list[Document] = []
    for original in cash_first:
        postings = mirror_entries(original.entries)
        amount = original.amount_minor
        if original.kind in WITH_CASH:
            postings = move_clearing(postings, ledger, settlement)
            amount = settlement.amount_minor
        elif original.kind == "void":
            postings, amount = unvoid(postings, ledger, case, settlement, original)
        documents.append(
            mirror_document(
                books,
                ledger,
                original,
                make_entries(postings, original.currency),
                amount,
                settlement,
                after=(original.document_key, *(d.document_key for d in documents[-1:])),
            )
        )
    if ledger.fees and settlement.fee_minor:
        first = posted[0]
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
            )
        )
    return tuple(documents)


def move_clearing(postings: list[Posting], ledger: LedgerPolicy, settlement: Settlement) -> list[Posting]:
    """The mirror's clearing posting becomes the failure's own amount; the difference goes to exchange."""
    clearing = need_account(ledger.mapping.clearing(settlement.currency), "clearing", settlement.currency)
    moved = sum(signed for account, signed in postings if account == clearing)
    rest = [(account, signed) for account, signed in postings if account != clearing]
    difference = settlement.amount_minor - moved
    if difference:
        rest.append((need_account(ledger.mapping.exchange, "exchange"), -difference))
    return [*rest, (clearing, settlement.amount_minor)]


def unvoid(
    postings: list[Posting],
    ledger: LedgerPolicy,
    case: RefundCase,
    settlement: Settlement,
    original: Document,
) -> tuple[list[Posting], int]:
    """The invoice again, with its payment into clearing: clearing moves by charge + refund + failure, since the
    void left charge and refund out."""
    clearing = need_account(ledger.mapping.clearing(settlement.currency), "clearing", settlement.currency)
    charge = case.charge.balance_transaction if case.charge else None
    refund = case.balance_transaction
    amount = (
        (charge.amount_minor if charge else original.amount_minor)
        + (refund.amount_minor if refund else -original.amount_minor)
        + settlement.amount_minor
    )
    receivable = original.entries[-1].account
    rest = [(account, signed) for account, signed in postings if account != receivable]
    difference = amount + sum(signed for _, signed in rest)
    if difference:
        rest.append((need_account(ledger.mapping.exchange, "exchange"), -difference))
    return [*rest, (clearing, amount)], original.amount_minor


def mirror_document(
    books: Books,
    ledger: LedgerPolicy,
    original: Document,
    entries: tuple[Entry, ...],
    amount_minor: int,
    settlement: Settlement,
    after: tuple[str, ...],
) -> Document:
    number = books.templates.reversal_number(original.number) if original.number else None
    limit = ledger.capabilities.number_length
    if number is not None and limit is not None and len(number) > limit:
        number = None
    words = original.kind.replace("_", " ")
    return replace(
        original,
        document_key=ledger.key(books, original.subject_id, "reversal", original.kind, original.revision),
        kind="reversal",
        part=original.kind,
        number=number,
        posting_date=settlement.posting_date,
        amount_minor=amount_minor,
        entries=entries,
        lines=(),
        narration=f"Reversal of {words} {original.number or ''}: the refund failed",
        reverses=original.document_key,
        after=after,
        warnings=(),
    )


def plan_undo(books: Books, ledger: LedgerPolicy, posted: Sequence[Document]) -> tuple[Document, ...]:
    """Exact mirrors on the documents' own dates, fees included, for `resync --replace`; cash legs first."""
    documents: list[Document] = []
    for original in sorted(posted, key=lambda d: (d.kind != "fee", d.kind not in CASH_LEGS)):
        if original.kind == "reversal":
            continue
        own = Settlement(0, 0, original.currency, original.posting_date)
        mirror = mirror_document(
            books,
            ledger,
            original,
            make_entries(mirror_entries(original.entries), original.currency),
            original.amount_minor,
            own,
            after=(original.document_key, *(d.document_key for d in documents[-1:])),
        )
        words = original.kind.replace("_", " ")
        documents.append(replace(mirror, narration=f"{words.capitalize()} {original.number or ''} replaced"))
    return tuple(documents)


def plan_owed_cash(
    case: RefundCase, books: Books, ledger: LedgerPolicy, cash_kind: str, now: int
) -> Plan | None:
    """With `owe_customer`: a later refund of a charge whose failed refund left a credit open is that credit's cash leg.

    None where no credit is left open. Held `credit_used` where the refund is larger than the credit.
    """
    memo = case.credit_left
    if memo is None or case.number is None:
        return None
    refund = case.refund
    settlement = settle(
        books,
        "refund",
        refund.refund_id,
        case.balance_transaction,
        -refund.amount_minor,
        refund.currency,
        refund.created,
        case.charge_currencies,
        now,
        case.first_seen,
    )
    amount = -settlement.amount_minor
    if amount > memo.amount_minor or settlement.currency != memo.currency:
        raise NotNow(
            "held",
            "credit_used",
            f"the credit of memo {memo.number} is {memo.amount_minor} {memo.currency}, less than the refund",
            f"connector resolve {refund.refund_id} --ledger {ledger.name} --type TYPE --reason TEXT",
        )
    receivable = need_account(
        ledger.mapping.receivable(settlement.currency), "receivable", settlement.currency
    )
    clearing = need_account(ledger.mapping.clearing(settlement.currency), "clearing", settlement.currency)
    number = case.number[1]
    document = Document(
        document_key=ledger.key(books, refund.refund_id, cash_kind, "", case.revision),
        ledger=ledger.name,
        kind=cash_kind,  # type: ignore[arg-type]
        part="",
        revision=case.revision,
        subject_id=refund.refund_id,
        refund_id=refund.refund_id,
        charge_id=memo.charge_id,
        number=number,
        posting_date=settlement.posting_date,
        amount_minor=amount,
        currency=settlement.currency,
        entries=make_entries([(receivable, amount), (clearing, -amount)], settlement.currency),
        customer=memo.customer,
        narration=f"Refund {number} pays out credit memo {memo.number}",
        sale_number=memo.sale_number,
        sale_ledger_id=memo.sale_ledger_id,
        after=(memo.document_key,),
    )
    documents = [document]
    if ledger.fees and settlement.fee_minor:
        documents.append(
            fee_document(
                ledger,
                books,
                refund.refund_id,
                refund.refund_id,
                memo.charge_id,
                number,
                settlement,
                memo.customer,
                "refund",
                case.revision,
                (document.document_key,),
            )
        )
    return Plan(
        "posted",
        rule="the credit that a failed refund left open",
        documents=tuple(documents),
        warnings=settlement.warnings,
        sale_number=memo.sale_number,
        number=number,
        place=case.number[0],
    )
