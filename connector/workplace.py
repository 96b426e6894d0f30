"""From a settings file to everything a command needs: books, state, ledgers, Stripe source.

`read_setup` reads and checks files only; `open_state` and `open_desk` touch the state and the ledgers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from connector.delivery.push import PushLimits
from connector.errors import InputError
from connector.ledger_kinds import LEDGERS, Opening
from connector.ledgers.contract import Capabilities, Company, Courier, Ledger, run_steps
from connector.planning.accounts import unmapped_accounts
from connector.planning.case import Books, LedgerPolicy
from connector.planning.numbering import Templates
from connector.planning.rules import digest, ruleset_to_json
from connector.settings.mapping import load_mapping
from connector.settings.references import is_off
from connector.settings.rules_file import load_checked_rules
from connector.settings.sections import Limits
from connector.settings.settings import Settings, load_settings
from connector.settings.values import has_reference
from connector.settings.yaml_lines import load_yaml
from connector.stripe_source.api_key import EACH_PER_S, is_live, requests_per_s
from connector.stripe_source.source import ExportSource, Source
from connector.world import World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.delivery.parked import ParkingPlace
    from connector.settings.connections import Connection
    from connector.stripe_source.api import ApiSource


@dataclass(frozen=True)
class LedgerSetup:
    """One enabled ledger as the files describe it; `warnings` are about its rules and its mapping."""

    policy: LedgerPolicy
    limits: PushLimits
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
    wrong: list[str] = []
    with noting(wrong):
        settings = load_settings(path, world.environment)
    if wrong:
        raise all_of([*wrong, *wrong_files(path)])
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
    ledgers = {}
    for name, ledger in settings.ledgers.items():
        if ledger.enabled:
            with noting(wrong):
                ledgers[name] = read_ledger(settings, name)
    if wrong:
        raise all_of(wrong)
    return Setup(settings, world, books, ledgers)


@contextmanager
def noting(wrong: list[str]) -> Iterator[None]:
    """Mistakes join `wrong`, a sentence each, so that the next file is looked at too."""
    try:
        yield
    except InputError as error:
        wrong.extend(str(error).split("\n"))


def all_of(wrong: Sequence[str]) -> InputError:
    return InputError("\n".join(dict.fromkeys(wrong)))


def wrong_files(path: Path) -> list[str]:
    """What is wrong with the mappings and rules that a settings file names, itself being wrong somewhere."""
    wrong: list[str] = []
    try:
        data = load_yaml(path).data
    except InputError:
        return []
    folder = path.absolute().parent / named_file(data.get("mappings"), "mappings")
    ledgers = data.get("ledgers")
    for ledger in ledgers.values() if isinstance(ledgers, dict) else ():
        kind = ledger.get("kind") if isinstance(ledger, dict) else None
        if kind not in LEDGERS or is_off(ledger):
            continue
        with noting(wrong):
            load_mapping(folder / named_file(ledger.get("mapping"), f"{kind}.yaml"), kind)
        with noting(wrong):
            can = LEDGERS[kind][0].refund_types
            rules = folder / named_file(ledger.get("rules"), "refund_rules.yaml")
            load_checked_rules(rules, can, kind, "refunded")
    return wrong


def named_file(value: object, default: str) -> str:
    return value if isinstance(value, str) and not has_reference(value) else default


def read_ledger(settings: Settings, name: str) -> LedgerSetup:
    ledger = settings.ledger(name)
    capabilities, _ = LEDGERS[ledger.kind]
    switches = ledger.refund_types.model_dump()
    wrong: list[str] = []
    with noting(wrong):
        settings.check_connection(name)
    with noting(wrong):
        mapping = load_mapping(at_hand(settings, name, "mapping", settings.mapping_path(name)), ledger.kind)
    with noting(wrong):
        path = at_hand(settings, name, "rules", settings.rules_path(name))
        rules, warnings = load_checked_rules(
            path, capabilities.refund_types, ledger.kind, settings.invoice_status, switches
        )
    if wrong:
        raise all_of(wrong)
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
    return LedgerSetup(
        policy, push_limits(capabilities, ledger.limits), (*warnings, *unmapped_accounts(policy))
    )


def push_limits(capabilities: Capabilities, limits: Limits) -> PushLimits:
    """The limits of the settings; what they leave out is the ledger's own."""
    shows_all_after_s = capabilities.shows_all_after_s
    return PushLimits(
        settle_after_s=chosen(limits.settle_after_s, capabilities.settle_after_s),
        shows_all_after_s=chosen(
            limits.settle_after_s,
            capabilities.settle_after_s if shows_all_after_s is None else shows_all_after_s,
        ),
        throttle_wait_ms=chosen(in_ms(limits.throttle_wait_s), capabilities.throttle_wait_ms),
        longest_wait_s=limits.longest_wait_s,
        concurrency=chosen(limits.concurrency, capabilities.concurrency),
    )


def in_ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def chosen(setting: int | None, default: int) -> int:
    return default if setting is None else setting


def at_hand(settings: Settings, name: str, key: str, path: Path) -> Path:
    """A mapping or rules file; `InputError` at the place in the settings that names it where it is not there."""
    if not path.exists():
        raise settings.error(("ledgers", name, key), f"there is no file {path}")
    return path


def look_up(setup: Setup, ledger: str | None, stripe: bool) -> None:
    """Look up what a run over these ledgers will use, so that a mistake in it ends the run before it wrote anything."""
    for one in setup.chosen(ledger):
        setup.settings.connection(one.name)
    if stripe and export_folder(setup) is None:
        setup.settings.stripe_api_key()
        setup.settings.stripe_base_url()


def remember_mode(setup: Setup, engine: Engine) -> None:
    """A state is of a sandbox or of the live account: its cursors would pass over everything in the other."""
    if export_folder(setup) is None:
        from connector.store.database import remember_names

        mode = "live" if is_live(setup.settings.stripe_api_key()) else "test"
        remember_names(engine, setup.settings.state_url, {"Stripe mode": mode})


def export_folder(setup: Setup) -> Path | None:
    """The folder of exported objects; None where the API is read."""
    folder = setup.settings.export_folder
    if folder is not None and not folder.is_dir():
        what = f"{folder} is a file, not a folder" if folder.exists() else f"there is no folder {folder}"
        raise setup.settings.error(("stripe", "export"), what)
    return folder


def open_state(setup: Setup) -> Engine:
    """The state of these books, made or migrated where needed."""
    from connector.store.database import open_database

    return open_database(setup.settings.state_url, setup.books.name, setup.books.account)


def open_desk(
    setup: Setup,
    ledger: LedgerSetup,
    engine: Engine | None,
    should_stop: Callable[[], bool] = lambda: False,
    afresh: bool = False,
) -> Desk:
    """Connect to a ledger and survey it. Raises `LedgerDown` where it cannot be used now, or wants to be left alone. With
    `afresh` it is asked all the same, and for all that a run would remember. `engine` may be None where the ledger keeps
    no tokens."""
    policy = ledger.policy
    parking = parking_of(setup, ledger.name, engine)
    if not afresh:
        parking.refuse_while_parked()
    named = company_id(setup.settings.connection(ledger.name))
    remember_company(setup, engine, f"company of ledger {ledger.name}", named)
    opening = opening_of(setup, ledger, engine, should_stop)
    adapter, courier = LEDGERS[policy.kind][1](replace(opening, memory=None) if afresh else opening)
    with parking.heeding(courier):
        company = run_steps(adapter.survey(), courier)
    # The same client id may come to open another one, and settings that named none may have another id in them.
    remember_company(setup, engine, f"organisation of ledger {ledger.name}", company.company_id)
    if afresh:
        parking.free()
    warned: Sequence[str] = getattr(courier, "warnings", tuple)()
    company = replace(company, warnings=(*company.warnings, *warned, *late_accounts(setup, ledger, company)))
    policy = replace(
        ledger.policy,
        closed_until=company.closed_until,
        home_currency=company.home_currency,
        holds_charge_currency=company.holds_charge_currency,
        accounts=company.accounts,
        roots=company.roots,
        item_accounts=company.item_accounts,
        takes_tax=company.takes_tax,
        needs_tax_code=company.needs_tax_code,
        tax_faults=company.tax_faults,
    )
    return Desk(ledger, policy, adapter, courier, company)


def parking_of(setup: Setup, name: str, engine: Engine | None) -> ParkingPlace:
    """What is known of how long a ledger wants to be left alone."""
    # Loaded here: what only looks at files needs no database.
    from connector.delivery.parked import ParkingPlace

    return ParkingPlace(name, engine, setup.books.zone, setup.world)


def company_id(connection: Connection) -> str | None:
    """Which company, organisation or account the settings name, where they name one: of another nothing is known."""
    names = (getattr(connection, name, None) for name in ("realm_id", "tenant_id", "realm"))
    return next((name for name in names if name), None)


def remember_company(setup: Setup, engine: Engine | None, what: str, company: str | None) -> None:
    """A state is one company's: of another it is not known what stands in its books. Raises `InputError`."""
    if company is not None and engine is not None:
        from connector.store.database import remember_names

        remember_names(engine, setup.settings.state_url, {what: company})


def opening_of(
    setup: Setup, ledger: LedgerSetup, engine: Engine | None, should_stop: Callable[[], bool]
) -> Opening:
    from connector.store.memory import read_memory

    policy, settings = ledger.policy, setup.settings
    return Opening(
        name=ledger.name,
        mapping=policy.mapping,
        connection=settings.connection(ledger.name),
        world=setup.world,
        engine=engine,
        state_url=settings.state_url,
        token_key=settings.token_key,
        start=setup.books.day(setup.books.start),
        sales=policy.sales,
        fees=policy.fees,
        types=frozenset(kind for kind, on in policy.switches.items() if on),
        rules=policy.rules,
        limits=ledger.limits,
        zone=settings.zone,
        memory=read_memory(engine, ledger.name) if engine is not None else None,
        should_stop=should_stop,
    )


def late_accounts(setup: Setup, ledger: LedgerSetup, company: Company) -> list[str]:
    """Mapped accounts that take nothing of the first days that are synced."""
    start = setup.books.day(setup.books.start)
    mapped = set(ledger.policy.mapping.accounts())
    return [
        f"account {name} is open from {span.opened} only: documents of earlier days are held"
        for name, span in company.accounts.items()
        if name in mapped and span.opened > start
    ]


def open_source(setup: Setup, should_stop: Callable[[], bool]) -> Source:
    """The export folder, else the Stripe API."""
    folder = export_folder(setup)
    return ExportSource(folder) if folder is not None else open_api(setup, should_stop)


def open_api(setup: Setup, should_stop: Callable[[], bool] = lambda: False) -> ApiSource:
    """The Stripe API, asked no faster than it allows, and nothing more once `should_stop`."""
    from connector.pace import Pace
    from connector.stripe_source.api import ApiSource

    key, world = setup.settings.stripe_api_key(), setup.world
    return ApiSource(
        api_key=key,
        base_url=setup.settings.stripe_base_url(),
        account=setup.settings.stripe.account,
        start=setup.books.start,
        sleep=world.sleep,
        pace=Pace(requests_per_s(key), EACH_PER_S, world.monotonic_ms, world.sleep).wait,
        should_stop=should_stop,
    )
