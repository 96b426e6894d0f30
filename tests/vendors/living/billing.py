"""Sales with lines: invoices and who paid them, credit notes, checkout sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.samples.catalogue import ARTICLES, TaxRate, price_object, product_object
from connector.samples.checkout_shapes import session_line_object, session_object
from connector.samples.credit_note_shapes import credit_line_object, credit_note_object
from connector.samples.invoice_shapes import (
    Item,
    added_up,
    invoice_object,
    invoice_payment_object,
    line_object,
    on_top,
)
from connector.samples.sales import Credit
from vendors.living.ground import expect, happening
from vendors.living.refunds import Refunds
from vendors.stripe_errors import Json

__all__ = ["Billing", "Credit", "Item", "TaxRate"]


class Billing(Refunds):
    _last_invoice = 0
    _paying: Json | None = None

    def _open_shop(self) -> None:
        """What can be sold, as it is in the sample."""
        for article in ARTICLES.values():
            prices = [price_object(article, currency) for currency in article.prices]
            for one in (product_object(article), *prices):
                if one["id"] not in self.shelf:
                    self.keep(one)

    # ------------------------------------------------------------------------------------------ invoices

    @happening
    def invoice(
        self,
        items: Sequence[Item],
        *,
        customer: Json | None = None,
        currency: str = "usd",
        tax: TaxRate | None = None,
        with_payment: bool = False,
    ) -> Json:
        """An open invoice, made and finalised in this second.

        `with_payment`: its payment and payment intent are there, too, and open, as where it is sent to the customer;
        otherwise they come with the charge.
        """
        self._open_shop()
        buyer = self.customer() if customer is None else customer
        invoice_id = self.dice.object_id("in")
        discount = self.dice.object_id("di") if any(item.discount for item in items) else None
        lines = [
            line_object(
                self.dice,
                item,
                invoice_id=invoice_id,
                currency=currency,
                tax=tax,
                at=self.now,
                discount_id=discount,
            )
            for item in items
        ]
        self._last_invoice += 1
        made = invoice_object(
            lines,
            invoice_id=invoice_id,
            number=f"LIFE-{self._last_invoice:04d}",
            customer=buyer,
            at=self.now,
            status="open",
            currency=currency,
        )
        invoice = self.keep(made)
        self.emit("invoice.created", invoice)
        self.emit("invoice.finalized", invoice)
        if with_payment:
            tried = self._new_charge(invoice["total"], currency, "visa", buyer)
            tried.update(status="pending", description="Payment for Invoice")
            self._open_payment(invoice, {**tried, "payment_intent": self._open_intent(tried, {})["id"]})
        return invoice

    def _open_payment(self, invoice: Json, charge: Json) -> Json:
        is_default = not self.shelf.index("invoice_payment", "invoice", invoice["id"])
        unpaid = {**charge, "created": self.now, "status": "pending"}
        return self.keep(invoice_payment_object(self.dice, invoice, unpaid, is_default))

    def _pay(self, charge: Json, metadata: dict[str, str], *more: Any) -> None:
        """An invoice's payment is there before its charge: the charge's own events name the invoice."""
        known = self.shelf.index("invoice_payment", "payment", charge["payment_intent"])
        if self._paying is not None and not known:
            self._open_payment(self._paying, charge)
        super()._pay(charge, metadata, *more)

    @happening
    def pay_invoice(self, invoice: Json, amount: int | None = None, **more: Any) -> Json:
        """One payment of an invoice, of all that is open or of `amount`; `more` as for `charge`. Returns the charge."""
        left = invoice["amount_remaining"]
        amount = left if amount is None else amount
        expect(invoice["status"] == "open" and 0 < amount <= left, f"{invoice['id']} has {left} left to pay")
        options: Json = {"description": "Payment for Invoice", "customer": self.find(invoice["customer"])}
        waiting = self._waiting_intent(invoice)
        if waiting is not None and amount == waiting["amount"]:
            options["intent"] = waiting
        self._paying = invoice
        try:
            charge = self.charge(amount, currency=invoice["currency"], **{**options, **more})
        finally:
            self._paying = None
        if charge["status"] == "succeeded":
            self._paid(charge)
        return charge

    def _waiting_intent(self, invoice: Json) -> Json | None:
        """The payment intent that was made with the invoice and that nobody has tried to pay."""
        for payment in self.shelf.of_kind("invoice_payment", "invoice", invoice["id"]):
            intent = self.find(payment["payment"]["payment_intent"])
            if intent["latest_charge"] is None:
                return intent
        return None

    @happening
    def sell_by_invoice(self, items: Sequence[Item], **more: Any) -> tuple[Json, Json]:
        """An invoice and the one charge that pays it; `more` as for `invoice` and `charge`."""
        of_invoice = {name: more.pop(name) for name in ("customer", "currency", "tax") if name in more}
        invoice = self.invoice(items, **of_invoice)
        return invoice, self.pay_invoice(invoice, **more)

    def _paid(self, charge: Json) -> None:
        for payment in self.shelf.of_kind("invoice_payment", "payment", charge["payment_intent"]):
            transitions = {**payment["status_transitions"], "paid_at": self.now}
            fields: Json = {"amount_paid": charge["amount"], "status": "paid"}
            self.change(payment, "invoice_payment.paid", status_transitions=transitions, **fields)
            self._count_payment(self.find(payment["invoice"]), charge["amount"])

    def _count_payment(self, invoice: Json, amount: int) -> None:
        paid = invoice["amount_paid"] + amount
        fields: Json = {"amount_paid": paid, "amount_remaining": invoice["total"] - paid}
        fields["attempt_count"] = invoice["attempt_count"] + 1
        if paid < invoice["total"]:
            self.change(invoice, "invoice.updated", **fields)
            return
        transitions = {**invoice["status_transitions"], "paid_at": self.now}
        told = ("invoice.updated", "invoice.paid", "invoice.payment_succeeded")
        self.change(invoice, *told, status="paid", status_transitions=transitions, **fields)

    def _after_settling(self, charge: Json) -> None:
        super()._after_settling(charge)
        self._paid(charge)
        for session in self.shelf.of_kind("checkout.session", "payment_intent", charge["payment_intent"]):
            self.change(session, "checkout.session.async_payment_succeeded", payment_status="paid")

    def charges_of(self, invoice: Json) -> list[Json]:
        """What paid an invoice, the newest first."""
        payments = self.shelf.of_kind("invoice_payment", "invoice", invoice["id"])
        intents = [self.find(payment["payment"]["payment_intent"]) for payment in payments]
        return [self.find(intent["latest_charge"]) for intent in intents if intent["latest_charge"]]

    # ------------------------------------------------------------------------------------------ credit notes

    @happening
    def credit_note(
        self,
        invoice: Json,
        credits: Sequence[Credit],
        *,
        refunds: Sequence[tuple[Json, int]] = (),
        refund_amount: int | None = None,
        tax: TaxRate | None = None,
        total: int | None = None,
        out_of_band: int | None = None,
    ) -> Json:
        """A credit note on a paid invoice, after its `refunds`, with one (`refund_amount`), or before any.

        `total` is for a note without lines; `out_of_band` what was paid back outside Stripe.
        """
        lines = [
            credit_line_object(
                self.dice,
                credit.amount,
                tax=tax,
                line=None if credit.place is None else invoice["lines"]["data"][credit.place],
                quantity=credit.quantity,
                unit=credit.unit,
            )
            for credit in credits
        ]
        if total is None:
            total = sum(line["amount"] for line in lines) + on_top(added_up(lines))
        credited = invoice["post_payment_credit_notes_amount"] + total
        expect(credited <= invoice["amount_paid"], f"more would be credited than was paid on {invoice['id']}")
        named = list(refunds)
        if refund_amount is not None:
            named.append((self.refund(self.charges_of(invoice)[0], refund_amount), refund_amount))
        ordinal = 1 + len(self.shelf.index("credit_note", "invoice", invoice["id"]))
        note_id = self.dice.object_id("cn")
        note = credit_note_object(note_id, invoice, lines, at=self.now, total=total, ordinal=ordinal)
        note.update(out_of_band_amount=out_of_band, refunds=[self._named(*one) for one in named])
        self._check_note(note)
        self.emit("credit_note.created", self.keep(note))
        self.change(invoice, "invoice.updated", post_payment_credit_notes_amount=credited)
        return note

    @happening
    def name_refund(self, note: Json, refund: Json, amount: int | None = None) -> None:
        """A refund, or `amount` of it, is entered in a credit note that was there before."""
        expect(note["status"] == "issued", f"{note['id']} is void")
        named = self._named(refund, refund["amount"] if amount is None else amount)
        changed = {**note, "refunds": [*note["refunds"], named]}
        self._check_note(changed)
        self.change(note, "credit_note.updated", refunds=changed["refunds"])

    @happening
    def void_credit_note(self, note: Json) -> None:
        """The note does not count any more; its refunds stay."""
        expect(note["status"] == "issued", f"{note['id']} is void")
        self.change(note, "credit_note.voided", status="void", voided_at=self.now)
        invoice = self.find(note["invoice"])
        credited = invoice["post_payment_credit_notes_amount"] - note["total"]
        self.change(invoice, "invoice.updated", post_payment_credit_notes_amount=credited)

    def _named(self, refund: Json, amount: int) -> Json:
        entry = {"amount_refunded": amount, "payment_record_refund": None}
        return {**entry, "refund": refund["id"], "type": "refund"}

    def _check_note(self, note: Json) -> None:
        """No note pays back more than it is worth, no refund is explained twice."""
        paid_back = sum(one["amount_refunded"] for one in note["refunds"]) + (note["out_of_band_amount"] or 0)
        expect(paid_back <= note["post_payment_amount"], f"{note['id']} would pay back {paid_back}")
        others = self.shelf.of_kind("credit_note", "invoice", note["invoice"])
        issued = [one for one in others if one["status"] == "issued" and one["id"] != note["id"]]
        for entry in note["refunds"]:
            refund_id = entry["refund"]
            explained = sum(
                one["amount_refunded"]
                for other in (note, *issued)
                for one in other["refunds"]
                if one["refund"] == refund_id
            )
            expect(explained <= self.find(refund_id)["amount"], f"{refund_id} would be explained twice")

    # ------------------------------------------------------------------------------------------ checkout

    @happening
    def open_session(
        self,
        items: Sequence[Item],
        *,
        customer: Json | None = None,
        currency: str = "usd",
        tax: TaxRate | None = None,
        reference: str | None = None,
        payment_link: str | None = None,
    ) -> Json:
        """Opened by the merchant, or by whoever follows a payment link."""
        self._open_shop()
        lines = [session_line_object(self.dice, item, currency, tax) for item in items]
        session = session_object(
            self.dice, lines, currency=currency, at=self.now, customer=customer, reference=reference
        )
        fields: Json = {"status": "open", "payment_status": "unpaid", "payment_link": payment_link}
        return self.keep({**session, **fields})

    @happening
    def complete_session(self, session: Json, **more: Any) -> Json:
        """The customer pays; `more` as for `charge`. Returns the charge."""
        expect(session["status"] == "open", f"{session['id']} is not open")
        customer = None if session["customer"] is None else self.find(session["customer"])
        options: Json = {"customer": customer, "currency": session["currency"], **more}
        charge = self.charge(session["amount_total"], **options)
        self.change(
            session,
            status="complete",
            payment_status="paid" if charge["status"] == "succeeded" else "unpaid",
            payment_intent=charge["payment_intent"],
        )
        self.emit("checkout.session.completed", session)
        return charge

    @happening
    def expire_session(self, session: Json) -> None:
        expect(session["status"] == "open", f"{session['id']} is not open")
        self.change(session, status="expired")
        self.emit("checkout.session.expired", session)

    @happening
    def check_out(self, items: Sequence[Item], **more: Any) -> tuple[Json, Json]:
        """A session and the charge that completes it at once; `more` as for `open_session` and `charge`."""
        names = ("customer", "tax", "reference", "payment_link")
        of_session = {name: more.pop(name) for name in names if name in more}
        session = self.open_session(items, currency=more.pop("currency", "usd"), **of_session)
        return session, self.complete_session(session, **more)
