"""A NetSuite account with empty books for the tests of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from netsuite_books import NetsuiteWorld, connection_of, open_account
from vendors.netsuite import Account
from vendors.netsuite import seeding as seed

from connector.planning.keys import document_key
from connector.planning.model import Document, DocumentLine, Kind, Settles
from connector.settings.connections import NetsuiteConnection

# What a document is settled against: the kind, and the record that it is.
FORERUNNERS: dict[str, tuple[Kind, str]] = {
    "payment": ("invoice", "invoice"),
    "credit_card_refund": ("credit_memo", "creditMemo"),
    "refund_payout": ("credit_memo", "creditMemo"),
    "void": ("invoice", "invoice"),
    "reopen_invoice": ("payment", "customerPayment"),
}


@contextmanager
def open_netsuite_account(customer: str) -> Iterator[tuple[NetsuiteWorld, NetsuiteConnection, Dresser]]:
    """An account with subsidiaries and SuiteTax, in which a RESTlet voids."""
    world = NetsuiteWorld()
    with open_account(world) as fake:
        seed.customer(fake.account, customer)
        connection = NetsuiteConnection.model_validate(connection_of(fake))
        yield world, connection, Dresser(fake.account, customer)


@dataclass
class Dresser:
    """Gives documents what NetSuite wants of them: a customer by its id, items and tax codes on the lines, and what they
    are settled against. That is the document of ours that was dressed before, else one that somebody booked."""

    account: Account
    customer: str
    dressed: set[str] = field(default_factory=set)
    booked: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, document: Document) -> Document:
        part, lines = document.part, document.lines
        if document.kind == "reversal":
            part = "refund_receipt"
            sale, tax, _ = document.entries
            lines = (
                DocumentLine("1", "Things", sale.account, sale.credit_minor, tax.credit_minor, tax.account),
            )
        code = self.account.named("salesTaxItem", "Sales Tax")
        taxed = f"{code['taxType']}/{code['id']}/10/1000"
        lines = tuple(replace(line, item="Services", refs=(("tax", taxed),)) for line in lines)
        self.dressed.add(document.document_key)
        refs = (("customer", self.account.named("customer", self.customer)["id"]), ("subsidiary", "1"))
        known = replace(document, lines=lines, part=part, refs=refs)
        return self.settled(known) if document.kind in FORERUNNERS else known

    def settled(self, document: Document) -> Document:
        kind, record = FORERUNNERS[document.kind]
        key = document_key("acme", "main", "own", document.subject_id, kind)
        if key in self.dressed:
            return replace(document, settles=Settles(kind, document_key=key), after=(key,))
        return replace(document, settles=Settles(kind, ledger_id=self.by_hand(record, document)))

    def by_hand(self, record: str, document: Document) -> str:
        """The ledger id of what somebody booked for this document; made where it is not there."""
        known = self.booked.get((record, document.document_key))
        if known is not None:
            return known
        number, total = f"H-{document.number}", document.amount_minor
        made = self.form(record, number, self.customer, total)
        self.booked[record, document.document_key] = made
        return made

    def form(self, record: str, number: str, customer: str, total: int) -> str:
        """An open invoice or credit memo of one untaxed line, or a payment on nothing; its ledger id."""
        amount = str(Decimal(total).scaleb(-2))
        told = {"number": number, "day": "2026-02-01"}
        if record == "customerPayment":
            made = seed.payment(self.account, customer, amount, **told)
        else:
            line = seed.line(self.account, amount, "Untaxed Service")
            book = seed.invoice if record == "invoice" else seed.memo
            made = book(self.account, customer, line, **told)
        return f"{record}/{made['id']}"
