"""One reader for each kind of Stripe object that is used: the object's fact and the ids it is looked up by.

A reader takes the object's id, the object and its name for sentences ("refund re_1"), and raises `Defective`
where there can be no fact. What is read from which version is told in `parse`.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.planning.stripe_facts import (
    ApplicationFeeRefund,
    BalanceTransaction,
    Charge,
    CheckoutSession,
    CreditNote,
    Customer,
    Dispute,
    Fact,
    Invoice,
    InvoicePayment,
    PaymentIntent,
    Price,
    Product,
    Refund,
    TransferReversal,
)
from connector.stripe_source.parse_amount_details import payment_lines
from connector.stripe_source.parse_fields import (
    LARGEST_AMOUNT,
    Defective,
    Raw,
    amount_sentence,
    created_of,
    currency_of,
    entries,
    metadata,
    number_text,
    reference,
    required,
    shown,
    text,
    whole_amount,
)
from connector.stripe_source.parse_lines import document_lines, session_lines

ABOVE_ZERO = "a whole number of minor units above zero"
Read = tuple[Fact, tuple[str | None, ...]]

# What Stripe calls these types in reports, for objects from exports that leave the category out
# (https://docs.stripe.com/reports/reporting-categories).
CATEGORY_OF_TYPE = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "payment_failure_refund": "charge_failure",
    "adjustment": "other_adjustment",
}


def _balance_transaction(object_id: str, raw: Raw, owner: str) -> Read:
    amount = whole_amount(raw, "amount", owner)
    fee = whole_amount(raw, "fee", owner) if "fee" in raw else 0
    if raw.get("net", amount - fee) != amount - fee:
        raise Defective(
            f"stripe_object_missing: {owner} has net {shown(raw['net'])}, not its amount less its fee."
        )
    kind = text(raw.get("type")) or ""
    source = reference(raw.get("source"))
    fact = BalanceTransaction(
        balance_transaction_id=object_id,
        created=created_of(raw, owner),
        amount_minor=amount,
        fee_minor=fee,
        currency=currency_of(raw, owner),
        category=text(raw.get("reporting_category")) or CATEGORY_OF_TYPE.get(kind, kind),
        source_id=source,
        exchange_rate=number_text(raw.get("exchange_rate")),
    )
    return fact, (source,)


def _basics(raw: Raw, owner: str) -> tuple[int, int, str, str, str | None]:
    """What a refund or charge must have: created, amount, currency, status; and what of it is wrong."""
    created = 0
    amount, currency, status = raw.get("amount"), raw.get("currency"), raw.get("status")
    try:
        created = created_of(raw, owner)
        currency = currency_of(raw, owner)
        if type(amount) is not int or not 0 < amount < LARGEST_AMOUNT:
            raise Defective(amount_sentence(amount, "amount", owner, ABOVE_ZERO))
        if not isinstance(status, str) or not status:
            raise Defective(f"stripe_object_missing: {owner} has status {shown(status)}, not a word.")
    except Defective as found:
        return created, 0, (text(currency) or "").lower(), text(status) or "", str(found)
    return created, amount, currency, status, None


def _charge(object_id: str, raw: Raw, owner: str) -> Read:
    created, amount, currency, status, defect = _basics(raw, owner)
    captured = raw.get("captured", True) is True
    captured_amount = raw.get("amount_captured")
    if captured_amount is None:
        captured_amount = amount if captured else 0
    if defect is None and (type(captured_amount) is not int or not 0 <= captured_amount < LARGEST_AMOUNT):
        defect = amount_sentence(captured_amount, "amount_captured", owner, "a whole number of minor units")
    if defect is not None:
        amount = captured_amount = 0
    billing = raw.get("billing_details")
    billing = billing if isinstance(billing, dict) else {}
    method = raw.get("payment_method_details")
    payment_intent = reference(raw.get("payment_intent"))
    invoice = reference(raw.get("invoice"))
    fact = Charge(
        charge_id=object_id,
        created=created,
        amount_minor=amount,
        captured_minor=captured_amount,
        currency=currency,
        status=status,
        captured=captured,
        payment_method=(text(method.get("type")) if isinstance(method, dict) else None) or "",
        payment_intent_id=payment_intent,
        invoice_id=invoice,
        customer_id=reference(raw.get("customer")),
        customer_name=text(billing.get("name")),
        customer_email=text(billing.get("email")) or text(raw.get("receipt_email")),
        description=text(raw.get("description")),
        balance_transaction_id=reference(raw.get("balance_transaction")),
        failure_balance_transaction_id=reference(raw.get("failure_balance_transaction")),
        disputed=raw.get("disputed") is True,
        metadata=metadata(raw.get("metadata")),
        defect=defect,
        transfer_id=reference(raw.get("transfer")),
        application_fee_id=reference(raw.get("application_fee")),
    )
    return fact, (payment_intent, invoice)


def _refund(object_id: str, raw: Raw, owner: str) -> Read:
    created, amount, currency, status, defect = _basics(raw, owner)
    charge = reference(raw.get("charge"))
    payment_intent = reference(raw.get("payment_intent"))
    fact = Refund(
        refund_id=object_id,
        created=created,
        amount_minor=amount,
        currency=currency,
        status=status,
        charge_id=charge,
        payment_intent_id=payment_intent,
        reason=text(raw.get("reason")),
        balance_transaction_id=reference(raw.get("balance_transaction")),
        failure_balance_transaction_id=reference(raw.get("failure_balance_transaction")),
        failure_reason=text(raw.get("failure_reason")),
        metadata=metadata(raw.get("metadata")),
        defect=defect,
        transfer_reversal_id=reference(raw.get("transfer_reversal")),
        source_transfer_reversal_id=reference(raw.get("source_transfer_reversal")),
    )
    return fact, (charge or payment_intent,)


def _payment_intent(object_id: str, raw: Raw, owner: str) -> Read:
    charge = reference(raw.get("latest_charge"))
    if charge is None:
        # Before 2022-11-15 the charges themselves stood here, newest first.
        charges = entries(raw.get("charges"))
        charge = reference(charges[0]) if charges else None
    invoice = reference(raw.get("invoice"))
    fact = PaymentIntent(
        payment_intent_id=object_id,
        created=created_of(raw, owner),
        latest_charge_id=charge,
        invoice_id=invoice,
        description=text(raw.get("description")),
        metadata=metadata(raw.get("metadata")),
        lines=payment_lines(raw, object_id, owner),
    )
    return fact, (invoice,)


def _invoice(object_id: str, raw: Raw, owner: str) -> Read:
    charge = reference(raw.get("charge"))
    payment_intent = reference(raw.get("payment_intent"))
    fact = Invoice(
        invoice_id=object_id,
        created=created_of(raw, owner),
        number=text(raw.get("number")),
        currency=currency_of(raw, owner),
        total_minor=whole_amount(raw, "total", owner),
        status=text(raw.get("status")) or "",
        customer_id=reference(raw.get("customer")),
        charge_id=charge,
        payment_intent_id=payment_intent,
        lines=document_lines(raw, object_id, owner),
        metadata=metadata(raw.get("metadata")),
    )
    return fact, (payment_intent, charge)


def _invoice_payment(object_id: str, raw: Raw, owner: str) -> Read:
    paid = raw.get("payment")
    paid = paid if isinstance(paid, dict) else {}
    payment_intent = reference(paid.get("payment_intent"))
    charge = reference(paid.get("charge"))
    invoice = required(reference(raw.get("invoice")), "invoice", owner)
    fact = InvoicePayment(
        invoice_payment_id=object_id,
        created=created_of(raw, owner),
        invoice_id=invoice,
        # Null until the payment is paid.
        amount_minor=0 if raw.get("amount_paid") is None else whole_amount(raw, "amount_paid", owner),
        status=text(raw.get("status")) or "",
        payment_intent_id=payment_intent,
        charge_id=charge,
    )
    return fact, (payment_intent, charge, invoice)


def _credit_note(object_id: str, raw: Raw, owner: str) -> Read:
    invoice = required(reference(raw.get("invoice")), "invoice", owner)
    refunds = _refunds_of_note(raw, owner)
    fact = CreditNote(
        credit_note_id=object_id,
        created=created_of(raw, owner),
        invoice_id=invoice,
        currency=currency_of(raw, owner),
        total_minor=whole_amount(raw, "total", owner),
        status=text(raw.get("status")) or "",
        number=text(raw.get("number")),
        refunds=refunds,
        lines=document_lines(raw, object_id, owner),
    )
    return fact, (invoice, *[refund_id for refund_id, _ in refunds])


def _refunds_of_note(raw: Raw, owner: str) -> tuple[tuple[str, int], ...]:
    listed = raw.get("refunds")
    if isinstance(listed, list):
        # Entries without a refund are refunds of payments that Stripe only keeps a record of.
        named = [(reference(entry.get("refund")), entry) for entry in entries(listed)]
        return tuple(
            [
                (refund_id, whole_amount(entry, "amount_refunded", owner))
                for refund_id, entry in named
                if refund_id
            ]
        )
    refund = raw.get("refund")
    refund_id = reference(refund)
    if refund_id is None:
        return ()
    # Before 2025-03-31.basil a note named one refund and no amount: at most what it gave back after payment.
    after_payment = "amount" if raw.get("post_payment_amount") is None else "post_payment_amount"
    most = whole_amount(raw, after_payment, owner)
    if raw.get("out_of_band_amount") is not None:
        most -= whole_amount(raw, "out_of_band_amount", owner)
    if isinstance(refund, dict) and refund.get("object") == "refund":
        most = min(most, whole_amount(refund, "amount", f"refund {refund_id}"))
    return ((refund_id, most),)


def _checkout_session(object_id: str, raw: Raw, owner: str) -> Read:
    payment_intent = reference(raw.get("payment_intent"))
    fact = CheckoutSession(
        checkout_session_id=object_id,
        created=created_of(raw, owner),
        payment_intent_id=payment_intent,
        client_reference_id=text(raw.get("client_reference_id")),
        lines=session_lines(raw, object_id, owner),
        metadata=metadata(raw.get("metadata")),
    )
    return fact, (payment_intent,)


def _customer(object_id: str, raw: Raw, owner: str) -> Read:
    created = created_of(raw, owner)
    return Customer(object_id, created, text(raw.get("name")), text(raw.get("email"))), ()


def _dispute(object_id: str, raw: Raw, owner: str) -> Read:
    charge = required(reference(raw.get("charge")), "charge", owner)
    movements: list[BalanceTransaction] = []
    for entry in entries(raw.get("balance_transactions")):
        entry_id = required(reference(entry), "id in balance_transactions", owner)
        fact, _ = _balance_transaction(entry_id, entry, f"balance transaction {entry_id}")
        if isinstance(fact, BalanceTransaction):
            movements.append(fact)
    dispute = Dispute(
        dispute_id=object_id,
        created=created_of(raw, owner),
        charge_id=charge,
        amount_minor=whole_amount(raw, "amount", owner),
        currency=currency_of(raw, owner),
        status=text(raw.get("status")) or "",
        balance_transactions=tuple(movements),
    )
    return dispute, (charge,)


def _product(object_id: str, raw: Raw, owner: str) -> Read:
    sku = metadata(raw.get("metadata")).get("sku")
    return Product(object_id, created_of(raw, owner), text(raw.get("name")) or "", sku or None), ()


def _price(object_id: str, raw: Raw, owner: str) -> Read:
    product = reference(raw.get("product"))
    return Price(object_id, created_of(raw, owner), product, text(raw.get("lookup_key"))), (product,)


def _transfer_reversal(object_id: str, raw: Raw, owner: str) -> Read:
    transfer = required(reference(raw.get("transfer")), "transfer", owner)
    refund = reference(raw.get("source_refund"))
    fact = TransferReversal(
        transfer_reversal_id=object_id,
        created=created_of(raw, owner),
        amount_minor=whole_amount(raw, "amount", owner),
        currency=currency_of(raw, owner),
        transfer_id=transfer,
        refund_id=refund,
        balance_transaction_id=reference(raw.get("balance_transaction")),
    )
    return fact, (transfer, refund)


def _fee_refund(object_id: str, raw: Raw, owner: str) -> Read:
    fee = required(reference(raw.get("fee")), "fee", owner)
    fact = ApplicationFeeRefund(
        fee_refund_id=object_id,
        created=created_of(raw, owner),
        amount_minor=whole_amount(raw, "amount", owner),
        currency=currency_of(raw, owner),
        application_fee_id=fee,
        balance_transaction_id=reference(raw.get("balance_transaction")),
    )
    return fact, (fee,)


READERS: dict[str, Callable[[str, Raw, str], Read]] = {
    "balance_transaction": _balance_transaction,
    "charge": _charge,
    "refund": _refund,
    "payment_intent": _payment_intent,
    "invoice": _invoice,
    "invoice_payment": _invoice_payment,
    "credit_note": _credit_note,
    "checkout.session": _checkout_session,
    "customer": _customer,
    "dispute": _dispute,
    "product": _product,
    "price": _price,
    "transfer_reversal": _transfer_reversal,
    "fee_refund": _fee_refund,
}
