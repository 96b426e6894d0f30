"""Wrong versions of what reads Stripe and keeps what was read, to be planted by pytest's `monkeypatch`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from connector.planning import case as planning_case
from connector.store import intake
from connector.store.changes import drop_changes
from connector.store.facts import FactReader
from connector.store.intake import Intake
from connector.stripe_source import api_changes, api_pull
from connector.stripe_source.api import ApiSource
from connector.stripe_source.api_lists import CHARGES, REFUNDS, Answer, Listing, Progress
from connector.stripe_source.api_pull import Pull
from connector.stripe_source.api_related import Related
from connector.stripe_source.changes import EVENT_TYPES, Change, changed_objects
from connector.stripe_source.source import SourcePage

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]
NOTED = "SELECT object_id FROM stripe_change"


def without(*types: str) -> Plant:
    """These events are not asked for."""

    def plant(patch: Patch) -> None:
        kept = tuple(one for one in EVENT_TYPES if one not in types)
        assert len(kept) == len(EVENT_TYPES) - len(types)
        patch.setattr(api_changes, "EVENT_TYPES", kept)

    return plant


def answering(change: Callable[[str, Answer], Answer]) -> Plant:
    """Every answer is taken for another."""

    def plant(patch: Patch) -> None:
        read = ApiSource.read

        def wrong(source: ApiSource, path: str, parameters: Mapping[str, object]) -> Answer:
            return change(path, read(source, path, parameters))

        patch.setattr(ApiSource, "read", wrong)

    return plant


def no_time(path: str, answer: Answer) -> Answer:
    """An answer that does not say when it was given."""
    return replace(answer, date=None)


def first_page_only(path: str) -> Plant:
    """The first page of this list is taken for all of it."""

    def change(asked: str, answer: Answer) -> Answer:
        whole = answer.text.replace('"has_more": true', '"has_more": false')
        return replace(answer, text=whole) if asked == path else answer

    return answering(change)


def listed(name: str, field: str, value: int) -> Plant:
    """A list with another value of this field of its `Listing`."""

    def plant(patch: Patch) -> None:
        right = getattr(Listing, field).__get__

        def wrong(one: Listing) -> Any:
            return value if one.name == name else right(one)

        patch.setattr(Listing, field, property(wrong))

    return plant


def pass_over_events(patch: Patch) -> None:
    patch.setattr(api_pull, "note_changes", lambda read, cursors, now: iter(()))


def pass_over_a_second_event(patch: Patch) -> None:
    known: set[str] = set()

    def wrong(event: Any) -> tuple[Change, ...]:
        object_id = event["data"]["object"]["id"]
        found = () if object_id in known else changed_objects(event)
        known.add(object_id)
        return found

    patch.setattr(api_changes, "changed_objects", wrong)


def read_events_without_overlap(patch: Patch) -> None:
    patch.setattr(api_changes, "OVERLAP_S", 0)


def move_cursors_first(patch: Patch) -> None:
    pages = Pull.pages

    def wrong(pull: Pull, changes: Sequence[Change]) -> Iterator[SourcePage]:
        for listing in (CHARGES, REFUNDS):
            yield SourcePage(cursor=(listing.cursor, Progress(pull.start, pull.until).encode()))
        yield from pages(pull, changes)

    patch.setattr(Pull, "pages", wrong)


def done_before_it_is_read(patch: Patch) -> None:
    pages = Pull.pages

    def wrong(pull: Pull, changes: Sequence[Change]) -> Iterator[SourcePage]:
        yield SourcePage(done=tuple(change.object_id for change in changes))
        for page in pages(pull, changes):
            yield page
            if page.noted:
                yield SourcePage(done=tuple(change.object_id for change in page.noted))

    patch.setattr(Pull, "pages", wrong)


def forget_notes(patch: Patch) -> None:
    patch.setattr(Intake, "changes", lambda intake: [])


def drop_all_notes(patch: Patch) -> None:
    def wrong(connection: Connection, ids: Sequence[str], up_to: int) -> None:
        drop_changes(connection, [row[0] for row in connection.exec_driver_sql(NOTED)], up_to)

    patch.setattr(intake, "drop_changes", wrong)


def drop_newer_notes(patch: Patch) -> None:
    def wrong(connection: Connection, ids: Sequence[str], up_to: int) -> None:
        drop_changes(connection, ids, 1 << 60)

    patch.setattr(intake, "drop_changes", wrong)


def nothing_goes_back(patch: Patch) -> None:
    patch.setattr(intake, "goes_back", lambda parsed, old_facts: False)


def no_sale_is_asked_for(patch: Patch) -> None:
    patch.setattr(Related, "sales", lambda related, charges: iter(()))


def no_parts(patch: Patch) -> None:
    patch.setattr(FactReader, "invoice_parts", lambda reader, invoice_ids: {})


def nothing_is_released(patch: Patch) -> None:
    patch.setattr(FactReader, "released", lambda reader, charges: set())
    patch.setattr(planning_case, "is_of_whole", lambda moved, charge: False)
