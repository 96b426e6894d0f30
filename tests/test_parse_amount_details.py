"""What a payment itself says was sold: lines that add up to it, or none."""

from __future__ import annotations

from typing import Any

import pytest

from connector.planning.stripe_facts import LineFact, PaymentIntent
from connector.stripe_source.parse import parse_object

Json = dict[str, Any]


def line(cost: int, quantity: int = 1, **more: Any) -> Json:
    return {
        "id": f"uli_{cost}",
        "object": "payment_intent_amount_details_line_item",
        "product_code": "SKU-MUG",
        "product_name": "Mug",
        "quantity": quantity,
        "unit_cost": cost,
        "discount_amount": None,
        "tax": None,
        **more,
    }


def intent(amount: int, *lines: Json, has_more: bool = False, **details: Any) -> Json:
    listed = {
        "object": "list",
        "data": list(lines),
        "has_more": has_more,
        "url": "/v1/payment_intents/pi_1/x",
    }
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": amount,
        "amount_details": {"line_items": listed, **details},
        "created": 1,
        "currency": "usd",
    }


def lines_of(raw: Json) -> tuple[LineFact, ...] | None:
    parsed = parse_object(raw)
    assert parsed is not None and isinstance(parsed.fact, PaymentIntent)
    return parsed.fact.lines


def sums(raw: Json) -> list[tuple[int, int]]:
    return [(one.net_minor, one.tax_minor) for one in lines_of(raw) or ()]


def test_cost_times_quantity_less_discount_and_tax_on_top() -> None:
    raw = intent(
        2 * 1200 - 100 + 230 + 500,
        line(1200, 2, discount_amount=100, tax={"total_tax_amount": 230}),
        line(500),
    )
    assert sums(raw) == [(2300, 230), (500, 0)]
    first = (lines_of(raw) or ())[0]
    assert (first.line_id, first.sku, first.description, first.quantity) == (
        "uli_1200",
        "SKU-MUG",
        "Mug",
        "2",
    )


def test_discount_tax_and_shipping_of_the_whole_payment() -> None:
    raw = intent(
        2700 + 270 + 400,
        line(1000),
        line(2000),
        discount_amount=300,
        tax={"total_tax_amount": 270},
        shipping={"amount": 400},
    )
    assert sums(raw) == [(900, 90), (1800, 180), (400, 0)]


@pytest.mark.parametrize(
    "raw",
    [
        intent(999, line(1000)),
        intent(1000),
        intent(1000, line(1000, unit_cost="1000")),
        intent(1000, line(1000, tax={"total_tax_amount": 1.5})),
        intent(1000, line(1000) | {"quantity": None}),
    ],
    ids=["another sum", "empty", "text", "a fraction", "no quantity"],
)
def test_lines_that_do_not_add_up_are_no_evidence(raw: Json) -> None:
    assert lines_of(raw) == ()


@pytest.mark.parametrize("details", [None, {}, {"tip": {}}, {"line_items": None}])
def test_a_copy_that_does_not_tell_them_says_so(details: Json | None) -> None:
    assert lines_of(intent(1000) | {"amount_details": details}) is None


def test_a_list_that_is_cut_short_does_not_tell_them_either() -> None:
    assert lines_of(intent(1000, line(1000), has_more=True)) is None
