"""Refusals of the stand-in for Xero, in its envelopes and, where they are known, in its words.

https://developer.xero.com/documentation/api/accounting/responsecodes
"""

from __future__ import annotations

from vendors.xero.wire import Json

NOT_FOUND_TEXT = "The resource you're looking for cannot be found"
NO_CONTACT = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)
ARCHIVED_CONTACT = (
    "The contact with the specified contact details has been archived. The contact must be un-archived before "
    "creating new invoices or credit notes."
)
NOT_EDITABLE = "This document cannot be edited as it has a payment or credit note allocated to it."
WRONG_STATUS = "Invoice not of valid status for modification"
TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"
NOT_AUTHORISED = "Payments can only be made against Authorised documents"
ONLY_STATUS = "Only Status accepted for updates."


class Refused(Exception):
    """The whole request is refused. `loud` where no client of ours should ever have asked like this."""

    def __init__(self, status: int, body: Json | str, words: str, loud: bool = False) -> None:
        super().__init__(words)
        self.status = status
        self.body = body
        self.loud = loud
        self.headers: dict[str, str] = {}


class Invalid(Exception):
    """One element breaks a rule; the sentence is what Xero says of it. `line` is where in LineItems, if it is there."""

    line: int | None = None


def not_found() -> Refused:
    return Refused(404, NOT_FOUND_TEXT, NOT_FOUND_TEXT)


def unreadable(words: str) -> Refused:
    """What a client sent has no place in Xero's description of itself."""
    body: Json = {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": words}
    return Refused(400, body, words, loud=True)


def bad_query(words: str, loud: bool = False) -> Refused:
    return Refused(400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": words}, words, loud)


def bad_request(words: str) -> Refused:
    return Refused(400, {"ErrorNumber": 10, "Type": "ValidationException", "Message": words}, words)


def validation(elements: list[Json]) -> Json:
    """The 400 for elements that break rules; each bears its ValidationErrors."""
    return {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": elements,
    }


def problem(status: int, title: str, detail: str, instance: str) -> Refused:
    """What the gate before the API answers: 401 and 403."""
    body: Json = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": instance,
        "Extensions": {},
    }
    return Refused(status, body, detail)
