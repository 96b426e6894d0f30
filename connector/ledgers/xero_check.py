"""Whether an organisation in Xero and the mapping fit each other and what the settings ask: sentences for `check`.

Each names the key in the mapping file, what it names in Xero, and what to do. Pure: everything was read before.
https://developer.xero.com/documentation/api/accounting/accounts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.ledgers.findings import day_in_words, find_customers, keyed
from connector.ledgers.xero_check_items import FORM_TYPES, find_items, find_taxes
from connector.ledgers.xero_directory import DEBTORS, Directory
from connector.ledgers.xero_findings import (
    EXPENSES,
    REALISED,
    REVENUE_WORDS,
    REVENUES,
    TAX,
    Findings,
    type_name,
)
from connector.ledgers.xero_zone import zone_sentence
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import CASH_LEGS

if TYPE_CHECKING:
    from connector.ledgers.xero import Wants

# What is spent or received: a bank transaction, or for a reopened invoice an overpayment.
BANK_TYPES = ("refund_receipt", "reopen_invoice")
# What stands on receivable.
RECEIVABLE_TYPES = frozenset({"credit_memo", "void", "reopen_invoice", *CASH_LEGS})


def findings(
    directory: Directory, mapping: LedgerMapping, wants: Wants, has_default_contact: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Problems and warnings. `has_default_contact`: whether Xero has the contact that the mapping names for sales without
    a name."""
    found = Findings(directory)
    find_clearing(found, mapping, wants)
    find_receivable(found, mapping, wants)
    find_line_accounts(found, mapping, wants)
    find_exchange(found, mapping, wants)
    find_tax_account(found, mapping)
    find_items(found, mapping, wants)
    find_taxes(found, mapping, wants)
    find_customers(found, mapping, wants.sales, has_default_contact)
    find_payment_methods(found, mapping)
    find_lock_dates(found)
    find_zone(found, wants)
    return found.told()


# ------------------------------------------------------------------------------------------------ clearing


def find_clearing(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    """Money is spent and received on a bank account alone; credit notes are paid out of any that takes payments."""
    directory = found.directory
    spent = spent_or_received(wants)
    for key, currency, name in keyed("accounts.clearing", mapping.clearing_accounts):
        row = found.account(key, name)
        if row is None:
            continue
        if not directory.is_bank(name):
            kind = type_name(directory.account_type(name))
            if directory.takes_payments(name) and spent:
                found.tell(
                    f'{key}: "{name}" takes payments but is no bank account, and Xero spends and receives money on a bank '
                    f"account alone, which these need: {', '.join(spent)}; name a bank account, or switch those off"
                )
                continue
            if not directory.takes_payments(name):
                or_else = "" if spent else ", or enable payments to it in Xero's chart of accounts"
                found.tell(f'{key}: "{name}" is of the type {kind}: name a bank account{or_else}')
                continue
            found.tell(
                f'{key}: "{name}" takes payments but is no bank account: credit notes are paid out of it, and what would be '
                "spent or received on it (what a rate moved, or a deposit whose pay-out failed) will be refused by Xero",
                problem=False,
            )
        find_currency(found, key, currency, name)


def spent_or_received(wants: Wants) -> list[str]:
    """What a bank account is needed for."""
    needing = [kind for kind in BANK_TYPES if kind in wants.types]
    if wants.fees:
        needing.append("Stripe's fees")
    if wants.sales == "sales_receipt":
        needing.append("sales receipts")
    return needing


def find_currency(found: Findings, key: str, currency: str | None, name: str) -> None:
    """An account that is mapped for a currency is kept in it."""
    directory = found.directory
    if currency is None:
        return
    if currency != directory.home and currency not in directory.currencies:
        found.tell(
            f"{key}: the organisation is not subscribed to {currency.upper()}: add the currency in Xero, or take the line "
            f"out; what Stripe settles in {currency.upper()} will be held",
            problem=False,
        )
        return
    kept = directory.account_currency(name) or directory.home
    if kept != currency:
        found.tell(
            f'{key}: "{name}" is kept in {kept.upper()}: name a bank account in {currency.upper()}',
        )


# ------------------------------------------------------------------------------------------------ other accounts


def find_receivable(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    mapped = keyed("accounts.receivable", mapping.receivable_accounts)
    if not mapped and RECEIVABLE_TYPES & wants.types:
        found.tell(
            "accounts.receivable names no account: refunds of invoices will be held, account_not_mapped",
            problem=False,
        )
    debtors = found.system_account(DEBTORS)
    for key, _, name in mapped:
        row = found.account(key, name)
        if row is not None and debtors is not None and row.get("SystemAccount") != DEBTORS:
            found.tell(
                f'{key}: Xero keeps what customers owe on "{debtors}", in all currencies: name that in the place of "{name}"'
            )


def find_line_accounts(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    """Accounts that lines are on."""
    if mapping.fees is not None:
        found.line_account("accounts.fees", mapping.fees, EXPENSES, "an expense account", wants.fees)
    if mapping.sales is not None:
        found.line_account("accounts.sales", mapping.sales, REVENUES, REVENUE_WORDS, wants.sales != "find")
    if mapping.refunds is not None:
        needed = bool(FORM_TYPES & wants.types)
        found.line_account("accounts.refunds", mapping.refunds, REVENUES, REVENUE_WORDS, needed)


def find_exchange(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    """What a rate moved is a line of ours, but for what is paid in another currency: that Xero books by itself."""
    name = mapping.exchange
    directory = found.directory
    row = directory.account(name) if name is not None else {}
    receipts = "refund_receipt" in wants.types
    if directory.multi_currency and row.get("SystemAccount") == REALISED:
        if receipts:
            found.tell(
                f'accounts.exchange: "{name}" is an account that Xero alone posts to: a refund_receipt whose rate moved has '
                "a line for that, and Xero will refuse it; name an expense account of your own, or switch refund_receipt off",
                problem=False,
            )
        return
    if name is None:
        return
    found.line_account("accounts.exchange", name, EXPENSES | REVENUES, "an income or expense account")
    gains = found.system_account(REALISED)
    if row and directory.multi_currency and gains is not None and CASH_LEGS & wants.types:
        ending = "receipts book it where you named" if receipts else "name that, and a plan shows it"
        found.tell(
            f'accounts.exchange: Xero itself books what the rate of a credit note in another currency moved, on "{gains}", '
            f'and a plan shows it on "{name}"; {ending}',
            problem=False,
        )


def find_tax_account(found: Findings, mapping: LedgerMapping) -> None:
    if mapping.tax is None:
        return
    row = found.account("accounts.tax", mapping.tax)
    booked = found.system_account(TAX)
    if row is not None and booked is not None and row.get("SystemAccount") != TAX:
        found.tell(
            f'accounts.tax: Xero books sales tax on "{booked}" by itself: name that in the place of "{mapping.tax}", so that '
            "a plan shows what it books"
        )


# ------------------------------------------------------------------------------------------------ the rest


def find_payment_methods(found: Findings, mapping: LedgerMapping) -> None:
    named = [word for word, name in mapping.payment_methods.items() if name is not None]
    if named:
        found.tell(
            f"payment_methods ({', '.join(named)}) is not used: documents in Xero name no payment method; take it out",
            problem=False,
        )


def find_lock_dates(found: Findings) -> None:
    locked = found.directory.closed_until
    if locked is not None:
        found.tell(
            f"the books are locked up to {day_in_words(locked)} (lock dates in Xero's financial settings): what belongs to a "
            "day until then is dealt with as refunds.period_closed says",
            problem=False,
        )


def find_zone(found: Findings, wants: Wants) -> None:
    """Only where both zones are known for certain."""
    if wants.zone is not None:
        told = zone_sentence(found.directory.zone, wants.zone, wants.start)
        if told is not None:
            found.tell(told, problem=False)
