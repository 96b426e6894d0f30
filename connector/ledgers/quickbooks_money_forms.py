"""Payments, expenses and journal entries: what moves clearing and receivable without selling anything.

https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-linked-transactions
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from quickbooks.objects.base import LinkedTxn
from quickbooks.objects.detailline import AccountBasedExpenseLine, AccountBasedExpenseLineDetail
from quickbooks.objects.journalentry import Entity as PartnerEntity
from quickbooks.objects.journalentry import JournalEntryLine, JournalEntryLineDetail
from quickbooks.objects.payment import PaymentLine

from connector.ledgers.json_wire import amount
from connector.ledgers.quickbooks_fields import DESCRIPTION, FieldWriter, make, plain, ref
from connector.planning.model import Document


class MoneyFormWriter(FieldWriter):
    """Writes what moves money."""

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
            # Outside the US each expense says how it is taxed: this one is not.
            "GlobalTaxCalculation": "NotApplicable"
            if self.directory.preferences.sales_tax == "by_line"
            else None,
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
