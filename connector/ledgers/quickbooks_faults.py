"""What QuickBooks Online says when it does not do what it was asked, and the class of action that follows.

https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
A Fault may stand under HTTP 200; a 429 is XML even for clients of JSON; a gateway writes `fault` in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import simplejson

from connector.ledgers.contract import (
    Answer,
    Down,
    Outcome,
    PeriodClosed,
    Rejected,
    Stale,
    Throttled,
    Unauthorised,
    Unknown,
)
from connector.ledgers.reads import refuse_answer
from connector.planning.values import value

XML_CODE = re.compile(rb'<Error[^>]*\bcode="(\d+)"')
XML_WORDS = re.compile(rb"<Detail>(.*?)</Detail>", re.DOTALL)
TXN_ID = re.compile(r"TxnId=(\d+)")
CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

NO_ACCESS = frozenset({"100", "110", "120", "3100", "3200"})
THROTTLED = frozenset({"3001", "003001"})
# The company cannot be written to now: locked, under maintenance, its subscription lapsed.
AWAY = frozenset({"140", "150", "6190"})
# Nothing of it was done, whatever the status.
UNSUPPORTED = "500"
DUPLICATE_REQUEST = "600"
GONE = "610"
STALE = "5010"
DUPLICATE_NUMBER = "6140"
PERIOD_CLOSED = "6210"
DUPLICATE_NAME = "6240"
SEVERE = 10_000


@value(frozen=True, slots=True)
class Fault:
    """`status` is HTTP's, `code` Intuit's ("" where none is told), `words` its detail, else its message."""

    status: int
    code: str
    words: str
    tid: str | None = None

    @property
    def transaction_id(self) -> str | None:
        """The id that a duplicate number names; the rest of the sentence is in the language of the company."""
        found = TXN_ID.search(self.words)
        return found[1] if found else None


def fault_of(answer: Answer) -> Fault | None:
    """The fault that an answer tells, whatever its status; None where it tells none, or did not arrive."""
    if not answer.arrived:
        return None
    tid = next((text for name, text in answer.headers if name.lower() == "intuit_tid"), None)
    try:
        body = simplejson.loads(answer.body.decode("utf-8")) if answer.body else None
    except ValueError:
        body = None
    told = body.get("Fault", body.get("fault")) if isinstance(body, dict) else None
    if isinstance(told, Mapping):
        return read_fault(answer.status, told, tid)
    code = XML_CODE.search(answer.body)
    if code is not None:
        words = XML_WORDS.search(answer.body)
        shown = words[1].decode("utf-8", "replace") if words else "no words"
        return Fault(answer.status, code[1].decode(), shown, tid)
    if answer.status == 200:
        return None
    return Fault(answer.status, "", f"HTTP status {answer.status}", tid)


def read_fault(status: int, told: Mapping[str, Any], tid: str | None) -> Fault:
    """The first of its errors; the words of all."""
    errors = told.get("Error", told.get("error"))
    errors = [e for e in errors if isinstance(e, Mapping)] if isinstance(errors, list) else []
    codes = [str(e.get("code", "")) for e in errors]
    words = [
        str(e.get("Detail") or e.get("detail") or e.get("Message") or e.get("message") or "") for e in errors
    ]
    return Fault(status, codes[0] if codes else "", "; ".join(w for w in words if w) or "no words", tid)


def outcome_of(fault: Fault) -> Outcome:
    """What a refused write comes to. Numbers (6140) and names (6240) in use are read by the caller first.

    A 5xx, a severe error and an answer without Intuit's own words may come after the write: unknown.
    """
    code, status = fault.code, fault.status
    if status == 429 or code in THROTTLED:
        return Throttled(None)
    if status == 401 or (status == 403 and not code) or code in NO_ACCESS:
        return Unauthorised(f"QuickBooks refused the access: {shown(fault)}")
    if code in AWAY:
        return Down(f"the company cannot be written to now: {shown(fault)}")
    if code == DUPLICATE_REQUEST:
        return Unknown("QuickBooks answered a request of this id before", told=True)
    if code == STALE:
        return Stale()
    if code == PERIOD_CLOSED:
        return PeriodClosed(f"QuickBooks has closed the period: {fault.words}")
    if code == UNSUPPORTED:
        return Rejected(code, fault.words)
    if status >= 500 or not code or (code.isdigit() and int(code) >= SEVERE):
        return Unknown(shown(fault))
    return Rejected(code, fault.words)


def refuse_read(answer: Answer) -> None:
    """Raises `LedgerDown` where an answer to a read is none."""
    fault = fault_of(answer)
    refuse_answer(answer, "QuickBooks", None if fault is None else (outcome_of(fault), shown(fault)))


def shown(fault: Fault) -> str:
    """The fault in words that a person may hand to Intuit."""
    code = f", code {fault.code}" if fault.code else ""
    tid = f", intuit_tid {fault.tid}" if fault.tid else ""
    return f"{fault.words} (HTTP {fault.status}{code}{tid})"
