"""What a transaction of QuickBooks Online moves, worked out from its own lines: debits and credits by account.

QuickBooks posts by itself and shows no postings; what stands on a form decides them.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.ledgers.json_wire import Row, minor
from connector.ledgers.movement import Movement, with_total
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_sale_lines import (
    ITEM,
    account_of_item,
    amounts_of,
    books_currency,
    form_lines,
    in_books,
    part_of,
    rows_of,
)
from connector.ledgers.quickbooks_wire import currency_of, ref_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Entry

GIVES_BACK = frozenset({"CreditMemo", "RefundReceipt"})
FORMS = frozenset({"Invoice", "SalesReceipt", *GIVES_BACK})
REVENUE = "Revenue"


def movements(row: Row, entity: str, directory: Directory, mapping: LedgerMapping) -> list[Movement]:
    """What a transaction moves; without zeros, the side of its total last."""
    if entity in FORMS:
        found = of_form(row, entity, directory, mapping)
    elif entity == "Payment":
        found = of_payment(row, directory, mapping)
    elif entity == "JournalEntry":
        found = of_journal(row, directory, mapping)
    else:
        found = of_money(row, entity, directory, mapping)
    return [one for one in found if one.amount_minor]


def of_form(row: Row, entity: str, directory: Directory, mapping: LedgerMapping) -> list[Movement]:
    """Items and discounts, the tax, then receivables or money."""
    sign = 1 if entity in GIVES_BACK else -1
    currency = currency_of(row, directory.preferences.home)
    lines = [line for _, line in form_lines(rows_of(row, "Line"))]
    nets, taxes = amounts_of(row, lines, directory)
    found = []
    for line, net in zip(lines, nets, strict=True):
        detail = part_of(line, str(line["DetailType"]))
        if line["DetailType"] == ITEM:
            account, item = account_of_item(detail, directory), ref_of(detail, "ItemRef")
        else:
            account, item = directory.accounts.label(ref_of(detail, "DiscountAccountRef") or ""), None
        found.append(Movement(account, sign * net, True, item))
    found.append(Movement(mapping.tax or "", sign * sum(taxes)))
    if entity in ("Invoice", "CreditMemo"):
        last = mapping.receivable(currency) or ""
    else:
        last = money_of(row, "DepositToAccountRef", directory)
    return with_total(found, last, -sign * minor(row.get("TotalAmt"), currency))


def of_payment(row: Row, directory: Directory, mapping: LedgerMapping) -> list[Movement]:
    currency = currency_of(row, directory.preferences.home)
    total = minor(row.get("TotalAmt"), currency)
    into = money_of(row, "DepositToAccountRef", directory)
    return [Movement(mapping.receivable(currency) or "", -total), Movement(into, total, whole=True)]


def of_money(row: Row, entity: str, directory: Directory, mapping: LedgerMapping) -> list[Movement]:
    """A purchase takes money out of its account, a deposit and what a vendor gives back puts money in; the total of a
    purchase is with its tax."""
    currency = currency_of(row, directory.preferences.home)
    spends = entity == "Purchase" and not row.get("Credit")
    found = []
    for line in rows_of(row, "Line"):
        detail = part_of(line, str(line.get("DetailType") or ""))
        account = ref_of(detail, "AccountRef")
        amount = minor(line.get("Amount"), currency)
        if account is None:
            # What a deposit takes out of Undeposited Funds, and items that are bought.
            label = (directory.undeposited() or "") if entity == "Deposit" else ""
        else:
            label = directory.accounts.label(account)
        found.append(Movement(label, amount if spends else -amount))
    total = minor(row.get("TotalAmt"), currency)
    untold = mapping.tax or "" if entity == "Purchase" else ""
    field = "DepositToAccountRef" if entity == "Deposit" else "AccountRef"
    return with_total(found, money_of(row, field, directory), -total if spends else total, untold)


def of_journal(row: Row, directory: Directory, mapping: LedgerMapping) -> list[Movement]:
    """In the order of its lines, but receivables and clearing last."""
    currency = currency_of(row, directory.preferences.home)
    found = []
    for line in rows_of(row, "Line"):
        detail = part_of(line, "JournalEntryLineDetail")
        amount = minor(line.get("Amount"), currency)
        label = directory.accounts.label(ref_of(detail, "AccountRef") or "")
        found.append(Movement(label, amount if detail.get("PostingType") == "Debit" else -amount))
    sides = (mapping.receivable_accounts.accounts(), mapping.clearing_accounts.accounts())
    return sorted(found, key=lambda one: (one.account in sides[1], one.account in sides[0]))


def money_of(row: Row, name: str, directory: Directory) -> str:
    account = ref_of(row, name)
    return directory.accounts.label(account) if account is not None else directory.undeposited() or ""


# ------------------------------------------------------------------------------------------------ what they are


def is_income(one: Movement, directory: Directory, mapping: LedgerMapping) -> bool:
    """Whether it is on what is sold or taken back; the mapping may gather refunds elsewhere."""
    exchange = directory.items.find(mapping.exchange_item) if mapping.exchange_item else None
    account = directory.accounts.find(one.account)
    if is_exchange(one, exchange) or is_of(account, directory, mapping.exchange, mapping.fees):
        return False
    revenue = account is not None and directory.accounts.by_id[account].get("Classification") == REVENUE
    return one.sold or revenue or is_of(account, directory, mapping.refunds, mapping.sales)


def is_of(account: str | None, directory: Directory, *names: str | None) -> bool:
    """Whether an account is one of these, however the mapping spells them."""
    return account is not None and account in {directory.accounts.find(name) for name in names if name}


def entries_of(
    row: Row, moved: Sequence[Movement], directory: Directory, mapping: LedgerMapping
) -> tuple[tuple[Entry, ...], tuple[str | None, ...]]:
    """Debits and credits in the currency of the Stripe balance, in the order of planning, and for each the line of the
    sale that it takes back; the lines of the sale are told by the note, if it tells as many as there are."""
    currency = books_currency(currency_of(row, directory.preferences.home), directory, mapping)
    exchange = directory.items.find(mapping.exchange_item) if mapping.exchange_item else None
    # Exchange stands behind the taxes, and before the side of the total.
    ordered = sorted(moved, key=lambda one: (one.whole, is_exchange(one, exchange)))
    told = list(read_note(row).lines)
    sold = [one.sold and not is_exchange(one, exchange) for one in ordered]
    names = iter(told if len(told) == sum(sold) else ())
    entries, line_ids = [], []
    for one, sells, amount in zip(ordered, sold, worth_of(row, ordered, directory, mapping), strict=True):
        line_id = next(names, None) if sells else None
        if amount:
            entries.append(Entry(one.account, max(amount, 0), max(-amount, 0), currency))
            line_ids.append(line_id)
    return tuple(entries), tuple(line_ids)


def is_exchange(one: Movement, exchange_item: str | None) -> bool:
    return one.item is not None and one.item == exchange_item


def worth_of(row: Row, moved: Sequence[Movement], directory: Directory, mapping: LedgerMapping) -> list[int]:
    """The movements as they are worth in the books; they balance there too."""
    last = next((at for at, one in enumerate(moved) if one.whole), len(moved) - 1)
    sign = -1 if moved and moved[last].amount_minor > 0 else 1
    parts = [sign * one.amount_minor for at, one in enumerate(moved) if at != last]
    worth = [sign * part for part in in_books(row, parts, directory, mapping)]
    return [*worth[:last], -sum(worth), *worth[last:]] if moved else []
