"""What was planned and not written is planned anew from what is true then: never the old plan beside the new one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cli_books import CLEARING, Transaction
from exactly_once import total
from ledger_moods import MOODS, Weather
from small_books import MEMO_RULES, SmallBooks
from small_shop import Shop

from connector.cli.root import run
from connector.world import World

RECEIPT = [{"name": "receipt", "when": {}, "then": "refund_receipt"}]
REFUND = "re_100a"
# Moods after which the ledger has written nothing, and says so or is found not to have.
NOT_WRITTEN = ("lost before the write", "down", "throttled for long", "unauthorised", "period closed")


def open_shop(folder: Path, rules: list[Any] | None = None, **ledger: Any) -> SmallBooks:
    """A sale that is posted and a refund of it that is not."""
    books = SmallBooks.make(folder, RECEIPT if rules is None else rules, **ledger).migrate()
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0)
    shop.write()
    books.sync()
    shop.refund("100a", "ch_100", 5000, "2026-03-10")
    shop.write()
    return books


def use_rules(books: SmallBooks, rules: list[Any]) -> None:
    (books.folder / "mappings" / "refund_rules.yaml").write_text(json.dumps(rules), encoding="utf-8")


def change(books: SmallBooks, **refunds: Any) -> None:
    settings = json.loads(books.config.read_text(encoding="utf-8"))
    settings["refunds"].update(refunds)
    books.config.write_text(json.dumps(settings), encoding="utf-8")


def command(books: SmallBooks, *words: str, code: int = 0) -> None:
    with patch.object(World, "now", lambda world: books.world.now()):
        assert run([words[0], "-c", str(books.config), *words[1:]]) == code


def resolve(books: SmallBooks, *words: str, code: int = 0) -> None:
    command(books, "resolve", REFUND, "--ledger", "main", "--reason", "looked at it", *words, code=code)


def of_refund(books: SmallBooks) -> list[Transaction]:
    return [t for t in books.transactions() if t.metadata.get("refund_id") == REFUND]


def kinds(books: SmallBooks) -> list[str]:
    return sorted(t.metadata["kind"] for t in of_refund(books))


def spoiled(books: SmallBooks, mood: str) -> Weather:
    """Weather in which the first write goes wrong, once."""
    return Weather(books.world.clock, write_faults={1: MOODS[mood]}, batch_size=1)


def refused_then(folder: Path, mood: str, between: Callable[[SmallBooks], None], **ledger: Any) -> SmallBooks:
    """A refund whose first attempt went wrong; `between` happens; then a pass without faults."""
    books = open_shop(folder, **ledger)
    weather = spoiled(books, mood)
    with weather.over():
        books.sync()
        assert weather.fired == [mood]
        assert of_refund(books) == []
        between(books)
        assert books.sync().errors == []
    return books


@pytest.mark.parametrize("mood", NOT_WRITTEN)
def test_other_rules_after_an_attempt_that_wrote_nothing(tmp_path: Path, mood: str) -> None:
    def touch(books: SmallBooks) -> None:
        use_rules(books, MEMO_RULES)
        books.execute("UPDATE decision SET due = 3 WHERE subject = 'refund'")

    books = refused_then(
        tmp_path, mood, touch, sales="invoice_and_payment", limits={"longest_wait": "90s"}, fees=False
    )
    assert kinds(books) == ["credit_card_refund", "credit_memo"]
    assert {t.metadata["number"] for t in of_refund(books)} == {"100"}
    assert total(books.transactions(), CLEARING) == 60
    assert books.outcomes() == {REFUND: ("posted", None)}


@pytest.mark.parametrize("mood", NOT_WRITTEN)
def test_refunds_switched_off_after_an_attempt_that_wrote_nothing(tmp_path: Path, mood: str) -> None:
    books = refused_then(tmp_path, mood, lambda books: change(books, enabled=False))
    assert kinds(books) == []
    assert [outcome for outcome, _ in books.outcomes().values()] == ["excluded"]
    change(books, enabled=True)
    command(books, "resync", REFUND)
    assert kinds(books) == ["refund_receipt"]


def test_another_type_by_a_person_after_a_refusal(tmp_path: Path) -> None:
    def decide(books: SmallBooks) -> None:
        resolve(books, "--type", "credit_memo,credit_card_refund")

    books = refused_then(tmp_path, "rejected", decide, sales="invoice_and_payment", fees=False)
    assert kinds(books) == ["credit_card_refund", "credit_memo"]
    assert total(books.transactions(), CLEARING) == 60


def test_another_form_of_sales_after_an_attempt_that_wrote_nothing(tmp_path: Path) -> None:
    books = SmallBooks.make(tmp_path, fees=False).migrate()
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0)
    shop.write()
    with spoiled(books, "down").over():
        books.sync()
        settings = json.loads(books.config.read_text(encoding="utf-8"))
        settings["ledgers"]["main"]["sales"] = "invoice_and_payment"
        books.config.write_text(json.dumps(settings), encoding="utf-8")
        assert books.sync().errors == []
    assert sorted(t.metadata["kind"] for t in books.transactions()) == ["invoice", "payment"]


def test_a_posted_leg_keeps_the_plan_that_it_belongs_to(tmp_path: Path) -> None:
    """The memo stands: the cash leg that was refused is not decided anew."""
    books = open_shop(tmp_path, MEMO_RULES, sales="invoice_and_payment", fees=False)
    weather = Weather(books.world.clock, write_faults={2: MOODS["down"]}, batch_size=1)
    with weather.over():
        books.sync()
        assert kinds(books) == ["credit_memo"]
        use_rules(books, RECEIPT)
        books.execute("UPDATE decision SET due = 2 WHERE subject = 'refund'")
        assert books.sync().errors == []
    assert kinds(books) == ["credit_card_refund", "credit_memo"]
    assert {t.metadata["number"] for t in of_refund(books)} == {"100"}


@pytest.mark.parametrize("mood", ["down", "lost before the write"])
def test_a_replacement_that_wrote_nothing_stays_one_replacement(tmp_path: Path, mood: str) -> None:
    """Whether the undoing or the new receipt is refused, and whatever the rules say then."""
    for spoilt in (1, 2):
        books = open_shop(tmp_path / str(spoilt), sales="invoice_and_payment", fees=False)
        books.sync()
        books.execute("UPDATE decision SET due = 4 WHERE subject = 'refund'")
        weather = Weather(books.world.clock, write_faults={spoilt: MOODS[mood]}, batch_size=1)
        with weather.over():
            books.sync()
            assert weather.fired == [mood]
            use_rules(books, MEMO_RULES)
            books.execute("UPDATE decision SET due = 3 WHERE subject = 'refund'")
            assert books.sync().errors == []
        fresh = ["refund_receipt"] if spoilt == 1 else ["credit_card_refund", "credit_memo"]
        assert kinds(books) == sorted(["refund_receipt", "reversal", *fresh])
        assert total(books.transactions(), CLEARING) == 60
        assert books.outcomes() == {REFUND: ("posted", None)}


def test_what_a_person_skipped_is_posted_once_it_is_named_in_a_resync(tmp_path: Path) -> None:
    books = open_shop(tmp_path, fees=False)
    with spoiled(books, "rejected").over():
        books.sync()
        resolve(books, "--skip")
        books.sync()
        assert kinds(books) == []
        command(books, "resync", REFUND)
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}


def test_a_refund_that_was_sent_once_keeps_its_number(tmp_path: Path) -> None:
    """Another refund of the sale was posted meanwhile, with the number after it."""
    books = open_shop(tmp_path, fees=False)
    with spoiled(books, "rejected").over():
        books.sync()
        shop = Shop(books.export)
        shop.charge("100", 11000, 1000, "2026-02-02", 0)
        shop.refund("100a", "ch_100", 5000, "2026-03-10")
        shop.refund("100b", "ch_100", 1000, "2026-03-11")
        shop.write()
        books.sync()
        resolve(books, "--retry")
        books.sync()
    assert books.rows("refund_number", "refund_id, n, number, settled") == [
        ("re_100a", 0, "100", 1),
        ("re_100b", 1, "100-1", 1),
    ]


def test_a_refund_keeps_its_number_where_one_behind_it_was_sent(tmp_path: Path) -> None:
    """Of one day, so that the second is sent first; the ledger refuses it before the first is sent."""
    books = open_shop(tmp_path, fees=False, limits={"longest_wait": "90s"})
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0)
    shop.refund("100a", "ch_100", 5000, "2026-03-10")
    shop.refund("100b", "ch_100", 1000, "2026-03-10")
    shop.write()
    weather = spoiled(books, "throttled for long")
    with weather.over():
        books.sync()
        assert b'refund_id: "re_100b"' in weather.sent[0].body
        assert books.sync().errors == []
    assert books.rows("refund_number", "refund_id, n, number, settled") == [
        ("re_100a", 0, "100", 1),
        ("re_100b", 1, "100-1", 1),
    ]
