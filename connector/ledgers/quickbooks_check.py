"""Whether a company and the mapping fit each other and what the settings ask: sentences for `check`.

Each names the key in the mapping file, what it names in QuickBooks, and what to do. Pure: everything was read before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.ledgers.findings import day_in_words, find_customers, keyed
from connector.ledgers.json_wire import Row
from connector.ledgers.quickbooks_check_items import find_items, find_taxes
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_findings import Findings
from connector.ledgers.quickbooks_wire import ref_of
from connector.planning.mapping_model import Mapping as LedgerMapping

if TYPE_CHECKING:
    from connector.ledgers.quickbooks_online import Wants

BANK, CURRENT_ASSET, RECEIVABLE = "Bank", "Other Current Asset", "Accounts Receivable"
EXPENSES = frozenset({"Expense", "Other Expense", "Cost of Goods Sold"})
GAINS_AND_LOSSES = frozenset({"Income", "Other Income", *EXPENSES})
# What leaves clearing as an expense, and what stands on receivable.
EXPENSE_TYPES = ("credit_card_refund", "refund_payout", "reopen_invoice")
RECEIVABLE_TYPES = frozenset({"credit_memo", "void", *EXPENSE_TYPES})


def findings(
    directory: Directory, mapping: LedgerMapping, wants: Wants, default_customer: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Problems and warnings. `default_customer`: whether QuickBooks has the customer that the mapping names for sales
    without a name."""
    found = Findings(directory)
    find_clearing(found, mapping, wants)
    find_receivable(found, mapping, wants)
    find_other_accounts(found, mapping, wants)
    find_items(found, mapping, wants)
    find_taxes(found, mapping, wants)
    find_payment_methods(found, mapping)
    find_customers(found, mapping, wants.sales, default_customer)
    find_preferences(found, wants)
    return found.told()


# ------------------------------------------------------------------------------------------------ accounts


def find_clearing(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    expenses = [kind for kind in EXPENSE_TYPES if kind in wants.types]
    if wants.fees:
        expenses.append("Stripe's fees")
    if wants.sales == "invoice_and_payment":
        expenses.append("payments that fail")
    for key, currency, name in keyed("accounts.clearing", mapping.clearing_accounts):
        row = found.account(key, name)
        if row is None:
            continue
        kind = row.get("AccountType")
        if kind == CURRENT_ASSET and expenses:
            listed = ", ".join(expenses)
            found.tell(
                f'{key}: "{name}" works for refund_receipt only: QuickBooks takes an expense from a Bank account alone, and '
                f"as expenses are written: {listed}; name an account of the type Bank, or switch those off"
            )
        elif kind not in (BANK, CURRENT_ASSET):
            found.tell(f'{key}: "{name}" is of the type {kind}: name an account of the type Bank')
        find_currency(found, key, currency, name, row)


def find_currency(found: Findings, key: str, currency: str | None, name: str, row: Row) -> None:
    """An account that is mapped for a currency is kept in it."""
    prefs = found.directory.preferences
    if currency is None:
        return
    if not prefs.multi_currency and currency != prefs.home:
        found.tell(
            f"{key}: the company keeps {prefs.home.upper()} alone, since multi-currency is off in QuickBooks: take the line "
            f"out; what Stripe settles in {currency.upper()} is held, currency_not_supported",
            problem=False,
        )
        return
    kept = held_in(found, row)
    if kept != currency:
        found.tell(f'{key}: "{name}" is kept in {kept.upper()}: name an account in {currency.upper()}')


def held_in(found: Findings, row: Row) -> str:
    return (ref_of(row, "CurrencyRef") or found.directory.preferences.home).lower()


def find_receivable(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    mapped = keyed("accounts.receivable", mapping.receivable_accounts)
    if not mapped and RECEIVABLE_TYPES & wants.types:
        found.tell(
            "accounts.receivable names no account: refunds of invoices will be held, account_not_mapped",
            problem=False,
        )
    for key, currency, name in mapped:
        row = found.account(key, name)
        if row is None:
            continue
        if row.get("AccountType") != RECEIVABLE:
            kind = row.get("AccountType")
            found.tell(f'{key}: "{name}" is of the type {kind}: name an account of the type {RECEIVABLE}')
            continue
        find_currency(found, key, currency, name, row)
        others = sorted(
            held_in(found, one).upper()
            for one in found.directory.accounts.by_id.values()
            if one.get("AccountType") == RECEIVABLE and held_in(found, one) != held_in(found, row)
        )
        if currency is None and others:
            found.tell(
                f'{key}: "{name}" is in {held_in(found, row).upper()}, and QuickBooks has one such account for each currency '
                f"({', '.join(dict.fromkeys(others))} too): name one for each, as in {{usd: ..., eur: ...}}",
                problem=False,
            )


def find_other_accounts(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    if mapping.refunds is not None:
        found.tell(
            f'accounts.refunds: QuickBooks takes the account of a line from its item, so "{mapping.refunds}" would never be '
            "used: leave it empty, and name under items.refunds an item that has this income account"
        )
    for key, name, types, what in (
        ("accounts.fees", mapping.fees, EXPENSES, "an expense account"),
        ("accounts.exchange", mapping.exchange, GAINS_AND_LOSSES, "an income or expense account"),
        ("accounts.sales", mapping.sales, None, ""),
        ("accounts.tax", mapping.tax, None, ""),
    ):
        if name is None:
            continue
        needed = wants.fees or key != "accounts.fees"
        row = found.account(key, name, needed)
        kind = row.get("AccountType") if row is not None else None
        if kind is not None and types is not None and kind not in types:
            found.tell(f'{key}: "{name}" is of the type {kind}: name {what}', needed)


# ------------------------------------------------------------------------------------------------ the rest


def find_payment_methods(found: Findings, mapping: LedgerMapping) -> None:
    for word, name in mapping.payment_methods.items():
        if name is not None and found.directory.payment_methods.find(name) is None:
            found.tell(
                f'payment_methods.{word}: there is no payment method "{name}" in QuickBooks, or it was made inactive: '
                "documents will name none; make it, or name another",
                problem=False,
            )


def find_preferences(found: Findings, wants: Wants) -> None:
    prefs = found.directory.preferences
    if prefs.applies_credits and wants.leaves_memos and "credit_memo" in wants.types:
        found.tell(
            "QuickBooks applies credits automatically, and by the rules refunds become credit memos: it would put them on "
            "other open invoices before they are paid out; switch it off (Account and settings, Advanced, Automation)"
        )
    if not prefs.custom_numbers:
        found.tell(
            "custom transaction numbers are off in QuickBooks, which then refuses no number twice: the connector looks "
            "numbers up before it writes, and two programs at once may still take the same; switch them on (Account and "
            "settings, Sales, Sales form content)",
            problem=False,
        )
    if prefs.closed_until is not None:
        found.tell(
            f"the books are closed up to {day_in_words(prefs.closed_until)}: what belongs to a day until then is dealt with "
            "as refunds.period_closed says",
            problem=False,
        )
