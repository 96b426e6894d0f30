"""What may have changed at Stripe and waits to be read afresh, as rows of `stripe_change`.

Whoever notes a change needs no lease: a note is a hint, and one too many costs a read. `noted` is a second that
moves with every note of an object, even within one second: who read a row, then the object, and deletes the row
only where `noted` is still the same loses no later note.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connector.errors import ConnectorError
from connector.store.database import first_line
from connector.store.schema import stripe_change
from connector.stripe_source.changes import Change


class NotStored(ConnectorError):
    """The state is locked or away for longer than Stripe should wait; it sends the event again."""

    code = "state"


def limit_patience(engine: Engine, patience_ms: int) -> None:
    """From now on, connections of this engine give up a lock after so long, instead of the half minute of a run."""
    if engine.dialect.name == "sqlite":
        statement = f"PRAGMA busy_timeout={patience_ms}"
    else:
        statement = f"SET lock_timeout = {patience_ms}; SET statement_timeout = {patience_ms}"

    def set_patience(dbapi_connection: Any, record: Any, proxy: Any) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute(statement)
        cursor.close()
        # PostgreSQL forgets a setting with the transaction in which it was made, unless that commits.
        dbapi_connection.commit()

    event.listen(engine, "checkout", set_patience)


def note_changes(connection: Connection, changes: Iterable[Change], now: int) -> None:
    """Note each object, in the caller's transaction; one that is noted already is noted anew."""
    rows = [
        {"object_id": one.object_id, "kind": one.kind, "noted": now}
        # In one order: two transactions that note the same objects wait for each other, never both.
        for one in sorted(set(changes), key=lambda one: one.object_id)
    ]
    if not rows:
        return
    noted = stripe_change.c.noted
    if connection.dialect.name == "sqlite":
        lite = sqlite.insert(stripe_change)
        later = {"kind": lite.excluded.kind, "noted": func.max(lite.excluded.noted, noted + 1)}
        connection.execute(lite.on_conflict_do_update(index_elements=["object_id"], set_=later), rows)
        return
    post = postgresql.insert(stripe_change)
    later = {"kind": post.excluded.kind, "noted": func.greatest(post.excluded.noted, noted + 1)}
    connection.execute(post.on_conflict_do_update(index_elements=["object_id"], set_=later), rows)


def keep_changes(engine: Engine, changes: Iterable[Change], now: int) -> None:
    """Note in one short transaction of its own. Raises `NotStored` where the state cannot take it now."""
    try:
        with engine.begin() as connection:
            note_changes(connection, changes, now)
    except (DBAPIError, PoolTimeout) as error:
        raise NotStored(f"the state cannot take a note now: {first_line(error)}") from error


def has_changes(engine: Engine) -> bool:
    """Whether anything waits to be read afresh."""
    with engine.connect().execution_options(reading=True) as connection:
        return connection.execute(select(stripe_change.c.object_id).limit(1)).first() is not None
