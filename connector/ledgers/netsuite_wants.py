"""What the settings ask of a NetSuite account."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from connector.planning.values import value


@value(frozen=True, slots=True)
class Wants:
    """The form of the sales that are posted (or `find`), whether fees are booked, the refund types that are on, whether a
    rule makes credit memos. Documents are looked for from `start` on.

    `account_id` is the account's own id; what was remembered of another one is of no use. `subsidiary` is the one that
    the settings name, by name or id. `document_key_field` is a custom body field into which the document key is written
    too. `void_restlet` is the address of the RESTlet that voids, where the settings name one. `zone` is that of the books.
    """

    start: date
    sales: str = "find"
    fees: bool = False
    types: frozenset[str] = frozenset()
    account_id: str = ""
    subsidiary: str | None = None
    document_key_field: str | None = None
    void_restlet: str | None = None
    leaves_memos: bool = False
    zone: ZoneInfo | None = None

    @property
    def posts_sales(self) -> bool:
        return self.sales != "find"
