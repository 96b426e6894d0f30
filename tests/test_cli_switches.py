"""Switching refund types on and off through the settings file, as a bookkeeper would."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from cli_books import CLEARING, RECEIVABLE, Books, Json, bean_check, transactions

CHARGE = Decimal("110.00")
ALL_OFF = {
    "credit_memo": False,
    "credit_card_refund": False,
    "refund_payout": False,
    "refund_receipt": False,
    "void": False,
    "reopen_invoice": False,
}


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Two sales of 110.00, posted as invoice and payment; the first has a refund of 30.00."""
    made = Books(tmp_path, ledgers={"main": {"fees": False}})
    made.export.charge("100", 11000)
    made.export.charge("200", 11000)
    made.export.refund("one", "ch_100", 3000)
    return made


def kinds(books: Books, refund_id: str) -> list[str]:
    return [d["kind"] for d in books.documents(refund_id) if d["state"] == "posted"]


def test_all_on_gives_credit_memo_and_card_refund(books: Books) -> None:
    books.sync()
    assert kinds(books, "re_one") == ["credit_memo", "credit_card_refund"]
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}
    assert books.balance(RECEIVABLE) == {}


def test_a_type_that_is_off_gives_the_next_rule_its_chance(books: Books) -> None:
    books.ledger(refund_types={"credit_memo": False})
    books.sync()
    assert kinds(books, "re_one") == ["refund_receipt"]
    (document,) = books.documents("re_one")
    assert document["rule"] == "refund of an invoice without credit memos"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}
    assert books.balance(RECEIVABLE) == {}


def test_no_rule_left_is_excluded_until_resync(books: Books) -> None:
    books.ledger(refund_types={"credit_memo": False, "refund_receipt": False})
    books.sync()
    outcome = books.outcome("re_one")
    assert (outcome["outcome"], outcome["reason"]) == ("excluded", "type_switched_off")
    assert (outcome["documents"], outcome["number"]) == ([], None)
    assert "resync" in outcome["action"]
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE}

    books.ledger(refund_types={"credit_memo": True})
    books.sync()
    assert books.outcome("re_one")["outcome"] == "excluded"
    done = books.run("resync", "re_one")
    assert done.code == 0
    assert kinds(books, "re_one") == ["credit_memo", "credit_card_refund"]
    assert books.outcome("re_one")["number"] == "100"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}


def test_an_excluded_refund_takes_no_number(books: Books) -> None:
    books.ledger(refund_types={"credit_memo": False, "refund_receipt": False})
    books.sync()
    books.ledger(refund_types={"credit_memo": True})
    books.export.refund("two", "ch_100", 1000, when="2026-02-11T15:00:00")
    books.sync()
    assert books.outcome("re_two")["number"] == "100"
    books.run("resync", "re_one")
    assert books.outcome("re_one")["number"] == "100-1"
    assert books.outcome("re_two")["number"] == "100"


def test_a_cash_leg_that_is_off_leaves_the_memo_open_and_says_so(books: Books) -> None:
    books.ledger(refund_types={"credit_card_refund": False})
    books.export.write()
    said = books.run("sync")
    assert said.code == 0
    assert "switched off" in said.out
    assert "30.00" in said.out
    assert kinds(books, "re_one") == ["credit_memo"]
    outcome = books.outcome("re_one")
    assert outcome["outcome"] == "posted"
    assert any("credit_card_refund is switched off" in w and "30.00 USD" in w for w in outcome["warnings"])
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE}
    assert books.balance(RECEIVABLE) == {"usd": Decimal("-30.00")}
    differences = books.run("status", "--json").json["clearing_differences"]
    assert [(d["id"], d["amount"]) for d in differences] == [
        ("re_one", {"amount": "-30.00", "currency": "usd"})
    ]


def test_resync_adds_the_cash_leg_once_it_is_on(books: Books) -> None:
    books.ledger(refund_types={"credit_card_refund": False})
    books.sync()
    memo = books.files()
    assert books.run("resync", "re_one").code == 0
    assert books.files() == memo
    books.ledger(refund_types={"credit_card_refund": True})
    books.sync()
    assert books.files() == memo
    assert books.run("resync", "re_one").code == 0
    assert kinds(books, "re_one") == ["credit_memo", "credit_card_refund"]
    assert {d["number"] for d in books.documents("re_one")} == {"100"}
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}
    assert books.balance(RECEIVABLE) == {}
    assert books.run("status", "--json").json["clearing_differences"] == []
    after = books.files()
    assert books.run("resync", "re_one").code == 0
    assert books.files() == after


def test_the_warning_goes_once_the_cash_leg_is_there(books: Books) -> None:
    books.ledger(refund_types={"credit_card_refund": False})
    books.sync()
    books.run("resync", "re_one")
    assert any("switched off" in w for w in books.outcome("re_one")["warnings"])
    books.ledger(refund_types={"credit_card_refund": True})
    books.run("resync", "re_one")
    assert books.outcome("re_one")["warnings"] == []


def test_the_open_memo_survives_a_lost_state(books: Books) -> None:
    books.ledger(refund_types={"credit_card_refund": False})
    books.sync()
    before = books.files()
    books.lose_state()
    books.sync()
    assert books.files() == before
    assert kinds(books, "re_one") == ["credit_memo"]
    books.ledger(refund_types={"credit_card_refund": True})
    assert books.run("resync", "re_one").code == 0
    assert kinds(books, "re_one") == ["credit_memo", "credit_card_refund"]
    assert books.balance(RECEIVABLE) == {}


def test_all_switches_off_posts_sales_and_lists_refunds(books: Books) -> None:
    books.ledger(refund_types=ALL_OFF)
    report = books.sync()
    assert report["ledgers"]["main"]["excluded"] == 1
    assert {d["kind"] for d in report["ledgers"]["main"]["documents"]} == {"invoice", "payment"}
    outcome = books.outcome("re_one")
    assert (outcome["outcome"], outcome["reason"]) == ("excluded", "type_switched_off")


def test_refunds_switched_off_and_on_again(books: Books) -> None:
    books.sync()
    books.change(refunds={"enabled": False})
    books.export.refund("two", "ch_200", 1000, when="2026-02-12T15:00:00")
    books.export.charge("300", 5000, when="2026-02-12T15:00:00")
    before = books.outcome("re_one")
    report = books.sync()
    assert report["ledgers"]["main"]["excluded"] == 1
    assert {d["charge_id"] for d in report["ledgers"]["main"]["documents"]} == {"ch_300"}
    assert (books.outcome("re_two")["outcome"], books.outcome("re_two")["reason"]) == (
        "excluded",
        "refunds_switched_off",
    )
    assert books.outcome("re_one") == before

    books.change(refunds={"enabled": True})
    books.export.refund("three", "ch_200", 2000, when="2026-02-13T15:00:00")
    books.sync()
    assert books.outcome("re_two")["outcome"] == "excluded"
    assert books.outcome("re_three")["outcome"] == "posted"
    books.run("resync", "--since", "2026-02-01")
    assert books.outcome("re_two")["outcome"] == "posted"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE + 50 - 30 - 10 - 20}


@pytest.mark.parametrize(
    "off", [{"refunds": {"enabled": False}}, {"ledgers": {"main": {"refund_types": ALL_OFF}}}]
)
def test_a_posted_refund_that_fails_is_reversed_all_the_same(books: Books, off: Json) -> None:
    books.sync()
    books.change(**off)
    books.export.fail("re_one")
    books.sync()
    outcome = books.outcome("re_one")
    assert outcome["outcome"] == "reversed"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE}
    assert books.balance(RECEIVABLE) == {}
    assert {d["state"] for d in books.documents("re_one")} == {"posted", "reversed"}


def test_a_new_rule_does_not_touch_what_is_posted(books: Books) -> None:
    books.sync()
    before = books.files()
    books.rules({"name": "all by receipt", "when": {}, "then": "refund_receipt"})
    books.sync()
    assert books.files() == before
    assert books.run("resync", "re_one").code == 0
    assert books.files() == before
    books.export.refund("two", "ch_200", 1000)
    books.sync()
    assert kinds(books, "re_two") == ["refund_receipt"]
    assert kinds(books, "re_one") == ["credit_memo", "credit_card_refund"]
    (document,) = books.documents("re_two")
    assert document["rule"] == "all by receipt"


def test_rules_that_hold_or_ignore(books: Books) -> None:
    books.export.refund("two", "ch_200", 1000, reason="fraudulent")
    books.rules(
        {"name": "fraud is looked at", "when": {"reason": "fraudulent"}, "then": "hold"},
        {"name": "nothing else", "when": {}, "then": "ignore"},
    )
    books.sync(code=3)
    assert (books.outcome("re_two")["outcome"], books.outcome("re_two")["reason"]) == (
        "held",
        "rule_says_hold",
    )
    assert (books.outcome("re_one")["outcome"], books.outcome("re_one")["reason"]) == (
        "excluded",
        "rule_says_ignore",
    )
    books.rules({"name": "all by receipt", "when": {}, "then": "refund_receipt"})
    books.sync()
    assert books.outcome("re_two")["outcome"] == "posted"
    assert books.outcome("re_one")["outcome"] == "excluded"


def test_switches_are_each_ledgers_own(tmp_path: Path) -> None:
    books = Books(
        tmp_path,
        ledgers={
            "main": {"refund_types": ALL_OFF},
            "other": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "other"}},
        },
    )
    books.export.charge("100", 11000)
    books.export.refund("one", "ch_100", 3000)
    report = books.sync()
    assert report["ledgers"]["main"]["excluded"] == 1
    assert report["ledgers"]["other"]["posted"] == 1
    assert [t.metadata["kind"] for t in transactions(tmp_path / "other")] == [
        "sales_receipt",
        "refund_receipt",
    ]
    assert bean_check(tmp_path / "other") == ""


def test_reopen_invoice_is_off_unless_switched_on(books: Books) -> None:
    books.rules(
        {"name": "reopen", "when": {"sale": "invoice"}, "then": "reopen_invoice"},
        {"name": "rest", "when": {}, "then": "refund_receipt"},
    )
    books.sync()
    assert kinds(books, "re_one") == ["refund_receipt"]
    books.ledger(refund_types={"reopen_invoice": True})
    books.export.refund("two", "ch_200", 1000)
    books.sync()
    assert kinds(books, "re_two") == ["reopen_invoice"]
    assert books.balance(RECEIVABLE) == {"usd": Decimal("10.00")}
