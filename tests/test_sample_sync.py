"""The shipped settings over the shipped sample: what `make demo` shows, counted after by hand."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from cli_books import CLEARING, ROOT, SAMPLE, Books, Json, at, balances, bean_check, major, transactions
from cli_shapes import COUNTS, OUTCOMES, check_report


def objects(kind: str) -> dict[str, Json]:
    lines = (SAMPLE / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
    return {one["id"]: one for one in map(json.loads, filter(None, lines))}


REFUNDS, CHARGES, MOVED = objects("refund"), objects("charge"), objects("balance_transaction")

# stripe.start is 2026-01-01 in New York; one sale of the sample is from some hours before.
BEFORE_START = {c["id"] for c in CHARGES.values() if c["created"] < at("2026-01-01T05:00:00")}


class Sample(Books):
    """A copy of config.example.yaml and everything that it names."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config = folder / "config.example.yaml"
        shutil.copy(ROOT / "config.example.yaml", self.config)
        shutil.copytree(SAMPLE, folder / "connector" / "samples" / "stripe")
        self.ledger_folder = folder / "books" / "acme"


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, Json, Json]:
    """The books after `plan` and one `sync`, with what both said."""
    books = Sample(tmp_path_factory.mktemp("sample"))
    planned = books.run("plan", "--json")
    assert planned.code == 0, planned.err
    assert books.files() == {}
    assert not books.ledger_folder.exists() or not any(books.ledger_folder.iterdir())
    done = books.run("sync", "--json")
    assert done.code == 0, done.err
    check_report(done.json)
    return books, planned.json, done.json


@pytest.fixture
def copy(synced: tuple[Sample, Json, Json], tmp_path: Path) -> Sample:
    """Books of its own for a test that goes on from there."""
    books = Sample(tmp_path)
    shutil.copytree(synced[0].folder / "books", tmp_path / "books")
    shutil.copytree(synced[0].folder / "state", tmp_path / "state")
    return books


def net(object_id: object) -> dict[str, Decimal]:
    """What a balance transaction did to the balance, fee and all; nothing for null."""
    if object_id is None:
        return {}
    moved = MOVED[str(object_id)]
    return {moved["currency"]: major(moved["net"], moved["currency"])}


def add(*sums: dict[str, Decimal]) -> dict[str, Decimal]:
    total: Counter[str] = Counter()
    for one in sums:
        for currency, amount in one.items():
            total[currency] += amount  # type: ignore[assignment]
    return {currency: Decimal(amount) for currency, amount in total.items() if amount}


def test_every_refund_is_listed_once_with_one_outcome(synced: tuple[Sample, Json, Json]) -> None:
    listed = synced[0].listed("refunds")
    assert sorted(r["refund_id"] for r in listed) == sorted(REFUNDS)
    assert all(list(r["ledgers"]) == ["main"] for r in listed)
    for one in listed:
        raw = REFUNDS[one["refund_id"]]
        assert Decimal(one["amount"]["amount"]) == major(raw["amount"], raw["currency"])
        assert one["amount"]["currency"] == raw["currency"]
        assert one["status"] == raw["status"]


def test_stripes_refunds_are_the_sum_over_all_outcomes(synced: tuple[Sample, Json, Json]) -> None:
    at_stripe: Counter[str] = Counter()
    for raw in REFUNDS.values():
        at_stripe[raw["currency"]] += raw["amount"]
    status = synced[0].run("status", "--json").json
    told = status["ledgers"]["main"]
    assert set(told["outcomes"]) == set(OUTCOMES)
    assert sum(told["outcomes"].values()) == len(REFUNDS)
    sums = add(*({t["total"]["currency"]: Decimal(t["total"]["amount"])} for t in told["totals"]))
    assert sums == {currency: major(minor, currency) for currency, minor in at_stripe.items()}
    for outcome in OUTCOMES:
        assert told["outcomes"][outcome] == sum(t["count"] for t in told["totals"] if t["outcome"] == outcome)


def test_what_became_of_each_follows_from_what_stripe_says(synced: tuple[Sample, Json, Json]) -> None:
    for one in synced[0].listed("refunds"):
        raw = REFUNDS[one["refund_id"]]
        outcome = one["ledgers"]["main"]
        expected: tuple[str, str | None]
        if raw["status"] in ("failed", "canceled"):
            expected = ("dropped", None)
        elif raw["status"] in ("pending", "requires_action"):
            expected = ("waiting", "refund_pending")
        else:
            expected = ("posted", None)
        assert (outcome["outcome"], outcome["reason"]) == expected, one


def posted_movements(books: Sample) -> dict[str, Decimal]:
    """Net balance transactions of every charge and refund that the documents say is posted."""
    documents = books.listed("documents", "--state", "posted")
    charges = {d["charge_id"] for d in documents if d["kind"] == "sales_receipt"}
    refunds = {d["refund_id"] for d in documents if d["kind"] == "refund_receipt"}
    moved = [CHARGES[c] for c in charges] + [REFUNDS[r] for r in refunds]
    return add(*(net(one["balance_transaction"]) for one in moved))


def test_clearing_is_what_moved_at_stripe(synced: tuple[Sample, Json, Json]) -> None:
    books = synced[0]
    assert books.balance(CLEARING) == posted_movements(books)


def test_each_refund_moves_clearing_by_its_own_balance_transaction(
    synced: tuple[Sample, Json, Json],
) -> None:
    seen: Counter[str] = Counter()
    for one in transactions(synced[0].ledger_folder):
        if one.metadata["kind"] != "refund_receipt":
            continue
        refund_id = one.metadata["refund_id"]
        seen[refund_id] += 1
        moved = MOVED[REFUNDS[refund_id]["balance_transaction"]]
        assert one.moved(CLEARING) == major(moved["amount"], moved["currency"])
        assert {currency for _, _, currency in one.postings} == {moved["currency"]}
    posted = {r for r, raw in REFUNDS.items() if raw["status"] == "succeeded"}
    assert seen == Counter(posted)


def test_clearing_and_its_known_differences_are_the_stripe_balance(
    synced: tuple[Sample, Json, Json],
) -> None:
    books = synced[0]
    differences = books.run("status", "--json").json["clearing_differences"]
    known = add(*({d["amount"]["currency"]: Decimal(d["amount"]["amount"])} for d in differences))
    balance = add(*(net(m["id"]) for m in MOVED.values() if m["source"] not in BEFORE_START))
    assert add(books.balance(CLEARING), known) == balance
    told = {d["id"] for d in differences}
    assert {d["id"] for d in objects("dispute").values() if d["balance_transactions"]} - told == {
        d["id"]
        for d in objects("dispute").values()
        if d["balance_transactions"] and not sum(t["net"] for t in d["balance_transactions"])
    }


def test_numbers_are_the_sales_and_its_refunds_in_order(synced: tuple[Sample, Json, Json]) -> None:
    by_sale: dict[str, list[str]] = {}
    sale_of = {}
    for one in transactions(synced[0].ledger_folder):
        if one.metadata["kind"] == "sales_receipt":
            sale_of[one.metadata["charge_id"]] = one.metadata["number"]
    assert len(set(sale_of.values())) == len(sale_of)
    for refund in synced[0].listed("refunds"):
        if refund["ledgers"]["main"]["outcome"] == "posted":
            by_sale.setdefault(sale_of[refund["charge_id"]], []).append(refund["ledgers"]["main"]["number"])
    for sale, numbers in by_sale.items():
        assert numbers == [sale, *(f"{sale}-{n}" for n in range(1, len(numbers)))]


def test_bean_check_accepts_the_books(synced: tuple[Sample, Json, Json]) -> None:
    assert bean_check(synced[0].ledger_folder) == ""


def strip(document: Json) -> Json:
    return {key: value for key, value in document.items() if key not in ("state", "ledger_id", "warnings")}


def test_sync_posts_what_plan_showed(synced: tuple[Sample, Json, Json]) -> None:
    _, planned, done = synced
    shown, posted = planned["ledgers"]["main"]["documents"], done["ledgers"]["main"]["documents"]
    assert {d["state"] for d in shown} == {"planned"}
    assert {d["state"] for d in posted} == {"posted"}
    by_key = {d["document_key"]: d for d in posted}
    assert len(by_key) == len(posted) == len(shown)
    for document in shown:
        assert strip(document) == strip(by_key[document["document_key"]])


def test_plan_says_what_it_changes_in_all(synced: tuple[Sample, Json, Json]) -> None:
    books, planned, _ = synced
    effects = planned["ledgers"]["main"]["effects"]
    clearing = {c: Decimal(of["clearing"]["amount"]) for c, of in effects.items() if "clearing" in of}
    assert clearing == books.balance(CLEARING)
    for of in effects.values():
        assert sum(Decimal(money["amount"]) for money in of.values()) == 0


def test_a_second_sync_writes_nothing(copy: Sample) -> None:
    before = copy.files()
    again = copy.run("sync", "--json")
    assert again.code == 0
    check_report(again.json)
    report = again.json
    assert report["pulled"] == {"charges": 0, "refunds": 0, "changed": 0}
    assert report["ledgers"]["main"]["documents"] == []
    assert {report["ledgers"]["main"][outcome] for outcome in COUNTS} == {0}
    assert copy.files() == before


def test_a_lost_state_writes_nothing_and_knows_all_again(copy: Sample) -> None:
    before, refunds, documents = copy.files(), copy.listed("refunds"), copy.listed("documents")
    copy.lose_state()
    again = copy.run("sync", "--json")
    assert again.code == 0, again.err
    assert copy.files() == before
    assert {d["state"] for d in again.json["ledgers"]["main"]["documents"]} <= {"posted"}
    assert copy.listed("refunds") == refunds
    assert copy.listed("documents") == documents
    third = copy.run("sync", "--json").json
    assert third["ledgers"]["main"]["documents"] == []
    assert copy.files() == before


def test_books_that_were_lost_in_part_are_completed(copy: Sample) -> None:
    """`rebuild` sees what the books no longer hold; the next sync posts just that."""
    whole = balances(copy.ledger_folder)
    march = copy.ledger_folder / "2026-03.beancount"
    text = march.read_text(encoding="utf-8")
    pieces = text.split("\n\n")
    march.write_text("\n\n".join(pieces[:-101]) + "\n\n", encoding="utf-8")
    gone = len(transactions(copy.ledger_folder))
    assert copy.run("rebuild").code in (0, 1)
    assert len(transactions(copy.ledger_folder)) == gone
    done = copy.run("sync", "--json")
    assert done.code == 0, done.err
    assert len(transactions(copy.ledger_folder)) == gone + 100
    assert balances(copy.ledger_folder) == whole
    assert bean_check(copy.ledger_folder) == ""


def test_the_text_output_is_for_people(copy: Sample) -> None:
    copy.lose_state()
    shutil.rmtree(copy.folder / "books")
    done = copy.run("sync")
    assert done.code == 0
    assert "Read from Stripe: 664 new charges, 304 new refunds" in done.out
    assert "refund receipt" in done.out
    assert "main.beancount" in done.out
    assert "Traceback" not in done.out + done.err


def test_the_demo_ends_with_what_is_held(synced: tuple[Sample, Json, Json]) -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ndemo:")[1].split("\n\n")[0]
    assert recipe.splitlines()[-1].endswith("/connector list held -c config.example.yaml")
    said = synced[0].run("list", "held")
    assert (said.code, said.out) == (0, "nothing is held\n")
