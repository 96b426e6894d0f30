"""Payments on invoices, credit notes, overpayments and prepayments.

https://developer.xero.com/documentation/api/accounting/payments
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero.ledger import Key
from vendors.xero.posting import post_settlement, settle
from vendors.xero.refusals import NOT_AUTHORISED, ONLY_STATUS, TOO_MUCH, Invalid
from vendors.xero.rendering import PAYMENT_TYPES, SINGULARS
from vendors.xero.settling import outstanding
from vendors.xero.wire import Json, decimal, rounded

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation


def create(organisation: Organisation, given: Json) -> str:
    """Makes a payment and returns its id. Nothing tells a second one from the first but what is still open."""
    if "PaymentID" in given or given.get("Status", "AUTHORISED") != "AUTHORISED":
        raise Invalid("A payment is created without PaymentID and as AUTHORISED")
    key, document = _paid(organisation, given)
    account = _account(organisation, given.get("Account"))
    if document["Status"] != "AUTHORISED":
        too_much = document["Status"] == "PAID" and organisation.moods.payment_on_paid == "amount"
        raise Invalid(TOO_MUCH if too_much else NOT_AUTHORISED)
    if given.get("Amount") is None or decimal(given["Amount"]) <= 0:
        raise Invalid("Payment amount must be greater than zero")
    amount = decimal(given["Amount"])
    if amount != rounded(amount):
        raise Invalid("Payment amount must have two decimal places at most")
    if amount > outstanding(organisation, document):
        raise Invalid(TOO_MUCH)
    day = given.get("Date") or organisation.today()
    organisation.check_open("payment", day)
    record: Json = {
        "PaymentID": organisation.new_id(),
        "Date": day,
        "Amount": rounded(amount),
        "Reference": given.get("Reference", ""),
        "IsReconciled": given.get("IsReconciled", False),
        "Status": "AUTHORISED",
        "PaymentType": PAYMENT_TYPES[document["Type"]][0],
        "Account": {"AccountID": account["AccountID"]},
        **_in_money(organisation, given, document, account, rounded(amount)),
        "_paid": key,
        "_on": (key,),
    }
    organisation.put("Payments", record["PaymentID"], record)
    ref = ("Payments", record["PaymentID"])
    settle(organisation, key, ref, added=True)
    post_settlement(organisation, ref)
    return str(record["PaymentID"])


def change(organisation: Organisation, payment_id: str, given: Json) -> str:
    """The one thing that can be done to a payment: it is deleted, and what it paid is open again."""
    old = organisation.shelf.get("Payments", payment_id)
    if old is None:
        raise Invalid("Payment not found")
    if set(given) != {"Status"} or given["Status"] != "DELETED":
        raise Invalid(ONLY_STATUS)
    if old["Status"] == "DELETED":
        raise Invalid("Payment has already been deleted")
    if old["IsReconciled"] and not organisation.moods.reconciled_may_be_deleted:
        raise Invalid("This payment cannot be deleted as it has been reconciled with a bank transaction.")
    organisation.check_open("payment", old["Date"])
    ref = ("Payments", old["PaymentID"])
    organisation.put("Payments", old["PaymentID"], {**old, "Status": "DELETED"})
    settle(organisation, old["_paid"], ref, added=False)
    post_settlement(organisation, ref)
    return str(old["PaymentID"])


def _paid(organisation: Organisation, given: Json) -> tuple[Key, Json]:
    named = [kind for kind, (singular, _, _) in SINGULARS.items() if given.get(singular)]
    if len(named) > 1:
        raise Invalid("Payment is applied to more than one document.")
    if not named:
        raise Invalid(
            "A payment must be applied to an invoice, a credit note, an overpayment or a prepayment."
        )
    kind = named[0]
    singular, name, number = SINGULARS[kind]
    told = given[singular].get(name) or given[singular].get(number)
    found = organisation.find(kind, told) if told else None
    if found is None:
        raise Invalid(f"{singular} could not be found")
    return (kind, found[name]), found


def _account(organisation: Organisation, given: Json | None) -> Json:
    told = (given or {}).get("AccountID") or (given or {}).get("Code")
    found = organisation.find("Accounts", told) if told else None
    if found is None or found["Status"] != "ACTIVE":
        raise Invalid("Account could not be found.")
    if found["Type"] != "BANK" and not found.get("EnablePaymentsToAccount"):
        raise Invalid("The account must be a bank account or have payments enabled to it.")
    return found


def _in_money(
    organisation: Organisation, given: Json, document: Json, account: Json, amount: Decimal
) -> Json:
    """The rate, the amount in the bank's currency, and `_base`: what the bank account moves by in base currency."""
    base, currency = organisation.currency, document["CurrencyCode"]
    bank = account.get("CurrencyCode", base)
    if bank not in (base, currency):
        raise Invalid(f"The account is in {bank}: it must be in {base} or {currency}.")
    told, sent = given.get("BankAmount"), given.get("CurrencyRate")
    if currency == base:
        if told is not None and decimal(told) != amount:
            raise Invalid("The bank amount must be the amount of the payment.")
        return {"CurrencyRate": Decimal(1), "BankAmount": amount, "_base": amount}
    if told is not None and bank == base:
        if decimal(told) <= 0:
            raise Invalid("The bank amount must be greater than zero.")
        # What reached the bank decides; the rate follows from it.
        whole = rounded(decimal(told))
        rate = rounded(amount / whole, organisation.moods.rate_digits)
        return {"CurrencyRate": rate, "BankAmount": whole, "_base": whole}
    rate = organisation.rate_of(currency, None if sent is None else decimal(sent))
    whole = rounded(amount / rate)
    return {"CurrencyRate": rate, "BankAmount": whole if bank == base else amount, "_base": whole}
