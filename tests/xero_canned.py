"""Answers of Xero by hand, for what is read from rows: an organisation, and a courier that hands out lists as they are.

Lists are paged as Xero pages them; of filters nothing is understood, so a test names what each list shall answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from connector.ledgers.contract import Answer, Request, Steps, run_steps
from connector.ledgers.xero_directory import Directory, read_directory
from connector.ledgers.xero_memory import Lists
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping

T = TypeVar("T")
Json = dict[str, Any]
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CLEARING_ID, SALES_ID, DEBTORS_ID, FEES_ID, TAX_ID, OLD_ID, EURO_ID, OTHER_ID = (
    f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-0000000000a{n}" for n in range(1, 9)
)


def make_account(account_id: str, name: str, kind: str, group: str, **more: Any) -> Json:
    return {"AccountID": account_id, "Name": name, "Type": kind, "Class": group, **more}


def make_rate(tax_type: str, name: str, percent: float, revenue: bool = True, expenses: bool = True) -> Json:
    flags = {"CanApplyToRevenue": revenue, "CanApplyToExpenses": expenses}
    return {"Name": name, "TaxType": tax_type, "EffectiveRate": percent, "Status": "ACTIVE", **flags}


def make_item(item_id: str, code: str, name: str, stock: bool, **sales: Any) -> Json:
    return {
        "ItemID": item_id,
        "Code": code,
        "Name": name,
        "IsTrackedAsInventory": stock,
        "SalesDetails": sales,
    }


ORGANISATION: Json = {
    "OrganisationID": "B2C885A9-4BB9-4A00-9B6E-6C2BF60B1A2B",
    "Name": "Kiwi Crafts",
    "CountryCode": "NZ",
    "BaseCurrency": "NZD",
    "Timezone": "NEWZEALANDSTANDARDTIME",
    "PeriodLockDate": "/Date(1546214400000+0000)/",
    "EndOfYearLockDate": "/Date(1522454400000+0000)/",
}
ACCOUNTS: list[Json] = [
    make_account(CLEARING_ID, "Stripe Clearing", "BANK", "ASSET", CurrencyCode="NZD"),
    make_account(SALES_ID, "Sales", "REVENUE", "REVENUE", Code="200", TaxType="OUTPUT2"),
    make_account(DEBTORS_ID, "Accounts Receivable", "CURRENT", "ASSET", Code="610", SystemAccount="DEBTORS"),
    make_account(FEES_ID, "Bank Fees", "EXPENSE", "EXPENSE", Code="404", TaxType="NONE"),
    make_account(TAX_ID, "GST", "CURRLIAB", "LIABILITY", Code="820", SystemAccount="GST"),
    make_account(OLD_ID, "Old Sales", "REVENUE", "REVENUE", Code="201", Status="ARCHIVED"),
    make_account(EURO_ID, "Stripe Euro", "BANK", "ASSET", Code="091", CurrencyCode="EUR"),
    make_account(OTHER_ID, "Owner", "EQUITY", "EQUITY", Code="890", EnablePaymentsToAccount=True),
]
ITEMS: list[Json] = [
    make_item("i1", "SKU-1", "Mug", False, UnitPrice=5, AccountCode="200"),
    make_item("i2", "SKU-2", "Plate", True, AccountCode="201"),
    make_item("i3", "SKU-3", "Advice", False),
]
TAX_RATES: list[Json] = [
    make_rate("OUTPUT2", "15% GST on Income", 15.0, expenses=False),
    make_rate("ZERORATED", "Zero Rated", 0.0, expenses=False),
    make_rate("NONE", "No GST", 0.0),
    {**make_rate("TAX001", "Old GST", 12.5), "Status": "DELETED"},
]
TRACKING: list[Json] = [
    {
        "TrackingCategoryID": "C1",
        "Name": "Region",
        "Status": "ACTIVE",
        "Options": [
            {"TrackingOptionID": "O1", "Name": "North", "Status": "ACTIVE"},
            {"TrackingOptionID": "O2", "Name": "South", "Status": "ARCHIVED"},
        ],
    },
    {
        "TrackingCategoryID": "C2",
        "Name": "Old",
        "Status": "ARCHIVED",
        "Options": [{"TrackingOptionID": "O3", "Name": "x"}],
    },
]
CURRENCIES: list[Json] = [{"Code": "NZD"}, {"Code": "EUR"}]


def mapping(**changes: Any) -> LedgerMapping:
    fields: dict[str, Any] = {
        "kind": "xero",
        "clearing_accounts": AccountMap("Stripe Clearing"),
        "receivable_accounts": AccountMap("accounts receivable"),
        "fees": "404",
        "sales": "Sales",
        "tax": "GST",
    }
    return LedgerMapping(**{**fields, **changes})


# A filter that a test understands: the rows of a list that answer a query.
Choose = Callable[[str, dict[str, str], list[Json]], list[Json]]


class Canned:
    """A courier over lists; `asked` are the targets, without escapes, since it was made or cleared."""

    def __init__(self, lists: Mapping[str, list[Json]] | None = None, choose: Choose | None = None) -> None:
        self.now = NOON
        self.asked: list[str] = []
        self.choose = choose
        self.lists: dict[str, list[Json]] = {
            "Organisations": [dict(ORGANISATION)],
            "Accounts": [dict(row) for row in ACCOUNTS],
            "Items": [dict(row) for row in ITEMS],
            "TaxRates": [dict(row) for row in TAX_RATES],
            "TrackingCategories": [dict(row) for row in TRACKING],
            "Currencies": [dict(row) for row in CURRENCIES],
            **(lists or {}),
        }

    def wait(self, **time: int) -> None:
        self.now += timedelta(**time)

    def carry(self, request: Request) -> Answer:
        self.asked.append(unquote(request.target))
        parts = urlsplit(request.target)
        names = parts.path.strip("/").split("/")
        plural = "Organisations" if names[0] == "Organisation" else names[0]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        rows = self.lists.get(plural, [])
        if self.choose is not None and plural in self.lists:
            rows = self.choose(plural, query, rows)
        body: Json = {"DateTimeUTC": f"/Date({int(self.now.timestamp()) * 1000})/"}
        if "page" in query:
            size, page = int(query["pageSize"]), int(query["page"])
            body["pagination"] = {
                "page": page,
                "pageSize": size,
                "pageCount": -(-len(rows) // size),
                "itemCount": len(rows),
            }
            rows = rows[size * (page - 1) : size * page]
        return Answer(200, json.dumps({**body, plural: rows}).encode())

    def run(self, steps: Steps[T]) -> T:
        return run_steps(steps, self)

    def directory(self, lists: Lists | None = None, **changes: Any) -> Directory:
        """What is read with this mapping; `asked` is empty before."""
        self.asked.clear()
        return self.run(read_directory(mapping(**changes), lists))
