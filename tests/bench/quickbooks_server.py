"""A stand-in for QuickBooks Online in a process of its own, with sales in its books and Intuit's limits.

    quickbooks_server.py SALES FORM DUPLICATES START

FORM is SalesReceipt or Invoice, DUPLICATES one of the moods, START the second since 1970 at which its time begins; then
it goes by what requests say. Prints how to get in, then for each line on standard input what it was asked since.
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
from vendors.quickbooks.service import Answer, Asked
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write
from virtual_time import STAMP, StampedClock

FIRST = 100_001
CUSTOMERS = 500


class CountingFake(FakeQuickBooks):
    """Keeps when each write arrived, on the clock of who asks."""

    def __init__(self, company: Company, clock: StampedClock) -> None:
        super().__init__(company)
        self.clock = clock
        self.written: list[float] = []

    def answer(self, asked: Asked) -> Answer:
        self.clock.stamped(asked.header(STAMP))
        if asked.method == "POST" and asked.path.startswith("/v3/") and not asked.path.endswith("/query"):
            self.written.append(self.clock())
        return super().answer(asked)

    def asked_since(self) -> Json:
        """The requests since this was asked last; `seconds` lie between the first write and the last."""
        requests, times = list(self.requests), list(self.written)
        self.requests.clear()
        self.written.clear()
        return {
            "writes": sum(one.is_write for one in requests),
            "refused": sum(one.is_write and one.status == 400 for one in requests),
            "reads": sum(one.asked.path.startswith("/v3/") and not one.is_write for one in requests),
            "throttled": sum(one.status == 429 for one in requests),
            "latest": self.clock(),
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
    clock = StampedClock(float(sys.argv[4]))
    company = Company(moods=Moods(duplicates=duplicates), clock=clock)  # type: ignore[arg-type]
    stock_company(company)
    sell(company, sales, form)
    fake = CountingFake(company, clock)
    fake.keep_limits()
    with fake:
        told = {"base_url": fake.base_url, "realm": company.realm, "refresh": fake.oauth.grant().refresh}
        print(json.dumps(told), flush=True)
        for _ in sys.stdin:
            print(json.dumps(fake.asked_since()), flush=True)


if __name__ == "__main__":
    main()
