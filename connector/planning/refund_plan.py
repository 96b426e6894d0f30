"""One refund, decided: which documents it becomes in one ledger, or why not and what to do. Read this first.

Every path ends in a `Plan` with one outcome; a `NotNow` raised anywhere below is that outcome.
"""

from __future__ import annotations

from dataclasses import replace

from connector.planning.accounts import refuse_unfit
from connector.planning.adoption import Legs, adopt, adopt_named, legs_of, missing_types, refuse_booked
from connector.planning.by_hand import skip_command
from connector.planning.case import (
    GONE,
    PARTIAL_CAPTURE,
    Books,
    LedgerPolicy,
    NotNow,
    Plan,
    RefundCase,
    is_live,
)
from connector.planning.choice import Choice, choose, legs_in_books, read_facts, refuse_switched_off
from connector.planning.evidence import evidence_of, live_notes
from connector.planning.facts import Facts
from connector.planning.model import CASH_LEGS, Document, Sale, SalePayment
from connector.planning.no_sale import no_sale
from connector.planning.owed_credit import plan_owed_cash
from connector.planning.paid_lines import paid_line, sale_lines_of
from connector.planning.refund_documents import build_documents, start_draft
from connector.planning.refund_sale import (
    await_payment,
    check_clearing,
    check_sale,
    clearing_elsewhere,
    find_sale,
    own_payment,
    refuse_voided,
)
from connector.planning.refunded_lines import booked_by_others, refuse_overpaid, split_of
from connector.planning.sentences import money, resync_command
from connector.planning.settlement import Settlement, first_open_day, open_day, refuse_unusable, settle
from connector.planning.stripe_facts import Refund
from connector.planning.voiding import void_documents

# What others need of planning a refund stands here, whichever module it lives in.
__all__ = ["is_live", "plan_refund"]
MOVES_CASH = frozenset({"refund_receipt", "reopen_invoice", *CASH_LEGS})


def plan_refund(case: RefundCase, books: Books, ledger: LedgerPolicy, now: int) -> Plan:
    """Decide one refund that has nothing in the books yet, or whose documents were found there (`case.ours`)."""
    facts_seen: list[Facts] = []
    try:
        plan = decide_refund(case, books, ledger, now, facts_seen)
        standing = {found.document_key for found in case.ours}
        refuse_unfit(ledger, [d for d in plan.documents if d.document_key not in standing])
        return plan
    except NotNow as stop:
        return stop.plan(
            facts_seen[0] if facts_seen else None, case.sale.number if case.sale is not None else None
        )


def decide_refund(
    case: RefundCase, books: Books, ledger: LedgerPolicy, now: int, facts_seen: list[Facts]
) -> Plan:
    """The steps in order; `facts_seen` gets the facts once they are known."""
    in_books = bool(legs_in_books(case))
    if not in_books:
        refuse_skipped(case)
        refuse_switched_off(case, books, ledger)
    check_object(case, books, ledger, in_books)
    named = adopt_named(case, ledger)
    if named is not None:
        return named
    settlement = settle_refund(case, books, now)
    legs = legs_of(case)
    adopted = adopt(case, ledger, settlement, legs)
    if adopted is not None:
        return adopted
    owed = plan_owed_cash(case, books, ledger, settlement)
    if owed is not None:
        return owed
    sale = find_sale(case, books, ledger, now)
    payment = None
    if sale is not None:
        check_sale(case, ledger, sale, settlement)
        payment = own_payment(case, ledger, sale)
    facts = read_facts(case, ledger, sale, payment)
    facts_seen.append(facts)
    if sale is not None and facts.payment == "absent" and not in_books and not case.person.types:
        await_payment(case, books, sale, now)
    if not in_books:
        await_credit_note(case, books, now)
    choice = choose(case, books, ledger, facts)
    if sale is None:
        raise no_sale(case, books, ledger)
    if payment is not None and not in_books:
        check_clearing(ledger, payment, settlement)
    return plan_documents(case, books, ledger, settlement, sale, payment, facts, choice, legs)


def plan_documents(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    settlement: Settlement,
    sale: Sale,
    payment: SalePayment | None,
    facts: Facts,
    choice: Choice,
    legs: Legs,
) -> Plan:
    """The documents of the types chosen, less what others booked."""
    types = missing_types(case, ledger, choice.types, legs, facts, legs_in_books(case))
    if not case.ours:
        settlement = open_day(books, ledger, settlement)
    if choice.types == ("reopen_invoice",):
        lines = paid_line(case, payment)
        split = split_of(case, ledger, sale, lines)
    else:
        lines = sale_lines_of(case, sale)
        split = split_of(case, ledger, sale, lines, evidence_of(case), booked_by_others(case, sale, lines))
        refuse_overpaid(case, ledger, sale, split.shares)
    warnings = (
        *settlement.warnings,
        *other_number(case),
        *left_open(choice, payment, legs, settlement),
        *(clearing_elsewhere(ledger, payment, settlement) if MOVES_CASH.intersection(types) else ()),
        *split.warnings,
    )
    documents: tuple[Document, ...] = ()
    if types:
        draft = start_draft(case, books, ledger, sale, settlement, choice.rule, warnings)
        if types == ("void",):
            documents = void_documents(draft, lines)
        else:
            credit = next(iter(legs.income), None)
            applied = is_applied(choice, sale, legs)
            paid_out = next(iter(legs.cash), None) if types == ("credit_memo",) else None
            documents = build_documents(draft, types, lines, split.shares, payment, credit, applied, paid_out)
        documents = keep_dates(case, books, ledger, documents)
        warnings = documents[0].warnings
    return Plan(
        "posted" if documents else "adopted",
        rule=choice.rule,
        facts=facts,
        warnings=warnings,
        documents=documents,
        shares=split.shares,
        sale_number=sale.number,
        number=documents[0].number if documents else None,
        place=case.number[0] if documents and case.number else None,
        adopted=tuple(dict.fromkeys((*legs.income, *legs.cash))),
    )


def is_applied(choice: Choice, sale: Sale, legs: Legs) -> bool:
    """A memo alone takes the refund off an invoice that is still open; one that waits for its cash leg does not."""
    alone = choice.types == ("credit_memo",) and not choice.left_out and not legs.cash
    return alone and sale.form == "invoice" and sale.balance_minor > 0


def other_number(case: RefundCase) -> tuple[str, ...]:
    """Why the number is not the next one of the sale, in words."""
    if not case.passed_over or case.number is None:
        return ()
    shown = ", ".join(case.passed_over)
    return (f"number {shown} is held by another document in the books: numbered {case.number[1]}",)


def left_open(
    choice: Choice, payment: SalePayment | None, legs: Legs, settlement: Settlement
) -> tuple[str, ...]:
    """What a credit memo without its cash leg leaves open, in words."""
    amount = money(-settlement.amount_minor, settlement.currency)
    if choice.types != ("credit_memo",) or legs.cash:
        return ()
    if choice.left_out:
        return (
            f"the cash leg {' and '.join(choice.left_out)} is switched off: the credit memo stays open and clearing "
            f"is too high by {amount} until resync adds it",
        )
    if payment is not None:
        return (
            f"a credit memo alone: the customer is owed the money and clearing is too high by {amount} "
            f"until a cash leg exists",
        )
    return (
        f"a credit memo alone on an unpaid invoice: clearing will be too high by {amount} once a payment is booked",
    )


def keep_dates(
    case: RefundCase, books: Books, ledger: LedgerPolicy, documents: tuple[Document, ...]
) -> tuple[Document, ...]:
    """Documents that stand in the books keep the day they have there; the others are posted on a day that is open."""
    if not case.ours:
        return documents
    days = {found.document_key: found.posting_date for found in case.ours}
    kept = []
    for document in documents:
        day = days.get(document.document_key, document.posting_date)
        if document.document_key not in days and books.period_closed != "hold":
            day = first_open_day(ledger, Settlement(0, 0, document.currency, day)).posting_date
        kept.append(document if day == document.posting_date else replace(document, posting_date=day))
    return tuple(kept)


# ---------------------------------------------------------------------------------------------- what Stripe says


def refuse_skipped(case: RefundCase) -> None:
    if case.person.skip is not None:
        raise NotNow(
            "excluded",
            "skipped_by_person",
            f"skipped by a person: {case.person.skip}",
            f"to bring it back: {resync_command(case.refund.refund_id)}",
        )


def check_object(case: RefundCase, books: Books, ledger: LedgerPolicy, in_books: bool) -> None:
    """What Stripe says of the refund itself, before any ledger is asked."""
    refund = case.refund
    refuse_defect(refund.defect, refund, ledger)
    if refund.reason == PARTIAL_CAPTURE:
        raise NotNow(
            "excluded",
            "not_a_refund",
            f"{refund.refund_id} released the uncaptured part of a charge; no money came back",
            "nothing to do",
        )
    if refund.status in GONE:
        if not in_books:
            refuse_booked(case, ledger)
            refuse_voided(case, ledger)
            sentence = f"Stripe says {refund.status}: nothing was posted and nothing is owed"
            raise NotNow("dropped", None, sentence, None)
    elif refund.status in ("pending", "requires_action"):
        early = books.post_when == "pending" and refund.status == "pending"
        if not early and not in_books:
            raise NotNow(
                "waiting",
                "refund_pending",
                f"Stripe says {refund.status.replace('_', ' ')}; it is posted when it has succeeded",
                "nothing to do",
            )
    elif refund.status != "succeeded":
        raise NotNow(
            "held",
            "stripe_object_missing",
            f'refund {refund.refund_id} has a status that this version does not know: "{refund.status}"',
            "update the connector",
        )
    if case.charge is None and (refund.charge_id or refund.payment_intent_id):
        name = refund.charge_id or f"of payment intent {refund.payment_intent_id}"
        raise NotNow(
            "held",
            "stripe_object_missing",
            f"charge {name} of refund {refund.refund_id} was not found in Stripe's data",
            "add the charge to the export, or check the account of the API key; each run looks again",
        )
    if case.charge is not None:
        refuse_defect(case.charge.charge.defect, refund, ledger)


def refuse_defect(defect: str | None, refund: Refund, ledger: LedgerPolicy) -> None:
    """An object that cannot be used holds the refund with the reason that stands before its sentence."""
    if defect is not None:
        code, _, sentence = defect.partition(": ")
        skip = skip_command(refund, ledger)
        raise NotNow("held", code, sentence, f"correct the object in the export, or leave it out: {skip}")


def settle_refund(case: RefundCase, books: Books, now: int) -> Settlement:
    refund = case.refund
    movements = [refund.balance_transaction_id]
    if case.balance_transaction is None and case.charge is not None:
        # Then the charge's own says in which currency the two settle.
        movements.append(case.charge.charge.balance_transaction_id)
    refuse_unusable("refund", refund.refund_id, movements, case.unusable)
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


def await_credit_note(case: RefundCase, books: Books, now: int) -> None:
    """A refund of a Stripe invoice waits for its credit note, which says what was refunded."""
    paid = case.charge
    if paid is None or case.person.retry or now - case.refund.created >= books.credit_note_grace_s:
        return
    name = (paid.invoice.number or paid.invoice.invoice_id) if paid.invoice else paid.charge.invoice_id
    if name is None:
        return
    if not live_notes(case):
        raise NotNow(
            "waiting",
            "credit_note_awaited",
            f"a credit note of invoice {name} may still follow this refund",
            "nothing to do: it is planned when credit_note_grace is over",
            due=True,
        )
