"""Payments: charges with their payment intents, captures, debits that settle or bounce."""

from __future__ import annotations

from typing import Any

from connector.samples.catalogue import customer_object
from connector.samples.payment_shapes import (
    CARDS,
    approved,
    billing_details,
    charge_object,
    declined,
    intent_object,
    method_details,
)
from connector.samples.settlement import converted, round_half_up
from vendors.living.ground import Ground, expect, happening
from vendors.living.versions import is_basil
from vendors.stripe_errors import Json

_DELAYED = ("us_bank_account", "sepa_debit")
_DAYS_TO_FUNDS = {"card": 2, "us_bank_account": 4, "sepa_debit": 5, "konbini": 4}
_BOUNCED = "The customer's account has insufficient funds to cover this payment."
UNCAPTURED_REASON = "expired_uncaptured_charge"


def card_or_not(charge: Json) -> bool:
    return bool(charge["payment_method_details"]["type"] == "card")


class Payments(Ground):
    @happening
    def customer(self, name: str = "Ada Example", country: str = "US", **more: Any) -> Json:
        email = f"customer-{self.dice.digits(5)}@example.com"
        made = customer_object(self.dice, country, created=self.now, name=name, email=email)
        kept = self.keep({**made, **more})
        self.emit("customer.created", kept)
        return kept

    @happening
    def charge(
        self,
        amount: int = 5000,
        *,
        currency: str = "usd",
        method: str = "visa",
        customer: Json | None = None,
        description: str | None = None,
        metadata: dict[str, str] | None = None,
        intent_metadata: dict[str, str] | None = None,
        captured: bool = True,
        settled_in: str | None = None,
        rate: int | None = None,
        fee: int | None = None,
        intent: Json | None = None,
        **more: Any,
    ) -> Json:
        """Somebody pays: by a card (`visa`, `mastercard`, `amex`) at once, by a bank debit pending until `settle`.

        `captured` False only authorises. `settled_in` is the currency of the balance it goes to, `rate` that day's in
        millionths, `fee` what Stripe keeps; `intent` one that is not paid
        yet; `more` are fields of the charge.
        """
        charge = self._new_charge(amount, currency, method, customer, intent)
        charge["description"] = description
        charge.update(metadata=dict(metadata or {}), **more)
        if method in _DELAYED:
            charge.update(status="pending", captured=True)
        elif not captured:
            charge.update(captured=False, amount_captured=0)
        intent_data = metadata if intent_metadata is None else intent_metadata
        self._pay(charge, dict(intent_data or {}), settled_in, rate, fee)
        for event_type in _told(charge):
            self.emit(event_type, charge if event_type.startswith("charge.") else self.intent_of(charge))
        return charge

    def _pay(
        self,
        charge: Json,
        metadata: dict[str, str],
        settled_in: str | None = None,
        rate: int | None = None,
        fee: int | None = None,
    ) -> None:
        """The payment intent first, then its charge, then what that does to the balance."""
        intent = intent_object(charge, charge["payment_intent"], metadata, None)
        kept = self.shelf.get(intent["id"]) or self._open_intent(charge, metadata)
        del intent["created"]
        self.keep(charge)
        if charge["captured"] and charge["status"] == "succeeded":
            self._settle(charge, settled_in, rate, fee)
        self.change(kept, **intent)

    def _open_intent(self, charge: Json, metadata: dict[str, str]) -> Json:
        """A payment intent that nobody has tried to pay yet."""
        intent = intent_object(charge, charge["payment_intent"], metadata, None)
        unpaid = {"amount_capturable": 0, "amount_received": 0, "latest_charge": None}
        kept = self.keep({**intent, **unpaid, "created": self.now, "status": "requires_payment_method"})
        self.emit("payment_intent.created", kept)
        return kept

    def _new_charge(
        self, amount: int, currency: str, method: str, customer: Json | None, intent: Json | None = None
    ) -> Json:
        stem = intent["id"].split("_", 1)[1][:16] if intent else self.dice.stem()
        name, email = (customer["name"], customer["email"]) if customer else ("Guest Example", None)
        country = customer["address"]["country"] if customer else "US"
        card = method in CARDS
        return charge_object(
            charge_id=self.dice.payment_id("ch" if card else "py", stem),
            amount=amount,
            currency=currency,
            created=self.now,
            customer=customer["id"] if customer else None,
            description=None,
            metadata={},
            payment_intent=intent["id"] if intent else self.dice.payment_id("pi", stem),
            payment_method=self.dice.object_id("pm"),
            billing=billing_details(name, email, country),
            details=method_details(self.dice, method, amount, country, None),
            outcome=approved(self.dice, card),
        )

    @happening
    def decline(self, amount: int = 5000, **more: Any) -> Json:
        """A card that its bank refuses."""
        charge = self._new_charge(amount, "usd", "visa", None)
        charge.update(
            amount_captured=0, captured=False, paid=False, status="failed", failure_code="card_declined"
        )
        charge.update(failure_message="Your card has insufficient funds.", **more)
        charge["outcome"] = declined(self.dice, "insufficient_funds", "51")
        self._pay(charge, {})
        error = {"charge": charge["id"], "code": "card_declined", "type": "card_error"}
        intent = self.intent_of(charge)
        self.change(intent, last_payment_error={**error, "message": charge["failure_message"]})
        self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)
        return charge

    @happening
    def settle(self, charge: Json, *, rate: int | None = None, settled_in: str | None = None) -> None:
        """A pending debit comes in."""
        expect(charge["status"] == "pending", f"{charge['id']} is not pending")
        self._settle(charge, settled_in, rate, None)
        self.change(charge, "charge.succeeded", status="succeeded", paid=True)
        intent = self.intent_of(charge)
        self.change(intent, "payment_intent.succeeded", status="succeeded", amount_received=charge["amount"])
        self._after_settling(charge)

    @happening
    def bounce(self, charge: Json) -> None:
        """A debit is returned; what had come in leaves the balance, and refunds that waited are canceled."""
        expect(not card_or_not(charge) and charge["status"] != "failed", f"{charge['id']} is no live debit")
        fields: Json = {"failure_code": "insufficient_funds", "failure_message": _BOUNCED}
        if charge["balance_transaction"] is not None:
            settled = self.find(charge["balance_transaction"])
            returned = self.book(
                charge,
                amount=-settled["amount"],
                currency=settled["currency"],
                category="charge_failure",
                kind="payment_failure_refund",
                description="Payment failure refund",
                rate=self.rate_used(settled),
            )
            fields["failure_balance_transaction"] = returned["id"]
        fields.update(status="failed", paid=False, captured=False, amount_captured=0)
        self.change(charge, "charge.failed", **fields)
        intent = self.intent_of(charge)
        self.change(
            intent, "payment_intent.payment_failed", status="requires_payment_method", amount_received=0
        )
        self._after_bouncing(charge)

    def _after_settling(self, charge: Json) -> None:
        """What else a debit that came in sets going."""

    def _after_bouncing(self, charge: Json) -> None:
        """What else a returned debit sets going."""

    @happening
    def capture(self, charge: Json, amount: int | None = None, *, rate: int | None = None) -> Json | None:
        """Take an authorised charge, or part of it; the rest is released.

        Before basil the whole was booked and the rest was a refund of its own, which is returned; since then there is
        none.
        """
        expect(self._is_authorised(charge), f"{charge['id']} is not to capture")
        amount = charge["amount"] if amount is None else amount
        expect(0 < amount <= charge["amount"], f"{amount} cannot be captured of {charge['amount']}")
        basil = is_basil(self.api_version)
        self.change(charge, captured=True, amount_captured=amount)
        self._settle(charge, None, rate, None, amount if basil else charge["amount"])
        self.change(self.intent_of(charge), status="succeeded", amount_capturable=0, amount_received=amount)
        released = None if basil else self._release_as_refund(charge, charge["amount"] - amount)
        self.emit("charge.captured", charge)
        self.emit("payment_intent.succeeded", self.intent_of(charge))
        return released

    @happening
    def release(self, charge: Json, *, expired: bool = True) -> Json | None:
        """An authorisation ends without being captured; before basil that, too, was a refund, of no money."""
        expect(self._is_authorised(charge), f"{charge['id']} is not to release")
        reason = "automatic" if expired else "requested_by_customer"
        self.change(
            self.intent_of(charge),
            "payment_intent.canceled",
            status="canceled",
            amount_capturable=0,
            canceled_at=self.now,
            cancellation_reason=reason,
        )
        refund = None
        if not is_basil(self.api_version):
            refund = self._release_as_refund(charge, charge["amount"])
        if expired:
            self.emit("charge.expired", charge)
        return refund

    def _is_authorised(self, charge: Json) -> bool:
        """Whether it waits for its capture: an authorisation that ended shows that in its payment intent alone."""
        waits = self.intent_of(charge)["status"] == "requires_capture"
        return bool(waits and not charge["captured"] and charge["status"] == "succeeded")

    def _release_as_refund(self, charge: Json, amount: int) -> Json | None:
        """What was authorised and not taken, as a refund: in `Refunds`."""
        raise NotImplementedError

    def intent_of(self, charge: Json) -> Json:
        return self.find(charge["payment_intent"])

    def settled_currency(self, charge: Json) -> str:
        """The currency of the balance that a charge went to, or will go to."""
        if charge.get("balance_transaction") is not None:
            return str(self.find(charge["balance_transaction"])["currency"])
        return self.balance_currency

    def _settle(
        self,
        charge: Json,
        settled_in: str | None,
        rate: int | None,
        fee: int | None,
        amount: int | None = None,
    ) -> None:
        """The balance transaction of a charge, for `amount` of it."""
        currency = settled_in or self.balance_currency
        moved = charge["amount_captured"] if amount is None else amount
        used = None
        if currency != charge["currency"]:
            used = rate or self.rate_of(charge["currency"])
            moved = converted(moved, used)
        method = charge["payment_method_details"]["type"]
        booked = self.book(
            charge,
            amount=moved,
            fee=round_half_up(moved * 29, 1000) + min(30, moved // 10) if fee is None else fee,
            currency=currency,
            category="charge",
            kind="charge" if method == "card" else "payment",
            description=charge["description"],
            rate=used,
            days_to_funds=_DAYS_TO_FUNDS.get(method, 1),
        )
        self.change(charge, balance_transaction=booked["id"])


def _told(charge: Json) -> tuple[str, str]:
    if charge["status"] == "pending":
        return "charge.pending", "payment_intent.processing"
    if not charge["captured"]:
        return "charge.succeeded", "payment_intent.amount_capturable_updated"
    return "charge.succeeded", "payment_intent.succeeded"
