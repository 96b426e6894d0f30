"""What must be true of books after everything has arrived: the promise "exactly once" as one function, `check`.

What is expected is worked out from Stripe's objects alone: which documents each charge and refund must have become,
their numbers, and every account's balance.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from cli_books import CLEARING, FEES, RECEIVABLE, Transaction
from small_books import SmallBooks
from small_shop import Shop

INCOME = "Income:Sales"
TAX = "Liabilities:Sales-Tax-Payable"

Json = dict[str, Any]


def check(books: SmallBooks, shop: Shop, numbers: bool = True) -> None:
    """Nothing twice, nothing lost, every number right, no wrong state, and every account as Stripe's objects say.

    `numbers` False: others hold some of them, so that refunds and sales have the next ones.
    """
    found = books.transactions()
    check_nothing_twice(found)
    check_nothing_lost(found, shop, books.ledger)
    check_numbers_once(found)
    if numbers:
        check_numbers(found, shop)
    check_balances(found, shop)
    check_files(books)
    check_states(books, shop)


def check_nothing_twice(found: list[Transaction]) -> None:
    keys = Counter(one.metadata["document_key"] for one in found)
    assert [key for key, count in keys.items() if count > 1] == []
    # The same document under another key is the same document.
    effects = Counter(name_of(one) for one in found)
    assert [effect for effect, count in effects.items() if count > 1] == []


def name_of(one: Transaction) -> tuple[str, ...]:
    """What a document is, by what it says: kind, what it is for, and which of two fees or reversals."""
    said = one.metadata
    subject = said.get("refund_id") or said["charge_id"]
    which = "failure" if said["kind"] == "fee" and one.moved(CLEARING) > 0 else said.get("reverses", "")
    return said["kind"], subject, which


def check_nothing_lost(found: list[Transaction], shop: Shop, ledger: Json) -> None:
    """Each charge and each refund has the documents that its form and its rule give it, and no others."""
    invoices = ledger.get("sales") == "invoice_and_payment"
    expected: list[tuple[str, str]] = []
    for charge in shop.of_kind("charge"):
        kinds = ["invoice", "payment"] if invoices else ["sales_receipt"]
        expected += [(kind, charge["id"]) for kind in kinds + fee_of(shop, charge)]
    for refund in shop.of_kind("refund"):
        expected += [(kind, refund["id"]) for kind in refund_kinds(shop, refund, invoices)]
    seen = [
        (one.metadata["kind"], one.metadata.get("refund_id") or one.metadata["charge_id"]) for one in found
    ]
    assert sorted(seen) == sorted(expected)


def fee_of(shop: Shop, one: Json) -> list[str]:
    return ["fee"] if shop.objects[one["balance_transaction"]]["fee"] else []


def was_posted(shop: Shop, refund: Json) -> bool:
    """Whether a refund ever came into the books: it succeeded, or failed after it had."""
    return refund["status"] in ("succeeded", "failed") and refund["id"] not in shop.never_posted


def refund_kinds(shop: Shop, refund: Json, invoices: bool) -> list[str]:
    if not was_posted(shop, refund):
        return []
    method = shop.objects[refund["charge"]]["payment_method_details"]["type"]
    cash = "credit_card_refund" if method == "card" else "refund_payout"
    kinds = ["credit_memo", cash] if invoices else ["refund_receipt"]
    mirrors = ["reversal"] * len(kinds) if refund["status"] == "failed" else []
    return kinds + fee_of(shop, refund) + mirrors


def check_numbers(found: list[Transaction], shop: Shop) -> None:
    """100, 100-1, 100-2 by the order of Stripe's refunds; every document of a refund shows its number."""
    for charge in shop.of_kind("charge"):
        number = charge["metadata"]["order_number"]
        assert {one.metadata["number"] for one in found if of(one) == charge["id"]} == {number}
        posted = [r for r in shop.of_kind("refund") if r["charge"] == charge["id"] and was_posted(shop, r)]
        for place, refund in enumerate(posted):
            mine = number if place == 0 else f"{number}-{place}"
            shown = {one.metadata["number"] for one in found if of(one) == refund["id"]}
            assert shown - {f"{mine}-R"} == {mine}, (refund["id"], shown)


def check_numbers_once(found: list[Transaction]) -> None:
    """No two refunds have one number, and no refund has two; but for what takes it back."""
    shown: dict[str, set[str]] = {}
    for one in found:
        if one.metadata["kind"] != "reversal":
            shown.setdefault(of(one), set()).add(one.metadata["number"])
    assert {key: texts for key, texts in shown.items() if len(texts) > 1} == {}
    taken: dict[str, set[str]] = {}
    for one in found:
        if "refund_id" in one.metadata:
            taken.setdefault(one.metadata["number"], set()).add(one.metadata["refund_id"])
    assert {number: ids for number, ids in taken.items() if len(ids) > 1} == {}


def of(one: Transaction) -> str:
    return one.metadata.get("refund_id") or one.metadata["charge_id"]


def check_balances(found: list[Transaction], shop: Shop) -> None:
    """The trial balance: clearing is the Stripe balance, receivable is empty, income and tax what is not given back."""
    expected = {CLEARING: 0, FEES: 0, RECEIVABLE: 0, "earned": 0}
    for moved in shop.of_kind("balance_transaction"):
        if moved["source"] in shop.never_posted:
            continue
        expected[CLEARING] += moved["net"]
        expected[FEES] += moved["fee"]
        expected["earned"] -= moved["amount"]
    actual = {
        CLEARING: total(found, CLEARING),
        FEES: total(found, FEES),
        RECEIVABLE: total(found, RECEIVABLE),
        "earned": total(found, INCOME) + total(found, TAX),
    }
    assert actual == {account: Decimal(minor).scaleb(-2) for account, minor in expected.items()}


def total(found: list[Transaction], account: str) -> Decimal:
    return sum((one.moved(account) for one in found), Decimal(0))


_OPEN = re.compile(r"^1970-01-01 open (\S+)$", re.MULTILINE)
_INCLUDE = re.compile(r'^include "([^"]+)"$', re.MULTILINE)


def check_files(books: SmallBooks) -> None:
    """Whole transactions in files that are included, accounts opened once, nothing of a broken write left behind."""
    main = (books.books / "main.beancount").read_text(encoding="utf-8")
    months = sorted(path.name for path in books.books.glob("[0-9]*.beancount"))
    assert sorted(_INCLUDE.findall(main)) == months
    opened = Counter(_OPEN.findall(main))
    used = {account for one in books.transactions() for account, _, _ in one.postings}
    assert set(opened) == used and set(opened.values()) == {1}
    for name in months:
        assert (books.books / name).read_bytes().endswith(b"\n\n")
    left = {path.name for path in books.books.iterdir()} - {"main.beancount", ".lock", *months}
    assert {name for name in left if not name.startswith(".index.sqlite3")} == set()


def check_states(books: SmallBooks, shop: Shop) -> None:
    """Every refund has reached its outcome, every document its state, every number is settled."""
    wanted = {}
    for refund in shop.of_kind("refund"):
        if not was_posted(shop, refund):
            outcome = ("waiting", "refund_pending") if refund["status"] == "pending" else ("dropped", None)
        else:
            outcome = ("reversed", None) if refund["status"] == "failed" else ("posted", None)
        wanted[refund["id"]] = outcome
    assert books.outcomes() == wanted
    assert set(books.states()) <= {"posted", "reversed"}
    assert [row for row in books.rows("refund_number", "refund_id, settled") if not row[1]] == []
    keys = {one.metadata["document_key"] for one in books.transactions()}
    assert {row[0] for row in books.rows("document", "document_key")} == keys
