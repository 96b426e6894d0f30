"""What everything that happens in an account stands on: the clock, ids, the balance, and the events that tell it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, TypeVar, cast

from connector.samples.catalogue import DAY
from connector.samples.dice import Dice
from connector.samples.payment_shapes import balance_transaction_object
from connector.samples.settlement import RATE_SCALE, rate_of_day
from vendors.living.versions import ENDIVE, has_event, shaped
from vendors.stripe_errors import Json
from vendors.stripe_rendering import Rendering
from vendors.stripe_shelf import Shelf

if TYPE_CHECKING:
    from vendors.fake_stripe import FakeStripe

_NOBODY = {"id": None, "idempotency_key": None}
_DAILY_RATES = ("cad", "eur", "gbp", "jpy")
Act = TypeVar("Act", bound=Callable[..., Any])


def happening(act: Act) -> Act:
    """No request sees the half of it."""

    @wraps(act)
    def whole(self: Ground, *arguments: Any, **more: Any) -> Any:
        with self.fake.lock:
            return act(self, *arguments, **more)

    return cast(Act, whole)


def expect(holds: bool, otherwise: str) -> None:
    """What cannot happen at Stripe is a mistake in the test that wants it."""
    if not holds:
        raise ValueError(otherwise)


class Ground:
    """One account, `account` being None for the one that owns the key.

    Methods return the objects that are kept: they show later changes, and are not to be written to. `api_version` is
    the account's own at any time: the shape its events have, and whether a partial capture makes a refund.
    `duplicates` tells every change by two events; `emits` False by none. `rates` are today's exchange rates into
    `balance_currency`, in millionths, for those that shall not move by themselves.
    """

    def __init__(
        self,
        fake: FakeStripe,
        seed: str = "life",
        account: str | None = None,
        api_version: str = ENDIVE,
        balance_currency: str = "usd",
    ) -> None:
        if fake.now is None:
            raise ValueError("an account lives by the clock of the stand-in: set its `now`")
        self.fake = fake
        self.account = account
        self.shelf = fake.accounts.setdefault(account, Shelf())
        self.api_version = api_version
        self.balance_currency = balance_currency
        self.duplicates = False
        self.emits = True
        self.rates: dict[str, int] = {}
        self.dice = Dice(f"{seed}/{account}")
        self._used_rates: dict[str, int] = {}
        self._request: Json = _NOBODY
        self._agenda: list[tuple[int, int, Callable[[], object]]] = []
        self._planned = 0

    # ------------------------------------------------------------------------------------------ the clock

    @property
    def now(self) -> int:
        return self.fake.second()

    def advance(self, seconds: int = 0, *, days: int = 0, hours: int = 0) -> int:
        """Let time pass; what was planned `in_time` happens at its second. Returns the new second."""
        if min(seconds, days, hours) < 0:
            raise ValueError("time does not go back")
        until = self.now + seconds + 3600 * hours + DAY * days
        while self._agenda and self._agenda[0][0] <= until:
            at, _, act = heappop(self._agenda)
            self.fake.now = max(at, self.now)
            act()
        self.fake.now = until
        return until

    def in_time(self, act: Callable[[], object], seconds: int = 0, *, days: int = 0) -> None:
        """Plan what shall happen when the clock has come so far."""
        self._planned += 1
        heappush(self._agenda, (self.now + seconds + DAY * days, self._planned, act))

    # ------------------------------------------------------------------------------------------ objects

    def keep(self, one: Json) -> Json:
        if one["id"] in self.shelf:
            raise ValueError(f"two objects {one['id']}")
        self.shelf[one["id"]] = one
        return one

    def change(self, one: Json, *told: str, unset: Iterable[str] = (), **fields: Any) -> None:
        """New values for whole fields, told by events of these types; `unset` ones are left out from now on."""
        before = self.snapshot(one) if told and self.emits else None
        for name in unset:
            one.pop(name, None)
        self.shelf.replace_fields(one["id"], fields)
        for event_type in told:
            self.emit(event_type, one, before)

    def find(self, object_id: str | None) -> Json:
        if object_id is None or object_id not in self.shelf:
            raise ValueError(f"there is no {object_id} in this account")
        return self.shelf[object_id]

    # ------------------------------------------------------------------------------------------ events

    @contextmanager
    def asked_by(self, request: Json) -> Iterator[None]:
        """What happens within is told with the request that made it happen."""
        self._request = request
        try:
            yield
        finally:
            self._request = _NOBODY

    def snapshot(self, one: Json) -> Json:
        """The object as it is, in the shape of the account's API version; shares nothing with what is kept."""
        rendering = Rendering(self.shelf, self.now)
        shown: Json = json.loads(json.dumps(shaped(rendering.render(one, {}), self.api_version, rendering)))
        return shown

    def emit(self, event_type: str, one: Json, before: Json | None = None) -> None:
        """Tell a change; `before` is the snapshot from before it, whose differences the event shows."""
        if not self.emits or not has_event(self.api_version, event_type):
            return
        shown = self.snapshot(one)
        data: Json = {"object": shown}
        if before is not None:
            differ = [key for key in {**before, **shown} if before.get(key) != shown.get(key)]
            data["previous_attributes"] = {key: before.get(key) for key in sorted(differ)}
        for _ in range(2 if self.duplicates else 1):
            self.keep(self._event(event_type, json.loads(json.dumps(data)), one["id"]))

    def _event(self, event_type: str, data: Json, object_id: str) -> Json:
        stem = object_id.split("_", 1)[1][:16]
        of_payment = stem.startswith("3T") and len(stem) == 16
        event: Json = {
            "id": self.dice.payment_id("evt", stem) if of_payment else self.dice.object_id("evt"),
            "object": "event",
            "api_version": self.api_version,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": dict(self._request),
            "type": event_type,
        }
        return event if self.account is None else {**event, "account": self.account}

    # ------------------------------------------------------------------------------------------ the balance

    def rate_of(self, currency: str) -> int:
        """Millionths of a minor unit of the balance for one of `currency`, today."""
        if currency in self.rates:
            return self.rates[currency]
        if currency not in _DAILY_RATES or self.balance_currency != "usd":
            raise ValueError(f"no exchange rate from {currency}: put one into `rates`")
        return rate_of_day(currency, self.now)

    def book(
        self,
        source: Json,
        *,
        amount: int,
        currency: str,
        category: str,
        kind: str,
        fee: int = 0,
        description: str | None = None,
        rate: int | None = None,
        fee_words: str = "Stripe processing fees",
        fee_type: str = "stripe_fee",
        days_to_funds: int = 0,
    ) -> Json:
        """A balance transaction of this second; `rate` in millionths, None where nothing is converted."""
        booked = balance_transaction_object(
            balance_transaction_id=self.dice.payment_id("txn", source["id"].split("_", 1)[1][:16]),
            amount=amount,
            fee=fee,
            currency=currency,
            created=self.now,
            category=category,
            kind=kind,
            source=source["id"],
            description=description,
            exchange_rate=None if rate is None else rate / RATE_SCALE,
            fee_words=fee_words,
            days_to_funds=days_to_funds,
        )
        booked["status"] = "pending" if booked["available_on"] > self.now else "available"
        for detail in booked["fee_details"]:
            detail["type"] = fee_type
        assert booked["net"] == booked["amount"] - booked["fee"]
        assert booked["available_on"] >= booked["created"]
        assert sum(detail["amount"] for detail in booked["fee_details"]) == booked["fee"]
        if rate is not None:
            self._used_rates[booked["id"]] = rate
        return self.keep(booked)

    def rate_used(self, booked: Json) -> int | None:
        """The rate of a balance transaction in millionths, None where nothing was converted."""
        return self._used_rates.get(booked["id"])
