"""A stand-in for QuickBooks Online in a process of its own, with sales in its books and Intuit's limits.

    quickbooks_server.py SALES FORM DUPLICATES VIRTUAL_TIME

FORM is SalesReceipt or Invoice, DUPLICATES one of the moods, VIRTUAL_TIME the three figures as a JSON list. Prints how
to get in, then for each line on standard input what it was asked since.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from quickbooks_books import stock_company
from quickbooks_hands import CLEARING
from vendors.quickbooks import Company, FakeQuickBooks
from vendors.quickbooks.moods import Moods
from vendors.quickbooks.service import Asked
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write
from virtual_time import VirtualClock, VirtualTime

FIRST = 100_001
CUSTOMERS = 500
# How long Intuit takes for an answer, in virtual seconds.
LATENCY_S = 0.3


class CountingFake(FakeQuickBooks):
    """Each request takes its time; when writes arrived is kept."""

    def __init__(self, company: Company, virtual: VirtualTime) -> None:
        super().__init__(company)
        self.virtual = virtual
        self.written: list[float] = []
        self.before_request = self.delay

    def delay(self, number: int, asked: Asked) -> None:
        if not asked.path.startswith("/v3/"):
            return
        if asked.method == "POST" and not asked.path.endswith("/query"):
            self.written.append(self.virtual.now())
        self.virtual.sleep(LATENCY_S)

    def asked_since(self) -> Json:
        """The requests since this was asked last; `seconds` are virtual, from the first write to the last."""
        requests, times = list(self.requests), list(self.written)
        self.requests.clear()
        self.written.clear()
        return {
            "writes": sum(one.is_write for one in requests),
            "refused": sum(one.is_write and one.status == 400 for one in requests),
            "reads": sum(one.asked.path.startswith("/v3/") and not one.is_write for one in requests),
            "throttled": sum(one.status == 429 for one in requests),
            "seconds": max(times) - min(times) if times else 0,
        }


def sell(company: Company, sales: int, form: str) -> None:
    """As many sales as charges, a day of March for each thousandth part, paid into clearing."""
    customers = [
        write(company, "Customer", {"DisplayName": f"Customer {number}"})["Id"] for number in range(CUSTOMERS)
    ]
    item = next(one["Id"] for one in company.documents("Item") if one["Name"] == "Widget")
    clearing = {"value": company.account(CLEARING)["Id"]}
    for place in range(sales):
        detail: Json = {"ItemRef": {"value": item}}
        line = {
            "Amount": Decimal("110.00"),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
        }
        who = {"CustomerRef": {"value": customers[place % CUSTOMERS]}, "TxnDate": day_of(place, sales)}
        body: dict[str, Any] = {**who, "DocNumber": str(FIRST + place), "Line": [line]}
        if form == "SalesReceipt":
            write(company, form, {**body, "DepositToAccountRef": clearing})
            continue
        invoice = write(company, form, body)
        link = {"Amount": Decimal("110.00"), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": form}]}
        paid = {**who, "TotalAmt": Decimal("110.00"), "DepositToAccountRef": clearing, "Line": [link]}
        write(company, "Payment", paid)


def day_of(place: int, sales: int) -> str:
    """The sales of a month, in order."""
    return f"2026-03-{1 + place * 28 // sales:02d}"


def main() -> None:
    sales, form, duplicates = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    virtual = VirtualTime(*json.loads(sys.argv[4]))
    company = Company(moods=Moods(duplicates=duplicates), clock=VirtualClock(virtual))  # type: ignore[arg-type]
    stock_company(company)
    sell(company, sales, form)
    fake = CountingFake(company, virtual)
    fake.keep_limits()
    with fake:
        told = {"base_url": fake.base_url, "realm": company.realm, "refresh": fake.oauth.grant().refresh}
        print(json.dumps(told), flush=True)
        for _ in sys.stdin:
            print(json.dumps(fake.asked_since()), flush=True)


if __name__ == "__main__":
    main()
