"""Exports made for benchmarks: right in number, shape and sums, the same each time, and made in flat memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connector.samples.bench_export import KINDS, main, write_bench_export
from connector.samples.make_sample import COMMITTED


def read(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    lines = (folder / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    found = {one["id"]: one for one in (json.loads(line) for line in lines)}
    assert len(found) == len(lines)
    return found


def test_every_charge_has_one_refund_and_all_adds_up(tmp_path: Path) -> None:
    write_bench_export(tmp_path, 1500)
    charges, refunds, moves = (read(tmp_path, kind) for kind in KINDS)
    assert (len(charges), len(refunds), len(moves)) == (1500, 1500, 3000)
    assert {one["charge"] for one in refunds.values()} == charges.keys()
    assert {move["source"] for move in moves.values()} == charges.keys() | refunds.keys()
    assert len({one["metadata"]["order_number"] for one in charges.values()}) == 1500
    for refund in refunds.values():
        charge = charges[refund["charge"]]
        moved, settled = moves[refund["balance_transaction"]], moves[charge["balance_transaction"]]
        assert 0 < refund["amount"] == charge["amount_refunded"] == -moved["amount"] <= charge["amount"]
        assert charge["refunded"] == (refund["amount"] == charge["amount"] == settled["amount"])
        assert refund["currency"] == charge["currency"] == moved["currency"] == settled["currency"]
        assert settled["net"] == settled["amount"] - settled["fee"] < settled["amount"]
    whole = sum(one["refunded"] for one in charges.values())
    assert 850 < whole < 950
    assert sum(one["currency"] == "usd" for one in charges.values()) == 1410


def test_it_looks_like_the_sample(tmp_path: Path) -> None:
    write_bench_export(tmp_path, 10)
    for kind in KINDS:
        line = (COMMITTED / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")[0]
        newest = json.loads(line)
        optional = {"pending_reason"}
        assert all(one.keys() == newest.keys() - optional for one in read(tmp_path, kind).values()), kind
    size = (tmp_path / "charge.jsonl").stat().st_size
    assert 1_700 < size // 10 < 2_300


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        write_bench_export(tmp_path / name, 50, seed)
    one, two, other = (
        [(tmp_path / name / f"{kind}.jsonl").read_bytes() for kind in KINDS]
        for name in ("one", "two", "other")
    )
    assert one == two
    assert all(first != second for first, second in zip(one, other, strict=True))


def test_memory_does_not_grow_with_the_export(tmp_path: Path) -> None:
    peaks = []
    for refunds in (100, 1500):
        tracemalloc.start()
        write_bench_export(tmp_path / str(refunds), refunds)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "export"), "3", "5"]) == 0
    assert len(read(tmp_path / "export", "refund")) == 3
    for wrong in ([], [str(tmp_path)], [str(tmp_path), "many"], [str(tmp_path), "1", "2", "3"]):
        assert main(wrong) == 2
        assert capsys.readouterr().err.startswith("usage: ")
