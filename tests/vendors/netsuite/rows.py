"""What stands in the tables of SuiteQL for a record.

Incomes and credits are below zero on lines; `foreignamount` is in the transaction's currency, `netamount` in base.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vendors.netsuite import deposits, posting, rendering, settling
from vendors.netsuite.builtin_fields import ITEM_TYPES
from vendors.netsuite.field_table import TRANSACTIONS
from vendors.netsuite.tables import DAY
from vendors.netsuite.wire import ZERO, Json, plain

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

Rows = dict[str, list[tuple[Any, ...]]]


def flag(value: object) -> str:
    return "T" if value else "F"


def number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def stamp(seconds: float) -> str:
    return DAY + datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S")


def rows_of(account: Account, one: Json) -> Rows:
    record_type = one["_type"]
    if record_type in TRANSACTIONS:
        return _transaction(account, one)
    if record_type == "customer":
        return {"customer": [_customer(account, one)]}
    if record_type in ITEM_TYPES:
        income = one["incomeAccount"]
        kept = (one["id"], one["itemId"], one["itemId"], one["displayName"], ITEM_TYPES[record_type])
        return {
            "item": [(*kept, flag(one["isInactive"]), income, rendering.name_of(account, "account", income))]
        }
    return _list(account, one)


def _list(account: Account, one: Json) -> Rows:
    record_type, inactive = one["_type"], flag(one["isInactive"])
    if record_type == "account":
        name, acct = one["acctName"], one["acctNumber"]
        row: tuple[Any, ...] = (one["id"], acct, name, f"{acct} {name}", name, one["acctType"], inactive)
        return {"account": [(*row, one.get("currency"))]}
    if record_type == "currency":
        return {"currency": [(one["id"], one["name"], one["symbol"], flag(one["isBaseCurrency"]))]}
    if record_type == "subsidiary":
        currency = rendering.name_of(account, "currency", one["currency"])
        row = (
            one["id"],
            one["name"],
            one["name"],
            one["currency"],
            inactive,
            flag(one["isElimination"]),
            currency,
        )
        return {"subsidiary": [row]}
    if record_type == "accountingPeriod":
        flags = (one[name] for name in ("closed", "arLocked", "allLocked", "isQuarter", "isYear", "isAdjust"))
        row = (one["id"], one["periodName"], DAY + one["startDate"], DAY + one["endDate"], *map(flag, flags))
        return {"accountingperiod": [row]}
    if record_type == "salesTaxItem":
        return {"salestaxitem": [(one["id"], one["itemId"], one["name"], inactive, one.get("externalId"))]}
    if record_type == "paymentMethod":
        return {"paymentmethod": [(one["id"], one["name"], inactive)]}
    return {}


def _customer(account: Account, one: Json) -> tuple[Any, ...]:
    names = ("entityId", "companyName", "firstName", "lastName", "altName", "email", "externalId", "comments")
    row = (
        one["id"],
        *(one.get(name) or None for name in names),
        flag(one["isInactive"]),
        flag(one.get("isPerson")),
    )
    subsidiary = rendering.name_of(account, "subsidiary", one["subsidiary"])
    currency = rendering.name_of(account, "currency", one["currency"])
    return (*row, one["subsidiary"], one["currency"], subsidiary, currency)


# ---------------------------------------------------------------------------------------------- transactions


def _transaction(account: Account, one: Json) -> Rows:
    lines = posting.lines_of(account, one)
    shown = [line for line in lines if line.shown and (not line.tax or account.moods.tax_lines)]
    return {
        "transaction": [_head(account, one)],
        "transactionline": [_line(account, one, line, index) for index, line in enumerate(shown)],
        "transactionaccountingline": [*_accounting(account, one, lines)],
        "nexttransactionlinelink": [*_links(account, one)],
        "transactiontaxdetail": [_tax(one, row) for row in one["_taxes"]],
    }


def _head(account: Account, one: Json) -> tuple[Any, ...]:
    record_type = one["_type"]
    code, label, _ = TRANSACTIONS[record_type]
    total = ZERO if one["_voided"] else one["_total"]
    if account.moods.negative_credits and record_type in ("creditMemo", "cashRefund", "customerRefund"):
        total = -total
    letter = rendering.status_of(account, one)
    words = rendering.STATUSES[record_type][letter]
    used, left = settling.settled(account, one), settling.open_amount(account, one)
    if record_type == "customerDeposit":
        left = deposits.left_of(account, one)
        used = total - left
    is_invoice = record_type == "invoice"
    is_credit = record_type in ("creditMemo", "customerPayment", "customerDeposit", "depositApplication")
    return (
        one["id"],
        one["tranId"],
        one.get("externalId"),
        code,
        record_type.lower(),
        DAY + one["tranDate"],
        one["_entity"],
        one["currency"],
        number(one["exchangeRate"]),
        one.get("memo") or None,
        letter,
        number(total),
        number(used) if is_invoice else None,
        number(left) if is_invoice else None,
        number(used) if is_credit else None,
        number(left) if is_credit else None,
        flag(one["_voided"]),
        "T",
        one.get("otherRefNum"),
        one["postingPeriod"],
        stamp(one["_created"]),
        stamp(one["_modified"]),
        one["transactionNumber"],
        words if account.moods.short_statuses else f"{label} : {words}",
        rendering.name_of(account, "customer", one["_entity"]) or None,
        rendering.name_of(account, "currency", one["currency"]),
        label,
        rendering.name_of(account, "accountingPeriod", one["postingPeriod"]),
        *(one.get(name) for name in account.custom_fields),
    )


def _line(account: Account, one: Json, line: posting.Line, index: int) -> tuple[Any, ...]:
    source = line.source or {}
    item = source.get("item")
    sign = -posting.MAIN.get(one["_type"], 0)
    quantity = None if item is None else ZERO if one["_voided"] else sign * source["quantity"]
    memo = one.get("memo") if line.main else source.get("description", source.get("memo"))
    created = one.get("createdFrom") if line.main or item else None
    return (
        one["id"],
        line.line,
        index,
        flag(line.main),
        flag(line.tax),
        number(line.base),
        number(line.foreign),
        line.entity,
        line.account if account.moods.expense_accounts else None,
        int(one["id"]) * 10_000 + line.line,
        item,
        number(quantity),
        number(source.get("rate")) if item else None,
        created,
        memo or None,
        one["subsidiary"],
        *(source.get(name) or one.get(name) for name in ("department", "class", "location")),
        rendering.name_of(account, "item", item) or None,
        rendering.name_of(account, "customer", line.entity) or None,
    )


def _accounting(account: Account, one: Json, lines: list[posting.Line]) -> Iterator[tuple[Any, ...]]:
    def row(line: int, of: str, amount: Decimal) -> tuple[Any, ...]:
        debit = number(amount) if amount > 0 else None
        credit = number(-amount) if amount < 0 else None
        return (
            one["id"],
            line,
            of,
            "1",
            debit,
            credit,
            number(amount),
            rendering.name_of(account, "account", of),
        )

    for each in lines:
        yield row(each.line, each.account, each.base)
    last = max((each.line for each in lines), default=0)
    for target in one["_apply"]:
        for posted in account.ledger.posted([settling.key_of((one["id"], target))]):
            for each_posting in posted.postings:
                last += 1
                yield row(last, each_posting.account, each_posting.amount)


def _links(account: Account, one: Json) -> Iterator[tuple[Any, ...]]:
    """Applications as `Payment`, and what a document was made from."""
    code = TRANSACTIONS[one["_type"]][0]
    own = 0 if one["_type"] in ("creditMemo", "invoice") else account.moods.payment_line or 1
    for target_id, amount in one["_apply"].items():
        target = account.transaction(target_id)
        there = TRANSACTIONS[target["_type"]][0]
        line = 0 if target["_type"] in ("invoice", "creditMemo") else account.moods.payment_line or 1
        yield (target_id, line, there, one["id"], own, code, "Payment", number(amount))
    made_from = one.get("createdFrom")
    if made_from is not None and made_from in account.shelf.groups["transaction"]:
        there = TRANSACTIONS[account.transaction(made_from)["_type"]][0]
        yield (made_from, 0, there, one["id"], 0, code, "SalesReturn", None)


def _tax(one: Json, row: Json) -> tuple[Any, ...]:
    voided = one["_voided"]
    return (
        one["id"],
        row["line"],
        f"Item {row['line']}",
        row["taxType"],
        row["taxCode"],
        number(row["taxRate"] / 100),
        number(ZERO if voided else row["taxBasis"]),
        number(ZERO if voided else row["taxAmount"]),
    )
