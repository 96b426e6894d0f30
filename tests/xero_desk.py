"""A Xero organisation, a shop at Stripe and the command line between the two; what was written is read back to the cent.

Every `sync` also proves what must always hold: nothing is sent to anybody, each document shows its number, day and
Stripe ids, and the debits and credits that `plan` had shown are what the organisation's own ledger moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from ledger_desk import LedgerDesk, mapping_of
from small_shop import Shop
from vendors.xero import Organisation, write
from vendors.xero.fake import Request
from vendors.xero.wire import ZERO, Json
from xero_books import XeroBooks, xero
from xero_shown import Row, by_day, check_shown, id_of, marks_of, number_of
from xero_sold import invoice, pay

SHORT = {
    "Accounts Receivable": "AR",
    "Stripe Clearing": "CLR",
    "Sales": "REV",
    "Sales Tax": "TAX",
    "Stripe Fees": "FEES",
    "Exchange Gain or Loss": "FX",
    "Realised Currency Gains": "GAIN",
}
KINDS = (
    "Invoices",
    "CreditNotes",
    "Payments",
    "BankTransactions",
    "Overpayments",
    "Prepayments",
    "Allocations",
)
POSTING = ("Invoices", "CreditNotes", "Payments", "BankTransactions")
WORDS = {"Invoices": "Invoice", "CreditNotes": "CreditNote", "Payments": "Payment"}
CREDITS = {"OverpaymentID": "Overpayments", "PrepaymentID": "Prepayments"}
WRITTEN_ON_OTHERS = ("void", "customer", "application")
GONE = ("VOIDED", "DELETED")
ADA = "Ada"


class Desk(LedgerDesk):
    """`hands` works in the organisation, `shop` sells at Stripe, `sync` and `command` are the connector's."""

    books: XeroBooks

    def __init__(self, books: XeroBooks, shop: Shop) -> None:
        self.books = books
        self.shop = shop
        self.hands = books.hands
        self.fake = books.fake
        write(self.organisation, "Contacts", {"Name": ADA, "EmailAddress": "ada@x.test"})

    @property
    def organisation(self) -> Organisation:
        return self.fake.organisation

    # ------------------------------------------------------------------------------------------ what stands there

    def trial_balance(self) -> dict[str, Decimal]:
        return self.organisation.trial_balance()

    def forget_requests(self) -> None:
        self.fake.requests.clear()

    def writes(self) -> list[Request]:
        return self.fake.writes()

    def everything(self) -> list[Json]:
        return [one for kind in KINDS for one in self.organisation.documents(kind)]

    def rows(self) -> list[Row]:
        """All that moves money, in the order in which it was written; what may have been written at once is put in order
        by day and number."""
        found = [(kind, one) for kind in POSTING for one in self.organisation.documents(kind)]
        found.sort(key=lambda row: id_of(row)[-12:])
        runs = (list(run) for _, run in groupby(found, key=lambda row: row[0]))
        return [row for run in runs for row in sorted(run, key=by_day)]

    def ours(self) -> list[Row]:
        """What bears our key."""
        return [row for row in self.rows() if " dk" in marks_of(row[1])]

    def written(self) -> list[str]:
        """A line for each of ours: what it is, number, day, contact, postings, and what is left open of it."""
        return [self.shown(*row) for row in self.ours()]

    def by_hand(self) -> list[str]:
        """The same of what others wrote."""
        return [self.shown(kind, one) for kind, one in self.rows() if " dk" not in marks_of(one)]

    def shown(self, kind: str, one: Json) -> str:
        entry = self.organisation.ledger.entries.get((kind, id_of((kind, one))))
        parts: dict[str, Decimal] = {}
        for each in entry.postings if entry else ():
            name = self.name_of("Accounts", each.account)
            parts[SHORT.get(name, name)] = parts.get(SHORT.get(name, name), ZERO) + each.amount
        moved = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount) or "nothing"
        gone = f" ({one['Status'].lower()})" if one["Status"] in GONE else ""
        what = WORDS.get(kind) or one["Type"]
        return f"{what} {number_of(one)} {one['Date']} {self.contact_of(kind, one)}: {moved}{gone}{self.left(one)}"

    def left(self, one: Json) -> str:
        """What is open of an object, or of the credit that it made."""
        for name, kind in CREDITS.items():
            if name in one:
                one = self.organisation.shelf.kinds[kind][one[name]]
        open_of = [f"; {name} {one[name]} left" for name in ("AmountDue", "RemainingCredit") if one.get(name)]
        return "".join(open_of)

    def contact_of(self, kind: str, one: Json) -> str:
        if kind == "Payments":
            paid, object_id = one["_paid"]
            one = self.organisation.shelf.kinds[paid][object_id]
        return self.name_of("Contacts", one["Contact"]["ContactID"])

    def name_of(self, kind: str, object_id: str) -> str:
        return str(self.organisation.shelf.kinds[kind][object_id]["Name"])

    def totals(self) -> dict[str, str]:
        return {
            SHORT.get(name, name): str(amount) for name, amount in self.organisation.trial_balance().items()
        }

    def open(self, contact: str = ADA) -> str:
        """What a contact owes, or where below zero is owed, in base currency."""
        (row,) = [one for one in self.organisation.documents("Contacts") if one["Name"] == contact]
        receivables = self.organisation.system_account("DEBTORS")
        return f"{self.organisation.ledger.of_contact(receivables, row['ContactID']):.2f}"

    # ------------------------------------------------------------------------------------------ what always holds

    def check(self) -> None:
        self.organisation.check()
        assert self.fake.broken == []
        ours = {id_of(row): row[1] for row in self.ours()}
        for one in self.organisation.documents("Invoices"):
            assert one.get("SentToContact", False) is False, one
        for document in self.documents():
            row = ours.get(document["ledger_id"])
            if document["kind"] in WRITTEN_ON_OTHERS or row is None:
                continue
            if document["state"] in ("posted", "reversed") and document["document_key"] in marks_of(row):
                check_shown(document, row)


@contextmanager
def desk(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    organisation: Json | None = None,
    **ledger: Any,
) -> Iterator[Desk]:
    """Sales are found, unless told otherwise; nothing is waited for."""
    settings = {"sales": "find", "fees": False, **ledger}
    refunds = {"sale_grace": "0s", **(refunds or {})}
    with xero(folder, rules, refunds, mapping, organisation, **settings) as (books, shop):
        yield Desk(books, shop)


# ---------------------------------------------------------------------------------------------- sales


def paid_invoice(desk: Desk, method: str = "card") -> str:
    """The base case: invoice 100 of 110.00 with 10.00 of tax, paid into clearing; returns the charge."""
    pay(desk.hands, invoice(desk.hands))
    return desk.shop.charge("100", 11000, 1000, "2026-03-02", 0, method)


def mapped(**changes: Any) -> Json:
    """The mapping of the repository, with other parts."""
    return mapping_of("xero", **changes)
