"""Copies that persons made of our documents in Xero: a copy takes the Reference along, and our key with it.

A credit note or invoice is ours where its own number is the one that its marks tell. One that went without a number of
ours has another too, so what bears another number is ours where nothing else that stands bears the key.
https://developer.xero.com/documentation/api/accounting/creditnotes
"""

from __future__ import annotations

from connector.ledgers.contract import Found
from connector.ledgers.json_wire import Row
from connector.ledgers.xero_marks import bears_own_number


class Copies:
    """Of one list, as it is read page by page: what may be a copy waits for the last page."""

    def __init__(self) -> None:
        self.standing: set[str] = set()
        self.doubtful: list[Found] = []

    def without(self, hit: Found, row: Row) -> list[Found]:
        """The document, unless it may be a copy."""
        if hit.document_key is None:
            return [hit]
        if not bears_own_number(row):
            self.doubtful.append(hit)
            return []
        if not hit.voided:
            self.standing.add(hit.document_key)
        return [hit]

    def that_stand_for_ours(self) -> list[Found]:
        """Of the doubtful those of which no other stands: where ours was voided, a copy that stands is in its place."""
        return [hit for hit in self.doubtful if hit.document_key not in self.standing]
