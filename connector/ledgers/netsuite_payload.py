"""A document as it waits to be sent: its fields, and what they are still to be given from its parents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.ledgers.contract import Claimed
from connector.ledgers.json_wire import decode, encode
from connector.ledgers.netsuite_forms import NEW, FormWriter, names_of
from connector.ledgers.netsuite_roles import PAID_BACK, REOPENS, UNAPPLIED, Record, record_of
from connector.planning.keys import is_key
from connector.planning.model import BROUGHT_BACK, NEW_CUSTOMER, Document, Settles
from connector.planning.values import value


@value(frozen=True, slots=True)
class Payload:
    """`source` is the cash sale that a cash refund is made of, `reopens` the invoice that a payment is taken off (each a
    ledger id, or the key of one of ours), `paid_back` the key of the refund that follows such a change, `brought_back` that
    of the payment that is paid out in the place of the sale's. `reverses` is the key of what is taken back, `told_apart`
    the name of a new customer where somebody else has the first, `subsidiary` that of the sale."""

    record: Record
    part: str
    body: Mapping[str, Any]
    settles: Settles | None = None
    charge_id: str | None = None
    told_apart: str | None = None
    reverses: str | None = None
    source: str | None = None
    reopens: str | None = None
    paid_back: str | None = None
    brought_back: str | None = None
    subsidiary: str | None = None


def write_payload(document: Document, writer: FormWriter) -> str:
    """The text that is stored; pure."""
    stored: dict[str, Any] = {
        "record": record_of(document),
        "part": document.part,
        "body": writer.body(document),
        "charge_id": document.charge_id,
        "told_apart": names_of(document)[1] if document.kind == "customer" else None,
        "reverses": document.reverses if document.kind == "reversal" else None,
        "source": source_of(document),
        "reopens": reopened_by(document, writer),
        "paid_back": paid_back_by(document),
        "brought_back": writer.named(document, BROUGHT_BACK),
        "subsidiary": writer.named(document, "subsidiary"),
        "customer": writer.named(document, NEW_CUSTOMER),
    }
    if document.settles is not None:
        settles = document.settles
        stored["settles"] = [settles.kind, settles.document_key, settles.ledger_id]
    return encode({name: told for name, told in stored.items() if told is not None}).decode()


def source_of(document: Document) -> str | None:
    """The cash sale that a cash refund takes back; none where it takes back an invoice."""
    if document.kind == "refund_receipt":
        return document.sale_ledger_id
    return document.reverses if document.kind == "reversal" and document.part == "sales_receipt" else None


def reopened_by(document: Document, writer: FormWriter) -> str | None:
    """The invoice that a payment is taken off, also of the refund that pays it back."""
    if document.kind == "reopen_invoice":
        return document.sale_ledger_id
    return writer.named(document, REOPENS)


def paid_back_by(document: Document) -> str | None:
    """The key of the refund for which a payment is taken off its invoice: the document that this one is a part of."""
    if document.kind != "application" or document.part != UNAPPLIED:
        return None
    return next((text for name, text in document.refs if name == PAID_BACK), None)


def read_payload(claimed: Claimed) -> Payload:
    """The payload with the id of its customer in it."""
    text = claimed.payload
    stored = decode(text.encode())
    customer = stored.pop("customer", None)
    if customer is not None and customer in claimed.parents:
        made = claimed.parents[customer].ledger_id
        stored = decode(text.replace(f'"{NEW}"', f'"{made}"').encode())
        stored.pop("customer")
    settles = stored.pop("settles", None)
    return Payload(settles=Settles(*settles) if settles is not None else None, **stored)


def parent_id(claimed: Claimed, named: str | None) -> str | None:
    """The ledger id of a document that is named by its key where it is ours, else by its ledger id."""
    if named is None or not is_key(named):
        return named
    parent = claimed.parents.get(named)
    return parent.ledger_id if parent is not None else None


def settled_id(claimed: Claimed, payload: Payload) -> str | None:
    """The ledger id of what a document is settled against. Where an earlier revision was taken back, its payment was paid
    out, and what brought that back stands in its place."""
    settles = payload.settles
    if settles is None:
        return None
    if payload.brought_back is not None:
        return parent_id(claimed, payload.brought_back)
    return settles.ledger_id if settles.document_key is None else parent_id(claimed, settles.document_key)
