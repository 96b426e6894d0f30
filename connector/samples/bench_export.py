"""Writes an export of any size for benchmarks: charges of about 2 KB, each with one refund, in flat memory.

    python -m connector.samples.bench_export FOLDER REFUNDS [SEED]

The place in the export is part of every id, so that no two can be alike however many there are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from connector.samples.catalogue import DAY, Json, moment
from connector.samples.dice import Dice
from connector.samples.payment_shapes import (
    approved,
    balance_transaction_object,
    billing_details,
    charge_object,
    method_details,
)
from connector.samples.refund_shapes import refund_object
from connector.samples.settlement import fee_of

KINDS = ("charge", "refund", "balance_transaction")
_NEWEST = moment("2026-03-27T00:00:00")
_SPAN = 84 * DAY
_REFUNDED_AFTER = 3 * DAY
_FIRST_ORDER = 100_001
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def write_bench_export(folder: Path, refunds: int, seed: int = 1) -> None:
    """Writes `refunds` card charges with one refund each (60 % whole) and their balance transactions.

    The charges lie in the first quarter of 2026, 94 in 100 in usd and the others in eur and jpy, each settled
    in its own currency, with order numbers in their metadata. Newest first; same arguments, same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        write: dict[str, Any] = {
            kind: files.enter_context(
                (folder / f"{kind}.jsonl").open("w", encoding="utf-8", newline="\n")
            ).write
            for kind in KINDS
        }
        for stripe_object in _objects(refunds, seed):
            write[stripe_object["object"]](_encode(stripe_object) + "\n")


def _objects(refunds: int, seed: int) -> Iterator[Json]:
    step = max(_SPAN // max(refunds, 1), 1)
    for place in range(refunds):
        dice = Dice(f"bench/{seed}/{place}")
        stem = f"3T{place:05x}AcmeBooks"
        created = _NEWEST - place * step
        ends = dice.letters(42)
        charge = _charge(dice, stem, ends, created, refunds - 1 - place)
        amount: int = charge["amount"]
        if dice.below(5) < 2:
            amount = amount * dice.between(1, 9) // 10
        refund = refund_object(
            dice,
            charge,
            refund_id=f"re_{stem}2{ends[:7]}",
            amount=amount,
            created=created + _REFUNDED_AFTER,
            status="succeeded",
            reason="requested_by_customer" if place % 3 else None,
        )
        charge["amount_refunded"] = amount
        charge["refunded"] = amount == charge["amount"]
        charge["balance_transaction"] = f"txn_{stem}0{ends[7:14]}"
        refund["balance_transaction"] = f"txn_{stem}1{ends[14:21]}"
        yield from (charge, _settled(charge), refund, _taken(refund))


def _charge(dice: Dice, stem: str, ends: str, created: int, order: int) -> Json:
    currency = "usd" if order % 50 < 47 else "eur" if order % 2 else "jpy"
    brand = ("visa", "visa", "mastercard", "amex")[order % 4]
    amount = dice.between(500, 25_000)
    return charge_object(
        charge_id=f"ch_{stem}0{ends[21:28]}",
        amount=amount,
        currency=currency,
        created=created,
        customer=f"cus_T{order % 5000:013d}" if order % 4 else None,
        description=f"Order {_FIRST_ORDER + order}",
        metadata={"order_number": str(_FIRST_ORDER + order), "sku": ("SKU-MUG", "SKU-SHIRT")[order % 2]},
        payment_intent=f"pi_{stem}1{ends[28:35]}",
        payment_method=f"pm_{stem}3{ends[35:]}",
        billing=billing_details(f"Customer {order % 5000} Example", "customer@example.com", "US"),
        details=method_details(dice, brand, amount, "US", None),
        outcome=approved(dice, card=True),
    )


def _settled(charge: Json) -> Json:
    currency, amount = charge["currency"], charge["amount"]
    return balance_transaction_object(
        balance_transaction_id=charge["balance_transaction"],
        amount=amount,
        fee=fee_of("card", amount, currency, False),
        currency=currency,
        created=charge["created"],
        category="charge",
        kind="charge",
        source=charge["id"],
        description=charge["description"],
        days_to_funds=2,
    )


def _taken(refund: Json) -> Json:
    return balance_transaction_object(
        balance_transaction_id=refund["balance_transaction"],
        amount=-refund["amount"],
        fee=0,
        currency=refund["currency"],
        created=refund["created"],
        category="refund",
        kind="refund",
        source=refund["id"],
        description="REFUND FOR CHARGE",
    )


def main(arguments: list[str]) -> int:
    folder, *numbers = arguments or [""]
    if not folder or not numbers or len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
        sys.stderr.write("usage: python -m connector.samples.bench_export FOLDER REFUNDS [SEED]\n")
        return 2
    write_bench_export(Path(folder), *(int(number) for number in numbers))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
