"""Rows of a ledger as few bytes, for what a run keeps of many and looks at few of."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connector.ledgers.json_wire import Row, decode, encode


def pack(row: Row, bulk: Collection[str] = ()) -> bytes:
    """Without what is empty, and without the fields `bulk`, which nothing looks at."""
    return zlib.compress(encode(dict(filled(row, bulk))), 1)


def unpack(packed: bytes) -> Row:
    row: Row = decode(zlib.decompress(packed))
    return row


def filled(row: Row, bulk: Collection[str]) -> Iterator[tuple[str, Any]]:
    for name, found in row.items():
        kept = dict(filled(found, bulk)) if isinstance(found, Mapping) else found
        if name not in bulk and kept not in (None, "", [], {}):
            yield name, kept
