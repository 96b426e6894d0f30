"""What the answer to a write that changes an object shows of it: a void, a deleted payment, an allocation made or unmade.

https://developer.xero.com/documentation/api/accounting/creditnotes (allocations)
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.ledgers.contract import Absent, Answer, Claimed, Outcome, Posted, Rejected, Request, Unknown
from connector.ledgers.json_wire import decode
from connector.ledgers.xero_changes import TAKEN_OUT
from connector.ledgers.xero_faults import messages
from connector.ledgers.xero_payload import Payload
from connector.ledgers.xero_roles import UNALLOCATED, UNPAID
from connector.ledgers.xero_wire import elements_of, id_of


def is_change(claimed: Claimed, payloads: Mapping[str, Payload]) -> bool:
    payload = payloads[claimed.document_key]
    return (
        payload.voids or claimed.kind == "void" or payload.plural == "Allocations" or payload.part == UNPAID
    )


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
