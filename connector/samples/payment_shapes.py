"""The JSON of charges, payment intents and balance transactions as API 2026-10-28.endive has it.

Facts come in, new dictionaries come out: https://docs.stripe.com/api/charges/object and its neighbours.
"""

from __future__ import annotations

from connector.samples.catalogue import DAY, QUARTER_END, Json
from connector.samples.dice import Dice

_CARD_LAST4 = {"visa": "4242", "mastercard": "4444", "amex": "8431"}
CARDS = tuple(_CARD_LAST4)


def _card_details(dice: Dice, brand: str, amount: int, country: str, wallet: str | None) -> Json:
    wallet_details: Json | None = None
    if wallet is not None:
        wallet_details = {wallet: {}, "dynamic_last4": dice.digits(4), "type": wallet}
    return {
        "amount_authorized": amount,
        "brand": brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": "pass" if country == "US" else None,
            "cvc_check": None if wallet else "pass",
        },
        "country": country,
        "exp_month": dice.between(1, 12),
        "exp_year": dice.between(2027, 2030),
        "fingerprint": dice.letters(16),
        "funding": dice.pick(("credit", "credit", "debit")),
        "installments": None,
        "last4": _CARD_LAST4[brand],
        "mandate": None,
        "network": brand,
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "wallet": wallet_details,
    }


def method_details(dice: Dice, method: str, amount: int, country: str, wallet: str | None) -> Json:
    """`payment_method_details` of a method as Stripe names it; a card brand stands for `card`."""
    if method in CARDS:
        return {"card": _card_details(dice, method, amount, country, wallet), "type": "card"}
    if method == "us_bank_account":
        details: Json = {
            "account_holder_type": dice.pick(("company", "individual")),
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "fingerprint": dice.letters(16),
            "last4": "6789",
            "mandate": dice.object_id("mandate"),
            "payment_reference": dice.digits(15),
            "routing_number": "110000000",
        }
    elif method == "sepa_debit":
        details = {
            "bank_code": "37040044",
            "branch_code": "",
            "country": "DE",
            "fingerprint": dice.letters(16),
            "last4": "3000",
            "mandate": dice.object_id("mandate"),
        }
    else:
        details = {"store": {"chain": "lawson"}} if method == "konbini" else {}
    return {method: details, "type": method}


def approved(dice: Dice, card: bool) -> Json:
    """`outcome` of a payment that went through."""
    outcome: Json = {"advice_code": None, "network_advice_code": None, "network_decline_code": None}
    outcome.update(network_status="approved_by_network", reason=None)
    if card:
        outcome.update(risk_level="normal", risk_score=dice.between(3, 58))
    else:
        outcome.update(risk_level="not_assessed")
    return {**outcome, "seller_message": "Payment complete.", "type": "authorized"}


def declined(dice: Dice, code: str, network_code: str) -> Json:
    """`outcome` of a card payment that its bank refused."""
    return {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": network_code,
        "network_status": "declined_by_network",
        "reason": code,
        "risk_level": "normal",
        "risk_score": dice.between(20, 64),
        "seller_message": f"The bank returned the decline code `{code}`.",
        "type": "issuer_declined",
    }


def billing_details(name: str | None, email: str | None, country: str) -> Json:
    address = {"city": None, "country": country, "line1": None, "line2": None, "postal_code": None}
    return {
        "address": {**address, "state": None},
        "email": email,
        "name": name,
        "phone": None,
        "tax_id": None,
    }


def charge_object(
    *,
    charge_id: str,
    amount: int,
    currency: str,
    created: int,
    customer: str | None,
    description: str | None,
    metadata: dict[str, str],
    payment_intent: str | None,
    payment_method: str,
    billing: Json,
    details: Json,
    outcome: Json,
    captured: bool = True,
    status: str = "succeeded",
) -> Json:
    """https://docs.stripe.com/api/charges/object; what it does to the balance is filled in afterwards."""
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if captured else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": billing,
        "calculated_statement_descriptor": "ACME BOOKS" if "card" in details else None,
        "captured": captured,
        "created": created,
        "currency": currency,
        "customer": customer,
        "description": description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": metadata,
        "on_behalf_of": None,
        "outcome": outcome,
        "paid": status != "failed",
        "payment_intent": payment_intent,
        "payment_method": payment_method,
        "payment_method_details": details,
        "radar_options": {},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        **dict.fromkeys(("source", "source_transfer", "statement_descriptor", "statement_descriptor_suffix")),
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }


def intent_object(
    charge: Json, intent_id: str, metadata: dict[str, str], order_reference: str | None
) -> Json:
    """The payment intent whose latest attempt is `charge`: https://docs.stripe.com/api/payment_intents/object"""
    captured, status = charge["captured"], charge["status"]
    state = {"succeeded": "succeeded", "pending": "processing", "failed": "requires_payment_method"}[status]
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": charge["amount"],
        "amount_capturable": 0 if captured or status == "failed" else charge["amount"],
        "amount_details": {"tip": {}},
        "amount_received": charge["amount_captured"] if status == "succeeded" else 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic" if captured or status == "failed" else "manual",
        "confirmation_method": "automatic",
        "created": charge["created"] - 1,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "description": charge["description"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_details": {"customer_reference": None, "order_reference": order_reference},
        "payment_method": charge["payment_method"],
        "payment_method_types": [charge["payment_method_details"]["type"]],
        "processing": None,
        "receipt_email": None,
        "setup_future_usage": None,
        "shipping": None,
        "status": "requires_capture" if status == "succeeded" and not captured else state,
        "transfer_data": None,
        "transfer_group": None,
    }


def balance_transaction_object(
    *,
    balance_transaction_id: str,
    amount: int,
    fee: int,
    currency: str,
    created: int,
    category: str,
    kind: str,
    source: str,
    description: str | None,
    exchange_rate: float | None = None,
    fee_words: str = "Stripe processing fees",
    days_to_funds: int = 0,
) -> Json:
    """https://docs.stripe.com/api/balance_transactions/object; funds are there at a midnight in UTC."""
    available_on = created if days_to_funds == 0 else (created // DAY + days_to_funds) * DAY
    detail = {"amount": fee, "application": None, "currency": currency, "description": fee_words}
    return {
        "id": balance_transaction_id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": description,
        "exchange_rate": exchange_rate,
        "fee": fee,
        "fee_details": [{**detail, "type": "stripe_fee"}] if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available" if available_on <= QUARTER_END else "pending",
        "type": kind,
    }
