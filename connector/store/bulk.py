"""Many rows at once: statements that are compiled once and do not grow with the number of rows.

SQLAlchemy spends more on a list of 1,000 ids, or on 1,000 rows given as dictionaries, than the database does on
finding or storing them; here the ids travel as one value and the rows as tuples.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, cast, func, literal_column, select
from sqlalchemy.types import ARRAY, Text

# The column of SQLite's json_each that holds the elements.
VALUE: ColumnElement[str] = literal_column("value")


def within(connection: Connection, column: Column[Any], ids: Collection[str]) -> ColumnElement[bool]:
    """`column IN ids`, for any number of texts, as one parameter."""
    if connection.dialect.name == "postgresql":
        return column == func.any(cast(list(ids), ARRAY(Text)))
    # Not `table_valued`: it refers to itself, and each page of ids would stay in memory until the collector comes by.
    return column.in_(select(VALUE).select_from(func.json_each(as_json(tuple(ids)))))


@lru_cache(maxsize=8)
def as_json(ids: tuple[str, ...]) -> str:
    """One page of ids goes into several statements, one after the other."""
    return json.dumps(ids)


def insert_many(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], ignore: bool = False
) -> None:
    """Insert rows, all with the keys of the first; with `ignore`, rows whose key is taken are passed over."""
    if rows:
        insert_rows(connection, table, tuple(rows[0]), [tuple(row.values()) for row in rows], ignore)


def insert_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    ignore: bool = False,
) -> None:
    """Insert rows that hold the values of `columns` in their order; with `ignore`, rows whose key is taken are passed
    over."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(insert_text(table, columns, ignore), rows)
        return
    # Loaded only where it is used: it takes a tenth of the time to start.
    from sqlalchemy.dialects import postgresql

    statement = postgresql.insert(table)
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    connection.execute(statement.on_conflict_do_nothing() if ignore else statement, named)


@cache
def insert_text(table: Table, columns: tuple[str, ...], ignore: bool) -> str:
    """The statement with its columns in the order of the rows; names come from the schema, never from input."""
    holders = ", ".join("?" for _ in columns)
    end = " ON CONFLICT DO NOTHING" if ignore else ""
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({holders}){end}"  # noqa: S608


def update_many(
    connection: Connection,
    table: Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Update rows by key: each row holds the values of `columns`, then those of `keys`."""
    values = list(rows)
    if not values:
        return
    if connection.dialect.name == "sqlite":
        assignments = ", ".join(f"{name} = ?" for name in columns)
        where = " AND ".join(f"{name} = ?" for name in keys)
        connection.exec_driver_sql(f"UPDATE {table.name} SET {assignments} WHERE {where}", values)  # noqa: S608
        return
    statement = (
        table.update()
        .where(*(table.c[name] == bindparam(f"key_{name}") for name in keys))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    names = [f"new_{name}" for name in columns] + [f"key_{name}" for name in keys]
    connection.execute(statement, [dict(zip(names, row, strict=True)) for row in values])
