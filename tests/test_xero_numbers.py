"""Numbers of refunds in a Xero organisation: 100, 100-1, 100-2; invoices and credit notes are numbered apart, and a number
that was voided stays taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_desk import sell
from xero_desk import Desk, desk, paid_invoice
from xero_sold import credit_note, invoice, pay, take_out


def two_sales(desk: Desk) -> None:
    charge = paid_invoice(desk)
    desk.shop.refund("a", charge, 3300, "2026-03-05")
    desk.shop.refund("b", charge, 7700, "2026-03-06")
    pay(desk.hands, invoice(desk.hands, "200"), charge="ch_200")
    desk.shop.charge("200", 11000, 1000, "2026-03-02", 0)
    desk.shop.refund("x", "ch_200", 1100, "2026-03-07")


@pytest.mark.parametrize("voided", [False, True])
def test_numbers_of_refunds(tmp_path: Path, voided: bool) -> None:
    """Somebody's own credit note has the number 200, and goes on having it where it is void."""
    with desk(tmp_path / "books") as one:
        theirs = credit_note(one.hands, "200", net="5.00", tax="0.00")
        if voided:
            take_out(one.hands, "CreditNotes", theirs)
        two_sales(one)
        one.sync(plan=False)
        told = {"re_a": "posted 100", "re_b": "posted 100-1", "re_x": "posted 200-1"}
        assert one.outcomes() == told
        one.settle_down()
        one.shop.refund("y", "ch_200", 1100, "2026-03-08")
        one.sync()
        assert one.outcomes() == told | {"re_y": "posted 200-2"}
        one.settle_down()


def test_the_number_of_a_failed_refund_is_not_given_again(tmp_path: Path) -> None:
    """Its credit note is void where it stands."""
    with desk(tmp_path / "books") as one:
        charge = paid_invoice(one)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-03-20")
        one.shop.refund("b", charge, 3300, "2026-03-21")
        one.wait(24)
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
        one.settle_down()


def test_a_stripe_id_as_number_is_shortened(tmp_path: Path) -> None:
    charge_id = "ch_3T00000AcmeBooks0abcdefg"
    with desk(tmp_path / "books", sales="invoice_and_payment") as one:
        sell(one, charge_id.removeprefix("ch_"), metadata={})
        one.shop.refund("a", charge_id, 3300, "2026-03-05")
        one.sync()
        numbers = [line.split()[1] for line in one.written()]
        assert numbers == ["ks0abcdefg"] * 4
        one.settle_down()


def test_a_number_that_is_too_long_is_held(tmp_path: Path) -> None:
    """255 characters are the most; the second refund would have two more."""
    sale = "A" * 255
    with desk(tmp_path / "books") as one:
        pay(one.hands, invoice(one.hands, sale))
        metadata = {"order_number": sale}
        one.shop.export.charge("100", 11000, when="2026-03-02T15:00:00", metadata=metadata)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.shop.refund("b", "ch_100", 3300, "2026-03-06")
        one.sync(3, plan=False)
        assert one.outcomes()["re_b"] == "held number_too_long"


def test_a_look_alike_with_the_number_is_held(tmp_path: Path) -> None:
    """The same kind, amount and contact, without our key: it may be this very refund, booked by hand."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        theirs = credit_note(one.hands, "100", net="30.00", tax="3.00")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        (held,) = [each for each in one.held() if each["reason"] == "duplicate_in_books"]
        assert f"--adopt {theirs['CreditNoteID']}" in held["action"] and "--retry" in held["action"]
        assert one.written() == []
        one.sync(3, plan=False)
        assert one.written() == []
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.open() == "-33.00"
        one.settle_down()


def test_two_charges_with_one_order_number(tmp_path: Path) -> None:
    """Posted by us, the second takes the next entry of `sale_number`."""
    with desk(tmp_path / "books", sales="invoice_and_payment") as one:
        sell(one)
        one.shop.export.charge("200", 11000, when="2026-03-03T15:00:00", metadata={"order_number": "100"})
        for name, charge in (("a", "ch_100"), ("b", "ch_200")):
            one.shop.refund(name, charge, 3300, "2026-03-05")
        one.sync()
        assert {line.split()[1] for line in one.written()} == {"100", "ch_200"}
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted ch_200"}
        one.settle_down()


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_sale_by_hand_has_the_number_of_an_order(tmp_path: Path, sales: str) -> None:
    """A receipt has no number that Xero knows; an invoice, its payment and its fee take the next one together."""
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        invoice(one.hands)
        sell(one)
        one.sync(plan=False)
        taken = "ch_100" if sales == "invoice_and_payment" else "100"
        assert {line.split()[1] for line in one.written()} == {taken}
        one.settle_down()
