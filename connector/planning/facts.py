"""What rules may ask about a refund: facts, the values they can have, and Stripe's words for ways to pay."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from connector.planning.values import value

SaleFact = Literal["invoice", "sales_receipt", "payment", "none"]
PaymentFact = Literal["applied", "unapplied", "absent"]
PaidFact = Literal["none", "part", "all"]
RefundFact = Literal["full", "partial"]
Method = Literal["card", "bank", "other"]

# The facts that can have only a few values, with those values in the order in which people think of them.
FACT_VALUES: Mapping[str, tuple[str | bool, ...]] = MappingProxyType(
    {
        "sale": ("invoice", "sales_receipt", "payment", "none"),
        "payment": ("applied", "unapplied", "absent"),
        "invoice_paid": ("none", "part", "all"),
        "refund": ("full", "partial"),
        "closes_charge": (True, False),
        "method": ("card", "bank", "other"),
        "ledger": (
            "quickbooks_online",
            "quickbooks_desktop",
            "xero",
            "netsuite",
            "beancount",
        ),
    }
)
FACT_NAMES: tuple[str, ...] = (
    "sale",
    "payment",
    "invoice_paid",
    "refund",
    "closes_charge",
    "method",
    "payment_method",
    "reason",
    "currency",
    "amount",
    "metadata",
    "charge_age_days",
    "ledger",
)

# Stripe's words: https://docs.stripe.com/payments/payment-methods/overview. A wallet that carries a card is
# `card` at Stripe; the wallets named here are words of their own and always stand for a card. Link, Amazon
# Pay and their like may stand for a bank account too, so they are `other`.
_CARDS = "card card_present interac_present kr_card apple_pay google_pay mobilepay samsung_pay"
_DIRECT_DEBITS = "ach_debit acss_debit au_becs_debit bacs_debit nz_bank_account sepa_debit us_bank_account"
_TRANSFERS = (
    "ach_credit_transfer sepa_credit_transfer multibanco customer_balance "
    "bank_transfer eu_bank_transfer gb_bank_transfer jp_bank_transfer mx_bank_transfer us_bank_transfer"
)
_REDIRECTS = "bancontact blik eps fpx giropay ideal p24 sofort twint wero"
_ACCOUNT_TO_ACCOUNT = "bizum pay_by_bank paynow payto pix promptpay swish upi"
_OTHERS = (
    "affirm afterpay_clearpay alipay alma amazon_pay billie boleto cashapp crypto grabpay kakao_pay klarna "
    "konbini link mb_way naver_pay oxxo payco paypal paypay revolut_pay satispay scalapay sequra "
    "stripe_account sunbit wechat wechat_pay zip"
)
CARD_METHODS = frozenset(_CARDS.split())
BANK_METHODS = frozenset(f"{_DIRECT_DEBITS} {_TRANSFERS} {_REDIRECTS} {_ACCOUNT_TO_ACCOUNT}".split())
STRIPE_METHODS = CARD_METHODS | BANK_METHODS | frozenset(_OTHERS.split())
# https://docs.stripe.com/api/refunds/object#refund_object-reason; the last one is Stripe's own doing.
STRIPE_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "expired_uncaptured_charge")


def method_of(payment_method: str) -> Method:
    """Card, bank or other, from Stripe's word for how a charge was paid; an unknown word is `other`."""
    if payment_method in CARD_METHODS:
        return "card"
    return "bank" if payment_method in BANK_METHODS else "other"


@value(frozen=True, slots=True)
class Facts:
    """What rules may ask about one refund in one ledger.

    A sales receipt is its own payment: `payment` is `applied`; `invoice_paid` is `none` for every sale that
    is not an invoice. `amount` is `amount_minor` in major units of `currency`, given by the caller; `ledger`
    is a ledger kind; `charge_age_days` are whole days from the charge to the refund.
    """

    sale: SaleFact
    payment: PaymentFact
    invoice_paid: PaidFact
    refund: RefundFact
    closes_charge: bool
    method: Method
    payment_method: str
    reason: str | None
    currency: str
    amount_minor: int
    amount: Decimal
    metadata: dict[str, str]
    charge_age_days: int
    ledger: str

    def to_json(self) -> dict[str, Any]:
        """A dict that `json` can write, with the names that rules use; what is empty is left out."""
        record: dict[str, Any] = {
            "sale": self.sale,
            "payment": self.payment,
            "invoice_paid": self.invoice_paid,
            "refund": self.refund,
            "closes_charge": self.closes_charge,
            "method": self.method,
            "payment_method": self.payment_method,
            "currency": self.currency,
            "amount_minor": self.amount_minor,
            "amount": str(self.amount),
            "charge_age_days": self.charge_age_days,
            "ledger": self.ledger,
        }
        if self.reason is not None:
            record["reason"] = self.reason
        if self.metadata:
            record["metadata"] = dict(self.metadata)
        return record

    @staticmethod
    def from_json(record: Mapping[str, Any]) -> Facts:
        """The facts that `to_json` wrote; KeyError where it did not write them."""
        return Facts(
            sale=record["sale"],
            payment=record["payment"],
            invoice_paid=record["invoice_paid"],
            refund=record["refund"],
            closes_charge=record["closes_charge"],
            method=record["method"],
            payment_method=record["payment_method"],
            reason=record.get("reason"),
            currency=record["currency"],
            amount_minor=record["amount_minor"],
            amount=Decimal(record["amount"]),
            metadata=dict(record.get("metadata", {})),
            charge_age_days=record["charge_age_days"],
            ledger=record["ledger"],
        )
