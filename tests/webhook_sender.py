"""A web server with the connector's webhooks on a free port, and Stripe's side of it: events, signed and sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from fake_world import FakeWorld
from sqlalchemy import Engine, select
from stripe import WebhookSignature

from connector.store.changes import drop_changes, limit_patience, noted_changes
from connector.store.database import open_database
from connector.store.schema import stripe_change
from connector.web.app import PATH, StripeWebhooks, make_app
from connector.web.server import WebServer, open_listener

SECRET = "whsec_current"

Json = dict[str, Any]


def refund_event(refund_id: str = "re_1", kind: str = "refund.failed", **fields: Any) -> bytes:
    inside = {"id": refund_id, "object": "refund", "charge": "ch_1", "amount": 1000, "note": "größer"}
    event = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": inside}, **fields}
    return json.dumps(event, ensure_ascii=False, indent=1).encode()


def sign(body: bytes, at: int, *secrets: str) -> str:
    """The header as Stripe makes it: one time, and a signature by each secret."""
    made = [
        WebhookSignature.generate_signature_header(body.decode(), one, at) for one in secrets or (SECRET,)
    ]
    return ",".join([made[0], *(one.partition(",")[2] for one in made[1:])])


@dataclass
class Sender:
    """Sends to the server, and looks into its state."""

    engine: Engine
    world: FakeWorld
    address: str = ""
    said: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    woken: list[int] = field(default_factory=list)

    def send(self, body: bytes, signature: str | None = "", **headers: str) -> requests.Response:
        """`signature`: a right one unless given; None for none."""
        if signature == "":
            signature = sign(body, self.world.now())
        if signature is not None:
            headers["Stripe-Signature"] = signature
        return requests.post(self.address + PATH, data=body, headers=headers, timeout=30)

    def drop_all(self) -> None:
        """A pass has read everything afresh."""
        with self.engine.begin() as connection:
            noted, up_to = noted_changes(connection)
            drop_changes(connection, [one.object_id for one in noted], up_to)

    def kinds(self) -> dict[str, str]:
        """Object id → its kind, of all that is noted."""
        return {object_id: kind for object_id, (kind, _) in self.noted().items()}

    def noted(self) -> dict[str, tuple[str, int]]:
        """Object id → its kind, and the count at which it was noted."""
        with self.engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(select(stripe_change).order_by(stripe_change.c.object_id))
            return {row.object_id: (row.kind, row.noted) for row in rows}


@contextmanager
def serving(
    url: str, secrets: Sequence[str] = (SECRET,), account: str | None = None, patience_ms: int = 5_000
) -> Iterator[Sender]:
    """A real server in a thread, with a state of its own."""
    engine = open_database(url, "acme", "own")
    limit_patience(engine, patience_ms)
    world = FakeWorld()
    sender = Sender(open_database(url, "acme", "own"), world)
    lock = threading.Lock()

    def wake() -> None:
        with lock:
            sender.woken.append(len(sender.woken))

    webhooks = StripeWebhooks(engine, secrets, account, world, wake, sender.said.append, sender.faults.append)
    listener = open_listener(world, "127.0.0.1", 0)
    sender.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = WebServer(make_app(webhooks), listener)
    server.start()
    try:
        yield sender
    finally:
        server.stop()
        engine.dispose()
        sender.engine.dispose()
