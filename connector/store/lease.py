"""One run at a time per books.

A dead process frees the books at once on its machine: an operating-system lock beside the SQLite state, a session
lock on PostgreSQL. The lease row (60 s, renewed by every commit, with a token that every commit checks) is for other
machines, and for a lock that was lost while its process lives: while it runs, others are refused, and a holder that
was cut off cannot commit once another has taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select, update

from connector.errors import LeaseHeld
from connector.store.locks import hold_lock
from connector.store.schema import lease
from connector.world import World

Stop = Callable[[], bool]

LEASE_S = 60
NAME = "run"
POLL_S = 1.0
# Built once: it goes before every other statement that writes.
RENEWED = (
    update(lease)
    .where(lease.c.name == NAME, lease.c.token == bindparam("held_token"))
    .values(until=bindparam("new_until"))
)


class Lease:
    """The right to write. `renew` belongs into every writing transaction; it raises `LeaseHeld` when it is lost."""

    def __init__(self, world: World, token: int) -> None:
        self.world = world
        self.token = token
        self.until = 0

    def renew(self, connection: Connection) -> None:
        self.until = self.world.now() + LEASE_S
        kept = connection.execute(RENEWED, {"held_token": self.token, "new_until": self.until})
        if kept.rowcount != 1:
            raise LeaseHeld("another run has taken over these books; this one stops, nothing is lost")

    def left_s(self) -> int:
        return self.until - self.world.now()


@contextmanager
def hold_lease(
    engine: Engine, url: str, world: World, wait: bool, should_stop: Stop = lambda: False
) -> Iterator[Lease]:
    """Hold the books for the length of the block. Raises `LeaseHeld` naming the holder, or waits with `wait` until
    it is free or `should_stop` says so."""
    with lock_books(engine, url, world, wait, should_stop):
        held = take_row(engine, world, wait, should_stop)
        try:
            yield held
        finally:
            with engine.begin() as connection:
                connection.execute(
                    update(lease).where(lease.c.name == NAME, lease.c.token == held.token).values(until=0)
                )


def holder(engine: Engine) -> str | None:
    """Who holds the books by the lease row, whether or not the lease has run out."""
    with engine.connect().execution_options(reading=True) as connection:
        row = connection.execute(select(lease).where(lease.c.name == NAME)).first()
    return f"{row.owner} on {row.host}" if row is not None else None


def take_row(engine: Engine, world: World, wait: bool, should_stop: Stop = lambda: False) -> Lease:
    while True:
        with engine.begin() as connection:
            row = connection.execute(select(lease).where(lease.c.name == NAME)).first()
            now = world.now()
            if row is None or row.until <= now or is_left_behind(row, world):
                token = 1 if row is None else row.token + 1
                values = {
                    "owner": owner(world.process()),
                    "host": world.host(),
                    "token": token,
                    "until": now + LEASE_S,
                }
                if row is None:
                    connection.execute(lease.insert().values(name=NAME, **values))
                else:
                    connection.execute(update(lease).where(lease.c.name == NAME).values(**values))
                held = Lease(world, token)
                held.until = now + LEASE_S
                return held
            sentence = f"{row.owner} on {row.host} holds these books (its lease ends in {row.until - now} s)"
        if not wait or should_stop():
            raise LeaseHeld(sentence + "; try again, or use --wait")
        world.sleep(POLL_S)


def owner(process: str) -> str:
    return f"process {process}"


def is_left_behind(row: Any, world: World) -> bool:
    """Whether the row is of a process of this machine that is no more; whoever asks holds the lock, so not of this one."""
    if row.host != world.host():
        return False
    return bool(row.owner == owner(world.process())) or not world.is_running(row.owner.split()[-1])


@contextmanager
def lock_books(engine: Engine, url: str, world: World, wait: bool, should_stop: Stop) -> Iterator[None]:
    def busy() -> None:
        if not wait or should_stop():
            raise LeaseHeld(f"{holder(engine) or 'another run'} holds these books; try again, or use --wait")
        world.sleep(POLL_S)

    with hold_lock(engine, url, "", busy):
        yield
