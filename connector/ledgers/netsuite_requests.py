"""The request for a new record: its fields, with what it pays or takes back filled in."""

from __future__ import annotations

from typing import Any

from connector.ledgers.contract import Claimed, Outcomes, Request, Stale, Steps, Withheld
from connector.ledgers.netsuite_changes import applied_to, only, take_off
from connector.ledgers.netsuite_open_items import OpenItems
from connector.ledgers.netsuite_payload import Payload, parent_id, settled_id
from connector.ledgers.netsuite_records import Reader
from connector.ledgers.netsuite_wire import create, internal_id, split_id, transform


def request_new(
    claimed: Claimed, payload: Payload, items: OpenItems, search: Reader, record: Reader
) -> Steps[Request | Outcomes]:
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
) -> Steps[Request | Outcomes]:
    """A refund pays out a credit: a memo, an unapplied payment, or a deposit. Its total is what it is applied to."""
    paid = settled_id(claimed, payload) or parent_id(claimed, payload.reverses)
    kind = split_id(paid)[0] if paid is not None else None
    if paid is None or kind not in ("creditMemo", "customerPayment", "customerDeposit"):
        what = f"{paid} is no credit" if paid is not None else "what it pays out is not known"
        why = f"{what}: a customer refund in NetSuite pays out a credit memo, a payment or a deposit"
        return only(claimed, Withheld("ledger_cannot", why, "book the refund by hand in NetSuite"))
    used = yield from items.check_credit(claimed, paid, search, record)
    if used is not None and claimed.kind == "reopen_invoice":
        # What was taken off for it another refund of the charge has used, or it was put back: it is taken off again.
        off = yield from take_off(claimed, paid, parent_id(claimed, payload.reopens), record, whole=False)
        if isinstance(off, Request):
            return off
        if off is None:
            # It is free, and may be that of another refund, of which it is not known whether it was paid back.
            return only(claimed, Stale())
    if used is not None:
        return only(claimed, used)
    sublist = "deposit" if kind == "customerDeposit" else "apply"
    body[sublist] = applied_to(paid, claimed.amount_minor, claimed.currency)
    return create("customerRefund", body, claimed.document_key)


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
