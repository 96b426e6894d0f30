"""The committed sample: made by its script byte for byte, large enough, and showing every case it names."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.samples.account import KINDS, Account
from connector.samples.make_sample import COMMITTED, build_sample, describe, main, write_sample

Json = dict[str, Any]
NEW_YORK = ZoneInfo("America/New_York")
README = COMMITTED.parent / "README.md"


def read(kind: str) -> dict[str, Json]:
    lines = (COMMITTED / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
    return {one["id"]: one for one in (json.loads(line) for line in lines if line)}


OBJECTS = {kind: read(kind) for kind in KINDS}
CHARGES, REFUNDS = OBJECTS["charge"], OBJECTS["refund"]


@pytest.fixture(scope="module")
def made() -> Account:
    return build_sample()


def test_the_script_writes_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    assert main([str(tmp_path / "new" / "folder")]) == 0
    written = {file.name: file.read_bytes() for file in (tmp_path / "new" / "folder").iterdir()}
    committed = {file.name: file.read_bytes() for file in COMMITTED.iterdir()}
    assert written.keys() == committed.keys() == {f"{kind}.jsonl" for kind in KINDS}
    changed = [name for name in committed if committed[name] != written[name]]
    assert changed == [], "run python -m connector.samples.make_sample and look at what changed"


def test_the_script_replaces_what_was_there(tmp_path: Path) -> None:
    write_sample(tmp_path)
    (tmp_path / "charge.jsonl").write_text("spoilt")
    write_sample(tmp_path)
    assert (tmp_path / "charge.jsonl").read_bytes() == (COMMITTED / "charge.jsonl").read_bytes()


@pytest.mark.parametrize("arguments", [["--help"], ["a", "b"]])
def test_wrong_use_is_one_line_and_writes_nothing(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")
    assert list(tmp_path.iterdir()) == []


def test_the_readme_has_the_tables_of_what_is_there(
    made: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cases"]) == 0
    assert capsys.readouterr().out == describe(made)
    assert README.read_text(encoding="utf-8").endswith("\n\n" + describe(made))


def test_it_is_large_enough_and_small_enough() -> None:
    assert len(CHARGES) >= 600
    assert len(REFUNDS) >= 200
    assert sum(file.stat().st_size for file in COMMITTED.iterdir()) < 4_000_000
    currencies = Counter(one["currency"] for one in REFUNDS.values())
    assert currencies.keys() == {"usd", "eur", "gbp", "cad", "jpy", "kwd"}
    assert min(currencies.values()) >= 5
    months = Counter(datetime.fromtimestamp(one["created"], UTC).month for one in REFUNDS.values())
    assert min(months[1], months[2], months[3]) > 50


def test_files_hold_their_kind_alone_newest_first() -> None:
    seen: set[str] = set()
    for kind, objects in OBJECTS.items():
        lines = (COMMITTED / f"{kind}.jsonl").read_bytes().split(b"\n")
        assert lines.pop() == b""
        assert len(lines) == len(objects)
        assert {one["object"] for one in objects.values()} == {kind}
        created = [one["created"] for one in objects.values()]
        assert created == sorted(created, reverse=True)
        assert not seen & objects.keys()
        seen |= objects.keys()


def test_nobody_real_is_named() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in COMMITTED.iterdir())
    assert set(re.findall(r"[\w.+-]+@([\w.-]+)", text)) == {"example.com"}
    hosts = {"pay.stripe.com", "shop.example.com"}
    assert set(re.findall(r"https?://([\w.-]+)", text)) == hosts
    assert '"livemode":true' not in text
    assert not re.search(r"(sk|rk|pk)_(live|test)_|whsec_|_secret_", text)


def test_ids_look_like_stripes() -> None:
    shapes = {
        "charge": r"(ch|py)_[13]T\w{14}[01]\w{7}",
        "refund": r"re_[13]T\w{14}[01]\w{7}|pyr_1T\w{22}",
        "payment_intent": r"pi_3T\w{14}[01]\w{7}",
        "balance_transaction": r"txn_[13]T\w{14}[01]\w{7}",
        "invoice": r"in_1T\w{22}",
        "customer": r"cus_T\w{13}",
        "checkout.session": r"cs_test_a1\w{56}",
        "dispute": r"d[pu]_1T\w{22}",
    }
    for kind, shape in shapes.items():
        assert all(re.fullmatch(shape, stripe_id) for stripe_id in OBJECTS[kind]), kind


def marks(made: Account, case: str, kind: str) -> list[Json]:
    """The objects of a kind that a case names; charges and invoices also by number, charges by their invoice's."""
    found = [OBJECTS[kind][mark] for mark in made.cases[case] if mark in OBJECTS[kind]]
    if kind == "charge":
        numbers = {one["metadata"].get("order_number"): one for one in CHARGES.values() if one["paid"]}
        found += [numbers[mark] for mark in made.cases[case] if mark in numbers]
    if kind in ("invoice", "credit_note"):
        numbers = {one["number"]: one for one in OBJECTS[kind].values()}
        found += [numbers[mark] for mark in made.cases[case] if mark in numbers]
    return found


def refunds_of(charge: Json) -> list[Json]:
    return [one for one in REFUNDS.values() if one["charge"] == charge["id"]]


def move(one: Json, key: str = "balance_transaction") -> Json:
    value = one[key]
    return value if isinstance(value, dict) else OBJECTS["balance_transaction"][value]


def month_in_new_york(second: int) -> int:
    return datetime.fromtimestamp(second, NEW_YORK).month


def parts_off_by_a_cent(charge: Json) -> bool:
    moved = sum(move(one)["amount"] for one in refunds_of(charge))
    return bool(charge["refunded"] and abs(moved + move(charge)["amount"]) == 1)


def refund_lines_explain(refund: Json) -> bool:
    exponent = {"usd": 2, "jpy": 0, "kwd": 3}[refund["currency"]]
    lines = json.loads(refund["metadata"]["refund_lines"])
    digits = [line["amount"].partition(".") for line in lines]
    assert all(len(fraction) == exponent for _, _, fraction in digits)
    return bool(refund["amount"] == sum(int(whole + fraction) for whole, _, fraction in digits))


CASES: list[tuple[str, str, int, Callable[[Json], bool]]] = [
    ("three refunds of one sale", "charge", 4, lambda one: len(refunds_of(one)) == 3),
    ("refund_lines in metadata", "refund", 6, refund_lines_explain),
    ("credit note without lines", "credit_note", 1, lambda one: one["lines"]["data"] == []),
    ("void credit note", "credit_note", 1, lambda one: one["status"] == "void"),
    ("two credit notes for one refund", "credit_note", 2, lambda one: len(one["refunds"]) == 1),
    ("discounted invoice", "invoice", 3, lambda one: bool(one["total_discount_amounts"])),
    ("tax exclusive", "invoice", 1, lambda one: one["total"] > one["subtotal"]),
    ("tax inclusive", "invoice", 2, lambda one: one["total"] == one["subtotal"] > one["total_excluding_tax"]),
    ("no tax", "invoice", 1, lambda one: one["total_taxes"] == []),
    ("unpaid invoice: draft", "invoice", 1, lambda one: one["status"] == "draft" and one["number"] is None),
    ("settled in its own currency: jpy", "charge", 2, lambda one: move(one)["currency"] == "jpy"),
    ("settled in its own currency: kwd", "charge", 2, lambda one: move(one)["currency"] == "kwd"),
    ("settled in its own currency: eur", "charge", 1, lambda one: move(one)["currency"] == "eur"),
    ("converted parts do not add up", "charge", 2, parts_off_by_a_cent),
    ("fee given back", "refund", 4, lambda one: move(one)["fee"] < 0),
    ("fee for a refund", "refund", 3, lambda one: move(one)["fee"] > 0 and one["id"].startswith("pyr_")),
    ("refund without payment intent", "refund", 4, lambda one: one["payment_intent"] is None),
    (
        "marketplace refund (pyr_, source transfer)",
        "refund",
        4,
        lambda one: one["id"].startswith("pyr_") and one["source_transfer_reversal"][:4] == "trr_",
    ),
    ("customer saw another currency", "charge", 2, lambda one: "presentment_details" in one),
    (
        "pending: the charge is still pending",
        "refund",
        2,
        lambda one: CHARGES[one["charge"]]["status"] == "pending" and one["balance_transaction"] is None,
    ),
    (
        "pending: already taken from the balance",
        "refund",
        3,
        lambda one: one["status"] == "pending" and move(one)["amount"] == -one["amount"],
    ),
    (
        "pending: no funds yet",
        "refund",
        2,
        lambda one: one["pending_reason"] == "insufficient_funds" and one["balance_transaction"] is None,
    ),
    ("requires_action", "refund", 2, lambda one: one["status"] == "requires_action" and "next_action" in one),
    ("canceled: the customer never answered", "refund", 1, lambda one: one["balance_transaction"] is None),
    ("canceled: the money came back", "refund", 2, lambda one: one["status"] == "canceled"),
    ("canceled: the charge failed", "refund", 1, lambda one: CHARGES[one["charge"]]["status"] == "failed"),
    (
        "failed after success, same month",
        "refund",
        3,
        lambda one: (
            month_in_new_york(move(one, "failure_balance_transaction")["created"])
            == month_in_new_york(one["created"])
        ),
    ),
    (
        "failed after success, next month",
        "refund",
        3,
        lambda one: (
            month_in_new_york(move(one, "failure_balance_transaction")["created"])
            == month_in_new_york(one["created"]) + 1
        ),
    ),
    (
        "failed without touching the balance",
        "refund",
        1,
        lambda one: one["status"] == "failed" and one["balance_transaction"] is None,
    ),
    (
        "balance transaction on another day",
        "refund",
        3,
        lambda one: move(one)["created"] - one["created"] > 86_400,
    ),
    (
        "sold in January, refunded in March",
        "charge",
        6,
        lambda one: (
            month_in_new_york(one["created"]) == 1 and month_in_new_york(refunds_of(one)[0]["created"]) == 3
        ),
    ),
    ("card refused", "charge", 7, lambda one: one["status"] == "failed" and not one["paid"]),
    ("debit returned by the bank", "charge", 2, lambda one: one["failure_balance_transaction"] is not None),
    ("authorised, not captured", "charge", 2, lambda one: not one["captured"] and not one["refunded"]),
    ("captured in part", "charge", 3, lambda one: 0 < one["amount_captured"] < one["amount"]),
    (
        "captured in the next month",
        "charge",
        1,
        lambda one: month_in_new_york(one["created"]) < month_in_new_york(move(one)["created"]),
    ),
    ("no customer", "charge", 2, lambda one: one["customer"] is None),
    ("bank transfer", "invoice", 3, lambda one: one["currency"] == "eur"),
    (
        "plain order: order number on the payment intent alone",
        "charge",
        5,
        lambda one: (
            "order_number" not in one["metadata"]
            and "order_number" in OBJECTS["payment_intent"][one["payment_intent"]]["metadata"]
        ),
    ),
    (
        "plain order: order number in the description alone",
        "charge",
        5,
        lambda one: re.fullmatch(r"Order \d+", one["description"]) is not None and one["metadata"] == {},
    ),
    (
        "older shape: charge and invoice name each other",
        "charge",
        1,
        lambda one: OBJECTS["invoice"][one["invoice"]]["charge"] == one["id"],
    ),
]


@pytest.mark.parametrize(
    ("case", "kind", "count", "shows"),
    CASES,
    ids=lambda value: None if callable(value) else str(value)[:48],
)
def test_named_cases_show_what_they_say(
    made: Account, case: str, kind: str, count: int, shows: Callable[[Json], bool]
) -> None:
    found = marks(made, case, kind)
    assert len(found) == count
    assert all(shows(one) for one in found)
