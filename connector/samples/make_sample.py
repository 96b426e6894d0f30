"""Writes the sample: Acme's first quarter of 2026 as Stripe would export it, one JSON object a line.

    python -m connector.samples.make_sample [FOLDER]   rewrites FOLDER/*.jsonl; left out: the committed files
    python -m connector.samples.make_sample --cases    prints the tables of the README

Nothing is drawn from chance or read from a clock: the same code writes the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from connector.samples import cases_amounts, cases_charges, cases_money, cases_refunds
from connector.samples.account import KINDS, Account
from connector.samples.catalogue import Json, moment
from connector.samples.older_shapes import age
from connector.samples.quarter import Plan, ordinary_plans

SEED = "acme-2026-q1"
COMMITTED = Path(__file__).parent / "stripe"
# Objects made before this second are in the shape of API 2022-11-15.
OLDER_BEFORE = moment("2026-01-08T00:00:00")

_CASES: tuple[tuple[str, Callable[[Account, int], None]], ...] = (
    ("2026-01-02T15:00:00", cases_charges.older_shapes),
    ("2026-01-09T15:00:00", cases_refunds.january_in_march),
    ("2026-01-10T16:00:00", cases_money.converted_sales),
    ("2026-01-12T15:00:00", cases_amounts.worked_example),
    ("2026-01-13T15:00:00", cases_amounts.many_parts),
    ("2026-01-14T13:00:00", cases_refunds.near_midnight),
    ("2026-01-16T14:00:00", cases_charges.odd_texts),
    ("2026-01-20T18:00:00", cases_refunds.failed_later),
    ("2026-01-21T17:00:00", cases_charges.disputes),
    ("2026-01-22T14:00:00", cases_amounts.refund_lines),
    ("2026-01-26T14:00:00", cases_money.fees),
    ("2026-01-27T14:00:00", cases_charges.unpaid_invoices),
    ("2026-01-28T14:00:00", cases_refunds.booked_on_another_day),
    ("2026-02-02T14:00:00", cases_amounts.taxes),
    ("2026-02-03T14:00:00", cases_amounts.credit_notes),
    ("2026-02-04T14:00:00", cases_money.own_balance),
    ("2026-02-05T14:00:00", cases_refunds.failed_converted),
    ("2026-02-06T14:00:00", cases_charges.refused),
    ("2026-02-09T14:00:00", cases_amounts.two_charges_one_invoice),
    ("2026-02-10T14:00:00", cases_charges.captures),
    ("2026-02-11T14:00:00", cases_money.without_intent),
    ("2026-02-14T15:00:00", cases_amounts.same_second),
    ("2026-02-16T14:00:00", cases_refunds.customer_must_act),
    ("2026-02-17T14:00:00", cases_amounts.discounts),
    ("2026-02-18T14:00:00", cases_refunds.failed_unpaid),
    ("2026-02-19T14:00:00", cases_charges.transfers),
    ("2026-02-23T14:00:00", cases_amounts.odd_credit_notes),
    ("2026-03-02T14:00:00", cases_refunds.canceled),
    ("2026-03-04T14:00:00", cases_money.parts_do_not_add_up),
    ("2026-03-06T14:00:00", cases_charges.guests),
    ("2026-03-10T14:00:00", cases_money.presentment),
    ("2026-03-16T14:00:00", cases_refunds.waiting),
)


def build_sample() -> Account:
    """The whole quarter; invoice and order numbers rise with time, but for cases that reach back or ahead."""
    account = Account(SEED)
    plans = ordinary_plans() + [Plan(moment(at), f"case/{run.__name__}", run) for at, run in _CASES]
    for plan in sorted(plans, key=lambda plan: (plan.at, plan.name)):
        account.begin(plan.name)
        plan.run(account, plan.at)
    age(account, OLDER_BEFORE)
    return account


def render(account: Account) -> dict[str, bytes]:
    """File name to content: one file a kind, newest object first, as the list endpoints answer."""
    files: dict[str, bytes] = {}
    for kind in KINDS:
        lines = [_line(stripe_object) for stripe_object in account.sorted_lines(kind)]
        files[f"{kind}.jsonl"] = "".join(lines).encode("utf-8")
    return files


def _line(stripe_object: Json) -> str:
    return json.dumps(stripe_object, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_sample(folder: Path) -> Account:
    """Writes the files into a folder, which is made if need be, and returns what they were made from."""
    account = build_sample()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in render(account).items():
        (folder / name).write_bytes(content)
    return account


def describe(account: Account) -> str:
    """The README's tables: objects by kind, what charges and refunds moved, and the named cases."""
    rows = ["| kind | objects |", "|---|---|"]
    rows += [f"| {kind} | {len(account.objects[kind])} |" for kind in KINDS]
    rows += ["", "| balance | category | transactions | amount | fee | net |", "|---|---|---|---|---|---|"]
    totals: dict[tuple[str, str], list[int]] = {}
    for moved in account.objects["balance_transaction"].values():
        total = totals.setdefault((moved["currency"], moved["reporting_category"]), [0, 0, 0, 0])
        for place, value in enumerate((1, moved["amount"], moved["fee"], moved["net"])):
            total[place] += value
    for (currency, category), total in sorted(totals.items()):
        rows.append(f"| {currency} | {category} | " + " | ".join(str(value) for value in total) + " |")
    rows += ["", "| case | shown by |", "|---|---|"]
    for case, marks in sorted(account.cases.items()):
        rows.append(f"| {case} | {', '.join(f'`{mark}`' for mark in marks)} |")
    return "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--cases"]:
        sys.stdout.write(describe(build_sample()))
        return 0
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        sys.stderr.write("usage: python -m connector.samples.make_sample [FOLDER | --cases]\n")
        return 2
    folder = Path(arguments[0]) if arguments else COMMITTED
    account = write_sample(folder)
    sys.stdout.write(
        f"{folder}: {len(account.objects['charge'])} charges, {len(account.objects['refund'])} refunds\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
