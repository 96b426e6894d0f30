"""Numbers of refunds in a NetSuite account: 100, 100-1, 100-2. NetSuite refuses no number twice, so that what others have is
looked for first."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import cash_refund, credit_memo, invoice, pay, pay_out
from vendors.netsuite import seeding as seed


def two_sales(desk: Desk) -> None:
    charge = paid_invoice(desk)
    desk.shop.refund("a", charge, 3300, "2026-03-05")
    desk.shop.refund("b", charge, 7700, "2026-03-06")
    pay(desk.account, invoice(desk.account, "200"), charge="ch_200")
    desk.shop.charge("200", 11000, 1000, "2026-03-02", 0)
    desk.shop.refund("x", "ch_200", 1100, "2026-03-07")


@pytest.mark.parametrize("suiteql", [True, False], ids=["by SuiteQL", "record by record"])
@pytest.mark.parametrize("theirs", ["a memo", "a void memo", "a cash refund", "a customer refund"])
def test_numbers_of_refunds(tmp_path: Path, theirs: str, suiteql: bool) -> None:
    """Somebody's own refund has the number 200, of whatever type it is, and goes on having it where it is void."""
    with desk(tmp_path / "books") as one:
        if not suiteql:
            one.account.role_lacks.add("suiteql")
        if theirs == "a cash refund":
            cash_refund(one.account, "200", net="5.00", tax="0.00")
        elif theirs == "a customer refund":
            memo = credit_memo(one.account, "R7", net="5.00", tax="0.00")
            pay_out(one.account, memo, number="200")
        else:
            memo = credit_memo(one.account, "200", net="5.00", tax="0.00")
            if theirs == "a void memo":
                seed.void(one.account, memo)
        two_sales(one)
        one.sync()
        told = {"re_a": "posted 100", "re_b": "posted 100-1", "re_x": "posted 200-1"}
        assert one.outcomes() == told
        one.settle_down()
        one.shop.refund("y", "ch_200", 1100, "2026-03-08")
        one.sync()
        assert one.outcomes() == told | {"re_y": "posted 200-2"}
        one.settle_down()


def test_a_number_that_is_much_like_it_is_no_obstacle(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        for number in ("200-R", "200 ", "2000", "200-10"):
            credit_memo(one.account, number, net="5.00", tax="0.00")
        two_sales(one)
        one.sync()
        assert one.outcomes()["re_x"] == "posted 200"


def test_the_number_of_a_failed_refund_is_not_given_again(tmp_path: Path) -> None:
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


def test_a_number_of_forty_five_characters(tmp_path: Path) -> None:
    """The second refund would have two more, and is held; a reversal that is too long has none of its own."""
    sale = "A" * 45
    with desk(tmp_path / "books") as one:
        pay(one.account, invoice(one.account, sale))
        metadata = {"order_number": sale}
        one.shop.export.charge("100", 11000, when="2026-03-02T15:00:00", metadata=metadata)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert one.outcomes() == {"re_a": f"posted {sale}"}
        one.shop.refund("b", "ch_100", 3300, "2026-03-06")
        one.sync(3, plan=False)
        assert one.outcomes()["re_b"] == "held number_too_long"
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync(3)
        assert one.outcomes()["re_a"] == f"reversed {sale}"
        assert len(one.written()) == 4
        one.settle_down(3)


def test_the_next_number_is_taken_and_told(tmp_path: Path) -> None:
    """NetSuite refuses none, so that what others have is passed over: a plan says so, and so does the refund."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        credit_memo(one.account, "100", net="5.00", tax="0.00")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100-1"}
        (warning,) = one.refunds()["re_a"]["warnings"]
        assert warning == "number 100 is held by another document in the books: numbered 100-1"
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
    """Invoices and cash sales are numbered together here: the documents of the sale take the next one together."""
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        invoice(one.account)
        sell(one)
        one.sync()
        assert {line.split()[1] for line in one.written()} == {"ch_100"}
        one.settle_down()


def test_settings_that_number_otherwise(tmp_path: Path) -> None:
    numbering = {"first": "CR-{sale}", "repeat": "CR-{sale}.{n}", "reversal": "{number}/back"}
    with desk(tmp_path / "books", refunds={"numbering": numbering}) as one:
        charge = paid_invoice(one)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.shop.refund("b", charge, 3300, "2026-03-06")
        one.sync()
        assert one.outcomes() == {"re_a": "posted CR-100", "re_b": "posted CR-100.1"}
        one.shop.fail("re_b", "2026-04-20")
        one.wait(24)
        one.sync()
        assert {line.split()[1] for line in one.written()[4:]} == {"CR-100.1/back"}
        one.settle_down()
