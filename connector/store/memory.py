"""What an adapter remembers of its company from one run to the next. Losing it costs time, never truth."""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert, select

from connector.store.schema import ledger_memory

NAME = "company"


def read_memory(engine: Engine, ledger: str) -> bytes | None:
    mine = (ledger_memory.c.ledger == ledger, ledger_memory.c.name == NAME)
    with engine.connect().execution_options(reading=True) as connection:
        row = connection.execute(select(ledger_memory.c.content).where(*mine)).first()
    return bytes(row.content) if row is not None else None


def keep_memory(engine: Engine, ledger: str, content: bytes, now: int) -> None:
    """`now` is the second in which it was learned."""
    mine = (ledger_memory.c.ledger == ledger, ledger_memory.c.name == NAME)
    with engine.begin() as connection:
        connection.execute(delete(ledger_memory).where(*mine))
        connection.execute(insert(ledger_memory).values(ledger=ledger, name=NAME, content=content, at=now))
