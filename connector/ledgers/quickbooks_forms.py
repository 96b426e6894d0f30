"""Documents as QuickBooks has them: which form each is written on."""

from __future__ import annotations

from typing import Any

from quickbooks.objects.base import EmailAddress

from connector.ledgers.further_writes import is_from_books
from connector.ledgers.quickbooks_customers import display_name
from connector.ledgers.quickbooks_fields import CLASSES, SALES_FORMS, make, plain, ref
from connector.ledgers.quickbooks_money_forms import MoneyFormWriter
from connector.ledgers.quickbooks_roles import entity_of
from connector.ledgers.quickbooks_sales_forms import SalesFormWriter
from connector.planning.model import Document


class FormWriter(SalesFormWriter, MoneyFormWriter):
    """Writes documents for one company."""

    def body(self, document: Document) -> dict[str, Any]:
        """The fields of the document; what other documents must tell first (a customer that is new, ids that are
        linked) is filled in when it is sent."""
        entity = entity_of(document)
        if document.kind == "void":
            return {}
        if is_from_books(document):
            # Without lines QuickBooks would refuse it.
            return {"TxnDate": document.posting_date.isoformat()}
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
        if entity in SALES_FORMS:
            # Beside the object: that of an invoice has no class.
            body.update({name: plain(text) for name, text in self.tracking(document).items()})
        return body

    def customer(self, document: Document) -> dict[str, Any]:
        """QuickBooks takes no colon in a name; our key and the Stripe id stand in the notes."""
        email = self.named(document, "email")
        return {
            "DisplayName": names_of(document)[0],
            "Notes": f"{document.subject_id} {document.document_key}",
            "PrimaryEmailAddr": make(EmailAddress, Address=email) if email is not None else None,
            "CurrencyRef": ref(document.currency.upper())
            if self.directory.preferences.multi_currency
            else None,
        }


def names_of(document: Document) -> tuple[str, str]:
    """The name of a customer, and the one that tells them apart where somebody else has it."""
    name = document.customer or document.subject_id
    return display_name(name), display_name(name, (document.subject_id, document.currency))
