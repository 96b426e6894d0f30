"""From a settings file to everything a command needs: books, state, ledgers, Stripe source.

`read_setup` reads and checks files only; `open_state` and `open_desk` touch the state and the ledgers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from connector.delivery.file_courier import FileCourier
from connector.errors import InputError
from connector.ledgers.beancount import BeancountLedger
from connector.ledgers.contract import Capabilities, Company, Courier, Ledger, run_steps
from connector.planning.case import Books, LedgerPolicy
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.numbering import Templates
from connector.planning.rules import digest, ruleset_to_json
from connector.settings.connections import BeancountConnection, Connection
from connector.settings.mapping import load_mapping
from connector.settings.rules_file import load_checked_rules
from connector.settings.settings import Settings, load_settings
from connector.stripe_source.source import ExportSource, Source
from connector.world import World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.stripe_source.api import ApiSource


def open_beancount(mapping: LedgerMapping, connection: Connection) -> tuple[Ledger, Courier]:
    assert isinstance(connection, BeancountConnection)
    return BeancountLedger(mapping), FileCourier(Path(connection.path))


# One line for each ledger kind: what it can do, and how it is opened.
LEDGERS: dict[str, tuple[Capabilities, Callable[[LedgerMapping, Connection], tuple[Ledger, Courier]]]] = {
    "beancount": (BeancountLedger.capabilities, open_beancount),
}


@dataclass(frozen=True)
class LedgerSetup:
    """One enabled ledger as the files describe it; `warnings` are about its rules."""

    policy: LedgerPolicy
    settle_after_s: int
    longest_wait_s: int
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def posts_sales(self) -> bool:
        return self.policy.sales != "find"


@dataclass(frozen=True)
class Setup:
    """A settings file with its mappings and rules, read and found right."""

    settings: Settings
    world: World
    books: Books
    ledgers: Mapping[str, LedgerSetup]

    def chosen(self, name: str | None) -> list[LedgerSetup]:
        """All enabled ledgers, or the one named. `InputError` where it is unknown or disabled."""
        if name is None:
            return list(self.ledgers.values())
        if name not in self.ledgers:
            self.settings.ledger(name)
            raise InputError(f"ledger {name} is not enabled in {self.settings.path}")
        return [self.ledgers[name]]

    @property
    def decisions_file(self) -> Path:
        return self.settings.folder / "decisions.jsonl"


@dataclass(frozen=True)
class Desk:
    """A ledger that is open: what it said about itself, its adapter and its courier."""

    setup: LedgerSetup
    policy: LedgerPolicy
    ledger: Ledger
    courier: Courier
    company: Company

    @property
    def ruleset_digest(self) -> str:
        return digest(self.policy.rules, self.policy.switches)

    @property
    def ruleset(self) -> str:
        return ruleset_to_json(self.policy.rules, self.policy.switches)


def read_setup(path: Path, world: World) -> Setup:
    """Read settings, mappings and rules. Raises `InputError` with one sentence for each thing that is wrong."""
    settings = load_settings(path, world.environment)
    books = Books(
        name=settings.books,
        account=settings.stripe.account or "own",
        zone=settings.zone,
        start=int(datetime.combine(settings.stripe.start, time(), settings.zone).timestamp()),
        from_export=settings.stripe.export is not None,
        refunds_enabled=settings.refunds.enabled,
        post_when=settings.refunds.post_when,
        sale_grace_s=settings.refunds.sale_grace_s,
        credit_note_grace_s=settings.refunds.credit_note_grace_s,
        period_closed=settings.refunds.period_closed,
        failed_refund=settings.refunds.failed_refund,
        adopt=settings.refunds.adopt,
        templates=Templates(**settings.refunds.numbering.model_dump()),
        number_sources=tuple(settings.sale_number),
    )
    ledgers = {
        name: read_ledger(settings, name) for name, ledger in settings.ledgers.items() if ledger.enabled
    }
    return Setup(settings, world, books, ledgers)


def read_ledger(settings: Settings, name: str) -> LedgerSetup:
    ledger = settings.ledger(name)
    capabilities, _ = LEDGERS[ledger.kind]
    switches = ledger.refund_types.model_dump()
    mapping = load_mapping(settings.mapping_path(name), ledger.kind)
    rules, warnings = load_checked_rules(
        settings.rules_path(name), capabilities.refund_types, ledger.kind, settings.invoice_status, switches
    )
    policy = LedgerPolicy(
        name=name,
        kind=ledger.kind,
        sales=ledger.sales,
        fees=ledger.fees,
        clearing_required=ledger.clearing_check == "require",
        switches=switches,
        rules=rules,
        mapping=mapping,
        capabilities=capabilities,
    )
    settle = ledger.limits.settle_after_s
    return LedgerSetup(
        policy,
        capabilities.settle_after_s if settle is None else settle,
        ledger.limits.longest_wait_s,
        warnings,
    )


def open_state(setup: Setup) -> Engine:
    """The state of these books, made or migrated where needed."""
    from connector.store.database import open_database

    return open_database(setup.settings.state_url, setup.books.name, setup.books.account)


def open_desk(setup: Setup, ledger: LedgerSetup) -> Desk:
    """Connect to a ledger and survey it. Raises `LedgerDown` where it cannot be used now."""
    name = ledger.name
    _, opener = LEDGERS[ledger.policy.kind]
    adapter, courier = opener(ledger.policy.mapping, setup.settings.connection(name))
    company = run_steps(adapter.survey(), courier)
    company = replace(company, warnings=(*company.warnings, *late_accounts(setup, ledger, company)))
    policy = replace(
        ledger.policy,
        closed_until=company.closed_until,
        home_currency=company.home_currency,
        holds_charge_currency=company.holds_charge_currency,
        accounts=company.accounts,
        roots=company.roots,
    )
    return Desk(ledger, policy, adapter, courier, company)


def late_accounts(setup: Setup, ledger: LedgerSetup, company: Company) -> list[str]:
    """Mapped accounts that take nothing of the first days that are synced."""
    start = setup.books.day(setup.books.start)
    mapped = set(ledger.policy.mapping.accounts())
    return [
        f"account {name} is open from {span.opened} only: documents of earlier days are held"
        for name, span in company.accounts.items()
        if name in mapped and span.opened > start
    ]


def open_source(setup: Setup) -> Source:
    """The export folder, else the Stripe API."""
    folder = setup.settings.export_folder
    return ExportSource(folder) if folder is not None else open_api(setup)


def open_api(setup: Setup) -> ApiSource:
    """The Stripe API, asked no faster than it allows."""
    from connector.pace import Pace
    from connector.stripe_source.api import EACH_PER_S, ApiSource, requests_per_s

    key, world = setup.settings.stripe_api_key(), setup.world
    return ApiSource(
        api_key=key,
        base_url=setup.settings.stripe_base_url(),
        account=setup.settings.stripe.account,
        start=setup.books.start,
        sleep=world.sleep,
        pace=Pace(requests_per_s(key), EACH_PER_S, world.monotonic_ms, world.sleep).wait,
    )
