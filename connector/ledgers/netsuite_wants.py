"""What the settings ask of a NetSuite account."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from connector.planning.values import value

# What each refund type is written as, and what its reversal is.
RECORDS_OF_TYPE = {
    "credit_memo": ("creditMemo", "invoice", "customerPayment"),
    "credit_card_refund": ("customerRefund", "invoice", "customerPayment"),
    "refund_payout": ("customerRefund", "invoice", "customerPayment"),
    "refund_receipt": ("cashRefund", "cashSale"),
    "void": ("creditMemo", "invoice", "customerPayment"),
    "reopen_invoice": ("customerPayment", "customerRefund", "invoice"),
}
RECORDS_OF_SALES = {
    "sales_receipt": ("cashSale", "cashRefund", "customer"),
    "invoice_and_payment": ("invoice", "customerPayment", "creditMemo", "customerRefund", "customer"),
}


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

    @property
    def records(self) -> frozenset[str]:
        """The record types that may be written, what takes a document back included."""
        written = [record for kind in self.types for record in RECORDS_OF_TYPE.get(kind, ())]
        fees = ("journalEntry",) if self.fees else ()
        return frozenset((*written, *fees, *RECORDS_OF_SALES.get(self.sales, ())))
