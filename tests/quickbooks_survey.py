"""A QuickBooks Online company that everything is right with, and a courier to it that needs no server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from vendors.quickbooks import Company as Books
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.service import Asked
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write

from connector.ledgers.contract import Answer, Company, Request, run_steps
from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger, Wants
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping

NOON = 1_780_315_200
ALL_TYPES = frozenset({"credit_memo", "credit_card_refund", "refund_payout", "refund_receipt", "void"})
WANTS = Wants(date(2026, 1, 1), "sales_receipt", True, ALL_TYPES, True, "1")
MAPPING = LedgerMapping(
    kind="quickbooks_online",
    clearing_accounts=AccountMap("Stripe Clearing"),
    receivable_accounts=AccountMap("Accounts Receivable (A/R)"),
    fees="Stripe Fees",
    exchange="Exchange",
    sales="Sales of Product Income",
    tax="Sales Tax Payable",
    sales_items={"*": "Widget", "SKU-HELP": "HLP"},
    refund_items={"*": "Refunds"},
    exchange_item="Exchange",
    tax_default="Standard",
    taxes={"txr_none": "NON"},
    customer_default="Stripe customers",
    payment_methods={"card": "Visa", "*": None},
)


@dataclass
class Desk:
    """Carries requests to the company in this process; `queries` are those that were asked."""

    fake: FakeQuickBooks
    queries: list[str] = field(default_factory=list)
    before: Callable[[Request], None] = lambda request: None

    def carry(self, request: Request) -> Answer:
        self.before(request)
        path, _, _ = request.target.partition("?")
        headers = {**dict(request.headers), "Authorization": f"Bearer {self.fake.oauth.grant().access}"}
        asked = Asked(
            request.method,
            f"/v3/company/{self.fake.company.realm}{path}",
            {},
            headers,
            request.body.decode(),
        )
        if path == "/query":
            self.queries.append(request.body.decode())
        answer = self.fake.answer(asked)
        return Answer(answer.status, answer.text.encode())


def good_books(**settings: Any) -> Books:
    """US, sales tax by code; a customer without a name, an item for each need."""
    books = Books(**{"sales_tax": "by_code", "clock": Clock(NOON), **settings})
    add(
        books,
        "Account",
        Name="Exchange",
        AccountType="Other Income",
        AccountSubType="OtherMiscellaneousIncome",
    )
    add_item(books, "Widget")
    add_item(books, "Support", Sku="HLP")
    add_item(books, "Refunds")
    add_item(books, "Exchange", "Exchange")
    add(books, "Customer", DisplayName="Stripe customers")
    return books


def add(books: Books, kind: str, **fields: Any) -> Json:
    return write(books, kind, fields)


def add_item(books: Books, name: str, income: str = "Sales of Product Income", **more: Any) -> Json:
    account = {"value": books.account(income)["Id"]}
    return add(books, "Item", Name=name, IncomeAccountRef=account, **{"Type": "Service", **more})


def add_stock(books: Books, name: str) -> Json:
    goods = {"value": books.account("Cost of Goods Sold")["Id"]}
    asset = {"value": books.account("Inventory Asset")["Id"]}
    stock: dict[str, Any] = {"QtyOnHand": 0, "InvStartDate": "2026-01-01", "TrackQtyOnHand": True}
    return add_item(books, name, Type="Inventory", ExpenseAccountRef=goods, AssetAccountRef=asset, **stock)


def change(books: Books, kind: str, name: str, **fields: Any) -> None:
    """Somebody changes an object of the lists."""
    rows = books.shelf.kinds[kind].values()
    row = next(one for one in rows if name in (one.get("Name"), one.get("DisplayName")))
    write(books, kind, {**row, **fields})


def desk_of(books: Books) -> Desk:
    return Desk(FakeQuickBooks(books))


def survey(
    desk: Desk,
    mapping: LedgerMapping = MAPPING,
    wants: Wants = WANTS,
    memory: bytes | None = None,
) -> tuple[QuickbooksOnlineLedger, Company]:
    ledger = QuickbooksOnlineLedger(mapping, wants, memory)
    return ledger, run_steps(ledger.survey(), desk)


def told(company: Company) -> Mapping[str, list[str]]:
    return {"problems": list(company.problems), "warnings": list(company.warnings)}
