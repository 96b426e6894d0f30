"""What the lines of a refund take over from the sale in a QuickBooks company: class, department, item; and stock, which
only comes back where it is known how much of it did."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from quickbooks_desk import Desk, desk, mapped, pay, taxed_form
from quickbooks_hands import item_line
from vendors.quickbooks.lists import shown
from vendors.quickbooks.wire import Json

TRACKED = ("ClassTrackingPerTxn", "ClassTrackingPerTxnLine", "TrackDepartments")
FORMS = ("CreditMemo", "RefundReceipt", "Invoice", "SalesReceipt")
NORTH = {"value": "1"}
LAMP = "4"


def track(desk: Desk, form: bool, line: bool, department: bool) -> None:
    wanted = dict(zip(TRACKED, (form, line, department), strict=True))
    desk.company.set_preference("AccountingInfoPrefs", **wanted)


def book(desk: Desk, sale: str, body: Json) -> None:
    if sale == "invoice":
        pay(desk, desk.hands.write("Invoice", body))
    else:
        into = {"DepositToAccountRef": desk.hands.account("Stripe Clearing")}
        desk.hands.write("SalesReceipt", {**body, **into})
    desk.shop.charge("100", 11000, 1000, "2026-03-02", 0)


def tracking(row: Json) -> tuple[bool, bool, bool]:
    """Whether class of the form, class of its first line and department are the sale's."""
    line = row["Line"][0]["SalesItemLineDetail"]
    return "ClassRef" in row, "ClassRef" in line, "DepartmentRef" in row


@pytest.mark.parametrize("sale", ["invoice", "receipt"])
@pytest.mark.parametrize(
    "on", [(True, False, True), (False, True, False), (True, True, True)], ids=["form", "line", "both"]
)
def test_class_and_department_of_the_sale(tmp_path: Path, sale: str, on: tuple[bool, bool, bool]) -> None:
    """What the company does not use any more is left out; the reversal of a refund has what the refund had."""
    with desk(tmp_path / "books") as one:
        track(one, *on)
        for kind in ("Class", "Department"):
            one.hands.write(kind, {"Name": "North"})
        named = {
            **({"ClassRef": NORTH} if on[0] else {}),
            **({"DepartmentRef": NORTH} if on[2] else {}),
        }
        body = taxed_form("100", "2026-03-02", **named)
        if on[1]:
            body["Line"][0]["SalesItemLineDetail"]["ClassRef"] = NORTH
        book(one, sale, body)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        track(one, False, False, False)
        one.shop.refund("b", "ch_100", 1100, "2026-03-08")
        one.sync()
        track(one, *on)
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        found = [tracking(row) for kind, row in one.ours() if kind in FORMS]
        assert found == [on, (False, False, False), on]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- stock


def stock(desk: Desk) -> None:
    """Ten lamps that cost 4.00 each; two of them are sold."""
    lamp = {
        "Name": "Lamp",
        "Type": "Inventory",
        "Sku": "LAMP",
        "IncomeAccountRef": desk.hands.account("Sales of Product Income"),
        "AssetAccountRef": desk.hands.account("Inventory Asset"),
        "ExpenseAccountRef": desk.hands.account("Cost of Goods Sold"),
        "QtyOnHand": 10,
        "InvStartDate": "2026-01-01",
        "TrackQtyOnHand": True,
        "PurchaseCost": Decimal("4.00"),
        "Taxable": True,
    }
    assert desk.hands.write("Item", lamp)["Id"] == LAMP


def sell_lamps(desk: Desk, sale: str) -> None:
    stock(desk)
    priced = {"Qty": Decimal(2), "UnitPrice": Decimal("50.00"), "TaxCodeRef": {"value": "TAX"}}
    book(desk, sale, {**taxed_form("100", "2026-03-02"), "Line": [item_line("100.00", LAMP, **priced)]})


def lamps(desk: Desk) -> int:
    return int(shown(desk.company, "Item", desk.company.shelf.kinds["Item"][LAMP])["QtyOnHand"])


NAMED = mapped(items={"refunds": {"LAMP": "Lamp", "*": "Refunds"}})
ONE_LAMP: Json = {"metadata": {"refund_lines": '[{"sku": "LAMP", "amount": "55.00", "quantity": "1"}]'}}
# The mapping, the refund; the item of its line, and how many lamps are there then.
STOCK: dict[str, tuple[Json | None, Json, str, int]] = {
    "known by amount alone": (None, {}, "Refunds", 8),
    "named, known by amount alone": (NAMED, {}, "Refunds", 8),
    "named, with a quantity": (NAMED, ONE_LAMP, "Lamp", 9),
    "with a quantity, not named": (None, ONE_LAMP, "Refunds", 8),
}


@pytest.mark.parametrize("sale", ["invoice", "receipt"])
@pytest.mark.parametrize("case", STOCK.values(), ids=list(STOCK))
def test_stock_comes_back_only_with_a_quantity_and_a_name(
    tmp_path: Path, sale: str, case: tuple[Json | None, Json, str, int]
) -> None:
    mapping, told, item, left = case
    with desk(tmp_path / "books", mapping=mapping) as one:
        sell_lamps(one, sale)
        one.shop.export.refund("a", "ch_100", 5500, when="2026-03-05T15:00:00", **told)
        one.sync(plan=False)
        (taken,) = [row for kind, row in one.ours() if kind in FORMS]
        detail = taken["Line"][0]["SalesItemLineDetail"]
        assert (detail["ItemRef"]["name"], detail["TaxCodeRef"]["value"]) == (item, "TAX")
        assert lamps(one) == left
        cost = Decimal(10 - left) * 4
        assert one.company.balance_of("Cost of Goods Sold") == cost
        assert one.company.balance_of("Sales of Product Income") == -50
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync(plan=False)
        assert lamps(one) == 8
        assert one.company.balance_of("Sales of Product Income") == -100
        assert one.open() == "0"
        one.settle_down()


def test_a_stock_item_without_an_item_for_refunds_is_held(tmp_path: Path) -> None:
    mapping = mapped(items={"refunds": {}})
    with desk(tmp_path / "books", mapping=mapping) as one:
        sell_lamps(one, "invoice")
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held item_not_mapped"}
        assert one.written() == []


def test_an_item_for_refunds_of_a_sku(tmp_path: Path) -> None:
    """Other lines keep the sale's item, or take the one that is named for their SKU."""
    mapping = mapped(items={"refunds": {"W-1": "Services", "*": "Refunds"}})
    with desk(tmp_path / "books", mapping=mapping) as one:
        widget = one.company.shelf.kinds["Item"]["3"]
        one.company.shelf.put("Item", {**widget, "Sku": "W-1"})
        one.company.undo.keep()
        lines = [
            item_line("60.00", "3", TaxCodeRef={"value": "TAX"}),
            item_line("40.00", "2", TaxCodeRef={"value": "TAX"}),
        ]
        book(one, "invoice", {**taxed_form("100", "2026-03-02"), "Line": lines})
        one.shop.refund("a", "ch_100", 5500, "2026-03-05")
        one.sync()
        (memo,) = one.company.documents("CreditMemo")
        items = [
            (line["SalesItemLineDetail"]["ItemRef"]["name"], line["Amount"]) for line in memo["Line"][:2]
        ]
        assert items == [("Services", Decimal("30.00")), ("Refunds", Decimal("20.00"))]
        one.settle_down()
