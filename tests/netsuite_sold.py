"""Sales and refunds that a person books in a NetSuite account: each a line or two over `vendors.netsuite.seeding`.

Amounts are texts; what an invoice of 100.00 with 10.00 of tax bears is said, and not worked out by NetSuite.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vendors.netsuite import Account, write
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

ADA = "Ada"
CLEARING, BANK = "Stripe Clearing", "Business Bank"
DAY, LATER = "2026-03-02", "2026-03-05"


def sold(
    account: Account, net: str = "100.00", tax: str = "10.00", item: str = "Services", **more: Any
) -> Json:
    """A line, and what tax it bears."""
    return {**seed.line(account, net, item, **more), "_tax": tax}


def form(account: Account, lines: list[Json], more: Json) -> Json:
    """The lines of a sale or a memo, with their taxes where the account has SuiteTax; `more` is laid beside them."""
    items, details = [], []
    code = account.named("salesTaxItem", "Sales Tax")
    for at, given in enumerate(lines, start=1):
        line = dict(given)
        tax = Decimal(line.pop("_tax", "0"))
        items.append(line)
        if account.moods.tax != "suitetax":
            continue
        line["taxDetailsReference"] = f"T{at}"
        if tax:
            details.append(
                {
                    "taxDetailsReference": f"T{at}",
                    "taxType": {"id": code["taxType"]},
                    "taxCode": {"id": code["id"]},
                    "taxBasis": line["amount"],
                    "taxRate": Decimal(10),
                    "taxAmount": tax,
                }
            )
    body: Json = {"item": {"items": items}}
    if account.moods.tax == "suitetax":
        body |= {"taxDetailsOverride": True, "taxDetails": {"items": details}}
    return {**body, **more}


def book(account: Account, record: str, who: str, more: Json) -> Json:
    """A form of one line, or of `lines`; `net`, `tax` and `item` are those of the one."""
    of_line = {name: more.pop(name) for name in ("net", "tax", "item", "quantity") if name in more}
    lines = more.pop("lines", None) or [sold(account, **of_line)]
    short = {"day": "tranDate", "number": "tranId", "rate": "exchangeRate"}
    told: Json = {}
    for name, value in more.items():
        if name == "currency":
            told[name] = seed.reference(account, "currency", value)
        elif value is not None:
            told[short.get(name, name)] = Decimal(value) if name == "rate" else value
    entity = seed.reference(account, "customer", who)
    return write(account, record, {"entity": entity, **form(account, lines, told)})


def invoice(account: Account, number: str = "100", day: str = DAY, who: str = ADA, **more: Any) -> Json:
    """An invoice of 100.00 and 10.00 of tax, unless told otherwise."""
    return book(account, "invoice", who, {"number": number, "day": day, **more})


def cash_sale(
    account: Account,
    number: str = "100",
    day: str = DAY,
    into: str = CLEARING,
    charge: str = "ch_100",
    who: str = ADA,
    **more: Any,
) -> Json:
    """A sale that was paid at once; the charge stands in its memo."""
    told = {"memo": f"Stripe {charge}"} if charge else {}
    more = {**told, "account": seed.reference(account, "account", into), **more}
    return book(account, "cashSale", who, {"number": number, "day": day, **more})


def credit_memo(account: Account, number: str = "R1", day: str = LATER, who: str = ADA, **more: Any) -> Json:
    """Somebody's credit memo, left open; `on` is an open invoice that it is applied to."""
    on = more.pop("on", None)
    if on is not None:
        more["apply"] = {"items": [{"doc": {"id": on["id"]}, "apply": True}]}
    return book(account, "creditMemo", who, {"number": number, "day": day, **more})


def cash_refund(
    account: Account, number: str = "R1", day: str = LATER, into: str = CLEARING, who: str = ADA, **more: Any
) -> Json:
    told = {"account": seed.reference(account, "account", into)}
    return book(account, "cashRefund", who, {"number": number, "day": day, **told, **more})


def pay(
    account: Account,
    of: Json | None,
    amount: str = "110.00",
    day: str = DAY,
    charge: str = "ch_100",
    into: str = CLEARING,
    who: str = ADA,
    **more: Any,
) -> Json:
    """A payment that carries the charge's id; `charge` "": it says nothing. `of` None: it stands on nothing."""
    note = {"memo": f"Stripe {charge}"} if charge else {}
    return seed.payment(account, who, amount, of, into, day=day, **{**note, **more})


def deposit(
    account: Account,
    amount: str = "110.00",
    day: str = DAY,
    charge: str = "ch_100",
    who: str = ADA,
    **more: Any,
) -> Json:
    """Money of a customer before there is anything to pay."""
    note = {"memo": f"Stripe {charge}"} if charge else {}
    return seed.deposit(account, who, amount, day=day, **{**note, **more})


def pay_out(
    account: Account, of: Json, amount: str | None = None, day: str = LATER, note: str = "", **more: Any
) -> Json:
    """A customer refund of a memo, a payment or a deposit."""
    told = {"memo": note} if note else {}
    return seed.refund(account, of["_entity"], of, amount, day=day, **{**told, **more})
