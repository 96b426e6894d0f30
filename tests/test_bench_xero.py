"""The benchmark of Xero runs, and counts what it says; no time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "bench"))

from page_parts import QUICKBOOKS, XERO, parts_from, replace_part

ROOT = Path(__file__).parent.parent
MANY = 60
OLD = "# Benchmarks\n\nOther figures.\n\n## Posting into Xero\n\nOld.\n\n## Another part\n\nIts own.\n"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What it writes where something stood."""
    page = tmp_path_factory.mktemp("bench") / "benchmarks.md"
    page.write_text(OLD, "utf-8")
    script = [sys.executable, "tests/bench/run_xero.py", str(MANY), "--page", str(page)]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return page.read_text(encoding="utf-8")


def rows_of(page: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith(f"| {MANY} |")]
    return [line.strip("| ").split(" | ") for line in lines]


def test_its_part_of_the_page_takes_the_place_of_the_old_one(page: str) -> None:
    assert page.startswith("# Benchmarks\n\nOther figures.\n\n## Posting into Xero\n\nWritten by")
    assert "Old." not in page and page.endswith("|\n\n## Another part\n\nIts own.\n")
    assert "Not measured: the targets are for 5,000 refunds." in page


def test_documents_go_out_in_batches_and_xero_is_never_asked_too_much(page: str) -> None:
    """Two batches of each kind; contacts are written before the sales of theirs."""
    counted = [(row[3], row[5]) for row in rows_of(page)]
    assert counted == [("4", "0"), ("4", "0"), ("2", "0"), ("6", "0")]


def test_reads_do_not_grow_with_the_refunds(page: str) -> None:
    for row in rows_of(page):
        calls, writes, idle, few = int(row[2]), int(row[3]), int(row[11]), int(row[12])
        assert calls - writes <= 15
        assert 0 < idle <= 3 < few <= calls


def test_what_was_asked_is_told_of_every_run(page: str) -> None:
    told = [line for line in page.splitlines() if "GET Organisation 1" in line]
    assert len(told) == 4 * len(rows_of(page))


def test_a_part_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    replace_part(page, XERO, ["Four."])
    assert page.read_text("utf-8") == f"# Benchmarks\n\n{XERO}\n\nFour.\n"
    page.write_text(f"# Benchmarks\n\nOne.\n\n{QUICKBOOKS}\n\nThree.\n\n{XERO}\n\nFour.\n", "utf-8")
    replace_part(page, QUICKBOOKS, ["3"])
    assert page.read_text("utf-8") == f"# Benchmarks\n\nOne.\n\n{QUICKBOOKS}\n\n3\n\n{XERO}\n\nFour.\n"
    assert parts_from(page, (QUICKBOOKS, XERO)) == f"\n{QUICKBOOKS}\n\n3\n\n{XERO}\n\nFour.\n"
    assert parts_from(tmp_path / "none.md", (QUICKBOOKS,)) == ""
