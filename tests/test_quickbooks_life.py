"""What becomes of refunds in a QuickBooks company after they were posted: voids, replacements, credits that stay open, and
how the sale of a charge is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_desk import rule
from quickbooks_desk import Desk, desk, invoice, paid_invoice, pay, receipt, taxed_form

SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
REOPEN = rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"])


def unpaid(desk: Desk, day: str = "2026-03-02") -> None:
    invoice(desk, day=day)
    desk.shop.charge("100", 11000, 1000, "2026-03-02", 349)
    desk.shop.refund("a", "ch_100", 11000, "2026-03-05")


# ---------------------------------------------------------------------------------------------- voids


@pytest.mark.parametrize("fees", [True, False])
def test_a_void_and_the_invoice_again(tmp_path: Path, fees: bool) -> None:
    """Charge and refund are left out of clearing; with fees the charge's fee is posted alone."""
    fee = {"FEES": "3.49", "CLR": "-3.49"} if fees else {}
    with desk(tmp_path / "books", fees=fees) as one:
        unpaid(one)
        one.sync()
        assert one.by_hand() == ["Invoice 100 2026-03-02 Ada: nothing"]
        assert one.written() == (["Purchase 100 2026-03-02 -: FEES 3.49, CLR -3.49"] if fees else [])
        assert (one.totals(), one.open()) == (fee, "0")
        assert one.outcomes() == {"re_a": "posted 100"}
        one.json(0, "sync")
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert one.written()[-2:] == [
            "Invoice 100-R 2026-04-20 Ada: AR 110.00, TAX -10.00, REV -100.00",
            "Payment 100-R 2026-04-20 Ada: CLR 110.00, AR -110.00",
        ]
        clearing = "106.51" if fees else "110.00"
        assert one.totals() == {**SOLD, **fee, "CLR": clearing}
        assert one.open() == "0"
        assert one.outcomes() == {"re_a": "reversed 100"}


def test_a_void_in_a_lost_state_is_taken_as_voided_already(tmp_path: Path) -> None:
    """A void invoice does not say who voided it."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.sync()
        before = one.everything()
        one.lose_state()
        one.sync()
        assert one.everything() == before
        assert one.refunds()["re_a"]["outcome"] == "adopted"


def test_a_state_that_is_lost_while_a_void_is_taken_back(tmp_path: Path) -> None:
    """Between the invoice and its payment: nothing is written twice, and nobody says that all is well."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.books.fake.inject("lost_before", "/payment", method="POST", times=1)
        one.sync(1, plan=False)
        before = one.everything()
        one.lose_state()
        one.sync(3, plan=False)
        assert one.everything() == before
        told = one.refunds()["re_a"]
        assert told["outcome"] == "held"
        assert told["reason"] == "ledger_cannot" and "100-R" in told["sentence"]


# ---------------------------------------------------------------------------------------------- replaced


def test_a_memo_with_its_cash_leg_replaced(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        before = one.totals()
        one.resync("re_a", "--replace")
        assert one.written()[3:] == [
            "Payment 100-1-R 2026-03-05 Ada: CLR 33.00, AR -33.00",
            "Invoice 100-1-R 2026-03-05 Ada: AR 33.00, TAX -3.00, REV -30.00",
            "CreditMemo 100-2 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "Purchase 100-2 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 100-2 2026-03-05 Ada: nothing",
        ]
        assert (one.totals(), one.open()) == (before, "0")
        one.settle_down()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert (one.totals(), one.open()) == (SOLD, "0")
        one.settle_down()


def test_a_receipt_replaced_on_the_items_that_are_mapped_now(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receipt(one)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        mapping = one.books.folder / "mappings" / "quickbooks_online.yaml"
        text = mapping.read_text(encoding="utf-8")
        widget = one.company.shelf.kinds["Item"]["3"]
        one.company.shelf.put("Item", {**widget, "Sku": "W-1"})
        one.company.undo.keep()
        mapping.write_text(
            text.replace('"*": Refunds ', '"W-1": Services\n    "*": Refunds '), encoding="utf-8"
        )
        one.resync("re_a", "--replace")
        assert one.written() == [
            "RefundReceipt 100-1 2026-03-05 Ada: CLR -33.00, TAX 3.00, REV 30.00",
            "SalesReceipt 100-1-R 2026-03-05 Ada: CLR 33.00, TAX -3.00, REV -30.00",
            "RefundReceipt 100-2 2026-03-05 Ada: CLR -33.00, TAX 3.00, Services 30.00",
        ]
        one.settle_down()


def test_a_reopened_invoice_replaced(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=REOPEN, refund_types={"reopen_invoice": True}) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.resync("re_a", "--replace")
        assert one.written()[1:] == [
            "Payment 100-R 2026-03-05 Ada: CLR 33.00, AR -33.00",
            "Purchase 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00",
        ]
        assert one.by_hand()[0].endswith("; Balance 33.00 left")
        assert one.open() == "33.00"
        one.settle_down()


# ---------------------------------------------------------------------------------------------- owe_customer


def test_a_credit_that_stays_open_is_paid_out_by_later_refunds(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds={"failed_refund": "owe_customer"}) as one:
        one.shop.refund("a", paid_invoice(one), 11000, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        back = "Payment 100-1-R 2026-04-20 Ada: CLR 110.00, AR -110.00"
        assert one.written()[3:] == [f"{back}; UnappliedAmt 110.00 left"]
        assert (one.totals(), one.open()) == ({"CLR": "110.00", "AR": "-110.00"}, "-110.00")
        one.settle_down()
        one.shop.refund("b", "ch_100", 7000, "2026-05-21")
        one.sync()
        one.shop.refund("c", "ch_100", 4000, "2026-05-22")
        one.sync()
        paid = "Purchase 100-2 2026-05-21 Ada: AR 70.00, CLR -70.00"
        assert one.written()[3:] == [back, paid, "Purchase 100-3 2026-05-22 Ada: AR 40.00, CLR -40.00"]
        assert (one.totals(), one.open()) == ({}, "0")
        one.settle_down()
        one.shop.fail("re_b", "2026-05-25")
        one.wait(24)
        one.sync()
        assert (
            one.written()[-1]
            == "Payment 100-2-R 2026-05-25 Ada: CLR 70.00, AR -70.00; UnappliedAmt 70.00 left"
        )
        assert (one.totals(), one.open()) == ({"CLR": "70.00", "AR": "-70.00"}, "-70.00")
        one.settle_down()


def test_a_refund_larger_than_the_credit_that_is_open(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds={"failed_refund": "owe_customer"}) as one:
        one.shop.refund("a", paid_invoice(one), 5000, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        one.shop.refund("b", "ch_100", 7000, "2026-05-21")
        one.sync(3)
        assert one.outcomes() == {"re_a": "reversed 100-1", "re_b": "held credit_used"}
        assert one.open() == "-50.00"
        one.settle_down(3)


# ---------------------------------------------------------------------------------------------- the sale


def test_several_charges_pay_one_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one)
        pay(one, sold, "40.00")
        pay(one, sold, "70.00", charge="ch_b")
        one.shop.charge("100", 4000, 0, "2026-03-02", 0)
        one.shop.export.charge("b", 7000, when="2026-03-02T15:00:00", metadata={"order_number": "100"})
        one.shop.refund("a", "ch_100", 4000, "2026-03-05")
        one.shop.refund("b", "ch_b", 3500, "2026-03-06")
        one.shop.refund("c", "ch_b", 3500, "2026-03-07")
        one.sync()
        assert one.written()[:3] == [
            "CreditMemo 100-1 2026-03-05 Ada: AR -40.00, TAX 3.64, REV 36.36",
            "CreditMemo 100-2 2026-03-06 Ada: AR -35.00, TAX 3.18, REV 31.82",
            "CreditMemo 100-3 2026-03-07 Ada: AR -35.00, TAX 3.18, REV 31.82",
        ]
        assert (one.totals(), one.open()) == ({}, "0")
        one.settle_down()


def test_a_sale_known_by_stripes_id_alone(tmp_path: Path) -> None:
    """It has no number in QuickBooks; the payment intent stands in its note and in that of its payment."""
    with desk(tmp_path / "books") as one:
        body = taxed_form("", "2026-03-02", PrivateNote="order for pi_77")
        del body["DocNumber"]
        pay(one, one.hands.write("Invoice", body), charge="pi_77")
        when = "2026-03-02T15:00:00"
        one.shop.export.charge("zz", 11000, when=when, payment_intent="pi_77", metadata={})
        one.shop.refund("a", "ch_zz", 11000, "2026-03-05")
        one.sync()
        assert one.written()[0] == "CreditMemo ch_zz 2026-03-05 Ada: AR -110.00, TAX 10.00, REV 100.00"
        assert (one.totals(), one.open()) == ({}, "0")
        one.settle_down()


def test_the_day_is_a_day_of_the_books(tmp_path: Path) -> None:
    """Three in the morning in UTC is the evening before in New York."""
    with desk(tmp_path / "books") as one:
        paid_invoice(one)
        one.shop.export.refund("a", "ch_100", 3300, when="2026-04-01T03:00:00")
        one.sync()
        assert {line.split()[2] for line in one.written()} == {"2026-03-31"}


def test_what_stands_in_the_books_is_taken_up_though_its_sale_is_gone(tmp_path: Path) -> None:
    """After a lost state: a refund and what took it back, though nothing would be planned of it any more."""
    with desk(tmp_path / "books") as one:
        paid = pay(one, invoice(one))
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-04-20")
        one.sync()
        for kind in ("Invoice", "Payment"):
            for row in one.company.documents(kind):
                if row["Id"] == paid["Id"] or row.get("DocNumber") == "100":
                    token = {"Id": row["Id"], "SyncToken": row["SyncToken"]}
                    one.hands.write(kind, token, operation="delete")
        before = one.everything()
        one.lose_state()
        one.sync()
        assert one.everything() == before
        assert one.refunds()["re_a"]["outcome"] == "reversed"
        one.settle_down()
