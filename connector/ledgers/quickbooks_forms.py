"""Documents as QuickBooks has them: which form each is written on."""

from __future__ import annotations

from typing import Any

from quickbooks.objects.base import EmailAddress

from connector.ledgers.quickbooks_fields import CLASSES, SALES_FORMS, make, plain, ref
from connector.ledgers.quickbooks_money_forms import MoneyFormWriter
from connector.ledgers.quickbooks_roles import entity_of
from connector.ledgers.quickbooks_sales_forms import SalesFormWriter
from connector.planning.model import Document

NAME = 100


class FormWriter(SalesFormWriter, MoneyFormWriter):
    """Writes documents for one company."""

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
        if entity in SALES_FORMS:
            # Beside the object: that of an invoice has no class.
            body.update({name: plain(text) for name, text in self.tracking(document).items()})
        return body

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
