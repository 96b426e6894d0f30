"""A shop of about ten refunds, its books, passes over them in this process, and what must be true of the books.

What is expected is worked out from Stripe's objects alone: which documents each charge and refund must have become,
their numbers, and every account's balance. `check` is the promise "exactly once" in one function.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from cli_books import CLEARING, FEES, RECEIVABLE, Export, Transaction, at, movement, transactions
from sqlalchemy import Engine, text

from connector.cli.root import run
from connector.store import database
from connector.store.lease import hold_lease
from connector.sync import Pass, PassReport
from connector.workplace import open_state, read_setup
from connector.world import World

MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"
NOW = at("2026-06-01T12:00:00")
INCOME = "Income:Sales"
TAX = "Liabilities:Sales-Tax-Payable"
MEMO_RULES = [
    {"name": "by bank", "when": {"method": "bank"}, "then": ["credit_memo", "refund_payout"]},
    {"name": "memo and card", "when": {}, "then": ["credit_memo", "credit_card_refund"]},
]

Json = dict[str, Any]


@dataclass
class Clock:
    """A time that stands still until somebody sleeps or sets it; `issued` counts the ids given out."""

    now: int = NOW
    slept: list[float] = field(default_factory=list)
    issued: int = 0


@dataclass(frozen=True)
class StillWorld(World):
    """A world in which the same pass happens in the same way each time."""

    environment: dict[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def now(self) -> int:
        return self.clock.now

    def sleep(self, seconds: float) -> None:
        self.clock.slept.append(seconds)
        self.clock.now += -int(-seconds // 1)

    def new_id(self) -> str:
        self.clock.issued += 1
        return f"{self.clock.issued:032x}"

    def process(self) -> str:
        return "1"


# ------------------------------------------------------------------------------------------------ the shop


class Shop:
    """Charges and refunds at Stripe; `export` writes them as a folder of objects."""

    def __init__(self, folder: Path) -> None:
        self.export = Export(folder)

    @property
    def objects(self) -> dict[str, Json]:
        return self.export.objects

    def of_kind(self, kind: str) -> list[Json]:
        found = [one for one in self.objects.values() if one["object"] == kind]
        return sorted(found, key=lambda one: (one["created"], one["id"]))

    def charge(self, number: str, amount: int, tax: int, day: str, fee: int, method: str = "card") -> str:
        """A sale of one line with tax."""
        lines = [{"sku": "SKU-1", "amount": major(amount), "tax": major(tax)}]
        return self.export.charge(
            number,
            amount,
            when=f"{day}T15:00:00",
            fee=fee,
            metadata={"order_number": number, "sale_lines": json.dumps(lines)},
            payment_method_details={"type": method},
        )

    def refund(self, name: str, charge_id: str, amount: int, day: str, fee: int = 0) -> str:
        refund_id = self.export.refund(name, charge_id, amount, when=f"{day}T15:00:00")
        moved = self.objects[f"txn_{refund_id}"]
        moved.update(fee=fee, net=moved["amount"] - fee)
        return refund_id

    def fail(self, refund_id: str, day: str) -> None:
        self.export.fail(refund_id, f"{day}T15:00:00")

    def write(self) -> None:
        self.export.write()


def major(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def first_shop(folder: Path) -> Shop:
    """Ten refunds in two months: full, partial, second and third of a sale, with and without a fee, by card and bank."""
    shop = Shop(folder)
    sales = [
        ("100", 11000, 1000, "2026-02-02", 349),
        ("101", 5500, 500, "2026-02-03", 190),
        ("102", 7700, 700, "2026-02-20", 253),
        ("103", 3300, 300, "2026-03-01", 126),
        ("104", 9999, 999, "2026-03-02", 320),
        ("105", 2200, 200, "2026-03-03", 0),
    ]
    for number, amount, tax, day, fee in sales:
        shop.charge(number, amount, tax, day, fee, "us_bank_account" if number == "105" else "card")
    shop.refund("100a", "ch_100", 11000, "2026-02-10")
    shop.refund("101a", "ch_101", 2000, "2026-02-11", 25)
    shop.refund("101b", "ch_101", 3500, "2026-03-11")
    shop.refund("102a", "ch_102", 100, "2026-02-25")
    shop.refund("102b", "ch_102", 200, "2026-02-26")
    shop.refund("102c", "ch_102", 300, "2026-03-02", 25)
    shop.refund("103a", "ch_103", 3300, "2026-03-05")
    shop.refund("104a", "ch_104", 4999, "2026-03-06")
    shop.refund("105a", "ch_105", 2000, "2026-03-07")
    shop.refund("105b", "ch_105", 200, "2026-03-08")
    shop.objects["re_105b"].update(status="pending")
    return shop


def later_shop(folder: Path) -> Shop:
    """The same shop some days later: a refund that had succeeded has failed, one that waited failed, one is new."""
    shop = first_shop(folder)
    shop.fail("re_104a", "2026-03-20")
    shop.fail("re_105b", "2026-03-21")
    shop.refund("104b", "ch_104", 9999, "2026-03-22", 25)
    return shop


def mini_shop(folder: Path) -> Shop:
    """Two sales and three refunds, in two months."""
    shop = Shop(folder)
    shop.charge("100", 11000, 1000, "2026-02-02", 349)
    shop.charge("101", 5500, 500, "2026-03-03", 0)
    shop.refund("100a", "ch_100", 3000, "2026-02-10")
    shop.refund("100b", "ch_100", 8000, "2026-03-08", 25)
    shop.refund("101a", "ch_101", 5500, "2026-03-20")
    return shop


def fail_charge(shop: Shop, charge_id: str, day: str) -> None:
    """A bank debit that came back after it had succeeded."""
    charge = shop.objects[charge_id]
    back = f"txn_back_{charge_id}"
    charge.update(status="failed", failure_balance_transaction=back)
    shop.export.put(
        movement(back, -charge["amount"], "usd", at(f"{day}T15:00:00"), "payment_failure_refund", charge_id)
    )


def mini_later(folder: Path) -> Shop:
    """The same, and the last refund has failed."""
    shop = mini_shop(folder)
    shop.fail("re_101a", "2026-04-02")
    return shop


# ------------------------------------------------------------------------------------------------ the books

make_engine = database.make_engine


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is shown of kills and faults does not depend on a slow disk."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with TemporaryDirectory(prefix="connector-tests-", dir=place) as folder:
        yield Path(folder)


@cache
def engine_of(url: str) -> Engine:
    """One engine for a place: it keeps its compiled statements when the state in that place is exchanged."""
    return make_engine(url)


class SmallBooks:
    """Settings, state and books in one folder, and passes over them in this process."""

    def __init__(self, folder: Path, **ledger: Any) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.books = folder / "books"
        self.state = folder / "state.db"
        self.export = folder / "export"
        self.world = StillWorld()
        self.ledger = ledger

    @classmethod
    def make(
        cls, folder: Path, rules: list[Json] | None = None, refunds: Json | None = None, **ledger: Any
    ) -> SmallBooks:
        """A folder with settings and mappings; `ledger` are settings of its one ledger."""
        made = cls(folder, **ledger)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(MAPPINGS, folder / "mappings")
        if rules is not None:
            (folder / "mappings" / "refund_rules.yaml").write_text(json.dumps(rules), encoding="utf-8")
        settings = {
            "books": "acme",
            "timezone": "America/New_York",
            "state": "sqlite:///state.db",
            "stripe": {"start": "2026-01-01", "export": "export"},
            "refunds": refunds or {},
            "ledgers": {
                "main": {
                    "kind": "beancount",
                    "sales": "sales_receipt",
                    "fees": True,
                    "connection": {"path": "books"},
                    **ledger,
                }
            },
        }
        made.config.write_text(json.dumps(settings), encoding="utf-8")
        return made

    def copy(self, folder: Path) -> SmallBooks:
        """The same books at this moment, in another folder, in the place of what was there."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        copied = SmallBooks(folder, **self.ledger)
        copied.world.clock.now = self.world.clock.now
        copied.world.clock.issued = self.world.clock.issued
        return copied

    def migrate(self) -> SmallBooks:
        """Make the state, empty."""
        with patch.object(database, "make_engine", engine_of):
            open_state(read_setup(self.config, self.world)).dispose()
        return self

    def sync(self, should_stop: Callable[[], bool] = lambda: False) -> PassReport:
        """One pass, as the command `sync` makes it."""
        setup = read_setup(self.config, self.world)
        with patch.object(database, "make_engine", engine_of):
            engine = open_state(setup)
        try:
            with hold_lease(engine, setup.settings.state_url, self.world, False) as lease:
                return Pass(setup, engine, lease, should_stop=should_stop).run("sync")
        finally:
            engine.dispose()

    def retry(self, key: str) -> None:
        """A person asks for another try of a document."""
        words = ["resolve", key, "-c", str(self.config), "--ledger", "main", "--retry", "--reason", "try again"]
        with patch.object(World, "now", lambda world: self.world.now()):
            assert run(words) == 0

    def lose_state(self) -> None:
        for path in self.folder.glob("state.db*"):
            path.unlink()

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Rows of the state, in order."""
        engine = engine_of(f"sqlite:///{self.state}")
        try:
            with engine.connect().execution_options(reading=True) as connection:
                rows = connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY {columns}"))
                return [tuple(row) for row in rows]
        finally:
            engine.dispose()

    def transactions(self) -> list[Transaction]:
        return transactions(self.books) if self.books.is_dir() else []

    def outcomes(self) -> dict[str, tuple[str, str | None]]:
        """Refund → outcome and reason."""
        rows = self.rows("decision WHERE subject = 'refund'", "subject_id, outcome, reason")
        return {row[0]: (row[1], row[2]) for row in rows}

    def state_of(self, key: str) -> str:
        (row,) = self.rows(f"document WHERE document_key = '{key}'", "state")
        return str(row[0])

    def states(self) -> Counter[str]:
        return Counter(row[0] for row in self.rows("document", "state"))

    def result(self) -> Json:
        """All that must come out the same however often a run was killed; which run did what is left out."""
        return {
            "books": sorted(map(repr, self.transactions())),
            "main": sorted((self.books / "main.beancount").read_text(encoding="utf-8").split("\n")),
            "refunds": self.rows(
                "decision",
                "subject_id, outcome, reason, sentence, action, aim, rule, sale_number, number, revision, shares",
            ),
            "documents": self.rows("document", "document_key, state, number, ledger_id, kind, reason"),
            "numbers": self.rows("refund_number", "refund_id, revision, sale_number, n, number, settled"),
            "sales": self.rows("sale_number", "charge_id, number"),
        }


# ------------------------------------------------------------------------------------------------ what must be true


def check(books: SmallBooks, shop: Shop) -> None:
    """Nothing twice, nothing lost, every number right, no wrong state, and every account as Stripe's objects say."""
    found = books.transactions()
    check_nothing_twice(found)
    check_nothing_lost(found, shop, books.ledger)
    check_numbers(found, shop)
    check_balances(found, shop)
    check_files(books)
    check_states(books, shop)


def check_nothing_twice(found: list[Transaction]) -> None:
    keys = Counter(one.metadata["document_key"] for one in found)
    assert [key for key, count in keys.items() if count > 1] == []
    # The same document under another key is the same document.
    effects = Counter(name_of(one) for one in found)
    assert [effect for effect, count in effects.items() if count > 1] == []


def name_of(one: Transaction) -> tuple[str, ...]:
    """What a document is, by what it says: kind, what it is for, and which of two fees or reversals."""
    said = one.metadata
    subject = said.get("refund_id") or said["charge_id"]
    which = "failure" if said["kind"] == "fee" and one.moved(CLEARING) > 0 else said.get("reverses", "")
    return said["kind"], subject, which


def check_nothing_lost(found: list[Transaction], shop: Shop, ledger: Json) -> None:
    """Each charge and each refund has the documents that its form and its rule give it, and no others."""
    invoices = ledger.get("sales") == "invoice_and_payment"
    expected: list[tuple[str, str]] = []
    for charge in shop.of_kind("charge"):
        kinds = ["invoice", "payment"] if invoices else ["sales_receipt"]
        expected += [(kind, charge["id"]) for kind in kinds + fee_of(shop, charge)]
    for refund in shop.of_kind("refund"):
        expected += [(kind, refund["id"]) for kind in refund_kinds(shop, refund, invoices)]
    seen = [(one.metadata["kind"], one.metadata.get("refund_id") or one.metadata["charge_id"]) for one in found]
    assert sorted(seen) == sorted(expected)


def fee_of(shop: Shop, one: Json) -> list[str]:
    return ["fee"] if shop.objects[one["balance_transaction"]]["fee"] else []


def succeeded_once(refund: Json) -> bool:
    """Whether a refund was ever posted: it succeeded, or failed after it had (its name tells the shop's tale)."""
    return refund["status"] == "succeeded" or (refund["status"] == "failed" and refund["id"] != "re_105b")


def refund_kinds(shop: Shop, refund: Json, invoices: bool) -> list[str]:
    if not succeeded_once(refund):
        return []
    method = shop.objects[refund["charge"]]["payment_method_details"]["type"]
    cash = "credit_card_refund" if method == "card" else "refund_payout"
    kinds = ["credit_memo", cash] if invoices else ["refund_receipt"]
    mirrors = ["reversal"] * len(kinds) if refund["status"] == "failed" else []
    return kinds + fee_of(shop, refund) + mirrors


def check_numbers(found: list[Transaction], shop: Shop) -> None:
    """100, 100-1, 100-2 by the order of Stripe's refunds; every document of a refund shows its number."""
    for charge in shop.of_kind("charge"):
        number = charge["metadata"]["order_number"]
        assert {one.metadata["number"] for one in found if of(one) == charge["id"]} == {number}
        posted = [r for r in shop.of_kind("refund") if r["charge"] == charge["id"] and succeeded_once(r)]
        for place, refund in enumerate(posted):
            mine = number if place == 0 else f"{number}-{place}"
            shown = {one.metadata["number"] for one in found if of(one) == refund["id"]}
            assert shown - {f"{mine}-R"} == {mine}, (refund["id"], shown)
    taken: dict[str, set[str]] = {}
    for one in found:
        if "refund_id" in one.metadata:
            taken.setdefault(one.metadata["number"], set()).add(one.metadata["refund_id"])
    assert {number: ids for number, ids in taken.items() if len(ids) > 1} == {}


def of(one: Transaction) -> str:
    return one.metadata.get("refund_id") or one.metadata["charge_id"]


def check_balances(found: list[Transaction], shop: Shop) -> None:
    """The trial balance: clearing is the Stripe balance, receivable is empty, income and tax what is not given back."""
    expected = {CLEARING: 0, FEES: 0, RECEIVABLE: 0, "earned": 0}
    for moved in shop.of_kind("balance_transaction"):
        if shop.objects[moved["source"]]["id"] == "re_105b":
            continue
        expected[CLEARING] += moved["net"]
        expected[FEES] += moved["fee"]
        expected["earned"] -= moved["amount"]
    actual = {
        CLEARING: total(found, CLEARING),
        FEES: total(found, FEES),
        RECEIVABLE: total(found, RECEIVABLE),
        "earned": total(found, INCOME) + total(found, TAX),
    }
    assert actual == {account: Decimal(minor).scaleb(-2) for account, minor in expected.items()}


def total(found: list[Transaction], account: str) -> Decimal:
    return sum((one.moved(account) for one in found), Decimal(0))


_OPEN = re.compile(r"^1970-01-01 open (\S+)$", re.MULTILINE)
_INCLUDE = re.compile(r'^include "([^"]+)"$', re.MULTILINE)


def check_files(books: SmallBooks) -> None:
    """Whole transactions in files that are included, accounts opened once, nothing of a broken write left behind."""
    main = (books.books / "main.beancount").read_text(encoding="utf-8")
    months = sorted(path.name for path in books.books.glob("[0-9]*.beancount"))
    assert sorted(_INCLUDE.findall(main)) == months
    opened = Counter(_OPEN.findall(main))
    used = {account for one in books.transactions() for account, _, _ in one.postings}
    assert set(opened) == used and set(opened.values()) == {1}
    for name in months:
        assert (books.books / name).read_bytes().endswith(b"\n\n")
    left = {path.name for path in books.books.iterdir()} - {"main.beancount", ".lock", *months}
    assert {name for name in left if not name.startswith(".index.sqlite3")} == set()


def check_states(books: SmallBooks, shop: Shop) -> None:
    """Every refund has reached its outcome, every document its state, every number is settled."""
    wanted = {}
    for refund in shop.of_kind("refund"):
        if not succeeded_once(refund):
            outcome = ("waiting", "refund_pending") if refund["status"] == "pending" else ("dropped", None)
        else:
            outcome = ("reversed", None) if refund["status"] == "failed" else ("posted", None)
        wanted[refund["id"]] = outcome
    assert books.outcomes() == wanted
    assert set(books.states()) <= {"posted", "reversed"}
    assert [row for row in books.rows("refund_number", "refund_id, settled") if not row[1]] == []
    keys = {one.metadata["document_key"] for one in books.transactions()}
    assert {row[0] for row in books.rows("document", "document_key")} == keys
