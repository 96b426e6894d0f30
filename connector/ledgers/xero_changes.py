"""Writes that change an object which stands: voids and allocations.

What is to be changed is read before, many at once; what changed since then Xero refuses itself. It voids nothing that is
paid or allocated, and allocates no more than is open.
https://developer.xero.com/documentation/api/accounting/payments (only `Status` of a payment may be updated)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from connector.ledgers.contract import Claimed, Outcomes, Posted, Rejected, Request, Steps, Withheld
from connector.ledgers.json_wire import Row, amount, decode, minor
from connector.ledgers.xero_alike import Alike
from connector.ledgers.xero_forms import AUTHORISED
from connector.ledgers.xero_payload import Payload, settled_id, write
from connector.ledgers.xero_roles import ALLOCATED, UNALLOCATED
from connector.ledgers.xero_wire import (
    ID_NAMES,
    day_of,
    find_one,
    part_of,
    rows_of,
    text_of,
)

# Gives the row of a list and id for the document with this key.
Take = Callable[[tuple[str, str], str], Steps[Row | None]]

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


def taken_out(claimed: Claimed, payload: Payload) -> tuple[str, str] | None:
    """The list and id of what is to be voided, where it may be read ahead. A payment is not: whether Xero refuses to
    delete one that was matched with a bank statement since is not known, and that match would be lost."""
    parent = claimed.parents.get(payload.reverses or "")
    return (payload.plural, parent.ledger_id) if parent is not None and payload.plural != "Payments" else None


def request_taking_out(
    claimed: Claimed, payload: Payload, attempt_key: str, take: Take
) -> Steps[Request | Outcomes]:
    """Void what a failed or replaced document is in the books."""
    parent = claimed.parents.get(payload.reverses or "")
    item, row = taken_out(claimed, payload), None
    if item is not None:
        row = yield from take(item, claimed.document_key)
    elif parent is not None:
        row = yield from find_one(payload.plural, parent.ledger_id)
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


def request_void(
    claimed: Claimed, payload: Payload, attempt_key: str, take: Take, alike: Alike
) -> Steps[Request | Outcomes]:
    """Void an invoice of which the whole total is open, and of whose contact no payment of this charge or amount waits."""
    invoice_id = settled_id(claimed, payload.settles)
    row = (
        (yield from take(("Invoices", invoice_id), claimed.document_key)) if invoice_id is not None else None
    )
    if row is None or invoice_id is None:
        return only(claimed, Rejected("404", f"invoice {invoice_id} is not in Xero any more"))
    if row.get("Status") == "VOIDED":
        return only(claimed, there(claimed, invoice_id))
    if not is_unpaid(row, claimed.currency):
        return only(claimed, guard("something was paid or credited on it meanwhile"))
    contact = text_of(part_of(row, "Contact"), "ContactID")
    paid_by = None
    if contact is not None:
        paid_by = yield from alike.find(
            contact, day_of(row), claimed.amount_minor, claimed.currency, payload.charge_id
        )
    if paid_by is not None:
        return only(claimed, guard(f"{paid_by} of its contact may be of this invoice"))
    return take_out("Invoices", invoice_id, attempt_key, claimed.document_key)


def is_unpaid(invoice: Row, currency: str) -> bool:
    """Whether it is approved, and the whole of it is open."""
    due, total = (minor(invoice.get(name), currency) for name in ("AmountDue", "Total"))
    return invoice.get("Status") == AUTHORISED and due == total


def guard(why: str) -> Withheld:
    return Withheld("void_guard", f"not voided: {why}", PUT_RIGHT)


# ------------------------------------------------------------------------------------------------ applications


def linked(claimed: Claimed, payload: Payload) -> tuple[str | None, str | None]:
    """The ids of the credit note and of the invoice that a link is between, None where one is not known. One of them is
    the document that the link belongs to, the other what it is settled against."""
    head, settles = claimed.parents.get(payload.head or ""), payload.settles
    mine, other = (head.ledger_id if head is not None else None), settled_id(claimed, settles)
    on_invoice = payload.part == UNALLOCATED or (settles is not None and settles.kind == "invoice")
    return (mine, other) if on_invoice else (other, mine)


def request_link(
    claimed: Claimed, payload: Payload, attempt_key: str, take: Take
) -> Steps[Request | Outcomes]:
    """The request that makes the link or unmakes it, or what became of it where there is nothing left to do."""
    if payload.part == ALLOCATED:
        return (yield from request_allocation(claimed, payload, attempt_key, take))
    return (yield from request_unallocation(claimed, payload, take))


def request_allocation(
    claimed: Claimed, payload: Payload, attempt_key: str, take: Take
) -> Steps[Request | Outcomes]:
    """Put a credit note on an invoice, as far as both are open."""
    head, settles = claimed.parents.get(payload.head or ""), payload.settles
    note_id, invoice_id = linked(claimed, payload)
    if head is None or settles is None or note_id is None or invoice_id is None:
        return only(claimed, Rejected("404", "what it links is not in the books"))
    if settles.kind not in ("invoice", "credit_memo"):
        what = f"{settles.kind.replace('_', ' ')} {settled_id(claimed, settles)}"
        why = f"Xero cannot settle a credit note against {what}"
        return only(claimed, Withheld("ledger_cannot", why, "settle the credit note by hand in Xero"))
    note = yield from take(("CreditNotes", note_id), claimed.document_key)
    invoice = yield from take(("Invoices", invoice_id), claimed.document_key)
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


def is_whole(made: Request | Outcomes, claimed: Claimed) -> bool:
    """Whether a request changes all that the document is for; where an outcome is known nothing is sent."""
    if not isinstance(made, Request):
        return False
    if made.method != "PUT" or not made.target.endswith("/Allocations"):
        return True
    (one,) = decode(made.body)["Allocations"]
    return minor(one["Amount"], claimed.currency) == claimed.amount_minor


def request_unallocation(claimed: Claimed, payload: Payload, take: Take) -> Steps[Request | Outcomes]:
    """Take a credit note of ours off the invoice that it was put on."""
    note_id, invoice_id = linked(claimed, payload)
    note = (yield from take(("CreditNotes", note_id), claimed.document_key)) if note_id is not None else None
    if note is None or note_id is None:
        return only(claimed, Rejected("404", "the credit note is not in Xero any more"))
    mine = our_allocation(note, invoice_id, claimed, shown_day(note))
    if mine is None or not mine.get("AllocationID"):
        return only(claimed, there(claimed, note_id))
    target = f"/CreditNotes/{note_id}/Allocations/{mine['AllocationID']}"
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
