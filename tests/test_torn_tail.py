"""Books whose last transaction was torn by a power failure, though the state calls it posted: it is posted again.

Whichever command opens them first cuts it off; the next run must know all the same.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from cli_books import CLEARING, Books, transactions

from connector.delivery.outbox import Outbox

FIRST = {
    "sync": (),
    "check": (("check",), ("check",)),
    "plan": (("plan",),),
    "resolve": (("resolve", "re_2", "--ledger", "main", "--skip", "--reason", "no"),),
}


@pytest.fixture
def torn(tmp_path: Path) -> Books:
    """The last transaction of the month, the receipt of a refund, lacks its end."""
    books = Books(tmp_path)
    books.ledger(sales="sales_receipt", fees=False)
    books.export.charge("100", 11000)
    books.export.refund("1", "ch_100", 5000)
    books.export.refund("2", "ch_100", 10, status="pending")
    books.sync()
    path = books.ledger_folder / "2026-02.beancount"
    path.write_bytes(path.read_bytes()[:-25])
    return books


def left_over(books: Books) -> set[str]:
    return {path.name for path in books.ledger_folder.iterdir() if path.suffix in ("", ".tmp")} - {".lock"}


@pytest.mark.parametrize("first", FIRST)
def test_a_torn_transaction_is_posted_again(torn: Books, first: str) -> None:
    for words in FIRST[first]:
        assert torn.run(*words).code == 0
    torn.sync()
    assert [t.metadata["kind"] for t in transactions(torn.ledger_folder)] == [
        "sales_receipt",
        "refund_receipt",
    ]
    assert torn.balance(CLEARING) == {"usd": 60}
    assert torn.outcome("re_1")["outcome"] == "posted"
    assert left_over(torn) == set()
    before = torn.files()
    torn.sync()
    assert torn.files() == before


def test_a_run_that_dies_after_cutting_it_off(torn: Books) -> None:
    class Died(BaseException):
        """The process is gone."""

    def die(*arguments: object) -> None:
        raise Died

    with patch.object(Outbox, "doubt", die), pytest.raises(Died):
        torn.run("sync")
    torn.sync()
    assert torn.balance(CLEARING) == {"usd": 60}
    assert left_over(torn) == set()
