"""The fields of what is written, with nothing in them that is not meant.

The fields are those of python-quickbooks' objects, which name what a form has; of their defaults (empty texts, a rate of
1, a tax calculation for other countries) none goes out. Amounts are JSON numbers.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/refundreceipt (and its neighbours)
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quickbooks.objects.base import Ref
from quickbooks.objects.creditmemo import CreditMemo
from quickbooks.objects.customer import Customer
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.journalentry import JournalEntry
from quickbooks.objects.payment import Payment
from quickbooks.objects.purchase import Purchase
from quickbooks.objects.refundreceipt import RefundReceipt
from quickbooks.objects.salesreceipt import SalesReceipt

from connector.ledgers.further_writes import Accounts
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_notes import write_note
from connector.ledgers.quickbooks_roles import Entity
from connector.ledgers.rates import rate_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import NEW_CUSTOMER, Document

CLASSES: dict[Entity, type[Any]] = {
    "Invoice": Invoice,
    "SalesReceipt": SalesReceipt,
    "CreditMemo": CreditMemo,
    "RefundReceipt": RefundReceipt,
    "Payment": Payment,
    "Purchase": Purchase,
    "JournalEntry": JournalEntry,
    "Customer": Customer,
}
SALES_FORMS = frozenset({"Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt"})
WITH_MONEY = frozenset({"SalesReceipt", "RefundReceipt"})
DESCRIPTION = 4000
NAME = 100
# Stands for the id of a customer who is still to be made.
NEW = "$customer"
# How exact a price or a rate is written at most.
PRICE_PLACES = 7
RATE_PLACES = 12


def make(kind: type[Any], **fields: Any) -> Any:
    """An object of python-quickbooks with these fields and no others. Raises AttributeError for a field that it does
    not have."""
    made = kind()
    for name in vars(made):
        setattr(made, name, None)
    for name, text in fields.items():
        if name not in vars(made):
            raise AttributeError(f"{kind.__name__} has no field {name}")
        setattr(made, name, text)
    return made


def plain(made: Any) -> Any:
    """What goes out: fields that are set, numbers as they are."""
    if isinstance(made, list):
        return [plain(one) for one in made]
    if isinstance(made, str | int | Decimal):
        return made
    return {name: plain(text) for name, text in vars(made).items() if text is not None}


def ref(object_id: str | None, kind: str | None = None) -> Any:
    return None if object_id is None else make(Ref, value=object_id, type=kind)


class FieldWriter:
    """What all documents of one company have."""

    def __init__(self, directory: Directory, mapping: LedgerMapping) -> None:
        self.directory = directory
        self.mapping = mapping

    def accounts(self, document: Document) -> Accounts:
        return Accounts(
            frozenset(self.mapping.clearing_accounts.accounts()),
            self.mapping.exchange,
            self.mapping.receivable(document.currency) or "",
        )

    def head(self, document: Document) -> dict[str, Any]:
        currency = document.currency
        return {
            "TxnDate": document.posting_date.isoformat(),
            "PrivateNote": write_note(document),
            "CurrencyRef": ref(currency.upper()) if self.directory.preferences.multi_currency else None,
            "ExchangeRate": self.rate(document),
        }

    def rate(self, document: Document) -> Decimal | None:
        """None: QuickBooks takes the rate of the day, or keeps one currency."""
        if document.home_minor is None and not self.directory.preferences.multi_currency:
            return None
        return rate_of(document, RATE_PLACES)

    def named(self, document: Document, name: str) -> str | None:
        return next((text for key, text in document.refs if key == name), None)

    def customer_id(self, document: Document) -> str | None:
        """The customer's id, or what stands for that of one who is still to be made."""
        known = self.named(document, "customer")
        return NEW if known is None and self.named(document, NEW_CUSTOMER) is not None else known

    def customer_ref(self, document: Document) -> Any:
        return ref(self.customer_id(document))

    def method(self, document: Document) -> Any:
        word = self.named(document, "method")
        name = self.mapping.payment_method(word) if word is not None else None
        return ref(self.directory.payment_methods.find(name)) if name is not None else None

    def account(self, name: str) -> Any:
        return ref(self.directory.account_id(name))

    def tracking(self, document: Document) -> dict[str, Any]:
        """Class and department of the sale, where the company uses them on forms."""
        prefs = self.directory.preferences
        found: dict[str, Any] = {}
        if prefs.class_on_form and self.named(document, "class") is not None:
            found["ClassRef"] = ref(self.named(document, "class"))
        if prefs.departments and self.named(document, "department") is not None:
            found["DepartmentRef"] = ref(self.named(document, "department"))
        return found
