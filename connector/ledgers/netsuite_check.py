"""Whether an account in NetSuite and the mapping fit each other and what the settings ask: sentences for `check`.

Each names the key in the mapping file, what it names in NetSuite, and what to do. Pure: everything was read before. The
level of a permission (View, Create, Edit) cannot be read without writing; what is told is what the role may not see.
"""

from __future__ import annotations

from connector.ledgers.findings import day_in_words, find_customers, keyed
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_check_access import find_access, find_fields, find_subsidiary
from connector.ledgers.netsuite_check_items import find_items, find_taxes
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_findings import Findings, type_of
from connector.ledgers.netsuite_wants import Wants
from connector.ledgers.netsuite_wire import text_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import CASH_LEGS

BANK, CURRENT_ASSET, RECEIVABLE = "Bank", "OthCurrAsset", "AcctRec"
EXPENSES = frozenset({"Expense", "OthExpense", "COGS"})
GAINS_AND_LOSSES = frozenset({"Income", "OthIncome", *EXPENSES})
# What stands on receivable.
RECEIVABLE_TYPES = frozenset({"credit_memo", "void", "reopen_invoice", *CASH_LEGS})


def findings(
    directory: Directory, mapping: LedgerMapping, wants: Wants, default_customer: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Problems and warnings. `default_customer`: whether NetSuite has the customer that the mapping names for sales
    without a name."""
    found = Findings(directory)
    find_access(found, mapping, wants)
    find_fields(found, wants)
    find_subsidiary(found, wants)
    find_clearing(found, mapping)
    find_receivable(found, mapping, wants)
    find_other_accounts(found, mapping, wants)
    find_items(found, mapping, wants)
    find_taxes(found, mapping, wants)
    find_payment_methods(found, mapping)
    find_customers(found, mapping, wants.sales, default_customer)
    find_void(found, wants)
    find_closing(found)
    return found.told()


# ------------------------------------------------------------------------------------------------ accounts


def find_clearing(found: Findings, mapping: LedgerMapping) -> None:
    for key, currency, name in keyed("accounts.clearing", mapping.clearing_accounts):
        row = found.account(key, name)
        if row is None:
            continue
        kind = text_of(row, "Type")
        if kind == CURRENT_ASSET:
            found.tell(
                f'{key}: "{name}" is of the type {type_of(row)}, and customer refunds are paid from a bank account: NetSuite '
                "takes Undeposited Funds there, and may refuse another; an account of the type Bank is always taken",
                problem=False,
            )
        elif kind != BANK:
            found.tell(f'{key}: "{name}" is of the type {type_of(row)}: name an account of the type Bank')
            continue
        find_currency(found, key, currency, name, row)


def find_currency(found: Findings, key: str, currency: str | None, name: str, row: Row) -> None:
    """An account that is mapped for a currency is kept in it."""
    directory = found.directory
    if currency is None:
        return
    if currency != directory.home and currency not in directory.currencies.values():
        found.tell(
            f"{key}: the account in NetSuite has no currency {currency.upper()}: add it there (Lists > Accounting > "
            f"Currencies), or take the line out; what Stripe settles in {currency.upper()} will be held",
            problem=False,
        )
        return
    kept = directory.currency_of(text_of(row, "Currency"))
    if kept is None and directory.one_world and directory.subsidiary is None:
        return
    if (kept or directory.home) != currency:
        kept = (kept or directory.home).upper()
        found.tell(f'{key}: "{name}" is kept in {kept}: name an account in {currency.upper()}')


def find_receivable(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    mapped = keyed("accounts.receivable", mapping.receivable_accounts)
    if not mapped and RECEIVABLE_TYPES & wants.types:
        found.tell(
            "accounts.receivable names no account: refunds of invoices will be held, account_not_mapped",
            problem=False,
        )
    for key, _, name in mapped:
        row = found.account(key, name)
        if row is not None and text_of(row, "Type") != RECEIVABLE:
            found.tell(
                f'{key}: "{name}" is of the type {type_of(row)}: name one of the type Accounts Receivable'
            )


def find_other_accounts(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    if mapping.refunds is not None:
        found.tell(
            f'accounts.refunds: NetSuite takes the account of a line from its item, so "{mapping.refunds}" would never be '
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
        needed = wants.fees if key == "accounts.fees" else True
        row = found.account(key, name, needed)
        if row is not None and types is not None and text_of(row, "Type") not in types:
            found.tell(f'{key}: "{name}" is of the type {type_of(row)}: name {what}', needed)


# ------------------------------------------------------------------------------------------------ the rest


def find_payment_methods(found: Findings, mapping: LedgerMapping) -> None:
    directory = found.directory
    if "paymentmethod" in directory.refused:
        return
    for word, name in mapping.payment_methods.items():
        if name is not None and directory.payment_option(name) is None:
            found.tell(
                f'payment_methods.{word}: there is no payment method "{name}" in NetSuite, {found.gone}: documents will name '
                "none; make it, or write the internal id of a payment option",
                problem=False,
            )


def find_void(found: Findings, wants: Wants) -> None:
    """Which of two ways will be taken."""
    if "void" not in wants.types:
        return
    if wants.void_restlet is not None:
        found.tell(
            "void: invoices are voided by the RESTlet that void_restlet_url names; whether it is deployed shows with the first "
            "void",
            problem=False,
        )
    else:
        found.tell(
            "void: void_restlet_url names no RESTlet, and NetSuite voids by SuiteScript alone: a credit memo of the invoice's "
            "day takes its balance off instead",
            problem=False,
        )


def find_closing(found: Findings) -> None:
    directory, closed = found.directory, found.directory.closed_until
    if not directory.knows_closing and "accountingperiod" not in directory.refused:
        found.tell(
            "which periods are closed cannot be read without SuiteQL: a closed one shows only when NetSuite refuses a document",
            problem=False,
        )
    if closed is not None:
        found.tell(
            f"periods are closed or locked up to {day_in_words(closed)} (Manage Accounting Periods): what belongs to a day "
            "until then is dealt with as refunds.period_closed says",
            problem=False,
        )
