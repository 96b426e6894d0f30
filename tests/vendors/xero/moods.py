"""Where Xero's documents are silent or sources disagree: each question with the answers that it may get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Moods:
    """siblings_saved: whether the good elements of a batch are kept when another one turns it into a 400.
    refuses_negative_lines: whether any negative line is refused, or only a total below zero.
    read_lag: seconds until a list sees a write; an object read by itself is always current.
    forgets_idempotency: the store of keys is down, and a write with a key gets 500.
    duplicate_numbers: whether 100a and 100A are the same number.
    deleted_numbers_are_free: whether the number of a deleted draft may be used again.
    nested_errors: what is wrong with a line is told inside that line, and the element itself says nothing of it.
    warnings: what each document and payment is warned of; it is saved all the same.
    rate_digits: places of a CurrencyRate that was worked out or given.
    reconciled_may_be_deleted: whether a reconciled payment or bank transaction can be deleted.
    payment_on_paid: which sentence a payment on a paid document gets.
    finds_credit_payments: whether `Invoice.InvoiceID` in a filter of Payments finds those on credit notes too.
    locked: what a lock date stops.
    adviser: the user may write before the period lock date, never before the end of year lock date.
    throttle_body: what a 429 says.
    """

    siblings_saved: bool = False
    refuses_negative_lines: bool = False
    read_lag: int = 0
    forgets_idempotency: bool = False
    duplicate_numbers: Literal["ignore_case", "exact"] = "ignore_case"
    deleted_numbers_are_free: bool = True
    nested_errors: bool = False
    warnings: tuple[str, ...] = ()
    rate_digits: int = 10
    reconciled_may_be_deleted: bool = False
    payment_on_paid: Literal["status", "amount"] = "status"
    finds_credit_payments: bool = True
    locked: frozenset[str] = frozenset({"create", "edit", "void", "payment", "allocation"})
    adviser: bool = False
    throttle_body: Literal["empty", "text", "json"] = "empty"
