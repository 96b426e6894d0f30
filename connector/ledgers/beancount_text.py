"""Beancount text: transactions printed in one fixed form, and journals read back, whoever wrote them.

The syntax follows https://beancount.github.io/docs/beancount_language_syntax.html. Nothing here imports
Beancount, and nothing here does I/O. What cannot be read is passed over, never an error: a hand-written
journal is valid input.

A printed transaction takes whole lines, has its document key first and ends with one blank line:

    2026-03-05 * "Jo Smith" "Refund 100" ^ch_1 ^re_1
      document_key: "dkabcdefghijklmnopqrstuvwx"
      kind: "credit_memo"
      Income:Sales                                    100.00 USD
        sku: "SKU-1"
      Assets:Accounts-Receivable                     -100.00 USD
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from connector.ledgers.beancount_block import (
    LOGICAL_LINE,
    OWN_FORM,
    POSTING_LINE,
    Block,
    JournalEntry,
    JournalPosting,
    own_metadata,
    parse_block,
    read_date,
    read_minor,
    unquote,
)
from connector.planning.money import format_amount

__all__ = [
    "Block",
    "JournalEntry",
    "JournalPosting",
    "Opening",
    "Parsed",
    "clean_text",
    "is_account",
    "own_metadata",
    "parse_block",
    "parse_entry",
    "parse_journal",
    "print_string",
    "print_transaction",
    "sale_ids",
    "stripe_ids",
    "torn_tail",
    "walk_blocks",
]

Pairs = Sequence[tuple[str, str]]
Posting = tuple[str, int, str, Pairs]


@dataclass(frozen=True, slots=True)
class Opening:
    """An `open` directive; no `currencies` means that every currency may stand in the account. Or a `close`."""

    account: str
    date: date
    currencies: tuple[str, ...]
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one file says. `entries` are only those that bear a key of ours or what looks like a Stripe id."""

    entries: tuple[JournalEntry, ...]
    openings: tuple[Opening, ...]
    includes: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


# Controls, separators of lines and paragraphs, and the marks that turn the reading direction. A line break
# becomes a blank too: Beancount refuses strings of many lines. Half a surrogate pair cannot stand in any
# UTF-8 file.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_NOT_IN_A_LINK = re.compile(r"[^A-Za-z0-9/._-]")


def clean_text(value: str) -> str:
    """`value` as it reads back after printing: on one line, without controls, safe in UTF-8."""
    if value.isprintable():
        return value
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", value))


def print_string(value: str) -> str:
    """What stands between the quotes of a string that reads back as `clean_text(value)`."""
    if not value.isprintable():
        value = clean_text(value)
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if '"' in value:
        value = value.replace('"', '\\"')
    return value


def is_account(name: str) -> bool:
    """Whether `name` has the shape of an account name, such as `Assets:Stripe:Clearing`; roots are not
    checked.
    """
    parts = name.split(":")
    return len(parts) > 1 and all(
        part
        and ((part[0].isalpha() and part[0].isupper()) or (index > 0 and part[0].isdecimal()))
        and all(letter.isalpha() or letter.isdecimal() or letter == "-" for letter in part)
        for index, part in enumerate(parts)
    )


def print_transaction(
    *,
    posting_date: date,
    payee: str,
    narration: str,
    links: Sequence[str],
    metadata: Pairs,
    postings: Sequence[Posting],
) -> str:
    """The text of one transaction, with the blank line that ends it.

    `metadata` begins with `document_key`; keys are Beancount keys (`[a-z][A-Za-z0-9_-]+`), each once. A
    posting is (account, signed minor units, currency, metadata). The caller orders the postings so that no
    proper prefix of two or more balances and the last one has no metadata: then a text cut short anywhere is
    seen to be cut (`torn_tail`). Payee, narration, links and values may be anything. Raises
    `UnknownCurrency`.
    """
    head = f'{posting_date} * "{print_string(payee)}" "{print_string(narration)}"'
    for link in links:
        if link:
            head += " ^" + _NOT_IN_A_LINK.sub("-", link)
    lines = [head]
    for key, value in metadata:
        lines.append(f'  {key}: "{print_string(value)}"')
    for account, amount_minor, currency, details in postings:
        lines.append(f"  {account:<40}  {format_amount(amount_minor, currency):>12} {currency.upper()}")
        for key, value in details:
            lines.append(f'    {key}: "{print_string(value)}"')
    lines.append("\n")
    return "\n".join(lines)


_DIRECTIVE = re.compile(
    r"^(\d{4,}[-/]\d{1,2}[-/]\d{1,2})[ \t]*(open\b|close\b|txn\b|[*!&#?%]|[A-Z](?=[ \t\r\n]))?",
    re.M,
)
_INDENTED = re.compile(r"[ \t]+[^ \t\r\n]")
_MARK = re.compile(
    r"^[ \t]+(?:document_key|kind|number|refund_id|charge_id):|(?<![A-Za-z0-9_])(?:re|pyr|ch|py)_[A-Za-z0-9]",
    re.MULTILINE,
)
_OPENED = re.compile(r"[^;\n]*?(?:open|close)[ \t]+([^\s;]+)[ \t]*([A-Z][A-Z0-9'._,\t -]*)?")
_SETTING = re.compile(r'(include|option)[ \t]+"((?:[^"\\]|\\.)*)"(?:[ \t]+"((?:[^"\\]|\\.)*)")?')


def parse_journal(text: str) -> Parsed:
    """Read one file. Entries without a mark of ours are passed over, and so is what cannot be read."""
    openings: list[Opening] = []
    includes: list[str] = []
    options: list[tuple[str, str]] = []
    entries = tuple(
        entry
        for block in walk_blocks(text, openings, includes, options)
        if (entry := parse_block(block)) is not None
    )
    return Parsed(entries, tuple(openings), tuple(includes), tuple(options))


def parse_entry(text: str, line: int = 1) -> JournalEntry | None:
    """The first transaction of `text` that bears a mark, or None."""
    own = OWN_FORM.match(text)
    if own is not None and own.end() == len(text):
        return parse_block(Block(text, 0, len(text), line, own))
    for block in walk_blocks(text, [], [], [], line):
        return parse_block(block)
    return None


def walk_blocks(
    text: str,
    openings: list[Opening],
    includes: list[str],
    options: list[tuple[str, str]],
    line: int = 1,
) -> Iterator[Block]:
    """Every transaction that bears a mark, in order; fills the three lists on the way. `line` is that of the
    start.

    A string that runs over the head of another directive is taken as a forgotten quote: one slip of a person
    must not hide the documents that follow it.
    """
    position, size = 0, len(text)
    while position < size:
        own = OWN_FORM.match(text, position)
        if own is not None:
            end = own.end()
            if text.startswith("  document_key:", own.start(5)) or _MARK.search(text, position, end):
                yield Block(own[0], position, end, line, own)
            if text.startswith("\n", end):
                end += 1
        else:
            end = _skip_line(text, position)
            first = text[position]
            if first.isdigit():
                head = _DIRECTIVE.match(text, position)
                if head is not None and head[2] in ("open", "close"):
                    _read_opening(text[position:end], head[1], head[2] == "close", openings)
                elif head is not None and head[2] is not None:
                    while end < size and _INDENTED.match(text, end):
                        end = _skip_line(text, end)
                    if _MARK.search(text, position, end):
                        yield Block(text[position:end], position, end, line, None)
            elif first in "io":
                _read_setting(text[position:end], includes, options)
        line += text.count("\n", position, end)
        position = end


def _skip_line(text: str, position: int) -> int:
    """Where the next line begins; strings that run over several lines are a part of theirs."""
    physical = text.find("\n", position) + 1 or len(text)
    if text[position] in "*:#!&?%;" or text.find('"', position, physical) < 0:
        return physical
    logical = LOGICAL_LINE.match(text, position)
    if logical is None or logical.end() <= physical or _DIRECTIVE.search(text, physical, logical.end()):
        return physical
    return logical.end()


def _read_opening(line: str, day: str, closes: bool, openings: list[Opening]) -> None:
    opened = _OPENED.match(line)
    when = read_date(day)
    if opened is not None and when is not None:
        currencies = tuple(name.strip().lower() for name in (opened[2] or "").split(",") if name.strip())
        openings.append(Opening(opened[1], when, () if closes else currencies, closes))


def _read_setting(line: str, includes: list[str], options: list[tuple[str, str]]) -> None:
    setting = _SETTING.match(line)
    if setting is None:
        return
    if setting[1] == "include":
        includes.append(unquote(setting[2]))
    elif setting[3] is not None:
        options.append((unquote(setting[2]), unquote(setting[3])))


_REFUND_ID = re.compile(r"(?:re|pyr)_[A-Za-z0-9]+")
_CHARGE_ID = re.compile(r"(?:ch|py)_[A-Za-z0-9]+")
_SALE_ID = re.compile(r"(?:pi|in)_[A-Za-z0-9]+")
# In running text only what has the length of a real id; a link or a value as a whole may be shorter.
_ID_IN_TEXT = re.compile(r"(?<![A-Za-z0-9_])(?:re|pyr|ch|py|pi|in)_[A-Za-z0-9]{14,}(?![A-Za-z0-9_])")


def stripe_ids(entry: JournalEntry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The refund ids and the charge ids that an entry is for.

    Our own documents name theirs in the metadata `refund_id` and `charge_id`, and only there: a customer's
    words stand in them too. In others an id counts wherever it stands: those two keys first, links, any
    value, payee, narration.
    """
    metadata = entry.metadata
    if "document_key" in metadata:
        refund_id, charge_id = metadata.get("refund_id"), metadata.get("charge_id")
        return ((refund_id,) if refund_id else ()), ((charge_id,) if charge_id else ())
    words = words_of(entry)
    refund_ids = dict.fromkeys(
        filter(None, (metadata.get("refund_id"), *filter(_REFUND_ID.fullmatch, words)))
    )
    charge_ids = dict.fromkeys(
        filter(None, (metadata.get("charge_id"), *filter(_CHARGE_ID.fullmatch, words)))
    )
    return tuple(refund_ids), tuple(charge_ids)


def sale_ids(entry: JournalEntry) -> tuple[str, ...]:
    """The payment intents and Stripe invoices that an entry by hand names, wherever they stand; none for ours."""
    if "document_key" in entry.metadata:
        return ()
    return tuple(dict.fromkeys(filter(_SALE_ID.fullmatch, words_of(entry))))


def words_of(entry: JournalEntry) -> list[str]:
    """Where an id may stand: links and values as a whole, and what looks like one in any text."""
    details = (value for posting in entry.postings for value in posting.metadata.values())
    words = [*entry.links, *entry.metadata.values(), *details]
    return words + _ID_IN_TEXT.findall(" ".join((entry.payee, entry.narration, *words)))


_OWN_KEY = re.compile(r'^[ \t]+document_key: "(dk[a-z2-7]*)', re.MULTILINE)
_PLAIN_AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]{3})[ \t\r]*(?:;.*)?")
# An amount cut off anywhere, or a comment instead of one; anything else after an account is a person's hand.
_STUMP = re.compile(r"-?[0-9]*\.?[0-9]* ?[A-Z]{0,3}")


def torn_tail(text: str) -> tuple[int, str] | None:
    """Where a transaction of ours that was cut short begins, and its document key (which may be cut short
    itself).

    `text` is a file or its end. Only the very last lines are judged, and only if they begin like ours: they
    are cut short if their last line is a stump, or if they have fewer than two postings or do not balance and
    the blank line that ends every printed transaction is missing. One that is whole but for its last line
    break is not cut short, and what a person changed (a cost, an amount left out on a whole line) is not ours
    to judge.
    """
    start = _last_block(text)
    if start is None or text.endswith(("\n\n", "\n\r\n")):
        return None
    key = _OWN_KEY.search(text, start)
    if key is None:
        return None
    *whole, last = text[start:].split("\n")
    totals: dict[str, int] = {}
    postings = 0
    for line in [*whole[1:], last]:
        posting = POSTING_LINE.match(line)
        if posting is None:
            continue
        amount = _PLAIN_AMOUNT.fullmatch(posting[2])
        amount_minor = read_minor(amount[1], amount[2]) if amount is not None else None
        if amount is not None and amount_minor is not None:
            totals[amount[2]] = totals.get(amount[2], 0) + amount_minor
            postings += 1
        elif line is last and _STUMP.fullmatch(posting[2]):
            return start, key[1]
        else:
            return None
    if LOGICAL_LINE.fullmatch(last) is None or postings < 2 or any(totals.values()):
        return start, key[1]
    return None


def _last_block(text: str) -> int | None:
    """Where the last line that is not indented begins, if it is the head of a transaction with no blank line
    after.
    """
    end = len(text)
    while end > 0:
        begin = text.rfind("\n", 0, end - 1) + 1
        if text[begin] not in " \t":
            head = _DIRECTIVE.match(text, begin)
            return begin if head is not None and head[2] == "*" else None
        end = begin
    return None
