"""`kill -9` at commits of the state and at touches of the books: one clean pass afterwards, and all is as if nothing had
happened. See `kill_runner` for the places, `exactly_once.check` for what must be true of the books.

At every sixth place, among them each kind of place; with EVERY_FAULT in the environment (`make every-fault`) at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cli_books import bean_check
from exactly_once import check
from small_books import MEMO_RULES, SmallBooks, fast_folder
from small_shop import first_shop, later_shop

RUNNER = Path(__file__).with_name("kill_runner.py")
EACH = 1 if os.environ.get("EVERY_FAULT") else 6
# Two children at a time; each sweeps every second of the places.
SWEEPERS = 2
LIMIT_S = 1800
SALES = {"sales receipts": ("sales_receipt", None), "invoices": ("invoice_and_payment", MEMO_RULES)}
TOUCHES = {
    "commit",
    "open_file",
    "write_some",
    "within write_some",
    "sync_file",
    "remove_file",
    "sync_folder",
    "index",
    "end",
}

Report = dict[str, Any]


@pytest.fixture
def work() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


def make_template(folder: Path, form: str, phase: str) -> SmallBooks:
    """Books before the pass that will be killed, and beside them what they are after one that is not."""
    sales, rules = SALES[form]
    books = SmallBooks.make(folder / "template", rules, sales=sales)
    shop = first_shop(books.export)
    shop.write()
    if phase == "later":
        assert books.sync().errors == []
        check(books, shop)
        shop = later_shop(books.export)
        shop.write()
    whole = books.copy(folder / "whole")
    assert whole.sync().errors == []
    check(whole, shop)
    facts = {"ledger": books.ledger, "shop": phase}
    (books.folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    (books.folder / "reference.json").write_text(json.dumps(whole.result()), encoding="utf-8")
    return books


def start(stack: ExitStack, task: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(RUNNER), task, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stack.callback(process.kill)
    return process


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, err
    return out


def count_places(template: SmallBooks, work: Path) -> list[str]:
    with ExitStack() as stack:
        names: list[str] = json.loads(
            finish(start(stack, "count", str(template.folder), str(work / "count")))
        )
    return names


def choose(names: list[str]) -> list[int]:
    """The places to be killed at, counted from 1: each so many, the last one, and the first of a kind that has none."""
    chosen = {*range(1, len(names) + 1, EACH), len(names)}
    kinds = {names[place - 1] for place in chosen}
    return sorted({*chosen, *(names.index(kind) + 1 for kind in set(names) - kinds)})


def sweep(template: SmallBooks, work: Path, places: list[int]) -> list[Report]:
    """Kill at these places, one after another in each of the sweepers."""
    with ExitStack() as stack:
        running = [
            start(
                stack,
                "sweep",
                str(template.folder),
                str(work / f"sweep-{first}"),
                ",".join(map(str, places[first::SWEEPERS])),
            )
            for first in range(SWEEPERS)
        ]
        return [json.loads(line) for process in running for line in finish(process).splitlines()]


@pytest.mark.parametrize("phase", ["first", "later"])
@pytest.mark.parametrize("form", SALES)
def test_killed_anywhere(work: Path, form: str, phase: str) -> None:
    """The first pass of all, from nothing, and a later one that reverses; with the state kept, and with it lost."""
    template = make_template(work, form, phase)
    names = count_places(template, work)
    rewritten = {"replace_file"} if phase == "first" else set()
    assert set(names) == TOUCHES | rewritten
    places = choose(names)
    assert {names[place - 1] for place in places} == set(names)
    reports = sweep(template, work, places)
    assert sorted(report["place"] for report in reports) == places
    assert [names[report["place"] - 1] for report in reports if not report["killed"]] == []
    problems = [(names[report["place"] - 1], problem) for report in reports for problem in report["problems"]]
    assert problems == []
    # Most kills leave something of their own on the disk; what a kill leaves twice is recovered once.
    assert sum(report["recovered"] for report in reports) > len(places) // 2
    kept = [Path(folder) for report in reports for folder in report["books"]]
    assert kept
    assert {folder.name: said for folder in kept if (said := bean_check(folder))} == {}


def test_the_runner_kills_for_good(work: Path) -> None:
    """A child that is killed within an append leaves half of it, its marker, and documents that were being sent."""
    template = make_template(work, "sales receipts", "first")
    names = count_places(template, work)
    halves = [place for place, name in enumerate(names, start=1) if name == "within write_some"]
    with ExitStack() as stack:
        finish(start(stack, "leave", str(template.folder), str(work / "left"), str(halves[-1])))
    books = SmallBooks(work / "left" / "killed")
    months = [path.read_bytes() for path in books.books.glob("[0-9]*.beancount")]
    assert any(content and not content.endswith(b"\n\n") for content in months)
    assert (books.books / ".append").exists()
    assert "sending" in books.states()
