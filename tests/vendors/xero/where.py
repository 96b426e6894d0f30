"""The filter language of lists: comparisons with AND, OR and parentheses, and no further.

https://developer.xero.com/documentation/api/accounting/requests-and-responses
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from vendors.xero.refusals import Refused, bad_query
from vendors.xero.wire import is_guid, plain

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:\\.|""|[^"\\])*")|(?P<word>[A-Za-z][A-Za-z0-9_.]*)|(?P<number>-?\d+(?:\.\d+)?)'
    r"|(?P<sign>==|!=|>=|<=|>|<|\(|\)|,|&&|\|\|))"
)
_SIGNS = ("==", "!=", ">=", "<=", ">", "<")


@dataclass(frozen=True)
class Comparison:
    """`value` is None for null, and else of the field's own type."""

    field: str
    sign: str
    value: Any


@dataclass(frozen=True)
class Both:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    parts: tuple[Node, ...]


Node = Comparison | Both | Either
Get = Callable[[str], Any]


def parse(text: str, fields: dict[str, str]) -> Node:
    """The condition; raises a `Refused` with QueryParseException for what is not known. `fields` says each one's type."""
    parser = _Parser(text, fields)
    node = parser.either()
    if parser.place < len(parser.tokens):
        raise _no(f"Syntax error at {parser.peek()!r}")
    return node


def _no(words: str) -> Refused:
    return bad_query(words)


class _Parser:
    def __init__(self, text: str, fields: dict[str, str]) -> None:
        self.fields = fields
        self.tokens: list[tuple[str, str]] = []
        self.place = 0
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise _no(f"Syntax error at {text[at:].strip()[:20]!r}")
            self.tokens.append((str(found.lastgroup), found[0].strip()))
            at = found.end()

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else "the end"

    def accept(self, *wanted: str) -> bool:
        found = self.place < len(self.tokens) and self.peek().upper() in wanted
        self.place += found
        return found

    def take(self, kind: str) -> str:
        if self.place == len(self.tokens) or self.tokens[self.place][0] != kind:
            raise _no(f"Syntax error at {self.peek()!r}")
        self.place += 1
        return self.tokens[self.place - 1][1]

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            raise _no(f"{sign!r} expected at {self.peek()!r}")

    def either(self) -> Node:
        parts = [self.both()]
        while self.accept("OR", "||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Node:
        parts = [self.one()]
        while self.accept("AND", "&&"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self) -> Node:
        if self.accept("("):
            node = self.either()
            self.expect(")")
            return node
        field = self.take("word")
        if field not in self.fields:
            raise _no(f"No property or field '{field}' exists")
        sign = self.take("sign")
        if sign not in _SIGNS:
            raise _no(f"Syntax error at {sign!r}")
        return Comparison(field, sign, self.value(self.fields[field], sign))

    def value(self, kind: str, sign: str) -> Any:
        token, text = self.tokens[self.place] if self.place < len(self.tokens) else ("", "the end")
        self.place += 1
        if token == "text":
            return _typed(kind, "text", re.sub(r'\\(.)|""', lambda found: found[1] or '"', text[1:-1]))
        if token == "number":
            return _typed(kind, "number", Decimal(text))
        word = text.lower()
        if word == "null" and sign in ("==", "!="):
            return None
        if word in ("true", "false"):
            return _typed(kind, "bool", word == "true")
        if word == "guid":
            return _typed(kind, "guid", self.guid())
        if word == "datetime":
            return self.moment(kind)
        raise _no(f"Syntax error at {text!r}")

    def guid(self) -> str:
        self.expect("(")
        text = self.take("text")[1:-1]
        self.expect(")")
        if not is_guid(text):
            raise _no(f"{text!r} is not a Guid")
        return text.lower()

    def moment(self, kind: str) -> Any:
        self.expect("(")
        numbers = [int(self.take("number"))]
        while self.accept(","):
            numbers.append(int(self.take("number")))
        self.expect(")")
        try:
            found = datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]
        except (TypeError, ValueError) as error:
            raise _no(f"DateTime: {error}") from error
        if kind == "instant":
            return found.timestamp()
        return _typed(kind, "date", found.date().isoformat())


def _typed(field: str, given: str, value: Any) -> Any:
    if field != given:
        raise _no(f"The operand types '{field}' and '{given}' cannot be compared")
    return value


def holds(node: Node, get: Get) -> bool:
    """Whether the object that `get` reads fields of meets the condition."""
    if isinstance(node, Both):
        return all(holds(part, get) for part in node.parts)
    if isinstance(node, Either):
        return any(holds(part, get) for part in node.parts)
    have, wanted, sign = get(node.field), node.value, node.sign
    if isinstance(have, str) and isinstance(wanted, str):
        have, wanted = plain(have), plain(wanted)
    if sign in ("==", "!="):
        return bool(have == wanted) == (sign == "==")
    if have is None:
        return False
    less, same = bool(have < wanted), bool(have == wanted)
    return {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[sign]


def certain(node: Node) -> Iterator[Comparison]:
    """The comparisons that every object has to meet, for a search by index."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Both):
        for part in node.parts:
            yield from certain(part)
