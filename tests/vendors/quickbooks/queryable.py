"""Which fields may be searched and sorted by; PrivateNote is not among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.quickbooks.refusals import refused

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

_EVERYWHERE = "Id MetaData.CreateTime MetaData.LastUpdatedTime"
_FORM = f"{_EVERYWHERE} DocNumber TxnDate CustomerRef Balance"
_NAMED = f"{_EVERYWHERE} Name Active"

_FIELDS = {
    "Invoice": _FORM,
    "SalesReceipt": _FORM,
    "CreditMemo": _FORM,
    "RefundReceipt": f"{_FORM} PaymentType",
    "Payment": f"{_EVERYWHERE} TxnDate CustomerRef PaymentRefNum",
    "Purchase": f"{_EVERYWHERE} DocNumber TxnDate PaymentType",
    "Deposit": f"{_EVERYWHERE} TxnDate",
    "JournalEntry": f"{_EVERYWHERE} DocNumber TxnDate",
    "Customer": (
        f"{_EVERYWHERE} DisplayName GivenName FamilyName CompanyName FullyQualifiedName PrimaryEmailAddr Active Balance"
    ),
    "Item": f"{_NAMED} FullyQualifiedName Type",
    "Account": f"{_NAMED} FullyQualifiedName AccountType AccountSubType Classification",
    "PaymentMethod": f"{_NAMED} Type",
    "TaxCode": _NAMED,
    "TaxRate": _NAMED,
    "Class": f"{_NAMED} FullyQualifiedName",
    "Department": f"{_NAMED} FullyQualifiedName",
    "Preferences": _EVERYWHERE,
    "CompanyInfo": _EVERYWHERE,
}


def fields_of(company: Company, entity: str) -> frozenset[str]:
    """Raises 4001 for what is no entity; its name is written as Intuit writes it."""
    if entity not in _FIELDS:
        raise refused("4001", f"QueryValidationError: Invalid context declaration: {entity}")
    extra = {"Sku"} if entity == "Item" and company.moods.sku_queryable else set()
    return frozenset(_FIELDS[entity].split()) | extra
