"""Sales that the connector posts into a QuickBooks company, with their customers, fees and refunds, and charges that fail
after they were posted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ledger_desk import sell
from quickbooks_desk import Desk, desk, mapped
from small_shop import fail_charge
from vendors.quickbooks.wire import Json

BO = "3"
FEE = "Purchase 100 2026-03-02 -: FEES 3.49, CLR -3.49"
RECEIPT = ["SalesReceipt 100 2026-03-02 Bo: CLR 110.00, TAX -10.00, Services -100.00"]
INVOICE = [
    "Invoice 100 2026-03-02 Bo: AR 110.00, TAX -10.00, Services -100.00",
    "Payment 100 2026-03-02 Bo: CLR 110.00, AR -110.00",
]


def two_refunds(desk: Desk, **fields: Any) -> None:
    """The first is charged a fee, the second gives one back."""
    sell(desk, **fields)
    desk.shop.refund("a", "ch_100", 3300, "2026-03-05", 25)
    desk.shop.refund("b", "ch_100", 7700, "2026-04-01", -100)


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_sale_its_fees_and_its_refunds(tmp_path: Path, sales: str) -> None:
    receipts = sales == "sales_receipt"
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        two_refunds(one)
        one.sync()
        sold = RECEIPT if receipts else INVOICE
        taken = "RefundReceipt" if receipts else "CreditMemo"
        money = "CLR" if receipts else "AR"
        cash = [
            "Purchase 100-1 2026-03-05 Bo: AR 33.00, CLR -33.00",
            "Purchase 100-2 2026-04-01 Bo: AR 77.00, CLR -77.00",
            "Payment 100-1 2026-03-05 Bo: nothing",
            "Payment 100-2 2026-04-01 Bo: nothing",
        ]
        assert sorted(one.written()) == sorted(
            [
                FEE,
                *sold,
                f"{taken} 100-1 2026-03-05 Bo: {money} -33.00, TAX 3.00, Services 30.00",
                f"{taken} 100-2 2026-04-01 Bo: {money} -77.00, TAX 7.00, Services 70.00",
                *([] if receipts else cash),
                "Purchase 100-1 2026-03-05 -: FEES 0.25, CLR -0.25",
                "JournalEntry 100-2 2026-04-01 -: FEES -1.00, CLR 1.00",
            ]
        )
        assert (one.totals(), one.open(BO)) == ({"FEES": "2.74", "CLR": "-2.74"}, "0")
        one.settle_down()
        # Stripe charges for the failure too.
        one.shop.fail("re_b", "2026-04-20")
        one.shop.objects["txn_back_re_b"].update(fee=10, net=7690)
        one.wait(24)
        seen = len(one.written())
        one.sync()
        back = {
            "sales_receipt": ["SalesReceipt 100-2-R 2026-04-20 Bo: CLR 77.00, TAX -7.00, Services -70.00"],
            "invoice_and_payment": [
                "Payment 100-2-R 2026-04-20 Bo: CLR 77.00, AR -77.00",
                "Invoice 100-2-R 2026-04-20 Bo: AR 77.00, TAX -7.00, Services -70.00",
            ],
        }
        assert one.written()[seen:] == [
            *back[sales],
            "Purchase 100-2 2026-04-20 -: FEES 0.10, CLR -0.10",
        ]
        left = {"Services": "-70.00", "FEES": "2.84", "CLR": "74.16", "TAX": "-7.00"}
        assert (one.totals(), one.open(BO)) == (left, "0")
        one.settle_down()
        one.resync("re_a", "--replace")
        assert (one.totals(), one.open(BO)) == (left, "0")
        assert "JournalEntry 100-1-R 2026-03-05 -: FEES -0.25, CLR 0.25" in one.written()
        one.settle_down()


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_charge_that_fails_after_its_sale_was_posted(tmp_path: Path, sales: str) -> None:
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        sell(one, payment_method_details={"type": "us_bank_account"})
        one.sync()
        seen = len(one.written())
        fail_charge(one.shop, "ch_100", "2026-03-09")
        one.sync()
        assert one.written()[seen:] == (
            ["RefundReceipt 100-R 2026-03-09 Bo: CLR -110.00, TAX 10.00, Services 100.00"]
            if sales == "sales_receipt"
            else [
                "Purchase 100-R 2026-03-09 Bo: AR 110.00, CLR -110.00",
                "CreditMemo 100-R 2026-03-09 Bo: AR -110.00, TAX 10.00, Services 100.00",
                "Payment 100-R 2026-03-09 Bo: nothing",
            ]
        )
        assert (one.totals(), one.open(BO)) == ({"FEES": "3.49", "CLR": "-3.49"}, "0")
        one.settle_down()


def test_refunds_switched_off_still_post_sales(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="sales_receipt", fees=True, refunds={"enabled": False}) as one:
        two_refunds(one)
        one.sync()
        assert one.written() == [*RECEIPT, FEE]
        assert set(one.outcomes().values()) == {"excluded refunds_switched_off"}


def test_sales_and_refunds_name_the_payment_method(tmp_path: Path) -> None:
    mapping = mapped(payment_methods={"card": "Visa", "*": "Cash"})
    with desk(tmp_path / "books", sales="sales_receipt", mapping=mapping) as one:
        two_refunds(one)
        sell(one, "101", payment_method_details={"type": "klarna"})
        one.sync()
        methods = {row["DocNumber"]: row["PaymentMethodRef"]["name"] for _, row in one.ours()}
        assert methods == {"100": "Visa", "100-1": "Visa", "100-2": "Visa", "101": "Cash"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- customers

BOBS = {"name": "Bo", "email": "bo@x.test"}
SOMEBODY = {"DisplayName": "Somebody", "PrimaryEmailAddr": {"Address": "BO@x.test"}}
# What stands in the company before, what Stripe knows, what the mapping says; who the customer is then.
CUSTOMERS: dict[str, tuple[list[Json], Json, Json, str]] = {
    "by name, whatever its capitals": ([{"DisplayName": "bO"}], BOBS, {}, "bO"),
    "by e-mail": ([SOMEBODY], BOBS, {}, "Somebody"),
    "by Stripe's id": ([{"DisplayName": "B", "Notes": "cus_9"}, SOMEBODY], BOBS, {}, "Somebody"),
    "of another Stripe id": ([{**SOMEBODY, "Notes": "cus_8"}], BOBS, {}, "Bo"),
    "made": ([], BOBS, {}, "Bo"),
    "made, without a colon": ([], {"name": "Bo: of X"}, {}, "Bo of X"),
    "made, with the name of another": (
        [{"DisplayName": "Bo"}],
        BOBS,
        {"match": ["stripe_id"]},
        "Bo (cus_9 USD)",
    ),
    "of whom nothing is known": ([], {}, {}, "cus_9"),
    "that may not be made": ([], BOBS, {"create": False}, "Stripe customers"),
}


@pytest.mark.parametrize("case", CUSTOMERS.values(), ids=list(CUSTOMERS))
def test_the_customer_of_a_sale(tmp_path: Path, case: tuple[list[Json], Json, Json, str]) -> None:
    before, known, changes, name = case
    mapping = mapped(customers=changes)
    with desk(tmp_path / "books", sales="invoice_and_payment", mapping=mapping) as one:
        for customer in before:
            one.hands.write("Customer", customer)
        sell(one, billing_details=known, customer="cus_9")
        sell(one, "101", billing_details=known, customer="cus_9")
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        named = {(row.get("CustomerRef") or row["EntityRef"])["name"] for _, row in one.ours()}
        assert named == {name}
        mine = [row for row in one.company.documents("Customer") if row["DisplayName"] == name]
        assert [one.open(row["Id"]) for row in mine] == ["0"]
        made = len(one.company.documents("Customer"))
        one.settle_down()
        assert len(one.company.documents("Customer")) == made


def test_a_name_that_a_vendor_has(tmp_path: Path) -> None:
    """Customers, vendors and employees share their names; no customer can be found by it."""
    with desk(tmp_path / "books", sales="sales_receipt") as one:
        sell(one)
        one.fake.inject("refused", "/customer", code="6240")
        one.sync()
        assert [row["CustomerRef"]["name"] for _, row in one.ours()] == ["Bo (ch_100 USD)"]
        one.settle_down()


def test_a_charge_without_a_name(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="sales_receipt") as one:
        sell(one, billing_details={})
        one.sync()
        assert [row["CustomerRef"]["name"] for _, row in one.ours()] == ["Stripe customers"]


def test_no_customer_at_all(tmp_path: Path) -> None:
    mapping = mapped(customers={"create": False, "default": "Nobody"})
    with desk(tmp_path / "books", sales="sales_receipt", mapping=mapping) as one:
        two_refunds(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held customer_not_found"}
        assert one.written() == []
        one.hands.write("Customer", {"DisplayName": "Nobody"})
        one.sync()
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        one.settle_down()


@pytest.mark.parametrize("fees", [True, False])
def test_a_customer_that_the_company_refuses_holds_the_sale(tmp_path: Path, fees: bool) -> None:
    with desk(tmp_path / "books", sales="sales_receipt", fees=fees) as one:
        sell(one)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.fake.inject("refused", "/customer", code="6000")
        one.sync(3, plan=False)
        assert one.written() == []
        states = {each["kind"]: each["state"] for each in one.documents()}
        assert states["sales_receipt"] == "held"
        one.resolve("ch_100", "--retry")
        one.wait(1)
        one.sync(plan=False)
        assert one.totals()["CLR"] == ("73.51" if fees else "77.00")
        one.settle_down()
