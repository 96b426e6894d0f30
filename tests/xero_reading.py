"""A Xero organisation that is read: hands that write to it, and a courier that counts what it carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import unquote

from vendors.xero import FakeXero
from vendors.xero.wire import Json
from xero_hands import CLEARING, RECEIVABLES, TAX, TIMEOUT, Hands, credit, form, line, pay, shop, spend

from connector.ledgers.contract import Answer, Found, Reference, Request, Steps, run_steps
from connector.ledgers.xero_directory import Directory, read_directory
from connector.ledgers.xero_found import find_documents, find_numbered, find_refunds, scan
from connector.ledgers.xero_sales import find_sales
from connector.ledgers.xero_window import Window
from connector.planning.mapping_model import AccountMap, Mapping
from connector.planning.model import Sale

T = TypeVar("T")
DAY = date(2026, 3, 6)
START = date(2026, 3, 1)
KEYS = {name: f"dk{name * 24}" for name in "abcdefgh"}
FULL_TAX = {"TaxType": "OUTPUT"}


def mapping(**changes: Any) -> Mapping:
    fields: dict[str, Any] = {
        "kind": "xero",
        "clearing_accounts": AccountMap(CLEARING),
        "receivable_accounts": AccountMap(RECEIVABLES),
        "fees": "Stripe Fees",
        "exchange": "Exchange Gain or Loss",
        "sales": "Sales",
        "tax": TAX,
    }
    return Mapping(**{**fields, **changes})


def note(key: str, marks: str, *ids: str, number: str | None = None, sale: str | None = None) -> str:
    """A Reference as the connector writes it."""
    told = marks + "".join(f"; {name} {text}" for name, text in (("number", number), ("sale", sale)) if text)
    return " ".join((*ids, KEYS[key], f"[{told}]"))


class Reading(Hands):
    """Hands that write, and what reads; `carried` are its reads since it was opened, without escapes."""

    def __init__(self, fake: FakeXero, **changes: Any) -> None:
        super().__init__(fake)
        self.carried: list[str] = []
        self.mapping: Mapping
        self.directory: Directory
        self.open(**changes)

    def open(self, **changes: Any) -> None:
        """As a new run does."""
        self.mapping = mapping(**changes)
        self.directory = self.run(read_directory(self.mapping))
        self.window = Window()
        self.carried.clear()

    def carry(self, request: Request) -> Answer:
        self.carried.append(unquote(request.target))
        answer = self.http.request(
            request.method,
            f"{self.fake.api_url}{request.target}",
            data=request.body or None,
            headers=dict(request.headers),
            timeout=TIMEOUT,
        )
        return Answer(answer.status_code, answer.content, tuple(answer.headers.items()))

    def run(self, steps: Steps[T]) -> T:
        return run_steps(steps, self)

    # ------------------------------------------------------------------------------------------ what is asked

    def sales(self, references: Sequence[Reference]) -> dict[str, Sale | None]:
        return self.run(find_sales(references, self.directory, self.mapping, self.window))

    def sale(self, number: str | None = "100", charge_id: str = "ch_1", **more: Any) -> Sale | None:
        """The sale of one charge."""
        fields: dict[str, Any] = {"stripe_ids": (charge_id,), "day": DAY, **more}
        return self.sales([Reference(charge_id, "usd", number, **fields)])[charge_id]

    def the_sale(self, number: str | None = "100", charge_id: str = "ch_1", **more: Any) -> Sale:
        """AssertionError where there is none."""
        sale = self.sale(number, charge_id, **more)
        assert sale is not None, self.carried
        return sale

    def scan_all(self, start: date = START) -> list[Found]:
        hits: list[Found] = []
        cursor: str | None = None
        while True:
            page, cursor = self.run(scan(cursor, start, self.directory, self.mapping, self.window))
            hits += page
            if cursor is None:
                return hits

    def refunds(self, *refund_ids: str, day: date = DAY) -> dict[str, list[Found]]:
        asked = dict.fromkeys(refund_ids, day)
        return self.run(find_refunds(asked, self.directory, self.mapping, self.window))

    def documents(self, *ledger_ids: str) -> dict[str, Found]:
        return self.run(find_documents(ledger_ids, self.directory, self.mapping))

    def numbered(self, number: str) -> list[Found]:
        return self.run(find_numbered(number, self.directory, self.mapping))

    # ------------------------------------------------------------------------------------------ what is written

    def invoice(self, *amounts: str, number: str | None = "100", **more: Any) -> Json:
        named = {"InvoiceNumber": number} if number is not None else {}
        return self.write("Invoices", form(*(amounts or ("110",)), **named, **more))

    def paid(self, invoice: Json, amount: str = "110", account: str = "090", **more: Any) -> Json:
        return self.write("Payments", {**pay(amount, account, Invoice=invoice), **more})

    def overpaid(self, amount: str = "110", words: str = "Paid too much", **more: Any) -> Json:
        """An overpayment, by the bank transaction that brings it."""
        line = {"Description": words, "UnitAmount": Decimal(amount)}
        given = spend(kind="RECEIVE-OVERPAYMENT", LineItems=[line], **more)
        return self.write("BankTransactions", given)

    def received(self, *amounts: str, **more: Any) -> Json:
        return self.write("BankTransactions", spend(*amounts, kind="RECEIVE", **more))

    def allocate(self, credit: Json, invoice: Json, amount: str, plural: str = "CreditNotes") -> Json:
        body = {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Amount": Decimal(amount),
            "Date": "2026-03-06",
        }
        return self.write(f"{plural}/{credit[f'{plural[:-1]}ID']}/Allocations", body)

    def memo(self, amount: str = "110", **more: str) -> Json:
        return self.write("CreditNotes", credit(amount, **more))

    def paid_out(self, amount: str = "110", account: str = "090", **more: str) -> Json:
        """The payment that pays a credit note out."""
        return self.write("Payments", {**pay(amount, account, CreditNote=self.memo(amount)), **more})

    def spent(self, code: str, amount: str, bank: str = "090", **more: str) -> Json:
        given = spend(bank=bank, LineItems=[line(amount, AccountCode=code)], **more)
        return self.write("BankTransactions", given)

    def take_out(self, plural: str, row: Json) -> None:
        status = "DELETED" if plural in ("Payments", "BankTransactions") else "VOIDED"
        body: Json = {"Status": status}
        if plural == "BankTransactions":
            lines = [{"LineItemID": one["LineItemID"]} for one in row["LineItems"]]
            body |= {"Type": row["Type"], "LineItems": lines, "BankAccount": {"Code": "090"}}
        self.write(f"{plural}/{row[f'{plural[:-1]}ID']}", body, "POST")


@contextmanager
def reading(settings: dict[str, Any] | None = None, **shopped: Any) -> Iterator[Reading]:
    with FakeXero(shop(**shopped)) as fake:
        yield Reading(fake, **(settings or {}))
