"""The documents of a charge where the connector posts the sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_cases import (
    AR,
    BOOKS,
    CHARGED,
    CHARGED_DAY,
    CLR,
    DAY,
    EXCHANGE,
    FAILED,
    FAILED_DAY,
    FEES,
    HOUR,
    NOW,
    REV,
    TAX,
    balance,
    charge_case,
    check_books,
    kinds,
    ledger,
    moved,
    moves,
)

from connector.planning.case import Books, ChargeCase, LedgerPolicy, Plan
from connector.planning.sale_plan import plan_charge, plan_charge_failure
from connector.planning.stripe_facts import CheckoutSession, Customer, Invoice, LineFact, PaymentIntent

RECEIPTS = ledger(sales="sales_receipt")
INVOICES = ledger(sales="invoice_and_payment")


def fact(net: int = 10000, tax: int = 1000, line_id: str = "il_1", **changes: Any) -> LineFact:
    return replace(LineFact(line_id, f"Line {line_id}", net, tax, "1"), **changes)


def bill(*lines: LineFact) -> Invoice:
    lines = lines or (fact(),)
    return Invoice(
        "in_1", CHARGED, "INV-9", "usd", sum(x.net_minor + x.tax_minor for x in lines), "paid", lines=lines
    )


BASE = charge_case(invoice=bill())


def sell(
    one: ChargeCase = BASE,
    policy: LedgerPolicy = RECEIPTS,
    books: Books = BOOKS,
    numbers: Sequence[str] = ("100",),
    now: int = NOW,
) -> Plan:
    return plan_charge(one, books, policy, numbers, now, CHARGED)


def sold(one: ChargeCase, policy: LedgerPolicy = RECEIPTS) -> list[tuple[str, int, int]]:
    """Line id, net and tax of the sale's lines, as charged."""
    decided = sell(one, policy)
    assert decided.sale is not None, decided.sentence
    return [(line.line_id, line.net_minor, line.tax_minor) for line in decided.sale.lines]


# ---------------------------------------------------------------------------------------------- the base case


def test_a_sales_receipt_and_its_fee() -> None:
    decided = sell()
    receipt, fee = decided.documents
    assert moves(receipt) == [(REV, -10000), (TAX, -1000), (CLR, 11000)]
    assert moves(fee) == [(FEES, 349), (CLR, -349)]
    assert kinds(decided.documents) == ["sales_receipt", "fee"]
    assert {d.number for d in decided.documents} == {"100"}
    assert {d.posting_date for d in decided.documents} == {CHARGED_DAY}
    assert {(d.refund_id, d.charge_id, d.sale_number) for d in decided.documents} == {(None, "ch_1", "100")}


def test_an_invoice_with_its_payment_and_fee() -> None:
    decided = sell(policy=INVOICES)
    invoice, payment, fee = decided.documents
    assert moves(invoice) == [(REV, -10000), (TAX, -1000), (AR, 11000)]
    assert moves(payment) == [(AR, -11000), (CLR, 11000)]
    assert moves(fee) == [(FEES, 349), (CLR, -349)]
    assert kinds(decided.documents) == ["invoice", "payment", "fee"]
    assert payment.after == (invoice.document_key,)


def test_without_fees_the_sale_stands_alone() -> None:
    assert kinds(sell(policy=ledger(sales="sales_receipt", fees=False)).documents) == ["sales_receipt"]


def test_a_fee_given_back_is_never_a_negative_expense() -> None:
    given = charge_case(invoice=bill(), settled=moved(11000, -30))
    fee = sell(given).documents[1]
    assert moves(fee) == [(FEES, -30), (CLR, 30)]
    assert (fee.amount_minor, fee.narration) == (30, "Stripe fee given back on the charge 100")


@pytest.mark.parametrize("policy", [RECEIPTS, INVOICES], ids=["receipt", "invoice"])
def test_the_sale_is_what_refunds_will_find(policy: LedgerPolicy) -> None:
    decided = sell(policy=policy)
    sale = decided.sale
    assert sale is not None
    (payment,) = sale.payments
    assert (sale.number, sale.total_minor, sale.balance_minor, sale.ours) == ("100", 11000, 0, True)
    assert (payment.charge_ids, payment.account, payment.applied) == (("ch_1",), CLR, True)
    assert sale.ledger_id == decided.documents[0].document_key
    paying = decided.documents[1 if sale.form == "invoice" else 0]
    assert payment.ledger_id == paying.document_key


# ---------------------------------------------------------------------------------------------- when


def test_a_charge_that_is_pending_waits() -> None:
    decided = sell(charge_case(status="pending"))
    assert (decided.outcome, decided.sentence) == ("waiting", "charge ch_1 is pending yet")


def test_a_charge_that_is_not_captured_waits() -> None:
    decided = sell(charge_case(captured=False, captured_minor=0))
    assert (decided.outcome, decided.sentence) == ("waiting", "charge ch_1 is not captured yet")


def test_a_charge_that_failed_is_dropped() -> None:
    assert sell(charge_case(status="failed")).outcome == "dropped"


def test_a_charge_that_cannot_be_used_is_held_with_its_defect() -> None:
    decided = sell(charge_case(defect="currency_not_supported: charge ch_1 has currency xyz."))
    assert (decided.outcome, decided.reason) == ("held", "currency_not_supported")
    assert decided.sentence == "charge ch_1 has currency xyz."


def test_no_number_is_left() -> None:
    assert (sell(numbers=()).outcome, sell(numbers=()).reason) == ("held", "sale_not_found")


def test_a_sale_number_that_is_too_long_is_held() -> None:
    decided = sell(policy=ledger(sales="sales_receipt", can={"number_length": 21}), numbers=("X" * 40,))
    assert (decided.outcome, decided.reason) == ("held", "number_too_long")


def test_a_charge_without_balance_transaction_waits_and_is_then_held() -> None:
    one = replace(BASE, balance_transaction=None)
    assert sell(one, now=CHARGED + HOUR).outcome == "waiting"
    assert (sell(one).outcome, sell(one).reason) == ("held", "settlement_unknown")


def test_with_an_export_a_charge_settles_one_to_one_unless_its_refund_shows_otherwise() -> None:
    export = replace(BOOKS, from_export=True)
    one = replace(BASE, balance_transaction=None)
    decided = sell(one, books=export)
    assert kinds(decided.documents) == ["sales_receipt"]
    assert decided.warnings[0].startswith("settlement_assumed")
    held = sell(replace(one, currencies=frozenset({"cad"})), books=export)
    assert (held.outcome, held.reason) == ("held", "stripe_object_missing")


def test_a_sale_in_a_closed_period_is_held_or_moved() -> None:
    closed = replace(RECEIPTS, closed_until=date(2026, 3, 5))
    assert (sell(policy=closed).outcome, sell(policy=closed).reason) == ("held", "period_closed")
    moving = sell(policy=closed, books=replace(BOOKS, period_closed="first_open_day"))
    assert {d.posting_date for d in moving.documents} == {date(2026, 3, 6)}
    assert moving.documents[0].narration.endswith("[2026-03-02]")


# ---------------------------------------------------------------------------------------------- what was sold


def test_lines_of_the_stripe_invoice_come_first() -> None:
    session = CheckoutSession("cs_1", CHARGED, lines=(fact(11000, 0, "li_1"),))
    assert sold(charge_case(invoice=bill(), session=session)) == [("il_1", 10000, 1000)]
    assert sold(charge_case(session=session)) == [("li_1", 11000, 0)]


def test_the_payments_own_lines_stand_between_checkout_and_metadata() -> None:
    intent = PaymentIntent("pi_1", CHARGED, lines=(fact(9000, 2000, "uli_1"),), metadata={"sku": "SKU-1"})
    session = CheckoutSession("cs_1", CHARGED, lines=(fact(11000, 0, "li_1"),))
    assert sold(charge_case(payment_intent=intent)) == [("uli_1", 9000, 2000)]
    assert sold(charge_case(payment_intent=intent, session=session)) == [("li_1", 11000, 0)]
    assert sold(charge_case(payment_intent=replace(intent, lines=()))) == [("1", 11000, 0)]


def test_lines_in_metadata() -> None:
    text = '[{"sku":"MUG","amount":"66.00","tax":"6.00","quantity":2},{"amount":44}]'
    assert sold(charge_case(metadata={"sale_lines": text})) == [("1", 6000, 600), ("2", 4400, 0)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no json", "is no JSON"),
        ("{}", "is no JSON list of {sku, quantity, amount}"),
        ("[1]", "is no JSON list of {sku, quantity, amount}"),
        ('[{"sku":"MUG"}]', "has no amount in USD that can be used in entry 1"),
        ('[{"amount":"100.00"},{"amount":"1.234"}]', "has no amount in USD that can be used in entry 2"),
        ('[{"amount":"55.00"}]', "adds up to 55.00 USD, not to 110.00 USD"),
        ('[{"amount":"109.99"}]', "adds up to 109.99 USD, not to 110.00 USD"),
        ('[{"amount":"110.00","tax":"120.00"}]', "has no amount in USD that can be used in entry 1"),
        ('[{"amount":true}]', "has no amount in USD that can be used in entry 1"),
        ("[" * 5000, "is no JSON"),
    ],
)
def test_lines_in_metadata_that_make_no_sense_are_not_used_and_it_says_so(text: str, fault: str) -> None:
    one = charge_case(metadata={"sale_lines": text}, description="A mug")
    assert sold(one) == [("1", 11000, 0)]
    decided = sell(one)
    warning = (
        "metadata sale_lines was not used, so the whole charge is one line without tax: "
        f"of charge ch_1 it {fault}"
    )
    assert decided.warnings == (warning,)
    assert decided.documents[0].warnings == (warning,)


@pytest.mark.parametrize("text", ["", "[]"])
def test_lines_in_metadata_that_are_not_there_are_no_matter_for_a_warning(text: str) -> None:
    decided = sell(charge_case(metadata={"sale_lines": text}))
    assert (decided.outcome, decided.warnings) == ("posted", ())


def test_a_charge_that_says_nothing_is_one_line_without_tax() -> None:
    intent = PaymentIntent("pi_1", CHARGED, metadata={"sku": "MUG", "quantity": "2"})
    decided = sell(charge_case(payment_intent=intent, description="A mug"))
    assert decided.sale is not None
    (line,) = decided.sale.lines
    assert (line.sku, line.quantity, line.description, line.tax_minor) == ("MUG", "2", "A mug", 0)
    assert moves(decided.documents[0]) == [(REV, -11000), (CLR, 11000)]


def test_a_charge_that_is_less_than_its_invoice_takes_its_part_of_each_line_and_tax() -> None:
    one = charge_case(5500, invoice=bill(fact(6000, 600, "a"), fact(4000, 400, "b")))
    assert sold(one) == [("a", 3000, 300), ("b", 2000, 200)]


def test_a_charge_that_is_more_than_its_invoice_has_an_untaxed_line_for_the_rest() -> None:
    decided = sell(charge_case(12000, invoice=bill()))
    assert moves(decided.documents[0]) == [(REV, -10000), (REV, -1000), (TAX, -1000), (CLR, 12000)]


@pytest.mark.parametrize(
    ("charge_id", "amount", "expected"),
    [
        ("ch_a", 3300, [("a", 1800, 180), ("b", 1200, 120)]),
        ("ch_1", 7700, [("a", 4200, 420), ("b", 2800, 280)]),
    ],
)
def test_two_charges_of_one_invoice_together_take_all_of_it(
    charge_id: str, amount: int, expected: list[tuple[str, int, int]]
) -> None:
    parts = (("ch_a", 3300), ("ch_1", 7700))
    lines = (fact(6000, 600, "a"), fact(4000, 400, "b"))
    one = charge_case(amount, charge_id=charge_id, invoice=bill(*lines), invoice_parts=parts)
    assert sold(one) == expected


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=5))
def test_charges_that_pay_an_invoice_leave_no_cent_of_a_line(amounts: list[int]) -> None:
    total = sum(amounts)
    tax = total // 11
    lines = (fact(total - tax - total // 3, tax, "a"), fact(total // 3, 0, "b"))
    parts = tuple((f"ch_{place}", amount) for place, amount in enumerate(amounts))
    taken = {"a": [0, 0], "b": [0, 0]}
    for charge_id, amount in parts:
        one = charge_case(amount, charge_id=charge_id, invoice=bill(*lines), invoice_parts=parts)
        for line_id, net, line_tax in sold(one):
            taken[line_id][0] += net
            taken[line_id][1] += line_tax
    assert taken == {"a": [total - tax - total // 3, tax], "b": [total // 3, 0]}


def test_negative_lines_of_a_proration() -> None:
    one = charge_case(8800, invoice=bill(fact(10000, 1000, "a"), fact(-2000, -200, "b")))
    assert moves(sell(one).documents[0]) == [(REV, -10000), (REV, 2000), (TAX, -800), (CLR, 8800)]


def test_a_partial_capture_is_sold_for_what_was_captured() -> None:
    one = charge_case(
        11000, captured_minor=5500, invoice=bill(), settled=moved(11000, 349, "usd", CHARGED), released=True
    )
    receipt, fee = sell(one).documents
    assert moves(receipt) == [(REV, -5000), (TAX, -500), (CLR, 5500)]
    assert moves(fee) == [(FEES, 349), (CLR, -349)]


@pytest.mark.parametrize(
    ("authorised_in_usd", "rate", "sold_for"),
    [(13200, "1.2", 6600), (6600, "1.2", 6600), (13200, None, 13200), (6600, "120", 6600)],
    ids=("Stripe converted the whole", "what was captured", "no rate", "a rate that fits neither"),
)
def test_a_partial_capture_in_another_currency_before_its_release_is_read(
    authorised_in_usd: int, rate: str | None, sold_for: int
) -> None:
    settled = replace(moved(authorised_in_usd, 0, "usd", CHARGED), exchange_rate=rate)
    one = charge_case(11000, currency="eur", captured_minor=5500, settled=settled)
    assert one.settled() == (sold_for, "usd")


# ---------------------------------------------------------------------------------------------- items, accounts, taxes


@pytest.mark.parametrize(
    ("changes", "skus", "expected"),
    [
        ({"sku": "A"}, {}, "A"),
        ({"product_id": "prod_1"}, {"prod_1": "B"}, "B"),
        ({"price_id": "price_1"}, {"price_1": "C"}, "C"),
        ({"lookup_key": "D", "product_id": "prod_9"}, {}, "D"),
        ({"product_id": "prod_named"}, {}, "prod_named"),
        ({"product_id": "prod_other"}, {}, None),
    ],
)
def test_where_the_sku_of_a_line_comes_from(
    changes: dict[str, Any], skus: dict[str, str], expected: str | None
) -> None:
    items = {"*": REV, "prod_named": "Income:Named"}
    policy = ledger(sales="sales_receipt", mapping={"sales_items": items})
    decided = sell(charge_case(invoice=bill(fact(**changes)), skus=skus), policy)
    assert decided.sale is not None
    assert decided.sale.lines[0].sku == expected


def test_an_item_may_be_an_account_or_a_name() -> None:
    items = {"MUG": "Income:Mugs", "BOOK": "Book"}
    policy = ledger(sales="sales_receipt", mapping={"sales_items": items})
    lines = (fact(6000, 600, "a", sku="MUG"), fact(4000, 400, "b", sku="BOOK"))
    document = sell(charge_case(invoice=bill(*lines)), policy).documents[0]
    assert [(x.account, x.item) for x in document.lines] == [("Income:Mugs", "Income:Mugs"), (REV, "Book")]


def test_a_sku_without_item_is_held_as_item_not_mapped() -> None:
    policy = ledger(sales="sales_receipt", mapping={"sales_items": {"MUG": REV}})
    decided = sell(charge_case(invoice=bill(fact(sku="NEW"))), policy)
    assert (decided.outcome, decided.reason, decided.due) == ("held", "item_not_mapped", True)
    assert decided.sentence == 'SKU NEW of charge ch_1 is not under items.sales, and there is no "*"'
    plain = sell(charge_case(invoice=bill()), policy)
    assert (plain.sentence or "").startswith("a line without SKU of charge ch_1")


@pytest.mark.parametrize(
    ("mapping", "role"),
    [
        ({"tax": None}, "no tax account is mapped"),
        ({"sales": None, "sales_items": {"*": "Service"}}, "no sales account is mapped"),
        ({"fees": None}, "no fees account is mapped"),
        (
            {"clearing_accounts": replace(RECEIPTS.mapping.clearing_accounts, every=None)},
            "no clearing account",
        ),
    ],
)
def test_an_account_that_is_needed_and_not_mapped_is_held(mapping: dict[str, Any], role: str) -> None:
    decided = sell(policy=ledger(sales="sales_receipt", mapping=mapping))
    assert (decided.outcome, decided.reason, decided.due) == ("held", "account_not_mapped", True)
    assert (decided.sentence or "").startswith(role)


def test_a_receivable_account_is_needed_for_invoices_alone() -> None:
    none = {"receivable_accounts": replace(RECEIPTS.mapping.receivable_accounts, every=None)}
    assert sell(policy=ledger(sales="sales_receipt", mapping=none)).outcome == "posted"
    assert sell(policy=ledger(sales="invoice_and_payment", mapping=none)).reason == "account_not_mapped"


def test_a_tax_rate_may_have_an_account_of_its_own() -> None:
    taxes = {"txr_1": "Liabilities:VAT", "txr_2": "REDUCED"}
    policy = ledger(sales="sales_receipt", mapping={"taxes": taxes})
    lines = (fact(6000, 600, "a", tax_rate_id="txr_1"), fact(4000, 400, "b", tax_rate_id="txr_2"))
    document = sell(charge_case(invoice=bill(*lines)), policy).documents[0]
    assert moves(document)[2:4] == [("Liabilities:VAT", -600), (TAX, -400)]
    assert document.lines[1].tax_code == "REDUCED"


@pytest.mark.parametrize(
    ("changes", "customer"),
    [
        ({"customer": Customer("cus_1", 1, "Acme Ltd", "a@example.com")}, "Acme Ltd"),
        ({}, "Ann Lee"),
        ({"customer_name": None, "customer": Customer("cus_1", 1, None, "a@example.com")}, "a@example.com"),
        ({"customer_name": None, "customer_email": "b@example.com"}, "b@example.com"),
        ({"customer_name": None}, "cus_1"),
        ({"customer_name": None, "customer_id": None}, "Stripe customers"),
    ],
)
def test_the_name_of_the_customer(changes: dict[str, Any], customer: str) -> None:
    decided = sell(charge_case(invoice=bill(), **changes))
    assert {d.customer for d in decided.documents} == {customer}


# ---------------------------------------------------------------------------------------------- currencies


def test_a_sale_that_settles_in_another_currency_is_booked_as_settled() -> None:
    one = charge_case(invoice=bill(), settled=moved(14850, 471, "cad", CHARGED))
    decided = sell(one)
    assert moves(decided.documents[0]) == [(REV, -13500), (TAX, -1350), (CLR, 14850)]
    assert {d.currency for d in decided.documents} == {"cad"}
    assert decided.sale is not None
    line = decided.sale.lines[0]
    assert (line.net_minor, line.tax_minor, line.home_net_minor, line.home_tax_minor) == (
        10000,
        1000,
        13500,
        1350,
    )
    assert (decided.sale.currency, decided.sale.charge_currency) == ("cad", "usd")


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [("jpy", 5500, "5500"), ("kwd", 11000, "11.000"), ("isk", 550000, "5500.00"), ("usd", 11000, "110.00")],
)
def test_lines_in_metadata_follow_the_decimals_of_the_currency(currency: str, amount: int, text: str) -> None:
    one = charge_case(amount, currency=currency, metadata={"sale_lines": f'[{{"amount":"{text}"}}]'})
    decided = sell(one)
    assert moves(decided.documents[0]) == [(REV, -amount), (CLR, amount)]
    assert decided.documents[0].lines[0].description == "Line 1"


# ---------------------------------------------------------------------------------------------- a charge that failed


def fail(
    one: ChargeCase, policy: LedgerPolicy, amount: int = -11000, fee: int = 0, currency: str = "usd"
) -> tuple[Plan, Plan]:
    """The sale of a charge, and what becomes of it when the charge fails."""
    decided = sell(one, policy)
    failure = moved(amount, fee, currency, FAILED, "txn_f")
    failed = replace(one, charge=replace(one.charge, status="failed"), failure_balance_transaction=failure)
    return decided, plan_charge_failure(failed, BOOKS, policy, decided.documents, NOW, CHARGED)


@pytest.mark.parametrize("policy", [RECEIPTS, INVOICES], ids=["receipt", "invoice"])
def test_a_charge_that_fails_later_is_reversed_by_mirrors_of_that_date(policy: LedgerPolicy) -> None:
    decided, failed = fail(BASE, policy)
    assert failed.outcome == "reversed"
    assert {d.posting_date for d in failed.documents} == {FAILED_DAY}
    assert {d.number for d in failed.documents} == {"100-R"}
    assert {d.kind for d in failed.documents} == {"reversal"}
    assert balance(decided.documents, failed.documents) == {FEES: 349, CLR: -349}


def test_the_payment_of_a_charge_that_failed_is_taken_back_before_its_invoice() -> None:
    decided, failed = fail(BASE, INVOICES)
    payment, invoice = failed.documents
    assert moves(payment) == [(AR, 11000), (CLR, -11000)]
    assert moves(invoice) == [(REV, 10000), (TAX, 1000), (AR, -11000)]
    assert payment.reverses == decided.documents[1].document_key
    assert payment.document_key in invoice.after


def test_the_fee_of_a_failed_charge() -> None:
    _, failed = fail(BASE, RECEIPTS, fee=400)
    assert moves(failed.documents[1]) == [(FEES, 400), (CLR, -400)]
    assert failed.documents[1].narration == "Stripe fee on the failed charge 100"


def test_a_charge_that_fails_at_another_rate_moves_clearing_by_the_failures_own_amount() -> None:
    one = charge_case(invoice=bill(), settled=moved(14850, 0, "cad", CHARGED))
    decided, failed = fail(one, RECEIPTS, -15000, currency="cad")
    assert moves(failed.documents[0]) == [(REV, 13500), (TAX, 1350), (EXCHANGE, 150), (CLR, -15000)]
    assert balance(decided.documents, failed.documents) == {EXCHANGE: 150, CLR: -150}


def test_a_failure_that_is_not_booked_yet_waits_and_is_then_held() -> None:
    decided = sell()
    one = replace(BASE, charge=replace(BASE.charge, status="failed"))
    waiting = plan_charge_failure(one, BOOKS, RECEIPTS, decided.documents, CHARGED + DAY, CHARGED)
    assert (waiting.outcome, waiting.reason) == ("waiting", "settlement_unknown")
    held = plan_charge_failure(one, BOOKS, RECEIPTS, decided.documents, NOW, CHARGED)
    assert (held.outcome, held.reason) == ("held", "settlement_unknown")


# ---------------------------------------------------------------------------------------------- what always holds


@given(
    st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 900)), min_size=1, max_size=4),
    st.integers(1, 40000),
    st.integers(1, 40000),
    st.booleans(),
)
def test_every_sale_balances_and_sums_to_what_settled(
    amounts: list[tuple[int, int]], captured: int, settled: int, as_invoice: bool
) -> None:
    lines = [fact(net, tax, str(place)) for place, (net, tax) in enumerate(amounts)]
    one = charge_case(captured, invoice=bill(*lines), settled=moved(settled, 7, "cad", CHARGED))
    decided = sell(one, INVOICES if as_invoice else RECEIPTS)
    check_books(decided.documents)
    assert decided.documents[0].amount_minor == settled
    assert sum(line.net_minor + line.tax_minor for line in decided.documents[0].lines) == settled
    assert decided.sale is not None
    assert sum(line.net_minor + line.tax_minor for line in decided.sale.lines) == captured
    assert balance(decided.documents).get(CLR, 0) == settled - 7
    assert decided == sell(one, INVOICES if as_invoice else RECEIPTS)
