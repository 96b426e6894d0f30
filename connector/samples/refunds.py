"""Refunds, their failures and disputes happening to charges of the account."""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.balance import book
from connector.samples.catalogue import DAY, Json
from connector.samples.refund_shapes import dispute_object, refund_object
from connector.samples.settlement import converted, fee_given_back, rate_of_day

DISPUTE_FEE = 1500
_GONE = ("failed", "canceled")


def give_back(
    account: Account,
    charge: Json,
    amount: int,
    at: int,
    *,
    status: str = "succeeded",
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
    fee: str = "none",
    rate: int | None = None,
    booked_at: int | None = None,
    on_balance: bool = True,
    category: str = "refund",
) -> Json:
    """Refunds part of a charge and returns the refund.

    `fee`: none, back (Stripe returns its part) or charged. `booked_at`: when the balance moved, if later.
    `on_balance` False leaves the refund without a balance transaction. `rate` defaults to that of the day.
    """
    dice = account.dice
    card = charge["payment_method_details"]["type"] == "card"
    stem = charge["id"].split("_", 1)[1][:16]
    refund_id = dice.payment_id("re", stem) if card else dice.object_id("pyr")
    refund = refund_object(
        dice, charge, refund_id=refund_id, amount=amount, created=at, status=status, reason=reason
    )
    refund["metadata"] = dict(metadata or {})
    account.keep(refund)
    if on_balance:
        _book_refund(account, charge, refund, fee=fee, rate=rate, at=booked_at or at, category=category)
    recount(account, charge)
    return refund


def _book_refund(
    account: Account, charge: Json, refund: Json, *, fee: str, rate: int | None, at: int, category: str
) -> None:
    settled = account.balance_transaction_of(charge)
    currency, amount = settled["currency"], refund["amount"]
    used_rate = None
    if currency != charge["currency"]:
        used_rate = rate or rate_of_day(charge["currency"], at)
        amount = converted(amount, used_rate)
    fee_amount = {"none": 0, "charged": 40}.get(fee, 0)
    if fee == "back":
        fee_amount = -fee_given_back(settled["fee"], refund["amount"], charge["amount_captured"], currency)
    card = charge["payment_method_details"]["type"] == "card"
    about = f"REFUND FOR CHARGE ({charge['description']})" if charge["description"] else "REFUND FOR CHARGE"
    balance_transaction = book(
        account,
        refund,
        amount=-amount,
        fee=fee_amount,
        currency=currency,
        at=at,
        category=category,
        kind="refund" if card else "payment_refund",
        description=about if card else "REFUND FOR PAYMENT",
        rate=used_rate,
        fee_words="Stripe processing fee refund" if fee == "back" else "Refund fee",
    )
    refund["balance_transaction"] = balance_transaction["id"]


def undo_refund(
    account: Account, refund: Json, at: int, reason: str, *, status: str = "failed", rate: int | None = None
) -> None:
    """The refund fails or is canceled; money that had left comes back with a transaction of its own."""
    refund["status"] = status
    refund["failure_reason"] = reason
    refund.pop("pending_reason", None)
    charge = account.objects["charge"][refund["charge"]]
    if refund["balance_transaction"] is not None:
        taken = account.balance_transaction_of(refund)
        used_rate = rate or account.rates.get(taken["id"])
        amount = -taken["amount"] if rate is None else converted(refund["amount"], rate)
        returned = book(
            account,
            refund,
            amount=amount,
            fee=0,
            currency=taken["currency"],
            at=at,
            category="refund_failure",
            kind="refund_failure",
            description=f"REFUND FAILURE ({charge['description']})",
            rate=used_rate,
        )
        refund["failure_balance_transaction"] = returned["id"]
    recount(account, charge)


def recount(account: Account, charge: Json) -> None:
    """Sets `amount_refunded` and `refunded`; refunds that failed or were canceled do not count."""
    counted = [one for one in account.refunds_of(charge) if one["status"] not in _GONE]
    taken = sum(one["amount"] for one in counted)
    whole = charge["amount_captured"]
    if charge["status"] == "succeeded" and taken > whole:
        raise ValueError(f"{charge['id']}: refunds of {taken} exceed {whole}")
    charge["amount_refunded"] = taken
    charge["refunded"] = whole > 0 and taken == whole


def contest(
    account: Account,
    charge: Json,
    at: int,
    *,
    reason: str,
    status: str,
    prefix: str = "dp",
    fee_back: bool = True,
) -> Json:
    """A dispute over what is left of a charge; funds leave at once unless it is only an inquiry."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    dispute = account.keep(
        dispute_object(
            charge,
            dispute_id=account.dice.object_id(prefix),
            amount=left,
            created=at,
            reason=reason,
            status=status,
        )
    )
    charge["disputed"] = True
    if status.startswith("warning"):
        return dispute
    settled = account.balance_transaction_of(charge)
    rate, amount = None, left
    if settled["currency"] != charge["currency"]:
        rate = rate_of_day(charge["currency"], at)
        amount = converted(left, rate)
    moves = [(-amount, DISPUTE_FEE, at, "dispute", f"Chargeback withdrawal for {charge['id']}")]
    if status == "won":
        returned_fee = -DISPUTE_FEE if fee_back else 0
        words = f"Chargeback reversal for {charge['id']}"
        moves.append((amount, returned_fee, at + 21 * DAY, "dispute_reversal", words))
    for moved, fee, when, category, words in moves:
        booked = book(
            account,
            dispute,
            amount=moved,
            fee=fee,
            currency=settled["currency"],
            at=when,
            category=category,
            kind="adjustment",
            description=words,
            rate=rate,
            fee_words="Dispute fee",
        )
        dispute["balance_transactions"].append(dict(booked))
    return dispute
