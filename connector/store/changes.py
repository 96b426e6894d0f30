"""What may have changed at Stripe and is to be read afresh: noted by a webhook or by the list of events.

A note is dropped once its object was read after it was made. `noted` counts up with every note and never starts again,
so that one made again while its object was being read stays for the next pull. A webhook notes without the lease: a
note is a hint, and one too many costs a read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Text, cast, delete, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connector.errors import ConnectorError
from connector.store.bulk import within
from connector.store.database import first_line
from connector.store.schema import meta, stripe_change
from connector.stripe_source.changes import Change

COUNT = "noted"


class NotStored(ConnectorError):
    """The state is locked or away for longer than Stripe should wait; it sends the event again."""

    code = "state"


def note_changes(connection: Connection, changes: Collection[Change]) -> int:
    """Note these objects, in the caller's transaction. Returns the count up to which notes stand now."""
    if not changes:
        return last_note(connection)
    place = next_place(connection)
    rows = [
        {"object_id": change.object_id, "kind": change.kind, "noted": place}
        for change in dict.fromkeys(changes)
    ]
    statement = upsert(connection, stripe_change)
    again = {"kind": statement.excluded.kind, "noted": statement.excluded.noted}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[stripe_change.c.object_id], set_=again), rows
    )
    return place


def next_place(connection: Connection) -> int:
    """Counts up, and holds the count for this transaction: a lower one is never committed after a higher one."""
    statement = upsert(connection, meta).values(name=COUNT, value="1")
    more = cast(cast(meta.c.value, BigInteger) + 1, Text)
    counted = statement.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": more})
    return int(connection.execute(counted.returning(meta.c.value)).scalar_one())


def upsert(connection: Connection, table: Any) -> Any:
    """An insert that can say what to do with a row that is there; SQLite and PostgreSQL have the same words for it."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def last_note(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(stripe_change.c.noted), 0))).scalar_one())


def noted_changes(connection: Connection) -> tuple[list[Change], int]:
    """All notes, in the order in which they were made, and the count up to which they stand."""
    rows = connection.execute(
        select(stripe_change).order_by(stripe_change.c.noted, stripe_change.c.object_id)
    ).all()
    return [Change(row.object_id, row.kind) for row in rows], max((row.noted for row in rows), default=0)


def drop_changes(connection: Connection, object_ids: Sequence[str], up_to: int) -> None:
    """These objects have been read after note `up_to` was made."""
    connection.execute(
        delete(stripe_change).where(
            within(connection, stripe_change.c.object_id, object_ids), stripe_change.c.noted <= up_to
        )
    )


# ------------------------------------------------------------------------------------------------ webhooks


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


def keep_changes(engine: Engine, changes: Collection[Change]) -> None:
    """Note in one short transaction of its own. Raises `NotStored` where the state cannot take it now."""
    try:
        with engine.begin() as connection:
            note_changes(connection, changes)
    except (DBAPIError, PoolTimeout) as error:
        raise NotStored(f"the state cannot take a note now: {first_line(error)}") from error


def has_changes(engine: Engine) -> bool:
    """Whether anything waits to be read afresh."""
    with engine.connect().execution_options(reading=True) as connection:
        return connection.execute(select(stripe_change.c.object_id).limit(1)).first() is not None
