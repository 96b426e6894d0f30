"""What others booked for a refund: adopted, completed, or held, and never booked a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shop import CLEARING, RECEIVABLE, SALES, TAX, Shop, second

MEMO = ((SALES, "100.00"), (TAX, "10.00"), (RECEIVABLE, "-110.00"))
PAYOUT = ((RECEIVABLE, "110.00"), (CLEARING, "-110.00"))
RECEIPT = ((SALES, "100.00"), (TAX, "10.00"), (CLEARING, "-110.00"))
LINK = ("re_1",)
DAY = "2026-03-09"


def refunded(folder: Path, *, receipt: bool = False, **settings: Any) -> Shop:
    """The base case, sold and paid by hand, wholly refunded at Stripe before the connector's first run."""
    shop = Shop(folder, **settings)
    if receipt:
        shop.receipt()
    else:
        shop.invoice()
        shop.payment()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    return shop


# ---------------------------------------------------------------------------------------------- cut over


def test_both_legs_by_hand_are_adopted(tmp_path: Path) -> None:
    shop = refunded(tmp_path)
    shop.write("credit_memo", "CM-7", DAY, *MEMO, links=LINK)
    shop.write("refund_payout", "CM-7", DAY, *PAYOUT, links=LINK)
    report = shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}
    assert shop.ours() == []
    assert shop.balances() == {}
    documents = report["ledgers"]["main"]["documents"]
    assert sorted((d["kind"], d["number"], d["state"], d["amount"]["amount"]) for d in documents) == [
        ("credit_memo", "CM-7", "adopted", "110.00"),
        ("refund_payout", "CM-7", "adopted", "110.00"),
    ]
    assert all(d["ledger_id"].startswith("by-hand.beancount:") for d in documents)
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize("how", ["link", "metadata", "words"])
def test_one_document_that_is_both_legs(tmp_path: Path, how: str) -> None:
    """A plain journal entry without kind or number, that names the refund in any place."""
    refund_id = "re_3T00000AcmeBooks0abcdefg"
    shop = Shop(tmp_path)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund(refund_id, "ch_1", day=DAY)
    if how == "link":
        shop.write(None, None, DAY, *RECEIPT, links=(refund_id,))
    elif how == "metadata":
        shop.write(None, None, DAY, *RECEIPT, refund_id=refund_id)
    else:
        shop.write(None, None, DAY, *RECEIPT, memo=f"Stripe {refund_id} given back")
    shop.sync(0)
    assert shop.outcomes() == {refund_id: "adopted"}
    assert [d["kind"] for d in shop.listed("documents")] == ["refund_receipt"]
    assert shop.balances() == {}
    shop.check_lost_state()


def test_postings_in_any_order(tmp_path: Path) -> None:
    shop = refunded(tmp_path, receipt=True)
    shop.write(None, None, DAY, *reversed(RECEIPT), links=LINK)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}


def test_one_entry_that_names_two_refunds(tmp_path: Path) -> None:
    """Its amounts are those of neither: a person decides, and nothing is booked twice."""
    shop = Shop(tmp_path)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 5000, DAY)
    shop.refund("re_2", "ch_1", 6000, DAY)
    shop.write(None, None, DAY, *RECEIPT, links=("re_1", "re_2"))
    shop.sync(3)
    assert shop.outcomes() == {
        "re_1": "held duplicate_in_books",
        "re_2": "held duplicate_in_books",
    }
    assert shop.ours() == []


def test_a_payout_of_a_lone_payment(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.payment("D-1")
    shop.charge("ch_1", order="D-1")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.write("refund_payout", "D-1", DAY, *PAYOUT, links=LINK)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}
    assert shop.ours() == []


def test_an_adopted_refund_counts_for_the_next_one(tmp_path: Path) -> None:
    """Others took back 60.00 and 6.00; ours takes the rest of income and tax to zero."""
    shop = Shop(tmp_path)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 6600, DAY)
    shop.refund("re_2", "ch_1", 4400, "2026-03-10")
    shop.write(
        "refund_receipt",
        "R-1",
        DAY,
        (SALES, "60.00"),
        (TAX, "6.00"),
        (CLEARING, "-66.00"),
        links=LINK,
        sale="100",
    )
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted", "re_2": "posted"}
    assert shop.outcome("re_2")["number"] == "100"
    assert shop.balances() == {}
    shop.check_lost_state()


def test_what_a_person_adopted_counts_once_for_the_next_one(tmp_path: Path) -> None:
    """The document by hand names no refund: it is the first one's share, and not booked by others besides."""
    rules = (
        '[{"name": "large", "when": {"amount": {"at_least": "60.00"}}, "then": "hold"},'
        ' {"name": "all", "when": {}, "then": "refund_receipt"}]'
    )
    shop = Shop(tmp_path, rules=rules)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.write(
        "refund_receipt", "R-1", DAY, (SALES, "60.00"), (TAX, "6.00"), (CLEARING, "-66.00"), sale="100"
    )
    shop.refund("re_1", "ch_1", 6600, DAY)
    shop.sync(3)
    assert shop.resolve("re_1", "--adopt", shop.ledger_id("refund_receipt", "R-1")).code == 0
    shop.refund("re_2", "ch_1", 4400, "2026-03-10")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted", "re_2": "posted"}
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_an_adopted_refund_of_another_charge_on_the_same_invoice(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.invoice()
    shop.payment(amount="66.00", links=("ch_1",))
    shop.payment(amount="44.00", links=("ch_2",))
    shop.charge("ch_1", 6600, order="100")
    shop.charge("ch_2", 4400, order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.refund("re_2", "ch_2", day="2026-03-10")
    shop.write("credit_memo", "100", DAY, (SALES, "60.00"), (TAX, "6.00"), (RECEIVABLE, "-66.00"), links=LINK)
    shop.write("refund_payout", "100", DAY, (RECEIVABLE, "66.00"), (CLEARING, "-66.00"), links=LINK)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted", "re_2": "posted"}
    assert shop.balances() == {}
    shop.check_lost_state()


# ---------------------------------------------------------------------------------------------- one leg


@pytest.mark.parametrize(
    ("leg", "missing"),
    [
        (MEMO, f"{DAY} credit_card_refund 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"),
        (
            PAYOUT,
            f"{DAY} credit_memo 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD",
        ),
    ],
)
def test_one_leg_is_held_and_retry_posts_the_other(tmp_path: Path, leg: Any, missing: str) -> None:
    shop = refunded(tmp_path)
    shop.write(None, None, DAY, *leg, links=LINK)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held duplicate_in_books"}
    assert "--retry" in shop.outcome("re_1")["action"]
    assert shop.ours() == []
    shop.sync(3)
    assert shop.ours() == []
    assert shop.resolve("re_1", "--retry").code == 0
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    assert shop.entries("re_1") == [missing]
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize(
    ("leg", "missing"),
    [
        (MEMO, f"{DAY} credit_card_refund 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"),
        (
            PAYOUT,
            f"{DAY} credit_memo 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD",
        ),
    ],
)
def test_the_missing_leg_of_what_would_be_one_receipt(tmp_path: Path, leg: Any, missing: str) -> None:
    """Of a sales receipt the rules make a refund receipt; with one leg there, only the other is posted."""
    shop = refunded(tmp_path, receipt=True)
    shop.write(None, None, DAY, *leg, links=LINK)
    shop.sync(3)
    assert shop.resolve("re_1", "--retry").code == 0
    shop.sync(0)
    assert shop.entries("re_1") == [missing]
    assert shop.balances() == {}
    shop.check_lost_state()


def test_amounts_that_differ_are_held_until_a_person_says_so(tmp_path: Path) -> None:
    shop = refunded(tmp_path, receipt=True)
    shop.write(None, None, DAY, (SALES, "100.00"), (CLEARING, "-100.00"), links=LINK)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held duplicate_in_books"}
    assert "110.00 USD" in shop.outcome("re_1")["sentence"]
    ledger_id = shop.ledger_id(None, None)
    assert ledger_id in shop.outcome("re_1")["sentence"]
    assert shop.resolve("re_1", "--retry").code == 0
    shop.sync(3)
    assert shop.ours() == []
    assert shop.resolve("re_1", "--adopt", ledger_id).code == 0
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}
    assert shop.ours() == []
    shop.check_second_run()
    shop.check_lost_state()


def test_the_same_digits_in_another_currency_are_another_amount(tmp_path: Path) -> None:
    shop = refunded(tmp_path, receipt=True)
    shop.write(None, None, DAY, *RECEIPT, currency="EUR", links=LINK)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held duplicate_in_books"}
    assert shop.ours() == []


# ---------------------------------------------------------------------------------------------- when


def test_cut_over_ends_with_the_first_run(tmp_path: Path) -> None:
    """A refund from after the first run is ours to book; what others write about it is not looked at."""
    shop = Shop(tmp_path)
    shop.now = second("2026-03-05")
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.sync(0)
    shop.now = second("2026-03-20")
    shop.refund("re_1", "ch_1", 5500, "2026-03-04")
    shop.refund("re_2", "ch_1", 5500, "2026-03-06")
    for refund_id in ("re_1", "re_2"):
        shop.write(None, None, DAY, (SALES, "50.00"), (TAX, "5.00"), (CLEARING, "-55.00"), links=(refund_id,))
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted", "re_2": "posted"}


@pytest.mark.parametrize(
    ("adopt", "outcome"), [("always", "adopted"), ("cut_over", "posted"), ("never", "posted")]
)
def test_a_refund_from_after_the_first_run(tmp_path: Path, adopt: str, outcome: str) -> None:
    shop = Shop(tmp_path, refunds={"adopt": adopt})
    shop.now = second("2026-03-05")
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.sync(0)
    shop.now = second("2026-03-20")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.write(None, None, DAY, *RECEIPT, links=LINK)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": outcome}
    assert len(shop.ours()) == (0 if outcome == "adopted" else 1)


def test_never_looks_at_what_others_booked_before(tmp_path: Path) -> None:
    shop = refunded(tmp_path, receipt=True, refunds={"adopt": "never"})
    shop.write(None, None, DAY, *RECEIPT, links=LINK)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    assert shop.balances()[CLEARING] == "-110.00 USD"


def test_plan_does_not_end_the_cut_over(tmp_path: Path) -> None:
    """Only a run that writes is the first run."""
    shop = Shop(tmp_path)
    shop.now = second("2026-03-05")
    shop.receipt()
    shop.charge("ch_1", order="100")
    assert shop.command("plan", "--json").code == 0
    shop.now = second("2026-03-20")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.write(None, None, DAY, *RECEIPT, links=LINK)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}


# ---------------------------------------------------------------------------------------------- afterwards


def test_an_adopted_refund_that_fails_later_needs_a_person(tmp_path: Path) -> None:
    """The connector does not take back what it did not write: somebody does, and says so."""
    shop = refunded(tmp_path, receipt=True)
    shop.write(None, None, DAY, *RECEIPT, links=LINK)
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held ledger_cannot"}
    assert shop.ours() == []
    taken_back = ((SALES, "-100.00"), (TAX, "-10.00"), (CLEARING, "110.00"))
    shop.write(None, None, "2026-04-02", *taken_back)
    assert shop.resolve("re_1", "--skip").code == 0
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "excluded skipped_by_person"}
    assert shop.listed("held") == []
    assert shop.balances() == {CLEARING: "110.00 USD", SALES: "-100.00 USD", TAX: "-10.00 USD"}
    assert shop.in_stripe() == "110.00 USD"


@pytest.mark.parametrize("taken_back", [False, True])
def test_a_refund_that_others_booked_and_that_failed_before_the_first_run(
    tmp_path: Path, taken_back: bool
) -> None:
    shop = refunded(tmp_path, receipt=True)
    shop.fail("re_1", "2026-04-06")
    shop.write("refund_receipt", "R-1", DAY, *RECEIPT, links=LINK)
    if taken_back:
        shop.write(None, None, "2026-04-06", *((a, negated(m)) for a, m in RECEIPT), links=LINK)
    shop.sync(0 if taken_back else 3)
    assert shop.outcomes() == {"re_1": "dropped" if taken_back else "held ledger_cannot"}
    shop.check_second_run()
    shop.check_lost_state()
    if not taken_back:
        assert shop.ledger_id("refund_receipt", "R-1") in shop.outcome("re_1")["sentence"]
        assert shop.resolve("re_1", "--skip").code == 0
        assert shop.outcomes() == {"re_1": "excluded skipped_by_person"}


def negated(amount: str) -> str:
    return amount[1:] if amount.startswith("-") else f"-{amount}"
