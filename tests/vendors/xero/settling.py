"""What is paid, credited and still open of a document, in its own currency and in the base currency."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero.ledger import Key
from vendors.xero.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

# Of each type of document: +1 where it is money to come in, -1 where it is owed to the contact; and whose account.
SIDES = {
    "ACCREC": (1, "DEBTORS"),
    "ACCRECCREDIT": (-1, "DEBTORS"),
    "RECEIVE-OVERPAYMENT": (-1, "DEBTORS"),
    "RECEIVE-PREPAYMENT": (-1, "DEBTORS"),
    "ACCPAY": (-1, "CREDITORS"),
    "ACCPAYCREDIT": (1, "CREDITORS"),
    "SPEND-OVERPAYMENT": (1, "CREDITORS"),
    "SPEND-PREPAYMENT": (1, "CREDITORS"),
}
OPEN_KINDS = ("Invoices", "CreditNotes", "Overpayments", "Prepayments")


def amount_of(organisation: Organisation, settlement: Key) -> Decimal:
    """Of a payment or an allocation, in the currency of the document."""
    amount: Decimal = organisation.shelf.kinds[settlement[0]][settlement[1]]["Amount"]
    return amount


def settled(organisation: Organisation, one: Json, kind: str | None = None) -> Decimal:
    """By payments and allocations, or by those of one kind."""
    refs = (ref for ref in one["_settled"] if kind in (None, ref[0]))
    return sum((amount_of(organisation, ref) for ref in refs), ZERO)


def outstanding(organisation: Organisation, one: Json) -> Decimal:
    """Zero for what was voided or deleted."""
    if one["Status"] in ("VOIDED", "DELETED"):
        return ZERO
    total: Decimal = one["Total"]
    return total - settled(organisation, one)


def in_base(one: Json, amount: Decimal) -> Decimal:
    """An amount of a document at the document's own rate."""
    return amount if one["CurrencyRate"] == 1 else rounded(amount / one["CurrencyRate"])


def shares(organisation: Organisation, one: Json) -> dict[Key, Decimal]:
    """What each settlement takes off a document in base currency; together they never leave a cent behind."""
    found: dict[Key, Decimal] = {}
    before = ZERO
    for ref in one["_settled"]:
        after = before + amount_of(organisation, ref)
        found[ref] = in_base(one, after) - in_base(one, before)
        before = after
    return found


def open_in_base(organisation: Organisation, one: Json) -> Decimal:
    if one["Status"] not in ("AUTHORISED", "PAID"):
        return ZERO
    return in_base(one, one["Total"]) - in_base(one, settled(organisation, one))


def with_balances(organisation: Organisation, kind: str, one: Json) -> Json:
    """The document with its balances and the status that follows from them."""
    left = outstanding(organisation, one)
    shown = dict(one)
    if kind == "Invoices":
        shown["AmountDue"] = left
        shown["AmountPaid"] = settled(organisation, one, "Payments")
        shown["AmountCredited"] = settled(organisation, one, "Allocations")
    else:
        shown["RemainingCredit"] = left
    if one["Status"] in ("AUTHORISED", "PAID"):
        shown["Status"] = "AUTHORISED" if left else "PAID"
    shown.pop("FullyPaidOnDate", None)
    if shown["Status"] == "PAID":
        shelf = organisation.shelf.kinds
        days = [shelf[ref[0]][ref[1]]["Date"] for ref in one["_settled"]]
        shown["FullyPaidOnDate"] = max([*days, one["Date"]])
    return shown
