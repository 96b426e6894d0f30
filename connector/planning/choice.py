"""What rules are told of a refund, and the types that they, a person, or the books themselves say it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from connector.planning.by_hand import type_action
from connector.planning.case import Books, LedgerPolicy, NotNow, RefundCase, is_live
from connector.planning.facts import Facts, PaidFact, PaymentFact, method_of
from connector.planning.model import CASH_LEGS, INCOME_LEGS, REFUND_TYPES, RefundType, Sale, SalePayment
from connector.planning.money import to_major
from connector.planning.no_sale import no_sale
from connector.planning.refund_types import all_switched_off, is_on, sale_forms
from connector.planning.rule_results import a_sale, order_types, refuse_types
from connector.planning.rules import Decision, decide
from connector.planning.sentences import LOOKED_AT_AGAIN, resync_command
from connector.planning.values import value

BY_PERSON = "a person's decision"
# Types that take the money out of clearing in their one document.
PAYS_AT_ONCE = ("refund_receipt", "reopen_invoice")


@value(frozen=True, slots=True)
class Choice:
    """The types to post, the rule that chose them, and the cash legs that a switch left out."""

    types: tuple[RefundType, ...]
    rule: str | None
    left_out: tuple[str, ...] = ()


def refuse_switched_off(case: RefundCase, books: Books, ledger: LedgerPolicy) -> None:
    """With refunds or every type switched off no refund is posted."""
    again = resync_command(case.refund.refund_id)
    if not books.refunds_enabled:
        raise NotNow(
            "excluded",
            "refunds_switched_off",
            "refunds.enabled is false in the settings",
            f"switch refunds on, then: {again}",
        )
    if all_switched_off(ledger.switches):
        raise NotNow(
            "excluded",
            "type_switched_off",
            f"every refund type of ledger {ledger.name} is switched off",
            f"switch a type on, then: {again}",
        )


def read_facts(
    case: RefundCase, ledger: LedgerPolicy, sale: Sale | None, payment: SalePayment | None
) -> Facts:
    """The facts that rules may ask about."""
    refund = case.refund
    charge = case.charge.charge if case.charge else None
    captured = charge.captured_minor if charge else refund.amount_minor
    place = (refund.created, refund.refund_id)
    upto = sum(r.amount_minor for r in case.siblings if (r.created, r.refund_id) <= place and is_live(r))
    paid: PaidFact = "none"
    own: PaymentFact = "absent"
    if sale is not None:
        if sale.form == "invoice":
            paid = "all" if sale.balance_minor <= 0 else "part"
            if sale.balance_minor >= sale.total_minor > 0:
                paid = "none"
        if sale.form == "sales_receipt":
            own = "applied"
        elif payment is not None:
            own = "applied" if payment.applied and sale.form == "invoice" else "unapplied"
    method = charge.payment_method if charge else ""
    return Facts(
        sale=sale.form if sale else "none",
        payment=own,
        invoice_paid=paid,
        refund="full" if refund.amount_minor >= captured else "partial",
        closes_charge=upto >= captured,
        method=method_of(method),
        payment_method=method,
        reason=refund.reason,
        currency=refund.currency,
        amount_minor=refund.amount_minor,
        amount=to_major(refund.amount_minor, refund.currency),
        metadata=refund.metadata,
        charge_age_days=(refund.created - charge.created) // 86400 if charge else 0,
        ledger=ledger.kind,
    )


def choose(case: RefundCase, books: Books, ledger: LedgerPolicy, facts: Facts) -> Choice:
    """What the refund becomes. `NotNow` where rules, switches or the ledger say that nothing is posted."""
    found = legs_in_books(case)
    if case.person.types and not found:
        return choose_by_person(case, ledger, facts)
    choice = decide(facts, ledger.rules, ledger.switches, ledger.capabilities.refund_types)
    if found:
        return choose_by_books(case, books, ledger, facts, found, choice)
    if choice.result == "types":
        return Choice(choice.types, choice.rule, choice.left_out)
    raise no_type(case, books, ledger, facts, choice)


def choose_by_books(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    facts: Facts,
    found: frozenset[str],
    choice: Decision,
) -> Choice:
    """What stands in the books stays, whatever rules and switches say now; what is switched off is not added."""
    wanted: Sequence[RefundType] = choice.types
    if case.person.types:
        wanted = [t for t in REFUND_TYPES if t in case.person.types and is_on(ledger.switches, t)]
    if case.asked and found == {"credit_memo"} and wanted and wanted[0] in PAYS_AT_ONCE:
        # A memo from before the rules or switches changed: what they want now pays the money out in another form.
        leg: RefundType = "credit_card_refund" if facts.method == "card" else "refund_payout"
        wanted = ("credit_memo", leg) if is_on(ledger.switches, leg) else ()
    types = types_found(found, wanted if books.refunds_enabled else ())
    if types[0] in INCOME_LEGS and facts.sale not in sale_forms(ledger.kind).get(types[0], frozenset()):
        shown = f"a {types[0].replace('_', ' ')} of this refund stands in the books"
        form = {"payment": "a lone payment", "none": "no sale"}.get(facts.sale, facts.sale.replace("_", " "))
        raise NotNow("held", "sale_mismatch", f"{shown}, and what it takes back is {form}", LOOKED_AT_AGAIN)
    return Choice(types, BY_PERSON if case.person.types else choice.rule)


def choose_by_person(case: RefundCase, ledger: LedgerPolicy, facts: Facts) -> Choice:
    """The types that a person named, as far as they are allowed, can be made and are switched on."""
    words = case.person.types
    if not set(words) <= set(REFUND_TYPES):
        raise cannot(f"a person chose {', '.join(words)}, which is no refund type", case, ledger, facts)
    types = order_types(cast("Sequence[RefundType]", words))
    first = types[0]
    if facts.sale == "none":
        return Choice(types, BY_PERSON)
    wrong = refuse_types(types, facts.sale == "payment")
    if wrong is None and facts.sale not in sale_forms(ledger.kind).get(first, frozenset()):
        wrong = f"{first} cannot be made of {a_sale(facts.sale)}"
    elif wrong is None and not ledger.capabilities.refund_types.issuperset(types):
        wrong = f"ledger {ledger.name} cannot make {' + '.join(types)}"
    elif wrong is None and "credit_card_refund" in types and facts.method != "card":
        wrong = "credit_card_refund is only for cards; for another method use refund_payout"
    elif wrong is None and first == "reopen_invoice" and facts.payment != "applied":
        wrong = "reopen_invoice takes an applied payment off its invoice, and none is applied"
    if wrong is not None:
        raise cannot(f"a person chose {' + '.join(types)}: {wrong}", case, ledger, facts)
    if not is_on(ledger.switches, first):
        raise switched_off(f"a person chose {first}, which is switched off", case)
    left_out = tuple(leg for leg in types[1:] if not is_on(ledger.switches, leg))
    return Choice(tuple(t for t in types if t not in left_out), BY_PERSON, left_out)


def cannot(sentence: str, case: RefundCase, ledger: LedgerPolicy, facts: Facts) -> NotNow:
    how = type_action(case, ledger, facts.sale, facts.payment != "absent")
    return NotNow("held", "ledger_cannot", sentence, how)


def switched_off(sentence: str, case: RefundCase) -> NotNow:
    how = f"switch the type on, then: {resync_command(case.refund.refund_id)}"
    return NotNow("excluded", "type_switched_off", sentence, how)


def no_type(case: RefundCase, books: Books, ledger: LedgerPolicy, facts: Facts, choice: Decision) -> NotNow:
    """Why no type came out of the rules."""
    rule = f'rule "{choice.rule}"'
    if choice.result == "ignore":
        return NotNow(
            "excluded",
            "rule_says_ignore",
            f"{rule} says ignore",
            f"change the rule, then: {resync_command(case.refund.refund_id)}",
        )
    if choice.result == "type_switched_off":
        return switched_off(f"{rule} would have decided, but its type is switched off", case)
    if choice.result == "ledger_cannot":
        return cannot(f"{rule} wants a type that this ledger cannot make of this sale", case, ledger, facts)
    if choice.result == "no_rule":
        return NotNow(
            "held",
            "no_rule",
            "no rule decides this refund",
            "add a rule to the rules file; each run asks again",
        )
    if facts.sale == "none":
        return no_sale(case, books, ledger)
    if facts.payment == "absent":
        charge_id = case.charge.charge.charge_id if case.charge else case.refund.charge_id
        return NotNow(
            "held",
            "payment_not_in_books",
            f"the invoice has no payment of charge {charge_id} in the books",
            "book the payment; each run looks again",
        )
    how = type_action(case, ledger, facts.sale, True)
    return NotNow("held", "rule_says_hold", f"{rule} says hold", how)


def legs_in_books(case: RefundCase) -> frozenset[str]:
    """The refund types of which our own documents stand in the books."""
    kinds = {found.kind for found in case.ours if found.kind is not None}
    return frozenset(kinds & (INCOME_LEGS | CASH_LEGS))


def types_found(found: frozenset[str], wanted: Sequence[RefundType]) -> tuple[RefundType, ...]:
    """The types whose documents stand in the books; a cash leg that is still missing is added if the rules want it.

    A credit memo may stand for a void, where the invoice was of another month.
    """
    income = [kind for kind in REFUND_TYPES if kind in INCOME_LEGS and kind in found]
    cash = [kind for kind in REFUND_TYPES if kind in CASH_LEGS and kind in found]
    if income == ["credit_memo"] and not cash:
        if tuple(wanted) == ("void",):
            return ("void",)
        if tuple(wanted[:1]) == ("credit_memo",):
            return tuple(wanted)
    return (*income, *cash)
