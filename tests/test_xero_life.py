"""What becomes of refunds in a Xero organisation after they were posted: voids, replacements, credits that stay open, and
how the sale of a charge is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ledger_desk import rule
from vendors.xero.wire import Json
from xero_desk import Desk, desk, paid_invoice
from xero_sold import invoice, pay, receive

SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
REOPEN = rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"])


def unpaid(desk: Desk, day: str = "2026-03-02") -> None:
    invoice(desk.hands, day=day)
    desk.shop.charge("100", 11000, 1000, "2026-03-02", 349)
    desk.shop.refund("a", "ch_100", 11000, "2026-03-05")


def fail(one: Desk, refund_id: str, day: str) -> None:
    one.shop.fail(refund_id, day)
    one.wait(24)
    one.sync()


# ---------------------------------------------------------------------------------------------- voids


@pytest.mark.parametrize("fees", [True, False])
def test_a_void_and_the_invoice_again(tmp_path: Path, fees: bool) -> None:
    """Charge and refund are left out of clearing; with fees the charge's fee is posted alone."""
    fee = {"FEES": "3.49", "CLR": "-3.49"} if fees else {}
    with desk(tmp_path / "books", fees=fees) as one:
        unpaid(one)
        one.sync()
        assert one.by_hand() == ["Invoice 100 2026-03-02 Ada: nothing (voided)"]
        assert one.written() == (["SPEND 100 2026-03-02 Stripe: CLR -3.49, FEES 3.49"] if fees else [])
        assert (one.totals(), one.open()) == (fee, "0.00")
        assert one.outcomes() == {"re_a": "posted 100"}
        one.json(0, "sync")
        fail(one, "re_a", "2026-04-20")
        assert one.written()[-2:] == [
            "Invoice 100-R 2026-04-20 Ada: REV -100.00, TAX -10.00, AR 110.00",
            "Payment 100-R 2026-04-20 Ada: AR -110.00, CLR 110.00",
        ]
        clearing = "106.51" if fees else "110.00"
        assert one.totals() == {**SOLD, **fee, "CLR": clearing}
        assert one.open() == "0.00"
        assert one.outcomes() == {"re_a": "reversed 100"}


def test_a_void_in_a_lost_state_is_taken_as_voided_already(tmp_path: Path) -> None:
    """A voided invoice does not say who voided it."""
    with desk(tmp_path / "books") as one:
        unpaid(one)
        one.sync()
        before = one.everything()
        one.books.lose_state()
        one.sync()
        assert one.everything() == before
        assert one.refunds()["re_a"]["outcome"] == "adopted"


# ---------------------------------------------------------------------------------------------- replaced


def test_a_credit_note_with_its_payment_replaced(tmp_path: Path) -> None:
    """Voided where they stand, they keep their number: the next revision takes the next one."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        before = one.totals()
        one.resync("re_a", "--replace")
        assert one.written() == [
            "CreditNote 100 2026-03-05 Ada: nothing (voided)",
            "Payment 100 2026-03-05 Ada: nothing (deleted)",
            "CreditNote 100-1 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00",
            "Payment 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00",
        ]
        assert (one.totals(), one.open()) == (before, "0.00")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        one.settle_down()
        fail(one, "re_a", "2026-04-20")
        assert (one.totals(), one.open()) == (SOLD, "0.00")
        one.settle_down()


def test_money_spent_replaced_on_the_account_that_is_mapped_now(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receive(one.hands)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        mapping = one.books.folder / "mappings" / "xero.yaml"
        text = mapping.read_text(encoding="utf-8")
        assert "refunds: null" in text
        mapping.write_text(text.replace("refunds: null", "refunds: Refunds"), encoding="utf-8")
        one.resync("re_a", "--replace")
        assert one.written() == [
            "SPEND 100 2026-03-05 Ada: nothing (deleted)",
            "SPEND 100-1 2026-03-05 Ada: CLR -33.00, Refunds 30.00, TAX 3.00",
        ]
        one.settle_down()


def test_a_reopened_invoice_replaced(tmp_path: Path) -> None:
    """Its payment stands for what it took off the invoice, and is taken off again."""
    with desk(tmp_path / "books", rules=REOPEN, refund_types={"reopen_invoice": True}) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        before = (one.totals(), one.open())
        assert before == ({"AR": "33.00", "REV": "-100.00", "TAX": "-10.00", "CLR": "77.00"}, "33.00")
        one.resync("re_a", "--replace")
        assert (one.totals(), one.open()) == before
        assert one.by_hand()[0].endswith("; AmountDue 33.00 left")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        one.settle_down()


@pytest.mark.parametrize("rules", [REOPEN, rule("credit_memo")], ids=["same rules", "other rules"])
@pytest.mark.parametrize("amounts", [(6000, 5000), (3300, 4400)], ids=["wholly", "in part"])
def test_reopened_by_two_refunds_and_one_fails_after_a_lost_state(
    tmp_path: Path, amounts: tuple[int, int], rules: list[Json]
) -> None:
    """The books are those of a run that keeps its state: the money is on the invoice again, and no credit is left."""
    seen = []
    for lost in (False, True):
        with desk(tmp_path / str(lost), rules=REOPEN, refund_types={"reopen_invoice": True}) as one:
            charge = paid_invoice(one)
            for refund_id, amount in zip("ab", amounts, strict=True):
                one.shop.refund(refund_id, charge, amount, "2026-03-05")
            one.sync()
            if lost:
                path = one.books.config.parent / "mappings" / "refund_rules.yaml"
                path.write_text(json.dumps(rules), encoding="utf-8")
                one.books.lose_state()
                one.sync()
            assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
            fail(one, "re_a", "2026-04-20")
            assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
            assert one.open() == f"{amounts[1] // 100}.00"
            assert not any("RemainingCredit" in line for line in one.written())
            seen.append((one.written(), one.by_hand(), one.totals()))
            if not lost or rules is REOPEN:
                one.settle_down()
    assert seen[0] == seen[1]


# ---------------------------------------------------------------------------------------------- owe_customer


@pytest.mark.parametrize("day", ["2026-04-20", "2026-03-20"])
def test_a_credit_that_stays_open_is_paid_out_by_later_refunds(tmp_path: Path, day: str) -> None:
    """In the same month the payment is deleted and the credit note itself is open again; else the money comes back as an
    overpayment."""
    with desk(tmp_path / "books", refunds={"failed_refund": "owe_customer"}) as one:
        one.shop.refund("a", paid_invoice(one), 11000, "2026-03-05")
        one.sync()
        fail(one, "re_a", day)
        memo, paid = one.written()[0], one.written()[1:]
        if day == "2026-04-20":
            back = "RECEIVE-OVERPAYMENT - 2026-04-20 Ada: CLR 110.00, AR -110.00"
            assert paid[1:] == [f"{back}; RemainingCredit 110.00 left"]
        else:
            assert memo.endswith("; RemainingCredit 110.00 left")
            assert paid == ["Payment 100 2026-03-05 Ada: nothing (deleted)"]
        assert (one.totals(), one.open()) == ({"CLR": "110.00", "AR": "-110.00"}, "-110.00")
        one.settle_down()
        one.shop.refund("b", "ch_100", 7000, "2026-05-21")
        one.sync()
        one.shop.refund("c", "ch_100", 4000, "2026-05-22")
        one.sync()
        assert one.written()[-2:] == [
            "Payment 100-1 2026-05-21 Ada: AR 70.00, CLR -70.00",
            "Payment 100-2 2026-05-22 Ada: AR 40.00, CLR -40.00",
        ]
        assert (one.totals(), one.open()) == ({}, "0.00")
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1", "re_c": "posted 100-2"}
        one.settle_down()
        fail(one, "re_b", "2026-06-25")
        assert (one.totals(), one.open()) == ({"CLR": "70.00", "AR": "-70.00"}, "-70.00")
        one.settle_down()


def test_a_refund_larger_than_the_credit_that_is_open(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds={"failed_refund": "owe_customer"}) as one:
        one.shop.refund("a", paid_invoice(one), 5000, "2026-03-05")
        one.sync()
        fail(one, "re_a", "2026-04-20")
        one.shop.refund("b", "ch_100", 7000, "2026-05-21")
        one.sync(3)
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "held credit_used"}
        assert one.open() == "-50.00"
        one.settle_down(3)


# ---------------------------------------------------------------------------------------------- the sale


def test_several_charges_pay_one_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one.hands)
        pay(one.hands, sold, "40.00")
        pay(one.hands, sold, "70.00", charge="ch_b")
        one.shop.charge("100", 4000, 0, "2026-03-02", 0)
        one.shop.export.charge("b", 7000, when="2026-03-02T15:00:00", metadata={"order_number": "100"})
        one.shop.refund("a", "ch_100", 4000, "2026-03-05")
        one.shop.refund("b", "ch_b", 3500, "2026-03-06")
        one.shop.refund("c", "ch_b", 3500, "2026-03-07")
        one.sync()
        assert one.written()[:3] == [
            "CreditNote 100 2026-03-05 Ada: REV 36.36, TAX 3.64, AR -40.00",
            "CreditNote 100-1 2026-03-06 Ada: REV 31.82, TAX 3.18, AR -35.00",
            "CreditNote 100-2 2026-03-07 Ada: REV 31.82, TAX 3.18, AR -35.00",
        ]
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


def test_a_sale_known_by_stripes_id_alone(tmp_path: Path) -> None:
    """Xero gave it a number; the payment intent stands in its reference and in that of its payment."""
    with desk(tmp_path / "books") as one:
        sold = invoice(one.hands, "INV-0001", Reference="order for pi_77")
        pay(one.hands, sold, charge="pi_77")
        when = "2026-03-02T15:00:00"
        one.shop.export.charge("zz", 11000, when=when, payment_intent="pi_77", metadata={})
        one.shop.refund("a", "ch_zz", 11000, "2026-03-05")
        one.sync()
        assert one.written()[0] == "CreditNote INV-0001 2026-03-05 Ada: REV 100.00, TAX 10.00, AR -110.00"
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


def test_the_day_is_a_day_of_the_books(tmp_path: Path) -> None:
    """Three in the morning in UTC is the evening before in New York."""
    with desk(tmp_path / "books") as one:
        paid_invoice(one)
        one.shop.export.refund("a", "ch_100", 3300, when="2026-04-01T03:00:00")
        one.sync()
        assert {line.split()[2] for line in one.written()} == {"2026-03-31"}
        one.settle_down()
