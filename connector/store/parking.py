"""Until when a ledger wants to be asked nothing more: a vendor that counts by the day says so.

It is written by whoever is told so, with or without the lease: it is the ledger's own word, whichever run hears it.
Each function is one transaction; times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select, update

from connector.store.schema import ledger


def parked_ledgers(engine: Engine) -> Mapping[str, int]:
    """Ledger → until when; a time that is over may still stand there."""
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(
            select(ledger.c.name, ledger.c.parked_until).where(ledger.c.parked_until.is_not(None))
        )
        return {row.name: int(row.parked_until) for row in rows}


def park(engine: Engine, name: str, until: int | None) -> None:
    """Remember until when; None: it may be asked."""
    with engine.begin() as connection:
        connection.execute(update(ledger).where(ledger.c.name == name).values(parked_until=until))
