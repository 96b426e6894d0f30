"""Lines of invoices, credit notes and sessions: net and tax of each, and together the total."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.stripe_facts import CheckoutSession, CreditNote, Invoice, LineFact
from connector.stripe_source.parse import parse_object

GOBL = Path(__file__).resolve().parents[2] / "shared/data/stripe-recorded/gobl.stripe"


def invoice_lines(total: int, rows: list[dict[str, Any]], **fields: Any) -> tuple[LineFact, ...]:
    listed = {"object": "list", "has_more": fields.pop("has_more", False), "data": rows}
    raw = {
        "id": "in_1",
        "object": "invoice",
        "created": 5,
        "currency": "eur",
        "total": total,
        "lines": listed,
    }
    found = parse_object(raw | fields)
    assert found is not None
    assert found.defect is None, found.defect
    assert isinstance(found.fact, Invoice)
    assert total_of(found.fact.lines) == total
    return found.fact.lines


def total_of(lines: tuple[LineFact, ...]) -> int:
    return sum(line.net_minor + line.tax_minor for line in lines)


def amounts(lines: tuple[LineFact, ...]) -> list[tuple[int, int]]:
    return [(line.net_minor, line.tax_minor) for line in lines]


def row(amount: int, **fields: Any) -> dict[str, Any]:
    return {"id": "il_1", "object": "line_item", "amount": amount} | fields


def exclusive(amount: int) -> dict[str, Any]:
    return {"amount": amount, "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": "txr_1"}}


def inclusive(amount: int) -> dict[str, Any]:
    return {"amount": amount, "inclusive": True, "tax_rate": {"id": "txr_1", "object": "tax_rate"}}


# ------------------------------------------------------------------------------------ recorded documents


def test_recorded_invoices_and_credit_notes_add_up() -> None:
    if not GOBL.is_dir():
        pytest.skip(f"recorded invoices are missing: {GOBL}")
    seen = 0
    for path in sorted(GOBL.glob("*.json")):
        raw = json.loads(path.read_text(), parse_float=str)
        found = parse_object(raw)
        assert found is not None
        assert found.defect is None, found.defect
        assert isinstance(found.fact, Invoice | CreditNote)
        assert len(found.fact.lines) == len(raw["lines"]["data"]), path.name
        if not found.fact.lines:
            assert path.name == "credit-note-no-lines.json"
            continue
        seen += 1
        assert total_of(found.fact.lines) == raw["total"], path.name
        assert sum(line.net_minor for line in found.fact.lines) == raw["total_excluding_tax"], path.name
        for line, was in zip(found.fact.lines, raw["lines"]["data"], strict=True):
            # Stripe's own figure without tax is before discounts.
            discounts = sum(entry["amount"] for entry in was["discount_amounts"])
            assert line.net_minor + discounts == was["amount_excluding_tax"], path.name
    assert seen == 18


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("blank-note-validation", [(63573, 13350), (22227, 4668)]),
        ("stripe_rounding_mismatch", [(295, 62), (750, 158)]),
        ("stripe_invoice_paid", [(8264, 1736)]),
        ("stripe_coupon", [(8910, 0), (10000, 0)]),
        ("stripe_credit_note_included", [(82, 17)]),
        ("stripe_credit_note_manual_tax", [(2500, 525)]),
    ],
)
def test_recorded_lines(name: str, expected: list[tuple[int, int]]) -> None:
    path = GOBL / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"a recorded document is missing: {path}")
    found = parse_object(json.loads(path.read_text(), parse_float=str))
    assert found is not None
    assert isinstance(found.fact, Invoice | CreditNote)
    assert amounts(found.fact.lines) == expected


# ------------------------------------------------------------------------------------ net and tax


def test_taxes_on_top_and_taxes_in_the_price() -> None:
    assert amounts(invoice_lines(11000, [row(10000, taxes=[exclusive(1000)])])) == [(10000, 1000)]
    assert amounts(invoice_lines(12000, [row(12000, tax_amounts=[inclusive(2000)])])) == [(10000, 2000)]
    both = row(12000, tax_amounts=[inclusive(2000), {"amount": 600, "tax_rate": "txr_2"}])
    assert amounts(invoice_lines(12600, [both])) == [(10000, 2600)]
    twice = row(10000, taxes=[exclusive(1000)], tax_amounts=[{"amount": 1000, "inclusive": False}])
    assert amounts(invoice_lines(11000, [twice])) == [(10000, 1000)]


def test_a_tax_that_only_the_amount_without_tax_tells() -> None:
    assert amounts(invoice_lines(12000, [row(12000, amount_excluding_tax=10000)])) == [(10000, 2000)]
    assert amounts(invoice_lines(-1200, [row(-1200, amount_excluding_tax=-1000)])) == [(-1000, -200)]
    discounted = row(12000, amount_excluding_tax=10000, discount_amounts=[{"amount": 1200}])
    assert amounts(invoice_lines(10800, [discounted])) == [(10800, 0)]


def test_discounts_and_billing_credits_are_off_the_net_amount_once() -> None:
    line = row(
        10000,
        discount_amounts=[{"amount": 1500}, {"amount": 500}],
        pretax_credit_amounts=[
            {"amount": 2000, "type": "discount"},
            {"amount": 1000, "type": "credit_balance_transaction"},
        ],
        taxes=[exclusive(700)],
    )
    assert amounts(invoice_lines(7700, [line])) == [(7000, 700)]


@pytest.mark.parametrize(
    ("line", "total", "expected"),
    [
        # `subtotal` before discounts; `amount` before discounts; `amount` after them;
        # `subtotal` already without the tax that the price includes.
        (
            row(9000, subtotal=10000, discount_amounts=[{"amount": 1000}], taxes=[exclusive(900)]),
            9900,
            (9000, 900),
        ),
        (row(10000, subtotal=8000, discount_amounts=[{"amount": 1000}]), 9000, (9000, 0)),
        (row(9000, discount_amounts=[{"amount": 1000}]), 9000, (9000, 0)),
        (row(12000, subtotal=10000, taxes=[inclusive(2000)]), 12000, (10000, 2000)),
    ],
)
def test_the_total_decides_how_amount_and_subtotal_are_meant(
    line: dict[str, Any], total: int, expected: tuple[int, int]
) -> None:
    assert amounts(invoice_lines(total, [line])) == [expected]


def test_prorations_are_negative_lines() -> None:
    assert amounts(invoice_lines(22500, [row(-2500), row(25000)])) == [(-2500, 0), (25000, 0)]


# ------------------------------------------------------------------------------------ exact totals


def test_rounding_of_the_tax_goes_to_the_line_with_the_most_tax() -> None:
    rows = [row(295, taxes=[exclusive(62)]), row(750, taxes=[exclusive(157)]), row(5000)]
    lines = invoice_lines(6265, rows, total_taxes=[{"amount": 220}])
    assert amounts(lines) == [(295, 62), (750, 158), (5000, 0)]


def test_rounding_that_is_not_tax_goes_to_the_largest_line() -> None:
    rows = [row(100, taxes=[exclusive(10)]), row(-900), row(300)]
    assert amounts(invoice_lines(-489, rows, tax=10)) == [(100, 10), (-899, 0), (300, 0)]


def test_tax_in_the_price_that_was_rounded_for_the_whole_invoice_is_moved_within_its_line() -> None:
    rows = [row(333, tax_amounts=[inclusive(55)]), row(334, tax_amounts=[inclusive(56)])]
    lines = invoice_lines(667, rows, total_tax_amounts=[{"amount": 112, "inclusive": True}])
    assert amounts(lines) == [(278, 55), (277, 57)]


def test_a_tax_total_that_is_counted_otherwise_changes_nothing() -> None:
    rows = [row(1000, taxes=[exclusive(100)])]
    assert amounts(invoice_lines(1100, rows, total_taxes=[{"amount": 5000}])) == [(1000, 100)]


def test_lines_that_are_not_shown_become_one_line() -> None:
    lines = invoice_lines(
        9900, [row(1000, taxes=[exclusive(100)])], has_more=True, total_taxes=[{"amount": 900}]
    )
    assert amounts(lines) == [(1000, 100), (8000, 800)]
    assert (lines[1].line_id, lines[1].description) == ("in_1/rest", "Other lines")
    # One unit missing of a list that was cut short is not rounding either.
    assert amounts(invoice_lines(1001, [row(1000)], has_more=True)) == [(1000, 0), (1, 0)]
    assert amounts(invoice_lines(500, [row(1000)])) == [(1000, 0), (-500, 0)]


def test_shipping_is_a_line_of_its_own() -> None:
    shipping = {
        "amount_subtotal": 500,
        "amount_tax": 50,
        "amount_total": 550,
        "taxes": [{"amount": 50, "rate": {"id": "txr_9", "object": "tax_rate", "inclusive": False}}],
    }
    lines = invoice_lines(1650, [row(1000, taxes=[exclusive(100)])], shipping_cost=shipping, tax=150)
    assert amounts(lines) == [(1000, 100), (500, 50)]
    assert lines[1] == LineFact("in_1/shipping", "Shipping", 500, 50, tax_rate_id="txr_9")
    assert len(invoice_lines(1000, [row(1000)], shipping_cost={"amount_total": 0, "amount_tax": 0})) == 1


line_rows = st.builds(
    lambda amount, discount, included, added: row(
        amount,
        discount_amounts=[{"amount": discount}],
        taxes=[exclusive(added), {"amount": included, "tax_behavior": "inclusive"}],
    ),
    *[st.integers(-3000, 3000)] * 4,
)
tax_totals: st.SearchStrategy[list[dict[str, int]] | None] = st.none() | st.lists(
    st.builds(dict, amount=st.integers(-3000, 3000)), max_size=2
)


@given(st.lists(line_rows, min_size=1, max_size=5), st.integers(-9000, 9000), tax_totals, st.booleans())
def test_lines_always_add_up(
    rows: list[dict[str, Any]], total: int, taxes: list[dict[str, int]] | None, cut_short: bool
) -> None:
    lines = invoice_lines(total, rows, total_taxes=taxes, has_more=cut_short)
    assert len(rows) <= len(lines) <= len(rows) + 1
    assert lines == invoice_lines(total, rows, total_taxes=taxes, has_more=cut_short)


def test_an_invoice_that_shows_no_lines_has_none() -> None:
    found = parse_object({"id": "in_1", "object": "invoice", "created": 5, "currency": "eur", "total": 700})
    assert found is not None
    assert isinstance(found.fact, Invoice)
    assert found.fact.lines == ()


# ------------------------------------------------------------------------------------ what a line names


def test_price_product_sku_of_either_version() -> None:
    product = {"id": "prod_1", "object": "product", "metadata": {"sku": "T-1"}}
    price = {"id": "price_1", "object": "price", "lookup_key": "tea", "product": product}
    old = row(0, price=price, description="Tea", quantity=2, tax_rates=[])
    new = row(
        0, pricing={"price_details": {"price": price, "product": "prod_1"}}, quantity=2, description="Tea"
    )
    expected = LineFact("il_1", "Tea", 0, 0, "2", "T-1", "price_1", "tea", "prod_1")
    assert invoice_lines(0, [old]) == invoice_lines(0, [new]) == (expected,)
    own = invoice_lines(0, [old | {"metadata": {"sku": "OWN"}}])
    assert own[0].sku == "OWN"
    (bare,) = invoice_lines(0, [row(0, pricing={"price_details": {"price": "price_1", "product": "prod_1"}})])
    assert (bare.sku, bare.price_id, bare.lookup_key, bare.product_id) == (None, "price_1", None, "prod_1")
    (unpriced,) = invoice_lines(0, [{"amount": 0, "price": None, "pricing": None}])
    assert unpriced == LineFact("in_1/1", "", 0, 0)


def test_tax_rate_of_either_version() -> None:
    assert invoice_lines(1, [row(0, taxes=[exclusive(1)])])[0].tax_rate_id == "txr_1"
    assert invoice_lines(1, [row(1, tax_amounts=[inclusive(1)])])[0].tax_rate_id == "txr_1"
    assert invoice_lines(1, [row(1, taxes=[{"amount": 0, "tax_rate_details": None}])])[0].tax_rate_id is None


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"quantity": 3}, "3"),
        ({"quantity": 0}, None),
        ({"quantity": None}, None),
        ({}, None),
        ({"quantity": 1, "quantity_decimal": "1.500000000000"}, "1.5"),
        ({"quantity": 10, "quantity_decimal": "10"}, "10"),
        ({"quantity_decimal": Decimal("2.0")}, "2"),
        ({"quantity_decimal": "0.000"}, None),
        ({"quantity_decimal": "NaN"}, None),
        ({"quantity_decimal": "many"}, None),
        ({"quantity_decimal": "1e999999"}, None),
        ({"quantity": True}, None),
    ],
)
def test_quantity(fields: dict[str, Any], quantity: str | None) -> None:
    assert invoice_lines(0, [row(0, **fields)])[0].quantity == quantity


# ------------------------------------------------------------------------------------ credit notes, sessions


def credit_note_lines(total: int, rows: list[dict[str, Any]], **fields: Any) -> tuple[LineFact, ...]:
    raw: dict[str, Any] = {
        "id": "cn_1", "object": "credit_note", "created": 5, "currency": "eur", "invoice": "in_1",
        "amount": total, "total": total, "lines": {"object": "list", "data": rows},
    }  # fmt: skip
    found = parse_object(raw | fields)
    assert found is not None
    assert isinstance(found.fact, CreditNote), found.defect
    return found.fact.lines


def test_credit_note_lines() -> None:
    by_amount = row(
        2500, type="invoice_line_item", invoice_line_item="il_9", quantity=0, taxes=[exclusive(525)]
    )
    custom = row(500, type="custom_line_item", invoice_line_item="", quantity=None, description="Goodwill")
    lines = credit_note_lines(3525, [by_amount, custom], total_taxes=[{"amount": 525}])
    assert lines[0] == LineFact("il_1", "", 2500, 525, tax_rate_id="txr_1", invoice_line_id="il_9")
    assert lines[1] == LineFact("il_1", "Goodwill", 500, 0)
    assert amounts(credit_note_lines(900, [row(1000, discount_amount=100, discount_amounts=[])])) == [
        (900, 0)
    ]


def test_a_credit_note_may_have_no_lines_or_shipping_alone() -> None:
    assert credit_note_lines(6490, []) == ()
    shipping = {"amount_total": 550, "amount_tax": 50}
    assert amounts(credit_note_lines(550, [], shipping_cost=shipping)) == [(500, 50)]


def session(rows: list[dict[str, Any]], **fields: Any) -> tuple[LineFact, ...]:
    listed = {"object": "list", "has_more": fields.pop("has_more", False), "data": rows}
    raw = {"id": "cs_1", "object": "checkout.session", "created": 5, "line_items": listed}
    found = parse_object(raw | fields)
    assert found is not None
    assert isinstance(found.fact, CheckoutSession), found.defect
    return found.fact.lines


def test_session_lines() -> None:
    item = {
        "id": "li_1",
        "object": "item",
        "amount_subtotal": 10000,
        "amount_discount": 1000,
        "amount_tax": 900,
        "amount_total": 9900,
        "description": "Tea",
        "quantity": 2,
        "price": {"id": "price_1", "object": "price", "product": "prod_1", "lookup_key": None},
        "taxes": [{"amount": 900, "rate": {"id": "txr_1", "object": "tax_rate"}}],
    }
    expected = LineFact("li_1", "Tea", 9000, 900, "2", None, "price_1", None, "prod_1", "txr_1")
    details = {"amount_tax": 950, "amount_discount": 1000, "amount_shipping": 500}
    shipping = {"amount_total": 550, "amount_tax": 50}
    lines = session([item], amount_total=10450, total_details=details, shipping_cost=shipping)
    assert lines == (expected, LineFact("cs_1/shipping", "Shipping", 500, 50))
    assert session([item]) == (expected,)
    assert amounts(session([item], amount_total=20000, has_more=True)) == [(9000, 900), (10100, 0)]
    assert session([]) == ()
