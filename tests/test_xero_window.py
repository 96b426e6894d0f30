"""How often Xero is read: each call counts against a limit by the day, which may be a thousand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from vendors.xero.wire import Json
from xero_canned import Canned
from xero_hands import credit, form
from xero_reading import DAY, Reading, reading

from connector.ledgers.contract import Reference
from connector.ledgers.xero_window import Window, find_days


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def id_at(place: int) -> str:
    return f"{place:08x}-0000-4000-8000-000000000000"


# ---------------------------------------------------------------------------------------------- days


def days_of(*numbers: int) -> list[date]:
    return [DAY + timedelta(days=n) for n in numbers]


def payments(each_day: dict[int, int]) -> list[Json]:
    """So many payments on each day."""
    places = [day for day, count in each_day.items() for _ in range(count)]
    return [{"PaymentID": id_at(n), "Date": str(DAY + timedelta(days=day))} for n, day in enumerate(places)]


def choose(plural: str, query: dict[str, str], rows: list[Json]) -> list[Json]:
    """Understands spans of days, and ids."""
    where = query.get("where", "")
    if "ID==" in where:
        return [row for row in rows if row["PaymentID"] in where]
    first, last = (part.split("DateTime(")[1].split(")")[0].split(",") for part in where.split(" AND ")[-2:])
    span = [date(*map(int, numbers)).isoformat() for numbers in (first, last)]
    return [row for row in rows if span[0] <= row["Date"] <= span[1]]


def asked(each_day: dict[int, int], *days: int, ids: int = 0, extra: str = "") -> tuple[int, list[str]]:
    """How many rows were read of these days, and what was asked for it."""
    courier = Canned({"Payments": payments(each_day)}, choose)
    wanted = [id_at(n) for n in range(ids)]
    rows = courier.run(find_days("Payments", days_of(*days), extra, wanted))
    assert len({row["PaymentID"] for row in rows}) == len(rows)
    return len(rows), [target.partition("&")[0].partition("=")[2] for target in courier.asked]


def span(first: int, last: int) -> str:
    start, end = (f"DateTime({day.year},{day.month:02},{day.day:02})" for day in days_of(first, last))
    return f"Date>={start} AND Date<={end}"


def test_no_days_ask_nothing() -> None:
    assert asked({0: 5}) == (0, [])


def test_days_far_apart_are_one_span_where_there_is_little_between_them() -> None:
    assert asked({0: 5, 3: 5, 9: 5}, 0, 9, 9) == (15, [span(0, 9)])
    assert asked({0: 5}, 0, extra='Type=="X"') == (5, [f'Type=="X" AND {span(0, 0)}'])


def test_single_days_where_the_span_between_is_long() -> None:
    # Five pages of the span, or three of its days.
    read, targets = asked({0: 10, 1: 10, 4: 4900, 9: 10}, 0, 1, 9)
    assert (read, targets) == (30, [span(0, 9), span(0, 1), span(9, 9)])


def test_the_pages_of_the_span_where_they_are_fewer_than_the_days() -> None:
    read, targets = asked({0: 10, 2: 2500, 4: 10, 6: 10, 8: 10}, 0, 4, 6, 8)
    assert (read, targets) == (2540, [span(0, 8)] * 3)


def test_a_day_of_many_pages_is_read_whole() -> None:
    read, targets = asked({0: 3500}, 0)
    assert (read, targets) == (3500, [span(0, 0)] * 4)


def test_few_ids_are_asked_for_by_themselves() -> None:
    read, targets = asked({0: 3500}, 0, ids=2)
    assert (read, targets) == (2, [" OR ".join(f'PaymentID==guid("{id_at(n)}")' for n in range(2))])


def test_ids_where_the_days_hold_more_pages() -> None:
    read, targets = asked({0: 9500}, 0, ids=60)
    assert (read, len(targets)) == (60, 1 + 3)
    assert targets[0] == span(0, 0)
    read, targets = asked({0: 2500}, 0, ids=60)
    assert (read, len(targets)) == (2500, 3)


# ---------------------------------------------------------------------------------------------- a window


def test_each_day_once_and_what_is_named_by_id_of_what_was_read(books: Reading) -> None:
    invoice = books.invoice()
    ids = {
        books.paid(invoice, "1", Date=f"2026-03-0{day}")["PaymentID"]: date(2026, 3, day) for day in (5, 6, 8)
    }
    window = Window()
    books.run(window.cover("Payments", [(date(2026, 3, 4), date(2026, 3, 6))], "usd"))
    books.run(window.cover("Payments", [(date(2026, 3, 5), date(2026, 3, 5))], "usd"))
    assert len(books.carried) == 1
    assert books.run(window.find_named("Payments", ids, "usd")).keys() == ids.keys()
    assert len(books.carried) == 2
    assert books.run(window.find_named("Payments", ids, "usd")).keys() == ids.keys()
    assert len(books.carried) == 2


def test_what_stands_on_another_day_than_was_said_is_found_all_the_same(books: Reading) -> None:
    """An invoice shows a credit with the day on which it was allocated."""
    credits = [books.write("CreditNotes", credit("1", Date="2026-02-01")) for _ in range(30)]
    ids = {one["CreditNoteID"]: date(2026, 3, 5) for one in credits}
    found = books.run(Window().find_named("CreditNotes", ids, "usd"))
    assert found.keys() == ids.keys()
    # The day, and thirty ids in two filters.
    assert len(books.carried) == 1 + 2


def test_what_the_days_that_were_read_do_not_hold_is_asked_for_once(books: Reading) -> None:
    window = Window()
    books.run(window.cover("Payments", [(DAY, DAY)], "usd"))
    assert books.run(window.find_named("Payments", {id_at(7): DAY}, "usd")) == {}
    assert len(books.carried) == 2
    assert books.run(window.find_named("Payments", {}, "usd")) == {}
    assert len(books.carried) == 2


def test_days_that_are_near_are_read_at_once(books: Reading) -> None:
    days = [DAY, DAY.replace(day=26), DAY.replace(month=5)]
    books.sales([Reference(f"ch_{n}", "usd", None, (), day=day) for n, day in enumerate(days)])
    asked = {
        plural: [
            target.partition("where=")[2].partition("&")[0]
            for target in books.carried
            if target.startswith(f"/{plural}?")
        ]
        for plural in ("Payments", "BankTransactions")
    }
    assert asked == {
        "Payments": [
            "Date>=DateTime(2026,03,03) AND Date<=DateTime(2026,04,05)",
            "Date>=DateTime(2026,05,03) AND Date<=DateTime(2026,05,16)",
        ],
        # Others may have taken back of these sales on any day since.
        "BankTransactions": ["Date>=DateTime(2026,03,03)"],
    }


# ---------------------------------------------------------------------------------------------- many sales


def references(count: int, **more: Any) -> list[Reference]:
    return [Reference(f"ch_{n}", "usd", f"A-{n}", (f"ch_{n}",), day=DAY, **more) for n in range(count)]


def many_invoices(books: Reading, count: int, days: int = 1, **more: Any) -> None:
    for n in range(count):
        made = books.invoice("5", number=f"A-{n}", **more)
        books.paid(made, "5", Reference=f"ch_{n}", Date=str(DAY + timedelta(days=n % days)))


def test_a_thousand_sales_by_number_take_few_calls(books: Reading) -> None:
    many_invoices(books, 1000, days=20)
    sales = books.sales(references(1000))
    # With what others may have taken back of them.
    assert len(books.carried) == 1 + 1 + 2, books.carried
    assert all(sale is not None and sale.payments[0].account == "Stripe Clearing" for sale in sales.values())
    assert {charge_id: sale.number for charge_id, sale in sales.items() if sale} == {
        f"ch_{n}": f"A-{n}" for n in range(1000)
    }
    # Those of the next page are on days that were read.
    books.carried.clear()
    again = [Reference(f"ch_{n}", "usd", f"A-{n}", (), day=DAY) for n in range(100)]
    assert None not in books.sales(again).values()
    assert books.carried == []


def test_a_thousand_sales_by_stripe_id_take_few_calls(books: Reading) -> None:
    many_invoices(books, 1000, Reference="order")
    asked = [Reference(f"ch_{n}", "usd", None, (), day=DAY) for n in range(1000)]
    sales = books.sales(asked[:500])
    assert None not in sales.values()
    # Each list once: the invoices that the payments pay are among those that were read. Bank transactions once more: the
    # invoices are a day older than the charges.
    assert len(books.carried) == 6 + 1, books.carried
    books.carried.clear()
    assert None not in books.sales(asked[500:]).values()
    assert books.carried == []


def test_invoices_that_were_read_by_day_are_not_asked_for_by_number(books: Reading) -> None:
    for n in range(3):
        books.paid(books.invoice("5", number=f"A-{n}"), "5")
    books.take_out("Payments", books.paid(books.invoice("5", number="A-3"), "5"))
    books.organisation.set(
        "Invoices", books.organisation.documents("Invoices")[3]["InvoiceID"], Status="VOIDED"
    )
    books.refunds("re_none")
    books.carried.clear()
    sales = books.sales(references(5))
    assert {charge_id: sale.number for charge_id, sale in sales.items() if sale} == {
        f"ch_{n}": f"A-{n}" for n in range(4)
    }
    # But for one that may stand elsewhere, and one that is not known.
    assert [
        target.partition("Numbers=")[2].partition("&")[0] for target in books.carried if "Numbers" in target
    ] == ["A-3,A-4"]
    books.organisation.set(
        "Invoices", books.organisation.documents("Invoices")[3]["InvoiceID"], Status="AUTHORISED"
    )


def test_many_overpayments_and_unpaid_invoices_take_few_calls(books: Reading) -> None:
    for n in range(200):
        books.write("Invoices", form("5", InvoiceNumber=f"A-{n}"))
        books.overpaid("5", f"ch_{n}")
    sales = books.sales(references(200))
    assert all(
        sale is not None and [p.charge_ids for p in sale.payments] == [(charge_id,)]
        for charge_id, sale in sales.items()
    )
    # A list of numbers, overpayments, prepayments, credit notes, and the bank transactions that tell the account too.
    assert len(books.carried) == 5, books.carried
