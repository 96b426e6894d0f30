"""Runs of the connector's commands against a stand-in for NetSuite, and what each of them asked."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli_books import Export
from netsuite_server import numbered
from page_parts import ROOT
from run_bench import Measured, measure
from small_books import MAPPINGS
from stand_in import StandIn, serving

Json = dict[str, Any]
Sales = Sequence[tuple[int, str, bool]]
REFUNDS = 2_000
# How many were posted before, and how many come on the day after.
FEW = 10
# How many requests are under way at once, and how long NetSuite takes for an answer.
AT_ONCE = 4
LATENCY_S = 0.15
POSSIBLE = AT_ONCE / LATENCY_S
# A schedule comes again after so long.
AGAIN_S = 15 * 60
# When each run begins: the state has been filled, and its lists are old, when the many come.
BEGINS = tuple(
    int(datetime(2026, month, day, 12, tzinfo=UTC).timestamp()) for month, day in ((2, 11), (4, 1), (4, 3))
)
FEE = 30


@dataclass(frozen=True)
class Scenario:
    """What stands in the books, of how many sales one is refunded (`every`), whether payments bear the id of their charge
    (`marked`), and what a refund becomes in how many writes. `real`: in real time. `killed`: the run that posts all is
    killed after these parts of its writes."""

    words: str
    types: tuple[str, ...]
    writes: int
    form: str = "invoice"
    every: int = 1
    marked: bool = False
    fees: bool = False
    suiteql: bool = True
    real: bool = False
    killed: tuple[float, ...] = ()


@dataclass(frozen=True)
class Asked:
    """The requests of one command, by what was asked. The run is from the first request to the last, posting from the
    first write to the last; both to the answer. `twice`: refunds that stand in the books more than once, so far."""

    calls: dict[str, int]
    reads: int
    writes: int
    refused: int
    throttled: int
    most_at_once: int
    twice: int
    latest: float
    run_s: float
    posting_s: float

    @property
    def rate(self) -> float:
        """Writes a second, from the first to the last."""
        return self.writes / (self.posting_s + LATENCY_S)


@dataclass(frozen=True)
class Posted:
    """The first run, which fills the state and posts a few; all in one run, or in several where those before the last
    were killed; a run with nothing new; a few more."""

    scenario: Scenario
    refunds: int
    first: Asked
    cut: tuple[Asked, ...]
    asked: Asked
    ran: Measured
    idle: Asked
    few: Asked

    @property
    def writes_each(self) -> float:
        return (self.asked.writes + sum(one.writes for one in self.cut)) / self.refunds

    @property
    def reads_each(self) -> float:
        return (self.asked.reads + sum(one.reads for one in self.cut)) / self.refunds

    @property
    def every_run(self) -> tuple[Asked, ...]:
        return (self.first, *self.cut, self.asked, self.idle, self.few)


def write_settings(folder: Path, scenario: Scenario, connection: Json) -> None:
    shutil.copy(MAPPINGS / "netsuite.yaml", folder)
    ledger: Json = {"kind": "netsuite", "sales": "find", "fees": scenario.fees, "connection": connection}
    ledger["limits"] = {"concurrency": AT_ONCE}
    settings = {
        "books": "bench",
        "timezone": "America/New_York",
        "state": "sqlite:///state.db",
        "mappings": str(folder),
        "stripe": {"start": "2026-02-01", "export": "stripe"},
        "ledgers": {"main": ledger},
    }
    rules = [{"name": "all", "when": {}, "then": list(scenario.types)}]
    for name, data in (("config", settings), ("refund_rules", rules)):
        (folder / f"{name}.yaml").write_text(json.dumps(data), encoding="utf-8")


def add_to_export(export: Export, scenario: Scenario, sales: Sales) -> None:
    """A charge for each sale, and a refund of half of it where it has one."""
    for place, day, refunded in sales:
        metadata = {"order_number": str(place)}
        export.charge(str(place), 11_000, when=f"{day}T15:00:00", fee=0, metadata=metadata)
        if not refunded:
            continue
        refund_id = export.refund(str(place), f"ch_{place}", 5_500, when=f"{day}T18:00:00")
        if scenario.fees:
            export.objects[f"txn_{refund_id}"].update(fee=FEE, net=-5_500 - FEE)
    export.write()


class Bench:
    """One scenario: commands of the connector, one after the other."""

    def __init__(self, folder: Path, scenario: Scenario, server: StandIn) -> None:
        self.folder = folder
        self.scenario = scenario
        self.server = server
        self.export = Export(folder / "stripe")
        write_settings(folder, scenario, server.told)

    def command(self, begin: float) -> list[str]:
        config = str(self.folder / "config.yaml")
        sync = ["sync", "-c", config, "--json"]
        if self.scenario.real:
            return ["-m", "connector", *sync]
        # A token that is asked for does not say when.
        self.server.say(str(begin))
        return [str(Path(__file__).with_name("virtual_pass.py")), str(begin), str(LATENCY_S), "0", *sync]

    def sync(self, begin: float, sales: Sales = (), left: int | None = None) -> tuple[Measured, Asked]:
        """A run at this second, with these new sales; `left` are writes that it has to make, all where nothing is said.
        Raises SystemExit where it does not."""
        add_to_export(self.export, self.scenario, sales)
        output = self.folder / "output.json"
        ran = measure(self.command(begin), output)
        said = json.loads(output.read_text(encoding="utf-8"))
        asked = self.asked()
        wanted = sum(refunded for *_, refunded in sales) * self.scenario.writes if left is None else left
        done = asked.writes - asked.refused
        if ran.exit_code != 0 or said["errors"] or done != wanted or asked.twice:
            words = f"exit code {ran.exit_code}, {said['errors']}, {done} written, not {wanted}"
            raise SystemExit(f"{self.scenario.words}: {words}; {asked.twice} twice")
        return ran, asked

    def sync_and_kill(self, begin: float, writes: int) -> Asked:
        """A run that is killed as soon as so many writes have come."""
        output = self.folder / "output.json"
        with output.open("wb") as file:
            child = subprocess.Popen([sys.executable, *self.command(begin)], stdout=file, cwd=ROOT)
            self.server.say(f"until {writes}")
            self.server.read()
            child.send_signal(signal.SIGKILL)
            child.wait()
        return self.asked()

    def asked(self) -> Asked:
        return Asked(**self.server.asked())

    def post_all(self, sales: Sales) -> tuple[tuple[Asked, ...], Measured, Asked]:
        """Runs that are killed, and the one that comes to its end."""
        wanted = sum(refunded for *_, refunded in sales) * self.scenario.writes
        begin: float = BEGINS[1]
        cut: list[Asked] = []
        add_to_export(self.export, self.scenario, sales)
        for part in self.scenario.killed:
            done = sum(one.writes - one.refused for one in cut)
            cut.append(self.sync_and_kill(begin, int(wanted * part) - done))
            begin = cut[-1].latest + AGAIN_S
        left = wanted - sum(one.writes - one.refused for one in cut)
        ran, asked = self.sync(begin, left=left)
        return tuple(cut), ran, asked


def bench(refunds: int, scenario: Scenario) -> Posted:
    folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
    sizes = [FEW, refunds, FEW]
    sales = numbered(sizes, scenario.every)
    few = FEW * scenario.every
    terms = {
        "refunds": sizes,
        "every": scenario.every,
        "form": scenario.form,
        "marked": scenario.marked,
        "suiteql": scenario.suiteql,
        "start": None if scenario.real else BEGINS[0],
        "latency_s": LATENCY_S if scenario.real else 0.0,
    }
    try:
        with serving("netsuite_server.py", json.dumps(terms)) as server:
            made = Bench(folder, scenario, server)
            _, first = made.sync(BEGINS[0], sales[:few])
            cut, ran, asked = made.post_all(sales[few:-few])
            _, idle = made.sync(asked.latest + AGAIN_S)
            _, more = made.sync(BEGINS[2], sales[-few:])
            return Posted(scenario, refunds, first, cut, asked, ran, idle, more)
    finally:
        shutil.rmtree(folder)
