"""A QuickBooks company, a shop at Stripe and the command line between the two; what was written is read back to the cent.

Every `sync` also proves what must always hold: nothing is sent or printed, each document shows its number, day and
Stripe ids, and the debits and credits that `plan` had shown are what the company's own ledger moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from ledger_desk import LedgerDesk, mapping_of
from quickbooks_books import KEY, QuickBooksBooks, quickbooks
from quickbooks_hands import CLEARING, form, item_line, pay_line, payment
from small_shop import Shop
from vendors.quickbooks import Company
from vendors.quickbooks.fake import Request
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write

SHORT = {
    "Accounts Receivable (A/R)": "AR",
    "Accounts Receivable (A/R) - EUR": "AR EUR",
    "Stripe Clearing": "CLR",
    "Sales of Product Income": "REV",
    "Sales Tax Payable": "TAX",
    "VAT Control": "VAT",
    "Stripe Fees": "FEES",
    "Exchange Gain or Loss": "FX",
    "Undeposited Funds": "UF",
}
TRANSACTIONS = (
    *("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt"),
    *("Payment", "Purchase", "JournalEntry", "Deposit"),
)
WRITTEN_ON_OTHERS = ("void", "customer")
ADA = "2"
WIDGET = "3"


class Desk(LedgerDesk):
    """`hands` works in the company, `shop` sells at Stripe, `sync` and `command` are the connector's."""

    environment = {"CONNECTOR_KEY": KEY}  # noqa: RUF012 - replaced, never changed

    books: QuickBooksBooks

    def __init__(self, books: QuickBooksBooks, shop: Shop) -> None:
        self.books = books
        self.shop = shop
        self.hands = books.hands
        self.fake = books.fake
        write(self.company, "Customer", {"DisplayName": "Ada"})

    @property
    def company(self) -> Company:
        return self.fake.company

    # ------------------------------------------------------------------------------------------ what stands there

    def trial_balance(self) -> dict[str, Decimal]:
        return self.company.trial_balance()

    def forget_requests(self) -> None:
        self.fake.requests.clear()

    def writes(self) -> list[Request]:
        return self.fake.writes()

    def lose_state(self) -> None:
        """The state and the tokens in it: somebody connects again."""
        self.books.lose_state()
        self.set(connection={"refresh_token": self.fake.oauth.grant().refresh})

    def everything(self) -> list[Json]:
        return [one for kind in TRANSACTIONS for one in self.company.documents(kind)]

    def ours(self) -> list[tuple[str, Json]]:
        """Transactions that bear our key, in the order in which they were written; those of one kind that may have been
        written at once by day and number."""
        found = [(kind, one) for kind in TRANSACTIONS for one in self.company.documents(kind)]
        mine = [(kind, one) for kind, one in found if " dk" in one.get("PrivateNote", "")]
        mine.sort(key=lambda pair: int(pair[1]["Id"]))
        runs = (list(run) for _, run in groupby(mine, key=lambda pair: pair[0]))
        return [pair for run in runs for pair in sorted(run, key=by_day)]

    def written(self) -> list[str]:
        """A line for each of ours: entity, number, day, customer, postings, and what is left open of it."""
        return [self.shown(kind, one) for kind, one in self.ours()]

    def by_hand(self) -> list[str]:
        """The same of what others wrote, by kind."""
        ours = {one["Id"] for _, one in self.ours()}
        found = [(kind, one) for kind in TRANSACTIONS for one in self.company.documents(kind)]
        return [self.shown(kind, one) for kind, one in found if one["Id"] not in ours]

    def shown(self, kind: str, one: Json) -> str:
        entry = self.company.ledger.entries.get((kind, one["Id"]))
        parts: dict[str, Decimal] = {}
        for each in entry.postings if entry else ():
            name = str(self.company.account(each.account)["Name"])
            parts[SHORT.get(name, name)] = parts.get(SHORT.get(name, name), Decimal(0)) + each.amount
        moved = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount) or "nothing"
        named: Json = one.get("CustomerRef") or one.get("EntityRef") or {}
        who = named.get("name", "-")
        left = [f"{name} {one[name]}" for name in ("Balance", "UnappliedAmt") if one.get(name)]
        number = one.get("DocNumber") or one.get("PaymentRefNum") or "-"
        return f"{kind} {number} {one['TxnDate']} {who}: {moved}" + "".join(f"; {each} left" for each in left)

    def totals(self) -> dict[str, str]:
        return {SHORT.get(name, name): str(amount) for name, amount in self.company.trial_balance().items()}

    def open(self, customer: str = ADA) -> str:
        return str(self.company.open_balance(customer))

    # ------------------------------------------------------------------------------------------ what always holds

    def check(self) -> None:
        self.company.check()
        ours = {one["Id"]: (kind, one) for kind, one in self.ours()}
        for _, one in ours.values():
            assert one.get("EmailStatus", "NotSet") == "NotSet", one
            assert one.get("PrintStatus", "NotSet") == "NotSet", one
            assert "BillEmail" not in one, one
        for document in self.documents():
            if document["ledger_id"] is None or document["kind"] in WRITTEN_ON_OTHERS:
                continue
            if document["state"] in ("posted", "reversed") and document["ledger_id"] in ours:
                check_shown(document, ours[document["ledger_id"]][1])


def by_day(pair: tuple[str, Json]) -> tuple[str, str]:
    return pair[1]["TxnDate"], pair[1].get("DocNumber") or pair[1].get("PaymentRefNum") or ""


def check_shown(document: Json, one: Json) -> None:
    """Number, day and ids of a document as QuickBooks shows them."""
    if document["kind"] == "application" and document["document_key"] not in one["PrivateNote"]:
        # A line of a payment that was written before it.
        return
    assert one["TxnDate"] == document["posting_date"], (document, one)
    assert (one.get("DocNumber") or one.get("PaymentRefNum")) == document["number"], (document, one)
    for name in ("refund_id", "charge_id", "document_key"):
        assert (document[name] or "") in one["PrivateNote"], (document, one)


@contextmanager
def desk(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    company: Json | None = None,
    **ledger: Any,
) -> Iterator[Desk]:
    """Sales are found and US tax goes by code, unless told otherwise; nothing is waited for."""
    settings = {"sales": "find", "fees": False, **ledger}
    terms = {"sales_tax": "by_code", **(company or {})}
    refunds = {"sale_grace": "0s", **(refunds or {})}
    with quickbooks(folder, rules, refunds, mapping, terms, **settings) as (books, shop):
        yield Desk(books, shop)


# ---------------------------------------------------------------------------------------------- sales by hand


def taxed_form(number: str, day: str, net: str = "100.00", tax: str = "10.00", **more: Any) -> Json:
    line = item_line(net, WIDGET, TaxCodeRef={"value": "TAX" if Decimal(tax) else "NON"})
    whole = {"TotalTax": Decimal(tax)}
    body = form("1", customer=ADA, DocNumber=number, TxnTaxDetail=whole)
    return {**body, "TxnDate": day, "Line": [line], **more}


def invoice(desk: Desk, number: str = "100", day: str = "2026-03-02", **more: Any) -> Json:
    return desk.hands.write("Invoice", taxed_form(number, day, **more))


def pay(
    desk: Desk,
    of: Json | None,
    amount: str = "110.00",
    day: str = "2026-03-02",
    charge: str = "ch_100",
    into: str = CLEARING,
    **more: Any,
) -> Json:
    """A payment that carries the charge's id; `of` None: it stands on nothing."""
    lines = [] if of is None else [pay_line(amount, "Invoice", of)]
    note = {"PrivateNote": f"Stripe {charge}"} if charge else {}
    where = {"DepositToAccountRef": desk.hands.account(into), "TxnDate": day}
    return desk.hands.write("Payment", payment(amount, *lines, customer=ADA, **where, **note, **more))


def receipt(
    desk: Desk, number: str = "100", day: str = "2026-03-02", into: str = CLEARING, **more: Any
) -> Json:
    body = taxed_form(number, day, **more)
    return desk.hands.write("SalesReceipt", {**body, "DepositToAccountRef": desk.hands.account(into)})


def paid_invoice(desk: Desk, method: str = "card") -> str:
    """The base case: invoice 100 of 110.00 with 10.00 of tax, paid into clearing; returns the charge."""
    pay(desk, invoice(desk))
    return desk.shop.charge("100", 11000, 1000, "2026-03-02", 0, method)


def mapped(**changes: Any) -> Json:
    """The mapping of the samples, with other parts."""
    return mapping_of("quickbooks_online", **changes)
