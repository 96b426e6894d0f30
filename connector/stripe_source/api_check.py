"""What `check` asks of Stripe: what the key may read, and whether the schedule fits Stripe's monthly allowance.

https://docs.stripe.com/keys/restricted-api-keys, https://docs.stripe.com/rate-limits (read allocations)
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.errors import LedgerDown
from connector.stripe_source.api_changes import EVENTS
from connector.stripe_source.api_errors import KEY_REFUSED
from connector.stripe_source.api_lists import CHARGES, DAY, PAGE_SIZE, REFUNDS, RELATED, Reader, read_list

# What a key must be able to read, by the permission's name in the Dashboard, and what is not known without it.
NEEDED: tuple[tuple[str, str, str], ...] = (
    (CHARGES.path, "Charges and Refunds", "no charge and no refund can be read"),
    (REFUNDS.path, "Charges and Refunds", "no charge and no refund can be read"),
    (
        "/v1/balance_transactions",
        "Balance transaction sources",
        "what a charge or refund moved on the Stripe balance, its fee and its day are not known",
    ),
    (EVENTS, "Events", "a refund that fails later is only seen by the daily reading"),
    ("/v1/payment_intents", "PaymentIntents", "refunds that name no charge find none, nor order numbers"),
    ("/v1/invoices", "Invoices", "invoice numbers and what was sold by invoice are not known"),
    ("/v1/invoice_payments", "Invoices", "which charge paid which invoice is not known"),
    ("/v1/credit_notes", "Credit notes", "what a refund took back of an invoice is not known"),
    ("/v1/checkout/sessions", "Checkout Sessions", "what was sold by checkout is not known"),
    ("/v1/customers", "Customers", "customers are only known by the name on the charge"),
    ("/v1/products", "Products", "SKUs are not known"),
    ("/v1/prices", "Prices", "lookup keys are not known"),
    ("/v1/disputes", "Disputes", "what disputes took from the Stripe balance is not listed"),
)
# Stripe allows so many reads for each transaction of the last 30 days, and so many in any case.
READS_PER_TRANSACTION, LEAST_READS = 500, 10_000
MONTH_S = 30 * DAY
# Requests of a pull: with nothing new; more where there is something; each day, besides its pages.
QUIET_READS, LIVELY_READS, DAILY_READS = 3, 9, 8
MOST_COUNTED_PAGES = 20


@dataclass(frozen=True, slots=True)
class Allowance:
    """Reads a month: about how many the schedule makes, and how many Stripe allows for `charges` in 30 days."""

    reads: int
    allowed: int
    charges: int

    @property
    def exceeded(self) -> bool:
        return self.reads > self.allowed


def check_access(read: Reader) -> list[str]:
    """What the key may not read and what is missing without it, one sentence for each permission.

    One read a resource. Raises `LedgerDown` where Stripe cannot be asked, or the key is wrong altogether.
    """
    problems: dict[str, str] = {}
    for path, permission, lacking in NEEDED:
        try:
            read(path, {"limit": 1})
        except LedgerDown as error:
            if error.code != "unauthorised":
                raise
            if str(error).startswith(KEY_REFUSED):
                return [str(error)]
            told = f'{error}. Give the key "Read" on {permission}; without it {lacking}'
            problems.setdefault(permission, told)
    return list(problems.values())


def estimate_reads(read: Reader, now: int, runs_a_month: int) -> Allowance:
    """About how many reads a month the schedule makes; charges are counted up to a few thousand."""
    charges = 0
    query = {"created": {"gte": now - MONTH_S}}
    for page, pairs in enumerate(read_list(read, CHARGES.path, query), start=1):
        charges += len(pairs)
        if page == MOST_COUNTED_PAGES:
            break
    lists = 1 + len(RELATED)
    daily = DAILY_READS + lists * (charges * 3 // 2) // PAGE_SIZE
    reads = runs_a_month * QUIET_READS + min(runs_a_month, charges) * LIVELY_READS + 30 * daily
    return Allowance(reads, max(LEAST_READS, READS_PER_TRANSACTION * charges), charges)
