"""The table of cases behind `connector rules test FILE`: facts, the decision expected, and the rules' own.

A file is a list of cases:

    - name: a card refund of a paid invoice
      ledger: beancount                     # a ledger kind; left out: that of the caller
      switches: {credit_memo: false}        # left out: every type on, except reopen_invoice
      facts: {sale: invoice, payment: applied, method: card}
      expect: {then: [credit_memo, credit_card_refund], rule: card refund of an invoice}

`facts` needs `sale`; what is left out is the plainest value (see `_complete`). `then` is what is posted (a
type or a list of types, after switches) or one of hold, ignore, type_switched_off, ledger_cannot, no_rule.
`rule` may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from connector.planning.facts import FACT_NAMES, FACT_VALUES, Facts, method_of
from connector.planning.model import REFUND_TYPES
from connector.planning.money import parse_amount, to_major
from connector.planning.refund_types import BASE_TOTAL, types_of
from connector.planning.rules import Decision, Rule, explain_decision
from connector.settings.fact_values import read_metadata_text, read_value
from connector.settings.problems import Problem, gather_problems
from connector.settings.yaml_lines import KeyPath, load_yaml, suggest

_CASE_KEYS = ("name", "ledger", "switches", "facts", "expect")
_EXPECT_KEYS = ("then", "rule")
_OUTCOMES = ("hold", "ignore", "type_switched_off", "ledger_cannot", "no_rule")
_PAYMENT_BY_SALE = {
    "invoice": "applied",
    "sales_receipt": "applied",
    "payment": "unapplied",
    "none": "absent",
}
_PAYMENT_METHODS = {"card": "card", "bank": "us_bank_account", "other": "klarna"}
_ANY_RULE = object()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: what was expected, what the rules decide (`decision`, with its trace), whether they agree.

    `sentence` tells a failure with its place in the file; it is empty where the case passed.
    """

    name: str
    line: int
    passed: bool
    expected: str
    found: str
    decision: Decision
    sentence: str


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    facts: Facts
    switches: dict[str, bool]
    expected: tuple[str, ...]
    rule: object


def run_cases(
    path: Path,
    rules: Sequence[Rule],
    ledger_kind: str,
    ledger_can: Mapping[str, frozenset[str]] | None = None,
) -> list[CaseResult]:
    """Every case of the file tried against the rules; `InputError` with all that is wrong in the file.

    `ledger_kind` is for cases that name none; `ledger_can` are the types by ledger kind, where known.
    """
    can = ledger_can or {}
    results = []
    for line, case in _load_cases(path, rules, ledger_kind):
        kind = case.facts.ledger
        decision = explain_decision(case.facts, rules, case.switches, can.get(kind, types_of(kind)))
        results.append(_compare(path, line, case, decision))
    return results


def _compare(path: Path, line: int, case: _Case, decision: Decision) -> CaseResult:
    found = decision.types if decision.result == "types" else (decision.result,)
    passed = set(found) == set(case.expected) and case.rule in (_ANY_RULE, decision.rule)
    expected_text = _tell(case.expected, case.rule)
    found_text = _tell(found, decision.rule)
    sentence = ""
    if not passed:
        sentence = f"{path}:{line}: {case.name}: expected {expected_text}, but the rules say {found_text}"
    return CaseResult(case.name, line, passed, expected_text, found_text, decision, sentence)


def _tell(outcome: Sequence[str], rule: object) -> str:
    told = " + ".join(outcome)
    if rule is _ANY_RULE:
        return told
    return f"{told} by no rule" if rule is None else f'{told} by rule "{rule}"'


# ---------------------------------------------------------------------------------------------- reading


def _load_cases(path: Path, rules: Sequence[Rule], ledger_kind: str) -> list[tuple[int, _Case]]:
    document = load_yaml(path, allow_list=True)
    if not isinstance(document.data, list) or not document.data:
        raise document.error((), "must hold a list of cases, each as `- name: ...` with `facts` and `expect`")
    problems: list[Problem] = []
    cases = []
    for index, record in enumerate(document.data):
        before = len(problems)
        case = _read_case(record, index, rules, ledger_kind, problems)
        if case is not None and len(problems) == before:
            cases.append((document.where((index,))[0], case))
    if problems:
        raise gather_problems(document, problems)
    return cases


def _read_case(
    record: Any, index: int, rules: Sequence[Rule], ledger_kind: str, problems: list[Problem]
) -> _Case | None:
    place = (index,)
    if not isinstance(record, dict) or not isinstance(record.get("facts"), dict):
        problems.append(
            Problem(place, "must be a case with `name`, `facts: {sale: ...}` and `expect: {then: ...}`")
        )
        return None
    _refuse_unknown(record, _CASE_KEYS, place, problems)
    name = record.get("name")
    if not isinstance(name, str) or not name.strip():
        problems.append(Problem((*place, "name"), "must be a text that says what the case is about"))
    kind = record.get("ledger", ledger_kind)
    if kind not in FACT_VALUES["ledger"]:
        known = [str(value) for value in FACT_VALUES["ledger"]]
        problems.append(
            Problem((*place, "ledger"), f"must be one of {', '.join(known)}{suggest(kind, known)}")
        )
    facts = _read_facts(record["facts"], str(kind), (*place, "facts"), problems)
    switches = _read_switches(record.get("switches", {}), (*place, "switches"), problems)
    expected, rule = _read_expected(record.get("expect"), (*place, "expect"), rules, problems)
    return None if facts is None else _Case(str(name).strip(), facts, switches, expected, rule)


def _refuse_unknown(
    record: Mapping[str, Any], known: Sequence[str], place: KeyPath, problems: list[Problem]
) -> None:
    for key in record:
        if key not in known:
            near = suggest(key, known) or f"; known here: {', '.join(known)}"
            problems.append(Problem((*place, key), f"is not a known key{near}", unknown_key=True))


def _read_switches(record: Any, place: KeyPath, problems: list[Problem]) -> dict[str, bool]:
    if not isinstance(record, dict):
        problems.append(Problem(place, "must be a group of types, as in {credit_memo: false}"))
        return {}
    _refuse_unknown(record, REFUND_TYPES, place, problems)
    for key, value in record.items():
        if not isinstance(value, bool):
            problems.append(Problem((*place, key), "must be true or false"))
    return record


def _read_expected(
    record: Any, place: KeyPath, rules: Sequence[Rule], problems: list[Problem]
) -> tuple[tuple[str, ...], object]:
    if not isinstance(record, dict) or "then" not in record:
        problems.append(Problem(place, "must say what the rules should decide, as in {then: hold}"))
        return (), _ANY_RULE
    _refuse_unknown(record, _EXPECT_KEYS, place, problems)
    then = record["then"]
    words = then if isinstance(then, list) else [then]
    known = REFUND_TYPES if isinstance(then, list) else (*REFUND_TYPES, *_OUTCOMES)
    for word in words or [None]:
        if word not in known:
            what = f"must be one of {', '.join(known)}{suggest(word, known)}"
            problems.append(Problem((*place, "then"), what))
    rule = record.get("rule", _ANY_RULE)
    names = [rule.name for rule in rules]
    if rule is not _ANY_RULE and rule is not None and rule not in names:
        problems.append(Problem((*place, "rule"), f"no rule has this name{suggest(rule, names)}"))
    return tuple(map(str, words)), rule


def _read_facts(
    record: dict[str, Any], ledger_kind: str, place: KeyPath, problems: list[Problem]
) -> Facts | None:
    before = len(problems)
    _refuse_unknown(record, [fact for fact in FACT_NAMES if fact != "ledger"], place, problems)
    given: dict[str, Any] = {}
    for fact, value in record.items():
        try:
            if fact == "metadata":
                given[fact] = _read_metadata(value)
            elif fact in FACT_NAMES:
                given[fact] = read_value(fact, value)
        except ValueError as error:
            problems.append(Problem((*place, fact), str(error)))
    if "sale" not in record:
        problems.append(Problem(place, "the case has no `sale`: invoice, sales_receipt, payment or none"))
    if len(problems) > before:
        return None
    try:
        return _complete(given, ledger_kind)
    except ValueError as error:
        problems.append(Problem(place, str(error)))
        return None


def _read_metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("must be a group of keys and texts, as in {channel: web}")
    return {key: read_metadata_text(text) for key, text in value.items()}


def _complete(given: dict[str, Any], ledger_kind: str) -> Facts:
    """The facts given, and the plainest for the rest; ValueError where facts exclude each other.

    That is a full refund, without a reason, of a card charge of 110.00 usd of the same day, for a sale whose
    payment stands where one would expect it.
    """
    sale = given["sale"]
    payment = given.get("payment", _PAYMENT_BY_SALE[sale])
    is_paid = sale == "invoice" and payment == "applied"
    refund = given.get("refund", "full")
    closes_charge = given.get("closes_charge", refund == "full")
    if refund == "full" and not closes_charge:
        raise ValueError("`refund: full` and `closes_charge: false` exclude each other")
    payment_method = given.get("payment_method", _PAYMENT_METHODS[given.get("method", "card")])
    method = given.get("method", method_of(payment_method))
    if method != method_of(payment_method):
        raise ValueError(f"the method of {payment_method} is {method_of(payment_method)}, not {method}")
    currency = given.get("currency", "usd")
    amount = cast(Decimal, given.get("amount", to_major(BASE_TOTAL, currency)))
    return Facts(
        sale=sale,
        payment=payment,
        invoice_paid=given.get("invoice_paid", "all" if is_paid else "none"),
        refund=refund,
        closes_charge=closes_charge,
        method=method,
        payment_method=payment_method,
        reason=given.get("reason"),
        currency=currency,
        amount_minor=parse_amount(str(amount), currency),
        amount=amount,
        metadata=given.get("metadata", {}),
        charge_age_days=given.get("charge_age_days", 0),
        ledger=ledger_kind,
    )
