"""Where the records of an account lie: by group and id, by external id, transactions by customer."""

from __future__ import annotations

from collections import defaultdict

from vendors.netsuite.field_table import TRANSACTIONS, group_of
from vendors.netsuite.wire import Json
from vendors.xero.undo import Undo

Key = tuple[str, str]


class Shelf:
    """Records are replaced, never changed in place. `changed` holds the keys that the search index has not seen yet."""

    def __init__(self, undo: Undo) -> None:
        self.groups: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self.changed: dict[Key, None] = {}
        self._undo = undo
        self._external: dict[Key, str] = {}
        self._called: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._of_entity: defaultdict[str, dict[str, None]] = defaultdict(dict)
        # Those that were put since somebody saw that nothing is open of them.
        self._perhaps_open: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._of_deposit: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def get(self, group: str, record_id: str) -> Json | None:
        return self.groups[group].get(record_id)

    def put(self, record: Json) -> None:
        group, record_id = group_of(record["_type"]), record["id"]
        old = self.groups[group].get(record_id)
        self._set(group, record_id, record)
        self._undo.note(lambda: self._set(group, record_id, old))

    def remove(self, group: str, record_id: str) -> None:
        old = self.groups[group].get(record_id)
        self._set(group, record_id, None)
        self._undo.note(lambda: self._set(group, record_id, old))

    def _set(self, group: str, record_id: str, new: Json | None) -> None:
        rows = self.groups[group]
        old = rows.pop(record_id, None) if new is None else rows.get(record_id)
        if old is not None:
            self._external.pop((group, old.get("externalId") or ""), None)
            if group == "transaction":
                self._of_entity[old["_entity"] or ""].pop(record_id, None)
                self._perhaps_open[old["_entity"] or ""].pop(record_id, None)
                self._of_deposit[old.get("deposit") or ""].pop(record_id, None)
            elif group == "customer":
                self._called[old["entityId"].lower()].pop(record_id, None)
        self.changed[group, record_id] = None
        if new is None:
            return
        rows[record_id] = new
        if new.get("externalId"):
            self._external[group, new["externalId"]] = record_id
        if new["_type"] in TRANSACTIONS:
            self._of_entity[new["_entity"] or ""][record_id] = None
            self._perhaps_open[new["_entity"] or ""][record_id] = None
            if new["_type"] == "depositApplication":
                self._of_deposit[new["deposit"]][record_id] = None
        elif group == "customer":
            self._called[new["entityId"].lower()][record_id] = None

    def entities_called(self, entity_id: str) -> list[str]:
        """Customers with this entity id, without regard to case."""
        return list(self._called[entity_id.lower()])

    def by_external(self, group: str, external_id: str) -> Json | None:
        found = self._external.get((group, external_id))
        return None if found is None else self.groups[group][found]

    def perhaps_open(self, entity: str) -> list[Json]:
        """The transactions of a customer of which something may be open, oldest first."""
        rows = self.groups["transaction"]
        return [rows[one] for one in sorted(self._perhaps_open[entity], key=int)]

    def is_settled(self, one: Json) -> None:
        """Nothing is open of it, until it is put again: each change of its applications puts it."""
        self._perhaps_open[one["_entity"] or ""].pop(one["id"], None)

    def of_deposit(self, deposit: str) -> list[Json]:
        """The applications of a deposit."""
        return [self.groups["transaction"][one] for one in self._of_deposit[deposit]]

    def of_entity(self, entity: str) -> list[Json]:
        """The transactions of a customer, oldest first."""
        rows = self.groups["transaction"]
        return [rows[one] for one in sorted(self._of_entity[entity], key=int)]
