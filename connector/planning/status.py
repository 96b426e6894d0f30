"""The status of payments and invoices, derived from Stripe's facts. It shows; it never posts anything."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.refund_plan import is_live
from connector.planning.stripe_facts import Charge, Invoice, Refund


def refunded_minor(refunds: Sequence[Refund]) -> int:
    """What of a charge went back, or is on its way back."""
    return sum(refund.amount_minor for refund in refunds if is_live(refund))


def payment_status(charge: Charge, refunds: Sequence[Refund]) -> str:
    """Paid, Partially refunded or Refunded."""
    back = refunded_minor(refunds)
    if back >= charge.captured_minor > 0:
        return "Refunded"
    return "Partially refunded" if back else "Paid"


def invoice_status(
    invoice: Invoice, charges: Sequence[tuple[Charge, Sequence[Refund]]], mode: str
) -> tuple[str, int]:
    """The status and the refunded minor units of an invoice, by the setting `invoice_status`.

    refunded: one wholly refunded charge of several makes it Refunded, a partial refund leaves it Paid. reopened: a
    refund takes it back to Unpaid. paid: refunds do not change it.
    """
    back = sum(refunded_minor(refunds) for _, refunds in charges)
    if invoice.status != "paid":
        return {"void": "Void", "uncollectible": "Uncollectible", "draft": "Draft"}.get(
            invoice.status, "Unpaid"
        ), back
    if mode == "reopened" and back:
        return "Unpaid", back
    if mode == "refunded" and any(payment_status(c, refunds) == "Refunded" for c, refunds in charges):
        return "Refunded", back
    return "Paid", back
