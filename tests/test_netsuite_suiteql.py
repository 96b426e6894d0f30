"""Transactions of NetSuite as SuiteQL shows them: the same as record by record, in few requests, whatever an account lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from netsuite_reading import BY_RECORD, KEYS, START, SUITEQL, Reading, id_of, note, reading
from vendors.netsuite import Moods
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

from connector.errors import LedgerDown
from connector.ledgers import netsuite_suiteql, netsuite_wire
from connector.ledgers.netsuite_by_record import RecordReader
from connector.ledgers.netsuite_records import Detail, Head, Link, TaxDetail
from connector.ledgers.netsuite_suiteql import SuiteqlReader

EVERY = "2026-01-01"
COLUMNS = (
    "transactionline.department",
    "transactionline.class",
    "transactionline.location",
    "transactionline.subsidiary",
    "transaction.otherrefnum",
    "transaction.posting",
    "customer.comments",
    "customer.isperson",
)


@contextmanager
def full_books(moods: Moods | None = None, **shopped: Any) -> Iterator[tuple[Reading, dict[str, str]]]:
    """Books with one of everything, and the ledger ids of it by a word."""
    with reading(moods=moods, **{"currencies": ("EUR",), **shopped}) as books:
        yield books, fill(books)


def fill(books: Reading) -> dict[str, str]:
    account = books.account
    plain = seed.line(account, "20", "Untaxed Service", description="By hand", quantity=Decimal(2))
    stock = seed.line(account, "30", "Widget", quantity=Decimal(3), department=books.ref("department", "Retail"))
    made: dict[str, Json] = {}
    made["invoice"] = books.invoice("100", plain, stock, memo="order 7", otherRefNum="pi_1", email="x@y.test")
    made["open"] = books.invoice("30", who="Bob O'Neil", number="101", day="2026-03-02")
    made["payment"] = books.paid(made["invoice"], "163", memo="Stripe ch_1")
    made["deposit"] = seed.deposit(account, "Bob O'Neil", "50", memo="ch_2")
    made["application"] = seed.apply_deposit(account, made["deposit"], made["open"], "20")
    made["cash sale"] = seed.cash_sale(account, "Ada", "10", number="102", memo="py_1")
    fee = (("Stripe Fees", "3.49", None), ("Stripe Clearing", "-3.49", None))
    made["journal"] = seed.journal(account, *fee, memo="re_1 fee")
    made["memo"] = seed.memo(account, "Ada", "50", createdFrom={"id": made["invoice"]["id"]}, **note("a", "x", "re_1"))
    made["refund"] = seed.refund(account, "Ada", made["memo"], "30", memo="re_1 paid out")
    made["applied memo"] = seed.memo(account, "Bob O'Neil", "5", on=made["open"])
    made["free"] = books.unapplied("40", memo="in_1")
    made["paid back"] = seed.refund(account, "Ada", made["free"], "15", memo="pyr_1")
    made["euros"] = books.invoice("90", number="103", currency="EUR", rate="1.2", memo="ch_3")
    made["voided"] = books.invoice("10", number="104", memo="ch_4")
    seed.void(account, made["voided"])
    body = {"memo": "re_7", "item": {"items": [books.line("5")]}}
    back = books.create(f"cashSale/{made['cash sale']['id']}/!transform/cashRefund?replace=item", body)
    return {**{word: id_of(one) for word, one in made.items()}, "cash refund": f"cashRefund/{back}"}


def heads_of(books: Reading, way: str, ids: dict[str, str]) -> dict[str, Head]:
    return books.run(books.reader_of(way).by_id(ids.values()))


def details_of(books: Reading, way: str, ids: dict[str, str]) -> dict[str, Detail]:
    """Without the accounts of lines, which only SuiteQL tells of forms."""
    read = books.run(books.reader_of(way).details(ids.values(), back=True))
    return {
        one: replace(detail, lines=tuple(replace(line, account=None) for line in detail.lines))
        for one, detail in read.items()
    }


MOODS = {
    "as it comes": Moods(),
    "credits above zero": Moods(negative_credits=False),
    "taxes elsewhere": Moods(tax_lines=False),
    "numbers for names": Moods(auto_entity_ids=True),
    "old-fashioned tax": Moods(tax="legacy"),
    "no tax": Moods(tax="none"),
    "one company": Moods(one_world=False),
    "line of the receivable": Moods(payment_line=2),
    "applied alone": Moods(lists_open=False),
    "lacks fields": Moods(missing_columns=frozenset(COLUMNS)),
}


@pytest.mark.parametrize("mood", MOODS)
def test_both_ways_of_reading_tell_the_same(mood: str) -> None:
    with full_books(MOODS[mood]) as (books, ids):
        heads = heads_of(books, SUITEQL, ids)
        assert set(heads) == set(ids.values())
        lacking = {"refs": (), "subsidiary": None, "other_reference": None} if mood == "lacks fields" else {}
        by_record = heads_of(books, BY_RECORD, ids)
        assert heads == {one: replace(head, **lacking) for one, head in by_record.items()}
        wanted = details_of(books, BY_RECORD, ids)
        if mood == "lacks fields":
            wanted = {
                one: replace(detail, lines=tuple(replace(line, refs=()) for line in detail.lines))
                for one, detail in wanted.items()
            }
        assert details_of(books, SUITEQL, ids) == wanted


SEARCHES: dict[str, Any] = {
    "by a key": lambda reader, heads: reader.by_external_id({KEYS["a"]: "creditMemo", KEYS["b"]: "invoice"}),
    "by numbers": lambda reader, heads: reader.by_number(("invoice", "cashSale"), ["100", "102", "10", "x'y"]),
    "by Stripe's ids": lambda reader, heads: reader.carrying(["ch_1", "ch_2", "re_1", "pi_1", "in_1", "ch_"], START),
    "of later days": lambda reader, heads: reader.carrying(["ch_1"], date(2026, 3, 7)),
    "of customers": lambda reader, heads: reader.of_customers(("invoice", "customerDeposit"), ["301", "302"], START),
    "of later customers": lambda reader, heads: reader.of_customers(("invoice",), ["302"], date(2026, 3, 3)),
    "made from": lambda reader, heads: reader.made_from(("creditMemo", "cashRefund"), heads),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_both_ways_of_searching_find_the_same(search: str) -> None:
    with full_books() as (books, ids):
        heads = list(heads_of(books, SUITEQL, ids).values())
        found = {way: books.run(SEARCHES[search](books.reader_of(way), heads)) for way in (SUITEQL, BY_RECORD)}
        assert found[SUITEQL] == found[BY_RECORD]
        none = {"of later days", "of later customers"}
        assert bool(found[SUITEQL]) is (search not in none)


def test_both_ways_scan_the_same() -> None:
    with full_books() as (books, ids):
        found: dict[str, set[str]] = {}
        for way in (SUITEQL, BY_RECORD):
            reader, cursor = books.reader_of(way), None
            while cursor is not None or way not in found:
                heads, cursor = books.run(reader.page(START, cursor))
                found.setdefault(way, set()).update(head.ledger_id for head in heads)
        marked = set(ids) - {"open", "application", "applied memo"}
        assert found[SUITEQL] == found[BY_RECORD] == {ids[word] for word in marked}
