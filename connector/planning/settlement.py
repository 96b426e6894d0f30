"""What a charge, refund or failure did to the Stripe balance, and on which day it is posted.

https://docs.stripe.com/api/balance_transactions: amount and currency are those of the balance, not of the charge.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace
from datetime import date, timedelta

from connector.planning.case import Books, LedgerPolicy, NotNow
from connector.planning.sentences import money
from connector.planning.stripe_facts import BalanceTransaction
from connector.planning.values import value

SETTLEMENT_ASSUMED = "settlement_assumed"


@value(frozen=True, slots=True)
class Settlement:
    """`amount_minor` is signed as Stripe has it (a refund is below zero); `fee_minor` above zero is charged.

    `true_date` is set where the true day lies in a closed period and `posting_date` is the first open day after it.
    """

    amount_minor: int
    fee_minor: int
    currency: str
    posting_date: date
    warnings: tuple[str, ...] = ()
    true_date: date | None = None

    def tell(self, narration: str) -> str:
        """The narration, with the true date where that is not the posting date."""
        return f"{narration} [{self.true_date}]" if self.true_date is not None else narration


def settle(
    books: Books,
    noun: str,
    object_id: str,
    balance_transaction: BalanceTransaction | None,
    amount_minor: int,
    currency: str,
    created: int,
    known_currencies: frozenset[str],
    now: int,
    first_seen: int,
    whole_minor: int | None = None,
) -> Settlement:
    """The settlement of an object, from its balance transaction where there is one.

    `amount_minor` and `currency` are the object's own, signed as it moves the balance; `whole_minor` is what Stripe may
    have booked in its place, where only a part of a charge was captured. Without a balance transaction:
    over the API it waits, then is held; with an export 1:1 in the object's currency is assumed and said, unless a
    balance transaction of the same charge shows that it settles in another currency. Raises `NotNow`.
    """
    if balance_transaction is not None:
        own = {(amount_minor, currency), (amount_minor if whole_minor is None else whole_minor, currency)}
        return settled_as(books, noun, object_id, balance_transaction, amount_minor, own)
    if not books.from_export:
        if now - first_seen < books.sale_grace_s:
            raise NotNow(
                "waiting",
                "settlement_unknown",
                f"Stripe has not booked {noun} {object_id} on the balance yet",
                "nothing to do: the next runs ask again",
                due=True,
            )
        raise NotNow(
            "held",
            "settlement_unknown",
            f"Stripe shows no balance transaction for {noun} {object_id}",
            "ask Stripe support for its balance transaction; each run asks again",
        )
    others = sorted(code.upper() for code in known_currencies - {currency})
    if others:
        raise NotNow(
            "held",
            "stripe_object_missing",
            f"the balance transaction of {noun} {object_id} is not in the export, "
            f"and its charge settles in {', '.join(others)}",
            "export the balance transactions of this charge and its refunds too",
        )
    warning = (
        f"{SETTLEMENT_ASSUMED}: the balance transaction of {noun} {object_id} is not in the export; "
        f"its own amount, no fee and its day of creation were taken"
    )
    return Settlement(amount_minor, 0, currency, books.day(created), (warning,))


def refuse_unusable(
    noun: str, object_id: str, movement_ids: Iterable[str | None], unusable: frozenset[str]
) -> None:
    """A balance transaction that is there and has a defect is not taken as one that is not there."""
    named = next((i for i in movement_ids if i in unusable), None)
    if named is not None:
        raise NotNow(
            "held",
            "stripe_object_missing",
            f"balance transaction {named} of {noun} {object_id} is in Stripe's data and cannot be used",
            "correct it in the export: what is wrong with it was said when it was read; each run looks again",
        )


def settled_as(
    books: Books,
    noun: str,
    object_id: str,
    moved: BalanceTransaction,
    amount_minor: int,
    own: Set[tuple[int, str]],
) -> Settlement:
    """What the balance transaction says, which must move the balance the way of `amount_minor`.

    Within one currency nothing is exchanged, so there it must be one of the object's `own` amounts.
    """
    wrong = None
    if (moved.amount_minor > 0) != (amount_minor > 0) or not moved.amount_minor:
        wrong = f"does not {'add money to' if amount_minor > 0 else 'take money from'} the Stripe balance"
    elif (
        moved.currency in {currency for _, currency in own}
        and (moved.amount_minor, moved.currency) not in own
    ):
        wrong = (
            f"moves the Stripe balance by {money(moved.amount_minor, moved.currency)}, and the "
            f"{noun.rpartition(' ')[2]} is of {money(abs(amount_minor), moved.currency)}"
        )
    if wrong is not None:
        raise NotNow(
            "held",
            "settlement_unknown",
            f"balance transaction {moved.balance_transaction_id} of {noun} {object_id} {wrong}",
            "look at it in Stripe; each run asks again",
        )
    return Settlement(moved.amount_minor, moved.fee_minor, moved.currency, books.day(moved.created))


def is_closed(ledger: LedgerPolicy, day: date) -> bool:
    return ledger.closed_until is not None and day <= ledger.closed_until


def open_day(books: Books, ledger: LedgerPolicy, settlement: Settlement) -> Settlement:
    """The settlement on a day that is open: held, or by setting moved to the first open day, which is said."""
    closed = ledger.closed_until
    if closed is None or settlement.posting_date > closed:
        return settlement
    if books.period_closed == "hold":
        raise NotNow(
            "held",
            "period_closed",
            f"{settlement.posting_date} lies in a period that is closed until {closed}",
            "open the period, or set period_closed: first_open_day; each run asks again",
        )
    return first_open_day(ledger, settlement)


def first_open_day(ledger: LedgerPolicy, settlement: Settlement) -> Settlement:
    """The settlement moved to the first open day where its own day is closed, whatever the setting."""
    closed = ledger.closed_until
    if closed is None or settlement.posting_date > closed:
        return settlement
    day = closed + timedelta(days=1)
    warning = f"{settlement.posting_date} lies in a closed period: posted on {day}, the first open day"
    return replace(
        settlement,
        posting_date=day,
        true_date=settlement.posting_date,
        warnings=(*settlement.warnings, warning),
    )
