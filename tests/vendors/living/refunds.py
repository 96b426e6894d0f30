"""Refunds from their creation to their last state, with what each step does to the balance and to the charge."""

from __future__ import annotations

from connector.samples.catalogue import DAY, HOUR
from connector.samples.refund_shapes import refund_object
from connector.samples.settlement import converted, round_half_up
from vendors.living.ground import expect, happening
from vendors.living.payments import UNCAPTURED_REASON, Payments, card_or_not
from vendors.living.refusals import check_refundable
from vendors.stripe_errors import Json

_GONE = ("failed", "canceled")
FAILS_WITHIN_S = 30 * DAY
_BANKS = {"konbini": "jp_bank_transfer", "customer_balance": "eu_bank_transfer"}
# Reasons why a refund has not left the balance yet.
_UNBOOKED = ("charge_pending", "insufficient_funds")


class Refunds(Payments):
    @happening
    def refund(
        self,
        charge: Json,
        amount: int | None = None,
        *,
        status: str | None = None,
        pending_reason: str | None = None,
        reason: str | None = None,
        metadata: dict[str, str] | None = None,
        fee: str = "none",
        rate: int | None = None,
        on_balance: bool | None = None,
        reverse_transfer: bool = False,
        refund_application_fee: bool = False,
    ) -> Json:
        """Give back `amount`, or all that is left. Raises `Refused` with Stripe's answer where it cannot be.

        `status` is succeeded (cards), pending (bank debits) or requires_action (konbini, bank transfers) where it is
        not told. `fee`: none, back (Stripe returns its part) or charged. `rate` in millionths defaults to today's.
        `on_balance` False: without a balance transaction for now, as are those that wait for funds, for the charge or
        for the customer.
        """
        check_refundable(charge, amount, self.taken_from(charge), self.disputes_of(charge))
        left = charge["amount_captured"] - self.taken_from(charge)
        method = charge["payment_method_details"]["type"]
        if charge["status"] == "pending":
            status, pending_reason = "pending", "charge_pending"
        if status is None and pending_reason is not None:
            status = "pending"
        status = status or _usual_status(method)
        refund = self._new_refund(charge, left if amount is None else amount, status, reason)
        refund["metadata"] = dict(metadata or {})
        if status == "pending":
            refund["pending_reason"] = pending_reason or "processing"
        if status == "requires_action":
            self._ask_customer(refund)
        self.keep(refund)
        if on_balance is None:
            on_balance = status != "requires_action" and refund.get("pending_reason") not in _UNBOOKED
        if on_balance:
            self.change(refund, balance_transaction=self.book_refund(charge, refund, fee, rate))
        self._connected_parts(charge, refund, reverse_transfer, refund_application_fee)
        self.recount(charge, "charge.refunded")
        self.emit("refund.created", refund)
        return refund

    def _new_refund(self, charge: Json, amount: int, status: str, reason: str | None) -> Json:
        stem = charge["id"].split("_", 1)[1][:16]
        card = card_or_not(charge)
        refund = refund_object(
            self.dice,
            {"payment_method": None, "payment_intent": None, "customer": None, **charge},
            refund_id=self.dice.payment_id("re", stem) if card else self.dice.object_id("pyr"),
            amount=amount,
            created=self.now,
            status=status,
            reason=reason,
        )
        if card and self.now - charge["created"] >= HOUR:
            waiting = {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
            refund["destination_details"] = {"card": {**waiting, "type": "refund"}, "type": "card"}
        return refund

    def _ask_customer(self, refund: Json) -> None:
        email = {"email_sent_at": self.now, "email_sent_to": "customer@example.com"}
        details = {"email_sent": email, "expires_at": self.now + 45 * DAY}
        refund["instructions_email"] = "customer@example.com"
        refund["next_action"] = {"display_details": details, "type": "display_details"}

    def book_refund(
        self, charge: Json, refund: Json, fee: str = "none", rate: int | None = None, category: str = "refund"
    ) -> str:
        """The money leaves the balance; returns the id of the balance transaction, which the refund has to name."""
        currency, moved, used = self.settled_currency(charge), refund["amount"], None
        if currency != charge["currency"]:
            used = rate or self.rate_of(charge["currency"])
            moved = converted(moved, used)
        fee_amount = {"none": 0, "charged": 40}.get(fee, 0)
        if fee == "back":
            paid = self.find(charge["balance_transaction"])["fee"]
            fee_amount = -round_half_up(paid * refund["amount"], charge["amount_captured"])
        card, about = card_or_not(charge), charge.get("description")
        words = f"REFUND FOR CHARGE ({about})" if about else "REFUND FOR CHARGE"
        booked = self.book(
            refund,
            amount=-moved,
            fee=fee_amount,
            currency=currency,
            category=category,
            kind="refund" if card else "payment_refund",
            description=words if card else "REFUND FOR PAYMENT",
            rate=used,
            fee_words="Stripe processing fee refund" if fee == "back" else "Refund fee",
        )
        return str(booked["id"])

    def _connected_parts(self, charge: Json, refund: Json, reverse_transfer: bool, with_fee: bool) -> None:
        """What a refund takes back from connected accounts: in `Connect`."""

    def _release_as_refund(self, charge: Json, amount: int) -> Json | None:
        if amount == 0:
            return None
        refund = self._new_refund(charge, amount, "succeeded", UNCAPTURED_REASON)
        refund["destination_details"] = {"card": {"type": "reversal"}, "type": "card"}
        self.keep(refund)
        if charge["balance_transaction"] is not None:
            booked = self.find(charge["balance_transaction"])
            rate = self.rate_used(booked)
            booked_id = self.book_refund(charge, refund, rate=rate, category="partial_capture_reversal")
            self.change(refund, balance_transaction=booked_id)
        self.recount(charge, "charge.refunded")
        self.emit("refund.created", refund)
        return refund

    # ------------------------------------------------------------------------------------------ what comes later

    @happening
    def succeed(self, refund: Json, *, rate: int | None = None) -> None:
        """A refund that waited goes out; it leaves the balance now if it had not yet."""
        expect(refund["status"] in ("pending", "requires_action"), f"{refund['id']} does not wait")
        charge = self.find(refund["charge"])
        booked_id = refund["balance_transaction"] or self.book_refund(charge, refund, rate=rate)
        unset = ("pending_reason", "next_action")
        self._update(refund, unset=unset, status="succeeded", balance_transaction=booked_id)

    @happening
    def customer_answers(self, refund: Json) -> None:
        """The customer has named a bank account: the refund is on its way."""
        expect(refund["status"] == "requires_action", f"{refund['id']} asks for nothing")
        fields: Json = {"status": "pending", "pending_reason": "processing"}
        fields["balance_transaction"] = self.book_refund(self.find(refund["charge"]), refund)
        self._update(refund, unset=("next_action",), **fields)

    @happening
    def fail(
        self,
        refund: Json,
        reason: str = "lost_or_stolen_card",
        *,
        rate: int | None = None,
        kind: str = "refund_failure",
    ) -> None:
        """The bank sends the money back, up to 30 days after the refund; at the refund's rate unless `rate` is told.

        `kind` is the type of the balance transaction: older ones are of type adjustment.
        """
        expect(refund["status"] in ("pending", "succeeded"), f"{refund['id']} cannot fail any more")
        expect(self.now <= refund["created"] + FAILS_WITHIN_S, f"{refund['id']} was made over 30 days ago")
        self._undo(refund, "failed", reason, rate, kind)

    @happening
    def cancel(self, refund: Json, reason: str = "merchant_request") -> None:
        """The refund is called off, or the customer never answered; money that had left comes back."""
        expect(refund["status"] not in _GONE, f"{refund['id']} has ended")
        self._undo(refund, "canceled", reason, None, "refund_failure")

    def _undo(self, refund: Json, status: str, reason: str, rate: int | None, kind: str) -> None:
        fields: Json = {"status": status, "failure_reason": reason}
        charge = self.find(refund["charge"])
        if refund["balance_transaction"] is not None:
            taken = self.find(refund["balance_transaction"])
            amount = -taken["amount"] if rate is None else converted(refund["amount"], rate)
            returned = self.book(
                refund,
                amount=amount,
                currency=taken["currency"],
                category="refund_failure",
                kind=kind,
                description=f"REFUND FAILURE ({charge.get('description')})",
                rate=self.rate_used(taken) if rate is None else rate,
            )
            fields["failure_balance_transaction"] = returned["id"]
        self._update(refund, unset=("pending_reason", "next_action"), failed=status == "failed", **fields)
        self.recount(charge)

    @happening
    def reference_arrives(self, refund: Json, reference: str | None = None) -> None:
        """The bank's reference number, about a week after the refund; nothing else changes."""
        details = refund["destination_details"]
        method = details["type"]
        held = dict(details.get(method) or {})
        held.update(reference=reference or f"7{self.dice.digits(22)}", reference_status="available")
        if method == "card":
            held.update(reference_type="acquirer_reference_number", type="refund")
        self._update(refund, destination_details={method: held, "type": method})

    @happening
    def edit_metadata(self, refund: Json, metadata: dict[str, str], *, replace: bool = False) -> None:
        """Add to a refund's metadata, or replace it; an event only where something changes."""
        merged = dict(metadata) if replace else {**refund["metadata"], **metadata}
        if merged != refund["metadata"]:
            self._update(refund, metadata=merged)

    def _update(
        self, refund: Json, *, failed: bool = False, unset: tuple[str, ...] = (), **fields: object
    ) -> None:
        told = ["refund.updated"]
        if failed:
            told.append("refund.failed")
        if refund["charge"] is not None:
            # Stripe calls it deprecated and still sends it.
            told.append("charge.refund.updated")
        self.change(refund, *told, unset=unset, **fields)

    def _after_settling(self, charge: Json) -> None:
        super()._after_settling(charge)
        for refund in self.refunds_of(charge):
            if refund.get("pending_reason") == "charge_pending":
                booked_id = self.book_refund(charge, refund)
                self._update(refund, pending_reason="processing", balance_transaction=booked_id)

    def _after_bouncing(self, charge: Json) -> None:
        super()._after_bouncing(charge)
        for refund in self.refunds_of(charge):
            if refund.get("pending_reason") == "charge_pending":
                self._undo(refund, "canceled", "unknown", None, "refund_failure")

    # ------------------------------------------------------------------------------------------ what always holds

    def refunds_of(self, charge: Json) -> list[Json]:
        """Newest first."""
        return self.shelf.of_kind("refund", "charge", charge["id"])

    def disputes_of(self, charge: Json) -> list[Json]:
        return self.shelf.of_kind("dispute", "charge", charge["id"])

    def taken_from(self, charge: Json) -> int:
        """What refunds that live have taken of what was captured."""
        return sum(one["amount"] for one in self.refunds_of(charge) if _lives(one) and not _is_release(one))

    def recount(self, charge: Json, *told: str) -> None:
        """`amount_refunded` and `refunded`; what failed or was canceled does not count any more."""
        released = sum(one["amount"] for one in self.refunds_of(charge) if _lives(one) and _is_release(one))
        taken, captured = self.taken_from(charge), charge["amount_captured"]
        assert charge["status"] != "succeeded" or taken <= captured, (
            f"more than all of {charge['id']} is refunded"
        )
        assert released <= charge["amount"] - captured
        whole = taken + released == charge["amount"] or 0 < captured == taken
        self.change(charge, *told, amount_refunded=taken + released, refunded=whole)

    def check(self) -> None:
        """Assert for the whole account what holds in Stripe's own data at any time."""
        for charge in self.shelf.of_kind("charge"):
            taken = self.taken_from(charge)
            if charge["status"] == "succeeded":
                assert taken <= charge["amount_captured"], charge["id"]
                assert charge["refunded"] == (
                    0 < charge["amount_captured"] == taken or charge["amount_refunded"] == charge["amount"]
                ), charge["id"]
        for booked in self.shelf.of_kind("balance_transaction"):
            assert booked["net"] == booked["amount"] - booked["fee"], booked["id"]
        for refund in self.shelf.of_kind("refund"):
            if refund["balance_transaction"] is not None:
                booked = self.find(refund["balance_transaction"])
                rate = self.rate_used(booked)
                moved = refund["amount"] if rate is None else converted(refund["amount"], rate)
                assert booked["amount"] == -moved, refund["id"]
                assert booked["source"] == refund["id"], refund["id"]
            ended = refund["status"] in _GONE
            assert refund.get("failure_balance_transaction") is None or ended, refund["id"]


def _lives(refund: Json) -> bool:
    return refund["status"] not in _GONE


def _is_release(refund: Json) -> bool:
    return refund.get("reason") == UNCAPTURED_REASON


def _usual_status(method: str) -> str:
    if method in ("us_bank_account", "sepa_debit"):
        return "pending"
    return "requires_action" if method in _BANKS else "succeeded"
