"""A ledger that refuses a number because another document holds it: the next number for the whole refund, said so.

The number is settled with the first document that is posted; a later one that is refused keeps showing it and goes
with the ledger's own override, or without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exactly_once import check
from ledger_moods import MOODS, Weather
from small_books import MEMO_RULES, SmallBooks
from small_shop import Shop

ANOTHER = MOODS["number taken by another"]
HOLDER = "2026-01.beancount:7"


def open_shop(folder: Path, **ledger: Any) -> tuple[SmallBooks, Shop]:
    """One sale, refunded in part by card; with memo rules unless told otherwise."""
    books = SmallBooks.make(folder, MEMO_RULES, **({"sales": "invoice_and_payment"} | ledger)).migrate()
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0)
    shop.refund("100a", "ch_100", 5000, "2026-02-10")
    shop.write()
    return books, shop


def kinds(books: SmallBooks, weather: Weather) -> list[str]:
    """The kind of each document that was sent, in order; one a request."""
    by_key = dict(books.rows("document", "document_key, kind"))
    return [by_key[request.document_keys[0]] for request in weather.sent]


def numbers(books: SmallBooks) -> dict[str, str]:
    """Kind → number, as the state shows it."""
    return dict(books.rows("document", "kind, number"))


def sync(books: SmallBooks, *refused: int) -> Weather:
    """A pass in which these writes, counted from 1, are refused their number."""
    weather = Weather(write_faults=dict.fromkeys(refused, ANOTHER), batch_size=1, clock=books.world.clock)
    with weather.over():
        assert books.sync().errors == []
    assert weather.fired == [ANOTHER.name] * len(refused)
    return weather


def test_a_refused_memo_gives_all_documents_of_its_refund_the_next_number(tmp_path: Path) -> None:
    books, shop = open_shop(tmp_path)
    weather = sync(books, 3)
    assert kinds(books, weather) == ["invoice", "payment", "credit_memo", "credit_memo", "credit_card_refund"]
    assert numbers(books) == {
        "invoice": "100",
        "payment": "100",
        "credit_memo": "100-1",
        "credit_card_refund": "100-1",
    }
    assert {t.metadata["number"] for t in books.transactions() if "refund_id" in t.metadata} == {"100-1"}
    assert books.rows("taken_number", "scope, number, holder") == [("refund", "100", HOLDER)]
    assert books.rows("refund_number", "n, number, settled") == [(1, "100-1", 1)]
    (warnings,) = {row[0] for row in books.rows("decision WHERE subject = 'refund'", "warnings")}
    assert "number 100 is held by another document in the books: numbered 100-1" in warnings
    check(books, shop, numbers=False)


def test_number_after_number(tmp_path: Path) -> None:
    books, shop = open_shop(tmp_path)
    sync(books, 3, 4, 5)
    assert numbers(books)["credit_memo"] == "100-3"
    check(books, shop, numbers=False)
    # The next refund of the sale comes after it, and asks for no number that was refused.
    shop.refund("100b", "ch_100", 1000, "2026-02-11")
    shop.write()
    sync(books)
    assert books.rows("refund_number", "refund_id, number") == [("re_100a", "100-3"), ("re_100b", "100-4")]
    check(books, shop, numbers=False)


def test_a_refused_invoice_takes_the_next_number_of_the_sale_and_its_refunds_follow(tmp_path: Path) -> None:
    books, shop = open_shop(tmp_path)
    sync(books, 1)
    assert numbers(books) == {
        "invoice": "ch_100",
        "payment": "ch_100",
        "credit_memo": "ch_100",
        "credit_card_refund": "ch_100",
    }
    assert books.rows("sale_number", "charge_id, number") == [("ch_100", "ch_100")]
    assert books.rows("taken_number", "scope, number") == [("sale", "100")]
    check(books, shop, numbers=False)


def test_a_sale_without_another_number_is_held_with_its_refund(tmp_path: Path) -> None:
    books, _ = open_shop(tmp_path)
    sync(books, 1, 2)
    assert books.transactions() == []
    assert books.outcomes() == {"re_100a": ("held", "sale_not_found")}
    (sentence,) = books.rows("decision WHERE subject = 'charge'", "sentence")
    assert "no number is left" in str(sentence)


def test_a_cash_leg_that_is_refused_the_settled_number_goes_without_it(tmp_path: Path) -> None:
    books, shop = open_shop(tmp_path)
    weather = sync(books, 4)
    assert kinds(books, weather)[3:] == ["credit_card_refund", "credit_card_refund"]
    assert books.rows("document WHERE bare = 1", "kind, number, state") == [
        ("credit_card_refund", "100", "posted")
    ]
    assert books.rows("taken_number", "number") == []
    check(books, shop)


def test_what_is_refused_without_its_number_too_is_held_for_a_person(tmp_path: Path) -> None:
    books, shop = open_shop(tmp_path)
    sync(books, 4, 5)
    assert books.outcomes() == {"re_100a": ("held", "number_taken")}
    (key,) = books.rows("document WHERE state = 'held'", "document_key")
    books.retry(key[0])
    sync(books)
    check(books, shop)


def test_a_number_refused_to_a_replacement_leaves_the_first_documents_taken_back(tmp_path: Path) -> None:
    books, _ = open_shop(tmp_path)
    sync(books)
    with_replace = "UPDATE decision SET due = 4 WHERE subject = 'refund'"
    books.execute(with_replace)
    weather = sync(books, 3)
    assert kinds(books, weather) == [
        "reversal",
        "reversal",
        "credit_memo",
        "credit_memo",
        "credit_card_refund",
    ]
    shown = books.rows("document WHERE subject_id = 're_100a'", "revision, kind, number, state")
    assert shown == [
        (1, "credit_card_refund", "100", "reversed"),
        (1, "credit_memo", "100", "reversed"),
        (1, "reversal", "100-R", "posted"),
        (1, "reversal", "100-R", "posted"),
        (2, "credit_card_refund", "100-2", "posted"),
        (2, "credit_memo", "100-2", "posted"),
    ]
    assert books.outcomes() == {"re_100a": ("posted", None)}


def test_while_another_document_of_the_refund_is_in_doubt_its_number_stays(tmp_path: Path) -> None:
    """A batch whose answer says nothing of one document and refuses the other's number: the look decides first."""
    books, shop = open_shop(tmp_path)
    weather = Weather(batch_size=1, clock=books.world.clock)
    weather.write_faults = {3: MOODS["lost after the write"]}
    with weather.over():
        books.sync()
    # The memo is in doubt, and really there: its cash leg waits for it, and the number is the memo's.
    assert books.outcomes() == {"re_100a": ("failed", "network")}
    sync(books, 1)
    assert books.rows("document WHERE bare = 1", "kind, number") == [("credit_card_refund", "100")]
    check(books, shop)
