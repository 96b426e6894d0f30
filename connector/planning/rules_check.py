"""What is wrong with a set of rules before any of them is tried.

Errors: a result that would put the books wrong, with the accounts and the amount of the base case (sale
100.00, tax 10.00); a rule that can never decide, however the switches stand; an invoice status that the rules
do not bear out. Warnings: cases that no rule decides, types that the ledger cannot make, and credit memos
that nothing pays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.planning import rule_space as space
from connector.planning.conditions import OneOf
from connector.planning.facts import FACT_VALUES, STRIPE_METHODS
from connector.planning.model import RefundType
from connector.planning.refund_types import BASE_TOTAL, SALE_FORMS, is_on
from connector.planning.rule_results import refuse_result, show_money
from connector.planning.rules import Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong; `sentence` names the rule.

    `index` is the rule's place in the list, None where it is all of them; `key` is `then`, `when`, or `rules`
    or `invoice_status` where no single rule is at fault.
    """

    index: int | None
    key: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def check_rules(
    rules: Sequence[Rule],
    ledger_can: frozenset[str],
    ledger_kind: str,
    invoice_status: str,
    switches: Mapping[str, bool] | None = None,
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Errors and warnings. With `switches` (as they stand now) the warnings tell what happens with these."""
    errors: list[Finding] = []
    sound: dict[int, Rule] = {}
    for index, rule in enumerate(rules):
        wrong = refuse_result(rule, ledger_can)
        if wrong:
            errors.append(Finding(index, "then", f'rule "{rule.name}": {wrong}'))
        else:
            sound[index] = rule
    errors += _find_unreachable(sound)
    if invoice_status == "reopened":
        errors += _check_reopened(sound, ledger_can, ledger_kind, switches)
    if errors:
        return tuple(sorted(errors, key=lambda found: -1 if found.index is None else found.index)), ()
    return (), tuple(_warn(rules, ledger_can, ledger_kind, switches or {}))


# ---------------------------------------------------------------------------------------------- reach


def _find_unreachable(rules: Mapping[int, Rule]) -> Iterable[Finding]:
    earlier: list[Rule] = []
    for index, rule in rules.items():
        why = _why_never(rule) or _shadowed(rule, earlier)
        if why:
            yield Finding(index, "when", f'rule "{rule.name}" can never decide: {why}')
        earlier.append(rule)


def _why_never(rule: Rule) -> str | None:
    matched = space.matched_cases(rule)
    if not matched:
        return (
            "its conditions exclude each other (a full refund closes its charge; a way to pay has one method)"
        )
    if isinstance(rule.result, str) or space.winning_cases(rule):
        return None
    first = rule.result[0]
    if not matched & space.makeable_cases(first):
        why = f"{first} can only be made where sale is {' or '.join(sorted(SALE_FORMS[first]))}"
        if not matched & ~space.cases("sale", "payment"):
            why += (
                f" (a lone payment has no income or tax of which {show_money(BASE_TOTAL)} could be taken "
                "back; probably meant: refund_payout)"
            )
        return why
    if "credit_card_refund" in rule.result and not matched & space.cases("method", "card"):
        return "credit_card_refund is only for cards; for another method use refund_payout"
    return "reopen_invoice takes an applied payment off its invoice, and the rule wants none that is applied"


def _shadowed(rule: Rule, earlier: Sequence[Rule], by_any: bool = False) -> str | None:
    """Which earlier rules take every case from this one, whatever is switched on."""
    left = space.winning_cases(rule)
    takers = []
    for other in earlier:
        certain = isinstance(other.result, str) or other.result[0] == rule.result[0]
        if (certain or by_any) and space.is_narrower(rule, other):
            taken = space.winning_cases(other) & left
            left &= ~taken
            takers += [other] if taken else []
    if left or not takers:
        return None
    names = space.join_words([f'"{other.name}"' for other in takers])
    lines = space.join_words([str(other.line) for other in takers])
    verb = "matches" if len(takers) == 1 else "match"
    places = f" (line{'s' if len(takers) > 1 else ''} {lines})" if takers[0].line else ""
    return f"{names}{places} {verb} before it wherever it could"


def _check_reopened(
    rules: Mapping[int, Rule],
    ledger_can: frozenset[str],
    ledger_kind: str,
    switches: Mapping[str, bool] | None,
) -> Iterable[Finding]:
    """`invoice_status: reopened` is true only if each refund of a paid invoice reopens it in the ledger."""

    def can_post(first: str) -> bool:
        return first in ledger_can and (switches is None or is_on(switches, first))

    left = space.cases("sale", "invoice") & space.cases("payment", "applied")
    left &= space.cases("invoice_paid", "all") & space.cases("ledger", ledger_kind)
    reopens = False
    for index, rule in rules.items():
        taken = space.winning_cases(rule) & left
        if not taken or (not isinstance(rule.result, str) and not can_post(rule.result[0])):
            continue
        reopens = reopens or rule.result[0] == "reopen_invoice"
        if not isinstance(rule.result, str) and rule.result[0] != "reopen_invoice":
            what = f'rule "{rule.name}" makes {" + ".join(rule.result)} of a refund of a paid invoice'
            yield Finding(
                index,
                "then",
                f"{what}, but `invoice_status: reopened` says that it is open again: use reopen_invoice",
            )
        if not any(map(space.is_opaque, rule.conditions)):
            left &= ~taken
    if not reopens:
        off = switches is not None and not is_on(switches, "reopen_invoice")
        advice = "switch reopen_invoice on" if off else "add one, or write `invoice_status: refunded`"
        sentence = (
            f"`reopened` needs a rule that makes reopen_invoice of a refund of a paid invoice: {advice}"
        )
        yield Finding(None, "invoice_status", sentence)


# ---------------------------------------------------------------------------------------------- warnings


def _warn(
    rules: Sequence[Rule], ledger_can: frozenset[str], ledger_kind: str, switches: Mapping[str, bool]
) -> Iterable[Finding]:
    likely = space.likely_cases(ledger_kind)
    left, undecided = likely, likely
    for index, rule in enumerate(rules):
        yield from _warn_of_words(index, rule)
        reached = space.matched_cases(rule) & left
        won = matched = reached
        if not isinstance(rule.result, str):
            matched = space.matched_cases(rule) & space.fitting_cases(rule.result)
            reached &= matched
            won = reached & space.makeable_cases(rule.result[0]) if rule.result[0] in ledger_can else 0
            warned = _warn_of_types(
                rule.result, reached, won, ledger_can=ledger_can, ledger_kind=ledger_kind, switches=switches
            )
            yield from (Finding(index, "then", f'rule "{rule.name}": {what}') for what in warned)
            won = won if is_on(switches, rule.result[0]) else 0
        elif why := _shadowed(rule, rules[:index], by_any=True):
            what = f"{rule.result} never decides: {why}, and where their types are off the refund is excluded"
            yield Finding(index, "when", f'rule "{rule.name}": {what}')
        if not any(map(space.is_opaque, rule.conditions)):
            left &= ~won
            undecided &= ~matched
    for described in space.describe_cases(undecided, likely):
        yield Finding(None, "rules", f"no rule decides where {described}: such a refund is held (no_rule)")


def _warn_of_types(
    types: tuple[RefundType, ...],
    reached: int,
    won: int,
    *,
    ledger_can: frozenset[str],
    ledger_kind: str,
    switches: Mapping[str, bool],
) -> Iterable[str]:
    """What a person should know of a rule's types in the cases that reach it, and in those that it wins."""
    first = types[0]
    passed = "passed over; a refund for which only hold or ignore is left is then held (ledger_cannot)"
    if reached and first not in ledger_can:
        yield f"{ledger_kind} cannot make {first}, so the rule is {passed}"
    elif odd := reached & ~won:
        sales = [str(sale) for sale in FACT_VALUES["sale"] if odd & space.cases("sale", sale)]
        where = f"where sale is {' or '.join(sales)}"
        yield f"{ledger_kind} cannot make {first} {where}; there the rule is {passed}"
    if not won or not is_on(switches, first):
        return
    posted = [leg for leg in types if leg in ledger_can and is_on(switches, leg)]
    for leg in types:
        if leg not in posted:
            why = "is switched off" if leg in ledger_can else f"cannot be made by {ledger_kind}"
            yield f"{leg} {why}, so it is left out and the credit memo stays open"
    absent = space.cases("payment", "absent")
    if posted == ["credit_memo"] and won & ~absent:
        yield (
            "a credit memo alone pays nothing out: the customer is owed the money, and clearing is too high "
            f"by the refund ({show_money(BASE_TOTAL)} in the base case) until its cash leg exists"
        )
    if posted == ["credit_memo"] and won & absent:
        yield (
            "a credit memo alone is applied to an invoice that is not paid in the books yet: clearing "
            f"will be too high by the refund ({show_money(BASE_TOTAL)} in the base case) once the payment is"
            " booked"
        )
    if first == "void" and won & ~absent:
        yield "void is for invoices never paid in the books; unless payment is absent it is held (void_guard)"


def _warn_of_words(index: int, rule: Rule) -> Iterable[Finding]:
    for condition in rule.conditions:
        if isinstance(condition, OneOf) and condition.fact == "payment_method":
            for word in condition.values:
                if word not in STRIPE_METHODS:
                    what = f"payment_method {word} is none of the words of Stripe that are known here"
                    yield Finding(
                        index, "when", f'rule "{rule.name}": {what}; its method is taken to be other'
                    )
