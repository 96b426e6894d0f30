"""The JSON of refunds and disputes as API 2026-10-28.endive has it.

A refund's keys that are unset are absent, as Stripe leaves them out: https://docs.stripe.com/api/refunds/object
"""

from __future__ import annotations

from connector.samples.catalogue import DAY, QUARTER_END, Json
from connector.samples.dice import Dice

_REFUND_DESTINATION = {"konbini": "jp_bank_transfer", "customer_balance": "eu_bank_transfer"}
_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def _destination(dice: Dice, method: str, charge_created: int, created: int) -> Json:
    """A card's reference number arrives about a week later; a refund within the hour is a reversal."""
    if method == "card":
        if created - charge_created < DAY // 24:
            return {"card": {"type": "reversal"}, "type": "card"}
        card: Json = {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
        if created + 7 * DAY < QUARTER_END:
            card = {"reference": f"7{dice.digits(22)}", **card, "reference_status": "available"}
        return {"card": {**card, "type": "refund"}, "type": "card"}
    name = _REFUND_DESTINATION.get(method)
    if name is None:
        return {"type": method}
    return {name: {"reference": None, "reference_status": "pending"}, "type": name}


def refund_object(
    dice: Dice, charge: Json, *, refund_id: str, amount: int, created: int, status: str, reason: str | None
) -> Json:
    """https://docs.stripe.com/api/refunds/object"""
    method = charge["payment_method_details"]["type"]
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": _destination(dice, method, charge["created"], created),
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def dispute_object(
    charge: Json, *, dispute_id: str, amount: int, created: int, reason: str, status: str
) -> Json:
    """https://docs.stripe.com/api/disputes/object; a status that begins with `warning` is an inquiry."""
    brand = charge["payment_method_details"]["card"]["brand"]
    inquiry = status.startswith("warning")
    eligibility: Json = {"enhanced_eligibility": {}, "has_evidence": status in ("won", "lost")}
    code = "10.4" if brand == "visa" else "4853"
    case = {"brand": brand, "case_type": "inquiry" if inquiry else "chargeback", "network": brand}
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": (created // DAY + 14) * DAY - 1,
            **eligibility,
            "past_due": False,
            "submission_count": 1 if status in ("won", "lost") else 0,
            "submission_method": "manual" if status in ("won", "lost") else "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": {**case, "network_reason_code": code}, "type": "card"},
        "reason": reason,
        "status": status,
    }
