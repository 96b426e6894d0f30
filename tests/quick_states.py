"""Makes states in SQLite quick for tests, which make and open thousands of them.

A new state gets the tables that the migrations made in another one: they run once in a process and not for each test. And
all states share what SQLAlchemy has learnt of statements and types, which it otherwise keeps with each engine alone. Tests
of the migrations themselves take the fixture `real_states`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest.mock import patch

from sqlalchemy import Engine, inspect

from connector.store import database
from connector.store.migrations import run as migrations

make_engine, upgrade = database.make_engine, migrations.upgrade


@cache
def migrated() -> tuple[Engine, tuple[str, ...]]:
    """A state in memory that the migrations made, and the statements that make one like it."""
    engine = make_engine("sqlite://")
    upgrade(engine)
    with engine.connect() as connection:
        made = connection.connection.driver_connection
        assert made is not None
        statements = tuple(made.iterdump())
    assert (statements[0], statements[-1]) == ("BEGIN TRANSACTION;", "COMMIT;")
    return engine, statements[1:-1]


def make_sharing_engine(url: str) -> Engine:
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        first, _ = migrated()
        engine.dialect = first.dialect
        engine.update_execution_options(compiled_cache=first._compiled_cache)
    return engine


def upgrade_quickly(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                for statement in migrated()[1]:
                    connection.exec_driver_sql(statement)
                return
    upgrade(engine)


@contextmanager
def quick_states(quick: bool = True) -> Iterator[None]:
    """Within it states are made quickly, or as the program makes them."""
    chosen = (make_sharing_engine, upgrade_quickly) if quick else (make_engine, upgrade)
    with (
        patch.object(database, "make_engine", chosen[0]),
        patch.object(migrations, "upgrade", chosen[1]),
    ):
        yield
