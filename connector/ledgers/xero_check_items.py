"""Whether the items and tax rates that the mapping names can be used as it uses them.

Under items stands an item, or in its place an account, since a line in Xero needs no item.
https://developer.xero.com/documentation/api/accounting/items (and taxrates)
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from connector.ledgers.json_wire import Row
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_findings import REVENUE_WORDS, REVENUES, Findings
from connector.ledgers.xero_wire import part_of, text_of
from connector.planning.mapping_model import ANY
from connector.planning.mapping_model import Mapping as LedgerMapping

if TYPE_CHECKING:
    from connector.ledgers.xero import Wants

# What is written on a form with lines; a void of another month is a credit note.
FORM_TYPES = frozenset({"credit_memo", "refund_receipt", "void"})


def find_items(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    posts = wants.sales != "find"
    writes_forms = bool(FORM_TYPES & wants.types)
    for sku, name in mapping.sales_items.items():
        key = f"items.sales.{sku}"
        row = find_item(found, key, name, posts)
        if row is not None and mapping.sales is None and sales_account(row) is None:
            found.tell(
                f'{key}: "{name}" has no sales account in Xero: say there that you sell it, and name one, or name '
                "accounts.sales",
                posts,
            )
    if posts and ANY not in mapping.sales_items:
        found.tell(
            'items.sales has no "*": sales of a SKU that is not named, and sales without one, will be held, '
            "item_not_mapped",
            problem=not mapping.sales_items,
        )
    for sku, name in mapping.refund_items.items():
        find_refund_item(found, f"items.refunds.{sku}", name, sku == ANY, writes_forms)
    if writes_forms and ANY not in mapping.refund_items:
        found.tell(
            'items.refunds has no "*": what is refunded by amount alone of an item whose inventory is tracked will be held, '
            "item_not_mapped",
            problem=False,
        )
    if mapping.exchange_item is not None:
        found.tell(
            f"items.exchange: no item is needed for what a rate moved, it is a line on accounts.exchange: take "
            f'"{mapping.exchange_item}" out',
            problem=False,
        )


def find_item(found: Findings, key: str, name: str, problem: bool) -> Row | None:
    """The item of this name; None where there is none, which is told unless it is an account that a line can be on."""
    directory = found.directory
    if found.is_of_several(directory.items, key, name, problem):
        return None
    row = directory.item(name)
    if row:
        find_its_account(found, key, name, row, problem)
        return row
    known = directory.accounts.find(name) or directory.archived.find(name)
    if known is not None:
        found.line_account(key, name, REVENUES, REVENUE_WORDS, problem)
    else:
        found.look_up(directory.items, key, name, "item or account", problem)
    return None


def sales_account(row: Row) -> str | None:
    """The code of the account that an item is sold to."""
    return text_of(part_of(row, "SalesDetails"), "AccountCode")


def find_its_account(found: Findings, key: str, name: str, row: Row, problem: bool) -> None:
    code = sales_account(row)
    accounts = found.directory.accounts
    if code is not None and found.directory.codes.get(code.lower()) not in accounts.by_id:
        found.tell(
            f'{key}: "{name}" is sold to account {code}, which is archived in Xero: give the item another sales account',
            problem,
        )


def find_refund_item(found: Findings, key: str, name: str, for_any: bool, writes_forms: bool) -> None:
    row = find_item(found, key, name, writes_forms)
    if row is None or row.get("IsTrackedAsInventory") is not True:
        return
    if for_any:
        found.tell(
            f'{key}: the inventory of "{name}" is tracked, and a refund by amount alone must not move it: name an item that '
            "is not tracked, or an account",
            writes_forms,
        )
    else:
        found.tell(
            f'{key}: the inventory of "{name}" is tracked: a refund that tells a quantity puts as many back on stock',
            problem=False,
        )


# ------------------------------------------------------------------------------------------------ tax rates


def find_taxes(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    """Tax rates are mapped for the sales that are posted; a sale that is found has its own."""
    find_untaxed(found, wants)
    if wants.sales == "find":
        return
    for rate, name in {"default": mapping.tax_default, **mapping.taxes}.items():
        if name is not None:
            find_rate(found, f"taxes.{rate}", name)
    if mapping.tax_default is None:
        untaxed = untaxed_accounts(found, mapping)
        but = f"; {', '.join(untaxed)} has none, and tax on it will be refused by Xero" if untaxed else ""
        found.tell(
            f"taxes.default names no tax rate: a line with tax takes the default tax rate of its account in Xero{but}",
            problem=False,
        )


def find_rate(found: Findings, key: str, name: str) -> None:
    directory = found.directory
    known = directory.tax_rates.find(name)
    if known is None:
        listed = {
            text.casefold()
            for row in directory.lists.rows["TaxRates"]
            for text in (text_of(row, "Name"), text_of(row, "TaxType"))
            if text is not None
        }
        if name.casefold() in listed:
            found.tell_archived(key, "tax rate", name, problem=True)
        else:
            found.look_up(directory.tax_rates, key, name, "tax rate", problem=True)
    elif directory.tax_rates.by_id[known].get("CanApplyToRevenue") is False:
        found.tell(f'{key}: tax rate "{name}" cannot be used on revenue accounts: name one for sales')


def find_untaxed(found: Findings, wants: Wants) -> None:
    """Whatever bears no tax needs a rate that says so."""
    directory = found.directory
    known = directory.tax_rates.find(directory.untaxed())
    if known is None:
        found.tell(
            "Xero has no active tax rate of 0% for revenue, and lines without tax need one: make one in Xero's tax rates"
        )
    elif wants.fees and directory.tax_rates.by_id[known].get("CanApplyToExpenses") is False:
        name = directory.tax_rates.label(known)
        found.tell(
            f'Xero has no active tax rate of 0% that can be used on revenue and on expenses ("{name}" cannot), and Stripe\'s '
            "fees need one: make one in Xero's tax rates"
        )


def untaxed_accounts(found: Findings, mapping: LedgerMapping) -> list[str]:
    """The accounts of sales whose default rate has no tax, each once; not those that Xero does not have."""
    directory = found.directory
    names = [directory.item_accounts.get(name) or mapping.sales for name in mapping.sales_items.values()]
    there = [name for name in dict.fromkeys(names) if name is not None and directory.account(name)]
    return [f'"{name}"' for name in there if not default_percent(directory, name)]


def default_percent(directory: Directory, account: str) -> Decimal:
    """The default tax rate of an account; 0 too where it has none, or an archived one."""
    known = directory.tax_rates.find(directory.default_tax(account) or "")
    rate = directory.tax_rates.by_id[known] if known is not None else {}
    return Decimal(text_of(rate, "EffectiveRate") or "0")
