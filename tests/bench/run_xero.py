"""Measures posting into Xero and writes its part of docs/benchmarks.md; every figure comes from a run.

    python tests/bench/run_xero.py [REFUNDS]        default 5000

The connector runs its own commands over HTTP against a stand-in in another process, which keeps Xero's limits; an answer
takes 0.3 s, and 0.04 s for each document that is written. Both live in one virtual time: it runs as the real one, but
leaps where every thread sleeps.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from cli_books import Export
from page_parts import PAGE, XERO, machine, replace_part, verdict
from quickbooks_books import KEY
from run_bench import Measured, measure
from small_books import MAPPINGS
from stand_in import StandIn, serving
from xero_server import PER_MINUTE, numbered

Json = dict[str, Any]
REFUNDS = 5_000
# How many were posted before, and how many come on the day after.
FEW = 10
MINUTE_S = 60
# How long Xero takes for an answer, and more for each document: a batch of 50 takes 2.3 s.
LATENCY_S = 0.3
DOCUMENT_S = 0.04
# When each run begins: the state has been filled, and its lists are old, when the many come.
BEGINS = tuple(
    int(datetime(2026, month, day, 12, tzinfo=UTC).timestamp()) for month, day in ((2, 11), (4, 1), (4, 3))
)
TARGET_CALLS = 0.05
TARGET_TIME = 1.1


@dataclass(frozen=True)
class Scenario:
    """What stands in the books (`form`, numbered as `number`), what is refunded of it or what sales become (`sales`)."""

    words: str
    form: str
    types: tuple[str, ...]
    number: str = "{}"
    sales: str = "find"


SCENARIOS = (
    Scenario("credit note and payment of an invoice", "Invoices", ("credit_memo", "credit_card_refund")),
    Scenario(
        "the same, numbers of 15 characters",
        "Invoices",
        ("credit_memo", "credit_card_refund"),
        "A1B2C3D4-{}",
    ),
    Scenario("money spent, of money received", "BankTransactions", ("refund_receipt",)),
    Scenario("a sale: invoice and payment", "none", ("hold",), sales="invoice_and_payment"),
)


@dataclass(frozen=True)
class Asked:
    """The calls of one command, by what was asked; `seconds` lie between the first and the last."""

    calls: dict[str, int]
    writes: int
    written: int
    throttled: int
    latest: float
    seconds: float

    @property
    def count(self) -> int:
        return sum(self.calls.values())


@dataclass(frozen=True)
class Posted:
    """The first run, which fills the state and posts a few; all in one run; a run with nothing new; a few more."""

    scenario: Scenario
    refunds: int
    first: Asked
    asked: Asked
    ran: Measured
    idle: Asked
    few: Asked

    @property
    def calls_each(self) -> float:
        return self.asked.count / self.refunds

    @property
    def allowed_s(self) -> float:
        """What as many calls take at what Xero allows."""
        return self.asked.count / PER_MINUTE * MINUTE_S


# ---------------------------------------------------------------------------------------------- the books


def write_settings(folder: Path, scenario: Scenario, connection: Json) -> None:
    shutil.copy(MAPPINGS / "xero.yaml", folder)
    ledger = {"kind": "xero", "sales": scenario.sales, "connection": connection}
    settings = {
        "books": "bench",
        "timezone": "America/New_York",
        "state": "sqlite:///state.db",
        "mappings": str(folder),
        "stripe": {"start": "2026-02-01", "export": "stripe"},
        "ledgers": {"main": ledger},
    }
    then: Any = scenario.types[0] if scenario.types == ("hold",) else list(scenario.types)
    rules = [{"name": "all", "when": {}, "then": then}]
    for name, data in (("config", settings), ("refund_rules", rules)):
        (folder / f"{name}.yaml").write_text(json.dumps(data), encoding="utf-8")


def add_to_export(export: Export, scenario: Scenario, sales: Sequence[tuple[int, str]]) -> None:
    """A charge for each sale and, where they are found in the books, a refund of half of it."""
    for place, day in sales:
        metadata = {"order_number": scenario.number.format(place)}
        customer: Json = {}
        if scenario.sales != "find":
            who = f"{place % 500:04}"
            details = {"name": f"Customer {who}", "email": f"customer.{who}@example.com"}
            customer = {"customer": f"cus_NffrFeUfNV{who}", "billing_details": details}
        export.charge(str(place), 11_000, when=f"{day}T15:00:00", fee=0, metadata=metadata, **customer)
        if scenario.sales == "find":
            export.refund(str(place), f"ch_{place}", 5_500, when=f"{day}T18:00:00")
    export.write()


class Bench:
    """One scenario: commands of the connector, one after the other."""

    def __init__(self, folder: Path, scenario: Scenario, server: StandIn) -> None:
        self.folder = folder
        self.scenario = scenario
        self.server = server
        self.export = Export(folder / "stripe")
        write_settings(folder, scenario, server.told)

    def sync(self, begin: float, sales: Sequence[tuple[int, str]]) -> tuple[Measured, Asked]:
        """A run at this second, with these new sales. Raises SystemExit where it does not post them all."""
        add_to_export(self.export, self.scenario, sales)
        output = self.folder / "output.json"
        script = str(Path(__file__).with_name("virtual_pass.py"))
        config = str(self.folder / "config.yaml")
        # A token that is asked for does not say when.
        self.server.say(str(begin))
        arguments = [script, str(begin), str(LATENCY_S), str(DOCUMENT_S), "sync", "-c", config, "--json"]
        ran = measure(arguments, output)
        said = json.loads(output.read_text(encoding="utf-8"))
        asked = Asked(**self.server.asked())
        wanted = len(sales) * (2 if self.scenario.sales != "find" else len(self.scenario.types))
        if ran.exit_code != 0 or said["errors"] or asked.written < wanted:
            raise SystemExit(
                f"{self.scenario.words}: {said['errors']}, {asked.written} written, not {wanted}"
            )
        return ran, asked


def bench(refunds: int, scenario: Scenario) -> Posted:
    folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
    sizes = [FEW, refunds, FEW]
    sales = numbered(sizes)
    arguments = (",".join(map(str, sizes)), scenario.form, scenario.number, BEGINS[0])
    try:
        with serving("xero_server.py", *arguments) as server:
            made = Bench(folder, scenario, server)
            _, first = made.sync(BEGINS[0], sales[:FEW])
            ran, asked = made.sync(BEGINS[1], sales[FEW:-FEW])
            _, idle = made.sync(asked.latest + MINUTE_S, [])
            _, few = made.sync(BEGINS[2], sales[-FEW:])
            return Posted(scenario, refunds, first, asked, ran, idle, few)
    finally:
        shutil.rmtree(folder)


# ---------------------------------------------------------------------------------------------- the page


def table(rows: list[Posted]) -> list[str]:
    lines = [
        "| how many | each becomes | calls | of these writes | calls each | 429 | run, s | at 60 calls a minute | CPU s "
        f"| peak MB | first run: calls | nothing new: calls | {FEW} new: calls |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = (
            f"{row.refunds:,}",
            row.scenario.words,
            f"{row.asked.count:,}",
            f"{row.asked.writes:,}",
            f"{row.calls_each:.3f}",
            f"{row.asked.throttled}",
            f"{row.asked.seconds:,.0f}",
            f"{row.allowed_s:,.0f}",
            f"{row.ran.cpu_s:.1f}",
            f"{row.ran.peak_mb:.0f}",
            f"{row.first.count}",
            f"{row.idle.count}",
            f"{row.few.count}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def asked_table(rows: list[Posted]) -> list[str]:
    """What the calls were, of the run that posts all and of that which posts a few."""
    lines = ["| each becomes | run | asked |", "|---|---|---|"]
    for row in rows:
        for name, asked in (
            ("first", row.first),
            ("all", row.asked),
            ("nothing new", row.idle),
            (f"{FEW} new", row.few),
        ):
            told = ", ".join(f"{words} {count}" for words, count in sorted(asked.calls.items()))
            lines.append(f"| {row.scenario.words} | {name} | {told} |")
    return lines


def targets(rows: list[Posted]) -> list[str]:
    if not rows or rows[0].refunds < REFUNDS:
        return [f"Not measured: the targets are for {REFUNDS:,} refunds."]
    lines = ["| target | limit | measured | |", "|---|---:|---:|---|"]
    for row in rows:
        words, each = row.scenario.words, row.calls_each
        took = row.asked.seconds / row.allowed_s
        throttled = sum(one.throttled for one in (row.first, row.asked, row.idle, row.few))
        lines += [
            verdict(f"{words}: calls each", f"{TARGET_CALLS}", each, TARGET_CALLS, f"{each:.3f}"),
            verdict(f"{words}: time / time allowed", f"{TARGET_TIME}", took, TARGET_TIME, f"{took:.2f}"),
            verdict(f"{words}: 429 answers", "0", throttled, 0, f"{throttled}"),
        ]
    return lines


def part_of(rows: list[Posted]) -> list[str]:
    return [
        "Written by `tests/bench/run_xero.py`. Sales and their payments stand in a stand-in for Xero, which keeps the limits",
        "of one organisation (60 calls a minute, 5 at once, 5,000 a day); an answer takes 0.3 s, and 0.04 s more for each",
        "document that it tells written. Both live in a virtual time, which runs as the real one but leaps where every",
        f"thread sleeps. A first run fills the state from the books and posts {FEW}; the run that is measured posts",
        f"the many that came since; then there is one with nothing new, and one with {FEW} more. Calls are all",
        "that Xero counts, reads and writes, from the first of a run to its last, and so is the time of the run.",
        "",
        *machine(),
        "",
        *table(rows),
        "",
        *targets(rows),
        "",
        "What was asked, and how often:",
        "",
        *asked_table(rows),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("refunds", nargs="?", type=int, default=REFUNDS, metavar="REFUNDS")
    parser.add_argument("--only", type=int, metavar="PLACE", help="one row alone, from 0; writes no page")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the figures go")
    chosen = parser.parse_args()
    os.environ.setdefault("CONNECTOR_KEY", KEY)
    scenarios = SCENARIOS if chosen.only is None else SCENARIOS[chosen.only :][:1]
    lines = part_of([bench(chosen.refunds, scenario) for scenario in scenarios])
    if chosen.only is None:
        replace_part(chosen.page, XERO, lines)
    sys.stdout.write("\n".join([XERO, "", *lines, ""]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
