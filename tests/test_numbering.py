"""Numbers: 100, 100-1, 100-2, and where the sale's number comes from."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_cases import case as refund_case
from planning_cases import charge_case, documents_of, invoice, ledger, paid, plan, receipt, refund

from connector.planning.numbering import (
    NumberSource,
    Templates,
    next_number,
    number_candidates,
    shorten,
)
from connector.planning.stripe_facts import CheckoutSession, Invoice, PaymentIntent

FREE = Templates()
CHARGE = replace(
    charge_case().charge,
    metadata={"order_number": "A-7", "empty": ""},
    description="Order 1234 of Ann, Order 99",
)
INTENT = PaymentIntent("pi_1", 1, metadata={"order_number": " B-8 "})
STRIPE_INVOICE = Invoice("in_1", 1, "INV-9", "usd", 11000, "paid", metadata={"po": "PO-1"})
SESSION = CheckoutSession("cs_test_1", 1, client_reference_id="cart-5")


def nothing_taken(number: str) -> bool:
    return False


def candidates(*sources: str | NumberSource) -> list[str]:
    entries = [s if isinstance(s, NumberSource) else NumberSource(s) for s in sources]
    return number_candidates(entries, CHARGE, INTENT, STRIPE_INVOICE, SESSION)


# ---------------------------------------------------------------------------------------------- the next number


def test_the_first_refund_has_the_number_of_the_sale() -> None:
    assert next_number("100", (), nothing_taken, FREE) == (0, "100")


@pytest.mark.parametrize(("used", "expected"), [([0], (1, "100-1")), ([0, 1], (2, "100-2"))])
def test_the_next_refunds_are_100_1_and_100_2(used: list[int], expected: tuple[int, str]) -> None:
    assert next_number("100", used, nothing_taken, FREE) == expected


def test_gaps_stay() -> None:
    assert next_number("100", [0, 4], nothing_taken, FREE) == (5, "100-5")


def test_a_number_that_others_hold_is_passed_over() -> None:
    assert next_number("100", (), {"100", "100-1"}.__contains__, FREE) == (2, "100-2")


def test_where_sales_and_refunds_share_numbers_refunds_begin_at_100_1() -> None:
    assert next_number("100", (), {"100"}.__contains__, FREE) == (1, "100-1")


@pytest.mark.parametrize(
    ("templates", "n", "number"),
    [
        (Templates(first="R{sale}"), 0, "R100"),
        (Templates(repeat="{sale}/{n}"), 3, "100/3"),
        (Templates(first="{sale}-CR", repeat="{sale}-CR{n}"), 1, "100-CR1"),
    ],
)
def test_numbers_follow_the_templates(templates: Templates, n: int, number: str) -> None:
    assert templates.number("100", n) == number


def test_a_sales_number_with_braces_stays_as_it_is() -> None:
    assert Templates().number("{n}", 2) == "{n}-2"


def test_reversals_show_100_r() -> None:
    assert Templates().reversal_number("100-1") == "100-1-R"


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_a_number_is_never_given_twice_nor_one_that_is_held(used: set[int], held: set[int]) -> None:
    taken = {FREE.number("100", n) for n in held}
    n, number = next_number("100", used, taken.__contains__, FREE)
    assert n > max(used, default=-1)
    assert number not in taken | {FREE.number("100", place) for place in used}


# ---------------------------------------------------------------------------------------------- Stripe ids


@pytest.mark.parametrize(
    ("number", "length", "shown"),
    [
        ("ch_3TCgyVCAcmeBooks0JRRmSJd", 10, "ks0JRRmSJd"),
        ("ch_3TCgyVCAcmeBooks0JRRmSJd", 8, "0JRRmSJd"),
        ("ch_3TCgyVCAcmeBooks0JRRmSJd", None, "ch_3TCgyVCAcmeBooks0JRRmSJd"),
        ("cs_test_a1b2c3d4e5f6g7h8", 10, "d4e5f6g7h8"),
        ("pyr_1TJVULHAcmeBooksFaBMnAd8", 10, "ksFaBMnAd8"),
        ("ORDER-2026-000000000001", 10, "ORDER-2026-000000000001"),
        ("ch_short", 4, "ch_short"),
    ],
)
def test_a_stripe_id_used_as_number_is_shortened(number: str, length: int | None, shown: str) -> None:
    assert shorten(number, length) == shown


# ---------------------------------------------------------------------------------------------- where it comes from


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("invoice.number", "INV-9"),
        ("invoice.id", "in_1"),
        ("invoice.metadata.po", "PO-1"),
        ("charge.id", "ch_1"),
        ("charge.metadata.order_number", "A-7"),
        ("payment_intent.id", "pi_1"),
        ("payment_intent.metadata.order_number", "B-8"),
        ("checkout_session.id", "cs_test_1"),
        ("checkout_session.client_reference_id", "cart-5"),
    ],
)
def test_each_place_of_a_number(source: str, number: str) -> None:
    assert candidates(source) == [number]


def test_the_first_present_wins_and_the_others_follow() -> None:
    assert candidates("charge.metadata.missing", "charge.metadata.empty", "charge.metadata.order_number") == [
        "A-7"
    ]
    assert candidates("invoice.number", "charge.id", "invoice.number") == ["INV-9", "ch_1"]


def test_a_regular_expression_picks_the_number_out_of_a_text() -> None:
    wanted = NumberSource("charge.description", re.compile(r"Order (\d+)"))
    missing = NumberSource("charge.description", re.compile(r"Invoice (\d+)"))
    optional = NumberSource("charge.description", re.compile(r"Order 1234( of Bob)?"))
    assert candidates(missing, optional, wanted) == ["1234"]


def test_a_payment_intents_id_is_known_without_its_object() -> None:
    source = [NumberSource("payment_intent.id"), NumberSource("invoice.id"), NumberSource("payment_intent.x")]
    assert number_candidates(source, CHARGE, None, None, None) == ["pi_1"]


# ---------------------------------------------------------------------------------------------- on documents


def test_all_documents_of_a_refund_show_its_number() -> None:
    documents = documents_of(refund_case(sale=invoice(paid()), number=(2, "100-2")))
    assert {document.number for document in documents} == {"100-2"}
    assert {document.sale_number for document in documents} == {"100"}


def test_a_refund_keeps_the_number_it_was_given() -> None:
    later = refund_case(refund(2, 1000), sale=receipt(), number=(7, "100-7"))
    assert plan(later).number == "100-7"
    assert plan(later).place == 7


def test_a_number_of_40_characters_is_held_where_the_ledger_takes_21() -> None:
    short = ledger(can={"number_length": 21})
    decided = plan(refund_case(sale=receipt(), number=(0, "X" * 40)), short)
    assert (decided.outcome, decided.reason, decided.due) == ("held", "number_too_long", False)
    assert decided.sentence == f"the number {'X' * 40} has 40 characters; this ledger takes 21"
    assert plan(refund_case(sale=receipt(), number=(0, "X" * 21)), short).outcome == "posted"
