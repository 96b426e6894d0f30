"""What may have changed at Stripe and is to be read afresh: noted by a webhook or by the list of events.

A note is dropped once its object was read after it was made. `noted` counts up with every note, so that one made again
while its object was being read stays for the next pull.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.store.bulk import within
from connector.store.schema import stripe_change
from connector.stripe_source.changes import Change


def note_changes(connection: Connection, changes: Collection[Change]) -> int:
    """Note these objects, in the caller's transaction. Returns the count up to which notes stand now."""
    last = last_note(connection)
    if not changes:
        return last
    rows = [
        {"object_id": change.object_id, "kind": change.kind, "noted": last + 1}
        for change in dict.fromkeys(changes)
    ]
    postgres = connection.dialect.name == "postgresql"
    statement: Any = postgresql.insert(stripe_change) if postgres else sqlite.insert(stripe_change)
    again = {"kind": statement.excluded.kind, "noted": statement.excluded.noted}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[stripe_change.c.object_id], set_=again), rows
    )
    return last + 1


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
