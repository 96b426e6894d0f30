"""SuiteQL: a part of Oracle's SQL, read strictly and carried out over the mirror.

All values come back as strings, column names in lower case, nulls left out (ORA/section_157909186990).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vendors.netsuite import oracle_functions, tables
from vendors.netsuite.refusals import Refused, bad_parameter
from vendors.netsuite.wire import Json, plain

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

LONGEST_PAGE = 1000
MOST_ROWS = 100_000
MOST_IN_LIST = 1000
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w$]*)"
    r"|(?P<quoted>\"[^\"]+\")|(?P<sign>\|\||<>|!=|<=|>=|[-+*/(),.<>=])"
)
_KNOWN_WORDS = (
    "select distinct from where and or not in is null like escape between exists join inner left right outer full "
    "cross on group by having order asc desc as case when then else end union all minus intersect nulls first last"
)
_WORDS = frozenset(_KNOWN_WORDS.split())
_KNOWN_FUNCTIONS = (
    "count sum min max avg upper lower nvl coalesce nullif to_char to_date to_number trunc abs round substr length trim "
    "ltrim rtrim replace instr concat decode"
)
_FUNCTIONS = frozenset(_KNOWN_FUNCTIONS.split())


def _search_error(words: str) -> Refused:
    told = f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {words}"
    return bad_parameter(told)


class Tokens:
    """The words of a query, without space between them."""

    def __init__(self, text: str) -> None:
        self.kinds: list[str] = []
        self.words: list[str] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise _search_error(
                    f"Invalid or unsupported search: unexpected {text[place : place + 10]!r}."
                )
            if found.lastgroup != "space":
                self.kinds.append(found.lastgroup or "")
                self.words.append(found.group())
            place = found.end()

    def word(self, index: int) -> str:
        """In lower case; empty behind the end."""
        return self.words[index].lower() if 0 <= index < len(self.words) else ""


def translated(text: str) -> str:
    """The query in SQLite's words; `Refused` where SuiteQL would not take it."""
    tokens = Tokens(text)
    if tokens.word(0) != "select":
        raise _search_error("Invalid or unsupported search.")
    return " ".join(_pieces(tokens))


def _pieces(tokens: Tokens) -> Iterator[str]:
    index = 0
    while index < len(tokens.words):
        kind, word = tokens.kinds[index], tokens.word(index)
        if word == "builtin" and tokens.word(index + 1) == ".":
            piece, index = _builtin(tokens, index)
            yield piece
            continue
        if kind == "name":
            yield _name(tokens, index)
        elif kind == "text":
            yield "NULL" if word == "''" else tokens.words[index]
        elif kind == "quoted":
            if tokens.word(index - 1) != "as":
                raise _search_error("Invalid or unsupported search: a quoted name can only be an alias.")
            yield tokens.words[index]
        else:
            yield tokens.words[index]
        index += 1


def _name(tokens: Tokens, index: int) -> str:
    word = tokens.word(index)
    if word == "in":
        _check_list(tokens, index + 1)
    if word in _WORDS:
        return word
    if word in ("limit", "offset", "fetch", "rownum", "with") or word.startswith("df_"):
        raise _search_error(f"Invalid or unsupported search: {word}.")
    if tokens.word(index + 1) == "(" and tokens.word(index - 1) != ".":
        if word not in _FUNCTIONS:
            raise _search_error(f"Unknown or unsupported function {word}.")
        return {"nvl": "ifnull"}.get(word, word)
    # Some names are words of SQLite.
    return f"[{word}]"


def _builtin(tokens: Tokens, index: int) -> tuple[str, int]:
    """BUILTIN.DF(t.status): what stands in the hidden column beside the one that is named."""
    names = []
    place = index + 4
    while tokens.word(place) not in (")", ""):
        names.append(tokens.word(place))
        place += 1
    shape = [tokens.word(index + 2), tokens.word(index + 3)]
    if shape != ["df", "("] or len(names) not in (1, 3):
        raise _search_error("Invalid or unsupported search: only BUILTIN.DF of a field is known here.")
    table = f"[{names[0]}]." if len(names) == 3 else ""
    return f"({table}[df_{names[-1]}] || '')", place + 1


def _check_list(tokens: Tokens, index: int) -> None:
    """Oracle takes no more than a thousand values in a list (ORA-01795)."""
    if tokens.word(index) != "(" or tokens.word(index + 1) == "select":
        return
    depth, values = 1, 1
    for place in range(index + 1, len(tokens.words)):
        word = tokens.words[place]
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0:
            break
        values += word == "," and depth == 1
    if values > MOST_IN_LIST:
        raise _search_error("ORA-01795: maximum number of expressions in a list is 1000.")


# ---------------------------------------------------------------------------------------------- carried out


def query(account: Account, text: Any, limit: int, offset: int) -> Json:
    """One page of what a query finds, as the body of the answer without its links."""
    if not isinstance(text, str) or not text.strip():
        raise bad_parameter("The q parameter is missing.", loud=True)
    sql = translated(text)
    connection = account.mirror.ready()
    guard = _Guard(account)
    oracle_functions.register(connection)
    connection.set_authorizer(guard)
    try:
        total = connection.execute(f"SELECT COUNT(*) FROM ({sql})").fetchone()[0]
        cursor = connection.execute(f"{sql} LIMIT {limit} OFFSET {offset}")
        names = [one[0] for one in cursor.description]
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise guard.refusal(error) from error
    finally:
        connection.set_authorizer(None)
    total = min(total, MOST_ROWS)
    items = [_item(account, names, row) for row in rows]
    more = offset + len(items) < total
    return {"count": len(items), "hasMore": more, "items": items, "offset": offset, "totalResults": total}


def _item(account: Account, names: list[str], row: tuple[Any, ...]) -> Json:
    shown: Json = {"links": []}
    for index, (name, value) in enumerate(zip(names, row, strict=True), start=1):
        if value is not None and not name.startswith("df_"):
            is_name = re.fullmatch(r"[A-Za-z_][\w$]*", name) is not None
            shown[name.lower() if is_name else f"expr{index}"] = _text(account, value)
    return shown


def _text(account: Account, value: Any) -> str:
    if isinstance(value, float):
        return plain(Decimal(repr(round(value, 8))))
    text = str(value)
    return oracle_functions.shown_day(text, account.date_format) if text.startswith(tables.DAY) else text


class _Guard:
    """Lets a query read what the role and the features of the account open."""

    def __init__(self, account: Account) -> None:
        moods = account.moods
        self.columns = {one.lower() for one in moods.missing_columns}
        closed = {one.removeprefix("table:") for one in account.role_lacks if one.startswith("table:")}
        if moods.tax != "suitetax":
            closed.add("transactiontaxdetail")
        if not moods.one_world:
            closed.add("subsidiary")
            self.columns |= {"transactionline.subsidiary", "customer.subsidiary"}
        self.closed = {one.lower() for one in closed} | tables.HIDDEN
        self.met: Refused | None = None

    def __call__(self, action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table is not None:
            if table in self.closed:
                self.met = self.met or _search_error(f"Record '{table}' was not found.")
                return sqlite3.SQLITE_DENY
            if f"{table}.{column}" in self.columns:
                self.met = self.met or _unknown(column or "")
                return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def refusal(self, error: sqlite3.Error) -> Refused:
        words = str(error)
        if self.met is not None:
            return self.met
        if words.startswith("no such table: "):
            return _search_error(f"Record '{words.removeprefix('no such table: ')}' was not found.")
        if words.startswith("no such column: "):
            return _unknown(words.removeprefix("no such column: "))
        return _search_error(f"Invalid or unsupported search: {words}.")


def _unknown(column: str) -> Refused:
    return _search_error(f"Field '{column}' was not found.")
