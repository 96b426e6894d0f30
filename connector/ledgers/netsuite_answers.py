"""What became of a write, told by the answer to it.

A new record is answered with its address and nothing else: its total and number are read back with those of the whole
wave. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545142420.html
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    NumberTaken,
    Outcome,
    Posted,
    Rejected,
    Request,
    Stale,
    Steps,
    Taken,
    Unknown,
)
from connector.ledgers.json_wire import decode
from connector.ledgers.netsuite_check_access import PERMISSIONS
from connector.ledgers.netsuite_customers import find_made
from connector.ledgers.netsuite_faults import (
    Fault,
    fault_of,
    is_name_taken,
    not_found,
    outcome_of,
    shown,
)
from connector.ledgers.netsuite_payload import Payload
from connector.ledgers.netsuite_wire import RECORDS, ledger_id, new_id
from connector.ledgers.reads import not_written

REFUSED = 400


def read_answer(claimed: Claimed, payload: Payload, request: Request, answer: Answer) -> Steps[Outcome]:
    """The outcome of the one document of a request. May read whether a customer is the one that was to be made."""
    unread = not_written(answer)
    if unread is not None:
        return unread
    if request.method == "DELETE":
        return read_deletion(answer)
    if not request.target.startswith(RECORDS):
        return read_void(claimed, request, answer)
    fault = fault_of(answer)
    if payload.record == "customer":
        return (yield from read_customer(claimed, answer, fault))
    if fault is not None:
        permission, _ = PERMISSIONS[payload.record.lower()]
        return outcome_of(fault, applies=is_applying(request), permission=permission)
    if request.method == "PATCH":
        # The path names what was changed. A refund itself comes after what was still to be taken off for it.
        changed = request.target.removeprefix(f"{RECORDS}/")
        return done(claimed, changed) if claimed.kind == "application" else Stale()
    made = new_id(answer, payload.record)
    return no_address() if made is None else Taken(ledger_id(payload.record, made))


def read_customer(claimed: Claimed, answer: Answer, fault: Fault | None) -> Steps[Outcome]:
    """A name that is taken may be so by this very customer, whose key then stands there."""
    if fault is None:
        made = new_id(answer, "customer")
        return no_address() if made is None else Posted(made, None, 0, claimed.currency)
    if not is_name_taken(fault):
        return outcome_of(fault)
    ours = yield from find_made(claimed.document_key)
    if ours is not None:
        return Posted(ours, None, 0, claimed.currency)
    return Rejected(fault.code, fault.words) if claimed.bare else NumberTaken(None)


def no_address() -> Unknown:
    return Unknown("NetSuite answered without the address of the record", told=True)


def is_applying(request: Request) -> bool:
    """Whether it takes a credit, or pays an invoice."""
    body = decode(request.body) if request.body else {}
    return "apply" in body or "deposit" in body


def done(claimed: Claimed, name: str) -> Posted:
    return Posted(name, claimed.number, claimed.amount_minor, claimed.currency)


def read_deletion(answer: Answer) -> Outcome:
    """The answer to the request that takes out again what had another total than planned."""
    fault = fault_of(answer)
    if fault is None or not_found(answer):
        return Absent()
    return Unknown(shown(fault))


def read_void(claimed: Claimed, request: Request, answer: Answer) -> Outcome:
    """What the RESTlet says: that the invoice is void, or why not. A RESTlet that fails tells SuiteScript's own error; ours
    may tell one with 200."""
    fault = fault_of(answer)
    if fault is not None:
        return outcome_of(fault)
    try:
        told = decode(answer.body)
    except ValueError:
        told = None
    asked = decode(request.body).get("id")
    if isinstance(told, dict) and told.get("voided") is True and str(told.get("id")) == str(asked):
        return done(claimed, ledger_id("invoice", asked))
    refused = fault_of(Answer(REFUSED, answer.body))
    if isinstance(told, Mapping) and "error" in told and refused is not None and refused.codes:
        return outcome_of(refused)
    return Unknown("the RESTlet did not say that the invoice is void", told=True)
