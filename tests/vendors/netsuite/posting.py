"""What each transaction does in the general ledger: its lines, debits positive, in its own and in base currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite.ledger import Posting
from vendors.netsuite.settling import in_base
from vendors.netsuite.wire import ZERO, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendors.netsuite.account import Account

# What the main line has: +1 a debit of the total.
MAIN = {
    "invoice": 1,
    "creditMemo": -1,
    "cashSale": 1,
    "cashRefund": -1,
    "customerPayment": 1,
    "customerDeposit": 1,
    "depositApplication": -1,
    "customerRefund": -1,
}
FORMS = frozenset({"invoice", "creditMemo", "cashSale", "cashRefund"})
_STOCK = frozenset({"invoice", "creditMemo", "cashSale", "cashRefund"})


@dataclass(frozen=True)
class Line:
    """`line` is the transaction line id; `shown` whether SuiteQL's transactionline has it."""

    line: int
    account: str
    foreign: Decimal
    base: Decimal
    main: bool = False
    tax: bool = False
    shown: bool = True
    entity: str | None = None
    source: Json | None = None


def lines_of(account: Account, one: Json) -> list[Line]:
    """The lines of a transaction; those of a voided one are at zero."""
    if one["_type"] == "journalEntry":
        found = list(_journal(account, one))
    elif one["_type"] in FORMS:
        found = _form(account, one)
    else:
        found = _settlement(account, one)
    if one["_voided"]:
        return [
            Line(
                each.line, each.account, ZERO, ZERO, each.main, each.tax, each.shown, each.entity, each.source
            )
            for each in found
        ]
    return _balanced(account, found)


def _form(account: Account, one: Json) -> list[Line]:
    sign = MAIN[one["_type"]]
    main = one.get("_ar") or one["_bank"]
    entity = one["_entity"]
    total = one["_total"]
    found = [Line(0, main, sign * total, sign * in_base(account, one, total), main=True, entity=entity)]
    for line in one["_lines"]:
        income = account.get("item", line["item"])["incomeAccount"]
        amount = -sign * line["amount"]
        found.append(
            Line(line["line"], income, amount, in_base(account, one, amount), entity=entity, source=line)
        )
    last = max((one.line for one in found), default=0)
    for number, tax in enumerate(one["_taxes"], start=last + 1):
        amount = -sign * tax["taxAmount"]
        payable = account.account_id_of("Sales Tax Payable")
        found.append(
            Line(number, payable, amount, in_base(account, one, amount), tax=True, entity=entity, source=tax)
        )
    found += _stock(account, one, sign, found[-1].line)
    return found


def _stock(account: Account, one: Json, sign: int, last: int) -> Iterator[Line]:
    """Goods go out at cost with a sale and come back with a refund."""
    for line in one["_lines"]:
        item = account.get("item", line["item"])
        if item["_type"] == "inventoryItem":
            cost = sign * item["_cost"] * line["quantity"]
            for name, amount in (("cogsAccount", cost), ("assetAccount", -cost)):
                last += 1
                yield Line(last, item[name], ZERO, amount, shown=False)


def _settlement(account: Account, one: Json) -> list[Line]:
    """A payment, a refund of one, a deposit: the main line on the bank, the other where the customer stands."""
    sign = MAIN[one["_type"]]
    total = one["_total"]
    base = in_base(account, one, total)
    number = account.moods.payment_line or 1
    main, other = _accounts(account, one)
    entity = one["_entity"]
    return [
        Line(0, main, sign * total, sign * base, main=True, entity=entity),
        Line(number, other, -sign * total, -sign * base, entity=entity),
    ]


def _accounts(account: Account, one: Json) -> tuple[str, str]:
    deposits = account.account_id_of("Customer Deposits")
    if one["_type"] == "customerDeposit":
        return one["_bank"], deposits
    if one["_type"] == "depositApplication":
        return one["_ar"], deposits
    return one["_bank"], one["_ar"]


def _journal(account: Account, one: Json) -> Iterator[Line]:
    for index, line in enumerate(one["_lines"]):
        amount = line["debit"] - line["credit"]
        base = in_base(account, one, amount)
        yield Line(
            line["line"],
            line["account"],
            amount,
            base,
            main=index == 0,
            entity=line.get("entity"),
            source=line,
        )


def _balanced(account: Account, found: list[Line]) -> list[Line]:
    rest = sum((one.base for one in found), ZERO)
    if not rest:
        return found
    last = max(one.line for one in found) + 1
    return [*found, Line(last, account.account_id_of("Rounding Gain/Loss"), ZERO, -rest, shown=False)]


def post(account: Account, record_id: str) -> None:
    """Brings the ledger up to date with a transaction."""
    one = account.transaction(record_id)
    account.touched.add(record_id)
    if one["_voided"]:
        account.ledger.remove(record_id)
        return
    kinds = account.shelf.groups["account"]
    postings = [
        Posting(
            line.account, line.base, line.entity if kinds[line.account]["acctType"] == "AcctRec" else None
        )
        for line in lines_of(account, one)
    ]
    account.ledger.post(record_id, one["tranDate"], one["subsidiary"], postings)
