"""Debits and credits: they balance, and receivable or clearing stands last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_cases import AR, CLR, REV, TAX

from connector.planning.entries import (
    income_postings,
    lines_total,
    make_entries,
    mirror_entries,
    sale_entries,
)
from connector.planning.model import DocumentLine, Entry

LINES = (
    DocumentLine("1", "Mug", REV, 6000, 600, TAX),
    DocumentLine("2", "Book", "Income:Books", 4000, 100, "Liabilities:VAT"),
    DocumentLine("3", "Card", REV, 0, 50, TAX),
    DocumentLine("4", "Unused time", REV, -500, 0, None),
)


def test_each_entry_is_a_debit_or_a_credit_and_zeros_are_left_out() -> None:
    assert make_entries([(REV, 100), (TAX, 0), (CLR, -100)], "usd") == (
        Entry(REV, 100, 0, "usd"),
        Entry(CLR, 0, 100, "usd"),
    )


def test_entries_that_do_not_balance_are_refused() -> None:
    with pytest.raises(ValueError, match="debits and credits differ by 1 usd"):
        make_entries([(REV, 100), (CLR, -99)], "usd")


def test_income_by_line_and_taxes_by_account() -> None:
    assert income_postings(LINES, 1) == [
        (REV, 6000),
        ("Income:Books", 4000),
        (REV, 0),
        (REV, -500),
        (TAX, 650),
        ("Liabilities:VAT", 100),
    ]
    assert lines_total(LINES) == 10250


def test_a_sale_credits_income_and_tax_and_debits_what_was_paid_last() -> None:
    assert [(e.account, e.debit_minor, e.credit_minor) for e in sale_entries(LINES[:1], AR, "usd")] == [
        (REV, 0, 6000),
        (TAX, 0, 600),
        (AR, 6600, 0),
    ]


accounts = st.sampled_from([REV, TAX, AR, CLR])


@given(st.lists(st.tuples(accounts, st.integers(-9999, 9999)), max_size=8))
def test_a_mirror_takes_back_what_it_mirrors(postings: list[tuple[str, int]]) -> None:
    balanced = [*postings, (CLR, -sum(amount for _, amount in postings))]
    entries = make_entries(balanced, "usd")
    mirrored = make_entries(mirror_entries(entries), "usd")
    assert [e.account for e in mirrored] == [e.account for e in entries]
    assert [(e.debit_minor, e.credit_minor) for e in mirrored] == [
        (e.credit_minor, e.debit_minor) for e in entries
    ]
