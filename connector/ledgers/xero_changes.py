"""Writes that change an object which stands: voids and allocations.

What is to be changed is read just before, since none of it can be taken back.
https://developer.xero.com/documentation/api/accounting/payments (only `Status` of a payment may be updated)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.ledgers.contract import Claimed, Outcomes, Posted, Rejected, Request, Steps, Withheld
from connector.ledgers.json_wire import Row, amount, minor
from connector.ledgers.xero_forms import AUTHORISED
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_payload import Payload, settled_id, write
from connector.ledgers.xero_roles import ALLOCATED
from connector.ledgers.xero_wire import (
    ID_NAMES,
    day_of,
    find_one,
    find_rows,
    id_of,
    part_of,
    rows_of,
    text_of,
)

PUT_RIGHT = "put it right in Xero"
GONE = frozenset({"VOIDED", "DELETED"})
# How an object is taken out.
TAKEN_OUT = {
    "Invoices": "VOIDED",
    "CreditNotes": "VOIDED",
    "Payments": "DELETED",
    "BankTransactions": "DELETED",
}


def only(claimed: Claimed, outcome: Any) -> Mapping[str, Any]:
    return {claimed.document_key: outcome}


def there(claimed: Claimed, ledger_id: str) -> Posted:
    """The effect is there: nothing is sent."""
    return Posted(ledger_id, claimed.number, claimed.amount_minor, claimed.currency)


def is_gone(row: Row | None) -> bool:
    return row is None or row.get("Status") in GONE


def take_out(plural: str, object_id: str, attempt_key: str, document_key: str) -> Request:
    """Nothing but the status: Xero takes no more of a payment, and no more is meant of others."""
    body = {"Status": TAKEN_OUT[plural]}
    if plural != "Payments":
        body = {ID_NAMES[plural]: object_id, **body}
    return write("POST", f"/{plural}/{object_id}", body, attempt_key, (document_key,))


# ------------------------------------------------------------------------------------------------ voids


def request_taking_out(claimed: Claimed, payload: Payload, attempt_key: str) -> Steps[Request | Outcomes]:
    """Void what a failed or replaced document is in the books."""
    parent = claimed.parents.get(payload.reverses or "")
    row = (yield from find_one(payload.plural, parent.ledger_id)) if parent is not None else None
    kind = payload.part.replace("_", " ")
    if parent is None or row is None:
        return only(claimed, Rejected("404", f"the {kind} to be voided is not in Xero any more"))
    if is_gone(row):
        return only(claimed, there(claimed, parent.ledger_id))
    if row.get("IsReconciled") is True:
        return only(
            claimed,
            Withheld(
                "ledger_cannot",
                f"the {kind} of {day_of(row)} ({parent.ledger_id}) is reconciled with a bank statement, and Xero does "
                f"not let a reconciled one be deleted",
                "undo the reconciliation in Xero",
            ),
        )
    return take_out(payload.plural, parent.ledger_id, attempt_key, claimed.document_key)


def request_void(claimed: Claimed, payload: Payload, attempt_key: str) -> Steps[Request | Outcomes]:
    """Void an invoice of which the whole total is open, and of whose contact no payment of this charge or amount waits."""
    invoice_id = settled_id(claimed, payload.settles)
    row = (yield from find_one("Invoices", invoice_id)) if invoice_id is not None else None
    if row is None or invoice_id is None:
        return only(claimed, Rejected("404", f"invoice {invoice_id} is not in Xero any more"))
    if row.get("Status") == "VOIDED":
        return only(claimed, there(claimed, invoice_id))
    due, total = (minor(row.get(name), claimed.currency) for name in ("AmountDue", "Total"))
    if row.get("Status") != AUTHORISED or due != total:
        return only(claimed, guard("something was paid or credited on it meanwhile"))
    contact = text_of(part_of(row, "Contact"), "ContactID")
    paid_by = (yield from find_alike(claimed, payload, contact, day_of(row))) if contact else None
    if paid_by is not None:
        return only(claimed, guard(f"{paid_by} of its contact may be of this invoice"))
    return take_out("Invoices", invoice_id, attempt_key, claimed.document_key)


def find_alike(claimed: Claimed, payload: Payload, contact: str, since: date) -> Steps[str | None]:
    """A payment or credit of the contact that carries the charge's id, or is of this amount and carries no other's."""
    of_contact = f'Contact.ContactID==guid("{contact}")'
    for plural in ("Overpayments", "Prepayments"):
        for row in (yield from find_rows(plural, of_contact)):
            if row.get("Status") in GONE or day_of(row) < since:
                continue
            charges = read_reference(row).charge_ids
            amounts = {minor(row.get(name), claimed.currency) for name in ("Total", "RemainingCredit")}
            alike = not charges and claimed.amount_minor in amounts
            if alike or payload.charge_id in charges:
                return f"{plural[:-1].lower()} {id_of(row, plural)}"
    for invoice in (yield from find_rows("Invoices", 'Type=="ACCREC"', ContactIDs=contact)):
        for payment in rows_of(invoice, "Payments"):
            charges = read_reference(payment).charge_ids
            alike = not charges and minor(payment.get("Amount"), claimed.currency) == claimed.amount_minor
            if day_of(payment) >= since and (alike or payload.charge_id in charges):
                return f"payment {payment.get('PaymentID')}"
    return None


def guard(why: str) -> Withheld:
    return Withheld("void_guard", f"not voided: {why}", PUT_RIGHT)


# ------------------------------------------------------------------------------------------------ applications


def request_link(claimed: Claimed, payload: Payload, attempt_key: str) -> Steps[Request | Outcomes]:
    """The request that makes the link or unmakes it, or what became of it where there is nothing left to do."""
    if payload.part == ALLOCATED:
        return (yield from request_allocation(claimed, payload, attempt_key))
    return (yield from request_unallocation(claimed, payload))


def request_allocation(claimed: Claimed, payload: Payload, attempt_key: str) -> Steps[Request | Outcomes]:
    """Put a credit note on an invoice, as far as both are open. One of them is the document that the link belongs to, the
    other what it is settled against."""
    head, settles = claimed.parents.get(payload.head or ""), payload.settles
    other = settled_id(claimed, settles)
    if head is None or settles is None or other is None:
        return only(claimed, Rejected("404", "what it links is not in the books"))
    if settles.kind not in ("invoice", "credit_memo"):
        why = f"Xero cannot settle a credit note against {settles.kind.replace('_', ' ')} {other}"
        return only(claimed, Withheld("ledger_cannot", why, "settle the credit note by hand in Xero"))
    note_id, invoice_id = (head.ledger_id, other) if settles.kind == "invoice" else (other, head.ledger_id)
    note = yield from find_one("CreditNotes", note_id)
    invoice = yield from find_one("Invoices", invoice_id)
    if head.taken_back and is_gone(note):
        # It was voided since, and with it what it did to the invoice: seen after a lost state.
        return only(claimed, there(claimed, note_id))
    if is_gone(note) or is_gone(invoice) or note is None or invoice is None:
        return only(claimed, Rejected("404", "what it links is not in the books any more"))
    left = [
        minor(row.get(name), claimed.currency)
        for row, name in ((note, "RemainingCredit"), (invoice, "AmountDue"))
    ]
    open_minor = min(claimed.amount_minor, *left)
    if open_minor <= 0:
        return only(claimed, there(claimed, note_id))
    body = {
        **payload.body,
        "Invoice": {"InvoiceID": invoice_id},
        "Amount": amount(open_minor, claimed.currency),
    }
    target = f"/CreditNotes/{note_id}/Allocations"
    return write("PUT", target, {"Allocations": [body]}, attempt_key, (claimed.document_key,))


def request_unallocation(claimed: Claimed, payload: Payload) -> Steps[Request | Outcomes]:
    """Take a credit note of ours off the invoice that it was put on."""
    note_parent = claimed.parents.get(payload.head or "")
    invoice_id = settled_id(claimed, payload.settles)
    note = (yield from find_one("CreditNotes", note_parent.ledger_id)) if note_parent is not None else None
    if note is None or note_parent is None:
        return only(claimed, Rejected("404", "the credit note is not in Xero any more"))
    mine = our_allocation(note, invoice_id, claimed, shown_day(note))
    if mine is None or not mine.get("AllocationID"):
        return only(claimed, there(claimed, note_parent.ledger_id))
    target = f"/CreditNotes/{note_parent.ledger_id}/Allocations/{mine['AllocationID']}"
    # Xero keeps no idempotency key of a DELETE; what is gone cannot be deleted twice.
    return Request("DELETE", target, document_keys=(claimed.document_key,))


def our_allocation(note: Row, invoice_id: str | None, claimed: Claimed, day: date | None) -> Row | None:
    """What we put of a credit note on an invoice on this day; None where there is none, or only what a person put there.

    It is of our amount, or of that day and of less, where less was open then. An allocation has no text that could bear
    our key.
    """
    alike: list[tuple[bool, bool, Row]] = []
    for one in rows_of(note, "Allocations"):
        if (
            str(part_of(one, "Invoice").get("InvoiceID")).lower() != invoice_id
            or one.get("IsDeleted") is True
        ):
            continue
        put_on = minor(one.get("Amount"), claimed.currency)
        another_day = day is not None and shown_day(one) not in (None, day)
        if put_on == claimed.amount_minor or (put_on < claimed.amount_minor and not another_day):
            alike.append((put_on != claimed.amount_minor, another_day, one))
    return min(alike, key=lambda each: each[:2])[2] if alike else None


def shown_day(row: Row) -> date | None:
    return day_of(row) if row.get("Date") or row.get("DateString") else None
