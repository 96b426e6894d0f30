"""One authorised POST on the stand-in for Stripe: refunds, their metadata, their cancellation; idempotency keys.

https://docs.stripe.com/api/refunds, https://docs.stripe.com/api/idempotent_requests. What a request does to the
account is the account's life: `vendors.stripe_life`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vendors.stripe_errors import Json, Refused, missing, unknown_address, unknown_parameter, whole
from vendors.stripe_reading import DAY, Reading

if TYPE_CHECKING:
    from vendors.fake_stripe import FakeStripe
    from vendors.stripe_life import StripeLife

KEYS_ARE_KEPT_S = DAY
_LONGEST_KEY = 255
_CREATE = frozenset(
    {"amount", "charge", "expand", "metadata", "payment_intent", "reason", "refund_application_fee"}
    | {"reverse_transfer"}
)
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_WRITE = "rak_charge_write"


@dataclass(frozen=True)
class Kept:
    """The answer to the first request with an idempotency key."""

    asked: tuple[str, Json]
    status: int
    body: Json
    request_id: str
    at: int


class Writing:
    """One authorised POST on one account; `request` is what its events say of it."""

    def __init__(self, reading: Reading, life: StripeLife, request: Json) -> None:
        self.reading = reading
        self.life = life
        self.request = request

    def answer(self, path: str, form: Json) -> Json:
        parts = path.removeprefix("/v1/refunds").split("/")[1:]
        if not path.startswith("/v1/refunds") or len(parts) > 2 or parts[1:] not in ([], ["cancel"]):
            raise unknown_address("POST", path)
        self.reading.permit(_WRITE)
        expand = form.pop("expand", [])
        tree = self.reading.expansions.tree(expand, "refund", in_list=False)
        with self.life.asked_by(self.request):
            if not parts:
                refund = self.create(form)
            else:
                refund = self.reading.find("refund", parts[0])
                if parts[1:]:
                    self.cancel(refund, form)
                else:
                    self.update(refund, form)
        return self.reading.rendering.render(refund, tree)

    def create(self, form: Json) -> Json:
        for name in form.keys() - _CREATE:
            raise unknown_parameter(name)
        reason = form.get("reason")
        if reason is not None and reason not in _REASONS:
            raise Refused(400, f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
        amount = None
        if "amount" in form:
            amount = whole(form["amount"], "amount")
            if amount < 1:
                words = "This value must be greater than or equal to 1."
                raise Refused(400, words, code="parameter_invalid_integer", param="amount")
        return self.life.refund(
            self._charge(form),
            amount,
            reason=reason,
            metadata=_metadata({}, form.get("metadata", {})),
            reverse_transfer=form.get("reverse_transfer") == "true",
            refund_application_fee=form.get("refund_application_fee") == "true",
        )

    def _charge(self, form: Json) -> Json:
        charge_id, intent_id = form.get("charge"), form.get("payment_intent")
        if charge_id is None and intent_id is None:
            words = (
                "One of the following params should be provided for this request: payment_intent or charge."
            )
            raise Refused(400, words, code="parameter_missing")
        if charge_id is None:
            intent = self.reading.shelf.get(str(intent_id))
            if intent is None or intent["object"] != "payment_intent":
                raise missing("payment_intent", intent_id, "payment_intent", 404)
            charge_id = intent.get("latest_charge")
            if charge_id is None:
                words = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
                raise Refused(400, words, True, code="payment_intent_unexpected_state")
        charge: Json | None = self.reading.shelf.get(str(charge_id))
        if charge is None or charge["object"] != "charge":
            raise missing("charge", charge_id, "charge", 404)
        if intent_id is not None and charge.get("payment_intent") != intent_id:
            words = f"Charge {charge_id} does not belong to PaymentIntent {intent_id}."
            raise Refused(400, words, param="charge")
        return charge

    def update(self, refund: Json, form: Json) -> None:
        for name in form.keys() - {"metadata"}:
            raise unknown_parameter(name)
        if "metadata" in form:
            self.life.edit_metadata(refund, _metadata(refund["metadata"], form["metadata"]), replace=True)

    def cancel(self, refund: Json, form: Json) -> None:
        for name in form:
            raise unknown_parameter(name)
        if refund["status"] != "requires_action":
            words = f"Refund {refund['id']} cannot be canceled: its status is {refund['status']}."
            raise Refused(400, words, True)
        self.life.cancel(refund)


def _metadata(held: Mapping[str, str], given: Any) -> dict[str, str]:
    """What is held and what is given together: an empty value unsets a key, an empty text all of them."""
    if given == "":
        return {}
    if not isinstance(given, dict):
        raise Refused(400, "Invalid hash", param="metadata")
    merged = {key: value for key, value in {**held, **given}.items() if value != ""}
    if len(merged) > 50:
        raise Refused(400, f"Metadata can have up to 50 keys, but you passed in {len(merged)}.")
    for key, value in merged.items():
        for what, text, most in (("keys", key, 40), ("values", value, 500)):
            if len(text) > most:
                words = f"Metadata {what} can have up to {most} characters, but you passed in {len(text)}."
                raise Refused(400, words, param="metadata")
    return merged


class IdempotencyKeys:
    """What each key was first used for, for 24 hours of Stripe's clock."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str | None, str], Kept] = {}

    def find(self, account: str | None, key: str, asked: tuple[str, Json], now: int) -> Kept | None:
        """The stored answer, None for a new or forgotten key; raises where the request is another one."""
        if not re.fullmatch(rf".{{1,{_LONGEST_KEY}}}", key):
            raise Refused(400, f"Idempotency keys can have up to {_LONGEST_KEY} characters.")
        kept = self._kept.get((account, key))
        if kept is None or now >= kept.at + KEYS_ARE_KEPT_S:
            return None
        if kept.asked != asked:
            refused = Refused(
                400,
                f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
            )
            refused.body["error"]["type"] = "idempotency_error"
            raise refused
        return kept

    def keep(self, account: str | None, key: str, kept: Kept) -> None:
        self._kept[account, key] = kept


def write(fake: FakeStripe, reading: Reading, path: str, form: Json, request: Json) -> Json:
    """The refund as it is after the request."""
    life = fake.lives.get(reading.account)
    if life is None:
        # An account in which nothing happens: the objects that were put, and no more.
        raise unknown_address("POST", path)
    return Writing(reading, life, request).answer(path, form)
