"""Sales that stand in the books, by whatever hand: how each is found, and what holds its refund."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from shop import CLEARING, FEES, RECEIVABLE, SALES, TAX, Shop, amount_of, second

HOUR = 3600
MEMO = f"credit_memo 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD"
CARD = f"credit_card_refund 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
BOTH_LEGS = [f"2026-03-09 {MEMO}", f"2026-03-09 {CARD}"]
VOID = f"2026-03-02 void 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {RECEIVABLE} -110.00 USD"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def refund_the_base_case(shop: Shop, order: str = "100", customer: str | None = None) -> None:
    shop.charge("ch_1", order=order, customer=customer)
    shop.refund("re_1", "ch_1")


def held(shop: Shop, refund_id: str = "re_1") -> str:
    """The reason; nothing was written for the refund."""
    one = shop.outcome(refund_id)
    assert one["outcome"] == "held", one
    assert one["sentence"]
    assert one["action"]
    assert shop.entries(refund_id) == []
    return str(one["reason"])


# ---------------------------------------------------------------------------------------------- where it is found


def test_by_number(shop: Shop) -> None:
    shop.invoice()
    shop.payment()
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    memo, card = shop.ours()
    assert memo.metadata["charge_id"] == card.metadata["charge_id"] == "ch_1"
    assert memo.metadata["refund_id"] == card.metadata["refund_id"] == "re_1"
    assert memo.links == card.links == ["ch_1", "re_1"]
    assert shop.balances() == {}
    assert shop.owed() == {}
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize("how", ["metadata", "link"])
def test_by_the_charge_id_on_the_invoice(shop: Shop, how: str) -> None:
    if how == "metadata":
        shop.invoice(charge_id="ch_1")
    else:
        shop.invoice(links=("ch_1",))
    shop.payment()
    refund_the_base_case(shop, order="A-77")
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.balances() == {}
    shop.check_lost_state()


def test_by_the_second_charge_id_of_an_invoice(shop: Shop) -> None:
    shop.invoice(links=("ch_2", "ch_1"))
    shop.payment(amount="40.00", links=("ch_2",))
    shop.payment(amount="70.00", links=("ch_1",))
    shop.charge("ch_1", 7000, order="A-77")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.outcome("re_1")["number"] == "100"
    assert shop.owed() == {}


@pytest.mark.parametrize("carried", ["pi_1", "in_100"])
@pytest.mark.parametrize("form", ["receipt", "invoice", "payment of an invoice", "lone payment"])
def test_by_the_id_of_the_payment_intent_or_of_the_stripe_invoice(
    shop: Shop, form: str, carried: str
) -> None:
    if form == "receipt":
        shop.receipt("77", links=(carried,))
    elif form == "lone payment":
        shop.payment(None, links=(carried,))
    else:
        shop.invoice("77", links=(carried,) if form == "invoice" else ())
        shop.payment("77", links=() if form == "invoice" else (carried,))
    shop.charge("ch_1", payment_intent="pi_1")
    shop.stripe_invoice("100", [("Lamp", 10000, 1000)], ["ch_1"])
    # One that another charge paid, of the same amount, and a number that says nothing.
    shop.receipt("78", links=("pi_2",))
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    of_the_other = {CLEARING: "110.00 USD", SALES: "-100.00 USD", TAX: "-10.00 USD"}
    assert shop.balances() == of_the_other
    shop.check_lost_state()


def test_by_the_charge_id_on_the_payment_of_an_invoice(shop: Shop) -> None:
    shop.invoice()
    shop.payment(links=("ch_1",))
    refund_the_base_case(shop, order="A-77")
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.balances() == {}


def test_by_the_charge_id_on_a_payment_that_names_its_sale(shop: Shop) -> None:
    shop.invoice()
    shop.payment(number="P-1", sale="100", charge_id="ch_1")
    refund_the_base_case(shop, order="A-77")
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.balances() == {}


@pytest.mark.parametrize("how", ["link", "metadata", "on the payment"])
@pytest.mark.parametrize("stripe_id", ["pi_1", "in_100"])
def test_by_the_payment_intent_or_the_stripe_invoice(shop: Shop, how: str, stripe_id: str) -> None:
    """Its number is the shop's own, and stands nowhere in Stripe."""
    shop.charge("ch_1", payment_intent="pi_1")
    shop.stripe_invoice("100", [("A", 10000, 1000)], ["ch_1"])
    fields: dict[str, Any] = {"links": (stripe_id,)} if how == "link" else {"stripe": stripe_id}
    if how == "on the payment":
        shop.invoice("A-77")
        shop.payment("A-77", **fields)
    else:
        shop.invoice("A-77", **fields)
        shop.payment("A-77")
    # The same amount of another customer, under another charge.
    shop.invoice("A-78", links=("pi_2",), payee="Al Two")
    shop.payment("A-78", payee="Al Two")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.outcome("re_1")["number"] == "A-77"
    assert shop.owed() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_a_payment_with_the_intent_of_another_charge_is_nobody_elses(shop: Shop) -> None:
    shop.invoice(links=("pi_1",))
    shop.payment(links=("pi_2",))
    shop.charge("ch_1", payment_intent="pi_1")
    shop.refund("re_1", "ch_1", 3300)
    shop.sync(3)
    assert held(shop) == "payment_not_in_books"


def test_by_a_number_on_the_checkout_session(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sale_number=["checkout_session.client_reference_id"])
    shop.receipt("A-1")
    shop.charge("ch_1", payment_intent="pi_1")
    session = {"id": "cs_1", "object": "checkout.session", "created": second("2026-03-02"), "metadata": {}}
    shop.put({**session, "payment_intent": "pi_1", "client_reference_id": "A-1"})
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.outcome("re_1")["number"] == "A-1"
    assert shop.balances() == {}


def test_the_charge_id_goes_before_a_number_that_stands_elsewhere(shop: Shop) -> None:
    shop.invoice("100", payee="Max Muster")
    shop.payment("100", payee="Max Muster")
    shop.invoice("7", day="2026-03-03", links=("ch_1",))
    shop.payment("7", day="2026-03-03")
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.outcome("re_1")["number"] == "7"
    assert shop.owed() == {}


def test_two_sales_with_one_number(shop: Shop) -> None:
    """The one that carries another charge's id is that charge's, although it is the earlier one."""
    shop.receipt(links=("ch_2",))
    shop.receipt(day="2026-03-03")
    shop.charge("ch_1", order="100", day="2026-03-03")
    shop.charge("ch_2", order="100")
    shop.refund("re_1", "ch_1")
    shop.refund("re_2", "ch_2")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "posted"}
    assert shop.balances() == {}
    shop.check_lost_state()


def test_transactions_without_kind_and_number_are_passed_over(shop: Shop) -> None:
    shop.write(None, "100", "2026-03-02", (RECEIVABLE, "110.00"), (SALES, "-110.00"))
    shop.write("estimate", "100", "2026-03-02", (RECEIVABLE, "110.00"), (SALES, "-110.00"))
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "sale_not_found"


def test_a_sales_receipt(shop: Shop) -> None:
    shop.receipt()
    refund_the_base_case(shop)
    shop.sync(0)
    receipt = f"refund_receipt 100 Jo Smith: {SALES} 100.00 USD, {TAX} 10.00 USD, {CLEARING} -110.00 USD"
    assert shop.entries("re_1") == [f"2026-03-09 {receipt}"]
    assert shop.balances() == {}
    shop.check_lost_state()


def test_a_sales_receipt_booked_net_of_its_fee(shop: Shop) -> None:
    shop.write(
        "sales_receipt",
        "100",
        "2026-03-02",
        (CLEARING, "106.51"),
        (FEES, "3.49"),
        (SALES, "-100.00"),
        (TAX, "-10.00"),
    )
    shop.charge("ch_1", order="100", fee=349)
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.balances() == {CLEARING: "-3.49 USD", FEES: "3.49 USD"}
    assert shop.in_stripe(fees=True) == "-3.49 USD"


def test_a_lone_payment_is_paid_back_from_where_it_is_held(shop: Shop) -> None:
    held_by = "Liabilities:Deposits"
    shop.write("payment", "100", "2026-03-02", (CLEARING, "110.00"), (held_by, "-110.00"))
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 7000)
    shop.refund("re_2", "ch_1", 4000)
    shop.sync(0)
    assert shop.entries("re_1") == [
        f"2026-03-09 refund_payout 100 Jo Smith: {held_by} 70.00 USD, {CLEARING} -70.00 USD"
    ]
    assert shop.entries("re_2") == [
        f"2026-03-09 refund_payout 100-1 Jo Smith: {held_by} 40.00 USD, {CLEARING} -40.00 USD"
    ]
    assert shop.balances() == {}
    shop.check_lost_state()


def test_several_lines_two_taxes_and_the_cost_of_the_goods(shop: Shop) -> None:
    """The refunds of 33.00 and 77.00 take every line and tax to zero; the goods stay sold."""
    shop.write(
        "invoice",
        "100",
        "2026-03-02",
        (RECEIVABLE, "110.00"),
        ("Income:Goods", "-80.00"),
        ("Income:Shipping", "-20.00"),
        (TAX, "-9.00"),
        ("Liabilities:City-Tax", "-1.00"),
        ("Expenses:Cost-of-Goods", "40.00"),
        ("Assets:Inventory", "-40.00"),
    )
    shop.payment()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300, "2026-03-09")
    shop.refund("re_2", "ch_1", 7700, "2026-03-10")
    shop.sync(0)
    assert shop.entries("re_1")[0] == (
        f"2026-03-09 credit_memo 100 Jo Smith: Income:Goods 24.00 USD, Income:Shipping 6.00 USD, "
        f"Liabilities:City-Tax 0.30 USD, {TAX} 2.70 USD, {RECEIVABLE} -33.00 USD"
    )
    assert shop.balances() == {"Assets:Inventory": "-40.00 USD", "Expenses:Cost-of-Goods": "40.00 USD"}


def test_a_discount_is_taken_back_with_what_it_was_given_on(shop: Shop) -> None:
    shop.write(
        "invoice",
        "100",
        "2026-03-02",
        (RECEIVABLE, "110.00"),
        (SALES, "-120.00"),
        ("Expenses:Discounts", "20.00"),
        (TAX, "-10.00"),
    )
    shop.payment()
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.balances() == {}


def test_the_sale_that_a_person_names(shop: Shop) -> None:
    shop.invoice("A-1")
    shop.payment("A-1")
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "sale_not_found"
    assert shop.resolve("re_1", "--sale", shop.ledger_id("invoice", "A-1")).code == 0
    shop.sync(0)
    assert shop.outcome("re_1")["number"] == "A-1"
    assert shop.balances() == {}
    shop.check_lost_state()


def test_the_sale_that_a_person_names_for_a_refund_without_a_charge(shop: Shop) -> None:
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.change("re_1", charge=None)
    shop.sync(3)
    assert held(shop) == "sale_not_found"
    assert shop.resolve("re_1", "--sale", shop.ledger_id("sales_receipt", "100")).code == 0
    shop.sync(0)
    assert shop.entries("re_1") == [
        f"2026-03-09 refund_receipt 100 Jo Smith: {SALES} 30.00 USD, {TAX} 3.00 USD, {CLEARING} -33.00 USD"
    ]
    shop.check_second_run()
    shop.check_lost_state()


# ---------------------------------------------------------------------------------------------- whose payment


def test_a_charge_that_paid_more_than_its_invoice(shop: Shop) -> None:
    """What it paid beyond stands on receivable, and comes back from there, without tax and without income."""
    shop.invoice()
    shop.payment(amount="132.00", charge_id="ch_1")
    shop.charge("ch_1", 13200, order="100")
    shop.refund("re_1", "ch_1", 6600)
    shop.refund("re_2", "ch_1", 6600, "2026-03-10")
    shop.sync(0)
    beyond = f"{RECEIVABLE} 11.00 USD"
    assert shop.entries("re_1")[0] == (
        f"2026-03-09 credit_memo 100 Jo Smith: {SALES} 50.00 USD, {beyond}, {TAX} 5.00 USD, {RECEIVABLE} -66.00 USD"
    )
    assert shop.outcomes() == {"re_1": "posted", "re_2": "posted"}
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_lines_that_do_not_come_to_what_was_asked_for_are_no_overpayment(shop: Shop) -> None:
    asset = ("Assets:Prepaid", "-10.00")
    shop.write("invoice", "100", "2026-03-02", (RECEIVABLE, "110.00"), (SALES, "-100.00"), asset)
    shop.payment()
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "sale_mismatch"


@pytest.mark.parametrize("order", [("ch_a", "ch_b"), ("ch_b", "ch_a")])
@pytest.mark.parametrize(("parts", "apart"), [(1, False), (3, False), (3, True)])
@pytest.mark.parametrize(
    "charges",
    [
        {"ch_a": (10000, "usd", 13500), "ch_b": (10000, "usd", 14000)},
        {"ch_a": (3333, "usd", 4571), "ch_b": (9999, "usd", 13337)},
        {"ch_a": (10000, "usd", 13500), "ch_b": (7777, "eur", 12345)},
    ],
)
def test_charges_of_one_invoice_that_settled_at_different_rates(
    shop: Shop, charges: dict[str, tuple[int, str, int]], order: tuple[str, str], parts: int, apart: bool
) -> None:
    """The books know what they settled for; each refund takes its charge's part back, and the last one all the rest."""
    total = sum(settled for _, _, settled in charges.values())
    tax, small = total // 11, 33
    lines = [(RECEIVABLE, total), (SALES, small - total + tax), ("Income:Other", -small), (TAX, -tax)]
    postings = [(account, str(amount_of(minor, "cad"))) for account, minor in lines]
    shop.write("invoice", "100", "2026-03-02", *postings, currency="CAD")
    for charge_id, (amount, currency, settled) in charges.items():
        shop.payment("100", amount=str(amount_of(settled, "cad")), currency="CAD", charge_id=charge_id)
        shop.charge(charge_id, amount, order="100", currency=currency, settled=(settled, "cad"))
    for day, charge_id in enumerate(order, start=10):
        amount, _, settled = charges[charge_id]
        for part in range(parts):
            minor, moved = (
                whole // parts + (whole % parts if not part else 0) for whole in (amount, settled)
            )
            shop.refund(
                f"re_{charge_id}_{part}",
                charge_id,
                minor,
                f"2026-03-{day}",
                hour=12 + part,
                settled=(moved, "cad"),
            )
        if apart:
            shop.sync(0)
    shop.sync(0)
    assert set(shop.outcomes().values()) == {"posted"}
    assert shop.balances() == {}
    shop.check_lost_state()


@pytest.mark.parametrize("apart", [False, True], ids=["in one run", "in two"])
def test_two_sales_by_hand_with_one_number(shop: Shop, apart: bool) -> None:
    """The refund of one takes nothing of the other, whichever run decides it."""
    shop.receipt(charge_id="ch_1")
    shop.receipt(day="2026-03-05", payee="Al Two", charge_id="ch_2")
    shop.charge("ch_1")
    shop.charge("ch_2", name="Al Two")
    shop.refund("re_1", "ch_1")
    if apart:
        shop.sync(0)
    shop.refund("re_2", "ch_2", day="2026-03-11")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "posted"}
    assert shop.balances() == {}
    shop.check_lost_state()


def test_a_sale_by_hand_that_somebody_changes_between_its_refunds(shop: Shop) -> None:
    """Its document has another id since; it is still the sale that the first refund took from."""
    shop.receipt()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 6600)
    shop.sync(0)
    text = (shop.books / "by-hand.beancount").read_text()
    (shop.books / "by-hand.beancount").write_text(text.replace('"By hand"', '"By hand" ^ch_1 ^ch_2'))
    shop.charge("ch_2", order="100")
    shop.refund("re_2", "ch_2", 6600, "2026-03-11")
    shop.sync(3)
    assert shop.outcomes() == {"re_1": "posted", "re_2": "held sale_mismatch"}


def test_rows_from_before_a_sale_was_told_by_its_document_go_by_its_number(shop: Shop) -> None:
    shop.invoice()
    for charge_id in ("ch_1", "ch_2"):
        shop.payment(amount="55.00", charge_id=charge_id)
        shop.charge(charge_id, 5500, order="100")
    shop.refund("re_1", "ch_1", 5500, metadata={"refund_lines": '[{"sku": "1", "amount": "55.00"}]'})
    shop.sync(0)
    with sqlite3.connect(shop.folder / "state.db") as state:
        state.execute("UPDATE decision SET sale_ledger_id = NULL")
    shop.refund("re_2", "ch_2", 5500, "2026-03-11")
    shop.sync(0)
    assert shop.balances() == {}


def test_two_payments_on_one_invoice(shop: Shop) -> None:
    """Each refund is compared with its own charge's payment, never with the invoice total."""
    shop.invoice()
    shop.payment(amount="40.00", links=("ch_1",))
    shop.payment(amount="70.00", day="2026-03-03")
    shop.charge("ch_1", 4000, order="100")
    shop.charge("ch_2", 7000, "2026-03-03", order="100")
    shop.refund("re_1", "ch_1", day="2026-03-09")
    shop.refund("re_2", "ch_2", day="2026-03-10")
    shop.sync(0)
    assert shop.outcome("re_1")["number"] == "100"
    assert shop.outcome("re_2")["number"] == "100-1"
    assert shop.entries("re_1")[0] == (
        f"2026-03-09 credit_memo 100 Jo Smith: {SALES} 36.36 USD, {TAX} 3.64 USD, {RECEIVABLE} -40.00 USD"
    )
    assert shop.entries("re_2")[0] == (
        f"2026-03-10 credit_memo 100-1 Jo Smith: {SALES} 63.64 USD, {TAX} 6.36 USD, {RECEIVABLE} -70.00 USD"
    )
    assert shop.balances() == {}
    shop.check_second_run()
    shop.check_lost_state()


def test_the_second_charge_is_refunded_runs_later(shop: Shop) -> None:
    """What the first charge's refund took of the invoice counts for the second's."""
    shop.invoice()
    shop.payment(amount="40.00", links=("ch_1",))
    shop.payment(amount="70.00", links=("ch_2",))
    shop.charge("ch_1", 4000, order="100")
    shop.charge("ch_2", 7000, order="100")
    shop.refund("re_1", "ch_1", day="2026-03-09")
    shop.sync(0)
    shop.refund("re_2", "ch_2", day="2026-03-10")
    shop.sync(0)
    assert shop.outcome("re_2")["number"] == "100-1"
    assert shop.balances() == {}


def test_an_unapplied_payment_of_the_customer(shop: Shop) -> None:
    """It carries no id and names no invoice; amount and customer say whose it is."""
    shop.invoice()
    shop.payment(number=None, day="2026-03-03")
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.owed() == {}


def test_a_payment_of_another_invoice_is_not_unapplied(shop: Shop) -> None:
    shop.invoice("100")
    shop.invoice("101")
    shop.payment("101")
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.entries("re_1") == [VOID]
    assert shop.owed() == {}


def test_an_unapplied_payment_with_the_charge_id(shop: Shop) -> None:
    shop.invoice()
    shop.payment(number="P-9", links=("ch_1",))
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.owed() == {}


def test_payments_on_the_sale_but_none_alike(shop: Shop) -> None:
    shop.invoice()
    shop.payment(amount="60.00")
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "sale_mismatch"


def test_the_payment_of_another_charge_is_nobody_elses(shop: Shop) -> None:
    """Same amount, but it carries the other charge's id: the refund's own payment is absent."""
    shop.invoice()
    shop.payment(links=("ch_other",))
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 5000)
    shop.sync(3)
    assert held(shop) == "payment_not_in_books"


# ---------------------------------------------------------------------------------------------- what does not agree


def test_another_customer(shop: Shop) -> None:
    shop.invoice(payee="Max Muster")
    shop.payment(payee="Max Muster")
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "sale_mismatch"
    assert "Max Muster" in shop.outcome("re_1")["sentence"]
    assert "Jo Smith" in shop.outcome("re_1")["sentence"]


def test_another_name_but_the_same_customer_id(shop: Shop) -> None:
    shop.invoice(payee="Smith & Sons", customer_id="cus_1")
    shop.payment(payee="Smith & Sons")
    refund_the_base_case(shop, customer="cus_1")
    shop.sync(0)
    assert shop.entries("re_1")[0].startswith("2026-03-09 credit_memo 100 Smith & Sons:")
    assert shop.owed() == {}


def test_a_customer_known_on_one_side_only(shop: Shop) -> None:
    shop.invoice(payee="")
    shop.payment(payee="")
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.balances() == {}


def test_another_currency(shop: Shop) -> None:
    shop.invoice(currency="EUR")
    shop.payment(currency="EUR")
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "sale_mismatch"


def test_the_payment_went_to_another_account(shop: Shop) -> None:
    shop.invoice()
    shop.payment(account="Assets:Undeposited-Funds")
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "clearing_differs"
    assert "Assets:Undeposited-Funds" in shop.outcome("re_1")["sentence"]
    shop.set("main", clearing_check="trust")
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.balances() == {CLEARING: "-110.00 USD", "Assets:Undeposited-Funds": "110.00 USD"}


def test_a_receipt_on_another_account(shop: Shop) -> None:
    shop.receipt(account="Assets:Bank")
    refund_the_base_case(shop)
    shop.sync(3)
    assert held(shop) == "clearing_differs"


def test_a_refund_before_start_is_not_listed_and_one_of_an_older_sale_is_found(shop: Shop) -> None:
    shop.invoice(day="2025-11-02")
    shop.payment(day="2025-11-02")
    shop.charge("ch_1", day="2025-11-02", order="100")
    shop.refund("re_0", "ch_1", 1000, "2025-12-30")
    shop.refund("re_1", "ch_1", 10000, "2026-01-09")
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}


@pytest.mark.parametrize("in_books", [True, False])
def test_a_sale_from_before_start_is_looked_up_even_when_sales_are_posted(
    tmp_path: Path, in_books: bool
) -> None:
    shop = Shop(tmp_path, sales="sales_receipt")
    if in_books:
        shop.invoice(day="2025-11-02")
        shop.payment(day="2025-11-02")
    shop.charge("ch_1", day="2025-11-02", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0 if in_books else 3)
    assert shop.entries("ch_1") == []
    if in_books:
        assert shop.entries("re_1") == BOTH_LEGS
        assert shop.balances() == {}
    else:
        assert held(shop) == "sale_before_start"


# ---------------------------------------------------------------------------------------------- waiting and grace


def test_a_sale_that_is_not_there_yet(tmp_path: Path) -> None:
    shop = Shop(tmp_path, refunds={"sale_grace": "72h"})
    shop.now = second("2026-03-10")
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "waiting sale_not_found"}
    shop.now += 71 * HOUR
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "waiting sale_not_found"}
    shop.now += 2 * HOUR
    shop.sync(3)
    assert held(shop) == "sale_not_found"
    shop.invoice()
    shop.payment()
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.balances() == {}


def test_a_payment_that_comes_while_the_refund_waits(tmp_path: Path) -> None:
    """An open invoice usually means that the payment is not booked yet: no void, no rule is asked."""
    shop = Shop(tmp_path, refunds={"sale_grace": "72h"})
    shop.now = second("2026-03-10")
    shop.invoice()
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "waiting payment_not_in_books"}
    assert shop.outcome("re_1")["number"] is None
    shop.now += 24 * HOUR
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "waiting payment_not_in_books"}
    shop.payment()
    shop.sync(0)
    assert shop.entries("re_1") == BOTH_LEGS
    assert shop.balances() == {}


def test_a_payment_that_comes_days_after_the_grace(shop: Shop) -> None:
    """A partial refund is held until then, and posted in full by its two legs."""
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.sync(3)
    assert held(shop) == "payment_not_in_books"
    shop.sync(3)
    assert held(shop) == "payment_not_in_books"
    shop.payment()
    shop.sync(0)
    assert shop.balances() == {CLEARING: "77.00 USD", SALES: "-70.00 USD", TAX: "-7.00 USD"}
    assert shop.owed() == {}


# ---------------------------------------------------------------------------------------------- void


def test_an_invoice_never_paid_is_voided_in_its_own_month(shop: Shop) -> None:
    shop.invoice()
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.entries("re_1") == [VOID]
    assert shop.balances() == {}
    assert any("left out of clearing" in warning for warning in shop.outcome("re_1")["warnings"])
    shop.check_second_run()
    shop.check_lost_state()


def test_an_invoice_of_another_month_gets_a_credit_memo(shop: Shop) -> None:
    shop.invoice(day="2026-02-20")
    shop.charge("ch_1", day="2026-02-20", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.entries("re_1") == [f"2026-03-09 {MEMO}"]
    assert shop.balances() == {}
    assert any("another month" in warning for warning in shop.outcome("re_1")["warnings"])
    shop.check_second_run()
    shop.check_lost_state()


def test_a_void_leaves_the_fee_of_the_charge(tmp_path: Path) -> None:
    shop = Shop(tmp_path, fees=True)
    shop.invoice()
    shop.charge("ch_1", order="100", fee=349)
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.balances() == {CLEARING: "-3.49 USD", FEES: "3.49 USD"}
    assert shop.in_stripe(fees=True) == "-3.49 USD"
    assert shop.entries("ch_1") == [f"2026-03-02 fee 100 Jo Smith: {FEES} 3.49 USD, {CLEARING} -3.49 USD"]
    shop.check_second_run()
    shop.check_lost_state()


@pytest.mark.parametrize("broken", ["part paid", "customer's payment", "invoice is larger"])
def test_the_guards_of_void(shop: Shop, broken: str) -> None:
    shop.charge("ch_1", 10000 if broken == "invoice is larger" else 11000, order="100")
    shop.invoice()
    if broken == "part paid":
        shop.payment(amount="20.00", links=("ch_other",))
    elif broken == "customer's payment":
        shop.payment(number="P-3", account="Assets:Bank")
    shop.refund("re_1", "ch_1")
    shop.sync(3)
    # An unapplied payment of this amount is taken as the charge's own; that it is elsewhere is what holds it.
    assert held(shop) == ("clearing_differs" if broken == "customer's payment" else "void_guard")


VOIDING = ((SALES, "100.00"), (TAX, "10.00"), (RECEIVABLE, "-110.00"))


@pytest.mark.parametrize("pending", ["re_1", "re_2"])
def test_a_void_follows_when_the_other_refund_of_the_charge_has_succeeded(
    tmp_path: Path, pending: str
) -> None:
    """Two refunds take a charge back, and one of them succeeds days later: held until then, and then looked at again."""
    shop = Shop(tmp_path, rules='[{"name": "void", "when": {"payment": "absent"}, "then": "void"}]')
    shop.invoice()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.refund("re_2", "ch_1", 7700, "2026-03-10")
    shop.change(pending, status="pending")
    shop.sync(3)
    other = "re_2" if pending == "re_1" else "re_1"
    assert held(shop, other) == "void_guard"
    shop.check_second_run()
    shop.change(pending, status="succeeded")
    shop.sync(0)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted", "re_2": "posted"}
    assert [t.metadata["kind"] for t in shop.ours()] == ["void"]
    assert shop.balances() == {}


def test_a_void_invoice_with_this_charges_payment_is_a_lone_payment(shop: Shop) -> None:
    shop.invoice()
    shop.payment(links=("ch_1",))
    shop.write("void", "100", "2026-03-02", *VOIDING)
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.entries("re_1") == [
        f"2026-03-09 refund_payout 100 Jo Smith: {RECEIVABLE} 110.00 USD, {CLEARING} -110.00 USD"
    ]
    assert shop.balances() == {}
    shop.check_lost_state()


def test_a_void_invoice_without_payment_was_voided_for_this_refund(shop: Shop) -> None:
    shop.invoice()
    shop.write("void", "100", "2026-03-02", *VOIDING)
    refund_the_base_case(shop)
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "adopted"}
    assert shop.ours() == []
    shop.check_second_run()
    shop.check_lost_state()


def test_a_void_invoice_without_payment_counts_as_absent_for_a_partial_refund(shop: Shop) -> None:
    shop.invoice()
    shop.write("void", "100", "2026-03-02", *VOIDING)
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.sync(3)
    assert held(shop) == "sale_not_found"


# ---------------------------------------------------------------------------------------------- booked by others

MEMO_BY_HAND = ((SALES, "60.00"), (TAX, "6.00"), (RECEIVABLE, "-66.00"))


def test_a_memo_by_hand_counts_as_already_refunded(shop: Shop) -> None:
    """60.00 + 6.00 were taken back by hand; what is left is taken to zero by the refund of the rest."""
    shop.invoice()
    shop.payment()
    shop.write("credit_memo", "CM-1", "2026-03-05", *MEMO_BY_HAND, sale="100")
    shop.write("refund_payout", "CM-1", "2026-03-05", (RECEIVABLE, "66.00"), (CLEARING, "-66.00"), sale="100")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 4400)
    shop.sync(0)
    assert shop.entries("re_1")[0] == (
        f"2026-03-09 credit_memo 100 Jo Smith: {SALES} 40.00 USD, {TAX} 4.00 USD, {RECEIVABLE} -44.00 USD"
    )
    assert shop.balances() == {}


def test_a_memo_by_hand_counts_whatever_the_order_of_its_postings(shop: Shop) -> None:
    shop.invoice()
    shop.payment()
    shop.write(
        "credit_memo",
        "CM-1",
        "2026-03-05",
        (RECEIVABLE, "-66.00"),
        (SALES, "60.00"),
        (TAX, "6.00"),
        charge_id="ch_1",
    )
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 4400)
    shop.sync(0)
    assert shop.balances()[RECEIVABLE] == "-66.00 USD"
    assert SALES not in shop.balances()


def test_a_refund_larger_than_what_others_left_is_held(shop: Shop) -> None:
    shop.invoice()
    shop.payment()
    shop.write("credit_memo", "CM-1", "2026-03-05", *MEMO_BY_HAND, sale="100")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 4500)
    shop.sync(3)
    assert held(shop) == "sale_mismatch"


# ---------------------------------------------------------------------------------------------- another currency


def test_the_books_hold_what_the_charge_settled_for(shop: Shop) -> None:
    """A sale of 100.00 usd stands as 135.00 cad; refunded at 1.40 it costs 5.00 of exchange."""
    shop.write("invoice", "100", "2026-03-02", (RECEIVABLE, "135.00"), (SALES, "-135.00"), currency="CAD")
    shop.payment(amount="135.00", currency="CAD")
    shop.charge("ch_1", 10000, order="100", settled=(13500, "cad"))
    shop.refund("re_1", "ch_1", settled=(14000, "cad"))
    shop.sync(0)
    assert shop.entries("re_1") == [
        f"2026-03-09 credit_memo 100 Jo Smith: {SALES} 135.00 CAD, Income:Exchange-Gain-or-Loss 5.00 CAD, "
        f"{RECEIVABLE} -140.00 CAD",
        f"2026-03-09 credit_card_refund 100 Jo Smith: {RECEIVABLE} 140.00 CAD, {CLEARING} -140.00 CAD",
    ]
    assert shop.balances() == {CLEARING: "-5.00 CAD", "Income:Exchange-Gain-or-Loss": "5.00 CAD"}
    assert shop.in_stripe() == "-5.00 CAD"
    shop.check_lost_state()


def test_refunds_in_parts_of_a_converted_sale_take_it_to_zero(shop: Shop) -> None:
    shop.write(
        "sales_receipt",
        "100",
        "2026-03-02",
        (CLEARING, "148.63"),
        (SALES, "-135.12"),
        (TAX, "-13.51"),
        currency="CAD",
    )
    shop.charge("ch_1", 11000, order="100", settled=(14863, "cad"))
    for place, (amount, settled) in enumerate([(3300, 4471), (3300, 4455), (4400, 6001)]):
        shop.refund(f"re_{place}", "ch_1", amount, f"2026-03-1{place}", settled=(settled, "cad"))
    shop.sync(0)
    assert shop.in_stripe() == "-0.64 CAD"
    assert shop.balances() == {CLEARING: "-0.64 CAD", "Income:Exchange-Gain-or-Loss": "0.64 CAD"}
    shop.check_lost_state()
