"""Accounts that a person opened, closed or renamed: what they cannot take is held, and bean-check has nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop import CLEARING, Shop

from connector.ledgers.beancount_faults import broken_line

DAY = "2026-03-09"


def shop_with(folder: Path, main: str) -> Shop:
    """One sale and its refund, and a main file that a person began."""
    shop = Shop(folder, sales="sales_receipt")
    (shop.books / "main.beancount").write_text(main)
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    return shop


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (f"2020-01-01 open {CLEARING} EUR\n", "takes EUR only, and the sales receipt is in USD"),
        (
            f"2026-06-01 open {CLEARING}\n",
            "is open from 2026-06-01 on, and the sales receipt is of 2026-03-02",
        ),
        (
            f"2020-01-01 open {CLEARING}\n2026-02-01 close {CLEARING}\n",
            "is closed since 2026-02-01, and the sales receipt is of 2026-03-02",
        ),
    ],
    ids=["currency", "opened late", "closed"],
)
def test_what_an_account_cannot_take_is_held(tmp_path: Path, main: str, why: str) -> None:
    shop = shop_with(tmp_path, main)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held account_not_mapped"}
    assert f"account {CLEARING} {why}" in str(shop.outcome("re_1")["sentence"])
    assert shop.ours() == []
    (shop.books / "main.beancount").write_text(f"2020-01-01 open {CLEARING} USD\n")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}


def test_an_account_that_is_closed_after_the_sale_takes_the_sale_and_not_the_refund(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, f"2020-01-01 open {CLEARING}\n")
    with (shop.books / "more.beancount").open("w") as more:
        more.write(f"2026-03-05 close {CLEARING}  ; a new account from here on\n")
    with (shop.books / "main.beancount").open("a") as main:
        main.write('include "more.beancount"\n')
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held account_not_mapped"}
    assert len(shop.entries("ch_1")) == 1
    assert shop.outcome("re_1")["sentence"] == (
        f"account {CLEARING} is closed since 2026-03-05, and the refund receipt is of {DAY}"
    )


def test_a_failure_after_the_account_was_closed_is_held(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, f"2020-01-01 open {CLEARING}\n")
    shop.sync(0)
    with (shop.books / "main.beancount").open("a") as main:
        main.write(f"2026-03-31 close {CLEARING}\n")
    shop.fail("re_1", "2026-04-02")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held account_not_mapped"}
    text = (shop.books / "main.beancount").read_text()
    (shop.books / "main.beancount").write_text(text.replace(f"2026-03-31 close {CLEARING}\n", ""))
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "reversed"}


def test_names_that_the_books_have_not_are_held(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, 'option "name_assets" "Vermoegen"\n')
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held account_not_mapped"}
    assert (
        f"account {CLEARING} does not begin with a name that the books have "
        "(Equity, Expenses, Income, Liabilities, Vermoegen)"
    ) in str(shop.outcome("re_1")["sentence"])


@pytest.mark.parametrize(
    ("main", "line", "what"),
    [
        (b'option "title" "Shop\n', 1, "the string that begins here is not closed"),
        (
            b'; "\n* "\noption "title" "Shop\ninclude "a.beancount"\n',
            3,
            "the string that begins here is not closed",
        ),
        (b'option "title" "Shop"\n\n2026-01-01 note Assets:A "\xff"\n', 3, "this is no UTF-8 text"),
    ],
)
def test_a_main_file_that_swallows_what_is_added_stops_the_ledger(
    tmp_path: Path, main: bytes, line: int, what: str
) -> None:
    shop = shop_with(tmp_path, "")
    path = shop.books / "main.beancount"
    path.write_bytes(main)
    ran = shop.command("sync")
    assert ran.code == 1
    assert f"{path}:{line}: {what}" in ran.err
    assert path.read_bytes() == main
    assert list(shop.books.glob("2026-*")) == []
    path.write_bytes(b"")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        'option "title" "a \\" b"\n',
        '2026-01-01 * "two\nlines; and \\"quotes\\"" "more"\n  Assets:A  1 USD ; "\n  Assets:B\n',
        '* "a heading\n; "a comment\ninclude "2026-03.beancount"\n',
        '2026-01-01 * "I\'ll" "" ; "\n',
    ],
)
def test_what_beancount_reads_whole_is_whole(text: str) -> None:
    assert broken_line(text.encode()) is None


def test_check_warns_of_an_account_that_is_open_too_late_for_what_is_synced(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, f"2025-06-01 open {CLEARING}\n2026-02-01 open Income:Sales\n")
    told = shop.command("check").out
    assert "account Income:Sales is open from 2026-02-01 only: documents of earlier days are held" in told
    assert f"account {CLEARING} is open" not in told
