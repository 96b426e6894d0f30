"""One run at a time per books: on this machine by a lock that dies with its process, elsewhere by a lease."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_world import APRIL, FakeWorld
from sqlalchemy import Engine, create_engine, select, text

from connector.errors import LeaseHeld
from connector.store.database import open_database
from connector.store.intake import read_cursors, set_cursor
from connector.store.lease import LEASE_S, hold_lease, take_row
from connector.store.schema import lease
from connector.world import World

ROOT = Path(__file__).parent.parent

# Holds the books of a state until its standard input ends, or it is killed.
HOLDER = """
import sys
from connector.store.database import open_database
from connector.store.lease import hold_lease
from connector.world import World
engine = open_database(sys.argv[1], sys.argv[2], "own")
with hold_lease(engine, sys.argv[1], World(), False):
    print("held", flush=True)
    sys.stdin.read()
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    opened = open_database(state_url, "acme", "own")
    yield opened
    opened.dispose()


@pytest.fixture
def start_holder(state_url: str) -> Iterator[Start]:
    """Starts another process that holds the books; it is gone when the test ends."""
    started: list[subprocess.Popen[str]] = []

    def start(url: str = state_url, books: str = "acme") -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url, books],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(holder)
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        return holder

    yield start
    for holder in started:
        holder.kill()
        holder.communicate()


def row_of(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(lease)).one()


def take_over(engine: Engine, url: str, world: World, patience_s: float = 10) -> None:
    """Hold the books, as soon as the operating system or the server has seen that their holder is dead."""
    until = time.monotonic() + patience_s
    while True:
        try:
            with hold_lease(engine, url, world, wait=False):
                return
        except LeaseHeld:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


# ---------------------------------------------------------------------------------------------- on one machine


def test_the_second_run_is_told_who_holds_the_books(
    engine: Engine, state_url: str, start_holder: Start
) -> None:
    holder = start_holder()
    before = row_of(engine)
    with pytest.raises(LeaseHeld) as caught, hold_lease(engine, state_url, World(), wait=False):
        pass
    assert f"process {holder.pid} on {World().host()} holds these books" in str(caught.value)
    assert "--wait" in str(caught.value)
    assert (caught.value.code, caught.value.exit_code) == ("lease_held", 1)
    assert row_of(engine) == before, "a run that was refused leaves the holder's lease alone"


def test_the_books_are_free_when_a_run_has_ended(engine: Engine, state_url: str, start_holder: Start) -> None:
    holder = start_holder()
    holder.communicate("")
    assert holder.returncode == 0
    assert row_of(engine).until == 0
    with hold_lease(engine, state_url, FakeWorld(host_name="elsewhere"), wait=False):
        assert row_of(engine).host == "elsewhere"


def test_the_books_are_free_when_a_run_has_failed(engine: Engine, state_url: str) -> None:
    with pytest.raises(ZeroDivisionError), hold_lease(engine, state_url, FakeWorld(), wait=False):
        raise ZeroDivisionError
    with hold_lease(engine, state_url, FakeWorld(host_name="elsewhere"), wait=False) as held:
        assert held.token == 2


def test_a_killed_run_frees_the_books_at_once(engine: Engine, state_url: str, start_holder: Start) -> None:
    holder = start_holder()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    left = row_of(engine)
    assert left.until > World().now() + LEASE_S // 2, "by the lease row alone it would take up to a minute"
    take_over(engine, state_url, World())
    assert row_of(engine).token == left.token + 1


def test_with_wait_the_second_run_begins_when_the_first_has_ended(engine: Engine, state_url: str) -> None:
    first = hold_lease(engine, state_url, FakeWorld(process_name="1"), wait=False)
    first.__enter__()
    polls: list[int] = []

    def elsewhere() -> None:
        polls.append(1)
        if len(polls) == 3:
            first.__exit__(None, None, None)

    with hold_lease(engine, state_url, FakeWorld(process_name="2", on_sleep=elsewhere), wait=True) as second:
        assert len(polls) == 3
        assert second.token == 2
        assert row_of(engine).owner == "process 2"


def test_a_child_process_does_not_keep_the_books(engine: Engine, state_url: str) -> None:
    """A browser, or a pager, that a run started may outlive it."""
    with hold_lease(engine, state_url, FakeWorld(), wait=False):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with hold_lease(engine, state_url, FakeWorld(), wait=False) as held:
            assert held.token == 2
    finally:
        child.kill()
        child.wait()


def test_books_in_different_states_are_held_apart(
    tmp_path: Path, state_url: str, engine: Engine, start_holder: Start
) -> None:
    url = f"sqlite:///{tmp_path}/second.db"
    start_holder(url, "second")
    with hold_lease(engine, state_url, World(), wait=False) as held:
        assert held.left_s() > 0


def cut_sessions(url: str) -> int:
    """End every session of this PostgreSQL database but the own one; returns how many there were."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        ended = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).all()
    admin.dispose()
    return len(ended)


def lose_lock(url: str) -> None:
    """The lock of the run that holds these books is gone, and its process lives."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///") + ".lock").unlink()
    else:
        assert cut_sessions(url) >= 1


def test_a_run_that_lost_its_lock_and_lives_keeps_the_books(
    engine: Engine, state_url: str, start_holder: Start
) -> None:
    holder = start_holder()
    engine.dispose()
    lose_lock(state_url)
    with (
        pytest.raises(LeaseHeld, match=f"process {holder.pid} on"),
        hold_lease(engine, state_url, World(), False),
    ):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    # Not waited for: a zombie is dead.
    take_over(engine, state_url, World())


def test_a_run_that_lost_its_lock_goes_on_and_ends_well(engine: Engine, state_url: str) -> None:
    with hold_lease(engine, state_url, World(), wait=False) as held:
        engine.dispose()
        lose_lock(state_url)
        with engine.begin() as connection:
            held.renew(connection)
    assert row_of(engine).until == 0
    take_over(engine, state_url, World())


def test_a_lock_file_that_was_exchanged_while_it_was_waited_for(tmp_path: Path) -> None:
    """Whoever gets the lock of a file that is no longer there does not hold the books."""
    url = f"sqlite:///{tmp_path}/books.db"
    engine = open_database(url, "acme", "own")
    path = tmp_path / "books.db.lock"
    first = hold_lease(engine, url, FakeWorld(process_name="1"), wait=False)
    first.__enter__()

    def exchange() -> None:
        path.unlink(missing_ok=True)
        first.__exit__(None, None, None)

    with hold_lease(engine, url, FakeWorld(process_name="2", on_sleep=exchange), wait=True):
        assert path.exists()
        with pytest.raises(LeaseHeld), hold_lease(engine, url, FakeWorld(process_name="3"), wait=False):
            pass
    engine.dispose()


# ---------------------------------------------------------------------------------------------- between machines


def test_a_live_lease_of_another_machine_is_refused_until_it_ran_out(engine: Engine, state_url: str) -> None:
    """As after a cut cable: the other machine's lock is gone, it may still be writing."""
    there = FakeWorld(host_name="there", process_name="7")
    take_row(engine, there, wait=False)
    here = FakeWorld(clock=there.clock)
    for passed_s in (0, LEASE_S - 1):
        there.clock.now = APRIL + passed_s
        with pytest.raises(LeaseHeld) as caught, hold_lease(engine, state_url, here, wait=False):
            pass
        assert f"process 7 on there holds these books (its lease ends in {LEASE_S - passed_s} s)" in str(
            caught.value
        )
    there.clock.now = APRIL + LEASE_S
    with hold_lease(engine, state_url, here, wait=False) as held:
        assert held.token == 2
        assert row_of(engine).host == "here"


def test_with_wait_the_lease_of_another_machine_is_waited_for(engine: Engine, state_url: str) -> None:
    take_row(engine, FakeWorld(host_name="there"), wait=False)
    here = FakeWorld()
    with hold_lease(engine, state_url, here, wait=True):
        assert here.clock.now == APRIL + LEASE_S


def test_every_commit_makes_the_lease_last_longer(engine: Engine, state_url: str) -> None:
    here = FakeWorld()
    with hold_lease(engine, state_url, here, wait=False) as held:
        here.clock.now += LEASE_S - 1
        assert held.left_s() == 1
        with engine.begin() as connection:
            held.renew(connection)
        assert held.left_s() == LEASE_S
        assert row_of(engine).until == here.clock.now + LEASE_S


def test_a_run_whose_lease_was_taken_commits_nothing_more(engine: Engine, state_url: str) -> None:
    there = FakeWorld(host_name="there")
    cut_off = take_row(engine, there, wait=False)
    there.clock.now += LEASE_S
    with hold_lease(engine, state_url, FakeWorld(clock=there.clock), wait=False) as held:
        for order in ("checked first", "checked last"):
            with pytest.raises(LeaseHeld, match="taken over"), engine.begin() as connection:
                if order == "checked first":
                    cut_off.renew(connection)
                set_cursor(connection, "list", order)
                cut_off.renew(connection)
        assert read_cursors(engine) == {}
        assert row_of(engine).token == held.token
        with engine.begin() as connection:
            held.renew(connection)
            set_cursor(connection, "list", "1")
    assert read_cursors(engine) == {"list": "1"}


def test_a_run_that_ran_out_and_was_not_taken_goes_on(engine: Engine, state_url: str) -> None:
    here = FakeWorld()
    with hold_lease(engine, state_url, here, wait=False) as held:
        here.clock.now += 10 * LEASE_S
        assert held.left_s() < 0, "no request leaves now"
        with engine.begin() as connection:
            held.renew(connection)
        assert held.left_s() == LEASE_S


def test_a_run_that_was_taken_over_does_not_end_the_lease_of_the_next(engine: Engine, state_url: str) -> None:
    there = FakeWorld(host_name="there")
    with hold_lease(engine, state_url, there, wait=False):
        there.clock.now += LEASE_S
        taken = take_row(engine, replace(there, host_name="here"), wait=False)
    row = row_of(engine)
    assert (row.token, row.host, row.until) == (taken.token, "here", there.clock.now + LEASE_S)


# ---------------------------------------------------------------------------------------------- by the command line


@pytest.fixture
def config(tmp_path: Path, state_url: str) -> Path:
    """Books with an export that is empty."""
    (tmp_path / "stripe").mkdir()
    path = tmp_path / "config.yaml"
    settings = {
        "books": "acme",
        "timezone": "UTC",
        "state": state_url,
        "mappings": str(ROOT / "mappings"),
        "stripe": {"start": "2026-01-01", "export": "stripe"},
        "ledgers": {
            "main": {"kind": "beancount", "rules": "refund_rules.yaml", "connection": {"path": "books"}},
        },
    }
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "connector", *arguments]


def test_sync_says_who_holds_the_books(config: Path, start_holder: Start) -> None:
    holder = start_holder()
    done = subprocess.run(
        command("sync", "-c", str(config)), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"process {holder.pid} on " in done.stderr and done.stderr.count("\n") == 1


def test_sync_waits_where_it_is_asked_to(config: Path, start_holder: Start) -> None:
    holder = start_holder()
    waiting = subprocess.Popen(
        command("sync", "--wait", "--json", "-c", str(config)), stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=4)
    holder.communicate("")
    out, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert json.loads(out)["errors"] == []


@pytest.mark.parametrize("reading", [["status"], ["list", "refunds"], ["list", "held"]])
def test_reading_needs_no_lease(config: Path, start_holder: Start, reading: list[str]) -> None:
    start_holder()
    done = subprocess.run(
        command(*reading, "--json", "-c", str(config)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), dict)
