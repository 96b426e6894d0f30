"""Refusals of the stand-in for QuickBooks Online, in the envelope of Intuit's Fault; codes as its error list has them."""

from __future__ import annotations

from vendors.quickbooks.wire import Json

_VALIDATION = "ValidationFault"
_SYSTEM = "SystemFault"

# code: (HTTP status, Message, type)
_CATALOGUE: dict[str, tuple[int, str, str]] = {
    "100": (401, "General Authentication Error", "AuthenticationFault"),
    "110": (401, "OAuth Authentication Error", "AuthenticationFault"),
    "120": (401, "Authorization Failure", "AuthorizationFault"),
    "140": (400, "The company is locked", _SYSTEM),
    "150": (400, "The company is under maintenance", _SYSTEM),
    "500": (400, "Unsupported Operation", _VALIDATION),
    "600": (400, "Duplicate Request ID", _VALIDATION),
    "610": (400, "Object Not Found", _VALIDATION),
    "620": (400, "Transaction cannot be linked", _VALIDATION),
    "630": (400, "Duplicate object", _VALIDATION),
    "800": (400, "Object has dependants", _VALIDATION),
    "2010": (400, "Request has invalid or unsupported property", _VALIDATION),
    "2020": (400, "Required parameter missing", _VALIDATION),
    "2030": (400, "Invalid ID", _VALIDATION),
    "2050": (400, "Invalid String Length", _VALIDATION),
    "2170": (400, "Invalid Enumeration", _VALIDATION),
    "2290": (400, "Negative amount", _VALIDATION),
    "2500": (400, "Invalid Reference Id", _VALIDATION),
    "4000": (400, "Error parsing query", _VALIDATION),
    "4001": (400, "Invalid query", _VALIDATION),
    "4002": (400, "Error processing query", _VALIDATION),
    "5010": (400, "Stale Object Error", _VALIDATION),
    "5020": (400, "Permission denied", _VALIDATION),
    "5030": (400, "The feature is not in the plan", _VALIDATION),
    "6000": (400, "A business validation error has occurred while processing your request", _VALIDATION),
    "6070": (400, "Amount calculation incorrect in the request", _VALIDATION),
    "6100": (400, "Tax code must be TAX or NON", _VALIDATION),
    "6190": (400, "Invalid Company Status", _VALIDATION),
    "6210": (400, "Account Period Closed, Cannot Update Through Services API", _VALIDATION),
    "3100": (
        403,
        "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
        "AuthorizationFault",
    ),
    "3200": (401, "message=AuthenticationFailed; errorCode=003200; statusCode=401", "AUTHENTICATION"),
    "6240": (400, "Duplicate Name Exists Error", _VALIDATION),
    "6540": (400, "Deposited Transaction cannot be changed", _VALIDATION),
    "10000": (500, "An application error has occurred while processing your request", _SYSTEM),
}

_TYPE_NAMES = {
    "en": {
        "Invoice": "Invoice",
        "SalesReceipt": "Sales Receipt",
        "CreditMemo": "Credit Memo",
        "RefundReceipt": "Refund Receipt",
        "Purchase": "Expense",
        "JournalEntry": "Journal Entry",
    },
    "fr": {
        "Invoice": "Facture",
        "SalesReceipt": "Reçu de vente",
        "CreditMemo": "Note de crédit",
        "RefundReceipt": "Reçu de remboursement",
        "Purchase": "Dépense",
        "JournalEntry": "Écriture de journal",
    },
}
_DUPLICATE = {
    "en": (
        "Duplicate Document Number Error",
        "You must specify a different number. This number has already been used.",
    ),
    "fr": (
        "Erreur : Numéro de document en double",
        "Vous devez indiquer un autre numéro. Ce numéro est déjà utilisé.",
    ),
}


class Refused(Exception):
    """An answer that is not the one asked for; `body` is what stands on the wire below `time`."""

    def __init__(self, status: int, kind: str, *errors: Json) -> None:
        super().__init__(errors[0]["Detail"])
        self.status = status
        self.code: str = errors[0]["code"]
        self.body: Json = {"Fault": {"Error": list(errors), "type": kind}}


def refused(code: str, detail: str, element: str = "") -> Refused:
    status, message, kind = _CATALOGUE[code]
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return Refused(status, kind, error)


def missing_parameter(name: str) -> Refused:
    return refused("2020", f"Required parameter {name} is missing in the request", name)


def not_found(kind: str) -> Refused:
    return refused(
        "610", f"Object Not Found : {kind} that you're trying to use has been deleted or never was"
    )


def made_inactive(kind: str) -> Refused:
    return refused("610", f"Object Not Found : {kind} that you're trying to use has been made inactive")


def invalid_reference(kind: str, value: object) -> Refused:
    return refused("2500", f"Invalid Reference Id : {kind} element id {value} not found")


def business(detail: str) -> Refused:
    return refused("6000", f"Business Validation Error: {detail}")


def unsupported(what: str) -> Refused:
    return refused("500", f"Operation {what} is not supported.")


def duplicate_number(language: str, number: str, kind: str, txn_id: str) -> Refused:
    """6140, in words that differ from language to language; only the code and `TxnId=` stay the same."""
    message, sentence = _DUPLICATE[language]
    name = _TYPE_NAMES[language][kind]
    detail = f"{message} : {sentence} DocNumber={number} is assigned to TxnType={name} with TxnId={txn_id}"
    error = {"Message": message, "Detail": detail, "code": "6140", "element": ""}
    return Refused(400, _VALIDATION, error)


def token_refused(lower_case: bool) -> Refused:
    """401 with 3200, for a token that is unknown or no longer valid."""
    answer = refused("3200", "Token expired or invalid")
    if lower_case:
        error = answer.body["Fault"]["Error"][0]
        small = {"message": error["Message"], "detail": error["Detail"], "code": "3200"}
        answer.body = {"fault": {"error": [small], "type": "AUTHENTICATION"}}
    return answer
