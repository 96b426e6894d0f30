"""A Xero organisation with empty books for the tests of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from vendors.xero import FakeXero, Organisation, write
from vendors.xero.wire import Json
from xero_books import NAMELESS, SharedClock, XeroWorld, custom_connection

from connector.planning.keys import document_key
from connector.planning.model import Document, DocumentLine, Kind, Settles
from connector.settings.connections import XeroConnection

# What a document is settled against: the kind, and the list that it stands in.
FORERUNNERS: dict[str, tuple[Kind, str]] = {
    "payment": ("invoice", "Invoices"),
    "credit_card_refund": ("credit_memo", "CreditNotes"),
    "refund_payout": ("credit_memo", "CreditNotes"),
    "void": ("invoice", "Invoices"),
    "reopen_invoice": ("payment", "Overpayments"),
}


@contextmanager
def open_organisation(customer: str) -> Iterator[tuple[XeroWorld, XeroConnection, Dresser]]:
    """An organisation of the United States that is opened by a custom connection."""
    world = XeroWorld()
    organisation = Organisation(clock=SharedClock(world))
    contact = str(write(organisation, "Contacts", {"Name": customer})["ContactID"])
    write(organisation, "Contacts", {"Name": NAMELESS})
    with FakeXero(organisation) as fake:
        yield world, XeroConnection.model_validate(custom_connection(fake)), Dresser(organisation, contact)


@dataclass
class Dresser:
    """Gives documents what Xero wants of them: a contact by its id, and what they are settled against. That is the
    document of ours that was dressed before, else one that somebody booked."""

    organisation: Organisation
    contact: str
    dressed: set[str] = field(default_factory=set)

    def __call__(self, document: Document) -> Document:
        lines, part = document.lines, document.part
        if document.kind == "reversal":
            part = "refund_receipt"
            sale, tax, _ = document.entries
            lines = (
                DocumentLine("1", "Things", sale.account, sale.credit_minor, tax.credit_minor, tax.account),
            )
        self.dressed.add(document.document_key)
        known = replace(document, lines=lines, part=part, refs=(("customer", self.contact),))
        return self.settled(known) if document.kind in FORERUNNERS else known

    def settled(self, document: Document) -> Document:
        kind, plural = FORERUNNERS[document.kind]
        key = document_key("acme", "main", "own", document.subject_id, kind)
        if key in self.dressed:
            return replace(document, settles=Settles(kind, document_key=key), after=(key,))
        return replace(document, settles=Settles(kind, ledger_id=self.by_hand(plural, document)))

    def by_hand(self, plural: str, document: Document) -> str:
        """The id of what somebody booked for this document; made where it is not there."""
        number, total = f"H-{document.number}", document.amount_minor
        if plural == "Overpayments":
            made = [one for one in self.organisation.documents(plural) if one["Total"] * 100 == total]
            return str(made[0]["OverpaymentID"]) if made else self.overpaid(total)
        found = self.organisation.find(plural, number)
        if found is None:
            found = self.form(plural, number, {"ContactID": self.contact}, total)
        return str(found[f"{plural[:-1]}ID"])

    def form(self, plural: str, number: str, contact: Json, total: int) -> Json:
        """An open invoice or credit note of one untaxed line."""
        invoice = plural == "Invoices"
        body = {
            "Type": "ACCREC" if invoice else "ACCRECCREDIT",
            "InvoiceNumber" if invoice else "CreditNoteNumber": number,
            "Contact": contact,
            "Date": "2026-02-01",
            "Status": "AUTHORISED",
            "LineItems": lines_of(total, AccountCode="200", TaxType="NONE"),
        }
        return write(self.organisation, plural, body)

    def overpaid(self, total: int) -> str:
        """The id of an overpayment that nothing was taken of yet."""
        body = {
            "Type": "RECEIVE-OVERPAYMENT",
            "Contact": {"ContactID": self.contact},
            "BankAccount": {"Code": "090"},
            "Date": "2026-02-01",
            "LineItems": lines_of(total),
        }
        return str(write(self.organisation, "BankTransactions", body)["OverpaymentID"])


def lines_of(total: int, **more: str) -> list[Json]:
    return [{"Description": "By hand", "UnitAmount": Decimal(total).scaleb(-2), **more}]
