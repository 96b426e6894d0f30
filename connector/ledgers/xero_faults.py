"""What Xero says when it does not do what it was asked, and what follows from it.

https://developer.xero.com/documentation/api/accounting/responsecodes
Xero has no codes of its own for what is wrong with a document: its words are matched, and kept as they are. A body may
be plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.ledgers.contract import (
    Answer,
    NumberTaken,
    Outcome,
    PeriodClosed,
    Rejected,
    Throttled,
    Unauthorised,
    Unknown,
)
from connector.ledgers.json_wire import decode
from connector.ledgers.reads import refuse_answer
from connector.planning.values import value

# A sentence of Xero's own begins an answer or follows another one; what it quotes, as the name of a contact, does not.
SENTENCE = r"(?:^|; )"
NUMBER_TAKEN = re.compile(SENTENCE + r"(?:Credit Note|Invoice) # must be unique", re.IGNORECASE)
NAME_TAKEN = re.compile(
    SENTENCE + r"The contact (?:name .* is already assigned|number .* (?:already|unique))", re.IGNORECASE
)
CONTACT_NUMBER_TAKEN = re.compile(SENTENCE + r"The contact number .* (?:already|unique)", re.IGNORECASE)
CONTACT_ARCHIVED = re.compile(
    SENTENCE + r"The contact with the specified contact details has been archived", re.IGNORECASE
)
LOCKED = re.compile(
    SENTENCE + r"The [a-z ]*date cannot be before the (?:period|end of year) lock date", re.IGNORECASE
)
# More is paid than is open: somebody was faster.
TOO_MUCH = re.compile(SENTENCE + r"Payment amount exceeds the amount outstanding", re.IGNORECASE)
KEY_USED = re.compile(SENTENCE + r"Idempotency Key: .* is used with a different request", re.IGNORECASE)
# An element that stands somewhere inside another, and where its own words are.
WITHIN = (
    "LineItems",
    "Contact",
    "Invoice",
    "CreditNote",
    "Account",
    "BankAccount",
    "Allocations",
    "Payments",
)
SHOWN = 500
# Xero says it by the status alone.
WAY_OUT = {
    401: ": where the token is good the app lacks a scope, which is added to it at developer.xero.com",
    403: ": the organisation disconnected the app, or tenant_id is not of an organisation that it opens",
}


@value(frozen=True, slots=True)
class Fault:
    """`status` is HTTP's, `kind` Xero's word for the fault ("" where none is told), `words` all that it says, `trace` its
    correlation id."""

    status: int
    kind: str
    words: str
    trace: str | None = None
    wait_s: int | None = None


def fault_of(answer: Answer) -> Fault | None:
    """The fault that an answer tells; None where it tells none, or did not arrive."""
    if not answer.arrived or 200 <= answer.status < 300:
        return None
    headers = {name.lower(): text for name, text in answer.headers}
    asked = headers.get("retry-after", "")
    kind, words = read_words(answer.body)
    problem = headers.get("x-rate-limit-problem", "")
    return Fault(
        answer.status,
        kind or (problem if answer.status == 429 else ""),
        words or f"HTTP status {answer.status}",
        headers.get("xero-correlation-id"),
        int(asked) if asked.isdecimal() else None,
    )


def read_words(body: bytes) -> tuple[str, str]:
    """Kind and words of an error's body, which may be JSON, plain text, or the page of a proxy."""
    text = body.decode("utf-8", "replace").strip()
    try:
        told: Any = decode(body) if body else None
    except ValueError:
        return "", "" if text.startswith("<") else text[:SHOWN]
    if not isinstance(told, Mapping):
        return "", text[:SHOWN]
    elements = told.get("Elements")
    said = [w for one in elements for w in messages(one)] if isinstance(elements, list) else []
    words = "; ".join(dict.fromkeys(said)) or str(
        told.get("Detail") or told.get("Message") or told.get("Title") or ""
    )
    return str(told.get("Type") or told.get("Title") or ""), words[:SHOWN]


def messages(element: Any) -> Iterator[str]:
    """What Xero says is wrong with an element and with what stands inside it."""
    if not isinstance(element, Mapping):
        return
    errors = element.get("ValidationErrors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, Mapping) and error.get("Message"):
            yield str(error["Message"])
    for name in WITHIN:
        inner = element.get(name)
        for one in inner if isinstance(inner, list) else (inner,):
            yield from messages(one)


def refused(words: str, code: str = "ValidationException") -> Outcome:
    """What a refusal in Xero's words comes to: nothing was written. Numbers in use are read by the caller.

    Where a key was used before, what was written with it is not known.
    """
    if KEY_USED.search(words):
        return Unknown(words)
    if NUMBER_TAKEN.search(words):
        return NumberTaken(None)
    if LOCKED.search(words):
        return PeriodClosed(f"Xero has locked the period: {words}")
    return Rejected(code, words)


def outcome_of(fault: Fault) -> Outcome:
    """What a refused write comes to. A 5xx may come after the write, and a page that is not Xero's own says nothing."""
    status = fault.status
    if status == 429:
        return Throttled(fault.wait_s)
    if status in (401, 403):
        return Unauthorised(f"Xero refused the access: {shown(fault)}{WAY_OUT.get(status, '')}")
    if status == 400 and fault.kind:
        return refused(fault.words, fault.kind)
    if status in (404, 412) and fault.words != f"HTTP status {status}":
        return Rejected(str(status), fault.words)
    return Unknown(shown(fault))


def shown(fault: Fault) -> str:
    trace = f", Xero-Correlation-Id {fault.trace}" if fault.trace else ""
    return f"{fault.words} ({fault.status}{trace})"


def not_found(answer: Answer) -> bool:
    return answer.arrived and answer.status == 404


def refuse_read(answer: Answer) -> None:
    """Raises `LedgerDown` where an answer to a read is none."""
    fault = fault_of(answer)
    refuse_answer(answer, "Xero", None if fault is None else (outcome_of(fault), shown(fault)))
