"""`sale_number`: where Stripe carries the number of a sale."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter, WithJsonSchema, field_validator

from connector.planning.numbering import NumberSource
from connector.settings.values import Strict, Text
from connector.settings.yaml_lines import suggest

SOURCES = (
    "invoice.number",
    "invoice.id",
    "charge.id",
    "charge.description",
    "payment_intent.id",
    "payment_intent.description",
    "checkout_session.id",
    "checkout_session.client_reference_id",
)
METADATA_SOURCES = tuple(
    f"{noun}.metadata." for noun in ("charge", "payment_intent", "invoice", "checkout_session")
)
DEFAULT_SALE_NUMBER = (
    NumberSource("invoice.number"),
    NumberSource("charge.metadata.order_number"),
    NumberSource("payment_intent.metadata.order_number"),
    NumberSource("charge.id"),
)


class _Entry(Strict):
    source: Text = Field(alias="from")
    match: Text | None = None

    @field_validator("source")
    @classmethod
    def _check_source(cls, source: str) -> str:
        noun_key = next((start for start in METADATA_SOURCES if source.startswith(start)), None)
        if source not in SOURCES and (noun_key is None or source == noun_key):
            known = [*SOURCES, *(f"{start}KEY" for start in METADATA_SOURCES)]
            near = suggest(source, known)
            raise ValueError(
                f"{source!r} is not a place of a sale's number{near}; places: {', '.join(known)}"
            )
        return source

    @field_validator("match")
    @classmethod
    def _check_match(cls, match: str | None) -> str | None:
        if match is None:
            return None
        try:
            groups = re.compile(match).groups
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        if groups == 0:
            raise ValueError(r'needs a group ( ) around the number, as in "Order (\\d+)"')
        return match


def _as_group(value: Any) -> Any:
    return {"from": value} if isinstance(value, (str, int)) and not isinstance(value, bool) else value


_ENTRIES = TypeAdapter(Annotated[list[Annotated[_Entry, BeforeValidator(_as_group)]], Field(min_length=1)])


def _parse(value: Any) -> tuple[NumberSource, ...]:
    return tuple(
        NumberSource(entry.source, None if entry.match is None else re.compile(entry.match))
        for entry in _ENTRIES.validate_python(value)
    )


def _spell(sources: tuple[NumberSource, ...]) -> list[Any]:
    return [
        entry.source if entry.pattern is None else {"from": entry.source, "match": entry.pattern.pattern}
        for entry in sources
    ]


_SOURCE_SCHEMA = {
    "type": "string",
    "anyOf": [
        {"enum": list(SOURCES)},
        {"pattern": r"^(charge|payment_intent|invoice|checkout_session)\.metadata\..+$"},
    ],
}
SaleNumber = Annotated[
    tuple[NumberSource, ...],
    BeforeValidator(_parse),
    PlainSerializer(_spell, when_used="json"),
    WithJsonSchema(
        {
            "type": "array",
            "minItems": 1,
            "items": {
                "anyOf": [
                    _SOURCE_SCHEMA,
                    {
                        "type": "object",
                        "properties": {
                            "from": _SOURCE_SCHEMA,
                            "match": {"type": "string", "format": "regex"},
                        },
                        "required": ["from"],
                        "additionalProperties": False,
                    },
                ]
            },
        }
    ),
]
