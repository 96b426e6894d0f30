"""What stands in the Reference of a document in Xero: a word for people, Stripe ids, our key and our marks.

An overpayment has no Reference: there it is the description of its line.
https://developer.xero.com/documentation/api/accounting/creditnotes (and its neighbours)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.ledgers.marks import Note, clean, ids_of, marks_of, read_marks
from connector.planning.model import Document

LONGEST = 255


def write_reference(document: Document) -> str:
    """Number, Stripe ids, key and marks; of the marks only what fits, the kind at least."""
    must = " ".join(ids_of(document))
    head = clean(document.number or "").strip()
    choices = (
        marks_of(document),
        marks_of(document, lines=False),
        marks_of(document, numbers=False, lines=False),
    )
    for marks in choices:
        text = " ".join(part for part in (head, must, marks) if part)
        if len(text) <= LONGEST:
            return text
    return f"{must} {choices[-1]}"[:LONGEST]


def bears_own_number(row: Mapping[str, Any]) -> bool:
    """Whether a document of ours has the number that its marks tell, or is of a kind without one. A person's copy has not,
    since it takes the Reference along and no number twice; and not what went without a number of ours."""
    number = str(row.get("CreditNoteNumber") or row.get("InvoiceNumber") or "")
    told = read_reference(row).number
    return not number or told is None or clean(number).strip() == told.strip()


def read_reference(row: Mapping[str, Any]) -> Note:
    """The marks of an object of Xero: of its Reference, else of its first line. Stripe ids may also stand in its number or
    address."""
    text = str(row.get("Reference") or "")
    lines = row.get("LineItems")
    first = lines[0] if isinstance(lines, list) and lines else None
    words = str(first.get("Description") or "") if isinstance(first, Mapping) else ""
    elsewhere = f"{row.get('InvoiceNumber') or ''} {row.get('Url') or ''}"
    note = read_marks(text, elsewhere)
    if note.document_key is not None:
        return note
    within = read_marks(words)
    return within if within.document_key is not None else read_marks(text, f"{elsewhere} {words}")
