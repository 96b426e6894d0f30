"""What the refunds before one have taken of its sale, and the credit that a failed one left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from connector.decisions.refund_page import OpenCredit, Page, order
from connector.planning.allocation import Overdrawn, Share, split_refund
from connector.planning.case import ChargeCase, RefundCase, is_live
from connector.planning.evidence import evidence_of
from connector.planning.model import CASH_LEGS, Document, Refund, Sale
from connector.planning.refund_sale import sale_lines_of
from connector.store.bulk import within
from connector.store.codec import decode_document, decode_shares
from connector.store.documents import select_with_text
from connector.store.schema import document


def earlier_shares(
    page: Page, refund: Refund, charge: ChargeCase | None, sale: Sale | None
) -> tuple[Share, ...]:
    """The shares of the sale's refunds before this one, whatever became of them here; made up where unplanned."""
    if sale is None:
        return ()
    shares: list[Share] = []
    for earlier in refunds_before(page, refund, sale):
        known = page.shares.get(earlier.refund_id)
        if known is None:
            known = imagine_shares(page, earlier, charge, sale, shares)
            page.shares[earlier.refund_id] = known
        shares.extend(known)
    return tuple(shares)


def refunds_before(page: Page, refund: Refund, sale: Sale) -> list[Refund]:
    """Live refunds of the sale that are earlier by created, then id; also those of other charges that paid it.

    What others booked for another charge's refund is not among them: it counts with what they booked on the sale.
    """
    charge_id = page.charge_of.get(refund.refund_id)
    siblings = {r.refund_id: r for r in page.siblings.get(charge_id or "", ())}
    if not sale.ours:
        for neighbour in (*page.of_sale.get(sale.ledger_id, ()), *page.neighbours.get(sale.number, ())):
            if neighbour.refund_id not in page.adopted:
                siblings.setdefault(neighbour.refund_id, neighbour)
    return sorted((r for r in siblings.values() if order(r) < order(refund) and is_live(r)), key=order)


def imagine_shares(
    page: Page, earlier: Refund, charge: ChargeCase | None, sale: Sale, before: Sequence[Share]
) -> tuple[Share, ...]:
    notes = page.credit_notes.get(earlier.refund_id, ())
    case = RefundCase(earlier, charge, None, None, (), 0, credit_notes=notes)
    lines = sale_lines_of(case, sale)
    try:
        return split_refund(lines, before, earlier.amount_minor, evidence_of(case)).shares
    except Overdrawn:
        return ()


# ---------------------------------------------------------------------------------------------- owe_customer


def credit_left(connection: Connection, ledger: str, page: Page, refund: Refund) -> OpenCredit | None:
    """The credit that an earlier failed refund of the charge left open, as long as something of it is left."""
    siblings = page.siblings.get(page.charge_of.get(refund.refund_id) or "", ())
    for sibling in siblings:
        if order(sibling) >= order(refund) or is_live(sibling):
            continue
        owed = page.owed.get(sibling.refund_id) or owed_before(connection, ledger, page, sibling)
        if owed is None:
            continue
        payers = {
            *page.paid.get(owed.memo.document_key, ()),
            *paid_by(connection, ledger, owed.memo, siblings),
        }
        payers.discard(refund.refund_id)
        used = sum(r.amount_minor for r in siblings if r.refund_id in payers and is_live(r))
        if used < (sum(s.net_minor + s.tax_minor for s in owed.shares) or owed.memo.amount_minor):
            return replace(owed, used_minor=used)
    return None


def owed_before(connection: Connection, ledger: str, page: Page, sibling: Refund) -> OpenCredit | None:
    """The memo of a refund that was reversed in an earlier run, if it was left in the books."""
    row = page.rows.get(sibling.refund_id)
    if row is None or row.aim != "reversed":
        return None
    memo = connection.execute(
        select_with_text().where(
            document.c.ledger == ledger,
            document.c.subject_id == sibling.refund_id,
            document.c.kind == "credit_memo",
            document.c.state == "posted",
            document.c.revision == row.revision,
        )
    ).first()
    if memo is None:
        return None
    return OpenCredit(decode_document(memo.content), decode_shares(row.shares) if row.shares else ())


def paid_by(connection: Connection, ledger: str, memo: Document, siblings: Sequence[Refund]) -> set[str]:
    """The refunds, other than the memo's own, with a cash leg on it."""
    ids = [r.refund_id for r in siblings if r.refund_id != memo.subject_id]
    rows = connection.execute(
        select(document.c.subject_id).where(
            document.c.ledger == ledger,
            within(connection, document.c.subject_id, ids),
            document.c.after_keys == memo.document_key,
            document.c.kind.in_(sorted(CASH_LEGS)),
            document.c.state.not_in(("reversed", "skipped")),
        )
    )
    return {row.subject_id for row in rows}
