"""What is refused or warned of before a rule is tried: results, reach, invoice status, cases left over."""

from __future__ import annotations

import dataclasses
import re
import time
from decimal import Decimal
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.planning.facts import FACT_VALUES, Facts
from connector.planning.model import REFUND_TYPES
from connector.planning.refund_types import types_of
from connector.planning.rule_results import ALLOWED_RESULTS, refuse_types
from connector.planning.rules import Between, MetadataIs, OneOf, Rule, decide, explain_decision
from connector.planning.rules_check import check_rules
from connector.settings.rules_file import load_rules

DEFAULT_RULES = Path(__file__).parent.parent / "mappings" / "refund_rules.yaml"
ALL = frozenset(REFUND_TYPES)
MEMO_CARD = ("credit_memo", "credit_card_refund")
MEMO_PAYOUT = ("credit_memo", "refund_payout")
HOLD = Rule("rest", (), "hold", 99)


def rule(name: str, result: Any, *conditions: Any, **wanted: Any) -> Rule:
    one_of = [
        OneOf(fact, tuple(value) if isinstance(value, list) else (value,)) for fact, value in wanted.items()
    ]
    if isinstance(result, str) and result not in ("hold", "ignore"):
        result = (result,)
    return Rule(name, (*one_of, *conditions), result)


def errors_of(*rules: Rule, status: str = "refunded", **extra: Any) -> list[str]:
    errors, _ = check_rules(rules, ALL, "beancount", status, **extra)
    return [str(error) for error in errors]


def warnings_of(*rules: Rule, can: frozenset[str] = ALL, kind: str = "beancount", **extra: Any) -> list[str]:
    errors, warnings = check_rules(rules, can, kind, "refunded", **extra)
    assert not errors
    return [str(warning) for warning in warnings]


# -------------------------------------------------------------------------------- results


@pytest.mark.parametrize("result", ALLOWED_RESULTS)
def test_allowed_results_pass(result: tuple[str, ...]) -> None:
    assert errors_of(rule("x", result, sale="invoice")) == []


def test_a_lone_payout_is_allowed_for_a_lone_payment_only() -> None:
    assert errors_of(rule("x", "refund_payout", sale="payment")) == []
    for sales in ([], ["invoice"], ["sales_receipt"], ["payment", "invoice"]):
        wanted = {"sale": sales} if sales else {}
        (error,) = errors_of(rule("x", "refund_payout", **wanted))
        assert error == (
            'rule "x": refund_payout alone leaves a debit of 110.00 on receivable and leaves income and '
            "tax untouched, "
            "unless the sale is a lone payment; probably meant: credit_memo + refund_payout or `sale: "
            "payment` in `when`"
        )


@pytest.mark.parametrize(
    ("result", "told", "meant"),
    [
        (
            ("credit_memo", "refund_receipt"),
            "credit_memo + refund_receipt takes 220.00 of income and tax back for a 110.00 sale and "
            "leaves a credit of 110.00 on receivable",
            "credit_memo + credit_card_refund or credit_memo + refund_payout or refund_receipt",
        ),
        (
            ("credit_card_refund",),
            "credit_card_refund alone leaves a debit of 110.00 on receivable and leaves income and tax "
            "untouched",
            "credit_memo + credit_card_refund",
        ),
        (
            ("refund_receipt", "credit_card_refund"),
            "refund_receipt + credit_card_refund takes 220.00 out of clearing for a refund of 110.00 and "
            "leaves a "
            "debit of 110.00 on receivable",
            "credit_memo + credit_card_refund or refund_receipt",
        ),
        (
            ("credit_memo", "void"),
            "credit_memo + void takes 220.00 of income and tax back for a 110.00 sale and leaves a credit "
            "of 110.00 "
            "on receivable",
            "credit_memo + credit_card_refund or credit_memo + refund_payout or void",
        ),
        (
            ("void", "credit_card_refund"),
            "void + credit_card_refund takes 110.00 out of clearing for a charge that was never put there "
            "and leaves "
            "a debit of 110.00 on receivable",
            "credit_memo + credit_card_refund or void",
        ),
        (
            ("credit_memo", "reopen_invoice"),
            "credit_memo + reopen_invoice leaves a debit of 110.00 and a credit of 110.00 on receivable "
            "side by side",
            "credit_memo + credit_card_refund or credit_memo + refund_payout or reopen_invoice",
        ),
        (
            ("reopen_invoice", "refund_payout"),
            "reopen_invoice + refund_payout takes 220.00 out of clearing for a refund of 110.00, leaves a "
            "debit of "
            "220.00 on receivable and leaves income and tax untouched",
            "credit_memo + refund_payout or reopen_invoice",
        ),
        (
            ("credit_memo", "credit_card_refund", "refund_payout"),
            "credit_memo + credit_card_refund + refund_payout takes 220.00 out of clearing for a refund of "
            "110.00 and "
            "leaves a debit of 110.00 on receivable",
            "credit_memo + credit_card_refund or credit_memo + refund_payout",
        ),
        (
            ("refund_receipt", "refund_receipt"),
            "refund_receipt + refund_receipt takes 220.00 of income and tax back for a 110.00 sale and "
            "takes 220.00 "
            "out of clearing for a refund of 110.00",
            "refund_receipt",
        ),
    ],
)
def test_refused_results(result: tuple[str, ...], told: str, meant: str) -> None:
    assert errors_of(rule("x", result, sale="invoice")) == [f'rule "x": {told}; probably meant: {meant}']


def test_what_was_meant_fits_the_rule_and_the_ledger() -> None:
    (error,) = errors_of(rule("x", ("credit_memo", "refund_receipt"), sale="invoice", method="bank"))
    assert error.endswith("probably meant: credit_memo + refund_payout or refund_receipt")
    (error,) = errors_of(rule("x", ("refund_receipt", "refund_payout"), sale="payment"))
    assert error.endswith("probably meant: refund_payout")
    desktop, _ = check_rules(
        [rule("x", ("credit_memo", "refund_receipt"), sale="invoice", method="card")],
        types_of("quickbooks_desktop"),
        "quickbooks_desktop",
        "refunded",
    )
    assert str(desktop[0]).endswith("probably meant: credit_memo + credit_card_refund")


def test_every_other_combination_is_refused_with_an_account_and_an_amount() -> None:
    refused = 0
    for size in (1, 2, 3):
        for result in combinations_with_replacement(REFUND_TYPES, size):
            why = refuse_types(result, lone_payment=False)
            if result in ALLOWED_RESULTS:
                assert why is None
                continue
            refused += 1
            assert why is not None
            assert why.startswith(" + ".join(result))
            assert re.search(r"(income and tax|clearing|receivable)", why), result
            assert re.search(r"[1-9]{2}0\.00", why), result
    assert refused == 6 + 21 + 56 - len(ALLOWED_RESULTS)


@pytest.mark.parametrize("sales", [["none"], ["none", "invoice"]])
def test_without_a_sale_nothing_can_be_taken_back(sales: list[str]) -> None:
    (error,) = errors_of(rule("x", MEMO_CARD, sale=sales))
    assert error.startswith('rule "x": credit_memo + credit_card_refund cannot follow `sale: none`')
    assert "110.00" in error
    assert errors_of(rule("x", "hold", sale=sales)) == []
    assert errors_of(rule("x", "ignore", sale=sales)) == []


# -------------------------------------------------------------------------------- reach


@pytest.mark.parametrize(
    ("title", "earlier", "later", "never"),
    [
        ("hold before it", [rule("a", "hold", sale="invoice")], rule("b", MEMO_CARD, sale="invoice"), True),
        ("ignore before it", [rule("a", "ignore")], rule("b", MEMO_CARD, sale="invoice"), True),
        ("the same income leg", [rule("a", MEMO_CARD)], rule("b", MEMO_CARD, sale="invoice"), True),
        ("the same income leg, another cash leg", [rule("a", "credit_memo")], rule("b", MEMO_PAYOUT), True),
        (
            "another income leg: a switch lets it through",
            [rule("a", "refund_receipt")],
            rule("b", MEMO_CARD),
            False,
        ),
        ("cards only, while every method is asked", [rule("a", MEMO_CARD)], rule("b", MEMO_PAYOUT), False),
        ("a narrower rule before it", [rule("a", MEMO_CARD, payment="applied")], rule("b", MEMO_CARD), False),
        (
            "two rules together",
            [rule("a", MEMO_CARD, payment="applied"), rule("c", "hold", payment=["unapplied", "absent"])],
            rule("b", MEMO_CARD, sale="invoice"),
            True,
        ),
        (
            "an opaque condition before it",
            [rule("a", "hold", Between("amount", Decimal("10")))],
            rule("b", MEMO_CARD),
            False,
        ),
        (
            "the same opaque condition",
            [rule("a", "hold", Between("amount", Decimal("10")))],
            rule("b", MEMO_CARD, Between("amount", Decimal("10"), Decimal("20"))),
            True,
        ),
        (
            "a wider opaque condition after it",
            [rule("a", "hold", Between("amount", Decimal("10")))],
            rule("b", MEMO_CARD, Between("amount", Decimal("9"))),
            False,
        ),
        (
            "an upper bound that is lower",
            [rule("a", "hold", Between("charge_age_days", None, 10))],
            rule("b", MEMO_CARD, Between("charge_age_days", None, 9)),
            True,
        ),
        (
            "the same metadata",
            [rule("a", "hold", MetadataIs("k", ("x", "y")))],
            rule("b", MEMO_CARD, MetadataIs("k", ("x",)), sale="invoice"),
            True,
        ),
        (
            "other metadata",
            [rule("a", "hold", MetadataIs("k", ("x",)))],
            rule("b", "hold", MetadataIs("l", ("x",))),
            False,
        ),
        (
            "the same reason",
            [rule("a", "hold", reason=[None, "duplicate"])],
            rule("b", "void", reason="duplicate"),
            True,
        ),
        ("another reason", [rule("a", "hold", reason=[None])], rule("b", "void", reason="duplicate"), False),
        (
            "a payment method tells the method",
            [rule("a", "hold", method="bank")],
            rule("b", MEMO_PAYOUT, payment_method=["sepa_debit", "ideal"]),
            True,
        ),
        (
            "a method does not tell the payment method",
            [rule("a", "hold", payment_method="sepa_debit")],
            rule("b", MEMO_PAYOUT, method="bank"),
            False,
        ),
        (
            "another ledger's rule",
            [rule("a", "hold", ledger="xero")],
            rule("b", "hold", ledger="netsuite"),
            False,
        ),
        ("every ledger before it", [rule("a", "hold")], rule("b", "hold", ledger="netsuite"), True),
        (
            "an earlier rule that fits no sale of its kind",
            [rule("a", "void", payment="absent")],
            rule("b", "hold", sale="sales_receipt", payment="absent"),
            False,
        ),
        (
            "a full refund always closes its charge",
            [],
            rule("b", "hold", refund="full", closes_charge=False),
            True,
        ),
        (
            "a method that the payment method is not",
            [],
            rule("b", "hold", method="bank", payment_method="card"),
            True,
        ),
        ("a void of a sales receipt", [], rule("b", "void", sale="sales_receipt"), True),
        ("a receipt of a lone payment", [], rule("b", "refund_receipt", sale="payment"), True),
        ("a card refund by bank", [], rule("b", MEMO_CARD, method=["bank", "other"]), True),
        ("a reopened invoice without its payment", [], rule("b", "reopen_invoice", payment="absent"), True),
    ],
)
def test_unreachable_rules(title: str, earlier: list[Rule], later: Rule, never: bool) -> None:
    errors = errors_of(*earlier, later)
    assert [error.startswith('rule "b" can never decide: ') for error in errors] == [True] * never, title


def test_the_rules_in_the_way_are_named_with_their_lines() -> None:
    first = dataclasses.replace(rule("a", MEMO_CARD, payment="applied"), line=3)
    second = dataclasses.replace(rule("c", "hold", payment=["unapplied", "absent"]), line=8)
    unrelated = dataclasses.replace(rule("d", "refund_receipt", sale="invoice"), line=5)
    (error,) = errors_of(first, unrelated, second, rule("b", MEMO_CARD, sale="invoice"))
    assert error == 'rule "b" can never decide: "a" and "c" (lines 3 and 8) match before it wherever it could'


AXES = {name: FACT_VALUES[name] for name in ("sale", "payment", "refund", "method")}
TRIED_SWITCHES: list[dict[str, bool]] = [
    dict(zip(REFUND_TYPES, states, strict=True))
    for states in product((True, False), repeat=len(REFUND_TYPES))
]
some_rules = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {},
            optional={
                name: st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
                for name, values in AXES.items()
            },
        ),
        st.sampled_from(
            ["hold", "ignore", "refund_receipt", "void", "reopen_invoice", MEMO_CARD, MEMO_PAYOUT]
        ),
    ),
    min_size=1,
    max_size=4,
).map(lambda pairs: [rule(f"r{index}", result, **wanted) for index, (wanted, result) in enumerate(pairs)])


def asked_facts(**values: Any) -> Facts:
    words = {"card": "card", "bank": "us_bank_account", "other": "klarna"}
    record = {
        "payment": "applied",
        "invoice_paid": "none",
        "refund": "full",
        "method": "card",
        "reason": None,
        "currency": "usd",
        "amount_minor": 11000,
        "amount": Decimal("110.00"),
        "metadata": {},
        "charge_age_days": 0,
        "ledger": "beancount",
        **values,
    }
    record.setdefault("closes_charge", record["refund"] == "full")
    return Facts(payment_method=words[record["method"]], **record)


@settings(max_examples=40, deadline=None)
@given(some_rules)
def test_unreachable_means_no_facts_and_no_switches_let_it_win(rules: list[Rule]) -> None:
    reached = set()
    for values in product(*AXES.values()):
        asked = asked_facts(**dict(zip(AXES, values, strict=True)))
        for switches in TRIED_SWITCHES:
            last = explain_decision(asked, rules, switches, ALL).trace[-1]
            reached |= {last.rule} if last.matched else set()
    errors, _ = check_rules(rules, ALL, "beancount", "refunded")
    at_none = {index for index, rule in enumerate(rules) if _names_none(rule)}
    refused = {error.index for error in errors} - at_none
    expected = {index for index, rule in enumerate(rules) if rule.name not in reached} - at_none
    if not at_none:
        assert refused == expected
    assert refused <= expected


def _names_none(rule: Rule) -> bool:
    sales = [
        condition
        for condition in rule.conditions
        if isinstance(condition, OneOf) and condition.fact == "sale"
    ]
    return rule.result not in ("hold", "ignore") and any("none" in condition.values for condition in sales)


# -------------------------------------------------------------------------------- invoice status

REOPEN = rule("reopen", "reopen_invoice", sale="invoice", payment="applied")
MEMO = rule("memo", "credit_memo", sale="invoice")


@pytest.mark.parametrize(
    ("rules", "switches", "indexes"),
    [
        ([REOPEN, MEMO, HOLD], None, []),
        ([REOPEN, MEMO, HOLD], {"reopen_invoice": True}, []),
        ([REOPEN, MEMO, HOLD], {}, [None, 1]),
        ([REOPEN, HOLD], {}, [None]),
        ([MEMO, REOPEN, HOLD], None, [None, 0]),
        ([HOLD], None, [None]),
        ([rule("big", "hold", Between("amount", Decimal("500"))), REOPEN], None, []),
        ([rule("big", MEMO_CARD, Between("amount", Decimal("500"))), REOPEN], None, [0]),
        ([rule("some", "reopen_invoice", MetadataIs("k", ("x",))), MEMO], None, [1]),
        ([rule("some", "reopen_invoice", MetadataIs("k", ("x",))), HOLD], None, []),
        ([rule("unpaid", MEMO_CARD, invoice_paid=["none", "part"]), REOPEN], None, []),
        ([rule("elsewhere", MEMO_CARD, ledger="xero"), REOPEN], None, []),
    ],
)
def test_reopened_needs_rules_that_reopen(
    rules: list[Rule], switches: dict[str, bool] | None, indexes: list[int | None]
) -> None:
    errors, _ = check_rules(rules, ALL, "beancount", "reopened", switches)
    assert [error.index for error in errors] == indexes
    assert all("reopen_invoice" in str(error) for error in errors)
    for status in ("refunded", "paid"):
        assert check_rules(rules, ALL, "beancount", status, switches)[0] == ()


# -------------------------------------------------------------------------------- warnings


def test_the_default_rules_are_clean_everywhere_and_checked_fast() -> None:
    rules = load_rules(DEFAULT_RULES)
    for kind in FACT_VALUES["ledger"]:
        assert check_rules(rules, types_of(str(kind)), str(kind), "refunded") == ((), ())
    spent = []
    for _ in range(3):
        began = time.process_time()
        check_rules((*rules, rule("x", "hold", reason="duplicate")), ALL, "beancount", "refunded")
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


def test_cases_that_no_rule_decides_are_told_in_wide_groups() -> None:
    rules = [rule(sale, "hold", sale=sale) for sale in ("payment", "sales_receipt", "none")]
    paid = rule("card", MEMO_CARD, sale="invoice", payment=["applied", "unapplied"], method="card")
    found = warnings_of(*rules, paid, rule("full", "void", sale="invoice", payment="absent", refund="full"))
    assert found == [
        "no rule decides where sale is invoice, payment is absent and refund is partial: "
        "such a refund is held (no_rule)",
        "no rule decides where sale is invoice, payment is applied and method is bank: such a refund is "
        "held (no_rule)",
        "no rule decides where sale is invoice, payment is applied and method is other: such a refund is "
        "held (no_rule)",
        "no rule decides where sale is invoice, payment is unapplied and method is bank: "
        "such a refund is held (no_rule)",
        "no rule decides where sale is invoice, payment is unapplied and method is other: "
        "such a refund is held (no_rule)",
    ]
    assert warnings_of(rule("some", "hold", Between("amount", Decimal("1")))) == [
        f"no rule decides where sale is {sale}: such a refund is held (no_rule)"
        for sale in FACT_VALUES["sale"]
    ]


@settings(max_examples=60, deadline=None)
@given(some_rules)
def test_warned_of_no_rule_exactly_where_decide_finds_none(rules: list[Rule]) -> None:
    errors, warnings = check_rules(rules, ALL, "beancount", "refunded")
    if errors:
        return
    told = [str(warning) for warning in warnings if warning.key == "rules"]
    likely = [("none", "absent"), ("payment", "unapplied"), ("sales_receipt", "applied")]
    likely += [("invoice", payment) for payment in ("applied", "unapplied", "absent")]
    missed = [
        asked
        for (sale, payment), refund, method in product(likely, AXES["refund"], AXES["method"])
        for asked in [asked_facts(sale=sale, payment=payment, refund=refund, method=method)]
        if decide(asked, rules, {}, ALL).result == "no_rule"
    ]
    for asked in missed:
        assert any(_describes(text, asked) for text in told), (asked, told)
    assert bool(told) == bool(missed)


def _describes(text: str, asked: Facts) -> bool:
    pairs = re.findall(r"(\w+) is (\w+)", text.removesuffix(": such a refund is held (no_rule)"))
    return all(str(getattr(asked, fact)) == value for fact, value in pairs)


@pytest.mark.parametrize(
    ("first", "kind", "switches", "fragments"),
    [
        (
            rule("x", "credit_memo", sale="invoice", payment="applied"),
            "beancount",
            {},
            ["clearing is too high by the refund (110.00"],
        ),
        (
            rule("x", "credit_memo", sale="sales_receipt"),
            "beancount",
            {},
            ["clearing is too high by the refund (110.00"],
        ),
        (
            rule("x", "credit_memo", sale="invoice", payment="absent"),
            "beancount",
            {},
            ["clearing will be too high by the refund (110.00"],
        ),
        (
            rule("x", "credit_memo", sale="invoice"),
            "beancount",
            {},
            ["clearing is too high by", "clearing will be too high by"],
        ),
        (
            rule("x", MEMO_CARD, sale="invoice", payment="applied"),
            "beancount",
            {"credit_card_refund": False},
            ["credit_card_refund is switched off, so it is left out", "clearing is too high by"],
        ),
        (rule("x", "credit_memo", sale="invoice"), "beancount", {"credit_memo": False}, []),
        (
            rule("x", "refund_receipt", sale="sales_receipt"),
            "quickbooks_desktop",
            {},
            ["quickbooks_desktop cannot make refund_receipt, so the rule is passed over"],
        ),
        (rule("x", "refund_receipt", ledger="xero"), "quickbooks_desktop", {}, []),
        (
            rule("x", "refund_receipt", sale=["invoice", "sales_receipt"]),
            "netsuite",
            {},
            ["netsuite cannot make refund_receipt where sale is invoice; there"],
        ),
        (rule("x", "void", refund="full", payment="absent"), "beancount", {}, []),
        (
            rule("x", "void", refund="full"),
            "beancount",
            {},
            ["beancount cannot make void where sale is sales_receipt or payment; there", "(void_guard)"],
        ),
        (
            rule("x", "hold", payment_method=["card", "wreo"]),
            "beancount",
            {},
            ["payment_method wreo is none of the words of Stripe"],
        ),
    ],
)
def test_warnings_of_one_rule(
    first: Rule, kind: str, switches: dict[str, bool], fragments: list[str]
) -> None:
    found = warnings_of(first, HOLD, can=types_of(kind), kind=kind, switches=switches)
    assert len(found) == len(fragments), found
    for sentence, fragment in zip(found, fragments, strict=True):
        assert sentence.startswith('rule "x": ')
        assert fragment in sentence


def test_a_cash_leg_that_the_ledger_cannot_make_is_told() -> None:
    found = warnings_of(
        rule("x", MEMO_CARD, sale="invoice", payment="applied"), HOLD, can=ALL - {"credit_card_refund"}
    )
    assert found[0] == (
        'rule "x": credit_card_refund cannot be made by beancount, so it is left out and the credit memo '
        "stays open"
    )
    assert "clearing is too high by" in found[1]


def test_a_hold_behind_a_rule_for_the_same_refunds_is_told() -> None:
    found = warnings_of(
        rule("x", "refund_receipt", sale="sales_receipt"), rule("y", "hold", sale="sales_receipt"), HOLD
    )
    assert found == [
        'rule "y": hold never decides: "x" matches before it wherever it could, and where their types are '
        "off the "
        "refund is excluded"
    ]


def test_errors_come_without_warnings_and_say_where() -> None:
    rules = [
        rule("x", ("credit_memo", "refund_receipt"), sale="invoice"),
        HOLD,
        rule("z", "hold", sale="none"),
    ]
    errors, warnings = check_rules(rules, ALL, "beancount", "refunded")
    assert [(error.index, error.key) for error in errors] == [(0, "then"), (2, "when")]
    assert warnings == ()
