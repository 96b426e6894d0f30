"""Sales of the account: invoices and their payments, credit notes, checkouts, and plain orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.samples.account import Account
from connector.samples.catalogue import ARTICLES, Json, TaxRate
from connector.samples.checkout_shapes import session_line_object, session_object
from connector.samples.credit_note_shapes import credit_line_object, credit_note_object
from connector.samples.invoice_shapes import (
    Item,
    added_up,
    invoice_object,
    invoice_payment_object,
    line_object,
    on_top,
)
from connector.samples.payments import Order, take_payment


def bill(
    account: Account,
    customer: Json,
    items: list[Item],
    at: int,
    *,
    currency: str,
    tax: TaxRate | None = None,
    status: str = "paid",
) -> Json:
    """An invoice, not yet paid whatever its status says: `pay` follows. Only a draft has no number."""
    dice = account.dice
    invoice_id = dice.object_id("in")
    discount_id = dice.object_id("di") if any(item.discount for item in items) else None
    lines = [
        line_object(
            dice, item, invoice_id=invoice_id, currency=currency, tax=tax, at=at, discount_id=discount_id
        )
        for item in items
    ]
    number = None if status == "draft" else account.next_invoice()
    return account.keep(
        invoice_object(
            lines,
            invoice_id=invoice_id,
            number=number,
            customer=customer,
            at=at,
            status=status,
            currency=currency,
        )
    )


def pay(account: Account, invoice: Json, order: Order) -> Json:
    """One payment of an invoice through a payment intent; returns the charge."""
    payments = [one for one in account.objects["invoice_payment"].values() if one["invoice"] == invoice["id"]]
    charge = take_payment(account, order)
    account.keep(invoice_payment_object(account.dice, invoice, charge, is_default=not payments))
    if charge["status"] == "succeeded":
        paid = charge["amount"] + sum(one["amount_paid"] or 0 for one in payments)
        invoice["amount_paid"] = paid
        invoice["amount_remaining"] = invoice["total"] - paid
        invoice["attempt_count"] += 1
        if paid == invoice["total"]:
            invoice["status"] = "paid"
            invoice["status_transitions"]["paid_at"] = charge["created"]
    return charge


def order_for(
    invoice: Json, customer: Json, at: int, amount: int | None = None, method: str = "visa", **more: Any
) -> Order:
    """The order that pays an invoice, or `amount` of it."""
    monthly = invoice["parent"] is not None
    values: Json = {
        "at": at,
        "amount": invoice["total"] if amount is None else amount,
        "currency": invoice["currency"],
        "method": method,
        "customer": customer,
        "description": "Subscription update" if monthly else "Payment for Invoice",
        "order_reference": invoice["id"],
        **more,
    }
    return Order(**values)


def sell_by_invoice(
    account: Account,
    customer: Json,
    items: list[Item],
    at: int,
    *,
    currency: str = "usd",
    tax: TaxRate | None = None,
    method: str = "visa",
    **more: Any,
) -> tuple[Json, Json]:
    """An invoice paid at once by one charge; returns both."""
    invoice = bill(account, customer, items, at, currency=currency, tax=tax, status="open")
    return invoice, pay(account, invoice, order_for(invoice, customer, at + 2, method=method, **more))


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit note's line: of which invoice line (None: a custom one), for how much without tax on top."""

    place: int | None
    amount: int
    quantity: int | None = 1
    unit: int | None = None


def issue_credit_note(
    account: Account,
    invoice: Json,
    credits: list[Credit],
    at: int,
    *,
    tax: TaxRate | None = None,
    total: int | None = None,
) -> Json:
    """A credit note without refunds yet; `total` is only for one without lines."""
    dice = account.dice
    lines = [
        credit_line_object(
            dice,
            credit.amount,
            tax=tax,
            line=None if credit.place is None else invoice["lines"]["data"][credit.place],
            quantity=credit.quantity,
            unit=credit.unit,
        )
        for credit in credits
    ]
    if total is None:
        total = sum(line["amount"] for line in lines) + on_top(added_up(lines))
    ordinal = 1 + sum(1 for one in account.objects["credit_note"].values() if one["invoice"] == invoice["id"])
    note = credit_note_object(dice.object_id("cn"), invoice, lines, at=at, total=total, ordinal=ordinal)
    invoice["post_payment_credit_notes_amount"] += total
    return account.keep(note)


def name_refund(credit_note: Json, refund: Json, amount: int | None = None) -> None:
    """Enters a refund, or `amount` of it, in a credit note."""
    entry = {"amount_refunded": refund["amount"] if amount is None else amount, "payment_record_refund": None}
    credit_note["refunds"].append({**entry, "refund": refund["id"], "type": "refund"})


def check_out(
    account: Account,
    items: list[Item],
    at: int,
    *,
    currency: str = "usd",
    tax: TaxRate | None = None,
    customer: Json | None = None,
    method: str = "visa",
    wallet: str | None = None,
) -> tuple[Json, Json]:
    """A session paid some minutes later, with its order number on the payment intent and the charge."""
    number = account.next_order()
    lines = [session_line_object(account.dice, item, currency, tax) for item in items]
    session = account.keep(
        session_object(account.dice, lines, currency=currency, at=at, customer=customer, reference=number)
    )
    charge = take_payment(
        account,
        Order(
            at=at + account.dice.between(40, 900),
            amount=session["amount_total"],
            currency=currency,
            method=method,
            wallet=wallet,
            customer=customer,
            guest=None if customer else "Guest Example",
            metadata={"order_number": number},
        ),
    )
    session["payment_intent"] = charge["payment_intent"]
    return session, charge


def sell(
    account: Account, sku: str, at: int, *, quantity: int = 1, currency: str = "usd", **more: Any
) -> Json:
    """A one-off sale: order number and SKU stand in the charge's metadata; returns the charge."""
    number = account.next_order()
    article = ARTICLES[sku]
    values: Json = {
        "at": at,
        "amount": article.prices[currency] * quantity,
        "currency": currency,
        "description": f"{quantity} × {article.name}",
        "metadata": {"order_number": number, "sku": sku},
        **more,
    }
    return take_payment(account, Order(**values))
