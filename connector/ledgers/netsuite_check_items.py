"""Whether the items and tax codes that the mapping names can be used as it uses them.

The account of a line is that of its item: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N2116900.html
"""

from __future__ import annotations

from connector.ledgers.netsuite_findings import Findings
from connector.ledgers.netsuite_wants import Wants
from connector.planning.mapping_model import ANY
from connector.planning.mapping_model import Mapping as LedgerMapping

# What is written on a form with lines; a void of another month is a credit memo.
FORM_TYPES = frozenset({"credit_memo", "refund_receipt", "void"})


def find_items(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    writes_forms = bool(FORM_TYPES & wants.types)
    for sku, name in mapping.sales_items.items():
        found.item(f"items.sales.{sku}", name, wants.posts_sales)
    if wants.posts_sales and ANY not in mapping.sales_items:
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
            f'{key}: "{name}" is in stock, and a refund by amount alone must not move stock: name a service or a '
            "non-inventory item",
            writes_forms,
        )
    else:
        found.tell(
            f'{key}: "{name}" is in stock: a refund that tells a quantity puts as many back on stock',
            problem=False,
        )


def find_exchange_item(found: Findings, mapping: LedgerMapping) -> None:
    directory, name = found.directory, mapping.exchange_item
    if name is None:
        if not directory.multi_currency:
            found.tell(
                f"items.exchange names no item, and the account keeps {directory.home.upper()} alone: where a charge is in "
                "another currency and its rate moved before the refund, the refund will be held, item_not_mapped",
                problem=False,
            )
        return
    if directory.multi_currency:
        found.tell(
            f"items.exchange: NetSuite itself books what a rate moved between documents in several currencies: take "
            f'"{name}" out',
            problem=False,
        )
        return
    row = found.item("items.exchange", name)
    if row is None:
        return
    item_id = str(row["Id"])
    if directory.is_stock(item_id):
        found.tell(f'items.exchange: "{name}" is in stock: name a service')
    booked = directory.income_account(item_id)
    wanted = directory.accounts.find(mapping.exchange) if mapping.exchange is not None else None
    if wanted is not None and booked != directory.label(wanted):
        found.tell(
            f'items.exchange: "{name}" is booked to "{booked}", and accounts.exchange is "{mapping.exchange}": what a rate '
            "moved will stand on both; give the item that income account",
            problem=False,
        )


# ------------------------------------------------------------------------------------------------ taxes


def find_taxes(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    """Taxes are mapped for the sales that are posted; a sale that is found has its own."""
    how = found.directory.tax
    if how == "legacy":
        found.tell(
            "the account has NetSuite's legacy tax: its REST web services do not write documents with tax there, and refunds "
            "of taxed sales would get other totals than Stripe's. Have SuiteTax switched on by NetSuite, or keep this "
            "ledger switched off"
        )
        return
    if not wants.posts_sales:
        return
    mapped = {"default": mapping.tax_default, **mapping.taxes}
    named = {f"taxes.{rate}": code for rate, code in mapped.items() if code is not None}
    if how == "none":
        if named:
            keys = ", ".join(named)
            found.tell(
                f"NetSuite's records have no tax, and {keys} is mapped: sales with tax will be held, account_not_mapped; "
                "switch SuiteTax on, or take them out",
                problem=False,
            )
        return
    for key, code in named.items():
        if "salestaxitem" not in found.directory.refused:
            find_tax_code(found, key, code)
    if mapping.tax_default is None:
        found.tell(
            "taxes.default names no tax code: of a line with tax and no code of its own NetSuite works out the tax itself, "
            "and a total that differs from Stripe's is held, total_differs",
            problem=False,
        )


def find_tax_code(found: Findings, key: str, code: str) -> None:
    directory = found.directory
    row = found.look_up(directory.tax_codes, key, code, "tax code", problem=True)
    if row is not None and directory.tax_code(code) is None:
        found.tell(f'{key}: tax code "{code}" has no tax type in NetSuite: name one of SuiteTax')
