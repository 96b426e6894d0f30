"""The kinds of ledgers: what each can do, and how one is opened. A line for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.delivery.file_courier import FileCourier
from connector.delivery.push import PushLimits
from connector.ledgers.beancount import BeancountLedger
from connector.ledgers.contract import Capabilities, Courier, Ledger
from connector.ledgers.netsuite_capabilities import NETSUITE
from connector.ledgers.quickbooks_capabilities import QUICKBOOKS_ONLINE
from connector.ledgers.xero_capabilities import XERO
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.rules import Rule
from connector.settings.connections import (
    BeancountConnection,
    Connection,
    NetsuiteConnection,
    QuickbooksOnlineConnection,
    XeroConnection,
)
from connector.world import World

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlalchemy import Engine

    from connector.delivery.http_courier import CourierPlace


@dataclass(frozen=True)
class Opening:
    """What a ledger may be opened with. `start` is the first day that is synced; `token_key` looks up the key for tokens,
    where the ledger has any; `zone` is that of the books; `memory` is what its adapter wanted to be handed again."""

    name: str
    mapping: LedgerMapping
    connection: Connection
    world: World
    engine: Engine | None
    state_url: str
    token_key: Callable[[], SecretStr | None]
    start: date
    sales: str
    fees: bool
    types: frozenset[str]
    rules: tuple[Rule, ...]
    limits: PushLimits
    zone: ZoneInfo
    memory: bytes | None = None
    should_stop: Callable[[], bool] = lambda: False


Opener = Callable[[Opening], tuple[Ledger, Courier]]


def open_beancount(opening: Opening) -> tuple[Ledger, Courier]:
    assert isinstance(opening.connection, BeancountConnection)
    return BeancountLedger(opening.mapping), FileCourier(Path(opening.connection.path))


def courier_place(opening: Opening) -> CourierPlace:
    """What a courier over HTTP needs of an opening; state and key only where its ledger keeps tokens."""
    from connector.delivery.http_courier import CourierPlace, Patience
    from connector.delivery.tokens import TokenPlace

    keeps = connection_keeps_tokens(opening.connection)
    key = opening.token_key() if keeps else None
    tokens = TokenPlace(
        opening.engine if keeps else None,
        opening.state_url,
        key.get_secret_value() if key is not None else None,
        opening.world,
        opening.should_stop,
    )
    patience = Patience(opening.limits.throttle_wait_ms, opening.limits.longest_wait_s)
    return CourierPlace(opening.name, tokens, patience, opening.limits.concurrency)


def connection_keeps_tokens(connection: Connection) -> bool:
    """Whether what opens this ledger was given by a person's consent, and is kept in the state from run to run."""
    if isinstance(connection, XeroConnection):
        return connection.auth == "authorization_code"
    return isinstance(connection, QuickbooksOnlineConnection)


def open_quickbooks_online(opening: Opening) -> tuple[Ledger, Courier]:
    # Loaded here: who keeps no QuickBooks waits for none of it.
    from connector.delivery.quickbooks_online import open_quickbooks_courier
    from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger, Wants

    assert isinstance(opening.connection, QuickbooksOnlineConnection)
    courier = open_quickbooks_courier(opening.connection, courier_place(opening))
    wants = Wants(
        start=opening.start,
        sales=opening.sales,
        fees=opening.fees,
        types=opening.types,
        leaves_memos=any("credit_memo" in rule.result for rule in opening.rules),
        realm=opening.connection.realm_id,
    )
    return QuickbooksOnlineLedger(opening.mapping, wants, opening.memory), courier


def open_xero(opening: Opening) -> tuple[Ledger, Courier]:
    # Loaded here, as QuickBooks is.
    from connector.delivery.xero import open_xero_courier
    from connector.ledgers.xero import Wants, XeroLedger

    assert isinstance(opening.connection, XeroConnection)
    courier = open_xero_courier(opening.connection, courier_place(opening))
    wants = Wants(
        start=opening.start,
        sales=opening.sales,
        fees=opening.fees,
        types=opening.types,
        tenant=opening.connection.tenant_id or "",
        zone=opening.zone,
    )
    return XeroLedger(opening.mapping, wants, opening.memory), courier


def open_netsuite(opening: Opening) -> tuple[Ledger, Courier]:
    # Loaded here, as QuickBooks is.
    from connector.delivery.netsuite import open_netsuite_courier
    from connector.ledgers.netsuite import NetsuiteLedger
    from connector.ledgers.netsuite_wants import Wants

    assert isinstance(opening.connection, NetsuiteConnection)
    connection = opening.connection
    courier = open_netsuite_courier(connection, courier_place(opening))
    wants = Wants(
        start=opening.start,
        sales=opening.sales,
        fees=opening.fees,
        types=opening.types,
        account_id=connection.realm,
        subsidiary=connection.subsidiary,
        document_key_field=connection.document_key_field,
        void_restlet=connection.void_restlet_url,
        leaves_memos=any("credit_memo" in rule.result for rule in opening.rules),
        zone=opening.zone,
    )
    return NetsuiteLedger(opening.mapping, wants, opening.memory), courier


LEDGERS: dict[str, tuple[Capabilities, Opener]] = {
    "beancount": (BeancountLedger.capabilities, open_beancount),
    "quickbooks_online": (QUICKBOOKS_ONLINE, open_quickbooks_online),
    "xero": (XERO, open_xero),
    "netsuite": (NETSUITE, open_netsuite),
}
