"""A document as it waits to be sent: its fields, and what they are still to be given from its parents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.ledgers.contract import Claimed, Request
from connector.ledgers.json_wire import JSON_TYPE, decode, encode
from connector.ledgers.xero_forms import NEW, FormWriter, names_of
from connector.ledgers.xero_roles import OVERPAID, TAKEN, Plural, plural_of
from connector.planning.model import NEW_CUSTOMER, Document, Settles
from connector.planning.values import value

# Each document of a batch is answered by itself; prices have four decimals.
BATCH = "summarizeErrors=false&unitdp=4"


@value(frozen=True, slots=True)
class Payload:
    """`head` is the key of the document that a link belongs to; `told_apart` the name of a new contact where somebody else
    has the first; `reverses` the key of what is taken back, `voids` where that is voided; `bank_minor` what a payment in
    another currency moves clearing by; `credit` what kind of credit a lone pay-out pays back."""

    plural: Plural
    part: str
    body: Mapping[str, Any]
    settles: Settles | None = None
    head: str | None = None
    charge_id: str | None = None
    told_apart: str | None = None
    reverses: str | None = None
    voids: bool = False
    bank_minor: int | None = None
    bank_currency: str = ""
    credit: str = "Overpayments"
    taken: str | None = None
    overpaid: str | None = None


def write_payload(document: Document, writer: FormWriter) -> str:
    """The text that is stored; pure."""
    stored: dict[str, Any] = {
        "plural": plural_of(document),
        "part": document.part,
        "body": writer.body(document),
        "charge_id": document.charge_id,
    }
    if document.kind == "customer":
        stored["told_apart"] = names_of(document)[1]
    if document.settles is not None:
        settles = document.settles
        stored["settles"] = [settles.kind, settles.document_key, settles.ledger_id]
    if document.kind == "application" and document.after:
        stored["head"] = document.after[0]
    if document.kind == "reversal" and document.reverses is not None:
        stored["reverses"] = document.reverses
    if document.voids:
        stored["voids"] = True
    for name in (TAKEN, OVERPAID):
        key = writer.named(document, name)
        if key is not None:
            stored[name] = key
    if document.home_minor is not None and plural_of(document) == "Payments":
        stored["bank"] = [document.home_minor, document.entry_currency]
    credit = writer.named(document, "credit")
    if credit is not None:
        stored["credit"] = credit
    customer = writer.named(document, NEW_CUSTOMER)
    if customer is not None:
        stored["customer"] = customer
    return encode(stored).decode()


def read_payload(claimed: Claimed) -> Payload:
    """The payload with the id of its contact in it."""
    text = claimed.payload
    stored = decode(text.encode())
    customer = stored.get("customer")
    if customer is not None and customer in claimed.parents:
        stored = decode(text.replace(f'"{NEW}"', f'"{claimed.parents[customer].ledger_id}"').encode())
    bank_minor, bank_currency = stored.get("bank") or (None, "")
    return Payload(
        stored["plural"],
        stored["part"],
        stored["body"],
        Settles(*stored["settles"]) if "settles" in stored else None,
        stored.get("head"),
        stored.get("charge_id"),
        stored.get("told_apart"),
        stored.get("reverses"),
        bool(stored.get("voids")),
        bank_minor,
        bank_currency,
        stored.get("credit", "Overpayments"),
        stored.get(TAKEN),
        stored.get(OVERPAID),
    )


def settled_id(claimed: Claimed, settles: Settles | None) -> str | None:
    """The ledger id of what a document is settled against."""
    if settles is None or settles.document_key is None:
        return settles.ledger_id if settles is not None else None
    parent = claimed.parents.get(settles.document_key)
    return parent.ledger_id if parent is not None else None


def batch_group(document: Document) -> str:
    """New objects of one kind share a request; what changes an object goes by itself."""
    plural = plural_of(document)
    if document.voids or document.kind in ("application", "void"):
        return f"one {document.document_key}"
    return "BankTransactions" if plural == "Overpayments" else plural


def put(plural: str, elements: Mapping[str, Mapping[str, Any]], attempt_key: str) -> Request:
    """New objects: by PUT, which never changes one that stands. `elements` by document key."""
    return write("PUT", f"/{plural}?{BATCH}", {plural: list(elements.values())}, attempt_key, tuple(elements))


def write(
    method: str, target: str, body: Mapping[str, Any], attempt_key: str, document_keys: tuple[str, ...]
) -> Request:
    headers = (*JSON_TYPE, ("Idempotency-Key", attempt_key))
    return Request(method, target, encode(body), headers, document_keys)
