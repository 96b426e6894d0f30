"""A ledger that wants to be left alone for longer than a run may wait is not asked until then.

Its courier hears it (`retry_at`), the state keeps it, and every run until then leaves the ledger out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import Engine

from connector.errors import LedgerDown
from connector.ledgers.contract import Courier
from connector.store.parking import park, parked_ledgers
from connector.world import World

THROTTLED = "throttled"


@dataclass(frozen=True)
class ParkingPlace:
    """Where it is kept of one ledger, and how a time is told: in the zone of the books. Without a state (`engine` None)
    nothing is kept."""

    name: str
    engine: Engine | None
    zone: tzinfo
    world: World

    def sentence(self, until: int) -> str:
        """Rounded up to a minute: a run at the minute that is told is in time."""
        when = datetime.fromtimestamp(-(-until // 60) * 60, self.zone)
        return (
            f"the ledger takes no more requests until {when:%Y-%m-%d %H:%M %Z}; the first run after that goes on"
            f" (`connector check` asks at any time)"
        )

    def refuse_while_parked(self) -> None:
        """Raises `LedgerDown` before anything is asked; a time that is over is forgotten."""
        until = parked_ledgers(self.engine).get(self.name) if self.engine is not None else None
        if until is None:
            return
        if self.world.now() < until:
            raise LedgerDown(self.sentence(until), THROTTLED)
        self.free()

    def free(self) -> None:
        """The ledger answers."""
        if self.engine is not None and self.name in parked_ledgers(self.engine):
            park(self.engine, self.name, None)

    def told_by(self, courier: Courier) -> int | None:
        """Until when the ledger told this courier to ask nothing more; None where it did not, or that is over."""
        until: int | None = getattr(courier, "retry_at", None)
        return until if until is not None and self.world.now() < until else None

    @contextmanager
    def heeding(self, courier: Courier) -> Iterator[None]:
        """Keeps what the courier is told within the block; a `LedgerDown` for that reason says until when."""
        try:
            yield
        except LedgerDown as error:
            until = self.told_by(courier)
            if until is None or error.code != THROTTLED:
                raise
            raise LedgerDown(self.sentence(until), THROTTLED) from error
        finally:
            until = self.told_by(courier)
            if until is not None and self.engine is not None:
                park(self.engine, self.name, until)
