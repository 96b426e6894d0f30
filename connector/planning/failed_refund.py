"""What a failed refund leaves to do for its customer, in words: refunds of the charge that came after it may have paid."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.case import is_live
from connector.planning.sentences import money, resolve_command
from connector.planning.stripe_facts import Charge, Refund


def after_failure(
    refund: Refund, charge: Charge | None, siblings: Sequence[Refund], ledger: str, credit_open: bool
) -> tuple[str, str]:
    """The sentence and the action of a reversed refund, as its charge stands now.

    `siblings` are all refunds of the charge; `credit_open`: `owe_customer` left a credit in the books, its credit memo or
    the money that came back as an overpayment, which the next refunds pay out.
    """
    failed = f"Stripe says {refund.status}"
    acknowledge = resolve_command(refund.refund_id, ledger, "--skip")
    live = [r for r in siblings if is_live(r)]
    later = [r for r in live if (r.created, r.refund_id) > (refund.created, refund.refund_id)]
    if not later:
        kept = "; the credit stays open for the customer" if credit_open else ""
        return (
            f"{failed}: the customer has not got the money{kept}",
            f"pay the customer another way, then: {acknowledge}",
        )
    shown = " and ".join(told(r) for r in later)
    ids = " and ".join(r.refund_id for r in later)
    paid = sum(r.amount_minor for r in later)
    arrived = all(r.status == "succeeded" for r in later)
    if credit_open and paid <= refund.amount_minor:
        if paid == refund.amount_minor and arrived:
            return (
                f"{failed}; its credit is paid out by {shown}",
                f"pay nothing more; acknowledge it with: {acknowledge}",
            )
        left = money(refund.amount_minor - paid, refund.currency)
        return (
            f"{failed}: of its credit {left} stay open for the customer, and {shown} pays out the rest",
            f"pay the customer what stays open, then: {acknowledge}",
        )
    returned = sum(r.amount_minor for r in live if r.status == "succeeded")
    if charge is not None and arrived and returned >= charge.captured_minor > 0:
        return (
            f"{failed}; with {shown}, made after it, the customer has got the whole charge back",
            f"pay nothing more; acknowledge it with: {acknowledge}",
        )
    kept = "; the credit stays open" if credit_open else ""
    return (
        f"{failed}: the customer has not got this money, unless {shown}, made after it, was for it{kept}",
        f"if {ids} was not for it, pay the customer another way; then: {acknowledge}",
    )


def told(refund: Refund) -> str:
    status = "" if refund.status == "succeeded" else f" ({refund.status.replace('_', ' ')})"
    return f"refund {refund.refund_id} of {money(refund.amount_minor, refund.currency)}{status}"
