"""What is remembered of a QuickBooks Online company: a run reads what changed since, and nothing is missed for good."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from quickbooks_books import quickbooks
from quickbooks_survey import (
    MAPPING,
    NOON,
    WANTS,
    Desk,
    add,
    add_item,
    change,
    desk_of,
    good_books,
    survey,
    told,
)

from connector.ledgers.contract import Answer, Request
from connector.ledgers.quickbooks_memory import Lists, Memory, pack, time_of, unpack
from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger

HOUR = 3600
LISTS = ("Account", "Item")


def kept(ledger: QuickbooksOnlineLedger) -> bytes:
    memory = ledger.remember()
    assert memory is not None
    return memory


def first_run(desk: Desk) -> bytes:
    memory = kept(survey(desk)[0])
    desk.queries.clear()
    return memory


def queries_of(desk: Desk) -> list[str]:
    """Those for the lists that are remembered."""
    return [query for query in desk.queries if any(f"FROM {name} " in query for name in LISTS)]


def is_full(desk: Desk) -> bool:
    """Whether the last survey read both lists in full."""
    asked = queries_of(desk)[-2:]
    assert [" FROM Account " in asked[0], " FROM Item " in asked[1]] == [True, True]
    full = ["WHERE" not in query for query in asked]
    assert full[0] == full[1]
    return full[0]


def test_a_second_run_reads_what_changed_since() -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    desk.fake.company.clock.advance(HOUR)
    ledger, company = survey(desk, memory=memory)
    # Noon UTC in Intuit's own zone, less a quarter of an hour.
    since = "WHERE MetaData.LastUpdatedTime >= '2026-06-01T03:45:00-08:00' AND Active IN (true, false)"
    assert datetime.fromtimestamp(NOON, UTC).isoformat() == "2026-06-01T12:00:00+00:00"
    assert queries_of(desk) == [
        f"SELECT * FROM Account {since} STARTPOSITION 1 MAXRESULTS 1000",
        f"SELECT *, Sku FROM Item {since} STARTPOSITION 1 MAXRESULTS 1000",
    ]
    assert told(company) == {"problems": [], "warnings": []}
    assert ledger.directory.item_id("HLP") == ledger.directory.item_id("Support")
    assert ledger.directory.account_type("Stripe Clearing") == "Bank"
    assert ledger.directory.is_undeposited("Undeposited Funds")
    # Nothing is new: nothing is stored.
    assert ledger.remember() is None


def test_what_is_remembered_is_what_a_full_read_gives() -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    desk.fake.company.clock.advance(HOUR)
    whole, _ = survey(desk)
    known, _ = survey(desk, memory=memory)
    for shelf in ("accounts", "items", "unsold"):
        one, other = (getattr(ledger.directory, shelf) for ledger in (whole, known))
        assert (one.by_id, one.by_name, one.labels) == (other.by_id, other.by_name, other.labels)
    assert whole.directory.item_accounts == known.directory.item_accounts


def test_an_item_that_was_renamed_is_known_by_its_new_name_alone() -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    desk.fake.company.clock.advance(HOUR)
    change(desk.fake.company, "Item", "Widget", Name="Gadget")
    desk.fake.company.clock.advance(HOUR)
    ledger, company = survey(desk, memory=memory)
    assert [problem.split(":")[0] for problem in company.problems] == ["items.sales.*"]
    again, company = survey(
        desk, replace(MAPPING, sales_items={"*": "Gadget", "SKU-HELP": "HLP"}), memory=ledger.remember()
    )
    assert told(company) == {"problems": [], "warnings": []}
    assert again.directory.items.find("Widget") is None


def test_what_was_made_inactive_is_dropped_and_what_was_made_active_comes_back() -> None:
    desk = desk_of(good_books())
    books = desk.fake.company
    memory = first_run(desk)
    books.clock.advance(HOUR)
    change(books, "Item", "Widget", Active=False)
    change(books, "Account", "Stripe Fees", Active=False)
    books.clock.advance(HOUR)
    ledger, company = survey(desk, memory=memory)
    assert sorted(problem.split(":")[0] for problem in company.problems) == ["accounts.fees", "items.sales.*"]
    assert ledger.account_spans()["Stripe Fees"].fault is not None
    memory = kept(ledger)
    books.clock.advance(HOUR)
    change(books, "Item", "Widget (deleted)", Active=True, Name="Widget")
    change(books, "Account", "Stripe Fees (deleted)", Active=True, Name="Stripe Fees")
    ledger, company = survey(desk, memory=memory)
    assert told(company) == {"problems": [], "warnings": []}
    assert not is_full(desk)


def test_a_new_account_is_seen() -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    desk.fake.company.clock.advance(HOUR)
    add(desk.fake.company, "Account", Name="Fees 2", AccountType="Expense")
    _, company = survey(desk, replace(MAPPING, fees="Fees 2"), memory=memory)
    assert told(company) == {"problems": [], "warnings": []}


def test_a_query_that_lags_behind_does_not_lose_a_change() -> None:
    desk = desk_of(good_books())
    books = desk.fake.company
    memory = first_run(desk)
    books.moods.index_lag = 600
    books.clock.advance(HOUR)
    change(books, "Item", "Widget", Name="Gadget")
    books.clock.advance(601)
    change(books, "Item", "Refunds", Name="Returns")
    # This run sees the first change, which moves its memory on, and not yet the second.
    books.clock.advance(1)
    ledger, company = survey(desk, memory=memory)
    assert [problem.split(":")[0] for problem in company.problems] == ["items.sales.*"]
    memory = kept(ledger)
    books.clock.advance(700)
    ledger, company = survey(desk, memory=memory)
    assert [problem.split(":")[0] for problem in company.problems] == ["items.sales.*", "items.refunds.*"]
    assert not is_full(desk)


def test_a_change_while_the_lists_are_read_is_not_lost() -> None:
    desk = desk_of(good_books())
    books = desk.fake.company

    def meanwhile(request: Request) -> None:
        if b"FROM TaxCode" in request.body:
            books.clock.advance(1800)
            change(books, "Item", "Widget", Name="Gadget")

    desk.before = meanwhile
    memory = first_run(desk)
    desk.before = lambda request: None
    books.clock.advance(HOUR)
    _, company = survey(desk, memory=memory)
    assert [problem.split(":")[0] for problem in company.problems] == ["items.sales.*"]


@pytest.mark.parametrize(("hours", "full"), [(23, False), (24, True), (200, True), (-1, True)])
def test_once_a_day_everything_is_read(hours: int, full: bool) -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    desk.fake.company.clock.advance(hours * HOUR)
    survey(desk, memory=memory)
    assert is_full(desk) is full


def test_changes_do_not_put_the_full_read_off() -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    fulls = []
    for hour in range(1, 31):
        desk.fake.company.clock.advance(HOUR)
        add_item(desk.fake.company, f"Article {hour}")
        ledger, _ = survey(desk, memory=memory)
        fulls.append(is_full(desk))
        desk.queries.clear()
        memory = kept(ledger)
    assert [hour for hour, full in enumerate(fulls, start=1) if full] == [24]


def damaged(memory: bytes, at: str, value: Any) -> bytes:
    """The memory with another value at a place in it: `lists.rows.Item.1`."""
    kept = json.loads(zlib.decompress(memory))
    place = kept
    *way, last = at.split(".")
    for part in way:
        place = place[part]
    place[last] = value
    return zlib.compress(json.dumps(kept).encode())


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda memory: b"",
    "of another kind": lambda memory: b"numbers are shared",
    "torn": lambda memory: memory[: len(memory) // 2],
    "turned": lambda memory: memory[:20] + bytes([memory[20] ^ 255]) + memory[21:],
    "no JSON": lambda memory: zlib.compress(b"{"),
    "no text": lambda memory: zlib.compress(b"\xff\xfe"),
    "another thing": lambda memory: zlib.compress(b"[1, 2]"),
    "of another shape": lambda memory: damaged(memory, "shape", 0),
    "with other fields": lambda memory: damaged(memory, "fields.Item", ["Name"]),
    "of another company": lambda memory: damaged(memory, "realm", "2"),
    "lists that are none": lambda memory: damaged(memory, "lists", 7),
    "no rows": lambda memory: damaged(memory, "lists.rows", {}),
    "rows that are none": lambda memory: damaged(memory, "lists.rows.Item", [["1"]]),
    "a row too short": lambda memory: damaged(memory, "lists.rows.Item.1", ["Widget"]),
    "a row of numbers": lambda memory: damaged(memory, "lists.rows.Item.1", [1, 2, 3, 4, 5]),
    "no time": lambda memory: damaged(memory, "lists.read", "yesterday"),
    "a time without offset": lambda memory: damaged(memory, "lists.full", "2026-06-01T12:00:00"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_memory_that_cannot_be_used_is_none(what: str) -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    desk.fake.company.clock.advance(HOUR)
    ledger, company = survey(desk, memory=DAMAGE[what](memory))
    assert is_full(desk)
    assert told(company) == {"problems": [], "warnings": []}
    # And a good one takes its place.
    desk.queries.clear()
    survey(desk, memory=ledger.remember())
    assert not is_full(desk)


def test_the_memory_of_another_company_is_of_no_use() -> None:
    desk = desk_of(good_books())
    memory = first_run(desk)
    survey(desk, wants=replace(WANTS, realm="2"), memory=memory)
    assert is_full(desk)


def test_that_numbers_are_shared_is_remembered_beside_the_lists() -> None:
    desk = desk_of(good_books())
    ledger, _ = survey(desk, memory=first_run(desk))
    assert ledger.shared_numbers is False
    ledger.shared_numbers = True
    memory = ledger.remember()
    again, _ = survey(desk, memory=memory)
    assert again.shared_numbers is True
    assert again.remember() is None
    assert unpack(memory, "another").shared_numbers is False


def test_nothing_is_remembered_before_anything_was_read() -> None:
    assert unpack(None, "1") == Memory()
    assert survey(desk_of(good_books()))[0].remember() is not None


NO_TIMES = ("{}", '{"time": null}', '{"time": "soon"}', '{"time": "2026-06-01T12:00:00"}', "[]", "x")


@pytest.mark.parametrize("body", NO_TIMES)
def test_without_a_time_nothing_is_remembered(body: str) -> None:
    assert time_of(Answer(200, body.encode())) is None
    lists = Lists(None, None, {"Account": {}, "Item": {}})
    assert unpack(pack(Memory(False, lists), "1"), "1") == Memory()


def test_a_time_is_read_with_its_offset() -> None:
    when = time_of(Answer(200, b'{"time": "2026-06-01T03:00:00.250-08:00"}'))
    assert when is not None and when.utcoffset() == -timedelta(hours=8)


def test_only_what_is_used_is_kept() -> None:
    books = good_books()
    for number in range(300):
        add_item(books, f"Article number {number}", Description="long words " * 50)
    desk = desk_of(books)
    memory = first_run(desk)
    assert len(memory) < 5000
    assert b"long words" not in zlib.decompress(memory)


def test_a_pass_hands_it_to_the_next(tmp_path: Path) -> None:
    with quickbooks(tmp_path, sales="find") as (books, shop):
        shop.write()
        books.sync()
        books.world.clock.now += HOUR
        books.fake.requests.clear()
        books.sync()
        asked = [one.asked.body for one in books.fake.reads() if one.path == "/query"]
        lists = [query for query in asked if " FROM Account " in query or " FROM Item " in query]
        assert len(lists) == 2
        assert all("LastUpdatedTime" in query for query in lists)
