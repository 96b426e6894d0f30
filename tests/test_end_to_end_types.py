"""Every refund type, by every default rule and by the switches: what stands in the books after a sync, to the cent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shop import CLEARING, EXCHANGE, FEES, MAPPING, RECEIVABLE, SALES, TAX, Shop

MEMO = f"credit_memo 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD"
RECEIPT = f"refund_receipt 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {CLEARING} -110.00 USD"
CARD = f"credit_card_refund 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
PAYOUT = f"refund_payout 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
DAY = "2026-03-09"


def rules(*rows: tuple[str, dict[str, Any], Any]) -> str:
    return json.dumps([{"name": name, "when": when, "then": then} for name, when, then in rows])


def paid_invoice(folder: Path, method: str = "card", **settings: Any) -> Shop:
    """The base case, found in the books: invoice 100 of 110.00, paid into clearing, wholly refunded."""
    shop = Shop(folder, **settings)
    shop.invoice()
    shop.payment(links=("ch_1",))
    shop.charge("ch_1", order="100", method=method)
    shop.refund("re_1", "ch_1", day=DAY)
    return shop


# ---------------------------------------------------------------------------------------------- the default rules


@pytest.mark.parametrize(
    ("method", "cash", "rule"),
    [
        ("card", CARD, "card refund of an invoice"),
        ("card_present", CARD, "card refund of an invoice"),
        ("us_bank_account", PAYOUT, "refund of an invoice by bank or other means"),
        ("klarna", PAYOUT, "refund of an invoice by bank or other means"),
    ],
)
def test_an_invoice_by_the_way_it_was_paid(tmp_path: Path, method: str, cash: str, rule: str) -> None:
    shop = paid_invoice(tmp_path, method)
    report = shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {MEMO}", f"{DAY} {cash}"]
    assert shop.balances() == {}
    assert shop.owed() == {}
    documents = report["ledgers"]["main"]["documents"]
    assert [(d["number"], d["state"], d["rule"], d["refund_id"], d["charge_id"]) for d in documents] == [
        ("100", "posted", rule, "re_1", "ch_1")
    ] * 2
    assert documents[0]["entries"][-1] == {
        "account": RECEIVABLE,
        "debit": "0.00",
        "credit": "110.00",
        "currency": "usd",
    }
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize("method", ["card", "us_bank_account"])
def test_an_invoice_with_credit_memos_switched_off(tmp_path: Path, method: str) -> None:
    shop = paid_invoice(tmp_path, method, refund_types={"credit_memo": False})
    shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {RECEIPT}"]
    (receipt,) = shop.ours()
    assert receipt.metadata["sale"] == "100"
    assert "invoice 100" in receipt.narration
    assert shop.balances() == {}
    shop.check_lost_state()


def test_whatever_is_left_is_held(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held sale_not_found"}
    assert shop.ours() == []


@pytest.mark.parametrize(
    ("sales", "kinds"),
    [
        ("sales_receipt", ["sales_receipt", "fee", "refund_receipt"]),
        ("invoice_and_payment", ["invoice", "payment", "fee", "credit_memo", "credit_card_refund"]),
    ],
)
def test_sales_that_the_connector_posts(tmp_path: Path, sales: str, kinds: list[str]) -> None:
    shop = Shop(tmp_path, sales=sales, fees=True)
    shop.charge("ch_1", fee=349)
    shop.stripe_invoice("100", [("Lamp", 10000, 1000)], ["ch_1"])
    shop.refund("re_1", "ch_1", day=DAY)
    shop.sync(0)
    assert sorted(t.metadata["kind"] for t in shop.ours()) == sorted(kinds)
    assert {t.metadata["number"] for t in shop.ours()} == {"100"}
    assert {t.payee for t in shop.ours()} == {"Jo Smith"}
    debit = CLEARING if sales == "sales_receipt" else RECEIVABLE
    sold = f"2026-03-02 {kinds[0]} 100 Jo Smith: {SALES} -100.00 USD, {TAX} -10.00 USD, {debit} 110.00 USD"
    assert sold in shop.entries("ch_1")
    assert f"2026-03-02 fee 100 Jo Smith: {FEES} 3.49 USD, {CLEARING} -3.49 USD" in shop.entries("ch_1")
    assert shop.balances() == {CLEARING: "-3.49 USD", FEES: "3.49 USD"}
    assert shop.in_stripe(fees=True) == "-3.49 USD"
    assert all("refund_id" not in t.metadata for t in shop.ours() if t.metadata["kind"] in kinds[:-2])
    shop.check_second_run()
    shop.check_lost_state()


# ---------------------------------------------------------------------------------------------- the other types


def test_a_reopened_invoice(tmp_path: Path) -> None:
    """The payment is taken back: the invoice is open again and income stays."""
    shop = paid_invoice(
        tmp_path,
        rules=rules(
            ("reopen", {"sale": "invoice", "payment": "applied"}, "reopen_invoice"), ("rest", {}, "hold")
        ),
        refund_types={"reopen_invoice": True},
    )
    shop.sync(0)
    assert shop.entries("re_1") == [
        f"{DAY} reopen_invoice 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
    ]
    assert shop.balances() == {RECEIVABLE: "110.00 USD", SALES: "-100.00 USD", TAX: "-10.00 USD"}
    assert shop.owed() == {"Jo Smith": "110.00 USD"}
    shop.check_second_run()
    shop.check_lost_state()


def test_a_part_of_an_invoice_reopened(tmp_path: Path) -> None:
    shop = Shop(
        tmp_path,
        sales="invoice_and_payment",
        rules=rules(
            ("reopen", {"sale": "invoice", "payment": "applied"}, "reopen_invoice"), ("rest", {}, "hold")
        ),
        refund_types={"reopen_invoice": True},
    )
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300, DAY)
    shop.sync(0)
    assert shop.owed() == {"Jo Smith": "33.00 USD"}
    assert shop.balances() == {RECEIVABLE: "33.00 USD", CLEARING: "77.00 USD", SALES: "-110.00 USD"}


@pytest.mark.parametrize("then", ["reopen_invoice", ["credit_memo", "credit_card_refund"]])
def test_a_reopened_invoice_that_is_paid_again_has_its_income_still(tmp_path: Path, then: Any) -> None:
    """Opening it took nothing of its lines: the second payment's refund finds all of them."""
    shop = Shop(
        tmp_path,
        rules=rules(("first", {"metadata": {"round": "1"}}, "reopen_invoice"), ("next", {}, then)),
        refund_types={"reopen_invoice": True},
    )
    shop.invoice()
    shop.payment(charge_id="ch_1")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300, metadata={"round": "1"})
    shop.refund("re_2", "ch_1", 7700, "2026-03-10", metadata={"round": "1"})
    shop.sync(0)
    shop.payment(day="2026-03-15", charge_id="ch_2")
    shop.charge("ch_2", day="2026-03-15", order="100")
    shop.refund("re_3", "ch_2", day="2026-03-20")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "posted", "re_3": "posted"}
    open_again = {RECEIVABLE: "110.00 USD", SALES: "-100.00 USD", TAX: "-10.00 USD"}
    assert shop.balances() == (open_again if then == "reopen_invoice" else {})
    shop.check_second_run()
    shop.check_lost_state()


def test_a_credit_memo_alone_leaves_clearing_too_high_and_says_so(tmp_path: Path) -> None:
    shop = paid_invoice(
        tmp_path, rules=rules(("store credit", {"sale": "invoice"}, "credit_memo"), ("rest", {}, "hold"))
    )
    shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {MEMO}"]
    assert shop.owed() == {"Jo Smith": "-110.00 USD"}
    assert shop.balances() == {CLEARING: "110.00 USD", RECEIVABLE: "-110.00 USD"}
    (warning,) = shop.outcome("re_1")["warnings"]
    assert "110.00 USD" in warning
    shop.check_lost_state()


def test_a_lone_memo_on_an_unpaid_invoice(tmp_path: Path) -> None:
    """Allowed with a warning; it is applied, so the customer owes nothing."""
    shop = Shop(tmp_path, rules=rules(("credit", {"sale": "invoice"}, "credit_memo"), ("rest", {}, "hold")))
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {MEMO}"]
    assert shop.balances() == {}
    assert shop.outcome("re_1")["warnings"]


# ---------------------------------------------------------------------------------------------- switches


def test_a_cash_leg_that_is_off_is_added_by_resync_once_it_is_on(tmp_path: Path) -> None:
    shop = paid_invoice(tmp_path, refund_types={"credit_card_refund": False})
    shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {MEMO}"]
    assert shop.owed() == {"Jo Smith": "-110.00 USD"}
    assert any("credit_card_refund" in warning for warning in shop.outcome("re_1")["warnings"])
    shop.set("main", refund_types={"credit_card_refund": True})
    shop.check_second_run()
    assert shop.command("resync", "re_1").code == 0
    shop.check_promises()
    assert shop.entries("re_1") == [f"{DAY} {MEMO}", f"{DAY} {CARD}"]
    assert shop.balances() == {}
    before = shop.bytes()
    said = shop.command("resync", "re_1")
    assert "nothing to do" in said.out
    assert shop.bytes() == before
    shop.check_lost_state()


def test_a_cash_leg_is_added_once_it_is_on_though_memos_are_off_by_then(tmp_path: Path) -> None:
    shop = paid_invoice(tmp_path, refund_types={"credit_card_refund": False})
    shop.sync(0)
    shop.set("main", refund_types={"credit_memo": False})
    shop.check_second_run()
    assert shop.command("resync", "re_1").code == 0
    shop.check_promises()
    assert shop.entries("re_1") == [f"{DAY} {MEMO}", f"{DAY} {CARD}"]
    assert shop.balances() == {}
    shop.check_lost_state()


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        ({"refund_types": {"credit_memo": False, "refund_receipt": False}}, "type_switched_off"),
        (
            {
                "refund_types": dict.fromkeys(
                    ("credit_memo", "refund_receipt", "credit_card_refund", "refund_payout", "void"), False
                )
            },
            "type_switched_off",
        ),
        ({"refunds": {"enabled": False}}, "refunds_switched_off"),
    ],
)
def test_what_is_switched_off_is_excluded_until_resync(
    tmp_path: Path, off: dict[str, Any], reason: str
) -> None:
    shop = paid_invoice(tmp_path, **off)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": f"excluded {reason}"}
    assert shop.ours() == []
    shop.set("main", refund_types={})
    shop.set("refunds", enabled=True)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": f"excluded {reason}"}
    assert shop.command("resync", "re_1").code == 0
    shop.check_promises()
    assert shop.outcomes() == {"re_1": "posted"}
    assert shop.balances() == {}


def test_switched_off_refunds_still_post_sales(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt", refunds={"enabled": False})
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert len(shop.entries("ch_1")) == 1
    assert shop.outcomes() == {"re_1": "excluded refunds_switched_off"}


def test_rules_that_ignore_and_hold(tmp_path: Path) -> None:
    shop = paid_invoice(
        tmp_path, rules=rules(("small", {"amount": {"at_most": "50.00"}}, "ignore"), ("rest", {}, "hold"))
    )
    shop.invoice("101")
    shop.payment("101")
    shop.charge("ch_2", order="101")
    shop.refund("re_2", "ch_2", 5000)
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held rule_says_hold", "re_2": "excluded rule_says_ignore"}
    assert shop.resolve("re_1", "--type", "refund_receipt").code == 0
    shop.sync(0)
    assert shop.entries("re_1") == [f"{DAY} {RECEIPT}"]
    shop.check_lost_state()


# ---------------------------------------------------------------------------------------------- lines, tax, fees


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_the_worked_case_in_three_parts(tmp_path: Path, sales: str) -> None:
    """33.00, 33.00, 44.00 of 110.00: tax 3.00, 3.00, 4.00; income 30.00, 30.00, 40.00."""
    shop = Shop(tmp_path, sales=sales, fees=True)
    shop.charge("ch_1", fee=349)
    shop.stripe_invoice("100", [("Lamp", 10000, 1000)], ["ch_1"])
    for place, amount in enumerate((3300, 3300, 4400)):
        shop.refund(f"re_{place}", "ch_1", amount, f"2026-03-1{place}")
    shop.sync(0)
    income = [
        [(account, f"{amount}") for account, amount, _ in t.postings if account in (SALES, TAX)]
        for t in shop.ours()
        if t.metadata["kind"] in ("refund_receipt", "credit_memo")
    ]
    assert income == [
        [(SALES, "30.00"), (TAX, "3.00")],
        [(SALES, "30.00"), (TAX, "3.00")],
        [(SALES, "40.00"), (TAX, "4.00")],
    ]
    assert [shop.outcome(f"re_{place}")["number"] for place in range(3)] == ["100", "100-1", "100-2"]
    assert shop.balances() == {CLEARING: "-3.49 USD", FEES: "3.49 USD"}
    assert shop.owed() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_refunds_that_come_one_by_one_take_the_same_parts(tmp_path: Path) -> None:
    """Each in a run of its own, with three lines and cents that do not divide."""
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", 10001)
    lines = [("Lamp", 3333, 233), ("Bulb", 3333, 234), ("Cord", 2680, 188)]
    shop.stripe_invoice("100", lines, ["ch_1"])
    for place, amount in enumerate((1, 3333, 2500, 4167)):
        shop.refund(f"re_{place}", "ch_1", amount, f"2026-03-1{place}")
        shop.sync(0)
    assert shop.balances() == {}
    assert len(shop.ours()) == 5
    shop.check_lost_state()


def test_a_refund_that_comes_late_takes_what_the_later_ones_left(tmp_path: Path) -> None:
    """The one of the 10th was posted first and took line A; the one of the 9th is read afterwards."""
    shop = Shop(tmp_path)
    lines = (("Income:A", "-60.00"), ("Income:B", "-40.00"), (TAX, "-10.00"))
    shop.write("sales_receipt", "100", "2026-03-02", (CLEARING, "110.00"), *lines)
    by_hand = shop.books / "by-hand.beancount"
    by_hand.write_text(by_hand.read_text().replace("-60.00 USD", '-60.00 USD\n    sku: "A"'))
    shop.charge("ch_1", order="100")
    shop.refund("re_2", "ch_1", 6600, "2026-03-10")
    shop.change("re_2", metadata={"refund_lines": '[{"sku": "A", "amount": "66.00"}]'})
    shop.sync(0)
    shop.refund("re_1", "ch_1", 3300, "2026-03-09")
    shop.sync(0)
    assert shop.entries("re_1") == [
        f"2026-03-09 refund_receipt 100-1 Jo Smith: Income:B 30.00 USD, {TAX} 3.00 USD, {CLEARING} -33.00 USD"
    ]
    shop.refund("re_3", "ch_1", 1100, "2026-03-11")
    shop.sync(0)
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_fees_of_refunds(tmp_path: Path) -> None:
    """Charged on one, given back on another; with their own refund's number and day."""
    shop = Shop(tmp_path, sales="sales_receipt", fees=True)
    shop.charge("ch_1", order="100", fee=349)
    shop.refund("re_1", "ch_1", 5000, "2026-03-09", fee=25)
    shop.refund("re_2", "ch_1", 6000, "2026-04-01", fee=-100)
    shop.sync(0)
    assert [e for e in shop.entries("re_1") if " fee " in e] == [
        f"2026-03-09 fee 100 Jo Smith: {FEES} 0.25 USD, {CLEARING} -0.25 USD"
    ]
    assert [e for e in shop.entries("re_2") if " fee " in e] == [
        f"2026-04-01 fee 100-1 Jo Smith: {FEES} -1.00 USD, {CLEARING} 1.00 USD"
    ]
    assert shop.balances() == {CLEARING: "-2.74 USD", FEES: "2.74 USD"}
    assert shop.in_stripe(fees=True) == "-2.74 USD"
    shop.check_lost_state()


def test_refunds_go_to_the_accounts_that_the_mapping_names(tmp_path: Path) -> None:
    mapping = {
        **MAPPING,
        "accounts": {**MAPPING["accounts"], "refunds": "Income:Refunds", "receivable": {"usd": RECEIVABLE}},
    }
    shop = paid_invoice(tmp_path, mapping=mapping)
    shop.sync(0)
    assert shop.balances() == {"Income:Refunds": "100.00 USD", SALES: "-100.00 USD"}


# ---------------------------------------------------------------------------------------------- numbers of sales


def test_two_charges_with_one_order_number(tmp_path: Path) -> None:
    """Posted by us, the second takes the next entry of `sale_number`."""
    shop = Shop(tmp_path, sales="sales_receipt")
    for place in (1, 2):
        shop.charge(f"ch_{place}", order="100", day=f"2026-03-0{place}")
        shop.refund(f"re_{place}", f"ch_{place}", day=DAY)
    shop.sync(0)
    assert shop.entries("ch_1")[0].startswith("2026-03-01 sales_receipt 100 ")
    assert shop.entries("ch_2")[0].startswith("2026-03-02 sales_receipt ch_2 ")
    assert shop.outcome("re_1")["number"] == "100"
    assert shop.outcome("re_2")["number"] == "ch_2"
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_a_second_charge_of_the_order_in_a_later_run(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", order="100")
    shop.sync(0)
    shop.charge("ch_2", order="100", day="2026-03-01")
    shop.sync(0)
    assert {t.metadata["number"] for t in shop.ours()} == {"100", "ch_2"}
    shop.check_lost_state()


def test_a_number_that_a_sale_by_hand_holds(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.receipt("100", payee="Someone Else")
    shop.charge("ch_1", order="100")
    shop.sync(0)
    assert shop.entries("ch_1")[0].startswith("2026-03-02 sales_receipt ch_1 ")


def test_two_charges_on_one_stripe_invoice(tmp_path: Path) -> None:
    """Each is posted for its part of every line and tax; together they are the invoice."""
    shop = Shop(tmp_path, sales="invoice_and_payment", sale_number=["invoice.number", "charge.id"])
    shop.charge("ch_1", 4000)
    shop.charge("ch_2", 7000, "2026-03-03")
    lines = [("Lamp", 5000, 500), ("Bulb", 5000, 500)]
    shop.stripe_invoice("100", lines, ["ch_1", "ch_2"])
    shop.sync(0)
    assert shop.balances() == {CLEARING: "110.00 USD", SALES: "-100.00 USD", TAX: "-10.00 USD"}
    assert shop.entries("ch_1")[0] == (
        f"2026-03-02 invoice 100 Jo Smith: {SALES} -18.18 USD, {SALES} -18.18 USD, {TAX} -3.64 USD, "
        f"{RECEIVABLE} 40.00 USD"
    )
    assert shop.entries("ch_2")[0] == (
        f"2026-03-03 invoice ch_2 Jo Smith: {SALES} -31.82 USD, {SALES} -31.82 USD, {TAX} -6.36 USD, "
        f"{RECEIVABLE} 70.00 USD"
    )
    shop.refund("re_1", "ch_1", day=DAY)
    shop.refund("re_2", "ch_2", 3500, day=DAY)
    shop.refund("re_3", "ch_2", 3500, day="2026-03-10")
    shop.sync(0)
    assert shop.balances() == {}
    assert shop.owed() == {}
    assert [shop.outcome(f"re_{n}")["number"] for n in (1, 2, 3)] == ["100", "ch_2", "ch_2-1"]
    shop.check_lost_state()


def test_a_charge_that_waits_for_capture(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", order="100", captured=False, amount_captured=0, balance_transaction=None)
    shop.sync(0)
    assert shop.ours() == []
    shop.charge("ch_1", 11000, order="100")
    shop.change("ch_1", amount_captured=6000)
    shop.change("txn_ch_1", amount=6000, net=6000)
    shop.sync(0)
    assert shop.balances() == {CLEARING: "60.00 USD", SALES: "-60.00 USD"}


@pytest.mark.parametrize(
    "released", [True, False], ids=["whole booked, rest released", "captured part booked"]
)
def test_a_partial_capture_that_settles_in_another_currency(tmp_path: Path, released: bool) -> None:
    """110.00 usd authorised, 55.00 captured, at 1.35: Stripe booked the whole and gave the rest back by a refund of its
    own until 2025-03-31, and books what was captured since.
    """
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", 11000, order="100")
    shop.change("ch_1", amount_captured=5500)
    booked = 14850 if released else 7425
    shop.change("txn_ch_1", amount=booked, net=booked, currency="cad")
    if released:
        shop.refund("re_1", "ch_1", 5500, "2026-03-09", reason="expired_uncaptured_charge")
        shop.change("txn_re_1", amount=-7425, net=-7425, currency="cad")
    shop.sync(0)
    assert shop.balances() == {CLEARING: "74.25 CAD", SALES: "-74.25 CAD"}
    assert shop.outcomes() == ({"re_1": "excluded not_a_refund"} if released else {})


# ---------------------------------------------------------------------------------------------- numbers of refunds


def partly_refunded(folder: Path, amounts: list[int], **settings: Any) -> Shop:
    shop = Shop(folder, **settings)
    shop.receipt()
    shop.charge("ch_1", order="100")
    for place, amount in enumerate(amounts):
        shop.refund(f"re_{place}", "ch_1", amount, f"2026-03-1{place}")
    return shop


def numbers(shop: Shop) -> dict[str, str | None]:
    return {r["refund_id"]: r["ledgers"]["main"]["number"] for r in shop.listed("refunds")}


def test_numbers_by_created_then_id(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_b", "ch_1", 1000, DAY)
    shop.refund("re_c", "ch_1", 1000, "2026-03-08")
    shop.refund("re_a", "ch_1", 1000, DAY)
    shop.sync(0)
    assert numbers(shop) == {"re_c": "100", "re_a": "100-1", "re_b": "100-2"}
    # One that was created before them and read later changes no number that is settled.
    shop.refund("re_d", "ch_1", 1000, "2026-03-07")
    shop.sync(0)
    assert numbers(shop) == {"re_d": "100-3", "re_c": "100", "re_a": "100-1", "re_b": "100-2"}
    shop.check_lost_state()


def test_waiting_and_dropped_refunds_have_no_number(tmp_path: Path) -> None:
    shop = partly_refunded(tmp_path, [1000, 1000, 1000])
    shop.change("re_0", status="pending")
    shop.change("re_1", status="canceled")
    shop.sync(0)
    assert numbers(shop) == {"re_0": None, "re_1": None, "re_2": "100"}
    shop.change("re_0", status="succeeded")
    shop.sync(0)
    assert numbers(shop) == {"re_0": "100-1", "re_1": None, "re_2": "100"}
    shop.check_lost_state()


def test_a_sale_that_is_really_numbered_like_a_refund(tmp_path: Path) -> None:
    """The first refund of sale 100-1 is 100-1, so the second one of sale 100 takes the next suffix."""
    shop = partly_refunded(tmp_path, [1000])
    shop.receipt("100-1")
    shop.charge("ch_2", order="100-1")
    shop.refund("re_x", "ch_2", 1000, "2026-03-10", hour=18)
    shop.refund("re_1", "ch_1", 1000, "2026-03-11")
    shop.sync(0)
    assert numbers(shop) == {"re_0": "100", "re_x": "100-1", "re_1": "100-2"}
    shop.refund("re_y", "ch_2", 1000, "2026-03-12")
    shop.sync(0)
    assert numbers(shop)["re_y"] == "100-1-1"
    shop.check_lost_state()


def test_the_refund_of_the_other_sale_comes_later(tmp_path: Path) -> None:
    shop = partly_refunded(tmp_path, [1000, 1000])
    shop.receipt("100-1")
    shop.charge("ch_2", order="100-1")
    shop.sync(0)
    shop.refund("re_x", "ch_2", 1000, "2026-03-12")
    shop.sync(0)
    assert numbers(shop) == {"re_0": "100", "re_1": "100-1", "re_x": "100-1-1"}
    shop.check_lost_state()


def test_a_number_held_by_a_document_by_hand(tmp_path: Path) -> None:
    """Somebody's own credit memo is numbered 100: the refund's documents go by the next suffix."""
    shop = paid_invoice(tmp_path)
    shop.write(
        "credit_memo", "100", "2026-03-03", (SALES, "7.00"), (RECEIVABLE, "-7.00"), payee="Max", sale="77"
    )
    shop.sync(0)
    assert numbers(shop) == {"re_1": "100-1"}
    assert {t.metadata["number"] for t in shop.ours()} == {"100-1"}
    shop.refund("re_2", "ch_1", 1, "2026-03-20")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "held sale_mismatch"}
    shop.check_lost_state()


def test_gaps_stay(tmp_path: Path) -> None:
    """The second of three refunds failed after it was posted: its number is not given away."""
    shop = partly_refunded(tmp_path, [1000, 1000, 1000])
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    shop.sync(0)
    shop.refund("re_9", "ch_1", 1000, "2026-04-03")
    shop.sync(0)
    assert numbers(shop) == {"re_0": "100", "re_1": "100-1", "re_2": "100-2", "re_9": "100-3"}
    assert {t.metadata["number"] for t in shop.ours()} == {"100", "100-1", "100-2", "100-3", "100-1-R"}
    shop.check_lost_state()
    shop.refund("re_10", "ch_1", 1000, "2026-04-04")
    shop.sync(0)
    assert numbers(shop)["re_10"] == "100-4"


def test_numbers_in_words_of_ones_own(tmp_path: Path) -> None:
    numbering = {"first": "R{sale}", "repeat": "R{sale}/{n}", "reversal": "{number} back"}
    shop = partly_refunded(tmp_path, [1000, 1000], refunds={"numbering": numbering})
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    shop.sync(0)
    assert [t.metadata["number"] for t in shop.ours()] == ["R100", "R100/1", "R100/1 back"]
    shop.check_lost_state()


def test_a_charge_id_as_number_is_whole(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    charge_id = "ch_3T00000AcmeBooks0abcdefg"
    shop.charge(charge_id)
    shop.refund("re_1", charge_id, 1000)
    shop.refund("re_2", charge_id, 1000, "2026-03-10")
    shop.sync(0)
    assert numbers(shop) == {"re_1": charge_id, "re_2": f"{charge_id}-1"}
    shop.check_lost_state()


# ---------------------------------------------------------------------------------------------- currencies


@pytest.mark.parametrize(
    ("currency", "amount", "part", "shown"),
    [("jpy", 11000, 3000, ("11000", "3000", "8000")), ("kwd", 11110, 1110, ("11.110", "1.110", "10.000"))],
)
def test_currencies_without_cents_and_with_three_decimals(
    tmp_path: Path, currency: str, amount: int, part: int, shown: tuple[str, str, str]
) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", amount, order="100", currency=currency)
    shop.refund("re_1", "ch_1", part)
    shop.sync(0)
    code = currency.upper()
    whole, taken, left = shown
    assert shop.entries("ch_1") == [
        f"2026-03-02 sales_receipt 100 Jo Smith: {SALES} -{whole} {code}, {CLEARING} {whole} {code}"
    ]
    assert shop.entries("re_1") == [
        f"2026-03-09 refund_receipt 100 Jo Smith: {SALES} {taken} {code}, {CLEARING} -{taken} {code}"
    ]
    assert shop.balances() == {CLEARING: f"{left} {code}", SALES: f"-{left} {code}"}
    shop.check_lost_state()


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
@pytest.mark.parametrize(("back", "exchange"), [(14000, "5.00 CAD"), (13000, "-5.00 CAD")])
def test_a_sale_settled_in_another_currency(tmp_path: Path, sales: str, back: int, exchange: str) -> None:
    """Income goes back at the sale's rate; what the rate moved since is exchange."""
    shop = Shop(tmp_path, sales=sales)
    shop.charge("ch_1", 10000, order="100", settled=(13500, "cad"))
    shop.refund("re_1", "ch_1", settled=(back, "cad"))
    shop.sync(0)
    balances = shop.balances()
    assert SALES not in balances
    assert RECEIVABLE not in balances
    assert balances == {CLEARING: shop.in_stripe(), EXCHANGE: exchange}
    (memo, *cash) = shop.entries("re_1")
    assert f"{SALES} 135.00 CAD, {EXCHANGE} {exchange}" in memo
    assert len(cash) == (0 if sales == "sales_receipt" else 1)
    shop.check_lost_state()


def test_parts_of_a_converted_sale(tmp_path: Path) -> None:
    """Home amounts are carried: the last refund takes income and tax to zero, all the rest is exchange."""
    shop = Shop(tmp_path, sales="invoice_and_payment", fees=True)
    shop.charge("ch_1", 11000, settled=(14863, "cad"), fee=461)
    shop.stripe_invoice("100", [("Lamp", 6667, 667), ("Bulb", 3333, 333)], ["ch_1"])
    for place, (amount, settled) in enumerate([(3300, 4471), (3300, 4455), (4400, 6001)]):
        shop.refund(f"re_{place}", "ch_1", amount, f"2026-03-1{place}", settled=(settled, "cad"))
    shop.sync(0)
    assert shop.balances() == {CLEARING: shop.in_stripe(fees=True), EXCHANGE: "0.64 CAD", FEES: "4.61 CAD"}
    assert shop.in_stripe(fees=True) == "-5.25 CAD"
    assert shop.owed() == {}
    shop.check_lost_state()


def test_an_export_without_the_balance_transaction_of_a_converted_refund(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", 10000, order="100", settled=(13500, "cad"))
    shop.refund("re_1", "ch_1", balance_transaction=None)
    del shop.objects["txn_re_1"]
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "held stripe_object_missing"}


def test_an_export_without_balance_transactions(tmp_path: Path) -> None:
    """1:1 in the object's currency, no fee, dated by `created`, and said so."""
    shop = Shop(tmp_path, sales="sales_receipt", fees=True)
    shop.charge("ch_1", order="100", balance_transaction=None)
    shop.refund("re_1", "ch_1", balance_transaction=None)
    del shop.objects["txn_re_1"], shop.objects["txn_ch_1"]
    shop.sync(0)
    assert shop.balances() == {}
    assert any("settlement_assumed" in warning for warning in shop.outcome("re_1")["warnings"])


def test_the_day_is_a_day_of_the_books(tmp_path: Path) -> None:
    """Three in the morning in UTC is the evening before in New York: another day, month and file."""
    shop = Shop(tmp_path, sales="sales_receipt")
    shop.charge("ch_1", order="100", day="2026-03-30")
    shop.refund("re_1", "ch_1", day="2026-04-01", hour=3)
    shop.change("txn_re_1", created=shop.objects["re_1"]["created"])
    shop.sync(0)
    assert shop.entries("re_1")[0].startswith("2026-03-31 refund_receipt 100 ")
