"""The addresses of the accounting API: who may ask, which object, read or written, once or again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vendors.xero import readable, reading, writing
from vendors.xero.oauth import CUSTOM_CLIENT_ID, Grant
from vendors.xero.refusals import Refused, bad_query, bad_request, not_found, problem, unreadable, validation
from vendors.xero.trouble import Fault
from vendors.xero.wire import Json, dumps, loads

if TYPE_CHECKING:
    from vendors.xero.fake import FakeXero
    from vendors.xero.organisation import Organisation

API_PATH = "/api.xro/2.0"
INSTANCE = "f2a9cd1c-0000-4000-8000-00000000acce"
LONGEST_BODY = 3_500_000
_NO_JSON = "<ApiException><Message>Only application/json is spoken here</Message></ApiException>"
_SETTINGS = "accounting.settings"
# What a token needs for each list; a scope that ends in .read opens it for reading alone.
SCOPES = {
    "Invoices": "accounting.invoices",
    "CreditNotes": "accounting.invoices",
    "Items": "accounting.invoices",
    "Overpayments": "accounting.payments",
    "Prepayments": "accounting.payments",
    "Payments": "accounting.payments",
    "BankTransactions": "accounting.banktransactions",
    "Contacts": "accounting.contacts",
    "Accounts": _SETTINGS,
    "TaxRates": _SETTINGS,
    "TrackingCategories": _SETTINGS,
    "Currencies": _SETTINGS,
    "Organisation": _SETTINGS,
}


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as it came in; `parameters` stood behind the address, `target` is both as they came."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: Mapping[str, str]
    body: str
    target: str

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers.items() if each.lower() == name.lower()), None)

    @property
    def parts(self) -> list[str]:
        """The address below the API."""
        return self.path.removeprefix(f"{API_PATH}/").strip("/").split("/")


def refusal(no: Refused) -> Answer:
    if isinstance(no.body, str):
        return Answer(no.status, no.body, "text/plain", no.headers)
    return Answer(no.status, dumps(no.body), headers=no.headers)


def answer(fake: FakeXero, asked: Asked, trouble: Fault | None) -> Answer:
    """What Xero answers to a request below its API that is within all limits."""
    try:
        _check_form(asked)
        grant = grant_of(fake, asked)
        organisation = _organisation(fake, asked, grant)
        _check_scope(asked, grant)
        key = asked.header("Idempotency-Key")
        if key is None or asked.method not in ("PUT", "POST", "PATCH"):
            return _carry_out(fake, organisation, asked, trouble)
        if organisation.moods.forgets_idempotency:
            return Answer(500, "", "text/plain")
        request = (asked.method, asked.target, organisation.tenant_id, asked.body)
        return fake.keys.answer(key, request, lambda: _carry_out(fake, organisation, asked, trouble))
    except Refused as no:
        fake.note(asked, no)
        return refusal(no)


def _check_form(asked: Asked) -> None:
    """Xero answers and reads XML where nobody says JSON."""
    if "application/json" not in (asked.header("Accept") or ""):
        raise Refused(406, _NO_JSON, "The request does not accept application/json", loud=True)
    if asked.body and not (asked.header("Content-Type") or "").startswith("application/json"):
        raise Refused(415, _NO_JSON, "The body is not sent as application/json", loud=True)
    if len(asked.body.encode()) > LONGEST_BODY:
        raise Refused(413, "Request Entity Too Large", "The body is longer than 3.5 MB")


def grant_of(fake: FakeXero, asked: Asked) -> Grant:
    token = (asked.header("Authorization") or "").removeprefix("Bearer ")
    grant, ends = fake.oauth.opened_by(token)
    if grant is None:
        raise problem(401, "Unauthorized", "AuthenticationUnsuccessful", INSTANCE)
    if ends <= fake.organisation.clock():
        raise expired(ends)
    return grant


def expired(ends: float) -> Refused:
    stamp = datetime.fromtimestamp(ends, UTC).strftime("%d/%m/%Y %H:%M:%S")
    return problem(401, "Unauthorized", f"TokenExpired: token expired at {stamp}", INSTANCE)


def out_of_scope() -> Refused:
    no = problem(401, "Unauthorized", "AuthorizationUnsuccessful", INSTANCE)
    no.headers = {"WWW-Authenticate": "insufficient_scope"}
    return no


def disconnected() -> Refused:
    return problem(403, "Forbidden", "AuthenticationUnsuccessful", INSTANCE)


def _organisation(fake: FakeXero, asked: Asked, grant: Grant) -> Organisation:
    tenant = asked.header("xero-tenant-id")
    if not tenant and grant.client == CUSTOM_CLIENT_ID:
        tenant = grant.tenant
    found = fake.organisations.get(tenant or "")
    if found is None or tenant not in fake.oauth.tenants_of(grant):
        raise disconnected()
    return found


def _check_scope(asked: Asked, grant: Grant) -> None:
    needed = SCOPES.get(asked.parts[0])
    if needed is None:
        return
    enough = {needed, f"{needed}.read"} if asked.method == "GET" else {needed}
    if not enough & grant.scopes:
        raise out_of_scope()


# ---------------------------------------------------------------------------------------------- reads and writes


def _carry_out(fake: FakeXero, organisation: Organisation, asked: Asked, trouble: Fault | None) -> Answer:
    """Refusals are answers here, so that a key keeps them too."""
    if trouble is not None and trouble.kind == "cached_500_not_done":
        return Answer(500, "", "text/plain")
    with fake.lock:
        try:
            status, told = _done(organisation, asked, trouble)
            answered = Answer(status, dumps(told if status != 200 else _envelope(organisation, told)))
        except Refused as no:
            fake.note(asked, no)
            return refusal(no)
        except Exception as error:
            fake.broken.append(f"{asked.method} {asked.path}: {error!r}")
            return Answer(500, "The stand-in is broken", "text/plain")
    if trouble is not None and trouble.kind in ("cached_500", "half_done"):
        return Answer(500, "", "text/plain")
    return answered


def _done(organisation: Organisation, asked: Asked, trouble: Fault | None) -> tuple[int, Json]:
    if asked.method == "GET":
        return 200, _read(organisation, asked)
    options = _options(asked, trouble)
    result = writing.write_all(organisation, asked.parts, asked.method, _body(asked), options)
    if result.refused and options.summarize:
        return 400, validation(result.refused)
    if asked.method == "DELETE":
        return 200, next(iter(result.elements), {})
    return 200, {result.plural: result.elements}


def _body(asked: Asked) -> Any:
    if asked.method == "DELETE":
        return None
    try:
        return loads(asked.body)
    except ValueError as error:
        raise unreadable(f"Invalid Json data: {error}") from error


def _options(asked: Asked, trouble: Fault | None) -> writing.Options:
    unknown = sorted(set(asked.parameters) - {"summarizeErrors", "unitdp"})
    summarize = asked.parameters.get("summarizeErrors", "true").lower()
    unitdp = asked.parameters.get("unitdp", "2")
    if unknown or summarize not in ("true", "false") or unitdp not in ("2", "4"):
        raise bad_query(
            f"{asked.method} {asked.path} does not take these parameters: {asked.parameters}", loud=True
        )
    return writing.Options(summarize == "true", int(unitdp), trouble)


def _read(organisation: Organisation, asked: Asked) -> Json:
    kind, *rest = asked.parts
    if kind not in readable.PARAMETERS or len(rest) > 2:
        raise not_found()
    if not rest:
        since = asked.header("If-Modified-Since") or ""
        if since and kind not in readable.MODIFIED_SINCE:
            raise bad_request(f"{kind} cannot be asked for by If-Modified-Since")
        return reading.listed(organisation, kind, asked.parameters, since)
    if set(asked.parameters) - {"unitdp"}:
        raise bad_query(f"{kind} does not take these parameters: {asked.parameters}", loud=True)
    if len(rest) == 2:
        if rest[1] != "History" or organisation.shelf.get(kind, rest[0]) is None:
            raise not_found()
        return {"HistoryRecords": organisation.notes_on(kind, rest[0].lower())}
    if kind in ("Currencies", "Organisation"):
        raise not_found()
    return {kind: [reading.single(organisation, kind, rest[0])]}


def _envelope(organisation: Organisation, told: Json) -> Json:
    if "IsDeleted" in told:
        return told
    stamp = f"/Date({int(organisation.clock() * 1000)})/"
    opened: Json = {"Id": organisation.new_id(), "Status": "OK", "ProviderName": "Acme Connector"}
    return {**opened, "DateTimeUTC": stamp, **told}
