"""What commands share: reading the setup, opening the state, holding the books, stopping gracefully."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from connector.errors import ConnectorError
from connector.world import World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connector.settings.settings import Settings
    from connector.store.lease import Lease
    from connector.workplace import Setup


def open_setup(config: Path) -> Setup:
    from connector.workplace import read_setup

    return read_setup(config, World())


@contextmanager
def open_books(
    config: Path, ready: Callable[[Setup], object] = lambda setup: None
) -> Iterator[tuple[Setup, Engine]]:
    """Settings and state, for reading; no lease. `ready` may refuse the settings before the state is opened."""
    from connector.workplace import open_state

    setup = open_setup(config)
    ready(setup)
    with open_with(setup.settings, lambda: open_state(setup)) as engine:
        yield setup, engine


@contextmanager
def open_with(settings: Settings, open_it: Callable[[], Engine]) -> Iterator[Engine]:
    """A state that is told by one sentence where it fails, and closed at the end."""
    with state_at_hand(settings):
        engine = open_it()
    try:
        with state_alive(settings):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def state_alive(settings: Settings) -> Iterator[None]:
    """A state that fails while it is in use (a full disk, a server that is gone) ends the command with one sentence."""
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    from connector.store.database import unusable

    try:
        yield
    except (DataError, IntegrityError, ProgrammingError):
        # What we asked was wrong: a fault of this program, to be told as such.
        raise
    except (DBAPIError, PoolTimeout) as error:
        raise unusable(settings.state_url, error) from error


@contextmanager
def hold_books(
    config: Path,
    wait: bool,
    ledger: str | None = None,
    stripe: bool = True,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Setup, Engine, Lease]]:
    """Settings and state, with the lease: one run at a time. `should_stop` ends the waiting, with `LeaseHeld`.

    What the run needs is looked up first: `ledger`'s connection, or all, and with `stripe` the way to its objects.
    """
    from connector.store.lease import hold_lease
    from connector.workplace import look_up, remember_mode

    spare_collector()
    with ExitStack() as stack:
        setup, engine = stack.enter_context(open_books(config, lambda setup: look_up(setup, ledger, stripe)))
        with state_at_hand(setup.settings):
            held = hold_lease(engine, setup.settings.state_url, setup.world, wait, should_stop)
            lease = stack.enter_context(held)
        if stripe:
            remember_mode(setup, engine)
        yield setup, engine, lease


@cache
def spare_collector() -> None:
    """A run makes many short-lived values and few cycles: looking for cycles rarely saves a tenth of its time.

    Once in a process: what a long-lived one has made later must stay where it can be collected.
    """
    gc.freeze()
    gc.set_threshold(400_000, 50, 50)


@contextmanager
def state_at_hand(settings: Settings) -> Iterator[None]:
    """A folder or file of the state that cannot be made or opened is told as such."""
    try:
        yield
    except OSError as error:
        path = error.filename or settings.state_file
        raise ConnectorError(
            f"the state cannot be used: {path}: {(error.strerror or str(error)).lower()}"
        ) from error


@contextmanager
def stop_flag() -> Iterator[Callable[[], bool]]:
    """True once SIGTERM or SIGINT came: work stops after the request at hand; a second signal stops at once."""
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(engine: Engine, names: Sequence[str], errors: int) -> int:
    """1 where something failed, else 3 where something is held for a person, else 0."""
    from connector.store.views import has_outcome

    if errors or has_outcome(engine, names, "failed"):
        return 1
    return 3 if has_outcome(engine, names, "held") else 0
