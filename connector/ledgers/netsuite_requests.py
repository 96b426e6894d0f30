"""The request for a new record: its fields, with what it pays or takes back filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connector.ledgers.contract import Claimed, Request, Stale, Steps, Withheld
from connector.ledgers.netsuite_changes import MONEY_IN, applied_to, brought_back, take_off, told_of
from connector.ledgers.netsuite_open_items import OpenItems
from connector.ledgers.netsuite_payload import Payload, parent_id, settled_id
from connector.ledgers.netsuite_records import Head, Reader
from connector.ledgers.netsuite_wire import create, internal_id, ref, split_id, transform


def request_new(
    claimed: Claimed, payload: Payload, items: OpenItems, search: Reader, record: Reader
) -> Steps[Request | Withheld | Stale]:
    """The request, or what keeps it back. `search` finds many at once and may lag behind, `record` does not."""
    body = dict(payload.body)
    if payload.record == "customer":
        if claimed.bare and payload.told_apart is not None:
            body |= {"entityId": payload.told_apart, "companyName": payload.told_apart}
        return create("customer", body, claimed.document_key)
    if claimed.bare:
        # Its refund keeps the number; NetSuite gives this record one of its own.
        body.pop("tranId", None)
    if payload.record == "customerRefund":
        return (yield from request_refund(claimed, payload, body, items, search, record))
    if payload.record == "cashRefund":
        source = parent_id(claimed, payload.source)
        if source is not None and split_id(source)[0] == "cashSale":
            return transform("cashSale", internal_id(source), "cashRefund", body, claimed.document_key)
    if payload.record in ("customerPayment", "creditMemo"):
        paid = settled_id(claimed, payload)
        if paid is not None and split_id(paid)[0] == "invoice":
            body |= yield from applied(claimed, paid, items, search, record)
    return create(payload.record, body, claimed.document_key)


def request_refund(
    claimed: Claimed,
    payload: Payload,
    body: dict[str, Any],
    items: OpenItems,
    search: Reader,
    record: Reader,
) -> Steps[Request | Withheld | Stale]:
    """A refund pays out a credit: a memo, an unapplied payment, or a deposit. Its total is what it is applied to."""
    paid = settled_id(claimed, payload) or parent_id(claimed, payload.reverses)
    kind = split_id(paid)[0] if paid is not None else None
    if paid is None or kind not in ("creditMemo", "customerPayment", "customerDeposit"):
        what = f"{paid} is no credit" if paid is not None else "what it pays out is not known"
        why = f"{what}: a customer refund in NetSuite pays out a credit memo, a payment or a deposit"
        return Withheld("ledger_cannot", why, "book the refund by hand in NetSuite")
    used = yield from items.check_credit(claimed, paid, search, record)
    if used is not None and claimed.kind == "reopen_invoice":
        off = yield from take_off_again(claimed, payload, paid, items, record)
        if off is not None:
            return off
    if used is not None:
        back = yield from came_back(claimed, payload, items, search, record)
        enough = next((one for one in back if items.left(one, claimed) >= claimed.amount_minor), None)
        if enough is None or claimed.kind != "refund_payout":
            return replace(used, sentence=used.sentence + told_of(back))
        # What failed before and came back is paid out once more.
        items.take(enough, claimed.document_key, claimed.amount_minor)
        paid, kind = enough.ledger_id, enough.record
    credit = items.heads.get(paid)
    if credit is not None and credit.customer_id is not None:
        # A payment may be another customer's than the invoice's.
        body["customer"] = ref(credit.customer_id)
    sublist = "deposit" if kind == "customerDeposit" else "apply"
    body[sublist] = applied_to(paid, claimed.amount_minor, claimed.currency)
    return create("customerRefund", body, claimed.document_key)


def came_back(
    claimed: Claimed, payload: Payload, items: OpenItems, search: Reader, record: Reader
) -> Steps[list[Head]]:
    """The payments that brought money of this charge back, those of this run first; what is left of them can be paid out."""
    credit = items.heads.get(settled_id(claimed, payload) or "")
    if credit is None or credit.record not in MONEY_IN:
        return []
    back = {}
    for parent in claimed.parents.values():
        if parent.kind == "reversal" and split_id(parent.ledger_id)[0] == "customerPayment":
            head = yield from items.head_for(claimed, parent.ledger_id, search, record)
            if head is not None and head.stands:
                back[head.ledger_id] = head
    for one in (yield from brought_back(payload.charge_id, credit, search)):
        # What this wave has taken of one is known of it already, and an index may not show it yet.
        back.setdefault(one.ledger_id, items.heads.setdefault(one.ledger_id, one))
    return list(back.values())


def take_off_again(
    claimed: Claimed, payload: Payload, payment_id: str, items: OpenItems, record: Reader
) -> Steps[Request | Stale | None]:
    """What was taken off for a refund another one of the charge has used, or it was put back: then it is taken off again.
    None where this very refund has used it, or where nothing can be taken off."""
    kept = items.kept(payment_id, claimed.document_key)
    invoice_id = parent_id(claimed, payload.reopens)
    off = yield from take_off(claimed, payment_id, invoice_id, record, kept, whole=False)
    # Asked last: a run elsewhere may pay it back before the payment is read, and then it is not free any more.
    if (yield from record.by_external_id({claimed.document_key: payload.record})):
        return None
    if off is None or (kept and isinstance(off, Request)):
        # What is free may be that of another refund, of which it is not known whether it was paid back: to take off more
        # would leave that much open.
        return Stale()
    return off if isinstance(off, Request) else None


def applied(
    claimed: Claimed, invoice_id: str, items: OpenItems, search: Reader, record: Reader
) -> Steps[dict[str, Any]]:
    """What a payment or a credit memo pays of an invoice: all of it, or as much as is open there."""
    invoice = yield from items.head_for(claimed, invoice_id, search, record)
    if invoice is None or invoice.voided:
        return {}
    minor = min(claimed.amount_minor, items.free(invoice, claimed.document_key))
    if minor <= 0:
        return {}
    items.take(invoice, claimed.document_key, minor)
    return {"apply": applied_to(invoice_id, minor, claimed.currency)}
