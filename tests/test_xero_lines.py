"""What the lines of a refund take over from the sale in a Xero organisation: tracking, item, account, tax type; and stock,
which only comes back where it is known how much of it did."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from vendors.xero.wire import Json
from xero_desk import Desk, desk, mapped
from xero_hands import line
from xero_sold import TAXED, bank_lines, invoice, pay, receive, sold_lines


def book(desk: Desk, sale: str, lines: list[Json]) -> None:
    if sale == "invoice":
        pay(desk.hands, invoice(desk.hands, lines=lines))
    else:
        receive(desk.hands, lines=lines)
    desk.shop.charge("100", 11000, 1000, "2026-03-02", 0)


def taken(desk: Desk) -> list[Json]:
    """The lines of the document that takes income back."""
    (found,) = [row for _, row in desk.ours() if row.get("Type") in ("SPEND", "ACCRECCREDIT")]
    lines: list[Json] = found["LineItems"]
    return lines


@pytest.mark.parametrize("sale", ["invoice", "receipt"])
def test_tracking_of_the_sale(tmp_path: Path, sale: str) -> None:
    with desk(tmp_path / "books") as one:
        tracking = [{"Name": "Region", "Option": "North"}, {"Name": "Channel", "Option": "Web"}]
        book(one, sale, sold_lines(Tracking=tracking))
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert [(each["Name"], each["Option"]) for each in taken(one)[0]["Tracking"]] == [
            ("Region", "North"),
            ("Channel", "Web"),
        ]
        one.settle_down()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        back = one.ours()[-1][1] if sale == "receipt" else one.ours()[-2][1]
        assert [each["Option"] for each in back["LineItems"][0]["Tracking"]] == ["North", "Web"]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- stock

NAMED = mapped(items={"refunds": {"MUG": "MUG", "*": "Sales"}})
ONE_MUG: Json = {"metadata": {"refund_lines": '[{"sku": "MUG", "amount": "55.00", "quantity": "1"}]'}}
# The mapping, the refund; the item of its line, and how many mugs are there then.
STOCK: dict[str, tuple[Json | None, Json, str | None, int]] = {
    "known by amount alone": (None, {}, None, 98),
    "named, known by amount alone": (NAMED, {}, None, 98),
    "named, with a quantity": (NAMED, ONE_MUG, "MUG", 99),
    "with a quantity, not named": (None, ONE_MUG, None, 98),
}


def mugs(desk: Desk) -> int:
    (item,) = [one for one in desk.organisation.documents("Items") if one["Code"] == "MUG"]
    return int(item["QuantityOnHand"])


@pytest.mark.parametrize("case", STOCK.values(), ids=list(STOCK))
def test_stock_comes_back_only_with_a_quantity_and_a_name(
    tmp_path: Path, case: tuple[Json | None, Json, str | None, int]
) -> None:
    mapping, told, item, left = case
    with desk(tmp_path / "books", mapping=mapping) as one:
        book(one, "invoice", [line("50.00", Quantity=2, ItemCode="MUG", TaxType=TAXED)])
        assert mugs(one) == 98
        one.shop.export.refund("a", "ch_100", 5500, when="2026-03-05T15:00:00", **told)
        one.sync()
        (back,) = taken(one)
        assert (back.get("ItemCode"), back["TaxType"]) == (item, TAXED)
        assert mugs(one) == left
        assert one.totals() == {"REV": "-50.00", "CLR": "55.00", "TAX": "-5.00"}
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert mugs(one) == 98
        assert (one.totals()["REV"], one.open()) == ("-100.00", "0.00")
        one.settle_down()


def test_an_item_for_refunds_of_a_sku(tmp_path: Path) -> None:
    """Other lines keep the sale's item, or take the one that is named for their SKU."""
    mapping = mapped(items={"refunds": {"BOOK": "CALL", "*": "Sales"}})
    with desk(tmp_path / "books", mapping=mapping) as one:
        lines = [
            line("60.00", ItemCode="BOOK", TaxType=TAXED),
            line("40.00", ItemCode="SAME-AS-SENT", TaxType=TAXED),
        ]
        book(one, "invoice", lines)
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync()
        assert [(each.get("ItemCode"), each["LineAmount"]) for each in taken(one)] == [
            ("CALL", Decimal("33.00")),
            ("SAME-AS-SENT", Decimal("22.00")),
        ]
        one.settle_down()


def test_income_that_is_taken_back_on_the_accounts_of_the_sale(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        lines = [*sold_lines("60.00", "6.00"), *sold_lines("40.00", "4.00", account="260")]
        bank_lines(one.hands, "RECEIVE", lines, "2026-03-02", "100 ch_100", "090")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync()
        assert one.written() == [
            "SPEND 100 2026-03-05 Ada: CLR -55.00, REV 30.00, Other Revenue 20.00, TAX 5.00"
        ]
        one.settle_down()
