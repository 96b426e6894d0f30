"""A courier and its tokens against the stand-in for QuickBooks Online, on one clock; programs that run in other processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_world import FakeWorld
from pydantic import SecretStr
from sqlalchemy import Engine
from vendors.quickbooks import REALM, FakeQuickBooks
from vendors.quickbooks import clock as vendor_clock
from vendors.quickbooks.oauth import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH

from connector.delivery.http_courier import CourierPlace, HttpCourier, Patience
from connector.delivery.quickbooks_online import open_quickbooks_courier, open_quickbooks_tokens
from connector.delivery.tokens import TokenPlace, Tokens
from connector.ledgers.contract import Request
from connector.settings.connections import QuickbooksOnlineConnection

MARCH = 1772798400.0
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
OTHER_KEY = "MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ROOT = Path(__file__).parent.parent

READ = Request("GET", "/query?query=select%20%2A%20from%20Customer")
INVOICE = (
    b'{"CustomerRef": {"value": "1"}, "TxnDate":"2026-03-05",  "Line":[{"Amount":10.10,'
    b'"DetailType":"SalesItemLineDetail","SalesItemLineDetail":{"ItemRef":{"value":"1"}}}]}'
)
WRITE = Request("POST", "/invoice?requestid=r-1", INVOICE, (("Content-Type", "application/json"),), ("K1",))


@dataclass(frozen=True)
class VendorWorld(FakeWorld):
    """On the stand-in's clock, which sleeping moves on; `slept` are the seconds of each sleep."""

    vendor: vendor_clock.Clock = field(default_factory=vendor_clock.Clock)
    slept: list[float] = field(default_factory=list)

    def now(self) -> int:
        return int(self.vendor())

    def monotonic_ms(self) -> int:
        return int(self.vendor() * 1000)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.vendor.advance(seconds)
        self.on_sleep()


def connection_to(fake: FakeQuickBooks, first: str | None) -> QuickbooksOnlineConnection:
    return QuickbooksOnlineConnection(
        realm_id=REALM,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        refresh_token=None if first is None else SecretStr(first),
        base_url=fake.base_url,
        token_url=fake.base_url + TOKEN_PATH,
    )


@dataclass
class Access:
    """What opens couriers and tokens of one ledger; each opening is as of another process."""

    fake: FakeQuickBooks
    engine: Engine
    state_url: str
    first: str | None
    ledger: str = "main"
    key: str | None = KEY
    should_stop: Callable[[], bool] = lambda: False
    world: VendorWorld = field(init=False)

    def __post_init__(self) -> None:
        self.world = VendorWorld(vendor=self.fake.company.clock)

    def place(self) -> TokenPlace:
        return TokenPlace(self.engine, self.state_url, self.key, self.world, self.should_stop)

    def tokens(self) -> Tokens:
        tokens = open_quickbooks_tokens(connection_to(self.fake, self.first), self.ledger, self.place())
        tokens.load()
        return tokens

    def courier(self, throttle_wait_s: int = 60, longest_wait_s: int = 90) -> HttpCourier:
        place = CourierPlace(self.ledger, self.place(), Patience(throttle_wait_s * 1000, longest_wait_s))
        return open_quickbooks_courier(connection_to(self.fake, self.first), place)

    @property
    def refreshes(self) -> int:
        return sum(one.asked.path == TOKEN_PATH for one in self.fake.requests)


PROGRAM = """
import json, sys
told = json.loads(sys.argv[1])
from pydantic import SecretStr
from connector.delivery.http_courier import CourierPlace, HttpCourier, Patience
from connector.delivery.quickbooks_online import open_quickbooks_courier
from connector.delivery.tokens import TokenPlace
from connector.ledgers.contract import Request
from connector.settings.connections import QuickbooksOnlineConnection
from connector.store.database import open_database
from connector.world import World
exec(told["before"])
engine = open_database(told["state"], "acme", "own")
connection = QuickbooksOnlineConnection.model_validate(told["connection"])
place = CourierPlace("main", TokenPlace(engine, told["state"], told["key"], World()), Patience(60_000, 90))
courier = open_quickbooks_courier(connection, place)
print("ready", flush=True)
sys.stdin.readline()
answer = courier.carry(Request("GET", "/preferences"))
print(json.dumps([answer.status, answer.sentence]), flush=True)
"""


class Program:
    """A run in a process of its own that asks one question, once it is let go; `before` is done first."""

    def __init__(self, access: Access, before: str = "") -> None:
        connection = connection_to(access.fake, access.first).model_dump()
        for name in ("client_secret", "refresh_token"):
            secret = connection[name]
            connection[name] = secret.get_secret_value() if secret is not None else None
        told = {"state": access.state_url, "connection": connection, "key": access.key, "before": before}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, Any]:
        """Exit code, and status and sentence of the answer, or None where it did not live to tell."""
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, json.loads(out) if out else None
