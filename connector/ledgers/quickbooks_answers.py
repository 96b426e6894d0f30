"""What became of a write, told by the answer to it.

The number of a document may be refused: then the holder is read, since it may be the very document, written by a
request whose answer was lost. https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

from __future__ import annotations

from typing import Any

from connector.errors import LedgerDown
from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    Found,
    NumberTaken,
    Outcome,
    Posted,
    Rejected,
    Request,
    Steps,
    Unknown,
)
from connector.ledgers.json_wire import Row, decode, minor
from connector.ledgers.marks import KEY
from connector.ledgers.quickbooks_faults import (
    DUPLICATE_NAME,
    DUPLICATE_NUMBER,
    Fault,
    fault_of,
    outcome_of,
    shown,
)
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_payload import Payload
from connector.ledgers.quickbooks_wire import (
    currency_of,
    day_of,
    find_by,
    find_one,
    find_rows,
    quoted,
    ref_of,
)
from connector.ledgers.reads import not_written
from connector.planning.money import is_known

NUMBERED = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Purchase", "JournalEntry")
DELETE = "operation=delete"
# What is to be linked is not open any more, or cannot be linked.
NOT_LINKED = frozenset({"620", "6000"})


def row_of(answer: Answer, entity: str) -> Row | None:
    """The object in an answer; None where it has none."""
    try:
        body = decode(answer.body)
    except ValueError:
        return None
    row = body.get(entity) if isinstance(body, dict) else None
    return row if isinstance(row, dict) and row.get("Id") else None


def total_of(row: Row, entity: str, currency: str) -> int:
    """What a transaction comes to: of a journal entry its debits."""
    if entity != "JournalEntry":
        return minor(row.get("TotalAmt"), currency)
    details = [(line, line.get("JournalEntryLineDetail", {})) for line in row.get("Line", ())]
    return sum(minor(line.get("Amount"), currency) for line, d in details if d.get("PostingType") == "Debit")


def read_answer(
    claimed: Claimed, payload: Payload, request: Request, answer: Answer, home: str
) -> Steps[Outcome]:
    """The outcome of the one document that a request carried."""
    silent = not_written(answer)
    if silent is not None:
        return silent
    fault = fault_of(answer)
    if fault is not None and fault.code == DUPLICATE_NUMBER:
        return (yield from number_taken(claimed, payload, fault, home))
    if fault is not None and fault.code == DUPLICATE_NAME and payload.entity == "Customer":
        return (yield from name_taken(claimed, payload, fault))
    if fault is not None and claimed.kind == "application" and fault.code in NOT_LINKED:
        linked = yield from linked_by_hand(claimed, request)
        return linked if linked is not None else outcome_of(fault)
    if fault is not None:
        return outcome_of(fault)
    row = row_of(answer, payload.entity)
    if row is None:
        return Unknown("QuickBooks sent an answer that cannot be read")
    if DELETE in request.target:
        return (
            Absent()
            if row.get("status") == "Deleted"
            else Unknown("QuickBooks did not say that it is deleted")
        )
    if claimed.kind == "application" and not is_linked(request, row):
        return Rejected(
            "link", f"QuickBooks answered, and payment {row['Id']} does not link what it was told to"
        )
    return posted(claimed, payload, row, home)


def is_linked(request: Request, row: Row) -> bool:
    """Whether a Payment links all that the request asked for."""
    return links_in(decode(request.body)) <= links_in(row)


def posted(claimed: Claimed, payload: Payload, row: Row, home: str) -> Outcome:
    """It was written; of what changes another document the effect is looked at, of the others the total."""
    ledger_id = str(row["Id"])
    if claimed.kind == "void" and row.get("TotalAmt"):
        return Rejected("void", f"QuickBooks answered, and invoice {ledger_id} is not void")
    if claimed.kind in ("void", "application"):
        return Posted(ledger_id, claimed.number, claimed.amount_minor, claimed.currency)
    if payload.entity == "Customer" and not is_ours(row, claimed):
        return Unknown(f"QuickBooks answered with another customer ({ledger_id})", told=True)
    if payload.entity == "Customer":
        return Posted(ledger_id, None, 0, claimed.currency)
    key = read_note(row).document_key
    if key != claimed.document_key:
        return Unknown(f"QuickBooks answered with another document ({ledger_id})", told=True)
    currency = currency_of(row, home)
    number = str(row["DocNumber"]) if row.get("DocNumber") else claimed.number
    return Posted(ledger_id, number, total_of(row, payload.entity, currency), currency)


def number_taken(claimed: Claimed, payload: Payload, fault: Fault, home: str) -> Steps[Outcome]:
    """Whose the number is. The entity that the error names is in the user's language, so each is asked for the id; where
    nobody can be read nothing is known."""
    holder_id = fault.transaction_id
    if holder_id is None:
        return NumberTaken(None)
    order = sorted(NUMBERED, key=lambda entity: entity != payload.entity)
    try:
        for entity in order:
            row = yield from find_one(entity, holder_id)
            if row is not None:
                known = is_known(currency_of(row, home))
                return NumberTaken(holder_of(row, entity, home) if known else None)
    except LedgerDown as error:
        return Unknown(f"{shown(fault)}; who holds the number could not be read: {error}")
    return NumberTaken(None)


def linked_by_hand(claimed: Claimed, request: Request) -> Steps[Outcome | None]:
    """Whether somebody has linked meanwhile just what was to be linked: then the effect is there."""
    body = decode(request.body)
    asked = links_in(body)
    customer = ref_of(body, "CustomerRef")
    if customer is None or not asked:
        return None
    try:
        rows = yield from find_rows("Payment", f"CustomerRef = {quoted(customer)}")
    except LedgerDown as error:
        return Unknown(f"QuickBooks refused the link, and whether it is there could not be read: {error}")
    row = next((row for row in rows if asked <= links_in(row)), None)
    return (
        None
        if row is None
        else Posted(str(row["Id"]), claimed.number, claimed.amount_minor, claimed.currency)
    )


def links_in(row: Row) -> set[tuple[str, str]]:
    """What the lines of a Payment link: type and id."""
    return {
        (str(link["TxnType"]), str(link["TxnId"]))
        for line in row.get("Line") or ()
        for link in line.get("LinkedTxn") or ()
    }


def holder_of(row: Row, entity: str, home: str) -> Found:
    note = read_note(row)
    currency = currency_of(row, home)
    kinds = {"Invoice": "invoice", "SalesReceipt": "sales_receipt", "CreditMemo": "credit_memo"}
    kinds |= {"RefundReceipt": "refund_receipt"}
    customer = row.get("CustomerRef", row.get("EntityRef"))
    return Found(
        ledger_id=str(row["Id"]),
        document_key=note.document_key,
        kind=note.kind if note.document_key else kinds.get(entity),
        number=row.get("DocNumber"),
        refund_id=next(iter(note.refund_ids), None),
        charge_id=next(iter(note.charge_ids), None),
        amount_minor=total_of(row, entity, currency),
        currency=currency,
        posting_date=day_of(row),
        customer=customer.get("name") if isinstance(customer, dict) else None,
    )


def name_taken(claimed: Claimed, payload: Payload, fault: Fault) -> Steps[Outcome]:
    """The customer may have been made by a request whose answer was lost; else somebody else has the name: a customer, a
    vendor or an employee, which share one list of names."""
    names = [str(payload.body["DisplayName"]), *([payload.told_apart] if payload.told_apart else [])]
    try:
        rows = yield from find_by("Customer", "DisplayName", names)
    except LedgerDown as error:
        return Unknown(f"{shown(fault)}; who has the name could not be read: {error}")
    ours = next((row for row in rows if is_ours(row, claimed)), None)
    if ours is not None:
        return Posted(str(ours["Id"]), None, 0, claimed.currency)
    return NumberTaken(None)


def is_ours(row: Row, claimed: Claimed) -> bool:
    found: Any = KEY.search(str(row.get("Notes") or ""))
    return found is not None and found[0] == claimed.document_key


def undo_request(claimed: Claimed, entity: str, posted_id: str) -> tuple[str, dict[str, str]] | None:
    """Address and body that take out what was made a moment ago; a payment may have been applied since, so it stays."""
    if entity not in ("RefundReceipt", "CreditMemo", "SalesReceipt", "Purchase", "JournalEntry"):
        return None
    return f"/{entity.lower()}?{DELETE}", {"Id": posted_id, "SyncToken": "0"}
