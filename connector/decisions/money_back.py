"""Refunds that are paid out of what another refund of their charge brings back in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.decisions.record import Decided
from connector.planning.model import CASH_LEGS, Document
from connector.planning.reversal_plan import is_money_back


def after_money_back(decided: Sequence[Decided]) -> list[Decided]:
    """A payment that was paid out and came back, since the refund failed at Stripe, may be all there is to pay the next
    refund out of: that goes out after it, though pay-outs come before reversals otherwise."""
    back: dict[str, list[Document]] = {}
    for one in decided:
        for document in one.plan.documents:
            lone = document.kind == "reversal" and document.part in CASH_LEGS and is_money_back(document)
            if lone and document.charge_id is not None:
                back.setdefault(document.charge_id, []).append(document)
    return [following(one, back) for one in decided] if back else list(decided)


def following(one: Decided, back: dict[str, list[Document]]) -> Decided:
    documents = [
        replace(d, after=tuple(dict.fromkeys((*d.after, *keys_before(d, back))))) for d in one.plan.documents
    ]
    return replace(one, plan=replace(one.plan, documents=tuple(documents)))


def keys_before(document: Document, back: dict[str, list[Document]]) -> list[str]:
    """What a lone pay-out waits for."""
    settles = document.settles
    if document.kind != "refund_payout" or settles is None or settles.kind != "payment":
        return []
    others = back.get(document.charge_id or "", [])
    return [other.document_key for other in others if other.subject_id != document.subject_id]
