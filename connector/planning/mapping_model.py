"""What a mapping file tells planning: which account, item, tax code or payment method stands for what.

Plain frozen values, built by `connector.settings`; nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field

ANY = "*"


@dataclass(frozen=True, slots=True)
class AccountMap:
    """One account for every currency (`every`), or one for each lower-case currency."""

    every: str | None = None
    by_currency: ReadOnly[str, str] = field(default_factory=dict)

    def account(self, currency: str) -> str | None:
        return self.every if self.every is not None else self.by_currency.get(currency.lower())

    def accounts(self) -> tuple[str, ...]:
        """All accounts named, each once."""
        named = [self.every] if self.every is not None else list(self.by_currency.values())
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file. Names and ids are as the ledger has them; None where the file names nothing.

    `refunds` None: the item's own income account, else `sales`. `customer_match`: by what a customer is
    looked for, in this order.
    """

    kind: str
    clearing_accounts: AccountMap
    receivable_accounts: AccountMap = AccountMap()
    fees: str | None = None
    exchange: str | None = None
    sales: str | None = None
    refunds: str | None = None
    tax: str | None = None
    sales_items: ReadOnly[str, str] = field(default_factory=dict)
    refund_items: ReadOnly[str, str] = field(default_factory=dict)
    exchange_item: str | None = None
    taxes: ReadOnly[str, str | None] = field(default_factory=dict)
    tax_default: str | None = None
    customer_match: tuple[str, ...] = ("stripe_id", "email", "name")
    customer_create: bool = True
    customer_default: str | None = None
    payment_methods: ReadOnly[str, str | None] = field(default_factory=dict)

    def accounts(self) -> tuple[str, ...]:
        """Every account and item that the mapping names, each once."""
        named = (self.fees, self.exchange, self.sales, self.refunds, self.tax)
        every = (
            *self.clearing_accounts.accounts(),
            *self.receivable_accounts.accounts(),
            *(name for name in named if name is not None),
            *self.sales_items.values(),
            *self.refund_items.values(),
        )
        return tuple(dict.fromkeys(every))

    def clearing(self, currency: str) -> str | None:
        return self.clearing_accounts.account(currency)

    def receivable(self, currency: str) -> str | None:
        return self.receivable_accounts.account(currency)

    def sales_item(self, sku: str | None) -> str | None:
        """The item that sells this SKU, else the default item."""
        return _named_or_any(self.sales_items, sku)

    def refund_item(self, sku: str | None) -> str | None:
        """The item that takes this SKU back, else the default item of refunds."""
        return _named_or_any(self.refund_items, sku)

    def refund_item_named(self, sku: str | None) -> str | None:
        """The item of refunds that is named for this very SKU."""
        return None if sku is None or sku == ANY else self.refund_items.get(sku)

    def names_item(self, sku: str) -> bool:
        """Whether `items.sales` or `items.refunds` names this very SKU."""
        return sku != ANY and (sku in self.sales_items or sku in self.refund_items)

    def tax_code(self, tax_rate_id: str | None) -> str | None:
        """The ledger's tax code or account for a Stripe tax rate, else the default one."""
        return self.tax_default if tax_rate_id is None else self.taxes.get(tax_rate_id, self.tax_default)

    def payment_method(self, stripe_word: str) -> str | None:
        """The ledger's payment method for Stripe's word (card, us_bank_account ...); None: send none."""
        return self.payment_methods.get(stripe_word, self.payment_methods.get(ANY))


def _named_or_any(items: ReadOnly[str, str], sku: str | None) -> str | None:
    named = items.get(sku) if sku is not None else None
    return named if named is not None else items.get(ANY)
