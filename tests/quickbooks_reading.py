"""A QuickBooks Online company that is read: a ledger that has surveyed it, and a courier that counts what it carries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import requests
from quickbooks_hands import CLEARING, RECEIVABLES, TAX, TIMEOUT, Hands, shop
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write

from connector.ledgers.contract import Answer, Reference, Request, Steps, run_steps
from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger, Wants
from connector.planning.mapping_model import AccountMap, Mapping
from connector.planning.model import Sale

T = TypeVar("T")
DAY = date(2026, 3, 6)
INTO = {"value": "2"}
START = date(2026, 3, 1)
KEYS = {name: f"dk{name * 24}" for name in "abcdefgh"}


def mapping(**changes: Any) -> Mapping:
    fields: dict[str, Any] = {
        "kind": "quickbooks_online",
        "clearing_accounts": AccountMap(CLEARING),
        "receivable_accounts": AccountMap(RECEIVABLES),
        "fees": "Stripe Fees",
        "exchange": "Exchange Gain or Loss",
        "tax": TAX,
    }
    return Mapping(**{**fields, **changes})


class Courier:
    def __init__(self, fake: FakeQuickBooks) -> None:
        self.fake = fake
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {fake.oauth.grant().access}"
        self.carried: list[str] = []

    def carry(self, request: Request) -> Answer:
        self.carried.append(request.body.decode() or request.target)
        answer = self.http.request(
            request.method,
            self.fake.api(request.target),
            data=request.body or None,
            headers={"Accept": "application/json", **dict(request.headers)},
            timeout=TIMEOUT,
        )
        return Answer(answer.status_code, answer.content, tuple(answer.headers.items()))


class Reading(Hands):
    """Hands that write, and the ledger that reads; `carried` are its reads since it was opened."""

    def __init__(self, fake: FakeQuickBooks, **changes: Any) -> None:
        super().__init__(fake)
        self.courier = Courier(fake)
        self.open(**changes)

    def open(self, **changes: Any) -> None:
        self.ledger = QuickbooksOnlineLedger(mapping(**changes), Wants(START))
        self.run(self.ledger.survey())
        self.courier.carried.clear()

    @property
    def carried(self) -> list[str]:
        return self.courier.carried

    def run(self, steps: Steps[T]) -> T:
        return run_steps(steps, self.courier)

    def sale(self, number: str | None = "100", charge_id: str = "ch_1", **more: Any) -> Sale | None:
        """The sale of one charge."""
        fields: dict[str, Any] = {"charge_currency": "usd", "stripe_ids": (charge_id,), "day": DAY, **more}
        found = self.run(self.ledger.find_sales([Reference(charge_id, number=number, **fields)]))
        return found[charge_id]

    def put(self, kind: str, body: Json) -> Json:
        """A write that takes no trip over the wire."""
        return write(self.company, kind, body)

    def void(self, invoice: Json) -> None:
        now = self.again("Invoice", invoice)
        body = {"Id": now["Id"], "SyncToken": now["SyncToken"]}
        answer = self.post("Invoice", body, operation="void")
        assert answer.status_code == 200, answer.text

    def deactivate(self, kind: str, object_id: str) -> None:
        now = self.read(kind, object_id)
        self.write(kind, {**now, "Active": False})


@contextmanager
def reading(changes: dict[str, Any] | None = None, **settings: Any) -> Iterator[Reading]:
    """A shop with these settings, read with a mapping with these changes."""
    with FakeQuickBooks(shop(**settings)) as fake:
        yield Reading(fake, **(changes or {}))


def note(key: str | None, kind: str, *ids: str, sale: str = "100", number: str | None = None) -> str:
    """A private note as the connector writes it."""
    marks = f"[{kind}{f'; number {number}' if number else ''}; sale {sale}]"
    return " ".join(("What it is", marks, *ids, *([KEYS[key]] if key else [])))


def journal(books: Reading, *lines: tuple[str, str, str], **more: Any) -> Json:
    """A journal entry of (side, account, amount)."""
    made = [
        {
            "Amount": Decimal(amount),
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {
                "PostingType": side,
                "AccountRef": books.account(account),
                **(
                    {"Entity": {"Type": "Customer", "EntityRef": {"value": "1", "name": "Ada"}}}
                    if account == RECEIVABLES
                    else {}
                ),
            },
        }
        for side, account, amount in lines
    ]
    return books.write("JournalEntry", {"TxnDate": "2026-03-07", "Line": made, **more})


def expense(books: Reading, *lines: tuple[str, str], account: Json = INTO, **more: Any) -> Json:
    made = [
        {
            "Amount": Decimal(amount),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": books.account(name)},
        }
        for name, amount in lines
    ]
    body = {"PaymentType": "Cash", "AccountRef": account, "TxnDate": "2026-03-07", "Line": made}
    return books.write("Purchase", {**body, **more})


def deposit(books: Reading, into: Json, *lines: tuple[str, str], **more: Any) -> Json:
    made = [
        {
            "Amount": Decimal(amount),
            "DetailType": "DepositLineDetail",
            "DepositLineDetail": {"AccountRef": books.account(name)},
        }
        for name, amount in lines
    ]
    body = {"DepositToAccountRef": into, "TxnDate": "2026-03-07", "Line": made}
    return books.write("Deposit", {**body, **more})
