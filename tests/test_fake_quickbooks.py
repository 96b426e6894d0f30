"""The stand-in for QuickBooks Online: objects written, read, changed, voided and deleted, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from quickbooks_hands import CLEARING, FUNDS, INCOME, Hands, form, item_line, payment, shop
from vendors.quickbooks import FakeQuickBooks, builtin_fields
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.field_table import FieldTable, schema_file
from vendors.quickbooks.wire import Json, dumps, loads

NOON = 1772798400.0  # 2026-03-06T12:00:00Z


def schema() -> FieldTable:
    path = schema_file()
    if path is None:
        pytest.skip("Intuit's schema is missing: ../shared/data/qbo-fields.json")
    return FieldTable(path)


@pytest.fixture(params=["small", "schema"])
def hands(request: pytest.FixtureRequest) -> Iterator[Hands]:
    """Once with the small list of fields, once with Intuit's schema where it is there."""
    table = FieldTable() if request.param == "small" else schema()
    with FakeQuickBooks(shop(table=table, clock=Clock(NOON))) as fake:
        yield Hands(fake)


def named(one: Json, **more: Any) -> Json:
    return {"Id": one["Id"], "SyncToken": one["SyncToken"], **more}


# ---------------------------------------------------------------------------------------------- the wire


def test_numbers_are_exact_on_the_wire() -> None:
    assert dumps({"a": Decimal("1234567890123.45"), "b": "0.10", "c": [Decimal("0.10")]}) == (
        '{"a": 1234567890123.45, "b": "0.10", "c": [0.10]}'
    )
    assert loads('{"a": 0.1}')["a"] == Decimal("0.1")


def test_an_answer_has_envelope_strings_for_ids_and_numbers_for_amounts(hands: Hands) -> None:
    answer = hands.post("Invoice", form("100"))
    told = answer.json()
    invoice = told["Invoice"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["intuit_tid"]
    assert told["time"] == "2026-03-06T04:00:00.000-08:00"
    assert isinstance(invoice["Id"], str) and invoice["SyncToken"] == "0"
    assert invoice["CustomerRef"] == {"value": "1", "name": "Ada"}
    assert invoice["TotalAmt"] == 100.0 and invoice["domain"] == "QBO"
    assert invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"] == {"value": "1", "name": "Widget"}


def test_the_small_list_of_fields_says_what_the_schema_says() -> None:
    whole = schema().types
    for name, known in builtin_fields.INSTEAD.items():
        for field, kind in known.get("fields", {}).items():
            told = whole[name]["fields"][field]
            # The small list leaves some enumerations out.
            assert told == kind or (told["type"].endswith("Enum") and kind["type"] == "string"), (name, field)
        assert set(known.get("enum", ())) <= set(whole[name].get("enum", ())), name


def test_totals_are_computed_and_sent_ones_ignored(hands: Hands) -> None:
    body = form("60", "40", TotalAmt=7, Balance=3, HomeTotalAmt=9, LinkedTxn=[], MetaData={"CreateTime": "x"})
    invoice = hands.write("Invoice", body)
    assert (invoice["TotalAmt"], invoice["Balance"]) == (100, 100)
    assert invoice["MetaData"]["CreateTime"] == "2026-03-06T04:00:00.000-08:00"


def test_a_subtotal_line_is_added_and_is_not_taken_back(hands: Hands) -> None:
    invoice = hands.write("Invoice", form("60", "40"))
    assert [line["DetailType"] for line in invoice["Line"]][-1] == "SubTotalLineDetail"
    assert invoice["Line"][-1]["Amount"] == 100
    memo = hands.write("CreditMemo", form(Line=invoice["Line"]))
    assert memo["TotalAmt"] == 100
    assert len(memo["Line"]) == 3


def test_a_line_without_an_item_counts_for_nothing(hands: Hands) -> None:
    refund = {"DepositToAccountRef": hands.account(CLEARING), "Line": [item_line("55.00", item=None)]}
    made = hands.write("RefundReceipt", refund)
    assert made["TotalAmt"] == 0
    assert hands.totals() == {}


def test_a_date_that_is_not_given_is_the_servers(hands: Hands) -> None:
    body = form("5")
    del body["TxnDate"]
    assert hands.write("Invoice", body)["TxnDate"] == "2026-03-06"


def test_a_sale_without_an_account_lands_in_undeposited_funds(hands: Hands) -> None:
    assert hands.write("SalesReceipt", form("5"))["DepositToAccountRef"]["name"] == FUNDS
    assert hands.totals() == {FUNDS: "5.00", INCOME: "-5.00"}


def test_amount_and_price_have_to_agree(hands: Hands) -> None:
    line = item_line("10", UnitPrice=3, Qty=3)
    assert hands.code("Invoice", form(Line=[line])) == "6070"
    line = item_line("9", UnitPrice=3, Qty=3)
    assert hands.write("Invoice", form(Line=[line]))["TotalAmt"] == 9
    del line["Amount"]
    assert hands.write("Invoice", form(Line=[line]))["TotalAmt"] == 9


def test_stock_goes_out_with_a_sale_and_comes_back_with_a_credit(hands: Hands) -> None:
    accounts = {
        "IncomeAccountRef": hands.account(INCOME),
        "AssetAccountRef": hands.account("Inventory Asset"),
        "ExpenseAccountRef": hands.account("Cost of Goods Sold"),
    }
    kind = {"Type": "Inventory", "QtyOnHand": 10, "InvStartDate": "2026-01-01", "TrackQtyOnHand": True}
    lamp = hands.write("Item", {"Name": "Lamp", "PurchaseCost": 4, **kind, **accounts})
    line = item_line("30", lamp["Id"], UnitPrice=10, Qty=3)
    hands.write("SalesReceipt", form(Line=[line], DepositToAccountRef=hands.account(CLEARING)))
    sold = {"Cost of Goods Sold": "12.00", "Inventory Asset": "-12.00"}
    assert hands.totals() == {CLEARING: "30.00", INCOME: "-30.00", **sold}
    assert hands.again("Item", lamp)["QtyOnHand"] == 7
    hands.write("CreditMemo", form(Line=[line]))
    assert hands.company.balance_of("Inventory Asset") == 0
    assert hands.again("Item", lamp)["QtyOnHand"] == 10


def test_a_discount_lowers_total_and_income_stays(hands: Hands) -> None:
    discount = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
    }
    invoice = hands.write("Invoice", form(Line=[item_line("50"), discount]))
    assert invoice["TotalAmt"] == 45
    assert hands.company.balance_of("Discounts given") == 5


# ---------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("RefundReceipt", {"DepositToAccountRef": None}, "2020"),
        ("RefundReceipt", {"Line": []}, "2020"),
        ("CreditMemo", {"CustomerRef": None}, "2020"),
        ("Invoice", {"CustomerRef": None}, "2020"),
        ("Invoice", {"CustomerRef": {"value": "99"}}, "2500"),
        ("Invoice", {"Line": [item_line("5", "99")]}, "2500"),
        ("Invoice", {"NoSuchField": 1}, "2010"),
        ("Invoice", {"TxnDate": "01/02/2026"}, "2010"),
        ("Invoice", {"TxnDate": "2026-02-30"}, "2010"),
        ("Invoice", {"CustomerRef": {"value": 1}}, "2010"),
        ("Invoice", {"CustomerRef": "1"}, "2010"),
        ("Invoice", {"Line": [{**item_line("5"), "Amount": "5.00"}]}, "2010"),
        ("Invoice", {"Line": [{**item_line("5"), "DetailType": "SalesLine"}]}, "2170"),
        ("Invoice", {"Line": [{**item_line("5"), "DetailType": "DepositLineDetail"}]}, "6000"),
        ("Invoice", {"EmailStatus": "Later"}, "2170"),
        ("Invoice", {"DocNumber": "1234567890123456789012"}, "2050"),
        ("Invoice", {"PrivateNote": "x" * 4001}, "2050"),
        ("Invoice", {"Line": [item_line("-5")]}, "6000"),
        ("Invoice", {"Line": [item_line("5", TaxCodeRef={"value": "2"})]}, "6100"),
        ("RefundReceipt", {"DepositToAccountRef": {"value": "10"}}, "6000"),
        ("RefundReceipt", {"PrintStatus": "PrintComplete"}, "2020"),
        ("RefundReceipt", {"PaymentType": "Expense"}, "2170"),
        ("Invoice", {"EmailStatus": "NeedToSend"}, "6000"),
        ("Payment", {"TotalAmt": None}, "2020"),
        ("Payment", {"CustomerRef": None}, "2020"),
        ("Payment", {"TotalAmt": -1}, "2290"),
        ("Purchase", {"PaymentType": None}, "2020"),
        ("Purchase", {"AccountRef": None}, "2020"),
        ("Purchase", {"EntityRef": None}, "6000"),
        ("Purchase", {"PaymentType": "Other"}, "2170"),
        ("Purchase", {"AccountRef": {"value": "4"}}, "6000"),
        ("Customer", {"DisplayName": None}, "2020"),
        ("Customer", {"DisplayName": "ada"}, "6240"),
        ("Item", {"IncomeAccountRef": None}, "2020"),
        ("Item", {"Name": "widget"}, "6240"),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(hands: Hands, kind: str, change: Json, code: str) -> None:
    expense: Json = {
        "Amount": 5,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": hands.account("Accounts Receivable (A/R)")},
    }
    right: dict[str, Json] = {
        "RefundReceipt": form("5", DepositToAccountRef=hands.account(CLEARING)),
        "CreditMemo": form("5"),
        "Invoice": form("5"),
        "Payment": payment("5"),
        "Purchase": {
            "PaymentType": "Cash",
            "AccountRef": hands.account(CLEARING),
            "EntityRef": {"value": "1", "type": "Customer"},
            "Line": [expense],
        },
        "Customer": {"DisplayName": "Cy"},
        "Item": {"Name": "Cup", "Type": "Service", "IncomeAccountRef": hands.account(INCOME)},
    }
    hands.write(kind, right[kind])
    before = hands.totals()
    fresh = (
        {}
        if kind not in ("Customer", "Item")
        else {"DisplayName": "Di"}
        if kind == "Customer"
        else {"Name": "D"}
    )
    body = {name: value for name, value in {**right[kind], **fresh, **change}.items() if value is not None}
    assert hands.code(kind, body) == code
    assert hands.totals() == before


def test_an_inactive_customer_is_not_found_by_new_documents(hands: Hands) -> None:
    ada = hands.read("Customer", "1")
    gone = hands.write("Customer", named(ada, sparse=True, Active=False))
    assert gone["DisplayName"] == "Ada (deleted)"
    assert hands.code("Invoice", form("5")) == "610"
    assert hands.read("Customer", "1")["Active"] is False


def test_moods_for_strings_and_empty_strings(hands: Hands) -> None:
    body = form(Line=[{**item_line("5"), "Amount": "5.10"}], PaymentType="", DueDate="")
    assert hands.code("SalesReceipt", body) == "2010"
    hands.company.moods.strings_for_amounts = True
    assert hands.write("SalesReceipt", body)["TotalAmt"] == Decimal("5.10")
    hands.company.moods.empty_strings = "refused"
    assert hands.code("SalesReceipt", body) in ("2010", "2170")


def test_what_is_not_there_is_610_under_400(hands: Hands) -> None:
    answer = hands.get("/invoice/999")
    assert answer.status_code == 400
    assert answer.json()["Fault"]["Error"][0]["code"] == "610"


def test_classes_and_departments_only_where_the_preferences_say_so(hands: Hands) -> None:
    work = hands.write("Class", {"Name": "Work"})
    shop_floor = hands.write("Department", {"Name": "Shop"})
    whole: Json = {"ClassRef": {"value": work["Id"]}, "DepartmentRef": {"value": shop_floor["Id"]}}
    on_line: Json = {"Line": [item_line("5", ClassRef={"value": work["Id"]})]}
    assert hands.code("SalesReceipt", form("5", **whole)) == "6000"
    assert hands.code("SalesReceipt", form(**on_line)) == "6000"
    hands.company.moods.unused_class = "ignored"
    assert "ClassRef" not in hands.write("SalesReceipt", form("5", **whole))
    hands.company.moods.unused_class = "refused"
    on = {"ClassTrackingPerTxn": True, "ClassTrackingPerTxnLine": True, "TrackDepartments": True}
    hands.company.set_preference("AccountingInfoPrefs", **on)
    made = hands.write("SalesReceipt", form("5", **whole))
    assert (made["ClassRef"]["name"], made["DepartmentRef"]["name"]) == ("Work", "Shop")
    line = hands.write("SalesReceipt", form(**on_line))["Line"][0]
    assert line["SalesItemLineDetail"]["ClassRef"]["name"] == "Work"
