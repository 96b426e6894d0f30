"""All combinations of the facts that have only a few values, as sets of bits: what rules can ever match.

A set of cases is an `int` with one bit for each case. Amount, metadata, age, payment method, reason and
currency have no cases of their own: a condition on one of them is `opaque`, it may or may not hold anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations, product

from connector.planning.conditions import Between, Condition, MetadataIs, OneOf, in_words
from connector.planning.facts import FACT_VALUES, method_of
from connector.planning.refund_types import sale_forms
from connector.planning.rules import Rule

_AXES = tuple(FACT_VALUES)
_TOLD = ("payment", "refund", "method", "invoice_paid", "closes_charge")


@cache
def _bits() -> dict[tuple[str, object], int]:
    """The set of cases in which a fact has a value. A refund of a whole charge always closes it."""
    sets: dict[tuple[str, object], int] = {}
    bit = 1
    for values in product(*FACT_VALUES.values()):
        case = dict(zip(_AXES, values, strict=True))
        if case["refund"] == "full" and not case["closes_charge"]:
            continue
        for key in case.items():
            sets[key] = sets.get(key, 0) | bit
        bit <<= 1
    return sets


def cases(fact: str, *values: object) -> int:
    """The cases in which the fact is one of the values."""
    found = 0
    for value in values:
        found |= _bits().get((fact, value), 0)
    return found


@cache
def all_cases() -> int:
    return cases("sale", *FACT_VALUES["sale"])


@cache
def likely_cases(ledger_kind: str) -> int:
    """The cases that a ledger of this kind meets in practice; the others contradict themselves."""
    no_invoice = cases("invoice_paid", "none")
    likely = cases("sale", "none") & cases("payment", "absent") & no_invoice
    likely |= cases("sale", "payment") & cases("payment", "unapplied") & no_invoice
    likely |= cases("sale", "sales_receipt") & cases("payment", "applied") & no_invoice
    paid = cases("payment", "applied") & cases("invoice_paid", "part", "all")
    unapplied = cases("payment", "unapplied") & cases("invoice_paid", "none", "part")
    likely |= cases("sale", "invoice") & (paid | unapplied | cases("payment", "absent"))
    return likely & cases("ledger", ledger_kind)


def is_opaque(condition: Condition) -> bool:
    return not isinstance(condition, OneOf) or condition.fact not in FACT_VALUES


def matched_cases(rule: Rule) -> int:
    """The cases in which the conditions can hold. A payment method tells the method, too."""
    found = all_cases()
    for condition in rule.conditions:
        if isinstance(condition, OneOf) and condition.fact == "payment_method":
            found &= cases("method", *{method_of(str(value)) for value in condition.values})
        elif isinstance(condition, OneOf) and condition.fact in FACT_VALUES:
            found &= cases(condition.fact, *condition.values)
    return found


@cache
def fitting_cases(result: tuple[str, ...]) -> int:
    """The cases in which `decide` lets these types win or be passed over, whatever the ledger can make."""
    found = all_cases() & ~cases("sale", "none")
    if "credit_card_refund" in result:
        found &= cases("method", "card")
    if result[0] == "reopen_invoice":
        found &= cases("payment", "applied")
    return found


@cache
def makeable_cases(refund_type: str) -> int:
    """The cases in which the sale is one of which the ledger can make this type as the first of a result."""
    found = 0
    for kind in FACT_VALUES["ledger"]:
        forms = sale_forms(str(kind)).get(refund_type, frozenset())
        found |= cases("ledger", kind) & cases("sale", *forms)
    return found


def winning_cases(rule: Rule) -> int:
    """The cases in which the rule can win with every type on."""
    found = matched_cases(rule)
    if isinstance(rule.result, str):
        return found
    return found & fitting_cases(rule.result) & makeable_cases(rule.result[0])


def is_narrower(rule: Rule, earlier: Rule) -> bool:
    """Whether every opaque condition of `earlier` holds wherever those of `rule` do."""
    own = [condition for condition in rule.conditions if is_opaque(condition)]
    return all(
        any(_implies(narrow, wide) for narrow in own) for wide in earlier.conditions if is_opaque(wide)
    )


def _implies(narrow: Condition, wide: Condition) -> bool:
    match narrow, wide:
        case OneOf(), OneOf():
            return narrow.fact == wide.fact and set(narrow.values) <= set(wide.values)
        case MetadataIs(), MetadataIs():
            return narrow.key == wide.key and set(narrow.values) <= set(wide.values)
        case Between(), Between() if narrow.fact == wide.fact:
            low = wide.at_least is None or (narrow.at_least is not None and narrow.at_least >= wide.at_least)
            high = wide.at_most is None or (narrow.at_most is not None and narrow.at_most <= wide.at_most)
            return low and high
    return False


def describe_cases(found: int, within: int) -> Iterator[str]:
    """The cases of `found` in plain words, in as few and as wide groups as can be seen from `within`."""
    for size in range(len(_TOLD) + 1):
        for axes in combinations(_TOLD, size):
            for values in product(FACT_VALUES["sale"], *(FACT_VALUES[axis] for axis in axes)):
                if not found:
                    return
                told = list(zip(("sale", *axes), values, strict=True))
                group = within
                for fact, value in told:
                    group &= cases(fact, value)
                if group & found and not group & ~found:
                    found &= ~group
                    within &= ~group
                    yield join_words([f"{fact} is {in_words(value)}" for fact, value in told])


def join_words(parts: Iterable[str]) -> str:
    """`a, b and c`."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
