"""A void: an invoice that was never paid in the books is taken off as a whole.

The charge and the refund are left out of clearing, so a payment that is booked later is reported. In another month
than the refund's, or where the invoice's month is closed, a credit memo of the refund's date is applied to the invoice
instead; it takes the same amounts back, and is reversed as a void is (`part` of the document).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from connector.planning.allocation import split_refund
from connector.planning.by_hand import retry_command, type_action
from connector.planning.case import NotNow, RefundCase, is_live
from connector.planning.entries import income_postings, lines_total
from connector.planning.fees import fee_document
from connector.planning.model import Document, Sale, SaleLine
from connector.planning.refund_documents import Draft, in_charge_currency, open_item
from connector.planning.refunded_lines import refund_lines
from connector.planning.sale_plan import charged_lines, document_lines
from connector.planning.sentences import money
from connector.planning.settlement import Settlement, first_open_day, is_closed, refuse_unusable
from connector.planning.stripe_facts import Refund

VOID = "void"


def void_documents(draft: Draft, lines: Sequence[SaleLine]) -> tuple[Document, ...]:
    """The void, or the credit memo in its place, and the fees. `NotNow` void_guard unless every guard holds."""
    case, sale = draft.case, draft.sale
    if not case.ours:
        check_void_guards(draft, lines)
        await_closing_refund(case, sale)
    receivable = draft.receivable()
    invoice = open_item(sale, "invoice", sale.ledger_id)
    left_out = "the charge and the refund are left out of clearing; a payment booked later will be reported"
    if same_open_month(draft):
        taken = document_lines(draft.ledger, sale.lines)
        draft = replace(draft, warnings=(*draft.warnings, left_out))
        narration = f"Void of invoice {sale.number}: refunded before it was paid in the books"
        own_day = Settlement(0, 0, sale.currency, sale.posting_date)
        postings = [*income_postings(taken, 1), (receivable, -lines_total(taken))]
        if draft.foreign:
            taken = charged_lines(taken, sale.lines)
        whole = sale.total_minor
        documents = [
            draft.document(
                "void",
                narration,
                postings,
                taken,
                settlement=own_day,
                amount_minor=whole,
                settles=invoice,
            )
        ]
    else:
        whole = sum(line.net_minor + line.tax_minor for line in lines)
        shares = split_refund(lines, (), whole).shares
        taken = refund_lines(draft.ledger, sale, lines, shares)
        instead = (
            f"invoice {sale.number} is of another month or of a closed one ({sale.posting_date}), so a credit memo "
            f"of the refund's date was applied to it instead of a void"
        )
        draft = replace(draft, warnings=(*draft.warnings, instead, left_out))
        narration = f"Credit memo {draft.number} applied to invoice {sale.number}"
        postings = [*income_postings(taken, 1), (receivable, -lines_total(taken))]
        if draft.foreign:
            taken = in_charge_currency(taken, shares)
        memo = draft.document(
            "credit_memo", narration, postings, taken, part=VOID, amount_minor=whole, settles=invoice
        )
        documents = [memo]
    return (*documents, *charge_fee(draft, documents[0].document_key), *draft.fee(documents))


def stands_for_void(document: Document) -> bool:
    """A void, or the credit memo that was posted in its place."""
    return document.kind == "void" or (document.kind == "credit_memo" and document.part == VOID)


def same_open_month(draft: Draft) -> bool:
    invoiced, refunded = draft.sale.posting_date, draft.settlement.posting_date
    return month_of(invoiced) == month_of(refunded) and not is_closed(draft.ledger, invoiced)


def month_of(day: date) -> tuple[int, int]:
    return day.year, day.month


def charge_fee(draft: Draft, after: str) -> list[Document]:
    """With fees kept the charge's fee is posted alone: Stripe kept it, and no payment in the books shows it.

    Where the charge's day is closed it goes on the first open day: the refund itself is of an open one.
    """
    charge_case = draft.case.charge
    if draft.ledger.fees and charge_case is not None:
        charge = charge_case.charge
        refuse_unusable("charge", charge.charge_id, (charge.balance_transaction_id,), charge_case.unusable)
    fee = charge_case.balance_transaction if charge_case else None
    if not draft.ledger.fees or charge_case is None or fee is None or not fee.fee_minor:
        return []
    settled = Settlement(fee.amount_minor, fee.fee_minor, fee.currency, draft.books.day(fee.created))
    charge_id = charge_case.charge.charge_id
    return [
        fee_document(
            draft.ledger,
            draft.books,
            charge_id,
            None,
            charge_id,
            draft.sale.number,
            first_open_day(draft.ledger, settled),
            draft.sale.customer,
            after=(after,),
            refs=draft.sale.refs,
        )
    ]


# ---------------------------------------------------------------------------------------------- guards


def await_closing_refund(case: RefundCase, sale: Sale) -> None:
    """Of several refunds that take a charge back together, the last one voids the invoice; the others wait for it."""
    live = [r for r in case.siblings if is_live(r)]
    last = max(live, key=order, default=case.refund)
    if order(last) > order(case.refund):
        raise NotNow(
            "waiting",
            "payment_not_in_books",
            f"invoice {sale.number} is voided with refund {last.refund_id}, which closes its charge",
            "nothing to do: it follows that refund",
            due=True,
        )


def order(refund: Refund) -> tuple[int, str]:
    return refund.created, refund.refund_id


def check_void_guards(draft: Draft, lines: Sequence[SaleLine]) -> None:
    """On what the ledger said last; that invoice and refund are of one open month decides between void and memo."""
    broken = broken_guard(draft.case, draft.sale, lines)
    if broken is not None:
        again = retry_command(draft.case.refund, draft.ledger)
        choose = type_action(draft.case, draft.ledger, "invoice", False)
        raise NotNow(
            "held", "void_guard", f"not voided: {broken}", f"put it right, then: {again}; or {choose}"
        )


def broken_guard(case: RefundCase, sale: Sale, lines: Sequence[SaleLine]) -> str | None:
    currency = case.refund.currency
    refunded = sum(r.amount_minor for r in case.siblings if r.status == "succeeded" and is_live(r))
    total = sum(line.net_minor + line.tax_minor for line in lines)
    if refunded != total:
        return (
            f"the refunds of the charge come to {money(refunded, currency)}, "
            f"invoice {sale.number} to {money(total, currency)}"
        )
    if sale.balance_minor != sale.total_minor:
        return (
            f"invoice {sale.number} is not wholly open: {money(sale.balance_minor, sale.currency)} of "
            f"{money(sale.total_minor, sale.currency)}"
        )
    charge = case.charge.charge if case.charge else None
    amounts = {(sale.total_minor, sale.currency), (total, currency)}
    for payment in sale.payments:
        own = charge is not None and charge.charge_id in payment.charge_ids
        if own or payment.applied or (payment.amount_minor, payment.currency) in amounts:
            return (
                f"a payment of {money(payment.amount_minor, payment.currency)} ({payment.ledger_id}) stands on "
                f"invoice {sale.number} or on its customer"
            )
    return None
