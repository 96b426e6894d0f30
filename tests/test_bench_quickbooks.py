"""The benchmark of QuickBooks Online runs, and counts what it says; no time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "bench"))

from virtual_time import VirtualTime

ROOT = Path(__file__).parent.parent
REFUNDS = 12


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What it writes below what stood there."""
    page = tmp_path_factory.mktemp("bench") / "benchmarks.md"
    page.write_text("# Benchmarks\n\nOther figures.\n\n## Posting into QuickBooks Online\n\nOld.\n", "utf-8")
    script = [sys.executable, "tests/bench/run_quickbooks.py", str(REFUNDS), "--page", str(page)]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return page.read_text(encoding="utf-8")


def rows_of(page: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith(f"| {REFUNDS} |")]
    return [line.strip("| ").split(" | ") for line in lines]


def test_its_part_of_the_page_takes_the_place_of_the_old_one(page: str) -> None:
    assert page.startswith(
        "# Benchmarks\n\nOther figures.\n\n## Posting into QuickBooks Online\n\nWritten by"
    )
    assert "Old." not in page and page.endswith("\n")
    assert "Not measured: the targets are for 5,000 refunds." in page


def test_each_refund_is_written_once_and_one_refused_number_teaches_the_rest(page: str) -> None:
    counted = [(row[2], row[4], row[8]) for row in rows_of(page)]
    assert counted == [("12", "0", "0"), ("13", "1", "0"), ("36", "0", "0"), ("37", "1", "0")]


def test_reads_do_not_grow_with_the_refunds(page: str) -> None:
    reads = [int(row[5]) for row in rows_of(page)]
    assert all(0 < one < 3 * REFUNDS for one in reads)
    assert all(int(row[13]) < min(reads) for row in rows_of(page))


def test_time_leaps_where_every_thread_sleeps() -> None:
    """A day passes, and nobody waits for it."""
    virtual = VirtualTime(1000)
    virtual.sleep(86_400)
    assert 1000 + 86_400 <= virtual.now() < 1000 + 86_400 + 600
