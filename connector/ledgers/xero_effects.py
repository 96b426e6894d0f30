"""What the answer to a write that changes an object shows of it: a void, a deleted payment, an allocation made or unmade.

https://developer.xero.com/documentation/api/accounting/creditnotes (allocations)
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.ledgers.contract import (
    Absent,
    Answer,
    Apart,
    Claimed,
    Outcome,
    Posted,
    Rejected,
    Request,
    Unknown,
)
from connector.ledgers.json_wire import decode
from connector.ledgers.xero_changes import TAKEN_OUT
from connector.ledgers.xero_faults import messages
from connector.ledgers.xero_payload import Payload
from connector.ledgers.xero_roles import OVERPAID, PAID_AGAIN, UNALLOCATED, UNPAID
from connector.ledgers.xero_wire import elements_of, id_of


def is_change(claimed: Claimed, payloads: Mapping[str, Payload], request: Request) -> bool:
    payload = payloads[claimed.document_key]
    taken_off = payload.part == UNPAID or makes_room(payload, request)
    return payload.voids or claimed.kind == "void" or payload.plural == "Allocations" or taken_off


def makes_room(payload: Payload, request: Request) -> bool:
    """Whether it deletes a payment that somebody booked in the place of the one that is to be made again."""
    return payload.part in (PAID_AGAIN, OVERPAID) and request.method == "POST"


def changed(claimed: Claimed, payload: Payload, request: Request, answer: Answer) -> Outcome:
    """What changes another document: its effect is what the answer shows."""
    if payload.plural == "Allocations":
        done = is_taken_off(answer) if payload.part == UNALLOCATED else is_put_on(answer)
        if done:
            return Posted(
                request.target.split("/")[2], claimed.number, claimed.amount_minor, claimed.currency
            )
        return Unknown("Xero did not say what became of the allocation", told=True)
    plural = request.target.split("/")[1]
    rows = elements_of(answer, plural) or ()
    if len(rows) == 1 and rows[0].get("Status") == TAKEN_OUT[plural]:
        if makes_room(payload, request):
            # The document itself is sent now.
            return Apart()
        return Posted(id_of(rows[0], plural), claimed.number, claimed.amount_minor, claimed.currency)
    said = [words for row in rows for words in messages(row)]
    return (
        Rejected("ValidationException", "; ".join(said))
        if said
        else Unknown("Xero did not say that it is void")
    )


def is_put_on(answer: Answer) -> bool:
    rows = elements_of(answer, "Allocations") or ()
    return bool(rows) and not any(words for row in rows for words in messages(row))


def is_taken_off(answer: Answer) -> bool:
    """Xero answers the DELETE of an allocation with the allocation itself, in no list."""
    try:
        told = decode(answer.body)
    except ValueError:
        return False
    return isinstance(told, Mapping) and told.get("IsDeleted") is True


def taken_out(answer: Answer, plural: str) -> Outcome:
    """The answer to the request that takes out again what had another total than planned."""
    rows = elements_of(answer, plural) or ()
    if len(rows) == 1 and rows[0].get("Status") == TAKEN_OUT[plural]:
        return Absent()
    return Unknown("Xero did not say that it is void")
