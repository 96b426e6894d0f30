"""The query language, as far as Intuit documents it and no further."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any

from vendors.quickbooks import lists
from vendors.quickbooks.clock import instant
from vendors.quickbooks.queryable import fields_of
from vendors.quickbooks.refusals import Refused, refused
from vendors.quickbooks.wire import Json, decimal

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

DEFAULT_ROWS, MOST_ROWS = 100, 1000
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<word>[A-Za-z][A-Za-z0-9_.]*)|(?P<number>\d+)|(?P<sign><=|>=|[=<>(),*]))"
)
_OPERATORS = ("=", "IN", "<", ">", "<=", ">=", "LIKE")


@dataclass(frozen=True)
class Condition:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass
class Query:
    entity: str = ""
    count: bool = False
    extra: frozenset[str] = frozenset()
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    most: int = DEFAULT_ROWS


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise _unreadable(text[place:].strip())
            self.tokens.append((str(found.lastgroup), found[0].strip()))
            place = found.end()
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place][1].upper() if self.place < len(self.tokens) else ""

    def take(self, kind: str | None = None) -> str:
        if self.place == len(self.tokens) or kind not in (None, self.tokens[self.place][0]):
            raise _unreadable(self.peek() or "the end")
        self.place += 1
        return self.tokens[self.place - 1][1]

    def skip(self, *wanted: str) -> None:
        for one in wanted:
            if self.peek() != one:
                raise _unreadable(self.peek() or "the end")
            self.place += 1

    def accept(self, wanted: str) -> bool:
        found = self.peek() == wanted
        self.place += found
        return found

    def query(self) -> Query:
        query = Query()
        self.skip("SELECT")
        if self.accept("COUNT"):
            self.skip("(", "*", ")")
            query.count = True
        else:
            self.skip("*")
            if self.accept(","):
                query.extra = frozenset({self.take("word")})
        self.skip("FROM")
        query.entity = self.take("word")
        if self.accept("WHERE"):
            conditions = [self.condition()]
            while self.accept("AND"):
                conditions.append(self.condition())
            query.conditions = tuple(conditions)
        if self.accept("ORDERBY"):
            order = [self.ordering()]
            while self.accept(","):
                order.append(self.ordering())
            query.order = tuple(order)
        if self.accept("STARTPOSITION"):
            query.start = int(self.take("number"))
        if self.accept("MAXRESULTS"):
            query.most = min(int(self.take("number")), MOST_ROWS)
        if self.place < len(self.tokens):
            raise _unreadable(self.peek())
        return query

    def condition(self) -> Condition:
        field = self.take("word")
        operator = self.take().upper()
        if operator not in _OPERATORS:
            raise _unreadable(operator)
        if operator != "IN":
            return Condition(field, operator, (self.value(),))
        self.skip("(")
        values = [self.value()]
        while self.accept(","):
            values.append(self.value())
        self.skip(")")
        return Condition(field, "IN", tuple(values))

    def value(self) -> str:
        if self.peek() in ("TRUE", "FALSE"):
            return self.take().lower()
        # Everything else has to be quoted, numbers too.
        return re.sub(r"\\(.)", r"\1", self.take("text")[1:-1])

    def ordering(self) -> tuple[str, bool]:
        field = self.take("word")
        falling = self.accept("DESC")
        if not falling:
            self.accept("ASC")
        return field, falling


def _unreadable(what: str) -> Refused:
    return refused("4000", f"QueryParserError: Encountered {what!r} where it does not belong")


def run(company: Company, text: str) -> Json:
    """The content of QueryResponse; raises 4000 and 4001."""
    query = _Parser(text).query()
    fields = fields_of(company, query.entity)
    for name in (*(one.field for one in query.conditions), *(name for name, _ in query.order)):
        if name not in fields:
            raise refused("4001", f"QueryValidationError: property '{name}' is not queryable")
    found = [
        one for one in _candidates(company, query) if all(_holds(one, each) for each in query.conditions)
    ]
    if query.count:
        return {"totalCount": len(found)}
    if not found:
        return {}
    found.sort(key=lambda one: (len(one["Id"]), one["Id"]))
    for name, falling in reversed(query.order):
        found.sort(key=_sort_key(name), reverse=falling)
    page = found[max(query.start, 1) - 1 :][: query.most]
    if not page:
        return {}
    answer: Json = {query.entity: [_row(query, one) for one in page]}
    answer |= {"startPosition": query.start, "maxResults": len(page)}
    if company.moods.count_in_select:
        answer["totalCount"] = len(found)
    return answer


def _row(query: Query, one: Json) -> Json:
    if query.entity == "Item" and "Sku" not in query.extra:
        return {name: value for name, value in one.items() if name != "Sku"}
    return one


def _candidates(company: Company, query: Query) -> Iterator[Json]:
    """What has to be looked at; objects that were made inactive only where Active is asked for."""
    kind, shelf = query.entity, company.shelf
    rows = shelf.seen(kind)
    for each in query.conditions:
        if each.operator == "=" and each.field == "Id":
            rows = shelf.seen_by_id(kind, each.values[0])
        elif each.operator == "=" and each.field == "DocNumber":
            rows = shelf.seen_by_number(kind, each.values[0])
    inactive_too = any(each.field == "Active" for each in query.conditions)
    for one in rows:
        if inactive_too or one.get("Active") is not False:
            yield lists.shown(company, kind, one)


def _value(one: Json, field: str) -> Any:
    value: Any = one
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return value


def _comparable(field: str, value: Any) -> Any:
    """What `<` means for the field: instants, numbers, or text in lower case."""
    try:
        if field.startswith("MetaData."):
            return instant(value)
        if field in ("Id", "Balance"):
            return decimal(value)
    except (ValueError, InvalidOperation):
        return str(value).casefold()
    return ("true" if value else "false") if isinstance(value, bool) else str(value).casefold()


def _sort_key(field: str) -> Callable[[Json], tuple[bool, Any]]:
    def key(one: Json) -> tuple[bool, Any]:
        value = _value(one, field)
        return value is not None, "" if value is None else _comparable(field, value)

    return key


def _holds(one: Json, condition: Condition) -> bool:
    value = _value(one, condition.field)
    if value is None:
        return False
    if condition.operator == "LIKE":
        parts = (re.escape(part) for part in condition.values[0].split("%"))
        return re.fullmatch(".*".join(parts), str(value), re.IGNORECASE | re.DOTALL) is not None
    have = _comparable(condition.field, value)
    wanted = [_comparable(condition.field, each) for each in condition.values]
    if condition.operator in ("=", "IN"):
        return have in wanted
    return _ordered(have, condition.operator, wanted[0])


def _ordered(have: Any, operator: str, wanted: Any) -> bool:
    if isinstance(have, str) != isinstance(wanted, str):
        return False
    less, same = bool(have < wanted), bool(have == wanted)
    return {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[operator]
