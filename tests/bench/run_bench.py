"""Measures the whole chain through the command line and writes docs/benchmarks.md; every figure comes from a run.

    python tests/bench/run_bench.py [SIZE ...]            default 1000 10000 100000 refunds
    python tests/bench/run_bench.py --profile SIZE        where one sync of that size spends its time

Each command runs in a process of its own, on its own folder; processor time and peak memory are the kernel's figures
for that process (`wait4`). This process stays small on purpose: on Linux a child's peak begins at its parent's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from page_parts import NETSUITE, PAGE, QUICKBOOKS, ROOT, XERO, machine, parts_from, verdict

SIZES = (1_000, 10_000, 100_000)
WITH_FEES = 10_000
# Refunds in a backlog that is read over the API.
BACKLOGS = (5_000, 50_000)

# What the program has promised itself: for 100,000 refunds with their 100,000 charges.
TARGET_SIZE = 100_000
TARGET_CPU_S = 60
TARGET_PEAK_MB = 300
TARGET_AGAIN_S = 2
# No more than this much dearer per refund at 100,000 than at 10,000: nothing in the chain may grow faster than its input.
TARGET_RATIO = 1.3

PROFILE = """
import cProfile, pstats, sys
from connector.cli.root import run
profile = cProfile.Profile()
code = profile.runcall(run, sys.argv[2:])
stats = pstats.Stats(profile, stream=sys.stderr)
stats.sort_stats("tottime").print_stats(40)
stats.sort_stats("cumulative").print_stats("connector", 40)
raise SystemExit(code)
"""

# What a run said of itself, read in a process of its own so that this one stays small.
COUNT = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    said = json.load(file)
one = said["ledgers"]["main"]
print(json.dumps([said["pulled"]["refunds"], one["posted"], len(one["documents"]), said["errors"]]))
"""


@dataclass(frozen=True)
class Measured:
    """One command that ran to its end."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    exit_code: int


@dataclass(frozen=True)
class Row:
    """All that was measured with one export."""

    refunds: int
    fees: bool
    plan: Measured
    sync: Measured
    again: Measured
    state_bytes: int
    books_bytes: int

    @property
    def cost_us(self) -> float:
        return self.sync.cpu_s / self.refunds * 1e6


def measure(arguments: list[str], output: Path) -> Measured:
    """Run Python with these arguments, standard output into a file."""
    started = time.monotonic()
    with output.open("wb") as file:
        child = subprocess.Popen([sys.executable, *arguments], stdout=file, cwd=ROOT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - started
    peak_kb = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return Measured(usage.ru_utime + usage.ru_stime, wall_s, peak_kb / 1024, child.returncode)


def make_books(folder: Path, refunds: int, fees: bool) -> None:
    """An export, and a settings file for each of the two commands, so that each begins with nothing."""
    export = ["-m", "connector.samples.bench_export", str(folder / "stripe"), str(refunds)]
    subprocess.run([sys.executable, *export], check=True, cwd=ROOT)
    for command in ("plan", "sync"):
        settings = {
            "books": "bench",
            "timezone": "America/New_York",
            "state": f"sqlite:///{command}.db",
            "mappings": str(ROOT / "mappings"),
            "stripe": {"start": "2026-01-01", "export": "stripe"},
            "ledgers": {
                "main": {
                    "kind": "beancount",
                    "sales": "sales_receipt",
                    "fees": fees,
                    "rules": "refund_rules.yaml",
                    "connection": {"path": f"books-{command}"},
                }
            },
        }
        (folder / f"{command}.yaml").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def check(output: Path, ran: Measured, expected: tuple[int, int, int]) -> None:
    """A figure counts only when the run did its work: refunds pulled, refunds posted, documents."""
    if ran.exit_code != 0:
        raise SystemExit(f"the run ended with exit code {ran.exit_code}")
    script = [sys.executable, "-c", COUNT, str(output)]
    said = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
    if tuple(said[:3]) != expected or said[3]:
        raise SystemExit(f"the run says {said}; expected {expected} and no error")


def bench(refunds: int, fees: bool) -> Row:
    folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
    try:
        make_books(folder, refunds, fees)
        output = folder / "output.json"
        documents = refunds * (3 if fees else 2)

        def run(command: str) -> Measured:
            arguments = ["-m", "connector", command, "-c", str(folder / f"{command}.yaml"), "--json"]
            return measure(arguments, output)

        plan = run("plan")
        check(output, plan, (refunds, 0, documents))
        sync = run("sync")
        check(output, sync, (refunds, refunds, documents))
        state_bytes = sum(path.stat().st_size for path in folder.glob("sync.db*"))
        books_bytes = sum(path.stat().st_size for path in (folder / "books-sync").glob("*.beancount"))
        again = run("sync")
        check(output, again, (0, 0, 0))
        return Row(refunds, fees, plan, sync, again, state_bytes, books_bytes)
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Pulled:
    """A backlog of refunds and as many charges that was read over the API, and the pull after it."""

    refunds: int
    first: Measured
    requests: int
    again: Measured
    requests_again: int


def bench_pull(refunds: int) -> Pulled:
    """Read from a stand-in for Stripe in a process of its own; no ledger is enabled, so that reading alone is measured."""
    folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
    script = [sys.executable, str(Path(__file__).with_name("stripe_server.py")), str(refunds)]
    with subprocess.Popen(
        script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        try:
            told = json.loads(server.stdout.readline())
            settings = {
                "books": "bench",
                "timezone": "America/New_York",
                "state": "sqlite:///pull.db",
                "mappings": str(ROOT / "mappings"),
                "stripe": {"start": "2026-01-01", "api_key": told["key"], "base_url": told["base_url"]},
                "ledgers": {"main": {"kind": "beancount", "enabled": False, "connection": {"path": "books"}}},
            }
            (folder / "pull.yaml").write_text(json.dumps(settings), encoding="utf-8")
            figures: list[Any] = []
            for expected in (refunds, 0):
                output = folder / "output.json"
                ran = measure(["-m", "connector", "sync", "-c", str(folder / "pull.yaml"), "--json"], output)
                said = json.loads(output.read_text(encoding="utf-8"))
                if ran.exit_code != 0 or said["pulled"]["refunds"] != expected:
                    raise SystemExit(
                        f"the run says {said['pulled']}; expected {expected} refunds and no error"
                    )
                server.stdin.write("\n")
                server.stdin.flush()
                figures += [ran, int(server.stdout.readline())]
            return Pulled(refunds, *figures)
        finally:
            server.stdin.close()
            server.terminate()
            shutil.rmtree(folder)


def profile(refunds: int, fees: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="connector-profile-"))
    try:
        make_books(folder, refunds, fees)
        command = ["sync", "-c", str(folder / "sync.yaml"), "--json"]
        ran = measure(["-c", PROFILE, "connector", *command], folder / "output.json")
        return ran.exit_code
    finally:
        shutil.rmtree(folder)


# ---------------------------------------------------------------------------------------------- the page


def table(rows: list[Row]) -> list[str]:
    lines = [
        "| refunds | fees | plan CPU s | sync CPU s | sync wall s | refunds/s | CPU µs a refund | peak MB plan | peak MB "
        "sync | state bytes a refund | books bytes a refund | nothing new: CPU s | peak MB |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = (
            f"{row.refunds:,}",
            "yes" if row.fees else "no",
            f"{row.plan.cpu_s:.1f}",
            f"{row.sync.cpu_s:.1f}",
            f"{row.sync.wall_s:.1f}",
            f"{row.refunds / row.sync.wall_s:,.0f}",
            f"{row.cost_us:,.0f}",
            f"{row.plan.peak_mb:.0f}",
            f"{row.sync.peak_mb:.0f}",
            f"{row.state_bytes / row.refunds:,.0f}",
            f"{row.books_bytes / row.refunds:,.0f}",
            f"{row.again.cpu_s:.2f}",
            f"{row.again.peak_mb:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def pull_table(pulls: list[Pulled]) -> list[str]:
    lines = [
        "| refunds | requests | requests per 1,000 refunds | CPU s | CPU s per 1,000 refunds | wall s | peak MB | nothing "
        "new: requests | CPU s |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in pulls:
        thousands = one.refunds / 1000
        cells = (
            f"{one.refunds:,}",
            f"{one.requests:,}",
            f"{one.requests / thousands:.1f}",
            f"{one.first.cpu_s:.1f}",
            f"{one.first.cpu_s / thousands:.2f}",
            f"{one.first.wall_s:.1f}",
            f"{one.first.peak_mb:.0f}",
            f"{one.requests_again}",
            f"{one.again.cpu_s:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def targets(rows: list[Row]) -> list[str]:
    plain = {row.refunds: row for row in rows if not row.fees}
    lines = ["| target | limit | measured | |", "|---|---:|---:|---|"]
    big, ten = plain.get(TARGET_SIZE), plain.get(TARGET_SIZE // 10)
    if big is not None:
        for name, ran in (("plan", big.plan), ("sync", big.sync)):
            words = f"{name} of {TARGET_SIZE:,} refunds and their charges"
            lines.append(
                verdict(f"{words}: CPU", f"{TARGET_CPU_S} s", ran.cpu_s, TARGET_CPU_S, f"{ran.cpu_s:.1f} s")
            )
            lines.append(
                verdict(
                    f"{words}: peak memory",
                    f"{TARGET_PEAK_MB} MB",
                    ran.peak_mb,
                    TARGET_PEAK_MB,
                    f"{ran.peak_mb:.0f} MB",
                )
            )
    if big is not None:
        words = f"a run with nothing new after {big.refunds:,} refunds: CPU"
        cpu_s = big.again.cpu_s
        lines.append(verdict(words, f"{TARGET_AGAIN_S} s", cpu_s, TARGET_AGAIN_S, f"{cpu_s:.2f} s"))
    if big is not None and ten is not None:
        ratio = big.cost_us / ten.cost_us
        words = f"cost of a refund at {big.refunds:,} / at {ten.refunds:,}"
        lines.append(verdict(words, f"{TARGET_RATIO}", ratio, TARGET_RATIO, f"{ratio:.2f}"))
    return lines if len(lines) > 2 else ["Not measured: the targets are for 100,000 refunds."]


def write_page(rows: list[Row], pulls: list[Pulled], page: Path) -> None:
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`tests/bench/run_bench.py`); no figure is entered by hand. An export with as many",
        "charges as refunds (60 % whole) and their balance transactions is read, decided and posted into Beancount",
        "files, sales as sales receipts, the state in SQLite; then once more with nothing new. CPU is user + system",
        "time of the process that ran the command, its start included; peak is its largest resident memory.",
        "",
        *machine(),
        "",
        *table(rows),
        "",
        *targets(rows),
        "",
        "## Reading Stripe over the API",
        "",
        "A backlog of as many charges as refunds, read from a stand-in for Stripe on this machine with the rates that",
        "Stripe allows; no ledger is enabled. Requests are those of the whole pull, of every list and object.",
        "",
        *pull_table(pulls),
        "",
    ]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(lines) + parts_from(page, (QUICKBOOKS, XERO, NETSUITE)), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="SIZE")
    parser.add_argument(
        "--profile", type=int, metavar="SIZE", help="profile one sync; measures and writes nothing"
    )
    parser.add_argument("--fees", action="store_true", help="with --profile: post Stripe's fees too")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the figures go")
    chosen = parser.parse_args()
    if chosen.profile is not None:
        return profile(chosen.profile, chosen.fees)
    sizes = sorted(set(chosen.sizes))
    rows = [bench(size, False) for size in sizes]
    rows.append(bench(WITH_FEES if WITH_FEES in sizes else sizes[-1], True))
    backlogs = BACKLOGS if tuple(chosen.sizes) == SIZES else sizes[-1:]
    write_page(rows, [bench_pull(size) for size in backlogs], chosen.page)
    sys.stdout.write(chosen.page.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
