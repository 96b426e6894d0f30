"""The kinds of ledgers: what each can do, and how one is opened. A line for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from connector.delivery.file_courier import FileCourier
from connector.delivery.push import PushLimits
from connector.ledgers.beancount import BeancountLedger
from connector.ledgers.contract import Capabilities, Courier, Ledger
from connector.ledgers.quickbooks_capabilities import QUICKBOOKS_ONLINE
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.rules import Rule
from connector.settings.connections import BeancountConnection, Connection, QuickbooksOnlineConnection
from connector.world import World

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlalchemy import Engine


@dataclass(frozen=True)
class Opening:
    """What a ledger may be opened with. `start` is the first day that is synced; `token_key` looks up the key for tokens,
    where the ledger has any; `memory` is what its adapter wanted to be handed again."""

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
    memory: bytes | None = None
    should_stop: Callable[[], bool] = lambda: False


Opener = Callable[[Opening], tuple[Ledger, Courier]]


def open_beancount(opening: Opening) -> tuple[Ledger, Courier]:
    assert isinstance(opening.connection, BeancountConnection)
    return BeancountLedger(opening.mapping), FileCourier(Path(opening.connection.path))


def open_quickbooks_online(opening: Opening) -> tuple[Ledger, Courier]:
    # Loaded here: who keeps no QuickBooks waits for none of it.
    from connector.delivery.http_courier import Patience
    from connector.delivery.quickbooks_online import CourierPlace, open_quickbooks_courier
    from connector.delivery.tokens import TokenPlace
    from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger, Wants

    assert isinstance(opening.connection, QuickbooksOnlineConnection)
    assert opening.engine is not None, "tokens are kept in the state"
    limits = opening.limits
    key = opening.token_key()
    tokens = TokenPlace(
        opening.engine,
        opening.state_url,
        key.get_secret_value() if key is not None else None,
        opening.world,
        opening.should_stop,
    )
    patience = Patience(limits.throttle_wait_s, limits.longest_wait_s)
    courier = open_quickbooks_courier(opening.connection, CourierPlace(opening.name, tokens, patience))
    wants = Wants(
        start=opening.start,
        sales=opening.sales,
        fees=opening.fees,
        types=opening.types,
        leaves_memos=any("credit_memo" in rule.result for rule in opening.rules),
        realm=opening.connection.realm_id,
    )
    return QuickbooksOnlineLedger(opening.mapping, wants, opening.memory), courier


LEDGERS: dict[str, tuple[Capabilities, Opener]] = {
    "beancount": (BeancountLedger.capabilities, open_beancount),
    "quickbooks_online": (QUICKBOOKS_ONLINE, open_quickbooks_online),
}
