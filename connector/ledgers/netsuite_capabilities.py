"""What NetSuite can do. It stands by itself, so that settings are checked without loading the adapter."""

from connector.ledgers.contract import Capabilities
from connector.planning.model import REFUND_TYPES

NETSUITE = Capabilities(
    kind="netsuite",
    refund_types=frozenset(REFUND_TYPES),
    number_length=45,
    short_id_length=10,
    # The smallest accounts take five requests at once, of all their integrations together.
    concurrency=4,
    # As long as NetSuite may work on a request that nobody waits for any more: a second external id is refused, but what
    # would be given up meanwhile, as a refund that failed, could still be written.
    # https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_1559222360.html
    settle_after_s=900,
    shows_all_after_s=30,
    throttle_wait_ms=800,
    lines_by_item=True,
    receivable_lines=False,
    makes_customers=True,
    # A refund and a payment name what they pay when they are written.
    payments_need_forms=True,
    pays_what_came_back=True,
)
