"""Sales that are posted in another currency than a QuickBooks company keeps, Stripe balances kept in euros, and yen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from ledger_desk import sell
from quickbooks_desk import Desk, desk, pay, receipt, taxed_form
from quickbooks_rates import (
    ABROAD,
    CLEARING_EUR,
    IDA,
    KEPT,
    charge,
    fail_second,
    go_abroad,
    in_euros,
    pay_in_euros,
    refund,
    settle_for,
    two_refunds,
)

JUN = "4"


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_sale_in_euros_that_is_posted(tmp_path: Path, sales: str) -> None:
    with desk(tmp_path / "books", mapping=ABROAD, sales=sales, fees=True) as one:
        go_abroad(one)
        settle_for(one, sell(one, currency="eur", billing_details={"name": "Ida"}), 13500, 349)
        refund(one, "a", 3300, 4200, "2026-03-05")
        refund(one, "b", 7700, 9800, "2026-03-06")
        one.sync()
        assert one.totals() == {"FEES": "3.49", "FX": "5.00", "CLR": "-8.49"}
        assert one.open(IDA) == "0"
        sold = one.company.documents("SalesReceipt" if sales == "sales_receipt" else "Invoice")
        assert [(row["TotalAmt"], row["HomeTotalAmt"]) for row in sold] == [(Decimal(110), Decimal(135))]
        fail_second(one)
        one.sync()
        left = {"Services": "-85.91", "FEES": "3.49", "FX": "2.50", "CLR": "88.51", "TAX": "-8.59"}
        assert (one.totals(), one.open(IDA)) == (left, "0")
        one.settle_down()


def test_a_customer_of_the_name_in_another_currency_is_another(tmp_path: Path) -> None:
    """A customer of QuickBooks has one currency."""
    with desk(tmp_path / "books", mapping=ABROAD, sales="sales_receipt") as one:
        go_abroad(one)
        settle_for(one, sell(one, currency="eur", fee=0, billing_details={"name": "Ada"}), 13500)
        one.sync()
        assert [row["CustomerRef"]["name"] for _, row in one.ours()] == ["Ada (ch_100 EUR)"]
        one.settle_down()


def test_an_invoice_in_euros_voided_and_back_again(tmp_path: Path) -> None:
    """Clearing gets what charge, refund and failure left: 135 - 140 + 139."""
    with desk(tmp_path / "books", mapping=ABROAD) as one:
        go_abroad(one)
        one.hands.write("Invoice", in_euros())
        charge(one, 11000, 13500)
        refund(one, "b", 11000, 14000, "2026-03-05")
        one.sync()
        assert one.by_hand() == ["Invoice 100 2026-03-02 Ida: nothing"]
        fail_second(one, 13900)
        one.sync()
        assert one.written() == [
            "Invoice 100-R 2026-04-20 Ida: AR EUR 135.00, TAX -12.27, REV -122.73",
            "Payment 100-R 2026-04-20 Ida: CLR 134.00, AR EUR -135.00, FX 1.00",
        ]
        assert one.open(IDA) == "0"


def test_a_deposit_in_euros(tmp_path: Path) -> None:
    """What the payment had put on receivables comes off at its own rate."""
    with desk(tmp_path / "books", mapping=ABROAD) as one:
        go_abroad(one)
        pay_in_euros(one, None)
        two_refunds(one)
        one.sync()
        assert one.written() == [
            "Purchase 100 2026-03-05 Ida: AR EUR 42.00, CLR -42.00",
            "Purchase 100-1 2026-03-06 Ida: AR EUR 98.00, CLR -98.00",
        ]
        assert (one.totals(), one.open(IDA)) == ({"FX": "5.00", "CLR": "-5.00"}, "0")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- kept in euros


def refund_in_euros(one: Desk) -> None:
    """Neither charge nor refunds were exchanged: Stripe tells no rate."""
    told = {"order_number": "100"}
    one.shop.export.charge("100", 11000, when="2026-03-02T15:00:00", currency="eur", metadata=told)
    refund(one, "a", 3300, None, "2026-03-05")
    refund(one, "b", 7700, None, "2026-03-06")


def test_an_invoice_of_a_balance_in_euros(tmp_path: Path) -> None:
    """The memo goes at the sale's rate and the money at the day's; the ledger books what lies between."""
    with desk(tmp_path / "books", mapping=KEPT) as one:
        go_abroad(one)
        pay_in_euros(one, one.hands.write("Invoice", in_euros()), CLEARING_EUR)
        refund_in_euros(one)
        one.sync(plan=False)
        assert one.written() == [
            "CreditMemo 100-1 2026-03-05 Ida: AR EUR -40.50, TAX 3.68, REV 36.82",
            "CreditMemo 100-2 2026-03-06 Ida: AR EUR -94.50, TAX 8.59, REV 85.91",
            f"Purchase 100-1 2026-03-05 Ida: AR EUR 41.25, {CLEARING_EUR} -41.25",
            f"Purchase 100-2 2026-03-06 Ida: AR EUR 96.25, {CLEARING_EUR} -96.25",
            "Payment 100-1 2026-03-05 Ida: AR EUR -0.75, FX 0.75",
            "Payment 100-2 2026-03-06 Ida: AR EUR -1.75, FX 1.75",
        ]
        assert one.totals() == {"FX": "2.50", CLEARING_EUR: "-2.50"}
        assert one.open(IDA) == "0"
        one.settle_down()


def test_a_receipt_of_a_balance_in_euros(tmp_path: Path) -> None:
    with desk(tmp_path / "books", mapping=KEPT) as one:
        go_abroad(one)
        one.hands.write("SalesReceipt", in_euros(DepositToAccountRef=one.hands.account(CLEARING_EUR)))
        refund_in_euros(one)
        one.sync(plan=False)
        assert one.totals() == {}
        assert {str(row["ExchangeRate"]) for row in one.company.documents("RefundReceipt")} == {"1.227273"}
        one.settle_down()


def test_a_posted_sale_of_a_balance_in_euros_has_the_rate_of_its_day(tmp_path: Path) -> None:
    with desk(tmp_path / "books", mapping=KEPT, sales="invoice_and_payment") as one:
        go_abroad(one)
        sell(one, currency="eur", fee=0, billing_details={"name": "Ida"})
        one.sync(plan=False)
        assert one.written() == [
            "Invoice 100 2026-03-02 Ida: AR EUR 137.50, TAX -12.50, Services -125.00",
            f"Payment 100 2026-03-02 Ida: {CLEARING_EUR} 137.50, AR EUR -137.50",
        ]
        one.settle_down()


def test_a_balance_that_no_account_is_mapped_for_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receipt(one)
        refund_in_euros(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held currency_not_supported"}
        assert one.written() == []


# ---------------------------------------------------------------------------------------------- yen


def test_yen_have_no_cents(tmp_path: Path) -> None:
    """11000 yen that settled for 77 dollars; 3300 of them went back for 24."""
    with desk(tmp_path / "books", mapping=ABROAD, sales="invoice_and_payment") as one:
        go_abroad(one)
        made = charge(one, 11000, 7700, "jpy", billing_details={"name": "Jun"})
        one.shop.objects[made]["metadata"]["sale_lines"] = '[{"amount": "11000", "tax": "1000"}]'
        refund(one, "a", 3300, 2400, "2026-03-05", "jpy")
        one.sync()
        (memo,) = one.company.documents("CreditMemo")
        assert (memo["TotalAmt"], memo["HomeTotalAmt"]) == (Decimal(3300), Decimal("23.10"))
        assert one.written()[2:] == [
            "CreditMemo 100-1 2026-03-05 Jun: Accounts Receivable (A/R) - JPY -23.10, TAX 2.10, Services 21.00",
            "Purchase 100-1 2026-03-05 Jun: Accounts Receivable (A/R) - JPY 24.00, CLR -24.00",
            "Payment 100-1 2026-03-05 Jun: Accounts Receivable (A/R) - JPY -0.90, FX 0.90",
        ]
        assert one.open(JUN) == "0"
        one.settle_down()


def test_a_company_that_keeps_yen(tmp_path: Path) -> None:
    with desk(tmp_path / "books", company={"currency": "JPY", "sales_tax": "off"}) as one:
        body = taxed_form("100", "2026-03-02", net="11000", tax="0")
        del body["TxnTaxDetail"]
        pay(one, one.hands.write("Invoice", body), "11000")
        told = {"order_number": "100"}
        one.shop.export.charge("100", 11000, when="2026-03-02T15:00:00", currency="jpy", metadata=told)
        refund(one, "a", 3300, None, "2026-03-05", "jpy")
        one.sync()
        assert one.written()[:2] == [
            "CreditMemo 100-1 2026-03-05 Ada: AR -3300.00, REV 3300.00",
            "Purchase 100-1 2026-03-05 Ada: AR 3300.00, CLR -3300.00",
        ]
        one.settle_down()
