"""Whether the items and tax codes that the mapping names can be used as it uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.ledgers.quickbooks_findings import Findings
from connector.planning.mapping_model import ANY
from connector.planning.mapping_model import Mapping as LedgerMapping

if TYPE_CHECKING:
    from connector.ledgers.quickbooks_online import Wants

# What is written on a form with lines; a void of another month is a credit memo.
FORM_TYPES = frozenset({"credit_memo", "refund_receipt", "void"})
US_LINE_CODES = frozenset({"TAX", "NON"})


def find_items(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    posts = wants.sales != "find"
    writes_forms = bool(FORM_TYPES & wants.types)
    for sku, name in mapping.sales_items.items():
        found.item(f"items.sales.{sku}", name, posts)
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
            'items.refunds has no "*": name an item that is not in stock, for what is refunded by amount alone'
        )
    find_exchange_item(found, mapping)


def find_refund_item(found: Findings, key: str, name: str, for_any: bool, writes_forms: bool) -> None:
    row = found.item(key, name, writes_forms)
    if row is None or not found.directory.is_stock(str(row["Id"])):
        return
    if for_any:
        found.tell(
            f'{key}: "{name}" is a stock item, and a refund by amount alone must not move stock: name a service or a '
            "non-inventory item",
            writes_forms,
        )
    else:
        found.tell(
            f'{key}: "{name}" is a stock item: a refund that tells a quantity puts as many back on stock',
            problem=False,
        )


def find_exchange_item(found: Findings, mapping: LedgerMapping) -> None:
    directory, name = found.directory, mapping.exchange_item
    prefs = directory.preferences
    if name is None:
        if not prefs.multi_currency:
            found.tell(
                f"items.exchange names no item, and the company keeps {prefs.home.upper()} alone: where a charge is in another "
                "currency and its rate moved before the refund, the refund will be held, item_not_mapped",
                problem=False,
            )
        return
    row = found.item("items.exchange", name)
    if row is None:
        return
    item_id = str(row["Id"])
    if directory.is_stock(item_id):
        found.tell(f'items.exchange: "{name}" is a stock item: name a service')
    booked = directory.item_account(item_id)
    wanted = directory.accounts.find(mapping.exchange) if mapping.exchange is not None else None
    if wanted is not None and booked != directory.accounts.label(wanted):
        found.tell(
            f'items.exchange: "{name}" is booked to "{booked}", and accounts.exchange is "{mapping.exchange}": what a rate '
            "moved will stand on both; give the item that income account",
            problem=False,
        )
    if prefs.sales_tax == "by_line" and directory.untaxed() is None:
        found.tell(
            f'items.exchange: "{name}" has no tax, and QuickBooks has no tax code for what has none: make one that is not '
            "taxable"
        )


# ------------------------------------------------------------------------------------------------ taxes


def find_taxes(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    """Taxes are mapped for the sales that are posted; a sale that is found has its own."""
    how = found.directory.preferences.sales_tax
    if how == "automated":
        found.tell(
            "QuickBooks works sales tax out by itself (automated sales tax): the connector sets the tax of each document to "
            "Stripe's and reads the total back; one that differs is held, total_differs",
            problem=False,
        )
    if wants.sales == "find":
        return
    mapped = {"default": mapping.tax_default, **mapping.taxes}
    named = {f"taxes.{rate}": code for rate, code in mapped.items() if code is not None}
    if how == "off":
        if named:
            keys = ", ".join(named)
            found.tell(
                f"sales tax is off in QuickBooks, and {keys} is mapped: sales with tax will be held, account_not_mapped; "
                "switch sales tax on, or take them out",
                problem=False,
            )
        return
    if how == "by_line" and mapping.tax_default is None:
        found.tell(
            "taxes.default names no tax code, and in this country each line of a sale needs one: name the code for lines "
            "that have no other"
        )
    if how == "us" and US_LINE_CODES.issuperset(named.values()):
        found.tell(
            "taxes names no tax code but TAX and NON, which say only whether a line is taxed: name the code of your tax agency "
            "for at least taxes.default, or QuickBooks may leave the tax of a sale out",
            problem=False,
        )
    for key, code in named.items():
        if how != "by_line" and code in US_LINE_CODES:
            continue
        if found.directory.tax_codes.find(code) is None:
            or_else = "" if how == "by_line" else "TAX, NON or "
            found.tell(
                f'{key}: there is no tax code "{code}" in QuickBooks, or it was made inactive: name {or_else}one that is '
                "there"
            )
