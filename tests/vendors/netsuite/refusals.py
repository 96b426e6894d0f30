"""Refusals of the stand-in for NetSuite, in the one envelope that its REST services have.

ORA/section_156570709583 names the keys; the sentences of business rules are NetSuite's where they are known.
"""

from __future__ import annotations

from vendors.netsuite.wire import Json

ERROR_TYPE = "application/vnd.oracle.resource+json; type=error"
_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_ANCHORS = {
    400: "sec10.4.1",
    401: "sec10.4.2",
    403: "sec10.4.4",
    404: "sec10.4.5",
    405: "sec10.4.6",
    429: "sec10.4.1",
    500: "sec10.5.1",
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Bad Request",
    500: "Internal Server Error",
}
ACCESSING = "Error while accessing a resource. "
THROTTLED = "Concurrent request limit exceeded. Request blocked."
LOCKED_RECORD = f"{ACCESSING}This record has been locked by a user defined workflow."
INVALID_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > "
    "User Management > View Login Audit Trail."
)


class Refused(Exception):
    """The request is refused. `loud` where no client of ours should ever have asked like this."""

    def __init__(
        self, status: int, code: str, detail: str, path: str | None = None, loud: bool = False
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.path = path
        self.loud = loud
        self.headers: dict[str, str] = {}
        self.title: str | None = None

    @property
    def body(self) -> Json:
        return error(self.status, self.code, self.detail, self.path, self.title)


def error(status: int, code: str, detail: str, path: str | None = None, title: str | None = None) -> Json:
    told: Json = {"detail": detail, "o:errorCode": code}
    if path is not None:
        told["o:errorPath"] = path
    anchor = f"#{_ANCHORS[status]}" if status in _ANCHORS else ""
    return {
        "type": f"{_RFC}{anchor}",
        "title": title or _TITLES.get(status, "Error"),
        "status": status,
        "o:errorDetails": [told],
    }


def throttled() -> Json:
    """429 with the title of a 400, as Oracle shows it."""
    return {**error(429, "CONCURRENCY_LIMIT_EXCEEDED", THROTTLED), "o:errorCode": "USER_ERROR"}


def nonexistent() -> Refused:
    return Refused(
        404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."
    )


def user_error(words: str, path: str | None = None) -> Refused:
    """A rule of the business is broken."""
    return Refused(400, "USER_ERROR", f"{ACCESSING}{words}", path)


def invalid_content(words: str, path: str | None = None, loud: bool = False) -> Refused:
    return Refused(400, "INVALID_CONTENT", words, path, loud)


def invalid_value(value: object, field: str, path: str) -> Refused:
    """A reference to what is not there, or not to be had in this place."""
    words = f"You have entered an Invalid Field Value {value} for the following field: {field}"
    return Refused(400, "INVALID_CONTENT", f"Error while accessing resource: {words}", path)


def missing(field: str) -> Refused:
    return user_error(f"Please enter value(s) for: {field}", field)


def forbidden(words: str) -> Refused:
    return Refused(403, "INSUFFICIENT_PERMISSION", words)


def bad_parameter(words: str, loud: bool = False) -> Refused:
    return Refused(400, "INVALID_PARAMETER", words, None, loud)
