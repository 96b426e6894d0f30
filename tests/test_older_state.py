"""An older copy of the state is restored beside newer books, and `rebuild` run: nothing is written twice."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from unittest.mock import patch

import pytest
from cli_books import CLEARING, Books
from exactly_once import check, check_nothing_twice
from ledger_moods import MOODS, Weather
from small_books import MEMO_RULES, SmallBooks
from small_shop import first_shop
from test_plans_made_again import REFUND, command, kinds, open_shop, resolve

from connector.delivery.file_courier import FileCourier
from connector.ledgers.contract import Answer


def keep_state(books: SmallBooks) -> Path:
    connection = sqlite3.connect(books.state)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return shutil.copyfile(books.state, books.folder / "older.db")


def restore(books: SmallBooks, older: Path) -> None:
    books.lose_state()
    shutil.copyfile(older, books.state)


@pytest.mark.parametrize("mood", ["down", "period closed", "rejected", "lost before the write"])
def test_what_was_written_after_the_copy_is_not_written_again(tmp_path: Path, mood: str) -> None:
    books = open_shop(tmp_path, fees=False)
    with Weather(books.world.clock, write_faults={1: MOODS[mood]}).over():
        books.sync()
        older = keep_state(books)
        if mood == "rejected":
            resolve(books, "--retry")
        books.sync()
        assert kinds(books) == ["refund_receipt"]
        restore(books, older)
        command(books, "rebuild", code=3 if mood in ("rejected", "period closed") else 1)
        for _ in range(2):
            assert books.sync().errors == []
    check_nothing_twice(books.transactions())
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}


def test_what_was_skipped_in_the_copy_and_posted_later(tmp_path: Path) -> None:
    books = open_shop(tmp_path, fees=False)
    with Weather(books.world.clock, write_faults={1: MOODS["rejected"]}).over():
        books.sync()
        resolve(books, "--skip")
        books.sync()
        older = keep_state(books)
        command(books, "resync", REFUND)
        restore(books, older)
        command(books, "rebuild")
        assert books.sync().errors == []
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}
    assert set(books.states()) == {"posted"}


def test_a_ledger_that_was_not_enabled_when_the_state_was_rebuilt(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.ledger(sales="sales_receipt")
    books.export.charge("100", 11000)
    books.sync()
    shutil.copytree(books.folder / "state", books.folder / "older")
    books.export.refund("1", "ch_100", 5000)
    books.sync()
    files = books.files()
    books.lose_state()
    (books.folder / "older").rename(books.folder / "state")
    books.ledger(enabled=False)
    other = {"kind": "beancount", "sales": "find", "connection": {"path": "other"}}
    books.change(ledgers={"other": other})
    books.run("rebuild")
    books.ledger(enabled=True)
    books.sync("--ledger", "main")
    assert books.files() == files
    assert books.outcome("re_1")["outcome"] == "posted"


@pytest.mark.parametrize("then", ["sync", "touch", "resync"])
@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_older_books_of_before_a_refund_that_failed(tmp_path: Path, sales: str, then: str) -> None:
    """What the books lost of it is not written again, and nothing waits for it."""
    books = Books(tmp_path)
    books.ledger(sales=sales)
    charge = books.export.charge("100", 11000)
    books.sync()
    shutil.copytree(books.ledger_folder, books.folder / "older")
    refund = books.export.refund("1", charge, 5000, when="2026-03-10T15:00:00")
    books.sync()
    books.export.fail(refund, when="2026-03-20T15:00:00")
    books.sync()
    shutil.rmtree(books.ledger_folder)
    (books.folder / "older").rename(books.ledger_folder)
    assert books.run("rebuild").code == 0
    if then == "touch":
        books.export.objects[refund]["metadata"] = {"a": "b"}
        books.export.write()
    assert books.run(*(("resync", refund) if then == "resync" else ("sync",))).code == 0
    assert books.balance(CLEARING) == {"usd": 110}
    assert books.outcome(refund)["outcome"] in ("dropped", "reversed")
    assert {d["state"] for d in books.documents(refund)} <= {"reversed", "posted"}


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_books_that_have_some_of_a_batch_already_are_caught_up_with_in_one_run(
    tmp_path: Path, sales: str
) -> None:
    """Another run without this state wrote them: what it wrote is found, and the rest is posted beside it."""
    rules = MEMO_RULES if sales == "invoice_and_payment" else None
    books = SmallBooks.make(tmp_path, rules, sales=sales).migrate()
    shop = first_shop(books.export)
    late = shop.objects.pop("re_100a")
    shop.write()
    with patch.object(FileCourier, "_append", lambda *arguments: Answer(503, b"no space")):
        books.sync()
    older = keep_state(books)
    books.sync()
    restore(books, older)
    shop.objects["re_100a"] = late
    shop.write()
    assert books.sync().errors == []
    check(books, shop, numbers=False)
