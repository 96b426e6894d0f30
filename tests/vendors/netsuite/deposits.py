"""Customer deposits: set against invoices, or paid back by a customer refund, through a deposit application.

What a refund pays out of a deposit is never shown in its `deposit` list; it stands in `apply` as a deposit application
(ORA/article_0830082954).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite import applying, heads, posting
from vendors.netsuite.body import Given
from vendors.netsuite.refusals import invalid_value, missing, user_error
from vendors.netsuite.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.netsuite.account import Account


def left_of(account: Account, deposit: Json) -> Decimal:
    """What of a deposit no application has taken."""
    if deposit["_voided"]:
        return ZERO
    taken = (one["_total"] for one in account.shelf.of_deposit(deposit["id"]) if not one["_voided"])
    total: Decimal = deposit["_total"]
    return total - sum(taken, ZERO)


def applications(account: Account, refund: Json, sent: Iterable[Json]) -> list[Json]:
    """A deposit application for each deposit that a refund pays back, as lines for its `apply`."""
    found = []
    for given in sent:
        path = given["_path"]
        if given.get("doc") is None:
            raise missing(f"{path}.doc")
        deposit = account.transaction(given["doc"])
        fits = all(deposit[one] == refund[one] for one in ("_entity", "currency", "subsidiary"))
        if deposit["_type"] != "customerDeposit" or not fits or not left_of(account, deposit):
            raise invalid_value(deposit["id"], "doc", f"{path}.doc")
        if given.get("apply") is False:
            continue
        amount = given.get("amount") or left_of(account, deposit)
        if amount > left_of(account, deposit) or amount != rounded(
            amount, account.digits(refund["currency"])
        ):
            raise user_error(f"The amount {amount} exceeds what remains of the deposit.", f"{path}.amount")
        made = apply(account, deposit, amount, refund["tranDate"], refund["_ar"])
        found.append({"_path": path, "doc": made["id"], "apply": True, "amount": amount})
    return found


def apply(account: Account, deposit: Json, amount: Decimal, day: str, receivable: str | None = None) -> Json:
    """A deposit application, open as yet: the deposit becomes what the customer is owed on receivables."""
    values: Json = {"customer": deposit["_entity"], "currency": deposit["currency"], "tranDate": day}
    if receivable is not None:
        values["arAcct"] = receivable
    if deposit["exchangeRate"] != 1:
        values["exchangeRate"] = deposit["exchangeRate"]
    given = Given({**values, "deposit": deposit["id"]})
    record = heads.head(account, "depositApplication", given)
    record |= {"_total": amount, "id": account.new_id("depositApplication")}
    heads.take_number(account, record, given)
    account.put(record)
    posting.post(account, record["id"])
    account.put({**account.transaction(deposit["id"])})
    return account.transaction(record["id"])


def apply_to(account: Account, deposit_id: str, invoice_id: str, amount: Decimal, day: str) -> Json:
    """A deposit application that pays an invoice."""
    deposit, invoice = account.transaction(deposit_id), account.transaction(invoice_id)
    if amount > left_of(account, deposit):
        raise user_error(f"The amount {amount} exceeds what remains of the deposit.")
    made = apply(account, deposit, amount, day, invoice["_ar"])
    applying.change(
        account, made["id"], [{"_path": "apply", "doc": invoice_id, "apply": True, "amount": amount}]
    )
    return account.transaction(made["id"])
