"""The sale that a refund belongs to, and this charge's own payment on it: found, waited for, compared with Stripe's.

A refund proves that its charge succeeded; an open invoice usually means that the payment is not booked yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.by_hand import after_hand_work, sale_command
from connector.planning.case import Books, ChargeCase, LedgerPolicy, NotNow, RefundCase, is_live
from connector.planning.currencies import may_stand_in, refuse_currency
from connector.planning.model import Sale, SalePayment
from connector.planning.no_sale import no_sale_sentence, void_sentence
from connector.planning.sentences import LOOKED_AT_AGAIN, money
from connector.planning.settlement import Settlement
from connector.planning.stripe_facts import Charge


def find_sale(case: RefundCase, books: Books, ledger: LedgerPolicy, now: int) -> Sale | None:
    """The sale, or None once `sale_grace` is over; until then `NotNow` waiting."""
    sale = case.sale
    if sale is not None:
        sale = read_void(case, sale) if sale.void else sale
    if sale is not None:
        return sale
    charge = case.charge.charge if case.charge else None
    if case.sale_blocked is not None:
        follow_sale(case, books, now)
    elif charge is not None and ledger.sales != "find" and charge.created < books.start:
        raise NotNow(
            "held",
            "sale_before_start",
            f"charge {charge.charge_id} is from before stripe.start and its sale was not found in the books",
            f"book the sale, set stripe.start earlier, or name the sale by its number or its id in the ledger: "
            f"{sale_command(case.refund, ledger)}",
        )
    elif now - case.first_seen < books.sale_grace_s:
        raise NotNow(
            "waiting",
            "sale_not_found",
            no_sale_sentence(case, books, ledger) + "; it is looked for at each run until sale_grace is over",
            "book the sale, or wait",
            due=True,
        )
    return None


def follow_sale(case: RefundCase, books: Books, now: int) -> None:
    """A sale that the connector posts and that is not posted: held as the sale is, or waiting while it may come."""
    sentence, action = case.sale_blocked or "", "it follows its sale; each run asks again"
    if case.sale_blocked_reason is not None:
        raise NotNow("held", case.sale_blocked_reason, sentence, action, due=True)
    if now - case.first_seen < books.sale_grace_s:
        raise NotNow("waiting", "sale_not_found", sentence, action, due=True)


def read_void(case: RefundCase, sale: Sale) -> Sale | None:
    """A void invoice counts as absent: with this charge's payment, it is a lone payment; without, a wholly refunded
    charge is taken as voided already. One that this refund voided counts as it was before."""
    if any(found.kind == "void" for found in case.ours):
        return replace(sale, void=False, balance_minor=sale.total_minor)
    payment = find_payment(case.charge, sale.payments, case.person.sale_id is not None)
    if payment is not None:
        return replace(
            sale,
            form="payment",
            void=False,
            total_minor=payment.amount_minor,
            balance_minor=0,
            lines=(),
            payments=(payment,),
        )
    if case.charge is not None and is_wholly_refunded(case):
        raise NotNow(
            "adopted",
            None,
            f"{void_sentence(case.charge.charge, sale)} and the charge is wholly refunded: it was voided already; "
            f"charge and refund are left out of clearing",
            None,
        )
    return None


def is_wholly_refunded(case: RefundCase) -> bool:
    refunded = sum(r.amount_minor for r in case.siblings if is_live(r))
    return case.charge is not None and refunded >= case.charge.charge.captured_minor > 0


def refuse_voided(case: RefundCase, ledger: LedgerPolicy) -> None:
    """A refund that failed after its invoice was voided as refunded: charge and refunds are left out of clearing, and
    part of the charge is not refunded any more."""
    sale = case.sale
    if sale is None or not sale.void or case.charge is None or is_wholly_refunded(case):
        return
    if find_payment(case.charge, sale.payments, case.person.sale_id is not None) is not None:
        return
    raise NotNow(
        "held",
        "ledger_cannot",
        f"Stripe says {case.refund.status}, and invoice {sale.number} is void in the books: charge "
        f"{case.charge.charge.charge_id} is not wholly refunded any more, and its sale and payment are missing there",
        f"book what is missing in the ledger, {after_hand_work(case.refund, ledger)}",
    )


def await_payment(case: RefundCase, books: Books, sale: Sale, now: int) -> None:
    """`NotNow` waiting while a payment that is not booked yet may still come."""
    if now - case.first_seen < books.sale_grace_s:
        raise NotNow(
            "waiting",
            "payment_not_in_books",
            f"{sale.form.replace('_', ' ')} {sale.number} has no payment of this charge in the books yet",
            "book the payment, or wait until sale_grace is over",
            due=True,
        )


# ---------------------------------------------------------------------------------------------- compared with Stripe


def mismatch(sentence: str, case: RefundCase, ledger: LedgerPolicy, sale: Sale, to_decide: bool) -> NotNow:
    """`to_decide`: a person may say that this is the sale all the same."""
    action = f"correct the sale; {LOOKED_AT_AGAIN}"
    if to_decide:
        how = sale_command(case.refund, ledger, sale.ledger_id)
        action = f"correct the sale, or say that it is the right one: {how}"
    return NotNow("held", "sale_mismatch", sentence, action)


def check_sale(case: RefundCase, ledger: LedgerPolicy, sale: Sale, settlement: Settlement) -> None:
    """Currency and customer of the sale against Stripe's; a person who named the sale has decided on the customer."""
    refuse_currency(ledger, settlement, case.refund.currency, case.refund.refund_id)
    if not may_stand_in(ledger, sale, settlement):
        raise mismatch(
            f"sale {sale.number} stands in {sale.currency.upper()}, the refund left the Stripe balance in "
            f"{settlement.currency.upper()}",
            case,
            ledger,
            sale,
            False,
        )
    if sale.ours or case.charge is None or case.person.sale_id is not None:
        return
    charge, customer = case.charge.charge, case.charge.customer
    generic = ledger.mapping.customer_default
    known = {
        "stripe_id": (sale.customer_id, {charge.customer_id}),
        "email": (sale.customer_email, {charge.customer_email, customer.email if customer else None}),
        "name": (
            sale.customer if sale.customer != generic else None,
            {charge.customer_name, customer.name if customer else None},
        ),
    }
    differing = None
    for key in ledger.mapping.customer_match:
        theirs, ours = known[key]
        names = {fold(name) for name in ours if name}
        if theirs and names:
            if fold(theirs) in names:
                return
            differing = differing or (theirs, next(name for name in ours if name))
    if differing is not None:
        raise mismatch(
            f"sale {sale.number} is of customer {differing[0]}, the charge is of {differing[1]}",
            case,
            ledger,
            sale,
            True,
        )


def fold(name: str) -> str:
    return name.strip().casefold()


def find_payment(
    charge_case: ChargeCase | None, payments: Sequence[SalePayment], by_hand: bool = False
) -> SalePayment | None:
    """This charge's own payment: it carries one of its Stripe ids, else currency and amount and no other charge's id.

    Applied ones first, then by date and id. `by_hand`: a person named the sale, so the amount may differ, and a refund
    that names no charge takes the first payment.
    """
    if charge_case is None:
        return next(iter(payments), None) if by_hand else None
    charge = charge_case.charge
    own = [p for p in payments if charge.charge_id in p.charge_ids]
    if not own and charge.payment_intent_id is not None:
        own = [p for p in payments if charge.payment_intent_id in p.charge_ids]
    if not own:
        amounts = {(charge.captured_minor, charge.currency), charge_case.settled()}
        loose = [p for p in payments if not p.charge_ids]
        own = [p for p in loose if (p.amount_minor, p.currency) in amounts] or (loose if by_hand else [])
    if len(own) > 1:
        own.sort(key=lambda p: (not p.applied, p.posting_date, p.ledger_id))
    return own[0] if own else None


def is_shared(charge: Charge, payment: SalePayment) -> bool:
    """Whether the payment carries other charges too; then it is theirs together."""
    return any(i not in (charge.charge_id, charge.payment_intent_id) for i in payment.charge_ids)


def own_payment(case: RefundCase, ledger: LedgerPolicy, sale: Sale) -> SalePayment | None:
    """This charge's own payment on the sale, or None where it is not booked; held where the sale contradicts Stripe."""
    by_hand = case.person.sale_id is not None
    # What its own failure paid into clearing, in the place of the invoice that it had voided, came after it.
    back = {found.ledger_id for found in case.ours if found.kind == "reversal"}
    if back:
        sale = replace(sale, payments=tuple(p for p in sale.payments if p.ledger_id not in back))
    payment = find_payment(case.charge, sale.payments, by_hand)
    if payment is not None:
        if not sale.ours:
            check_payment(case, ledger, sale, payment, by_hand)
        return payment
    if case.charge is None:
        return None
    charge = case.charge.charge
    # A receipt or lone payment is its own payment; on an invoice, payments of other charges say nothing.
    alone = sale.form != "invoice" and bool(sale.payments)
    if alone or any(p.applied and not p.charge_ids for p in sale.payments):
        raise mismatch(
            f"{sale.form.replace('_', ' ')} {sale.number} is not paid by charge {charge.charge_id} of "
            f"{money(charge.captured_minor, charge.currency)}: it has "
            f"{', '.join(money(p.amount_minor, p.currency) for p in sale.payments)}",
            case,
            ledger,
            sale,
            not by_hand,
        )
    return None


def check_payment(
    case: RefundCase, ledger: LedgerPolicy, sale: Sale, payment: SalePayment, by_hand: bool
) -> None:
    """The charge against its own payment, never against the invoice total; refunds never exceed the payment."""
    if case.charge is None:
        return
    charge, settled = case.charge.charge, case.charge.settled()
    if payment.currency == charge.currency:
        whole = charge.captured_minor
    elif settled is not None and settled[1] == payment.currency:
        whole = settled[0]
    else:
        return
    refunded = sum(r.amount_minor for r in case.siblings if is_live(r))
    if by_hand:
        differs = payment.currency == charge.currency and refunded > payment.amount_minor
    elif is_shared(charge, payment):
        differs = payment.amount_minor < whole
    else:
        differs = payment.amount_minor != whole
    if differs or refunded > charge.captured_minor:
        raise mismatch(
            f"the payment of sale {sale.number} is {money(payment.amount_minor, payment.currency)}; charge "
            f"{charge.charge_id} is {money(charge.captured_minor, charge.currency)} with "
            f"{money(refunded, charge.currency)} refunded",
            case,
            ledger,
            sale,
            not by_hand and refunded <= min(charge.captured_minor, payment.amount_minor),
        )


CLEARING_ELSEWHERE = "clearing_elsewhere"


def check_clearing(ledger: LedgerPolicy, payment: SalePayment, settlement: Settlement) -> None:
    clearing = ledger.mapping.clearing(settlement.currency)
    if ledger.clearing_required and clearing is not None and payment.account != clearing:
        raise NotNow(
            "held",
            "clearing_differs",
            f"the sale's payment went to {payment.account}, the mapped clearing account is {clearing}",
            f"{LOOKED_AT_AGAIN}; clearing_check: trust takes it as it is",
        )


def clearing_elsewhere(
    ledger: LedgerPolicy, payment: SalePayment | None, settlement: Settlement
) -> tuple[str, ...]:
    """What a refund out of clearing leaves there where the sale's payment never came into it, in words."""
    clearing = ledger.mapping.clearing(settlement.currency)
    if payment is None or clearing is None or payment.account == clearing:
        return ()
    return (
        f"{CLEARING_ELSEWHERE}: the sale's payment went to {payment.account} and the refund leaves {clearing}, which is "
        f"too low by the charge until the payment is moved there",
    )
