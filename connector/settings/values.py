"""The kinds of values a settings or mapping file may hold, as pydantic types, and the model they stand in.

Text may be written without quotes even where it looks like a whole number. `yes`, `no`, `on`, `off` are true
or false only where true or false is wanted. Durations become whole seconds, days become `date`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DURATION = re.compile(r"([0-9]{1,8})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 3650 * 86400
_NAME = re.compile(r"[^\W_](?:[\w .&+-]{0,62}[\w.&+-])?")
_TRUTH_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _tell_editors(schema: dict[str, Any]) -> None:
    """What a schema of a group says besides: a key that is not required may be left empty."""
    schema.pop("description", None)  # it is for programmers
    for key, value in schema.get("properties", {}).items():
        choices = value.get("anyOf", ())
        if key in schema.get("required", ()) or {"type": "null"} in choices:
            continue
        told = {name: value.pop(name) for name in ("default", "title") if name in value}
        schema["properties"][key] = {"anyOf": [*(choices or [value]), {"type": "null"}], **told}


class Strict(BaseModel):
    """A frozen group of keys; it refuses unknown ones and names those it knows. An empty key is left out."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_tell_editors
    )

    @model_validator(mode="wrap")
    @classmethod
    def _read_group(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        if isinstance(data, dict):
            data = {
                key: value
                for key, value in data.items()
                if value is not None or key not in fields or fields[key].is_required()
            }
        try:
            return handler(data)
        except ValidationError as error:
            details = [_name_known(dict(line), list(fields)) for line in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, details) from None


def _name_known(line: dict[str, Any], known: list[str]) -> InitErrorDetails:
    kind, context = line["type"], line.get("ctx", {})
    if kind == "extra_forbidden":
        context = {"key": line["loc"][-1], "known": known}
        kind = PydanticCustomError("unknown_key", "is not a known key", context)
    elif kind == "unknown_key":  # named already by the group it stands in
        kind = PydanticCustomError("unknown_key", "is not a known key", context)
    return InitErrorDetails(type=kind, loc=line["loc"], input=line.get("input"), ctx=context)


def has_reference(value: object) -> bool:
    """Whether a text names an environment variable or a file that is read only when it is used."""
    return isinstance(value, str) and ("${" in value or value.startswith("file:"))


def variables_in(text: str) -> list[str]:
    """The environment variables that a text names; ValueError where `${` begins something else."""
    names = _REFERENCE.findall(text)
    if len(names) != text.count("${"):
        raise ValueError(
            "${ must be followed by the name of an environment variable and }, as in ${STRIPE_API_KEY}"
        )
    return names


def fill_variables(text: str, values: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda found: values[found[1]], text)


def parse_duration(value: object) -> int:
    """`30s`, `15m`, `72h`, `7d` as seconds; ValueError for anything else and beyond ten years."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a duration: a whole number and s, m, h or d, such as 30s, 15m, 72h or 7d")
    seconds = int(found[1]) * _UNIT_SECONDS[found[2]]
    if seconds > _LONGEST_S:
        raise ValueError("is longer than ten years (3650d)")
    return seconds


def spell_duration(seconds: int) -> str:
    """Seconds as a duration is written in a settings file: 90s, 15m, 72h, 7d."""
    for unit, least in (("d", 7 * 86400), ("h", 3600), ("m", 120)):
        if seconds >= least and seconds % _UNIT_SECONDS[unit] == 0:
            return f"{seconds // _UNIT_SECONDS[unit]}{unit}"
    return f"{seconds}s"


def _text(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # the reader yields an int only where str() gives back what was written
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    return value


def _truth(value: object) -> object:
    return _TRUTH_WORDS.get(value.lower(), value) if isinstance(value, str) else value


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("must be a day such as 2026-01-31") from None


def _name(value: str) -> str:
    value = unicodedata.normalize("NFC", value)  # two spellings of one name must not make two document keys
    if not _NAME.fullmatch(value):
        raise ValueError(
            "may hold letters, digits, spaces and . _ & + - only, must begin with a letter or digit, must "
            "not end with a space, and may have at most 64 characters"
        )
    return value


def check_address(value: str) -> str:
    """An https address, or http on 127.0.0.1, without a / at its end; a reference is left as it is."""
    if has_reference(value):
        return value
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in ("https", "http") or parts.query or parts.fragment or " " in value:
        raise ValueError("must be an address such as https://api.stripe.com, without ? or #")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password")
    if parts.scheme == "http" and host != "127.0.0.1":
        raise ValueError("must begin with https://; plain http is allowed for 127.0.0.1 only")
    return value.rstrip("/")


def check_restlet(value: str) -> str:
    """The External URL of the deployment of a RESTlet: an address that ends in ?script=...&deploy=..."""
    if has_reference(value):
        return value
    address, _, query = value.partition("?")
    if not {"script", "deploy"} <= parse_qs(query).keys() or re.search(r"[#\s]", query):
        raise ValueError(
            "must be the External URL of the deployment of a RESTlet, which ends in ?script=...&deploy=..."
        )
    return f"{check_address(address)}?{query}"


def _pem(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not has_reference(text) and "-----BEGIN " not in text:
        raise ValueError("must be a key in PEM form (-----BEGIN ...), or file:PATH of one")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Truth = Annotated[bool, BeforeValidator(_truth), Field(strict=True)]
Name = Annotated[Text, AfterValidator(_name)]
Secret = Annotated[SecretStr, BeforeValidator(_text)]
PemKey = Annotated[Secret, AfterValidator(_pem)]
Address = Annotated[Text, AfterValidator(check_address)]
RestletAddress = Annotated[Text, AfterValidator(check_restlet)]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(spell_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "pattern": "^[0-9]{1,8}[smhd]$", "examples": ["30s", "15m", "72h", "7d"]}
    ),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
