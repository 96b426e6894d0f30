"""A document as it waits to be sent: its fields, and the holes that only its parents or the company of the day can fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.ledgers.contract import Claimed, Request
from connector.ledgers.json_wire import JSON_TYPE, decode, encode
from connector.ledgers.quickbooks_fields import NEW
from connector.ledgers.quickbooks_forms import FormWriter, names_of
from connector.ledgers.quickbooks_roles import REOPENS, Entity, entity_of
from connector.planning.model import NEW_CUSTOMER, Document, Settles
from connector.planning.values import value

OVERRIDE = "include=allowduplicatedocnum"


@value(frozen=True, slots=True)
class Payload:
    """`linked` is the key of the document that an application links, `part` its entity. `told_apart` is the name of a new
    customer where somebody else has the first, `reopens` the invoice (its id, or its key if it is ours) that a payment is
    taken off, `reverses` the key of what is taken back."""

    entity: Entity
    body: Mapping[str, Any]
    part: str
    settles: Settles | None = None
    linked: str | None = None
    override: bool = False
    charge_id: str | None = None
    told_apart: str | None = None
    reopens: str | None = None
    reverses: str | None = None


def write_payload(document: Document, writer: FormWriter) -> str:
    """The text that is stored; pure."""
    stored: dict[str, Any] = {
        "entity": entity_of(document),
        "part": document.part,
        "body": writer.body(document),
        "charge_id": document.charge_id,
    }
    if document.kind == "customer":
        stored["told_apart"] = names_of(document)[1]
    if document.settles is not None:
        settles = document.settles
        stored["settles"] = [settles.kind, settles.document_key, settles.ledger_id]
    reopens = next((text for name, text in document.refs if name == REOPENS), None)
    if reopens is not None:
        stored["reopens"] = reopens
    if document.kind == "reversal" and document.reverses is not None:
        stored["reverses"] = document.reverses
    if document.kind == "application" and document.after:
        # One that is known from the books alone, and is never sent, follows nothing.
        stored["linked"] = document.after[0]
    if is_numbered_by_another(document):
        stored["override"] = True
    customer = next((key for name, key in document.refs if name == NEW_CUSTOMER), None)
    if customer is not None:
        stored["customer"] = customer
    return encode(stored).decode()


def is_numbered_by_another(document: Document) -> bool:
    """Its number was settled by the document that it follows: it takes it whoever else has it among its kind."""
    if document.kind in ("fee", "exchange", "reversal"):
        return True
    return document.kind in ("credit_card_refund", "refund_payout") and (
        document.settles is not None and document.settles.kind != "payment"
    )


def read_payload(claimed: Claimed) -> Payload:
    """The payload with the id of its customer in it."""
    text = claimed.payload
    stored = decode(text.encode())
    customer = stored.get("customer")
    if customer is not None and customer in claimed.parents:
        stored = decode(text.replace(f'"{NEW}"', f'"{claimed.parents[customer].ledger_id}"').encode())
    settles = Settles(*stored["settles"]) if "settles" in stored else None
    return Payload(
        stored["entity"],
        stored["body"],
        stored["part"],
        settles,
        stored.get("linked"),
        bool(stored.get("override")),
        stored.get("charge_id"),
        stored.get("told_apart"),
        stored.get("reopens"),
        stored.get("reverses"),
    )


def post(
    claimed: Claimed, entity: str, body: Mapping[str, Any], attempt_key: str, *parameters: str
) -> Request:
    """The one writing request of a document."""
    query = "&".join((f"requestid={attempt_key}", *parameters))
    target = f"/{entity.lower()}?{query}"
    return Request("POST", target, encode(body), JSON_TYPE, (claimed.document_key,))


def parent_id(claimed: Claimed, settles: Settles) -> str | None:
    """The ledger id of what a document is settled against."""
    if settles.document_key is None:
        return settles.ledger_id
    parent = claimed.parents.get(settles.document_key)
    return parent.ledger_id if parent is not None else None
