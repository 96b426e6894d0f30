"""Disputes: the bank takes a payment back, and may have to return it. No refund object is made."""

from __future__ import annotations

from connector.samples.refund_shapes import dispute_object
from connector.samples.settlement import converted
from vendors.living.ground import expect, happening
from vendors.living.refunds import Refunds
from vendors.stripe_errors import Json

DISPUTE_FEE = 1500
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


class Disputes(Refunds):
    @happening
    def dispute(
        self,
        charge: Json,
        amount: int | None = None,
        *,
        reason: str = "fraudulent",
        inquiry: bool = False,
        prefix: str = "dp",
        rate: int | None = None,
    ) -> Json:
        """The customer contests what is left of a card payment, or `amount`; an inquiry moves no money."""
        left = charge["amount_captured"] - self.taken_from(charge)
        expect(charge["status"] == "succeeded" and left > 0, f"{charge['id']} has nothing to contest")
        dispute = self.keep(
            dispute_object(
                charge,
                dispute_id=self.dice.object_id(prefix),
                amount=left if amount is None else amount,
                created=self.now,
                reason=reason,
                status="warning_needs_response" if inquiry else "needs_response",
            )
        )
        self.change(charge, disputed=True)
        self.emit("charge.dispute.created", dispute)
        if not inquiry:
            self._withdraw(charge, dispute, rate)
        return dispute

    def _withdraw(self, charge: Json, dispute: Json, rate: int | None) -> None:
        currency, used, amount = self.settled_currency(charge), None, dispute["amount"]
        if currency != charge["currency"]:
            used = rate or self.rate_of(charge["currency"])
            amount = converted(amount, used)
        booked = self.book(
            dispute,
            amount=-amount,
            fee=DISPUTE_FEE,
            currency=currency,
            category="dispute",
            kind="adjustment",
            description=f"Chargeback withdrawal for {charge['id']}",
            rate=used,
            fee_words="Dispute fee",
        )
        told = "charge.dispute.funds_withdrawn"
        self.change(dispute, told, balance_transactions=[dict(booked)], is_charge_refundable=False)

    @happening
    def submit_evidence(self, dispute: Json) -> None:
        expect(dispute["status"] in _OPEN, f"{dispute['id']} is closed")
        details = {**dispute["evidence_details"], "has_evidence": True, "submission_count": 1}
        status = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
        self.change(
            dispute,
            "charge.dispute.updated",
            evidence_details={**details, "submission_method": "manual"},
            status=status,
        )

    @happening
    def escalate(self, dispute: Json, *, rate: int | None = None) -> None:
        """An inquiry becomes a dispute: the money leaves now."""
        expect(dispute["status"] in _OPEN[2:], f"{dispute['id']} is no open inquiry")
        self.change(dispute, "charge.dispute.updated", status="needs_response")
        self._withdraw(self.find(dispute["charge"]), dispute, rate)

    @happening
    def close_dispute(self, dispute: Json, *, won: bool, fee_back: bool = False) -> None:
        """Won: the money comes back, its fee only where `fee_back`. An inquiry is just closed."""
        expect(dispute["status"] in _OPEN, f"{dispute['id']} is closed")
        if dispute["status"].startswith("warning"):
            self.change(dispute, "charge.dispute.closed", status="warning_closed")
            return
        self.change(
            dispute,
            "charge.dispute.closed",
            status="won" if won else "lost",
            is_charge_refundable=won,
        )
        if not won:
            return
        taken = dispute["balance_transactions"][0]
        booked = self.book(
            dispute,
            amount=-taken["amount"],
            fee=-DISPUTE_FEE if fee_back else 0,
            currency=taken["currency"],
            category="dispute_reversal",
            kind="adjustment",
            description=f"Chargeback reversal for {dispute['charge']}",
            rate=self.rate_used(taken),
            fee_words="Dispute fee",
        )
        both = [*dispute["balance_transactions"], dict(booked)]
        self.change(dispute, "charge.dispute.funds_reinstated", balance_transactions=both)
