"""The settings file: what it may hold, and how its references are looked up when they are used.

Keys and defaults are those of `config.example.yaml`. `${NAME}` and `file:PATH` stand for a text elsewhere.
What every command needs is looked up by `load_settings`; credentials, Stripe's address and connections are
looked up by the method that hands them out, so that what is not used need not be there.
"""

from __future__ import annotations

import shlex
import zoneinfo
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator

from connector.errors import InputError
from connector.settings.connections import CONNECTIONS, BeancountConnection, Connection, XeroConnection
from connector.settings.problems import Problem, gather_problems, list_problems
from connector.settings.references import References, is_off, look_up_now
from connector.settings.sale_numbers import DEFAULT_SALE_NUMBER, SaleNumber
from connector.settings.schedule import Schedule
from connector.settings.sections import LedgerSettings, RefundSettings, StripeSettings
from connector.settings.values import Name, Strict, Text, check_address, has_reference
from connector.settings.yaml_lines import KeyPath, LinedDocument, load_yaml, suggest

BUILT_KINDS = frozenset({"beancount", "netsuite", "quickbooks_online", "xero"})

_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql+psycopg://"


def is_server_address(url: str) -> bool:
    """Whether user, password, host and port can be told apart, in one way only."""
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        return False
    odd = parts.netloc.count("@") > 1 or "@" in parts.path + parts.query or "#" in url
    return port_is_number and not odd


class Settings(Strict):
    """A settings file that was read and found right; made by `load_settings`."""

    books: Name
    timezone: Text
    state: Text | None = Field(default=None, repr=False)
    mappings: Text = "mappings"
    stripe: StripeSettings
    sale_number: SaleNumber = Field(
        default=DEFAULT_SALE_NUMBER,
        json_schema_extra={"default": [entry.source for entry in DEFAULT_SALE_NUMBER]},
    )
    refunds: RefundSettings = RefundSettings()
    invoice_status: Literal["refunded", "reopened", "paid"] = "refunded"
    ledgers: dict[Name, LedgerSettings]
    schedule: Schedule = Schedule.model_validate({"every": "15m"})
    key_file: Text | None = None

    _document: LinedDocument = PrivateAttr()
    _references: References = PrivateAttr()

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        try:
            zoneinfo.ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            near = suggest(timezone, zoneinfo.available_timezones())
            raise ValueError(f"{timezone!r} is not a time zone such as America/New_York{near}") from None
        return timezone

    @field_validator("state")
    @classmethod
    def _check_state(cls, state: str | None) -> str | None:
        if state is None:
            return None
        if state.startswith(_SQLITE):
            path = state.removeprefix(_SQLITE).partition("?")[0]
            if path in ("", ":memory:") or path.endswith("/"):
                raise ValueError("must name a file, as in sqlite:///state/acme.db")
        elif not state.startswith(_POSTGRESQL) or state == _POSTGRESQL:
            raise ValueError(f"must begin with {_SQLITE} (and a path) or {_POSTGRESQL} (and a server)")
        elif not is_server_address(state):
            # Not a word of it is repeated: which part is the password is just what cannot be told.
            raise ValueError(
                f"must be {_POSTGRESQL}USER:PASSWORD@HOST:PORT/DATABASE, with @ / ? # of a password written as "
                f"%40 %2F %3F %23"
            )
        return state

    @field_validator("ledgers")
    @classmethod
    def _check_ledgers(cls, ledgers: dict[str, LedgerSettings]) -> dict[str, LedgerSettings]:
        if not ledgers:
            raise ValueError("must name at least one ledger")
        return ledgers

    # ---------------------------------------------------------------------------------------------- places

    @property
    def path(self) -> Path:
        """The settings file, absolute."""
        return self.folder / self._document.path.name

    @property
    def folder(self) -> Path:
        """The folder of the settings file, absolute; relative paths in it start here."""
        return self._references.folder

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def state_url(self) -> str:
        """An SQLAlchemy URL; that of SQLite holds an absolute path. Without `state`: state/BOOKS.db."""
        state = self.state or f"{_SQLITE}state/{self.books}.db"
        if not state.startswith(_SQLITE):
            return state
        path, mark, options = state.removeprefix(_SQLITE).partition("?")
        return f"{_SQLITE}{self.folder / path}{mark}{options}"

    @property
    def state_file(self) -> Path | None:
        """The SQLite file, absolute; None where the state is in PostgreSQL."""
        if not self.state_url.startswith(_SQLITE):
            return None
        return Path(self.state_url.removeprefix(_SQLITE).partition("?")[0])

    @property
    def mappings_folder(self) -> Path:
        return self.folder / self.mappings

    @property
    def export_folder(self) -> Path | None:
        return None if self.stripe.export is None else self.folder / self.stripe.export

    def rules_path(self, ledger_name: str) -> Path:
        return self.mappings_folder / self.ledger(ledger_name).rules

    def mapping_path(self, ledger_name: str) -> Path:
        return self.mappings_folder / self.ledger(ledger_name).mapping_name

    def ledger(self, ledger_name: str) -> LedgerSettings:
        """`InputError` where the settings name no such ledger."""
        if ledger_name not in self.ledgers:
            near = suggest(ledger_name, self.ledgers) or f"; ledgers: {', '.join(self.ledgers)}"
            raise self.error(("ledgers",), f"there is no ledger {ledger_name!r}{near}")
        return self.ledgers[ledger_name]

    # ---------------------------------------------------------------------------------- looked up when used

    def error(self, key_path: KeyPath, what: str) -> InputError:
        """`FILE:LINE:COLUMN: KEY: what`, for a setting that shows its fault only later."""
        return self._document.error(key_path, what)

    def resolve(self, value: str, key: str | KeyPath) -> str:
        """`value` with `${NAME}` and `file:PATH` looked up; `InputError` names `key` and what is missing."""
        key_path = tuple(key.split(".")) if isinstance(key, str) else key
        try:
            return self._references.look_up(value) if has_reference(value) else value
        except ValueError as error:
            raise self.error(key_path, str(error)) from None

    def stripe_api_key(self) -> str:
        if self.stripe.api_key is None:
            raise self.error(("stripe",), "api_key is needed to reach Stripe")
        key = self.resolve(self.stripe.api_key.get_secret_value(), "stripe.api_key")
        if not key.isascii() or any(character.isspace() for character in key):
            raise self.error(("stripe", "api_key"), "holds a space, a line end or a letter that no key has")
        if key.startswith("pk_"):
            raise self.error(
                ("stripe", "api_key"), "is a publishable key (pk_...); a restricted key (rk_...) is needed"
            )
        return key

    def stripe_base_url(self) -> str:
        address = self.resolve(self.stripe.base_url, "stripe.base_url")
        try:
            return check_address(address)
        except ValueError as error:
            raise self.error(("stripe", "base_url"), str(error)) from None

    def webhook_secrets(self) -> tuple[str, ...]:
        """At least one; `InputError` where there is none, or one that no endpoint has."""
        key_path: KeyPath = ("stripe", "webhook_secrets")
        if not self.stripe.webhook_secrets:
            raise self.error(
                key_path, "is empty; serve needs the signing secret (whsec_...) of the endpoint at Stripe"
            )
        secrets = []
        for place, written in enumerate(self.stripe.webhook_secrets):
            secret = self.resolve(written.get_secret_value(), (*key_path, place))
            if not secret.isascii() or any(character.isspace() for character in secret):
                raise self.error(
                    (*key_path, place), "holds a space, a line end or a letter that no secret has"
                )
            if not secret.startswith("whsec_"):
                raise self.error(
                    (*key_path, place), "is not the signing secret of an endpoint, which begins with whsec_"
                )
            secrets.append(secret)
        return tuple(secrets)

    def connection(self, ledger_name: str, before_consent: bool = False) -> Connection:
        """The ledger's connection with everything looked up and checked; a Beancount path is absolute. `before_consent`:
        it may lack what only the consent shows."""
        ledger = self.ledger(ledger_name)
        start: KeyPath = ("ledgers", ledger_name, "connection")
        problems: list[Problem] = []
        data = self._references.look_up_all(ledger.connection, start, problems)
        missing = {problem.key_path for problem in problems}
        connection, wrong = _read_connection(ledger.kind, data, start)
        problems += [problem for problem in wrong if problem.unknown_key or problem.key_path not in missing]
        if problems or connection is None:
            raise gather_problems(self._document, problems)
        if isinstance(connection, BeancountConnection):
            return BeancountConnection(path=str(self.folder / connection.path))
        if not before_consent:
            self._demand_tenant(ledger_name, connection)
        return connection

    def check_connection(self, ledger_name: str) -> None:
        """`InputError` for what a connection lacks, as far as it is seen without looking anything up."""
        ledger = self.ledger(ledger_name)
        connection, _ = _read_connection(
            ledger.kind, ledger.connection, ("ledgers", ledger_name, "connection")
        )
        if connection is not None:
            self._demand_tenant(ledger_name, connection)

    def _demand_tenant(self, ledger_name: str, connection: Connection) -> None:
        if isinstance(connection, XeroConnection) and connection.lacks_tenant:
            raise self.error(
                ("ledgers", ledger_name, "connection", "tenant_id"),
                f"is missing: it says which organisation is meant; connector connect {shlex.quote(ledger_name)} lets the "
                f"connector in and lists the organisations with their ids",
            )

    def token_key(self) -> SecretStr | None:
        """The key for tokens in the state: CONNECTOR_KEY of the environment, else what `key_file` holds."""
        key = self._references.environment.get("CONNECTOR_KEY", "").strip()
        if key:
            return SecretStr(key)
        if self.key_file is None:
            return None
        path = self.folder / self.resolve(self.key_file, "key_file")
        try:
            if path.stat().st_mode & 0o077:
                raise self.error(("key_file",), f"{path} can be read by others; set its mode to 0600")
        except OSError as error:
            raise self.error(("key_file",), f"{path} cannot be read ({error.strerror})") from None
        return SecretStr(self.resolve(f"file:{path}", "key_file").strip())


def load_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read and check a settings file; `InputError` tells everything that is wrong, one sentence a line.

    Nothing is written, no folder is made. Of `environment` only what the file names and CONNECTOR_KEY count.
    """
    document = load_yaml(path)
    references = References(path.absolute().parent, dict(environment))
    data, problems = look_up_now(document.data, references)
    missing = {problem.key_path for problem in problems}
    settings = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        refused = list_problems(data, error)
        unknown = [problem.key_path for problem in refused if problem.unknown_key]
        problems = [p for p in problems if not any(p.key_path[: len(key)] == key for key in unknown)]
        problems += [p for p in refused if p.unknown_key or p.key_path not in missing]
    problems += _check_ledgers(data.get("ledgers"), references.folder)
    elsewhere = settings is not None and settings.state is not None and not settings.state.startswith(_SQLITE)
    if "?" in str(references.folder) and not elsewhere:
        problems.append(
            Problem(("state",), "cannot lie under a folder whose name holds a ?; an address ends there")
        )
    if settings is not None and len(settings.ledgers) < len(data["ledgers"]):
        problems.append(Problem(("ledgers",), "names one ledger twice, in two spellings of one letter"))
    if problems or settings is None:
        raise gather_problems(document, problems)
    settings._document, settings._references = document, references
    return settings


def _check_ledgers(ledgers: Any, folder: Path) -> list[Problem]:
    """What is wrong between the parts of each ledger, and between ledgers."""
    problems: list[Problem] = []
    holders: dict[Path, str] = {}
    for name, ledger in ledgers.items() if isinstance(ledgers, dict) else ():
        if not isinstance(ledger, dict) or ledger.get("kind") not in tuple(CONNECTIONS):
            continue
        kind, data = ledger["kind"], ledger.get("connection")
        if kind not in BUILT_KINDS:
            what = f"{kind} is not built yet; built: {', '.join(sorted(BUILT_KINDS))}"
            problems.append(Problem(("ledgers", name, "kind"), what))
        if not isinstance(data, dict):
            continue
        start: KeyPath = ("ledgers", name, "connection")
        connection, wrong = _read_connection(kind, data, start)
        problems += [p for p in wrong if p.unknown_key or not has_reference(_value_at(data, p.key_path[3:]))]
        if isinstance(connection, BeancountConnection) and not (
            has_reference(connection.path) or is_off(ledger)
        ):
            books = (folder / connection.path).resolve()
            if books in holders:
                what = f"is also the folder of ledger {holders[books]}; two ledgers cannot share their books"
                problems.append(Problem((*start, "path"), what))
            holders[books] = name
    return problems


def _read_connection(
    kind: str, data: dict[str, Any], start: KeyPath
) -> tuple[Connection | None, list[Problem]]:
    try:
        return CONNECTIONS[kind].model_validate(data), []
    except ValidationError as error:
        found = list_problems(data, error)
        return None, [replace(problem, key_path=(*start, *problem.key_path)) for problem in found]


def _value_at(data: Any, key_path: KeyPath) -> Any:
    for part in key_path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of the settings file."""
    schema = Settings.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    cases = []
    for kind, model in CONNECTIONS.items():
        part = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions |= part.pop("$defs", {})
        definitions[model.__name__] = part
        connection = {"connection": {"$ref": f"#/$defs/{model.__name__}"}}
        cases.append({"if": {"properties": {"kind": {"const": kind}}}, "then": {"properties": connection}})
    definitions["LedgerSettings"]["allOf"] = cases
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Settings of the connector",
    }
