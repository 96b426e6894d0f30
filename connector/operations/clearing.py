"""Known differences of clearing: what moved the Stripe balance and does not stand in a ledger's clearing account.

What stands there and these differences together are the Stripe balance, fees that the settings leave out aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from connector.decisions.late_payments import LATE_PAYMENT
from connector.operations.standing import clearing_move, lacking_nets, moved_in_books, moves_clearing
from connector.planning.case import Books, LedgerPolicy
from connector.planning.model import Document
from connector.planning.refund_sale import CLEARING_ELSEWHERE
from connector.planning.reversal_plan import WITH_CASH
from connector.planning.sentences import REVERSAL_SKIPPED
from connector.planning.settlement import SETTLEMENT_ASSUMED
from connector.planning.stripe_facts import BalanceTransaction, Charge, Dispute, Refund
from connector.store import movements, views

WHY_REFUND = {
    "waiting": "waiting, and already taken from the Stripe balance",
    "held": "held for a person",
    "excluded": "excluded by a setting or a person",
    "dropped": "failed before it was posted; the two movements differ, or a fee remains",
    "failed": "not posted yet, will be tried again",
}
WHY_CHARGE = {
    "waiting": "its sale is not posted yet",
    "held": "its sale is held for a person",
    "excluded": "its sale is excluded",
    "dropped": "a payment that failed after Stripe had booked it; a fee remains, or the two movements differ",
    "failed": "its sale is not posted yet, will be tried again",
}
REST = "a part of it is in the books: what is to follow, its reversal or another document, is not"
FAILED_PAYMENT = "a payment that failed after Stripe had booked it; failed payments are not posted here"
CAPTURED_LESS = "the sale is what was captured; Stripe booked the whole and released the rest"
FAILED_EARLIER = (
    "a refund from before stripe.start, which is not synced, failed after it: Stripe has the money back"
)
# Stripe can fail a refund 30 days after it was paid out, and a dispute may last for months.
EARLIER_S = 180 * 86_400
RELEASED = "Stripe released the uncaptured part of a charge; that is not a refund and is not posted"
BOOKED_LATE = "its refund had been posted without it (a void, or a credit memo on an unpaid invoice)"
FEE_OF_ADOPTED = "others booked this refund without what Stripe charged or gave back for it"
ASSUMED = "posted 1:1 before its balance transaction was known, which says something else"
OTHER_AMOUNT = "others booked this refund with another amount than Stripe moved"
WITHOUT_CASH = (
    "others booked this refund and did not pay it out of clearing; as it was adopted no command posts that: pay it "
    "out in the ledger by hand"
)
ELSEWHERE = "the sale's payment went to another account, which clearing_check: trust takes as it is"
STORE_CREDIT = "a credit memo without its cash leg: the customer is owed what Stripe has paid out"
BOOKED = ("posted", "reversed")


@dataclass(frozen=True, slots=True)
class Difference:
    """`amount_minor` is what the Stripe balance has and the ledger's clearing account has not."""

    ledger: str
    what: str
    object_id: str
    amount_minor: int
    currency: str
    sentence: str


def known_differences(engine: Engine, books: Books, ledgers: Sequence[LedgerPolicy]) -> Iterator[Difference]:
    """The differences of each ledger."""
    disputes = views.disputes(engine, books.start - EARLIER_S)
    earlier = list(failures_of_earlier(engine, books.start))
    for ledger in ledgers:
        name = ledger.name
        yield from refund_differences(engine, ledger)
        yield from late_payments(engine, name)
        yield from late_settlements(engine, ledger)
        yield from adopted_amounts(engine, name)
        yield from payments_elsewhere(engine, name)
        yield from skipped_reversals(engine, name)
        if ledger.fees:
            yield from adopted_fees(engine, name)
        if ledger.sales != "find":
            yield from charge_differences(engine, ledger)
        else:
            yield from failed_payments(engine, books, ledger)
        yield from dispute_differences(disputes, books.start, name)
        for refund_id, currency, net in earlier:
            yield Difference(name, "failure of an earlier refund", refund_id, net, currency, FAILED_EARLIER)


def failures_of_earlier(engine: Engine, start: int) -> Iterator[tuple[str, str, int]]:
    """Refunds from before `start`, which are not synced, that failed after it: id, currency and what came back."""
    refunds = [
        fact
        for fact in views.objects(engine, "refund", start - EARLIER_S, start)
        if isinstance(fact, Refund) and fact.failure_balance_transaction_id is not None
    ]
    facts = views.facts_with_movements(engine, [refund.refund_id for refund in refunds])
    for refund in refunds:
        moved = facts.get(refund.failure_balance_transaction_id or "")
        if isinstance(moved, BalanceTransaction) and moved.created >= start:
            yield refund.refund_id, moved.currency, moved.amount_minor - moved.fee_minor


def refund_differences(engine: Engine, ledger: LedgerPolicy) -> Iterator[Difference]:
    """Refunds that are not, or not all, in the books as they stand at Stripe."""
    name = ledger.name
    rows = list(views.decisions(engine, [name], outcomes=tuple(WHY_REFUND)))
    rows += views.open_credits(engine, name)
    ids = [row.subject_id for row in rows]
    facts, standing = views.facts_with_movements(engine, ids), moved_in_books(engine, name, ids)
    for row in rows:
        refund = facts.get(row.subject_id)
        if not isinstance(refund, Refund):
            continue
        at_stripe = (refund.balance_transaction_id, refund.failure_balance_transaction_id)
        moved = standing.get(row.subject_id)
        nets = lacking_nets(facts, at_stripe, ledger, moved)
        for currency, net in nets.items():
            if row.reason == "not_a_refund":
                yield Difference(
                    name, "release of an uncaptured part", refund.refund_id, net, currency, RELEASED
                )
                released = facts.get(refund.balance_transaction_id or "")
                if refund.charge_id is not None and isinstance(released, BalanceTransaction):
                    # The sale is smaller by what was released; what Stripe did to its fee has no counterpart there.
                    what, part = "uncaptured part of a charge", -released.amount_minor
                    yield Difference(name, what, refund.charge_id, part, released.currency, CAPTURED_LESS)
            elif row.outcome == "posted":
                if not is_unpaid(row):
                    yield Difference(
                        name, "refund without cash leg", refund.refund_id, net, currency, STORE_CREDIT
                    )
            else:
                what = f"refund {row.outcome}"
                why = WHY_REFUND[row.outcome] if not any((moved or {}).values()) else REST
                yield Difference(name, what, refund.refund_id, net, currency, why)


def is_unpaid(row: Any) -> bool:
    """Whether the charge's own payment is not in the books either: then the two leave clearing as it is."""
    return bool(row.facts) and json.loads(row.facts).get("payment") == "absent"


def late_payments(engine: Engine, name: str) -> Iterator[Difference]:
    """Payments booked after a refund had been posted without them: clearing has the charge, and not its refund."""
    for row in views.warned_of(engine, name, LATE_PAYMENT):
        yield Difference(
            name, "payment booked late", row.charge_id, -row.amount_minor, row.currency, BOOKED_LATE
        )


def adopted_fees(engine: Engine, name: str) -> Iterator[Difference]:
    """What Stripe charged, or gave back, for refunds that others booked: their documents come to the refund alone."""
    rows = list(movements.adopted_by_documents(engine, name))
    facts = views.facts_with_movements(engine, [row.subject_id for row in rows])
    for row in rows:
        refund = facts.get(row.subject_id)
        moved = facts.get(refund.balance_transaction_id or "") if isinstance(refund, Refund) else None
        if isinstance(moved, BalanceTransaction) and moved.fee_minor:
            what = "fee of an adopted refund"
            yield Difference(name, what, row.subject_id, -moved.fee_minor, moved.currency, FEE_OF_ADOPTED)


def adopted_amounts(engine: Engine, name: str) -> Iterator[Difference]:
    """Refunds that a person, or the books, gave to documents of others which move the money by another amount, or leave
    it in clearing."""
    rows = [row for row in movements.adopted_by_documents(engine, name) if not is_unpaid(row)]
    ids = [row.subject_id for row in rows]
    facts = views.facts_with_movements(engine, ids)
    adopted = movements.adopted_amounts(engine, name, ids, tuple(WITH_CASH))
    for row in rows:
        refund = facts.get(row.subject_id)
        if not isinstance(refund, Refund):
            continue
        moved = facts.get(refund.balance_transaction_id or "")
        settled = moved if isinstance(moved, BalanceTransaction) else None
        differences = {refund.currency: -refund.amount_minor}
        if settled is not None:
            differences = {settled.currency: settled.amount_minor}
        for currency, amount in adopted.get(row.subject_id, ()):
            differences[currency] = differences.get(currency, 0) + amount
        for currency, difference in differences.items():
            if difference:
                what, why = "adopted with another amount", OTHER_AMOUNT
                if row.subject_id not in adopted:
                    what, why = "adopted without cash leg", WITHOUT_CASH
                yield Difference(name, what, refund.refund_id, difference, currency, why)


def payments_elsewhere(engine: Engine, name: str) -> Iterator[Difference]:
    """Charges whose refund left clearing while their payment had never come there."""
    rows = {row.charge_id: row for row in views.warned_of(engine, name, CLEARING_ELSEWHERE)}
    facts = views.facts_with_movements(engine, list(rows))
    for charge_id in rows:
        charge = facts.get(charge_id)
        moved = facts.get(charge.balance_transaction_id or "") if isinstance(charge, Charge) else None
        if isinstance(charge, Charge):
            amount, currency = charge.captured_minor, charge.currency
            if isinstance(moved, BalanceTransaction):
                amount, currency = moved.amount_minor, moved.currency
            yield Difference(name, "payment booked elsewhere", charge_id, amount, currency, ELSEWHERE)


def skipped_reversals(engine: Engine, name: str) -> Iterator[Difference]:
    """What Stripe took back, and a person did not let be reversed in the books."""
    for subject_id, reversal in movements.skipped_reversals(engine, name):
        if moves_clearing(reversal):
            currency, moved = clearing_move(reversal)
            yield Difference(name, "reversal skipped", subject_id, moved, currency, REVERSAL_SKIPPED)


def late_settlements(engine: Engine, ledger: LedgerPolicy) -> Iterator[Difference]:
    """Refunds and charges posted 1:1 whose balance transaction came later and says something else.

    What was posted stays. The refund and its failure, or the charge and its failure, are two movements. Those of which
    something is open are listed by that, with all that differs.
    """
    rows = [
        row
        for row in views.warned_of(engine, ledger.name, SETTLEMENT_ASSUMED, None)
        if row.aim in BOOKED and row.outcome not in WHY_REFUND
    ]
    facts = views.facts_with_movements(engine, [row.subject_id for row in rows])
    posted = movements.posted_documents(engine, ledger.name, [row.subject_id for row in rows])
    for row in rows:
        fact = facts.get(row.subject_id)
        if not isinstance(fact, (Refund, Charge)):
            continue
        documents = [d for d in posted.get(row.subject_id, ()) if d.revision == row.revision]
        sides = ((fact.balance_transaction_id, False), (fact.failure_balance_transaction_id, True))
        for object_id, failed in sides:
            moved = facts.get(object_id or "")
            mine = [d for d in documents if moves_clearing(d) and of_failure(d) == failed]
            if not mine or not isinstance(moved, BalanceTransaction):
                continue
            differences = {moved.currency: moved.amount_minor - (moved.fee_minor if ledger.fees else 0)}
            for document in mine:
                currency, amount = clearing_move(document)
                differences[currency] = differences.get(currency, 0) - amount
            for currency, difference in differences.items():
                if difference:
                    what = f"{row.subject} settled otherwise"
                    yield Difference(ledger.name, what, row.subject_id, difference, currency, ASSUMED)


def of_failure(document: Document) -> bool:
    return document.kind == "reversal" or document.part == "failure"


def charge_differences(engine: Engine, ledger: LedgerPolicy) -> Iterator[Difference]:
    """Charges that Stripe booked and whose sale the connector has not posted, or not taken back though they failed."""
    name = ledger.name
    rows = list(views.decisions(engine, [name], subject="charge", outcomes=tuple(WHY_CHARGE)))
    ids = [row.subject_id for row in rows]
    facts, standing = views.facts_with_movements(engine, ids), moved_in_books(engine, name, ids)
    for row in rows:
        charge = facts.get(row.subject_id)
        if not isinstance(charge, Charge):
            continue
        at_stripe = (charge.balance_transaction_id, charge.failure_balance_transaction_id)
        moved = standing.get(row.subject_id)
        nets = lacking_nets(facts, at_stripe, ledger, moved)
        what = {"dropped": "failed payment", "failed": "charge to try again"}.get(
            row.outcome, f"charge {row.outcome}"
        )
        for currency, net in nets.items():
            why = WHY_CHARGE[row.outcome] if not any((moved or {}).values()) else REST
            yield Difference(name, what, charge.charge_id, net, currency, why)


def failed_payments(engine: Engine, books: Books, ledger: LedgerPolicy) -> Iterator[Difference]:
    """Where others book the sales: what Stripe took back of payments that failed."""
    charges = views.failed_charges(engine, books.start)
    facts = views.facts_with_movements(engine, [charge.charge_id for charge in charges])
    for charge in charges:
        nets = lacking_nets(facts, [charge.failure_balance_transaction_id], ledger, None)
        for currency, net in nets.items():
            yield Difference(ledger.name, "failed payment", charge.charge_id, net, currency, FAILED_PAYMENT)


def dispute_differences(disputes: Sequence[Dispute], start: int, name: str) -> Iterator[Difference]:
    """What disputes moved since `start`, also those of before."""
    for dispute in disputes:
        nets: dict[str, int] = {}
        for moved in dispute.balance_transactions:
            if moved.created < start:
                continue
            nets[moved.currency] = nets.get(moved.currency, 0) + moved.amount_minor - moved.fee_minor
        for currency, net in nets.items():
            if net:
                sentence = f"dispute of charge {dispute.charge_id}; disputes are not posted"
                what = f"dispute {dispute.status}"
                yield Difference(name, what, dispute.dispute_id, net, currency, sentence)
