"""What Xero can do. It stands by itself, so that settings are checked without loading the adapter."""

from connector.ledgers.contract import Capabilities
from connector.planning.model import CASH_LEGS, REFUND_TYPES

XERO = Capabilities(
    kind="xero",
    refund_types=frozenset(REFUND_TYPES),
    number_length=255,
    short_id_length=10,
    batch_size=50,
    concurrency=5,
    # As long as Xero may still carry a request out that it has an idempotency key of.
    settle_after_s=360,
    throttle_wait_ms=5_000,
    makes_customers=True,
    # A void cannot be voided, and a payment that was taken off an invoice is put on it again.
    voids=frozenset(
        {"credit_memo", "refund_receipt", "invoice", "payment", "sales_receipt", "fee", "exchange"}
    )
    | CASH_LEGS,
    payments_need_forms=True,
    receivable_lines=False,
    refuses_numbers=True,
    receipts_in_clearing_currency=True,
)
