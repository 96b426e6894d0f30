"""A refund or charge that Stripe gives up while only some of its documents are in the books."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_books import CLEARING, FEES
from exactly_once import check, check_balances, total
from ledger_moods import MOODS, Weather
from small_books import MEMO_RULES, SmallBooks, engine_of
from small_shop import Shop, fail_charge
from test_plans_made_again import resolve

from connector.operations import clearing
from connector.planning.sentences import REVERSAL_SKIPPED

MOOD_NAMES = ("down", "rejected", "lost before the write", "period closed", "throttled for long")


def open_shop(folder: Path, sales: str) -> tuple[SmallBooks, Shop]:
    rules = MEMO_RULES if sales == "invoice_and_payment" else None
    books = SmallBooks.make(folder, rules, sales=sales, limits={"longest_wait": "90s"}).migrate()
    shop = Shop(books.export)
    shop.charge("100", 11000, 0, "2026-02-02", 0)
    shop.write()
    return books, shop


def spoil_last(books: SmallBooks, mood: str, place: int) -> Weather:
    """A pass in which the write at `place` goes wrong."""
    weather = Weather(books.world.clock, write_faults={place: MOODS[mood]}, batch_size=1)
    with weather.over():
        books.sync()
    assert weather.fired == [mood]
    return weather


@pytest.mark.parametrize("mood", MOOD_NAMES)
@pytest.mark.parametrize(("sales", "place"), [("sales_receipt", 2), ("invoice_and_payment", 3)])
def test_the_fee_of_a_refund_that_fails_before_its_fee_is_written(
    tmp_path: Path, mood: str, sales: str, place: int
) -> None:
    """Stripe has taken the fee all the same."""
    books, shop = open_shop(tmp_path, sales)
    books.sync()
    refund = shop.refund("100a", "ch_100", 5000, "2026-03-01", 25)
    shop.write()
    weather = spoil_last(books, mood, place)
    shop.fail(refund, "2026-03-20")
    shop.write()
    with weather.over():
        books.sync()
        for (key,) in books.rows("document WHERE state = 'rejected'", "document_key"):
            books.retry(key)
        books.sync()
    assert total(books.transactions(), FEES) * 100 == 25
    check(books, shop)


@pytest.mark.parametrize("mood", MOOD_NAMES)
def test_a_cash_leg_that_was_not_written_is_left_out_and_its_fee_charged(tmp_path: Path, mood: str) -> None:
    books, shop = open_shop(tmp_path, "invoice_and_payment")
    books.sync()
    refund = shop.refund("100a", "ch_100", 5000, "2026-03-01", 25)
    shop.write()
    weather = spoil_last(books, mood, 2)
    shop.fail(refund, "2026-03-20")
    shop.write()
    with weather.over():
        assert books.sync().errors == []
    kinds = sorted(t.metadata["kind"] for t in books.transactions() if t.metadata.get("refund_id") == refund)
    assert kinds == ["credit_memo", "fee", "reversal"]
    assert set(books.states()) <= {"posted", "reversed", "skipped"}
    assert books.outcomes() == {refund: ("reversed", None)}
    # Stripe has taken the fee all the same.
    assert total(books.transactions(), FEES) * 100 == 25
    check_balances(books.transactions(), shop)


@pytest.mark.parametrize("mood", MOOD_NAMES)
def test_the_fee_of_a_charge_that_fails_before_its_fee_is_written(tmp_path: Path, mood: str) -> None:
    books, shop = open_shop(tmp_path, "sales_receipt")
    shop.charge("200", 2000, 0, "2026-02-03", 30, "us_bank_account")
    shop.write()
    kinds = [kind for kind, _ in sent_kinds(books)]
    weather = spoil_last(books, mood, kinds.index("fee") + 1)
    fail_charge(shop, "ch_200", "2026-03-20")
    shop.write()
    with weather.over():
        books.sync()
        for (key,) in books.rows("document WHERE state = 'rejected'", "document_key"):
            books.retry(key)
        assert books.sync().errors == []
    assert total(books.transactions(), FEES) * 100 == 30
    assert total(books.transactions(), CLEARING) * 100 == 11000 - 30


def sent_kinds(books: SmallBooks) -> list[tuple[str, str]]:
    """Kind and subject of each document in the order in which a clean pass sends them."""
    clean = books.copy(books.folder.with_name("clean"))
    weather = Weather(clean.world.clock, batch_size=1)
    with weather.over():
        clean.sync()
    by_key = {
        key: (kind, subject)
        for key, kind, subject in clean.rows("document", "document_key, kind, subject_id")
    }
    return [by_key[request.document_keys[0]] for request in weather.sent]


@pytest.mark.parametrize("mood", ("rejected", "period closed", "throttled for long"))
def test_a_reversal_that_a_person_skips_is_a_known_difference(tmp_path: Path, mood: str) -> None:
    """Stripe has the money back and the books show the refund: it is said, and stays said when acknowledged."""
    books, shop = open_shop(tmp_path, "sales_receipt")
    refund = shop.refund("100a", "ch_100", 5000, "2026-03-01")
    shop.write()
    books.sync()
    shop.fail(refund, "2026-03-20")
    shop.write()
    weather = spoil_last(books, mood, 1)
    resolve(books, "--skip")
    with weather.over():
        books.sync()
        books.sync()
    (said,) = books.rows("decision WHERE subject = 'refund'", "outcome, sentence")
    assert said == ("reversed", REVERSAL_SKIPPED)
    assert total(books.transactions(), CLEARING) == 60
    resolve(books, "--skip")
    engine = engine_of(f"sqlite:///{books.state}")
    differences = [(d.object_id, d.amount_minor, d.what) for d in clearing.skipped_reversals(engine, "main")]
    assert differences == [(refund, 5000, "reversal skipped")]
