"""What the lines of a refund take over from the sale in a NetSuite account: department, class, location, item, tax code; and
stock, which only comes back where it is known how much of it did."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from netsuite_desk import Desk, desk, mapped
from netsuite_sold import cash_sale, invoice, pay, sold
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

FORMS = ("creditMemo", "cashRefund", "invoice", "cashSale")
SALES = pytest.mark.parametrize("sale", ["invoice", "cash sale"])


def book(desk: Desk, sale: str, **more: Any) -> None:
    if sale == "invoice":
        pay(desk.account, invoice(desk.account, **more))
    else:
        cash_sale(desk.account, **more)
    desk.shop.charge("100", 11000, 1000, "2026-03-02", 0)


def forms(desk: Desk) -> list[Json]:
    """What of ours has lines, in order."""
    return [one for one in desk.ours() if one["_type"] in FORMS]


def taken(desk: Desk) -> list[Json]:
    """The lines of the one document that takes income back."""
    (found,) = [one for one in forms(desk) if one["_type"] in ("creditMemo", "cashRefund")]
    return list(found["_lines"])


def items(desk: Desk) -> list[str]:
    return [str(desk.account.get("item", line["item"])["itemId"]) for line in taken(desk)]


def segments(desk: Desk) -> dict[str, Json]:
    """The second of each list, which no form takes by itself."""
    of = {"department": ("department", "Wholesale"), "class": ("classification", "Shop")}
    named = {**of, "location": ("location", "Outlet")}
    return {name: seed.reference(desk.account, *where) for name, where in named.items()}


@SALES
@pytest.mark.parametrize("where", ["head", "line", "both"])
def test_department_class_and_location_of_the_sale(tmp_path: Path, sale: str, where: str) -> None:
    """Of the form and of its lines; what takes the refund back has them too."""
    with desk(tmp_path / "books") as one:
        of = segments(one)
        head = of if where in ("head", "both") else {}
        line: dict[str, Any] = of if where in ("line", "both") else {}
        book(one, sale, lines=[sold(one.account, **line)], **head)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        one.settle_down()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        found = forms(one)
        assert len(found) == 2
        wanted = {name: told["id"] for name, told in of.items()}
        for form in found:
            for name, told in wanted.items():
                assert form.get(name) == (told if head else None), (form, name)
                # A line without one of its own is of that of its form.
                assert form["_lines"][0][name] in ((told,) if line else (None, told)), (form, name)
        one.settle_down()


# ---------------------------------------------------------------------------------------------- stock

NAMED = mapped(items={"refunds": {"Widget": "Widget", "*": "Refunds"}})
ANOTHER = mapped(items={"refunds": {"Widget": "Widget (not restocked)", "*": "Refunds"}})
ONE_BACK: Json = {"metadata": {"refund_lines": '[{"sku": "Widget", "amount": "55.00", "quantity": "1"}]'}}
# The mapping, the refund; the item of its line, and how many widgets are there then.
STOCK: dict[str, tuple[Json | None, Json, str, int]] = {
    "known by amount alone": (None, {}, "Refunds", 98),
    "named, known by amount alone": (NAMED, {}, "Refunds", 98),
    "named, with a quantity": (NAMED, ONE_BACK, "Widget", 99),
    "with a quantity, not named": (None, ONE_BACK, "Refunds", 98),
    "another item is named": (ANOTHER, ONE_BACK, "Widget (not restocked)", 98),
}


@SALES
@pytest.mark.parametrize("lost", [False, True], ids=["", "and the state is lost"])
@pytest.mark.parametrize("case", STOCK.values(), ids=list(STOCK))
def test_stock_comes_back_only_with_a_quantity_and_a_name(
    tmp_path: Path, sale: str, case: tuple[Json | None, Json, str, int], lost: bool
) -> None:
    """What takes the refund back is of the same item, also where that is known from the books alone."""
    mapping, told, item, left = case
    with desk(tmp_path / "books", mapping=mapping) as one:
        book(one, sale, lines=[sold(one.account, item="Widget", quantity=Decimal(2))])
        assert one.account.on_hand("Widget") == 98
        one.shop.export.refund("a", "ch_100", 5500, when="2026-03-05T15:00:00", **told)
        # Of goods that come back NetSuite books the cost, which no plan tells.
        one.sync(plan=left == 98)
        assert items(one) == [item]
        assert one.account.on_hand("Widget") == left
        income = "Refunds" if item == "Refunds" else "REV"
        assert one.written()[0].count(f"{income} 50.00") == 1
        assert "TAX 5.00" in one.written()[0]
        assert one.account.balance_of("Cost of Goods Sold") == Decimal(100 - left) * 4
        if lost:
            one.lose_state()
            one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync(plan=left == 98)
        assert one.account.on_hand("Widget") == 98
        assert one.totals()["REV"] == "-100.00" and "Refunds" not in one.totals()
        totals = one.totals()
        assert (totals["CLR"], totals["TAX"], one.open()) == ("110.00", "-10.00", "0.00")
        one.settle_down()


def test_a_stock_item_without_an_item_for_refunds_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books", mapping=mapped(items={"refunds": {}})) as one:
        book(one, "invoice", lines=[sold(one.account, item="Widget", quantity=Decimal(2))])
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held item_not_mapped"}
        assert one.written() == []


def test_an_item_for_refunds_of_a_sku(tmp_path: Path) -> None:
    """Other lines keep the sale's item, or take the one that is named for their SKU."""
    mapping = mapped(items={"refunds": {"Services": "Stripe Refund Item", "*": "Refunds"}})
    with desk(tmp_path / "books", mapping=mapping) as one:
        other = "Widget (not restocked)"
        book(
            one,
            "invoice",
            lines=[sold(one.account, "60.00", "6.00"), sold(one.account, "40.00", "4.00", other)],
        )
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync()
        assert [(name, line["amount"]) for name, line in zip(items(one), taken(one), strict=True)] == [
            ("Stripe Refund Item", Decimal("30.00")),
            (other, Decimal("20.00")),
        ]
        assert one.written()[0].endswith(": AR -55.00, Refunds 30.00, REV 20.00, TAX 5.00")
        one.settle_down()


def test_an_item_that_is_inactive_by_now(tmp_path: Path) -> None:
    """NetSuite would refuse it: the income of its line goes back on the item for refunds."""
    with desk(tmp_path / "books") as one:
        item = one.account.named("item", "Old Service")
        account = one.account.named("account", "Old Sales")
        one.account.put({**item, "isInactive": False})
        one.account.put({**account, "isInactive": False})
        one.account.undo.keep()
        book(one, "invoice", lines=[sold(one.account, item="Old Service")])
        one.account.put({**item, "isInactive": True})
        one.account.undo.keep()
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert items(one) == ["Refunds"]
        one.settle_down()


@SALES
def test_income_is_taken_back_on_the_accounts_of_the_sale(tmp_path: Path, sale: str) -> None:
    with desk(tmp_path / "books") as one:
        lines = [sold(one.account, "60.00", "10.00"), sold(one.account, "40.00", "0", "Untaxed Service")]
        book(one, sale, lines=lines)
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync()
        assert "REV 30.00, Other Revenue 20.00, TAX 5.00" in one.written()[0]
        one.settle_down()


def test_lines_that_a_credit_note_of_stripes_names(tmp_path: Path) -> None:
    """Metadata of the refund say which line went back, and how many."""
    with desk(tmp_path / "books") as one:
        lines = [
            sold(one.account, "60.00", "6.00", quantity=Decimal(3)),
            sold(one.account, "40.00", "4.00", "Widget (not restocked)"),
        ]
        book(one, "invoice", lines=lines)
        told = {"metadata": {"refund_lines": '[{"sku": "Services", "amount": "22.00", "quantity": "1"}]'}}
        one.shop.export.refund("a", "ch_100", 2200, when="2026-03-05T15:00:00", **told)
        one.sync()
        (line,) = taken(one)
        assert (items(one), line["amount"], line["quantity"]) == (["Services"], Decimal("20.00"), 1)
        one.settle_down()
