"""Which fields a type has in one account: its features and custom fields decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vendors.netsuite import builtin_fields as builtin
from vendors.netsuite.builtin_fields import Kinds

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

# Type, code in SuiteQL, label, prefix of its numbers, external ids' group.
TRANSACTIONS: dict[str, tuple[str, str, str]] = {
    "invoice": ("CustInvc", "Invoice", "INV"),
    "cashSale": ("CashSale", "Cash Sale", "CS"),
    "creditMemo": ("CustCred", "Credit Memo", "CM"),
    "cashRefund": ("CashRfnd", "Cash Refund", "CR"),
    "customerPayment": ("CustPymt", "Payment", "PYMT"),
    "customerDeposit": ("CustDep", "Customer Deposit", "CD"),
    "depositApplication": ("DepAppl", "Deposit Application", "DA"),
    "customerRefund": ("CustRfnd", "Customer Refund", "REF"),
    "journalEntry": ("Journal", "Journal", "JE"),
}
LISTS = ("account", "subsidiary", "currency", "salesTaxItem", "accountingPeriod", "paymentMethod")
TYPES = (*TRANSACTIONS, "customer", *LISTS, *builtin.ITEM_TYPES)
_BY_LOWER = {one.lower(): one for one in TYPES}
_TAXED = frozenset({"invoice", "cashSale", "creditMemo", "cashRefund"})
_PAID = frozenset({"cashSale", "cashRefund", "customerPayment", "customerRefund", "customerDeposit"})


def type_named(text: str) -> str | None:
    """The type in the spelling of NetSuite; the case of a path does not matter."""
    return _BY_LOWER.get(text.lower())


def group_of(record_type: str) -> str:
    """Within which external ids must be unique, and ids are counted."""
    if record_type in TRANSACTIONS:
        return "transaction"
    return "item" if record_type in builtin.ITEM_TYPES else record_type


@dataclass(frozen=True)
class Table:
    """The fields of a type, and those of the lines of each of its sublists."""

    fields: Kinds
    sublists: dict[str, Kinds]


def table_of(account: Account, record_type: str) -> Table:
    moods = account.moods
    fields = dict(builtin.RECORDS["item" if record_type in builtin.ITEM_TYPES else record_type])
    names = [
        one for one in builtin.HAS.get(record_type, ()) if one != "taxDetails" or moods.tax == "suitetax"
    ]
    sublists: dict[str, Kinds] = {one: builtin.SUBLISTS[one] for one in names}
    if record_type in _TAXED:
        _tax(moods.tax, fields, sublists)
    if record_type in _PAID and not moods.payment_instruments:
        for name in builtin.INSTRUMENTS:
            fields.pop(name, None)
        fields["paymentMethod"] = "@paymentMethod"
    if not moods.auto_apply_field:
        fields.pop("autoApply", None)
    if not moods.one_world:
        fields.pop("subsidiary", None)
    if record_type in TRANSACTIONS:
        fields.update(account.custom_fields)
    return Table(fields, sublists)


def _tax(tax: str, fields: dict[str, str], sublists: dict[str, Kinds]) -> None:
    if tax == "suitetax":
        fields.update(builtin.SUITETAX)
        sublists["item"] = {**sublists["item"], **builtin.SUITETAX_LINE}
    elif tax == "legacy":
        fields.update(builtin.LEGACY)
        sublists["item"] = {**sublists["item"], **builtin.LEGACY_LINE}
    else:
        fields.pop("taxTotal", None)
