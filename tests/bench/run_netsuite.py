"""Measures posting into NetSuite and writes its part of docs/benchmarks.md; every figure comes from a run.

    python tests/bench/run_netsuite.py [REFUNDS]        default 2000

The connector runs its own commands over HTTP against a stand-in in another process; an answer takes 0.15 s, and four
requests are under way at once. Most rows are of a virtual time, which runs as the real one, but leaps where every thread
sleeps; some are of the real time.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from netsuite_runs import AT_ONCE, FEW, LATENCY_S, POSSIBLE, REFUNDS, Posted, Scenario, bench
from page_parts import NETSUITE, PAGE, machine, replace_part, verdict
from quickbooks_books import KEY

MEMO = ("credit_memo", "credit_card_refund")
SCENARIOS = (
    Scenario("credit memo and refund of an invoice", MEMO, 2),
    Scenario("the same, one of ten invoices, payments with ids of Stripe", MEMO, 2, every=10, marked=True),
    Scenario("the same, with fees: a journal entry each", MEMO, 3, fees=True),
    Scenario("cash refund of a cash sale", ("refund_receipt",), 1, form="cashSale"),
    Scenario("credit memo and refund, killed twice", MEMO, 2, killed=(0.25, 0.75)),
    Scenario("credit memo and refund, without SuiteQL", MEMO, 2, suiteql=False),
    Scenario("credit memo and refund, in real time", MEMO, 2, real=True),
    Scenario("cash refund, in real time", ("refund_receipt",), 1, form="cashSale", real=True),
)
ADDED = 0.1
TARGET_READS = 0.1
TARGET_RATE = 0.9
# Of what is slow by its nature nothing is promised but that nothing is written twice.
PROMISED_READS = [one for one in SCENARIOS if one.suiteql and not one.killed]


def table(rows: Sequence[Posted]) -> list[str]:
    lines = [
        "| refunds | each becomes | writes a refund | refused | reads a refund | 429 | posting, s | writes a second | of "
        f"{POSSIBLE:.1f} | run, s | CPU s | peak MB | first run: reads | nothing new: reads | {FEW} new: reads, writes |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        asked = row.asked
        cells = (
            f"{row.refunds:,}",
            row.scenario.words,
            f"{row.writes_each:.3f}",
            f"{sum(one.refused for one in row.every_run)}",
            f"{row.reads_each:.3f}",
            f"{sum(one.throttled for one in row.every_run)}",
            f"{asked.posting_s:,.0f}",
            f"{asked.rate:.1f}",
            f"{asked.rate / POSSIBLE:.0%}",
            f"{asked.run_s:,.0f}",
            f"{row.ran.cpu_s:.1f}",
            f"{row.ran.peak_mb:.0f}",
            f"{row.first.reads}",
            f"{row.idle.reads}",
            f"{row.few.reads}, {row.few.writes}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def real_table(rows: Sequence[Posted]) -> list[str]:
    """What one process takes by the clock on the wall."""
    lines = [
        "| refunds | each becomes | whole command, s | ms a refund | CPU ms a refund | writes a second | of "
        f"{POSSIBLE:.1f} | most at once |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = (
            f"{row.refunds:,}",
            row.scenario.words,
            f"{row.ran.wall_s:.1f}",
            f"{row.ran.wall_s / row.refunds * 1000:.1f}",
            f"{row.ran.cpu_s / row.refunds * 1000:.1f}",
            f"{row.asked.rate:.1f}",
            f"{row.asked.rate / POSSIBLE:.0%}",
            f"{row.asked.most_at_once}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def killed_table(rows: Sequence[Posted]) -> list[str]:
    lines = [
        "| each becomes | run | reads | of these by a key alone | writes | refused |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        for place, one in enumerate((*row.cut, row.asked), start=1):
            by_key = sum(count for words, count in one.calls.items() if words.endswith("/id"))
            what = f"{place}, killed" if place <= len(row.cut) else f"{place}, to its end"
            lines.append(
                f"| {row.scenario.words} | {what} | {one.reads:,} | {by_key} | {one.writes:,} | {one.refused} |"
            )
    return lines


def asked_table(rows: Sequence[Posted]) -> list[str]:
    lines = ["| each becomes | run | asked |", "|---|---|---|"]
    for row in rows:
        runs = [("all", row.asked)]
        if row is rows[0]:
            runs = [("first", row.first), *runs, ("nothing new", row.idle), (f"{FEW} new", row.few)]
        for name, asked in runs:
            told = ", ".join(f"{words} {count:,}" for words, count in sorted(asked.calls.items()))
            lines.append(f"| {row.scenario.words} | {name} | {told} |")
    return lines


def targets(rows: Sequence[Posted]) -> list[str]:
    if not rows or rows[0].refunds < REFUNDS:
        return [f"Not measured: the targets are for {REFUNDS:,} refunds."]
    lines = ["| target | limit | measured | |", "|---|---:|---:|---|"]
    for row in rows:
        words, limit = row.scenario.words, row.scenario.writes + ADDED
        twice = sum(one.twice for one in row.every_run)
        lines += [
            verdict(
                f"{words}: writes a refund", f"{limit:.1f}", row.writes_each, limit, f"{row.writes_each:.3f}"
            ),
            verdict(f"{words}: refunds that stand twice", "0", twice, 0, f"{twice}"),
        ]
        if row.scenario in PROMISED_READS:
            reads, slow = row.reads_each, 1 - row.asked.rate / POSSIBLE
            lines += [
                verdict(f"{words}: reads a refund", f"{TARGET_READS}", reads, TARGET_READS, f"{reads:.3f}"),
                verdict(
                    f"{words}: of the writes a second that are possible, at least",
                    f"{TARGET_RATE:.0%}",
                    slow,
                    1 - TARGET_RATE,
                    f"{1 - slow:.1%}",
                ),
            ]
    return lines


def part_of(rows: Sequence[Posted]) -> list[str]:
    virtual = [row for row in rows if not row.scenario.real]
    real = [row for row in rows if row.scenario.real]
    killed = [row for row in rows if row.scenario.killed]
    return [
        "Written by `tests/bench/run_netsuite.py`. Sales of 100.00 and 10.00 of SuiteTax, and their payments, stand in a",
        f"stand-in for NetSuite. An answer takes {LATENCY_S} s, so that {AT_ONCE} at once are {POSSIBLE:.1f} a second; half of",
        "each sale is refunded, or of one of ten. Both live in a virtual time, which runs as the real one but leaps where",
        "every thread sleeps: what the connector computes counts, and so does what the stand-in needs for an answer beyond",
        f"{LATENCY_S} s, which it does for searches in large books. A first run fills the state from the books and posts {FEW};",
        "the run that is measured posts the many that came since; then there is one with nothing new, and one",
        f"with {FEW} more, on a later day. `Posting` is from the first write to the answer to the last, with the looks between;",
        "`run` from the first request to the last. Reads are all that is asked beside writes.",
        "",
        *machine(),
        "",
        *table(virtual),
        "",
        "The same in real time, where an answer takes as long in truth; the whole command, with its start, reading Stripe's",
        "objects, deciding and the state in SQLite. The stand-in is on the same machine.",
        "",
        *real_table(real),
        "",
        "Killed runs (SIGKILL), each with another behind it a quarter of an hour later. What was stored to be sent and is not",
        "in the books is asked for once more by its key alone, one by one, before it is sent again. A request of which the",
        "kill left only the first half is refused.",
        "",
        *killed_table(killed),
        "",
        *targets(rows),
        "",
        "What was asked, and how often:",
        "",
        *asked_table(virtual),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("refunds", nargs="?", type=int, default=REFUNDS, metavar="REFUNDS")
    parser.add_argument("--only", type=int, metavar="PLACE", help="one row alone, from 0; writes no page")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the figures go")
    chosen = parser.parse_args()
    os.environ.setdefault("CONNECTOR_KEY", KEY)
    scenarios = SCENARIOS if chosen.only is None else SCENARIOS[chosen.only :][:1]
    lines = part_of([bench(chosen.refunds, scenario) for scenario in scenarios])
    if chosen.only is None:
        replace_part(chosen.page, NETSUITE, lines)
    sys.stdout.write("\n".join([NETSUITE, "", *lines, ""]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
