"""What may be asked of each list: its parameters, and the fields that filters and orders may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation
    from vendors.xero.wire import Json

_CONTACT = {"Contact.ContactID": "guid", "Contact.Name": "text", "Contact.ContactNumber": "text"}
_DOCUMENT = {
    **_CONTACT,
    "Type": "text",
    "Status": "text",
    "Reference": "text",
    "Date": "date",
    "CurrencyCode": "text",
    "CurrencyRate": "number",
    "SubTotal": "number",
    "TotalTax": "number",
    "Total": "number",
    "UpdatedDateUTC": "instant",
}
_CREDIT = {**_DOCUMENT, "RemainingCredit": "number"}
FIELDS: dict[str, dict[str, str]] = {
    "Invoices": {
        **_DOCUMENT,
        "InvoiceID": "guid",
        "InvoiceNumber": "text",
        "DueDate": "date",
        "FullyPaidOnDate": "date",
        "AmountDue": "number",
        "AmountPaid": "number",
        "AmountCredited": "number",
        "SentToContact": "bool",
        "Url": "text",
    },
    "CreditNotes": {**_CREDIT, "CreditNoteID": "guid", "CreditNoteNumber": "text", "FullyPaidOnDate": "date"},
    "Overpayments": {**_CREDIT, "OverpaymentID": "guid"},
    "Prepayments": {**_CREDIT, "PrepaymentID": "guid"},
    "BankTransactions": {
        **_DOCUMENT,
        "BankTransactionID": "guid",
        "IsReconciled": "bool",
        "BankAccount.AccountID": "guid",
        "BankAccount.Code": "text",
        "Url": "text",
    },
    "Payments": {
        "PaymentID": "guid",
        "PaymentType": "text",
        "Status": "text",
        "Reference": "text",
        "Date": "date",
        "Amount": "number",
        "BankAmount": "number",
        "CurrencyRate": "number",
        "IsReconciled": "bool",
        "Account.AccountID": "guid",
        "Account.Code": "text",
        "Invoice.InvoiceID": "guid",
        "Invoice.InvoiceNumber": "text",
        "UpdatedDateUTC": "instant",
    },
    "Contacts": {
        "ContactID": "guid",
        "ContactNumber": "text",
        "AccountNumber": "text",
        "Name": "text",
        "FirstName": "text",
        "LastName": "text",
        "EmailAddress": "text",
        "ContactStatus": "text",
        "UpdatedDateUTC": "instant",
    },
    "Accounts": {
        "AccountID": "guid",
        "Code": "text",
        "Name": "text",
        "Type": "text",
        "Class": "text",
        "Status": "text",
        "SystemAccount": "text",
        "CurrencyCode": "text",
        "TaxType": "text",
        "EnablePaymentsToAccount": "bool",
    },
    "Items": {
        "ItemID": "guid",
        "Code": "text",
        "Name": "text",
        "IsSold": "bool",
        "IsTrackedAsInventory": "bool",
    },
    "TaxRates": {"TaxType": "text", "Name": "text", "Status": "text", "EffectiveRate": "number"},
    "TrackingCategories": {"TrackingCategoryID": "guid", "Name": "text", "Status": "text"},
    "Currencies": {"Code": "text", "Description": "text"},
}
_PAGED = frozenset({"where", "order", "page", "pageSize"})
PARAMETERS: dict[str, frozenset[str]] = {
    "Invoices": _PAGED
    | {"IDs", "InvoiceNumbers", "ContactIDs", "Statuses", "includeArchived"}
    | {"createdByMyApp", "unitdp", "summaryOnly", "searchTerm"},
    "CreditNotes": _PAGED | {"unitdp"},
    "Payments": _PAGED,
    "BankTransactions": _PAGED | {"unitdp"},
    "Overpayments": _PAGED | {"unitdp", "References"},
    "Prepayments": _PAGED | {"unitdp", "InvoiceNumbers"},
    "Contacts": _PAGED | {"IDs", "includeArchived", "summaryOnly", "searchTerm"},
    "Accounts": frozenset({"where", "order"}),
    "Items": frozenset({"where", "order", "unitdp"}),
    "TaxRates": frozenset({"where", "order"}),
    "TrackingCategories": frozenset({"where", "order", "includeArchived"}),
    "Currencies": frozenset({"where", "order"}),
    "Organisation": frozenset(),
}
MODIFIED_SINCE = frozenset(PARAMETERS) - {"TaxRates", "TrackingCategories", "Currencies", "Organisation"}


def value(organisation: Organisation, kind: str, one: Json, field: str) -> Any:
    """What an object has in a field that a filter names; None where it has none."""
    if field == "UpdatedDateUTC":
        return one["_updated"]
    first, _, second = field.partition(".")
    if not second:
        return one.get(field)
    if first == "Contact":
        if second == "ContactID":
            return one["Contact"]["ContactID"]
        return organisation.shelf.kinds["Contacts"][one["Contact"]["ContactID"]].get(second)
    if first == "Invoice":
        paid, object_id = one["_paid"]
        if paid != "Invoices" and not organisation.moods.finds_credit_payments:
            return None
        if second == "InvoiceID":
            return object_id
        document = organisation.shelf.kinds[paid][object_id]
        return document.get("InvoiceNumber", document.get("CreditNoteNumber"))
    account = organisation.shelf.kinds["Accounts"][one[first]["AccountID"]]
    return account.get(second)
