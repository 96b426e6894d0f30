"""Documents as Xero has them: which fields each has, with holes for what only its parents can fill.

https://developer.xero.com/documentation/api/accounting/creditnotes, invoices, payments and banktransactions
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.ledgers.further_writes import AT_RATE_OF_SALE, RATE, Accounts, is_from_books
from connector.ledgers.json_wire import amount
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_lines import DESCRIPTION, LineWriter
from connector.ledgers.xero_marks import write_reference
from connector.ledgers.xero_roles import ALLOCATED, OVERPAID, PAID_AGAIN, plural_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import NEW_CUSTOMER, Document
from connector.planning.money import exponent

# Stands for the id of a contact that is still to be made.
NEW = "$customer"
# Whom Stripe's fees are paid to: Xero finds the contact by its name, or makes it.
STRIPE = "Stripe"
NAME = 255
CONTACT_NUMBER = 50
RATE_PLACES = 6
AUTHORISED = "AUTHORISED"


class FormWriter(LineWriter):
    """Writes documents for one organisation."""

    def __init__(self, directory: Directory, mapping: LedgerMapping) -> None:
        super().__init__(directory, mapping)

    def accounts(self, document: Document) -> Accounts:
        return Accounts(
            frozenset(self.mapping.clearing_accounts.accounts()),
            self.mapping.exchange,
            self.mapping.receivable(document.currency) or "",
        )

    def body(self, document: Document) -> dict[str, Any]:
        """The fields of the document, without what it pays or is put on."""
        plural = plural_of(document)
        if document.voids or document.kind == "void" or is_from_books(document):
            return {}
        if document.kind == "application":
            return self.application(document)
        if plural == "Contacts":
            return self.contact(document)
        if plural == "Payments":
            return self.payment(document)
        if plural == "Overpayments":
            return self.overpayment(document)
        if plural == "BankTransactions":
            return self.bank_transaction(document)
        return self.sales_form(document, plural)

    # ------------------------------------------------------------------------------------------ forms

    def sales_form(self, document: Document, plural: str) -> dict[str, Any]:
        """An invoice or a credit note."""
        invoice = plural == "Invoices"
        fields: dict[str, Any] = {"Type": "ACCREC" if invoice else "ACCRECCREDIT"}
        if document.number is not None:
            fields["InvoiceNumber" if invoice else "CreditNoteNumber"] = document.number
        fields |= {
            "Reference": write_reference(document),
            "Contact": self.contact_ref(document),
            "Date": document.posting_date.isoformat(),
            "Status": AUTHORISED,
            "LineAmountTypes": "Inclusive",
            "CurrencyCode": document.currency.upper(),
            "LineItems": self.form_lines(document),
        }
        if invoice:
            fields |= {"DueDate": document.posting_date.isoformat(), "SentToContact": False}
        rate = self.rate(document)
        if rate is not None:
            fields["CurrencyRate"] = rate
        return fields

    def bank_transaction(self, document: Document) -> dict[str, Any]:
        """Money out of clearing or into it, against income, fees or exchange."""
        clearing = document.entries[-1]
        fields: dict[str, Any] = {
            "Type": "SPEND" if clearing.credit_minor else "RECEIVE",
            "Reference": write_reference(document),
            "Contact": {"Name": STRIPE} if is_fee(document) else self.contact_ref(document),
            "BankAccount": self.directory.account_ref(clearing.account),
            "Date": document.posting_date.isoformat(),
            "Status": AUTHORISED,
            "LineAmountTypes": "Inclusive",
            "LineItems": self.bank_lines(document),
        }
        rate = self.rate(document)
        if rate is not None:
            fields["CurrencyRate"] = rate
        return fields

    def bank_lines(self, document: Document) -> list[dict[str, Any]]:
        if document.lines:
            return self.form_lines(document)
        currency = document.entry_currency
        clearing = document.entries[-1]
        return [
            self.plain_line(
                entry.account,
                entry.debit_minor - entry.credit_minor
                if clearing.credit_minor
                else entry.credit_minor - entry.debit_minor,
                currency,
                document.narration,
            )
            for entry in document.entries[:-1]
        ]

    def overpayment(self, document: Document) -> dict[str, Any]:
        """Money into clearing that belongs to the customer; on another account than receivables it is a prepayment. It has
        no Reference: its line says what it is."""
        line = overpaid_line(document)
        held = document.entries[0].account
        prepaid = held not in self.mapping.receivable_accounts.accounts()
        if prepaid:
            line |= {"AccountCode": self.directory.account_code(held), "TaxType": self.directory.untaxed()}
        return {
            "Type": "RECEIVE-PREPAYMENT" if prepaid else "RECEIVE-OVERPAYMENT",
            "Contact": self.contact_ref(document),
            "BankAccount": self.directory.account_ref(document.entries[-1].account),
            "Date": document.posting_date.isoformat(),
            "Status": AUTHORISED,
            "LineAmountTypes": "NoTax",
            "LineItems": [line],
        }

    def payment(self, document: Document) -> dict[str, Any]:
        fields = {
            "Account": self.directory.account_ref(document.entries[-1].account),
            "Date": document.posting_date.isoformat(),
            "Amount": amount(document.amount_minor, document.currency),
            "Reference": write_reference(document),
        }
        if document.home_minor is not None:
            # What clearing moves by, to the cent; the rate between the two is Xero's to say.
            fields["BankAmount"] = amount(document.home_minor, document.entry_currency)
        return fields

    def application(self, document: Document) -> dict[str, Any]:
        """What is taken off needs nothing; of a payment or overpayment that is made again the account, the day and the
        amount are read when it is sent."""
        if document.part == ALLOCATED:
            total = amount(document.amount_minor, document.currency)
            return {"Amount": total, "Date": document.posting_date.isoformat()}
        if document.part == PAID_AGAIN:
            return {"Reference": write_reference(document)}
        if document.part == OVERPAID:
            return {"Contact": self.contact_ref(document), "LineItems": [overpaid_line(document)]}
        return {}

    def contact(self, document: Document) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "Name": names_of(document)[0],
            "ContactNumber": document.subject_id[:CONTACT_NUMBER],
        }
        email = self.named(document, "email")
        if email is not None:
            fields["EmailAddress"] = email
        return fields

    # ------------------------------------------------------------------------------------------ fields

    def named(self, document: Document, name: str) -> str | None:
        return next((text for key, text in document.refs if key == name), None)

    def contact_ref(self, document: Document) -> dict[str, Any]:
        """The contact by its id alone: anything more would change the contact."""
        known = self.named(document, "customer")
        if known is None and self.named(document, NEW_CUSTOMER) is not None:
            known = NEW
        return {"ContactID": known} if known is not None else {"Name": document.customer or STRIPE}

    def rate(self, document: Document) -> Decimal | None:
        """Units of the document's currency for one of the organisation's: what takes income back has the rate that the sale
        has in Xero; else as exact as its home total needs and six decimals allow. None: Xero takes the rate of the day."""
        known = self.named(document, RATE)
        kind = document.part if document.kind == "reversal" else document.kind
        foreign = document.currency != self.directory.home
        if known is not None and foreign and kind in AT_RATE_OF_SALE:
            return Decimal(known)
        if document.home_minor is None:
            return None
        home = self.directory.home
        if document.currency == home or document.entry_currency != home or not document.home_minor:
            return None
        total = amount(document.amount_minor, document.currency)
        wanted = amount(document.home_minor, document.entry_currency)
        places = Decimal(1).scaleb(-exponent(document.entry_currency))
        for digits in range(4, RATE_PLACES + 1):
            rate = (total / wanted).quantize(Decimal(1).scaleb(-digits))
            if rate and (total / rate).quantize(places, ROUND_HALF_UP) == wanted:
                return rate
        return (total / wanted).quantize(Decimal(1).scaleb(-RATE_PLACES))


def is_fee(document: Document) -> bool:
    """A fee or what takes one back: the customer has no part in it."""
    return document.kind == "fee" or (document.kind == "reversal" and document.part == "fee")


def overpaid_line(document: Document) -> dict[str, Any]:
    words = f"{document.narration} {write_reference(document)}".strip()
    return {
        "Description": words[-DESCRIPTION:],
        "Quantity": 1,
        "UnitAmount": amount(document.amount_minor, document.currency),
    }


def names_of(document: Document) -> tuple[str, str]:
    """The name of a contact, and the one that tells it apart where somebody else has it."""
    name = " ".join((document.customer or document.subject_id).split())
    apart = f" ({document.subject_id})"
    return name[:NAME], name[: NAME - len(apart)] + apart
