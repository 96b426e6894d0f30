"""Money: Stripe's exponents, exact text, exact ratios."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.money import (
    EXPONENTS,
    UnknownAmount,
    UnknownCurrency,
    exponent,
    format_amount,
    is_known,
    multiply_ratio,
    parse_amount,
    to_major,
)

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("places", "codes"),
    [
        (0, "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"),
        (3, "bhd jod kwd omr tnd"),
        (2, "usd eur gbp huf twd isk ugx"),
    ],
)
def test_exponents_are_stripes(places: int, codes: str) -> None:
    assert {exponent(code) for code in codes.split()} == {places}
    assert {exponent(code.upper()) for code in codes.split()} == {places}


def test_no_other_currency_is_without_decimals_or_has_three() -> None:
    small = {code: places for code, places in EXPONENTS.items() if code.islower()}
    assert sum(places == 0 for places in small.values()) == 15
    assert sum(places == 3 for places in small.values()) == 5
    assert all(len(code) == 3 for code in small)
    assert len(small) > 135


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (1234, "usd", "12.34"),
        (-5, "usd", "-0.05"),
        (0, "usd", "0.00"),
        (-123456, "EUR", "-1234.56"),
        (500, "jpy", "500"),
        (-500, "mga", "-500"),
        (1234, "kwd", "1.234"),
        (-34, "bhd", "-0.034"),
        (500, "isk", "5.00"),
        (500, "ugx", "5.00"),
        (500, "huf", "5.00"),
    ],
)
def test_format_amount(amount_minor: int, currency: str, text: str) -> None:
    assert format_amount(amount_minor, currency) == text
    assert parse_amount(text, currency) == amount_minor
    assert str(to_major(amount_minor, currency)) == text


@given(amounts, currencies)
def test_text_and_decimal_say_the_same_amount(amount_minor: int, currency: str) -> None:
    text = format_amount(amount_minor, currency)
    assert parse_amount(text, currency) == amount_minor
    assert to_major(amount_minor, currency).scaleb(exponent(currency)) == amount_minor
    assert len(text.partition(".")[2]) == exponent(currency)


@pytest.mark.parametrize("currency", ["xxx", "Usd", "", "usdc", "btc"])
def test_unknown_currency(currency: str) -> None:
    assert not is_known(currency)
    for ask in (
        lambda: exponent(currency),
        lambda: format_amount(1, currency),
        lambda: parse_amount("1", currency),
    ):
        with pytest.raises(UnknownCurrency) as caught:
            ask()
        assert str(caught.value) == f"{currency!r} is not a currency that Stripe uses"
        assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(("text", "amount_minor"), [("12", 1200), ("12.3", 1230), ("-0.05", -5), ("0", 0)])
def test_parse_amount_takes_fewer_decimals(text: str, amount_minor: int) -> None:
    assert parse_amount(text, "usd") == amount_minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 ",
        "+1",
        "1.",
        ".5",
        "1,000",
        "1,00",
        "1e3",
        "NaN",
        "--1",
        "007",
        "1.234",
        "１２",
        "1_0",
        "1\n",
        "0x1",
    ],
)
def test_parse_amount_refuses(text: str) -> None:
    with pytest.raises(
        UnknownAmount, match=r"is not an amount such as 12\.34|has more decimals than usd has \(2\)"
    ):
        parse_amount(text, "usd")


def test_parse_amount_refuses_decimals_a_currency_has_not() -> None:
    with pytest.raises(UnknownAmount, match=r"'500\.0' has more decimals than jpy has \(0\)"):
        parse_amount("500.0", "jpy")


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "result"),
    [
        (10, 1, 4, 3),
        (-10, 1, 4, -3),
        (10, -1, 4, -3),
        (10, 1, -4, -3),
        (9, 1, 4, 2),
        (200, 132136, 10000, 2643),
        (0, 5, 7, 0),
    ],
)
def test_multiply_ratio(amount: int, numerator: int, denominator: int, result: int) -> None:
    assert multiply_ratio(amount, numerator, denominator) == result


@given(amounts, amounts, amounts.filter(bool))
def test_multiply_ratio_is_the_exact_ratio_rounded(amount: int, numerator: int, denominator: int) -> None:
    result = multiply_ratio(amount, numerator, denominator)
    exact = Fraction(amount) * numerator / denominator
    off = abs(result) - abs(exact)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)
    assert result == 0 or (result > 0) == (exact > 0)
    assert multiply_ratio(-amount, numerator, denominator) == -result


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_multiply_ratio_rounds_as_decimal_does(amount: int, ten_thousandths: int) -> None:
    expected = (Decimal(amount) * ten_thousandths / 10000).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    assert multiply_ratio(amount, ten_thousandths, 10000) == int(expected)


def test_multiply_ratio_by_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        multiply_ratio(1, 1, 0)
