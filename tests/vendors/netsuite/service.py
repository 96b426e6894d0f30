"""The addresses of SuiteTalk REST: records, transformations, SuiteQL, the metadata catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vendors.netsuite import collection, metadata, records, restlet, suiteql, transforms
from vendors.netsuite.answers import COLLECTION, Answer, Asked, refusal, told
from vendors.netsuite.body import Given
from vendors.netsuite.field_table import TYPES, table_of, type_named
from vendors.netsuite.jobs import JOBS_PATH
from vendors.netsuite.refusals import Refused, bad_parameter, forbidden, invalid_content, nonexistent
from vendors.netsuite.rendering import RECORD_PATH, Renderer
from vendors.netsuite.wire import Json, loads

if TYPE_CHECKING:
    from vendors.netsuite.account import Account
    from vendors.netsuite.fake import FakeNetsuite

QUERY_PATH = "/services/rest/query/v1/suiteql"
RESTLET_PATH = "/app/site/hosting/restlet.nl"
CATALOG = "metadata-catalog"
_VERBS = {"GET": "read", "POST": "create", "PATCH": "edit", "PUT": "edit", "DELETE": "delete"}


def answer(fake: FakeNetsuite, asked: Asked) -> Answer:
    """What NetSuite answers to a request whose sender it knows."""
    try:
        with fake.lock:
            return _route(fake, asked)
    except Refused as no:
        fake.note(asked, no)
        return restlet.refusal(no) if asked.path == RESTLET_PATH else refusal(no)
    except Exception as error:
        fake.broken.append(f"{asked.method} {asked.path}: {error!r}")
        return Answer(500, "The stand-in is broken", "text/plain")


def _route(fake: FakeNetsuite, asked: Asked) -> Answer:
    account = fake.account
    if asked.path == QUERY_PATH:
        return _query(account, asked)
    if asked.path == RESTLET_PATH:
        return restlet.answer(account, asked)
    if asked.path.startswith(f"{JOBS_PATH}/"):
        return fake.jobs.read(asked)
    if not asked.path.startswith(f"{RECORD_PATH}/"):
        raise nonexistent()
    parts = asked.path.removeprefix(f"{RECORD_PATH}/").strip("/").split("/")
    if parts[0] == CATALOG:
        return _catalog(account, asked, parts[1:])
    record_type = type_named(parts[0])
    if record_type is None:
        raise Refused(404, "NOT_FOUND", f"Record type {parts[0]} does not exist.", loud=True)
    if asked.method != "GET" and (asked.header("Prefer") or "").lower() == "respond-async":
        return fake.jobs.take(fake, asked, lambda: _job(fake, asked, record_type, parts[1:]))
    return _record(fake, asked, record_type, parts[1:])


def _job(fake: FakeNetsuite, asked: Asked, record_type: str, rest: list[str]) -> Answer:
    """What the write of a job came to."""
    try:
        return _record(fake, asked, record_type, rest)
    except Refused as no:
        fake.note(asked, no)
        return refusal(no)


def _body(asked: Asked) -> Any:
    if not (asked.header("Content-Type") or "").startswith(
        ("application/json", "application/vnd.oracle.resource+json")
    ):
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "The body is not sent as JSON.", loud=True)
    try:
        return loads(asked.body)
    except ValueError as error:
        raise invalid_content(f"Invalid JSON: {error}", loud=True) from error


def _may(account: Account, verb: str, what: str) -> None:
    if f"{verb}:{what}" in account.role_lacks:
        raise forbidden(
            "Permission Violation: You need a higher permission to access this page. Please contact your account "
            "administrator."
        )


# ---------------------------------------------------------------------------------------------- SuiteQL, catalog


def _query(account: Account, asked: Asked) -> Answer:
    if asked.method != "POST":
        raise Refused(405, "METHOD_NOT_ALLOWED", "SuiteQL takes POST only.", loud=True)
    if "suiteql" in account.role_lacks:
        raise forbidden(
            "Permission Violation: You need the SuiteAnalytics Workbook permission to access this page."
        )
    if (asked.header("Prefer") or "").replace(" ", "").lower() != "transient":
        raise bad_parameter("The required request header 'Prefer' is missing or not 'transient'.", loud=True)
    body = _body(asked)
    if not isinstance(body, dict) or set(body) != {"q"}:
        raise bad_parameter("The body must hold q alone.", loud=True)
    limit, offset = collection.limits(asked.parameters)
    found = suiteql.query(account, body["q"], limit, offset)
    return told(200, {"links": [{"rel": "self", "href": QUERY_PATH}], **found}, COLLECTION)


def _catalog(account: Account, asked: Asked, parts: list[str]) -> Answer:
    if asked.method != "GET" or len(parts) > 1:
        raise nonexistent()
    if not parts:
        items = [{"name": one, "links": []} for one in TYPES]
        return told(200, {"items": items}, COLLECTION)
    record_type = type_named(parts[0])
    if record_type is None:
        raise nonexistent()
    _may(account, "read", record_type)
    if "application/schema+json" not in (asked.header("Accept") or ""):
        return told(200, {"name": record_type, "links": []})
    return told(200, metadata.schema(account, record_type), "application/schema+json")


# ---------------------------------------------------------------------------------------------- records


def _record(fake: FakeNetsuite, asked: Asked, record_type: str, rest: list[str]) -> Answer:
    account = fake.account
    target = type_named(rest[2]) if len(rest) == 3 and rest[1] == "!transform" else None
    if len(rest) > 1 and target is None:
        raise nonexistent()
    _may(account, _VERBS[asked.method], target or record_type)
    if rest and rest[0].startswith("eid:") and account.moods.eid_refused and asked.method != "PUT":
        raise Refused(400, "INVALID_ID", f"Invalid record instance ID {rest[0]}: it must be an integer.")
    if asked.method == "GET":
        return _read(fake, asked, record_type, rest)
    if asked.method == "DELETE" and len(rest) == 1:
        old = records.find(account, record_type, rest[0])
        _carried_out(account, lambda: records.delete(account, old))
        return Answer(204)
    if target is not None and asked.method == "POST":
        return _transform(fake, asked, record_type, rest[0], target)
    if asked.method == "POST" and not rest:
        given = _given(account, asked, record_type)
        _parameters(asked)
        made = _carried_out(account, lambda: records.create(account, record_type, given))
        return _made(fake, made, given, account.moods.created)
    if asked.method in ("PATCH", "PUT") and len(rest) == 1:
        return _change(fake, asked, record_type, rest[0])
    raise Refused(405, "METHOD_NOT_ALLOWED", f"{asked.method} is not allowed here.", loud=True)


def _carried_out(account: Account, step: Callable[[], Json | None]) -> Json:
    return records.one_step(account, step, by_app=True) or {}


def _read(fake: FakeNetsuite, asked: Asked, record_type: str, rest: list[str]) -> Answer:
    account = fake.account
    base = f"{fake.base_url}{RECORD_PATH}"
    if not rest:
        return told(200, collection.page(account, record_type, asked.parameters, base), COLLECTION)
    known = {"expandSubResources", "fields", "simpleEnumFormat"}
    if len(rest) > 1 or set(asked.parameters) - known:
        raise bad_parameter(f"{asked.target} is not known.", loud=True)
    one = records.find(account, record_type, rest[0])
    expand = asked.parameters.get("expandSubResources", "false").lower() == "true"
    fields = frozenset(asked.parameters.get("fields", "").split(",")) - {""}
    return told(200, Renderer(account, base).record(one, expand, fields))


def _given(account: Account, asked: Asked, record_type: str) -> Given:
    names = asked.header("X-NetSuite-PropertyNameValidation") or "Warning"
    return records.read(account, record_type, _body(asked) if asked.body else {}, names)


def _parameters(asked: Asked) -> frozenset[str]:
    """The sublists that `replace` names."""
    if set(asked.parameters) - {"replace", "replaceSelectedFields"}:
        raise bad_parameter(f"{asked.target} has an unknown parameter.", loud=True)
    return frozenset(asked.parameters.get("replace", "").split(",")) - {""}


def _replaced(account: Account, asked: Asked, record_type: str) -> frozenset[str]:
    replaced = _parameters(asked)
    unknown = replaced - set(table_of(account, record_type).sublists)
    if unknown:
        raise bad_parameter(f"replace names no sublist: {sorted(unknown)}.")
    return replaced


def _change(fake: FakeNetsuite, asked: Asked, record_type: str, name: str) -> Answer:
    account = fake.account
    given = _given(account, asked, record_type)
    replaced = _replaced(account, asked, record_type)
    if asked.method == "PUT":
        made = _carried_out(account, lambda: records.put(account, record_type, name, given, replaced))
    else:
        old = records.find(account, record_type, name)
        made = _carried_out(account, lambda: records.update(account, old, given, replaced))
    return _made(fake, made, given, 204)


def _transform(fake: FakeNetsuite, asked: Asked, record_type: str, name: str, target: str) -> Answer:
    account = fake.account
    given = _given(account, asked, target)
    replaced = _replaced(account, asked, target)
    source = records.find(account, record_type, name)
    made = _carried_out(account, lambda: transforms.transform(account, source, target, given, replaced))
    return _made(fake, made, given, account.moods.created)


def _made(fake: FakeNetsuite, made: Json, given: Given, status: int) -> Answer:
    """No body: the id is the end of Location; what was dropped is told in a header."""
    place = f"{fake.base_url}{RECORD_PATH}/{made['_type'].lower()}/{made['id']}"
    headers = {"Location": place}
    if given.dropped:
        names = ", ".join(given.dropped)
        headers["X-NetSuite-Warning"] = f"Unknown reference or field names were ignored: {names}"
    return Answer(status, headers=headers)
