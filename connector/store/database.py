"""Opening the state: SQLite in one file, or PostgreSQL, with the tables this version needs.

Alembic is loaded only when the stored revision differs from the newest one, so that an ordinary start does not pay
for it. https://docs.sqlalchemy.org/en/21/dialects/sqlite.html (transactions: BEGIN IMMEDIATE is ours to issue).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from connector.errors import ConnectorError, InputError
from connector.store.bulk import insert_many
from connector.store.schema import meta

NEWEST_REVISION = "0006"


def open_database(url: str, books: str, account: str) -> Engine:
    """An engine on a state of these books, migrated. Raises `InputError` where the state is of other books."""
    engine = make_engine(url)
    try:
        migrate(engine, url)
        remember_identity(engine, url, books, account)
    except (OperationalError, DBAPIError) as error:
        engine.dispose()
        raise unusable(url, error) from error
    except Exception:
        engine.dispose()
        raise
    return engine


def make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url)
        event.listen(engine, "connect", set_pragmas)
        event.listen(engine, "begin", begin_immediate)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise InputError(
            "a PostgreSQL state needs the extra: pip install 'stripe-ledger-connector[postgres]'"
        ) from error


def set_pragmas(dbapi_connection: Any, record: Any) -> None:
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    # FULL: a commit is on disk before the next request leaves; NORMAL may lose the last ones on power loss.
    for pragma in (
        "busy_timeout=30000",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-48000",
        # Hot index pages are written back once for many commits, not for each.
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    use_wal(cursor)
    cursor.close()


def use_wal(cursor: sqlite3.Cursor) -> None:
    """Of several that make this switch at once SQLite lets one succeed and refuses the others without waiting."""
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

        again = retry_if_exception_type(sqlite3.OperationalError)
        for attempt in Retrying(retry=again, wait=wait_fixed(0.05), stop=stop_after_delay(30), reraise=True):
            with attempt:
                cursor.execute("PRAGMA journal_mode=WAL")


def begin_immediate(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def stored_revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(reading=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision


def migrate(engine: Engine, url: str) -> None:
    revision = stored_revision(engine)
    if revision == NEWEST_REVISION:
        return
    if revision is not None and revision > NEWEST_REVISION:
        raise InputError(
            f"the state {shown(url)} was written by a newer version of the connector (revision {revision}); update this one"
        )
    from connector.store.migrations.run import upgrade

    upgrade(engine)


def remember_identity(engine: Engine, url: str, books: str, account: str) -> None:
    """Document keys are made of these names: a state of other books would post everything a second time."""
    remember_names(engine, url, {"books": books, "stripe.account": account})


def remember_names(engine: Engine, url: str, names: Mapping[str, str]) -> None:
    """What a state belongs to, from the first time on. Raises `InputError` where the settings say otherwise now."""
    with engine.connect().execution_options(reading=True) as connection:
        known = {row.name: row.value for row in connection.execute(select(meta))}
    for name, value in names.items():
        if known.get(name, value) != value:
            raise InputError(
                f"the state {shown(url)} belongs to {name} {known[name]!r}, the settings say {value!r}; "
                f"give each its own state"
            )
    missing = [{"name": name, "value": value} for name, value in names.items() if name not in known]
    if missing:
        with engine.begin() as connection:
            insert_many(connection, meta, missing, ignore=True)


def shown(url: str) -> str:
    """Where the state is, for people: of a server its host and database, and no user, password or option."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.render_as_string(hide_password=True)
    port = f":{parsed.port}" if parsed.port is not None else ""
    return f"{parsed.drivername}://{parsed.host or ''}{port}/{parsed.database or ''}"


def unusable(url: str, error: BaseException) -> ConnectorError:
    """One sentence on a state that failed; what the database says is shown without the password."""
    parsed = make_url(url)
    words = first_line(error)
    for secret in (parsed.password, parsed.query.get("password")):
        if secret:
            words = words.replace(str(secret), "***")
    return ConnectorError(f"the state {shown(url)} cannot be used: {words}")


def first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n", 1)[0]
