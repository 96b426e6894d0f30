"""Runs the migrations on an open engine; loaded only when there is something to migrate."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

LOCK = 7_260_451


def upgrade(engine: Engine) -> None:
    """Bring the state to the newest revision. Each migration is small and can be run again after a crash."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Two first starts at once: the second waits here, and then finds nothing to do. SQLite's BEGIN IMMEDIATE
            # does the same.
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
