"""The tables behind SuiteQL: a copy of the account in SQLite, which may lag behind it."""

from __future__ import annotations

import sqlite3
from collections import deque
from typing import TYPE_CHECKING

from vendors.netsuite import tables
from vendors.netsuite.rows import Rows, rows_of
from vendors.netsuite.shelf import Key

if TYPE_CHECKING:
    from vendors.netsuite.account import Account


class Mirror:
    """`asked` counts requests, `ready` brings the copy to what a search sees now."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.asked = 0
        self.connection = sqlite3.connect(
            ":memory:", check_same_thread=False, cached_statements=0, isolation_level=None
        )
        self.columns: dict[str, tuple[str, ...]] = {}
        tables.prepare(self.connection)
        # When it will be seen, by clock and by requests; what; its rows then.
        self._late: deque[tuple[float, int, Key, Rows]] = deque()
        self._create()
        shelf = account.shelf
        self._write([(group, one) for group, rows in shelf.groups.items() for one in rows])
        shelf.changed.clear()

    def _create(self) -> None:
        for table, columns in tables.TABLES.items():
            names = [one.split('"')[1] for one in columns]
            body = ", ".join(columns)
            if table == "transaction":
                custom = [one for one in self.account.custom_fields if one not in names]
                names += custom
                body += "".join(f", {one} TEXT" for one in custom)
            self.connection.execute(f'CREATE TABLE "{table}" ({body})')
            self.columns[table] = tuple(names)
        for table, column in tables.INDEXES:
            self.connection.execute(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')

    def add_column(self, name: str) -> None:
        """A custom body field that came later."""
        self.connection.execute(f'ALTER TABLE "transaction" ADD COLUMN {name} TEXT')
        self.columns["transaction"] += (name,)

    @property
    def lags(self) -> bool:
        return bool(self.account.moods.index_lag_s or self.account.moods.index_lag_requests)

    def before_write(self) -> None:
        """What changed before is told apart from what a write that will be seen late is about to change."""
        if self.lags and self.account.shelf.changed:
            self._catch_up()

    def committed(self, by_app: bool) -> None:
        """After a write over HTTP: keeps what changed as it is now, to be seen when its time has come.

        What somebody did by hand is seen at once.
        """
        moods, shelf = self.account.moods, self.account.shelf
        if not shelf.changed or not self.lags:
            return
        if not by_app:
            self._late = deque(one for one in self._late if one[2] not in shelf.changed)
            self._catch_up()
            return
        due = self.account.clock() + moods.index_lag_s
        for key in shelf.changed:
            self._late.append((due, self.asked + moods.index_lag_requests, key, self._rows(key)))
        shelf.changed.clear()

    def ready(self) -> sqlite3.Connection:
        """The tables as a search sees them now."""
        now = self.account.clock()
        while self._late and self._late[0][0] <= now and self._late[0][1] <= self.asked:
            _, _, key, rows = self._late.popleft()
            self._replace(key, rows)
        self._catch_up()
        return self.connection

    def _catch_up(self) -> None:
        changed = self.account.shelf.changed
        if changed:
            self._write(list(changed))
            changed.clear()

    def _write(self, keys: list[Key]) -> None:
        self.connection.execute("BEGIN")
        for key in keys:
            self._replace(key, self._rows(key))
        self.connection.execute("COMMIT")

    def _rows(self, key: Key) -> Rows:
        row = self.account.shelf.get(*key)
        return {} if row is None else rows_of(self.account, row)

    def _replace(self, key: Key, rows: Rows) -> None:
        group, record_id = key
        for table, column in tables.OF_GROUP.get(group, ()):
            self.connection.execute(f'DELETE FROM "{table}" WHERE "{column}" = ?', (record_id,))
        for table, several in rows.items():
            marks = ", ".join("?" * len(self.columns[table]))
            self.connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', several)
