"""`resync --replace` of a refund of which something was never written, or which Stripe gave up meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_books import CLEARING, FEES
from exactly_once import check, total
from ledger_moods import MOODS, Weather
from small_books import MEMO_RULES, SmallBooks
from small_shop import Shop
from test_plans_made_again import RECEIPT, REFUND, command, kinds, of_refund

BOTH_LEGS = ["credit_card_refund", "credit_memo", "credit_memo", "fee", "reversal"]
# Which write goes wrong: the second of a refund, or the third. Then what stands in the books after the replacement.
PLACES = {
    "receipt, and no fee": (RECEIPT, 2, ["fee", "refund_receipt", "refund_receipt", "reversal"]),
    "memo alone": (MEMO_RULES, 2, BOTH_LEGS),
    "both legs, and no fee": (MEMO_RULES, 3, sorted([*BOTH_LEGS, "credit_card_refund", "reversal"])),
}


@pytest.mark.parametrize("mood", ("down", "throttled for long", "rejected", "period closed"))
@pytest.mark.parametrize("place", PLACES)
def test_what_was_not_written_of_the_old_documents_never_is(tmp_path: Path, place: str, mood: str) -> None:
    rules, write, wanted = PLACES[place]
    sales = "invoice_and_payment" if rules is MEMO_RULES else "sales_receipt"
    books = SmallBooks.make(tmp_path, rules, sales=sales, limits={"longest_wait": "90s"}).migrate()
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0)
    shop.write()
    books.sync()
    shop.refund("100a", "ch_100", 5000, "2026-03-10", 30)
    shop.write()
    weather = Weather(books.world.clock, write_faults={write: MOODS[mood]}, batch_size=1)
    with weather.over():
        books.sync()
        assert weather.fired == [mood]
        command(books, "resync", REFUND, "--replace")
        assert books.sync().errors == []
    assert kinds(books) == wanted
    assert total(of_refund(books), CLEARING) * 100 == -5030
    assert total(of_refund(books), FEES) * 100 == 30
    assert set(books.states()) <= {"posted", "reversed"}
    assert books.outcomes() == {REFUND: ("posted", None)}


def test_a_refund_that_has_failed_is_reversed_and_not_replaced(tmp_path: Path) -> None:
    """The command is the first to see that it failed."""
    books = SmallBooks.make(tmp_path, RECEIPT, fees=False).migrate()
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0)
    refund = shop.refund("100a", "ch_100", 5000, "2026-03-10")
    shop.write()
    books.sync()
    shop.fail(refund, "2026-03-20")
    shop.write()
    command(books, "resync", refund, "--replace")
    assert kinds(books) == ["refund_receipt", "reversal"]
    assert books.outcomes() == {refund: ("reversed", None)}
    check(books, shop)
