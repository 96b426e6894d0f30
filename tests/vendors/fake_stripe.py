"""A small, strict Stripe: objects in memory behind a real HTTP server on 127.0.0.1.

Lists come newest first, later made objects first within a second; a limit above 100, an unknown cursor, parameter or
expansion is a 400; what is not expanded is not there. Every request is kept in `requests`; `inject` makes the next
ones fail. What happens in an account is told by `vendors.stripe_life`; without one, nothing can be written. Errors are
shaped as https://docs.stripe.com/api/errors.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vendors.stripe_errors import Json, Refused, masked, unknown_address
from vendors.stripe_faults import Fault, Loss, Rates
from vendors.stripe_reading import Reading
from vendors.stripe_server import Request, Server, handler
from vendors.stripe_shelf import Shelf
from vendors.stripe_tables import INSIDE, PERMISSION_OF_KIND, REFERENCE, SCHEMA
from vendors.stripe_writing import IdempotencyKeys, Kept, write

if TYPE_CHECKING:
    from vendors.stripe_life import StripeLife

__all__ = ["KEY", "READ_PERMISSIONS", "Answered", "FakeStripe", "Fault", "Rates", "Request"]

KEY = "sk_test_51AcmeBooksSecretSecretSecret"
READ_PERMISSIONS = frozenset(PERMISSION_OF_KIND.values())
_ACCOUNT_GONE = (
    "The provided key '{}' does not have access to account '{}' (or that account does not exist). "
    "Application access may have been revoked."
)


@dataclass(frozen=True)
class Answered:
    status: int
    body: Json
    headers: Mapping[str, str]


class FakeStripe:
    """`keys` maps an API key to its permissions (None: all); `now` is Stripe's clock, None for the real one.

    `event_lag` is how many seconds after its creation an event comes into sight, or a function of the event that says
    it; `page_size` is the most that a page of a list holds, whatever was asked for, so that few objects fill several;
    `undelivered` are the ids of events whose webhooks failed; `rates` refuses what is too fast;
    `before_request(count, path)` is called before each request is looked at: what it raises is the answer where it is
    `Refused`, and closes the connection without one where it is anything else.
    """

    def __init__(self, now: int | None = None) -> None:
        self.keys: dict[str, set[str] | None] = {KEY: None}
        self.accounts: dict[str | None, Shelf] = {None: Shelf()}
        self.lives: dict[str | None, StripeLife] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.now = now
        self.event_lag: int | Callable[[Json], int] = 0
        self.page_size = 100
        self.undelivered: set[str] = set()
        self.rates: Rates | None = None
        self.before_request: Callable[[int, str], None] | None = None
        self.pretty = False
        self.lock = threading.RLock()
        self.asked = 0
        self._in_flight: set[tuple[str | None, str | None]] = set()
        self._losses: list[Loss] = []
        self._idempotency = IdempotencyKeys()
        self._server: Server | None = None

    def second(self) -> int:
        """What Stripe's clock says."""
        return self.now if self.now is not None else int(time.time())

    # ------------------------------------------------------------------------------------------ contents

    @classmethod
    def from_export(cls, folder: Path, now: int | None = None) -> FakeStripe:
        """Holds what is in a folder of exported objects, one a line, the newest first."""
        fake = cls(now)
        for path in sorted(folder.glob("*.jsonl")):
            for line in reversed(path.read_text(encoding="utf-8").split("\n")):
                if line.strip():
                    fake.put(json.loads(line))
        return fake

    def put(self, stripe_object: Json, account: str | None = None) -> Json:
        """Keep an object; expanded objects inside become objects of their own. The latest put is the newest."""
        with self.lock:
            kept: Json = json.loads(json.dumps(stripe_object))
            shelf = self.accounts.setdefault(account, Shelf())
            self._collapse(kept, kept["object"], account)
            shelf[kept["id"]] = kept
            return kept

    def change(self, object_id: str, account: str | None = None, **fields: Any) -> None:
        """New values for whole fields, without an event."""
        with self.lock:
            self.accounts[account].replace_fields(object_id, json.loads(json.dumps(fields)))

    def _collapse(self, value: Any, kind: str, account: str | None) -> None:
        for one in value if isinstance(value, list) else [value]:
            for name, (how, target) in SCHEMA.get(kind, {}).items():
                held = one.get(name) if isinstance(one, dict) else None
                if how == REFERENCE and isinstance(held, dict):
                    if held["id"] not in self.accounts.setdefault(account, Shelf()):
                        self.put(held, account)
                    one[name] = held["id"]
                elif how == INSIDE and held is not None:
                    inside = held.get("data", held) if isinstance(held, dict) else held
                    self._collapse(inside, target, account)

    def of_kind(self, kind: str, account: str | None = None) -> list[Json]:
        """Newest first; of one second, the one that was put last comes first."""
        return self.accounts[account].of_kind(kind)

    # ------------------------------------------------------------------------------------------ server

    def __enter__(self) -> FakeStripe:
        self._server = Server(("127.0.0.1", 0), handler(self))
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *reason: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def base_url(self) -> str:
        assert self._server is not None, "the server is not running"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    # ------------------------------------------------------------------------------------------ faults

    def inject(self, kind: str, path: str = "/v1/", **more: Any) -> Fault:
        fault = Fault(kind, path, **more)
        self.faults.append(fault)
        return fault

    def throttle(self, times: int, path: str = "/v1/", reason: str = "global-rate", skip: int = 0) -> Fault:
        """A burst of 429 as Stripe sends it: the header says the reason, and none when to come again."""
        headers = {"Stripe-Rate-Limited-Reason": reason}
        return self.inject(
            "status", path, times=times, skip=skip, status=429, code="rate_limit", headers=headers
        )

    def lose_permission(self, key: str, permission: str, after: int = 0) -> None:
        """A restricted key has this permission for `after` more of its requests."""
        if not self.keys.get(key):
            raise ValueError(f"{key} is no restricted key")
        self._losses.append(Loss(key, permission, after))

    def give_permissions(self, key: str, permissions: Iterable[str]) -> None:
        """A restricted key has these permissions and no others, and loses none of them any more."""
        self.keys[key] = set(permissions)
        self._losses = [loss for loss in self._losses if loss.key != key]

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.meets(method, path):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def next_request(self, path: str) -> int:
        """The number of a request that has just come in."""
        with self.lock:
            self.asked += 1
            number = self.asked
        if self.before_request is not None:
            self.before_request(number, path)
        return number

    def take_off(self, flight: tuple[str | None, str | None]) -> bool:
        """Whether no other request with this account and idempotency key is under way."""
        with self.lock:
            if flight in self._in_flight:
                return False
            if flight[1] is not None:
                self._in_flight.add(flight)
            return True

    def land(self, flight: tuple[str | None, str | None]) -> None:
        with self.lock:
            self._in_flight.discard(flight)

    # ------------------------------------------------------------------------------------------ answers

    def answer(
        self,
        method: str,
        path: str,
        parameters: Json,
        headers: Mapping[str, str],
        request_id: str,
        fault: Fault | None = None,
    ) -> Answered:
        """What Stripe answers, or `Refused` where nothing of it is to be kept; `fault` is of the kind `after`."""
        with self.lock:
            key, permissions = self._authenticate(headers)
            if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.[a-z]+)?", headers.get("Stripe-Version", "")):
                raise Refused(400, "Invalid Stripe API version: a Stripe-Version header is required")
            account = headers.get("Stripe-Account")
            if account not in self.accounts:
                raise Refused(403, _ACCOUNT_GONE.format(masked(key), account), code="account_invalid")
            if self.rates is not None:
                self.rates.count(self.second(), account, method, path)
            reading = Reading(self, account, permissions, key)
            if method == "GET":
                return Answered(200, reading.answer(path, parameters), {})
            if method != "POST":
                raise unknown_address(method, path)
            return self._write(reading, path, parameters, headers.get("Idempotency-Key"), request_id, fault)

    def _write(
        self, reading: Reading, path: str, form: Json, key: str | None, request_id: str, fault: Fault | None
    ) -> Answered:
        asked = (path, json.loads(json.dumps(form)))
        if key is not None:
            kept = self._idempotency.find(reading.account, key, asked, self.second())
            if kept is not None:
                replayed = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
                return Answered(kept.status, kept.body, {"Idempotency-Key": key, **replayed})
        try:
            status, body = (
                200,
                write(self, reading, path, form, {"id": request_id, "idempotency_key": key}),
            )
        except Refused as refused:
            if not refused.stored:
                raise
            status, body = refused.status, refused.body
        answered = Answered(status, body, {} if key is None else {"Idempotency-Key": key})
        if fault is not None:
            failed = Refused(fault.status, "An unknown error occurred")
            failed_answer = Answered(failed.status, failed.body, fault.headers)
            if fault.stored:
                status, body = failed.status, failed.body
        if key is not None:
            kept = Kept(asked, status, json.loads(json.dumps(body)), request_id, self.second())
            self._idempotency.keep(reading.account, key, kept)
        return answered if fault is None else failed_answer

    def _authenticate(self, headers: Mapping[str, str]) -> tuple[str, set[str] | None]:
        given = headers.get("Authorization", "")
        if not given.startswith("Bearer "):
            raise Refused(
                401, "You did not provide an API key. You need to provide your API key in the header."
            )
        key = given.removeprefix("Bearer ")
        if key not in self.keys:
            raise Refused(401, f"Invalid API Key provided: {masked(key)}")
        for loss in self._losses:
            if loss.key == key:
                if loss.after == 0:
                    (self.keys[key] or set()).discard(loss.permission)
                loss.after -= loss.after > 0
        return key, self.keys[key]
