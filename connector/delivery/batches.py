"""Which documents share a request, and which requests are in flight at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from connector.ledgers.contract import Capabilities

# How many times over the places are filled before what came of it is stored: while that is done no place is.
ROUNDS = 8


def batches_of(rows: Sequence[Any], can: Capabilities) -> list[list[Any]]:
    """Rows of `document` that may share a request, in order. Where numbers are refused those of one charge never do: the
    number of the first decides about those of the others."""
    batches: list[list[Any]] = []
    for _, group in groupby(rows, key=lambda row: (row.depth, row.batch_group)):
        batches += filled(group, can.batch_size, can.refuses_numbers)
    return batches


def filled(rows: Iterator[Any], size: int, apart: bool) -> list[list[Any]]:
    """As few batches as hold them; with `apart` a document goes behind the batch of the latest of its charge."""
    batches: list[list[Any]] = []
    latest: dict[str, int] = {}
    # Every batch before it is full.
    first = 0
    for row in rows:
        place = max(first, latest.get(row.charge_id, -1) + 1)
        while place < len(batches) and len(batches[place]) == size:
            place += 1
        if place == len(batches):
            batches.append([])
        batches[place].append(row)
        if apart and row.charge_id is not None:
            latest[row.charge_id] = place
        while first < len(batches) and len(batches[first]) == size:
            first += 1
    return batches


def at_once(batches: Sequence[list[Any]], concurrency: int) -> Iterator[Sequence[list[Any]]]:
    """As many as are stored together: one where one is in flight, else some for each place, since none is taken while
    they are stored. The first goes alone, so that what the ledger teaches us serves the others."""
    most = concurrency * ROUNDS if concurrency > 1 else 1
    some: list[list[Any]] = []
    charges: set[str] = set()
    for place, batch in enumerate(batches):
        # Refunds of one charge one after the other, as above.
        mine = {row.charge_id for row in batch if row.charge_id is not None}
        if some and (len(some) == most or place == 1 or charges & mine):
            yield some
            some, charges = [], set()
        some.append(batch)
        charges |= mine
    if some:
        yield some
