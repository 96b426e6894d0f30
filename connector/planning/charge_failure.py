"""A charge that failed after its sale was posted (a bank debit that came back): what takes the sale back."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.accounts import refuse_unfit
from connector.planning.case import Books, ChargeCase, LedgerPolicy, NotNow, Plan
from connector.planning.fees import fee_document
from connector.planning.mirrors import (
    can_void,
    mirror_document,
    mirror_receipt,
    move_clearing,
    void_all,
)
from connector.planning.model import Document
from connector.planning.settlement import Settlement, open_day, refuse_unusable, settle

SALE_DOCUMENTS = ("invoice", "payment", "sales_receipt")


def plan_charge_failure(
    case: ChargeCase,
    books: Books,
    ledger: LedgerPolicy,
    posted: Sequence[Document],
    now: int,
    first_seen: int,
) -> Plan:
    """A charge that failed after its sale was posted: each document mirrored at the day of the failure.

    Clearing moves by the failure's own amount, what that differs from the sale's is realised exchange.
    """
    charge = case.charge
    noun = "the failure of charge"
    try:
        refuse_unusable(noun, charge.charge_id, (charge.failure_balance_transaction_id,), case.unusable)
        settlement = settle(
            books,
            noun,
            charge.charge_id,
            case.failure_balance_transaction,
            -sold_minor(case, posted),
            charge.currency,
            charge.created,
            case.currencies,
            now,
            first_seen,
            -charge.amount_minor,
        )
        documents = mirror_sale(books, ledger, posted, open_day(books, ledger, settlement))
        refuse_unfit(ledger, documents)
    except NotNow as stop:
        return stop.plan()
    return Plan(
        "reversed",
        sentence=f"charge {charge.charge_id} failed after it was posted",
        documents=documents,
        sale_number=posted[0].sale_number if posted else None,
        warnings=settlement.warnings,
    )


def sold_minor(case: ChargeCase, posted: Sequence[Document]) -> int:
    """What was sold, in the charge's currency: Stripe reports a failed charge as captured for nothing."""
    charge = case.charge
    paid = [d for d in posted if d.kind in ("payment", "sales_receipt") and d.currency == charge.currency]
    return sum(d.amount_minor for d in paid) or charge.captured_minor or charge.amount_minor


def mirror_sale(
    books: Books, ledger: LedgerPolicy, posted: Sequence[Document], settlement: Settlement
) -> tuple[Document, ...]:
    """What takes back the payment, then its invoice; a fee that the failure cost."""
    sold = [d for d in posted if d.kind in SALE_DOCUMENTS]
    sold.sort(key=lambda d: d.kind == "invoice")
    if can_void(ledger, sold, settlement):
        documents = list(void_all(books, ledger, sold, "the charge failed"))
    else:
        documents = mirror_each(books, ledger, sold, settlement)
    if ledger.fees and settlement.fee_minor and sold:
        head = sold[0]
        documents.append(
            fee_document(
                ledger,
                books,
                head.subject_id,
                None,
                head.charge_id,
                head.number,
                settlement,
                head.customer,
                "failure",
                after=tuple(d.document_key for d in documents[-1:]),
                refs=head.refs,
            )
        )
    return tuple(documents)


def mirror_each(
    books: Books, ledger: LedgerPolicy, sold: Sequence[Document], settlement: Settlement
) -> list[Document]:
    """Mirrors on the settlement's day; a ledger whose payments name what they pay gets the form before the payment."""
    cash_last = ledger.capabilities.payments_need_forms and len(sold) > 1
    documents: list[Document] = []
    for original in reversed(sold) if cash_last else sold:
        if original.kind == "sales_receipt" and original.home_minor is not None:
            documents += mirror_receipt(
                books, ledger, original, settlement, "the charge failed", documents[-1:]
            )
            continue
        documents.append(
            mirror_document(
                books,
                ledger,
                original,
                move_clearing(original, ledger, settlement) if original.kind != "invoice" else None,
                settlement,
                "the charge failed",
                documents[-1:],
                cash_last and original.kind == "invoice",
            )
        )
    return documents
