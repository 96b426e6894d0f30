"""One refund, decided: which documents it becomes in one ledger, or why not and what to do. Read this first.

Every path ends in a `Plan` with one outcome; a `NotNow` raised anywhere below is that outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.case import Books, LedgerPolicy, NotNow, Plan, RefundCase
from connector.planning.model import CASH_LEGS, INCOME_LEGS, Refund, Sale, SalePayment
from connector.planning.money import format_amount, to_major
from connector.planning.refund_documents import build_documents, split_of, void_documents
from connector.planning.rules import Facts, decide, method_of
from connector.planning.settlement import Settlement, settle

PARTIAL_CAPTURE = "expired_uncaptured_charge"
GONE = ("failed", "canceled")
HOW_TO_FREE = "correct it in the ledger or the settings; each run asks again"


def money(amount_minor: int, currency: str) -> str:
    return f"{format_amount(amount_minor, currency)} {currency.upper()}"


def plan_refund(case: RefundCase, books: Books, ledger: LedgerPolicy, now: int) -> Plan:
    """Decide one refund that has nothing in the books yet, or whose documents were found there (`case.ours`)."""
    facts: list[Facts] = []
    try:
        return decide_refund(case, books, ledger, now, facts)
    except NotNow as stop:
        return Plan(
            stop.outcome,
            stop.reason,
            stop.sentence,
            stop.action,
            stop.due,
            facts=facts[0] if facts else None,
            sale_number=case.sale.number if case.sale else None,
        )


def decide_refund(
    case: RefundCase, books: Books, ledger: LedgerPolicy, now: int, facts_seen: list[Facts]
) -> Plan:
    refund = case.refund
    if case.person.skip is not None:
        raise NotNow(
            "excluded",
            "skipped_by_person",
            f"skipped by a person: {case.person.skip}",
            "resync brings it back",
        )
    if not case.ours:
        refuse_switched_off(books, ledger)
    check_object(case, books)
    settlement = settle_refund(case, books, now)
    sale = find_sale(case, books, ledger, settlement, now)
    if sale is not None:
        check_sale(case, ledger, sale, settlement)
    payment = own_payment(case, sale, settlement)
    facts = read_facts(case, ledger, sale, payment)
    facts_seen.append(facts)
    if sale is not None and facts.payment == "absent" and not case.ours and not case.person.types:
        await_payment(case, books, sale, now)
    if case.others and case.adopting and not case.ours:
        adopted = adopt(case, settlement, facts)
        if adopted is not None:
            return adopted
    await_credit_note(case, books, now)
    types, rule, left_out = choose_types(case, ledger, facts)
    if sale is None:
        raise NotNow("held", "sale_not_found", no_sale_sentence(case), HOW_TO_FREE)
    if payment is not None:
        check_clearing(ledger, payment, settlement)
    settlement = replace(settlement, posting_date=open_day(books, ledger, settlement))
    warnings = list(settlement.warnings)
    if left_out:
        warnings.append(
            f"the cash leg {' and '.join(left_out)} is switched off: the credit memo stays open and clearing is "
            f"too high by {money(-settlement.amount_minor, settlement.currency)} until resync adds it"
        )
    elif types == ("credit_memo",) and payment is not None:
        warnings.append(
            f"a credit memo alone: the customer is owed the money and clearing is too high by "
            f"{money(-settlement.amount_minor, settlement.currency)} until a cash leg exists"
        )
    elif types == ("credit_memo",):
        warnings.append(
            "a credit memo alone on an unpaid invoice: clearing will be too high once a payment is booked"
        )
    if types == ("void",):
        types, documents, void_warnings = void_documents(case, books, ledger, sale, settlement)
        split = split_of(case, sale, settlement)
        warnings.extend(void_warnings)
    else:
        split = split_of(case, sale, settlement)
        documents = build_documents(case, books, ledger, types, settlement, split, sale, payment)
    warnings.extend(split.warnings)
    number = documents[0].number
    place = case.number[0] if case.number else None
    documents = tuple(replace(d, rule=rule, warnings=tuple(warnings)) for d in documents)
    return Plan(
        "posted",
        rule=rule,
        facts=facts,
        warnings=tuple(warnings),
        documents=documents,
        shares=split.shares,
        sale_number=sale.number,
        number=number,
        place=place,
    )


def refuse_switched_off(books: Books, ledger: LedgerPolicy) -> None:
    if not books.refunds_enabled:
        raise NotNow(
            "excluded",
            "refunds_switched_off",
            "refunds.enabled is false in the settings",
            "switch refunds on, then: connector resync",
        )
    if not any(ledger.switches.values()):
        raise NotNow(
            "excluded",
            "type_switched_off",
            f"every refund type of ledger {ledger.name} is switched off",
            "switch a type on, then: connector resync",
        )


def check_object(case: RefundCase, books: Books) -> None:
    """What Stripe says of the refund itself, before any ledger is asked."""
    refund = case.refund
    if refund.defect is not None:
        code, _, sentence = refund.defect.partition(": ")
        raise NotNow("held", code, sentence, "correct the object in the export, or skip it with resolve")
    if refund.reason == PARTIAL_CAPTURE:
        raise NotNow(
            "excluded",
            "not_a_refund",
            f"{refund.refund_id} released the uncaptured part of a charge; no money came back",
            "nothing to do",
        )
    if refund.status in GONE and not case.ours:
        raise NotNow(
            "dropped", "", f"Stripe says {refund.status}: nothing was posted and nothing is owed", ""
        )
    if refund.status in ("pending", "requires_action"):
        early = books.post_when == "pending" and refund.status == "pending"
        if not early and not case.ours:
            raise NotNow(
                "waiting",
                "refund_pending",
                f"Stripe says {refund.status.replace('_', ' ')}; it is posted when it has succeeded",
                "nothing to do",
                due=False,
            )
    elif refund.status not in ("succeeded", *GONE):
        raise NotNow(
            "held",
            "stripe_object_missing",
            f"refund {refund.refund_id} has a status this version does not know: {refund.status!r}",
            "update the connector",
        )
    if case.charge is None and (refund.charge_id or refund.payment_intent_id):
        raise NotNow(
            "held",
            "stripe_object_missing",
            f"charge {refund.charge_id or 'of ' + str(refund.payment_intent_id)} of the refund was not found in Stripe's data",
            "add the charge to the export, or check the API key's account; each run looks again",
        )
    if case.charge is not None and case.charge.charge.defect is not None:
        code, _, sentence = case.charge.charge.defect.partition(": ")
        raise NotNow(
            "held", code, sentence, "correct the object in the export, or skip the refund with resolve"
        )


def settle_refund(case: RefundCase, books: Books, now: int) -> Settlement:
    refund = case.refund
    return settle(
        books,
        "refund",
        refund.refund_id,
        case.balance_transaction,
        -refund.amount_minor,
        refund.currency,
        refund.created,
        case.charge_currencies,
        now,
        case.first_seen,
    )


# ---------------------------------------------------------------------------------------------- the sale


def no_sale_sentence(case: RefundCase) -> str:
    charge = case.charge.charge if case.charge else None
    if charge is None:
        return f"refund {case.refund.refund_id} names no charge, so there is no sale to take back"
    return f"no sale was found in the books for charge {charge.charge_id}"


def find_sale(
    case: RefundCase, books: Books, ledger: LedgerPolicy, settlement: Settlement, now: int
) -> Sale | None:
    """The sale, or None once the grace is over; a void invoice without this charge's payment counts as absent."""
    charge = case.charge.charge if case.charge else None
    sale = case.sale
    if sale is not None and sale.void:
        mine = [p for p in sale.payments if charge is not None and charge.charge_id in p.charge_ids]
        if mine:
            return replace(sale, form="payment", payments=tuple(mine))
        sale = None
    if sale is not None:
        return sale
    if case.sale_blocked is not None:
        raise NotNow("waiting", "sale_not_found", case.sale_blocked, "it follows its sale", due=True)
    if charge is not None and ledger.sales != "find" and charge.created < books.start:
        raise NotNow(
            "held",
            "sale_before_start",
            f"charge {charge.charge_id} is from before stripe.start and its sale was not found in the books",
            f"book the sale, set stripe.start earlier, or: connector resolve {case.refund.refund_id} "
            f"--ledger {ledger.name} --sale LEDGER_ID --reason TEXT",
        )
    if now - case.first_seen < books.sale_grace_s:
        raise NotNow(
            "waiting",
            "sale_not_found",
            no_sale_sentence(case) + "; it is looked for at each run until sale_grace is over",
            "book the sale, or wait",
            due=True,
        )
    return None


def await_payment(case: RefundCase, books: Books, sale: Sale, now: int) -> None:
    if now - case.first_seen < books.sale_grace_s:
        raise NotNow(
            "waiting",
            "payment_not_in_books",
            f"{sale.form.replace('_', ' ')} {sale.number} has no payment of this charge in the books yet",
            "book the payment, or wait until sale_grace is over",
            due=True,
        )


def await_credit_note(case: RefundCase, books: Books, now: int) -> None:
    invoice = case.charge.invoice if case.charge else None
    if invoice is None or case.credit_notes or case.ours or case.person.retry:
        return
    if now - case.refund.created < books.credit_note_grace_s:
        raise NotNow(
            "waiting",
            "credit_note_awaited",
            f"a credit note of invoice {invoice.number or invoice.invoice_id} may still follow this refund",
            "nothing to do: it is planned when credit_note_grace is over",
            due=True,
        )


def mismatch(sentence: str, case: RefundCase, ledger: LedgerPolicy) -> NotNow:
    return NotNow(
        "held",
        "sale_mismatch",
        sentence,
        f"correct the sale, or: connector resolve {case.refund.refund_id} --ledger {ledger.name} --sale LEDGER_ID --reason TEXT",
    )


def check_sale(case: RefundCase, ledger: LedgerPolicy, sale: Sale, settlement: Settlement) -> None:
    """Currency and customer of the sale against Stripe's; the amounts are compared with the charge's own payment."""
    if sale.currency != settlement.currency:
        raise mismatch(
            f"sale {sale.number} stands in {sale.currency.upper()}, the refund left the Stripe balance in "
            f"{settlement.currency.upper()}",
            case,
            ledger,
        )
    if sale.ours or case.charge is None:
        return
    charge, customer = case.charge.charge, case.charge.customer
    known = {
        "stripe_id": (sale.customer_id, charge.customer_id),
        "email": (sale.customer_email, (customer.email if customer else None) or charge.customer_email),
        "name": (sale.customer, (customer.name if customer else None) or charge.customer_name),
    }
    pairs = [known[key] for key in ledger.mapping.customer_match if all(known[key])]
    if pairs and not any(str(a).casefold() == str(b).casefold() for a, b in pairs):
        theirs, ours = pairs[0]
        raise mismatch(f"sale {sale.number} is of customer {theirs}, the charge is of {ours}", case, ledger)


def own_payment(case: RefundCase, sale: Sale | None, settlement: Settlement) -> SalePayment | None:
    """This charge's own payment on the sale: by Stripe id, else by amount among those that carry no other charge."""
    if sale is None or case.charge is None:
        return None
    charge = case.charge.charge
    by_id = [p for p in sale.payments if charge.charge_id in p.charge_ids]
    if by_id:
        payment = by_id[0]
    else:
        amounts = {(charge.captured_minor, charge.currency)}
        if case.charge.balance_transaction is not None:
            settled = case.charge.balance_transaction
            amounts.add((settled.amount_minor, settled.currency))
        alike = [p for p in sale.payments if not p.charge_ids and (p.amount_minor, p.currency) in amounts]
        alike.sort(key=lambda p: (not p.applied, p.posting_date, p.ledger_id))
        if not alike:
            loose = [p for p in sale.payments if not p.charge_ids and p.applied]
            if loose:
                raise NotNow(
                    "held",
                    "sale_mismatch",
                    f"sale {sale.number} has payments, but none of {money(charge.captured_minor, charge.currency)} "
                    f"for charge {charge.charge_id}",
                    HOW_TO_FREE,
                )
            return None
        payment = alike[0]
    check_payment_covers(case, sale, payment)
    return payment


def check_payment_covers(case: RefundCase, sale: Sale, payment: SalePayment) -> None:
    assert case.charge is not None
    charge, settled = case.charge.charge, case.charge.balance_transaction
    if payment.currency == charge.currency:
        whole = charge.captured_minor
    elif settled is not None and settled.currency == payment.currency:
        whole = settled.amount_minor
    else:
        return
    live = [r for r in case.siblings if is_live(r)]
    refunded = sum(r.amount_minor for r in live)
    if payment.amount_minor < whole or refunded > charge.captured_minor:
        raise NotNow(
            "held",
            "sale_mismatch",
            f"the payment of sale {sale.number} is {money(payment.amount_minor, payment.currency)}; charge "
            f"{charge.charge_id} is {money(charge.captured_minor, charge.currency)} with "
            f"{money(refunded, charge.currency)} refunded",
            HOW_TO_FREE,
        )


def check_clearing(ledger: LedgerPolicy, payment: SalePayment, settlement: Settlement) -> None:
    clearing = ledger.mapping.clearing(settlement.currency)
    if ledger.clearing_required and clearing is not None and payment.account != clearing:
        raise NotNow(
            "held",
            "clearing_differs",
            f"the sale's payment went to {payment.account}, the mapped clearing account is {clearing}",
            "correct the payment's account or the mapping, or set clearing_check: trust",
        )


# ---------------------------------------------------------------------------------------------- facts and rules


def is_live(refund: Refund) -> bool:
    """A refund that took, or will take, money back."""
    return refund.status not in GONE and refund.reason != PARTIAL_CAPTURE and refund.defect is None


def read_facts(
    case: RefundCase, ledger: LedgerPolicy, sale: Sale | None, payment: SalePayment | None
) -> Facts:
    """The facts that rules may ask about."""
    refund = case.refund
    charge = case.charge.charge if case.charge else None
    captured = charge.captured_minor if charge else refund.amount_minor
    upto = sum(
        r.amount_minor
        for r in case.siblings
        if is_live(r) and (r.created, r.refund_id) <= (refund.created, refund.refund_id)
    )
    paid = "none"
    if sale is not None:
        open_minor = sale.balance_minor
        paid = "all" if open_minor <= 0 else "part" if open_minor < sale.total_minor else "none"
    own = "absent"
    if payment is not None:
        own = "applied" if payment.applied and sale is not None and sale.form != "payment" else "unapplied"
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


def choose_types(
    case: RefundCase, ledger: LedgerPolicy, facts: Facts
) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """The refund types, the rule that chose them, and the cash legs a switch left out."""
    if case.person.types:
        return case.person.types, "a person's decision", ()
    choice = decide(facts, ledger.rules, ledger.switches, ledger.capabilities.refund_types)
    if case.ours:
        return types_found(case, choice.types), choice.rule, ()
    if choice.result == "types":
        return choice.types, choice.rule, choice.left_out
    if choice.result == "ignore":
        raise NotNow(
            "excluded",
            "rule_says_ignore",
            f"rule {choice.rule!r} says ignore",
            "change the rule, then resync",
        )
    if choice.result == "type_switched_off":
        raise NotNow(
            "excluded",
            "type_switched_off",
            f"rule {choice.rule!r} would have decided, but its type is switched off",
            "switch the type on, then resync",
        )
    if choice.result == "ledger_cannot":
        raise NotNow(
            "held",
            "ledger_cannot",
            f"rule {choice.rule!r} wants a type that this ledger cannot make of this sale",
            f"connector resolve {case.refund.refund_id} --ledger {ledger.name} --type TYPE --reason TEXT",
        )
    if facts.sale == "none":
        raise NotNow("held", "sale_not_found", no_sale_sentence(case), HOW_TO_FREE)
    if facts.sale == "invoice" and facts.payment == "absent":
        raise NotNow(
            "held",
            "payment_not_in_books",
            f"the invoice has no payment of charge {case.refund.charge_id} in the books",
            "book the payment; each run looks again",
        )
    if choice.result == "no_rule":
        raise NotNow("held", "no_rule", "no rule decides this refund", "add a rule to the rules file")
    raise NotNow(
        "held",
        "rule_says_hold",
        f"rule {choice.rule!r} says hold",
        f"connector resolve {case.refund.refund_id} --ledger {ledger.name} --type TYPE --reason TEXT",
    )


def types_found(case: RefundCase, wanted: Sequence[str]) -> tuple[str, ...]:
    """The types whose documents stand in the books; a cash leg that is still missing is added if the rules want it."""
    kinds = {found.kind for found in case.ours}
    income = [kind for kind in sorted(INCOME_LEGS) if kind in kinds]
    cash = [kind for kind in sorted(CASH_LEGS) if kind in kinds]
    if not income and not cash:
        return tuple(wanted)
    if income == ["credit_memo"] and not cash and tuple(wanted[:1]) == ("credit_memo",):
        cash = list(wanted[1:])
    return (*income, *cash)


def open_day(books: Books, ledger: LedgerPolicy, settlement: Settlement):  # type: ignore[no-untyped-def]
    """The posting date, moved to the first open day or held where its period is closed."""
    from datetime import timedelta

    closed = ledger.closed_until
    if closed is None or settlement.posting_date > closed:
        return settlement.posting_date
    if books.period_closed == "hold":
        raise NotNow(
            "held",
            "period_closed",
            f"{settlement.posting_date} lies in a period that is closed until {closed}",
            "open the period, or set period_closed: first_open_day",
        )
    return closed + timedelta(days=1)


# ---------------------------------------------------------------------------------------------- what others booked


def adopt(case: RefundCase, settlement: Settlement, facts: Facts) -> Plan | None:
    """Documents of this refund that others booked: adopted where both legs are there with the right amounts."""
    amount = -settlement.amount_minor
    income = [found for found in case.others if found.income_minor > 0]
    cash = [found for found in case.others if found.cash_minor > 0]
    shown = ", ".join(found.ledger_id for found in case.others)
    cash_right = sum(found.cash_minor for found in cash) == amount
    income_right = sum(found.amount_minor for found in income) == amount
    whole = bool(cash) and (bool(income) or facts.sale == "payment")
    if whole and cash_right and (income_right or facts.sale == "payment"):
        return Plan(
            "adopted",
            sentence=f"booked by others as {shown}",
            facts=facts,
            sale_number=case.sale.number if case.sale else None,
            adopted=case.others,
        )
    if case.person.retry and not whole:
        return None
    if whole:
        sentence = f"others booked this refund as {shown}, with amounts that differ from {money(amount, settlement.currency)}"
    else:
        leg = "income" if income else "cash"
        sentence = f"others booked the {leg} leg of this refund as {shown}; the other leg is missing"
    raise NotNow(
        "held",
        "duplicate_in_books",
        sentence,
        f"correct the books, or: connector resolve {case.refund.refund_id} --retry (post what is missing) or --adopt LEDGER_ID",
    )
