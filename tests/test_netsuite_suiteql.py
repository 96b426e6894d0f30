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
from connector.ledgers.contract import Reference
from connector.ledgers.netsuite_query_rows import FormRows, link_pairs, read_head
from connector.ledgers.netsuite_records import Detail, Head, Link
from connector.ledgers.netsuite_suiteql import AT_ONCE

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
    stock = seed.line(
        account, "30", "Widget", quantity=Decimal(3), department=books.ref("department", "Retail")
    )
    made: dict[str, Json] = {}
    made["invoice"] = books.invoice("100", plain, stock, memo="order 7", otherRefNum="pi_1", email="x@y.test")
    made["open"] = books.invoice("30", who="Bob O'Neil", number="101", day="2026-03-02")
    made["payment"] = books.paid(made["invoice"], "163", memo="Stripe ch_1")
    made["deposit"] = seed.deposit(account, "Bob O'Neil", "50", memo="ch_2")
    made["application"] = seed.apply_deposit(account, made["deposit"], made["open"], "20")
    made["cash sale"] = seed.cash_sale(account, "Ada", "10", number="102", memo="py_1")
    fee = (("Stripe Fees", "3.49", None), ("Stripe Clearing", "-3.49", None))
    made["journal"] = seed.journal(account, *fee, memo="re_1 fee")
    made["memo"] = seed.memo(
        account, "Ada", "50", createdFrom={"id": made["invoice"]["id"]}, **note("a", "x", "re_1")
    )
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
        lacking: dict[str, Any] = {}
        if mood == "lacks fields":
            lacking = {"refs": (), "subsidiary": None, "other_reference": None}
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
    "by numbers": lambda reader, heads: reader.by_number(
        ("invoice", "cashSale"), ["100", "102", "10", "x'y"]
    ),
    "by Stripe's ids": lambda reader, heads: reader.carrying(
        ["ch_1", "ch_2", "re_1", "pi_1", "in_1", "ch_"], START
    ),
    "of later days": lambda reader, heads: reader.carrying(["ch_1"], date(2026, 3, 7)),
    "of customers": lambda reader, heads: reader.of_customers(
        ("invoice", "customerDeposit"), ["301", "302"], START
    ),
    "of later customers": lambda reader, heads: reader.of_customers(("invoice",), ["302"], date(2026, 3, 3)),
    "made from": lambda reader, heads: reader.made_from(("creditMemo", "cashRefund"), heads),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_both_ways_of_searching_find_the_same(search: str) -> None:
    with full_books() as (books, ids):
        heads = list(heads_of(books, SUITEQL, ids).values())
        found = {
            way: books.run(SEARCHES[search](books.reader_of(way), heads)) for way in (SUITEQL, BY_RECORD)
        }
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
        marked = set(ids) - {"invoice", "open", "application", "applied memo", "free"}
        assert found[SUITEQL] == found[BY_RECORD] == {ids[word] for word in marked}


# ---------------------------------------------------------------------------------------------- what is not seen yet


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


@pytest.fixture
def late() -> Iterator[Reading]:
    """The index shows nothing of what is written from here on."""
    with reading() as opened:
        opened.account.moods.index_lag_requests = 10_000
        yield opened


def test_what_the_index_does_not_show_is_asked_for_by_itself(late: Reading) -> None:
    body = {"entity": late.ref("customer", "Ada"), "item": {"items": [late.line("100")]}}
    made = f"invoice/{late.create('invoice', {**body, 'tranId': '100', **note('a', 'invoice', 'ch_1')})}"
    row = {"doc": {"id": made.partition("/")[2]}, "apply": True, "amount": Decimal(60)}
    money = {"customer": late.ref("customer", "Ada"), "payment": Decimal(110), "apply": {"items": [row]}}
    paid = f"customerPayment/{late.create('customerPayment', money)}"
    reader = late.reader
    (head,) = late.run(reader.by_id([made])).values()
    assert (head.number, head.total_minor, head.open_minor) == ("100", 11000, 5000)
    found = late.run(reader.by_external_id({KEYS["a"]: "invoice", KEYS["b"]: "invoice"}))
    assert {key: one.ledger_id for key, one in found.items()} == {KEYS["a"]: made}
    assert late.run(reader.details([paid]))[paid].links == (Link(made, 6000),)
    assert [f"/invoice/eid:{KEYS['a']}?" in one for one in late.carried].count(True) == 1


def test_an_account_that_takes_no_external_id_in_an_address(books: Reading) -> None:
    made = books.invoice(**note("a", "invoice", "ch_1"))
    books.account.moods.eid_refused = True
    reader = books.reader_of(BY_RECORD)
    wanted = {KEYS["b"]: "invoice", KEYS["a"]: "invoice", KEYS["c"]: "creditMemo"}
    assert {key: one.ledger_id for key, one in books.run(reader.by_external_id(wanted)).items()} == {
        KEYS["a"]: id_of(made)
    }
    # It is tried once.
    assert ["eid:" in one for one in books.carried].count(True) == 1


def test_what_is_no_such_transaction_is_left_out(books: Reading) -> None:
    invoice, memo = books.invoice(), seed.memo(books.account, "Ada", "5")
    asked = [f"invoice/{memo['id']}", "creditMemo/77", "customer/301", "nonsense", "invoice/x", "12", "/"]
    for way in (SUITEQL, BY_RECORD):
        assert books.run(books.reader_of(way).by_id(asked)) == {}
    # What the index shows to be something else is not asked for again.
    assert not any(f"/invoice/{memo['id']}" in one for one in books.carried if "suiteql" in one)
    for way in (SUITEQL, BY_RECORD):
        found = books.run(books.reader_of(way).by_id([invoice["id"], f"CREDITMEMO/{memo['id']}"]))
        assert set(found) == {id_of(invoice), id_of(memo)}


def test_an_external_id_of_a_person_s_copy_is_not_ours(books: Reading) -> None:
    books.invoice(memo=note("a", "invoice", "ch_1")["memo"], externalId="copy-1")
    assert books.run(books.reader.by_external_id({KEYS["a"]: "invoice"})) == {}
    (copy,) = books.run(books.reader.by_external_id({"copy-1": "invoice"})).values()
    assert copy.note.document_key is None and copy.note.charge_ids == ("ch_1",)


# ---------------------------------------------------------------------------------------------- how much is asked


def test_five_hundred_in_one_request(books: Reading) -> None:
    made = [id_of(books.unapplied("1")) for _ in range(501)]
    assert len(books.run(books.reader.by_id(made))) == 501
    assert len(books.carried) == 2
    books.carried.clear()
    details = books.run(books.reader.details(made, lines=False))
    assert (len(details), len(books.carried)) == (501, 2)


def stripes(count: int, first: int = 0) -> list[str]:
    return [f"ch_{n:06}" for n in range(first, first + count)]


def test_what_bears_ids_is_read_once(books: Reading) -> None:
    for one in stripes(1001):
        books.unapplied("1", memo=f"Stripe {one}")
    books.unapplied("1", memo="between ch_early", day="2026-02-01")
    # So few are asked for one by one.
    assert len(books.run(books.reader.carrying(stripes(AT_ONCE), START))) == AT_ONCE
    assert len(books.carried) == 1
    books.carried.clear()
    assert len(books.run(books.reader.carrying(stripes(1000), START))) == 1000
    assert len(books.carried) == 2
    books.carried.clear()
    assert len(books.run(books.reader.carrying(stripes(500, 600), START))) == 401
    assert books.run(books.reader.carrying(["ch_early"], START)) == []
    assert books.carried == []
    # Earlier days are read beside.
    found = books.run(books.reader.carrying(["ch_early", *stripes(200)], date(2026, 1, 1)))
    assert (len(found), len(books.carried)) == (201, 1)


def test_where_there_is_more_than_is_asked_for_it_is_asked_for_by_itself(books: Reading) -> None:
    """Two requests for ids are fewer than five for all that bears one; four more are not, and then all is read."""
    for one in stripes(4001):
        books.unapplied("1", memo=f"Stripe {one}")
    tried, first = 1, 0
    for asked in (tried + 2, 2, 5, 0):
        books.carried.clear()
        some = stripes(2 * AT_ONCE, first)
        assert len(books.run(books.reader.carrying(some, START))) == 2 * AT_ONCE
        assert len(books.carried) == asked
        first += len(some)


def test_a_search_for_ids_takes_no_sign_for_another(books: Reading) -> None:
    books.unapplied("1", memo="chX1 ch-1 CH_1 ch_12 xch_1")
    mine = books.unapplied("1", memo="(ch_1)")
    assert [one.ledger_id for one in books.run(books.reader.carrying(["ch_1"], START))] == [id_of(mine)]


def test_what_was_scanned_is_not_searched_again(books: Reading) -> None:
    for one in stripes(1001):
        books.unapplied("1", memo=f"Stripe {one}")
    heads, cursor = books.run(books.reader.page(START, None))
    assert (len(heads), cursor) == (1000, heads[-1].ledger_id.partition("/")[2])
    rest, end = books.run(books.reader.page(START, cursor))
    assert (len(rest), end, len(books.carried)) == (1, None, 2)
    assert len(books.run(books.reader.carrying(stripes(1001), START))) == 1001
    assert len(books.carried) == 2
    # A scan that was left off half way tells nothing of the rest.
    books.open()
    books.run(books.reader.page(START, cursor))
    assert len(books.run(books.reader.carrying(stripes(1001), START))) == 1001


def test_two_thousand_sales_take_few_requests(books: Reading) -> None:
    """Their lines, taxes and payments, what others took back, refunds of others and numbers: less than a twenty-fifth for
    each refund."""
    for n, charge_id in enumerate(stripes(2000)):
        books.paid(books.invoice(number=f"S{n}"), memo=f"Stripe {charge_id}")
    wanted = [Reference(one, "usd", f"S{n}", (), day=START) for n, one in enumerate(stripes(2000))]
    for at in (0, 1000):
        page = wanted[at : at + 1000]
        sales = books.sales(page)
        assert all(sale is not None and sale.payments[0].applied for sale in sales.values())
        books.refunds(*(f"re_{r.charge_id}" for r in page))
        books.taken("refund", *(r.number or "" for r in page))
    assert len(books.carried) <= 40
    books.open()
    made = [id_of(one) for one in books.account.documents("invoice")]
    for at in (0, 1000):
        books.run(books.reader.by_id(made[at : at + 1000]))
    assert len(books.carried) == 4


# ---------------------------------------------------------------------------------------------- what is lacking


def test_a_field_that_cannot_be_done_without(books: Reading) -> None:
    books.account.moods.missing_columns = frozenset({"transaction.foreigntotal"})
    with pytest.raises(LedgerDown, match="foreigntotal"):
        books.run(books.reader.by_id(["invoice/1"]))


@pytest.mark.parametrize("table", ["customer", "transactiontaxdetail"])
def test_a_table_that_the_role_may_not_read(table: str) -> None:
    with full_books() as (books, ids):
        wanted = heads_of(books, SUITEQL, ids), details_of(books, SUITEQL, ids)
        books.account.role_lacks.add(f"table:{table}")
        books.open()
        heads, details = heads_of(books, SUITEQL, ids), details_of(books, SUITEQL, ids)
        assert details == wanted[1]
        if table == "customer":
            named = {one: replace(head, email=None, stripe_customer=None) for one, head in wanted[0].items()}
            # The record of an application is asked for its deposit.
            assert {**heads, ids["application"]: named[ids["application"]]} == named
        else:
            # The records themselves tell the taxes.
            assert heads == wanted[0]
            assert any(f"/invoice/{ids['invoice'].partition('/')[2]}?" in one for one in books.carried)


# ---------------------------------------------------------------------------------------------- what rows say


def form(books: Reading, *lines: Json, **more: Any) -> FormRows:
    """Rows of an invoice as SuiteQL gives them."""
    head = {"type": "CustInvc", "foreigntotal": "110.00", "transaction": "1", **more}
    rows = FormRows(head, books.directory)
    for at, line in enumerate(lines, start=1):
        rows.add({**head, "id": str(at), "item": "201", **line})
    return rows


def tax(amount: str, line: str = "1", rate: str = ".1") -> Json:
    told = {"taxtype": "41", "taxcode": "51", "taxrate": rate, "taxbasis": "100"}
    return {"transaction": "1", "line": line, **told, "taxamount": amount}


def test_taxes_may_have_any_sign_and_be_in_the_base_currency(books: Reading) -> None:
    for amount, rate in (("10.00", "1"), ("-10.00", "1"), ("12.01", "1.2")):
        rows = form(books, {"foreignamount": "-100.00"}, exchangerate=rate)
        rows.add_tax(tax(amount))
        assert rows.adds_up
        (line,) = rows.lines
        (detail,) = line.taxes
        assert (line.net_minor, detail.tax_minor, detail.rate) == (-10000, 1000, Decimal(10))
        assert detail.basis_minor == (10000 if amount[0] != "-" else -10000)


def test_lines_that_do_not_add_up_are_not_believed(books: Reading) -> None:
    rows = form(books, {"foreignamount": "-100.00"})
    assert not rows.adds_up
    rows.add_tax(tax("9.00"))
    assert not rows.adds_up
    of_no_line = form(books, {"foreignamount": "-100.00"})
    of_no_line.add_tax(tax("10.00", line="7"))
    assert not of_no_line.adds_up
    books.directory.tax = "none"
    assert form(books, {"foreignamount": "-100.00"}).adds_up


def test_what_it_cost_to_have_what_is_sold_is_no_line(books: Reading) -> None:
    cost = ({"foreignamount": "40.00", "iscogs": "T"}, {"foreignamount": "-40.00", "iscogs": "T"})
    rows = form(books, {"foreignamount": "-110.00", "iscogs": "F"}, *cost)
    assert rows.adds_up and [line.net_minor for line in rows.lines] == [-11000]


@pytest.mark.parametrize(
    ("posting", "voided", "stands"), [("T", "F", True), ("F", "F", False), ("F", "T", False)]
)
def test_what_posts(books: Reading, posting: str, voided: str, stands: bool) -> None:
    row = {"id": "1", "type": "CustInvc", "trandate": "2026-03-06", "foreigntotal": "5"}
    head = read_head({**row, "posting": posting, "voided": voided}, books.directory)
    assert head is not None and (head.stands, head.posts) == (stands, (posting, voided) != ("F", "F"))
    assert read_head({**row, "type": "VendBill"}, books.directory) is None


def test_an_application_between_what_is_not_read_is_none(books: Reading) -> None:
    row = {"previousdoc": "1", "previoustype": "CustInvc", "nextdoc": "2", "nexttype": "CustPymt"}
    told = dict(link_pairs({**row, "foreignamount": "-5.00"}, books.directory))
    assert told == {"invoice/1": Link("customerPayment/2", 500), "customerPayment/2": Link("invoice/1", 500)}
    assert list(link_pairs({**row, "foreignamount": "5", "nexttype": "VendBill"}, books.directory)) == []
    assert list(link_pairs({**row, "foreignamount": "0"}, books.directory)) == []
