"""Is the effect of a document in the books? Found by its day and recognised by its key; a link and a void by what they
changed. A query may lag behind a write, so an absent document is not believed at once (`settle_after_s`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from connector.ledgers.contract import Absent, Claimed, Found, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.quickbooks_answers import is_ours, total_of
from connector.ledgers.quickbooks_links import links_of
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_payload import Payload, parent_id, read_payload
from connector.ledgers.quickbooks_roles import TXN_TYPES
from connector.ledgers.quickbooks_sale_heads import is_void
from connector.ledgers.quickbooks_wire import currency_of, day_of, find_by, find_one, find_rows, quoted

Seen = dict[str, Found | Absent]


def look(documents: Sequence[Claimed], home: str) -> Steps[Seen]:
    """By document key."""
    seen: Seen = {one.document_key: Absent() for one in documents}
    payloads = {one.document_key: read_payload(one) for one in documents}
    dated: dict[str, list[Claimed]] = {}
    for one in documents:
        payload = payloads[one.document_key]
        if one.kind == "customer":
            seen[one.document_key] = yield from look_for_customer(one, payload)
        elif one.kind == "void":
            seen[one.document_key] = yield from look_at_void(one, payload)
        elif is_update(payload):
            seen[one.document_key] = yield from look_at_payment(one, payload)
        else:
            dated.setdefault(payload.entity, []).append(one)
    for entity, group in dated.items():
        wanted = {one.document_key: one for one in group}
        days = {str(payloads[key].body["TxnDate"]) for key in wanted}
        for row in (yield from find_by(entity, "TxnDate", days)):
            key = read_note(row).document_key
            if key in wanted:
                seen[key] = found_as(wanted[key], row, entity, home)
    return seen


def is_update(payload: Payload) -> bool:
    """A link that is a line of a payment that stood before: it bears no key of its own."""
    return payload.linked is not None and payload.settles is not None and payload.settles.kind == "payment"


def found_as(claimed: Claimed, row: Row, entity: str, home: str) -> Found:
    currency = currency_of(row, home)
    note = read_note(row)
    link = claimed.kind == "application"
    return Found(
        ledger_id=str(row["Id"]),
        document_key=claimed.document_key,
        kind=claimed.kind,
        number=row.get("DocNumber") or claimed.number,
        refund_id=next(iter(note.refund_ids), None),
        charge_id=next(iter(note.charge_ids), None),
        amount_minor=claimed.amount_minor if link else total_of(row, entity, currency),
        currency=currency,
        posting_date=day_of(row),
        customer=name_of(row),
    )


def name_of(row: Row) -> str | None:
    customer = row.get("CustomerRef", row.get("EntityRef"))
    return customer.get("name") if isinstance(customer, dict) else None


def changed(claimed: Claimed, row: Row) -> Found:
    """A document of others that shows what ours did to it."""
    note = read_note(row)
    return Found(
        str(row["Id"]),
        claimed.document_key,
        claimed.kind,
        claimed.number,
        next(iter(note.refund_ids), None),
        next(iter(note.charge_ids), None),
        claimed.amount_minor,
        claimed.currency,
        day_of(row),
        name_of(row),
    )


def look_at_void(claimed: Claimed, payload: Payload) -> Steps[Found | Absent]:
    invoice_id = parent_id(claimed, payload.settles) if payload.settles is not None else None
    row = (yield from find_one("Invoice", invoice_id)) if invoice_id is not None else None
    return changed(claimed, row) if row is not None and is_void(row) else Absent()


def look_at_payment(claimed: Claimed, payload: Payload) -> Steps[Found | Absent]:
    payment_id = parent_id(claimed, payload.settles) if payload.settles is not None else None
    linked = claimed.parents.get(payload.linked or "")
    row = (yield from find_one("Payment", payment_id)) if payment_id is not None else None
    if row is None or linked is None:
        return Absent()
    part: Any = payload.part
    mine = (TXN_TYPES[part], linked.ledger_id)
    there = mine in [(kind, object_id) for _, kind, object_id in links_of(row, claimed.currency)]
    return changed(claimed, row) if there else Absent()


def look_for_customer(claimed: Claimed, payload: Payload) -> Steps[Found | Absent]:
    """Under its name, or under the one that tells it apart."""
    rows: list[Row] = []
    for name in (str(payload.body["DisplayName"]), payload.told_apart or ""):
        if name:
            rows += yield from find_rows("Customer", f"DisplayName = {quoted(name)}")
    row = next((row for row in rows if is_ours(row, claimed)), None)
    if row is None:
        return Absent()
    key, currency = claimed.document_key, claimed.currency
    return Found(str(row["Id"]), key, "customer", None, None, None, 0, currency, date.min)
