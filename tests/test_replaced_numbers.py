"""A ledger that numbers credit memos itself, whatever it is sent: the document keeps the number of its refund, and whoever
looks at it reads the other one too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ledger_moods
import pytest
from exactly_once import check
from ledger_moods import MoodyLedger, Weather
from small_books import MEMO_RULES, SmallBooks, fast_folder
from small_shop import Shop

from connector.cli.root import run
from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    Found,
    Outcomes,
    Posted,
    Request,
    Steps,
    Taken,
)
from connector.world import World

Json = dict[str, Any]
OURS = {"re_a": "100", "re_b": "100-1", "re_c": "101"}
THEIRS = {"100": "CM-77", "100-1": "CM-78", "101": "CM-79"}


def said(number: str) -> str:
    return f"the ledger numbered it {THEIRS[number]}, not {number}"


def renumbered(found: Found) -> Found:
    if found.kind != "credit_memo" or found.number is None:
        return found
    return replace(found, replaced_number=THEIRS[found.number])


class OwnNumbers(MoodyLedger):
    """Answers with ids alone; what it shows of a memo is its own number beside ours."""

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        outcomes = yield from super().read(documents, request, answer)
        return {
            key: Taken(outcome.ledger_id) if isinstance(outcome, Posted) else outcome
            for key, outcome in outcomes.items()
        }

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        seen = yield from super().look(documents)
        return {key: renumbered(hit) if isinstance(hit, Found) else hit for key, hit in seen.items()}

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        page, cursor = yield from super().scan(cursor)
        return [renumbered(hit) for hit in page], cursor


class Case:
    def __init__(self, books: SmallBooks, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        self.books = books
        self.shop = shop
        self.capsys = capsys

    def command(self, *words: str) -> tuple[str, str]:
        """What it prints, and what it says beside that."""
        self.capsys.readouterr()
        with patch.object(World, "now", lambda world: self.books.world.now()):
            assert run([*words, "-c", str(self.books.config)]) == 0
        told = self.capsys.readouterr()
        return told.out, told.err

    def json(self, *words: str) -> Json:
        answer: Json = json.loads(self.command(*words, "--json")[0])
        return answer

    def memos(self) -> list[Json]:
        documents: list[Json] = self.json("list", "documents")["documents"]
        return [one for one in documents if one["kind"] == "credit_memo"]

    def others(self) -> list[Json]:
        documents: list[Json] = self.json("list", "documents")["documents"]
        return [one for one in documents if one["kind"] != "credit_memo"]


@pytest.fixture
def case(capsys: pytest.CaptureFixture[str]) -> Iterator[Case]:
    with fast_folder() as folder:
        books = SmallBooks.make(folder / "case", MEMO_RULES, sales="invoice_and_payment").migrate()
        shop = Shop(books.export)
        shop.charge("100", 11000, 1000, "2026-02-02", 0)
        shop.charge("101", 5500, 500, "2026-02-03", 0)
        shop.refund("a", "ch_100", 3000, "2026-02-10")
        shop.refund("b", "ch_100", 3000, "2026-02-11")
        shop.refund("c", "ch_101", 3000, "2026-02-12")
        shop.write()
        with (
            patch.object(ledger_moods, "MoodyLedger", OwnNumbers),
            Weather(books.world.clock, batch_size=1).over(),
        ):
            yield Case(books, shop, capsys)


def check_memos(case: Case) -> None:
    """Each has our number, and says the ledger's."""
    memos = case.memos()
    assert {one["refund_id"]: one["number"] for one in memos} == OURS
    for one in memos:
        assert one["state"] == "posted"
        assert one["warnings"] == [said(one["number"])]
    for one in case.others():
        assert one["warnings"] == []


def test_the_documents_keep_our_numbers_and_say_the_ledgers(case: Case) -> None:
    assert case.books.sync().errors == []
    check(case.books, case.shop)
    check_memos(case)


def test_the_pass_says_so_once(case: Case) -> None:
    _, err = case.command("sync")
    told = "CM-77 in the place of 100 among them; let it keep the numbers that it is sent"
    assert err.count("Warning:") == 1
    assert f"Warning: main: the ledger numbered by itself what this run posted: 3 documents, {told}" in err
    assert "Warning:" not in case.command("sync")[1]


def test_the_pass_says_so_beside_its_json(case: Case) -> None:
    case.capsys.readouterr()
    out, err = case.command("sync", "--json")
    documents = json.loads(out)["ledgers"]["main"]["documents"]
    warnings = [one["warnings"] for one in documents if one["kind"] == "credit_memo"]
    assert sorted(warnings) == sorted([said(number)] for number in OURS.values())
    assert "the ledger numbered by itself" in err


def test_explain_says_it_of_the_document(case: Case) -> None:
    case.books.sync()
    told, _ = case.command("explain", "re_b")
    assert told.count(f"    Warning: {said('100-1')}\n") == 1
    assert "Credit memo 100-1 of 2026-02-11" in told
    (part,) = case.json("explain", "re_b")["ledgers"].values()
    assert [said("100-1")] in [one["warnings"] for one in part["documents"]]


def test_it_is_still_said_when_a_document_was_found_after_a_lost_answer(case: Case) -> None:
    with Weather(case.books.world.clock, batch_size=1).over() as weather:
        weather.write_faults = dict.fromkeys(range(1, 40, 2), ledger_moods.MOODS["lost after the write"])
        for _ in range(6):
            case.books.sync()
    check(case.books, case.shop)
    check_memos(case)


def test_a_state_that_was_lost_knows_it_again(case: Case) -> None:
    case.books.sync()
    case.books.lose_state()
    case.books.migrate()
    case.books.world.clock.issued += 1000
    assert case.books.sync().errors == []
    check(case.books, case.shop)
    check_memos(case)


def test_the_next_refund_of_the_sale_goes_by_our_numbers(case: Case, tmp_path: Path) -> None:
    case.books.sync()
    case.shop.refund("d", "ch_100", 1000, "2026-02-20")
    case.shop.write()
    with patch.dict(THEIRS, {"100-2": "CM-80"}), patch.dict(OURS, {"re_d": "100-2"}):
        assert case.books.sync().errors == []
        check(case.books, case.shop)
        check_memos(case)
