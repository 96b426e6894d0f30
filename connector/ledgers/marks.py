"""What a document says of itself in a free text of the ledger: Stripe ids, our key, and `[kind; number N; sale N]`.

Ledgers that have no field for it show it to people, and cannot search it: it is read by us.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connector.planning.model import Document
from connector.planning.values import value

KEY = re.compile(r"\bdk[a-z2-7]{24}\b")
REFUND = re.compile(r"\b(?:re|pyr)_[A-Za-z0-9_]+")
CHARGE = re.compile(r"\b(?:ch|py)_[A-Za-z0-9_]+")
PAYMENT = re.compile(r"\b(?:pi|in)_[A-Za-z0-9_]+")
MARKS = re.compile(
    r"\[(?P<kind>[a-z_]+)(?: of (?P<part>[a-z_]+))?(?:; number (?P<number>[^;\]]+))?"
    r"(?:; sale (?P<sale>[^;\]]+))?(?:; lines (?P<lines>[^;\]]+))?\]"
)


NUMBERS = ("number", "sale")
# Those that `escaped` makes.
ESCAPES = re.compile(r"%(3B|5B|5D|25)")
# Kinds that are of a part.
WITH_PART = frozenset({"reversal", "application"})


@value(frozen=True, slots=True)
class Note:
    """What a text says; `kind`, `part`, `number`, `sale` and `lines` only where the connector wrote it."""

    document_key: str | None = None
    refund_ids: tuple[str, ...] = ()
    charge_ids: tuple[str, ...] = ()
    payment_ids: tuple[str, ...] = ()
    kind: str | None = None
    part: str | None = None
    number: str | None = None
    sale: str | None = None
    lines: tuple[str, ...] = ()


def marks_of(document: Document, numbers: Sequence[str] = NUMBERS, lines: bool = True) -> str:
    """Kind, number and sale (those of the `numbers`), and where they are short words the sale's lines that it takes back;
    in brackets."""
    has_part = document.kind in WITH_PART and document.part.islower()
    marks = document.kind + (f" of {document.part}" if has_part else "")
    for name, text in zip(NUMBERS, (document.number, document.sale_number), strict=True):
        if text is not None and name in numbers:
            marks += f"; {name} {escaped(text)}"
    line_ids = [line.line_id for line in document.lines]
    if (
        lines
        and line_ids
        and document.kind != "reversal"
        and all(re.fullmatch(r"[\w.-]+", i) for i in line_ids)
    ):
        marks += f"; lines {' '.join(line_ids)}"
    return f"[{marks}]"


def ids_of(document: Document) -> list[str]:
    """The Stripe ids that it bears, and its key."""
    ids = [i for i in (document.refund_id, document.charge_id) if i is not None]
    return [*ids, document.document_key]


def escaped(text: str) -> str:
    """A text between marks, so that it can be told from them."""
    return re.sub(r"[;\[\]%]", lambda found: f"%{ord(found[0]):02X}", text)


def unescaped(text: str | None) -> str | None:
    return None if text is None else ESCAPES.sub(lambda found: chr(int(found[1], 16)), text)


def read_marks(text: str, more: str = "") -> Note:
    """What `text` says; Stripe ids may also stand in `more`."""
    every = f"{text} {more}"
    key, marks = KEY.search(text), MARKS.search(text)
    found = marks.groupdict() if key and marks else {}
    return Note(
        document_key=key[0] if key else None,
        refund_ids=tuple(dict.fromkeys(REFUND.findall(every))),
        charge_ids=tuple(dict.fromkeys(CHARGE.findall(every))),
        payment_ids=tuple(dict.fromkeys(PAYMENT.findall(every))),
        kind=found.get("kind"),
        part=found.get("part"),
        number=unescaped(found.get("number")),
        sale=unescaped(found.get("sale")),
        lines=tuple((found.get("lines") or "").split()),
    )
