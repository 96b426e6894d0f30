"""Sales and refunds that a person books in a Xero organisation: each a line or two over `xero_hands`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vendors.xero.wire import Json
from xero_hands import Hands, form, line, spend
from xero_hands import pay as payment

CLEARING, BANK, SALES, REFUNDS = "090", "091", "200", "201"
TAXED, UNTAXED = "OUTPUT", "NONE"


def sold_lines(net: str = "100.00", tax: str = "10.00", account: str = SALES, **more: Any) -> list[Json]:
    """A line without its tax in the amount; `tax` is what it bears."""
    code = TAXED if Decimal(tax) else UNTAXED
    return [line(net, TaxType=code, TaxAmount=Decimal(tax), AccountCode=account, **more)]


def invoice(hands: Hands, number: str = "100", day: str = "2026-03-02", **more: Any) -> Json:
    """An approved invoice of 100.00 and 10.00 of tax; `net`, `tax`, `account` and `lines` say otherwise."""
    lines = more.pop("lines", None) or sold_lines(
        **{name: more.pop(name) for name in ("net", "tax", "account") if name in more}
    )
    terms = {"LineAmountTypes": "Exclusive", "Date": day, **more}
    return hands.write("Invoices", form(InvoiceNumber=number, LineItems=lines, **terms))


def credit_note(hands: Hands, number: str = "R1", day: str = "2026-03-05", **more: Any) -> Json:
    lines = sold_lines(**{name: more.pop(name) for name in ("net", "tax", "account") if name in more})
    body = form(kind="ACCRECCREDIT", CreditNoteNumber=number, LineAmountTypes="Exclusive", LineItems=lines)
    return hands.write("CreditNotes", {**body, "Date": day, **more})


def pay(
    hands: Hands,
    of: Json,
    amount: str = "110.00",
    day: str = "2026-03-02",
    charge: str = "ch_100",
    into: str = CLEARING,
    **more: Any,
) -> Json:
    """A payment of an invoice that carries the charge's id; `charge` "": it says nothing."""
    note = {"Reference": f"Stripe {charge}"} if charge else {}
    body = payment(amount, into, Invoice=of)
    return hands.write("Payments", {**body, "Date": day, **note, **more})


def pay_out(
    hands: Hands, of: Json, amount: str, day: str = "2026-03-05", note: str = "", **more: Any
) -> Json:
    """Money out of clearing on a credit note, an overpayment or a prepayment."""
    kinds = ("CreditNote", "Overpayment", "Prepayment")
    named = {kind: of for kind in kinds if f"{kind}ID" in of}
    body = payment(amount, CLEARING, **named)
    return hands.write("Payments", {**body, "Date": day, **({"Reference": note} if note else {}), **more})


def bank_lines(
    hands: Hands, kind: str, lines: list[Json], day: str, reference: str, into: str, **more: Any
) -> Json:
    body = {**spend(kind=kind, bank=into), "LineAmountTypes": "Exclusive", "LineItems": lines}
    told = {"Reference": reference} if reference else {}
    return hands.write("BankTransactions", {**body, "Date": day, **told, **more})


def receive(
    hands: Hands,
    number: str = "100",
    day: str = "2026-03-02",
    into: str = CLEARING,
    charge: str = "ch_100",
    **more: Any,
) -> Json:
    """Money received for a sale that never was an invoice; number and charge stand in its reference."""
    lines = more.pop("lines", None) or sold_lines(
        **{name: more.pop(name) for name in ("net", "tax", "account") if name in more}
    )
    reference = f"{number} {charge}".strip()
    return bank_lines(hands, "RECEIVE", lines, day, reference, into, **more)


def spent(
    hands: Hands, reference: str, net: str = "30.00", tax: str = "3.00", day: str = "2026-03-05"
) -> Json:
    """Money out of clearing on income and tax."""
    return bank_lines(hands, "SPEND", sold_lines(net, tax), day, reference, CLEARING)


def overpaid(
    hands: Hands,
    amount: str = "110.00",
    day: str = "2026-03-02",
    charge: str = "ch_100",
    into: str = CLEARING,
    **more: Any,
) -> Json:
    """Money of Ada's that pays nothing yet; returns the overpayment. Its line says whose charge it is."""
    words = f"Paid in advance {charge}".strip()
    row = {"Description": words, "UnitAmount": Decimal(amount)}
    body = {**spend(kind="RECEIVE-OVERPAYMENT", bank=into), "LineAmountTypes": "NoTax", "LineItems": [row]}
    made = hands.write("BankTransactions", {**body, "Date": day, **more})
    return hands.read(f"Overpayments/{made['OverpaymentID']}")


def prepaid(
    hands: Hands, amount: str = "110.00", day: str = "2026-03-02", charge: str = "ch_100", **more: Any
) -> Json:
    """A prepayment on an account of its own; returns it."""
    row = line(amount, AccountCode="830", Description=f"Deposit {charge}".strip())
    made = bank_lines(hands, "RECEIVE-PREPAYMENT", [row], day, "", CLEARING, **more)
    return hands.read(f"Prepayments/{made['PrepaymentID']}")


def allocate(hands: Hands, note: Json, to: Json, amount: str, day: str = "2026-03-05") -> Json:
    """A credit note put on an invoice."""
    body = {"Invoice": {"InvoiceID": to["InvoiceID"]}, "Amount": Decimal(amount), "Date": day}
    return hands.write(f"CreditNotes/{note['CreditNoteID']}/Allocations", body)


def take_out(hands: Hands, kind: str, one: Json) -> Json:
    """An invoice or credit note voided, a payment or bank transaction deleted."""
    object_id = one[f"{kind[:-1]}ID"]
    status = "VOIDED" if kind in ("Invoices", "CreditNotes") else "DELETED"
    body = {"Status": status} if kind == "Payments" else {f"{kind[:-1]}ID": object_id, "Status": status}
    return hands.write(f"{kind}/{object_id}", body, "POST")
