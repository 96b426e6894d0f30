"""With `failed_refund: owe_customer`: a later refund of a charge whose failed refund left a credit memo open is that
memo's cash leg."""

from __future__ import annotations

from connector.planning.accounts import clearing_of, exchange_of, receivable_of
from connector.planning.allocation import split_refund
from connector.planning.by_hand import type_action
from connector.planning.case import Books, LedgerPolicy, NotNow, Plan, RefundCase
from connector.planning.choice import legs_in_books
from connector.planning.entries import make_entries
from connector.planning.facts import method_of
from connector.planning.fees import fee_document
from connector.planning.model import INCOME_LEGS, Document, RefundType, SaleLine, Settles
from connector.planning.money import multiply_ratio
from connector.planning.refund_documents import follow, number_of
from connector.planning.refund_types import is_on
from connector.planning.sentences import money, resync_command
from connector.planning.settlement import Settlement, open_day
from connector.planning.shares import Share

OWED = "the credit that a failed refund left open"


def plan_owed_cash(
    case: RefundCase, books: Books, ledger: LedgerPolicy, settlement: Settlement
) -> Plan | None:
    """The cash leg on the credit that is left open, or None where there is none or a person chose the types.

    Raises `NotNow`: credit_used where the refund is larger than what is left of the credit, type_switched_off where
    the cash leg is off.
    """
    memo = case.credit_left
    if memo is None or case.number is None or case.person.types or legs_in_books(case) & INCOME_LEGS:
        return None
    refund = case.refund
    failed = next((r for r in case.siblings if r.refund_id == memo.refund_id), None)
    if failed is not None and refund.created < failed.created:
        return None
    credit = credit_minor(case, memo)
    left = credit - case.credit_used_minor
    if refund.amount_minor > left or settlement.currency != memo.entry_currency:
        how = type_action(case, ledger, case.sale.form if case.sale else "invoice", True)
        raise NotNow(
            "held",
            "credit_used",
            f"credit memo {memo.number} of a failed refund is still open for {money(left, refund.currency)}, and "
            f"this refund is {money(refund.amount_minor, refund.currency)}",
            how,
        )
    kind = cash_kind(case)
    if not is_on(ledger.switches, kind):
        raise NotNow(
            "excluded",
            "type_switched_off",
            f"{kind} would pay out credit memo {memo.number}, but it is switched off",
            f"switch the type on, then: {resync_command(refund.refund_id)}",
        )
    if not case.ours:
        settlement = open_day(books, ledger, settlement)
    # The memo's amount at its own rate, carried cumulatively over the refunds that pay it out.
    used = case.credit_used_minor
    paid = multiply_ratio(memo.entry_minor, used + refund.amount_minor, credit)
    paid -= multiply_ratio(memo.entry_minor, used, credit)
    documents = owed_documents(case, books, ledger, settlement, memo, kind, paid)
    return Plan(
        "posted",
        rule=OWED,
        documents=documents,
        warnings=settlement.warnings,
        shares=shares_of(case),
        sale_number=sale_number_of(case, memo),
        number=case.number[1],
        place=case.number[0],
    )


def credit_minor(case: RefundCase, memo: Document) -> int:
    """The credit in the charge's currency."""
    taken = sum(share.net_minor + share.tax_minor for share in case.credit_left_shares)
    return taken or memo.amount_minor


def sale_number_of(case: RefundCase, memo: Document) -> str | None:
    """The refund is numbered among those of its sale, which may have another number now than when the memo was made."""
    return case.sale.number if case.sale is not None else memo.sale_number


def cash_kind(case: RefundCase) -> RefundType:
    method = case.charge.charge.payment_method if case.charge else ""
    return "credit_card_refund" if method_of(method) == "card" else "refund_payout"


def shares_of(case: RefundCase) -> tuple[Share, ...]:
    """The part of what the memo took of the sale that goes over to this refund: in proportion to what is left of each,
    and all of it with the refund that pays the memo out wholly. So a payer that fails gives only its own part back."""
    taken = [
        SaleLine(s.line_id, "", s.net_minor, s.tax_minor, s.home_net_minor, s.home_tax_minor, "")
        for s in case.credit_left_shares
    ]
    used = case.credit_used_shares
    left = sum(line.net_minor + line.tax_minor for line in taken)
    left -= sum(share.net_minor + share.tax_minor for share in used)
    # A state of before may have handed all of it to the first payer.
    amount = max(0, min(case.refund.amount_minor, left))
    return split_refund(taken, used, amount).shares


def owed_documents(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    settlement: Settlement,
    memo: Document,
    kind: RefundType,
    paid_minor: int,
) -> tuple[Document, ...]:
    """Dr receivable by what of the memo is paid, and exchange / Cr clearing; and the refund's fee."""
    refund_id, number = case.refund.refund_id, number_of(case, ledger)
    amount = -settlement.amount_minor
    exchange_minor = amount - paid_minor
    postings = [
        (exchange_of(ledger, exchange_minor), exchange_minor),
        (receivable_of(ledger, memo.currency, memo.refs), paid_minor),
        (clearing_of(ledger, settlement.currency), -amount),
    ]
    foreign = memo.home_minor is not None
    settles = case.credit_holder or Settles("credit_memo", document_key=memo.document_key)
    document = Document(
        document_key=ledger.key(books, refund_id, kind, revision=case.revision),
        ledger=ledger.name,
        kind=kind,
        part="",
        revision=case.revision,
        subject_id=refund_id,
        refund_id=refund_id,
        charge_id=memo.charge_id,
        number=number,
        posting_date=settlement.posting_date,
        amount_minor=case.refund.amount_minor if foreign else amount,
        currency=memo.currency,
        entries=make_entries(postings, settlement.currency),
        customer=memo.customer,
        narration=settlement.tell(f"Refund {number} pays out credit memo {memo.number}"),
        sale_number=sale_number_of(case, memo),
        sale_ledger_id=memo.sale_ledger_id,
        after=follow((memo.document_key,), memo.refs, settles),
        rule=OWED,
        warnings=settlement.warnings,
        home_minor=amount if foreign else None,
        refs=memo.refs,
        settles=settles,
    )
    if not ledger.fees or not settlement.fee_minor:
        return (document,)
    fee = fee_document(
        ledger,
        books,
        refund_id,
        refund_id,
        memo.charge_id,
        number,
        settlement,
        memo.customer,
        "refund",
        case.revision,
        (document.document_key,),
        memo.refs,
    )
    return document, fee
