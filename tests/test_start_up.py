"""What a command loads before it does anything. Counted in modules, since a busy machine has no fixed milliseconds."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each of these costs between 50 and 1,200 ms.
FOR_SOME_COMMANDS = {"alembic", "pydantic", "rich", "sqlalchemy", "yaml", "zoneinfo"}
FOR_SOME_LEDGERS = {
    "cryptography",
    "oauthlib",
    "psycopg",
    "quickbooks",
    "requests",
    "requests_oauthlib",
    "stripe",
    "tenacity",
}
FOR_THE_WEB = {"anyio", "h11", "starlette", "uvicorn"}
NEVER = {"beancount", "beangulp", "beanquery", "fava", "hypothesis", "pytest"}


def loaded(*arguments: str) -> tuple[int, str, set[str]]:
    """Exit code, standard output and the packages loaded by the command line with these arguments."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "connector", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    names = re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE)
    return done.returncode, done.stdout, {name.split(".")[0] for name in names}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books that were synced once, so that their state is there."""
    folder = tmp_path_factory.mktemp("books")
    settings = {
        "books": "acme",
        "timezone": "America/New_York",
        "state": "sqlite:///state.db",
        "mappings": str(ROOT / "mappings"),
        "stripe": {"start": "2026-01-01", "export": str(ROOT / "connector" / "samples" / "stripe")},
        "ledgers": {
            "main": {
                "kind": "beancount",
                "sales": "sales_receipt",
                "rules": "refund_rules.yaml",
                "connection": {"path": "books"},
            }
        },
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    code, _, packages = loaded("sync", "-c", str(path))
    assert code in (0, 3)
    assert "alembic" in packages, "the first run makes the tables, and this test sees what is loaded"
    return path


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], [], ["snyc"], ["--nope"]])
def test_help_and_mistakes_cost_next_to_nothing(arguments: list[str]) -> None:
    code, out, packages = loaded(*arguments)
    assert code == (0 if arguments in (["--help"], ["--version"]) else 2)
    assert "click" in packages
    assert packages & (FOR_SOME_COMMANDS | FOR_SOME_LEDGERS | FOR_THE_WEB | NEVER) == set()
    if arguments == ["--help"]:
        assert "sync" in out and "Exit codes" in out


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--json"], ["list", "held", "--json"], ["sync"], ["sync", "--json"]]
)
def test_ledgers_and_sources_that_are_not_used_are_not_loaded(config: Path, arguments: list[str]) -> None:
    code, _, packages = loaded(*arguments, "-c", str(config))
    assert code in (0, 3)
    assert "sqlalchemy" in packages
    assert packages & (FOR_SOME_LEDGERS | FOR_THE_WEB | NEVER | {"alembic"}) == set()


def test_serve_refuses_and_explains_before_it_loads_what_serves(config: Path) -> None:
    for arguments, code in ((["--help"], 0), (["-c", str(config)], 2)):
        ended, _, packages = loaded("serve", *arguments)
        assert ended == code
        assert packages & (FOR_SOME_LEDGERS | FOR_THE_WEB | NEVER | {"alembic"}) == set()


def test_what_is_imported_is_declared() -> None:
    """Each package that the product imports is among its own dependencies, or of an extra that is asked for by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[\[<>=!~ ]", one)[0] for one in project["dependencies"]}
    declared |= {re.split(r"[\[<>=!~ ]", one)[0] for one in project["optional-dependencies"]["postgres"]}
    known = {name.lower().replace("_", "-") for name in declared}
    owners = packages_distributions()
    # Parts of what is declared, which they belong to.
    known |= {"urllib3", "pydantic-core"}
    missing = set()
    for path in (ROOT / "connector").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in (one.partition(".")[0] for one in names):
                if name in sys.stdlib_module_names or name == "connector":
                    continue
                if not {one.lower().replace("_", "-") for one in owners.get(name, ["?"])} & known:
                    missing.add(f"{path.relative_to(ROOT)}: {name}")
    assert missing == set()
