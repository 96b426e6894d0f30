"""What NetSuite says when it does not do what it was asked, and what follows from it.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156570709583.html
Business rules are refused as USER_ERROR with free words, which are matched and kept as they are. The title of an error
is not to be trusted: too many requests are a "Bad Request" there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    Withheld,
)
from connector.ledgers.json_wire import decode
from connector.ledgers.reads import refuse_answer
from connector.planning.values import value

SHOWN = 500
TOO_MANY = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"})
NO_LOGIN = frozenset({"INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT", "INVALID_LOGIN_CREDENTIALS"})
NO_PERMISSION = frozenset({"INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION"})
PERMISSION = re.compile(r"^(?:error while accessing a resource\. )?permission violation\b", re.IGNORECASE)
ABSENT = frozenset({"NONEXISTENT_ID", "RCRD_DSNT_EXIST", "THAT_RECORD_DOES_NOT_EXIST"})
# What went wrong within NetSuite, or is under way by another request: whether it wrote is not told.
UNKNOWN_CODES = frozenset({"UNEXPECTED_ERROR", "IDEMPOTENCY_ERROR"})
# A record with this external id stands already: this very document, since the external id is its key.
DUPLICATE = re.compile(r"already exists|same external|duplicate external", re.IGNORECASE)
DUPLICATE_CODES = frozenset({"DUP_RCRD", "DUP_CSTM_RCRD"})
NAME_TAKEN = re.compile(
    r"unique (?:customer|entity) (?:id|name)|entity (?:id|name) must be unique|\bentity already exists",
    re.IGNORECASE,
)
NAME_CODES = frozenset({"UNIQUE_CUST_ID_REQD", "UNIQUE_ENTITY_REQD", "DUP_ENTITY"})
# An account may refuse a number that it has.
NUMBER_TAKEN = re.compile(
    r"\b(?:number|tranid)\b.*\b(?:already|unique|duplicate)\b|\bduplicate\b.*\b(?:number|tranid)\b",
    re.IGNORECASE,
)
# No text of it is known: closed, locked, or none for the day.
PERIOD = re.compile(r"\bperiods?\b", re.IGNORECASE)
# More is taken of a credit or an invoice than is open of it, or it is not on the list of what is open: somebody was faster.
TOO_MUCH = re.compile(
    r"(?:cannot|can not|may not) (?:be applied|apply|refund)\b|\bexceeds?\b|\bmore than (?:the )?(?:amount|remaining|"
    r"unapplied|open|balance)|\bnothing open\b",
    re.IGNORECASE,
)
NOT_LISTED = re.compile(r"(?:apply|deposit)\b.*\bdoc$")
# What is quoted is somebody's own words, and not NetSuite's.
QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|<[^<>]*>")
CHANGED_MEANWHILE = re.compile(r"record has been changed", re.IGNORECASE)
CHANGED_CODES = frozenset({"RCRD_HAS_BEEN_CHANGED"})
WAY_OUT = {
    401: ": see Setup > Users/Roles > View Login Audit Trail, and whether the certificate or token was revoked",
    403: ": give the role of the integration this permission",
}


@value(frozen=True, slots=True)
class Fault:
    """`status` is HTTP's, `codes` NetSuite's (o:errorCode), `words` all that it says, `path` the field that is wrong."""

    status: int
    codes: tuple[str, ...]
    words: str
    path: str = ""

    @property
    def code(self) -> str:
        return self.codes[0] if self.codes else str(self.status)

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether NetSuite's own words do; what it quotes does not count."""
        return pattern.search(QUOTED.sub("", self.words)) is not None


def fault_of(answer: Answer) -> Fault | None:
    """The fault that an answer tells; None where it tells none, or did not arrive."""
    if not answer.arrived or 200 <= answer.status < 300:
        return None
    codes, words, path = read_words(answer.body)
    return Fault(answer.status, codes, words or f"HTTP status {answer.status}", path)


def read_words(body: bytes) -> tuple[tuple[str, ...], str, str]:
    """Codes, words and field of an error's body: that of the record service, that of a RESTlet, or the page of a proxy."""
    text = body.decode("utf-8", "replace").strip()
    try:
        told: Any = decode(body) if body else None
    except ValueError:
        return (), "" if text.startswith("<") else text[:SHOWN], ""
    if not isinstance(told, Mapping):
        return (), text[:SHOWN], ""
    restlet = told.get("error")
    if isinstance(restlet, Mapping):
        code = str(restlet.get("code") or "")
        return (code,) if code else (), str(restlet.get("message") or "")[:SHOWN], ""
    listed = told.get("o:errorDetails")
    details = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    # The details say what it is; the code beside the title may be a general one.
    codes = [*(one.get("o:errorCode") for one in details), told.get("o:errorCode")]
    said = [str(one["detail"]) for one in details if one.get("detail")] or [str(told.get("title") or "")]
    path = next((str(one["o:errorPath"]) for one in details if one.get("o:errorPath")), "")
    words = "; ".join(dict.fromkeys(said))[:SHOWN]
    return tuple(dict.fromkeys(str(code) for code in codes if code)), words, path


def is_throttled(fault: Fault) -> bool:
    return fault.status == 429 or bool(TOO_MANY.intersection(fault.codes))


def is_login(fault: Fault) -> bool:
    return fault.status == 401 or bool(NO_LOGIN.intersection(fault.codes))


def is_forbidden(fault: Fault) -> bool:
    """Whether the role lacks a permission."""
    return fault.status == 403 or bool(NO_PERMISSION.intersection(fault.codes)) or fault.says(PERMISSION)


def is_duplicate(fault: Fault) -> bool:
    """Whether a record with this external id stands."""
    if fault.status >= 500 or is_name_taken(fault):
        return False
    return bool(DUPLICATE_CODES.intersection(fault.codes)) or fault.says(DUPLICATE)


def is_name_taken(fault: Fault) -> bool:
    """Whether another customer has the name that a new one was to have; or this very one has it, and stands already."""
    return bool(NAME_CODES.intersection(fault.codes)) or fault.says(NAME_TAKEN)


def is_doubtful(fault: Fault) -> bool:
    """Whether it may have been written all the same: a 5xx may come after the write, and a page that is not NetSuite's own
    says nothing."""
    return fault.status >= 500 or not fault.codes or bool(UNKNOWN_CODES.intersection(fault.codes))


def is_too_much(fault: Fault) -> bool:
    """Whether what was to be applied to something is not open of it."""
    return fault.says(TOO_MUCH) or NOT_LISTED.search(fault.path) is not None


def outcome_of(fault: Fault, applies: bool = False, permission: str | None = None) -> Outcome:
    """What a refused write comes to; `applies`: it takes a credit, or pays an invoice; `permission` is the one that it needs.

    A duplicate is this very document: it is read at once.
    """
    if is_throttled(fault):
        return Throttled(None)
    if is_login(fault) or is_forbidden(fault):
        way_out = WAY_OUT[401 if is_login(fault) else 403]
        if permission is not None and not is_login(fault):
            way_out = f": give the role of the integration the permission {permission}, at the level Full"
        return Unauthorised(f"NetSuite refused the access: {shown(fault)}{way_out}")
    if is_doubtful(fault):
        return Unknown(shown(fault), told="IDEMPOTENCY_ERROR" in fault.codes)
    if not DUPLICATE_CODES.intersection(fault.codes) and fault.says(NUMBER_TAKEN):
        return NumberTaken(None)
    if is_duplicate(fault):
        return Unknown(f"NetSuite has a record with this external id: {fault.words}", told=True)
    if CHANGED_CODES.intersection(fault.codes) or fault.says(CHANGED_MEANWHILE):
        return Unknown(f"NetSuite says that the record was changed meanwhile: {fault.words}", told=True)
    if fault.says(PERIOD):
        return PeriodClosed(f"NetSuite has closed or locked the period: {fault.words}")
    if applies and is_too_much(fault):
        why = f"NetSuite has less of it open than is to be taken: {fault.words}"
        return Withheld("credit_used", why, "free the credit in NetSuite, or book the refund by hand")
    return Rejected(fault.code, f"{fault.words} at {fault.path}" if fault.path else fault.words)


def shown(fault: Fault) -> str:
    codes = f", {', '.join(fault.codes)}" if fault.codes else ""
    return f"{fault.words} ({fault.status}{codes})"


def not_found(answer: Answer) -> bool:
    """Whether NetSuite says that what was asked for does not exist. A 404 alone is no such answer: a proxy, or a wrong
    address, gives one too."""
    fault = fault_of(answer)
    if fault is None or fault.status >= 500 or is_throttled(fault) or is_login(fault) or is_forbidden(fault):
        return False
    return bool(ABSENT.intersection(fault.codes)) or (fault.status == 404 and bool(fault.codes))


def refuse_read(answer: Answer) -> None:
    """Raises `LedgerDown` where an answer to a read is none."""
    fault = fault_of(answer)
    refuse_answer(answer, "NetSuite", None if fault is None else (outcome_of(fault), shown(fault)))
