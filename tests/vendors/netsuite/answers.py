"""A request as it came in, and an answer as it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vendors.netsuite.refusals import ERROR_TYPE, Refused
from vendors.netsuite.wire import Json, dumps

SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str = ""
    content_type: str = SINGULAR
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """`path` is decoded; `parameters` stood behind the address, `target` is both as they came."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: Mapping[str, str]
    body: str
    target: str

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers.items() if each.lower() == name.lower()), None)


def told(status: int, body: Json, content_type: str = SINGULAR) -> Answer:
    return Answer(status, dumps(body), content_type)


def refusal(no: Refused) -> Answer:
    return Answer(no.status, dumps(no.body), ERROR_TYPE, no.headers)


def failed(status: int, body: Json) -> Answer:
    return Answer(status, dumps(body), ERROR_TYPE)
