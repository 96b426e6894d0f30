"""`refund_rules.yaml` read into rules: a list of `{name, when: {...}, then: type | [types] | hold | ignore}`.

Everything wrong in a file is told at once, each as `FILE:LINE:COLUMN: KEY: what is wrong`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from connector.planning.conditions import Between, Condition, FactValue, MetadataIs, OneOf
from connector.planning.facts import FACT_NAMES
from connector.planning.model import REFUND_TYPES, RefundType
from connector.planning.rule_results import order_types
from connector.planning.rules import Rule, RuleResult
from connector.planning.rules_check import Finding, check_rules
from connector.settings.fact_values import read_metadata_text, read_value, show_example, show_value
from connector.settings.problems import Problem, gather_problems
from connector.settings.yaml_lines import KeyPath, LinedDocument, load_yaml, suggest

_RULE_KEYS = ("name", "when", "then")
_BOUNDS = ("at_least", "at_most")
_RESULT_WORDS = ("hold", "ignore", *REFUND_TYPES)


def load_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file, in order; `InputError` with everything that cannot be read as a rule."""
    return _read_rules(load_yaml(path, allow_list=True))


def load_checked_rules(
    path: Path,
    ledger_can: frozenset[str],
    ledger_kind: str,
    invoice_status: str,
    switches: Mapping[str, bool] | None = None,
) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules of a file and the warnings about them; `InputError` for what `check_rules` refuses, too."""
    document = load_yaml(path, allow_list=True)
    rules = _read_rules(document)
    errors, warnings = check_rules(rules, ledger_can, ledger_kind, invoice_status, switches)
    if errors:
        raise gather_problems(document, [Problem(_place(found), found.sentence) for found in errors])
    return rules, tuple(document.sentence(_place(found), found.sentence) for found in warnings)


def _place(found: Finding) -> KeyPath:
    if found.index is not None:
        return (found.index, found.key)
    return () if found.key == "rules" else (found.key,)


# ---------------------------------------------------------------------------------------------- rules


def _read_rules(document: LinedDocument) -> tuple[Rule, ...]:
    if not isinstance(document.data, list):
        raise document.error((), "must hold a list of rules, each as `- name: ...` with `when` and `then`")
    if not document.data:
        raise document.error((), "holds no rule; at least one `- name: ...` is needed")
    problems: list[Problem] = []
    rules: list[Rule] = []
    lines: dict[str, int] = {}
    for index, record in enumerate(document.data):
        line = document.where((index,))[0]
        rule = _read_rule(record, index, line, problems)
        if rule.name in lines:
            what = (
                f'"{rule.name}" is the name of the rule on line {lines[rule.name]}, too; each needs its own'
            )
            problems.append(Problem((index, "name"), what))
        elif rule.name:
            lines[rule.name] = line
        rules.append(rule)
    if problems:
        raise gather_problems(document, problems)
    return tuple(rules)


def _read_rule(record: Any, index: int, line: int, problems: list[Problem]) -> Rule:
    if not isinstance(record, dict):
        problems.append(Problem((index,), "must be a rule with `name`, `when` and `then`"))
        return Rule("", (), "hold", line)
    problems += [
        Problem((index, key), _unknown_key(key, _RULE_KEYS), unknown_key=True)
        for key in record
        if key not in _RULE_KEYS
    ]
    missing = [key for key in _RULE_KEYS if key not in record]
    if missing:
        hint = "; a rule that always matches has `when: {}`" if "when" in missing else ""
        problems.append(
            Problem((index,), f"the rule has no {' and no '.join(f'`{key}`' for key in missing)}{hint}")
        )
    name = record.get("name", "")
    if not isinstance(name, str) or ("name" in record and not name.strip()):
        problems.append(Problem((index, "name"), "must be a text of your own; put a number in quotes"))
        name = ""
    when = record.get("when")
    conditions: list[Condition] = []
    if when is not None and not isinstance(when, dict):
        problems.append(
            Problem((index, "when"), "must be a group of `fact: value` lines, or {} to match always")
        )
    for fact, wanted in (when if isinstance(when, dict) else {}).items():
        conditions += _read_condition(fact, wanted, (index, "when", fact), problems)
    result = _read_result(record["then"], (index, "then"), problems) if "then" in record else "hold"
    return Rule(name.strip(), tuple(conditions), result, line)


def _unknown_key(key: str, known: Iterable[str]) -> str:
    near = suggest(key, known)
    return f"is not a known key{near}" if near else f"is not a known key; known here: {', '.join(known)}"


def _read_result(then: Any, place: KeyPath, problems: list[Problem]) -> RuleResult:
    if then in ("hold", "ignore"):
        return cast(RuleResult, then)
    words = then if isinstance(then, list) else [then]
    if not words:
        problems.append(Problem(place, "is empty; to post nothing write hold or ignore"))
    sound = True
    for position, word in enumerate(words):
        at = (*place, position) if isinstance(then, list) else place
        if word in ("hold", "ignore"):
            problems.append(Problem(at, f"{word} stands alone, not in a list with types"))
        elif word not in REFUND_TYPES:
            what = (
                f"{show_value(word)} is not one of {', '.join(_RESULT_WORDS)}{suggest(word, _RESULT_WORDS)}"
            )
            problems.append(Problem(at, what))
        else:
            continue
        sound = False
    if not sound or not words:
        return "hold"
    return order_types(cast(list[RefundType], words))


# ---------------------------------------------------------------------------------------------- conditions


def _read_condition(fact: str, wanted: Any, place: KeyPath, problems: list[Problem]) -> list[Condition]:
    if fact not in FACT_NAMES:
        near = suggest(fact, FACT_NAMES)
        problems.append(Problem(place, f"is not a known fact{near or '; known: ' + ', '.join(FACT_NAMES)}"))
        return []
    if fact == "metadata":
        return _read_metadata(wanted, place, problems)
    if isinstance(wanted, dict):
        if fact in ("amount", "charge_age_days"):
            return _read_bounds(fact, wanted, place, problems)
        problems.append(
            Problem(place, f"must be one value or a list of values, as in {fact}: {show_example(fact)}")
        )
        return []
    values = _read_each(wanted, place, problems, lambda value: read_value(fact, value))
    return [OneOf(fact, tuple(values))] if values else []


def _read_each(
    wanted: Any, place: KeyPath, problems: list[Problem], read: Callable[[Any], FactValue]
) -> list[FactValue]:
    """One value or each of a list, without repetitions; nothing where one of them is wrong."""
    if wanted == []:
        problems.append(Problem(place, "is an empty list, which nothing could match"))
        return []
    values: list[FactValue] = []
    sound = True
    for position, value in enumerate(wanted if isinstance(wanted, list) else [wanted]):
        try:
            values.append(read(value))
        except ValueError as error:
            sound = False
            problems.append(Problem((*place, position) if isinstance(wanted, list) else place, str(error)))
    return list(dict.fromkeys(values)) if sound else []


def _read_bounds(
    fact: str, wanted: dict[str, Any], place: KeyPath, problems: list[Problem]
) -> list[Condition]:
    bounds: dict[str, Any] = {}
    before = len(problems)
    for key, value in wanted.items():
        try:
            if key not in _BOUNDS:
                raise ValueError(_unknown_key(key, _BOUNDS))
            bounds[key] = read_value(fact, value)
        except ValueError as error:
            problems.append(Problem((*place, key), str(error), unknown_key=key not in _BOUNDS))
    if not wanted:
        problems.append(Problem(place, f"is empty; write {fact}: {{at_least: {show_example(fact)}}}"))
    low, high = bounds.get("at_least"), bounds.get("at_most")
    if low is not None and high is not None and low > high:
        problems.append(Problem(place, f"nothing is at least {low} and at most {high}"))
    return [] if len(problems) > before else [Between(fact, low, high)]


def _read_metadata(wanted: Any, place: KeyPath, problems: list[Problem]) -> list[Condition]:
    if not isinstance(wanted, dict) or not wanted:
        problems.append(Problem(place, "must be a group of keys and texts, as in metadata: {channel: web}"))
        return []
    conditions: list[Condition] = []
    for key, texts in wanted.items():
        values = _read_each(texts, (*place, key), problems, read_metadata_text)
        conditions += [MetadataIs(key, tuple(str(value) for value in values))] if values else []
    return conditions
