"""The addresses of the accounting API: which company, which object, read or written, once or again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vendors.quickbooks import changes, lists, query, writing
from vendors.quickbooks.refusals import Refused, not_found, refused, token_refused, unsupported
from vendors.quickbooks.wire import Json, dumps, loads

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company
    from vendors.quickbooks.fake import FakeQuickBooks

_KINDS = {kind.lower(): kind for kind in (*writing.WRITTEN, *lists.READ_ONLY_KINDS)}
_LONGEST_REQUEST_ID = 50


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as it came in; `parameters` stood behind the address."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: Mapping[str, str]
    body: str

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers.items() if each.lower() == name.lower()), "")


def answer(fake: FakeQuickBooks, asked: Asked) -> Answer:
    """What QuickBooks Online answers to a request below /v3/."""
    parts = asked.path.strip("/").split("/")
    if parts[:2] != ["v3", "company"] or len(parts) < 4:
        return Answer(404, "", "text/html")
    company = fake.companies.get(parts[2])
    try:
        _check_token(fake, asked, parts[2], company)
        assert company is not None
        if asked.method == "POST" and parts[3] != "query":
            return _write(company, asked, parts[3:])
        return Answer(200, _stamped(company, _read(company, asked, parts[3:])))
    except Refused as no:
        return Answer(no.status, _stamped(company or fake.company, no.body))


def _stamped(company: Company, body: Json) -> str:
    return dumps({**body, "time": company.clock.stamp()})


def _check_token(fake: FakeQuickBooks, asked: Asked, realm: str, company: Company | None) -> None:
    token = asked.header("Authorization").removeprefix("Bearer ")
    opened = fake.oauth.realm_of(token)
    if opened is None:
        raise token_refused(fake.company.moods.lower_case_auth_fault)
    if opened != realm or company is None:
        raise refused("3100", "The token does not open this company")


def _read(company: Company, asked: Asked, parts: list[str]) -> Json:
    if parts == ["query"]:
        return {"QueryResponse": query.run(company, _query_text(asked))}
    if parts == ["cdc"]:
        return changes.changes(company, asked.parameters)
    kind = _KINDS.get(parts[0])
    if kind is None or len(parts) > 2:
        raise unsupported("/".join(parts))
    if kind in ("Preferences", "CompanyInfo"):
        return {kind: company.shelf.kinds[kind]["1"]}
    one = company.shelf.get(kind, parts[1]) if len(parts) == 2 else None
    if one is None:
        raise not_found(kind)
    return {kind: lists.shown(company, kind, one)}


def _query_text(asked: Asked) -> str:
    if asked.method == "GET":
        return asked.parameters.get("query", "")
    if not asked.header("Content-Type").startswith("application/text"):
        raise refused("4000", "QueryParserError: the query has to be sent as application/text")
    return asked.body


def _write(company: Company, asked: Asked, parts: list[str]) -> Answer:
    """Carries out a write, unless its `requestid` was answered before."""
    request_id = asked.parameters.get("requestid")
    kept = company.request_ids.get(request_id) if request_id else None
    mood = company.moods.request_id
    if kept is not None and mood == "replay":
        return Answer(*kept)
    try:
        if request_id is not None and len(request_id) > _LONGEST_REQUEST_ID:
            raise refused("2050", f"requestid is longer than {_LONGEST_REQUEST_ID} characters", "requestid")
        if kept is not None and mood == "refuse":
            raise refused("600", "Duplicate Request ID : a request with this id was answered before")
        done = Answer(200, _stamped(company, _written(company, asked, parts)))
    except Refused as no:
        done = Answer(no.status, _stamped(company, no.body))
        if not company.moods.request_id_keeps_refusals:
            return done
    if request_id is not None and kept is None:
        company.request_ids[request_id] = (done.status, done.text)
    return done


def _written(company: Company, asked: Asked, parts: list[str]) -> Json:
    kind = _KINDS.get(parts[0])
    if kind is None or len(parts) > 1:
        raise unsupported("/".join(parts))
    if not asked.header("Content-Type").startswith("application/json"):
        raise refused("2010", "The body has to be sent as application/json")
    try:
        body = loads(asked.body)
    except ValueError:
        raise refused("2010", "The body is no JSON") from None
    if not isinstance(body, dict):
        raise refused("2010", "The body is no JSON object")
    include = asked.parameters.get("include", "").split(",")
    return {kind: writing.write(company, kind, body, asked.parameters.get("operation"), include)}
