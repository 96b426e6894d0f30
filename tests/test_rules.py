"""Deciding: the semantics of rules and switches, case by case, and against a plain reference."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.planning.facts import FACT_VALUES, STRIPE_METHODS
from connector.planning.model import CASH_LEGS, REFUND_TYPES
from connector.planning.refund_types import SALE_FORMS, sale_forms, types_of
from connector.planning.rules import (
    Between,
    Facts,
    MetadataIs,
    OneOf,
    Rule,
    all_switched_off,
    decide,
    digest,
    explain_decision,
    is_on,
    method_of,
    ruleset_from_json,
    ruleset_to_json,
)
from connector.settings.rules_file import load_rules

DEFAULT_RULES = Path(__file__).parent.parent / "mappings" / "refund_rules.yaml"
ALL = frozenset(REFUND_TYPES)
PAID_INVOICE = Facts(
    sale="invoice",
    payment="applied",
    invoice_paid="all",
    refund="full",
    closes_charge=True,
    method="card",
    payment_method="card",
    reason=None,
    currency="usd",
    amount_minor=11000,
    amount=Decimal("110.00"),
    metadata={},
    charge_age_days=3,
    ledger="beancount",
)
OFF: dict[str, bool] = dict.fromkeys(REFUND_TYPES, False)


def facts(**changes: Any) -> Facts:
    return dataclasses.replace(PAID_INVOICE, **changes)


def rule(name: str, result: Any, *conditions: Any, **wanted: Any) -> Rule:
    one_of = [
        OneOf(fact, tuple(value) if isinstance(value, list) else (value,)) for fact, value in wanted.items()
    ]
    if isinstance(result, str) and result not in ("hold", "ignore"):
        result = (result,)
    return Rule(name, (*one_of, *conditions), result)


MEMO_CARD = ("credit_memo", "credit_card_refund")
MEMO_PAYOUT = ("credit_memo", "refund_payout")
MEMO = rule("memo", MEMO_CARD, sale="invoice")
RECEIPT = rule("receipt", "refund_receipt", sale="invoice")
HOLD = rule("rest", "hold")
IGNORE = rule("rest", "ignore")


# -------------------------------------------------------------------------------- methods


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("card", "card card_present interac_present apple_pay google_pay"),
        (
            "bank",
            "us_bank_account ach_debit ach_credit_transfer acss_debit sepa_debit bacs_debit au_becs_debit",
        ),
        ("bank", "nz_bank_account customer_balance pay_by_bank ideal bancontact sofort eps giropay p24 fpx"),
        ("other", "klarna paypal affirm alipay boleto oxxo cashapp link amazon_pay a_word_of_tomorrow Card"),
    ],
)
def test_method_of_stripes_words(method: str, words: str) -> None:
    assert {word: method_of(word) for word in words.split()} == dict.fromkeys(words.split(), method)


def test_no_payment_method_is_other() -> None:
    assert method_of("") == "other"
    assert {method_of(word) for word in STRIPE_METHODS} == {"card", "bank", "other"}


# -------------------------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("condition", "changes", "holds", "why"),
    [
        (OneOf("sale", ("invoice",)), {}, True, ""),
        (OneOf("sale", ("sales_receipt",)), {}, False, "sale is invoice, the rule wants sales_receipt"),
        (
            OneOf("payment", ("unapplied", "absent")),
            {},
            False,
            "payment is applied, the rule wants unapplied or absent",
        ),
        (OneOf("closes_charge", (False,)), {}, False, "closes_charge is true, the rule wants false"),
        (OneOf("reason", (None,)), {}, True, ""),
        (
            OneOf("reason", (None,)),
            {"reason": "duplicate"},
            False,
            "reason is duplicate, the rule wants not given",
        ),
        (OneOf("reason", ("duplicate",)), {}, False, "reason is not given, the rule wants duplicate"),
        (OneOf("amount", (Decimal("110"),)), {}, True, ""),
        (Between("amount", Decimal("110.00"), Decimal("110.00")), {}, True, ""),
        (Between("amount", Decimal("110.01")), {}, False, "amount is 110.00, the rule wants at least 110.01"),
        (
            Between("amount", Decimal("1"), Decimal("99.00")),
            {},
            False,
            "amount is 110.00, the rule wants at least 1 and at most 99.00",
        ),
        (Between("charge_age_days", None, 3), {}, True, ""),
        (Between("charge_age_days", None, 2), {}, False, "charge_age_days is 3, the rule wants at most 2"),
        (Between("charge_age_days", 4), {}, False, "charge_age_days is 3, the rule wants at least 4"),
        (MetadataIs("channel", ("web", "app")), {"metadata": {"channel": "app"}}, True, ""),
        (MetadataIs("channel", ("web",)), {}, False, 'metadata "channel" is not set, the rule wants "web"'),
        (
            MetadataIs("channel", ("web", "app")),
            {"metadata": {"channel": "till"}},
            False,
            'metadata "channel" is "till", the rule wants "web" or "app"',
        ),
    ],
)
def test_conditions(condition: Any, changes: dict[str, Any], holds: bool, why: str) -> None:
    asked = facts(**changes)
    assert condition.holds(asked) is holds
    if not holds:
        assert condition.why_not(asked) == why
    rules = (Rule("asked", (condition,), "ignore"), Rule("rest", (), "hold"))
    assert decide(asked, rules, {}, ALL).rule == ("asked" if holds else "rest")


# -------------------------------------------------------------------------------- switches, abilities


@pytest.mark.parametrize(
    ("title", "rules", "changes", "switches", "can", "expected"),
    [
        ("no rule at all", (), {}, {}, ALL, ("no_rule", (), (), None)),
        ("the first that matches", (MEMO, RECEIPT, HOLD), {}, {}, ALL, ("types", MEMO_CARD, (), "memo")),
        ("an ignore before it", (IGNORE, MEMO), {}, {}, ALL, ("ignore", (), (), "rest")),
        ("a hold before it", (HOLD, MEMO), {}, {"credit_memo": False}, ALL, ("hold", (), (), "rest")),
        (
            "income leg off: the next rule",
            (MEMO, RECEIPT),
            {},
            {"credit_memo": False},
            ALL,
            ("types", ("refund_receipt",), (), "receipt"),
        ),
        (
            "cash leg off: left out",
            (MEMO, RECEIPT),
            {},
            {"credit_card_refund": False},
            ALL,
            ("types", ("credit_memo",), ("credit_card_refund",), "memo"),
        ),
        (
            "another cash leg off: no matter",
            (MEMO,),
            {},
            {"refund_payout": False},
            ALL,
            ("types", MEMO_CARD, (), "memo"),
        ),
        (
            "off, then nothing",
            (MEMO,),
            {},
            {"credit_memo": False},
            ALL,
            ("type_switched_off", (), (), "memo"),
        ),
        (
            "off, then hold",
            (MEMO, HOLD),
            {},
            {"credit_memo": False},
            ALL,
            ("type_switched_off", (), (), "memo"),
        ),
        (
            "off, then ignore",
            (MEMO, IGNORE),
            {},
            {"credit_memo": False},
            ALL,
            ("type_switched_off", (), (), "memo"),
        ),
        (
            "off twice: the first is named",
            (MEMO, RECEIPT, HOLD),
            {},
            {"credit_memo": False, "refund_receipt": False},
            ALL,
            ("type_switched_off", (), (), "memo"),
        ),
        (
            "off, but its conditions do not hold",
            (MEMO, HOLD),
            {"sale": "sales_receipt"},
            {"credit_memo": False},
            ALL,
            ("hold", (), (), "rest"),
        ),
        (
            "off, a hold, and a rule behind it that is never reached",
            (MEMO, HOLD, RECEIPT),
            {},
            {"credit_memo": False},
            ALL,
            ("type_switched_off", (), (), "memo"),
        ),
        (
            "reopen_invoice is off unless switched on",
            (rule("reopen", "reopen_invoice"), HOLD),
            {},
            {},
            ALL,
            ("type_switched_off", (), (), "reopen"),
        ),
        (
            "reopen_invoice on",
            (rule("reopen", "reopen_invoice"), HOLD),
            {},
            {"reopen_invoice": True},
            ALL,
            ("types", ("reopen_invoice",), (), "reopen"),
        ),
        (
            "cannot, then the next rule",
            (RECEIPT, MEMO),
            {},
            {},
            ALL - {"refund_receipt"},
            ("types", MEMO_CARD, (), "memo"),
        ),
        (
            "cannot, then nothing",
            (RECEIPT,),
            {},
            {},
            ALL - {"refund_receipt"},
            ("ledger_cannot", (), (), "receipt"),
        ),
        (
            "cannot, then hold",
            (RECEIPT, HOLD),
            {},
            {},
            ALL - {"refund_receipt"},
            ("ledger_cannot", (), (), "receipt"),
        ),
        (
            "cannot, then ignore",
            (RECEIPT, IGNORE),
            {},
            {},
            ALL - {"refund_receipt"},
            ("ledger_cannot", (), (), "receipt"),
        ),
        (
            "cannot and off: the switch would not help",
            (RECEIPT, HOLD),
            {},
            {"refund_receipt": False},
            ALL - {"refund_receipt"},
            ("ledger_cannot", (), (), "receipt"),
        ),
        (
            "one cannot, another is off: the switch would help",
            (RECEIPT, MEMO, HOLD),
            {},
            {"credit_memo": False},
            ALL - {"refund_receipt"},
            ("type_switched_off", (), (), "memo"),
        ),
        (
            "a cash leg that the ledger cannot make is left out",
            (MEMO,),
            {},
            {},
            ALL - {"credit_card_refund"},
            ("types", ("credit_memo",), ("credit_card_refund",), "memo"),
        ),
        (
            "void of a sales receipt cannot be made",
            (rule("void", "void"), HOLD),
            {"sale": "sales_receipt"},
            {},
            ALL,
            ("ledger_cannot", (), (), "void"),
        ),
        (
            "nothing takes income back from a lone payment",
            (rule("memo", MEMO_CARD), HOLD),
            {"sale": "payment"},
            {},
            ALL,
            ("ledger_cannot", (), (), "memo"),
        ),
        (
            "a lone pay-out of an invoice cannot be made",
            (rule("out", "refund_payout"), HOLD),
            {},
            {},
            ALL,
            ("ledger_cannot", (), (), "out"),
        ),
        (
            "NetSuite's refund receipt is of a cash sale",
            (RECEIPT, HOLD),
            {"ledger": "netsuite"},
            {},
            ALL,
            ("ledger_cannot", (), (), "receipt"),
        ),
        (
            "no sale: types are passed over",
            (rule("any", "refund_receipt"), HOLD),
            {"sale": "none"},
            {},
            ALL,
            ("hold", (), (), "rest"),
        ),
        (
            "no sale, type off: not the switch's doing",
            (rule("any", "refund_receipt"), HOLD),
            {"sale": "none"},
            {"refund_receipt": False},
            ALL,
            ("hold", (), (), "rest"),
        ),
        (
            "no sale, only types",
            (rule("any", "refund_receipt"),),
            {"sale": "none"},
            {},
            ALL,
            ("no_rule", (), (), None),
        ),
        (
            "no sale, ignore",
            (rule("any", "refund_receipt"), IGNORE),
            {"sale": "none"},
            {},
            ALL,
            ("ignore", (), (), "rest"),
        ),
        (
            "a card refund is only for cards",
            (MEMO, rule("payout", MEMO_PAYOUT)),
            {"method": "bank"},
            {},
            ALL,
            ("types", MEMO_PAYOUT, (), "payout"),
        ),
        (
            "a card refund is only for cards, even switched off",
            (MEMO, HOLD),
            {"method": "bank"},
            {"credit_card_refund": False},
            ALL,
            ("hold", (), (), "rest"),
        ),
        (
            "nothing to take off the invoice",
            (rule("reopen", "reopen_invoice"), HOLD),
            {"payment": "absent"},
            {"reopen_invoice": True},
            ALL,
            ("hold", (), (), "rest"),
        ),
        (
            "all off: excluded whatever the rules",
            (HOLD,),
            {"sale": "none"},
            OFF,
            ALL,
            ("type_switched_off", (), (), "rest"),
        ),
        ("all off, no rule", (), {}, OFF, ALL, ("type_switched_off", (), (), None)),
        ("all off, ignore", (IGNORE,), {}, OFF, ALL, ("ignore", (), (), "rest")),
        (
            "all off, cannot",
            (RECEIPT,),
            {},
            OFF,
            ALL - {"refund_receipt"},
            ("type_switched_off", (), (), "receipt"),
        ),
    ],
)
def test_decide(
    title: str,
    rules: tuple[Rule, ...],
    changes: dict[str, Any],
    switches: dict[str, bool],
    can: frozenset[str],
    expected: tuple[Any, ...],
) -> None:
    for decision in (
        decide(facts(**changes), rules, switches, can),
        explain_decision(facts(**changes), rules, switches, can),
    ):
        found = (decision.result, decision.types, decision.left_out, decision.rule)
        assert found == expected, title


def test_all_switched_off_counts_the_default_of_reopen_invoice() -> None:
    assert all_switched_off({name: False for name in REFUND_TYPES if name != "reopen_invoice"})
    assert not all_switched_off({})
    assert not all_switched_off({**OFF, "void": True})


def test_the_caller_may_know_better_what_a_ledger_makes() -> None:
    makes = {**SALE_FORMS, "refund_receipt": frozenset({"sales_receipt"})}
    assert decide(PAID_INVOICE, (RECEIPT,), {}, ALL, makes).result == "ledger_cannot"
    assert decide(PAID_INVOICE, (RECEIPT,), {}, ALL).result == "types"


# -------------------------------------------------------------------------------- the default rules


@pytest.mark.parametrize(
    ("ledger", "changes", "switches", "expected"),
    [
        ("beancount", {"sale": "payment", "payment": "unapplied"}, {}, ("refund_payout",)),
        ("beancount", {"sale": "sales_receipt"}, {}, ("refund_receipt",)),
        ("quickbooks_desktop", {"sale": "sales_receipt"}, {}, MEMO_CARD),
        ("quickbooks_desktop", {"sale": "sales_receipt", "method": "other"}, {}, MEMO_PAYOUT),
        ("beancount", {}, {}, MEMO_CARD),
        ("beancount", {"payment": "unapplied", "invoice_paid": "none"}, {}, MEMO_CARD),
        ("beancount", {"method": "bank"}, {}, MEMO_PAYOUT),
        ("beancount", {"method": "other"}, {}, MEMO_PAYOUT),
        ("beancount", {}, {"credit_memo": False}, ("refund_receipt",)),
        ("beancount", {"method": "bank"}, {"credit_memo": False}, ("refund_receipt",)),
        ("beancount", {"payment": "absent"}, {}, ("void",)),
        ("beancount", {"payment": "absent", "refund": "partial"}, {}, "hold"),
        ("beancount", {"payment": "absent"}, {"void": False}, "type_switched_off"),
        ("beancount", {"sale": "none"}, {}, "hold"),
        ("beancount", {"sale": "sales_receipt"}, {"refund_receipt": False}, "type_switched_off"),
        ("beancount", {}, {"credit_memo": False, "refund_receipt": False}, "type_switched_off"),
        ("quickbooks_desktop", {}, {"credit_memo": False}, "type_switched_off"),
        ("beancount", {}, {"credit_card_refund": False}, ("credit_memo",)),
    ],
)
def test_default_rules(
    ledger: str, changes: dict[str, Any], switches: dict[str, bool], expected: tuple[str, ...] | str
) -> None:
    decision = decide(facts(ledger=ledger, **changes), load_rules(DEFAULT_RULES), switches, types_of(ledger))
    assert (decision.types or decision.result) == expected


# -------------------------------------------------------------------------------- explained


def test_the_trace_tells_each_rule_and_stops_at_the_winner() -> None:
    rules = (
        rule("a", "refund_receipt", Between("amount", Decimal("200")), sale="sales_receipt"),
        rule("b", "reopen_invoice"),
        rule("c", MEMO_PAYOUT, method=["bank", "other"]),
        rule("d", MEMO_CARD),
        HOLD,
    )
    decision = explain_decision(PAID_INVOICE, rules, {"credit_card_refund": False}, ALL)
    assert [(tried.rule, tried.matched, tried.why) for tried in decision.trace] == [
        (
            "a",
            False,
            "sale is invoice, the rule wants sales_receipt; amount is 110.00, the rule wants at least 200",
        ),
        ("b", False, "every condition holds, but reopen_invoice is switched off"),
        ("c", False, "method is card, the rule wants bank or other"),
        ("d", True, "it has no conditions and always matches"),
    ]
    assert decision.switches == (
        'reopen_invoice is switched off: rule "b" was passed over',
        "credit_card_refund is switched off: it is left out, and the credit memo stays open",
    )


@pytest.mark.parametrize(
    ("rules", "changes", "switches", "can", "last_why", "said"),
    [
        (
            (MEMO, HOLD),
            {},
            {"credit_memo": False},
            ALL,
            'it has no conditions and always matches, but "memo" would have won before it',
            ('credit_memo is switched off: rule "memo" was passed over',),
        ),
        (
            (RECEIPT,),
            {},
            {},
            ALL - {"refund_receipt"},
            "every condition holds, but beancount cannot make refund_receipt",
            (),
        ),
        (
            (rule("void", "void"),),
            {"sale": "sales_receipt"},
            {},
            ALL,
            "every condition holds, but beancount cannot make void where sale is sales_receipt",
            (),
        ),
        (
            (rule("any", "void"),),
            {"sale": "none"},
            {},
            ALL,
            "sale is none, so there is nothing to take back: only hold or ignore may decide",
            (),
        ),
        (
            (MEMO,),
            {"method": "bank"},
            {},
            ALL,
            "method is bank, and credit_card_refund is only for cards",
            (),
        ),
        (
            (rule("reopen", "reopen_invoice"),),
            {"payment": "absent"},
            {},
            ALL,
            "payment is absent, and reopen_invoice takes an applied payment off its invoice",
            (),
        ),
        (
            (MEMO,),
            {},
            {},
            ALL - {"credit_card_refund"},
            "every condition holds",
            ("beancount cannot make credit_card_refund: it is left out, and the credit memo stays open",),
        ),
        (
            (HOLD,),
            {},
            OFF,
            ALL,
            "it has no conditions and always matches, but every type is switched off",
            ("every type is switched off: no refund is posted",),
        ),
    ],
)
def test_the_trace_in_words(
    rules: tuple[Rule, ...],
    changes: dict[str, Any],
    switches: dict[str, bool],
    can: frozenset[str],
    last_why: str,
    said: tuple[str, ...],
) -> None:
    decision = explain_decision(facts(**changes), rules, switches, can)
    assert decision.trace[-1].why == last_why
    assert decision.switches == said


# -------------------------------------------------------------------------------- properties

REASONS = (None, "duplicate", "fraudulent")
some_facts = st.builds(
    Facts,
    sale=st.sampled_from(FACT_VALUES["sale"]),
    payment=st.sampled_from(FACT_VALUES["payment"]),
    invoice_paid=st.sampled_from(FACT_VALUES["invoice_paid"]),
    refund=st.sampled_from(FACT_VALUES["refund"]),
    closes_charge=st.booleans(),
    method=st.sampled_from(FACT_VALUES["method"]),
    payment_method=st.sampled_from(["card", "us_bank_account", "klarna"]),
    reason=st.sampled_from(REASONS),
    currency=st.sampled_from(["usd", "eur"]),
    amount_minor=st.just(11000),
    amount=st.sampled_from([Decimal("1.00"), Decimal("110.00"), Decimal("500")]),
    metadata=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"])),
    charge_age_days=st.integers(0, 3),
    ledger=st.sampled_from(FACT_VALUES["ledger"]),
)


def _values(*values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)


some_conditions = st.fixed_dictionaries(
    {},
    optional={
        **{fact: _values(*values) for fact, values in FACT_VALUES.items()},
        "reason": _values(*REASONS),
        "amount": st.sampled_from(
            [(None, Decimal("110")), (Decimal("2"), None), (Decimal("2"), Decimal("200"))]
        ),
        "metadata": _values("x", "y"),
    },
)
some_results = st.sampled_from(
    ["hold", "ignore", ("credit_memo",), MEMO_CARD, MEMO_PAYOUT]
    + [(name,) for name in REFUND_TYPES if name not in ("credit_memo", "credit_card_refund")]
)


def _rule(name: str, wanted: Mapping[str, Any], result: Any) -> Rule:
    conditions: list[Any] = []
    for fact, values in wanted.items():
        if fact == "amount":
            conditions.append(Between("amount", *values))
        elif fact == "metadata":
            conditions.append(MetadataIs("a", values))
        else:
            conditions.append(OneOf(fact, values))
    return Rule(name, tuple(conditions), result)


some_rules = st.lists(st.tuples(some_conditions, some_results), max_size=6).map(
    lambda pairs: tuple(_rule(f"r{index}", *pair) for index, pair in enumerate(pairs))
)
some_switches = st.dictionaries(st.sampled_from(REFUND_TYPES), st.booleans())
some_abilities = st.sets(st.sampled_from(REFUND_TYPES)).map(lambda missing: ALL - missing)


def _holds(condition: Any, record: dict[str, Any]) -> bool:
    if isinstance(condition, OneOf):
        return any(record[condition.fact] == value for value in condition.values)
    if isinstance(condition, MetadataIs):
        return any(record["metadata"].get(condition.key) == text for text in condition.values)
    at_least = condition.at_least if condition.at_least is not None else Decimal("-Infinity")
    at_most = condition.at_most if condition.at_most is not None else Decimal("Infinity")
    return bool(at_least <= record["amount"] <= at_most)


def _reference(
    asked: Facts, rules: tuple[Rule, ...], switches: dict[str, bool], can: frozenset[str]
) -> tuple[Any, ...]:
    """The paragraphs of the specification one after the other, with no thought of speed."""
    record = {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
    on = {name for name in REFUND_TYPES if switches.get(name, name != "reopen_invoice")}
    matching = [rule for rule in rules if all(_holds(condition, record) for condition in rule.conditions)]
    if asked.sale == "none":
        matching = [rule for rule in matching if rule.result in ("hold", "ignore")]
    if asked.method != "card":
        matching = [rule for rule in matching if "credit_card_refund" not in rule.result]
    if asked.payment != "applied":
        matching = [rule for rule in matching if rule.result[0] != "reopen_invoice"]
    wordless = [place for place, rule in enumerate(matching) if isinstance(rule.result, str)]
    stop = min(wordless, default=len(matching))
    forms = sale_forms(asked.ledger)
    posting = matching[:stop]
    makeable = [rule for rule in posting if rule.result[0] in can and asked.sale in forms[rule.result[0]]]
    winners = [rule for rule in makeable if rule.result[0] in on]
    last = matching[stop] if stop < len(matching) else None
    if winners:
        types = winners[0].result
        kept = tuple(leg for leg in types if leg == types[0] or (leg in on and leg in can))
        left_out = tuple(leg for leg in types if leg not in kept)
        return "types", kept, left_out, winners[0].name
    if makeable:
        return "type_switched_off", (), (), makeable[0].name
    if last is not None and last.result == "ignore" and not posting:
        return "ignore", (), (), last.name
    if not on:
        name = posting[0].name if posting else None if last is None else last.name
        return "type_switched_off", (), (), name
    if posting:
        return "ledger_cannot", (), (), posting[0].name
    return ("no_rule", (), (), None) if last is None else ("hold", (), (), last.name)


@settings(max_examples=600, deadline=None)
@given(some_facts, some_rules, some_switches, some_abilities)
def test_decide_agrees_with_the_reference(
    asked: Facts, rules: tuple[Rule, ...], switches: dict[str, bool], can: frozenset[str]
) -> None:
    decision = decide(asked, rules, switches, can)
    expected = _reference(asked, rules, switches, can)
    assert (decision.result, decision.types, decision.left_out, decision.rule) == expected

    explained = explain_decision(asked, rules, switches, can)
    assert dataclasses.replace(explained, trace=(), switches=()) == decision
    assert [tried.rule for tried in explained.trace] == [rule.name for rule in rules[: len(explained.trace)]]
    assert not any(tried.matched for tried in explained.trace[:-1])
    if decision.types:
        assert explained.trace[-1].rule == decision.rule
        assert explained.trace[-1].matched
        assert all(is_on(switches, leg) and leg in can for leg in decision.types)
        assert set(decision.left_out) <= CASH_LEGS


@settings(max_examples=200, deadline=None)
@given(some_facts)
def test_facts_survive_storage(asked: Facts) -> None:
    assert Facts.from_json(json.loads(json.dumps(asked.to_json()))) == asked


@settings(max_examples=200, deadline=None)
@given(some_rules, some_switches)
def test_rules_survive_storage_under_one_digest(rules: tuple[Rule, ...], switches: dict[str, bool]) -> None:
    text = ruleset_to_json(rules, switches)
    read, read_switches = ruleset_from_json(text)
    assert read == rules
    assert all(read_switches[name] == is_on(switches, name) for name in REFUND_TYPES)
    assert ruleset_to_json(read, read_switches) == text
    assert digest(read, read_switches) == digest(rules, switches)
    assert len(digest(rules, switches)) == 32


def test_the_digest_tells_rules_and_switches_apart_but_not_lines() -> None:
    other = [
        ((MEMO,), {}),
        ((MEMO, HOLD), {}),
        ((HOLD, MEMO), {}),
        ((MEMO,), {"credit_memo": False}),
        ((dataclasses.replace(MEMO, name="Memo"),), {}),
    ]
    assert len({digest(rules, switches) for rules, switches in other}) == len(other)
    assert digest((dataclasses.replace(MEMO, line=7),), {"void": True}) == digest((MEMO,), {})


def test_what_is_stored_can_be_read_by_a_person() -> None:
    asked = facts(reason="duplicate", metadata={"channel": "web"}, amount=Decimal("0.10"), amount_minor=10)
    assert asked.to_json() == {
        "sale": "invoice",
        "payment": "applied",
        "invoice_paid": "all",
        "refund": "full",
        "closes_charge": True,
        "method": "card",
        "payment_method": "card",
        "currency": "usd",
        "amount_minor": 10,
        "amount": "0.10",
        "charge_age_days": 3,
        "ledger": "beancount",
        "reason": "duplicate",
        "metadata": {"channel": "web"},
    }
    stored = ruleset_to_json((rule("old", MEMO_CARD, Between("charge_age_days", 180), sale="invoice"),), {})
    assert json.loads(stored)["rules"] == [
        {
            "name": "old",
            "when": {"sale": ["invoice"], "charge_age_days": {"at_least": 180}},
            "then": ["credit_memo", "credit_card_refund"],
        }
    ]


def test_every_case_of_the_default_rules_is_decided() -> None:
    rules = load_rules(DEFAULT_RULES)
    facts_of_few_values = {name: values for name, values in FACT_VALUES.items() if name != "ledger"}
    results = set()
    for values in product(*facts_of_few_values.values()):
        asked = facts(**dict(zip(facts_of_few_values, values, strict=True)))
        results.add(decide(asked, rules, {}, ALL).result)
    assert results == {"types", "hold"}
