"""Settings, a state and a shop at Stripe beside a QuickBooks company on 127.0.0.1, and passes over them in this process."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from quickbooks_hands import Hands
from small_books import SmallBooks, StillWorld
from small_shop import Shop
from vendors.quickbooks import Company, FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.oauth import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
INCOME, SERVICES = "Sales of Product Income", "Services"


class SharedClock(Clock):
    """The company lives in the time of the connector's world."""

    def __init__(self, world: StillWorld) -> None:
        super().__init__(0)
        self.world = world

    def __call__(self) -> float:
        return float(self.world.clock.now)

    def advance(self, seconds: float) -> None:
        self.world.clock.now += int(seconds)


@dataclass(frozen=True)
class QuickWorld(StillWorld):
    """No pace makes it wait: each request comes a second after the other."""

    ticks: list[int] = field(default_factory=lambda: [0])

    def monotonic_ms(self) -> int:
        self.ticks[0] += 1000
        return self.ticks[0]


class QuickBooksBooks(SmallBooks):
    """`fake` is the company's server; `company` its books, `hands` somebody who works in it."""

    def __init__(self, folder: Path, **ledger: Any) -> None:
        super().__init__(folder, **ledger)
        self.world = QuickWorld(environment={"CONNECTOR_KEY": KEY})
        self.fake: FakeQuickBooks
        self.hands: Hands

    @property
    def company(self) -> Company:
        return self.fake.company

    def retry(self, key: str) -> None:
        with patch.dict(os.environ, CONNECTOR_KEY=KEY):
            super().retry(key)

    def books_of(self, name: str) -> Json:
        return self.company.account(name)


@contextmanager
def quickbooks(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    company: dict[str, Any] | None = None,
    **ledger: Any,
) -> Iterator[tuple[QuickBooksBooks, Shop]]:
    """A company with items, and a shop at Stripe that nothing was sold in yet."""
    world = QuickWorld(environment={"CONNECTOR_KEY": KEY})
    settings = {"clock": SharedClock(world), **(company or {})}
    with FakeQuickBooks(Company(**settings)) as fake:
        stock_company(fake.company)
        grant = fake.oauth.grant()
        connection = {
            "realm_id": fake.company.realm,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": grant.refresh,
            "base_url": fake.base_url,
            "token_url": f"{fake.base_url}{TOKEN_PATH}",
        }
        settings = {"kind": "quickbooks_online", "connection": connection, **ledger}
        made = QuickBooksBooks.make(folder, rules, refunds, None, **settings)
        assert isinstance(made, QuickBooksBooks)
        made.world = world
        made.fake = fake
        made.hands = Hands(fake)
        if mapping is not None:
            path = folder / "mappings" / "quickbooks_online.yaml"
            path.write_text(json.dumps(mapping), encoding="utf-8")
        yield made, Shop(made.export)


def stock_company(company: Company) -> None:
    """Items of both income accounts, one for refunds, and a customer for sales without a name."""
    for name, income, taxable in (
        ("Services", SERVICES, True),
        ("Refunds", INCOME, True),
        ("Widget", INCOME, True),
    ):
        account = {"value": company.account(income)["Id"]}
        item = {"Name": name, "Type": "Service", "IncomeAccountRef": account, "Taxable": taxable}
        write(company, "Item", item)
    write(company, "Customer", {"DisplayName": "Stripe customers"})
