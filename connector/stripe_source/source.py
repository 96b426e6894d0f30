"""What a source of Stripe objects promises; an export folder and the API are two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.stripe_source.changes import Change
from connector.stripe_source.export import ExportFile, changed_files, read_pages
from connector.stripe_source.parse import Parsed, parse_with_nested


@dataclass(frozen=True, slots=True)
class SourcePage:
    """Objects with their bytes (b"" for one that came inside another), and the cursor to store with them.

    The cursor is set only once everything before it has been given: a crash never skips what was not stored. `noted`
    is what may have changed and has to be read afresh, in this pull or by a later one; `done` are ids of such that
    have been, or that Stripe has no more.
    """

    objects: Sequence[tuple[Parsed, bytes]] = ()
    cursor: tuple[str, str] | None = None
    noted: tuple[Change, ...] = ()
    done: tuple[str, ...] = ()


class Source(Protocol):
    def pages(
        self, cursors: Mapping[str, str], now: int, changes: Sequence[Change] = ()
    ) -> Iterator[SourcePage]:
        """What may be new or changed since these cursors, in pages of bounded size; `changes` are noted as such."""

    def refetch(self, object_ids: Sequence[str]) -> Iterator[SourcePage]:
        """These refunds and charges afresh, with what they need."""


def read_objects(pairs: Sequence[tuple[dict[str, object], bytes]]) -> list[tuple[Parsed, bytes]]:
    """Raw objects with everything expanded inside them; the outer object's bytes are kept."""
    objects: list[tuple[Parsed, bytes]] = []
    outer = {str(raw.get("id")) for raw, _ in pairs}
    for raw, line in pairs:
        for place, parsed in enumerate(parse_with_nested(raw)):
            # An object of its own on the page knows better than a copy inside another.
            if place == 0:
                objects.append((parsed, line))
            elif parsed.object_id not in outer:
                objects.append((parsed, b""))
    return objects


class ExportSource:
    """A folder of exported objects; a file of unchanged size and time of change is not read again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pages(
        self, cursors: Mapping[str, str], now: int, changes: Sequence[Change] = ()
    ) -> Iterator[SourcePage]:
        for file in changed_files(self.folder, self.known(cursors)):
            yield from self._read(file)

    def refetch(self, object_ids: Sequence[str]) -> Iterator[SourcePage]:
        """Every file: an export has no other way to ask for one object."""
        for file in changed_files(self.folder, {}):
            yield from self._read(file)

    def _read(self, file: ExportFile) -> Iterator[SourcePage]:
        for pairs in read_pages(file):
            yield SourcePage(read_objects(pairs))
        yield SourcePage((), (self.prefix + file.name, f"{file.size} {file.mtime_ns}"))

    @property
    def prefix(self) -> str:
        return f"export:{self.folder}/"

    def known(self, cursors: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        known = {}
        for name, value in cursors.items():
            if name.startswith(self.prefix):
                size, _, mtime_ns = value.partition(" ")
                known[name.removeprefix(self.prefix)] = (int(size), int(mtime_ns))
        return known
