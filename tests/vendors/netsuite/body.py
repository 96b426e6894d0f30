"""What a client sent, read against the fields that its type has: unknown names dropped or refused, values checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vendors.netsuite.builtin_fields import Kinds
from vendors.netsuite.field_table import table_of
from vendors.netsuite.refusals import Refused, invalid_content, invalid_value
from vendors.netsuite.wire import Json, decimal, is_day

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

LONGEST = {"tranId": 45, "memo": 999, "externalId": 255, "deletionReasonMemo": 40, "otherRefNum": 45}
LONGEST_TEXT = 4000
_ENVELOPE = frozenset({"items", "links", "totalResults", "count", "hasMore", "offset"})


@dataclass
class Given:
    """`values` by name, references as ids; `lines` of each sublist that was sent; `dropped` the unknown names."""

    values: Json = field(default_factory=dict)
    lines: dict[str, list[Json]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, default: Any = None) -> Any:
        found = self.values.get(name)
        return default if found is None else found


class Reader:
    """`names` as in X-NetSuite-PropertyNameValidation: Error, Warning or Ignore."""

    def __init__(self, account: Account, record_type: str, names: str) -> None:
        self.account = account
        self.table = table_of(account, record_type)
        self.strict = names.lower() == "error"

    def read(self, body: Any) -> Given:
        if not isinstance(body, dict):
            raise invalid_content("The request body must be a JSON object.", loud=True)
        given = Given()
        for name, value in body.items():
            if name in self.table.sublists:
                given.lines[name] = self._lines(given, name, value)
            elif name in self.table.fields:
                self._field(given, given.values, self.table.fields, name, value, name)
            else:
                self._unknown(given, name)
        return given

    def _unknown(self, given: Given, path: str) -> None:
        if self.strict:
            name = path.rsplit(".", 1)[-1]
            raise invalid_content(f"Unknown reference or field name {name}. Provide a valid name.", path)
        given.dropped.append(path)

    def _lines(self, given: Given, name: str, value: Any) -> list[Json]:
        if not isinstance(value, dict) or not isinstance(value.get("items"), list):
            raise invalid_content(
                f'The sublist {name} must be an object with a list of "items".', name, loud=True
            )
        for other in set(value) - _ENVELOPE:
            self._unknown(given, f"{name}.{other}")
        found = []
        for index, line in enumerate(value["items"]):
            place = f"{name}.items[{index}]"
            if not isinstance(line, dict):
                raise invalid_content("A line must be a JSON object.", place, loud=True)
            read: Json = {"_path": place}
            for key, each in line.items():
                if key in self.table.sublists[name]:
                    self._field(given, read, self.table.sublists[name], key, each, f"{place}.{key}")
                else:
                    self._unknown(given, f"{place}.{key}")
            found.append(read)
        return found

    def _field(self, given: Given, into: Json, kinds: Kinds, name: str, value: Any, path: str) -> None:
        kind = kinds[name]
        if kind == "-":
            return
        if value is None or kind == "*":
            into[name] = value
        elif kind[0] == "@":
            into[name] = self._reference(kind[1:], name, value, path)
        elif kind[0] == "=":
            into[name] = _choice(kind[1:].split(","), name, value, path)
        else:
            into[name] = _plain(kind, name, value, path)

    def _reference(self, group: str, name: str, value: Any, path: str) -> str:
        """The id that a reference names: {"id"}, {"externalId"}, or the bare id."""
        told = value
        if isinstance(value, dict):
            told = value.get("id")
            if told is None and value.get("externalId") is not None:
                found = self.account.shelf.by_external(group, str(value["externalId"]))
                if found is None:
                    raise invalid_value(value["externalId"], name, path)
                return str(found["id"])
        if isinstance(told, bool) or not isinstance(told, (str, int)):
            raise invalid_content(f"Invalid value for the field {name}: a reference must have an id.", path)
        if group != "any" and str(told) not in self.account.shelf.groups[group]:
            raise invalid_value(told, name, path)
        return str(told)


def _choice(choices: list[str], name: str, value: Any, path: str) -> str:
    told = value.get("id") if isinstance(value, dict) else value
    if told not in choices:
        raise invalid_value(told, name, path)
    return str(told)


def _wrong(name: str, value: Any, path: str) -> Refused:
    return invalid_content(f"Invalid value for the resource or sub-resource field {name}: {value!r}.", path)


def _plain(kind: str, name: str, value: Any, path: str) -> Any:
    if kind == "flag":
        if not isinstance(value, bool):
            raise _wrong(name, value, path)
        return value
    if kind in ("number", "whole"):
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise _wrong(name, value, path)
        if kind == "whole" and not isinstance(value, int):
            raise _wrong(name, value, path)
        return value if kind == "whole" else decimal(value)
    if not isinstance(value, str) or (kind == "day" and not is_day(value)):
        raise _wrong(name, value, path)
    most = LONGEST.get(name, LONGEST_TEXT)
    if len(value) > most:
        words = f"The field {name} contained more than the maximum number ( {most} ) of characters allowed."
        raise invalid_content(words, path)
    if name == "externalId" and ("|" in value or not value):
        raise invalid_content("Invalid external id: the character | separates values.", path, loud=True)
    return value
