"""The accounts and items that a mapping names, where the account of a line is that of its item."""

from __future__ import annotations

from connector.planning.mapping_model import Mapping as LedgerMapping


def named_accounts(mapping: LedgerMapping) -> list[str]:
    """The accounts that the mapping names, without its items."""
    named = (mapping.fees, mapping.exchange, mapping.sales, mapping.tax)
    return [
        *mapping.clearing_accounts.accounts(),
        *mapping.receivable_accounts.accounts(),
        *(name for name in named if name is not None),
    ]


def named_items(mapping: LedgerMapping) -> list[str]:
    exchange = [mapping.exchange_item] if mapping.exchange_item is not None else []
    return list(dict.fromkeys((*mapping.sales_items.values(), *mapping.refund_items.values(), *exchange)))


def named_taxes(mapping: LedgerMapping) -> list[str]:
    named = (mapping.tax_default, *mapping.taxes.values())
    return list(dict.fromkeys(name for name in named if name is not None))


def named_payment_methods(mapping: LedgerMapping) -> list[str]:
    return list(dict.fromkeys(name for name in mapping.payment_methods.values() if name is not None))
