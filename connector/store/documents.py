"""Documents with their long text, which stands in a table of its own: a row of `document` changes state again and again,
and each change would write the text anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, select

from connector.store.bulk import insert_rows
from connector.store.schema import document, document_text

TEXT = ("content", "payload")


def select_with_text(*more: Any) -> Select[Any]:
    """Rows of `document` with `content` and `payload`, and what else is asked for."""
    return select(document, document_text.c.content, document_text.c.payload, *more).join_from(
        document, document_text, document_text.c.document_key == document.c.document_key
    )


def insert_documents(connection: Connection, rows: Sequence[Mapping[str, Any]], ignore: bool = False) -> None:
    """Insert rows, all with the keys of the first: `document_key`, other columns of `document`, `content` and `payload`
    last; with `ignore`, documents that are there are passed over."""
    if not rows:
        return
    key, *columns = rows[0]
    assert key == "document_key" and tuple(columns[-2:]) == TEXT, "the columns in this order"
    values = [tuple(row.values()) for row in rows]
    insert_rows(connection, document, (key, *columns[:-2]), [row[:-2] for row in values], ignore)
    insert_rows(connection, document_text, (key, *TEXT), [(row[0], *row[-2:]) for row in values], ignore)


def delete_documents(connection: Connection, *where: ColumnElement[bool]) -> None:
    """Forget the documents of which this is true."""
    keys = select(document.c.document_key).where(*where)
    connection.execute(delete(document_text).where(document_text.c.document_key.in_(keys)))
    connection.execute(delete(document).where(*where))
