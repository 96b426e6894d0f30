"""Connect: destination charges, transfer reversals, application fees and the refunds on connected accounts.

https://docs.stripe.com/connect/destination-charges. On the connected account a payment is `py_` with
`source_transfer`, a refund is `pyr_` with `source_transfer_reversal` and without a payment intent.
"""

from __future__ import annotations

from typing import Any

from connector.samples.payment_shapes import approved, billing_details, charge_object
from connector.samples.settlement import round_half_up
from vendors.living.ground import expect, happening
from vendors.living.refunds import Refunds
from vendors.stripe_errors import Json


class Connect(Refunds):
    def branch(self, account: str) -> Connect:
        """The life of a connected account; the same for the same id."""
        known = self.fake.lives.get(account)
        if known is not None:
            return known
        made = type(self)(self.fake, f"{account}", account, self.api_version, self.balance_currency)
        made.emits = self.emits
        return made

    @happening
    def destination_charge(
        self, amount: int = 5000, *, destination: str = "acct_1Branch", application_fee: int = 0, **more: Any
    ) -> Json:
        """A charge here whose money is passed on to a connected account; `more` as for `charge`."""
        fields: Json = {"on_behalf_of": None, "transfer_data": {"amount": None, "destination": destination}}
        if application_fee:
            fields["application_fee_amount"] = application_fee
        charge = self.charge(amount, **fields, **more)
        transfer = self._transfer(charge, destination)
        self.change(charge, transfer=transfer["id"], transfer_group=transfer["transfer_group"])
        payment = self._payment_at(self.branch(destination), transfer, application_fee)
        self.change(transfer, destination_payment=payment["id"])
        if application_fee:
            fee = self._take_fee(charge, payment, destination, application_fee)
            self.change(charge, application_fee=fee["id"])
        self.emit("transfer.created", transfer)
        return charge

    def _transfer(self, charge: Json, destination: str) -> Json:
        transfer_id = self.dice.payment_id("tr", charge["id"].split("_", 1)[1][:16])
        transfer = {
            "id": transfer_id,
            "object": "transfer",
            "amount": charge["amount"],
            "amount_reversed": 0,
            "balance_transaction": None,
            "created": self.now,
            "currency": charge["currency"],
            "description": None,
            "destination": destination,
            "destination_payment": None,
            "livemode": False,
            "metadata": {},
            "reversed": False,
            "source_transaction": charge["id"],
            "source_type": "card",
            "transfer_group": f"group_{charge['payment_intent']}",
        }
        self.keep(transfer)
        booked = self.book(
            transfer,
            amount=-charge["amount"],
            currency=charge["currency"],
            category="transfer",
            kind="transfer",
        )
        self.change(transfer, balance_transaction=booked["id"])
        return transfer

    def _payment_at(self, branch: Connect, transfer: Json, application_fee: int) -> Json:
        """The connected account's side of a transfer: a payment without a payment intent."""
        payment = charge_object(
            charge_id=branch.dice.object_id("py"),
            amount=transfer["amount"],
            currency=transfer["currency"],
            created=self.now,
            customer=None,
            description=None,
            metadata={},
            payment_intent=None,
            payment_method=branch.dice.object_id("pm"),
            billing=billing_details(None, None, "US"),
            details={"stripe_account": {}, "type": "stripe_account"},
            outcome=approved(branch.dice, False),
        )
        payment.update(payment_method=None, source_transfer=transfer["id"])
        if application_fee:
            payment["application_fee_amount"] = application_fee
        branch.keep(payment)
        booked = branch.book(
            payment,
            amount=payment["amount"],
            fee=application_fee,
            currency=payment["currency"],
            category="charge",
            kind="payment",
            fee_words="Acme application fee",
            fee_type="application_fee",
            days_to_funds=2,
        )
        branch.change(payment, balance_transaction=booked["id"])
        branch.emit("charge.succeeded", payment)
        return payment

    def _take_fee(self, charge: Json, payment: Json, account: str, amount: int) -> Json:
        fee = self.keep(
            {
                "id": self.dice.object_id("fee"),
                "object": "application_fee",
                "account": account,
                "amount": amount,
                "amount_refunded": 0,
                "application": "ca_TAcmeBooksLife",
                "balance_transaction": None,
                "charge": payment["id"],
                "created": self.now,
                "currency": charge["currency"],
                "livemode": False,
                "originating_transaction": charge["id"],
                "refunded": False,
            }
        )
        booked = self.book(
            fee,
            amount=amount,
            currency=charge["currency"],
            category="platform_earning",
            kind="application_fee",
        )
        self.change(fee, balance_transaction=booked["id"])
        self.emit("application_fee.created", fee)
        return fee

    # ------------------------------------------------------------------------------------------ giving back

    def _connected_parts(self, charge: Json, refund: Json, reverse_transfer: bool, with_fee: bool) -> None:
        if reverse_transfer:
            transfer = self.find(charge.get("transfer"))
            part = round_half_up(transfer["amount"] * refund["amount"], charge["amount"])
            left = transfer["amount"] - transfer["amount_reversed"]
            reversal = self.reverse_transfer(transfer, min(part, left), refund=refund)
            self.change(refund, transfer_reversal=reversal["id"])
        if with_fee:
            fee = self.find(charge["application_fee"])
            part = round_half_up(fee["amount"] * refund["amount"], charge["amount"])
            self.refund_application_fee(fee, min(part, fee["amount"] - fee["amount_refunded"]))

    @happening
    def reverse_transfer(
        self, transfer: Json, amount: int | None = None, *, refund: Json | None = None
    ) -> Json:
        """Take money back from a connected account, where it shows as a `pyr_` refund. Returns the `trr_` object."""
        left = transfer["amount"] - transfer["amount_reversed"]
        amount = left if amount is None else amount
        expect(0 < amount <= left, f"{transfer['id']} has {left} left to reverse")
        reversal = self.keep(
            {
                "id": self.dice.object_id("trr"),
                "object": "transfer_reversal",
                "amount": amount,
                "balance_transaction": None,
                "created": self.now,
                "currency": transfer["currency"],
                "destination_payment_refund": None,
                "metadata": {},
                "source_refund": refund["id"] if refund else None,
                "transfer": transfer["id"],
            }
        )
        booked = self.book(
            reversal,
            amount=amount,
            currency=transfer["currency"],
            category="transfer_reversal",
            kind="transfer_refund",
            description=f"REFUND FOR TRANSFER ({transfer['id']})",
        )
        branch = self.branch(transfer["destination"])
        returned = branch.refund_by_reversal(branch.find(transfer["destination_payment"]), reversal)
        self.change(reversal, balance_transaction=booked["id"], destination_payment_refund=returned["id"])
        whole = transfer["amount_reversed"] + amount
        self.change(
            transfer,
            "transfer.reversed",
            amount_reversed=whole,
            reversed=whole == transfer["amount"],
        )
        return reversal

    @happening
    def refund_by_reversal(self, payment: Json, reversal: Json) -> Json:
        """What a transfer reversal is on the connected account."""
        refund = self._new_refund(payment, reversal["amount"], "succeeded", None)
        refund["source_transfer_reversal"] = reversal["id"]
        refund.pop("destination_details")
        self.keep(refund)
        self.change(refund, balance_transaction=self.book_refund(payment, refund))
        self.recount(payment, "charge.refunded")
        self.emit("refund.created", refund)
        return refund

    @happening
    def refund_application_fee(self, fee: Json, amount: int | None = None) -> Json:
        """Give an application fee back to the connected account. Returns the `fr_` object."""
        left = fee["amount"] - fee["amount_refunded"]
        amount = left if amount is None else amount
        expect(0 < amount <= left, f"{fee['id']} has {left} left to give back")
        made = self.keep(
            {
                "id": self.dice.object_id("fr"),
                "object": "fee_refund",
                "amount": amount,
                "balance_transaction": None,
                "created": self.now,
                "currency": fee["currency"],
                "fee": fee["id"],
                "metadata": {},
            }
        )
        booked = self.book(
            made,
            amount=-amount,
            currency=fee["currency"],
            category="platform_earning_refund",
            kind="application_fee_refund",
        )
        self.change(made, balance_transaction=booked["id"])
        whole = fee["amount_refunded"] + amount
        self.change(fee, "application_fee.refunded", amount_refunded=whole, refunded=whole == fee["amount"])
        return made
