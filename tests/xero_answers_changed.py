"""Answers of Xero that are changed on their way: elements left out, turned around, or without what tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from vendors.xero import FakeXero
from vendors.xero.service import API_PATH, Answer, Asked
from vendors.xero.trouble import Fault
from vendors.xero.wire import Json, dumps, loads

Change = Callable[[list[Json]], list[Json]]


@contextmanager
def changed_once(fake: FakeXero, plural: str, change: Change, method: str = "PUT") -> Iterator[list[str]]:
    """What the next answer to such a write tells of its documents; yields the addresses that it was done to."""
    right = fake.answer
    done: list[str] = []

    def answer(asked: Asked, in_flight: int, trouble: Fault | None) -> Answer:
        found = right(asked, in_flight, trouble)
        if done or asked.method != method or not asked.path.startswith(f"{API_PATH}/{plural}"):
            return found
        done.append(asked.path)
        told = loads(found.text)
        return replace(found, text=dumps({**told, plural: change(told[plural])}))

    fake.answer = answer  # type: ignore[method-assign]
    try:
        yield done
    finally:
        fake.answer = right  # type: ignore[method-assign]


def without_reference(rows: list[Json]) -> list[Json]:
    return [{name: value for name, value in row.items() if name != "Reference"} for row in rows]


def without_the_first(rows: list[Json]) -> list[Json]:
    return rows[1:]


def turned_around(rows: list[Json]) -> list[Json]:
    return rows[::-1]
