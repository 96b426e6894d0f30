"""Locks that die with their process: of the operating system beside a SQLite state, of the session on PostgreSQL.

They are for one machine, or one database server; who needs more has a row with an end besides (`store.lease`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

Busy = Callable[[], None]

_PRODUCT = "stripe-ledger-connector"


@contextmanager
def hold_lock(engine: Engine, url: str, name: str, busy: Busy) -> Iterator[None]:
    """Hold a lock of this state for the length of the block; `name` is "" for the books as a whole.

    `busy` is called each time that another holds it: it sleeps, or raises to give up. Raises `OSError` where the
    file of the lock cannot be made. No transaction is open meanwhile.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        part = f".{name}" if name else ""
        with hold_file(Path(f"{parsed.database}{part}.lock"), busy):
            yield
    else:
        with hold_session(engine, f"{_PRODUCT} {name}".rstrip(), busy):
            yield


@contextmanager
def hold_file(path: Path, busy: Busy) -> Iterator[None]:
    """flock: the kernel frees it when the process dies, however it dies."""
    while True:
        with open(path, "a+") as file:
            while not try_lock(file):
                busy()
            if not is_still_there(path, file):
                continue
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
            return


def is_still_there(path: Path, file: IO[str]) -> bool:
    """Whether the locked file is the one that others will lock: a person may have cleaned the folder meanwhile."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    os.set_inheritable(file.fileno(), False)
    return True


@contextmanager
def hold_session(engine: Engine, words: str, busy: Busy) -> Iterator[None]:
    """A PostgreSQL advisory lock of this database on a connection of its own: it ends with the session."""
    number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") >> 1
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        while not connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}).scalar():
            busy()
        try:
            yield
        finally:
            # A session that is gone has no lock any more; what else guards the holder stood in for it.
            with suppress(DBAPIError):
                connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
    finally:
        connection.close()
