"""What QuickBooks Online can do. It stands by itself, so that settings are checked without loading the adapter."""

from connector.ledgers.contract import Capabilities
from connector.planning.model import REFUND_TYPES

QUICKBOOKS_ONLINE = Capabilities(
    kind="quickbooks_online",
    refund_types=frozenset(REFUND_TYPES),
    number_length=21,
    short_id_length=10,
    concurrency=10,
    settle_after_s=120,
    throttle_wait_ms=60_000,
    lines_by_item=True,
    receivable_lines=False,
    refuses_numbers=True,
    makes_customers=True,
)
