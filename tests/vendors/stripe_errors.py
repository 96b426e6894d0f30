"""Refusals of the stand-in for Stripe, worded and shaped as https://docs.stripe.com/api/errors, and query strings."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]


class Refused(Exception):
    """`stored` is whether an idempotency key keeps this answer: not where the request was not carried out at all."""

    def __init__(self, status: int, message: str, stored: bool = False, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.stored = stored
        self.headers: dict[str, str] = {}
        kind = "invalid_request_error" if status < 500 else "api_error"
        self.body = {"error": {"message": message, "type": kind, **more}}


def missing(kind: str, object_id: object, param: str = "id", status: int | None = None) -> Refused:
    word = kind.replace(".", " ").replace("_", " ")
    status = status or (404 if param == "id" else 400)
    return Refused(status, f"No such {word}: '{object_id}'", code="resource_missing", param=param)


def unknown_parameter(name: str) -> Refused:
    return Refused(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def unknown_address(method: str, path: str) -> Refused:
    return Refused(404, f"Unrecognized request URL ({method}: {path}).")


def masked(key: str) -> str:
    return f"{key[:8]}{'*' * 12}{key[-4:]}"


def too_many(reason: str | None, code: str) -> Refused:
    """A 429 as Stripe answers it: no Retry-After, no Stripe-Should-Retry; https://docs.stripe.com/rate-limits"""
    if code == "lock_timeout":
        words = "This object cannot be accessed right now because another API request is accessing it."
    else:
        words = "Request rate limit exceeded."
    refused = Refused(429, words, code=code)
    if reason is not None:
        refused.headers["Stripe-Rate-Limited-Reason"] = reason
    return refused


def whole(value: Any, param: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        raise Refused(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def read_query(text: str) -> Json:
    """a[b]=1&c[]=2&c[0]=3 as nested dictionaries and lists."""
    query: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        parts = re.fullmatch(r"([^\[\]]+)(?:\[([^\[\]]*)\])?", name)
        if parts is None:
            raise unknown_parameter(name)
        root, key = parts[1], parts[2]
        if key is None:
            query[root] = value
            continue
        # Keys of metadata may look like places.
        in_list = key == "" or (key.isdecimal() and root != "metadata")
        held = query.setdefault(root, [] if in_list else {})
        if isinstance(held, list):
            held.append(value)
        elif isinstance(held, dict):
            held[key] = value
        else:
            raise Refused(400, f"Invalid {root}: it is given twice", param=root)
    return query
