"""What is applied of a document, what is still open of it, and what its applications take off it in base currency."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite.ledger import Posting
from vendors.netsuite.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

# +1 where the customer owes, -1 where the customer is owed.
SIDES = {
    "invoice": 1,
    "creditMemo": -1,
    "customerPayment": -1,
    "depositApplication": -1,
    "customerRefund": 1,
}
# What may stand in the `apply` of a type.
TARGETS: dict[str, tuple[str, ...]] = {
    "creditMemo": ("invoice",),
    "customerPayment": ("invoice",),
    "depositApplication": ("invoice",),
    "customerRefund": ("creditMemo", "customerPayment", "depositApplication"),
}
Pair = tuple[str, str]


def pairs_of(account: Account, one: Json) -> Iterator[tuple[Pair, Decimal]]:
    """Every application of a document, first those it holds: (source, target) and the amount."""
    for target, amount in one.get("_apply", {}).items():
        yield (one["id"], target), amount
    for source in one.get("_applied_by", ()):
        yield (source, one["id"]), account.transaction(source)["_apply"][one["id"]]


def settled(account: Account, one: Json) -> Decimal:
    return sum((amount for _, amount in pairs_of(account, one)), ZERO)


def open_amount(account: Account, one: Json) -> Decimal:
    """What is not applied yet, in the document's currency; zero for what is voided or is never open."""
    if one["_voided"] or one["_type"] not in SIDES:
        return ZERO
    total: Decimal = one["_total"]
    return total - settled(account, one)


def in_base(account: Account, one: Json, amount: Decimal) -> Decimal:
    """An amount of a document at the document's own rate."""
    rate: Decimal = one["exchangeRate"]
    if rate == 1:
        return amount
    return rounded(amount * rate, account.digits(account.base_of(one["subsidiary"])))


def share(account: Account, one: Json, pair: Pair) -> Decimal:
    """What an application takes off a document in base currency; together they never leave a cent behind."""
    before = ZERO
    for each, amount in pairs_of(account, one):
        if each == pair:
            return in_base(account, one, before + amount) - in_base(account, one, before)
        before += amount
    raise AssertionError(f"{pair} is no application of {one['id']}")


def open_in_base(account: Account, one: Json) -> Decimal:
    if one["_voided"]:
        return ZERO
    return in_base(account, one, one["_total"]) - in_base(account, one, settled(account, one))


def key_of(pair: Pair) -> str:
    return f"{pair[0]}>{pair[1]}"


def post_pairs(account: Account, *documents: str) -> None:
    """Brings the gains and losses of all applications of these documents up to date."""
    for document in documents:
        one = account.transaction(document)
        for pair, _ in pairs_of(account, one):
            _post(account, pair)


def _post(account: Account, pair: Pair) -> None:
    source, target = (account.transaction(one) for one in pair)
    if source["exchangeRate"] == target["exchangeRate"] == 1:
        return
    # Both signs: the debit side was booked at its rate, the credit side at another.
    gain = sum((-SIDES[one["_type"]] * share(account, one, pair) for one in (source, target)), ZERO)
    postings = [
        Posting(source["_ar"], gain, source["_entity"]),
        Posting(account.account_id_of("Realized Gain/Loss"), -gain),
    ]
    account.ledger.post(key_of(pair), source["tranDate"], source["subsidiary"], postings)
    account.shelf.changed["transaction", source["id"]] = None
