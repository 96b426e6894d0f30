"""What stands in PrivateNote: a sentence for people, then our marks. QuickBooks cannot search it, so it is read by us."""

from __future__ import annotations

import re
from typing import Any

from connector.planning.model import Document
from connector.planning.values import value

LONGEST = 4000
SENTENCE = 1000
KEY = re.compile(r"\bdk[a-z2-7]{24}\b")
REFUND = re.compile(r"\b(?:re|pyr)_[A-Za-z0-9_]+")
CHARGE = re.compile(r"\b(?:ch|py)_[A-Za-z0-9_]+")
PAYMENT = re.compile(r"\b(?:pi|in)_[A-Za-z0-9_]+")
MARKS = re.compile(
    r"\[(?P<kind>[a-z_]+)(?: of (?P<part>[a-z_]+))?(?:; number (?P<number>[^;\]]+))?"
    r"(?:; sale (?P<sale>[^;\]]+))?(?:; lines (?P<lines>[^;\]]+))?\]"
)


@value(frozen=True, slots=True)
class Note:
    """What a note says; `kind`, `part`, `number`, `sale` and `lines` only where the connector wrote it."""

    document_key: str | None = None
    refund_ids: tuple[str, ...] = ()
    charge_ids: tuple[str, ...] = ()
    payment_ids: tuple[str, ...] = ()
    kind: str | None = None
    part: str | None = None
    number: str | None = None
    sale: str | None = None
    lines: tuple[str, ...] = ()


def write_note(document: Document) -> str:
    """The narration, then what names the document: `[kind; number N; sale N]`, its Stripe ids and its key."""
    marks = document.kind + (f" of {document.part}" if document.kind == "reversal" else "")
    for name, text in (("number", document.number), ("sale", document.sale_number)):
        if text is not None:
            marks += f"; {name} {clean(text)}"
    lines = [line.line_id for line in document.lines]
    if lines and document.kind != "reversal" and all(re.fullmatch(r"[\w.-]+", one) for one in lines):
        marks += f"; lines {' '.join(lines)}"
    ids = [i for i in (document.refund_id, document.charge_id) if i is not None]
    narration = document.narration[:SENTENCE].replace("[", "(").replace("]", ")")
    return " ".join((narration, f"[{marks}]", *ids, document.document_key)).strip()[-LONGEST:]


def clean(text: str) -> str:
    return re.sub(r"[;\[\]]", " ", text)


def read_note(row: Any) -> Note:
    """The marks of a transaction: of its PrivateNote, and the ids that stand in a reference number or a memo to the
    customer."""
    text = str(row.get("PrivateNote") or "")
    memo = row.get("CustomerMemo")
    more = [
        str(row.get("PaymentRefNum") or ""),
        str(memo.get("value") or "") if isinstance(memo, dict) else "",
    ]
    every = " ".join((text, *more))
    key, marks = KEY.search(text), MARKS.search(text)
    found = marks.groupdict() if key and marks else {}
    return Note(
        document_key=key[0] if key else None,
        refund_ids=tuple(dict.fromkeys(REFUND.findall(every))),
        charge_ids=tuple(dict.fromkeys(CHARGE.findall(every))),
        payment_ids=tuple(dict.fromkeys(PAYMENT.findall(every))),
        kind=found.get("kind"),
        part=found.get("part"),
        number=found.get("number"),
        sale=found.get("sale"),
        lines=tuple((found.get("lines") or "").split()),
    )
