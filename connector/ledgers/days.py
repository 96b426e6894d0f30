"""Spans of days, for what has been read of a ledger by day and what is still to be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

EVER = date.max
# Days that lie this close together are asked for at once.
NEAR = timedelta(days=7)

Span = tuple[date, date]


def merge(spans: Iterable[Span], near: timedelta = NEAR) -> list[Span]:
    """The same days, and what lies between those that are near, in few spans."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first - merged[-1][1] <= near:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def gaps(wanted: Iterable[Span], covered: Iterable[Span]) -> list[Span]:
    """The days of `wanted` that are not `covered`."""
    left = list(wanted)
    for first, last in covered:
        rest: list[Span] = []
        for start, end in left:
            if end < first or start > last:
                rest.append((start, end))
                continue
            if start < first:
                rest.append((start, first - timedelta(days=1)))
            if end > last:
                rest.append((last + timedelta(days=1), end))
        left = rest
    return left
