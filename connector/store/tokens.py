"""The tokens of a ledger in the state: a text that only `delivery.token_safe` can read. Each function is one transaction.

Who writes holds the ledger's token lock, not the lease: tokens are renewed by every run, and by a person who connects.
"""

from __future__ import annotations

from sqlalchemy import Engine, select, update

from connector.store.schema import token


def read_token(engine: Engine, ledger: str) -> bytes | None:
    with engine.connect().execution_options(reading=True) as connection:
        content = connection.execute(select(token.c.content).where(token.c.ledger == ledger)).scalar()
    return None if content is None else bytes(content)


def write_token(engine: Engine, ledger: str, content: bytes, now: int) -> None:
    """Committed when this returns; `now` in seconds."""
    with engine.begin() as connection:
        values = {"content": content, "updated": now}
        done = connection.execute(update(token).where(token.c.ledger == ledger).values(**values))
        if done.rowcount == 0:
            connection.execute(token.insert().values(ledger=ledger, **values))


def try_to_write(engine: Engine, ledger: str) -> None:
    """Raises what `write_token` would, and changes nothing."""
    with engine.begin() as connection:
        connection.execute(update(token).where(token.c.ledger == ledger).values(updated=token.c.updated))
