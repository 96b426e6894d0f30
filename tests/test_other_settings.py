"""A state is filled from books that were written under other settings: names, or another form of sales."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from cli_books import CLEARING, Books, at, movement, transactions
from test_cli_hand import books

__all__ = ["books"]


def rename_ledger(books: Books) -> None:
    books.settings["ledgers"] = {"other": books.settings["ledgers"]["main"]}
    books.change()


def rename_books(books: Books) -> None:
    books.lose_state()
    books.change(books="new")


def rename_account(books: Books) -> None:
    books.lose_state()
    books.change(stripe={"account": "acct_1234567890"})


@pytest.mark.parametrize("rename", [rename_ledger, rename_books, rename_account])
@pytest.mark.parametrize("sales", ["invoice_and_payment", "sales_receipt"])
@pytest.mark.parametrize("words", [("sync",), ("rebuild",)])
def test_books_that_were_written_under_other_names_are_not_written_again(
    books: Books, rename: Callable[[Books], None], sales: str, words: tuple[str, ...]
) -> None:
    books.ledger(sales=sales)
    books.sync()
    before, settings = books.files(), json.loads(json.dumps(books.settings))
    rename(books)
    refused = books.run(*words)
    assert refused.code == 2
    assert str(books.config) in refused.err and "ledgers." in refused.err
    assert "written under another name" in refused.err
    assert books.files() == before
    books.settings = settings
    books.change()
    books.lose_state()
    books.sync()
    assert books.files() == before


def test_names_are_told_by_what_the_state_knows(books: Books) -> None:
    """Refunds and sales of another Stripe account in the same books are no business of these."""
    books.sync()
    before = books.balance(CLEARING)
    books.lose_state()
    books.export.objects.clear()
    books.export.charge("300", 500)
    books.change(books="new")
    books.sync()
    assert books.balance(CLEARING) == {"usd": before["usd"] + 5}


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize(
    ("first", "second"),
    [("sales_receipt", "invoice_and_payment"), ("invoice_and_payment", "sales_receipt")],
)
def test_a_lost_state_after_another_form_of_sales(
    books: Books, first: str, second: str, failed: bool
) -> None:
    """What stands in the books keeps its form; the other takes effect on sales that do not stand there."""
    books.ledger(sales=first, fees=True)
    books.export.charge("200", 11000, fee=349)
    books.sync()
    before = books.files()
    books.ledger(sales=second)
    books.lose_state()
    if failed:
        fail_charge(books, "ch_200")
    books.sync()
    added = {name: text[len(before.get(name, b"")) :] for name, text in books.files().items()}
    kinds = sorted(re.findall(r'kind: "(\w+)"', b"".join(added.values()).decode()))
    taken_back = 0 if not failed else 1 if first == "sales_receipt" else 2
    assert kinds == ["reversal"] * taken_back
    books.export.charge("300", 500)
    books.sync()
    kinds_of = {
        t.metadata["kind"] for t in transactions(books.ledger_folder) if t.metadata["number"] == "300"
    }
    assert kinds_of == ({"sales_receipt"} if second == "sales_receipt" else {"invoice", "payment"})


def fail_charge(books: Books, charge_id: str) -> None:
    charge = books.export.objects[charge_id]
    charge.update(status="failed", failure_balance_transaction="txn_back")
    moved = movement(
        "txn_back", -charge["amount"], "usd", at("2026-02-20T15:00:00"), "payment_failure_refund", charge_id
    )
    books.export.put(moved)
