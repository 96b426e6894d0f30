"""What is remembered of a NetSuite account: an idle run asks twice, and nothing is believed for longer than a day."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from netsuite_survey import MAPPING, WANTS, Desk, change, good_account, open_account, open_desk

from connector.ledgers.contract import Answer, run_steps
from connector.ledgers.netsuite import NetsuiteLedger
from connector.ledgers.netsuite_memory import FIELDS, Lists, pack, told_time, unpack
from connector.ledgers.netsuite_survey import learn_items
from connector.planning.mapping_model import AccountMap

ACCOUNT_ID = "1234567_SB1"
DAY = 86400


def remembered(desk: Desk, **mapping: Any) -> Lists:
    """As the next run is handed it."""
    lists = unpack(pack(desk.directory(replace(MAPPING, **mapping)).lists), ACCOUNT_ID)
    assert lists is not None and not lists.changed
    return lists


def tables(desk: Desk) -> list[str]:
    return [asked.partition(" FROM ")[2].split()[0] if "SELECT" in asked else asked for asked in desk.asked]


def test_an_idle_run_asks_twice_and_knows_as_much() -> None:
    desk = open_desk(good_account())
    before = desk.directory()
    lists = remembered(desk)
    desk.fake.account.clock.advance(DAY - 1)
    after = desk.directory(lists=lists)
    assert tables(desk) == ["accountingperiod", "account"]
    for shelf in ("accounts", "inactive_accounts", "items", "payment_options", "tax_codes"):
        one, other = getattr(before, shelf), getattr(after, shelf)
        assert (one.by_id, one.by_name, one.labels) == (other.by_id, other.by_name, other.labels)
    for name in (
        "home",
        "subsidiary",
        "subsidiaries",
        "currencies",
        "fields",
        "item_accounts",
        "tax",
        "one_world",
    ):
        assert getattr(before, name) == getattr(after, name), name
    # Nothing is new: nothing is to be stored.
    assert not after.lists.changed


def test_what_was_wrong_is_asked_for_again_until_it_is_right() -> None:
    """A field that was shown on the forms meanwhile counts at once, not a day later."""
    desk = open_desk(good_account())
    lists = desk.directory().lists
    lists.fields = {**lists.fields, "creditMemo": lists.fields["creditMemo"] - {"apply"}}
    ledger = NetsuiteLedger(MAPPING, WANTS, pack(lists))
    assert run_steps(ledger.survey(), desk).problems == ()
    assert ledger.remember() is not None
    # Nothing is wrong any more: the next run asks as little as any.
    idle = NetsuiteLedger(MAPPING, WANTS, ledger.remember())
    before = len(desk.asked)
    assert run_steps(idle.survey(), desk).problems == () and idle.remember() is None
    assert len(desk.asked) == before + 3


def test_an_idle_run_without_suiteql_asks_as_little() -> None:
    account = good_account()
    account.role_lacks.add("suiteql")
    account.close_period("2025-01")
    desk = open_desk(account)
    lists = remembered(desk)
    desk.directory(lists=lists)
    assert len(desk.asked) == 3 and not lists.changed
    assert [asked.partition("?")[0].rpartition("/")[2] for asked in desk.asked[1:]] == [
        "accountingPeriod"
    ] * 2


def test_a_day_later_everything_is_read() -> None:
    desk = open_desk(good_account())
    desk.directory()
    whole = len(desk.asked)
    lists = remembered(desk)
    account = desk.fake.account
    change(account, "item", "Services", itemId="Time", displayName="Time")
    assert desk.directory(lists=lists).items.find("Time") is None
    account.clock.advance(DAY)
    # The periods that were asked for first are asked for once.
    assert desk.directory(lists=lists).items.find("Time") == "201"
    assert len(desk.asked) == whole


def test_accounts_are_read_at_every_run() -> None:
    desk = open_desk(good_account())
    lists = remembered(desk)
    change(desk.fake.account, "account", "Business Bank", isInactive=True)
    directory = desk.directory(lists=lists)
    assert directory.accounts.find("Business Bank") is None and directory.lists.changed


@pytest.mark.parametrize(
    ("mapping", "change_of"),
    [
        ({"clearing_accounts": AccountMap("New")}, lambda account: open_account(account, "New", "Bank")),
        (
            {"refund_items": {"*": "New"}},
            lambda account: change(account, "item", "Refunds", itemId="New", displayName="New"),
        ),
        ({"tax_default": "New"}, lambda account: change(account, "salesTaxItem", "Sales Tax", name="New")),
        (
            {"payment_methods": {"card": "New"}},
            lambda account: change(account, "paymentMethod", "Credit Card", name="New"),
        ),
    ],
)
def test_what_the_mapping_names_anew_is_looked_for(mapping: Any, change_of: Callable[[Any], object]) -> None:
    desk = open_desk(good_account())
    lists = remembered(desk)
    change_of(desk.fake.account)
    directory = desk.directory(replace(MAPPING, **mapping), lists=lists)
    found = (
        directory.accounts.find("New")
        or directory.items.find("New")
        or directory.tax_code("New")
        or directory.payment_option("New")
    )
    assert found is not None


def test_a_subsidiary_that_was_made_is_found() -> None:
    desk = open_desk(good_account(subsidiaries=(("Old name", "EUR"),)))
    lists = remembered(desk)
    change(desk.fake.account, "subsidiary", "Old name", name="Acme Europe", fullName="Acme Europe")
    directory = desk.directory(wants=replace(WANTS, subsidiary="Acme Europe"), lists=lists)
    assert directory.subsidiary == "2"


def test_a_permission_that_was_given_is_noticed() -> None:
    account = good_account()
    account.role_lacks.add("read:creditMemo")
    desk = open_desk(account)
    lists = remembered(desk)
    assert "creditmemo" in desk.directory(lists=lists).refused
    account.role_lacks.clear()
    assert desk.directory(lists=lists).refused == frozenset()


def test_what_is_refused_and_not_needed_is_asked_for_once_a_day() -> None:
    account = good_account()
    account.role_lacks.add("read:cashSale")
    desk = open_desk(account)
    wants = replace(WANTS, types=frozenset({"credit_memo"}), sales="find", fees=False)
    lists = unpack(pack(desk.directory(wants=wants).lists), ACCOUNT_ID)
    assert "cashsale" in desk.directory(wants=wants, lists=lists).refused
    assert len(desk.asked) == 2


@pytest.mark.parametrize("given", [True, False])
def test_suiteql_that_was_given_or_taken_is_noticed(given: bool) -> None:
    account = good_account()
    account.role_lacks |= {"suiteql"} if given else set()
    desk = open_desk(account)
    lists = remembered(desk)
    account.role_lacks.clear()
    account.role_lacks |= set() if given else {"suiteql"}
    directory = desk.directory(lists=lists)
    assert directory.suiteql is given and directory.lists.suiteql is given
    assert directory.account_id("Stripe Clearing") == "101" and directory.item_id("Refunds") == "202"


def test_a_clock_that_went_back_or_that_nobody_tells_is_not_believed() -> None:
    desk = open_desk(good_account())
    lists = remembered(desk)
    desk.fake.account.clock.advance(-60)
    desk.directory(lists=lists)
    assert len(desk.asked) > 10
    desk.dated = False
    directory = desk.directory(lists=lists)
    assert len(desk.asked) > 10
    assert pack(directory.lists) is None


def test_what_was_learned_is_remembered() -> None:
    account = good_account()
    account.role_lacks.add("suiteql")
    desk = open_desk(account)
    directory = desk.directory()
    run_steps(learn_items(directory, ["206"]), desk)
    lists = unpack(pack(directory.lists), ACCOUNT_ID)
    assert desk.directory(lists=lists).item_accounts["Stripe Refund Item"] == "Refunds"


def test_the_time_of_an_answer() -> None:
    when = told_time(Answer(200, headers=(("Date", "Fri, 06 Mar 2026 12:00:00 GMT"),)))
    assert when is not None and when.isoformat() == "2026-03-06T12:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Fri, 99 Mar 2026 12:00:00 GMT",
        "Fri, 06 Mrz 2026 12:00:00 GMT",
        "Fri, 06 Mar 2026 12:00:00",
    ],
)
def test_no_time(text: str) -> None:
    assert told_time(Answer(200, headers=(("date", text),))) is None


# ------------------------------------------------------------------------------------------------ keeping


def test_another_account_is_not_believed() -> None:
    packed = pack(open_desk(good_account()).directory().lists)
    assert unpack(packed, ACCOUNT_ID) is not None
    assert unpack(packed, "7654321") is None and unpack(None, ACCOUNT_ID) is None


def spoiled(change_of: Callable[[dict[str, Any]], object]) -> bytes:
    packed = pack(open_desk(good_account()).directory().lists)
    assert packed is not None
    kept = json.loads(zlib.decompress(packed))
    change_of(kept)
    return zlib.compress(json.dumps(kept).encode())


@pytest.mark.parametrize(
    "change_of",
    [
        lambda kept: kept.update(shape=0),
        lambda kept: kept.pop("rows"),
        lambda kept: kept["rows"].pop("item"),
        lambda kept: kept["rows"]["item"].append(["1"]),
        lambda kept: kept["rows"]["item"].append([1] * len(FIELDS["item"])),
        lambda kept: kept["names"]["item"].append("More"),
        lambda kept: kept.update(read_at="2026-03-06T12:00:00"),
        lambda kept: kept.update(read_at=5),
        lambda kept: kept.update(fields=[]),
        lambda kept: kept.update(refused=None),
    ],
)
def test_a_memory_of_another_shape_is_none(change_of: Callable[[dict[str, Any]], object]) -> None:
    assert unpack(spoiled(change_of), ACCOUNT_ID) is None


@pytest.mark.parametrize(
    "content", [b"", b"x", zlib.compress(b"x"), zlib.compress(b"[]"), zlib.compress(b"\xff")]
)
def test_a_memory_that_cannot_be_read_is_none(content: bytes) -> None:
    assert unpack(content, ACCOUNT_ID) is None


def test_only_what_is_used_is_remembered() -> None:
    """A thousand items are few bytes."""
    account = good_account()
    for at in range(1000):
        account.put({**account.named("item", "Services"), "id": str(5000 + at), "itemId": f"Item {at}"})
    packed = pack(open_desk(account).directory().lists)
    assert packed is not None and len(packed) < 40_000
