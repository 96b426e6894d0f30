"""`POST /{type}/{id}/!transform/{target}`: a new record that takes over what the old one says (ORA/section_157901123882)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.netsuite import deposits, heads, settling, transactions
from vendors.netsuite.body import Given
from vendors.netsuite.refusals import bad_parameter, user_error
from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

PAIRS = {
    ("invoice", "creditMemo"),
    ("invoice", "customerPayment"),
    ("cashSale", "cashRefund"),
    ("creditMemo", "customerRefund"),
    ("customerPayment", "customerRefund"),
    ("customerDeposit", "customerRefund"),
    ("cashRefund", "creditMemo"),
    ("customer", "invoice"),
    ("customer", "cashSale"),
    ("customer", "customerPayment"),
}
_TAKEN_OVER = ("currency", "exchangeRate", "department", "class", "location", "otherRefNum")
_LINE = (
    "item",
    "quantity",
    "rate",
    "amount",
    "description",
    "department",
    "class",
    "location",
    "taxDetailsReference",
)


def transform(account: Account, source: Json, target: str, given: Given, replaced: frozenset[str]) -> Json:
    """What was sent is laid over what the source gives; its lines are kept beside those sent, unless replaced."""
    if (source["_type"], target) not in PAIRS:
        raise bad_parameter(f"The transformation of {source['_type']} to {target} is not supported.")
    if source["_type"] == "customer":
        given.values.setdefault(heads.ENTITY[target], source["id"])
        return transactions.create(account, target, given, transformed=True)
    if source["_voided"]:
        raise user_error("A voided transaction can not be transformed.")
    for name in _TAKEN_OVER:
        if source.get(name) is not None:
            given.values.setdefault(name, source[name])
    given.values.setdefault(heads.ENTITY[target], source["_entity"])
    if given.values.get("exchangeRate") == 1:
        del given.values["exchangeRate"]
    if target in ("creditMemo", "cashRefund"):
        _take_lines(account, source, target, given, replaced)
        given.values["createdFrom"] = source["id"]
    elif target == "customerRefund":
        _refund(account, source, given, replaced)
    else:
        _apply(account, source, given, replaced)
    _take_receivable(source, target, given)
    return transactions.create(account, target, given, transformed=True)


def _take_lines(account: Account, source: Json, target: str, given: Given, replaced: frozenset[str]) -> None:
    """A memo also selects the invoice, as far as that is open."""
    if "item" not in replaced:
        taken = [
            {"_path": "item", **{name: line[name] for name in _LINE if line.get(name) is not None}}
            for line in source["_lines"]
        ]
        given.lines["item"] = [*taken, *given.lines.get("item", [])]
        if source.get("taxDetailsOverride") and "taxDetails" not in given.lines:
            given.values["taxDetailsOverride"] = True
            given.lines["taxDetails"] = [{"_path": "taxDetails", **one} for one in source["_taxes"]]
    if target == "cashRefund":
        given.values.setdefault("account", source["_bank"])
        return
    left = settling.open_amount(account, source)
    wanted = account.moods.transform_applies and "apply" not in replaced and "apply" not in given.lines
    if wanted and source["_type"] == "invoice" and left > 0:
        given.lines["apply"] = [{"_path": "apply", "doc": source["id"], "apply": True}]


def _refund(account: Account, source: Json, given: Given, replaced: frozenset[str]) -> None:
    if source["_type"] != "customerDeposit":
        _apply(account, source, given, replaced)
        return
    if not deposits.left_of(account, source):
        raise user_error("The deposit has already been applied.")
    given.lines.setdefault("deposit", [{"_path": "deposit", "doc": source["id"], "apply": True}])


def _apply(account: Account, source: Json, given: Given, replaced: frozenset[str]) -> None:
    left = settling.open_amount(account, source)
    if left <= 0:
        raise user_error("There is nothing open on this transaction.")
    sent = given.lines.get("apply", [])
    if "apply" not in replaced and not any(one.get("doc") == source["id"] for one in sent):
        given.lines["apply"] = [
            {"_path": "apply", "doc": source["id"], "apply": True, "amount": left},
            *sent,
        ]


def _take_receivable(source: Json, target: str, given: Given) -> None:
    name = heads.RECEIVABLE.get(target)
    if name is not None and source.get("_ar"):
        given.values.setdefault(name, source["_ar"])
