"""What one document moves on one account, where a ledger posts by itself and shows no postings."""

from __future__ import annotations

from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.values import value


@value(frozen=True, slots=True)
class Movement:
    """`amount_minor` on an account, debits above zero, in the transaction's currency. `sold`: of a line that sells, or
    takes back; `item`: that line's item. The side where the whole of it goes is the last."""

    account: str
    amount_minor: int
    sold: bool = False
    item: str | None = None
    whole: bool = False


def with_total(found: list[Movement], account: str, total: int, rest: str = "") -> list[Movement]:
    """Movements with the side of the total; what the lines do not tell (they may be of a kind that is not known here)
    is on the account `rest`."""
    missing = -total - sum(one.amount_minor for one in found)
    return [*found, Movement(rest, missing), Movement(account, total, whole=True)]


def balance_currency(currency: str, home: str, multi_currency: bool, mapping: LedgerMapping) -> str:
    """The currency in which planning counts what a document in `currency` is worth: that of the Stripe balance.

    That is the home currency, unless a clearing account is mapped for the document's own: then Stripe keeps a balance in
    it.
    """
    if not multi_currency or currency in mapping.clearing_accounts.by_currency:
        return currency
    return home
