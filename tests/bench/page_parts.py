"""docs/benchmarks.md: which program writes which part, and what every part says of the machine."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
QUICKBOOKS = "## Posting into QuickBooks Online"
XERO = "## Posting into Xero"
NETSUITE = "## Posting into NetSuite"


def replace_part(page: Path, title: str, lines: Sequence[str]) -> None:
    """Write a part of the page in the place of the same part, or at its end; every other part stays."""
    written = page.read_text(encoding="utf-8") if page.exists() else "# Benchmarks\n"
    before, _, after = written.partition(f"{title}\n")
    _, mark, behind = after.partition("\n## ")
    part = "\n".join([title, "", *lines]).rstrip("\n") + "\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{before.rstrip()}\n\n{part}{mark}{behind}", encoding="utf-8")


def parts_from(page: Path, titles: Sequence[str]) -> str:
    """What other programs wrote there: the page from the first of these titles on."""
    written = page.read_text(encoding="utf-8") if page.exists() else ""
    places = [place for title in titles if (place := written.find(f"{title}\n")) >= 0]
    return f"\n{written[min(places) :]}" if places else ""


def read_first(path: str, key: str) -> str | None:
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
    except OSError:
        return None
    return None


def machine() -> list[str]:
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout.strip()
    processor = read_first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    return [
        f"- processor: {processor}, {os.cpu_count()} cores; memory: {memory_gb:.0f} GB; {platform.system()}",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"- commit {commit or 'unknown'} (+: with changes), {datetime.now(UTC):%Y-%m-%d}",
    ]


def verdict(name: str, target: str, value: float, limit: float, shown: str) -> str:
    return f"| {name} | {target} | {shown} | {'met' if value <= limit else '**missed**'} |"
