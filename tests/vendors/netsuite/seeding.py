"""What other people did in the account, in one call each: customers, sales, payments, deposits, journals, their refunds.

Amounts are texts; a customer, a document or an account is named by its record, id or name. Days are YYYY-MM-DD, today
where none is given; `more` is laid over the body that is written.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vendors.netsuite import deposits, records, transactions
from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

CLEARING = "Stripe Clearing"
Named = Json | str


def reference(account: Account, group: str, named: Named) -> Json:
    """{"id": ...} of a record, an id, or a name in its list."""
    if isinstance(named, dict):
        return {"id": named["id"]}
    known = named in account.shelf.groups[group]
    return {"id": named if known else account.named(group, named)["id"]}


def customer(
    account: Account, name: str, subsidiary: str = "1", currency: str | None = None, **more: Any
) -> Json:
    body: Json = {"companyName": name, **more}
    if account.moods.one_world:
        body["subsidiary"] = reference(account, "subsidiary", subsidiary)
    if currency is not None:
        body["currency"] = reference(account, "currency", currency)
    return records.write(account, "customer", body)


def line(account: Account, amount: str, item: str = "Services", **more: Any) -> Json:
    return {"item": reference(account, "item", item), "amount": Decimal(amount), **more}


def _form(
    account: Account, record_type: str, who: Named, amounts: tuple[str | Json, ...], more: Json
) -> Json:
    """Each amount is one line of Services, or the line itself."""
    items = [line(account, one) if isinstance(one, str) else one for one in amounts]
    body = _head(account, {"entity": reference(account, "customer", who), "item": {"items": items}}, more)
    return records.write(account, record_type, body)


def _head(account: Account, body: Json, more: Json) -> Json:
    """`day`, `number`, `currency` and `rate` by short names; the rest as NetSuite names it."""
    short = {"day": "tranDate", "number": "tranId", "rate": "exchangeRate"}
    for name, value in more.items():
        if value is None:
            continue
        if name == "currency":
            body[name] = reference(account, "currency", value)
        else:
            body[short.get(name, name)] = Decimal(value) if name == "rate" else value
    return body


def invoice(account: Account, who: Named, *amounts: str | Json, **more: Any) -> Json:
    """Tax comes on top, as SuiteTax reckons it."""
    return _form(account, "invoice", who, amounts, more)


def cash_sale(account: Account, who: Named, *amounts: str | Json, bank: str = CLEARING, **more: Any) -> Json:
    more["account"] = reference(account, "account", bank)
    return _form(account, "cashSale", who, amounts, more)


def memo(account: Account, who: Named, *amounts: str | Json, on: Named | None = None, **more: Any) -> Json:
    """Somebody's credit memo; `on` is an open invoice that it is applied to in full."""
    if on is not None:
        more["apply"] = _apply(account, on, None)
    return _form(account, "creditMemo", who, amounts, more)


def _apply(account: Account, on: Named, amount: str | None) -> Json:
    row: Json = {"doc": reference(account, "transaction", on), "apply": True}
    if amount is not None:
        row["amount"] = Decimal(amount)
    return {"items": [row]}


def payment(
    account: Account,
    who: Named,
    amount: str,
    on: Named | None = None,
    bank: str = CLEARING,
    applied: str | None = None,
    **more: Any,
) -> Json:
    """A payment, applied to an invoice as far as that is open or by `applied`, or to nothing."""
    body: Json = {"customer": reference(account, "customer", who), "payment": Decimal(amount)}
    body["account"] = reference(account, "account", bank)
    if on is not None:
        body["apply"] = _apply(account, on, applied)
    return records.write(account, "customerPayment", _head(account, body, more))


def refund(
    account: Account, who: Named, on: Named, amount: str | None = None, bank: str = CLEARING, **more: Any
) -> Json:
    """Somebody's customer refund of a credit memo, a payment, or a deposit."""
    body: Json = {
        "customer": reference(account, "customer", who),
        "account": reference(account, "account", bank),
    }
    told = account.transaction(reference(account, "transaction", on)["id"])
    body["deposit" if told["_type"] == "customerDeposit" else "apply"] = _apply(account, on, amount)
    return records.write(account, "customerRefund", _head(account, body, more))


def deposit(account: Account, who: Named, amount: str, bank: str = CLEARING, **more: Any) -> Json:
    """Money of a customer before there is anything to pay."""
    body: Json = {"customer": reference(account, "customer", who), "payment": Decimal(amount)}
    body["account"] = reference(account, "account", bank)
    return records.write(account, "customerDeposit", _head(account, body, more))


def apply_deposit(account: Account, of: Json, on: Json, amount: str, day: str | None = None) -> Json:
    """A deposit application: the deposit pays an invoice, or a part of it."""

    def step() -> Json:
        return deposits.apply_to(account, of["id"], on["id"], Decimal(amount), day or account.today())

    made = records.one_step(account, step)
    assert made is not None
    return made


def journal(account: Account, *lines: tuple[str, str, Named | None], **more: Any) -> Json:
    """Lines of account, amount (debits positive) and customer, where it is on receivables."""
    rows = []
    for name, amount, who in lines:
        value = Decimal(amount)
        row: Json = {"account": reference(account, "account", name)}
        row["debit" if value > 0 else "credit"] = abs(value)
        if who is not None:
            row["entity"] = reference(account, "customer", who)
        rows.append(row)
    return records.write(account, "journalEntry", _head(account, {"line": {"items": rows}}, more))


def unapply(account: Account, of: Json, on: Json) -> Json:
    """Somebody takes a payment or a memo off an invoice."""
    row = {"doc": {"id": on["id"]}, "apply": False}
    return records.write(account, of["_type"], {"apply": {"items": [row]}}, change=of["id"])


def void(account: Account, one: Json) -> None:
    """As somebody does it in NetSuite itself."""
    records.one_step(account, lambda: transactions.void(account, account.transaction(one["id"])))


def delete(account: Account, one: Json) -> None:
    records.one_step(account, lambda: records.delete(account, account.transaction(one["id"])))


def close_period(account: Account, month: str, how: str = "closed") -> None:
    """`how`: closed, arLocked, allLocked, or open again; `month` as 2026-03."""
    account.close_period(month, how)
