"""What is written, field by field: the documents as QuickBooks has them, with nothing in them that is not meant.

The fields are those of python-quickbooks' objects, which name what a form has; of their defaults (empty texts, a rate of
1, a tax calculation for other countries) none goes out. Amounts are JSON numbers.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/refundreceipt (and its neighbours)
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from quickbooks.objects.base import EmailAddress, LinkedTxn, Ref
from quickbooks.objects.creditmemo import CreditMemo
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import (
    AccountBasedExpenseLine,
    AccountBasedExpenseLineDetail,
    DiscountLine,
    DiscountLineDetail,
    SalesItemLine,
    SalesItemLineDetail,
)
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.journalentry import Entity as PartnerEntity
from quickbooks.objects.journalentry import JournalEntry, JournalEntryLine, JournalEntryLineDetail
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.purchase import Purchase
from quickbooks.objects.refundreceipt import RefundReceipt
from quickbooks.objects.salesreceipt import SalesReceipt
from quickbooks.objects.tax import TxnTaxDetail

from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_notes import write_note
from connector.ledgers.quickbooks_roles import Accounts, Entity, entity_of
from connector.ledgers.quickbooks_wire import amount
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import DISCOUNT, NEW_CUSTOMER, Document, DocumentLine
from connector.planning.money import exponent

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


class FormWriter:
    """Writes documents for one company."""

    def __init__(self, directory: Directory, mapping: LedgerMapping) -> None:
        self.directory = directory
        self.mapping = mapping

    def accounts(self, document: Document) -> Accounts:
        return Accounts(
            frozenset(self.mapping.clearing_accounts.accounts()),
            self.mapping.exchange,
            self.mapping.receivable(document.currency) or "",
        )

    def body(self, document: Document) -> dict[str, Any]:
        """The fields of the document; what other documents must tell first (a customer that is new, ids that are
        linked) is filled in when it is sent."""
        entity = entity_of(document)
        if document.kind == "void":
            return {}
        fields: dict[str, Any] = {}
        if entity == "Customer":
            fields = self.customer(document)
        elif entity in SALES_FORMS:
            fields = self.sales_form(document, entity)
        elif entity == "Payment":
            fields = self.payment(document)
        elif entity == "Purchase":
            fields = self.purchase(document)
        else:
            fields = self.journal(document)
        body: dict[str, Any] = plain(make(CLASSES[entity], **fields))
        return body

    # ------------------------------------------------------------------------------------------ what all have

    def head(self, document: Document) -> dict[str, Any]:
        currency = document.currency
        return {
            "TxnDate": document.posting_date.isoformat(),
            "PrivateNote": write_note(document),
            "CurrencyRef": ref(currency.upper()) if self.directory.preferences.multi_currency else None,
            "ExchangeRate": self.rate(document),
        }

    def rate(self, document: Document) -> Decimal | None:
        """Home units for one of the document's currency, as exact as its home total needs; None where Stripe told none:
        then QuickBooks takes the rate of the day."""
        if document.home_minor is None or not document.amount_minor:
            return None
        home, whole = document.home_minor, document.amount_minor
        places = exponent(document.entry_currency)
        exact = amount(home, document.entry_currency) / amount(whole, document.currency)
        total, wanted = amount(whole, document.currency), amount(home, document.entry_currency)
        for digits in range(4, RATE_PLACES + 1):
            rate = exact.quantize(Decimal(1).scaleb(-digits))
            if (total * rate).quantize(Decimal(1).scaleb(-places)) == wanted:
                return rate
        return exact

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

    # ------------------------------------------------------------------------------------------ sales forms

    def sales_form(self, document: Document, entity: Entity) -> dict[str, Any]:
        fields = {
            **self.head(document),
            "DocNumber": document.number,
            "CustomerRef": self.customer_ref(document),
            "Line": self.form_lines(document),
            "PrintStatus": "NotSet",
        }
        tracking = self.tracking(document)
        # python-quickbooks' refund receipt and its neighbours do not all name a class.
        fields.update({name: text for name, text in tracking.items() if name in vars(CLASSES[entity]())})
        if entity != "RefundReceipt":
            fields["EmailStatus"] = "NotSet"
        if entity in WITH_MONEY:
            fields["DepositToAccountRef"] = self.account(document.entries[-1].account)
            fields["PaymentMethodRef"] = self.method(document)
        fields.update(self.tax(document))
        return fields

    def tax(self, document: Document) -> dict[str, Any]:
        """In the US the total is ours, also where QuickBooks would work it out anew; elsewhere each line has its tax
        within."""
        how = self.directory.preferences.sales_tax
        if how == "by_line":
            return {"GlobalTaxCalculation": "TaxInclusive"}
        if how == "off":
            return {}
        total = sum(line.tax_minor for line in document.lines)
        detail = make(TxnTaxDetail, TotalTax=amount(total, document.currency))
        if how == "us":
            detail.TxnTaxCodeRef = ref(self.form_tax_code(document))
        return {"TxnTaxDetail": detail}

    def form_tax_code(self, document: Document) -> str | None:
        """The code of the whole form: the sale's, else the one that the mapping names for a line."""
        known = self.named(document, "tax_code")
        if known is not None:
            return known
        codes = (line.tax_code for line in document.lines if line.tax_code not in (None, "TAX", "NON"))
        return next((found for code in codes if (found := self.directory.tax_codes.find(code or ""))), None)

    def form_lines(self, document: Document) -> list[Any]:
        lines = [
            self.form_line(document, line) for line in document.lines if line.net_minor or line.tax_minor
        ]
        total = document.amount_minor
        rest = total - sum(line.net_minor + line.tax_minor for line in document.lines)
        if rest and self.mapping.exchange_item is not None:
            words = "What the rate moved since the sale"
            exchange = DocumentLine("exchange", words, "", rest, item=self.mapping.exchange_item)
            lines.append(self.form_line(document, exchange))
        return lines

    def form_line(self, document: Document, line: DocumentLine) -> Any:
        currency = document.currency
        discount = next((text for name, text in line.refs if name == DISCOUNT), None)
        description = (line.description or "")[:DESCRIPTION] or None
        if discount is not None:
            detail = make(DiscountLineDetail, PercentBased=False, DiscountAccountRef=ref(discount))
            return make(
                DiscountLine,
                Amount=amount(-line.net_minor, currency),
                Description=description,
                DetailType="DiscountLineDetail",
                DiscountLineDetail=detail,
            )
        item_id = self.directory.item_id(line.item or "")
        detail = make(SalesItemLineDetail, ItemRef=ref(item_id), TaxCodeRef=self.line_tax_code(line))
        if self.directory.preferences.sales_tax == "by_line":
            detail.TaxInclusiveAmt = amount(line.net_minor + line.tax_minor, currency)
        class_id = next((text for name, text in line.refs if name == "class"), None)
        if class_id is not None and self.directory.preferences.class_on_line:
            detail.ClassRef = ref(class_id)
        self.set_quantity(detail, line, currency, self.directory.is_stock(item_id))
        return make(
            SalesItemLine,
            Amount=amount(line.net_minor, currency),
            Description=description,
            DetailType="SalesItemLineDetail",
            SalesItemLineDetail=detail,
        )

    def line_tax_code(self, line: DocumentLine) -> Any:
        how = self.directory.preferences.sales_tax
        if how == "off":
            return None
        if how == "by_line":
            found = self.directory.tax_codes.find(line.tax_code) if line.tax_code is not None else None
            return ref(found or self.directory.untaxed())
        taxed = line.tax_minor or line.tax_code not in (None, "NON")
        return ref("TAX" if taxed else "NON")

    def set_quantity(self, detail: Any, line: DocumentLine, currency: str, stock: bool) -> None:
        """How many, where that and a price come to the amount exactly; of a stock item it moves stock."""
        if line.quantity is None:
            return
        quantity = Decimal(line.quantity)
        if quantity <= 0:
            return
        net = amount(line.net_minor, currency)
        places = PRICE_PLACES if stock else exponent(currency)
        price = (net / quantity).quantize(Decimal(1).scaleb(-places))
        if (price * quantity).quantize(Decimal(1).scaleb(-exponent(currency))) == net:
            detail.Qty, detail.UnitPrice = quantity, price

    # ------------------------------------------------------------------------------------------ money

    def payment(self, document: Document) -> dict[str, Any]:
        """Money into clearing, or nothing but a link; its lines are filled in when it is sent."""
        fields = {
            **self.head(document),
            "CustomerRef": self.customer_ref(document),
            "PaymentRefNum": document.number,
        }
        if document.kind == "application":
            return {**fields, "TotalAmt": Decimal(0)}
        return {
            **fields,
            "TotalAmt": amount(document.amount_minor, document.currency),
            "DepositToAccountRef": self.account(document.entries[-1].account),
            "PaymentMethodRef": self.method(document),
        }

    def purchase(self, document: Document) -> dict[str, Any]:
        """An expense out of clearing: on receivable for a customer, or for Stripe's fee."""
        customer = None if document.kind == "fee" else self.customer_id(document)
        return {
            **self.head(document),
            "DocNumber": document.number,
            "PaymentType": "Cash",
            "AccountRef": self.account(document.entries[-1].account),
            "EntityRef": ref(customer, "Customer"),
            "Line": self.expense_lines(document, customer),
            "PrintStatus": "NotSet",
        }

    def expense_lines(self, document: Document, customer: str | None) -> list[Any]:
        currency = document.currency
        if document.home_minor is not None:
            # QuickBooks books what the rate moved by itself.
            account = self.accounts(document).receivable
            return [self.expense_line(account, document.amount_minor, currency, customer, document.narration)]
        return [
            self.expense_line(
                entry.account,
                entry.debit_minor - entry.credit_minor,
                currency,
                customer if self.is_receivable(entry.account) else None,
                document.narration,
            )
            for entry in document.entries[:-1]
        ]

    def is_receivable(self, account: str) -> bool:
        return self.directory.account_type(account) == "Accounts Receivable"

    def expense_line(self, account: str, minor: int, currency: str, customer: str | None, words: str) -> Any:
        detail = make(
            AccountBasedExpenseLineDetail, AccountRef=self.account(account), CustomerRef=ref(customer)
        )
        return make(
            AccountBasedExpenseLine,
            Amount=amount(minor, currency),
            Description=words[:DESCRIPTION] or None,
            DetailType="AccountBasedExpenseLineDetail",
            AccountBasedExpenseLineDetail=detail,
        )

    def journal(self, document: Document) -> dict[str, Any]:
        return {
            **self.head(document),
            "DocNumber": document.number,
            "Line": [self.journal_line(document, entry) for entry in document.entries],
        }

    def journal_line(self, document: Document, entry: Any) -> Any:
        detail = make(
            JournalEntryLineDetail,
            PostingType="Debit" if entry.debit_minor else "Credit",
            AccountRef=self.account(entry.account),
        )
        if self.is_receivable(entry.account):
            detail.Entity = make(PartnerEntity, Type="Customer", EntityRef=self.customer_ref(document))
        return make(
            JournalEntryLine,
            Amount=amount(entry.debit_minor or entry.credit_minor, entry.currency),
            Description=document.narration[:DESCRIPTION] or None,
            DetailType="JournalEntryLineDetail",
            JournalEntryLineDetail=detail,
        )

    def link_lines(self, currency: str, links: Sequence[tuple[int, str, str]]) -> list[Any]:
        """The lines of a Payment: (minor units, type, id) of what each links."""
        lines: list[Any] = plain(
            [
                make(
                    PaymentLine,
                    Amount=amount(minor, currency),
                    LinkedTxn=[make(LinkedTxn, TxnId=object_id, TxnType=kind)],
                )
                for minor, kind, object_id in links
            ]
        )
        return lines

    # ------------------------------------------------------------------------------------------ customers

    def customer(self, document: Document) -> dict[str, Any]:
        """QuickBooks takes no colon in a name; our key and the Stripe id stand in the notes."""
        email = self.named(document, "email")
        return {
            "DisplayName": display_name(document, False),
            "Notes": f"{document.subject_id} {document.document_key}",
            "PrimaryEmailAddr": make(EmailAddress, Address=email) if email is not None else None,
            "CurrencyRef": ref(document.currency.upper())
            if self.directory.preferences.multi_currency
            else None,
        }


def display_name(document: Document, told_apart: bool) -> str:
    """The name; with the Stripe id behind it where another customer, a vendor or an employee has the name."""
    name = " ".join((document.customer or document.subject_id).replace(":", " ").split())
    if not told_apart:
        return name[:NAME]
    more = f" ({document.subject_id} {document.currency.upper()})"
    return name[: NAME - len(more)] + more
