"""What stands in the Reference of a document in Xero: a word for people, Stripe ids, our key and our marks.

An overpayment has no Reference: there it is the description of its line.
https://developer.xero.com/documentation/api/accounting/creditnotes (and its neighbours)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.ledgers.marks import Note, ids_of, marks_of, read_marks
from connector.planning.model import Document

LONGEST = 255
# What a narration ends with where the true day lies in a closed period.
TRUE_DATE = re.compile(r"\[(\d{4}-\d{2}-\d{2})\]$")


def write_reference(document: Document) -> str:
    """Number, Stripe ids, key and marks. Where that is too long the lines of the sale go first, then the number for
    people, then the one in the marks, then the sale's; the ids, the key and the kind always fit."""
    must = " ".join(ids_of(document))
    head = re.sub(r"[;\[\]]", " ", document.number or "").strip()
    true_date = TRUE_DATE.search(document.narration)
    if true_date is not None:
        must = f"of {true_date[1]} {must}"
    choices = (
        (head, must, marks_of(document)),
        (head, must, marks_of(document, lines=False)),
        (must, marks_of(document, lines=False)),
        (must, marks_of(document, ("sale",), lines=False)),
        (must, marks_of(document, (), lines=False)),
    )
    texts = [" ".join(part for part in parts if part) for parts in choices]
    return next((text for text in texts if len(text) <= LONGEST), texts[-1])


def bears_own_number(row: Mapping[str, Any]) -> bool:
    """Whether a document of ours has the number that its marks tell, or is of a kind without one. A person's copy has not,
    since it takes the Reference along and no number twice; and not what went without a number of ours."""
    number = str(row.get("CreditNoteNumber") or row.get("InvoiceNumber") or "")
    told = read_reference(row).number
    return not number or told is None or number.strip() == told.strip()


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
