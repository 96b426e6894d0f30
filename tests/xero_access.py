"""A courier and its tokens against the stand-in for Xero, on one clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from quickbooks_access import KEY, VendorWorld
from sqlalchemy import Engine
from vendors.quickbooks.clock import Clock
from vendors.xero import TENANT, FakeXero, Organisation
from vendors.xero.oauth import (
    CLIENT_ID,
    CLIENT_SECRET,
    CUSTOM_CLIENT_ID,
    CUSTOM_CLIENT_SECRET,
    PKCE_CLIENT_ID,
    TOKEN_PATH,
)

from connector.delivery.http_courier import CourierPlace, HttpCourier, Patience
from connector.delivery.tokens import TokenPlace, Tokens
from connector.delivery.xero import open_xero_courier, open_xero_tokens
from connector.ledgers.contract import Request
from connector.settings.connections import XeroConnection

MARCH = 1772798400.0
OTHER_TENANT = "e2c1a0d4-5a5e-4d0b-9c77-2b8d6b6f0c11"

READ = Request("GET", "/Organisation")
BODY = b'{"Contacts": [{"Name":"Ada Lovelace"},  {"Name":"Grace Hopper"}]}'
JSON_BODY = (("Content-Type", "application/json"),)
WRITE = Request("PUT", "/Contacts", BODY, (*JSON_BODY, ("Idempotency-Key", "k-1")), ("K1",))

APPS: dict[str, dict[str, Any]] = {
    "with a secret": {"auth": "authorization_code", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    "without a secret": {"auth": "authorization_code", "client_id": PKCE_CLIENT_ID},
    "custom": {
        "auth": "custom_connection",
        "client_id": CUSTOM_CLIENT_ID,
        "client_secret": CUSTOM_CLIENT_SECRET,
    },
}


def make_fake() -> FakeXero:
    """Two organisations that a consent opens, and one custom connection to the first."""
    first = Organisation(clock=Clock(MARCH))
    fake = FakeXero(first, Organisation(OTHER_TENANT, "Acme Far East", clock=first.clock))
    fake.oauth.custom_tenant = TENANT
    return fake


def batch(number: int, documents: int = 50) -> Request:
    """A write of many documents, each of them with something to be recognised by."""
    contacts = [{"Name": f"Customer {number}-{place}"} for place in range(documents)]
    body = json.dumps({"Contacts": contacts}).encode()
    headers = (*JSON_BODY, ("Idempotency-Key", f"k-{number}"))
    return Request("PUT", "/Contacts?summarizeErrors=false", body, headers, (f"K{number}",))


@dataclass
class XeroAccess:
    """What opens couriers and tokens of one ledger; each opening is as of another process."""

    fake: FakeXero
    engine: Engine | None
    state_url: str
    app: str = "with a secret"
    first: str | None = None
    tenant: str | None = TENANT
    key: str | None = KEY
    secret: str | None = None
    should_stop: Callable[[], bool] = lambda: False
    world: VendorWorld = field(init=False)

    def __post_init__(self) -> None:
        clock = self.fake.organisation.clock
        assert isinstance(clock, Clock)
        self.clock = clock
        self.world = VendorWorld(vendor=clock)

    def connect(self, scopes: str | None = None) -> XeroAccess:
        """As after a person's consent: the settings hold the first refresh token."""
        client = APPS[self.app]["client_id"]
        given = self.fake.oauth.grant(client=client, **({} if scopes is None else {"scopes": scopes}))
        self.first = given.refresh
        return self

    @property
    def connection(self) -> XeroConnection:
        told = {
            **APPS[self.app],
            "tenant_id": self.tenant,
            "refresh_token": self.first,
            "base_url": self.fake.api_url,
            "token_url": self.fake.token_url,
        }
        return XeroConnection.model_validate(
            told if self.secret is None else told | {"client_secret": self.secret}
        )

    def place(self) -> TokenPlace:
        return TokenPlace(self.engine, self.state_url, self.key, self.world, self.should_stop)

    def tokens(self) -> Tokens:
        tokens = open_xero_tokens(self.connection, "main", self.place())
        tokens.load()
        return tokens

    def courier(self, throttle_wait_s: int = 5, longest_wait_s: int = 90) -> HttpCourier:
        place = CourierPlace("main", self.place(), Patience(throttle_wait_s * 1000, longest_wait_s))
        return open_xero_courier(self.connection, place)

    @property
    def token_requests(self) -> int:
        return sum(one.asked.path == TOKEN_PATH for one in self.fake.requests)
