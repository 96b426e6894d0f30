"""Stripe's fees as documents of their own: charged, or given back, never a negative expense."""

from __future__ import annotations

from connector.planning.accounts import clearing_of, need_account
from connector.planning.case import Books, LedgerPolicy
from connector.planning.entries import make_entries
from connector.planning.model import SUBSIDIARY, Document, Refs
from connector.planning.settlement import Settlement


def fee_document(
    ledger: LedgerPolicy,
    books: Books,
    subject_id: str,
    refund_id: str | None,
    charge_id: str | None,
    number: str | None,
    settlement: Settlement,
    customer: str | None,
    part: str = "",
    revision: int = 1,
    after: tuple[str, ...] = (),
    refs: Refs = (),
) -> Document:
    """Dr fees / Cr clearing, or the reverse where Stripe gave the fee back; `amount_minor` is above zero either way.

    `part` tells the fees of one subject apart: "" for that of a charge, `refund`, `failure`. `refs` are those of the sale.
    """
    fee = settlement.fee_minor
    failed = "on the failed charge" if refund_id is None else "on the failed refund"
    words = {"": "on the charge", "refund": "on the refund", "failure": failed}[part]
    given = "Stripe fee" if fee > 0 else "Stripe fee given back"
    postings = [
        (need_account(ledger.mapping.fees, "fees"), fee),
        (clearing_of(ledger, settlement.currency), -fee),
    ]
    return Document(
        document_key=ledger.key(books, subject_id, "fee", part, revision),
        ledger=ledger.name,
        kind="fee",
        part=part,
        revision=revision,
        subject_id=subject_id,
        refund_id=refund_id,
        charge_id=charge_id,
        number=number,
        posting_date=settlement.posting_date,
        amount_minor=abs(fee),
        currency=settlement.currency,
        entries=make_entries(postings, settlement.currency),
        customer=customer,
        narration=settlement.tell(f"{given} {words} {number or ''}".rstrip()),
        sale_number=number if refund_id is None else None,
        after=after,
        refs=tuple(one for one in refs if one[0] == SUBSIDIARY),
    )
