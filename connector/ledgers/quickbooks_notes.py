"""What stands in PrivateNote: a sentence for people, then our marks."""

from __future__ import annotations

from typing import Any

from connector.ledgers.marks import Note, ids_of, marks_of, read_marks
from connector.planning.model import Document

LONGEST = 4000
SENTENCE = 1000


def write_note(document: Document) -> str:
    """The narration, then what names the document."""
    narration = document.narration[:SENTENCE].replace("[", "(").replace("]", ")")
    return " ".join((narration, marks_of(document), *ids_of(document))).strip()[-LONGEST:]


def read_note(row: Any) -> Note:
    """The marks of a transaction: of its PrivateNote, and the ids that stand in a reference number or a memo to the
    customer."""
    memo = row.get("CustomerMemo")
    more = [
        str(row.get("PaymentRefNum") or ""),
        str(memo.get("value") or "") if isinstance(memo, dict) else "",
    ]
    return read_marks(str(row.get("PrivateNote") or ""), " ".join(more))
