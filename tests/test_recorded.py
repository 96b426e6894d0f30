"""A sync over objects that Stripe itself made: recorded in test mode by another project, with gaps in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from cli_books import CLEARING, ROOT, Books, Json, bean_check, transactions

RECORDED = ROOT.parent / "shared" / "data" / "stripe-recorded" / "export"

if not RECORDED.is_dir():
    pytest.skip(f"recorded objects of Stripe are missing: {RECORDED}", allow_module_level=True)


def objects(kind: str) -> dict[str, Json]:
    lines = (RECORDED / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
    return {one["id"]: one for one in map(json.loads, filter(None, lines))}


def movement_of(one: Json) -> Json | None:
    """The balance transaction of a charge or refund, inside it or in its own file; None where it was not recorded."""
    named = one["balance_transaction"]
    found: Json | None = named if isinstance(named, dict) else objects("balance_transaction").get(named)
    return found


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(
        tmp_path,
        stripe={"start": "2020-01-01", "export": str(RECORDED)},
        ledgers={"main": {"sales": "sales_receipt"}},
    )


def test_two_refunds_of_one_charge_are_posted_as_n_and_n_1(books: Books) -> None:
    said = books.run("sync")
    assert said.code == 0, said.err
    refunds = sorted(objects("refund").values(), key=lambda refund: int(refund["created"]))
    assert [refund["amount"] for refund in refunds] == [1000, 500]
    (charge_id,) = {refund["charge"] for refund in refunds}
    assert objects("charge")[charge_id]["amount"] == 3000
    listed = books.listed("refunds")
    assert [r["refund_id"] for r in listed] == [refund["id"] for refund in refunds]
    assert [r["ledgers"]["main"]["outcome"] for r in listed] == ["posted", "posted"]
    first, second = (r["ledgers"]["main"]["number"] for r in listed)
    assert second == f"{first}-1"
    (sale,) = [
        t
        for t in transactions(books.ledger_folder)
        if t.metadata["kind"] == "sales_receipt" and t.metadata["charge_id"] == charge_id
    ]
    assert sale.metadata["number"] == first
    moved = [
        t.moved(CLEARING) for t in transactions(books.ledger_folder) if t.metadata["kind"] == "refund_receipt"
    ]
    assert sorted(moved) == [Decimal("-10.00"), Decimal("-5.00")]
    assert bean_check(books.ledger_folder) == ""


def test_what_is_missing_is_said_plainly(books: Books) -> None:
    """The refunds name balance transactions that were not recorded, and so do some charges."""
    said = books.run("sync")
    warned = [
        r["refund_id"]
        for r in books.listed("refunds")
        if any(w.startswith("settlement_assumed") for w in r["ledgers"]["main"]["warnings"])
    ]
    missing = [r["id"] for r in objects("refund").values() if movement_of(r) is None]
    assert sorted(warned) == sorted(missing)
    unbooked = [
        c["id"]
        for c in objects("charge").values()
        if c["status"] == "succeeded" and c["captured"] and movement_of(c) is None
    ]
    receipts = [d for d in books.listed("documents") if d["kind"] == "sales_receipt"]
    told = [d["charge_id"] for d in receipts if any("settlement_assumed" in w for w in d["warnings"])]
    assert sorted(told) == sorted(unbooked)
    assert "settlement_assumed" in said.out
    assert f"and {len(missing) + len(unbooked) - 1} more like it" in said.out


def test_clearing_is_what_was_recorded(books: Books) -> None:
    books.run("sync")
    expected = Decimal(0)
    for kind, sign in (("charge", 1), ("refund", -1)):
        for one in objects(kind).values():
            if one["status"] != "succeeded" or not one.get("captured", True):
                continue
            assert one["currency"] == "usd"
            moved = movement_of(one)
            own = sign * int(one["amount_captured"] if kind == "charge" else one["amount"])
            expected += Decimal(moved["net"] if moved else own).scaleb(-2)
    assert books.balance(CLEARING) == {"usd": expected}


def test_once_is_enough(books: Books) -> None:
    books.run("sync")
    before = books.files()
    assert books.run("sync").code == 0
    books.lose_state()
    assert books.run("sync").code == 0
    assert books.files() == before
