"""Refunds that are paid out of what another refund of their charge brings back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from connector.decisions.record import Decided
from connector.decisions.refund_page import Page
from connector.planning.case import GONE
from connector.planning.model import CASH_LEGS, COMES_BACK, Document
from connector.planning.reversal_plan import is_money_back
from connector.planning.stripe_facts import Refund
from connector.store.bulk import within
from connector.store.codec import decode_document
from connector.store.schema import document, document_text

# Refund that failed → the keys of the reversals that bring its money back.
Back = dict[str, list[str]]


def after_money_back(
    connection: Connection, ledger: str, page: Page, decided: Sequence[Decided]
) -> list[Decided]:
    """A payment that was paid out and came back, since the refund failed at Stripe, may be all there is to pay the next
    refund out of: that goes out after it, though pay-outs come before reversals otherwise."""
    paying = {one.row.subject_id for one in decided if any(map(is_lone, one.plan.documents))}
    failed = {i: [r.refund_id for r in siblings_of(page, i) if r.status in GONE] for i in paying}
    wanted = {refund_id for ids in failed.values() for refund_id in ids}
    back: Back = {}
    if wanted:
        # Those that an earlier page or run has planned count too, whatever became of them since.
        now = [d for one in decided for d in one.plan.documents if d.kind == "reversal"]
        for one in (*now, *planned_before(connection, ledger, wanted)):
            if one.part in CASH_LEGS and is_money_back(one):
                back.setdefault(one.subject_id, []).append(one.document_key)
    return [
        following(one, [key for i in failed.get(one.row.subject_id, ()) for key in back.get(i, ())])
        for one in decided
    ]


def is_lone(document: Document) -> bool:
    """Whether it pays out of a payment of others that pays nothing."""
    settles = document.settles
    return (
        document.kind == "refund_payout"
        and settles is not None
        and (settles.kind, settles.document_key) == ("payment", None)
    )


def siblings_of(page: Page, refund_id: str) -> Sequence[Refund]:
    """The other refunds of the charge."""
    group = page.siblings.get(page.charge_of.get(refund_id) or "", ())
    return [one for one in group if one.refund_id != refund_id]


def planned_before(connection: Connection, ledger: str, refund_ids: Collection[str]) -> list[Document]:
    """What takes these refunds back; of one that was to be replaced as well, when it failed."""
    rows = connection.execute(
        select(document_text.c.content)
        .join(document, document.c.document_key == document_text.c.document_key)
        .where(document.c.ledger == ledger)
        .where(within(connection, document.c.subject_id, sorted(refund_ids)))
        .where(document.c.kind == "reversal", document.c.state != "skipped")
        .order_by(document.c.document_key)
    )
    return [decode_document(row.content) for row in rows]


def following(one: Decided, keys: Sequence[str]) -> Decided:
    """What follows the pay-out, as its fee, comes as late."""
    # What was taken back itself pays nothing.
    if not keys or one.plan.outcome == "reversed":
        return one
    named = tuple((COMES_BACK, key) for key in dict.fromkeys(keys))
    documents: list[Document] = []
    late: set[str] = set()
    for d in one.plan.documents:
        if is_lone(d):
            after = tuple(dict.fromkeys((*d.after, *keys)))
            documents.append(replace(d, after=after, refs=(*d.refs, *named)))
            late.add(d.document_key)
        elif late.intersection(d.after):
            documents.append(replace(d, refs=(*d.refs, *named)))
        else:
            documents.append(d)
    return replace(one, plan=replace(one.plan, documents=tuple(documents)))
