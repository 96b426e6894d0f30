"""Documents of a refund that others booked: what debited income is the income leg, what credited clearing the cash leg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.ledgers.contract import Found
from connector.planning.by_hand import adopt_commands, after_hand_work, retry_command
from connector.planning.case import LedgerPolicy, NotNow, Plan, RefundCase
from connector.planning.facts import Facts
from connector.planning.model import CASH_LEGS, RefundType
from connector.planning.sentences import money
from connector.planning.settlement import Settlement
from connector.planning.values import value


@value(frozen=True, slots=True)
class Legs:
    """What of a refund others booked; a document can be both legs."""

    income: tuple[Found, ...] = ()
    cash: tuple[Found, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.income or self.cash)


# What our own documents of a kind stand for.
OUR_INCOME = frozenset({"credit_memo", "refund_receipt", "void"})
OUR_CASH = frozenset({"refund_receipt", "reopen_invoice", "void", *CASH_LEGS})


def legs_of(case: RefundCase) -> Legs:
    """The legs that count: none where adoption is not asked for, and none that our own documents stand for."""
    if not case.others or not case.adopting:
        return Legs()
    ours = {found.kind for found in case.ours}
    return Legs(
        () if ours & OUR_INCOME else tuple(found for found in case.others if found.income_minor > 0),
        () if ours & OUR_CASH else tuple(found for found in case.others if found.cash_minor > 0),
    )


def adopt_named(case: RefundCase, ledger: LedgerPolicy) -> Plan | None:
    """What a person said is this refund's document, whatever the settings."""
    named = case.person.adopt_id
    if named is None or case.ours:
        return None
    if case.named is None:
        raise NotNow(
            "held",
            "duplicate_in_books",
            f"adopted by a person as {named}, which the books no longer have",
            f"put it back and resync the refund, or have it posted: {retry_command(case.refund, ledger)}",
        )
    return replace(
        adopted_plan(named),
        sale_number=case.sale.number if case.sale else None,
        adopted=(case.named,),
    )


def adopted_plan(ledger_id: str) -> Plan:
    return Plan("adopted", sentence=f"adopted by a person as {ledger_id}")


def adopt(case: RefundCase, ledger: LedgerPolicy, settlement: Settlement, legs: Legs) -> Plan | None:
    """Adopted where both legs are there with the right amounts; held where one is missing or an amount differs.

    None where others booked nothing, and where a person asked to post the leg that is missing, or it is posted.
    """
    if not legs or case.ours:
        return None
    amount, currency = worth_in_books(case, ledger, settlement, legs)
    # A document that is both legs balances, so its cash says what it is worth.
    income_minor = sum(found.cash_minor or found.amount_minor for found in legs.income)
    cash_minor = sum(found.cash_minor for found in legs.cash)
    shown = ", ".join(
        found.ledger_id for found in (*legs.income, *(f for f in legs.cash if not f.income_minor))
    )
    lone = case.sale is not None and case.sale.form == "payment"
    differs = bool(legs.income and income_minor != amount) or bool(legs.cash and cash_minor != amount)
    differs |= any(found.currency != currency for found in (*legs.income, *legs.cash))
    if not differs and legs.cash and (legs.income or lone):
        return Plan(
            "adopted",
            sentence=f"booked by others as {shown}",
            sale_number=case.sale.number if case.sale else None,
            adopted=case.others,
        )
    if not differs and case.person.retry:
        return None
    named = adopt_commands(case.refund, ledger, (*legs.income, *legs.cash))
    if differs:
        sentence = (
            f"others booked this refund as {shown}, with an amount that differs from "
            f"{money(amount, currency)}"
        )
        how = f"correct the books, or take it as it is: {named}"
    else:
        leg = "income" if legs.income else "cash"
        sentence = f"others booked the {leg} leg of this refund as {shown}; the other leg is missing"
        again = retry_command(case.refund, ledger)
        how = f"correct the books, or post the other leg: {again}; or take it as it is: {named}"
    raise NotNow("held", "duplicate_in_books", sentence, how)


def refuse_booked(case: RefundCase, ledger: LedgerPolicy) -> None:
    """A failed refund that others booked is theirs to take back, which they have done where as much that names the
    refund moves the other way."""
    legs = legs_of(case)
    booked = dict.fromkeys((*legs.income, *legs.cash))
    back = [found for found in case.others if not found.income_minor and not found.cash_minor]
    if not booked or sum(f.amount_minor for f in booked) == sum(f.amount_minor for f in back):
        return
    shown = ", ".join(found.ledger_id for found in booked)
    raise NotNow(
        "held",
        "ledger_cannot",
        f"Stripe says {case.refund.status}, and others booked this refund as {shown}: the connector does not take back "
        f"what it did not write",
        f"take it back in the ledger, {after_hand_work(case.refund, ledger)}",
    )


def worth_in_books(
    case: RefundCase, ledger: LedgerPolicy, settlement: Settlement, legs: Legs
) -> tuple[int, str]:
    """What the refund's documents must come to: as it settled, or where the ledger keeps the charge's currency and
    the documents stand in it, as it was charged."""
    refund = case.refund
    if ledger.holds_charge_currency and any(
        f.currency == refund.currency for f in (*legs.income, *legs.cash)
    ):
        return refund.amount_minor, refund.currency
    return -settlement.amount_minor, settlement.currency


def missing_types(
    case: RefundCase,
    ledger: LedgerPolicy,
    types: Sequence[RefundType],
    legs: Legs,
    facts: Facts,
    ours: frozenset[str],
) -> tuple[RefundType, ...]:
    """What of the chosen types others did not book: () where nothing is missing. `ours` stand in the books already."""
    if not legs:
        return tuple(types)
    if ours:
        return tuple(t for t in types if t in ours or not (legs.cash if t in CASH_LEGS else legs.income))
    first = types[0]
    if first in ("credit_memo", "refund_receipt"):
        if legs.cash:
            return ("credit_memo",)
        if first == "credit_memo":
            return tuple(leg for leg in types if leg in CASH_LEGS)
        return ("credit_card_refund",) if facts.method == "card" else ("refund_payout",)
    if legs.cash and first in ("reopen_invoice", "refund_payout"):
        return ()
    shown = ", ".join(found.ledger_id for found in (*legs.income, *legs.cash))
    raise NotNow(
        "held",
        "duplicate_in_books",
        f"others booked one leg of this refund as {shown}, and a {first.replace('_', ' ')} does not go with it",
        f"correct the books, or take it as it is: {adopt_commands(case.refund, ledger, (*legs.income, *legs.cash))}",
    )
