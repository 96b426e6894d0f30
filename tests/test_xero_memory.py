"""What is remembered of an organisation in Xero: an idle run asks twice, and nothing is believed for longer than a day."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from xero_canned import Canned

from connector.ledgers.xero_memory import Lists, pack, unpack
from connector.planning.mapping_model import AccountMap

IDLE = ["/Organisation", "/Accounts"]
WHOLE = [*IDLE, "/Items", "/TaxRates", "/TrackingCategories", "/Currencies"]


def remembered(courier: Canned) -> Lists:
    """As the next run is handed it."""
    lists = unpack(pack(courier.directory().lists))
    assert lists is not None
    return lists


def test_the_first_run_reads_every_list_once() -> None:
    courier = Canned()
    courier.directory()
    assert courier.asked == WHOLE


def test_an_idle_run_asks_twice_and_knows_as_much() -> None:
    courier = Canned()
    before = courier.directory()
    lists = remembered(courier)
    courier.wait(hours=23, minutes=59)
    after = courier.directory(lists)
    assert courier.asked == IDLE
    for shelf in ("items", "tax_rates"):
        one, other = getattr(before, shelf), getattr(after, shelf)
        assert (one.by_id, one.by_name, one.full_names) == (other.by_id, other.by_name, other.full_names)
    for name in ("item_accounts", "tracking", "currencies"):
        assert getattr(before, name) == getattr(after, name)
    assert after.is_stock("SKU-2") and after.untaxed() == "NONE" and after.multi_currency
    # Nothing is new: nothing is to be stored.
    assert after.lists == lists


def test_a_day_later_everything_is_read() -> None:
    courier = Canned()
    lists = remembered(courier)
    courier.wait(days=1)
    courier.lists["Items"].append({"ItemID": "i9", "Code": "NEW"})
    assert courier.directory(lists).item_code("new") == "NEW"
    assert courier.asked == WHOLE


def test_a_clock_that_went_back_is_not_believed() -> None:
    courier = Canned()
    lists = remembered(courier)
    courier.wait(minutes=-1)
    courier.directory(lists)
    assert courier.asked == WHOLE


def test_without_a_clock_nothing_is_remembered() -> None:
    courier = Canned()
    lists = remembered(courier)
    carry = courier.carry

    def mute(request: Any) -> Any:
        answer = carry(request)
        return type(answer)(answer.status, answer.body.replace(b"DateTimeUTC", b"Moment"))

    courier.carry = mute  # type: ignore[method-assign]
    assert pack(courier.directory(lists).lists) is None
    assert courier.asked == WHOLE


@pytest.mark.parametrize(
    "changes",
    [
        {"sales_items": {"*": "SKU-NEW"}},
        {"refund_items": {"*": "SKU-NEW"}},
        {"taxes": {"txr_1": "TAX009"}},
        {"tax_default": "TAX009"},
        {"clearing_accounts": AccountMap(by_currency={"usd": "Stripe Clearing"})},
    ],
)
def test_a_name_that_is_not_remembered_is_looked_for(changes: dict[str, Any]) -> None:
    courier = Canned()
    lists = remembered(courier)
    courier.lists["Items"].append({"ItemID": "i9", "Code": "SKU-NEW"})
    courier.lists["TaxRates"].append({"Name": "New", "TaxType": "TAX009"})
    courier.lists["Currencies"].append({"Code": "USD"})
    courier.wait(minutes=5)
    found = courier.directory(lists, **changes)
    assert courier.asked == WHOLE
    again = courier.directory(unpack(pack(found.lists)), **changes)
    assert courier.asked == IDLE
    assert again.item_code("SKU-NEW") == "SKU-NEW" and "usd" in again.currencies


def test_names_that_are_known_are_not_looked_for() -> None:
    courier = Canned()
    lists = remembered(courier)
    courier.directory(
        lists,
        sales_items={"*": "Sales", "a": "Mug"},
        taxes={"txr_1": "15% GST on Income", "txr_2": None},
        tax_default="NONE",
        clearing_accounts=AccountMap(by_currency={"eur": "Stripe Euro", "nzd": "Stripe Clearing"}),
    )
    assert courier.asked == IDLE


def test_what_is_remembered_of_another_organisation_is_of_no_use() -> None:
    courier = Canned()
    lists = remembered(courier)
    courier.lists["Organisations"][0]["OrganisationID"] = "other"
    courier.directory(lists)
    assert courier.asked == WHOLE


def spoil(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = pack(remembered(Canned()))
    assert content is not None
    kept = json.loads(zlib.decompress(content))
    change(kept)
    return zlib.compress(json.dumps(kept).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zlib",
        zlib.compress(b"no json"),
        zlib.compress(b"[]"),
        spoil(lambda kept: kept.update(shape=0)),
        spoil(lambda kept: kept["fields"].pop("Items")),
        spoil(lambda kept: kept.pop("read_at")),
        spoil(lambda kept: kept.update(read_at="2026-06-01T12:00:00")),
        spoil(lambda kept: kept["rows"].pop("Items")),
        spoil(lambda kept: kept["rows"].update(Items=[1])),
        spoil(lambda kept: kept["rows"].update(Items=None)),
    ],
)
def test_a_memory_that_cannot_be_used_is_none(content: bytes) -> None:
    assert unpack(content) is None


def test_nothing_is_none() -> None:
    assert unpack(None) is None
    assert pack(None) is None
    assert unpack(spoil(lambda kept: None)) is not None
