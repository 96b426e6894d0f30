"""From pending to reversed, as Stripe tells it between runs: what each change writes, and what none of them does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from shop import CLEARING, EXCHANGE, FEES, RECEIVABLE, SALES, TAX, Shop

from connector.delivery.file_courier import FileCourier
from connector.ledgers.contract import Answer, Request

DAY = "2026-03-09"
FAILED = "2026-04-02"
MEMO = f"credit_memo 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD"
CARD = f"credit_card_refund 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
CARD_BACK = f"{FAILED} reversal 100-R Jo Smith: {RECEIVABLE} -110.00 USD, {CLEARING} 110.00 USD"
MEMO_BACK = (
    f"{FAILED} reversal 100-R Jo Smith: {SALES} -100.00 USD, {TAX} -10.00 USD, {RECEIVABLE} 110.00 USD"
)
SOLD = {CLEARING: "110.00 USD", SALES: "-100.00 USD", TAX: "-10.00 USD"}


def sold(folder: Path, **settings: Any) -> Shop:
    """The base case, invoiced and paid by hand."""
    shop = Shop(folder, **settings)
    shop.invoice()
    shop.payment()
    shop.charge("ch_1", order="100")
    return shop


def refunded(folder: Path, amount: int | None = None, **settings: Any) -> Shop:
    """The base case, refunded and posted."""
    shop = sold(folder, **settings)
    shop.refund("re_1", "ch_1", amount, DAY)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    return shop


def held(shop: Shop) -> list[str]:
    return [str(one["refund_id"]) for one in shop.listed("held")]


# ---------------------------------------------------------------------------------------------- before it is posted


@pytest.mark.parametrize("status", ["pending", "requires_action"])
def test_it_waits_until_it_has_succeeded(tmp_path: Path, status: str) -> None:
    shop = sold(tmp_path)
    shop.refund("re_1", "ch_1", day=DAY, status=status)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "waiting refund_pending"}
    assert shop.ours() == []
    shop.change("re_1", status="succeeded")
    shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {MEMO}", f"{DAY} {CARD}"]
    assert shop.balances() == {}


@pytest.mark.parametrize(("before", "after"), [("pending", "failed"), ("requires_action", "canceled")])
def test_it_is_dropped_where_it_never_succeeded(tmp_path: Path, before: str, after: str) -> None:
    shop = sold(tmp_path)
    shop.refund("re_1", "ch_1", day=DAY, status=before)
    shop.sync(0)
    shop.fail("re_1", FAILED, after)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "dropped"}
    assert shop.ours() == []
    assert held(shop) == []
    shop.check_second_run()
    shop.check_lost_state()


def test_a_refund_that_had_failed_before_the_first_run(tmp_path: Path) -> None:
    shop = sold(tmp_path)
    shop.refund("re_1", "ch_1", day=DAY)
    shop.fail("re_1", FAILED)
    shop.refund("re_2", "ch_1", day="2026-04-03")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "dropped", "re_2": "posted"}
    assert shop.outcome("re_2")["number"] == "100"
    assert shop.balances() == {}


def test_posted_while_pending(tmp_path: Path) -> None:
    """With `post_when: pending` it is posted early, changes nothing when it succeeds, and is reversed if it fails."""
    shop = sold(tmp_path, refunds={"post_when": "pending"})
    shop.refund("re_1", "ch_1", 5500, DAY, status="pending")
    shop.refund("re_2", "ch_1", 3300, DAY, status="pending")
    shop.refund("re_3", "ch_1", 2200, "2026-03-10", status="requires_action")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "posted", "re_3": "waiting refund_pending"}
    before = shop.bytes()
    shop.change("re_1", status="succeeded")
    shop.sync(0)
    assert shop.bytes() == before
    shop.fail("re_2", FAILED)
    shop.change("re_3", status="canceled")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "reversed", "re_3": "dropped"}
    assert shop.balances() == {CLEARING: "55.00 USD", SALES: "-50.00 USD", TAX: "-5.00 USD"}
    shop.check_lost_state()


def test_an_update_without_accounting_changes_nothing(tmp_path: Path) -> None:
    shop = refunded(tmp_path)
    before = shop.bytes()
    reference = {
        "card": {"reference": "0123", "reference_status": "available", "type": "refund"},
        "type": "card",
    }
    shop.change("re_1", destination_details=reference, metadata={"ticket": "17"})
    shop.change("ch_1", amount_refunded=11000, refunded=True, metadata={"order_number": "100", "note": "x"})
    report = shop.sync(0)
    assert report["pulled"]["refunds"] == 0
    assert report["ledgers"]["main"]["documents"] == []
    assert shop.bytes() == before
    assert shop.outcomes() == {"re_1": "posted"}


# ---------------------------------------------------------------------------------------------- it fails afterwards


def test_both_legs_are_reversed_in_the_month_of_the_failure(tmp_path: Path) -> None:
    shop = refunded(tmp_path)
    march = shop.bytes()["2026-03.beancount"]
    shop.fail("re_1", FAILED)
    report = shop.sync(0)
    assert shop.bytes()["2026-03.beancount"] == march
    assert shop.entries("re_1")[2:] == [CARD_BACK, MEMO_BACK]
    assert shop.balances() == SOLD
    assert shop.in_stripe() == "110.00 USD"
    assert shop.owed() == {}
    assert report["ledgers"]["main"]["reversed"] == 1
    assert sorted(d["state"] for d in shop.listed("documents")) == [
        "posted",
        "posted",
        "reversed",
        "reversed",
    ]
    shop.check_second_run()
    shop.check_lost_state()


def test_it_is_listed_until_a_person_has_seen_to_it(tmp_path: Path) -> None:
    shop = refunded(tmp_path)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert held(shop) == ["re_1"]
    assert shop.outcome("re_1")["outcome"] == "reversed"
    assert "--skip" in shop.outcome("re_1")["action"]
    shop.sync(0)
    assert held(shop) == ["re_1"]
    before = shop.bytes()
    assert shop.resolve("re_1", "--skip").code == 0
    assert held(shop) == []
    shop.sync(0)
    assert held(shop) == []
    assert shop.outcomes() == {"re_1": "reversed"}
    assert shop.bytes() == before
    shop.check_lost_state()
    assert held(shop) == []


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("failed_refund", ["reverse", "owe_customer"])
def test_a_customer_who_was_paid_by_a_later_refund_is_not_to_be_paid_again(
    tmp_path: Path, together: bool, failed_refund: str
) -> None:
    shop = refunded(tmp_path, refunds={"failed_refund": failed_refund})
    shop.fail("re_1", FAILED)
    if not together:
        shop.sync(0)
        assert str(shop.outcome("re_1")["action"]).startswith("pay the customer another way")
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "reversed", "re_2": "posted"}
    assert shop.balances() == {}
    one = shop.outcome("re_1")
    assert one["sentence"] == (
        "Stripe says failed; with refund re_2 of 110.00 USD, made after it, the customer has got the whole charge back"
        if failed_refund == "reverse"
        else "Stripe says failed; its credit is paid out by refund re_2 of 110.00 USD"
    )
    assert str(one["action"]).startswith(
        'pay nothing more; acknowledge it with: connector resolve re_1 --ledger main --skip --reason "..."'
    )
    assert held(shop) == ["re_1"]
    assert "pay nothing more" in shop.command("list", "held").out.replace("\n", " ")
    shop.check_second_run()
    shop.fail("re_2", "2026-04-20")
    shop.sync(0)
    assert str(shop.outcome("re_1")["action"]).startswith("pay the customer another way")


def test_a_later_refund_that_may_have_been_for_something_else_is_named(tmp_path: Path) -> None:
    shop = refunded(tmp_path, 3300)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    shop.refund("re_2", "ch_1", 4400, "2026-04-10", status="pending")
    shop.sync(0)
    one = shop.outcome("re_1")
    assert one["sentence"] == (
        "Stripe says failed: the customer has not got this money, unless refund re_2 of 44.00 USD (pending), made "
        "after it, was for it"
    )
    assert str(one["action"]).startswith("if re_2 was not for it, pay the customer another way; then: ")


def test_a_credit_that_a_later_refund_pays_out_in_part_stays_open_for_the_rest(tmp_path: Path) -> None:
    shop = refunded(tmp_path, 6600, refunds=OWE)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    shop.refund("re_2", "ch_1", 2200, "2026-04-10")
    shop.sync(0)
    assert shop.outcome("re_1")["sentence"] == (
        "Stripe says failed: of its credit 44.00 USD stay open for the customer, and refund re_2 of 22.00 USD "
        "pays out the rest"
    )


def test_a_refund_receipt(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300, DAY)
    shop.sync(0)
    shop.fail("re_1", FAILED, "canceled")
    shop.sync(0)
    assert shop.entries("re_1")[1:] == [
        f"{FAILED} reversal 100-R Jo Smith: {SALES} -33.00 USD, {CLEARING} 33.00 USD"
    ]
    assert shop.balances() == {CLEARING: "110.00 USD", SALES: "-110.00 USD"}
    shop.check_lost_state()


def test_the_payout_of_a_lone_payment(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.payment()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.sync(0)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.entries("re_1")[1:] == [CARD_BACK]
    assert shop.balances() == {CLEARING: "110.00 USD", RECEIVABLE: "-110.00 USD"}
    shop.check_lost_state()


REOPEN = '[{"name": "reopen", "when": {"sale": "invoice"}, "then": "reopen_invoice"}]'
ALONE = '[{"name": "alone", "when": {"sale": "invoice"}, "then": "credit_memo"}]'


def test_a_reopened_invoice_is_paid_again(tmp_path: Path) -> None:
    shop = refunded(tmp_path, rules=REOPEN, refund_types={"reopen_invoice": True})
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.balances() == SOLD
    assert shop.owed() == {}
    shop.check_lost_state()


def test_a_lone_memo_moves_no_money(tmp_path: Path) -> None:
    shop = refunded(tmp_path, rules=ALONE)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.entries("re_1")[1:] == [MEMO_BACK]
    assert shop.balances() == SOLD
    shop.check_lost_state()


@pytest.mark.parametrize("invoiced", ["2026-03-02", "2026-02-20"], ids=["void", "memo in its place"])
def test_a_void_comes_back_as_an_invoice_paid_into_clearing(tmp_path: Path, invoiced: str) -> None:
    """Clearing moves by charge + refund + failure, because the void had left charge and refund out."""
    shop = Shop(tmp_path, fees=True)
    shop.invoice(day=invoiced)
    shop.charge("ch_1", order="100", fee=349)
    shop.refund("re_1", "ch_1", day=DAY)
    shop.sync(0)
    assert shop.balances() == {CLEARING: "-3.49 USD", FEES: "3.49 USD"}
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.entries("re_1")[1:] == [
        f"{FAILED} reversal 100-R Jo Smith: {SALES} -100.00 USD, {TAX} -10.00 USD, {CLEARING} 110.00 USD"
    ]
    assert shop.owed() == {}
    assert shop.balances()[CLEARING] == shop.in_stripe(fees=True) == "106.51 USD"
    shop.check_second_run()
    shop.check_lost_state()
    # The invoice counts as paid now: the next refund takes it back by its two legs.
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(0)
    assert [e.split(":")[0] for e in shop.entries("re_2")] == [
        "2026-04-10 credit_memo 100-1 Jo Smith",
        "2026-04-10 credit_card_refund 100-1 Jo Smith",
    ]
    assert shop.balances() == {CLEARING: "-3.49 USD", FEES: "3.49 USD"}
    assert shop.owed() == {}
    shop.check_lost_state()


def test_the_failure_settles_at_another_rate_and_costs_a_fee(tmp_path: Path) -> None:
    """Clearing moves by the failure's own amount; the rest is exchange, the fee a document of its own."""
    shop = Shop(tmp_path, sales="invoice_and_payment", fees=True)
    shop.charge("ch_1", 10000, order="100", settled=(13500, "cad"))
    shop.refund("re_1", "ch_1", day=DAY, settled=(14000, "cad"))
    shop.sync(0)
    shop.fail("re_1", FAILED, amount=13800, fee=50)
    shop.sync(0)
    assert shop.entries("re_1")[2:] == [
        f"{FAILED} reversal 100-R Jo Smith: {RECEIVABLE} -140.00 CAD, {EXCHANGE} 2.00 CAD, {CLEARING} 138.00 CAD",
        f"{FAILED} reversal 100-R Jo Smith: {SALES} -135.00 CAD, {EXCHANGE} -5.00 CAD, {RECEIVABLE} 140.00 CAD",
        f"{FAILED} fee 100 Jo Smith: {FEES} 0.50 CAD, {CLEARING} -0.50 CAD",
    ]
    assert shop.balances() == {
        CLEARING: "132.50 CAD",
        EXCHANGE: "2.00 CAD",
        FEES: "0.50 CAD",
        SALES: "-135.00 CAD",
    }
    assert shop.in_stripe(fees=True) == "132.50 CAD"
    shop.check_lost_state()


def test_the_first_of_two_partial_refunds_fails(tmp_path: Path) -> None:
    """The second keeps its number and its amounts; a third one takes exactly what the failed one gave back."""
    shop = sold(tmp_path)
    shop.refund("re_1", "ch_1", 3300, DAY)
    shop.refund("re_2", "ch_1", 4400, "2026-03-10")
    shop.sync(0)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "reversed", "re_2": "posted"}
    assert shop.balances() == {CLEARING: "66.00 USD", SALES: "-60.00 USD", TAX: "-6.00 USD"}
    shop.refund("re_3", "ch_1", 6600, "2026-04-10")
    shop.sync(0)
    assert [shop.outcome(f"re_{n}")["number"] for n in (1, 2, 3)] == ["100", "100-1", "100-2"]
    assert shop.balances() == {}
    assert shop.owed() == {}
    shop.check_lost_state()


def test_it_fails_before_a_second_refund_on_another_charge_of_the_invoice(tmp_path: Path) -> None:
    """What a failed refund of one charge had taken is there again for the refund of the other."""
    shop = Shop(tmp_path)
    shop.invoice()
    shop.payment(amount="66.00", links=("ch_1",))
    shop.payment(amount="44.00", links=("ch_2",))
    shop.charge("ch_1", 6600, order="100")
    shop.charge("ch_2", 4400, order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.sync(0)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    shop.refund("re_2", "ch_2", day="2026-04-05")
    shop.sync(0)
    assert shop.entries("re_2")[0] == (
        f"2026-04-05 credit_memo 100-1 Jo Smith: {SALES} 40.00 USD, {TAX} 4.00 USD, {RECEIVABLE} -44.00 USD"
    )
    assert shop.balances() == {CLEARING: "66.00 USD", SALES: "-60.00 USD", TAX: "-6.00 USD"}


def test_it_is_switched_off_when_it_fails(tmp_path: Path) -> None:
    """A posted refund that fails is reversed whatever the switches say by then."""
    shop = refunded(tmp_path)
    shop.set("refunds", enabled=False)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "reversed"}
    assert shop.balances() == SOLD


def refuse_cash_legs(courier: FileCourier, request: Request) -> Answer:
    if request.method == "APPEND" and b"credit_card_refund" in request.body:
        return Answer(503, b"no space left on device")
    return CARRY(courier, request)


CARRY = FileCourier.carry


@pytest.mark.parametrize("at", ["memo is posted", "nothing is posted"])
def test_it_fails_while_the_books_could_not_be_written(tmp_path: Path, at: str) -> None:
    """What was written is taken back, what was not is withdrawn and never written."""
    shop = sold(tmp_path)
    shop.refund("re_1", "ch_1", day=DAY)
    down = refuse_cash_legs if at == "memo is posted" else refuse_all
    with patch.object(FileCourier, "carry", down):
        shop.sync(1)
    assert shop.outcomes() == {"re_1": "failed ledger_down"}
    assert len(shop.ours()) == (1 if at == "memo is posted" else 0)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.balances() == SOLD
    assert shop.owed() == {}
    if at == "memo is posted":
        assert shop.outcomes() == {"re_1": "reversed"}
        assert shop.entries("re_1") == [f"{DAY} {MEMO}", MEMO_BACK]
        assert shop.states()["credit_card_refund 100"] == "skipped"
    else:
        assert shop.outcomes() == {"re_1": "dropped"}
        assert shop.ours() == []
    shop.check_second_run()


def refuse_all(courier: FileCourier, request: Request) -> Answer:
    if request.method == "APPEND":
        return Answer(503, b"no space left on device")
    return CARRY(courier, request)


def test_after_a_lost_state_a_refund_took_what_its_document_says(tmp_path: Path) -> None:
    """Posted in proportion; what Stripe says of it afterwards, and where refunds go now, come too late for it."""
    shop = Shop(tmp_path)
    lines = (("Income:A", "-60.00"), ("Income:B", "-40.00"), (TAX, "-10.00"))
    shop.write("sales_receipt", "100", "2026-03-02", (CLEARING, "110.00"), *lines)
    by_hand = shop.books / "by-hand.beancount"
    by_hand.write_text(by_hand.read_text().replace("-60.00 USD", '-60.00 USD\n    sku: "A"'))
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 6600, DAY)
    shop.refund("re_2", "ch_1", 1100, "2026-03-10")
    shop.sync(0)
    took = [
        f"{DAY} refund_receipt 100 Jo Smith: Income:A 36.00 USD, Income:B 24.00 USD, {TAX} 6.00 USD, {CLEARING} -66.00 USD"
    ]
    assert shop.entries("re_1") == took
    shop.change("re_1", metadata={"refund_lines": '[{"sku": "A", "amount": "66.00"}]'})
    mapping = json.loads((shop.folder / "mappings" / "beancount.yaml").read_text())
    mapping["items"]["refunds"]["A"] = "Income:Returns"
    (shop.folder / "mappings" / "beancount.yaml").write_text(json.dumps(mapping))
    shop.sync(0)
    shop.check_lost_state()
    shop.fail("re_2", FAILED)
    shop.refund("re_3", "ch_1", 4400, "2026-04-10")
    shop.sync(0)
    assert shop.entries("re_1") == took
    assert shop.balances() == {"Income:A": "-24.00 USD", "Income:Returns": "24.00 USD"}


# ---------------------------------------------------------------------------------------------- owe_customer

OWE = {"failed_refund": "owe_customer"}


def test_only_the_cash_leg_is_reversed_where_the_customer_is_owed(tmp_path: Path) -> None:
    shop = refunded(tmp_path, refunds=OWE)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.entries("re_1")[2:] == [CARD_BACK]
    assert shop.owed() == {"Jo Smith": "-110.00 USD"}
    assert shop.balances() == {CLEARING: "110.00 USD", RECEIVABLE: "-110.00 USD"}
    assert shop.outcomes() == {"re_1": "reversed"}
    assert held(shop) == ["re_1"]
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize("together", [False, True])
def test_a_later_refund_is_the_cash_leg_of_the_credit(tmp_path: Path, together: bool) -> None:
    """Whether the failure and the new refund are read in one run or in two."""
    shop = refunded(tmp_path, refunds=OWE)
    shop.fail("re_1", FAILED)
    if not together:
        shop.sync(0)
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(0)
    assert shop.entries("re_2") == [
        f"2026-04-10 credit_card_refund 100-1 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
    ]
    assert shop.outcomes() == {"re_1": "reversed", "re_2": "posted"}
    assert shop.balances() == {}
    assert shop.owed() == {}
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize("together", [False, True])
def test_the_credit_is_paid_out_in_parts_and_then_refunds_are_refunds_again(
    tmp_path: Path, together: bool
) -> None:
    """66.00 of 110.00 failed; 22.00 and 44.00 pay the credit out, and the next 44.00 have a memo of their own."""
    shop = refunded(tmp_path, 6600, refunds=OWE)
    shop.fail("re_1", FAILED)
    for place, (refund_id, amount) in enumerate([("re_2", 2200), ("re_3", 4400), ("re_4", 4400)]):
        if not together:
            shop.sync(0)
        shop.refund(refund_id, "ch_1", amount, f"2026-04-1{place}")
    shop.sync(0)
    assert [len(shop.entries(f"re_{n}")) for n in (2, 3, 4)] == [1, 1, 2]
    assert shop.balances() == {}
    assert shop.owed() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_a_later_refund_larger_than_the_credit_is_held(tmp_path: Path) -> None:
    shop = refunded(tmp_path, 3300, refunds=OWE)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    shop.refund("re_2", "ch_1", 5500, "2026-04-10")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "reversed", "re_2": "held credit_used"}
    assert shop.owed() == {"Jo Smith": "-33.00 USD"}


def test_the_refund_that_paid_the_credit_out_fails_too(tmp_path: Path) -> None:
    shop = refunded(tmp_path, refunds=OWE)
    shop.fail("re_1", FAILED)
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(0)
    shop.fail("re_2", "2026-04-20")
    shop.sync(0)
    assert shop.owed() == {"Jo Smith": "-110.00 USD"}
    shop.refund("re_3", "ch_1", day="2026-05-01")
    shop.sync(0)
    assert len(shop.entries("re_3")) == 1
    assert shop.balances() == {}
    assert shop.outcomes() == {"re_1": "reversed", "re_2": "reversed", "re_3": "posted"}
    shop.check_lost_state()


def test_a_refund_that_paid_a_part_of_the_credit_out_fails(tmp_path: Path) -> None:
    """The memo took line A. Whoever pays it out stands for A, so that the refund that closes the charge takes B."""
    shop = Shop(tmp_path, refunds=OWE)
    shop.write(
        "invoice", "100", "2026-03-02", (RECEIVABLE, "110.00"), ("Income:A", "-60.00"), ("Income:B", "-50.00")
    )
    by_hand = shop.books / "by-hand.beancount"
    by_hand.write_text(by_hand.read_text().replace("-60.00 USD", '-60.00 USD\n    sku: "A"'))
    shop.payment()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 6000, DAY, metadata={"refund_lines": '[{"sku": "A", "amount": "60.00"}]'})
    shop.sync(0)
    shop.fail("re_1", FAILED)
    shop.refund("re_2", "ch_1", 2000, "2026-04-10")
    shop.refund("re_3", "ch_1", 3000, "2026-04-11")
    shop.sync(0)
    shop.fail("re_2", "2026-04-20")
    shop.sync(0)
    shop.refund("re_4", "ch_1", 3000, "2026-04-21")
    shop.refund("re_5", "ch_1", 5000, "2026-04-22")
    shop.sync(0)
    assert shop.entries("re_5")[0] == (
        f"2026-04-22 credit_memo 100-4 Jo Smith: Income:B 50.00 USD, {RECEIVABLE} -50.00 USD"
    )
    assert shop.balances() == {}
    assert shop.owed() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_the_credit_that_stands_open_counts_whatever_the_setting_says_now(tmp_path: Path) -> None:
    """Income was taken back by the memo that stayed open, so a later refund takes none."""
    shop = refunded(tmp_path, refunds=OWE)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    shop.set("refunds", failed_refund="reverse")
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(0)
    assert [t.metadata["kind"] for t in shop.ours()][3:] == ["credit_card_refund"]
    assert shop.balances() == {}
    shop.check_second_run()


def test_a_memo_that_is_being_taken_back_is_no_open_credit(tmp_path: Path) -> None:
    """Its mirror could not be written yet when the next refund is decided."""
    shop = refunded(tmp_path)
    shop.fail("re_1", FAILED)
    with patch.object(FileCourier, "carry", refuse_all):
        shop.sync(1)
    shop.refund("re_2", "ch_1", day="2026-04-10")
    shop.sync(0)
    assert [t.metadata["kind"] for t in shop.ours() if t.metadata["refund_id"] == "re_2"] == [
        "credit_memo",
        "credit_card_refund",
    ]
    assert shop.balances() == {}


def test_other_types_are_reversed_whole(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt", refunds=OWE)
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.sync(0)
    shop.fail("re_1", FAILED)
    shop.sync(0)
    assert shop.balances() == {CLEARING: "110.00 USD", SALES: "-110.00 USD"}


# ---------------------------------------------------------------------------------------------- the charge fails


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_charge_that_fails_after_it_was_posted(tmp_path: Path, sales: str) -> None:
    """A bank debit that came back: the sale is mirrored on that day; both fees stay."""
    shop = Shop(tmp_path, sales=sales, fees=True)
    shop.charge("ch_1", method="us_bank_account", fee=88)
    shop.stripe_invoice("100", [("Lamp", 10000, 1000)], ["ch_1"])
    shop.sync(0)
    before = shop.bytes()["2026-03.beancount"]
    shop.fail("ch_1", FAILED, fee=400)
    shop.sync(0)
    assert shop.bytes()["2026-03.beancount"] == before
    assert shop.balances() == {CLEARING: "-4.88 USD", FEES: "4.88 USD"}
    assert shop.in_stripe(fees=True) == "-4.88 USD"
    assert shop.owed() == {}
    back = [t for t in shop.ours() if t.metadata["kind"] == "reversal"]
    assert {(t.date, t.metadata["number"]) for t in back} == {(FAILED, "100-R")}
    shop.check_second_run()
    shop.check_lost_state()


def test_a_balance_transaction_that_cannot_be_used_is_not_taken_as_absent(tmp_path: Path) -> None:
    """Nothing is assumed 1:1 beside it: the sale is held, then the refund, then its failure, until it is put right."""
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", 10000, order="100", settled=(13500, "cad"))
    shop.refund("re_1", "ch_1", settled=(14000, "cad"))
    shop.change("txn_ch_1", net=1)
    shop.change("txn_re_1", net=1)
    shop.sync(3)
    assert shop.ours() == []
    assert shop.outcomes() == {"re_1": "held stripe_object_missing"}
    shop.change("txn_ch_1", net=13500)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held stripe_object_missing"}
    assert "balance transaction txn_re_1 of refund re_1" in shop.outcome("re_1")["sentence"]
    shop.change("txn_re_1", net=-14000)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    shop.fail("re_1", FAILED)
    shop.change("txn_re_1_failed", net=1)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held stripe_object_missing"}
    shop.change("txn_re_1_failed", net=14000)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "reversed"}


def test_the_currency_of_a_charge_whose_balance_transaction_cannot_be_used_is_not_known(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.change("re_1", balance_transaction=None)
    shop.change("txn_ch_1", net=1)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held stripe_object_missing"}
    shop.change("txn_ch_1", net=11000)
    shop.sync(0)
    assert shop.balances() == {}


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_failed_charge_that_stripe_reports_as_captured_for_nothing(tmp_path: Path, sales: str) -> None:
    """Where the failure's own balance transaction is not in the export, what was sold is what went out again."""
    shop = Shop(tmp_path, sales=sales)
    shop.charge("ch_1", order="100", method="us_bank_account")
    shop.sync(0)
    shop.change("ch_1", status="failed", amount_captured=0, captured=False)
    shop.sync(0)
    assert shop.balances() == {}
    shop.check_second_run()


def test_a_charge_that_failed_before_it_was_posted(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", order="100", status="pending")
    shop.sync(0)
    assert shop.ours() == []
    shop.change("ch_1", status="failed")
    shop.sync(0)
    assert shop.ours() == []
    shop.charge("ch_2", order="100")
    shop.sync(0)
    assert shop.entries("ch_2")[0].startswith("2026-03-02 sales_receipt 100 ")


# ---------------------------------------------------------------------------------------------- restoring


def posted_over_two_months(folder: Path) -> Shop:
    shop = Shop(folder, sales="sales_receipt", fees=True)
    for place in range(1, 4):
        shop.charge(f"ch_{place}", order=f"10{place}", day=f"2026-03-0{place}", fee=349)
        shop.refund(f"re_{place}", f"ch_{place}", 3300, f"2026-03-2{place}")
    shop.refund("re_4", "ch_1", 7700, "2026-04-02")
    shop.sync(0)
    shop.fail("re_2", "2026-04-05")
    shop.sync(0)
    return shop


def test_rebuild_after_the_newest_month_was_lost(tmp_path: Path) -> None:
    """Older books: `rebuild` writes nothing and says what is missing; the next sync posts the very same again."""
    shop = posted_over_two_months(tmp_path)
    balances, outcomes = shop.balances(), shop.outcomes()
    april = sorted(t.metadata["document_key"] for t in shop.ours() if t.file == "2026-04.beancount")
    assert len(april) == 2
    (shop.books / "2026-04.beancount").unlink()
    main = shop.books / "main.beancount"
    main.write_text(main.read_text().replace('include "2026-04.beancount"\n', ""))
    before = shop.bytes()
    assert shop.command("rebuild").code in (0, 3)
    assert shop.bytes() == before
    shop.sync(0)
    assert shop.balances() == balances
    assert shop.outcomes() == outcomes
    assert sorted(t.metadata["document_key"] for t in shop.ours() if t.file == "2026-04.beancount") == april
    shop.check_second_run()
    shop.check_lost_state()


def test_rebuild_after_an_older_month_was_lost(tmp_path: Path) -> None:
    shop = posted_over_two_months(tmp_path)
    balances, outcomes, states = shop.balances(), shop.outcomes(), shop.states()
    march = shop.books / "2026-03.beancount"
    text = march.read_text()
    march.write_text(text.split("\n\n", 1)[1])
    assert shop.command("rebuild").code in (0, 3)
    shop.sync(0)
    assert shop.balances() == balances
    assert shop.outcomes() == outcomes
    assert shop.states() == states


def test_rebuild_after_an_older_copy_of_the_state(tmp_path: Path) -> None:
    """What was posted, reversed, numbered and excluded since is read back; nothing is written twice."""
    shop = Shop(tmp_path, sales="sales_receipt", refunds={"enabled": False})
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 1000, DAY)
    shop.sync(0)
    shop.set("refunds", enabled=True)
    shop.refund("re_2", "ch_1", 1000, "2026-03-10")
    shop.refund("re_3", "ch_1", 1000, "2026-03-11", status="pending")
    shop.sync(0)
    shutil.copy(tmp_path / "state.db", tmp_path / "copy.db")
    shop.command("resync", "re_1")
    shop.change("re_3", status="succeeded")
    shop.refund("re_4", "ch_1", 1000, "2026-03-12")
    shop.sync(0)
    shop.fail("re_2", FAILED)
    shop.sync(0)
    after, outcomes = shop.bytes(), shop.outcomes()
    numbers = {one["refund_id"]: one["ledgers"]["main"]["number"] for one in shop.listed("refunds")}
    assert outcomes == {"re_1": "posted", "re_2": "reversed", "re_3": "posted", "re_4": "posted"}
    shop.lose_state()
    shutil.copy(tmp_path / "copy.db", tmp_path / "state.db")
    assert shop.command("rebuild").code in (0, 3)
    shop.sync(0)
    assert shop.bytes() == after
    assert shop.outcomes() == outcomes
    assert {one["refund_id"]: one["ledgers"]["main"]["number"] for one in shop.listed("refunds")} == numbers
