"""A stand-in for NetSuite in a process of its own, with sales in its books.

    netsuite_server.py TERMS

TERMS is JSON: `refunds`, how many sales of each part will be refunded, as [10, 2000, 10]; `every`, one of how many sales
that is; `form`, invoice or cashSale; `marked`, whether payments bear the id of their charge; `suiteql`, whether the role
may use it; `start`, the second since 1970 at which its time begins, after which it goes by what requests say; null: its
time is the real one, and an answer takes `latency_s`.

Prints how to get in. A line on standard input is the second at which the next command begins; "until N" is answered as
soon as N writes came since it was asked last; an empty one asks what came since.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from netsuite_books import NAMELESS, connection_of
from netsuite_sold import cash_sale, invoice, pay
from vendors.netsuite import Account, FakeNetsuite, Request
from vendors.netsuite import seeding as seed
from vendors.netsuite.answers import Answer, Asked
from vendors.netsuite.oauth import TOKEN_PATH, Gate
from vendors.netsuite.service import QUERY_PATH
from vendors.netsuite.wire import Json
from vendors.quickbooks.clock import Clock
from virtual_time import STAMP, StampedClock

FIRST = 100_001
CUSTOMERS = 500
# The first days of the parts: what was refunded before, the month that is measured, a day after it.
PART_DAYS = (date(2026, 2, 10), date(2026, 3, 1), date(2026, 4, 2))
PART_LENGTHS = (1, 28, 1)
# What the address of a record names; and by what a query of transactions looks for them.
ID = re.compile(r"(?<=/)(?:[0-9]+|eid:\w+)\b|(?<=metadata-catalog/)\w+")
SEARCHED = re.compile(r"\b(t\.\w+|\w+\.(?:transaction|nextdoc)) (IN|LIKE)\b")


class CountingFake(FakeNetsuite):
    """Goes by the clock of who asks, where that says when; keeps when each request left, and takes its time with the
    answer: so long in all, its own work included."""

    def __init__(self, account: Account, gate: Gate, latency_s: float) -> None:
        super().__init__(account, gate)
        self.answers_in_s = latency_s
        self.times: list[tuple[bool, float]] = []

    @contextmanager
    def in_flight(self, asked: Asked) -> Iterator[int]:
        answered = time.monotonic() + self.answers_in_s
        with super().in_flight(asked) as beside:
            yield beside
            self.stopping.wait(max(0.0, answered - time.monotonic()))

    def answer(self, asked: Asked, in_flight: int) -> Answer:
        stamp = asked.header(STAMP)
        if stamp and isinstance(self.account.clock, StampedClock):
            self.account.clock.stamped(stamp)
        if asked.path != TOKEN_PATH:
            is_write = asked.method != "GET" and asked.path != QUERY_PATH
            self.times.append((is_write, float(stamp or time.monotonic())))
        return super().answer(asked, in_flight)

    def writes_begun(self) -> int:
        return sum(is_write for is_write, _ in self.times)

    def asked_since(self) -> Json:
        """The requests since this was asked last; seconds lie between the first that left and the last."""
        assert not self.broken, self.broken
        self.account.check()
        calls, times = self.calls(), list(self.times)
        most, self.most_at_once = self.most_at_once, 0
        self.requests.clear()
        self.times.clear()
        return {
            "calls": dict(Counter(words_for(one) for one in calls)),
            "reads": sum(not one.is_write for one in calls),
            "writes": sum(one.is_write for one in calls),
            "refused": sum(one.is_write and (one.done or 0) >= 400 for one in calls),
            "throttled": sum(one.status == 429 for one in calls),
            "most_at_once": most,
            "twice": len(self.account.twice()),
            "latest": self.account.clock(),
            "run_s": span([at for _, at in times]),
            "posting_s": span([at for is_write, at in times if is_write]),
        }


def span(times: list[float]) -> float:
    return max(times) - min(times) if times else 0.0


def words_for(call: Request) -> str:
    """What was asked, without ids and amounts: the record, or the table and by what it was searched."""
    if call.path != "suiteql":
        if "q" in call.parameters:
            return f"{call.method} {call.path} by q"
        is_probe = call.method == "GET" and "/" not in call.path
        return f"{call.method} {'a record type' if is_probe else ID.sub('id', call.path)}"
    text = str(call.body["q"])
    table = text.partition(" FROM ")[2].partition(" ")[0].lower()
    by = sorted({found.partition(".")[2].lower() for found, _ in SEARCHED.findall(text)} - {"type"})
    return f"SuiteQL of {table}" + (f" by {', '.join(by)}" if by else "")


def numbered(refunds: list[int], every: int = 1) -> list[tuple[int, str, bool]]:
    """Number and day of each sale, part by part, in order over the days of a part; and whether it is refunded."""
    found = []
    for part, size in enumerate(refunds):
        sales = size * every
        days = [
            PART_DAYS[part] + timedelta(days=place * PART_LENGTHS[part] // sales) for place in range(sales)
        ]
        found += [(day.isoformat(), place % every == 0) for place, day in enumerate(days)]
    return [(FIRST + place, day, refunded) for place, (day, refunded) in enumerate(found)]


def sell(account: Account, terms: Json) -> None:
    """As many sales as charges, of 100.00 and 10.00 of tax, paid into clearing."""
    customers = [seed.customer(account, f"Customer {place}")["id"] for place in range(CUSTOMERS)]
    for place, day, _ in numbered(terms["refunds"], terms["every"]):
        who = customers[place % CUSTOMERS]
        charge = f"ch_{place}" if terms["marked"] else ""
        if terms["form"] == "cashSale":
            cash_sale(account, str(place), day, charge=charge, who=who)
        else:
            pay(account, invoice(account, str(place), day, who), day=day, charge=charge, who=who)


def serve(fake: CountingFake) -> None:
    for line in sys.stdin:
        asked = line.strip()
        if asked.startswith("until "):
            while fake.writes_begun() < int(asked.removeprefix("until ")):
                time.sleep(0.01)
            print(json.dumps({}), flush=True)
        elif not asked:
            print(json.dumps(fake.asked_since()), flush=True)
        elif isinstance(fake.account.clock, StampedClock):
            fake.account.clock.stamped(asked)


def main() -> None:
    terms: dict[str, Any] = json.loads(sys.argv[1])
    clock = Clock() if terms["start"] is None else StampedClock(float(terms["start"]))
    account = Account(clock=clock)
    if not terms["suiteql"]:
        account.role_lacks.add("suiteql")
    seed.customer(account, NAMELESS)
    sell(account, terms)
    # What searches go by is built now, and not while the first of them waits.
    account.mirror.ready()
    fake = CountingFake(account, Gate(account.account_id, clock), terms["latency_s"])
    with fake:
        print(json.dumps(connection_of(fake)), flush=True)
        serve(fake)


if __name__ == "__main__":
    main()
