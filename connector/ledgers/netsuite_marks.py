"""What stands in the memo of a document in NetSuite: words for people, Stripe ids, our key and our marks.

The external id is the key; the memo tells the rest. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3436356.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.ledgers.marks import KEY, Note, ids_of, marks_of, read_marks
from connector.planning.model import Document

if TYPE_CHECKING:
    from connector.ledgers.netsuite_records import Head

# The most that the memo of every transaction form takes.
LONGEST = 999


def write_memo(document: Document) -> str:
    """Words, Stripe ids, key and marks. Where that is too long the lines of the sale go first, then the words are cut, and
    the numbers go only where they alone are too long; the ids, the key and the kind always fit."""
    # Brackets are for our marks.
    words = " ".join(document.narration.replace("[", "(").replace("]", ")").split())
    ids = " ".join(ids_of(document))
    every = f"{ids} {marks_of(document)}"
    if len(words) + len(every) < LONGEST:
        return f"{words} {every}".strip()
    shorter = (marks_of(document, lines=False), marks_of(document, (), lines=False))
    text = next(text for marks in shorter if len(text := f"{ids} {marks}") < LONGEST)
    return f"{words[: LONGEST - len(text) - 1].rstrip()} {text}".strip()


def read_head_note(head: Head) -> Note:
    """What a transaction says of itself. The external id decides whether it is ours: a person's copy takes the memo along,
    and no external id."""
    elsewhere = " ".join(filter(None, (head.external_id, head.number, head.other_reference)))
    note = read_marks(head.memo, elsewhere)
    external = KEY.fullmatch(head.external_id or "")
    if external is not None:
        return replace(note, document_key=external[0])
    return read_marks(KEY.sub("", head.memo), elsewhere) if note.document_key is not None else note
