"""The few rules of style that matter, kept by reading the source. Each rule is also shown what it must catch."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CONNECTOR = ROOT / "connector"
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted(CONNECTOR.rglob("*.py"))}
MIGRATIONS = "connector/store/migrations/versions/"
FILE_LINES = 400
FUNCTION_LINES = 80

Rule = Callable[[str, ast.Module], Iterator[str]]


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every imported module by its full name, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with what is called, as it is written: `open`, `datetime.now`, `self.session.get`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


# ---------------------------------------------------------------------------------------------- the rules

# Pure: a function of its input. What may be imported is listed, so that a new way to the outside is seen at once.
PURE = re.compile(r"connector/(planning/.*|ledgers/.*|stripe_source/(parse.*|fact_text|changes))\.py")
PURE_NAMES = (
    "__future__ base64 bisect calendar collections dataclasses datetime decimal enum fractions functools hashlib "
    "heapq itertools json math operator quickbooks.objects re simplejson string textwrap types typing unicodedata "
    "tzlocal.windows_tz urllib.parse xml zlib zoneinfo "
    "connector.errors connector.ledgers connector.planning"
)
PURE_IMPORTS = frozenset(PURE_NAMES.split())
PARSERS = frozenset({"connector.stripe_source.parse", "connector.stripe_source.fact_text"})


def is_pure_import(name: str) -> bool:
    """Whether the module, or a package that it is in, is listed."""
    parts = name.split(".")
    listed = {".".join(parts[:length]) for length in range(1, len(parts) + 1)} & PURE_IMPORTS
    return bool(listed) or any(name == one or name.startswith(f"{one}_") for one in PARSERS)


def pure_packages_do_no_io(place: str, tree: ast.Module) -> Iterator[str]:
    if not PURE.fullmatch(place):
        return
    for line, name in imports(tree):
        if not is_pure_import(name):
            yield f"{line}: imports {name}"
    for node, called in calls(tree):
        if called in ("open", "print", "input", "exec", "eval", "__import__"):
            yield f"{node.lineno}: calls {called}"


OUTSIDE = frozenset({"time", "random", "secrets", "uuid", "getpass", "socket"})
OUTSIDE_CALLS = re.compile(
    r"(.*\.)?(datetime\.(now|utcnow|today)|date\.today|os\.(urandom|getpid|getenv)|platform\.node)"
)


def only_the_world_names_clock_and_randomness(place: str, tree: ast.Module) -> Iterator[str]:
    if place == "connector/world.py":
        return
    for line, name in imports(tree):
        if name.split(".")[0] in OUTSIDE:
            yield f"{line}: imports {name}"
    for node, called in calls(tree):
        if OUTSIDE_CALLS.fullmatch(called):
            yield f"{node.lineno}: calls {called}"


def no_float_touches_money(place: str, tree: ast.Module) -> Iterator[str]:
    """No float(), no true division by a number; in pure code no number with a point either."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            yield f"{line}: calls float"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            divisor = node.right if isinstance(node, ast.BinOp) else node.value
            if isinstance(divisor, ast.Constant) and not isinstance(divisor.value, str):
                yield f"{line}: divides by {divisor.value!r}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float) and PURE.fullmatch(place):
            yield f"{line}: names the float {node.value}"


MUST_HAVE_TIMEOUT = re.compile(
    r"requests\.(get|post|put|patch|delete|head|request)|(urllib\.request\.)?urlopen|(http\.client\.)?HTTPS?Connection"
    r"|(stripe\.)?RequestsClient|(socket\.)?create_connection"
    r"|(.*\.)?_?(http_?|oauth_?)?session\.(get|post|put|patch|delete|head|request|send)"
)


def every_request_has_a_timeout(place: str, tree: ast.Module) -> Iterator[str]:
    for node, called in calls(tree):
        named = {keyword.arg for keyword in node.keywords}
        if MUST_HAVE_TIMEOUT.fullmatch(called) and "timeout" not in named:
            yield f"{node.lineno}: {called} without timeout="
        elif called.endswith("StripeClient") and "http_client" not in named:
            yield f"{node.lineno}: {called} without an http_client= that has a timeout"


def nothing_imports_a_ledger_program(place: str, tree: ast.Module) -> Iterator[str]:
    """Books are text to us: Beancount and Fava are for those who read them."""
    for line, name in imports(tree):
        if name.split(".")[0] in ("beancount", "beanquery", "beangulp", "fava"):
            yield f"{line}: imports {name}"


def functions_are_short(place: str, tree: ast.Module) -> Iterator[str]:
    if place.startswith(MIGRATIONS):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{node.lineno}: {node.name} has {length} lines"


def nothing_is_unfinished(place: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None and "NotImplemented" in ast.unparse(node.exc):
            yield f"{node.lineno}: raises NotImplementedError"


RULES: tuple[Rule, ...] = (
    pure_packages_do_no_io,
    only_the_world_names_clock_and_randomness,
    no_float_touches_money,
    every_request_has_a_timeout,
    nothing_imports_a_ledger_program,
    functions_are_short,
    nothing_is_unfinished,
)

PLANNING = "connector/planning/new.py"
CAUGHT: tuple[tuple[Rule, str, str], ...] = (
    (pure_packages_do_no_io, PLANNING, "import os"),
    (pure_packages_do_no_io, PLANNING, "def f():\n    from sqlalchemy import select"),
    (pure_packages_do_no_io, PLANNING, "from connector.store.schema import run"),
    (pure_packages_do_no_io, PLANNING, "from connector.stripe_source.api import ApiSource"),
    (
        pure_packages_do_no_io,
        "connector/stripe_source/parse_kinds.py",
        "import connector.stripe_source.export",
    ),
    (pure_packages_do_no_io, "connector/ledgers/xero.py", "x = open('f')"),
    (only_the_world_names_clock_and_randomness, "connector/sync.py", "from time import monotonic"),
    (
        only_the_world_names_clock_and_randomness,
        "connector/sync.py",
        "import datetime\nn = datetime.datetime.now()",
    ),
    (
        only_the_world_names_clock_and_randomness,
        "connector/sync.py",
        "from datetime import date\nd = date.today()",
    ),
    (only_the_world_names_clock_and_randomness, "connector/sync.py", "import uuid"),
    (no_float_touches_money, "connector/cli/new.py", "x = float('1.10')"),
    (no_float_touches_money, "connector/cli/new.py", "x = amount_minor / 100"),
    (no_float_touches_money, "connector/cli/new.py", "x /= 100"),
    (no_float_touches_money, PLANNING, "rate = 1.35"),
    (every_request_has_a_timeout, "connector/delivery/new.py", "requests.get(url)"),
    (
        every_request_has_a_timeout,
        "connector/delivery/new.py",
        "self._session.request('GET', url, headers=h)",
    ),
    (every_request_has_a_timeout, "connector/delivery/new.py", "stripe.RequestsClient(session=s)"),
    (every_request_has_a_timeout, "connector/delivery/new.py", "stripe.StripeClient(key)"),
    (nothing_imports_a_ledger_program, "connector/ledgers/new.py", "from beancount.core import data"),
    (functions_are_short, PLANNING, "def f():\n" + "    x = 1\n" * FUNCTION_LINES),
    (nothing_is_unfinished, PLANNING, "def f():\n    raise NotImplementedError"),
)
LEFT_ALONE: tuple[tuple[Rule, str, str], ...] = (
    (pure_packages_do_no_io, "connector/sync.py", "import os"),
    (pure_packages_do_no_io, PLANNING, "from collections.abc import Mapping"),
    (
        pure_packages_do_no_io,
        "connector/stripe_source/parse.py",
        "import connector.stripe_source.parse_kinds",
    ),
    (only_the_world_names_clock_and_randomness, "connector/world.py", "import time"),
    (only_the_world_names_clock_and_randomness, "connector/sync.py", "from datetime import time"),
    (no_float_touches_money, "connector/cli/new.py", "x = amount_minor // 100; y = folder / 'books'"),
    (every_request_has_a_timeout, "connector/delivery/new.py", "self.session.get(url, timeout=30)"),
    (functions_are_short, PLANNING, "def f():\n" + "    x = 1\n" * (FUNCTION_LINES - 1)),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps(rule: Rule) -> None:
    broken = [
        f"{place}:{found}"
        for place, path in MODULES.items()
        for found in rule(place, ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert broken == []


@pytest.mark.parametrize(("rule", "place", "source"), CAUGHT)
def test_a_rule_catches(rule: Rule, place: str, source: str) -> None:
    assert list(rule(place, ast.parse(source)))


@pytest.mark.parametrize(("rule", "place", "source"), LEFT_ALONE)
def test_a_rule_leaves_alone(rule: Rule, place: str, source: str) -> None:
    assert list(rule(place, ast.parse(source))) == []


def test_every_rule_is_shown_something_to_catch() -> None:
    assert {rule for rule, _, _ in CAUGHT} == set(RULES)


# ---------------------------------------------------------------------------------------------- files and words


def test_a_file_is_one_idea() -> None:
    lengths = {place: len(path.read_text(encoding="utf-8").splitlines()) for place, path in MODULES.items()}
    assert {place: length for place, length in lengths.items() if length > FILE_LINES} == {}


def test_no_module_is_a_junk_drawer() -> None:
    junk = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc", "tools"}
    names = {part.removesuffix(".py") for place in MODULES for part in place.split("/")}
    assert names & junk == set()


def readable_files() -> Iterator[Path]:
    """What a reader of the repository may open, but for this file, which has to name what it looks for."""
    for folder, pattern in (
        (".", "*"),
        ("docs", "**/*"),
        ("mappings", "*"),
        ("connector", "**/*.py"),
        ("tests", "**/*.py"),
    ):
        for path in sorted((ROOT / folder).glob(pattern)):
            if (
                path.is_file()
                and path != Path(__file__)
                and path.suffix in (".md", ".yaml", ".toml", ".py", ".lock", "")
            ):
                yield path
    yield ROOT / ".ci" / "run"


def test_no_text_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(r"(?<![\w.~}/])/(work|root|home/\w+|Users/\w+)/")
    files = list(readable_files())
    assert ROOT / "README.md" in files and ROOT / "pyproject.toml" in files
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if place.search(line)
    ]
    assert named == []


def test_nothing_is_left_to_be_done() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|pragma: no cover")
    found = [
        f"{path.relative_to(ROOT)}: {words.findall(text)}"
        for path in readable_files()
        if path.suffix == ".py" and words.search(text := path.read_text(encoding="utf-8"))
    ]
    assert found == []


# ---------------------------------------------------------------------------------------------- lock files


def locked(name: str) -> dict[str, str]:
    """Distribution → version, from a lock file."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(distribution): version for distribution, version in pins}


def test_a_lock_file_names_no_address_and_a_hash_for_everything() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(r"://|^--?\w.*|file:|@", text, re.MULTILINE) == []
        pins = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
        assert len(pins) > 30
        assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_the_lock_files_are_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    extras = project["project"]["optional-dependencies"]
    for name, asked in (
        ("requirements.lock", needed),
        ("requirements-dev.lock", [*needed, *(one for extra in extras.values() for one in extra)]),
    ):
        pins = locked(name)
        for one in map(Requirement, asked):
            version = pins.get(canonicalize_name(one.name))
            assert version is not None and one.specifier.contains(version), f"{name}: {one}; run make lock"
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()
