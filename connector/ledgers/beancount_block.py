"""One transaction of a Beancount journal: its text in, an entry out. Pure, and never an error.

The syntax follows https://beancount.github.io/docs/beancount_language_syntax.html. A transaction in exactly
the form that `beancount_text.print_transaction` prints is read by one pattern; any other is read line by
line. Both give the same entry, which a test holds them to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from connector.planning.money import EXPONENTS


@dataclass(frozen=True, slots=True)
class JournalPosting:
    """`currency` is in small letters; `amount_minor` is None where the amount is no plain number of minor
    units.
    """

    account: str
    amount_minor: int | None
    currency: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A transaction as it stands in a journal. `offset` and `end_offset` count characters, `line` from 1.

    `exotic` says that some posting is not a plain amount of a known currency: a cost or a price, arithmetic,
    a commodity, more digits than the currency has, or an amount left out that cannot be told.
    """

    date: date
    flag: str
    payee: str
    narration: str
    tags: tuple[str, ...]
    links: tuple[str, ...]
    metadata: dict[str, str]
    postings: tuple[JournalPosting, ...]
    exotic: bool
    line: int
    offset: int
    end_offset: int


class Block(NamedTuple):
    """The lines of one transaction inside a text; `own` is set where they have exactly the printed form.

    A tuple, because hundreds of thousands are made and it takes a third of a frozen dataclass's time.
    """

    text: str
    offset: int
    end_offset: int
    line: int
    own: re.Match[str] | None


_STRING = r'"[^"\\\n]*+(?:\\["\\][^"\\\n]*+)*+"'
_OWN_KEY = rf"[a-z][A-Za-z0-9_-]++: {_STRING}\n"
OWN_FORM = re.compile(
    rf"(\d{{4}}-\d\d-\d\d) \* ({_STRING}) ({_STRING})((?: \^[A-Za-z0-9/._-]+)*+)\n"
    rf"((?:  {_OWN_KEY})++)"
    r'((?:  [^\s:;"]++(?::[^\s:;"]++)++ ++-?[0-9]++(?:\.[0-9]++)?+ [A-Z]{3}\n'
    rf"(?:    {_OWN_KEY})*+)++)(?![ \t])"
)
_OWN_PAIR = re.compile(r'  ([a-z][A-Za-z0-9_-]+): "(.*)"\n')
_OWN_POSTING = re.compile(r'  (?:([^ ]+) +([^ ]+) ([A-Z]{3})|  ([a-z][A-Za-z0-9_-]+): "(.*)")\n')

# One line as Beancount sees it: a string may run over several, a comment ends with its line.
LOGICAL_LINE = re.compile(
    r'[^"\n;]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\n;]*+)*+(?:;[^\n]*+)?+(?:\n|\Z)',
    re.DOTALL,
)
_HEAD = re.compile(r"([0-9/-]+)[ \t]*(txn\b|.)(.*)", re.DOTALL)
_HEAD_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([#^])([A-Za-z0-9/._-]+)|(;)', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b"}
_KEY_LINE = re.compile(r"[ \t]+([a-z][A-Za-z0-9_-]+):[ \t]*(.*)", re.DOTALL)
POSTING_LINE = re.compile(r'[ \t]+(?:[*!&#?%A-Z][ \t]+)?([^\s:;"]+(?::[^\s:;"]+)+)[ \t\r]*(.*)', re.DOTALL)
_AMOUNT = re.compile(
    r"(?:([-+]?)[ \t]*([0-9][0-9,]*)(?:\.([0-9]*))?)?[ \t]*([A-Z][A-Z0-9'._-]*)?[ \t\r\n]*(?:([@{])|;|\Z)"
)


def unquote(text: str) -> str:
    """The value of what stands between the quotes of a string."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), text)


def read_date(text: str) -> date | None:
    """The day of `2026-03-05` or `2026/3/5`; None where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        year, month, day = text.replace("/", "-").split("-")
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def read_minor(amount: str, currency: str) -> int | None:
    """Minor units of `-12.34` in a currency in capitals; None where it is not Stripe's or cannot hold the
    digits.
    """
    places = EXPONENTS.get(currency)
    if places is None:
        return None
    whole, _, decimals = amount.partition(".")
    if len(decimals) > places:
        if decimals[places:].strip("0"):
            return None
        decimals = decimals[:places]
    return int(whole + decimals.ljust(places, "0"))


def own_metadata(own: re.Match[str]) -> dict[str, str]:
    """The metadata of a transaction in the printed form."""
    pairs = _OWN_PAIR.findall(own[5])
    if "\\" in own[5]:
        return {key: unquote(value) for key, value in pairs}
    return dict(pairs)


def parse_block(block: Block) -> JournalEntry | None:
    """The transaction of a block; None where its date cannot be read or it has no postings: it books nothing."""
    own = block.own
    if own is None:
        return _parse_line_by_line(block)
    when = read_date(own[1])
    if when is None:
        return None
    postings: list[JournalPosting] = []
    for account, amount, currency, key, value in _OWN_POSTING.findall(own[6]):
        if key:
            postings[-1].metadata[key] = unquote(value)
            continue
        amount_minor = read_minor(amount, currency)
        if amount_minor is None:
            return _parse_line_by_line(block)
        postings.append(JournalPosting(account, amount_minor, currency.lower(), {}))
    return JournalEntry(
        date=when,
        flag="*",
        payee=unquote(own[2][1:-1]),
        narration=unquote(own[3][1:-1]),
        tags=(),
        links=tuple(link[1:] for link in own[4].split()),
        metadata=own_metadata(own),
        postings=tuple(postings),
        exotic=False,
        line=block.line,
        offset=block.offset,
        end_offset=block.end_offset,
    )


@dataclass(slots=True)
class _Written:
    """A posting as written: `currency` in capitals or empty, `amount` without grouping or None where left
    out.
    """

    account: str
    amount: str | None
    currency: str
    exotic: bool
    metadata: dict[str, str]


def _parse_line_by_line(block: Block) -> JournalEntry | None:
    lines = _logical_lines(block.text)
    head = _HEAD.match(next(lines))
    when = read_date(head[1]) if head is not None else None
    if head is None or when is None:
        return None
    strings: list[str] = []
    tags: list[str] = []
    links: list[str] = []
    _read_head(head[3], strings, tags, links)
    metadata: dict[str, str] = {}
    written: list[_Written] = []
    for line in lines:
        if (pair := _KEY_LINE.match(line)) is not None:
            (written[-1].metadata if written else metadata)[pair[1]] = _read_value(pair[2])
        elif (posting := POSTING_LINE.match(line)) is not None:
            written.append(_read_posting(posting[1], posting[2]))
        elif line.lstrip(" \t")[:1] in ("#", "^"):
            _read_head(line, [], tags, links)
    if not written:
        return None
    postings = _settle_amounts(written)
    return JournalEntry(
        date=when,
        flag="*" if head[2] == "txn" else head[2],
        payee=strings[0] if len(strings) > 1 else "",
        narration=strings[1] if len(strings) > 1 else "".join(strings),
        tags=tuple(tags),
        links=tuple(links),
        metadata=metadata,
        postings=tuple(postings),
        exotic=any(posting.amount_minor is None for posting in postings) or any(w.exotic for w in written),
        line=block.line,
        offset=block.offset,
        end_offset=block.end_offset,
    )


def _logical_lines(text: str) -> Iterator[str]:
    position, size = 0, len(text)
    while position < size:
        logical = LOGICAL_LINE.match(text, position)
        end = logical.end() if logical is not None else text.find("\n", position) + 1 or size
        yield text[position:end]
        position = end


def _read_head(text: str, strings: list[str], tags: list[str], links: list[str]) -> None:
    for token in _HEAD_TOKEN.finditer(text):
        if token[4]:
            return
        if token[2] is None:
            strings.append(unquote(token[1]))
        else:
            (tags if token[2] == "#" else links).append(token[3])


def _read_value(text: str) -> str:
    """A string's value; of any other value (a number, an account, a date ...) its text."""
    quoted = _QUOTED.match(text)
    if quoted is not None:
        return unquote(quoted[1])
    return text.partition(";")[0].strip()


def _read_posting(account: str, rest: str) -> _Written:
    amount = _AMOUNT.match(rest)
    if amount is None:
        return _Written(account, None, "", True, {})
    digits = None
    if amount[2] is not None:
        sign = "-" if amount[1] == "-" else ""
        digits = f"{sign}{amount[2].replace(',', '')}.{amount[3] or ''}"
    return _Written(account, digits, amount[4] or "", amount[5] is not None, {})


def _settle_amounts(written: list[_Written]) -> list[JournalPosting]:
    """Minor units of every posting; one amount left out is told from the others, if in one currency."""
    currencies = {posting.currency for posting in written if posting.currency}
    only = currencies.pop() if len(currencies) == 1 else ""
    amounts = [
        None if posting.amount is None else read_minor(posting.amount, posting.currency or only)
        for posting in written
    ]
    missing = [index for index, posting in enumerate(written) if posting.amount is None]
    known = [amount for amount in amounts if amount is not None]
    if only and len(missing) == 1 and len(known) == len(written) - 1 and not any(w.exotic for w in written):
        amounts[missing[0]] = -sum(known) if only in EXPONENTS else None
    return [
        JournalPosting(
            posting.account,
            amount,
            (posting.currency or only).lower(),
            posting.metadata,
        )
        for posting, amount in zip(written, amounts, strict=True)
    ]
