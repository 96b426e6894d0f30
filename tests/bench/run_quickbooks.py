"""Measures posting into QuickBooks Online and writes its part of docs/benchmarks.md; every figure comes from a run.

    python tests/bench/run_quickbooks.py [REFUNDS]        default 5000

The connector runs its own commands over HTTP against a stand-in in another process, which keeps Intuit's limits; an
answer takes 0.3 s. Both live in one virtual time: it runs as the real one, but leaps where every thread sleeps.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from cli_books import Export
from page_parts import PAGE, QUICKBOOKS, machine, replace_part, verdict
from quickbooks_books import INCOME, KEY
from quickbooks_hands import CLEARING, RECEIVABLES
from quickbooks_server import FIRST, day_of
from run_bench import Measured, measure
from stand_in import serving
from vendors.quickbooks.oauth import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH

Json = dict[str, Any]
REFUNDS = 5_000
START = int(datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp())
# What Intuit allows of one company.
PER_MINUTE = 500
MINUTE_S = 60
# How long an answer takes.
LATENCY_S = 0.3
ADDED = 0.005
TARGET_READS = 0.05
TARGET_TIME = 1.1


@dataclass(frozen=True)
class Scenario:
    """What the refunds of the sales in the books become; `writes` is how many requests that takes."""

    words: str
    form: str
    types: tuple[str, ...]
    writes: int
    duplicates: str = "per_type"


SCENARIOS = (
    Scenario("refund receipt of a sales receipt", "SalesReceipt", ("refund_receipt",), 1),
    Scenario(
        "refund receipt, number not one of any sale",
        "SalesReceipt",
        ("refund_receipt",),
        1,
        "all_sales_forms",
    ),
    Scenario("credit memo and pay-out of an invoice", "Invoice", ("credit_memo", "refund_payout"), 3),
    Scenario(
        "credit memo and pay-out, number not one of any sale",
        "Invoice",
        ("credit_memo", "refund_payout"),
        3,
        "all_sales_forms",
    ),
)


@dataclass(frozen=True)
class Asked:
    """The requests of one command; `seconds` lie between its first write and its last, `latest` is when it ended."""

    writes: int
    refused: int
    reads: int
    throttled: int
    latest: float
    seconds: float


@dataclass(frozen=True)
class Posted:
    """An empty state that is filled from the books, all refunds in one pass, and a pass with nothing new."""

    scenario: Scenario
    refunds: int
    filling: Asked
    asked: Asked
    ran: Measured
    again: Asked

    @property
    def allowed_s(self) -> float:
        """What as many writes take at what Intuit allows."""
        return self.asked.writes / PER_MINUTE * MINUTE_S


def write_settings(folder: Path, scenario: Scenario, told: Json) -> None:
    connection = {
        "realm_id": told["realm"],
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": told["refresh"],
        "base_url": told["base_url"],
        "token_url": told["base_url"] + TOKEN_PATH,
    }
    settings = {
        "books": "bench",
        "timezone": "America/New_York",
        "state": "sqlite:///state.db",
        "mappings": str(folder),
        "stripe": {"start": "2026-03-01", "export": "stripe"},
        "ledgers": {"main": {"kind": "quickbooks_online", "sales": "find", "connection": connection}},
    }
    mapping = {
        "accounts": {"clearing": CLEARING, "receivable": RECEIVABLES, "sales": INCOME},
        "items": {"sales": {"*": "Widget"}, "refunds": {"*": "Widget"}},
    }
    rules = [{"name": "all", "when": {}, "then": list(scenario.types)}]
    for name, data in (
        ("config", settings),
        ("quickbooks_online", mapping),
        ("refund_rules", rules),
    ):
        (folder / f"{name}.yaml").write_text(json.dumps(data), encoding="utf-8")


def write_export(folder: Path, refunds: int) -> None:
    """A charge for each sale in the books, and a refund of half of it."""
    export = Export(folder)
    for place in range(refunds):
        number, day = str(FIRST + place), day_of(place, refunds)
        metadata = {"order_number": number}
        export.charge(number, 11_000, when=f"{day}T15:00:00", fee=0, metadata=metadata)
        export.refund(number, f"ch_{number}", 5_500, when=f"{day}T18:00:00")
    export.write()


def bench(refunds: int, scenario: Scenario) -> Posted:
    folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
    try:
        with serving("quickbooks_server.py", refunds, scenario.form, scenario.duplicates, START) as server:
            write_settings(folder, scenario, server.told)

            def sync(begin: float, posted: int) -> tuple[Measured, Asked]:
                output = folder / "output.json"
                script = str(Path(__file__).with_name("virtual_pass.py"))
                config = str(folder / "config.yaml")
                arguments = [script, str(begin), str(LATENCY_S), "0", "sync", "-c", config, "--json"]
                ran = measure(arguments, output)
                said = json.loads(output.read_text(encoding="utf-8"))
                counted = said["ledgers"]["main"]["posted"]
                if ran.exit_code != 0 or counted != posted or said["errors"]:
                    raise SystemExit(f"the run says {counted} and {said['errors']}; expected {posted}")
                return ran, Asked(**server.asked())

            write_export(folder / "stripe", 0)
            _, filling = sync(START, 0)
            write_export(folder / "stripe", refunds)
            ran, asked = sync(filling.latest + MINUTE_S, refunds)
            _, again = sync(asked.latest + MINUTE_S, 0)
            return Posted(scenario, refunds, filling, asked, ran, again)
    finally:
        shutil.rmtree(folder)


# ---------------------------------------------------------------------------------------------- the page


def table(rows: list[Posted]) -> list[str]:
    lines = [
        "| refunds | each becomes | writes | writes a refund | refused | reads | reads a refund | with filling | 429 | "
        "posting, s | at 500 writes a minute | CPU s | peak MB | nothing new: reads |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = (
            f"{row.refunds:,}",
            row.scenario.words,
            f"{row.asked.writes:,}",
            f"{row.asked.writes / row.refunds:.2f}",
            f"{row.asked.refused}",
            f"{row.asked.reads:,}",
            f"{row.asked.reads / row.refunds:.3f}",
            f"{(row.asked.reads + row.filling.reads) / row.refunds:.3f}",
            f"{row.asked.throttled}",
            f"{row.asked.seconds:,.0f}",
            f"{row.allowed_s:,.0f}",
            f"{row.ran.cpu_s:.1f}",
            f"{row.ran.peak_mb:.0f}",
            f"{row.again.reads}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def targets(rows: list[Posted]) -> list[str]:
    lines = ["| target | limit | measured | |", "|---|---:|---:|---|"]
    for row in rows:
        words, wanted = row.scenario.words, row.scenario.writes
        writes, reads = row.asked.writes / row.refunds, row.asked.reads / row.refunds
        took = row.asked.seconds / row.allowed_s
        lines += [
            verdict(f"{words}: writes a refund", f"{wanted:.2f}", writes, wanted + ADDED, f"{writes:.2f}"),
            verdict(f"{words}: reads a refund", f"{TARGET_READS}", reads, TARGET_READS, f"{reads:.3f}"),
            verdict(f"{words}: time / time allowed", f"{TARGET_TIME}", took, TARGET_TIME, f"{took:.2f}"),
            verdict(f"{words}: 429 answers", "0", row.asked.throttled, 0, f"{row.asked.throttled}"),
        ]
    return (
        lines
        if rows and rows[0].refunds >= REFUNDS
        else [f"Not measured: the targets are for {REFUNDS:,} refunds."]
    )


def part_of(rows: list[Posted]) -> list[str]:
    return [
        "Written by `tests/bench/run_quickbooks.py`. As many sales as refunds stand in a stand-in for QuickBooks Online,",
        "which keeps Intuit's limits of one company (500 requests a minute, 10 a second); an answer takes 0.3 s. The",
        "connector finds each sale by its number. Both live in a virtual time, which runs as the real one but leaps where",
        "every thread sleeps: what the connector computes counts in it as it does in the real one. Writes and reads are",
        "requests of the one pass that posts all; `with filling` adds the reads of the pass before it, which fills an empty",
        "state from the books, once. `Posting` is from the first write to the last. Refused are writes that met a number",
        "in use: where forms share their numbers, the first refusal teaches that no refund may have the number of a sale.",
        "",
        *machine(),
        "",
        *table(rows),
        "",
        *targets(rows),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("refunds", nargs="?", type=int, default=REFUNDS, metavar="REFUNDS")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the figures go")
    chosen = parser.parse_args()
    os.environ.setdefault("CONNECTOR_KEY", KEY)
    rows = [bench(chosen.refunds, scenario) for scenario in SCENARIOS]
    lines = part_of(rows)
    replace_part(chosen.page, QUICKBOOKS, lines)
    sys.stdout.write("\n".join([QUICKBOOKS, "", *lines, ""]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
