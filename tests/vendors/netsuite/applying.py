"""The `apply` lists: payments and credit memos on invoices, customer refunds on what the customer is owed.

Lines are keyed by (`doc`, `line`), where `line` is a transaction line id (ORA/article_0224093711, article_0830082954).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite.refusals import invalid_value, missing, user_error
from vendors.netsuite.settling import TARGETS, key_of, open_amount, post_pairs, settled
from vendors.netsuite.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.netsuite.account import Account


def line_of(account: Account, one: Json) -> int:
    """The transaction line id under which a document stands in `apply`: where its receivable lies."""
    return 0 if one["_type"] in ("invoice", "creditMemo") else account.moods.payment_line


def candidates(account: Account, source: Json) -> list[Json]:
    """The open documents that `source` could be set against, oldest first."""
    wanted = TARGETS[source["_type"]]
    found = []
    for one in account.shelf.perhaps_open(source["_entity"]):
        if open_amount(account, one) <= 0:
            account.shelf.is_settled(one)
        elif one["_type"] in wanted and _fits(source, one):
            found.append(one)
    return found


def _fits(source: Json, target: Json) -> bool:
    return all(source[name] == target[name] for name in ("_entity", "currency", "subsidiary", "_ar"))


def change(account: Account, source_id: str, sent: Iterable[Json], replace: bool = False) -> bool:
    """Sets what was sent; returns whether any application changed. The source must be on the shelf."""
    source = account.transaction(source_id)
    wanted: dict[str, Decimal] = {} if replace else dict(source["_apply"])
    for given in sent:
        if given.get("doc") is None:
            raise missing(f"{given['_path']}.doc")
        target = account.transaction(given["doc"])
        _check_line(account, source, target, given)
        amount = _amount(account, source, target, given, wanted)
        if amount:
            wanted[target["id"]] = amount
        else:
            wanted.pop(target["id"], None)
    return put(account, source_id, wanted)


def _check_line(account: Account, source: Json, target: Json, given: Json) -> None:
    """Only what is applied already or is open stands on the list."""
    listed = target["id"] in source["_apply"] or (
        target["_type"] in TARGETS[source["_type"]]
        and _fits(source, target)
        and open_amount(account, target) > 0
    )
    if not listed:
        raise invalid_value(target["id"], "doc", f"{given['_path']}.doc")
    if given.get("line") is not None and given["line"] != line_of(account, target):
        raise invalid_value(given["line"], "line", f"{given['_path']}.line")


def _amount(account: Account, source: Json, target: Json, given: Json, wanted: dict[str, Decimal]) -> Decimal:
    """Zero takes the application away; without an amount as much is applied as there is on both sides."""
    told, flag = given.get("amount"), given.get("apply")
    if flag is False:
        return ZERO
    if flag is None and told is None:
        return wanted.get(target["id"], ZERO)
    there: Decimal = source["_apply"].get(target["id"], ZERO)
    most = open_amount(account, target) + there
    if told is None:
        if source["_type"] == "customerRefund":
            return most
        left = _limit(account, source) - sum(wanted.values(), ZERO) + wanted.get(target["id"], ZERO)
        return max(ZERO, min(most, left))
    if told < 0 or told != rounded(told, account.digits(source["currency"])):
        raise user_error(f"Invalid amount {told} to apply.", f"{given['_path']}.amount")
    if told > most:
        raise user_error(
            f"The amount applied {told} exceeds the amount due {most}.", f"{given['_path']}.amount"
        )
    return Decimal(told)


def _limit(account: Account, source: Json) -> Decimal:
    """What a source can apply in all: its total without what refunds paid out of it."""
    total: Decimal = source["_total"]
    return total - settled(account, source) + sum(source["_apply"].values(), ZERO)


def put(account: Account, source_id: str, wanted: dict[str, Decimal]) -> bool:
    """Makes these the applications of a document, and brings all sides up to date."""
    source = account.transaction(source_id)
    old = source["_apply"]
    if old == wanted:
        return False
    if source["_type"] == "customerRefund":
        source = {**source, "_total": sum(wanted.values(), ZERO)}
    elif sum(wanted.values(), ZERO) > _limit(account, source):
        raise user_error("The total applied exceeds the amount of the transaction.", "apply")
    account.put({**source, "_apply": wanted})
    for target_id in dict.fromkeys((*old, *wanted)):
        target = account.transaction(target_id)
        others = {one: None for one in target["_applied_by"] if one != source_id}
        by = {**others, source_id: None} if target_id in wanted else others
        account.put({**target, "_applied_by": by}, touch=by != target["_applied_by"])
        account.touched.add(target_id)
        if target_id not in wanted:
            account.ledger.remove(key_of((source_id, target_id)))
    account.touched.add(source_id)
    post_pairs(account, source_id, *dict.fromkeys((*old, *wanted)))
    return True


def auto_apply(account: Account, source_id: str) -> None:
    """What the preference does: the oldest open invoices are paid first."""
    source = account.transaction(source_id)
    wanted = dict(source["_apply"])
    left = _limit(account, source) - sum(wanted.values(), ZERO)
    for target in candidates(account, source):
        amount = min(left, open_amount(account, target))
        if amount > 0 and target["id"] not in wanted:
            wanted[target["id"]] = amount
            left -= amount
    put(account, source_id, wanted)
