"""Which revision of a refund's or charge's documents a document in the books is: its key says so, and can only be tried."""

from __future__ import annotations

from connector.planning.case import Books
from connector.planning.keys import document_key, part_key
from connector.planning.model import REFUND_TYPES

MOST_REVISIONS = 20
# Documents of these kinds have parts, by which their keys differ.
PARTS: dict[str, tuple[str, ...]] = {
    "fee": ("refund", "failure", ""),
    "reversal": (*REFUND_TYPES, "fee", "exchange", "invoice", "sales_receipt", "payment"),
    "exchange": ("", "failure"),
}


# What may be a further write of another document, and as which part of it.
FURTHER: dict[str, tuple[str, ...]] = {
    "application": ("application", "allocated", "unallocated", "unpaid", "paid_again", "overpaid"),
    "exchange": ("exchange",),
    "reversal": ("voided_invoice",),
}
KINDS = (*REFUND_TYPES, "reversal", "invoice", "payment", "sales_receipt")


def revision_of(books: Books, name: str, refund_id: str, kind: str | None, key: str) -> int | None:
    """Which revision of the refund's documents this is: the key says so, and can only be tried. A further write of a
    document (a link, the invoice of a void that is taken back) has a key that is made of the document's."""
    for revision in range(1, MOST_REVISIONS + 1):
        for part in PARTS.get(kind or "", ("",)):
            if key == document_key(books.name, name, books.account, refund_id, kind or "", part, revision):
                return revision
    if kind not in FURTHER:
        return None
    for revision in range(1, MOST_REVISIONS + 1):
        for base in KINDS:
            for part in PARTS.get(base, ("",)):
                made_of = document_key(books.name, name, books.account, refund_id, base, part, revision)
                if key in [part_key(name, made_of, further) for further in FURTHER[kind]]:
                    return revision
    return None
