"""Settings, a state and a shop at Stripe beside a Xero organisation on 127.0.0.1, and passes over them in this process.

The organisation is opened by a custom connection: nobody consents, and no token is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from small_books import SmallBooks, StillWorld
from small_shop import Shop
from vendors.quickbooks.clock import Clock
from vendors.xero import FakeXero, Organisation, write
from vendors.xero.oauth import CUSTOM_CLIENT_ID, CUSTOM_CLIENT_SECRET
from vendors.xero.wire import Json
from xero_hands import Hands

# For sales of which Stripe knows no name, as the mapping of the repository has it.
NAMELESS = "Stripe customers"


class SharedClock(Clock):
    """The organisation lives in the time of the connector's world."""

    def __init__(self, world: StillWorld) -> None:
        super().__init__(0)
        self.world = world

    def __call__(self) -> float:
        return float(self.world.clock.now)

    def advance(self, seconds: float) -> None:
        self.world.clock.now += int(seconds)


@dataclass(frozen=True)
class XeroWorld(StillWorld):
    """No pace makes it wait: each request comes two seconds after the other."""

    ticks: list[int] = field(default_factory=lambda: [0])

    def monotonic_ms(self) -> int:
        self.ticks[0] += 2000
        return self.ticks[0]


class XeroBooks(SmallBooks):
    """`fake` is Xero's server; `organisation` its books, `hands` somebody who works in it."""

    def __init__(self, folder: Path, **ledger: Any) -> None:
        super().__init__(folder, **ledger)
        self.world = XeroWorld()
        self.fake: FakeXero
        self.hands: Hands

    @property
    def organisation(self) -> Organisation:
        return self.fake.organisation


def custom_connection(fake: FakeXero) -> Json:
    """What the settings say of an organisation that is opened by client id and secret alone."""
    fake.oauth.custom_tenant = fake.organisation.tenant_id
    return {
        "auth": "custom_connection",
        "client_id": CUSTOM_CLIENT_ID,
        "client_secret": CUSTOM_CLIENT_SECRET,
        "base_url": fake.api_url,
        "token_url": fake.token_url,
    }


@contextmanager
def xero(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    organisation: dict[str, Any] | None = None,
    **ledger: Any,
) -> Iterator[tuple[XeroBooks, Shop]]:
    """An organisation with a chart of accounts, and a shop at Stripe that nothing was sold in yet."""
    world = XeroWorld()
    terms = {"clock": SharedClock(world), **(organisation or {})}
    with FakeXero(Organisation(**terms)) as fake:
        write(fake.organisation, "Contacts", {"Name": NAMELESS})
        settings = {"kind": "xero", "connection": custom_connection(fake), **ledger}
        made = XeroBooks.make(folder, rules, refunds, None, **settings)
        assert isinstance(made, XeroBooks)
        made.world = world
        made.fake = fake
        made.hands = Hands(fake)
        if mapping is not None:
            path = folder / "mappings" / "xero.yaml"
            path.write_text(json.dumps(mapping), encoding="utf-8")
        yield made, Shop(made.export)
