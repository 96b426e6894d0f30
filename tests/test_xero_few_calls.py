"""How many calls many refunds and many sales cost in Xero, from the first of a run to its last: a tenant may have a thousand
a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_desk import rule
from small_shop import Shop
from vendors.xero import write
from vendors.xero.wire import Json
from xero_desk import Desk, desk
from xero_hands import form
from xero_hands import pay as payment
from xero_reading import DAY, Reading, reading
from xero_sold import invoice, pay

from connector.ledgers import xero_wire
from connector.ledgers.contract import Person, Reference
from connector.ledgers.xero_alike import Alike
from connector.ledgers.xero_contacts import ContactList, find_contacts

MATCH = ("stripe_id", "email", "name")
PAID_OUT = rule(["credit_memo", "credit_card_refund"])
REFUNDS = 120


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


# ---------------------------------------------------------------------------------------------- runs


def asked(desk: Desk) -> Counter[str]:
    """Each call of a run, by method and list; a read of one object by its id is told apart."""
    desk.fake.requests.clear()
    desk.sync(plan=False)
    parts = ((call.method, call.path.strip("/").split("/")) for call in desk.fake.calls())
    return Counter(" ".join([method, path[0], *("ID" for _ in path[1:])]) for method, path in parts)


def sold_and_refunded(desk: Desk, first: int, count: int) -> None:
    """Paid invoices, each with a refund of half of it."""
    for number in map(str, range(first, first + count)):
        pay(desk.hands, invoice(desk.hands, number), charge="")
        desk.shop.refund(number, desk.shop.charge(number, 11000, 1000, "2026-03-02", 0), 5500, "2026-03-05")


def test_a_run_of_many_refunds_after_others(tmp_path: Path) -> None:
    with desk(tmp_path, PAID_OUT, {"adopt": "never"}) as one:
        sold_and_refunded(one, 1000, 1)
        asked(one)
        sold_and_refunded(one, 2000, REFUNDS)
        assert asked(one) == {
            "GET Organisation": 1,
            "GET Accounts": 1,
            # 120 numbers of four digits fit in one query; their payments are on one day.
            "GET Invoices": 1,
            "GET Payments": 1,
            # What others may have taken back of these sales.
            "GET CreditNotes": 1,
            "GET BankTransactions": 1,
            "PUT CreditNotes": 3,
            "PUT Payments": 3,
        }
        assert set(one.outcomes().values()) == {f"posted {n}" for n in (1000, *range(2000, 2000 + REFUNDS))}
        assert asked(one) == {"GET Organisation": 1, "GET Accounts": 1}


def test_the_first_run_reads_each_list_once(tmp_path: Path) -> None:
    """It fills the state, looks for refunds that others booked, and finds the sales, all in what it has read."""
    with desk(tmp_path, PAID_OUT) as one:
        sold_and_refunded(one, 2000, REFUNDS)
        lists = ("Invoices", "CreditNotes", "Payments", "BankTransactions", "Overpayments", "Prepayments")
        once = ("Organisation", "Accounts", "Items", "TaxRates", "TrackingCategories", "Currencies", *lists)
        wanted = {**{f"GET {name}": 1 for name in once}, "PUT CreditNotes": 3, "PUT Payments": 3}
        assert asked(one) == wanted
        assert len(set(one.outcomes().values())) == REFUNDS
        one.settle_down()


def test_credit_notes_are_not_read_again_where_xero_asks_to_slow_down(tmp_path: Path) -> None:
    with desk(tmp_path, PAID_OUT, {"adopt": "never"}) as one:
        sold_and_refunded(one, 2000, 60)
        fault = one.fake.inject("throttled_minute", "/Payments", method="PUT", times=2)
        calls = asked(one)
        assert fault.times == 0
        assert (calls["PUT Payments"], calls["PUT CreditNotes"], calls["GET CreditNotes ID"]) == (2 + 2, 2, 0)
        assert len(set(one.outcomes().values())) == 60
        one.settle_down()


def test_many_sales_of_many_customers(tmp_path: Path) -> None:
    """Three things to know each of two hundred customers by would be some twenty queries."""
    with desk(tmp_path, sales="invoice_and_payment") as one:
        for place in range(200):
            known = {"Name": f"Customer {place}", "EmailAddress": f"customer.{place}@example.com"}
            if place % 2:
                write(one.organisation, "Contacts", known)
            sell(one.shop, place, known["Name"], known["EmailAddress"])
        calls = asked(one)
        # One for the default contact, one for all that there are.
        assert calls["GET Contacts"] == 1 + 1
        assert (calls["PUT Contacts"], calls["PUT Invoices"], calls["PUT Payments"]) == (2, 4, 4)
        assert len(one.organisation.documents("Contacts")) == 200 + 2


def sell(shop: Shop, place: int, name: str, email: str) -> None:
    charge_id = shop.charge(str(place), 11000, 1000, "2026-03-02", 0)
    told = {"customer": f"cus_{place:014}", "billing_details": {"name": name, "email": email}}
    shop.objects[charge_id].update(told)


# ---------------------------------------------------------------------------------------------- changes


def unpaid_and_refunded(desk: Desk, count: int, contact: str = "Ada") -> list[Json]:
    """Open invoices, each of a charge that is wholly refunded; `contact` may hold the number."""
    made = []
    for number in map(str, range(1000, 1000 + count)):
        made.append(invoice(desk.hands, number, Contact={"Name": contact.format(number)}))
        desk.shop.refund(number, desk.shop.charge(number, 11000, 1000, "2026-03-02", 0), 11000, "2026-03-05")
    return made


def test_many_credit_notes_that_are_allocated(tmp_path: Path) -> None:
    """An allocation cannot share a request; what was read for it can."""
    with desk(tmp_path, rule("credit_memo"), {"adopt": "never"}) as one:
        asked(one)
        unpaid_and_refunded(one, 60)
        calls = asked(one)
        assert calls["PUT CreditNotes ID ID"] == 60
        assert calls - Counter({"PUT CreditNotes ID ID": 60}) == {
            "GET Organisation": 1,
            "GET Accounts": 1,
            "PUT CreditNotes": 2,
            "GET Overpayments": 1,
            "GET Prepayments": 1,
            # By their numbers, and by their ids before they are changed: 48 at once.
            "GET Invoices": 1 + 2,
            # What others may have booked against the sales.
            "GET CreditNotes": 1,
            "GET BankTransactions": 1,
        }
        assert {row.get("AmountDue") for row in one.organisation.documents("Invoices")} == {0}
        one.settle_down()


@pytest.mark.parametrize("contact", ["Ada", "Customer {}"])
def test_many_voids(tmp_path: Path, contact: str) -> None:
    with desk(tmp_path, refunds={"adopt": "never"}) as one:
        asked(one)
        unpaid_and_refunded(one, 60, contact)
        calls = asked(one)
        assert calls["POST Invoices ID"] == 60
        told = calls - Counter({"POST Invoices ID": 60})
        # Twice 48 at once: the invoices, and what their contact has brought.
        assert [told.pop(f"GET {name}") for name in ("Overpayments", "Prepayments")] == [2 + 1, 2 + 1]
        assert told.pop("GET Invoices") == 1 + 2 + 2
        assert told.total() <= 6, told
        assert {row["Status"] for row in one.organisation.documents("Invoices")} == {"VOIDED"}


def test_many_voids_in_place(tmp_path: Path) -> None:
    with desk(tmp_path, rule("refund_receipt"), {"adopt": "never"}) as one:
        sold_and_refunded(one, 1000, 30)
        asked(one)
        for number in range(1000, 1030):
            one.shop.fail(f"re_{number}", "2026-03-20")
        one.wait(24)
        calls = asked(one)
        assert calls["POST BankTransactions ID"] == 30
        # Some twenty ids at once, and once what others may have booked against the sales.
        assert calls["GET BankTransactions"] == 2 + 1 and calls["GET BankTransactions ID"] == 0
        one.settle_down()


def test_two_credit_notes_on_one_invoice(tmp_path: Path) -> None:
    """What was read of it serves the first alone."""
    with desk(tmp_path, rule("credit_memo"), {"adopt": "never"}) as one:
        made = invoice(one.hands, "1000")
        charge = one.shop.charge("1000", 11000, 1000, "2026-03-02", 0)
        for refund_id, amount in (("a", 6000), ("b", 5000)):
            one.shop.refund(refund_id, charge, amount, "2026-03-05")
        calls = asked(one)
        assert (calls["PUT CreditNotes ID ID"], calls["GET Invoices ID"]) == (2, 1)
        assert one.organisation.shelf.kinds["Invoices"][made["InvoiceID"]]["AmountDue"] == 0


def test_an_invoice_that_is_paid_in_part_after_it_was_read(tmp_path: Path) -> None:
    """Xero refuses to allocate more than is open; then it is read again."""
    with desk(tmp_path, rule("credit_memo"), {"adopt": "never"}) as one:
        made = unpaid_and_refunded(one, 3)
        booked: list[Json] = []

        def book(_: int, call: Any) -> None:
            if call.path.endswith("/Allocations") and not booked:
                booked.append({})
                booked.append(pay(one.hands, made[2], amount="40.00", charge=""))

        one.fake.before_request = book
        asked(one)
        one.fake.before_request = None
        assert len(booked) == 2
        assert set(one.outcomes().values()) == {f"posted {n}" for n in (1000, 1001, 1002)}
        left = [row["RemainingCredit"] for row in one.organisation.documents("CreditNotes")]
        assert sorted(left) == [0, 0, 40]


# ---------------------------------------------------------------------------------------------- what contacts brought


def brought(books: Reading, count: int, paid: int) -> list[str]:
    """How invoices and payments are asked for, where Ada has so many of the one and of the other since a day; all that she
    paid counts, on older invoices too."""
    for place in range(count):
        made = write(books.organisation, "Invoices", form("5", Date="2026-02-01"))
        if place < paid:
            write(books.organisation, "Payments", payment("5", Invoice=made))
    (ada,) = [row for row in books.organisation.documents("Contacts") if row["Name"] == "Ada"]
    books.carried.clear()
    alike = Alike()
    found = books.run(alike.find(ada["ContactID"], DAY, 500, "usd", "ch_1"))
    assert (found is not None) == (paid > 0)
    assert books.run(alike.find(ada["ContactID"], DAY, 501, "usd", "ch_1")) is None
    asked = [target[1:].partition("?")[0] for target in books.carried]
    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]
    return asked[2 : len(asked) // 2]


@pytest.mark.parametrize(
    ("count", "paid", "wanted"),
    [
        (4, 4, ["Invoices"]),
        (12, 4, ["Invoices", "Payments"]),
        (12, 8, ["Invoices", "Payments", "Payments"]),
        (12, 12, ["Invoices", "Payments", "Invoices", "Invoices"]),
    ],
)
def test_the_payments_of_many_invoices_are_read_the_shorter_way(
    books: Reading, monkeypatch: pytest.MonkeyPatch, count: int, paid: int, wanted: list[str]
) -> None:
    monkeypatch.setattr(xero_wire, "PAGE", 5)
    assert brought(books, count, paid) == wanted


# ---------------------------------------------------------------------------------------------- invoices by number


def numbered(first: int, count: int) -> list[Reference]:
    """With numbers of which some eighty fit in a query."""
    return [
        Reference(f"ch_{n}", "usd", f"WEB-SHOP-2026-{n:06}", (), day=DAY) for n in range(first, first + count)
    ]


def sold(books: Reading, references: list[Reference], days_before: int = 0) -> None:
    for one in references:
        day = str(DAY - timedelta(days=days_before))
        made = write(books.organisation, "Invoices", form("5", InvoiceNumber=one.number, Date=day))
        write(books.organisation, "Payments", {**payment("5", Invoice=made), "Date": day})


def reads(books: Reading, references: list[Reference]) -> list[str]:
    """By what invoices were asked for; every sale is found."""
    books.carried.clear()
    found = books.sales(references)
    assert {c: sale and sale.number for c, sale in found.items()} == {
        r.charge_id: r.number for r in references
    }
    asked = [target for target in books.carried if target.startswith("/Invoices")]
    return ["number" if "InvoiceNumbers" in one else "day" for one in asked]


def test_invoices_of_the_charges_own_days_are_read_by_day(books: Reading) -> None:
    many = numbered(0, 300)
    sold(books, many)
    assert reads(books, many[:250]) == ["day"]
    assert reads(books, many[250:]) == []


def test_invoices_of_other_days_are_asked_for_by_number_all_the_same(books: Reading) -> None:
    early, same = numbered(0, 100), numbered(100, 100)
    sold(books, early, days_before=30)
    sold(books, same)
    assert reads(books, early + same) == ["day", "number", "number"]


def test_few_invoices_are_asked_for_by_number(books: Reading) -> None:
    few = numbered(0, 50)
    sold(books, few)
    assert reads(books, few) == ["number"]


def test_where_a_day_has_many_invoices_it_is_read_once_in_vain(books: Reading) -> None:
    many = numbered(0, 1200)
    sold(books, many)
    assert reads(books, many[:90]) == ["day", "number", "number"]
    assert reads(books, many[100:190]) == ["number", "number"]


# ---------------------------------------------------------------------------------------------- contacts


def persons(first: int, count: int) -> list[Person]:
    return [
        Person(f"cus_{n:014}", f"Customer {n}", f"c.{n}@example.com", "usd")
        for n in range(first, first + count)
    ]


def look(books: Reading, contacts: ContactList, wanted: list[Person]) -> tuple[int, int]:
    """How many were found, and in how many calls."""
    books.carried.clear()
    found = books.run(find_contacts(wanted, MATCH, books.directory, contacts))
    assert all(name == f"Customer {int(subject[4:])}" for subject, (_, name) in found.items())
    return len(found), len(books.carried)


def test_all_contacts_are_read_once_and_again_after_one_was_written(books: Reading) -> None:
    contacts = ContactList()
    for n in range(0, 300, 2):
        books.write("Contacts", {"Name": f"Customer {n}", "ContactNumber": f"cus_{n:014}"})
    assert look(books, contacts, persons(0, 200)) == (100, 1)
    assert look(books, contacts, persons(200, 100)) == (50, 0)
    books.write("Contacts", {"Name": "Customer 1"})
    contacts.forget()
    assert look(books, contacts, persons(0, 200)) == (101, 1)


def test_a_few_are_asked_for_where_there_are_many_contacts(books: Reading) -> None:
    contacts = ContactList()
    for n in range(3000):
        write(books.organisation, "Contacts", {"Name": f"Customer {n}"})
    assert look(books, contacts, persons(0, 5)) == (5, 1)
    # Three queries, or four pages: the first page tells, once.
    assert look(books, contacts, persons(0, 30)) == (30, 1 + 3)
    assert look(books, contacts, persons(100, 30)) == (30, 3)
