"""Which results a rule may have, and what any other would do to the books.

The figures in a refusal are those of the base case (sale 100.00, tax 10.00); they follow from `MOVES`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from connector.planning import rule_space as space
from connector.planning.conditions import OneOf
from connector.planning.model import CASH_LEGS, RefundType
from connector.planning.money import format_amount
from connector.planning.refund_types import BASE_TOTAL, MOVES
from connector.planning.rules import Rule

ALLOWED_RESULTS: tuple[tuple[RefundType, ...], ...] = (
    ("credit_memo", "credit_card_refund"),
    ("credit_memo", "refund_payout"),
    ("refund_receipt",),
    ("void",),
    ("reopen_invoice",),
    ("credit_memo",),
)
_LONE_PAYOUT: tuple[RefundType, ...] = ("refund_payout",)
_RECEIVABLE = ("credit memo", "invoice")


def order_types(types: Sequence[RefundType]) -> tuple[RefundType, ...]:
    """The types as a rule has them: what takes income back first, what pays out after it."""
    return tuple(sorted(types, key=lambda refund_type: refund_type in CASH_LEGS))


def a_sale(form: str) -> str:
    """A form of sale as people say it: a sales receipt, an invoice."""
    return f"{'an' if form == 'invoice' else 'a'} {form.replace('_', ' ')}"


def refuse_types(types: Sequence[RefundType], lone_payment: bool) -> str | None:
    """Why these types together would put the books wrong, with the amount; None where they would not.

    `lone_payment`: the sale is a lone payment and cannot be anything else. The figures follow from `MOVES`.
    """
    ordered = order_types(types)
    if ordered in ALLOWED_RESULTS or (ordered == _LONE_PAYOUT and lone_payment):
        return None
    left: Counter[str] = Counter()
    if "void" in types:
        left["invoice"] = BASE_TOTAL  # an invoice that is void was open till then
    for refund_type in types:
        for account, amount_minor in MOVES[refund_type]:
            left[account] += amount_minor
    alone = "" if len(types) > 1 else " alone"
    return f"{' + '.join(types)}{alone} {space.join_words(_tell_figures(left, types))}"


def _tell_figures(left: Mapping[str, int], types: Sequence[RefundType]) -> list[str]:
    told = []
    taken_back, paid_out = left["income"] + left["tax"], -left["clearing"]
    if taken_back > BASE_TOTAL:
        told.append(
            f"takes {show_money(taken_back)} of income and tax back for a {show_money(BASE_TOTAL)} sale"
        )
    if "void" in types and paid_out:
        told.append(f"takes {show_money(paid_out)} out of clearing for a charge that was never put there")
    elif paid_out > BASE_TOTAL:
        told.append(f"takes {show_money(paid_out)} out of clearing for a refund of {show_money(BASE_TOTAL)}")
    open_items = [left[item] for item in _RECEIVABLE]
    debit = sum(amount for amount in open_items if amount > 0)
    credit = -sum(amount for amount in open_items if amount < 0)
    sides = [f"a debit of {show_money(debit)}"] if debit else []
    sides += [f"a credit of {show_money(credit)}"] if credit else []
    if sides:
        told.append(
            f"leaves {space.join_words(sides)} on receivable{' side by side' if len(sides) > 1 else ''}"
        )
    if not taken_back:
        told.append("leaves income and tax untouched")
    return told


def show_money(amount_minor: int) -> str:
    """A figure of the base case."""
    return format_amount(amount_minor, "usd")


def refuse_result(rule: Rule, ledger_can: frozenset[str]) -> str | None:
    """Why the rule's result is not allowed, and what was probably meant; None where it is."""
    if isinstance(rule.result, str):
        return None
    sales = _sales(rule)
    if sales is not None and "none" in sales:
        return (
            f"{' + '.join(rule.result)} cannot follow `sale: none`: no sale is in the books, so "
            f"{show_money(BASE_TOTAL)} would come off accounts that never had it; only hold or ignore can; "
            "take none out of `sale`"
        )
    wrong = refuse_types(rule.result, sales == ("payment",))
    if wrong is None:
        return None
    meant = [" + ".join(result) for result in _resembling(rule, ledger_can)]
    if rule.result == _LONE_PAYOUT:
        wrong += ", unless the sale is a lone payment"
        meant.append("`sale: payment` in `when`")
    return f"{wrong}; probably meant: {' or '.join(meant or ['hold'])}"


def _sales(rule: Rule) -> tuple[object, ...] | None:
    for condition in rule.conditions:
        if isinstance(condition, OneOf) and condition.fact == "sale":
            return condition.values
    return None


def _resembling(rule: Rule, ledger_can: frozenset[str]) -> list[tuple[RefundType, ...]]:
    """The allowed results fewest changes away that share a type and fit what rule and ledger ask for."""
    asked = space.matched_cases(rule)
    given: Counter[str] = Counter(rule.result)

    def distance(result: tuple[RefundType, ...]) -> int:
        wanted: Counter[str] = Counter(result)
        # A memo alone leaves money in clearing that has gone: it is the last thing to be meant.
        return max((given - wanted).total(), (wanted - given).total()) + (result == ("credit_memo",))

    def fits(result: tuple[RefundType, ...]) -> bool:
        cases = asked & space.fitting_cases(result) & space.makeable_cases(result[0])
        if result == ("credit_memo", "refund_payout"):
            cases &= ~space.cases("method", "card")
        return bool(cases) and ledger_can.issuperset(result)

    results = (*ALLOWED_RESULTS, _LONE_PAYOUT) if _sales(rule) == ("payment",) else ALLOWED_RESULTS
    near = [result for result in results if fits(result)]
    near = [result for result in near if not given.keys().isdisjoint(result)] or near
    least = min(map(distance, near), default=0)
    return [result for result in near if distance(result) == least]
