"""The benchmark of NetSuite runs, and counts what it says; no time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MANY = 60
READS = 45


def test_each_document_is_written_once_and_reads_do_not_grow_with_the_refunds() -> None:
    """The first row alone: with all of them it takes minutes."""
    script = [sys.executable, "tests/bench/run_netsuite.py", str(MANY), "--only", "0"]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith(f"| {MANY} |")]
    cells = row.strip("| ").split(" | ")
    assert cells[1:4] == ["credit memo and refund of an invoice", "2.000", "0"]
    assert float(cells[4]) * MANY <= READS
    assert (cells[5], cells[13]) == ("0", "2")
    assert "Not measured: the targets are for 2,000 refunds." in done.stdout
