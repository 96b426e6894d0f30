"""What `status` lists beside clearing, so that the two together are the Stripe balance."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop import CLEARING, SALES, TAX, Shop


def differences(shop: Shop) -> dict[str, str]:
    """What it is and its id → amount."""
    told = shop.command("status", "--json").report["clearing_differences"]
    return {
        f"{d['what']} {d['id']}": f"{d['amount']['amount']} {d['amount']['currency'].upper()}" for d in told
    }


def test_the_fee_that_a_release_gave_back_is_part_of_the_difference(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt", fees=True)
    shop.charge("ch_1", 11000, order="100", fee=349, amount_captured=6600)
    shop.refund("re_release", "ch_1", 4400, "2026-03-05", fee=-128, reason="expired_uncaptured_charge")
    shop.refund("re_1", "ch_1", 6600)
    shop.sync(0)
    assert differences(shop) == {
        "release of an uncaptured part re_release": "-42.72 USD",
        "uncaptured part of a charge ch_1": "44.00 USD",
    }
    assert (shop.balances()[CLEARING], shop.in_stripe(fees=True)) == ("-3.49 USD", "-2.21 USD")


@pytest.mark.parametrize("fees", [True, False])
def test_a_balance_transaction_that_comes_after_its_refund_or_charge_was_posted(
    tmp_path: Path, fees: bool
) -> None:
    """What was posted 1:1 stays; what the balance transactions say otherwise is a known difference."""
    shop = Shop(tmp_path, sales="sales_receipt", fees=fees)
    shop.charge("ch_1", order="100", fee=349)
    shop.refund("re_1", "ch_1", 5500, fee=25)
    shop.refund("re_2", "ch_1", 5500, "2026-03-10")
    late = [shop.objects.pop(name) for name in ("txn_ch_1", "txn_re_1", "txn_re_2")]
    shop.sync(0)
    assert differences(shop) == {}
    shop.put(*late)
    shop.movement("re_2", -5600, "usd", "2026-03-10")
    shop.sync(0)
    told = {"refund settled otherwise re_2": "-1.00 USD"}
    if fees:
        told |= {
            "charge settled otherwise ch_1": "-3.49 USD",
            "refund settled otherwise re_1": "-0.25 USD",
        }
    assert differences(shop) == told
    assert CLEARING not in shop.balances()
    assert shop.in_stripe(fees=fees) == ("-4.74 USD" if fees else "-1.00 USD")


def test_the_fee_of_a_refund_that_others_booked(tmp_path: Path) -> None:
    shop = Shop(tmp_path, fees=True)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", fee=25)
    by_hand = ((SALES, "100.00"), (TAX, "10.00"), (CLEARING, "-110.00"))
    shop.write(None, None, "2026-03-09", *by_hand, links=("re_1",))
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}
    assert differences(shop) == {"fee of an adopted refund re_1": "-0.25 USD"}
    shop.set("main", fees=False)
    assert differences(shop) == {}


def test_a_document_adopted_with_another_amount_leaves_a_difference(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day="2026-03-09")
    shop.write(None, None, "2026-03-09", (SALES, "99.00"), (CLEARING, "-99.00"), links=("re_1",))
    shop.sync(3)
    assert shop.resolve("re_1", "--adopt", shop.ledger_id(None, None)).code == 0
    shop.sync(0)
    assert differences(shop) == {"adopted with another amount re_1": "-11.00 USD"}
    assert (shop.balances()[CLEARING], shop.in_stripe()) == ("11.00 USD", "0")


def test_a_payment_in_another_account_leaves_a_difference_where_that_is_trusted(tmp_path: Path) -> None:
    shop = Shop(tmp_path, clearing_check="trust")
    shop.receipt(account="Assets:Undeposited")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300, "2026-03-09")
    shop.refund("re_2", "ch_1", 4400, "2026-03-10")
    shop.sync(0)
    assert shop.outcome("re_1")["warnings"][0].startswith(
        "clearing_elsewhere: the sale's payment went to Assets:Und"
    )
    assert differences(shop) == {"payment booked elsewhere ch_1": "110.00 USD"}
    assert (shop.balances()[CLEARING], shop.in_stripe()) == ("-77.00 USD", "33.00 USD")
    shop.check_lost_state()
    assert differences(shop) == {"payment booked elsewhere ch_1": "110.00 USD"}


def test_what_refunds_and_disputes_from_before_the_start_move_after_it(tmp_path: Path) -> None:
    """They are not synced; what moved before the start is none of these books' business."""
    shop = Shop(tmp_path)
    shop.charge("ch_1", 11000, "2025-12-10", order="100")
    shop.refund("re_1", "ch_1", 5000, "2025-12-20")
    shop.refund("re_2", "ch_1", 2000, "2025-12-20")
    shop.fail("re_1", "2026-01-10")
    shop.fail("re_2", "2025-12-28")
    moved = [shop.objects[shop.movement("dp_1", -4000, "usd", "2025-12-15", 1500)]]
    moved.append(shop.objects[shop.movement("dp_1", 4000, "usd", "2026-02-01", suffix="_won")])
    shop.put(
        {
            "id": "dp_1",
            "object": "dispute",
            "amount": 4000,
            "balance_transactions": moved,
            "charge": "ch_1",
            "created": moved[0]["created"],
            "currency": "usd",
            "status": "won",
        }
    )
    shop.sync(0)
    assert shop.listed("refunds") == []
    assert differences(shop) == {
        "failure of an earlier refund re_1": "50.00 USD",
        "dispute won dp_1": "40.00 USD",
    }
