"""What is open on a customer's account, and how Payments settle it: balances, links, exchange differences."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks.ledger import Key, Posting
from vendors.quickbooks.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

# LinkedTxn.TxnType of a Payment line: the object behind it.
LINKABLE = {
    "Invoice": "Invoice",
    "CreditMemo": "CreditMemo",
    "Expense": "Purchase",
    "Check": "Purchase",
    "CreditCardCredit": "Purchase",
    "JournalEntry": "JournalEntry",
}


@dataclass(frozen=True)
class OpenItem:
    """A document on a customer's account. `sign` is 1 where the customer owes it, -1 where it is owed to them; `total`
    in its currency and `home` in home currency are never negative.
    """

    key: Key
    txn_type: str
    customer: str
    currency: str
    sign: int
    total: Decimal
    home: Decimal


def open_item(company: Company, kind: str, one: Json) -> OpenItem | None:
    """None where the document has nothing on receivables; it must have been posted."""
    key = (kind, one["Id"])
    entry = company.ledger.entries.get(key)
    currency = one.get("CurrencyRef", {}).get("value", company.currency)
    owed = [each for each in entry.postings if each.customer is not None] if entry else []
    home = sum((each.amount for each in owed), ZERO)
    if not owed or not home or kind in ("Payment", "Deposit"):
        return None
    customer = owed[0].customer
    assert customer is not None, f"{key} is on receivables without a customer"
    if kind in ("Invoice", "CreditMemo"):
        return OpenItem(
            key, kind, customer, currency, 1 if kind == "Invoice" else -1, one["TotalAmt"], abs(home)
        )
    total = _receivable_lines(owed[0].account, one)
    txn_type = kind
    if kind == "Purchase":
        txn_type = {"Cash": "Expense", "Check": "Check"}.get(one["PaymentType"], "CreditCardCredit")
    return OpenItem(key, txn_type, customer, currency, 1 if home > 0 else -1, abs(total), abs(home))


def _receivable_lines(account: str, one: Json) -> Decimal:
    total = ZERO
    for line in one["Line"]:
        detail = line.get("AccountBasedExpenseLineDetail") or line.get("JournalEntryLineDetail") or {}
        if detail.get("AccountRef", {}).get("value") == account:
            total += -line["Amount"] if detail.get("PostingType") == "Credit" else line["Amount"]
    return total


def applied(company: Company, key: Key, without: str | None = None) -> Decimal:
    """What Payments have settled of a document, in its currency."""
    links = company.links.get(key) or {}
    return sum((amount for payment, amount in links.items() if payment != without), ZERO)


def share(company: Company, item: OpenItem, payment: str) -> Decimal:
    """What one Payment settles of a document in home currency, so that all of it together is exactly its amount."""
    links = company.links.get(item.key) or {}
    before = ZERO
    for one in sorted(links, key=int):
        after = before + links[one]
        if one == payment:
            return rounded(item.home * after / item.total) - rounded(item.home * before / item.total)
        before = after
    return ZERO


def open_home(company: Company, kind: str, one: Json) -> tuple[str, Decimal] | None:
    """Whose account the document stands on, and what is open of it in home currency, debits positive."""
    if kind == "Payment":
        rate = one.get("ExchangeRate", Decimal(1))
        return one["CustomerRef"]["value"], -rounded(one["UnappliedAmt"] * rate)
    item = open_item(company, kind, one)
    if item is None:
        return None
    links = company.links.get(item.key) or {}
    return item.customer, item.sign * (
        item.home - sum((share(company, item, payment) for payment in links), ZERO)
    )


def with_balances(company: Company, kind: str, one: Json) -> Json:
    """The document with the fields that follow from its links."""
    item = open_item(company, kind, one)
    key = (kind, one["Id"])
    shown = dict(one)
    payments = [{"TxnId": each, "TxnType": "Payment"} for each in company.links.get(key) or {}]
    if kind in ("Invoice", "CreditMemo"):
        balance = item.total - applied(company, key) if item else ZERO
        shown["Balance"] = balance
        if kind == "CreditMemo":
            shown["RemainingCredit"] = balance
        if company.multi_currency:
            home = open_home(company, kind, one)
            shown["HomeBalance"] = abs(home[1]) if home else ZERO
    elif kind in ("SalesReceipt", "RefundReceipt"):
        shown["Balance"] = ZERO
    if kind == "Invoice" or (kind in ("CreditMemo", "Purchase") and company.moods.credit_memo_shows_links):
        shown["LinkedTxn"] = payments
    deposit = company.deposited.get(key)
    if kind in ("Payment", "SalesReceipt"):
        shown["LinkedTxn"] = [{"TxnId": deposit, "TxnType": "Deposit"}] if deposit else []
    return shown


def postings(company: Company, one: Json) -> list[Posting]:
    """Of a Payment: money in, each linked document settled at its own rate, the difference as exchange gain or loss."""
    customer = one["CustomerRef"]["value"]
    account = company.receivable(one["CurrencyRef"]["value"])
    rate = one.get("ExchangeRate", Decimal(1))
    posted = [Posting(one["DepositToAccountRef"]["value"], rounded(one["TotalAmt"] * rate))]
    for key in linked_keys(one):
        item = open_item(company, key[0], company.shelf.kinds[key[0]][key[1]])
        assert item is not None, f"{key} is linked and not open"
        posted.append(Posting(account, -item.sign * share(company, item, one["Id"]), customer))
    posted.append(Posting(account, -rounded(one["UnappliedAmt"] * rate), customer))
    rest = -sum((each.amount for each in posted), ZERO)
    if rest:
        assert one["CurrencyRef"]["value"] != company.currency, f"a home currency Payment is off by {rest}"
        posted.append(Posting(company.account_of_type("ExchangeGainOrLoss"), rest))
    return posted


def linked_keys(one: Json) -> list[Key]:
    """The documents that a Payment links, each once, in the order of its lines."""
    keys: dict[Key, None] = {}
    for line in one["Line"]:
        for link in line.get("LinkedTxn", ()):
            keys[LINKABLE[link["TxnType"]], link["TxnId"]] = None
    return list(keys)
