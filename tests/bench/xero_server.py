"""A stand-in for Xero in a process of its own, with sales in its books and Xero's limits.

    xero_server.py SALES FORM NUMBER START

SALES is how many there are in each part, as in 10,5000,10; FORM is Invoices, BankTransactions or none; NUMBER is how a
sale is numbered, with {}; START the second since 1970 at which its time begins, after which it goes by what requests
say. Prints how to get in. A line on standard input is the second at which the next command begins; an empty one asks
what came since.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from vendors.xero import FakeXero, Organisation, write
from vendors.xero.fake import Request
from vendors.xero.service import Answer, Asked
from vendors.xero.trouble import Fault
from vendors.xero.wire import Json
from virtual_time import STAMP, StampedClock
from xero_books import NAMELESS, custom_connection

FIRST = 100_001
CUSTOMERS = 500
# What Xero allows of one organisation.
PER_MINUTE, PER_DAY, AT_ONCE = 60, 5000, 5
# The first days of the parts: what was refunded before, the month that is measured, a day after it.
PART_DAYS = (date(2026, 2, 10), date(2026, 3, 1), date(2026, 4, 2))
PART_LENGTHS = (1, 28, 1)


class CountingFake(FakeXero):
    """Goes by the clock of who asks, and keeps when each call arrived."""

    def __init__(self, organisation: Organisation, clock: StampedClock) -> None:
        super().__init__(organisation)
        self.clock = clock
        self.times: list[float] = []

    def answer(self, asked: Asked, in_flight: int, trouble: Fault | None) -> Answer:
        if asked.header(STAMP):
            self.clock.stamped(asked.header(STAMP) or "")
            self.times.append(self.clock())
        return super().answer(asked, in_flight, trouble)

    def asked_since(self) -> Json:
        """The calls since this was asked last; `seconds` lie between the first and the last."""
        assert not self.broken, self.broken
        self.organisation.check()
        calls, times = self.calls(), list(self.times)
        self.requests.clear()
        self.times.clear()
        return {
            "calls": dict(Counter(words_for(one) for one in calls)),
            "writes": sum(one.is_write for one in calls),
            "written": sum(one.elements for one in calls),
            "throttled": sum(one.status == 429 for one in calls),
            "latest": self.clock(),
            "seconds": max(times) - min(times) if times else 0,
        }


def words_for(call: Request) -> str:
    """What was asked, without ids and amounts: the list, and by what it was searched."""
    words = f"{call.method} {call.path.split('/')[1]}"
    if call.method != "GET":
        return words
    by = sorted(set(call.parameters) & {"IDs", "InvoiceNumbers", "ContactIDs", "References", "searchTerm"})
    condition = call.parameters.get("where", "")
    by += [
        one for one in ("guid", "DateTime", "Number", "EmailAddress", "Reference", "Name") if one in condition
    ]
    return f"{words} by {', '.join(by)}" if by else words


def day_of(part: int, place: int, sales: int) -> str:
    """The sales of a part over its days, in order."""
    return (PART_DAYS[part] + timedelta(days=place * PART_LENGTHS[part] // sales)).isoformat()


def numbered(sizes: list[int]) -> list[tuple[int, str]]:
    """Number and day of each sale, part by part."""
    days = [day_of(part, place, size) for part, size in enumerate(sizes) for place in range(size)]
    return list(enumerate(days, FIRST))


def sell(organisation: Organisation, sizes: list[int], form: str, number: str) -> None:
    """As many sales as charges, paid into clearing."""
    customers = [
        write(organisation, "Contacts", {"Name": f"Customer {place}"})["ContactID"]
        for place in range(CUSTOMERS)
    ]
    line: Json = {
        "Description": "Things",
        "UnitAmount": Decimal(100),
        "AccountCode": "200",
        "TaxType": "OUTPUT",
    }
    for place, day in numbered(sizes):
        sold: Json = {
            "Contact": {"ContactID": customers[place % CUSTOMERS]},
            "Date": day,
            "Status": "AUTHORISED",
        }
        sold |= {"LineAmountTypes": "Exclusive", "LineItems": [line]}
        called = number.format(place)
        if form == "BankTransactions":
            bank = {"Type": "RECEIVE", "BankAccount": {"Code": "090"}, "Reference": called}
            write(organisation, form, {**sold, **bank})
            continue
        invoice = write(organisation, form, {**sold, "Type": "ACCREC", "InvoiceNumber": called})
        paid = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Date": day}
        write(organisation, "Payments", {**paid, "Amount": Decimal(110)})


def main() -> None:
    sizes, form, number = [int(one) for one in sys.argv[1].split(",")], sys.argv[2], sys.argv[3]
    clock = StampedClock(float(sys.argv[4]))
    organisation = Organisation(clock=clock)
    write(organisation, "Contacts", {"Name": NAMELESS})
    if form != "none":
        sell(organisation, sizes, form, number)
    fake = CountingFake(organisation, clock)
    fake.keep_limits(PER_MINUTE, PER_DAY, AT_ONCE)
    with fake:
        print(json.dumps(custom_connection(fake)), flush=True)
        for line in sys.stdin:
            if line.strip():
                clock.stamped(line)
            else:
                print(json.dumps(fake.asked_since()), flush=True)


if __name__ == "__main__":
    main()
