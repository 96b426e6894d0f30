"""Objects of one list of a ledger, found by any of their names or by id, and shown as the mapping spells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.ledgers.json_wire import Row


class Shelf:
    """Objects of one kind, found by any of their names or by id; capitals do not matter.

    `id_name` is the field of the id, `full_name` that of the name which is nobody else's.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        names: Sequence[str],
        id_name: str = "Id",
        full_name: str = "FullyQualifiedName",
    ) -> None:
        self.full_name = full_name
        self.by_id: dict[str, Row] = {}
        self.by_name: dict[str, str] = {}
        listed = [(str(row[id_name]).lower(), row) for row in rows]
        # The first name counts most: it is given after the others.
        for name in reversed(names):
            for object_id, row in listed:
                self.by_id[object_id] = row
                if row.get(name):
                    self.by_name[str(row[name]).casefold()] = object_id
        self.labels: dict[str, str] = {}
        self.full_names: dict[str, dict[str, str]] = {}
        for object_id, row in listed:
            full = str(row.get(full_name) or row.get("Name"))
            self.full_names.setdefault(str(row.get("Name")).casefold(), {})[object_id] = full

    def namesakes(self, name: str) -> list[str]:
        """The full names of several that share this short name; none where it is clear which is meant."""
        found = self.full_names.get(name.casefold(), {})
        is_full = any(full.casefold() == name.casefold() for full in found.values())
        return [] if is_full or len(found) < 2 else sorted(found.values())

    def find(self, name: str) -> str | None:
        """The id; None where there is none, or where several have this name and it is not said which is meant."""
        found = self.by_name.get(name.casefold())
        if found is not None and self.namesakes(name):
            return None
        return found if found is not None else (name.lower() if name.lower() in self.by_id else None)

    def spell(self, names: Iterable[str]) -> None:
        """Show these by the spelling that the mapping uses."""
        for name in names:
            object_id = self.find(name)
            if object_id is not None:
                self.labels.setdefault(object_id, name)

    def label(self, object_id: str) -> str:
        row = self.by_id.get(object_id, {})
        shown = row.get(self.full_name) or row.get("Name") or f"id {object_id}"
        return self.labels.get(object_id, str(shown))
