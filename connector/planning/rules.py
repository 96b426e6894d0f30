"""Which documents a refund becomes: rules over its facts, and switches over the types.

Rules are tried in order and the first that matches wins, so a file of rules reads from top to bottom. A type
that is switched off, or that the ledger cannot make of the sale at hand, lets the next rule have its chance;
a cash leg that is off is left out. Nothing here reads a file: `settings/rules_file.py` knows the text form,
and `rules_check.py` what is refused before a rule is ever tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Literal, cast

from connector.planning.conditions import (
    Between,
    Condition,
    MetadataIs,
    OneOf,
    conditions_from_json,
    conditions_to_json,
)
from connector.planning.facts import Facts, method_of
from connector.planning.model import CASH_LEGS, REFUND_TYPES, RefundType
from connector.planning.refund_types import SALE_FORMS, all_switched_off, is_on, sale_forms, types_of
from connector.planning.values import value

# What a user of rules needs stands here, whichever module it lives in.
__all__ = [
    "SALE_FORMS",
    "Between",
    "Condition",
    "Decision",
    "DecisionResult",
    "Facts",
    "MetadataIs",
    "OneOf",
    "Rule",
    "RuleResult",
    "Tried",
    "all_switched_off",
    "decide",
    "digest",
    "explain_decision",
    "is_on",
    "method_of",
    "ruleset_from_json",
    "ruleset_to_json",
    "sale_forms",
    "types_of",
]

RuleResult = tuple[RefundType, ...] | Literal["hold", "ignore"]


@value(frozen=True, slots=True)
class Rule:
    """One rule; the income leg, or the only type, stands first in `result`. `line` is that of its file."""

    name: str
    conditions: tuple[Condition, ...]
    result: RuleResult
    line: int = 0


# ---------------------------------------------------------------------------------------------- deciding

_NO_FORM: frozenset[str] = frozenset()
DecisionResult = Literal["types", "hold", "ignore", "type_switched_off", "ledger_cannot", "no_rule"]


@value(frozen=True, slots=True)
class Tried:
    """A rule that was tried, whether it won, and why in plain words."""

    rule: str
    matched: bool
    why: str


@value(frozen=True, slots=True)
class Decision:
    """What the rules say of one refund.

    `types` are those to post where `result` is `types`; `left_out` the cash legs that belong to them but are
    off. `rule` is the one that won, or that would have won but for a switch or what the ledger can do.
    `trace` and `switches` (those that played a part, in words) are filled by `explain_decision` only.
    """

    result: DecisionResult
    types: tuple[RefundType, ...] = ()
    left_out: tuple[str, ...] = ()
    rule: str | None = None
    trace: tuple[Tried, ...] = ()
    switches: tuple[str, ...] = ()


def decide(
    facts: Facts,
    rules: Sequence[Rule],
    switches: Mapping[str, bool],
    ledger_can: frozenset[str],
    makes: Mapping[str, frozenset[str]] | None = None,
) -> Decision:
    """The first rule that matches and can be carried out, or what stood in the way.

    `ledger_can` are the types that the ledger makes, `makes` of which sales (default: as its kind does). A
    rule that only a switch kept from winning is remembered: if nothing but `hold` or `ignore` follows it, the
    refund is excluded as `type_switched_off`; likewise `ledger_cannot`, which yields to a switch because a
    person set that. Runs once per refund, so the reasons are put into words elsewhere: `explain_decision`.
    """
    forms = sale_forms(facts.ledger) if makes is None else makes
    off: Rule | None = None
    cannot: Rule | None = None
    found: Rule | None = None
    for rule in rules:
        for condition in rule.conditions:
            if not condition.holds(facts):
                break
        else:
            if isinstance(rule.result, str):
                found = rule
                break
            obstacle = _obstacle(rule.result, facts, switches, ledger_can, forms)
            if obstacle is None:
                found = rule
                break
            if obstacle == "off":
                off = off or rule
            elif obstacle == "cannot":
                cannot = cannot or rule
    return _conclude(found, off, cannot, switches, ledger_can)


def _obstacle(
    types: tuple[RefundType, ...],
    facts: Facts,
    switches: Mapping[str, bool],
    ledger_can: frozenset[str],
    forms: Mapping[str, frozenset[str]],
) -> Literal["unfit", "cannot", "off"] | None:
    """What keeps a rule whose conditions hold from winning; `unfit` is as if a condition did not hold."""
    first = types[0]
    if (
        facts.sale == "none"
        or (facts.method != "card" and "credit_card_refund" in types)
        or (first == "reopen_invoice" and facts.payment != "applied")
    ):
        return "unfit"
    if first not in ledger_can or facts.sale not in forms.get(first, _NO_FORM):
        return "cannot"
    return None if is_on(switches, first) else "off"


def _conclude(
    found: Rule | None,
    off: Rule | None,
    cannot: Rule | None,
    switches: Mapping[str, bool],
    ledger_can: frozenset[str],
) -> Decision:
    """The rule that was found, or else what kept those before it from winning."""
    if found is not None and not isinstance(found.result, str):
        types = found.result
        left_out: tuple[RefundType, ...] = ()
        if len(types) > 1:
            left_out = tuple(
                leg for leg in types if leg in CASH_LEGS and not _is_open(leg, switches, ledger_can)
            )
            types = tuple(leg for leg in types if leg not in left_out)
        return Decision("types", types, left_out, found.name)
    if off is not None:
        return Decision("type_switched_off", rule=off.name)
    result: DecisionResult = "no_rule" if found is None else "ignore" if found.result == "ignore" else "hold"
    rule = found
    if cannot is not None:
        result, rule = "ledger_cannot", cannot
    if result != "ignore" and all_switched_off(switches):
        result = "type_switched_off"
    return Decision(result, rule=None if rule is None else rule.name)


def _is_open(leg: str, switches: Mapping[str, bool], ledger_can: frozenset[str]) -> bool:
    return leg in ledger_can and is_on(switches, leg)


# --------------------------------------------------------------------------------------------- in plain words


def explain_decision(
    facts: Facts,
    rules: Sequence[Rule],
    switches: Mapping[str, bool],
    ledger_can: frozenset[str],
    makes: Mapping[str, frozenset[str]] | None = None,
) -> Decision:
    """What `decide` decides, with `trace` (the rules tried, the winner last) and `switches` filled in."""
    forms = sale_forms(facts.ledger) if makes is None else makes
    decision = decide(facts, rules, switches, ledger_can, makes)
    trace: list[Tried] = []
    applied: list[str] = []
    for rule in rules:
        failed = [condition.why_not(facts) for condition in rule.conditions if not condition.holds(facts)]
        if failed:
            trace.append(Tried(rule.name, False, "; ".join(failed)))
            continue
        obstacle = None
        if not isinstance(rule.result, str):
            obstacle = _obstacle(rule.result, facts, switches, ledger_can, forms)
        if obstacle is None:
            trace.append(Tried(rule.name, True, _why_won(rule, decision)))
            break
        trace.append(Tried(rule.name, False, _why_passed_over(rule, obstacle, facts, ledger_can)))
        if obstacle == "off":
            applied.append(f'{rule.result[0]} is switched off: rule "{rule.name}" was passed over')
    for leg in decision.left_out:
        cause = f"{leg} is switched off" if leg in ledger_can else f"{facts.ledger} cannot make {leg}"
        applied.append(f"{cause}: it is left out, and the credit memo stays open")
    if all_switched_off(switches):
        applied.append("every type is switched off: no refund is posted")
    return replace(decision, trace=tuple(trace), switches=tuple(applied))


def _why_won(rule: Rule, decision: Decision) -> str:
    why = "every condition holds" if rule.conditions else "it has no conditions and always matches"
    if decision.result in ("types", "hold", "ignore"):
        return why
    if decision.rule == rule.name:
        return f"{why}, but every type is switched off"
    return f'{why}, but "{decision.rule}" would have won before it'


def _why_passed_over(rule: Rule, obstacle: str, facts: Facts, ledger_can: frozenset[str]) -> str:
    first = rule.result[0]
    if obstacle == "off":
        return f"every condition holds, but {first} is switched off"
    if obstacle == "cannot":
        of_sale = f" where sale is {facts.sale}" if first in ledger_can else ""
        return f"every condition holds, but {facts.ledger} cannot make {first}{of_sale}"
    if facts.sale == "none":
        return "sale is none, so there is nothing to take back: only hold or ignore may decide"
    if facts.method != "card" and "credit_card_refund" in rule.result:
        return f"method is {facts.method}, and credit_card_refund is only for cards"
    return f"payment is {facts.payment}, and reopen_invoice takes an applied payment off its invoice"


# ---------------------------------------------------------------------------------------------- as stored


def ruleset_to_json(rules: Sequence[Rule], switches: Mapping[str, bool]) -> str:
    """The rules and switches in force as one line of text, the same wherever they stand in their file."""
    content = {
        "rules": [
            {
                "name": rule.name,
                "when": conditions_to_json(rule.conditions),
                "then": rule.result if isinstance(rule.result, str) else list(rule.result),
            }
            for rule in rules
        ],
        "switches": {refund_type: is_on(switches, refund_type) for refund_type in REFUND_TYPES},
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def ruleset_from_json(text: str) -> tuple[tuple[Rule, ...], dict[str, bool]]:
    """The rules and switches that `ruleset_to_json` wrote."""
    content = json.loads(text)
    rules = tuple(
        Rule(
            rule["name"],
            conditions_from_json(rule["when"]),
            cast(
                RuleResult,
                rule["then"] if isinstance(rule["then"], str) else tuple(rule["then"]),
            ),
        )
        for rule in content["rules"]
    )
    return rules, dict(content["switches"])


def digest(rules: Sequence[Rule], switches: Mapping[str, bool]) -> str:
    """32 hexadecimal digits that stand for these rules and switches."""
    return sha256(ruleset_to_json(rules, switches).encode()).hexdigest()[:32]
