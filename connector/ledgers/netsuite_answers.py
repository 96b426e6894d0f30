"""What became of a write, told by the answer to it.

A new record is answered with its address and nothing else: its total and number are read back with those of the whole
wave. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545142420.html
"""

from __future__ import annotations

from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    NumberTaken,
    Outcome,
    Posted,
    Rejected,
    Request,
    Taken,
    Unknown,
)
from connector.ledgers.json_wire import decode
from connector.ledgers.netsuite_faults import fault_of, is_name_taken, not_found, outcome_of, shown
from connector.ledgers.netsuite_payload import Payload
from connector.ledgers.netsuite_wire import RECORDS, ledger_id, new_id
from connector.ledgers.reads import not_written


def read_answer(claimed: Claimed, payload: Payload, request: Request, answer: Answer) -> Outcome:
    """The outcome of the one document of a request."""
    unread = not_written(answer)
    if unread is not None:
        return unread
    if request.method == "DELETE":
        return read_deletion(answer)
    if not request.target.startswith(RECORDS):
        return read_void(claimed, request, answer)
    fault = fault_of(answer)
    if fault is not None:
        if payload.record == "customer" and is_name_taken(fault):
            return NumberTaken(None) if not claimed.bare else Rejected(fault.code, fault.words)
        return outcome_of(fault)
    if request.method == "PATCH":
        # The path names what was changed.
        return done(claimed, request.target.removeprefix(f"{RECORDS}/"))
    made = new_id(answer)
    if made is None:
        return Unknown("NetSuite answered without the address of the record", told=True)
    if payload.record == "customer":
        return Posted(made, None, 0, claimed.currency)
    return Taken(ledger_id(payload.record, made))


def done(claimed: Claimed, name: str) -> Posted:
    return Posted(name, claimed.number, claimed.amount_minor, claimed.currency)


def read_deletion(answer: Answer) -> Outcome:
    """The answer to the request that takes out again what had another total than planned."""
    fault = fault_of(answer)
    if fault is None or not_found(answer):
        return Absent()
    return Unknown(shown(fault))


def read_void(claimed: Claimed, request: Request, answer: Answer) -> Outcome:
    """What the RESTlet says: that the invoice is void, or why not. A RESTlet that fails tells SuiteScript's own error."""
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
    return Unknown("the RESTlet did not say that the invoice is void", told=True)
