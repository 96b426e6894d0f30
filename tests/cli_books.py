"""Support for tests of the command line: a set of books in a folder, Stripe objects to feed it, a reader of its files.

Nothing here uses the connector's own reading, planning or money code: what a test expects is worked out apart.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cli_shapes import CHECKS, check_report

from connector.cli.root import run
from connector.world import World

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "connector" / "samples" / "stripe"
CLEARING = "Assets:Stripe:Clearing"
RECEIVABLE = "Assets:Accounts-Receivable"
FEES = "Expenses:Stripe-Fees"
DAY = 86_400

Json = dict[str, Any]


def at(text: str) -> int:
    """`2026-03-05T12:00:00` in UTC as Stripe's second."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


# The clock of tests: long after every object, so that no grace is running unless a test sets its own clock.
NOW = at("2026-06-01T12:00:00")


@dataclass(frozen=True, slots=True)
class Result:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        value = json.loads(self.out)
        assert isinstance(value, dict), self.out
        return value


# ------------------------------------------------------------------------------------------------ Stripe's objects


@dataclass
class Export:
    """A folder of exported objects; a later object of an id takes the place of the earlier one."""

    folder: Path
    objects: dict[str, Json] = field(default_factory=dict)

    def put(self, *objects: Json) -> None:
        for one in objects:
            self.objects[one["id"]] = one

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        by_kind: dict[str, list[str]] = {}
        for one in self.objects.values():
            by_kind.setdefault(one["object"], []).append(json.dumps(one) + "\n")
        for path in self.folder.glob("*.jsonl"):
            if path.is_file() and path.stem not in by_kind:
                path.unlink()
        for kind, lines in by_kind.items():
            path = self.folder / f"{kind}.jsonl"
            before = path.stat() if path.exists() else None
            path.write_text("".join(lines), encoding="utf-8")
            if before is not None and path.stat().st_mtime_ns == before.st_mtime_ns:
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))

    def charge(
        self, name: str, amount: int, *, when: str = "2026-02-02T15:00:00", fee: int = 0, **fields: Any
    ) -> str:
        """A succeeded charge by card with its balance transaction; returns its id."""
        charge_id, moment = f"ch_{name}", at(when)
        currency = fields.get("currency", "usd")
        self.put(
            {
                "id": charge_id,
                "object": "charge",
                "amount": amount,
                "amount_captured": amount,
                "captured": True,
                "created": moment,
                "currency": currency,
                "status": "succeeded",
                "balance_transaction": f"txn_{charge_id}",
                "payment_method_details": {"type": "card"},
                "metadata": {"order_number": name},
                **fields,
            },
            movement(f"txn_{charge_id}", amount, currency, moment, "charge", charge_id, fee),
        )
        return charge_id

    def refund(
        self, name: str, charge_id: str, amount: int, *, when: str = "2026-02-10T15:00:00", **fields: Any
    ) -> str:
        """A succeeded refund with its balance transaction; returns its id."""
        refund_id, moment = f"re_{name}", at(when)
        currency = fields.get("currency", "usd")
        self.put(
            {
                "id": refund_id,
                "object": "refund",
                "amount": amount,
                "charge": charge_id,
                "created": moment,
                "currency": currency,
                "status": "succeeded",
                "balance_transaction": f"txn_{refund_id}",
                "metadata": {},
                "reason": None,
                **fields,
            },
            movement(f"txn_{refund_id}", -amount, currency, moment, "refund", refund_id),
        )
        return refund_id

    def fail(self, refund_id: str, when: str = "2026-02-20T15:00:00", status: str = "failed") -> None:
        """Stripe could not pay the refund out: the money comes back."""
        refund, moment = self.objects[refund_id], at(when)
        refund.update(status=status, failure_balance_transaction=f"txn_back_{refund_id}")
        self.put(
            movement(
                f"txn_back_{refund_id}",
                refund["amount"],
                refund["currency"],
                moment,
                "refund_failure",
                refund_id,
            )
        )


def movement(
    object_id: str, amount: int, currency: str, moment: int, category: str, source: str, fee: int = 0
) -> Json:
    return {
        "id": object_id,
        "object": "balance_transaction",
        "amount": amount,
        "created": moment,
        "currency": currency,
        "fee": fee,
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "type": category,
    }


# ------------------------------------------------------------------------------------------------ books on disk


class Books:
    """Settings, mappings, an export and books in one folder, and the commands called on them."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.ledger_folder = folder / "books"
        self.now = NOW
        self.export = Export(folder / "export")
        shutil.copytree(ROOT / "mappings", folder / "mappings")
        self.settings: Json = {
            "books": "acme",
            "timezone": "America/New_York",
            "state": "sqlite:///state/acme.db",
            "stripe": {"start": "2026-01-01", "export": "export"},
            "refunds": {},
            "ledgers": {
                "main": {
                    "kind": "beancount",
                    "sales": "invoice_and_payment",
                    "fees": True,
                    "connection": {"path": "books"},
                }
            },
        }
        self.change(**changes)

    def change(self, **changes: Any) -> None:
        """Change settings; maps are merged, other values replaced."""
        merge(self.settings, changes)
        self.config.write_text(json.dumps(self.settings, indent=1), encoding="utf-8")

    def ledger(self, **changes: Any) -> None:
        """Change settings of the ledger `main`."""
        self.change(ledgers={"main": changes})

    def rules(self, *rules: Json) -> None:
        """Other rules (JSON is YAML)."""
        (self.folder / "mappings" / "refund_rules.yaml").write_text(json.dumps(rules), encoding="utf-8")

    def run(self, *arguments: str, config: Path | None = None) -> Result:
        """One command in this process, with standard output and error apart."""
        out, err = io.StringIO(), io.StringIO()
        words = [arguments[0]]
        rest = list(arguments[1:])
        if words == ["rules"]:
            words.append(rest.pop(0))
        words += ["-c", str(config or self.config), *rest]
        with contextlib.ExitStack() as stack:
            stack.enter_context(patch.object(World, "now", lambda world: self.now))
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            code = run(words)
        return Result(code, out.getvalue(), err.getvalue())

    def sync(self, *arguments: str, code: int = 0) -> Json:
        """`sync --json` of what the export holds now; checked for its exit code and shape."""
        if self.export.objects:
            self.export.write()
        result = self.run("sync", "--json", *arguments)
        assert result.code == code, (result.code, result.out, result.err)
        check_report(result.json)
        return result.json

    def listed(self, what: str, *arguments: str) -> list[Json]:
        result = self.run("list", what, "--json", *arguments)
        assert result.code == 0, result.err
        assert list(result.json) == [what]
        items = result.json[what]
        for item in items:
            CHECKS[what](item)
        assert isinstance(items, list)
        return items

    def outcome(self, refund_id: str, ledger: str = "main") -> Json:
        """What `list refunds` says of one refund in one ledger."""
        (found,) = [r for r in self.listed("refunds") if r["refund_id"] == refund_id]
        value: Json = found["ledgers"][ledger]
        return value

    def documents(self, refund_id: str) -> list[Json]:
        return [d for d in self.listed("documents") if d["refund_id"] == refund_id]

    def explain(self, refund_id: str) -> Json:
        result = self.run("explain", refund_id, "--json")
        assert result.code == 0, result.err
        return result.json

    def files(self) -> dict[str, bytes]:
        """The ledger's files as they are, without what the courier keeps for itself (hidden files)."""
        if not self.ledger_folder.is_dir():
            return {}
        return {p.name: p.read_bytes() for p in sorted(self.ledger_folder.glob("*.beancount"))}

    def balance(self, account: str) -> dict[str, Decimal]:
        return balances(self.ledger_folder).get(account, {})

    def lose_state(self) -> None:
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """One command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "connector", *arguments, "-c", str(self.config)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def merge(into: Json, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM, timeout_s: int = 30) -> Result:
    """Send a signal and wait."""
    process.send_signal(number)
    out, err = process.communicate(timeout=timeout_s)
    return Result(process.returncode, out, err)


# ------------------------------------------------------------------------------------------------ the books, read


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction as the files have it; amounts signed, debit above zero."""

    date: str
    metadata: dict[str, str]
    links: tuple[str, ...]
    postings: tuple[tuple[str, Decimal, str], ...]

    def moved(self, account: str) -> Decimal:
        return sum((amount for name, amount, _ in self.postings if name == account), Decimal(0))


_HEAD = re.compile(r'^(\d{4}-\d\d-\d\d) \* "')
_META = re.compile(r'^  ([a-z_]+): "(.*)"$')
_POSTING = re.compile(r"^  ([A-Z][\w:-]+) +(-?[\d.]+) ([A-Z]{3})$")


def transactions(folder: Path) -> list[Transaction]:
    """Every transaction of the month files; it is an error if a line is of no known form."""
    found: list[Transaction] = []
    for path in sorted(folder.glob("[0-9]*.beancount")):
        for piece in path.read_text(encoding="utf-8").split("\n\n"):
            lines = piece.strip("\n").split("\n")
            if lines == [""]:
                continue
            head = _HEAD.match(lines[0])
            assert head is not None, lines[0]
            metadata: dict[str, str] = {}
            postings: list[tuple[str, Decimal, str]] = []
            for line in lines[1:]:
                if (pair := _META.match(line)) is not None:
                    metadata[pair[1]] = pair[2]
                elif (posting := _POSTING.match(line)) is not None:
                    postings.append((posting[1], Decimal(posting[2]), posting[3].lower()))
                else:
                    assert line.startswith("    "), line
            links = tuple(word[1:] for word in lines[0].split('"')[-1].split())
            assert sum(amount for _, amount, _ in postings) == 0, piece
            found.append(Transaction(head[1], metadata, links, tuple(postings)))
    return found


def balances(folder: Path) -> dict[str, dict[str, Decimal]]:
    """Account → currency → balance."""
    sums: dict[str, dict[str, Decimal]] = {}
    for one in transactions(folder):
        for account, amount, currency in one.postings:
            of = sums.setdefault(account, {})
            of[currency] = of.get(currency, Decimal(0)) + amount
    return {account: {c: v for c, v in of.items() if v} for account, of in sums.items()}


def bean_check(folder: Path) -> str:
    """What bean-check says: nothing where all is well."""
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run(
        [str(program), str(folder / "main.beancount")], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


# ------------------------------------------------------------------------------------------------ money

ZERO_DECIMAL = (
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
)
THREE_DECIMAL = ("bhd", "jod", "kwd", "omr", "tnd")


def major(amount_minor: int, currency: str) -> Decimal:
    """Minor units as Stripe counts them in major units; ugx and isk are left out, nothing here uses them."""
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return Decimal(amount_minor).scaleb(-places)
