"""The benchmark runs, and its page holds what it measured."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_benchmark_writes_a_page_of_measured_figures(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "benchmarks.md"
    script = [sys.executable, "tests/bench/run_bench.py", "20", "--page", str(page)]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == page.read_text(encoding="utf-8")
    chain = done.stdout.partition("## Reading Stripe")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in chain if line.startswith("| 20 |")]
    assert [row[1] for row in rows] == ["no", "yes"]
    for row in rows:
        figures = [float(cell.replace(",", "")) for cell in row[2:]]
        assert len(figures) == 11 and all(figure > 0 for figure in figures)
    assert re.search(r"^- Python 3\.\d+\.\d+, SQLite 3\.", done.stdout, re.MULTILINE)
    assert "Not measured: the targets are for 100,000 refunds." in done.stdout
    reading = done.stdout.partition("## Reading Stripe over the API")[2].splitlines()
    (pulled,) = [line.strip("| ").split(" | ") for line in reading if line.startswith("| 20 |")]
    assert all(float(cell.replace(",", "")) > 0 for cell in pulled) and pulled[7] == "3"


def test_the_benchmark_counts_no_run_that_did_not_do_its_work(tmp_path: Path) -> None:
    """As when the program is broken: there is no page then."""
    script = (
        "import sys; sys.argv = ['run_bench.py', '5', '--page', sys.argv[1]];"
        "sys.path.insert(0, 'tests/bench'); import run_bench;"
        "run_bench.COUNT = run_bench.COUNT.replace('one[\"posted\"]', '4'); run_bench.main()"
    )
    page = tmp_path / "page.md"
    done = subprocess.run(
        [sys.executable, "-c", script, str(page)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode != 0 and "expected (5, 0, 10) and no error" in done.stderr
    assert not page.exists()
