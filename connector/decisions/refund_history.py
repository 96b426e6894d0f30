"""What the refunds before one have taken of its sale, and the credit that a failed one left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, or_, select

from connector.decisions.refund_page import OpenCredit, Page, order
from connector.planning.allocation import Overdrawn, Share, split_refund
from connector.planning.case import ChargeCase, LedgerPolicy, RefundCase, is_live
from connector.planning.evidence import evidence_of
from connector.planning.model import CASH_LEGS, Document, Sale, Settles
from connector.planning.paid_lines import at_rate_of, sale_lines_of
from connector.planning.refunded_lines import shares_in_books
from connector.planning.stripe_facts import Refund
from connector.store.bulk import within
from connector.store.codec import decode_document, decode_shares
from connector.store.documents import select_with_text
from connector.store.schema import document


def earlier_shares(
    page: Page,
    policy: LedgerPolicy,
    refund: Refund,
    charge: ChargeCase | None,
    sale: Sale | None,
    anew: bool,
) -> tuple[Share, ...]:
    """The shares of the sale's refunds before this one, whatever became of them here; made up where unplanned.

    `anew`: nothing of this refund is posted yet, or it is to be replaced.
    """
    if sale is None:
        return ()
    own: list[Share] = []
    others: list[Share] = []
    siblings = {r.refund_id for r in page.siblings.get(page.charge_of.get(refund.refund_id) or "", ())}
    for earlier in refunds_before(page, refund, sale, anew):
        known = page.shares.get(earlier.refund_id)
        if known is None:
            before = (*own, *shares_of_others(refund, charge, sale, others))
            known = imagine_shares(page, policy, earlier, charge, sale, before)
            page.shares[earlier.refund_id] = known
        (own if earlier.refund_id in siblings else others).extend(known)
    return (*own, *shares_of_others(refund, charge, sale, others))


def shares_of_others(
    refund: Refund, charge: ChargeCase | None, sale: Sale, others: Sequence[Share]
) -> Sequence[Share]:
    """What refunds of other charges took: at this charge's rate where the sale stands in the books as it settled."""
    if not others or charge is None or sale.currency == sale.charge_currency:
        return others
    lines = sale_lines_of(RefundCase(refund, charge, None, None, (), 0), sale)
    return at_rate_of(lines, others, charge.charge.captured_minor)


def refunds_before(page: Page, refund: Refund, sale: Sale, anew: bool) -> list[Refund]:
    """Live refunds of the sale that are earlier by created, then id; also those of other charges that paid it. A refund
    that comes late finds later ones posted: what they took is gone, so they stand before one that is planned `anew`.

    What others booked for another charge's refund is not among them: it counts with what they booked on the sale.
    """
    charge_id = page.charge_of.get(refund.refund_id)
    siblings = {r.refund_id: r for r in page.siblings.get(charge_id or "", ())}
    if not sale.ours:
        for neighbour in (*page.of_sale.get(sale.ledger_id, ()), *page.neighbours.get(sale.ledger_id, ())):
            if neighbour.refund_id not in page.adopted:
                siblings.setdefault(neighbour.refund_id, neighbour)
    siblings.pop(refund.refund_id, None)
    posted = page.posted if anew else frozenset()
    before = [r for r in siblings.values() if r.refund_id in posted or order(r) < order(refund)]
    return sorted((r for r in before if is_live(r)), key=lambda r: (r.refund_id not in posted, order(r)))


def imagine_shares(
    page: Page,
    policy: LedgerPolicy,
    earlier: Refund,
    charge: ChargeCase | None,
    sale: Sale,
    before: Sequence[Share],
) -> tuple[Share, ...]:
    notes = page.credit_notes.get(earlier.refund_id, ())
    ours = tuple(page.ours.get(earlier.refund_id, ()))
    case = RefundCase(earlier, charge, None, None, (), 0, credit_notes=notes, ours=ours)
    lines = sale_lines_of(case, sale)
    standing = shares_in_books(case, policy, lines)
    if standing:
        return standing
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
        paying = [r for r in siblings if r.refund_id in payers and is_live(r)]
        used = sum(r.amount_minor for r in paying)
        if used < (sum(s.net_minor + s.tax_minor for s in owed.shares) or owed.memo.amount_minor):
            shares = tuple(share for r in paying for share in page.shares.get(r.refund_id, ()))
            return replace(owed, used_minor=used, used_shares=shares)
    return None


def owed_before(connection: Connection, ledger: str, page: Page, sibling: Refund) -> OpenCredit | None:
    """The memo of a refund that was reversed in an earlier run, if it was left in the books and is not being taken
    back."""
    row = page.rows.get(sibling.refund_id)
    if row is None or row.aim != "reversed":
        return None
    rows = connection.execute(
        select_with_text().where(
            document.c.ledger == ledger,
            document.c.subject_id == sibling.refund_id,
            document.c.revision == row.revision,
            ((document.c.kind == "credit_memo") & (document.c.state == "posted"))
            | ((document.c.kind == "reversal") & (document.c.state != "skipped")),
        )
    ).all()
    taken_back = {one.after_keys.partition(" ")[0] for one in rows if one.kind == "reversal"}
    memo = next(
        (one for one in rows if one.kind == "credit_memo" and one.document_key not in taken_back), None
    )
    if memo is None:
        return None
    back = [decode_document(one.content) for one in rows if one.kind == "reversal"]
    shares = decode_shares(row.shares) if row.shares else ()
    return OpenCredit(decode_document(memo.content), shares, credit_holder(back))


def credit_holder(documents: Sequence[Document]) -> Settles | None:
    """The reversal of a cash leg: the money that came back."""
    back = next((d for d in documents if d.kind == "reversal" and d.part in CASH_LEGS), None)
    if back is None or back.voids:
        # Voided where it stood: the memo itself is open again.
        return None
    return Settles("payment", document_key=back.document_key)


def paid_by(connection: Connection, ledger: str, memo: Document, siblings: Sequence[Refund]) -> set[str]:
    """The refunds, other than the memo's own, with a cash leg on it."""
    ids = [r.refund_id for r in siblings if r.refund_id != memo.subject_id]
    rows = connection.execute(
        select(document.c.subject_id).where(
            document.c.ledger == ledger,
            within(connection, document.c.subject_id, ids),
            or_(
                document.c.after_keys == memo.document_key,
                document.c.after_keys.startswith(memo.document_key + " "),
            ),
            document.c.kind.in_(sorted(CASH_LEGS)),
            document.c.state.not_in(("reversed", "skipped")),
        )
    )
    return {row.subject_id for row in rows}
