"""What the connector knows of Stripe's objects: facts, read from whichever version of the API they came in.

Everything here is a frozen value. Amounts are whole minor units as Stripe counts them (`amount_minor`) beside a
lower-case currency; `created` is Stripe's second since 1970 in UTC. Object shapes: https://docs.stripe.com/api (see
`stripe_source/parse.py` for what is read from which version).
"""

from __future__ import annotations

from dataclasses import field

from connector.planning.values import value


@value(frozen=True, slots=True)
class BalanceTransaction:
    """What a charge, refund or failure did to the Stripe balance; `net_minor` = `amount_minor` - `fee_minor`.

    `exchange_rate`, where there was one, is exact text: minor units charged times it are the minor units moved.
    """

    balance_transaction_id: str
    created: int
    amount_minor: int
    fee_minor: int
    currency: str
    category: str
    source_id: str | None = None
    exchange_rate: str | None = None


@value(frozen=True, slots=True)
class Charge:
    """`payment_method` is Stripe's word (card, us_bank_account ...); `defect` says why the object cannot be used.

    Of a platform's charge for a connected account: the transfer that it made and the fee that the platform took.
    """

    charge_id: str
    created: int
    amount_minor: int
    captured_minor: int
    currency: str
    status: str
    captured: bool
    payment_method: str = ""
    payment_intent_id: str | None = None
    invoice_id: str | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_email: str | None = None
    description: str | None = None
    balance_transaction_id: str | None = None
    failure_balance_transaction_id: str | None = None
    disputed: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    defect: str | None = None
    transfer_id: str | None = None
    application_fee_id: str | None = None


@value(frozen=True, slots=True)
class Refund:
    """One refund; `amount_minor` is 0 where `defect` says that the object cannot be used.

    `transfer_reversal_id` is set where the platform took its transfer back, `source_transfer_reversal_id` on the
    connected account's side of that.
    """

    refund_id: str
    created: int
    amount_minor: int
    currency: str
    status: str
    charge_id: str | None = None
    payment_intent_id: str | None = None
    reason: str | None = None
    balance_transaction_id: str | None = None
    failure_balance_transaction_id: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    defect: str | None = None
    transfer_reversal_id: str | None = None
    source_transfer_reversal_id: str | None = None


@value(frozen=True, slots=True)
class PaymentIntent:
    """`lines` are None where the copy that was read does not tell them: it holds them only when they are asked for."""

    payment_intent_id: str
    created: int
    latest_charge_id: str | None = None
    invoice_id: str | None = None
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    lines: tuple[LineFact, ...] | None = None


@value(frozen=True, slots=True)
class LineFact:
    """One line of an invoice, checkout session or credit note.

    `net_minor` is after discounts and without tax, whether the tax was inclusive or exclusive; `tax_minor` is the
    line's tax; `tax_rate_id` the first tax rate's id. `invoice_line_id` is set on a credit note's line that names one.
    """

    line_id: str
    description: str
    net_minor: int
    tax_minor: int
    quantity: str | None = None
    sku: str | None = None
    price_id: str | None = None
    lookup_key: str | None = None
    product_id: str | None = None
    tax_rate_id: str | None = None
    invoice_line_id: str | None = None


@value(frozen=True, slots=True)
class Invoice:
    invoice_id: str
    created: int
    number: str | None
    currency: str
    total_minor: int
    status: str
    customer_id: str | None = None
    charge_id: str | None = None
    payment_intent_id: str | None = None
    lines: tuple[LineFact, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@value(frozen=True, slots=True)
class InvoicePayment:
    invoice_payment_id: str
    created: int
    invoice_id: str
    amount_minor: int
    status: str
    payment_intent_id: str | None = None
    charge_id: str | None = None


@value(frozen=True, slots=True)
class CreditNote:
    """`refunds` are (refund id, minor units of that refund which this note explains); None where the note has none."""

    credit_note_id: str
    created: int
    invoice_id: str
    currency: str
    total_minor: int
    status: str
    number: str | None = None
    refunds: tuple[tuple[str, int], ...] = ()
    lines: tuple[LineFact, ...] = ()


@value(frozen=True, slots=True)
class CheckoutSession:
    checkout_session_id: str
    created: int
    payment_intent_id: str | None = None
    client_reference_id: str | None = None
    lines: tuple[LineFact, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@value(frozen=True, slots=True)
class Customer:
    customer_id: str
    created: int
    name: str | None = None
    email: str | None = None


@value(frozen=True, slots=True)
class Dispute:
    """A dispute; its balance transactions say what it took and gave back, fees and all."""

    dispute_id: str
    created: int
    charge_id: str
    amount_minor: int
    currency: str
    status: str
    balance_transactions: tuple[BalanceTransaction, ...] = ()


@value(frozen=True, slots=True)
class Product:
    product_id: str
    created: int
    name: str = ""
    sku: str | None = None


@value(frozen=True, slots=True)
class Price:
    price_id: str
    created: int
    product_id: str | None = None
    lookup_key: str | None = None


@value(frozen=True, slots=True)
class TransferReversal:
    """What a platform took back of a transfer to a connected account: https://docs.stripe.com/api/transfer_reversals."""

    transfer_reversal_id: str
    created: int
    amount_minor: int
    currency: str
    transfer_id: str
    refund_id: str | None = None
    balance_transaction_id: str | None = None


@value(frozen=True, slots=True)
class ApplicationFeeRefund:
    """What a platform gave back of its fee: https://docs.stripe.com/api/fee_refunds."""

    fee_refund_id: str
    created: int
    amount_minor: int
    currency: str
    application_fee_id: str
    balance_transaction_id: str | None = None


Fact = (
    BalanceTransaction
    | Charge
    | Refund
    | PaymentIntent
    | Invoice
    | InvoicePayment
    | CreditNote
    | CheckoutSession
    | Customer
    | Dispute
    | Product
    | Price
    | TransferReversal
    | ApplicationFeeRefund
)
