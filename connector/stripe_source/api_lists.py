"""The lists of Stripe's API that are read, window by window, and the objects in an answer with their own bytes.

Nothing here knows how a request is carried: a `Reader` gives the answer to a path and its parameters. Lists come
newest first and are paged by object id; `created` is in whole seconds and never moves
(https://docs.stripe.com/api/pagination, https://docs.stripe.com/expand: at most four levels, `data` is one).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from connector.errors import LedgerDown

HOUR = 3600
DAY = 24 * HOUR
PAGE_SIZE = 100
# Ids kept in a cursor; of more than these some count as new again, which costs requests and nothing else.
MOST_SEEN = 2000
# An object or event may show up late: so much of what was read is read again.
OVERLAP_S = 600

Raw = dict[str, Any]
Pairs = list[tuple[Raw, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of an answer as it came, and the second at which Stripe gave it, where its header says so."""

    text: str
    date: int | None = None


class Refused(LedgerDown):
    """Stripe answers, and does not carry this one request out; others may fare better."""


class Missing(Refused):
    """Stripe has no object of that id, for this key and account."""


Reader = Callable[[str, Mapping[str, object]], Answer]


class Watch:
    """A reader that remembers the second of the first answer: what is read is complete up to that, or to our own
    clock's second where that is earlier."""

    def __init__(self, read: Reader) -> None:
        self.read = read
        self.first: int | None = None

    def __call__(self, path: str, parameters: Mapping[str, object]) -> Answer:
        answer = self.read(path, parameters)
        if self.first is None:
            self.first = answer.date
        return answer

    def until(self, now: int) -> int:
        return now if self.first is None else min(now, self.first)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: `name` in its cursor, `expand` below `data`.

    `lead_s` is how much earlier than `stripe.start` it begins, None from the first object ever; `overlap_s` how much
    of what was read is read again, because an object may show up late; `reread_s` how far back it is read once more
    every day, because objects change and `created` does not.
    """

    name: str
    path: str
    expand: tuple[str, ...] = ()
    filters: Mapping[str, object] = field(default_factory=dict)
    lead_s: int | None = 0
    overlap_s: int = OVERLAP_S
    reread_s: int = 0
    oldest_first: bool = False

    @property
    def cursor(self) -> str:
        return f"api:{self.name}"

    @property
    def open_cursor(self) -> str:
        return f"api:open_{self.name}"

    def parameters(self, begin: int, end: int) -> dict[str, object]:
        return {**self.filters, "expand": expand_in_list(self.expand), "created": {"gte": begin, "lte": end}}


def expand_in_list(fields: tuple[str, ...]) -> list[str]:
    return [f"data.{name}" for name in fields]


CHARGE_PARTS = (
    "balance_transaction",
    "failure_balance_transaction",
    "customer",
    "payment_intent.amount_details.line_items",
)
REFUND_PARTS = (
    "balance_transaction",
    "failure_balance_transaction",
    "payment_intent",
    # No deeper than this: the payment's own lines come with the charge's list.
    *(f"charge.{part.partition('.')[0]}" for part in CHARGE_PARTS),
)
INVOICE_PAYMENT_PARTS = ("invoice", "invoice.payments")
SESSION_PARTS = ("line_items",)

# A refund may fail up to 30 days after it was paid out (https://docs.stripe.com/refunds); the rest is slack. One from
# before the start is not synced, but what its failure moves is told.
CHARGES = Listing("charges", "/v1/charges", CHARGE_PARTS, reread_s=45 * DAY, oldest_first=True)
REFUNDS = Listing(
    "refunds", "/v1/refunds", REFUND_PARTS, lead_s=45 * DAY, reread_s=45 * DAY, oldest_first=True
)
# An invoice's payment is made when the invoice is finalised, and that may be long before it is paid.
INVOICE_PAYMENTS = Listing(
    "invoice_payments", "/v1/invoice_payments", INVOICE_PAYMENT_PARTS, lead_s=90 * DAY, reread_s=45 * DAY
)
# A session is made up to 24 hours before it is complete (https://docs.stripe.com/api/checkout/sessions/object).
SESSIONS = Listing(
    "checkout_sessions",
    "/v1/checkout/sessions",
    SESSION_PARTS,
    {"status": "complete"},
    lead_s=2 * DAY,
    overlap_s=25 * HOUR,
)
CREDIT_NOTES = Listing("credit_notes", "/v1/credit_notes", lead_s=45 * DAY, reread_s=45 * DAY)
DISPUTES = Listing("disputes", "/v1/disputes", lead_s=180 * DAY, reread_s=180 * DAY)
PRICES = Listing("prices", "/v1/prices", lead_s=None)

# What a charge or refund is decided by besides itself. These are read first: a pull that breaks off must not leave
# a charge in the state without its invoice.
RELATED = (PRICES, SESSIONS, INVOICE_PAYMENTS, CREDIT_NOTES, DISPUTES)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a list stands: everything from `start` up to and with second `until` is stored.

    `seen` are the ids of what was made so late that the next pull meets it again: they are nothing new then.
    """

    start: int
    until: int
    seen: frozenset[str] = frozenset()

    def encode(self) -> str:
        seen = sorted(self.seen)[:MOST_SEEN]
        return json.dumps({"seen": seen, "start": self.start, "until": self.until})


def decode_progress(text: str | None, start: int) -> Progress | None:
    """None where there is no cursor, or one that cannot be read, or `start` has moved back: read all again."""
    try:
        stored = json.loads(text or "null")
        seen = frozenset(str(object_id) for object_id in stored.get("seen", ()))
        progress = Progress(int(stored["start"]), int(stored["until"]), seen)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return progress if progress.start <= start else None


def next_length(length: int, pages: int) -> int:
    """The length of the next window in seconds: few pages are read again after a crash, few requests find nothing."""
    if pages >= 10:
        return length // 2
    return min(max(length, 1) * 2, 32 * DAY) if pages <= 2 else length


# ---------------------------------------------------------------------------------------------- answers


def read_list(read: Reader, path: str, parameters: Mapping[str, object]) -> Iterator[Pairs]:
    """Every page that is not empty, newest first. A list that says it has more and gives none is an error."""
    after: str | None = None
    while True:
        query = {**parameters, "limit": PAGE_SIZE}
        if after is not None:
            query["starting_after"] = after
        pairs, has_more = split_list(read(path, query).text, path)
        if pairs:
            yield pairs
        if not has_more:
            return
        if not pairs or pairs[-1][0]["id"] == after:
            raise LedgerDown(
                f"Stripe's list {path} says that it goes on after {after} and does not", "network"
            )
        after = str(pairs[-1][0]["id"])


def split_list(text: str, path: str) -> tuple[Pairs, bool]:
    """The objects of a page, each with the bytes it had in the answer, on one line, and whether there are more.

    Fractions come as text, as from an export: no amount can hold one unseen.
    """
    try:
        envelope, objects = _split(text)
        if envelope.get("object") != "list" or objects is None or type(envelope.get("has_more")) is not bool:
            raise ValueError("it is not a list")
        for raw, _ in objects:
            _check_id(raw)
    except (ValueError, IndexError, RecursionError) as error:
        raise _unreadable(path, error) from None
    return objects, envelope["has_more"] is True


def read_object(text: str, path: str) -> tuple[Raw, bytes]:
    """The one object of an answer, with its bytes on one line."""
    try:
        raw = _DECODER.decode(text)
        _check_id(raw)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    return raw, _on_one_line(text.strip())


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


_DECODER = json.JSONDecoder(parse_float=str, parse_constant=_refuse_constant)
_line_break = re.compile(r"[\r\n][ \t]*").sub
_skip_blanks = re.compile(r"[ \t\r\n]*").match


def _on_one_line(text: str) -> bytes:
    """An object is kept as a line. JSON has line breaks only between its signs, so that none of them changes."""
    return _line_break("", text).encode()


def _skip(text: str, at: int) -> int:
    blanks = _skip_blanks(text, at)
    return blanks.end() if blanks else at


def _split(text: str) -> tuple[Raw, Pairs | None]:
    """A JSON object's fields, but those of its `data` one by one with their text."""
    envelope: Raw = {}
    objects: Pairs | None = None
    at = _expect(text, _skip(text, 0), "{")
    while True:
        name, at = _DECODER.raw_decode(text, at)
        at = _expect(text, _skip(text, at), ":")
        if name == "data" and text[at] == "[":
            objects, at = _split_array(text, at)
        else:
            envelope[name], at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == "}":
            return envelope, objects
        at = _expect(text, at, ",")


def _split_array(text: str, at: int) -> tuple[Pairs, int]:
    objects: Pairs = []
    at = _expect(text, at, "[")
    if text[at] == "]":
        return objects, at + 1
    while True:
        raw, end = _DECODER.raw_decode(text, at)
        objects.append((raw, _on_one_line(text[at:end])))
        at = _skip(text, end)
        if text[at] == "]":
            return objects, at + 1
        at = _expect(text, at, ",")


def _expect(text: str, at: int, character: str) -> int:
    if text[at] != character:
        raise ValueError(f"{character} is missing")
    return _skip(text, at + 1)


def _check_id(raw: Any) -> None:
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not raw["id"]:
        raise ValueError("an object has no id")


def _unreadable(path: str, error: Exception) -> LedgerDown:
    what = str(error) if type(error) is ValueError else "it is not JSON"
    return LedgerDown(f"Stripe's answer to {path} cannot be read: {what}", "network")
