"""A person skips a refund, or adopts another document for it, while it is not known whether it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ledger_moods import MOODS, Weather
from small_books import MEMO_RULES, SmallBooks
from test_plans_made_again import REFUND, command, kinds, open_shop, resolve, use_rules

BY_HAND = """\
2026-03-11 * "Jo Smith" "Refund by hand"
  document_key: "by-hand-1"
  Income:Sales             50.00 USD
  Assets:Stripe:Clearing  -50.00 USD

"""
LOST = {"before": "lost before the write", "after": "lost after the write"}


def in_doubt(
    folder: Path, when: str, place: int = 1, memo: bool = False, **ledger: Any
) -> tuple[SmallBooks, Weather]:
    """A refund whose answer to the write at `place` did not come; a hand wrote it in the meantime."""
    if memo:
        books = open_shop(folder, MEMO_RULES, sales="invoice_and_payment", fees=False, **ledger)
    else:
        books = open_shop(folder, fees=False, **ledger)
    weather = Weather(books.world.clock, write_faults={place: MOODS[LOST[when]]}, batch_size=1)
    with weather.over():
        books.sync()
    assert weather.fired == [LOST[when]]
    assert books.outcomes() == {REFUND: ("failed", "network")}
    with open(books.books / "main.beancount", "a", encoding="utf-8") as file:
        file.write(BY_HAND)
    return books, weather


def sync(books: SmallBooks, weather: Weather) -> None:
    with weather.over():
        assert books.sync().errors == []


def sentence(books: SmallBooks) -> str:
    ((said,),) = books.rows("decision WHERE subject = 'refund'", "sentence")
    return str(said)


def test_skipped_and_not_written_it_is_never_written(tmp_path: Path) -> None:
    books, weather = in_doubt(tmp_path, "before")
    resolve(books, "--skip")
    assert books.outcomes() == {REFUND: ("excluded", "skipped_by_person")}
    for _ in range(2):
        sync(books, weather)
        assert kinds(books) == []
        assert books.outcomes() == {REFUND: ("excluded", "skipped_by_person")}
    with weather.over():
        command(books, "resync", REFUND)
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}


def test_skipped_and_written_it_is_posted_and_says_so(tmp_path: Path) -> None:
    books, weather = in_doubt(tmp_path, "after")
    resolve(books, "--skip")
    sync(books, weather)
    assert kinds(books) == ["refund_receipt"]
    assert books.outcomes() == {REFUND: ("posted", None)}
    assert "a person skipped it" in sentence(books)


def test_a_retry_that_is_taken_back_by_a_skip_writes_nothing(tmp_path: Path) -> None:
    books = open_shop(tmp_path, fees=False)
    with Weather(books.world.clock, write_faults={1: MOODS["rejected"]}).over():
        books.sync()
        resolve(books, "--retry")
        resolve(books, "--skip")
        books.sync()
        assert kinds(books) == []
        assert books.outcomes() == {REFUND: ("excluded", "skipped_by_person")}
        resolve(books, "--skip")
        resolve(books, "--retry")
        books.sync()
    assert kinds(books) == ["refund_receipt"]


def test_a_skipped_cash_leg_leaves_the_memo(tmp_path: Path) -> None:
    books, weather = in_doubt(tmp_path, "before", 2, memo=True)
    resolve(books, "--skip")
    sync(books, weather)
    assert kinds(books) == ["credit_memo"]
    assert books.outcomes() == {REFUND: ("posted", None)}


def test_skipped_while_the_ledger_lags(tmp_path: Path) -> None:
    """Absent is not believed yet: it stays in doubt, and given up."""
    books, weather = in_doubt(tmp_path, "before", limits={"settle_after": "10m"})
    resolve(books, "--skip")
    sync(books, weather)
    assert books.outcomes() == {REFUND: ("failed", "network")}
    books.world.clock.now += 600
    sync(books, weather)
    assert kinds(books) == []
    assert books.outcomes() == {REFUND: ("excluded", "skipped_by_person")}


def test_adopted_and_not_written(tmp_path: Path) -> None:
    books, weather = in_doubt(tmp_path, "before")
    resolve(books, "--adopt", "by-hand-1")
    sync(books, weather)
    sync(books, weather)
    assert kinds(books) == []
    assert books.outcomes() == {REFUND: ("adopted", None)}
    assert "by-hand-1" in sentence(books)


@pytest.mark.parametrize("memo", [False, True])
def test_adopted_and_written_before_it_is_held_until_one_is_taken_out(tmp_path: Path, memo: bool) -> None:
    books, weather = in_doubt(tmp_path, "after", 2 if memo else 1, memo)
    written = kinds(books)
    if memo:
        # The memo was known to be posted: that refund is no longer to be adopted.
        resolve(books, "--adopt", "by-hand-1", code=2)
        return
    resolve(books, "--adopt", "by-hand-1")
    sync(books, weather)
    assert books.outcomes() == {REFUND: ("held", "duplicate_in_books")}
    assert "twice" in sentence(books)
    use_rules(books, MEMO_RULES)
    sync(books, weather)
    assert books.outcomes() == {REFUND: ("held", "duplicate_in_books")}
    main = books.books / "main.beancount"
    main.write_text(main.read_text(encoding="utf-8").replace(BY_HAND, ""), encoding="utf-8")
    resolve(books, "--retry")
    sync(books, weather)
    assert books.outcomes() == {REFUND: ("posted", None)}
    assert kinds(books) == written
