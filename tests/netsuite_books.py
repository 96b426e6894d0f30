"""Settings, a state and a shop at Stripe beside a NetSuite account on 127.0.0.1, and passes over them in this process.

The account has subsidiaries and SuiteTax, unless its moods say otherwise; the connector comes in by a signed statement or
by signed requests, and keeps no token of either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ledger_desk import mapping_of
from small_books import SmallBooks, StillWorld
from small_shop import Shop
from vendors.netsuite import Account, FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.oauth import Gate
from vendors.netsuite.wire import Json
from vendors.quickbooks.clock import Clock

# For sales of which Stripe knows no name, as the mapping of the repository has it.
NAMELESS = "Stripe customers"
HOME = "Acme Inc"
TAX_CODE = "Sales Tax"
Auth = Literal["oauth2", "tba"]


class SharedClock(Clock):
    """The account lives in the time of the connector's world."""

    def __init__(self, world: StillWorld) -> None:
        super().__init__(0)
        self.world = world

    def __call__(self) -> float:
        return float(self.world.clock.now)

    def advance(self, seconds: float) -> None:
        self.world.clock.now += int(seconds)


@dataclass(frozen=True)
class NetsuiteWorld(StillWorld):
    """No pace makes it wait: each request comes a second after the other."""

    ticks: list[int] = field(default_factory=lambda: [0])

    def monotonic_ms(self) -> int:
        self.ticks[0] += 1000
        return self.ticks[0]


class NetsuiteBooks(SmallBooks):
    """`fake` is NetSuite's server, `account` its books, `gate` who is let in."""

    def __init__(self, folder: Path, **ledger: Any) -> None:
        super().__init__(folder, **ledger)
        self.world = NetsuiteWorld()
        self.fake: FakeNetsuite

    @property
    def account(self) -> Account:
        return self.fake.account

    @property
    def gate(self) -> Gate:
        assert isinstance(self.fake.gate, Gate)
        return self.fake.gate


def open_account(world: StillWorld, **terms: Any) -> FakeNetsuite:
    """A server for an account with a chart, and a customer for sales without a name; it lets in who proves it."""
    account = Account(**{"clock": SharedClock(world), **terms})
    seed.customer(account, NAMELESS)
    return FakeNetsuite(account, Gate(account.account_id, account.clock))


def connection_of(fake: FakeNetsuite, auth: Auth = "oauth2", **more: Any) -> Json:
    """What the settings say of the account of a server that runs."""
    assert isinstance(fake.gate, Gate)
    told: Json = {
        **fake.gate.settings(auth),
        "base_url": fake.base_url,
        "token_url": fake.token_url,
        "void_restlet_url": fake.restlet_url,
    }
    if fake.account.moods.one_world:
        told["subsidiary"] = HOME
    return {name: value for name, value in {**told, **more}.items() if value is not None}


@contextmanager
def netsuite(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    account: dict[str, Any] | None = None,
    connection: dict[str, Any] | None = None,
    **ledger: Any,
) -> Iterator[tuple[NetsuiteBooks, Shop]]:
    """An account with a chart of accounts, and a shop at Stripe that nothing was sold in yet.

    `account` are terms of the account, `connection` what of the settings to reach it is otherwise; None: what is left out
    of them. The mapping is that of the repository, with a code for the taxes of sales that are posted, unless told.
    """
    world = NetsuiteWorld()
    with open_account(world, **(account or {})) as fake:
        told = connection_of(fake, **(connection or {}))
        made = NetsuiteBooks.make(
            folder, rules, refunds, None, **{"kind": "netsuite", "connection": told, **ledger}
        )
        assert isinstance(made, NetsuiteBooks)
        made.world = world
        made.fake = fake
        taxed = mapping_of("netsuite", taxes={"default": TAX_CODE})
        path = folder / "mappings" / "netsuite.yaml"
        path.write_text(json.dumps(taxed if mapping is None else mapping), encoding="utf-8")
        yield made, Shop(made.export)
