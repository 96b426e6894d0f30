"""Reading the stored Stripe objects back as facts, many at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import Connection, select

from connector.planning.case import PARTIAL_CAPTURE, ChargeCase
from connector.planning.stripe_facts import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    CreditNote,
    Customer,
    Fact,
    Invoice,
    InvoicePayment,
    LineFact,
    PaymentIntent,
    Price,
    Product,
    Refund,
)
from connector.store.bulk import within
from connector.store.schema import stripe_link, stripe_object
from connector.stripe_source.parse import decode_fact

F = TypeVar("F", bound=Fact)


class FactReader:
    """Facts by id and by link, on one connection; what was read is kept for the length of one page."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.known: dict[str, Fact | None] = {}
        self.defective: set[str] = set()

    def load(self, ids: Iterable[str | None]) -> None:
        """Read these objects into memory; those that are not stored are remembered as missing."""
        wanted = sorted({i for i in ids if i is not None and i not in self.known})
        if not wanted:
            return
        rows = self.connection.execute(
            select(stripe_object.c.object_id, stripe_object.c.kind, stripe_object.c.facts).where(
                within(self.connection, stripe_object.c.object_id, wanted)
            )
        ).all()
        self.known.update(dict.fromkeys(wanted))
        for object_id, kind, facts in rows:
            if facts:
                self.known[object_id] = decode_fact(kind, facts)
            else:
                self.defective.add(object_id)

    def get(self, object_id: str | None, kind: type[F]) -> F | None:
        """The loaded fact if it is there and of this kind."""
        fact = self.known.get(object_id) if object_id is not None else None
        return fact if isinstance(fact, kind) else None

    def unusable(self, *object_ids: str | None) -> frozenset[str]:
        """Which of these loaded objects are stored, and have a defect that leaves no fact of them."""
        return frozenset(i for i in object_ids if i in self.defective)

    def links(self, to_ids: Iterable[str | None], kinds: Iterable[str]) -> dict[str, list[str]]:
        """The ids of objects of these kinds that refer to each of `to_ids`, in order."""
        found: dict[str, list[str]] = {}
        wanted = sorted({i for i in to_ids if i is not None})
        if not wanted:
            return found
        rows = self.connection.execute(
            select(stripe_link.c.to_id, stripe_link.c.from_id).where(
                within(self.connection, stripe_link.c.to_id, wanted), stripe_link.c.kind.in_(list(kinds))
            )
        ).all()
        for to_id, from_id in rows:
            found.setdefault(to_id, []).append(from_id)
        for ids in found.values():
            ids.sort()
        return found

    # ------------------------------------------------------------------------------------------ what surrounds a charge

    def charge_cases(
        self, charge_ids: Iterable[str], *, sold: bool, sessions: bool = False
    ) -> dict[str, ChargeCase]:
        """Charges with what Stripe knows around them; `sold` also reads what was sold (sessions, products),
        `sessions` only the checkout sessions."""
        ids = list(charge_ids)
        self.load(ids)
        charges = [c for c in (self.get(i, Charge) for i in ids) if c is not None]
        self.load(
            i
            for c in charges
            for i in (
                c.balance_transaction_id,
                c.failure_balance_transaction_id,
                c.payment_intent_id,
                c.invoice_id,
                c.customer_id,
            )
        )
        sessions = sessions or sold
        kinds = ("invoice_payment", "checkout.session") if sessions else ("invoice_payment",)
        links = self.links([i for c in charges for i in (c.charge_id, c.payment_intent_id)], kinds)
        self.load(i for ids in links.values() for i in ids)
        invoices = {c.charge_id: self.invoice_id_of(c, links) for c in charges}
        self.load(invoices.values())
        parts = self.invoice_parts({i for i in invoices.values() if i is not None}) if sold else {}
        released = self.released(charges)
        cases = {}
        for charge in charges:
            invoice_id = invoices[charge.charge_id]
            invoice = self.get(invoice_id, Invoice)
            session = self.session_of(charge, links) if sessions else None
            cases[charge.charge_id] = ChargeCase(
                charge,
                self.get(charge.balance_transaction_id, BalanceTransaction),
                self.get(charge.failure_balance_transaction_id, BalanceTransaction),
                self.get(charge.payment_intent_id, PaymentIntent),
                invoice,
                parts.get(invoice_id or "", ()),
                session,
                self.get(charge.customer_id, Customer),
                self.skus((*(invoice.lines if invoice else ()), *(session.lines if session else ())))
                if sold
                else {},
                released=charge.charge_id in released,
                unusable=self.unusable(charge.balance_transaction_id, charge.failure_balance_transaction_id),
            )
        return cases

    def released(self, charges: Iterable[Charge]) -> set[str]:
        """Charges whose uncaptured part Stripe gave back by a refund of its own, as it did before 2025-03-31."""
        partly = [c.charge_id for c in charges if 0 < c.captured_minor < c.amount_minor]
        return {
            charge_id
            for charge_id, refunds in self.refunds_of(partly).items()
            if any(refund.reason == PARTIAL_CAPTURE for refund in refunds)
        }

    def invoice_id_of(self, charge: Charge, links: dict[str, list[str]]) -> str | None:
        """By invoice payment, else by the fields that objects had before 2025-03-31."""
        for to_id in (charge.charge_id, charge.payment_intent_id or ""):
            for from_id in links.get(to_id, ()):
                payment = self.get(from_id, InvoicePayment)
                if payment is not None and payment.status != "canceled":
                    return payment.invoice_id
        if charge.invoice_id is not None:
            return charge.invoice_id
        intent = self.get(charge.payment_intent_id, PaymentIntent)
        return intent.invoice_id if intent is not None else None

    def session_of(self, charge: Charge, links: dict[str, list[str]]) -> CheckoutSession | None:
        for from_id in links.get(charge.payment_intent_id or "", ()):
            session = self.get(from_id, CheckoutSession)
            if session is not None:
                return session
        return None

    def invoice_parts(self, invoice_ids: set[str]) -> dict[str, tuple[tuple[str, int], ...]]:
        """For each invoice that several charges paid: (charge id, amount), the earliest payment first."""
        links = self.links(invoice_ids, ("invoice_payment",))
        several = {invoice_id: ids for invoice_id, ids in links.items() if len(ids) > 1}
        self.load(i for ids in several.values() for i in ids)
        payments = {
            invoice_id: [p for p in (self.get(i, InvoicePayment) for i in ids) if p and p.status == "paid"]
            for invoice_id, ids in several.items()
        }
        self.load(p.payment_intent_id for group in payments.values() for p in group)
        parts = {}
        for invoice_id, group in payments.items():
            group.sort(key=lambda p: (p.created, p.invoice_payment_id))
            named = [(self.charge_of_payment(p), p.amount_minor) for p in group]
            parts[invoice_id] = tuple((charge_id, amount) for charge_id, amount in named if charge_id)
        return parts

    def charge_of_payment(self, payment: InvoicePayment) -> str | None:
        if payment.charge_id is not None:
            return payment.charge_id
        intent_id = payment.payment_intent_id
        return None if intent_id is None else self.charges_of_intents([intent_id]).get(intent_id)

    def charges_of_intents(self, intent_ids: Iterable[str]) -> dict[str, str]:
        """Payment intent → the charge that it came to: the one it names, else of those that name it the latest that
        succeeded, or the latest."""
        ids = sorted(set(intent_ids))
        self.load(ids)
        found: dict[str, str] = {}
        for intent_id in ids:
            intent = self.get(intent_id, PaymentIntent)
            if intent is not None and intent.latest_charge_id is not None:
                found[intent_id] = intent.latest_charge_id
        links = self.links([i for i in ids if i not in found], ("charge",))
        self.load(i for named in links.values() for i in named)
        for intent_id, named in links.items():
            charges = [c for c in (self.get(i, Charge) for i in named) if c is not None]
            if charges:
                last = max(charges, key=lambda c: (c.status == "succeeded", c.created, c.charge_id))
                found[intent_id] = last.charge_id
        return found

    def skus(self, lines: Iterable[LineFact]) -> dict[str, str]:
        """Product or price id → SKU, by the product's metadata, else by the price's lookup key."""
        lines = [line for line in lines if line.price_id is not None or line.product_id is not None]
        if not lines:
            return {}
        self.load(i for line in lines for i in (line.price_id, line.product_id))
        found: dict[str, str] = {}
        for line in lines:
            price = self.get(line.price_id, Price)
            product_id = line.product_id or (price.product_id if price else None)
            self.load([product_id])
            product = self.get(product_id, Product)
            sku = (product.sku if product else None) or (price.lookup_key if price else None)
            for key in (line.product_id, line.price_id):
                if key is not None and sku is not None:
                    found[key] = sku
        return found

    # ------------------------------------------------------------------------------------------ what surrounds a refund

    def charge_ids_of(self, refunds: Iterable[Refund]) -> dict[str, str | None]:
        """Refund → its charge, by its payment intent where it names none; None where that is not known."""
        refunds = list(refunds)
        bare = [
            r.payment_intent_id for r in refunds if r.charge_id is None and r.payment_intent_id is not None
        ]
        charges = self.charges_of_intents(bare) if bare else {}
        return {r.refund_id: r.charge_id or charges.get(r.payment_intent_id or "") for r in refunds}

    def refunds_of(self, charge_ids: Iterable[str]) -> dict[str, list[Refund]]:
        """The refunds of each charge, by created and then id; also those that name only its payment intent."""
        ids = sorted(set(charge_ids))
        self.load(ids)
        intents = [c.payment_intent_id for c in (self.get(i, Charge) for i in ids) if c is not None]
        links = self.links((*ids, *intents), ("refund",))
        self.load(i for named in links.values() for i in named)
        named = {i: r for group in links.values() for i in group if (r := self.get(i, Refund)) is not None}
        wanted = set(ids)
        found: dict[str, list[Refund]] = {}
        for refund_id, charge_id in self.charge_ids_of(named.values()).items():
            if charge_id is not None and charge_id in wanted:
                found.setdefault(charge_id, []).append(named[refund_id])
        for refunds in found.values():
            refunds.sort(key=lambda r: (r.created, r.refund_id))
        return found

    def credit_notes(self, refund_ids: Iterable[str]) -> dict[str, tuple[CreditNote, ...]]:
        links = self.links(refund_ids, ("credit_note",))
        self.load(i for ids in links.values() for i in ids)
        return {
            refund_id: tuple(n for n in (self.get(i, CreditNote) for i in ids) if n is not None)
            for refund_id, ids in links.items()
        }

    # ------------------------------------------------------------------------------------------ from the invoice's side

    def charges_of_invoices(self, invoices: Iterable[Invoice]) -> dict[str, list[Charge]]:
        """The charges that paid each invoice."""
        known = {invoice.invoice_id: invoice for invoice in invoices}
        links = self.links(known, ("invoice_payment", "charge"))
        self.load(i for ids in links.values() for i in ids)
        payments = {
            invoice_id: [p for p in (self.get(i, InvoicePayment) for i in ids) if p is not None]
            for invoice_id, ids in links.items()
        }
        self.load(p.payment_intent_id for group in payments.values() for p in group)
        found: dict[str, list[str]] = {}
        for invoice_id, invoice in known.items():
            ids = [i for i in links.get(invoice_id, ()) if self.get(i, Charge) is not None]
            ids += [c for p in payments.get(invoice_id, ()) if (c := self.charge_of_payment(p)) is not None]
            ids += [invoice.charge_id] if invoice.charge_id is not None else []
            found[invoice_id] = list(dict.fromkeys(ids))
        self.load(i for ids in found.values() for i in ids)
        return {
            invoice_id: [c for c in (self.get(i, Charge) for i in ids) if c is not None]
            for invoice_id, ids in found.items()
        }
