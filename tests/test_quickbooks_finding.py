"""Every way to find a document in QuickBooks Online: all of them, by refund, by id, by number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from quickbooks_hands import CLEARING, INCOME, form, payment
from quickbooks_reading import DAY, INTO, Reading, deposit, journal, note, reading
from vendors.quickbooks import Moods

from connector.ledgers.contract import Found

CHECKING = {"value": "1"}


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as found:
        yield found


# ---------------------------------------------------------------------------------------------- how it is found


def whole_scan(books: Reading) -> list[Found]:
    found: list[Found] = []
    cursor: str | None = None
    while True:
        page, cursor = books.run(books.ledger.scan(cursor))
        found += page
        if cursor is None:
            return found


def test_a_scan_meets_every_kind_and_only_what_bears_a_mark(books: Reading) -> None:
    marked = {"PrivateNote": "re_1"}
    wanted = [
        books.write("Invoice", form("1", PrivateNote=note("a", "invoice", "ch_1"))),
        books.write("SalesReceipt", form("1", PaymentRefNum="ch_2")),
        books.write("CreditMemo", form("1", PrivateNote=note("b", "credit_memo", "re_1"))),
        books.write("RefundReceipt", form("1", DepositToAccountRef=INTO, **marked)),
        books.write("Payment", payment("1", PaymentRefNum="ch_3")),
        books.pay_out("1", **marked),
        journal(books, ("Debit", INCOME, "1"), ("Credit", CLEARING, "1"), **marked),
        deposit(books, CHECKING, (CLEARING, "1"), **marked),
        # The day of what a void takes back may lie before the first day of Stripe's data.
        books.write(
            "Invoice", {**form("1", PrivateNote=note("c", "invoice", "ch_4")), "TxnDate": "2026-01-15"}
        ),
    ]
    books.write("Invoice", form("1"))
    books.write("Invoice", form("1", PrivateNote="pi_1 only"))
    books.write("Invoice", {**form("1", PrivateNote="ch_5"), "TxnDate": "2026-01-14"})
    assert {one.ledger_id for one in whole_scan(books)} == {row["Id"] for row in wanted}
    assert len(books.carried) == 8


def test_a_scan_goes_page_by_page(books: Reading) -> None:
    for n in range(1000):
        books.put("Invoice", form("1", PrivateNote=f"ch_{n}" if n % 500 == 0 else ""))
    assert [one.charge_id for one in whole_scan(books)] == ["ch_0", "ch_500"]
    assert len([text for text in books.carried if "FROM Invoice" in text]) == 2
    page, cursor = books.run(books.ledger.scan("Invoice:1001"))
    assert (page, cursor) == ([], "SalesReceipt:1")


def test_refunds_are_read_once_for_all(books: Reading) -> None:
    both = books.write("CreditMemo", form("30", PrivateNote="re_1 and re_2"))
    third = books.pay_out("5", PrivateNote="pyr_3")
    books.write("CreditMemo", form("30", PrivateNote="re_11"))
    hits = books.run(
        books.ledger.find_refunds({"re_1": date(2026, 3, 8), "re_2": date(2026, 3, 9), "re_4": DAY})
    )
    told = {i: [(hit.ledger_id, hit.refund_id) for hit in group] for i, group in hits.items()}
    assert told == {"re_1": [(both["Id"], "re_1")], "re_2": [(both["Id"], "re_2")]}
    assert len(books.carried) == 8
    books.carried.clear()
    later = books.run(books.ledger.find_refunds({"pyr_3": date(2026, 3, 30)}))
    assert [hit.ledger_id for hit in later["pyr_3"]] == [third["Id"]]
    assert books.carried == []
    early = books.write("CreditMemo", {**form("30", PrivateNote="re_5"), "TxnDate": "2026-02-26"})
    before = {"re_5": date(2026, 3, 1), "re_6": date(2026, 3, 2)}
    assert [hit.ledger_id for hit in books.run(books.ledger.find_refunds(before))["re_5"]] == [early["Id"]]
    # Only the days that are missing.
    assert len(books.carried) == 8
    assert all("TxnDate <= '2026-03-02'" in text for text in books.carried)
    assert books.run(books.ledger.find_refunds({})) == {}


def test_what_is_in_a_currency_that_stripe_does_not_know_is_passed_over() -> None:
    with reading() as books:
        books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        books.write("Customer", {"DisplayName": "Xe", "CurrencyRef": {"value": "XTS"}})
        more = {"CurrencyRef": {"value": "XTS"}, "ExchangeRate": Decimal(2), "PrivateNote": "re_1"}
        memo = books.write("CreditMemo", form("90", DocNumber="100", customer="3", **more))
        books.open()
        assert books.run(books.ledger.find_refunds({"re_1": DAY})) == {}
        assert books.run(books.ledger.find_documents([memo["Id"]])) == {}
        assert whole_scan(books) == []


def test_nobody_booked_a_refund_long_before_it_was_made(books: Reading) -> None:
    books.write("CreditMemo", {**form("30", PrivateNote="re_5"), "TxnDate": "2026-02-25"})
    assert books.run(books.ledger.find_refunds({"re_5": date(2026, 3, 1)})) == {}


def test_documents_by_id(books: Reading) -> None:
    invoice, paid = books.paid_invoice("110", DocNumber="100")
    asked = [invoice["Id"], paid["Id"], "99999", "100-1", "x' OR", "²", invoice["Id"]]
    found = books.run(books.ledger.find_documents(asked))
    assert {i: one.kind for i, one in found.items()} == {invoice["Id"]: "invoice", paid["Id"]: "payment"}
    books.carried.clear()
    assert books.run(books.ledger.find_documents(["what?", "٣"])) == {}
    assert books.carried == []


def test_sales_by_number(books: Reading) -> None:
    books.company.moods.duplicates = "off"
    first = books.write("Invoice", form("1", DocNumber="AB-1"))
    second = books.write("SalesReceipt", form("1", DocNumber="AB-1"))
    books.write(
        "Invoice", form("1", DocNumber="ab-1", PrivateNote=note("a", "reversal of void", "re_1", "ch_1"))
    )
    books.write("Payment", payment("1", PaymentRefNum="AB-1"))
    alone = books.write("Payment", payment("1", PaymentRefNum="AB-2"))
    books.write("CreditMemo", form("1", DocNumber="AB-3"))

    def ids(number: str) -> list[str]:
        return [one.ledger_id for one in books.run(books.ledger.find_numbered(number))]

    assert ids("AB-1") == [first["Id"], second["Id"]]
    assert ids("AB-2") == [alone["Id"]]
    assert ids("ab-1") == ids("AB-3") == ids("AB") == []


# ---------------------------------------------------------------------------------------------- numbers


def numbered(books: Reading) -> None:
    books.write("Invoice", form("1", DocNumber="1"))
    books.write("SalesReceipt", form("1", DocNumber="2"))
    books.write("CreditMemo", form("1", DocNumber="3"))
    books.write("RefundReceipt", form("1", DocNumber="4", DepositToAccountRef=INTO))
    books.write("Invoice", form("1", DocNumber="5", PrivateNote=note("a", "invoice", "ch_1")))
    books.write("CreditMemo", form("1", DocNumber="6", PrivateNote=note("b", "credit_memo", "re_1")))


@pytest.mark.parametrize(
    ("custom", "shared", "scope", "taken", "reads"),
    [
        # QuickBooks refuses by itself.
        (True, False, "sale", "", 0),
        (True, False, "refund", "", 0),
        (True, True, "sale", "", 0),
        # But the number of a sale, ours too, is known before a refund is written with it.
        (True, True, "refund", "125", 2),
        (False, False, "sale", "12", 2),
        (False, False, "refund", "34", 2),
        (False, True, "refund", "12345", 4),
    ],
)
def test_numbers_that_are_taken(custom: bool, shared: bool, scope: str, taken: str, reads: int) -> None:
    with reading(moods=Moods(duplicates="off")) as books:
        books.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=custom)
        numbered(books)
        books.open()
        books.ledger.shared_numbers = shared
        held = books.run(books.ledger.numbers_taken(scope, ["1", "2", "3", "4", "5", "6", "7"]))
        assert set(held) == set(taken)
        assert len(books.carried) == reads
        assert all(one.number == number for number, one in held.items())


def test_a_number_is_taken_as_it_is_written() -> None:
    with reading(moods=Moods(duplicates="off")) as books:
        books.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=False)
        books.write("CreditMemo", form("1", DocNumber="ab-1"))
        books.write("CreditMemo", form("1", DocNumber="100-1 "))
        books.open()
        assert books.run(books.ledger.numbers_taken("refund", ["AB-1", "100-1", "100"])) == {}
        for n in range(450):
            books.put("CreditMemo", form("1", DocNumber=f"B-{n}"))
        books.carried.clear()
        held = books.run(books.ledger.numbers_taken("refund", [f"B-{n}" for n in range(450)]))
        assert len(held) == 450
        assert len(books.carried) == 6


def test_what_comes_next_after_a_sales_number_is_not_asked_for() -> None:
    """QuickBooks refuses it by itself; to ask for each refund alone would cost more than a refusal now and then."""
    with reading() as books:
        for number in ("100", "1000", "100-1"):
            books.write("Invoice", form("1", DocNumber=number))
        books.open()
        books.ledger.shared_numbers = True

        def taken(*numbers: str) -> tuple[set[str], int]:
            books.carried.clear()
            return set(books.run(books.ledger.numbers_taken("refund", numbers))), len(books.carried)

        assert taken("100-1") == ({"100-1"}, 2)
        assert taken("100", "7") == ({"100"}, 2)
        assert taken("100-2") == (set(), 0)
        # The number of another sale, or several at once: as many reads as for one.
        assert taken("1000") == ({"1000"}, 2)
        assert taken("100-1", "100-2") == ({"100-1"}, 2)
        books.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=False)
        books.open()
        books.ledger.shared_numbers = True
        assert taken("100", "7") == ({"100"}, 4)
        assert taken("100-2") == (set(), 4)
