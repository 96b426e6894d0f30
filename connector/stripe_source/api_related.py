"""What belongs to the objects of a list and does not come with them: the rest of long lists, products, other payers
of an invoice, and the sale of a charge that the lists do not reach.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from connector.planning.stripe_facts import (
    Charge,
    CheckoutSession,
    Invoice,
    InvoicePayment,
    LineFact,
    PaymentIntent,
    Refund,
)
from connector.stripe_source.api_lists import (
    CHARGE_PARTS,
    CREDIT_NOTES,
    DISPUTES,
    INVOICE_PAYMENT_PARTS,
    INVOICE_PAYMENTS,
    PAGE_SIZE,
    SESSION_PARTS,
    SESSIONS,
    Missing,
    Pairs,
    Raw,
    Reader,
    expand_in_list,
    read_list,
    read_object,
)
from connector.stripe_source.parse import Parsed
from connector.stripe_source.source import read_objects

Objects = list[tuple[Parsed, bytes]]

# Lists inside an object hold ten entries; the rest is behind an address of its own.
_INNER_LISTS = {
    "invoice": (("lines", "/v1/invoices/{}/lines"), ("payments", "/v1/invoice_payments")),
    "credit_note": (("lines", "/v1/credit_notes/{}/lines"),),
    "checkout.session": (("line_items", "/v1/checkout/sessions/{}/line_items"),),
}


# What comes inside an object with lists of its own: an invoice payment's invoice, a charge's payment.
_INSIDE = {"invoice_payment": "invoice", "charge": "payment_intent"}


class Related:
    """Reads what belongs to objects; each product, payer and sale once in the life of this object."""

    def __init__(self, read: Reader) -> None:
        self.read = read
        self.asked: set[str] = set()

    def objects(self, pairs: Pairs) -> Objects:
        """A page of raw objects, their inner lists complete, as facts."""
        return read_objects([self._complete(raw, text) for raw, text in pairs])

    def around(self, objects: Objects) -> Iterator[Objects]:
        """What invoices and sessions on a page stand on: their products, and who else paid an invoice."""
        yield from self._payers(objects)
        yield from self._products(objects)

    def sales(self, charges: Iterable[Charge]) -> Iterator[Objects]:
        """The invoice payments (with their invoices) and checkout sessions of these charges, however old."""
        for charge in charges:
            intent_id = charge.payment_intent_id
            if intent_id is None or not self._is_new(f"sale of {intent_id}"):
                continue
            payment = {"type": "payment_intent", "payment_intent": intent_id}
            yield from self._listed(
                INVOICE_PAYMENTS.path, {"payment": payment, "expand": expand_in_list(INVOICE_PAYMENT_PARTS)}
            )
            yield from self._listed(
                SESSIONS.path, {"payment_intent": intent_id, "expand": expand_in_list(SESSION_PARTS)}
            )

    def charges(self, objects: Objects) -> Objects:
        """The charges of refunds that name only their payment intent, as some without a card do."""
        facts = [parsed.fact for parsed, _ in objects]
        bare = {f.payment_intent_id for f in facts if isinstance(f, Refund) and f.charge_id is None}
        intents = [f for f in facts if isinstance(f, PaymentIntent) and f.payment_intent_id in bare]
        found: Objects = []
        for charge_id in sorted({intent.latest_charge_id for intent in intents if intent.latest_charge_id}):
            path = f"/v1/charges/{charge_id}"
            try:
                answer = self.read(path, {"expand": list(CHARGE_PARTS)})
            except Missing:
                continue
            found += self.objects([read_object(answer.text, path)])
        return found

    def notes_and_disputes(self, charge_id: str, invoice_ids: Iterable[str]) -> Iterator[Objects]:
        for invoice_id in invoice_ids:
            yield from self._listed(CREDIT_NOTES.path, {"invoice": invoice_id})
        yield from self._listed(DISPUTES.path, {"charge": charge_id})

    def connected(self, objects: Objects) -> Iterator[Objects]:
        """What a platform took back from a connected account, and gave back of its fee, for the refunds of a page.

        Only where a refund names it: no other account is asked for it, nor needs the permission.
        """
        charges = {p.object_id: p.fact for p, _ in objects if isinstance(p.fact, Charge)}
        for parsed, _ in objects:
            refund = parsed.fact
            if not isinstance(refund, Refund):
                continue
            charge = charges.get(refund.charge_id or "")
            reversal_id = refund.transfer_reversal_id
            if charge is not None and charge.transfer_id and reversal_id and self._is_new(reversal_id):
                path = f"/v1/transfers/{charge.transfer_id}/reversals/{reversal_id}"
                answer = self.read(path, {"expand": ["balance_transaction"]})
                yield read_objects([read_object(answer.text, path)])
            fee_id = charge.application_fee_id if charge is not None else None
            if fee_id and self._is_new(fee_id):
                path = f"/v1/application_fees/{fee_id}/refunds"
                yield from self._listed(path, {"expand": expand_in_list(("balance_transaction",))})

    def prices(self, objects: Objects) -> Iterator[Objects]:
        """The prices that lines name by id alone."""
        for line in _lines(objects):
            if line.price_id is not None and line.lookup_key is None and self._is_new(line.price_id):
                path = f"/v1/prices/{line.price_id}"
                try:
                    yield read_objects([read_object(self.read(path, {}).text, path)])
                except Missing:
                    # A price that was deleted has no lookup key any more.
                    continue

    # ------------------------------------------------------------------------------------------ inside

    def _is_new(self, name: str) -> bool:
        known = len(self.asked)
        self.asked.add(name)
        return len(self.asked) > known

    def _listed(self, path: str, parameters: dict[str, object]) -> Iterator[Objects]:
        for pairs in read_list(self.read, path, parameters):
            objects = self.objects(pairs)
            yield from self.around(objects)
            yield objects

    def _complete(self, raw: Raw, text: bytes) -> tuple[Raw, bytes]:
        """The object with its inner lists whole; if that changed it, its bytes are of the whole object, not Stripe's."""
        inner = raw.get(_INSIDE.get(str(raw.get("object")), ""))
        changed = [self._fill(one) for one in (raw, inner) if isinstance(one, dict)]
        return (raw, json.dumps(raw, separators=(",", ":")).encode()) if any(changed) else (raw, text)

    def _fill(self, raw: Raw) -> bool:
        changed = self._fill_payment(raw)
        for name, path in _INNER_LISTS.get(str(raw.get("object")), ()):
            listed = raw.get(name)
            if not isinstance(listed, dict) or listed.get("has_more") is not True:
                continue
            parameters = {} if "{}" in path else {"invoice": raw["id"]}
            pages = read_list(self.read, path.format(raw["id"]), parameters)
            listed["data"] = [entry for pairs in pages for entry, _ in pairs]
            listed["has_more"] = False
            changed = True
        return changed

    def _fill_payment(self, raw: Raw) -> bool:
        """A payment's own line items stand one level deeper."""
        details = raw.get("amount_details")
        listed = details.get("line_items") if isinstance(details, dict) else None
        if not isinstance(listed, dict) or listed.get("has_more") is not True:
            return False
        pages = read_list(self.read, f"/v1/payment_intents/{raw['id']}/amount_details_line_items", {})
        listed["data"] = [entry for pairs in pages for entry, _ in pairs]
        listed["has_more"] = False
        return True

    def _payers(self, objects: Objects) -> Iterator[Objects]:
        """Payment intents of invoices that several payments paid: they tell whose charge paid which part."""
        payers: dict[str, set[str]] = {}
        for parsed, _ in objects:
            fact = parsed.fact
            if isinstance(fact, InvoicePayment) and fact.payment_intent_id is not None:
                payers.setdefault(fact.invoice_id, set()).add(fact.payment_intent_id)
        for intent_ids in payers.values():
            for intent_id in sorted(intent_ids) if len(intent_ids) > 1 else ():
                if self._is_new(intent_id):
                    path = f"/v1/payment_intents/{intent_id}"
                    try:
                        yield read_objects([read_object(self.read(path, {}).text, path)])
                    except Missing:
                        continue

    def _products(self, objects: Objects) -> Iterator[Objects]:
        """Products of lines, as they are now: their metadata says the SKU. Deleted ones are left out by Stripe."""
        named = {line.product_id for line in _lines(objects) if line.product_id is not None}
        wanted = [product_id for product_id in sorted(named) if self._is_new(product_id)]
        for at in range(0, len(wanted), PAGE_SIZE):
            for pairs in read_list(self.read, "/v1/products", {"ids": wanted[at : at + PAGE_SIZE]}):
                yield read_objects(pairs)


def _lines(objects: Objects) -> Iterator[LineFact]:
    for parsed, _ in objects:
        if isinstance(parsed.fact, Invoice | CheckoutSession):
            yield from parsed.fact.lines
